// The `harker` command: the table of its verbs, and what becomes of errors. As everywhere: 0 good, 1 a bad file, 2 wrong
// usage; diff's statuses are those of diff(1): 0 the same, 1 different, 2 trouble.
#include <harker/serialize/option_names.h>
#include <cstdio>
#include <new>

#include "input.h"
#include "out.h"
#include "verb.h"

namespace harker::cli {

Verbs all_verbs() {
  Verbs all;
  for (auto make : {inspect_verb, cat_verb, stats_verb, hash_verb, scan_verb, verify_verb, convert_verb, diff_verb,
                    merge_verb, bench_verb, completion_verb, man_verb})
    all.push_back(make());
  return all;
}

}  // namespace harker::cli

namespace {

using namespace harker;

int complain(std::string_view message, int status) {
  const std::string text = "harker: " + cli::shown(message, true) + '\n';
  std::fwrite(text.data(), 1, text.size(), stderr);
  return status;
}

/// The file that a failure without a name of its own is about.
std::string subject(const cli::Verb& verb) {
  for (const cli::Argument& a : verb.arguments)
    if (const auto* path = std::get_if<std::string*>(&a.to); path && a.what == cli::Argument::What::file)
      return cli::name_of(**path) + ": ";
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  // Here options are called by the names they have on this command line; the limits have none.
  set_option_names({.keep_unknown = "--keep-unknown",
                    .only = "--only",
                    .max_opcodes = nullptr,
                    .max_depth = nullptr,
                    .max_memo = nullptr,
                    .max_bytes = nullptr,
                    .format = "--to FORMAT"});
  const cli::Verbs verbs = cli::all_verbs();
  cli::Verb* verb = nullptr;
  try {
    verb = cli::parse(verbs, argc, argv);
    return verb ? verb->run() : 0;
  } catch (const cli::UsageError& e) { return complain(e.what(), 2); } catch (const Error& e) {
    return complain(e.what(), verb ? verb->trouble : 1);
  } catch (const std::bad_alloc&) {
    return complain((verb ? subject(*verb) : std::string()) + "not enough memory", verb ? verb->trouble : 1);
  } catch (const std::exception& e) {
    return complain((verb ? subject(*verb) : std::string()) + e.what(), verb ? verb->trouble : 1);
  }
}
