// Refusals name all that is in the way, as far as a message goes, so that it can be taken out at once.
#include <harker/serialize/value/named_tensors.h>

#include <harker/core/base/text.h>
#include <harker/core/warning.h>
#include <harker/serialize/value/python_literal.h>

namespace harker {

using detail::quoted;
using detail::str;
using detail::throw_error;

std::vector<NamedValue> named_values(const Value& root, std::string_view format,
                                     FunctionRef<std::string(const Value&)> why) {
  if (!root.is_dict()) throw_error<TypeError>(format, ": holds tensors by name: a dict, not a ", root.type_name());
  constexpr std::size_t kLongest = 300;
  std::vector<NamedValue> out;
  std::string list;
  std::size_t wrong = 0, shown = 0;
  for (const auto& [key, v] : root.items()) {
    const std::string reason = key.is_string() ? why(v) : str("its key is no string, but ", key.type_name());
    if (reason.empty()) {
      out.push_back({key.as_string(), &v});
      continue;
    }
    ++wrong;
    if (list.size() > kLongest) continue;
    list += str(shown++ > 0 ? "; " : "",
                key.is_string() ? quoted(key.as_string(), 60) : str("entry ", out.size() + wrong), ": ", reason);
  }
  if (wrong == 0) return out;
  throw_error<TypeError>(format, ": cannot hold ", list, wrong > shown ? str(", and ", wrong - shown, " more") : "");
}

std::string unready(const Value& v) {
  if (v.kind() == Value::Kind::opaque) return str(v.as_opaque().module, '.', v.as_opaque().name, ", no tensor");
  if (!v.is_tensor()) return str(v.type_name(), ", no tensor");
  if (v.conj() || v.neg()) return "a lazy conjugate or negative view: make a copy of it first";
  const Device device = v.lazy_tensor().device();
  return device == kCPU ? "" : str("a tensor on ", name(device));
}

namespace {

// {'': {'version': 1}, 'fc1': {'version': 1}} as torch has it: an OrderedDict of dicts.
bool append_metadata(std::string& out, const Value& v) {
  if (!v.is_dict() || v.flavour() != DictFlavour::ordered_dict || !v.attributes().is_none()) return false;
  for (const auto& [module, facts] : v.items()) {
    if (!facts.is_dict() || facts.flavour() != DictFlavour::dict) return false;
    for (const auto& [key, fact] : facts.items())
      if (fact.is_container()) return false;
  }
  return append_literal(out, v);
}

}  // namespace

std::string note_of(const Value& root, std::string_view format, std::string_view kept) {
  const bool ordered = root.flavour() == DictFlavour::ordered_dict;
  std::string metadata;
  if (root.attributes().is_dict()) {
    for (const auto& [key, v] : root.attributes().items()) {
      if (key.is_string() && key.as_string() == kept) continue;
      const bool known = key.is_string() && key.as_string() == "_metadata";
      if (known && append_metadata(metadata, v)) continue;
      if (known) metadata.clear();
      warn(str("save: ", format, " has no place for the attribute ",
               key.is_string() ? quoted(key.as_string()) : std::string(key.type_name()), ": it is not written"));
    }
  }
  if (ordered && metadata.empty()) return {};
  std::string out(kNote);
  out += ordered ? "{'type': 'OrderedDict'" : "{'type': 'dict'";
  if (!metadata.empty()) out += ", '_metadata': " + metadata;
  return out + '}';
}

Value dict_noted(std::string_view note, std::string_view what) {
  const auto wrong = [&] { throw_error<FormatError>(what, ": is no note of harker's: ", quoted(note)); };
  if (!note.starts_with(kNote)) wrong();
  const Value said = read_literal(note.substr(kNote.size()), what);
  if (!said.is_dict()) wrong();
  DictFlavour flavour = DictFlavour::dict;
  Value metadata;
  for (const auto& [key, v] : said.items()) {
    if (key.as_string() == "type" && v.is_string() && (v.as_string() == "dict" || v.as_string() == "OrderedDict")) {
      if (v.as_string() == "OrderedDict") flavour = DictFlavour::ordered_dict;
    } else if (key.as_string() == "_metadata" && v.is_dict()) {
      metadata = Value::ordered_dict({v.items().begin(), v.items().end()});
      std::string again;
      if (!append_metadata(again, metadata)) wrong();
    } else {
      wrong();
    }
  }
  Value out = Value::dict({}, flavour);
  if (!metadata.is_none()) out.set_attributes(Value::dict({{"_metadata", metadata}}));
  return out;
}

}  // namespace harker
