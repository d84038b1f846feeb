// OptionIO: one description of the options of an optimizer or scheduler serves both ways, writing their dict under
// torch's keys and reading it back. `io.number("lr", o.lr)` writes or reads, whichever this OptionIO was made for.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <harker/core/value.h>

namespace harker HARKER_PUBLIC {
namespace optim {

/// How a number that equals its default is written: torch's signatures say `weight_decay=0` but `lr=0.001`, and so do
/// its files.
enum class Written { as_float, as_int_if_zero };

/// The number that a value of a file is to Python: an int, a float, a bool, NumPy's scalar, or a tensor or NumPy's
/// array of one element. Nothing for anything else, and for what no double can hold.
std::optional<double> number_in(const Value& v);
/// The same, or a TypeError that says what it is instead.
inline double as_number(const Value& v) {
  const std::optional<double> d = number_in(v);
  return d ? *d : v.as_double();
}
/// As number_in, where an int of 64 bits is wanted: 50.0 is one.
std::optional<std::int64_t> integer_in(const Value& v);

class OptionIO {
 public:
  /// Writes into `items`; where the value in `loaded` (a dict or None) is the same number, that one is kept: 0 stays an
  /// int, NumPy's float64 one of NumPy's.
  /// `tuples` are those written for other groups: equal ones are one object, as torch's groups share the default betas.
  OptionIO(std::vector<Value::Item>& items, std::vector<Value>& tuples, const Value& loaded)
      : items_(&items), tuples_(&tuples), loaded_(loaded) {}
  /// Reads from `group`; `path` ("param_groups[0]") is for errors. A key that is absent leaves its option as it is.
  OptionIO(const Value& group, std::string path) : loaded_(group), path_(std::move(path)) {}

  void number(std::string_view key, double& v, Written how = Written::as_float);
  void integer(std::string_view key, std::int64_t& v);
  void flag(std::string_view key, bool& v);
  void text(std::string_view key, std::string& v);
  /// A list of numbers.
  void numbers(std::string_view key, std::vector<double>& v, Written how = Written::as_float);
  void pair(std::string_view key, std::array<double, 2>& v);
  /// For what the others cannot say: the value that is read, null when it is absent or this OptionIO writes.
  const Value* read(std::string_view key) const { return writing() ? nullptr : find(key); }
  /// Writes, if this OptionIO does.
  void write(std::string_view key, Value v);
  bool writing() const { return items_ != nullptr; }
  /// TypeError: "load_state_dict: path['key'] should be EXPECTED, it is a str".
  [[noreturn]] void wrong(std::string_view key, std::string_view expected, const Value& found) const;
  /// An option of torch's that changes no result here (`foreach`, `fused`): written as `v` unless a file said
  /// otherwise.
  void fixed(std::string_view key, const Value& v);

 private:
  const Value* find(std::string_view key) const;
  double read_number(std::string_view key, const Value& v) const;
  std::vector<Value::Item>* items_ = nullptr;
  std::vector<Value>* tuples_ = nullptr;
  Value loaded_;
  std::string path_;
};

/// The dict that a state is written as: the entries of `loaded` (a dict or None) in their order, with what `items` has
/// for them, then the other items.
Value in_loaded_order(const Value& loaded, std::vector<Value::Item> items);

}  // namespace optim
}  // namespace harker
