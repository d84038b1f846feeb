// `harker scan`: what a file's pickles would call if Python loaded them, told without calling anything.
#include <harker/core/base/text.h>
#include <harker/serialize/pickle_scan.h>
#include <algorithm>

#include "input.h"
#include "json.h"
#include "out.h"
#include "terminal.h"
#include "verb.h"

namespace harker::cli {
namespace {

/// Modules of which anything runs a program, reads or writes files, opens connections, or loads code; and single names of
/// others. What is neither allowed nor here is unknown, which is no praise.
constexpr std::string_view kModules[] = {"_posixsubprocess",
                                         "aiohttp",
                                         "asyncio",
                                         "bdb",
                                         "code",
                                         "codeop",
                                         "commands",
                                         "ctypes",
                                         "distutils",
                                         "fcntl",
                                         "ftplib",
                                         "http",
                                         "httpx",
                                         "importlib",
                                         "imp",
                                         "marshal",
                                         "mmap",
                                         "multiprocessing",
                                         "nt",
                                         "os",
                                         "pathlib",
                                         "pdb",
                                         "pickle",
                                         "_pickle",
                                         "dill",
                                         "cloudpickle",
                                         "joblib",
                                         "pip",
                                         "pkgutil",
                                         "platform",
                                         "popen2",
                                         "posix",
                                         "profile",
                                         "pty",
                                         "pydoc",
                                         "requests",
                                         "runpy",
                                         "shutil",
                                         "signal",
                                         "site",
                                         "smtplib",
                                         "socket",
                                         "ssl",
                                         "subprocess",
                                         "sys",
                                         "tempfile",
                                         "telnetlib",
                                         "threading",
                                         "timeit",
                                         "trace",
                                         "urllib",
                                         "uuid",
                                         "venv",
                                         "webbrowser",
                                         "winreg",
                                         "xmlrpc",
                                         "zipimport",
                                         "ensurepip",
                                         "cProfile",
                                         "doctest",
                                         "idlelib",
                                         "lib2to3",
                                         "test"};
constexpr std::pair<std::string_view, std::string_view> kNames[] = {{"builtins", "eval"},
                                                                    {"builtins", "exec"},
                                                                    {"builtins", "compile"},
                                                                    {"builtins", "open"},
                                                                    {"builtins", "getattr"},
                                                                    {"builtins", "setattr"},
                                                                    {"builtins", "delattr"},
                                                                    {"builtins", "__import__"},
                                                                    {"builtins", "globals"},
                                                                    {"builtins", "locals"},
                                                                    {"builtins", "vars"},
                                                                    {"builtins", "input"},
                                                                    {"builtins", "breakpoint"},
                                                                    {"builtins", "apply"},
                                                                    {"builtins", "map"},
                                                                    {"builtins", "filter"},
                                                                    {"builtins", "execfile"},
                                                                    {"builtins", "type"},
                                                                    {"io", "open"},
                                                                    {"io", "FileIO"},
                                                                    {"_io", "open"},
                                                                    {"_io", "FileIO"},
                                                                    {"codecs", "open"},
                                                                    {"operator", "attrgetter"},
                                                                    {"operator", "methodcaller"},
                                                                    {"_operator", "attrgetter"},
                                                                    {"_operator", "methodcaller"},
                                                                    {"functools", "partial"},
                                                                    {"functools", "reduce"},
                                                                    {"types", "CodeType"},
                                                                    {"types", "FunctionType"},
                                                                    {"inspect", "currentframe"},
                                                                    {"torch", "load"},
                                                                    {"torch.hub", "load"},
                                                                    {"torch.storage", "_load_from_bytes"},
                                                                    {"torch.serialization", "load"},
                                                                    {"torch.utils.cpp_extension", "load"},
                                                                    {"torch.utils.cpp_extension", "load_inline"},
                                                                    {"torch._inductor.codecache", "compile_file"},
                                                                    {"torch.utils.bottleneck.__main__", "run_cprofile"},
                                                                    {"torch.jit", "load"},
                                                                    {"numpy", "load"},
                                                                    {"numpy.testing._private.utils", "runstring"},
                                                                    {"numpy.f2py.crackfortran", "getlincoef"},
                                                                    {"pandas", "read_pickle"},
                                                                    {"logging.config", "listen"}};

bool is_dangerous(const PickleName& n) {
  const std::string_view package = std::string_view(n.module).substr(0, n.module.find('.'));
  if (std::find(std::begin(kModules), std::end(kModules), package) != std::end(kModules)) return true;
  // STACK_GLOBAL walks along dots: ("builtins", "eval.__call__") is eval.
  const std::string_view first = std::string_view(n.name).substr(0, n.name.find('.'));
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](const auto& d) { return d.first == n.module && d.second == first; });
}

