// write_huge OUT.pt SIZE...: a list of uint8 tensors of so many bytes, zeroes but for the first and the last, as a file
// of holes, for judge_huge.py.
#include <harker/serialize/format.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "../huge.h"

using namespace harker;

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: write_huge OUT.pt SIZE...\n";
    return 2;
  }
  Value all = Value::list();
  for (int i = 2; i < argc; ++i) {
    const std::size_t n = std::strtoull(argv[i], nullptr, 10);
    const Ref<Storage> s = test::zero_storage(n);
    static_cast<std::uint8_t*>(s->data)[0] = static_cast<std::uint8_t>(i);
    static_cast<std::uint8_t*>(s->data)[n - 1] = 7;
    all.push_back(make_view(s, kUInt8, {static_cast<std::int64_t>(n)}, {1}, 0));
  }
  test::HoleSink sink(argv[1]);
  format_named("torch").write(sink, all, std::filesystem::path(argv[1]).filename().string(), {});
}
