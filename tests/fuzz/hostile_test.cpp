// The hostile corpus, and files like it: no memory beyond the bound, and no byte in a result that nobody wrote. For the
// second, each file is read twice, with fresh memory full of one byte and of another: what is read, or said in an
// error, must not differ.
#include <doctest/doctest.h>

#include <string>

#include <test_data.h>
#include "fuzz/memory_bound.h"
#include "fuzz/mutator.h"
#include "fuzz/seeds.h"

using namespace harker;
using namespace harker::fuzz;
namespace fs = std::filesystem;

namespace {

constexpr unsigned char kFirst = 0x5a, kSecond = 0xa5;

std::vector<fs::path> corpus(const fs::path& folder, std::uintmax_t most) {
  std::vector<fs::path> out;
  if (fs::exists(folder))
    for (const auto& e : fs::recursive_directory_iterator(folder))
      if (e.is_regular_file() && e.file_size() <= most && e.path().extension() != ".json") out.push_back(e.path());
  if (out.empty()) MESSAGE("skipped: no files at ", folder.string());
  std::sort(out.begin(), out.end());
  return out;
}

Outcome filled(std::string_view bytes, const Way& way, unsigned char with) {
#if defined(HARKER_NO_POOL)  // the sanitizer fills with kFirst itself (tests/CMakeLists.txt), as a user's would
  fill_fresh_memory(with == kFirst ? std::nullopt : std::optional(with));
#else
  fill_fresh_memory(with);
#endif
  const Outcome out = exercise(io::bytes(bytes), way);
  fill_fresh_memory({});
  return out;
}

// Reads `bytes` in every way.
void check_written(std::string_view bytes) {
  for (const bool lazy : {false, true}) {
    const Way way{.lazy = lazy, .keep = true};
    const Outcome a = filled(bytes, way, kFirst), b = filled(bytes, way, kSecond);
    CAPTURE(lazy);
    CHECK(a.loaded == b.loaded);
    CHECK(a.error == b.error);
    CHECK(a.digest == b.digest);
    CHECK(a.problem == "");
  }
}

std::string many(const std::string& opcodes, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += opcodes;
  return out;
}

}  // namespace

TEST_CASE("hostile: fresh memory holds the byte that is looked for") {
#if defined(HARKER_NO_POOL)
  fill_fresh_memory({});
#else
  fill_fresh_memory(kFirst);
#endif
  const Tensor t = empty({100'000}, DType::uint8);
  fill_fresh_memory({});
  const auto* raw = static_cast<const std::uint8_t*>(t.raw());
  CHECK(std::count(raw, raw + 100'000, kFirst) == 100'000);
}

TEST_CASE("hostile: no byte of a result is one that nobody wrote") {
  int files = 0;
  for (const fs::path& folder : {test::hostile(), test::fixtures()}) {
    for (const fs::path& file : corpus(folder, 128 << 10)) {
      CAPTURE(file.string());
      const auto bytes = test::read_bytes(file);
      check_written({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      ++files;
    }
  }
  MESSAGE(files, " files read four times");
}

TEST_CASE("hostile: no byte of a mutant's result is one that nobody wrote") {
  for (const Reader reader : kReaders) {
    const std::vector<FileParts> from = seeds(reader, 4 << 10);
    for (std::uint64_t i = 0; i < 300; ++i) {
      CAPTURE(i);
      Dice dice(i + 1'000'000'000);
      check_written(make_mutant(from, dice));
    }
  }
}

TEST_CASE("hostile: a deflated storage that is shorter than everything says is not made up with what lay in memory") {
  FileParts f = *read_file(made_seeds(Reader::zip)[0]);
  Code& code = find_member(f, "/data.pkl")->pieces[0].code;
  const StorageOps first = find_storages(code).at(0);
  Member& m = *find_member(f, "/data/" + code[first.key].operand);
  m.deflated = true, m.no_crc = true;
  m.wrong_size = 4;
  code[first.numel] = integer_op(*integer_of(code[first.numel]) + 1);
  const std::string bytes = write_file(f);
  check_written(bytes);
  CHECK(exercise(io::bytes(bytes), {}).error.find("yields 48 bytes, the declared size is 52") != std::string::npos);
}

TEST_CASE("hostile: every file is read in bounded memory") {
  std::size_t files = 0, most = 0;
  for (const fs::path& file : corpus(test::hostile(), UINTMAX_MAX)) {
    CAPTURE(file.string());
    const auto data = test::read_bytes(file);
    const std::string_view bytes(reinterpret_cast<const char*>(data.data()), data.size());
    for (const bool lazy : {false, true}) {
      MeteredRead read;
      const Outcome o = exercise(io::bytes(bytes), {.lazy = lazy, .keep = true}, std::ref(read));
      CHECK(o.problem == "");
      CHECK(read.peak <= memory_bound(bytes));
      most = std::max(most, read.peak);
    }
    ++files;
  }
  MESSAGE(files, " files; most memory ", most >> 10, " KiB");
}

TEST_CASE("hostile: a small file whose pickle inflates to many objects of one kind is read in bounded memory") {
  using namespace std::string_literals;
  const std::string start = "\x80\2](", object = "\x80\2c__torch__"s + std::string(900, 'x') + "\nM\nq\0]("s;
  for (const std::string& pickle :
       {start + many("N", 1'000'000), start + many("]", 260'000), start + many("}", 260'000),
        start + many("\x8f", 260'000), start + many("}K\1Ns", 200'000), start + many("\x8f(K\1\x90", 150'000),
        start + many("]q\1", 300'000), "\x80\2N"s + many("r\1\1\1\1", 1) + "0]("s + many("Nr\xff\xff\xff\xff", 160'000),
        object + many("h\0)\x81"s, 200'000), start + many("\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\1", 90'000)}) {
    FileParts f{.container = Container::zip};
    f.members = {zip_member("a/data.pkl", {code_piece(pickle + "e.")})};
    f.members[0].deflated = true;
    f.tail = plain_tail(Container::zip);
    const std::string bytes = write_file(f);
    MeteredRead read;
    exercise(io::bytes(bytes), {.keep = true}, std::ref(read));
    CAPTURE(pickle.substr(0, 40));
    CAPTURE(bytes.size());
    if (bytes.size() < 50 << 10) CHECK(read.peak <= memory_bound(bytes));
    CHECK(read.peak <= memory_bound(bytes) + 320 * bytes.size());
  }
}
