// ONNX for what moves elements without computing: shapes, parts, joining, choosing, factories.
#include <algorithm>
#include <cstdint>

#include <harker/core/ops/ops.h>
#include <harker/serialize/onnx/export_call.h>

namespace harker::onnx {
namespace {

void view(const Call& c) { c.is(c.reshape(c.in(0), c.out_dims())); }
void permute(const Call& c) { c.is(c.node("Transpose", {c.in(0)}, ints("perm", c.list(0)))); }
void expand(const Call& c) { c.is(c.node("Expand", {c.in(0), c.graph.shape(c.out_dims())})); }
void copied(const Call& c) { c.is(c.node("Identity", {c.in(0)})); }
void to(const Call& c) { c.is(c.cast(c.in(0), c.out_dtype())); }
/// A number, argument k, everywhere.
void filled(const Call& c, std::size_t k) {
  const Tensor value = full({1}, c.is_real(k) ? Scalar(c.number(k)) : Scalar(c.whole(k)), {.dtype = c.out_dtype()});
  c.is(c.node("ConstantOfShape", {c.graph.shape(c.out_dims())}, tensor("value", value)));
}
/// x = y
void copy(const Call& c) { c.is(c.node("Expand", {c.in(1, c.out_dtype()), c.graph.shape(c.out_dims())})); }

/// Elements start, start + step, ... of one dimension, as many as `length` says.
std::string part(const Call& c, const std::string& x, std::int64_t d, Dim start, Dim length, std::int64_t step,
                 Dim all) {
  if (start == Dim{} && step == 1 && length == all) return c.node("Identity", {x});
  const Dim rest{all.k - start.k, all.c - start.c};
  const Dim end = length == rest && step == 1 ? Dim{0, INT64_MAX}
                                              : Dim{start.k + length.k * step, start.c + (length.c - 1) * step + 1};
  const auto place = [&](Dim at) {  // below 0, for a smaller batch, ONNX would count from the end
    const std::string n = c.graph.extent(at);
    return at.fixed() || at.c >= 0 ? n : c.node("Max", {n, c.graph.list({0})});
  };
  return c.node("Slice", {x, place(start), place(end), c.graph.list({d}), c.graph.list({step})});
}
void slice(const Call& c) {
  const std::int64_t d = c.listed(0, 0);
  c.is(part(c, c.in(0), d, c.listed_dim(0, 1), c.listed_dim(0, 2), c.listed(0, 3),
            c.dims(0)[static_cast<std::size_t>(d)]));
}

void cat(const Call& c) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < c.inputs(); ++i)
    if (c.listed_dim(2, i) != Dim{0, -1}) parts.push_back(c.in(i, c.out_dtype()));
  c.is(c.node("Concat", parts, integer("axis", c.whole(0))));
}
void flip(const Call& c) {
  std::vector<std::int64_t> axes;
  for (std::size_t d = 0; d < c.length(0); ++d)
    if (c.listed(0, d)) axes.push_back(static_cast<std::int64_t>(d));
  if (axes.empty()) return copied(c);
  const std::vector<std::int64_t> last(axes.size(), -1), before(axes.size(), INT64_MIN), step(axes.size(), -1);
  c.is(c.node("Slice", {c.in(0), c.graph.list(last), c.graph.list(before), c.graph.list(axes), c.graph.list(step)}));
}
void roll(const Call& c) {
  const std::int64_t d = c.whole(0), by = c.whole(1);
  const auto from = [&](std::int64_t start, std::int64_t end) {
    return c.node("Slice", {c.in(0), c.graph.list({start}), c.graph.list({end}), c.graph.list({d})});
  };
  c.is(c.node("Concat", {from(-by, INT64_MAX), from(0, -by)}, integer("axis", d)));
}
void triangle(const Call& c) {
  const std::string diagonal = c.graph.constant(scalar_tensor(c.whole(0), kInt64));
  const bool mask = c.out_dtype() == DType::bool_;
  const std::string z =
      c.node("Trilu", {mask ? c.in(0, DType::int64) : c.in(0), diagonal}, integer("upper", c.whole(1) == 0));
  c.is(mask ? c.cast(z, DType::bool_) : z);
}

/// Of a size that depends on the batch's; others are constants.
void arange(const Call& c) {
  for (std::size_t k = 0; k < 3; ++k)
    if (c.is_real(k)) c.refuse("a range of real numbers whose length depends on the batch's size");
  const auto number = [&](std::size_t k) { return c.node("Squeeze", {c.graph.extent(c.dim(k)), c.graph.list({0})}); };
  c.is_as(c.node("Range", {number(0), number(1), number(2)}), DType::int64);
}

