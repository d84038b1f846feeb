// The classes and functions that a PyTorch file may name, and what each means to us. Exact names only; everything else
// is unknown, however harmless it looks. Python 2's module names are turned into Python 3's first.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include <harker/core/dtype.h>

namespace harker {

enum class Global : std::uint8_t {
  unknown,
  reference,  ///< may be named, never called
  kept,       ///< a call of it is kept as it stands: slice, range, tensors without bytes
  ordered_dict,
  counter,
  default_dict,
  set,
  frozenset,
  complex,
  bytes,
  bytearray,
  encode,
  size,
  device,
  get_layout,
  dtype,
  storage,
  untyped_storage,
  tensor_class,
  parameter_class,
  rebuild_tensor,  ///< from here on tensor makers
  rebuild_tensor_v2,
  rebuild_tensor_v3,
  rebuild_parameter,
  rebuild_parameter_with_state,
  rebuild_qtensor,
  rebuild_sparse,  ///< to here
  rebuild_from_type,
  load_from_bytes,  ///< a file in a file
  numpy_scalar,
  numpy_dtype,
  numpy_array_class,
  numpy_reconstruct,
  numpy_from_buffer
};

/// A function of torch's that returns a tensor.
constexpr bool is_tensor_maker(Global g) { return g >= Global::rebuild_tensor && g <= Global::rebuild_sparse; }

/// May a call of it be kept as it stands, where it makes nothing that we have? Tensors without bytes, Parameters and
/// subclasses of what is no plain tensor, NumPy's dates.
constexpr bool keeps_calls(Global g) {
  return g == Global::kept || g == Global::numpy_dtype || g == Global::numpy_scalar || g == Global::rebuild_parameter ||
         g == Global::rebuild_parameter_with_state || g == Global::rebuild_from_type;
}

struct AllowedGlobal {
  Global what = Global::unknown;
  DType dtype = DType::uint8;  ///< of `dtype` and `storage`
};

/// Looks a Python 3 name up.
AllowedGlobal allowed_global(std::string_view module, std::string_view name);
/// Whether torch.load(weights_only=True) lets a file name it: all that are torch's, and few of Python's.
bool weights_only_allows(std::string_view module, std::string_view name);
/// Python 2's (module, name) as Python 3's, and back: ("__builtin__", "xrange") and ("builtins", "range").
void to_python3(std::string& module, std::string& name);
void to_python2(std::string& module, std::string& name);
/// The storage class that torch writes for a dtype, "FloatStorage"; empty for those that it stores as untyped bytes.
std::string_view storage_class(DType t);

}  // namespace harker
