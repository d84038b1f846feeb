// Images and sequences in another size. Each direction by itself: an element of the result is a sum of up to four
// elements of the input, its taps, times weights; so it is index_select, and its gradients are that op's. Places and
// weights are computed in float for float32, as torch does: beside a tie another neighbour would be chosen in double.
#include <cmath>
#include <vector>

#include <harker/core/ops/half.h>
#include <harker/core/ops/windows.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

enum class Mode { nearest, nearest_exact, linear, cubic };

/// For each element of one direction of the result: which element of the input, and its factor, where it is not 1.
struct Taps {
  std::vector<Tensor> index, weight;
};

/// The weight of an element at distance x from the place: Keys' cubic with a = -3/4.
template <class T>
T cubic(T x) {
  constexpr T a = T(-0.75);
  return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}

/// From n elements to `out`; `factor` is 0 where the sizes say it.
template <class T>
Taps taps(Mode mode, bool align_corners, std::int64_t n, std::int64_t out, double factor, const TensorOptions& like) {
  const T scale = align_corners ? (out > 1 ? static_cast<T>(n - 1) / static_cast<T>(out - 1) : T(0))
                  : factor > 0  ? static_cast<T>(1 / factor)
                                : static_cast<T>(n) / static_cast<T>(out);
  const int count = mode == Mode::cubic ? 4 : mode == Mode::linear ? 2 : 1;
  Taps t;
  for (int k = 0; k < count; ++k) {
    t.index.push_back(empty({out}, DType::int64));
    if (count > 1) t.weight.push_back(empty({out}, like));
  }
  const auto inside = [n](std::int64_t i) { return i < 0 ? 0 : i >= n ? n - 1 : i; };
  for (std::int64_t i = 0; i < out; ++i) {
    const T at = static_cast<T>(i);
    T place = mode == Mode::nearest || align_corners ? scale * at : scale * (at + T(0.5)) - T(0.5);
    if (mode == Mode::nearest_exact) place += T(0.5);
    if (mode == Mode::linear && n == out && !align_corners) place = at;  // whatever the factor was
    if (mode == Mode::linear && place < 0) place = 0;
    // torch rounds the places of neighbours to float, in float64, too.
    const T whole = count == 1 ? static_cast<T>(std::floor(static_cast<float>(place))) : std::floor(place);
    const std::int64_t first = std::min(static_cast<std::int64_t>(whole), n - 1);
    const T rest = std::min(std::max(place - static_cast<T>(first), T(0)), T(1));
    for (int k = 0; k < count; ++k) {
      t.index[static_cast<std::size_t>(k)].data<std::int64_t>()[i] = inside(first + k - (count == 4));
      if (count == 1) continue;
      const T distance = std::abs(rest - static_cast<T>(k - (count == 4)));
      t.weight[static_cast<std::size_t>(k)].data<T>()[i] = mode == Mode::cubic ? cubic(distance) : T(1) - distance;
    }
  }
  for (std::vector<Tensor>* all : {&t.index, &t.weight})
    for (Tensor& made : *all) made = detail::made("tensor", made, n, out);
  return t;
}

/// Dimension `dim` of x in another size.
Tensor resampled(const Tensor& x, int dim, Mode mode, bool align_corners, std::int64_t out, double factor) {
  const std::int64_t n = x.size(dim);
  const TensorOptions like{.dtype = x.dtype(), .device = x.device()};
  const Taps t = x.dtype() == DType::float64 ? taps<double>(mode, align_corners, n, out, factor, like)
                                             : taps<float>(mode, align_corners, n, out, factor, like);
  Tensor z;
  for (std::size_t k = 0; k < t.index.size(); ++k) {
    Tensor part = index_select(x, dim, t.index[k]);
    if (!t.weight.empty())
      part = part * t.weight[k].reshape(Shape::filled(x.dim() - dim, 1).erased(0).inserted(0, out));
    z = k == 0 ? part : z + part;
  }
  return z;
}

[[noreturn]] void refuse(const Tensor& x, std::string_view mode) {
  throw_error<ShapeError>("interpolate: no mode ", detail::quoted(mode), " for an input of ", x.shape(),
                          "; (n, channels, length) has nearest, nearest-exact, linear, area, and (n, channels, height, "
                          "width) nearest, nearest-exact, bilinear, bicubic, area");
}

}  // namespace

