// Tensors from the calls that torch.save writes (torch/_utils.py). Every size, stride and offset is checked against the
// storage before a view is made: nothing here trusts a number.
#include <harker/core/base/text.h>
#include <harker/serialize/torch/rebuilder.h>
#include <harker/serialize/value/geometry.h>
#include <harker/serialize/value/tensor_class.h>

namespace harker::pt {
namespace {

using detail::str;
using detail::throw_error;

template <class... T>
[[noreturn]] void bad(const T&... what) {
  throw_error<FormatError>("tensor: ", what...);
}

std::uint64_t natural(const Value& v, const char* what) {
  if (!v.is_int()) bad(what, " must be an integer, it is a ", v.type_name());
  if (!v.fits_int64()) bad(what, " is out of range");
  if (v.as_int() < 0) bad(what, " is negative: ", v.as_int());
  return static_cast<std::uint64_t>(v.as_int());
}

Shape naturals(const Value& v, const char* what) {
  std::vector<std::int64_t> out;
  if (v.kind() == Value::Kind::size) {
    for (std::int64_t n : v.as_size()) out.push_back(static_cast<std::int64_t>(natural(n, what)));
  } else {
    if (!v.is_tuple() && !v.is_list()) bad(what, ": must be a tuple, it is a ", v.type_name());
    for (const Value& n : v.elements()) out.push_back(static_cast<std::int64_t>(natural(n, what)));
  }
  if (out.size() > kMaxRank)
    bad("rank ", out.size(), ": at most ", kMaxRank, " dimensions (size, stride) are possible");
  return Shape(std::span<const std::int64_t>(out));
}

bool flag(const Value& v, const char* what) {
  if (!v.is_bool()) bad(what, " must be a bool, it is a ", v.type_name());
  return v.as_bool();
}

void check_hooks(const Value& v) {
  if (!v.is_dict() && !v.is_none()) bad("the hooks argument must be an OrderedDict, it is a ", v.type_name());
}

void check_geometry(const StorageRef& s, std::uint64_t item, const Shape& sizes, const Shape& strides,
                    std::uint64_t offset) {
  const std::string wrong = geometry_error(sizes, strides, static_cast<std::int64_t>(offset), item, s.storage->nbytes);
  if (!wrong.empty())
    bad(wrong, ": size ", sizes, ", stride ", strides, ", offset ", offset, " over storage ", s.label, " of ",
        s.storage->nbytes, " bytes");
}

}  // namespace

Value Rebuilder::storage_value(StorageRef ref) {
  const std::int64_t n[] = {static_cast<std::int64_t>(ref.storage->nbytes / item_size(ref.dtype))}, step[] = {1};
  Value v(make_view(ref.storage, ref.dtype, Shape(std::span<const std::int64_t>(n)),
                    Shape(std::span<const std::int64_t>(step)), 0));
  v.mark_from_file();
  keep_.push_back(v);
  storages_.emplace(v.id(), std::move(ref));
  return v;
}

void Rebuilder::name_storage(Value storage) {
  const StorageRef& s = storage_of(storage);
  const bool untyped = s.untyped || storage_class(s.dtype).empty();
  set_tensor_class(
      storage, global(untyped ? "torch.storage" : "torch", untyped ? "UntypedStorage" : storage_class(s.dtype), 0), {});
}

AllowedGlobal Rebuilder::storage_type(const Value& v) const {
  const auto at = v.id() ? known_.find(v.id()) : known_.end();
  if (at != known_.end() && (at->second.what == Global::storage || at->second.what == Global::untyped_storage))
    return at->second;
  const bool named = v.kind() == Value::Kind::opaque && !v.as_opaque().called;
  throw_error<FormatError>(
      "persistent id: the storage type must be a storage class, it is ",
      named ? detail::quoted(v.as_opaque().module + "." + v.as_opaque().name) : str("a ", v.type_name()));
}

const StorageRef& Rebuilder::storage_of(const Value& v) const {
  const auto at = v.id() ? storages_.find(v.id()) : storages_.end();
  if (at == storages_.end()) bad("its storage is missing: there is a ", v.type_name(), " instead");
  return at->second;
}

Tensor Rebuilder::view(const Value& storage, const Value& offset, const Value& sizes, const Value& strides,
                       const Value* dtype) {
  const StorageRef& s = storage_of(storage);
  DType t = s.dtype;
  if (dtype) {
    if (dtype->kind() != Value::Kind::dtype) {
      const bool named = dtype->kind() == Value::Kind::opaque;
      bad("the dtype ", named ? detail::quoted(dtype->as_opaque().name) : str("argument (a ", dtype->type_name(), ")"),
          " is not known");
    }
    t = dtype->as_dtype();
  } else if (s.untyped) {
    bad("an untyped storage (", s.label, ") without a dtype");
  }
  const Shape shape = naturals(sizes, "size"), steps = naturals(strides, "stride");
  const std::uint64_t first = natural(offset, "storage offset");
  check_geometry(s, item_size(t), shape, steps, first);
  tensors_.push_back(make_view(s.storage, t, shape, steps, static_cast<std::int64_t>(first)));
  return tensors_.back();
}

// (storage, offset, size, stride[, requires_grad, hooks[, dtype (v3)][, metadata]])
Value Rebuilder::tensor(const Value& args, std::size_t metadata_at, const Value* dtype) {
  Tensor t = view(args[0], args[1], args[2], args[3], dtype);
  if (args.len() > 4) {
    t.impl().requires_grad = flag(args[4], "requires_grad") && (is_floating_point(t.dtype()) || is_complex(t.dtype()));
    check_hooks(args[5]);
  }
  Value v(t);
  if (args.len() <= metadata_at || args[static_cast<std::int64_t>(metadata_at)].is_none()) return v;
  const Value& metadata = args[static_cast<std::int64_t>(metadata_at)];
  if (!metadata.is_dict()) bad("the metadata argument must be a dict, it is a ", metadata.type_name());
  bool conj = false, neg = false;
  for (const auto& [key, on] : metadata.items()) {
    if (key.is_string() && key.as_string() == "conj")
      conj = flag(on, "conj");
    else if (key.is_string() && key.as_string() == "neg")
      neg = flag(on, "neg");
    else
      bad("unknown metadata (conj and neg are known)");
  }
  v.set_conj_neg(conj, neg);
  return v;
}

// (storage, offset, size, stride, (scheme, scale, zero_point | scales, zero_points, axis), requires_grad, hooks)
Value Rebuilder::quantized(const Value& args) {
  Value::Quantized q;
  q.ints = view(args[0], args[1], args[2], args[3], nullptr);
  const Value& p = args[4];
  if (!p.is_tuple() || p.len() < 3 || p[0].kind() != Value::Kind::opaque) bad("quantized: the scheme is missing");
  if (!is_quantized(q.ints.dtype())) bad("quantized: its storage does not hold quantized integers");
  q.scheme = p[0].as_opaque().name;
  if (known(p[0]).what != Global::reference) bad("quantized: unknown scheme ", detail::quoted(q.scheme));
  if (q.scheme.starts_with("per_tensor")) {
    if (p.len() != 3 || !p[1].is_float() || !p[2].is_int() || !p[2].fits_int64())
      bad("quantized: scale or zero point is wrong");
    q.scale = p[1].as_double();
    q.zero_point = p[2].as_int();
  } else if (q.scheme.starts_with("per_channel")) {
    if (p.len() != 4 || !is_plain_tensor(p[1]) || !is_plain_tensor(p[2]) || !p[3].is_int() || !p[3].fits_int64())
      bad("quantized: scales, zero points or axis are wrong");
    q.scales = p[1], q.zero_points = p[2];
    q.axis = p[3].as_int();
    const Shape& shape = q.ints.shape();
    if (q.axis < 0 || q.axis >= shape.rank() || p[1].lazy_tensor().numel() != shape[static_cast<int>(q.axis)] ||
        p[2].lazy_tensor().numel() != shape[static_cast<int>(q.axis)])
      bad("quantized: the axis, or the number of scales, does not fit the size");
  } else {
    bad("quantized: unknown scheme ", detail::quoted(q.scheme));
  }
  q.requires_grad = flag(args[5], "requires_grad");
  check_hooks(args[6]);
  return Value::quantized(q);
}

// (layout, (indices, values, size[, is_coalesced])) or (layout, (compressed, plain, values, size))
Value Rebuilder::sparse(const Value& args) {
  if (args.len() != 2 || args[0].kind() != Value::Kind::layout || !args[1].is_tuple()) bad("sparse: wrong arguments");
  const Value& data = args[1];
  Value::Sparse s;
  s.layout = std::string(args[0].as_name());
  const std::size_t parts = sparse_parts(s.layout);
  if (parts == 0) bad("sparse: unknown layout ", detail::quoted(s.layout));
  const bool coo = parts == 2;
  if (data.len() != parts + 1 && !(coo && data.len() == 4)) bad("sparse: wrong number of parts");
  for (std::size_t i = 0; i < parts; ++i) {
    const Value& part = data[static_cast<std::int64_t>(i)];
    if (!is_plain_tensor(part)) bad("sparse: a part that is no tensor");
    const DType t = part.lazy_tensor().dtype();
    if (i + 1 < parts && t != DType::int64 && t != DType::int32) bad("sparse: indices must be integers");
    s.parts.push_back(part);
  }
  s.shape = naturals(data[static_cast<std::int64_t>(parts)], "size");
  if (coo) {
    if (!coo_fits(s.parts[0].lazy_tensor().shape(), s.parts[1].lazy_tensor().shape(),
                  static_cast<std::uint64_t>(s.shape.rank())))
      bad("sparse: the sizes of indices and values do not fit the size");
    s.coalesced = data.len() == 4 && flag(data[3], "is_coalesced");  // as torch takes files that do not say
  }
  return Value::sparse(s);
}

// (data, requires_grad, hooks[, state])
Value Rebuilder::parameter(const Value& args, bool with_state) {
  if (!is_plain_tensor(args[0]) || tensor_class(args[0])) {
    const Value::Kind k = args[0].kind();
    const bool other = k == Value::Kind::sparse || k == Value::Kind::quantized || tensor_class(args[0]) ||
                       (k == Value::Kind::opaque && args[0].as_opaque().called);
    if (!other || is_storage(args[0])) bad("Parameter: its data must be a tensor, it is a ", args[0].type_name());
    Value::Opaque o;  // of a tensor that is no plain one (without elements, say): kept whole
    o.module = "torch._utils", o.name = with_state ? "_rebuild_parameter_with_state" : "_rebuild_parameter";
    o.called = o.known = true, o.args = args;
    return Value::opaque(o);
  }
  const Tensor& data = args[0].lazy_tensor();
  Tensor t = make_view(Ref<Storage>::share(&data.storage()), data.dtype(), data.shape(), data.strides(),
                       data.storage_offset());
  t.impl().requires_grad = flag(args[1], "requires_grad") && (is_floating_point(t.dtype()) || is_complex(t.dtype()));
  tensors_.push_back(t);
  Value v = Value::parameter(t);
  v.set_conj_neg(args[0].conj(), args[0].neg());
  if (args.len() > 2) check_hooks(args[2]);
  if (with_state) {
    if (!args[3].is_dict()) bad("Parameter: its state must be a dict");
    v.set_attributes(args[3]);
  }
  return v;
}

Value Rebuilder::call_tensor(Global what, const Value& args) {
  const std::size_t n = args.len();
  const auto expect = [&](bool right, const char* name) {
    if (!right) bad(name, " with ", n, " arguments");
  };
  switch (what) {
    case Global::rebuild_tensor: expect(n == 4, "_rebuild_tensor"); return tensor(args, 4, nullptr);
    case Global::rebuild_tensor_v2: expect(n == 6 || n == 7, "_rebuild_tensor_v2"); return tensor(args, 6, nullptr);
    case Global::rebuild_tensor_v3: expect(n == 7 || n == 8, "_rebuild_tensor_v3"); return tensor(args, 7, &args[6]);
    case Global::rebuild_parameter: expect(n == 3, "_rebuild_parameter"); return parameter(args, false);
    case Global::rebuild_parameter_with_state:
      expect(n == 4, "_rebuild_parameter_with_state");
      return parameter(args, true);
    case Global::parameter_class: expect(n == 2, "Parameter"); return parameter(args, false);
    case Global::rebuild_qtensor: expect(n == 7, "_rebuild_qtensor"); return quantized(args);
    default: return sparse(args);
  }
}

// (function, type, args, state): a tensor with attributes, or of a subclass. What torch itself makes of a class that we
// do not know is a tensor still; what its own code makes is kept whole.
Value Rebuilder::from_type(const Value& args) {
  if (args.len() != 4 || !args[2].is_tuple()) bad("_rebuild_from_type_v2: wrong arguments");
  const AllowedGlobal type = known(args[1]), function = known(args[0]);
  const bool plain = function.what == Global::rebuild_tensor_v2 || function.what == Global::rebuild_tensor_v3;
  if (type.what == Global::unknown && plain && (args[3].is_none() || args[3].is_dict())) {
    Value v = call_tensor(function.what, args[2]);
    set_tensor_class(v, args[1], args[3]);
    return v;
  }
  if (type.what == Global::unknown || function.what == Global::unknown || function.what == Global::kept) {
    Value::Opaque o;
    o.module = "torch._tensor", o.name = "_rebuild_from_type_v2";
    o.called = o.known = true, o.args = args;  // the class among them is refused
    return Value::opaque(o);
  }
  if (!is_tensor_maker(function.what) || (type.what != Global::tensor_class && type.what != Global::parameter_class))
    bad("_rebuild_from_type_v2: only a tensor or a Parameter can be rebuilt");
  Value v = call_tensor(function.what, args[2]);
  if (!args[3].is_none()) {
    if (!args[3].is_dict() || !v.is_tensor()) bad("_rebuild_from_type_v2: the state must be a dict of attributes");
    build(v, args[3]);
  }
  return v;
}

// A storage that a plain pickle holds is a whole file of torch.save's, whose value is that storage.
Value Rebuilder::from_bytes(const Value& args) {
  if (args.len() != 1 || !args[0].is_bytes()) bad("_load_from_bytes: the argument must be bytes");
  Value v = file_in_file(args[0].as_bytes());
  const Value* type = tensor_class(v);
  if (!type || !is_storage_class(*type)) return v;
  const Tensor& t = v.lazy_tensor();
  return storage_value(
      {Ref<Storage>::share(&t.storage()), t.dtype(), is_untyped_storage(*type), "in _load_from_bytes"});
}

Value Rebuilder::file_in_file(io::ByteView) {
  bad("torch.storage._load_from_bytes: a file in a file, which only plain pickles hold");
}

}  // namespace harker::pt
