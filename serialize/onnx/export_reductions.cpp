// ONNX for what reduces dimensions, and for what works along one.
#include <cmath>

#include <harker/serialize/onnx/export_call.h>

namespace harker::onnx {
namespace {

/// The dimensions of a set, one bit each (core/ops/reduce_dims.h).
std::vector<std::int64_t> members(std::int64_t set, int rank) {
  std::vector<std::int64_t> out;
  for (int d = 0; d < rank; ++d)
    if (static_cast<std::uint64_t>(set) >> d & 1) out.push_back(d);
  return out;
}
std::vector<std::int64_t> all(int rank) { return members(-1, rank); }

/// k sum(x), where k may be 1 / count: of every run its own.
std::string scaled_sum(const Call& c, const std::vector<std::int64_t>& axes, bool keep, std::size_t scale) {
  const std::string x = c.in(0, c.out_dtype());
  const std::vector<double> k = c.numbers(scale);
  std::vector<double> count(k.size(), 1);
  for (std::int64_t d : axes) {
    const std::vector<std::int64_t> n = c.sizes(0, static_cast<int>(d));
    for (std::size_t r = 0; r < count.size(); ++r) count[r] *= static_cast<double>(n[r]);
  }
  bool mean = true;
  for (std::size_t r = 0; r < k.size(); ++r) mean = mean && k[r] == 1 / count[r];
  if (mean && k[0] != 1) return c.reduce("ReduceMean", x, axes, keep);
  const std::string z = c.reduce("ReduceSum", x, axes, keep);
  return c.number(scale) == 1 ? z : c.node("Mul", {z, c.number_of(c.number(scale))});
}
void sum(const Call& c) {
  if (c.arguments() == 2) return c.is(scaled_sum(c, all(c.rank(0)), false, 0));  // (scale, from): of everything
  c.is(scaled_sum(c, members(c.whole(0), c.rank(0)), c.whole(1) != 0, 2));
}

/// A dtype that ONNX compares.
DType ordered(DType t) { return is_floating_point(t) || t == DType::int32 ? t : DType::int64; }

void extreme(const Call& c, bool largest) {
  const char* const type = largest ? "ReduceMax" : "ReduceMin";
  const DType t = ordered(c.dtype(0));
  if (c.arguments() == 0) return c.is_as(c.reduce(type, c.in(0, t), all(c.rank(0)), false), t);
  const std::int64_t d = c.whole(0);  // along one dimension, with the places
  if (c.rank(0) == 0) c.refuse("of a tensor without dimensions");
  c.is(c.dtype(0) == t ? c.reduce(type, c.in(0), {d}, true)
                       : c.cast(c.reduce(type, c.in(0, t), {d}, true), c.dtype(0)));
  c.is(c.node(largest ? "ArgMax" : "ArgMin", {c.in(0, t)}, integer("axis", d) + integer("keepdims", 1)), 1);
}
void extreme_over(const Call& c) {
  const DType t = ordered(c.dtype(0));
  c.is_as(c.reduce(c.whole(0) ? "ReduceMax" : "ReduceMin", c.in(0, t), members(c.whole(1), c.rank(0)), c.whole(2) != 0),
          t);
}
void place(const Call& c, const char* type) {
  const DType t = ordered(c.dtype(0));
  const std::string x = c.in(0, t), flat = c.node("Reshape", {x, c.graph.list({-1})});
  const std::string whole = integer("axis", 0) + integer("keepdims", 0);
  if (c.arguments() == 0) {  // of everything, with the element
    c.is_as(c.reduce(std::string_view(type) == "ArgMax" ? "ReduceMax" : "ReduceMin", x, all(c.rank(0)), false), t);
    return c.is(c.node(type, {flat}, whole), 1);
  }
  if (c.rank(0) == 0) return c.is(c.node(type, {flat}, whole));
  c.is(c.node(type, {x}, integer("axis", c.whole(0)) + integer("keepdims", c.whole(1))));
}

void any_or_all(const Call& c, const char* type) {
  std::vector<std::int64_t> axes = c.list(0);
  for (std::int64_t& d : axes)
    if (d < 0) d += c.rank(0);
  if (c.rank(0) == 0) axes.clear();
  const std::string x = c.cast(c.in(0, DType::bool_), DType::int32);
  c.is_as(c.reduce(type, x, axes, c.whole(1) != 0), DType::int32);
}

std::string variance(const Call& c) {
  const std::vector<std::int64_t> axes = members(c.whole(0), c.rank(0));
  const std::string x = c.in(0, c.out_dtype()), off = c.node("Sub", {x, c.reduce("ReduceMean", x, axes, true)});
  const bool keep = c.whole(2) != 0;
  const std::string squares = c.node("Mul", {off, off});
  const double correction = c.number(1);
  if (correction == 0) return c.reduce("ReduceMean", squares, axes, keep);
  double n = 1;
  const std::vector<Dim> dims = c.dims(0);
  for (std::int64_t d : axes) {
    if (!dims[static_cast<std::size_t>(d)].fixed())
      c.refuse(
          "a variance with a correction, over the batch; correction = 0 can be exported, or dynamic_batch = false");
    n *= static_cast<double>(dims[static_cast<std::size_t>(d)].c);
  }
  return c.node("Div", {c.reduce("ReduceSum", squares, axes, keep), c.number_of(n - correction)});
}

void norm(const Call& c) {
  const double p = c.number(0);
  const std::vector<std::int64_t> axes = members(c.whole(1), c.rank(0));
  const bool keep = c.whole(2) != 0;
  const std::string x = c.in(0), size = c.node("Abs", {x});
  if (p == 2) return c.is(c.node("Sqrt", {c.reduce("ReduceSum", c.node("Mul", {x, x}), axes, keep)}));
  if (p == 1) return c.is(c.reduce("ReduceSum", size, axes, keep));
  if (std::isinf(p)) return c.is(c.reduce(p > 0 ? "ReduceMax" : "ReduceMin", size, axes, keep));
  if (p == 0) {
    const std::string zero = c.node("Equal", {x, c.number_of(0)});
    return c.is(c.reduce("ReduceSum", c.node("Where", {zero, c.number_of(0), c.number_of(1)}), axes, keep));
  }
  const std::string sum = c.reduce("ReduceSum", c.node("Pow", {size, c.number_of(p)}), axes, keep);
  c.is(c.node("Pow", {sum, c.number_of(1 / p)}));
}

void logsumexp(const Call& c) {
  c.is(c.reduce("ReduceLogSumExp", c.in(0, c.out_dtype()), members(c.whole(0), c.rank(0)), c.whole(1) != 0));
}
void along(const Call& c, const char* type) {
  if (c.rank(0) == 0) c.refuse("of a tensor without dimensions");
  c.is(c.node(type, {c.in(0)}, integer("axis", c.whole(0))));
}
void prod(const Call& c) {
  if (c.rank(0) == 0) return c.is(c.node("Identity", {c.in(0)}));
  c.is(c.reduce("ReduceProd", c.in(0), {c.whole(0)}, true));
}
void cumsum(const Call& c) {
  if (c.rank(0) == 0) return c.is(c.node("Identity", {c.in(0)}));
  c.is(c.node("CumSum", {c.in(0), c.graph.number(static_cast<double>(c.whole(0)), DType::int64)},
              integer("reverse", c.whole(1))));
}

constexpr Row kRows[] = {
    {"sum", sum},
    {"max", [](const Call& c) { extreme(c, true); }},
    {"min", [](const Call& c) { extreme(c, false); }},
    {"amax", extreme_over},
    {"amin", extreme_over},
    {"argmax", [](const Call& c) { place(c, "ArgMax"); }},
    {"argmin", [](const Call& c) { place(c, "ArgMin"); }},
    {"any", [](const Call& c) { any_or_all(c, "ReduceMax"); }},
    {"all", [](const Call& c) { any_or_all(c, "ReduceMin"); }},
    {"var", [](const Call& c) { c.is(variance(c)); }},
    {"std", [](const Call& c) { c.is(c.node("Sqrt", {variance(c)})); }},
    {"norm", norm},
    {"logsumexp", logsumexp},
    {"softmax", [](const Call& c) { along(c, "Softmax"); }},
    {"log_softmax", [](const Call& c) { along(c, "LogSoftmax"); }},
    {"prod", prod},
    {"cumsum", cumsum},
};

}  // namespace

std::span<const Row> reduction_rows() { return kRows; }

}  // namespace harker::onnx
