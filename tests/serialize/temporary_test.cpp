// What killed saves leave is removed by the next save into the folder, and nothing else is; and a file system that
// cannot do what a save likes best (files without a name, links, locks, fsync of a folder) still gets its file.
#include <doctest/doctest.h>
#include <harker/serialize/checkpoint_folder.h>
#include <harker/serialize/io/file_system.h>
#include <harker/serialize/serialize.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <set>

#include <test_data.h>

using namespace harker;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / ("harker-temporary-test-" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  std::set<std::string> names() const {
    std::set<std::string> all;
    for (const auto& e : fs::directory_iterator(path)) all.insert(e.path().filename().string());
    return all;
  }
};

// A file system on which some calls are not possible.
class Poor final : public io::FileSystem {
 public:
  explicit Poor(std::set<std::string> lacks) : lacks_(std::move(lacks)) { io::set_file_system(this); }
  ~Poor() override { io::set_file_system(nullptr); }
  int create_unnamed(const std::string& p, unsigned m) override {
    return without("O_TMPFILE", EOPNOTSUPP) ? -1 : FileSystem::create_unnamed(p, m);
  }
  int lock(int fd) override { return without("lock", ENOLCK) ? -1 : FileSystem::lock(fd); }
  int link(int fd, const std::string& p) override { return without("link", EPERM) ? -1 : FileSystem::link(fd, p); }
  int fsync_folder(const std::string& p) override {
    if (without("fsync_folder", ENOTSUP) || without("fsync_folder EINVAL", EINVAL)) return -1;
    return FileSystem::fsync_folder(p);
  }
  long write(int fd, const void* d, std::size_t n) override {
    if (during_write) std::exchange(during_write, nullptr)();
    return FileSystem::write(fd, d, n);
  }
  void (*during_write)() = nullptr;

 private:
  bool without(const char* call, int code) { return lacks_.contains(call) && (errno = code, true); }
  std::set<std::string> lacks_;
};

