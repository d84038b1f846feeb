// The table of names: torch's own list for weights_only (torch/_weights_only_unpickler.py), and frozenset, defaultdict,
// slice, range, NumPy's, and what elements are called that we have no dtype for.
#include <harker/serialize/value/allowed_globals.h>
#include <harker/serialize/value/kept_elements.h>

#include <algorithm>
#include <iterator>

namespace harker {
namespace {

struct Row {
  std::string_view module, name;
  Global what;
};
constexpr Row kNames[] = {
    {"_codecs", "encode", Global::encode},
    {"builtins", "bool", Global::reference},
    {"builtins", "bytearray", Global::bytearray},
    {"builtins", "bytes", Global::bytes},
    {"builtins", "complex", Global::complex},
    {"builtins", "dict", Global::reference},
    {"builtins", "float", Global::reference},
    {"builtins", "frozenset", Global::frozenset},
    {"builtins", "int", Global::reference},
    {"builtins", "list", Global::reference},
    {"builtins", "range", Global::kept},
    {"builtins", "set", Global::set},
    {"builtins", "slice", Global::kept},
    {"builtins", "str", Global::reference},
    {"builtins", "tuple", Global::reference},
    {"collections", "Counter", Global::counter},
    {"collections", "OrderedDict", Global::ordered_dict},
    {"collections", "defaultdict", Global::default_dict},
    {"numpy", "dtype", Global::numpy_dtype},
    {"numpy", "ndarray", Global::numpy_array_class},
    {"numpy._core.multiarray", "_reconstruct", Global::numpy_reconstruct},
    {"numpy._core.multiarray", "scalar", Global::numpy_scalar},
    {"numpy._core.numeric", "_frombuffer", Global::numpy_from_buffer},
    {"numpy.core.multiarray", "_reconstruct", Global::numpy_reconstruct},
    {"numpy.core.multiarray", "scalar", Global::numpy_scalar},
    {"numpy.core.numeric", "_frombuffer", Global::numpy_from_buffer},
    {"torch", "Size", Global::size},
    {"torch", "Tensor", Global::tensor_class},
    {"torch", "device", Global::device},
    {"torch", "per_channel_affine", Global::reference},
    {"torch", "per_channel_affine_float_qparams", Global::reference},
    {"torch", "per_channel_symmetric", Global::reference},
    {"torch", "per_tensor_affine", Global::reference},
    {"torch", "per_tensor_symmetric", Global::reference},
    {"torch._tensor", "_rebuild_from_type_v2", Global::rebuild_from_type},
    {"torch._utils", "_rebuild_device_tensor_from_cpu_tensor", Global::kept},
    {"torch._utils", "_rebuild_device_tensor_from_numpy", Global::kept},
    {"torch._utils", "_rebuild_meta_tensor_no_storage", Global::kept},
    {"torch._utils", "_rebuild_parameter", Global::rebuild_parameter},
    {"torch._utils", "_rebuild_parameter_with_state", Global::rebuild_parameter_with_state},
    {"torch._utils", "_rebuild_qtensor", Global::rebuild_qtensor},
    {"torch._utils", "_rebuild_sparse_tensor", Global::rebuild_sparse},
    {"torch._utils", "_rebuild_tensor", Global::rebuild_tensor},
    {"torch._utils", "_rebuild_tensor_v2", Global::rebuild_tensor_v2},
    {"torch._utils", "_rebuild_tensor_v3", Global::rebuild_tensor_v3},
    {"torch._utils", "_rebuild_wrapper_subclass", Global::kept},
    {"torch.nn.parameter", "Parameter", Global::parameter_class},
    {"torch.serialization", "_get_layout", Global::get_layout},
    {"torch.storage", "UntypedStorage", Global::untyped_storage},
    {"torch.storage", "_UntypedStorage", Global::untyped_storage},
    {"torch.storage", "_load_from_bytes", Global::load_from_bytes},
};

struct Class {
  std::string_view stem;  // FloatStorage and FloatTensor
  DType dtype;
};
constexpr Class kClasses[] = {
    {"Float", DType::float32},
    {"Double", DType::float64},
    {"Half", DType::float16},
    {"BFloat16", DType::bfloat16},
    {"Long", DType::int64},
    {"Int", DType::int32},
    {"Short", DType::int16},
    {"Char", DType::int8},
    {"Byte", DType::uint8},
    {"Bool", DType::bool_},
    {"ComplexFloat", DType::complex64},
    {"ComplexDouble", DType::complex128},
    {"QInt8", DType::qint8},
    {"QUInt8", DType::quint8},
    {"QInt32", DType::qint32},
};
constexpr std::string_view kStorage = "Storage", kTensor = "Tensor";

// Types that torch names and we have no elements of: kept as names.
constexpr std::string_view kOddTypes[] = {"bits16", "bits1x8",  "bits2x4",  "bits4x2",
                                          "bits8",  "quint2x4", "quint4x2", "bcomplex32"};
bool odd_type(std::string_view name) {
  if (std::find(std::begin(kOddTypes), std::end(kOddTypes), name) != std::end(kOddTypes)) return true;
  if (name.starts_with('u')) name.remove_prefix(1);
  return name.size() == 4 && name.starts_with("int") && name[3] >= '1' && name[3] <= '7';
}

}  // namespace

AllowedGlobal allowed_global(std::string_view module, std::string_view name) {
  for (const Row& r : kNames)
    if (r.name == name && r.module == module) return {r.what};
  if (module == "torch" || module == "torch.cuda") {
    for (const Class& c : kClasses) {
      if (!name.starts_with(c.stem)) continue;
      const std::string_view rest = name.substr(c.stem.size());
      if (rest == kStorage) return {Global::storage, c.dtype};
      if (rest == kTensor) return {Global::reference};
    }
  }
  if (module == "torch") {
    if (name == "UntypedStorage") return {Global::untyped_storage};
    if (const auto t = dtype_from_name(name)) return {Global::dtype, *t};
    if (odd_type(name)) return {Global::reference};
  }
  if (names_kept_elements(module, name)) return {Global::kept};
  return {};
}

bool weights_only_allows(std::string_view module, std::string_view name) {
  const AllowedGlobal k = allowed_global(module, name);
  const bool quantized = name.starts_with('Q');
  switch (k.what) {
    case Global::unknown:
    case Global::load_from_bytes: return false;
    case Global::encode:
    case Global::bytearray:
    case Global::set:
    case Global::complex:
    case Global::ordered_dict:
    case Global::counter: return true;
    case Global::untyped_storage: return module == "torch.storage" && name == "UntypedStorage";
    case Global::storage: return module == "torch" || !quantized;
    case Global::reference:
      if (name.ends_with(kTensor) && (name.starts_with("Complex") || quantized)) return false;
      [[fallthrough]];
    default: return module.starts_with("torch");
  }
}

std::string_view storage_class(DType t) {
  // Whole names, so that a view of them lives for ever.
  static constexpr std::string_view kWhole[] = {
      "FloatStorage",        "DoubleStorage",        "HalfStorage",  "BFloat16Storage", "LongStorage",
      "IntStorage",          "ShortStorage",         "CharStorage",  "ByteStorage",     "BoolStorage",
      "ComplexFloatStorage", "ComplexDoubleStorage", "QInt8Storage", "QUInt8Storage",   "QInt32Storage"};
  static_assert(std::size(kWhole) == std::size(kClasses));
  for (std::size_t i = 0; i < std::size(kClasses); ++i)
    if (kClasses[i].dtype == t) return kWhole[i];
  return {};
}

void to_python3(std::string& module, std::string& name) {
  if (module == "__builtin__") {
    module = "builtins";
    if (name == "xrange")
      name = "range";
    else if (name == "unicode")
      name = "str";
    else if (name == "long")
      name = "int";
  } else if (module == "copy_reg") {
    module = "copyreg";
  }
}
void to_python2(std::string& module, std::string& name) {
  if (module == "builtins") {
    module = "__builtin__";
    if (name == "range")
      name = "xrange";
    else if (name == "str")
      name = "unicode";
    else if (name == "int")
      name = "long";
  } else if (module == "copyreg") {
    module = "copy_reg";
  }
}

}  // namespace harker
