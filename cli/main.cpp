// The `harker` command: reads the command line, runs a verb, and turns errors into messages and exit statuses. As
// everywhere: 0 good, 1 a bad file, 2 wrong usage; diff's are those of diff(1): 0 the same, 1 different, 2 trouble.
#include <harker/core/base/text.h>
#include <harker/serialize/option_names.h>
#include <harker/version.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <new>
#include <string>
#include <vector>

#include "commands.h"
#include "out.h"

namespace {

using harker::detail::str;

int complain(std::string_view message, int status) {
  std::string text = "harker: " + harker::cli::shown(message, true) + '\n';
  std::fwrite(text.data(), 1, text.size(), stderr);
  return status;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  const std::string_view near = harker::detail::nearest(name, views.data(), views.size());
  return near.empty() ? std::string() : str("; did you mean ", harker::detail::quoted(near), '?');
}

/// The verb or option that was not known, with the nearest one; else what CLI11 says.
std::string usage_message(const CLI::App& app, const std::vector<std::string>& args, std::string said) {
  const CLI::App* verb = nullptr;
  auto help = [&] {
    return str("\nRun 'harker ", verb ? verb->get_name() + ' ' : "", "--help' for the ", verb ? "options." : "verbs.");
  };
  for (const std::string& arg : args) {
    if (arg == "--") break;
    if (!verb && !arg.starts_with('-')) {
      std::vector<std::string> verbs;
      for (const CLI::App* v : app.get_subcommands({})) {
        verbs.push_back(v->get_name());
        if (v->get_name() == arg) verb = v;
      }
      if (!verb) return str("there is no verb ", harker::detail::quoted(arg), did_you_mean(arg, verbs), help());
    } else if (arg.starts_with('-') && arg.size() > 1) {
      const std::string name = arg.substr(0, arg.find('='));
      std::vector<std::string> options;
      for (const CLI::Option* o : (verb ? *verb : app).get_options())
        for (const std::string& l : o->get_lnames()) options.push_back("--" + l);
      if (name == "-h" || std::find(options.begin(), options.end(), name) != options.end()) continue;
      return str(verb ? verb->get_name() + ": " : "", "there is no option ", harker::detail::quoted(name),
                 did_you_mean(name, options), help());
    }
  }
  return (verb ? verb->get_name() + ": " + said : "a verb is needed") + help();
}

}  // namespace

int main(int argc, char** argv) {
  using namespace harker;
  CLI::App app("Looks into model files, checks, converts and compares them. Nothing in a file is ever executed.",
               "harker");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("harker ") + HARKER_VERSION);
  app.footer(
      "A FILE named - is standard input.\nExit status: 0 good, 1 a file is bad or missing, 2 wrong usage; diff: 0 "
      "equal, 1 different, 2 trouble.");
  std::string file, other, key;
  cli::Conversion how;
  LoadOptions options{.mmap = true};
  bool json = false, keep = false, plain = false;

  CLI::App* inspect = app.add_subcommand("inspect", "Print what a file holds, without reading the tensors' bytes");
  inspect->add_option("FILE", file, "A model file, or - for standard input")->required();
  inspect->add_flag("--json", json, "One JSON object with every detail");
  CLI::App* cat = app.add_subcommand("cat", "Write one tensor's elements to standard output: row-major, little-endian");
  cat->add_option("FILE", file, "A model file, or - for standard input")->required();
  cat->add_option("KEY", key, "A path such as optimizer.state.0.exp_avg, or a list in JSON: '[\"fc1.weight\"]'")
      ->required();
  CLI::App* verify = app.add_subcommand("verify", "Check everything in a file");
  verify->add_option("FILE", file, "A model file, or - for standard input")->required();
  CLI::App* convert = app.add_subcommand("convert", "Write a file in another format: by OUT's extension, or --to");
  convert->add_option("IN", file, "A model file, or - for standard input")->required();
  convert->add_option("OUT", other, "The file to write; one that is there is replaced, unless it is read-only")
      ->required();
  convert->add_option("--to", how.save.format, "torch, onnx, harker, ...")->type_name("FORMAT");
  convert->add_option("--only", options.only, "Convert one subtree: a path such as optimizer.state")->type_name("PATH");
  convert->add_option("--remove-prefix", how.prefix, "Take a prefix off a state dict's names: module.")
      ->type_name("PREFIX");
  for (const char* option : {"--to", "--only", "--remove-prefix"})  // an empty one would change nothing without a word
    convert->get_option(option)->check([](const std::string& v) { return v.empty() ? "it is empty" : std::string(); });
  convert->add_flag("--compact", how.save.compact, "PyTorch: of each storage, write only what tensors view");
  convert->add_flag("--plain", plain, "Safetensors: the bytes of its own writer, without a note of order and versions");
  convert->add_flag("--force", how.force, "OUT may be IN itself");
  CLI::App* diff = app.add_subcommand("diff", "Name the entries in which two files differ, and by how much");
  diff->add_option("A", file, "A model file, or - for standard input")->required();
  diff->add_option("B", other, "The other one")->required();
  for (CLI::App* verb : {inspect, cat, verify, convert, diff})
    verb->add_flag("--keep-unknown", keep, "Keep objects of unknown classes instead of refusing the file");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    return complain(usage_message(app, {argv + 1, argv + argc}, e.what()), 2);
  }
  // Here options are called by the names they have on this command line; the limits have none.
  set_option_names({.keep_unknown = "--keep-unknown",
                    .only = "--only",
                    .max_opcodes = nullptr,
                    .max_depth = nullptr,
                    .max_memo = nullptr,
                    .max_bytes = nullptr,
                    .format = "--to FORMAT"});
  how.save.faithful = !plain;  // nothing is lost on the way, unless that is asked for
  options.unknown = keep ? Unknown::keep : Unknown::refuse;
  const int trouble = diff->parsed() ? 2 : 1;
  try {
    if (inspect->parsed()) return json ? cli::inspect_json(file, options) : cli::inspect(file, options);
    if (cat->parsed()) return cli::cat(file, key, options);
    if (verify->parsed()) return cli::verify(file, options);
    if (convert->parsed()) return cli::convert(file, other, how, options);
    return cli::diff(file, other, options);
  } catch (const cli::UsageError& e) { return complain(e.what(), 2); } catch (const Error& e) {
    return complain(e.what(), trouble);
  } catch (const std::bad_alloc&) {
    return complain(cli::name_of(file) + ": not enough memory", trouble);
  } catch (const std::exception& e) { return complain(cli::name_of(file) + ": " + e.what(), trouble); }
}
