// Atomic files under failing system calls, checksums, and sources.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/format.h>
#include <harker/serialize/io/crc32.h>
#include <harker/serialize/io/file_system.h>
#include <harker/serialize/io/sink.h>
#include <harker/serialize/io/source.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>

#include <test_data.h>

using namespace harker;
namespace fs = std::filesystem;

namespace {

// A folder of its own for each test, gone afterwards.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("harker-io-test-" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }
};

// Fails the k-th call with ENOSPC; `shorten`: writes take one byte less than asked, and some are interrupted.
class Faulty final : public io::FileSystem {
 public:
  explicit Faulty(int fail_at, bool shorten = false) : fail_at_(fail_at), shorten_(shorten) {
    io::set_file_system(this);
  }
  ~Faulty() override { io::set_file_system(nullptr); }
  int create_unnamed(const std::string& p, unsigned m) override {
    return fails("create_unnamed") ? -1 : FileSystem::create_unnamed(p, m);
  }
  int lock(int fd) override { return fails("lock") ? -1 : FileSystem::lock(fd); }
  int link(int fd, const std::string& p) override { return fails("link") ? -1 : FileSystem::link(fd, p); }
  int create(const std::string& p, unsigned m) override { return fails("create") ? -1 : FileSystem::create(p, m); }
  long write(int fd, const void* d, std::size_t n) override {
    if (fails("write")) return -1;
    if (shorten_ && ++writes_ % 3 == 0) return errno = EINTR, -1;
    return FileSystem::write(fd, d, shorten_ && n > 1 ? n - 1 : n);
  }
  int reserve(int fd, std::uint64_t from, std::uint64_t n) override {
    reserved.emplace_back(from, n);
    return fails("reserve") ? -1 : FileSystem::reserve(fd, from, n);
  }
  long write_at(int fd, const void* d, std::size_t n, std::uint64_t at) override {
    return fails("write_at") ? -1 : FileSystem::write_at(fd, d, shorten_ && n > 1 ? n - 1 : n, at);
  }
  int start_writing(int fd, std::uint64_t from, std::uint64_t n) override {
    return fails("start_writing") ? -1 : FileSystem::start_writing(fd, from, n);
  }
  int fsync(int fd) override { return fails("fsync") ? -1 : FileSystem::fsync(fd); }
  int fchmod(int fd, unsigned m) override { return fails("fchmod") ? -1 : FileSystem::fchmod(fd, m); }
  int close(int fd) override {
    const int result = FileSystem::close(fd);
    return fails("close") ? -1 : result;
  }
  int rename(const std::string& a, const std::string& b) override {
    return fails("rename") ? -1 : FileSystem::rename(a, b);
  }
  int fsync_folder(const std::string& p) override { return fails("fsync_folder") ? -1 : FileSystem::fsync_folder(p); }
  std::vector<std::string> calls;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> reserved;
  int code = ENOSPC;

 private:
  bool fails(const char* call) {
    calls.push_back(call);
    if (static_cast<int>(calls.size()) != fail_at_) return false;
    errno = code;
    return true;
  }
  int fail_at_, writes_ = 0;
  bool shorten_;
};

std::string content(const fs::path& p) {
  const auto b = test::read_bytes(p);
  return {b.begin(), b.end()};
}

}  // namespace

