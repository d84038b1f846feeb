// `harker bench`: what a file holds, in every format that can hold it: bytes, and the time to save, to load and to open
// it mapped. The work is done by a child process, so that the temporary folder goes whatever becomes of it.
#include <sys/wait.h>
#include <unistd.h>

#include <harker/core/base/text.h>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "bars.h"
#include "input.h"
#include "out.h"
#include "verb.h"

namespace harker::cli {
namespace {

using detail::str;
namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& in) {
    std::string name =
        (fs::path(in.empty() ? fs::temp_directory_path() : fs::path(in)) / "harker-bench-XXXXXX").string();
    if (!::mkdtemp(name.data()))
      detail::throw_error<IoError>(name.substr(0, name.rfind('/')), ": a folder cannot be made there");
    path_ = name;
  }
  ~TemporaryFolder() { remove(); }
  void remove() const {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + '/' + name; }

 private:
  std::string path_;
};

volatile std::sig_atomic_t child = 0, stopped_by = 0;

void stop(int signal) {
  stopped_by = signal;
  if (child > 0) ::kill(static_cast<pid_t>(child), signal);
}

/// Runs `work` in a child and returns its exit status; a signal that ends this process ends the child, and is passed on
/// once `after` was done.
template <class Work, class After>
int apart(Work work, After after) {
  constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  sigset_t all, before;
  ::sigemptyset(&all);
  for (const int s : kSignals) ::sigaddset(&all, s);
  ::sigprocmask(SIG_BLOCK, &all, &before);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    ::_exit(work());
  }
  int status = 0;
  if (pid > 0) {
    child = pid;
    for (const int s : kSignals)
      if (std::signal(s, stop) == SIG_IGN) std::signal(s, SIG_IGN);  // as nohup wants it
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    for (const int s : kSignals)
      if (std::signal(s, SIG_DFL) == SIG_IGN) std::signal(s, SIG_IGN);
  } else {
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
  }
  after();
  if (pid < 0) throw IoError("bench: no process can be started");
  if (stopped_by) std::raise(stopped_by);
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  throw Error(str("bench: ended by signal ", WTERMSIG(status)));
}

/// The median time of a call, in milliseconds.
template <class F>
double median(std::int64_t runs, F f) {
  std::vector<double> times;
  for (std::int64_t i = 0; i < runs; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    f();
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

struct Result {
  std::string format;
  std::uint64_t bytes = 0;
  double save = 0, load = 0, open = 0;
};

std::string ms(double v) {
  char text[40];
  std::snprintf(text, sizeof text, v < 10 ? "%.3f" : v < 1000 ? "%.1f" : "%.0f", v);
  return text;
}

/// All that `name` and its companions take.
std::uint64_t bytes_of(const std::string& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file()) bytes += entry.file_size();
  return bytes;
}

void print(const std::vector<Result>& results, const std::vector<std::string>& cannot, Out& out) {
  std::vector<std::vector<std::string>> rows = {{"format", "bytes", "save ms", "load ms", "mapped ms"}};
  for (const Result& r : results) rows.push_back({r.format, grouped(r.bytes), ms(r.save), ms(r.load), ms(r.open)});
  std::vector<std::size_t> widths(rows[0].size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string pad(widths[i] - row[i].size(), ' ');
      out << (i ? "  " + pad + row[i] : row[i] + pad);
    }
    out << '\n';
  }
  for (const std::string& line : cannot) out << shown(line) << '\n';
}

class Bench : public Verb {
 public:
  Bench() : Verb("bench", "Save and load what a file holds in every format, and print bytes and times") {
    file(path_, "FILE");
    option(runs_, "--runs", "N", "Medians of N runs (default 5)");
    option(dir_, "--dir", "DIR", "Where the files are written for a while: the disk that is meant (else TMPDIR)");
    option(svg_, "--svg", "OUT", "Also bars, as an SVG file");
    flag(durable_, "--durable", "Saves wait for the disk");
    loads();
    examples = {
        {"harker bench model.pt", "which format is the fastest for this model, here"},
        {"harker bench model.pt --dir /data --durable --svg bench.svg", "on another disk, until it has the bytes"}};
  }

  int run() override {
    if (runs_ < 1 || runs_ > 1000) throw UsageError("bench: --runs must be 1 to 1000");
    const TemporaryFolder folder(dir_);
    return apart(
        [&] {
          try {
            measure(folder);
            return 0;
          } catch (const UsageError& e) {
            std::fprintf(stderr, "harker: %s\n", e.what());
            return 2;
          } catch (const std::exception& e) {
            std::fprintf(stderr, "harker: %s\n", shown(e.what(), true).c_str());
            return 1;
          }
        },
        [&] { folder.remove(); });
  }

 private:
  void measure(const TemporaryFolder& folder) const {
    LoadOptions options = load_options();
    options.mmap = false;
    const Value value = open_document(path_, options).value;
    std::vector<Result> results;
    std::vector<std::string> cannot;
    for (const Format* f : formats()) {
      const std::string format(f->name()), inside = folder / format;
      fs::create_directory(inside);
      const std::string path = inside + "/content" + std::string(f->extensions().front());
      Result r{format};
      SaveOptions save{.format = format, .durable = durable_};
      LoadOptions mapped = options;
      mapped.mmap = true;
      try {
        r.save = median(runs_, [&] { harker::save(value, path, save); });
        r.bytes = bytes_of(inside);
        r.load = median(runs_, [&] { load(path, options); });
        r.open = median(runs_, [&] { load(path, mapped); });
        results.push_back(std::move(r));
      } catch (const IoError&) { throw; } catch (const Error& e) {
        cannot.push_back(format + ": " + e.what());
      }
      fs::remove_all(inside);
    }
    Out out;
    print(results, cannot, out);
    out.flush();
    if (!svg_.empty()) draw(results);
  }

  void draw(const std::vector<Result>& results) const {
    std::vector<std::string> rows;
    std::vector<Panel> panels = {
        {"bytes", {}, {}}, {"save, ms", {}, {}}, {"load, ms", {}, {}}, {"mapped open, ms", {}, {}}};
    for (const Result& r : results) {
      rows.push_back(r.format);
      const double values[] = {static_cast<double>(r.bytes), r.save, r.load, r.open};
      for (std::size_t i = 0; i < panels.size(); ++i) {
        panels[i].values.push_back(values[i]);
        panels[i].texts.push_back(i == 0 ? grouped(r.bytes) : ms(values[i]));
      }
    }
    const std::string text = bars("harker bench " + name_of(path_), rows, panels);
    io::AtomicFile file(svg_, false);
    file.write(text);
    file.commit();
  }

  std::string path_, dir_, svg_;
  std::int64_t runs_ = 5;
  bool durable_ = false;
};

}  // namespace

std::unique_ptr<Verb> bench_verb() { return std::make_unique<Bench>(); }

}  // namespace harker::cli
