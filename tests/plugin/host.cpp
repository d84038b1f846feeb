// A program without harker that opens and closes a plugin with it while it runs. `plugin_host SCENARIO PLUGIN
// [closes]`; it is silent and returns 0 when all went well.
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

class Plugin {
 public:
  explicit Plugin(const std::string& path) : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (!handle_) fail(dlerror());
    use_ = reinterpret_cast<int (*)()>(dlsym(handle_, "use_harker"));
    if (!use_) fail(dlerror());
  }
  void use() const {
    if (const int status = use_()) fail("use_harker returned " + std::to_string(status));
  }
  void close() {
    if (dlclose(handle_)) fail(dlerror());
  }

 private:
  void* handle_;
  int (*use_)() = nullptr;
};

long threads() { return std::distance(fs::directory_iterator("/proc/self/task"), fs::directory_iterator()); }
bool is_open(const std::string& path) { return dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD) != nullptr; }

void open_and_exit(const std::string& path) { Plugin(path).use(); }

/// Each has a harker of its own, of whose variables the threads have a copy each.
void thirteen_at_once(const std::string& path) {
  std::string folder = (fs::temp_directory_path() / "harker-plugins-XXXXXX").string();
  if (!mkdtemp(folder.data())) fail("no temporary folder");
  std::vector<Plugin> plugins;
  for (int i = 0; i < 13; ++i) {
    const std::string copy = folder + "/" + std::to_string(i) + ".so";
    fs::copy_file(path, copy);
    plugins.emplace_back(copy);
  }
  fs::remove_all(folder);
  for (const Plugin& p : plugins) p.use();
  std::thread([&] {
    for (const Plugin& p : plugins) p.use();
  }).join();
  for (Plugin& p : plugins) p.close();
}

/// Opened and closed, with threads that have used it and live on; `main_too`: this thread uses it as well;
/// `closes`: the library really goes then, and its worker threads with it.
void close_and_open_again(const std::string& path, bool main_too, bool closes) {
  const long before = threads();
  std::atomic<int> used = 0, round = 0;
  constexpr int kThreads = 4, kRounds = 4;
  std::vector<Plugin> open;
  std::vector<std::thread> users;
  for (int t = 0; t < kThreads; ++t) {
    users.emplace_back([&] {
      for (int r = 1; r < kRounds; ++r) {
        while (round < r) std::this_thread::yield();
        open.back().use();
        ++used;
      }
      while (round < kRounds) std::this_thread::yield();  // it ends when the library has gone for good
    });
  }
  for (int r = 1; r < kRounds; ++r) {
    std::thread([&] { open.emplace_back(path); }).join();
    used = 0;
    round = r;
    while (used < kThreads) std::this_thread::yield();
    if (main_too) open.back().use();
    open.back().close();
    if (!closes) continue;
    if (is_open(path)) fail("the library is still there");
    // One that has been joined may still be listed for a moment.
    for (int i = 0; threads() > before + kThreads; ++i) {
      if (i == 10000) fail("threads of the library live on");
      usleep(1000);
    }
  }
  round = kRounds;
  for (std::thread& t : users) t.join();
}

/// What the library kept goes with it, also what the thread had that closes it; but the slabs of small blocks stay
/// (core/base/pool.h), 0.7 MiB a round.
void rounds_take_no_memory(const std::string& path) {
  const auto pages = [] {
    long size = 0, resident = 0;
    std::FILE* f = std::fopen("/proc/self/statm", "r");
    if (!f || std::fscanf(f, "%ld %ld", &size, &resident) != 2) fail("no /proc/self/statm");
    std::fclose(f);
    return resident;
  };
  long warm = 0;
  for (int r = 0; r < 60; ++r) {
    if (r == 10) warm = pages();
    Plugin p(path);
    p.use();
    p.close();
  }
  const long mib = (pages() - warm) * sysconf(_SC_PAGESIZE) >> 20;
  if (mib > 80) fail(std::to_string(mib) + " MiB more after 50 rounds");
}

/// The child has no workers and goes on, whatever the parent's threads do at that moment.
void fork_while_others_work(const std::string& path) {
  const Plugin p(path);
  p.use();
  std::atomic<bool> enough = false;
  std::thread other([&] {
    while (!enough) std::thread([&] { p.use(); }).join();  // its end takes a lock, too
  });
  for (int i = 0; i < 40; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(60);
      if (i % 2) std::thread([&] { p.use(); }).join();
      std::exit(0);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) fail("the child's status is " + std::to_string(status));
  }
  enough = true;
  other.join();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) return 2;
  const std::string scenario = argv[1], path = argv[2];
  const bool closes = argc == 4;
  if (scenario == "exit")
    open_and_exit(path);
  else if (scenario == "thirteen")
    thirteen_at_once(path);
  else if (scenario == "again")
    close_and_open_again(path, false, closes);
  else if (scenario == "main_too")
    close_and_open_again(path, true, closes);
  else if (scenario == "rounds")
    rounds_take_no_memory(path);
  else if (scenario == "fork")
    fork_while_others_work(path);
  else
    return 2;
}
