// What each kind of value becomes, in the order of CPython's C pickler; what holds others is left to frames
// (pickler_frames.cpp).
#include <harker/serialize/torch/torch_pickler.h>

#include <algorithm>

#include <harker/core/base/text.h>
#include <harker/core/warning.h>
#include <harker/serialize/value/allowed_globals.h>
#include <harker/serialize/value/value_paths.h>

namespace harker::pt {

using enum Opcode;

namespace {

constexpr int kMostOpen = 1000;

bool all_tensors(const Value& dict) {
  return dict.len() > 0 && std::all_of(dict.items().begin(), dict.items().end(),
                                       [](const auto& item) { return item.second.is_tensor(); });
}

// Does weights_only build this? Of what is kept as a call: tensors without bytes, and those with attributes.
bool safe(const Value::Opaque& o) {
  if (!weights_only_allows(o.module, o.name)) return false;
  if (!o.called) return true;
  return keeps_calls(allowed_global(o.module, o.name).what) && !o.newobj && o.state.is_none() && o.appended.empty() &&
         o.assigned.empty();
}

}  // namespace

std::string TorchPickler::run() {
  save(root_);
  while (!frames_.empty()) step();
  if (unsafe_count_ > 0) {
    const std::string what = "torch: torch.load(weights_only=True) cannot read back " + unsafe_listed();
    if (options_.weights_only_safe) detail::throw_error<Error>(what, " (refused: SaveOptions::weights_only_safe)");
    warn(what);
  }
  return out_.finish();
}

void TorchPickler::put(const Value& v) { memo_[v.id()] = out_.put(); }

// Writes a reference when the object was met before.
bool TorchPickler::met(const Value& v) {
  const auto at = memo_.find(v.id());
  if (at == memo_.end()) return false;
  out_.get(at->second);
  return true;
}

// An object is memoised only after its arguments. One that lies in them is begun again there, which ends where the way
// back leads through a list or dict (memoised before its items); where it does not, it would never end.
void TorchPickler::open(const Value& v) {
  if (++opened_[v.id()] > kMostOpen)
    detail::throw_error<Error>("torch: the ", v.type_name(), " at ", path_of(v),
                               " is among the values it is made from: a pickle cannot hold that (nor can torch.save)");
}

void TorchPickler::check_attributes(const Value& v) const {
  if (!v.attributes().is_dict()) return;
  for (const auto& [key, value] : v.attributes().items())
    if (!key.is_string())
      detail::throw_error<Error>("torch: an attribute whose name is no string but a ", key.type_name(), ", at ",
                                 path_of(v));
}

void TorchPickler::save(const Value& v, Keys keys) {
  switch (v.kind()) {
    case Value::Kind::none: return out_.none();
    case Value::Kind::boolean: return out_.boolean(v.as_bool());
    case Value::Kind::integer:
      if (v.fits_int64()) return out_.integer(v.as_int());
      if (v.integer_bytes().size() > 255) not_safe(v, "an integer of more than 255 bytes");
      return out_.big_integer(v.integer_bytes());
    case Value::Kind::floating: return out_.floating(v.as_double());
    case Value::Kind::dtype: return out_.global("torch", name(v.as_dtype()));
    case Value::Kind::string: return save_string(v, Keys::plain);
    case Value::Kind::layout: return save_layout(v.as_name());
    case Value::Kind::bytes: return save_bytes(v);
    default: break;
  }
  if (met(v)) return;
  switch (v.kind()) {
    case Value::Kind::list:
      out_.op(EMPTY_LIST);
      put(v);
      if (v.len() > 0) push(Frame::list, v);
      return;
    case Value::Kind::tuple:
      if (v.len() == 0) return out_.op(EMPTY_TUPLE);
      if (v.len() > 3) out_.op(MARK);
      return push(Frame::tuple, v);
    case Value::Kind::dict: return save_dict(v, keys);
    case Value::Kind::set:
    case Value::Kind::frozenset: return save_set(v);
    case Value::Kind::bytearray: {
      out_.global("__builtin__", "bytearray");
      if (v.as_bytes().empty()) {
        out_.tuple(0);
      } else {
        kept_.push_back(Value::bytes(v.as_bytes()));
        save_bytes(kept_.back());
        out_.tuple(1);
      }
      out_.reduce();
      return put(v);
    }
    case Value::Kind::complex:
      out_.global("__builtin__", "complex");
      out_.floating(v.as_complex().real());
      out_.floating(v.as_complex().imag());
      out_.tuple(2);
      out_.reduce();
      return put(v);
    case Value::Kind::size: save_size(v.as_size()); return put(v);
    case Value::Kind::device: return save_device(v);
    case Value::Kind::numpy_scalar:
    case Value::Kind::numpy_array: return save_numpy(v);
    case Value::Kind::opaque: return save_opaque(v);
    case Value::Kind::tensor: return save_tensor(v);
    case Value::Kind::quantized: return save_quantized(v);
    case Value::Kind::sparse: return save_sparse(v);
    default: detail::throw_error<TypeError>("torch: cannot write a ", v.type_name(), " at ", path_of(v));
  }
}

// From a file, strings keep the identity they had. Made in C++, equal ones are one object, except those that torch
// builds anew.
void TorchPickler::save_string(const Value& v, Keys keys) {
  const std::string_view s = v.as_string();
  if (is_singleton(s)) return out_.shared_string(s);
  if (v.from_file()) {
    if (!met(v)) memo_[v.id()] = out_.fresh_string(s);
    return;
  }
  const bool fresh = keys == Keys::metadata || (keys == Keys::state_dict && s.find('.') != s.npos);
  if (fresh)
    out_.fresh_string(s);
  else
    out_.shared_string(s);
}

void TorchPickler::save_bytes(const Value& v) {
  const io::ByteView data = v.as_bytes();
  if (data.empty()) not_safe(v, "empty bytes");
  if (data.size() > 1) {
    if (met(v)) return;
    out_.bytes(data);
    return put(v);
  }
  const auto [at, fresh] = by_value_.try_emplace("bytes " + std::string(io::text(data)));
  if (!fresh) return out_.get(at->second);
  out_.bytes(data);
  at->second = out_.put();
}

void TorchPickler::save_dict(const Value& v, Keys keys) {
  const DictFlavour flavour = v.flavour();
  check_attributes(v);
  if (flavour == DictFlavour::dict) {
    if (v.attributes().is_dict() && v.attributes().len() > 0)
      detail::throw_error<Error>("torch: a plain dict has no attributes in Python (an OrderedDict may), at ",
                                 path_of(v));
    out_.op(EMPTY_DICT);
    put(v);
    if (v.len() > 0) push(Frame::dict, v, keys);
    return;
  }
  std::vector<Step> steps;
  if (flavour == DictFlavour::ordered_dict) {
    save_ordered_dict();
    put(v);
    if (keys != Keys::metadata && all_tensors(v)) keys = Keys::state_dict;
    if (v.attributes().is_none()) {
      if (v.len() > 0) push(Frame::items, v, keys);
      return;
    }
    steps.push_back({.what = Do::items, .number = static_cast<std::int64_t>(keys), .value = v});
  } else if (flavour == DictFlavour::counter) {
    open(v);
    out_.global("collections", "Counter");
    kept_.push_back(Value::dict({v.items().begin(), v.items().end()}));
    steps = {{.what = Do::save, .value = kept_.back()},
             {.what = Do::tuple, .number = 1},
             {.what = Do::op, .op = REDUCE},
             {.what = Do::object, .value = v}};
  } else {
    open(v);
    not_safe(v, "a defaultdict");
    out_.global("collections", "defaultdict");
    if (!v.default_factory().is_none())
      steps = {{.what = Do::save, .value = v.default_factory()}, {.what = Do::tuple, .number = 1}};
    else
      steps = {{.what = Do::op, .op = EMPTY_TUPLE}};
    steps.insert(steps.end(),
                 {{.what = Do::op, .op = REDUCE}, {.what = Do::object, .value = v}, {.what = Do::items, .value = v}});
  }
  if (!v.attributes().is_none()) {
    steps.push_back({.what = Do::save_attributes, .value = v.attributes()});
    steps.push_back({.what = Do::op, .op = BUILD});
  }
  push(std::move(steps));
}

void TorchPickler::save_set(const Value& v) {
  const bool frozen = v.kind() == Value::Kind::frozenset;
  open(v);
  if (frozen) not_safe(v, "a frozenset");
  out_.global("__builtin__", frozen ? "frozenset" : "set");
  kept_.push_back(Value::list({v.elements().begin(), v.elements().end()}));
  push({{.what = Do::save, .value = kept_.back()},
        {.what = Do::tuple, .number = 1},
        {.what = Do::op, .op = REDUCE},
        {.what = Do::object, .value = v}});
}

void TorchPickler::save_opaque(const Value& v) {
  const Value::Opaque& o = v.as_opaque();
  std::string module = o.module, name = o.name;
  to_python2(module, name);
  if (!safe(o)) not_safe(v, "an object of a class that it does not allow");
  if (module.empty() || name.empty() || module.find('\n') != module.npos || name.find('\n') != name.npos)
    detail::throw_error<Error>("torch: the name ", detail::quoted(module + "." + name), " cannot be written, at ",
                               path_of(v));
  out_.global(module, name);
  if (!o.called) return;
  open(v);
  push({{.what = Do::save, .value = o.args.is_none() ? Value::tuple() : o.args},
        {.what = Do::op, .op = o.newobj ? NEWOBJ : REDUCE},
        {.what = Do::object, .value = v},
        {.what = Do::append, .value = v},
        {.what = Do::items, .value = v}});
  if (!o.state.is_none()) {
    frames_.back().steps.push_back({.what = Do::save, .value = o.state});
    frames_.back().steps.push_back({.what = Do::op, .op = BUILD});
  }
}

std::string TorchPickler::path_of(const Value& v) const {
  ObjectWalk walk(root_, "torch", INT32_MAX, ObjectWalk::every_object);
  while (const Value* found = walk.next())
    if (found->id() == v.id()) return walk.path().empty() ? "the root" : detail::quoted(walk.path());
  return "a key";
}

void TorchPickler::not_safe(const Value& v, const char* what) {
  constexpr std::size_t kMostNamed = 5;
  if (++unsafe_count_ <= kMostNamed) unsafe_.push_back({v, what});
}
std::string TorchPickler::unsafe_listed() const {
  std::string list;
  for (const Unsafe& u : unsafe_) list += detail::str(list.empty() ? "" : ", ", u.what, " at ", path_of(u.value));
  if (const std::size_t rest = unsafe_count_ - unsafe_.size(); rest > 0) list += detail::str(" and ", rest, " more");
  return list;
}

}  // namespace harker::pt
