// A save that fails, is cut short or stops dead at any one of the calls it makes of the system, in every format:
// afterwards the path holds the old file or the new one, whole, and the next save leaves nothing else in the folder.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/io/file_system.h>
#include <harker/serialize/serialize.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>

using namespace harker;
namespace fs = std::filesystem;

namespace {

enum class Mishap { fails, stops, shortens };

// Meets with a mishap at the k-th call: an error, a signal that ends the process, or writes that take half of what they
// are given and an interruption (those, from the k-th call on). `named`: a file system without O_TMPFILE.
class Unlucky final : public io::FileSystem {
 public:
  Unlucky(Mishap mishap, int k, int signal = SIGKILL, bool named = false)
      : mishap_(mishap), k_(k), signal_(signal), named_(named) {
    io::set_file_system(this);
  }
  ~Unlucky() override { io::set_file_system(nullptr); }
  int create_unnamed(const std::string& p, unsigned m) override {
    if (named_) return errno = EOPNOTSUPP, -1;
    if (now()) ++survived_;
    return survived_ ? -1 : FileSystem::create_unnamed(p, m);
  }
  int lock(int fd) override {
    if (now()) ++survived_;
    return FileSystem::lock(fd);
  }
  int link(int fd, const std::string& p) override {
    if (now()) return ++survived_, -1;
    return FileSystem::link(fd, p);
  }
  int reserve(int fd, std::uint64_t from, std::uint64_t n) override {
    if (now()) return ++survived_, -1;
    return FileSystem::reserve(fd, from, n);
  }
  int start_writing(int fd, std::uint64_t from, std::uint64_t n) override {
    if (now()) return ++survived_, -1;
    return FileSystem::start_writing(fd, from, n);
  }
  int create(const std::string& p, unsigned m) override { return now() ? -1 : FileSystem::create(p, m); }
  long write(int fd, const void* d, std::size_t n) override {
    const bool unlucky = now();
    if (unlucky && mishap_ != Mishap::shortens) return -1;
    if (mishap_ == Mishap::shortens && calls_ >= k_) {
      if (calls_ % 5 == 0) return errno = EINTR, -1;
      n = n > 1 ? n / 2 : n;
    }
    return FileSystem::write(fd, d, n);
  }
  long write_at(int fd, const void* d, std::size_t n, std::uint64_t at) override {
    const bool unlucky = now();
    if (unlucky && mishap_ != Mishap::shortens) return -1;
    if (mishap_ == Mishap::shortens && calls_ >= k_) {
      if (calls_ % 5 == 0) return errno = EINTR, -1;
      n = n > 1 ? n / 2 : n;
    }
    return FileSystem::write_at(fd, d, n, at);
  }
  int fsync(int fd) override { return now() ? -1 : FileSystem::fsync(fd); }
  int fchmod(int fd, unsigned m) override { return now() ? -1 : FileSystem::fchmod(fd, m); }
  int close(int fd) override {
    const bool unlucky = now();
    const int result = FileSystem::close(fd);
    return unlucky ? ++survived_, -1 : result;
  }
  int rename(const std::string& a, const std::string& b) override { return now() ? -1 : FileSystem::rename(a, b); }
  int fsync_folder(const std::string& p) override { return now() ? -1 : FileSystem::fsync_folder(p); }
  int calls() const { return calls_; }
  /// Was what failed something that a save can do without? (The file is closed when it has its name.)
  bool survived() const { return survived_ > 0; }

