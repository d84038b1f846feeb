// Hundreds of thousands of mutants of model files, the same on every machine. Whatever a reader is given, it
// returns a value or throws a harker::Error, in bounded memory. HARKER_MUTANT=NUMBER runs that one alone and leaves it
// in a file.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include <harker/serialize/io/crc32.h>

#include "fuzz/memory_bound.h"
#include "fuzz/mutate_others.h"
#include "fuzz/mutator.h"
#include "fuzz/seeds.h"

using namespace harker;
using namespace harker::fuzz;

namespace {

constexpr std::size_t kMostSeed = 12 << 10;

#if defined(HARKER_NO_POOL)  // under a sanitizer
constexpr std::uint64_t kShare = 15;
#else
constexpr std::uint64_t kShare = 1;
#endif

io::ByteView view(std::string_view s) { return io::bytes(s); }

// How mutants of a reader's files are made.
struct Maker {
  explicit Maker(Reader r) : reader(r) {
    if (own_format()) {
      files = made_seeds(r);
      for (std::string& s : found_seeds(r, kMostSeed)) files.push_back(std::move(s));
    } else {
      parts = seeds(r, kMostSeed);
    }
  }
  std::string operator()(Dice& dice) const {
    if (reader == Reader::harker) return mutate_harker(dice.pick(files), dice);
    if (reader == Reader::onnx) return mutate_protobuf(dice.pick(files), dice);
    return make_mutant(parts, dice);
  }
  bool own_format() const { return reader == Reader::harker || reader == Reader::onnx; }
  Reader reader;
  std::vector<std::string> files = {};
  std::vector<FileParts> parts = {};
};

void run(Reader reader, std::uint64_t executions) {
  const Maker from(reader);
  const std::string name = kReaderNames[static_cast<int>(reader)];
  std::uint64_t first = 0, loaded = 0, again = 0, bytes = 0, most = 0;
  executions /= kShare;
  std::uint64_t last = executions;
  const char* only = std::getenv("HARKER_MUTANT");
  if (only) first = std::strtoull(only, nullptr, 10), last = first + 1;
  for (std::uint64_t i = first; i < last; ++i) {
    CAPTURE(name);
    CAPTURE(i);
    Dice dice(i);
    const std::string mutant = from(dice);
    if (only) std::ofstream("mutant", std::ios::binary) << mutant;
    Way way = way_of(i);
    if (from.own_format()) way.as = name.c_str();
    MeteredRead read;
    const Outcome o = exercise(view(mutant), way, std::ref(read));
    if (!o.problem.empty()) FAIL_CHECK(o.problem);
    if (read.peak > memory_bound(mutant))
      FAIL_CHECK("takes ", read.peak, " bytes of memory; the file has ", mutant.size());
    loaded += o.loaded, again += o.loaded && way.again, bytes += mutant.size();
    most = std::max<std::uint64_t>(most, read.peak);
    if (only) MESSAGE(mutant.size(), " bytes: ", o.loaded ? "loaded" : o.error, "; memory ", read.peak);
  }
  if (only) return;
  MESSAGE(name, ": ", executions, " mutants of ", from.files.size() + from.parts.size(), " seeds, ", bytes / executions,
          " bytes on average; ", loaded, " loaded (", again, " of them saved and read again), ", executions - loaded,
          " refused; most memory ", most >> 10, " KiB");
  CHECK(loaded * 20 > executions);
  CHECK((executions - loaded) * 20 > executions);
}

}  // namespace

TEST_CASE("mutation: zip archives") { run(Reader::zip, 120'000); }
TEST_CASE("mutation: TorchScript archives") { run(Reader::script, 50'000); }
TEST_CASE("mutation: legacy streams") { run(Reader::legacy, 60'000); }
TEST_CASE("mutation: tar files") { run(Reader::tar, 40'000); }
TEST_CASE("mutation: bare pickles") { run(Reader::pickle, 30'000); }
TEST_CASE("mutation: .harker files") { run(Reader::harker, 30'000); }
TEST_CASE("mutation: protobuf files") { run(Reader::onnx, 30'000); }

TEST_CASE("mutation: a sound file that is taken apart and put together again has the same bytes") {
  int files = 0;
  for (const Reader reader : kReaders) {
    for (const auto& all : {made_seeds(reader), found_seeds(reader, kMostSeed)}) {
      for (const std::string& s : all) {
        const FileParts f = *read_file(s);
        if (std::any_of(f.members.begin(), f.members.end(), [](const Member& m) { return m.deflated; })) continue;
        if (!exercise(view(s), {.keep = true, .verify = true}).loaded) continue;
        CAPTURE(s.size());
        CHECK(write_file(f) == s);
        ++files;
      }
    }
  }
  MESSAGE(files, " files");
}

TEST_CASE("mutation: the seeds made here load") {
  for (const Reader reader : kReaders) {
    for (const std::string& s : made_seeds(reader)) {
      CAPTURE(std::string(kReaderNames[static_cast<int>(reader)]));
      for (std::uint64_t way = 0; way < 3; ++way) {
        const Outcome o = exercise(view(s), way_of(way));
        CHECK_MESSAGE(o.loaded, o.error);
        CHECK(o.problem == "");
      }
    }
  }
}

TEST_CASE("mutation: the same number makes the same bytes on every machine") {
  std::string all;
  for (const Reader reader : kReaders) {
    std::vector<FileParts> from;
    for (const std::string& s : made_seeds(reader)) from.push_back(*read_file(s));
    for (std::uint64_t i = 0; i < 400; ++i) {
      Dice dice(i);
      all += make_mutant(from, dice);
    }
  }
  CHECK(io::crc32(view(all)) == 897678322);
}

TEST_CASE("mutation: the meter counts and fills") {
  std::size_t peak = 0;
  {
    const MemoryMeter meter;
    for (const std::size_t n : {std::size_t{3} << 20, std::size_t{1} << 20})
      ::operator delete (std::vector<void*>{::operator new(n)}.back());
    peak = meter.peak();
  }
  CHECK(peak >= 3 << 20);
  CHECK(peak < 4 << 20);
  for (const int with : {0x5a, 0x25}) {
    fill_fresh_memory(with);
    const auto* heap = static_cast<unsigned char*>(::operator new(5000));
    const Tensor small = empty({10}, DType::uint8), large = empty({100000}, DType::uint8);
    fill_fresh_memory({});
    CHECK(heap[4999] == with);
    for (const Tensor& t : {small, large}) CHECK(static_cast<const unsigned char*>(t.raw())[9] == with);
    ::operator delete(const_cast<unsigned char*>(heap));
  }
}