const char* verdict(const PickleName& n) { return n.allowed ? "allowed" : is_dangerous(n) ? "dangerous" : "unknown"; }

class ScanVerb : public Verb {
 public:
  ScanVerb() : Verb("scan", "Tell what a file's pickles would call in Python, without calling anything") {
    file(path_, "FILE");
    flag(json_, "--json", "One JSON object");
    statuses = "0 only names that harmless files have, 1 anything else, or a file that cannot be read, 2 wrong usage";
    examples = {{"harker scan download.pt", "may Python's pickle load it?"},
                {"harker scan --json download.pt", "the same for programs"}};
  }
  int run() override {
    const auto source = open_source(path_, true);
    const std::vector<ScannedPickle> all = scan_pickles(*source);
    std::size_t bad = 0, odd = 0, names = 0;
    for (const ScannedPickle& p : all) {
      odd += p.odd.size();
      names += p.names.size();
      bad += static_cast<std::size_t>(
          std::count_if(p.names.begin(), p.names.end(), [](const PickleName& n) { return !n.allowed; }));
    }
    Out out;
    if (json_)
      print_json(out, all, bad == 0 && odd == 0);
    else
      print(out, all, bad, odd, names);
    out.flush();
    return bad > 0 || odd > 0;
  }

 private:
  void print(Out& out, const std::vector<ScannedPickle>& all, std::size_t bad, std::size_t odd, std::size_t names) {
    for (const ScannedPickle& p : all) {
      if (p.names.empty() && p.odd.empty()) continue;
      out << (p.where.empty() ? "the pickle" : shown(p.where)) << ":\n";
      Table table(out, {{.colour = Colour::type}, {}, {.right = true}, {}});
      for (const bool good : {false, true}) {
        for (const PickleName& n : p.names) {
          if (n.allowed != good) continue;
          const std::string use = n.called == 0 ? "named" : n.built == 0 ? "called" : "called, and given a state";
          table.add({detail::str("  ", verdict(n)), shown(n.module + '.' + n.name), grouped(n.named) + "x",
                     detail::str(use, ", first at ", n.first)},
                    n.allowed ? Colour::plain : Colour::alarm);
        }
      }
      table.flush();
      for (const std::string& s : p.odd) out << "  odd: " << shown(s) << '\n';
    }
    out << shown(name_of(path_)) << ": ";
    if (all.empty())
      out << "holds no pickles\n";
    else if (bad == 0 && odd == 0)
      out << "only what harmless files name, " << grouped(names) << (names == 1 ? " name\n" : " names\n");
    else
      out << "do not load this with Python's pickle: " << grouped(bad) << " of " << grouped(names)
          << (names == 1 ? " name is" : " names are") << " not known as harmless, and " << grouped(odd)
          << (odd == 1 ? " thing is odd\n" : " things are odd\n");
  }
  void print_json(Out& out, const std::vector<ScannedPickle>& all, bool good) {
    out << "{\"file\": ";
    json::string(out, name_of(path_));
    out << ", \"harmless\": " << (good ? "true" : "false") << ", \"pickles\": [";
    for (std::size_t i = 0; i < all.size(); ++i) {
      const ScannedPickle& p = all[i];
      out << (i ? ",\n " : "\n ") << "{\"where\": ";
      json::string(out, p.where);
      out << ", \"protocol\": " << std::to_string(p.protocol) << ", \"names\": [";
      for (std::size_t k = 0; k < p.names.size(); ++k) {
        const PickleName& n = p.names[k];
        out << (k ? ",\n  " : "\n  ") << "{\"module\": ";
        json::string(out, n.module);
        out << ", \"name\": ";
        json::string(out, n.name);
        out << ", \"verdict\": \"" << verdict(n) << "\", \"first\": " << std::to_string(n.first)
            << ", \"named\": " << std::to_string(n.named) << ", \"called\": " << std::to_string(n.called)
            << ", \"built\": " << std::to_string(n.built) << '}';
      }
      out << "], \"odd\": [";
      for (std::size_t k = 0; k < p.odd.size(); ++k) {
        if (k) out << ", ";
        json::string(out, p.odd[k]);
      }
      out << "]}";
    }
    out << "\n]}\n";
  }

  std::string path_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Verb> scan_verb() { return std::make_unique<ScanVerb>(); }

}  // namespace harker::cli