// A process that ends by SIGKILL in the middle of a save; returns its id.
pid_t killed_save(const fs::path& file, std::set<std::string> lacks) {
  const pid_t child = ::fork();
  if (child == 0) {
    Poor system(std::move(lacks));
    system.during_write = [] { ::raise(SIGKILL); };
    save(Value("never there"), file);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  return child;
}

// A disk that tells of its errors late, or slowly.
class Late final : public io::FileSystem {
 public:
  Late() { io::set_file_system(this); }
  ~Late() override { io::set_file_system(nullptr); }
  long write(int fd, const void* d, std::size_t n) override { return writes_nothing ? 0 : FileSystem::write(fd, d, n); }
  int fsync(int fd) override {
    if (interrupted > 0) return --interrupted, errno = EINTR, -1;
    return FileSystem::fsync(fd);
  }
  int close(int fd) override {
    const int result = FileSystem::close(fd), code = std::exchange(close_error, 0);
    return code != 0 ? (errno = code, -1) : result;
  }
  int fsync_folder(const std::string& p) override {
    return folder_error != 0 ? (errno = folder_error, -1) : FileSystem::fsync_folder(p);
  }
  bool writes_nothing = false;
  int interrupted = 0, close_error = 0, folder_error = 0;
};

mode_t mode_of(const fs::path& p) {
  struct stat info;
  return ::stat(p.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

}  // namespace

TEST_CASE("temporaries: a killed save leaves none, or one that the next save removes") {
  const Folder folder;
  killed_save(folder.path / "a.pt", {});
  CHECK(folder.names().empty());
  killed_save(folder.path / "a.pt", {"O_TMPFILE"});
  CHECK(folder.names().size() == 1);
  CHECK(folder.names().begin()->starts_with(".harker-"));
  killed_save(folder.path / "b.pt", {"O_TMPFILE"});
  CHECK(folder.names().size() == 1);  // the second has removed what the first left
  save(Value(1), folder.path / "c.pt");
  CHECK(folder.names() == std::set<std::string>{"c.pt"});
  SUBCASE("by a failing save too") {
    killed_save(folder.path / "a.pt", {"O_TMPFILE"});
    CHECK_THROWS_AS(save(Value(1), folder.path / "c.pt" / "d.pt"), IoError);
    fs::create_directory(folder.path / "d.pt");
    CHECK_THROWS_AS(save(Value(1), folder.path / "d.pt"), IoError);
    save(Value(1), folder.path / "c.pt");
    CHECK(folder.names() == std::set<std::string>{"c.pt", "d.pt"});
  }
  SUBCASE("in a folder of checkpoints") {
    const CheckpointFolderOptions one{.keep_last = 1};
    CheckpointFolder runs(folder.path.string(), one);
    killed_save(folder.path / "checkpoint-000000001.harker", {"O_TMPFILE"});
    CHECK(folder.names().size() == 2);
    Checkpoint c;
    c.step = 2;
    runs.save(c);
    CHECK(folder.names() == std::set<std::string>{"c.pt", "checkpoint-000000002.harker"});
  }
}

TEST_CASE("temporaries: that of a live save is left alone, whatever its process is called") {
  const Folder folder;
  const fs::path file = folder.path / "slow.pt";
  int begun[2], go_on[2];
  REQUIRE(::pipe(begun) == 0);
  REQUIRE(::pipe(go_on) == 0);
  static int* ends[2];
  ends[0] = begun, ends[1] = go_on;
  const pid_t child = ::fork();
  if (child == 0) {
    Poor system({"O_TMPFILE"});
    system.during_write = [] {
      char c = 1;
      if (::write(ends[0][1], &c, 1) != 1 || ::read(ends[1][0], &c, 1) != 1) ::_exit(1);
    };
    save(Value("slow"), file);
    ::_exit(0);
  }
  char c = 0;
  REQUIRE(::read(begun[0], &c, 1) == 1);
  save(Value("quick"), folder.path / "quick.pt");
  CHECK(folder.names().size() == 2);
  // Not the number in the name tells: here is the file of a process that seems dead, but holds its lock.
  const fs::path live = folder.path / ".harker-save-2147483647-1.tmp";
  std::ofstream(live) << "live";
  const int fd = ::open(live.c_str(), O_RDWR);
  REQUIRE(::flock(fd, LOCK_EX) == 0);
  save(Value("quick"), folder.path / "quick.pt");
  CHECK(fs::exists(live));
  ::close(fd);
  save(Value("quick"), folder.path / "quick.pt");
  CHECK(!fs::exists(live));
  CHECK(folder.names().size() == 2);
  REQUIRE(::write(go_on[1], &c, 1) == 1);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(load(file).as_string() == "slow");
  CHECK(folder.names() == std::set<std::string>{"quick.pt", "slow.pt"});
  for (int end : {begun[0], begun[1], go_on[0], go_on[1]}) ::close(end);
}

TEST_CASE("temporaries: files that are not ours stay") {
  const Folder folder;
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  REQUIRE(::waitpid(dead, nullptr, 0) == dead);
  const std::string gone = std::to_string(dead), here = std::to_string(::getpid());
  const std::vector<std::string> leftovers = {".harker-save-" + gone + "-0.tmp", ".harker-save-" + here + "-900.tmp",
                                              ".harker-" + gone + "-12.tmp"};
  // Of a version that does not lock: perhaps live, here or, when it was written to not long ago, elsewhere.
  std::set<std::string> foreign = {".harker-" + here + "-0.tmp",
                                   ".harker-" + gone + "-13.tmp",
                                   ".harker-1-1.tmp",
                                   ".harker-0-1.tmp",
                                   ".harker--1-1.tmp",
                                   ".harker-99999999999999999999-1.tmp",
                                   ".harker-" + gone + "-.tmp",
                                   ".harker-" + gone + "-1x.tmp",
                                   ".harker-" + gone + "-1.tmp.bak",
                                   ".harker-save-" + gone + "-1",
                                   ".harker-save-x-1.tmp",
                                   ".harker-save-0-1.tmp",
                                   "harker-" + gone + "-1.tmp",
                                   ".harker-notes.tmp",
                                   "model.pt.tmp"};
  for (const std::string& name : foreign) std::ofstream(folder.path / name) << "mine";
  for (const std::string& name : leftovers) std::ofstream(folder.path / name) << "left";
  const auto before = [](int minutes) { return fs::file_time_type::clock::now() - std::chrono::minutes(minutes); };
  fs::last_write_time(folder.path / leftovers[2], before(61));
  fs::last_write_time(folder.path / (".harker-" + here + "-0.tmp"), before(61));
  fs::last_write_time(folder.path / (".harker-" + gone + "-13.tmp"), before(50));
  for (const char* end : {"-50.tmp", "-51.tmp", "-52.tmp"}) foreign.insert(".harker-save-" + gone + end);
  fs::create_directory(folder.path / (".harker-save-" + gone + "-50.tmp"));
  fs::create_symlink("model.pt.tmp", folder.path / (".harker-save-" + gone + "-51.tmp"));
  REQUIRE(::mkfifo((folder.path / (".harker-save-" + gone + "-52.tmp")).c_str(), 0600) == 0);
  if (::geteuid() == 0) {  // another user's
    const fs::path other = folder.path / (".harker-save-" + gone + "-53.tmp");
    std::ofstream(other) << "theirs";
    REQUIRE(::chown(other.c_str(), 12345, 12345) == 0);
    foreign.insert(other.filename().string());
  }
  save(Value(1), folder.path / "model.pt");
  foreign.insert("model.pt");
  CHECK(folder.names() == foreign);
}

TEST_CASE("save: where files need names, links are forbidden, or locks or the folder's fsync are missing") {
  const Folder folder;
  const fs::path file = folder.path / "model.pt";
  const mode_t mask = ::umask(027);
  for (const std::set<std::string>& lacks : std::vector<std::set<std::string>>{{},
                                                                               {"O_TMPFILE"},
                                                                               {"link"},
                                                                               {"lock"},
                                                                               {"fsync_folder"},
                                                                               {"fsync_folder EINVAL"},
                                                                               {"O_TMPFILE", "lock"},
                                                                               {"link", "lock"}}) {
    CAPTURE(lacks.empty());
    if (!lacks.empty()) CAPTURE(*lacks.begin());
    const Poor system(lacks);
    const std::string large(3 << 20, 'x');
    for (const bool durable : {true, false}) {
      fs::remove(file);
      save(Value(large), file, {.durable = durable});
      CHECK(load(file).as_string() == large);
      CHECK(mode_of(file) == 0640);  // what the mask leaves
      ::chmod(file.c_str(), 0604);
      save(Value(2), file, {.durable = durable});
      CHECK(load(file).as_int() == 2);
      CHECK(mode_of(file) == 0604);  // as it was
      CHECK(folder.names() == std::set<std::string>{"model.pt"});
    }
  }
  ::umask(mask);
}

TEST_CASE("save: errors that come late are told, interruptions are not, and the old file stays where it still can") {
  const Folder folder;
  const fs::path file = folder.path / "model.pt";
  save(Value(1), file);
  Late system;
  system.interrupted = 2;
  save(Value(2), file);
  CHECK(system.interrupted == 0);
  system.writes_nothing = true;
  CHECK_THROWS_WITH_AS(save(Value(3), file), doctest::Contains("writing failed"), IoError);
  system.writes_nothing = false;
  // Who does not wait for the disk still hears what closing tells.
  system.close_error = EIO;
  CHECK_THROWS_WITH_AS(save(Value(3), file, {.durable = false}), doctest::Contains("closing failed"), IoError);
  CHECK(load(file).as_int() == 2);
  CHECK(folder.names() == std::set<std::string>{"model.pt"});
  system.close_error = EINTR;
  save(Value(3), file, {.durable = false});
  CHECK(load(file).as_int() == 3);
  system.folder_error = EIO;
  CHECK_THROWS_WITH_AS(save(Value(4), file), doctest::Contains("a power cut may bring the old one back"), IoError);
  CHECK(load(file).as_int() == 4);
  save(Value(5), file, {.durable = false});  // which does not ask
  CHECK(load(file).as_int() == 5);
  CHECK(folder.names() == std::set<std::string>{"model.pt"});
}
