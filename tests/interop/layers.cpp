// Prints what harker makes of reductions, indexing, activations, losses, normalisation, convolution and pooling, a line per case:
// the expression in Python, the tensors in it, the results, the weights of the first result and the gradients of its
// weighted sum. layers.py computes the same with torch and compares.
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <harker/core/base/text.h>
#include <harker/core/error.h>
#include <harker/core/ops/ops.h>

using namespace harker;
using detail::str;

namespace {

std::string hex(double v) {
  if (std::isnan(v)) return "nan";
  char text[64];
  std::snprintf(text, sizeof text, "%a", v);
  return text;
}

/// dtype:shape:values
std::string text(const Tensor& t) {
  std::string s(name(t.dtype()));
  s += ':';
  for (std::int64_t d : t.shape()) s += std::to_string(d) + ",";
  s += ':';
  if (is_floating_point(t.dtype()))
    for (double v : t.to_vector<double>()) s += hex(v) + ",";
  else
    for (std::int64_t v : t.to_vector<std::int64_t>()) s += std::to_string(v) + ",";
  return s;
}

/// Numbers that do not depend on the machine.
std::uint32_t state = 1;
int below(int n) {
  state = state * 1664525u + 1013904223u;
  return static_cast<int>((state >> 8) % static_cast<std::uint32_t>(n));
}

/// Fractions of small numbers, so that some are equal; integers and bool where the dtype is one.
Tensor sample(const Shape& shape, DType dtype, int kinds = 37) {
  Tensor t = empty(shape, kFloat64);
  for (std::int64_t i = 0; i < t.numel(); ++i) t.data<double>()[i] = (below(kinds) - kinds / 2) / 8.0;
  if (dtype == kBool) return gt(t, 0.0);
  if (!is_floating_point(dtype)) return abs(t * 8.0).to(dtype);
  return t.to(dtype).requires_grad_();
}
/// With a NaN, or infinities, here and there.
Tensor special(const Shape& shape, DType dtype, int which) {
  Tensor t = sample(shape, dtype).detach();
  if (t.numel() == 0) return t.requires_grad_();
  const double values[] = {NAN, INFINITY, -INFINITY};
  Tensor flat = t.view({-1});
  for (int i = 0; i <= which; ++i)
    flat[below(static_cast<int>(t.numel()))].fill_(values[which == 3 ? 2 : (which + i) % 3]);
  if (which == 3) t.fill_(-INFINITY);
  return t.requires_grad_();
}
Tensor indices(const Shape& shape, int n, int low = 0) {
  Tensor t = empty(shape, kInt64);
  for (std::int64_t i = 0; i < t.numel(); ++i) t.data<std::int64_t>()[i] = low + below(n - low);
  return t;
}

using Inputs = std::vector<std::pair<std::string, Tensor>>;

/// The results of an expression: one tensor, or values and indices, or several.
struct Outputs {
  std::vector<Tensor> all;
  Outputs(const Tensor& t) : all{t} {}
  Outputs(const ValuesAndIndices& r) : all{r.values, r.indices} {}
  Outputs(std::vector<Tensor> v) : all(std::move(v)) {}
};

template <class F>
void judge(const std::string& expression, const Inputs& in, const F& f) {
  std::string line = expression;
  for (const auto& [name, t] : in) line += "\tin " + name + "=" + (t.requires_grad() ? "*" : "") + text(t);
  try {
    const Outputs out(f());
    for (const Tensor& t : out.all) line += "\tout " + text(t.detach());
    const Tensor& first = out.all[0];
    if (first.requires_grad()) {
      Tensor weight = empty(first.shape(), kFloat64);
      for (std::int64_t i = 0; i < weight.numel(); ++i)
        weight.data<double>()[i] = static_cast<double>((i * 7 + 3) % 11 - 5) / 4;
      weight = weight.to(first.dtype());
      sum(first * weight).backward();
      line += "\tweight " + text(weight);
      for (const auto& [name, t] : in)
        if (t.requires_grad()) line += "\tgrad " + name + "=" + (t.grad().defined() ? text(t.grad()) : "none");
    }
    for (const auto& [name, t] : in)
      if (name.rfind("running", 0) == 0) line += "\tafter " + name + "=" + text(t);
  } catch (const Error& e) { line += str("\terror ", e.what()); }
  std::puts(line.c_str());
}

const DType kFloats[] = {kFloat32, kFloat64, kFloat16, kBFloat16};
const DType kOthers[] = {kInt64, kInt32, kUInt8, kBool};
const char* truth(bool b) { return b ? "True" : "False"; }
std::string list(const Shape& s) {
  std::string out = "[";
  for (std::int64_t d : s) out += std::to_string(d) + ",";
  return out + "]";
}
std::string pair(Pair p) { return str("(", p.down, ",", p.across, ")"); }

void reductions(const Tensor& x, bool floating) {
  const Inputs in = {{"x", x}};
  const auto fresh = [&](const std::string& e, const auto& f) {
    const Tensor t = floating ? x.detach().clone().requires_grad_() : x;
    judge(e, {{"x", t}}, [&] { return f(t); });
  };
  fresh("x.sum()", [](const Tensor& t) { return t.sum(); });
  fresh("x.prod()", [](const Tensor& t) { return t.prod(); });
  fresh("x.max()", [](const Tensor& t) { return t.max(); });
  fresh("x.min()", [](const Tensor& t) { return t.min(); });
  fresh("x.argmax()", [](const Tensor& t) { return t.argmax(); });
  fresh("x.argmin()", [](const Tensor& t) { return t.argmin(); });
  if (floating) {
    fresh("x.mean()", [](const Tensor& t) { return t.mean(); });
    fresh("x.var()", [](const Tensor& t) { return t.var(); });
    fresh("x.std()", [](const Tensor& t) { return t.std(); });
    for (double p : {2.0, 1.0, 3.0, 0.0, 0.5, static_cast<double>(INFINITY), -static_cast<double>(INFINITY)})
      fresh(
          str("torch.linalg.vector_norm(x, ", std::isinf(p) ? (p > 0 ? "float('inf')" : "-float('inf')") : str(p), ")"),
          [=](const Tensor& t) { return t.norm(p); });
  }
  for (int d = x.dim() ? -x.dim() : -1; d < (x.dim() ? x.dim() : 1); ++d)
    for (bool keep : {false, true}) {
      const std::string args = str("(", d, ", keepdim=", truth(keep), ")");
      fresh("x.sum" + args, [=](const Tensor& t) { return t.sum(d, keep); });
      fresh("x.prod" + args, [=](const Tensor& t) { return t.prod(d, keep); });
      fresh("x.max" + args, [=](const Tensor& t) { return t.max(d, keep); });
      fresh("x.min" + args, [=](const Tensor& t) { return t.min(d, keep); });
      fresh("x.argmax" + args, [=](const Tensor& t) { return t.argmax(d, keep); });
      fresh("x.argmin" + args, [=](const Tensor& t) { return t.argmin(d, keep); });
      if (floating) {
        fresh("x.mean" + args, [=](const Tensor& t) { return t.mean(d, keep); });
        fresh("x.logsumexp" + args, [=](const Tensor& t) { return t.logsumexp({d}, keep); });
        for (int correction : {0, 1, 2}) {
          const std::string more = str("(", d, ", correction=", correction, ", keepdim=", truth(keep), ")");
          fresh("x.var" + more, [=](const Tensor& t) { return t.var({d}, correction, keep); });
          fresh("x.std" + more, [=](const Tensor& t) { return t.std({d}, correction, keep); });
        }
        fresh(str("torch.linalg.vector_norm(x, 2, ", d, ", ", truth(keep), ")"),
              [=](const Tensor& t) { return norm(t, 2, {d}, keep); });
      }
      if (keep) continue;
      fresh(str("x.cumsum(", d, ")"), [=](const Tensor& t) { return t.cumsum(d); });
      for (bool down : {false, true}) {
        fresh(str("x.sort(dim=", d, ", descending=", truth(down), ", stable=True)"),
              [=](const Tensor& t) { return t.sort(d, down); });
        fresh(str("x.argsort(dim=", d, ", descending=", truth(down), ", stable=True)"),
              [=](const Tensor& t) { return t.argsort(d, down); });
      }
      fresh(str("x.topk(min(2, x.size(", d, ") if x.dim() else 1), ", d, ")[0].detach()"), [=](const Tensor& t) {
        const std::int64_t n = t.dim() ? t.size(d) : 1;
        return t.topk(n < 2 ? n : 2, d).values.detach();
      });
      if (floating) {
        fresh(str("x.softmax(", d, ")"), [=](const Tensor& t) { return t.softmax(d); });
        fresh(str("x.log_softmax(", d, ")"), [=](const Tensor& t) { return t.log_softmax(d); });
      }
    }
  if (x.dim() == 3) {
    fresh("x.sum([0, 2])", [](const Tensor& t) { return t.sum({0, 2}); });
    if (floating) {
      fresh("x.logsumexp([0, 2])", [](const Tensor& t) { return t.logsumexp({0, 2}); });
      fresh("x.var([-1, 0], correction=1, keepdim=True)", [](const Tensor& t) { return t.var({-1, 0}, 1, true); });
      fresh("torch.linalg.vector_norm(x, 3, [0, 2])", [](const Tensor& t) { return norm(t, 3, {0, 2}); });
    }
    fresh("x.flip([0, 2])", [](const Tensor& t) { return t.flip({0, 2}); });
  }
}

void choosing(DType dtype) {
  for (int round = 0; round < 4; ++round) {
    const int n = 2 + below(4), m = 1 + below(5), k = 1 + below(3);
    Tensor x = sample({n, m, k}, dtype);
    const auto again = [&] { x = is_floating_point(dtype) ? x.detach().clone().requires_grad_() : x; };
    for (int d = 0; d < 3; ++d) {
      const int size = static_cast<int>(x.size(d));
      Shape s = x.shape();
      for (int i = 0; i < 3; ++i) s[i] = i == d ? 1 + below(6) : 1 + below(static_cast<int>(s[i]));
      const Tensor index = indices(s, size), row = indices({1 + below(5)}, size);
      again();
      judge(str("x.gather(", d, ", i)"), {{"x", x}, {"i", index}}, [&] { return x.gather(d, index); });
      again();
      judge(str("x.index_select(", d, ", i)"), {{"x", x}, {"i", row}}, [&] { return x.index_select(d, row); });
      if (dtype == kBool || dtype == kUInt8 || dtype == kInt32 || dtype == kFloat16 || dtype == kBFloat16) continue;
      Shape wide = s;
      wide[0] += 1;
      const Tensor src = sample(wide, dtype);
      again();
      judge(str("x.scatter_add(", d, ", i, s)"), {{"x", x}, {"i", index}, {"s", src}},
            [&] { return x.scatter_add(d, index, src); });
      Shape part = x.shape();
      part[d] = row.numel();
      const Tensor rows = sample(part, dtype);
      again();
      judge(str("x.index_add(", d, ", i, s, alpha=2)"), {{"x", x}, {"i", row}, {"s", rows}},
            [&] { return x.index_add(d, row, rows, 2); });
    }
    const Tensor ends = indices({2, 3}, n, -n);
    again();
    judge("x[i]", {{"x", x}, {"i", ends}}, [&] { return x[ends]; });
    const Tensor y = sample({n, m, 1 + below(3)}, dtype);
    again();
    judge("torch.cat([x, y, x], 2)", {{"x", x}, {"y", y}}, [&] { return cat({x, y, x}, 2); });
    again();
    judge("torch.stack([x, x], -2)", {{"x", x}}, [&] { return stack({x, x}, -2); });
    again();
    judge("x.split(2)", {{"x", x}}, [&] { return x.split(2); });
    again();
    judge("x.chunk(2, 1)", {{"x", x}}, [&] { return x.chunk(2, 1); });
    if (is_floating_point(dtype)) {
      const Tensor w = sample({n, m}, dtype), at = indices({3, 2}, n);
      judge(str("F.embedding(i, w, padding_idx=", -1, ")"), {{"i", at}, {"w", w}},
            [&] { return embedding(at, w, {.padding_idx = -1}); });
    }
    const Tensor classes = indices({2, 2}, n);
    judge(str("F.one_hot(i, ", n + 1, ")"), {{"i", classes}}, [&] { return one_hot(classes, n + 1); });
    judge("F.one_hot(i)", {{"i", classes}}, [&] { return one_hot(classes); });
  }
}

const std::pair<const char*, Reduction> kReductions[] = {
    {"none", Reduction::none}, {"mean", Reduction::mean}, {"sum", Reduction::sum}};

void losses(DType dtype) {
  for (const auto& named : kReductions) {
    const auto& red = named.first;
    const auto& reduction = named.second;
    const std::string how = str(", reduction='", red, "')");
    for (const Shape& shape : {Shape{4, 3}, Shape{}, Shape{0, 2}, Shape{2, 3, 2}}) {
      Tensor x, y;
      const auto in = [&] {
        x = sample(shape, dtype, 13);
        y = sample(shape, dtype, 13);
        return Inputs{{"x", x}, {"y", y}};
      };
      const Inputs a = in();
      judge("F.mse_loss(x, y" + how, a, [&] { return mse_loss(x, y, {.reduction = reduction}); });
      const Inputs b = in();
      judge("F.l1_loss(x, y" + how, b, [&] { return l1_loss(x, y, {.reduction = reduction}); });
      for (double beta : {1.0, 0.5, 0.0}) {
        const Inputs c = in();
        judge(str("F.smooth_l1_loss(x, y, beta=", beta, how), c,
              [&] { return smooth_l1_loss(x, y, {.reduction = reduction, .beta = beta}); });
      }
      for (double delta : {1.0, 0.5}) {
        const Inputs c = in();
        judge(str("F.huber_loss(x, y, delta=", delta, how), c,
              [&] { return huber_loss(x, y, {.reduction = reduction, .delta = delta}); });
      }
      in();
      Tensor p = (sigmoid(x.detach() * 3.0)).detach().requires_grad_(),
             q = sigmoid(y.detach()).detach().requires_grad_();
      judge("F.binary_cross_entropy(x, y" + how, {{"x", p}, {"y", q}},
            [&] { return binary_cross_entropy(p, q, {.reduction = reduction}); });
      Tensor sure = gt(x.detach(), 0.0).to(dtype).requires_grad_(), half = q.detach().clone();
      if (is_floating_point(dtype) && item_size(dtype) > 2)  // the gradient is beyond a half
        judge("F.binary_cross_entropy(x, y" + how, {{"x", sure}, {"y", half}},
              [&] { return binary_cross_entropy(sure, half, {.reduction = reduction}); });
      const Inputs d = in();
      judge("F.binary_cross_entropy_with_logits(x, y" + how, d,
            [&] { return binary_cross_entropy_with_logits(x, y, {.reduction = reduction}); });
      const Inputs e = in();
      Inputs weighted = e;
      const Tensor w = sample(shape, dtype).detach(),
                   pos = sample(shape.rank() ? Shape{shape.back()} : Shape{}, dtype).detach();
      weighted.push_back({"w", w});
      weighted.push_back({"p", pos});
      judge("F.binary_cross_entropy_with_logits(x, y, weight=w, pos_weight=p" + how, weighted, [&] {
        return binary_cross_entropy_with_logits(x, y, {.reduction = reduction, .weight = w, .pos_weight = pos});
      });
      const Inputs f = in();
      Tensor t = sigmoid(y.detach()).detach().requires_grad_();
      judge("F.kl_div(x, y" + how, {{"x", x}, {"y", t}}, [&] { return kl_div(x, t, {.reduction = reduction}); });
      const Inputs g = in();
      judge("F.kl_div(x, y, log_target=True" + how, g,
            [&] { return kl_div(x, y, {.reduction = reduction, .log_target = true}); });
    }
    for (const Shape& shape : {Shape{5}, Shape{4, 5}, Shape{2, 5, 3}, Shape{1, 5, 2, 2}, Shape{3, 5}}) {
      Shape at = shape.erased(shape.rank() == 1 ? 0 : 1);
      for (int ignore : {-100, 1})
        for (double smooth : {0.0, 0.25})
          for (bool has_weight : {false, true}) {
            const Tensor x = sample(shape, dtype), w = (abs(sample({5}, dtype).detach()) + 0.25).detach();
            Tensor t = indices(at, 5);
            if (ignore < 0 && t.dim() > 0) t.view({-1})[0].fill_(ignore);
            Inputs in = {{"x", x}, {"t", t}};
            if (has_weight) in.push_back({"w", w});
            const std::string options = str(has_weight ? ", weight=w" : "", ", ignore_index=", ignore);
            judge(str("F.cross_entropy(x, t", options, ", label_smoothing=", smooth, how), in, [&] {
              return cross_entropy(x, t,
                                   {.reduction = reduction,
                                    .weight = has_weight ? w : Tensor(),
                                    .ignore_index = ignore,
                                    .label_smoothing = smooth});
            });
            if (smooth > 0) continue;
            const Tensor y = sample(shape, dtype);
            in[0] = {"x", y};
            judge("F.nll_loss(x, t" + options + how, in, [&] {
              return nll_loss(y, t,
                              {.reduction = reduction, .weight = has_weight ? w : Tensor(), .ignore_index = ignore});
            });
          }
      const Tensor x = sample(shape, dtype), y = sample(shape, dtype), w = abs(sample({5}, dtype).detach());
      judge("F.cross_entropy(x, y, weight=w, label_smoothing=0.25" + how, {{"x", x}, {"y", y}, {"w", w}},
            [&] { return cross_entropy(x, y, {.reduction = reduction, .weight = w, .label_smoothing = 0.25}); });
    }
  }
}

void norms(DType dtype) {
  for (const Shape& shape : {Shape{3, 4}, Shape{2, 3, 4}, Shape{2, 3, 2, 5}, Shape{0, 4}, Shape{1, 37}}) {
    for (int dims = 1; dims < shape.rank(); ++dims) {
      Shape n = shape;
      for (int i = shape.rank() - dims; i > 0; --i) n = n.erased(0);
      const Tensor x = sample(shape, dtype), w = sample(n, dtype), b = sample(n, dtype);
      judge(str("F.layer_norm(x, ", list(n), ", w, b)"), {{"x", x}, {"w", w}, {"b", b}},
            [&] { return layer_norm(x, n, w, b); });
      const Tensor y = sample(shape, dtype);
      judge(str("F.layer_norm(x, ", list(n), ", None, b, 0.25)"), {{"x", y}, {"b", b.detach()}},
            [&] { return layer_norm(y, n, {}, b.detach(), 0.25); });
    }
    for (bool training : {false, true})
      for (bool affine : {false, true}) {
        const std::int64_t c = shape[1];
        if (training && shape.numel() == c) continue;
        const Tensor x = sample(shape, dtype), w = sample({c}, dtype), b = sample({c}, dtype);
        Tensor mean = sample({c}, dtype).detach(), var = (abs(sample({c}, dtype).detach()) + 0.5).detach();
        Inputs in = {{"x", x}, {"running_mean", mean.clone()}, {"running_var", var.clone()}};
        if (affine) {
          in.push_back({"w", w});
          in.push_back({"b", b});
        }
        judge(str("F.batch_norm(x, running_mean, running_var, ", affine ? "w, b" : "None, None",
                  ", training=", truth(training), ", momentum=0.3)"),
              in, [&] {
                return batch_norm(x, in[1].second, in[2].second, affine ? w : Tensor(), affine ? b : Tensor(), training,
                                  0.3);
              });
      }
  }
}

Pair some(int low, int n) { return {low + below(n), low + below(n)}; }

void images(DType dtype, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    const int groups = 1 + below(3), n = below(3) ? 1 + below(3) : 0, c = groups * (1 + below(3)),
              o = groups * (1 + below(9));
    const Shape size{n, c, 1 + below(12), 1 + below(round % 5 ? 12 : 40)};
    const Conv2dOptions k{some(1, 3), some(0, 3), some(1, 2), groups};
    const Pair kernel = some(1, 4);
    const Tensor x = sample(size, dtype), w = sample({o, c / groups, kernel.down, kernel.across}, dtype),
                 b = sample({o}, dtype);
    const std::string options = str("stride=", pair(k.stride), ", padding=", pair(k.padding),
                                    ", dilation=", pair(k.dilation), ", groups=", groups, ")");
    judge("F.conv2d(x, w, b, " + options, {{"x", x}, {"w", w}, {"b", b}}, [&] { return conv2d(x, w, b, k); });
    const ConvTranspose2dOptions t{k.stride, k.padding, some(0, 2), groups, k.dilation};
    const Tensor y = sample(size, dtype), v = sample({c, o / groups, kernel.down, kernel.across}, dtype);
    judge(str("F.conv_transpose2d(x, w, b, output_padding=", pair(t.output_padding), ", ", options),
          {{"x", y}, {"w", v}, {"b", b.detach()}}, [&] { return conv_transpose2d(y, v, b.detach(), t); });
    const bool ceil = below(2), count = below(2);
    const Pair padding{below(static_cast<int>(kernel.down) / 2 + 1), below(static_cast<int>(kernel.across) / 2 + 1)};
    const std::string pool =
        str(pair(kernel), ", stride=", pair(k.stride), ", padding=", pair(padding), ", ceil_mode=", truth(ceil));
    const Tensor p = sample(size, dtype);
    judge(str("F.max_pool2d(x, ", pool, ", dilation=", pair(k.dilation), ", return_indices=True)"), {{"x", p}}, [&] {
      return max_pool2d_with_indices(
          p, kernel, {.stride = k.stride, .padding = padding, .dilation = k.dilation, .ceil_mode = ceil});
    });
    const Tensor q = sample(size, dtype);
    const int divisor = below(3) ? 0 : 5;
    judge(str("F.avg_pool2d(x, ", pool, ", count_include_pad=", truth(count),
              ", divisor_override=", divisor ? str(divisor) : "None", ")"),
          {{"x", q}}, [&] {
            return avg_pool2d(q, kernel,
                              {.stride = k.stride,
                               .padding = padding,
                               .ceil_mode = ceil,
                               .count_include_pad = count,
                               .divisor_override = divisor});
          });
  }
}

#include "layers_expressions.h"

}  // namespace

int main() {
  const Shape shapes[] = {{3, 4}, {2, 3, 5}, {7}, {}, {1, 1}, {0, 3}, {3, 70}};
  for (const Shape& s : shapes) {
    for (DType t : kFloats) reductions(sample(s, t), true);
    for (DType t : kOthers) reductions(sample(s, t), false);
    for (int which = 0; which < 4; ++which)
      for (DType t : {kFloat32, kFloat64}) reductions(special(s, t, which), true);
  }
  for (DType t : kFloats) choosing(t);
  for (DType t : kOthers) choosing(t);
  for (DType t : kFloats) losses(t);
  for (DType t : kFloats) norms(t);
  images(kFloat64, 150);
  images(kFloat32, 150);
  images(kFloat16, 10);
  for (DType t : kFloats) activations(t), margins(t), group_norms(t);
  for (DType t : kOthers) activations(t);
}
