// Loads files in a process that may take little memory: whatever their length fields say, they must do.
#pragma once
#include <doctest/doctest.h>
#include <harker/serialize/serialize.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <vector>

namespace harker::test {

// Loads `n` variants in a child process that may take 16 MiB more than it has: how many loaded, or -1 when memory ran
// out or it crashed.
template <class MakeVariant>
int load_in_little_memory(int n, MakeVariant make_variant) {
  int pipe_ends[2];
  REQUIRE(pipe(pipe_ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
#if !defined(__SANITIZE_ADDRESS__)  // whose shadow memory counts as well
    long pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t limit = static_cast<rlim_t>(pages * sysconf(_SC_PAGESIZE)) + (16 << 20);
    const rlimit both{limit, limit};
    setrlimit(RLIMIT_AS, &both);
#endif
    int loaded = 0;
    try {
      for (int i = 0; i < n; ++i) {
        const std::vector<std::uint8_t> b = make_variant(i);
        try {
          load(b, {.unknown = Unknown::keep});
          ++loaded;
        } catch (const Error&) {}
      }
    } catch (...) { loaded = -1; }
    const bool told = write(pipe_ends[1], &loaded, sizeof loaded) == sizeof loaded;
    _exit(told ? 0 : 1);
  }
  close(pipe_ends[1]);
  int loaded = -1, status = 0;
  if (read(pipe_ends[0], &loaded, sizeof loaded) != sizeof loaded) loaded = -1;
  close(pipe_ends[0]);
  waitpid(child, &status, 0);
  return status == 0 ? loaded : -1;
}

}  // namespace harker::test
