// Python's own objects and NumPy's, as a pickle calls for them: sets, bytes, complex numbers, dicts, arrays.
#include <harker/core/base/text.h>
#include <harker/core/base/utf8.h>
#include <harker/serialize/torch/rebuilder.h>
#include <harker/serialize/value/tensor_class.h>

namespace harker::pt {
namespace {

using detail::str;
using detail::throw_error;

std::string dotted(const Value& callable) {
  const Value::Opaque& o = callable.as_opaque();
  return detail::quoted(o.module + "." + o.name);
}

[[noreturn]] void bad_arguments(const char* what) { throw_error<FormatError>(what, ": wrong arguments"); }

double number(const Value& v, const char* what) {
  if (!v.is_float() && !v.is_int()) bad_arguments(what);
  return v.as_double();
}

std::vector<Value> elements(const Value& args, const char* what) {
  if (args.len() == 0) return {};
  const Value& v = args[0];
  const bool fits = v.is_list() || v.is_tuple() || v.kind() == Value::Kind::set || v.kind() == Value::Kind::frozenset;
  if (args.len() != 1 || !fits) bad_arguments(what);
  return {v.elements().begin(), v.elements().end()};
}

// OrderedDict(()), or Python 2's OrderedDict([[key, value], ...]); Counter({...}).
std::vector<Value::Item> items(const Value& args, const char* what) {
  if (args.len() == 0) return {};
  if (args.len() != 1) bad_arguments(what);
  const Value& v = args[0];
  if (v.is_dict()) return {v.items().begin(), v.items().end()};
  if (!v.is_list() && !v.is_tuple()) bad_arguments(what);
  std::vector<Value::Item> out;
  for (const Value& pair : v.elements()) {
    if ((!pair.is_list() && !pair.is_tuple()) || pair.len() != 2) bad_arguments(what);
    out.emplace_back(pair[0], pair[1]);
  }
  return out;
}

std::vector<std::uint8_t> latin1(std::string_view s) {
  std::vector<std::uint8_t> out;
  out.reserve(s.size());
  for (std::size_t at = 0; at < s.size();) {
    const std::uint32_t c = detail::next_code(s, at);
    if (c > 0xff) throw_error<FormatError>("_codecs.encode: a character outside Latin-1");
    out.push_back(static_cast<std::uint8_t>(c));
  }
  return out;
}

bool is_latin1(const Value& v) { return v.is_string() && (v.as_string() == "latin1" || v.as_string() == "latin-1"); }

Value bytearray(const Value& args) {
  if (args.len() == 0) return Value::bytearray({});
  if (args.len() == 1 && args[0].is_bytes()) return Value::bytearray(args[0].as_bytes());
  if (args.len() == 2 && args[0].is_string() && is_latin1(args[1]))
    return Value::bytearray(latin1(args[0].as_string()));
  throw_error<FormatError>("bytearray: the argument must be bytes (a size to allocate is refused)");
}

}  // namespace

Value Rebuilder::global(std::string_view module, std::string_view name, std::size_t position) {
  if (!detail::valid_utf8(module, false) || !detail::valid_utf8(name, false))
    throw_error<FormatError>("a global whose name is not UTF-8: ", detail::quoted(module), " ", detail::quoted(name));
  std::string m(module), n(name);
  to_python3(m, n);
  auto [at, fresh] = globals_.try_emplace(m + '\n' + n);
  if (!fresh) return at->second;
  const AllowedGlobal k = allowed_global(m, n);
  if (k.what == Global::dtype) return at->second = Value(k.dtype);
  Value::Opaque o;
  o.module = m, o.name = n;
  o.known = k.what != Global::unknown;
  if (!o.known) unknown_.push_back({m, n, position});
  at->second = Value::opaque(o);
  at->second.mark_from_file();
  known_[at->second.id()] = k;
  return at->second;
}

AllowedGlobal Rebuilder::known(const Value& callable) const {
  const auto at = callable.id() ? known_.find(callable.id()) : known_.end();
  if (at == known_.end())
    throw_error<FormatError>("REDUCE or NEWOBJ tries to call a ", callable.type_name(),
                             ", which is no class or function");
  return at->second;
}

Value Rebuilder::call(const Value& callable, const Value& args, bool newobj) {
  const AllowedGlobal k = known(callable);
  switch (k.what) {
    case Global::unknown:
    case Global::kept: {
      const Value::Opaque& f = callable.as_opaque();
      Value::Opaque made;
      made.module = f.module, made.name = f.name;
      made.called = true, made.newobj = newobj;
      made.known = k.what == Global::kept;
      made.args = args;
      return Value::opaque(made);
    }
    case Global::reference:
    case Global::dtype:
    case Global::storage:
    case Global::untyped_storage:
    case Global::tensor_class:
    case Global::numpy_array_class:
      throw_error<FormatError>(dotted(callable), " may be named, but not called (with these arguments)");
    case Global::numpy_scalar:
    case Global::numpy_dtype:
    case Global::numpy_reconstruct:
    case Global::numpy_from_buffer: return call_numpy(k.what, args);
    case Global::rebuild_from_type: return from_type(args);
    case Global::load_from_bytes: return from_bytes(args);
    case Global::parameter_class:
    case Global::rebuild_tensor:
    case Global::rebuild_tensor_v2:
    case Global::rebuild_tensor_v3:
    case Global::rebuild_parameter:
    case Global::rebuild_parameter_with_state:
    case Global::rebuild_qtensor:
    case Global::rebuild_sparse: return call_tensor(k.what, args);
    default: return call_python(k.what, args);
  }
}

Value Rebuilder::call_python(Global what, const Value& args) {
  switch (what) {
    case Global::ordered_dict: return Value::ordered_dict(items(args, "OrderedDict"));
    case Global::counter: return Value::dict(items(args, "Counter"), DictFlavour::counter);
    case Global::default_dict: {
      if (args.len() > 2) bad_arguments("defaultdict");
      std::vector<Value::Item> start;
      if (args.len() == 2) {
        if (!args[1].is_dict()) bad_arguments("defaultdict");
        start.assign(args[1].items().begin(), args[1].items().end());
      }
      Value v = Value::dict(std::move(start), DictFlavour::default_dict);
      if (args.len() > 0) {
        if (!args[0].is_none() && args[0].kind() != Value::Kind::opaque) bad_arguments("defaultdict");
        v.set_default_factory(args[0]);
      }
      return v;
    }
    case Global::set: return Value::set(elements(args, "set"));
    case Global::frozenset: return Value::frozenset(elements(args, "frozenset"));
    case Global::complex:
      if (args.len() != 2) bad_arguments("complex");
      return Complex{number(args[0], "complex"), number(args[1], "complex")};
    case Global::bytes:
      if (args.len() == 0) return Value::bytes({});
      if (args.len() == 1 && args[0].is_bytes()) return Value::bytes(args[0].as_bytes());
      throw_error<FormatError>("bytes: the argument must be bytes (a size to allocate is refused)");
    case Global::bytearray: return bytearray(args);
    case Global::encode:
      if (args.len() != 2 || !args[0].is_string() || !is_latin1(args[1]))
        throw_error<FormatError>("_codecs.encode: the arguments must be a string and 'latin1'");
      return Value::bytes(latin1(args[0].as_string()));
    case Global::size: {
      std::vector<std::int64_t> sizes;
      for (const Value& v : elements(args, "torch.Size")) {
        if (!v.is_int() || !v.fits_int64()) bad_arguments("torch.Size");
        sizes.push_back(v.as_int());
      }
      return Value::size(Shape(std::span<const std::int64_t>(sizes)));
    }
    case Global::device: {
      const bool index = args.len() == 2 && args[1].is_int() && args[1].fits_int64() && args[1].as_int() >= 0;
      if (args.len() < 1 || args.len() > 2 || !args[0].is_string() || (args.len() == 2 && !index))
        bad_arguments("torch.device");
      return Value::device(str(args[0].as_string(), index ? str(":", args[1].as_int()) : std::string()));
    }
    case Global::get_layout:
      if (args.len() != 1 || !args[0].is_string()) bad_arguments("torch.serialization._get_layout");
      return Value::layout(std::string(args[0].as_string()));
    default: throw_error<FormatError>("a name that cannot be called");
  }
}

void Rebuilder::build(const Value& object, const Value& state) {
  switch (object.kind()) {
    case Value::Kind::numpy_array: return build_numpy(object, state);
    case Value::Kind::dict:
      if (object.flavour() == DictFlavour::dict)
        throw_error<FormatError>("BUILD on a plain dict, which takes no state");
      [[fallthrough]];
    case Value::Kind::tensor: {
      if (!state.is_dict())
        throw_error<FormatError>("BUILD: the state of a ", object.type_name(), " must be a dict, it is a ",
                                 state.type_name());
      for (const auto& [key, v] : state.items())
        if (!key.is_string()) throw_error<FormatError>("BUILD: an attribute whose name is no string");
      if (object.is_tensor() && (is_storage(object) || state.contains(kTensorClass)))
        throw_error<FormatError>("BUILD: a storage takes no state, and a tensor's class is none of its attributes");
      Value(object).set_attributes(state);
      return;
    }
    case Value::Kind::opaque: {
      Value::Opaque& o = object.as_opaque();
      if (!o.called) throw_error<FormatError>("BUILD on ", dotted(object), ", which is a class or function");
      if (!o.state.is_none()) throw_error<FormatError>("BUILD: ", dotted(object), " is given a state twice");
      o.state = state;
      return;
    }
    default: throw_error<FormatError>("BUILD on a ", object.type_name(), ", which takes no state");
  }
}

}  // namespace harker::pt
