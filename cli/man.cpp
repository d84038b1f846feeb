// `harker man`: the manual page, in roff, written from what the verbs say of themselves.
#include <harker/core/base/text.h>
#include <harker/version.h>

#include "out.h"
#include "verb.h"

namespace harker::cli {
namespace {

using detail::str;

/// As text: no roff in it, and hyphens that can be copied as such.
std::string plain(std::string_view s) {
  std::string out = s.starts_with('.') || s.starts_with('\'') ? "\\&" : "";
  for (char c : s) out += c == '\\' ? std::string("\\e") : c == '-' ? std::string("\\-") : std::string(1, c);
  return out;
}
std::string bold(std::string_view s) { return "\\fB" + plain(s) + "\\fR"; }
std::string italic(std::string_view s) { return "\\fI" + plain(s) + "\\fR"; }

std::string usage(const Verb& v) {
  std::string out = bold(str("harker ", v.name));
  for (const Argument& a : v.arguments) {
    const bool many = std::holds_alternative<std::vector<std::string>*>(a.to);
    if (!a.is_option())
      out += ' ' + italic(a.name) + (many ? " ..." : "");
    else
      out += " [" + bold(a.name) + (a.value.empty() ? "" : " " + italic(a.value)) + ']' + (many ? " ..." : "");
  }
  return out;
}

std::string section(const Verb& v) {
  std::string out = str(".SS ", v.name, '\n', usage(v), "\n.PP\n", plain(v.help), ".\n");
  for (const Argument& a : v.arguments)
    out += str(".TP\n", a.is_option() ? bold(a.name) + (a.value.empty() ? "" : " " + italic(a.value)) : italic(a.name),
               '\n', plain(a.help), ".\n");
  for (const Example& e : v.examples)
    out += str(".PP\n", plain(e.says), ":\n.PP\n.nf\n.RS\n", plain(e.command), "\n.RE\n.fi\n");
  return out + str(".PP\nExit status: ", plain(v.statuses), ".\n");
}

class Man : public Verb {
 public:
  Man() : Verb("man", "Print the manual page, for man(1)") {
    statuses = "0 good, 2 wrong usage";
    examples = {{"harker man | man -l -", "read it where it is not installed"}};
  }
  int run() override {
    Out out;
    out << ".TH HARKER 1 \"\" \"harker " HARKER_VERSION "\" \"User Commands\"\n.SH NAME\nharker \\- " << plain(kSummary)
        << "\n.SH SYNOPSIS\n.B harker\n.I verb\n[options] [files]\n.br\n.B harker\n[\\fB\\-\\-help\\fR | "
           "\\fB\\-\\-version\\fR]\n.SH DESCRIPTION\n"
        << plain(kAbout) << "\n.PP\n"
        << plain(kStandardInput) << "\n.SH VERBS\n";
    for (const auto& verb : all_verbs()) out << section(*verb);
    out << ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nNo colours on a terminal, whatever its value.\n.TP\n.BR LC_ALL , "
           "LC_CTYPE , LANG\nWhether histograms may use more than ASCII.\n";
    out.flush();
    return 0;
  }
};

}  // namespace

std::unique_ptr<Verb> man_verb() { return std::make_unique<Man>(); }

}  // namespace harker::cli