// Descriptors of this process that are open.
std::size_t descriptors() {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

TEST_CASE("io: a failing call leaves the old file, no temporary and no open descriptor") {
  const Folder folder;
  const std::size_t open = descriptors();
  const fs::path file = folder.path / "model.pt";
  bool finished = false;
  for (int k = 1; !finished; ++k) {
    CAPTURE(k);
    {
      io::AtomicFile old(file.string());
      old.write("old");
      old.commit();
    }
    std::vector<std::string> calls;
    bool thrown = false;
    {
      Faulty fs(k);
      try {
        save(Value("a new value"), file);
      } catch (const IoError& e) {
        thrown = true;
        CHECK(std::string(e.what()).find(file.string()) != std::string::npos);
      }
      calls = fs.calls;
    }
    finished = static_cast<int>(calls.size()) < k;
    const std::string failed = finished ? "" : calls[static_cast<std::size_t>(k) - 1];
    // Without O_TMPFILE, locks or links there is another way; and after the rename nothing can be undone.
    const bool survived = failed == "create_unnamed" || failed == "lock" || failed == "link" || failed == "close";
    CHECK(thrown == (!finished && !survived));
    CHECK(folder.files() == 1);
    CHECK(descriptors() == open);
    if (finished) {
      // The first link would have made the file, had there been none.
      CHECK(calls == std::vector<std::string>{"create_unnamed", "lock", "fchmod", "write", "fsync", "link", "link",
                                              "rename", "close", "fsync_folder"});
    } else if (!survived && failed != "fsync_folder") {  // that one comes after the new name is in place
      CHECK(content(file) == "old");
    } else {
      CHECK(load(file).as_string() == "a new value");
    }
  }
  CHECK(load(file).as_string() == "a new value");
}

TEST_CASE("io: a large file gets its blocks first, and goes to the disk while it is written") {
  const Folder folder;
  const fs::path file = folder.path / "large.pt";
  const Value small(1), large = full({5, 1 << 20}, 1.0);  // 20 MiB, in pieces of 4
  const auto count = [](const std::vector<std::string>& all, const char* call) {
    return std::count(all.begin(), all.end(), call);
  };
  for (const char* format : {"torch", "harker", "onnx"}) {
    for (const bool durable : {true, false}) {
      CAPTURE(std::string(format));
      CAPTURE(durable);
      save(small, file);  // an old file, which link does not replace
      Faulty system(0);
      const SaveReport report = save(large, file, {.format = format, .durable = durable});
      REQUIRE(system.calls.size() > 4);
      CHECK(std::find(system.calls.begin(), system.calls.end(), "reserve") <
            std::find(system.calls.begin(), system.calls.end(), "write"));
      CHECK(count(system.calls, "start_writing") == (durable ? 5 : 0));
      CHECK(system.calls[system.calls.size() - (durable ? 6 : 5)] == (durable ? "fsync" : "close"));
      // One after the other, the first of nearly all, up to the file's end and no further.
      std::uint64_t end = 0;
      for (const auto& [from, n] : system.reserved) {
        CHECK(from == end);
        end += n;
      }
      CHECK(system.reserved.at(0).second >= 20 << 20);
      CHECK(end == fs::file_size(file));
      CHECK(report.bytes == end);
    }
  }
  const auto failing = [&](const char* call, int code, bool stays) {
    CAPTURE(std::string(call));
    CAPTURE(code);
    save(small, file);
    std::vector<std::string> calls;
    {
      Faulty dry(0);
      save(large, file);
      calls = dry.calls;
    }
    save(small, file);
    const auto at = std::find(calls.begin(), calls.end(), call) - calls.begin();
    Faulty system(static_cast<int>(at) + 1);
    system.code = code;
    if (stays) {
      CHECK_THROWS_WITH_AS(save(large, file), doctest::Contains("reserving room failed"), IoError);
      CHECK(count(system.calls, "write") == 0);  // told before the work, not after it
      CHECK(load(file).equals(small));
    } else {
      save(large, file);
      CHECK(load(file).equals(large));
      if (code == EOPNOTSUPP) CHECK(count(system.calls, "reserve") == 1);
    }
    CHECK(folder.files() == 1);
  };
  failing("reserve", ENOSPC, true);
  failing("reserve", EDQUOT, true);
  failing("reserve", EOPNOTSUPP, false);
  failing("reserve", EIO, false);
  failing("reserve", EINTR, false);
  failing("start_writing", EIO, false);
}

TEST_CASE("io: short and interrupted writes are completed") {
  const Folder folder;
  const fs::path file = folder.path / "long";
  std::string text(1 << 20, 'x');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  {
    Faulty fs(0, true);
    io::AtomicFile out(file.string());
    for (std::size_t at = 0; at < text.size(); at += 7919) out.write(std::string_view(text).substr(at, 7919));
    out.write(text);
    CHECK(out.position() == 2 * text.size());
    out.write("the end");
    out.rewrite(17, io::bytes("changed"));           // in the file
    out.rewrite(2 * text.size(), io::bytes("THE"));  // written, or still in the buffer
    out.commit();
  }
  text += text + "THE end";
  text.replace(17, 7, "changed");
  CHECK(content(file) == text);
}

TEST_CASE("io: pieces of any size around that of the buffer arrive in order") {
  const Folder folder;
  const fs::path file = folder.path / "pieces";
  const std::size_t buffer = 256 << 10;
  const std::size_t sizes[] = {0, 1, buffer / 2 - 1, buffer / 2, buffer / 2 + 1, buffer - 1, buffer, buffer + 1};
  char next = 'a';
  for (const std::size_t a : sizes) {
    for (const std::size_t b : sizes) {
      std::string all;
      {
        io::AtomicFile out(file.string(), false);
        for (const std::size_t n : {a, b, std::size_t{1}}) {
          const std::string piece(n, next);
          next = next == 'z' ? 'a' : static_cast<char>(next + 1);
          out.write(piece);
          all += piece;
        }
        CHECK(out.position() == all.size());
        out.commit();
      }
      CHECK(content(file) == all);
    }
  }
}

TEST_CASE("io: files of all sizes around that from which they are mapped are read whole") {
  const Folder folder;
  const fs::path file = folder.path / "sized";
  const std::size_t mapped = 256 << 10;
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{4096}, mapped - 1, mapped, mapped + 1}) {
    std::string all(n, 'x');
    if (n > 0) all.back() = 'y';
    {
      io::AtomicFile out(file.string(), false);
      out.write(all);
      out.commit();
    }
    for (const bool map : {false, true}) {
      const auto source = io::Source::open(file.string(), map);
      CHECK(io::text(source->bytes()) == all);
    }
  }
}

