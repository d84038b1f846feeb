// The rows of arrange.h and order.h, and of what index.h puts at places: grad_rows_layers.h adds them to its own, so that each
// runs transposed, repeated and with a size of 0, too.
#pragma once
#include <core/grad_rows.h>

namespace harker::test {

template <class LayerRow>
void add_choosing_rows(std::vector<LayerRow>& r) {
  const auto ints = [](std::initializer_list<TensorValue> v) { return tensor(v, kInt64); };
  const Tensor i02 = ints({0, 2}), twice = ints({{1, 0, 1}, {0, 0, 1}}),
               holes = tensor({{1, 0, 1}, {0, 1, 1}}, kFloat64);
  const Tensor mask = tensor({{true, false, true}, {false, true, true}});
  const auto reduce = [=](const char* how, bool self) {
    return [=](In x) { return scatter_reduce(x[0], 1, twice, x[1], how, self) * x[0]; };
  };
  const std::vector<LayerRow> rows = {
      // --- lists of indices
      {"index basic",
       {{3, 4}},
       [](In x) {
         return x[0].index({"...", None, Slice(1, None, 2)}) * x[0].index({1, 2});
       }},
      {"index two tensors",
       {{3, 4}},
       [=](In x) {
         return x[0].index({i02.unsqueeze(1), ints({-1, 0, 0})});
       }},
      {"index apart",
       {{2, 3, 3}},
       [=](In x) {
         return x[0].index({ints({1, 0, 1}), Slice(), ints({2, 2, 0})});
       }},
      {"index mask", {{2, 3}}, [=](In x) { return x[0].index({mask}) * x[0].index({mask}); }, true},
      {"index mask and more",
       {{2, 3, 4}},
       [=](In x) {
         return x[0].index({mask, Slice(0, 2)});
       }},
      {"index_put",
       {{3, 4}, {2}},
       [=](In x) {
         return index_put(x[0], {i02, ints({1, 1})}, x[1] * x[1]) * x[0];
       }},
      {"index_put over",
       {{3, 4}, {2, 1}},
       [=](In x) {
         return index_put(x[0], {ints({2, 2})}, x[1]) * x[0];
       }},
      {"index_put adds",
       {{3, 4}, {2, 4}},
       [=](In x) {
         return index_put(x[0], {ints({2, 2})}, x[1], true) * x[0];
       }},
      {"index_put mask", {{2, 3}, {4}}, [=](In x) { return index_put(x[0], {mask}, x[1]) * x[0]; }},
      {"index_put apart",
       {{2, 3, 3}, {2, 3}},
       [=](In x) {
         return index_put(x[0], {ints({1, 0}), Slice(), ints({2, 0})}, x[1]) * x[0];
       }},
      {"index_copy", {{3, 4}, {2, 4}}, [=](In x) { return index_copy(x[0], 0, i02, x[1]) * x[0]; }},
      {"index_copy 1",
       {{3, 4}, {3, 2}},
       [=](In x) {
         return index_copy(x[0], 1, ints({3, 3}), x[1]) * x[0];
       }},
      {"index_fill", {{3, 4}}, [=](In x) { return index_fill(x[0], 0, i02, 2) * x[0]; }},
      {"index_fill tensor",
       {{3, 4}, {}},
       [=](In x) {
         return index_fill(x[0], 1, ints({-1, 0}), x[1]) * x[0];
       }},
      {"scatter",
       {{2, 3}, {2, 3}},
       [=](In x) {
         return scatter(x[0], 0, ints({{1, 0, 1}, {0, 1, 0}}), x[1]) * x[0];
       }},
      {"scatter over", {{2, 3}, {2, 3}}, [=](In x) { return scatter(x[0], 1, twice, x[1]) * x[0]; }},
      {"scatter number", {{2, 3}}, [=](In x) { return scatter(x[0], 1, twice, 2) * x[0]; }},
      {"scatter_reduce sum", {{2, 3}, {2, 3}}, reduce("sum", false)},
      {"scatter_reduce mean", {{2, 3}, {2, 3}}, reduce("mean", true)},
      {"scatter_reduce mean of others", {{2, 3}, {2, 3}}, reduce("mean", false)},
      {"scatter_reduce prod", {{2, 3}, {2, 3}}, reduce("prod", true)},
      {"scatter_reduce prod of others", {{2, 3}, {2, 3}}, reduce("prod", false)},
      {"scatter_reduce amax", {{2, 3}, {2, 3}}, reduce("amax", true), false},
      {"scatter_reduce amin", {{2, 3}, {2, 3}}, reduce("amin", false), false},
      {"masked_scatter", {{2, 3}, {5}}, [=](In x) { return masked_scatter(x[0], mask, x[1] * x[1]) * x[0]; }},
      {"take",
       {{2, 3}},
       [=](In x) {
         return take(x[0], ints({{-1, 0}, {0, 4}})) * 2;
       }},
      {"put",
       {{2, 3}, {2}},
       [=](In x) {
         return put(x[0], ints({-1, 0}), x[1]) * x[0];
       }},
      {"put adds",
       {{2, 3}, {2}},
       [=](In x) {
         return put(x[0], ints({1, 1}), x[1], true) * x[0];
       }},
      {"take_along_dim",
       {{2, 3}},
       [=](In x) {
         return take_along_dim(x[0], ints({{2}, {0}}), 1);
       }},
      // --- arranging
      {"fliplr", {{2, 3}}, [](In x) { return fliplr(x[0]) * x[0]; }, true, {0, 3}},
      {"flipud", {{2, 3}}, [](In x) { return flipud(x[0]) * x[0]; }, true, {2, 0}},
      {"rot90", {{2, 3}}, [](In x) { return rot90(x[0], 3) * rot90(x[0], -1); }, true, {0, 3}},
      {"roll",
       {{2, 3}},
       [](In x) {
         return roll(x[0], {1, 4}, {0, 1}) * x[0];
       },
       true,
       {2, 0}},
      {"roll flat", {{2, 3}}, [](In x) { return roll(x[0], {-2}) * x[0]; }},
      {"repeat",
       {{2, 3}},
       [](In x) {
         return repeat(x[0], {2, 1, 2}) * repeat(x[0], {2, 1, 2});
       },
       true,
       {0, 3}},
      {"tile", {{2, 3}}, [](In x) { return tile(x[0], {2}); }},
      {"repeat_interleave", {{2, 3}}, [](In x) { return repeat_interleave(x[0], 2, 1); }, true, {2, 0}},
      {"repeat_interleave tensor",
       {{2, 3}},
       [=](In x) {
         return repeat_interleave(x[0], ints({0, 2}), 0);
       }},
      {"meshgrid",
       {{2}, {3}},
       [](In x) {
         return meshgrid({x[0], x[1]}, "xy")[0] * meshgrid({x[0], x[1]}, "xy")[1];
       }},
      {"cartesian_prod",
       {{2}, {3}},
       [](In x) {
         return cartesian_prod({x[0], x[1]});
       }},
      {"unbind", {{2, 3}}, [](In x) { return unbind(x[0], 1)[2] * unbind(x[0], 1)[0]; }},
      {"tensor_split",
       {{5, 2}},
       [](In x) {
         return tensor_split(x[0], 3)[0] * tensor_split(x[0], Shape{2, 4})[1];
       }},
      {"hstack",
       {{2, 3}, {2, 1}},
       [](In x) {
         return hstack({x[0], x[1]});
       }},
      {"vstack",
       {{2, 3}, {3}},
       [](In x) {
         return vstack({x[0], x[1]});
       }},
      {"dstack",
       {{2, 3}, {2, 3}},
       [](In x) {
         return dstack({x[0], x[1]});
       }},
      {"atleast_1d", {{}}, [](In x) { return atleast_1d(x[0]) * x[0]; }},
      {"atleast_2d", {{3}}, [](In x) { return atleast_2d(x[0]) * x[0]; }},
      {"atleast_3d", {{2, 3}}, [](In x) { return atleast_3d(x[0]) * 2; }},
      {"movedim",
       {{2, 3, 2}},
       [](In x) {
         return movedim(x[0], {0, 2}, {1, 0}) * 2;
       },
       true,
       {2, 0, 2}},
      {"swapaxes", {{2, 3}}, [](In x) { return swapaxes(x[0], 0, 1) * 2; }},
      {"swapdims", {{2, 3}}, [](In x) { return swapdims(x[0], 0, 1) * 2; }},
      {"broadcast_to",
       {{1, 3}},
       [](In x) {
         return broadcast_to(x[0], {2, 2, 3}) * x[0];
       }},
      {"broadcast_tensors",
       {{2, 1}, {3}},
       [](In x) {
         return broadcast_tensors({x[0], x[1]})[0] * broadcast_tensors({x[0], x[1]})[1];
       }},
      {"unflatten",
       {{2, 6}},
       [](In x) {
         return unflatten(x[0], 1, {2, -1}) * 2;
       }},
      {"pad",
       {{2, 3}},
       [](In x) {
         return pad(x[0], {1, -1, 0, 2}, "constant", 0.5) * 2;
       },
       true,
       {2, 0}},
      {"pad reflect",
       {{2, 3}},
       [](In x) {
         return pad(x[0], {2, 1}, "reflect") * pad(x[0], {2, 1}, "reflect");
       }},
      {"pad replicate",
       {{1, 2, 3}},
       [](In x) {
         return pad(x[0], {3, 1, 1, 0}, "replicate") * 2;
       }},
      {"pad circular",
       {{2, 3}},
       [](In x) {
         return pad(x[0], {2, 3}, "circular") * 2;
       }},
      {"diagonal", {{3, 4}}, [](In x) { return diagonal(x[0], 1) * diagonal(x[0]); }, true, {0, 4}},
      {"diagonal of three", {{2, 3, 2}}, [](In x) { return diagonal(x[0], -1, 1, 0) * 2; }},
      {"diag_embed", {{2, 3}}, [](In x) { return diag_embed(x[0], -1) * diag_embed(x[0], -1); }, true, {0, 3}},
      {"diag", {{3}}, [](In x) { return diag(x[0], 1) * 2; }},
      {"diag of a matrix", {{3, 4}}, [](In x) { return diag(x[0], -1) * 2; }},
      {"diagflat", {{2, 2}}, [](In x) { return diagflat(x[0]) * 2; }},
      {"trace", {{3, 4}}, [](In x) { return trace(x[0]) * trace(x[0]); }},
      {"diagonal_scatter", {{3, 4}, {3}}, [](In x) { return diagonal_scatter(x[0], x[1], 1) * x[0]; }},
      {"select_scatter", {{3, 4}, {3}}, [](In x) { return select_scatter(x[0], x[1], 1, 2) * x[0]; }},
      {"slice_scatter", {{3, 4}, {3, 2}}, [](In x) { return slice_scatter(x[0], x[1], 1, 0, 4, 2) * x[0]; }},
      {"unfold", {{5, 2}}, [](In x) { return unfold(x[0], 0, 3, 1) * unfold(x[0], 0, 3, 1); }},
      {"unfold apart", {{2, 7}}, [](In x) { return unfold(x[0], -1, 2, 3) * 2; }},
      {"im2col",
       {{1, 2, 3, 4}},
       [](In x) {
         return im2col(x[0], {2, 2}, {1, 2}, {1, 0}) * 2;
       }},
      {"col2im",
       {{1, 8, 4}},
       [](In x) {
         return col2im(x[0], {3, 3}, {2, 2}) * col2im(x[0], {3, 3}, {2, 2});
       }},
      // --- order
      {"cumprod", {{2, 4}}, [](In x) { return cumprod(x[0], 1) * x[0]; }, true, {2, 0}},
      {"cumprod 0", {{3, 2}}, [](In x) { return cumprod(x[0], 0); }},
      {"cumprod with zeros", {{2, 3}}, [=](In x) { return cumprod(x[0] * holes, 1); }},
      {"cumprod 0-d", {{}}, [](In x) { return cumprod(x[0], 0) * x[0]; }},
      {"logcumsumexp", {{2, 4}}, [](In x) { return logcumsumexp(x[0], 1) * x[0]; }, true, {2, 0}},
      {"logcumsumexp 0", {{3, 2}}, [](In x) { return logcumsumexp(x[0], 0); }},
      {"logcumsumexp far apart", {{2, 3}}, [](In x) { return logcumsumexp(x[0] * 3 + 800, 1); }},
      {"logcumsumexp 0-d", {{}}, [](In x) { return logcumsumexp(x[0], 0) * x[0]; }},
      {"cummax", {{3, 4}}, [](In x) { return cummax(x[0], 1).values * x[0]; }, false},
      {"cummin", {{3, 4}}, [](In x) { return cummin(x[0], 0).values * x[0]; }, false},
      {"diff", {{3, 4}, {3, 1}}, [](In x) { return diff(x[0], 2, 1, x[1], x[1]) * 2; }},
      {"trapezoid", {{3, 4}, {4}}, [](In x) { return trapezoid(x[0], x[1]); }},
      {"trapezoid dx", {{3, 4}}, [](In x) { return trapezoid(x[0], 0.5, 0) * 2; }},
      {"kthvalue", {{3, 4}}, [](In x) { return kthvalue(x[0], 2, 0).values * 2; }, false},
      {"median", {{3, 4}}, [](In x) { return median(x[0]) * x[0]; }, false},
      {"median 1", {{3, 4}}, [](In x) { return median(x[0], 1, true).values * x[0]; }, false},
      {"nanmedian", {{3, 4}}, [](In x) { return nanmedian(x[0]) * nanmedian(x[0], 0).values; }, false},
      {"mode", {{3, 4}}, [](In x) { return mode(x[0], 1).values * 2; }, false},
      {"quantile", {{3, 4}}, [](In x) { return quantile(x[0], 0.3, 1, true) * x[0]; }, false},
      {"quantile of several",
       {{3, 4}},
       [](In x) {
         return quantile(x[0], tensor({0.2, 0.9}, kFloat64), 0);
       },
       false},
      {"quantile by q", {{3, 4}, {2}}, [](In x) { return quantile(x[0], sigmoid(x[1]), 1); }, false},
      {"nanquantile", {{3, 4}}, [](In x) { return nanquantile(x[0], 0.7) * 2; }, false},
  };
  r.insert(r.end(), rows.begin(), rows.end());
}

}  // namespace harker::test
