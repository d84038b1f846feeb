// What the command writes of itself: completion for three shells and the manual page have every verb and every option.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/serialize.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "cli/run.h"

using namespace harker;
using namespace harker::test;

namespace {

std::set<std::string> all_matches(const std::string& text, const char* pattern) {
  std::set<std::string> all;
  const std::regex regex(pattern);
  for (std::sregex_iterator i(text.begin(), text.end(), regex), end; i != end; ++i) all.insert((*i)[1]);
  return all;
}

bool is_there(const char* program) {
  return run_program("/bin/sh", {"-c", "command -v " + std::string(program)}).status == 0;
}

/// What bash offers for a line; the last word is the one that is being typed.
std::string offered(const std::string& words) {
  const Run r = run_program("/bin/sh", {"-c", R"(exec bash -c 'PATH=$(dirname "$0"):$PATH
source <("$0" completion bash)
COMP_WORDS=()" + words + R"()
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_harker
printf "%s " "${COMPREPLY[@]}"' "$0")",
                                        HARKER_CLI});
  CHECK_MESSAGE(r.err.empty(), r.err);
  return r.out;
}

}  // namespace

TEST_CASE("cli: completion and the manual page have every verb and option, and help has examples") {
  const std::string help = harker_command({"--help"}).out;
  const auto verbs = all_matches(help.substr(help.find("Subcommands:")), "\n  ([a-z]+) ");
  CHECK(verbs.size() >= 10);
  std::string man = std::regex_replace(harker_command({"man"}).out, std::regex("\\\\-"), "-");
  std::map<std::string, std::string> scripts;
  for (const char* shell : {"bash", "zsh", "fish"}) scripts[shell] = harker_command({"completion", shell}).out;
  for (const std::string& verb : verbs) {
    CAPTURE(verb);
    const std::string own = harker_command({verb, "--help"}).out;
    CHECK(own.find("\nExamples:\n  ") != std::string::npos);
    CHECK(own.find("\nExit status: 0 ") != std::string::npos);
    CHECK(man.find("\n.SS " + verb + "\n") != std::string::npos);
    const std::string section = man.substr(man.find("\n.SS " + verb + "\n"));
    const std::string bash = scripts["bash"].substr(scripts["bash"].find("    " + verb + ") words='"));
    const std::string zsh = scripts["zsh"].substr(scripts["zsh"].find("    " + verb + ")\n"));
    for (const std::string& option : all_matches(own, "(?:^|[ ,])--([a-z-]+)")) {
      CAPTURE(option);
      if (own.find("  --" + option) == std::string::npos && option != "help") continue;  // of an example
      if (option != "help")
        CHECK(section.substr(0, section.find("\n.SS ", 1)).find("--" + option) != std::string::npos);
      CHECK(bash.substr(0, bash.find(";;")).find("--" + option) != std::string::npos);
      CHECK(zsh.substr(0, zsh.find(";;")).find("--" + option + '[') != std::string::npos);
      CHECK(scripts["fish"].find("from " + verb + "' -l " + option) != std::string::npos);
    }
  }
  CHECK(harker_command({"completion", "tcsh"}).status == 2);
}

TEST_CASE("cli: bash completes verbs, options, their values and the keys of a file") {
  if (!is_there("bash")) return;
  TempFolder t;
  save(Value::dict({{"fc1.weight", ones({2})},
                    {"fc1.bias", ones({2})},
                    {"out.weight", ones({2})},
                    {"$(touch " + (t / "x") + ")", ones({2})}}),
       t / "a.pt");
  CHECK(offered("harker ve") == "verify ");
  CHECK(offered("harker \"\"").find("inspect cat ") == 0);
  CHECK(offered("harker inspect --de") == "--depth ");
  CHECK(offered("harker convert a.pt b --to on") == "onnx ");
  CHECK(offered("harker completion z") == "zsh ");
  CHECK(offered("harker inspect --depth \"\"") == " ");
  CHECK(offered("harker inspect \"\"") == " ");  // bash's own: files
  CHECK(offered("harker cat " + t / "a.pt" + " fc1.") == "fc1.weight fc1.bias ");
  CHECK(offered("harker cat --text " + t / "a.pt" + " o") == "out.weight ");
  CHECK(offered("harker cat " + t / "none.pt" + " o") == " ");
  CHECK(offered("harker cat " + t / "a.pt" + " '$'").starts_with("\\$\\(touch\\ "));
  CHECK(!std::filesystem::exists(t / "x"));
}

TEST_CASE("cli: shells and roff take what is written for them") {
  const std::pair<const char*, const char*> checks[] = {{"bash", "\"$0\" completion bash | bash -n"},
                                                        {"zsh", "\"$0\" completion zsh | zsh -n"},
                                                        {"fish", "\"$0\" completion fish | fish --no-execute"},
                                                        {"groff", "\"$0\" man | groff -man -Tascii -ww -z"},
                                                        {"mandoc", "\"$0\" man | mandoc -T lint -W error"}};
  for (const auto& [program, command] : checks) {
    if (!is_there(program)) continue;
    const Run r = run_program("/bin/sh", {"-c", command, HARKER_CLI});
    CHECK_MESSAGE(r.status == 0, program, r.out, r.err);
    CHECK_MESSAGE(r.err.empty(), program, r.err);
  }
  std::istringstream page(harker_command({"man"}).out);
  for (std::string line; std::getline(page, line);)  // a dot at the beginning would be a request
    if (line.starts_with('.'))
      CHECK_MESSAGE(std::regex_search(line, std::regex("^\\.(TH|SH|SS|TP|PP|B|I|BR|nf|fi|RS|RE|br)( |$)")), line);
}
