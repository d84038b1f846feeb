// Runs the built `harker` command and collects what it says.
#pragma once
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <test_data.h>

extern char** environ;

namespace harker::test {

/// A folder that goes with the object.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "harker-cli-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

struct Run {
  int status = -1;  ///< exit status, or 1000 + signal
  std::string out, err;
  long peak = 0;  ///< KiB of memory, as far as `watch` saw
};

/// The most memory that a process has had, in KiB; 0 when it cannot be known.
inline long peak_of(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
  return 0;
}

/// `watch`: look at its memory again and again.
inline Run run_program(const std::string& program, const std::vector<std::string>& args, bool watch = false) {
  TempFolder t;
  const std::string out = t / "out", err = t / "err";
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& a : args) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&files, 2, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t pid = 0;
  const int failed = posix_spawn(&pid, program.c_str(), &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (failed) throw std::runtime_error("cannot run " + program);
  int status = 0;
  long peak = 0;
  for (pid_t ended = 0; watch && ended == 0; ended = waitpid(pid, &status, WNOHANG)) {
    peak = std::max(peak, peak_of(pid));
    usleep(300);
  }
  while (!watch && waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  auto text = [](const std::string& path) {
    auto bytes = read_bytes(path);
    return std::string(bytes.begin(), bytes.end());
  };
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status), text(out), text(err), peak};
}

#ifdef HARKER_CLI  // not where the command is not built
inline Run harker_command(const std::vector<std::string>& args) { return run_program(HARKER_CLI, args); }
#endif

}  // namespace harker::test
