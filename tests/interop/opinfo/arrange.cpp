// Views, copies, conversions, joining and splitting, windows and diagonals. A memory format is a layout, which harker has one of.
#include "call.h"

namespace opinfo {

namespace {
template <DType t>
Tensor converted(T x) {
  return x.to(t);
}
Out each(const std::vector<Tensor>& all, U f) {
  Out out;
  for (T x : all) out.push_back(f(x));
  return out;
}
}  // namespace

void add_arrange() {
  op("view", "x, *shape", [](T x, const Shape& s) { return x.view(s); });
  op("reshape", "x, *shape", [](T x, const Shape& s) { return x.reshape(s); });
  op("view_as", "x, y", [](T x, T y) { return x.view_as(y); });
  op("reshape_as", "x, y", [](T x, T y) { return x.reshape_as(y); });
  op("expand_as", "x, y", [](T x, T y) { return x.expand_as(y); });
  op("expand", "x, *shape", [](T x, const Shape& s) { return x.expand(s); });
  op("broadcast_to", "x, *shape", broadcast_to);
  op("broadcast_tensors", "*tensors", broadcast_tensors);
  op("broadcast_shapes", "*shapes", [](const Value& shapes) {
    Shape s;
    Call none(Value::list(), Value::dict(), Value::list());
    for (const Value& v : shapes.elements()) s = broadcast_shapes(s, argument<Shape>(none, v));
    Out out;
    for (Int n : s) collect(out, n);
    return out;
  });
  op("sum_to_size", "x, *shape", sum_to);
  op("transpose swapaxes", "x, dim0, dim1", [](T x, int a, int b) { return x.transpose(a, b); });
  op("t T", "x", [](T x) { return x.t(); });
  op("mT", "x", [](T x) { return x.transpose(-2, -1); });
  op("permute", "x, *dims", [](T x, const Shape& d) { return x.permute(d); });
  op("movedim", "x, source, destination", movedim);
  op("squeeze", "x", [](T x) { return x.squeeze(); });
  op("squeeze", "x, dim", [](T x, int d) { return x.squeeze(d); });
  op("squeeze.multiple", "x, dim", [](T x, const Shape& d) { return x.squeeze(d); });
  op("unsqueeze", "x, dim", [](T x, int d) { return x.unsqueeze(d); });
  op("flatten", "x, start_dim=0, end_dim=-1", [](T x, int a, int b) { return x.flatten(a, b); });
  op("ravel", "x", [](T x) { return x.flatten(); });
  op("unflatten", "x, dim, sizes", unflatten);
  op("select", "x, dim, index", [](T x, int d, Int i) { return x.select(d, i); });
  op("slice", "x, dim=0, start=None, end=None, step=1",
     [](T x, int d, std::optional<Int> a, std::optional<Int> b, Int s) {
       return x.slice(d, a.value_or(0), b.value_or(INT64_MAX), s);
     });
  op("narrow", "x, dim, start, length", [](T x, int d, Int a, Int n) { return x.narrow(d, a, n); });
  op("contiguous", "x, memory_format:*", [](T x) { return x.contiguous(); });
  op("clone", "x, memory_format:*", [](T x) { return x.clone(); });
  op("split unsafe_split", "x, size, dim=0", [](T x, Int n, int d) { return split(x, n, d); });
  op("split split.list_args split_with_sizes unsafe_split", "x, sizes, dim=0",
     [](T x, const Shape& s, int d) { return split(x, s, d); });
  op("split_with_sizes", "x, split_sizes, dim=0", [](T x, const Shape& s, int d) { return split(x, s, d); });
  op("chunk unsafe_chunk", "x, chunks, dim=0", chunk);
  op("tensor_split", "x, sections, dim=0", [](T x, T s, int d) {
    return s.dim() == 0 ? tensor_split(x, s.item<Int>(), d) : tensor_split(x, Shape(s.to_vector<Int>()), d);
  });
  op("tensor_split", "x, sections, dim=0", [](T x, Int n, int d) { return tensor_split(x, n, d); });
  op("tensor_split", "x, indices, dim=0", [](T x, const Shape& s, int d) { return tensor_split(x, s, d); });
  op("unbind", "x, dim=0", unbind);
  op("cat", "tensors, dim=0", cat);
  op("stack", "tensors, dim=0", stack);
  op("hstack", "tensors", hstack);
  op("vstack", "tensors", vstack);
  op("dstack", "tensors", dstack);
  op("atleast_1d", "x", atleast_1d);
  op("atleast_1d", "*tensors", [](const std::vector<Tensor>& all) { return each(all, atleast_1d); });
  op("atleast_2d", "x", atleast_2d);
  op("atleast_2d", "*tensors", [](const std::vector<Tensor>& all) { return each(all, atleast_2d); });
  op("atleast_3d", "x", atleast_3d);
  op("atleast_3d", "*tensors", [](const std::vector<Tensor>& all) { return each(all, atleast_3d); });
  op("meshgrid.list_of_tensors", "tensors, indexing='ij'", meshgrid);
  op("meshgrid.variadic_tensors", "*tensors, indexing='ij'", meshgrid);
  op("cartesian_prod", "*tensors", cartesian_prod);
  op("flip", "x, *dims", flip);
  op("fliplr", "x", fliplr);
  op("flipud", "x", flipud);
  op("rot90", "x, k=1, dims=(0,1)", rot90);
  op("roll", "x, shifts, dims=()", roll);
  op("repeat", "x, *repeats", repeat);
  op("tile", "x, *repeats", tile);
  op("repeat_interleave", "x, repeats, dim=None, output_size:*",
     [](T x, T r, std::optional<Int> d) { return repeat_interleave(x, r, d); });
  op("repeat_interleave", "x, repeats, dim=None, output_size:*",
     [](T x, Int r, std::optional<Int> d) { return repeat_interleave(x, r, d); });
  for (const char* mode : {"constant", "reflect", "replicate", "replicate_negative", "circular"})
    op(std::string("nn.functional.pad.") + mode, "x, pad, mode='constant', value=0",
       [](T x, const Shape& p, Text m, std::optional<Scalar> v) { return pad(x, p, m, v.value_or(0)); });
  op("constant_pad_nd", "x, pad, value=0", [](T x, const Shape& p, Scalar v) { return pad(x, p, "constant", v); });
  op("diagonal", "x, offset=0, dim1=0, dim2=1", diagonal);
  op("linalg.diagonal", "x, offset=0, dim1=-2, dim2=-1", diagonal);
  op("diag_embed", "x, offset=0, dim1=-2, dim2=-1", diag_embed);
  op("diag", "x, diagonal=0", diag);
  op("diagflat", "x, offset=0", diagflat);
  op("trace", "x", trace);
  op("diagonal_scatter", "x, src, offset=0, dim1=0, dim2=1", diagonal_scatter);
  op("select_scatter", "x, src, dim, index", select_scatter);
  op("slice_scatter", "x, src, dim=0, start=None, end=None, step=1",
     [](T x, T src, int d, std::optional<Int> a, std::optional<Int> b, Int s) {
       return slice_scatter(x, src, d, a.value_or(0), b.value_or(INT64_MAX), s);
     });
  op("tril_indices", "row, col, offset=0, dtype:None, device:*", tril_indices);
  op("triu_indices", "row, col, offset=0, dtype:None, device:*", triu_indices);
  op("unfold", "x, dimension, size, step", unfold);
  op("nn.functional.unfold", "x, kernel_size, dilation=1, padding=0, stride=1", im2col);
  op("nn.functional.pixel_shuffle", "x, upscale_factor", pixel_shuffle);
  op("nn.functional.pixel_unshuffle", "x, downscale_factor", pixel_unshuffle);
  // Conversions.
  const char* form = "x, memory_format:*";
  op("float", form, converted<kFloat32>);
  op("double", form, converted<kFloat64>);
  op("half", form, converted<kFloat16>);
  op("bfloat16", form, converted<kBFloat16>);
  op("int", form, converted<kInt32>);
  op("long", form, converted<kInt64>);
  op("short", form, converted<kInt16>);
  op("char", form, converted<kInt8>);
  op("byte", form, converted<kUInt8>);
  op("bool", form, converted<kBool>);
  op("to", "x, dtype, non_blocking:*, copy:*, memory_format:*", [](T x, DType t) { return x.to(t); });
  op("to", "x, device:'cpu', dtype, non_blocking:*, copy:*, memory_format:*", [](T x, DType t) { return x.to(t); });
  op("to", "x, like, non_blocking:*, copy:*, memory_format:*", [](T x, T like) { return x.to(like); });
  op("to", "x, device:'cpu', non_blocking:*, copy:*", [](T x) { return x.to(kCPU); });
  op("item", "x", [](T x) {
    Out out;
    if (x.dtype() == kBool)
      collect(out, x.item<bool>());
    else if (x.is_floating_point())
      collect(out, x.item());
    else
      collect(out, x.item<Int>());
    return out;
  });
}

}  // namespace opinfo
