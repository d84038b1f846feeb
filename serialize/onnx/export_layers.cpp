// ONNX for products, convolutions, pools, normalisations and recurrent layers.
#include <harker/core/ops/ops.h>
#include <harker/serialize/onnx/export_call.h>

namespace harker::onnx {
namespace {

void linear(const Call& c) { c.is(c.node("Gemm", {c.in(0), c.in(1), c.in(2)}, integer("transB", 1))); }

std::string turned(const Call& c, std::size_t i, bool turn) {
  if (!turn) return c.in(i);
  std::vector<std::int64_t> order;
  for (int d = 0; d < c.rank(i); ++d) order.push_back(d);
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  return c.node("Transpose", {c.in(i)}, ints("perm", order));
}
void matmul(const Call& c) { c.is(c.node("MatMul", {turned(c, 0, c.whole(0) != 0), turned(c, 1, c.whole(1) != 0)})); }

// --- Windows over images: {kernel, stride, padding, dilation, size, out}, two numbers each (core/ops/windows.h).
enum { kKernel = 0, kStride = 2, kPadding = 4, kDilation = 6, kSize = 8, kOut = 10, kGroups = 12 };

std::vector<std::int64_t> two(const Call& c, std::size_t k, std::size_t at) {
  return {c.listed(k, at), c.listed(k, at + 1)};
}
/// In front and behind, in both dimensions. Behind there may be more than the option says: where the last window, of
/// padding "same" or of ceil_mode, reaches beyond.
std::vector<std::int64_t> pads(const Call& c, std::size_t k) {
  std::vector<std::int64_t> front, behind;
  for (std::size_t d = 0; d < 2; ++d) {
    const std::int64_t p = c.listed(k, kPadding + d), n = c.listed(k, kSize + d), s = c.listed(k, kStride + d);
    const std::int64_t covered = (c.listed(k, kKernel + d) - 1) * c.listed(k, kDilation + d),
                       out = c.listed(k, kOut + d);
    if (s < 1) c.refuse("adaptive pooling whose windows do not share the image evenly");
    front.push_back(p);
    behind.push_back((n + 2 * p - covered - 1) / s + 1 == out ? p : (out - 1) * s + covered + 1 - n - p);
  }
  front.insert(front.end(), behind.begin(), behind.end());
  return front;
}
std::string windows(const Call& c, std::size_t k, bool dilations = true) {
  std::string a =
      ints("kernel_shape", two(c, k, kKernel)) + ints("strides", two(c, k, kStride)) + ints("pads", pads(c, k));
  return dilations ? a + ints("dilations", two(c, k, kDilation)) : a;
}

void conv2d(const Call& c) {
  c.is(c.node("Conv", {c.in(0), c.in(1), c.in(2)}, windows(c, 0) + integer("group", c.listed(0, kGroups))));
}
void conv_transpose2d(const Call& c) {
  std::vector<std::int64_t> extra;
  for (std::size_t d = 0; d < 2; ++d)
    extra.push_back(c.listed(0, kSize + d) -
                    ((c.listed(0, kOut + d) - 1) * c.listed(0, kStride + d) - 2 * c.listed(0, kPadding + d) +
                     (c.listed(0, kKernel + d) - 1) * c.listed(0, kDilation + d) + 1));
  std::vector<std::int64_t> padding = two(c, 0, kPadding);
  padding.insert(padding.end(), {padding[0], padding[1]});
  c.is(c.node("ConvTranspose", {c.in(0), c.in(1)},
              ints("kernel_shape", two(c, 0, kKernel)) + ints("strides", two(c, 0, kStride)) + ints("pads", padding) +
                  ints("dilations", two(c, 0, kDilation)) + ints("output_padding", extra) +
                  integer("group", c.listed(0, kGroups))));
}

void max_pool2d(const Call& c) {
  const bool real = is_floating_point(c.dtype(0));
  const std::string x = real ? c.in(0) : c.in(0, DType::float64);
  const std::vector<std::string> z = c.graph.nodes("MaxPool", {x}, windows(c, 0), 2);
  c.is(real ? z[0] : c.cast(z[0], c.dtype(0)));
  if (c.outputs() < 2) return;  // places: in all of x, where ours are in one image's channel
  const std::int64_t plane = c.listed(0, kSize) * c.listed(0, kSize + 1);
  c.is(c.node("Mod", {z[1], c.graph.number(static_cast<double>(plane), DType::int64)}), 1);
}
void avg_pool2d(const Call& c) {
  const bool counts_padding = c.whole(1) != 0;
  const std::int64_t divisor = c.whole(2);
  if (!is_floating_point(c.dtype(0))) c.refuse("of integers");
  const std::vector<std::int64_t> at = pads(c, 0);
  if ((counts_padding || divisor) && (at[2] > at[0] || at[3] > at[1]))
    c.refuse("a window that reaches beyond the padding (ceil_mode) and counts it");
  const std::string z =
      c.node("AveragePool", {c.in(0)}, windows(c, 0, false) + integer("count_include_pad", counts_padding || divisor));
  const std::int64_t count = c.listed(0, kKernel) * c.listed(0, kKernel + 1);
  c.is(divisor ? c.node("Mul", {z, c.number_of(static_cast<double>(count) / static_cast<double>(divisor))}) : z);
}

// --- Normalisations.
std::string ones_of(const Call& c, const Shape& shape) { return c.graph.constant(ones(shape, {.dtype = c.dtype(0)})); }

void layer_norm(const Call& c) {
  const std::int64_t dims = c.whole(0);
  std::string weight = c.in(1);
  if (weight.empty()) {
    Shape shape;
    const std::vector<Dim> all = c.dims(0);
    for (std::size_t d = all.size() - static_cast<std::size_t>(dims); d < all.size(); ++d) {
      if (!all[d].fixed()) c.refuse("over a dimension that depends on the batch's size");
      shape = shape.inserted(shape.rank(), all[d].c);
    }
    weight = ones_of(c, shape);
  }
  c.is(c.node("LayerNormalization", {c.in(0), weight, c.in(2)}, integer("axis", -dims) + real("epsilon", c.number(1))));
}

/// x, scale, bias of channels, where the latter may be undefined.
std::vector<std::string> by_channel(const Call& c) {
  const Dim channels = c.dims(0)[1];
  if (!channels.fixed()) c.refuse("channels that depend on the batch's size");
  const std::string scale = c.has(3) ? c.in(3) : ones_of(c, {channels.c});
  return {c.in(0), scale, c.has(4) ? c.in(4) : c.graph.constant(zeros({channels.c}, {.dtype = c.dtype(0)}))};
}
void batch_norm(const Call& c) {
  if (c.whole(0)) c.refuse("in training mode, by the statistics of the batch; call eval() on the module");
  std::vector<std::string> in = by_channel(c);
  in.push_back(c.in(1));
  in.push_back(c.in(2));
  c.is(c.node("BatchNormalization", in, real("epsilon", c.number(1))));
}
void instance_norm(const Call& c) {
  if (!c.whole(0)) return batch_norm(c);
  c.is(c.node("InstanceNormalization", by_channel(c), real("epsilon", c.number(1))));
}

// --- A recurrent layer in one direction (nn/recurrent_layer.cpp): inputs x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr;
// numbers kind, reverse, times, sequences.
enum { kX, kH, kC, kWih, kWhh, kBih, kBhh, kWhr };
enum { kTanh, kRelu, kLstm, kGru };

/// The gates, parts of the first dimension of input i, in ONNX's order: i o f c of i f c o; z r h of r z h.
std::string gates(const Call& c, std::size_t i, std::int64_t kind) {
  const std::vector<std::int64_t> order = kind == kLstm  ? std::vector<std::int64_t>{0, 3, 1, 2}
                                          : kind == kGru ? std::vector<std::int64_t>{1, 0, 2}
                                                         : std::vector<std::int64_t>{0};
  if (order.size() == 1) return c.in(i);
  const std::int64_t n = c.fixed_dims(i)[0] / static_cast<std::int64_t>(order.size());
  std::vector<std::string> parts;
  for (std::int64_t k : order)
    parts.push_back(c.node("Slice", {c.in(i), c.graph.list({k * n}), c.graph.list({(k + 1) * n}), c.graph.list({0})}));
  return c.node("Concat", parts, integer("axis", 0));
}

void recurrent_layer(const Call& c) {
  const std::int64_t kind = c.listed(0, 0);
  const Dim times = c.listed_dim(0, 2), sequences = c.listed_dim(0, 3);
  if (c.has(kWhr)) c.refuse("ONNX has no projection of an LSTM's state (proj_size)");
  if (sequences == Dim{}) c.refuse("sequences of several lengths (a packed sequence)");
  const std::int64_t features = c.fixed_dims(kWih)[1], size = c.fixed_dims(kWhh)[1];
  const auto in_front = [&](const std::string& v) { return c.node("Unsqueeze", {v, c.graph.list({0})}); };
  std::string bias;
  if (c.has(kBih) || c.has(kBhh)) {
    if (!c.has(kBih) || !c.has(kBhh)) c.refuse("one bias of two");
    bias = in_front(c.node("Concat", {gates(c, kBih, kind), gates(c, kBhh, kind)}, integer("axis", 0)));
  }
  std::vector<std::string> in{c.reshape(c.in(kX), {times, sequences, Dim{0, features}}),
                              in_front(gates(c, kWih, kind)),
                              in_front(gates(c, kWhh, kind)),
                              bias,
                              "",
                              in_front(c.in(kH))};
  if (kind == kLstm) in.push_back(in_front(c.in(kC)));
  std::string how = integer("hidden_size", size) + text("direction", c.listed(0, 1) ? "reverse" : "forward");
  if (kind == kGru) how += integer("linear_before_reset", 1);
  if (kind == kRelu) how += texts("activations", {"Relu"});
  const std::vector<std::string> z = c.graph.nodes(kind == kLstm  ? "LSTM"
                                                   : kind == kGru ? "GRU"
                                                                  : "RNN",
                                                   in, how, kind == kLstm ? 3 : 2);
  c.is(c.reshape(z[0], c.out_dims(0)), 0);
  for (std::size_t i = 1; i < z.size(); ++i) c.is(c.node("Squeeze", {z[i], c.graph.list({0})}), i);
}

void mse_loss(const Call& c) {
  const std::string d = c.node("Sub", {c.in(0), c.in(1)});
  std::vector<std::int64_t> axes;
  for (int i = 0; i < c.rank(0); ++i) axes.push_back(i);
  c.is(c.reduce("ReduceMean", c.node("Mul", {d, d}), axes, false));
}

constexpr Row kRows[] = {
    {"linear", linear},
    {"matmul", matmul},
    {"conv2d", conv2d},
    {"conv_transpose2d", conv_transpose2d},
    {"max_pool2d", max_pool2d},
    {"avg_pool2d", avg_pool2d},
    {"layer_norm", layer_norm},
    {"batch_norm", batch_norm},
    {"instance_norm", instance_norm},
    {"recurrent_layer", recurrent_layer},
    {"mse_loss", mse_loss},
};

}  // namespace

std::span<const Row> layer_rows() { return kRows; }

}  // namespace harker::onnx
