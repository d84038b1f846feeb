// Checks of matrices, and small expressions of them.
#include <harker/core/linalg/matrices.h>

namespace harker::linalg {

namespace {

Shape leading(const Tensor& x, int last) {
  return Shape(std::span(x.shape().data(), static_cast<std::size_t>(x.dim() - last)));
}

}  // namespace

Matrices::Matrices(const Tensor& x) : rows(x.size(-2)), columns(x.size(-1)), lead(leading(x, 2)) {
  count = lead.numel();
}

void check_dtype(const Tensor& x, const char* op) {
  const DType t = x.dtype();
  if (is_computed(t)) return;
  if (is_floating_point(t))
    throw_error<TypeError>(op, ": low precision dtypes are not supported, got ", name(t),
                           "; convert it with .to(kFloat32)");
  throw_error<TypeError>(op, ": expected a floating point tensor, got ", name(t),
                         is_complex(t) ? "" : "; convert it with .to(kFloat32)");
}

void check_matrices(const Tensor& x, const char* op) {
  if (x.dim() < 2) throw_error<ShapeError>(op, ": the input must have at least 2 dimensions, it is ", x.shape());
  check_dtype(x, op);
}

void check_square(const Tensor& x, const char* op) {
  check_matrices(x, op);
  if (x.size(-1) != x.size(-2))
    throw_error<ShapeError>(op, ": A must be batches of square matrices, but they are ", x.size(-2), " by ", x.size(-1),
                            " matrices");
}

void check_pair(const Tensor& a, const Tensor& b, const char* op) {
  if (a.dtype() != b.dtype())
    throw_error<TypeError>(op, ": A and B need one dtype, got ", name(a.dtype()), " and ", name(b.dtype()),
                           "; convert one with .to()");
  harker::detail::check_alike(a, b, op);
}

System::System(const Tensor& given_a, const Tensor& given_b, bool vectors) : a(given_a), b(given_b) {
  is_vector = vectors && (b.dim() == 1 || (a.dim() - 1 == b.dim() && b.shape() == leading(a, 1)));
  if (is_vector) b = b.unsqueeze(-1);
  const Matrices ma(a), mb(b);
  if (ma.lead == mb.lead) return;
  Matrices both = ma;
  both.lead = broadcast_shapes(ma.lead, mb.lead);
  a = a.expand(both.of(ma.rows, ma.columns));
  b = b.expand(both.of(mb.rows, mb.columns));
}

void refuse(const char* op, const Shape& lead, std::int64_t element, std::string_view why) {
  using harker::detail::str;
  throw LinAlgError(lead.rank() == 0 ? str(op, ": ", why) : str(op, ": (Batch element ", element, "): ", why));
}

void check_finite(const char* op, const Tensor& a) {
  const harker::detail::ModeScope off(false);
  const Matrices m(a);
  const Tensor finite = all(isfinite(a).reshape({m.count, m.rows * m.columns}), 1);
  for (std::int64_t i = 0; i < m.count; ++i)
    if (!finite.data<bool>()[i])
      refuse(op, m.lead, i, "The algorithm failed to converge because the input matrix contained non-finite values.");
}

Tensor diagonal_mask(std::int64_t n) { return eye(n, kBool); }

}  // namespace harker::linalg
