// A save that fails, is cut short or stops dead at any one of the calls it makes of the system, in every format:
// afterwards the path holds the old file or the new one, whole.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/io/file_system.h>
#include <harker/serialize/serialize.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

using namespace harker;
namespace fs = std::filesystem;

namespace {

enum class Mishap { fails, stops, shortens };

// Meets with a mishap at the k-th call: an error, the end of the process, or writes that take half of what they are
// given and an interruption (those, from the k-th call on).
class Unlucky final : public io::FileSystem {
 public:
  Unlucky(Mishap mishap, int k) : mishap_(mishap), k_(k) { io::set_file_system(this); }
  ~Unlucky() override { io::set_file_system(nullptr); }
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
  int fsync(int fd) override { return now() ? -1 : FileSystem::fsync(fd); }
  int fchmod(int fd, unsigned m) override { return now() ? -1 : FileSystem::fchmod(fd, m); }
  int close(int fd) override {
    const bool unlucky = now();
    const int result = FileSystem::close(fd);
    return unlucky ? -1 : result;
  }
  int rename(const std::string& a, const std::string& b) override { return now() ? -1 : FileSystem::rename(a, b); }
  int fsync_folder(const std::string& p) override { return now() ? -1 : FileSystem::fsync_folder(p); }
  int calls() const { return calls_; }

 private:
  bool now() {
    if (++calls_ != k_ || mishap_ == Mishap::shortens) return false;
    if (mishap_ == Mishap::stops) ::_exit(3);
    errno = EIO;
    return true;
  }
  Mishap mishap_;
  int k_, calls_ = 0;
};

// Several tensors, each larger than the buffer of a save: more than twenty calls.
Value filled(double v) {
  Value out = Value::dict({{"small", full({3}, v)}, {"number", v}});
  for (int i = 0; i < 10; ++i) out.set("t" + std::to_string(i), full({90, 1000}, v));
  return out;
}

// Saves `v` over `path`, which meets with a mishap at call k. Returns false when it makes fewer calls than that.
bool save_unlucky(const Value& v, const std::string& path, Mishap mishap, int k) {
  if (mishap != Mishap::stops) {
    Unlucky system(mishap, k);
    bool thrown = false;
    try {
      save(v, path);
    } catch (const IoError&) { thrown = true; }
    CHECK(thrown == (mishap == Mishap::fails && system.calls() >= k));
    return system.calls() >= k;
  }
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    Unlucky system(mishap, k);
    save(v, path);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status) == 3;
}

}  // namespace

TEST_CASE("save: a mishap at any call leaves the old file or the new one, whole") {
  const fs::path folder = fs::temp_directory_path() / ("harker-mishaps-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  int points = 0, kept = 0;
  for (const char* extension : {".harker", ".pt", ".pb"}) {
    for (const Mishap mishap : {Mishap::fails, Mishap::stops, Mishap::shortens}) {
      const std::string path = (folder / "model").string() + extension;
      double version = 1;
      save(filled(version), path);
      for (int k = 1;; ++k, ++points) {
        CAPTURE(path);
        CAPTURE(k);
        const bool met = save_unlucky(filled(version + 1), path, mishap, k);
        const Value found = load(path);
        const double holds = found["number"].as_double();
        CHECK((holds == version || holds == version + 1));
        CHECK(found.equals(filled(holds)));
        CHECK((mishap == Mishap::fails || met || holds == version + 1));
        kept += holds == version;
        version = holds;
        if (mishap != Mishap::stops)  // a process that is gone cannot remove its temporary file
          for (const auto& e : fs::directory_iterator(folder))
            CHECK(e.path().string().find(".tmp") == std::string::npos);
        if (!met) break;
      }
      for (const auto& e : fs::directory_iterator(folder))
        if (e.path().string().find(".tmp") != std::string::npos) fs::remove(e.path());
    }
  }
  fs::remove_all(folder);
  MESSAGE(points << " points, the old file kept at " << kept);
  CHECK(points >= 200);
  CHECK(kept >= 100);
}
