// The table of names: torch's own list for weights_only (torch/_weights_only_unpickler.py), and frozenset, defaultdict,
// slice, range and NumPy's.
#include <harker/serialize/value/allowed_globals.h>

#include <algorithm>
#include <iterator>

namespace harker {
namespace {

struct Row {
  std::string_view module, name;
  Known what;
};
constexpr Row kNames[] = {
    {"_codecs", "encode", Known::encode},
    {"builtins", "bool", Known::reference},
    {"builtins", "bytearray", Known::bytearray},
    {"builtins", "bytes", Known::bytes},
    {"builtins", "complex", Known::complex},
    {"builtins", "dict", Known::reference},
    {"builtins", "float", Known::reference},
    {"builtins", "frozenset", Known::frozenset},
    {"builtins", "int", Known::reference},
    {"builtins", "list", Known::reference},
    {"builtins", "range", Known::kept},
    {"builtins", "set", Known::set},
    {"builtins", "slice", Known::kept},
    {"builtins", "str", Known::reference},
    {"builtins", "tuple", Known::reference},
    {"collections", "Counter", Known::counter},
    {"collections", "OrderedDict", Known::ordered_dict},
    {"collections", "defaultdict", Known::default_dict},
    {"numpy", "dtype", Known::numpy_dtype},
    {"numpy", "ndarray", Known::numpy_array_class},
    {"numpy._core.multiarray", "_reconstruct", Known::numpy_reconstruct},
    {"numpy._core.multiarray", "scalar", Known::numpy_scalar},
    {"numpy._core.numeric", "_frombuffer", Known::numpy_from_buffer},
    {"numpy.core.multiarray", "_reconstruct", Known::numpy_reconstruct},
    {"numpy.core.multiarray", "scalar", Known::numpy_scalar},
    {"numpy.core.numeric", "_frombuffer", Known::numpy_from_buffer},
    {"torch", "Size", Known::size},
    {"torch", "Tensor", Known::tensor_class},
    {"torch", "device", Known::device},
    {"torch", "per_channel_affine", Known::reference},
    {"torch", "per_channel_affine_float_qparams", Known::reference},
    {"torch", "per_channel_symmetric", Known::reference},
    {"torch", "per_tensor_affine", Known::reference},
    {"torch", "per_tensor_symmetric", Known::reference},
    {"torch._tensor", "_rebuild_from_type_v2", Known::rebuild_from_type},
    {"torch._utils", "_rebuild_device_tensor_from_cpu_tensor", Known::kept},
    {"torch._utils", "_rebuild_device_tensor_from_numpy", Known::kept},
    {"torch._utils", "_rebuild_meta_tensor_no_storage", Known::kept},
    {"torch._utils", "_rebuild_parameter", Known::rebuild_parameter},
    {"torch._utils", "_rebuild_parameter_with_state", Known::rebuild_parameter_with_state},
    {"torch._utils", "_rebuild_qtensor", Known::rebuild_qtensor},
    {"torch._utils", "_rebuild_sparse_tensor", Known::rebuild_sparse},
    {"torch._utils", "_rebuild_tensor", Known::rebuild_tensor},
    {"torch._utils", "_rebuild_tensor_v2", Known::rebuild_tensor_v2},
    {"torch._utils", "_rebuild_tensor_v3", Known::rebuild_tensor_v3},
    {"torch._utils", "_rebuild_wrapper_subclass", Known::kept},
    {"torch.nn.parameter", "Parameter", Known::parameter_class},
    {"torch.serialization", "_get_layout", Known::get_layout},
    {"torch.storage", "UntypedStorage", Known::untyped_storage},
    {"torch.storage", "_UntypedStorage", Known::untyped_storage},
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

KnownName known_name(std::string_view module, std::string_view name) {
  for (const Row& r : kNames)
    if (r.name == name && r.module == module) return {r.what};
  if (module == "torch" || module == "torch.cuda") {
    for (const Class& c : kClasses) {
      if (!name.starts_with(c.stem)) continue;
      const std::string_view rest = name.substr(c.stem.size());
      if (rest == kStorage) return {Known::storage, c.dtype};
      if (rest == kTensor) return {Known::reference};
    }
  }
  if (module == "torch") {
    if (name == "UntypedStorage") return {Known::untyped_storage};
    if (const auto t = dtype_from_name(name)) return {Known::dtype, *t};
    if (odd_type(name)) return {Known::reference};
  }
  return {};
}

bool weights_only_allows(std::string_view module, std::string_view name) {
  const KnownName k = known_name(module, name);
  const bool quantized = name.starts_with('Q');
  switch (k.what) {
    case Known::unknown: return false;
    case Known::encode:
    case Known::bytearray:
    case Known::set:
    case Known::complex:
    case Known::ordered_dict:
    case Known::counter: return true;
    case Known::untyped_storage: return module == "torch.storage" && name == "UntypedStorage";
    case Known::storage: return module == "torch" || !quantized;
    case Known::reference:
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