 private:
  bool now() {
    if (++calls_ != k_ || mishap_ == Mishap::shortens) return false;
    if (mishap_ == Mishap::stops) {
      ::raise(signal_);
      return false;  // where signals wait
    }
    errno = EIO;
    return true;
  }
  Mishap mishap_;
  int k_, calls_ = 0, signal_, survived_ = 0;
  bool named_;
};

// Several tensors, each larger than the buffer of a save: more than twenty calls. Together they are so large that the disk
// is set to work before all is written.
Value filled(double v) {
  Value out = Value::dict({{"small", full({3}, v)}, {"number", scalar_tensor(v)}});
  for (int i = 0; i < 10; ++i) out.set("t" + std::to_string(i), full({i == 4 ? 350 : 90, 1000}, v));
  return out;
}

// Saves `v` over `path`, which meets with a mishap at call k. Returns false when it makes fewer calls than that.
bool save_unlucky(const Value& v, const std::string& path, Mishap mishap, int k, int signal = SIGKILL,
                  bool named = false, const SaveOptions& how = {}) {
  if (mishap != Mishap::stops) {
    Unlucky system(mishap, k);
    bool thrown = false;
    try {
      save(v, path, how);
    } catch (const IoError&) { thrown = true; }
    CHECK(thrown == (mishap == Mishap::fails && system.calls() >= k && !system.survived()));
    return system.calls() >= k;
  }
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    for (int s : {SIGINT, SIGTERM, SIGHUP}) ::signal(s, SIG_DFL);  // doctest has handlers
    Unlucky system(mishap, k, signal, named);
    save(v, path, how);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE((WIFEXITED(status) || WTERMSIG(status) == signal));
  return WIFSIGNALED(status);
}

int files_in(const fs::path& folder) {
  return static_cast<int>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("save: a mishap at any call leaves the old file or the new one, whole") {
  const fs::path folder = fs::temp_directory_path() / ("harker-mishaps-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  int points = 0, kept = 0;
  for (const char* extension : {".harker", ".pt", ".pb", ".npz", ".gguf"}) {
    for (const Mishap mishap : {Mishap::fails, Mishap::stops, Mishap::shortens}) {
      const std::string path = (folder / "model").string() + extension;
      double version = 1;
      save(filled(version), path);
      for (int k = 1;; ++k, ++points) {
        CAPTURE(path);
        CAPTURE(k);
        const bool met = save_unlucky(filled(version + 1), path, mishap, k);
        const Value found = load(path);
        const double holds = found["number"].tensor().item();
        CHECK((holds == version || holds == version + 1));
        CHECK(found.equals(filled(holds)));
        CHECK((mishap == Mishap::fails || met || holds == version + 1));
        kept += holds == version;
        version = holds;
        if (mishap != Mishap::stops) CHECK(files_in(folder) == 1);
        if (!met) break;
      }
    }
    CHECK(files_in(folder) == 1);  // the save that met with nothing came last
    fs::remove(folder / (std::string("model") + extension));
  }
  fs::remove_all(folder);
  MESSAGE(points << " points, the old file kept at " << kept);
  CHECK(points >= 200);
  CHECK(kept >= 100);
}

TEST_CASE("save: of a model in two files a mishap at any call leaves the old pair or the new one, whole") {
  const fs::path folder = fs::temp_directory_path() / ("harker-pairs-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  const std::string path = (folder / "model.pb").string();
  const SaveOptions how{.external_data = true};
  int points = 0, kept = 0;
  for (const Mishap mishap : {Mishap::fails, Mishap::stops, Mishap::shortens}) {
    double version = 1;
    save(filled(version), path, how);
    for (int k = 1;; ++k, ++points) {
      CAPTURE(k);
      const bool met = save_unlucky(filled(version + 1), path, mishap, k, SIGTERM, false, how);
      const Value found = load(path);
      const double holds = found["number"].tensor().item();
      CHECK((holds == version || holds == version + 1));
      CHECK(found.equals(filled(holds)));
      kept += holds == version;
      if (mishap == Mishap::stops) CHECK(files_in(folder) <= 3);  // the old second file may outlive the old model
      version = holds;
      if (!met) break;
    }
    save(filled(version), path, how);
    for (const auto& e : fs::directory_iterator(folder)) fs::remove(e.path());
  }
  fs::remove_all(folder);
  MESSAGE(points << " points, the old pair kept at " << kept);
  CHECK(kept >= 50);
}

TEST_CASE("save: a signal at any call leaves no other file, or one that the next save removes") {
  const fs::path folder = fs::temp_directory_path() / ("harker-signals-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  const std::string path = (folder / "model.harker").string();
  double version = 0;
  for (const bool named : {false, true}) {
    for (const bool replaces : {true, false}) {
      for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGKILL}) {
        int left = 0;
        bool met = true;
        for (int k = 1; met; ++k) {
          CAPTURE(named);
          CAPTURE(replaces);
          CAPTURE(signal);
          CAPTURE(k);
          if (!replaces)
            fs::remove(path);
          else
            save(Value(++version), path);
          REQUIRE(files_in(folder) == (replaces ? 1 : left));
          met = save_unlucky(Value(version + 1), path, Mishap::stops, k, signal, named);
          left = files_in(folder) - (fs::exists(path) ? 1 : 0);
          if (fs::exists(path)) CHECK((load(path).equals(Value(version)) || load(path).equals(Value(version + 1))));
          if (!named && (signal != SIGKILL || !replaces)) CHECK(left == 0);
          CHECK(left <= 1);
        }
        save(Value(version), path);
        CHECK(files_in(folder) == 1);
      }
    }
  }
  fs::remove_all(folder);
}
