// The `harker` command: reads the command line, runs a verb, and turns errors into messages and exit statuses:
// 0 good, 1 the files differ or one is bad or missing, 2 wrong usage.
#include <harker/core/error.h>
#include <harker/version.h>
#include <CLI/CLI.hpp>
#include <cstdio>
#include <new>

#include "commands.h"
#include "out.h"

namespace {

int complain(std::string_view message) {
  std::string text = "harker: " + harker::cli::shown(message, true) + '\n';
  std::fwrite(text.data(), 1, text.size(), stderr);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace harker;
  CLI::App app("Looks into model files, checks, converts and compares them. Nothing in a file is ever executed.",
               "harker");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("harker ") + HARKER_VERSION);
  std::string file, other, key;
  cli::Conversion how;
  LoadOptions options{.mmap = true};
  bool json = false, keep = false;

  CLI::App* inspect = app.add_subcommand("inspect", "Print what a file holds, without reading the tensors' bytes");
  inspect->add_option("FILE", file)->required();
  inspect->add_flag("--json", json, "One JSON object with every detail");
  CLI::App* cat = app.add_subcommand("cat", "Write one tensor's elements to standard output: row-major, little-endian");
  cat->add_option("FILE", file)->required();
  cat->add_option("KEY", key, "A path such as optimizer.state.0.exp_avg, or a list in JSON: '[\"fc1.weight\"]'")
      ->required();
  CLI::App* verify = app.add_subcommand("verify", "Check everything in a file");
  verify->add_option("FILE", file)->required();
  CLI::App* convert = app.add_subcommand("convert", "Write a file in another format: by OUT's extension, or --to");
  convert->add_option("IN", file)->required();
  convert->add_option("OUT", other)->required();
  convert->add_option("--to", how.save.format, "torch, onnx, harker, ...")->type_name("FORMAT");
  convert->add_option("--only", options.only, "Convert one subtree: a path such as optimizer.state")->type_name("PATH");
  convert->add_option("--remove-prefix", how.prefix, "Take a prefix off a state dict's names: module.")
      ->type_name("PREFIX");
  convert->add_flag("--compact", how.save.compact, "PyTorch: of each storage, write only what tensors view");
  CLI::App* diff = app.add_subcommand("diff", "Name the entries in which two files differ, and by how much");
  diff->add_option("A", file)->required();
  diff->add_option("B", other)->required();
  for (CLI::App* verb : {inspect, cat, verify, convert, diff})
    verb->add_flag("--keep-unknown", keep, "Keep objects of unknown classes instead of refusing the file");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    complain(std::string(e.what()) + "\nRun 'harker --help' for the verbs and their arguments.");
    return 2;
  }
  options.unknown = keep ? Unknown::keep : Unknown::refuse;
  try {
    if (inspect->parsed()) return json ? cli::inspect_json(file, options) : cli::inspect(file, options);
    if (cat->parsed()) return cli::cat(file, key, options);
    if (verify->parsed()) return cli::verify(file, options);
    if (convert->parsed()) return cli::convert(file, other, how, options);
    return cli::diff(file, other, options);
  } catch (const Error& e) { return complain(e.what()); } catch (const std::bad_alloc&) {
    return complain(file + ": not enough memory");
  } catch (const std::exception& e) { return complain(file + ": " + e.what()); }
}
