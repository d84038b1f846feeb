// What formats that hold tensors by name, and nothing else, ask of a Value: that it is such a dict; and the note in
// which they keep what they have no place for.
//
//   note = "harker 1 {'type': 'dict' | 'OrderedDict', '_metadata': {module: {'version': 1, ...}, ...}}"
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <harker/core/base/function_ref.h>
#include <harker/core/value.h>

namespace harker {

struct NamedValue {
  std::string_view name;
  const Value* value;
};
/// The entries of a dict. `why` says why one cannot be held, or "". TypeError, beginning with `format` (".npz"), that
/// lists those with their paths; also for keys that are no strings.
std::vector<NamedValue> named_values(const Value& root, std::string_view format,
                                     FunctionRef<std::string(const Value&)> why);
/// Why a tensor's elements cannot be copied out as they are, or "": they are not on the CPU, or a lazy conjugate.
std::string unready(const Value& tensor);

inline constexpr std::string_view kNote("harker 1 ");
/// The note for a dict; "" when there is nothing to keep: an OrderedDict, as which files without a note are read, and no
/// metadata. Attributes that it has no words for are lost, with a warning,
/// except those in `kept`.
std::string note_of(const Value& root, std::string_view format, std::string_view kept = {});
/// An empty dict of the class and with the attributes that `note` says. FormatError (beginning with `what`) for a note
/// that is none.
Value dict_noted(std::string_view note, std::string_view what);

}  // namespace harker
