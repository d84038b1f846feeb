// Random choices by given probabilities, drawn as PyTorch's CPU kernels draw them. bernoulli alone is recorded,
// with a gradient of 0, as in torch.
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/common.h>
#include <harker/core/ops/in_place.h>
#include <harker/core/random/draws.h>

#include <cmath>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// float64 as it stands, other floating-point numbers as float32. TypeError for others.
DType made_as(const Tensor& t, const char* op) {
  if (t.dtype() != DType::float64 && t.dtype() != DType::float32 && t.dtype() != DType::float16 &&
      t.dtype() != DType::bfloat16)
    throw_error<TypeError>(op, ": probabilities are floating point, this tensor is ", name(t.dtype()));
  return t.dtype() == DType::float64 ? DType::float64 : DType::float32;
}

void check_between(const Tensor& p, double low, double high, const char* op, const char* what) {
  if (p.numel() == 0) return;
  const double least = min(p).item(), most = max(p).item();
  if (!(least >= low && most <= high)) throw_error<Error>(op, ": ", what, ", they reach from ", least, " to ", most);
}

/// Each probability becomes what it decides. One float has 24 random bits, a double 53.
template <class T>
void draw_each(T* p, std::int64_t n, Draws& g) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T u = sizeof(T) == 8 ? static_cast<T>(g.uniform()) : static_cast<T>(g.random() & 0xffffffu) * T(0x1p-24);
    p[i] = u < p[i];
  }
}

/// Indices into `sums`, the running sums of one row of weights, at random numbers between 0 and the last.
template <class T>
void choose_with_replacement(const T* weights, std::int64_t categories, std::int64_t n, std::int64_t* z, Draws& g) {
  std::vector<T> sums(static_cast<std::size_t>(categories));
  T sum = 0;
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] = sum += weights[i];
  for (T& s : sums) s /= sum;
  sums.back() = 1;
  for (std::int64_t i = 0; i < n; ++i) {
    const double u = g.uniform();
    std::int64_t low = 0, high = categories;
    while (low < high) {
      const std::int64_t middle = low + (high - low) / 2;
      if (static_cast<double>(sums[static_cast<std::size_t>(middle)]) < u)
        low = middle + 1;
      else
        high = middle;
    }
    z[i] = low;
  }
}

}  // namespace

namespace {
/// 1 with each of these probabilities, else 0, in the dtype in which they are drawn and in the shape and memory order of
/// `like`: in that order they are drawn.
Tensor decided(const Tensor& probabilities, const Tensor& like, Generator& g, const char* op) {
  Tensor p = detail::empty_tensor({like.numel()}, made_as(probabilities, op), like.device());
  Tensor seen = detail::alias(p, like.shape(), detail::empty_tensor_in_order(like).strides(), 0);
  seen.copy_(probabilities);
  check_between(p, 0, 1, op, "probabilities must lie in [0, 1]");
  Draws draws(g);
  if (p.dtype() == DType::float64)
    draw_each(p.data<double>(), p.numel(), draws);
  else
    draw_each(p.data<float>(), p.numel(), draws);
  return seen;
}

struct Bernoulli : Op<Bernoulli> {  // z = 1 with probability x, else 0; dx = 0
  static constexpr const char* name = "bernoulli";
  static Tensor forward(Context&, const Tensor& x, Generator* g) {
    const Tensor seen = decided(x, x, *g, name);
    Tensor z = detail::empty_tensor_like(x);
    return z.copy_(seen);
  }
  static Grads backward(Context&, const Tensor& dz, Generator*) { return {zeros_like(dz)}; }
};
}  // namespace

Tensor bernoulli(const Tensor& given, Generator& g) { return apply<Bernoulli>(given, &g); }
Tensor& bernoulli_(Tensor& t, const Tensor& p, Generator& g) {
  return detail::change_in_place(
      t, "bernoulli_",
      [&](const Tensor& x) {
        const detail::ModeScope off(false);
        return decided(p.expand(x.shape()), x, g, "bernoulli_").to(x.dtype());
      },
      p);
}
Tensor& TensorMethods::bernoulli_(const Tensor& p, Generator& g) const { return harker::bernoulli_(self(), p, g); }
Tensor TensorMethods::bernoulli(Generator& g) const { return harker::bernoulli(self(), g); }

Tensor multinomial(const Tensor& given, std::int64_t n, bool replacement, Generator& g) {
  NoGradGuard no_grad;
  const Tensor p = given.to(made_as(given, "multinomial")).contiguous();
  if (p.dim() != 1 && p.dim() != 2)
    throw_error<ShapeError>("multinomial: weights have 1 or 2 dimensions, these are ", p.shape());
  const std::int64_t categories = p.shape().back(), rows = p.dim() == 2 ? p.shape()[0] : 1;
  if (n < 1 || categories < 1 || (!replacement && n > categories))
    throw_error<ShapeError>("multinomial: cannot choose ", n, " of ", categories, " categories",
                            replacement ? "" : " without replacement");
  constexpr double kMost = 0x1.fffffffffffffp1023;  // of doubles
  check_between(p, 0, kMost, "multinomial", "weights must be finite and not negative");
  if (p.numel() > 0 && !(min(sum(p, -1)).item() > 0))
    throw_error<Error>("multinomial: the weights of a row add up to 0, there is nothing to choose");
  if (!replacement || n == 1) {  // the largest of weight / exponential number
    Tensor q = detail::alias(empty_like(p), p.shape(), detail::empty_tensor_in_order(given).strides(), 0);
    exponential_(q, 1, g);
    q = p / q;
    return n == 1 ? argmax(q, -1, true) : topk(q, n, -1).indices;
  }
  Tensor z = empty(p.dim() == 2 ? Shape{rows, n} : Shape{n}, DType::int64);
  Draws draws(g);
  for (std::int64_t r = 0; r < rows; ++r) {
    std::int64_t* const to = z.data<std::int64_t>() + r * n;
    if (p.dtype() == DType::float64)
      choose_with_replacement(p.data<double>() + r * categories, categories, n, to, draws);
    else
      choose_with_replacement(p.data<float>() + r * categories, categories, n, to, draws);
  }
  return z;
}

Tensor TensorMethods::multinomial(std::int64_t n, bool replacement, Generator& g) const {
  return harker::multinomial(self(), n, replacement, g);
}

}  // namespace harker
