// Tensors, devices, sizes and NumPy's values as torch's and NumPy's __reduce_ex__ have them (torch/_tensor.py,
// torch/nn/parameter.py). Everything they build on the way is a new object, and takes its memo index.
#include <bit>

#include <harker/core/base/text.h>
#include <harker/serialize/torch/torch_pickler.h>
#include <harker/serialize/value/allowed_globals.h>
#include <harker/serialize/value/geometry.h>
#include <harker/serialize/value/numpy_dtype.h>
#include <harker/serialize/value/tensor_class.h>
#include <harker/serialize/value/value_paths.h>

namespace harker::pt {

using enum Opcode;

namespace {

constexpr std::string_view kUtils = "torch._utils";

// How torch compares the dtypes that look at one storage: those without a storage class are bytes.
DType compared(DType t) { return storage_class(t).empty() ? DType::uint8 : t; }

}  // namespace

void TorchPickler::save_ordered_dict() {
  out_.global("collections", "OrderedDict");
  out_.tuple(0);
  out_.reduce();
}

void TorchPickler::save_size(const Shape& s) {
  out_.global("torch", "Size");
  out_.int_tuple(s);
  out_.tuple(1);
  out_.reduce();
}

void TorchPickler::save_device(const Value& v) {
  const std::string_view name = v.as_name();
  const std::size_t colon = name.find(':');
  out_.global("torch", "device");
  out_.fresh_string(name.substr(0, colon));
  if (colon != name.npos) out_.integer(std::atoll(std::string(name.substr(colon + 1)).c_str()));
  out_.tuple(colon == name.npos ? 1 : 2);
  out_.reduce();
  put(v);
}

// A layout is one object in Python.
void TorchPickler::save_layout(std::string_view name) {
  const auto [at, fresh] = by_value_.try_emplace("layout " + std::string(name));
  if (!fresh) return out_.get(at->second);
  out_.global("torch.serialization", "_get_layout");
  out_.fresh_string(name);
  out_.tuple(1);
  out_.reduce();
  at->second = out_.put();
}

// So are NumPy's own dtypes, but those of strings, which say how long they are: size, alignment and flags.
void TorchPickler::save_numpy_dtype(const std::string& dtype) {
  const bool text = dtype[1] == 'U', string = text || dtype[1] == 'S';
  const auto [at, fresh] = by_value_.try_emplace("dtype " + dtype);
  if (!fresh && !string) return out_.get(at->second);
  out_.global("numpy", "dtype");
  out_.fresh_string(std::string_view(dtype).substr(1));
  out_.boolean(false), out_.boolean(true);
  out_.tuple(3);
  out_.reduce();
  at->second = out_.put();
  out_.op(MARK);
  out_.integer(3);
  out_.shared_string(dtype.substr(0, 1));
  out_.none(), out_.none(), out_.none();
  if (string)
    out_.integer(static_cast<std::int64_t>(numpy_item_size(dtype.substr(1)))), out_.integer(text ? 4 : 1);
  else
    out_.integer(-1), out_.integer(-1);
  out_.integer(text ? 8 : 0);
  out_.op(TUPLE);
  out_.put();
  out_.op(BUILD);
}

void TorchPickler::save_numpy(const Value& v) {
  const Value::Numpy& n = v.as_numpy();
  not_safe(v, "a NumPy value");
  if (n.dtype.size() < 2) detail::throw_error<Error>("torch: a NumPy value without a dtype at ", path_of(v));
  kept_.push_back(Value::bytes(n.data));
  const Value data = kept_.back();
  if (v.kind() == Value::Kind::numpy_scalar) {
    out_.global("numpy._core.multiarray", "scalar");
    save_numpy_dtype(n.dtype);
    save_bytes(data);
    out_.tuple(2);
    out_.reduce();
    return put(v);
  }
  out_.global("numpy._core.multiarray", "_reconstruct");
  out_.global("numpy", "ndarray");
  out_.int_tuple({0});
  kept_.push_back(Value::bytes(io::bytes("b")));
  save_bytes(kept_.back());
  out_.tuple(3);
  out_.reduce();
  put(v);
  out_.op(MARK);
  out_.integer(1);
  out_.int_tuple(n.shape);
  save_numpy_dtype(n.dtype);
  out_.boolean(n.fortran_order);
  save_bytes(data);
  out_.op(TUPLE);
  out_.put();
  out_.op(BUILD);
}

// ('storage', class, key, 'cpu', numel) and BINPERSID. The whole storage (or part, when compact) is written once,
// whatever the tensor views of it.
StorageSpan TorchPickler::save_storage(const Tensor& t, bool untyped) {
  const StorageSpan part = spans_.of(t);
  if (t.device().type != DeviceType::cpu)
    detail::throw_error<DeviceError>("torch: a tensor on a GPU cannot be written: copy it to the CPU first");
  const DType type = compared(t.dtype());
  const std::size_t item = untyped ? 1 : item_size(t.dtype());
  if (part.size % item != 0)
    detail::throw_error<Error>("torch: a storage of ", part.size, " bytes does not hold whole elements of ",
                               name(t.dtype()));
  out_.op(MARK);
  out_.shared_string("storage");
  if (untyped)
    out_.global("torch.storage", "UntypedStorage");
  else
    out_.global("torch", storage_class(t.dtype()));
  auto [at, fresh] =
      stored_.try_emplace({part.storage.get(), part.begin, part.size}, Stored{storages_.size(), 0, type});
  if (fresh) {
    storages_.push_back(part);
    at->second.key = out_.fresh_string(std::to_string(at->second.index));
  } else {
    if (at->second.type != type && part.size > 0)
      detail::throw_error<Error>("torch: ", path_of_storage(part, at->second.type), " and ",
                                 path_of_storage(part, type),
                                 " view one storage as different types, which torch.save refuses (clone one of them)");
    out_.get(at->second.key);
  }
  out_.shared_string("cpu");
  out_.integer(static_cast<std::int64_t>(part.size / item));
  out_.op(TUPLE);
  out_.put();
  out_.op(BINPERSID);
  return part;
}

void TorchPickler::save_geometry(const Tensor& t, const StorageSpan& part) {
  const auto before = static_cast<std::int64_t>(part.begin / item_size(t.dtype()));
  out_.integer(options_.compact && t.numel() == 0 ? 0 : t.storage_offset() - before);
  out_.int_tuple(t.shape());
  out_.int_tuple(t.strides());
}

// _rebuild_tensor_v2 or v3 and its arguments; `call`: also the call.
void TorchPickler::tensor_call(const Tensor& t, bool requires_grad, bool conj, bool neg, bool call) {
  const bool untyped = storage_class(t.dtype()).empty();
  const std::string_view function = untyped ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2";
  if (call) out_.global(kUtils, function);
  out_.op(MARK);
  save_geometry(t, save_storage(t, untyped));
  out_.boolean(requires_grad);
  save_ordered_dict();
  out_.put();
  if (untyped) out_.global("torch", name(t.dtype()));
  if (conj || neg) {
    out_.op(EMPTY_DICT);
    out_.put();
    if (conj && neg) out_.op(MARK);
    // The order in which libstdc++'s unordered_map gives them out.
    if (neg) out_.fresh_string("neg"), out_.boolean(true);
    if (conj) out_.fresh_string("conj"), out_.boolean(true);
    out_.op(conj && neg ? SETITEMS : SETITEM);
  }
  out_.op(TUPLE);
  out_.put();
  if (call) out_.reduce();
}

// A storage that is no tensor's is named like any other, and is never memoised: Python asks for its persistent id first.
void TorchPickler::save_bare_storage(const Value& v, bool untyped) {
  const Tensor& t = v.lazy_tensor();
  const bool whole = t.dim() == 1 && t.is_contiguous() && t.storage_offset() == 0 &&
                     static_cast<std::size_t>(t.numel()) * item_size(t.dtype()) == t.storage().nbytes;
  if (!whole || (untyped ? t.dtype() != DType::uint8 : storage_class(t.dtype()).empty()))
    detail::throw_error<Error>(
        "torch: a storage is a row of all its elements, in a dtype that has a storage class, at ", path_of(v));
  save_storage(t, untyped);
}

void TorchPickler::save_tensor(const Value& v) {
  const Tensor& t = v.lazy_tensor();
  const Value* type = tensor_class(v);
  if (type && is_storage_class(*type)) return save_bare_storage(v, is_untyped_storage(*type));
  const Value* state = type ? v.attributes().find(kTensorState) : &v.attributes();
  const bool attributes = v.attributes().is_dict() && v.attributes().len() > 0;
  check_attributes(v);
  if (is_quantized(t.dtype()))
    detail::throw_error<Error>("torch: ", name(t.dtype()), " exists in quantized tensors only, at ", path_of(v));
  if (v.conj() && !is_complex(t.dtype()))
    detail::throw_error<Error>("torch: a conjugate view of ", name(t.dtype()), ", which is not complex, at ",
                               path_of(v));
  if (!v.is_parameter() && t.requires_grad() && storage_class(t.dtype()).empty())
    not_safe(v, "a tensor that requires grad (in this dtype torch.load always fails)");
  const Step finish[] = {{.what = Do::save, .value = state ? *state : Value()},
                         {.what = Do::op, .op = TUPLE},
                         {.what = Do::put},
                         {.what = Do::op, .op = REDUCE},
                         {.what = Do::object, .value = v}};
  if (v.is_parameter()) {
    out_.global(kUtils, attributes ? "_rebuild_parameter_with_state" : "_rebuild_parameter");
    if (attributes) out_.op(MARK);
    tensor_call(t, false, v.conj(), v.neg(), true);
    out_.put();
    out_.boolean(t.requires_grad());
    save_ordered_dict();
    out_.put();
    if (attributes) return push({std::begin(finish), std::end(finish)});
    out_.tuple(3);
    out_.reduce();
    return put(v);
  }
  if (!attributes) {
    tensor_call(t, t.requires_grad(), v.conj(), v.neg(), true);
    return put(v);
  }
  out_.global("torch._tensor", "_rebuild_from_type_v2");
  out_.op(MARK);
  out_.global(kUtils, storage_class(t.dtype()).empty() ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2");
  if (type)
    save(*type);
  else
    out_.global("torch", "Tensor");
  tensor_call(t, t.requires_grad(), v.conj(), v.neg(), false);
  push({std::begin(finish), std::end(finish)});
}

void TorchPickler::save_quantized(const Value& v) {
  const Value::Quantized& q = v.as_quantized();
  if (!q.scheme.starts_with("per_") ||
      allowed_global("torch", q.scheme).what != Global::reference)  // a name with a newline in it would become opcodes
    detail::throw_error<Error>("torch: the quantization scheme ", detail::quoted(q.scheme), " cannot be written, at ",
                               path_of(v));
  out_.global(kUtils, "_rebuild_qtensor");
  out_.op(MARK);
  save_geometry(q.ints, save_storage(q.ints, false));
  const bool per_channel = q.scales.is_tensor();
  if (per_channel) out_.op(MARK);
  out_.global("torch", q.scheme);
  const auto rest = [&] {
    out_.boolean(q.requires_grad);
    save_ordered_dict();
    out_.put();
    out_.op(TUPLE);
    out_.put();
    out_.reduce();
    put(v);
  };
  if (!per_channel) {
    out_.floating(q.scale);
    out_.integer(q.zero_point);
    out_.tuple(3);
    return rest();
  }
  // scales and zero points are tensors of their own: what follows them is a script. The OrderedDict's opcodes come
  // last.
  push({{.what = Do::save, .value = q.scales},
        {.what = Do::save, .value = q.zero_points},
        {.what = Do::integer, .number = q.axis},
        {.what = Do::op, .op = TUPLE},
        {.what = Do::put},
        {.what = Do::boolean, .number = q.requires_grad},
        {.what = Do::hooks},
        {.what = Do::op, .op = TUPLE},
        {.what = Do::put},
        {.what = Do::op, .op = REDUCE},
        {.what = Do::object, .value = v}});
}

void TorchPickler::save_sparse(const Value& v) {
  const Value::Sparse& s = v.as_sparse();
  const bool coo = s.parts.size() == 2;
  out_.global(kUtils, "_rebuild_sparse_tensor");
  save_layout(s.layout);
  out_.op(MARK);
  std::vector<Step> steps;
  for (const Value& part : s.parts) steps.push_back({.what = Do::save, .value = part});
  steps.push_back({.what = Do::size, .value = Value::size(s.shape)});
  if (coo) steps.push_back({.what = Do::boolean, .number = s.coalesced.value_or(false)});
  steps.insert(steps.end(), {{.what = Do::op, .op = TUPLE},
                             {.what = Do::put},
                             {.what = Do::tuple, .number = 2},
                             {.what = Do::op, .op = REDUCE},
                             {.what = Do::object, .value = v}});
  push(std::move(steps));
}

std::string TorchPickler::path_of_storage(const StorageSpan& part, DType type) const {
  ObjectWalk walk(root_, "torch", INT32_MAX);
  while (const Value* v = walk.next()) {
    const Tensor* t = tensor_of(*v);
    if (t && &t->storage() == part.storage.get() && compared(t->dtype()) == type)
      return detail::str(detail::quoted(walk.path()), " (", name(t->dtype()), ")");
  }
  return "a tensor";
}

}  // namespace harker::pt
