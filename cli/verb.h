// A verb of the command line says what it is: its name, a line of help, examples, and the arguments it takes. The parser,
// help, completion and the man page are all made from that. Adding a verb is a subclass in a file of its own, a
// declaration at the end of this one, and a row in main.cpp's table.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <harker/serialize/serialize.h>

namespace harker::cli {

/// Wrong usage that shows only when a verb looks at its arguments; nothing was read or written.
struct UsageError : Error {
  using Error::Error;
};

/// One argument. What the user gives goes to `to`: a flag to a bool, what may be repeated to a vector.
struct Argument {
  std::string name;   ///< "--depth"; "FILE" for what is given by its place
  std::string value;  ///< what stands behind an option: "N"; empty for a flag
  std::string help;
  std::variant<bool*, std::int64_t*, std::string*, std::vector<std::string>*> to;
  enum class What : std::uint8_t { text, file, key } what = What::text;  ///< a key is an entry of the FILE before it
  std::vector<std::string> choices = {};                                 ///< for completion
  std::string letter = {};                                               ///< "-o": the same in short

  bool is_option() const { return name.starts_with('-'); }
};

struct Example {
  std::string_view command, says;  ///< "harker inspect model.pt", "what is in it"
};

class Verb {
 public:
  virtual ~Verb() = default;
  /// The exit status; throws UsageError for arguments that cannot be meant, and Error for anything wrong with a file.
  virtual int run() = 0;

  const std::string_view name, help;
  std::vector<Example> examples;
  std::vector<Argument> arguments;
  /// The exit status for a file that is damaged, missing or too large for memory, and what help says of all of them.
  int trouble = 1;
  std::string_view statuses = "0 good, 1 a file is bad or missing, 2 wrong usage";

 protected:
  Verb(std::string_view verb, std::string_view line) : name(verb), help(line) {}
  void file(std::string& to, const char* label, const char* text = "A model file, or - for standard input") {
    arguments.push_back({label, {}, text, &to, Argument::What::file});
  }
  /// One or more.
  void files(std::vector<std::string>& to, const char* label, const char* text = "Model files; - is standard input") {
    arguments.push_back({label, {}, text, &to, Argument::What::file});
  }
  void key(std::string& to, const char* label, const char* text) {
    arguments.push_back({label, {}, text, &to, Argument::What::key});
  }
  void flag(bool& to, const char* option, const char* text) { arguments.push_back({option, {}, text, &to}); }
  template <class T>  // a number, a text, or several texts
  void option(T& to, const char* label, const char* value, const char* text, std::vector<std::string> choices = {}) {
    arguments.push_back({label, value, text, &to, Argument::What::text, std::move(choices)});
  }
  /// --keep-unknown, for load_options().
  void loads() {
    flag(keep_unknown_, "--keep-unknown", "Keep objects of unknown classes instead of refusing the file");
  }
  LoadOptions load_options() const {
    return {.mmap = true, .unknown = keep_unknown_ ? Unknown::keep : Unknown::refuse};
  }

 private:
  bool keep_unknown_ = false;
};

/// What help and the man page say of the whole.
inline constexpr const char *kSummary = "look into model files, check, convert and compare them",
                            *kAbout =
                                "Looks into model files, checks, converts and compares them. Formats are told "
                                "apart by content. Nothing in a file is ever executed.",
                            *kStandardInput = "A FILE named - is standard input. Every verb has --help.";

using Verbs = std::vector<std::unique_ptr<Verb>>;
/// The table of all of them, in the order of the help.
Verbs all_verbs();

/// Reads the command line into a verb's arguments and returns it; null when the help or version was asked for and
/// printed. UsageError, with the nearest name, for what is not understood.
Verb* parse(const Verbs& verbs, int argc, char** argv);

std::unique_ptr<Verb> inspect_verb();
std::unique_ptr<Verb> cat_verb();
std::unique_ptr<Verb> stats_verb();
std::unique_ptr<Verb> hash_verb();
std::unique_ptr<Verb> scan_verb();
std::unique_ptr<Verb> verify_verb();
std::unique_ptr<Verb> convert_verb();
std::unique_ptr<Verb> diff_verb();
std::unique_ptr<Verb> merge_verb();
std::unique_ptr<Verb> bench_verb();
std::unique_ptr<Verb> completion_verb();
std::unique_ptr<Verb> man_verb();

}  // namespace harker::cli
