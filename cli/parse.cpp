// The command line, by CLI11, from what the verbs say of themselves; a mistyped verb or option gets the nearest.
#include <harker/core/base/text.h>
#include <harker/version.h>
#include <CLI/CLI.hpp>
#include <algorithm>

#include "out.h"
#include "verb.h"

namespace harker::cli {
namespace {

using detail::str;

std::string did_you_mean(std::string_view name, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  const std::string_view near = detail::nearest(name, views.data(), views.size());
  return near.empty() ? std::string() : str("; did you mean ", detail::quoted(near), '?');
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
      if (!verb) return str("there is no verb ", detail::quoted(arg), did_you_mean(arg, verbs), help());
    } else if (arg.starts_with('-') && arg.size() > 1) {
      const std::string name = arg.substr(0, arg.find('='));
      std::vector<std::string> options;
      for (const CLI::Option* o : (verb ? *verb : app).get_options())
        for (const std::string& l : o->get_lnames()) options.push_back("--" + l);
      if (name == "-h" || std::find(options.begin(), options.end(), name) != options.end()) continue;
      return str(verb ? verb->get_name() + ": " : "", "there is no option ", detail::quoted(name),
                 did_you_mean(name, options), help());
    }
  }
  return (verb ? verb->get_name() + ": " + said : "a verb is needed") + help();
}

void add(CLI::App& app, const Argument& a) {
  const std::string name = a.letter.empty() ? a.name : a.letter + ',' + a.name;
  CLI::Option* option = std::visit(
      [&](auto* to) {
        if constexpr (std::same_as<decltype(to), bool*>)
          return app.add_flag(name, *to, a.help);
        else
          return app.add_option(name, *to, a.help);
      },
      a.to);
  if (!a.is_option()) option->required();
  if (!a.value.empty()) option->type_name(a.value);
  if (!a.value.empty() && !std::holds_alternative<std::int64_t*>(a.to))  // would change nothing without a word
    option->check([](const std::string& v) { return v.empty() ? "it is empty" : std::string(); });
  if (std::holds_alternative<std::vector<std::string>*>(a.to) && a.is_option()) option->allow_extra_args(false);
}

std::string footer(const Verb& verb) {
  std::string out = verb.examples.empty() ? "" : "Examples:\n";
  for (const Example& e : verb.examples) out += str("  ", e.command, "\n      ", e.says, '\n');
  return str(out, out.empty() ? "" : "\n", "Exit status: ", verb.statuses, '.');
}

}  // namespace

Verb* parse(const Verbs& verbs, int argc, char** argv) {
  CLI::App app(kAbout, "harker");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("harker ") + HARKER_VERSION);
  app.footer(kStandardInput);
  std::vector<std::pair<CLI::App*, Verb*>> commands;
  for (const auto& verb : verbs) {
    CLI::App* command = app.add_subcommand(std::string(verb->name), std::string(verb->help));
    for (const Argument& a : verb->arguments) add(*command, a);
    command->footer(footer(*verb));
    commands.emplace_back(command, verb.get());
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() != 0) throw UsageError(usage_message(app, {argv + 1, argv + argc}, e.what()));
    std::ostringstream text;
    app.exit(e, text, text);
    Out out;
    out << text.str();
    out.flush();
    return nullptr;
  }
  for (const auto& [command, verb] : commands)
    if (command->parsed()) return verb;
  return nullptr;
}

}  // namespace harker::cli