Tensor interpolate(const Tensor& x, const InterpolateOptions& o) {
  constexpr const char* op = "interpolate";
  const bool image = x.dim() == 4, by_size = o.size.down != 0 || o.size.across != 0;
  const bool by_factor = o.scale_factor.down != 0 || o.scale_factor.across != 0;
  if (x.dim() != 3 && !image) refuse(x, o.mode);
  if (by_size == by_factor) throw_error<ShapeError>(op, ": give size or scale_factor, one of them");
  if (o.recompute_scale_factor && by_size)
    throw_error<Error>(op, ": recompute_scale_factor needs a scale_factor, not a size");
  const bool area = o.mode == "area";
  Mode mode = Mode::nearest;
  if (o.mode == "nearest-exact")
    mode = Mode::nearest_exact;
  else if (o.mode == (image ? "bilinear" : "linear"))
    mode = Mode::linear;
  else if (image && o.mode == "bicubic")
    mode = Mode::cubic;
  else if (o.mode != "nearest" && !area)
    refuse(x, o.mode);
  const bool weighed = mode == Mode::linear || mode == Mode::cubic;
  if (o.align_corners && !weighed)
    throw_error<Error>(op, ": align_corners is for linear, bilinear and bicubic, not for ", o.mode);
  std::int64_t out[2];
  const double factor[2] = {o.scale_factor.down, o.scale_factor.across};
  for (int d = image ? 0 : 1; d < 2; ++d) {
    const std::int64_t n = x.size(d - 2);
    const double wanted = by_size ? 0 : std::floor(static_cast<double>(n) * factor[d]);
    if (!by_size && !(wanted >= 1 && wanted < 0x1p62))
      throw_error<ShapeError>(op, ": scale_factor ", factor[d], " makes ", n, " elements ", wanted);
    out[d] = by_size ? (d ? o.size.across : o.size.down) : static_cast<std::int64_t>(wanted);
    if (out[d] < 1 || n < 1)
      throw_error<ShapeError>(op, ": sizes must be at least 1, the input is ", x.shape(), ", the size asked for ",
                              out[d]);
  }
  Shape shape = x.shape();
  for (int d = image ? 0 : 1; d < 2; ++d) shape[x.dim() - 2 + d] = out[d];
  detail::check_countable(shape, op);
  if (area) return image ? adaptive_avg_pool2d(x, {out[0], out[1]}) : adaptive_avg_pool1d(x, out[1]);
  const auto all = [&](const Tensor& in) {
    if (weighed) detail::check_computed(in, op);
    Tensor z = in;
    for (int d = image ? 0 : 1; d < 2; ++d)
      z = resampled(z, x.dim() - 2 + d, mode, o.align_corners, out[d], o.recompute_scale_factor ? 0 : factor[d]);
    return z;
  };
  return weighed ? detail::through_float(x, all) : all(x);
}

Tensor pixel_shuffle(const Tensor& x, std::int64_t r) {
  if (x.dim() < 3 || r < 1 || r > (1 << 20) || x.size(-3) % (r * r) != 0)
    throw_error<ShapeError>("pixel_shuffle: needs (..., channels, height, width) with channels that ", r, " x ", r,
                            " divides; the input is ", x.shape());
  const int lead = x.dim() - 3;
  const std::int64_t c = x.size(-3) / (r * r), h = x.size(-2), w = x.size(-1);
  const Tensor all = lead == 0 ? x.unsqueeze(0) : x.flatten(0, lead - 1);
  const Tensor parts = all.reshape({all.size(0), c, r, r, h, w});
  Shape shape = x.shape();
  shape[lead] = c, shape[lead + 1] = h * r, shape[lead + 2] = w * r;
  return parts.permute({0, 1, 4, 2, 5, 3}).reshape(shape);
}

Tensor pixel_unshuffle(const Tensor& x, std::int64_t r) {
  if (x.dim() < 3 || r < 1 || r > (1 << 20) || x.size(-2) % r != 0 || x.size(-1) % r != 0)
    throw_error<ShapeError>("pixel_unshuffle: needs (..., channels, height, width) with a height and width that ", r,
                            " divides; the input is ", x.shape());
  const int lead = x.dim() - 3;
  const std::int64_t c = x.size(-3), h = x.size(-2) / r, w = x.size(-1) / r;
  const Tensor all = lead == 0 ? x.unsqueeze(0) : x.flatten(0, lead - 1);
  const Tensor parts = all.reshape({all.size(0), c, h, r, w, r});
  Shape shape = x.shape();
  shape[lead] = c * r * r, shape[lead + 1] = h, shape[lead + 2] = w;
  return parts.permute({0, 1, 3, 5, 2, 4}).reshape(shape);
}

}  // namespace harker
