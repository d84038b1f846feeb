// One libFuzzer program for each reader, which is called as itself, whatever the first bytes say. HARKER_FUZZ_READER is
// an enumerator of Reader (CMake builds this file once for each). Mutants come from our own mutators, which repair
// lengths and checksums; one in eight from libFuzzer's. A finding is a crash, a sanitizer's report, a message on
// standard error and a trap, a time-out or too much memory.
#include <harker/serialize/harker/harker_file.h>
#include <harker/serialize/io/crc32.h>
#include <harker/serialize/onnx/onnx_file.h>
#include <harker/serialize/torch/legacy_reader.h>
#include <harker/serialize/torch/torch_reader.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "fuzz/exercise.h"
#include "fuzz/mutate_others.h"
#include "fuzz/mutator.h"
#include "fuzz/seeds.h"

using namespace harker;
using namespace harker::fuzz;

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed);
extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* a, std::size_t a_size, const std::uint8_t* b,
                                                 std::size_t b_size, std::uint8_t* out, std::size_t most,
                                                 unsigned seed);

namespace {

constexpr Reader kReader = Reader::HARKER_FUZZ_READER;

std::string_view text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

const Format& format() {
  switch (kReader) {
    case Reader::harker: return harker_format();
    case Reader::onnx: return onnx_format();
    default: return torch_format();
  }
}

Value read(const std::shared_ptr<const io::Source>& source, const LoadOptions& options, bool verify) {
  if (verify) format().verify(source, options);
  switch (kReader) {
    case Reader::zip:
    case Reader::script: return pt::read_zip(source, options).value;
    case Reader::legacy: return pt::read_legacy(source, options).value;
    case Reader::tar: return pt::read_tar(source, options).value;
    case Reader::pickle: return pt::read_bare_pickle(source, options).value;
    case Reader::harker: return harker_file::read_file(source, options).value;
    default: return onnx::read_file(source, options).value;
  }
}

std::optional<FileParts> parts(std::string_view bytes) {
  switch (kReader) {
    case Reader::zip:
    case Reader::script: return read_file(bytes, Container::zip);
    case Reader::legacy: return read_file(bytes, Container::legacy);
    case Reader::tar: return read_file(bytes, Container::tar);
    case Reader::pickle: return read_file(bytes, Container::pickle);
    default: return std::nullopt;
  }
}

// Made ones and `more` to take parts from.
std::string mutant(std::string_view bytes, std::optional<FileParts> more, Dice& dice) {
  static std::vector<FileParts> donors = seeds(kReader, 0);
  if (kReader == Reader::harker) return mutate_harker(bytes, dice);
  if (kReader == Reader::onnx) return mutate_protobuf(bytes, dice);
  std::optional<FileParts> f = parts(bytes);
  if (!f) return {};
  if (more) donors.push_back(std::move(*more));
  mutate(*f, donors, dice);
  if (more) donors.pop_back();
  return write_file(*f);
}

std::size_t give(const std::string& bytes, std::uint8_t* out, std::size_t most) {
  const std::size_t n = std::min(bytes.size(), most);
  std::memcpy(out, bytes.data(), n);
  return n;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const io::ByteView bytes(data, size);
  if (kReader == Reader::script && text(data, size).find("/constants.pkl") == std::string_view::npos) return 0;
  Way way = way_of(io::crc32(bytes));
  if (kReader == Reader::harker || kReader == Reader::onnx) way.as = kReaderNames[static_cast<int>(kReader)];
  const bool verify = std::exchange(way.verify, false);
  const Outcome o = exercise(
      bytes, way, [&](const auto& source, const LoadOptions& options) { return read(source, options, verify); });
  if (!o.problem.empty()) {
    std::fprintf(stderr, "harker: %s\n", o.problem.c_str());
    __builtin_trap();
  }
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  Dice dice(seed);
  if (!dice.one_in(8)) {
    const std::string bytes = mutant(text(data, size), std::nullopt, dice);
    if (!bytes.empty() && bytes.size() <= most) return give(bytes, data, most);
  }
  return LLVMFuzzerMutate(data, size, most);
}

std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* a, std::size_t a_size, const std::uint8_t* b,
                                      std::size_t b_size, std::uint8_t* out, std::size_t most, unsigned seed) {
  Dice dice(seed);
  return give(mutant(text(a, a_size), parts(text(b, b_size)), dice), out, most);
}