// --- Elements by their places.
void index_select(const Call& c) {
  if (c.rank(0) == 0) c.refuse("of a tensor without dimensions");
  if (const Tensor* at = c.constant(1); at && at->numel() > 0 && min(*at).item<std::int64_t>() < 0)
    c.refuse("an index of -1, which means none");
  c.is(c.node("Gather", {c.in(0), c.in(1)}, integer("axis", c.whole(0))));
}
void embedding(const Call& c) { c.is(c.node("Gather", {c.in(1), c.in(0)}, integer("axis", 0))); }
void gather(const Call& c) {
  if (c.rank(0) == 0 || c.rank(0) != c.rank(1)) c.refuse("the index has another number of dimensions than the input");
  c.is(c.node("GatherElements", {c.in(0), c.in(1)}, integer("axis", c.whole(0))));
}
void scatter_add(const Call& c) {
  if (c.rank(0) == 0 || c.rank(0) != c.rank(2)) c.refuse("the index has another number of dimensions than the input");
  c.is(c.node("ScatterElements", {c.in(0), c.in(2), c.in(1)}, integer("axis", c.whole(0)) + text("reduction", "add")));
}
void index_from_end(const Call& c) {
  const std::string x = c.in(0, DType::int64), n = c.graph.extent(c.dim(0));
  const std::string size = c.node("Squeeze", {n, c.graph.list({0})});
  c.is(c.node("Where", {c.node("Less", {x, c.graph.number(0, DType::int64)}), c.node("Add", {x, size}), x}));
}
void one_hot(const Call& c) {
  const std::int64_t classes = c.whole(0);
  if (classes < 0) c.refuse("how many classes there are depends on the elements; name their number");
  const std::string x = c.node("Unsqueeze", {c.in(0, DType::int64), c.graph.list({-1})});
  c.is(c.cast(c.node("Equal", {x, c.graph.constant(harker::arange(classes))}), DType::int64));
}

/// [.., windows, .., elements of a window]
void unfold(const Call& c) {
  const std::int64_t d = c.whole(0), size = c.whole(1), step = c.whole(2);
  if (c.rank(0) == 0) c.refuse("of a tensor without dimensions");
  const Dim windows = c.out_dims()[static_cast<std::size_t>(d)];
  if (!windows.fixed()) c.refuse("along a dimension that depends on the batch's size");
  const Tensor at = harker::arange(windows.c).unsqueeze(1) * step + harker::arange(size);
  std::vector<std::int64_t> order;
  for (int i = 0; i < c.out_rank(); ++i)
    if (i != d + 1) order.push_back(i);
  order.push_back(d + 1);
  const std::string z = c.node("Gather", {c.in(0), c.graph.constant(at)}, integer("axis", d));
  c.is(c.node("Transpose", {z}, ints("perm", order)));
}

void pad(const Call& c) {
  const std::string mode = c.text(1);
  const std::size_t rank = static_cast<std::size_t>(c.rank(0)), pairs = c.length(0) / 2;
  std::vector<std::int64_t> ends(2 * rank, 0);
  for (std::size_t i = 0; i < pairs; ++i) {
    ends[rank - 1 - i] = c.listed(0, 2 * i);
    ends[2 * rank - 1 - i] = c.listed(0, 2 * i + 1);
  }
  if (mode == "circular" && c.graph.opset() < 19)
    c.refuse("circular padding needs opset 19 (OnnxExportOptions::opset)");
  const char* word = mode == "replicate"  ? "edge"
                     : mode == "circular" ? "wrap"
                     : mode == "reflect"  ? "reflect"
                                          : "constant";
  std::vector<std::string> in{c.in(0), c.graph.list(ends)};
  if (mode == "constant") in.push_back(c.graph.number(c.number(2), c.out_dtype()));
  c.is(c.node("Pad", in, text("mode", word)));
}

/// [0] elements in order, [1] where they were.
void ordered(const Call& c, const std::string& k, std::int64_t dim, bool largest, bool places_alone) {
  if (c.rank(0) == 0) c.refuse("of a tensor without dimensions");
  const std::vector<std::string> z =
      c.graph.nodes("TopK", {c.in(0), k}, integer("axis", dim) + integer("largest", largest) + integer("sorted", 1), 2);
  if (places_alone) return c.is(z[1]);
  c.is(z[0], 0);
  c.is(z[1], 1);
}
void sorted(const Call& c, bool places_alone) {
  const std::int64_t d = c.whole(0);
  ordered(c, c.graph.extent(c.rank(0) ? c.dims(0)[static_cast<std::size_t>(d)] : Dim{0, 1}), d, c.whole(1) != 0,
          places_alone);
}

constexpr Row kRows[] = {
    {"view", view},
    {"permute", permute},
    {"expand", expand},
    {"clone", copied},
    {"to", to},
    {"fill", [](const Call& c) { filled(c, 0); }},
    {"copy", copy},
    {"slice", slice},
    {"cat", cat},
    {"flip", flip},
    {"roll", roll},
    {"triangle", triangle},
    {"full", [](const Call& c) { filled(c, 1); }},
    {"arange", arange},
    {"index_select", index_select},
    {"embedding", embedding},
    {"gather", gather},
    {"scatter_add", scatter_add},
    {"index_from_end", index_from_end},
    {"one_hot", one_hot},
    {"pad", pad},
    {"unfold", unfold},
    {"sort", [](const Call& c) { sorted(c, false); }},
    {"argsort", [](const Call& c) { sorted(c, true); }},
    {"topk", [](const Call& c) { ordered(c, c.graph.extent(c.dim(0)), c.whole(1), c.whole(2) != 0, false); }},
};

}  // namespace

std::span<const Row> shape_rows() { return kRows; }

}  // namespace harker::onnx