TEST_CASE("io: a large file under a limit of memory is mapped to be read only, or refused with its size") {
  const Folder folder;
  const fs::path file = folder.path / "holes";
  { std::ofstream(file) << "begins"; }
  fs::resize_file(file, std::uintmax_t{1} << 30);
#if !defined(__SANITIZE_ADDRESS__)  // whose shadow memory counts as well
  for (const bool space : {true, false}) {
    CAPTURE(space);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {  // RLIMIT_DATA counts what may be written to, RLIMIT_AS everything
      const rlimit limit{rlim_t{512} << 20, rlim_t{512} << 20};
      ::setrlimit(space ? RLIMIT_DATA : RLIMIT_AS, &limit);
      int status = 1;
      try {
        const auto source = io::Source::open(file.string());
        if (space && !source->may_alias() && io::text(source->bytes()).starts_with("begins")) status = 0;
      } catch (const IoError& e) {
        const std::string what = e.what();
        if (!space && what.find("1073741824 bytes are more than this process has room for") != what.npos) status = 0;
      } catch (...) {}
      ::_exit(status);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
#endif
}

TEST_CASE("io: what was read whole does not hold its file any longer") {
  for (const char* format : {"torch", "harker", "onnx", "npz", "gguf", "safetensors"}) {
    CAPTURE(std::string(format));
    const auto bytes = save_to_bytes(Value::dict({{"a", ones({100})}, {"b", ones({5})}}), {.format = format});
    const auto source = io::Source::copy(bytes);
    const Value v = detect_format(*source).read(source, {}).value;
    CHECK(source.use_count() == 1);
    CHECK(v["a"].tensor().data<float>()[99] == 1);
    const Value lazy = detect_format(*source).read(source, {.mmap = true}).value;
    CHECK(source.use_count() > 1);
  }
}

TEST_CASE("io: without commit nothing appears") {
  const Folder folder;
  { io::AtomicFile(std::string(folder.path / "never")).write("half"); }
  CHECK(folder.files() == 0);
  CHECK_THROWS_AS(save(Value(1), folder.path / "no extension"), Error);
  CHECK_THROWS_AS(save(Value(1), folder.path), Error);
  CHECK(folder.files() == 0);
}

TEST_CASE("io: the mode is kept and a link is followed") {
  const Folder folder;
  const fs::path file = folder.path / "model.pt", link = folder.path / "latest.pt";
  save(Value(1), file);
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("model.pt", link);
  save(Value(2), link);
  CHECK(fs::is_symlink(link));
  CHECK(load(file).as_int() == 2);
  CHECK(fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE(
    "io: forty links are followed, relative and absolute, and one that leads nowhere yet; no more, and no circle") {
  const Folder folder;
  const auto link = [&](int i) { return folder.path / ("link" + std::to_string(i)); };
  fs::create_directory(folder.path / "sub");
  fs::create_symlink("sub/model.pt", link(1));
  for (int i = 2; i <= 41; ++i)
    fs::create_symlink(i % 2 == 0 ? link(i - 1) : fs::path("link" + std::to_string(i - 1)), link(i));
  save(Value(1), link(40), {.format = "torch"});
  CHECK(load(folder.path / "sub" / "model.pt").as_int() == 1);
  save(Value(2), link(40), {.format = "torch"});
  CHECK(load(link(40)).as_int() == 2);
  CHECK(fs::is_symlink(link(1)));
  CHECK_THROWS_WITH_AS(save(Value(3), link(41), {.format = "torch"}), doctest::Contains("too many symbolic links"),
                       IoError);
  fs::create_symlink("circle", folder.path / "circle");
  CHECK_THROWS_AS(save(Value(3), (folder.path / "circle").string(), {.format = "torch"}), IoError);
  CHECK(load(folder.path / "sub" / "model.pt").as_int() == 2);
}

TEST_CASE("io: what is no file cannot be opened") {
  const Folder folder;
  CHECK_THROWS_AS(load(folder.path / "absent.pt"), IoError);
  CHECK_THROWS_AS(load(folder.path), IoError);
  ::mkfifo((folder.path / "pipe").c_str(), 0600);
  CHECK_THROWS_AS(load(folder.path / "pipe"), IoError);
}

TEST_CASE("io: CRC-32 of copies and of parts put together") {
  std::vector<std::uint8_t> data(100001), copy(data.size());
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i * i >> 3);
  const io::ByteView all(data);
  CHECK(io::crc32(io::bytes("123456789")) == 0xcbf43926);
  CHECK(io::copy_crc32(all, copy.data()) == io::crc32(all));
  CHECK(copy == data);
  for (std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{777}, data.size()})
    CHECK(io::combine_crc32(io::crc32(all.first(n)), io::crc32(all.subspan(n)), data.size() - n) == io::crc32(all));
}

TEST_CASE("io: inflate yields exactly the declared size or an error") {
  const std::uint8_t stored[] = {1, 3, 0, 0xfc, 0xff, 'a', 'b', 'c'};  // one stored block
  std::uint8_t out[4] = {};
  io::inflate(stored, std::span(out).first(3), "x");
  CHECK(std::string(out, out + 3) == "abc");
  CHECK_THROWS_AS(io::inflate(stored, std::span(out).first(2), "x"), FormatError);
  CHECK_THROWS_AS(io::inflate(stored, out, "x"), FormatError);
  CHECK_THROWS_AS(io::inflate(std::span(stored).first(6), std::span(out).first(3), "x"), FormatError);
}

TEST_CASE("io: a file beside another is read from its folder alone, and never through a link that leads out") {
  const Folder folder;
  const fs::path inside = folder.path / "in", main = inside / "main";
  fs::create_directories(inside / "sub");
  const auto write = [](const fs::path& p, const char* text) {
    io::AtomicFile file(p.string());
    file.write(text);
    file.commit();
  };
  write(main, "main"), write(inside / "data", "data"), write(inside / "sub" / "deep", "deep");
  write(folder.path / "secret", "secret");
  fs::create_symlink(folder.path / "secret", inside / "link");
  fs::create_directory_symlink(folder.path, inside / "out");
  for (const bool map : {false, true}) {
    const auto source = io::Source::open(main.string(), map);
    const auto text = [&](const char* location, bool follow = false) {
      return std::string(io::text(source->beside(location, map, follow)->bytes()));
    };
    CHECK(text("data") == "data");
    CHECK(text("sub/deep") == "deep");
    CHECK(text("./sub//deep") == "deep");
    CHECK(source->beside("data")->beside("main")->name() == main.string());
    for (const char* bad : {"", "../secret", "sub/../../secret", "sub/..", "/etc/passwd", "link", "out/secret"}) {
      CAPTURE(bad);
      CHECK_THROWS_AS(text(bad), FormatError);
    }
    CHECK(text("link", true) == "secret");
    CHECK_THROWS_AS(text("out/secret", true), FormatError);
    CHECK_THROWS_AS(text("nowhere"), IoError);
    CHECK_THROWS_AS(text("sub"), IoError);
    CHECK_THROWS_AS(text(std::string(5000, 'x').c_str()), FormatError);
    try {
      text((std::string(200, 'x') + "\n").c_str());
      FAIL("it is read");
    } catch (const IoError& e) { CHECK(std::string(e.what()).size() < main.string().size() + 200); }
  }
  CHECK_THROWS_WITH_AS(io::Source::view({})->beside("data"), doctest::Contains("lies in no folder"), IoError);
}

TEST_CASE("io: files written beside another appear before it, and only with it") {
  const Folder folder;
  {
    io::AtomicFile file((folder.path / "main").string());
    file.write("main");
    file.beside("data").write("data");
    CHECK_THROWS_AS(file.beside("a/b"), Error);
  }
  CHECK(folder.files() == 0);
  io::AtomicFile file((folder.path / "main").string());
  file.write("main");
  io::Sink& data = file.beside("data");
  data.write("data");
  file.commit();
  CHECK(content(folder.path / "main") == "main");
  CHECK(content(folder.path / "data") == "data");
  CHECK(folder.files() == 2);
  io::MemorySink memory;
  CHECK_THROWS_WITH_AS(memory.beside("data"), doctest::Contains("save to a path"), Error);
}
