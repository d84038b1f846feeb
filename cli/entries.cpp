// What is one line, and what is none.
#include "entries.h"

#include <algorithm>

#include "json.h"
#include "match.h"

namespace harker::cli {
namespace {

using Kind = Value::Kind;

bool is_number(const Value& v) { return v.is_none() || v.is_bool() || v.is_int() || v.is_float() || v.is_complex(); }

Shape shape_of(const Value& v) {
  if (v.kind() == Kind::size) return v.as_size();
  std::vector<std::int64_t> sizes;
  if (v.is_tuple() || v.is_list())
    for (const Value& e : v.elements())
      if (e.is_int() && e.fits_int64() && e.as_int() >= 0) sizes.push_back(e.as_int());
  return Shape(std::span<const std::int64_t>(sizes));
}

/// The state of a torch.nn.Module.
bool is_module(const Value& v) {
  if (v.kind() != Kind::opaque || !v.as_opaque().state.is_dict()) return false;
  const Value& state = v.as_opaque().state;
  return state.contains("_parameters") && state.contains("_modules");
}

}  // namespace

std::optional<KeptTensor> kept_tensor(const Value& v) {
  if (v.kind() != Kind::opaque || !v.as_opaque().called) return std::nullopt;
  const Value::Opaque& o = v.as_opaque();
  if (o.module == "torch._utils" && o.name == "_rebuild_meta_tensor_no_storage" && o.args.is_tuple() &&
      o.args.len() >= 2 && o.args[0].kind() == Kind::dtype)
    return KeptTensor{std::string(name(o.args[0].as_dtype())), shape_of(o.args[1]), 0, nullptr, true};
  if (!o.state.is_dict()) return std::nullopt;
  const Value *shape = o.state.find("shape"), *nbytes = o.state.find("nbytes"), *data = o.state.find("data");
  if (!shape || !nbytes || !nbytes->is_int() || !nbytes->fits_int64() || nbytes->as_int() < 0) return std::nullopt;
  return KeptTensor{json::class_name(v), shape_of(*shape), static_cast<std::uint64_t>(nbytes->as_int()),
                    data && data->is_tensor() ? data : nullptr};
}

std::string shape_text(const Shape& s) {
  std::string out = "[";
  for (int i = 0; i < s.rank(); ++i) out += (i ? ", " : "") + std::to_string(s[i]);
  return out + ']';
}

/// Whether the entry of that depth stands in the state of a module.
bool Entries::is_of_module(std::size_t depth) const { return depth >= 2 && is_module(*above_[depth - 2]); }

bool Entries::is_unset_in_module(std::size_t depth) const {
  if (!is_of_module(depth)) return false;
  const Value& v = *above_[depth];
  const Step& step = walk_.key().back();
  return step.key && step.key->is_string() && step.key->as_string().starts_with('_') &&
         (v.is_none() || (v.is_container() && v.len() == 0));
}

bool Entries::next() {
  while (walk_.next()) {
    const std::size_t depth = walk_.key().size();
    if (fold_ != kNone && depth > fold_) continue;
    fold_ = kNone;
    const Value& v = walk_.value();
    above_.resize(depth);
    above_.push_back(&v);
    if (is_unset_in_module(depth)) continue;
    object_ = false;
    if (!walk_.is_ref() && child_count(v) > 0) {
      const bool row = v.is_list() || v.is_tuple();
      if (kept_tensor(v) || (row && std::all_of(v.elements().begin(), v.elements().end(), is_number)))
        fold_ = depth;
      else if (v.kind() == Kind::opaque)
        object_ = true;
      else
        continue;
    }
    if (matches(match_, walk_.path())) return true;
  }
  return false;
}

const std::vector<std::string>& Entries::place() {
  place_.clear();
  for (std::size_t i = 0; i < walk_.key().size(); ++i) {
    const Step& step = walk_.key()[i];
    if (step.part && is_module(*above_[i])) continue;  // <state>
    if (!step.key || !step.key->is_string()) {
      place_.push_back(step_text(step));
      continue;
    }
    std::string_view s = step.key->as_string();
    if (is_of_module(i + 1) && (s == "_modules" || s == "_parameters" || s == "_buffers")) continue;
    for (std::size_t dot; (dot = s.find('.')) != s.npos && dot > 0 && dot + 1 < s.size(); s.remove_prefix(dot + 1))
      place_.emplace_back(s.substr(0, dot));
    place_.emplace_back(s);
  }
  return place_;
}

}  // namespace harker::cli
