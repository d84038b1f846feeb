// Shapes: what is not inline, that is shapes of more than six dimensions and the making of new ones.
#include <harker/core/shape.h>

#include <algorithm>
#include <new>
#include <ostream>

#include <harker/core/base/text.h>
#include <harker/core/error.h>

namespace harker HARKER_PUBLIC {

// Not in the header: the first span that is made of an address costs a user's file 2 % of its compiler's time.
Shape::operator std::span<const std::int64_t>() const noexcept { return {data(), static_cast<std::size_t>(rank_)}; }

std::vector<std::int64_t> Shape::vec() const { return {begin(), end()}; }

Shape Shape::filled(int rank, std::int64_t fill) {
  if (rank < 0) detail::throw_error<ShapeError>("a shape cannot have ", rank, " dimensions");
  Shape s;
  if (rank > kInline) s.heap_ = new std::int64_t[static_cast<std::size_t>(rank)];
  s.rank_ = rank;
  std::fill(s.begin(), s.end(), fill);
  return s;
}

void Shape::copy_more(const Shape& o) {
  if (o.rank_ > kInline) heap_ = new std::int64_t[static_cast<std::size_t>(o.rank_)];
  rank_ = o.rank_;
  std::copy(o.begin(), o.end(), begin());
}

void Shape::take_more(Shape& o) noexcept {
  if (o.rank_ <= kInline) return copy_more(o);
  heap_ = o.heap_;
  rank_ = std::exchange(o.rank_, 0);
  o.at_[0] = o.at_[1] = 0;
}

void Shape::assign_more(const Shape& o) { *this = Shape(o); }

void Shape::assign_more(Shape&& o) noexcept {
  Shape taken(std::move(o));  // it may be *this
  this->~Shape();
  new (this) Shape(std::move(taken));
}

bool Shape::same_more(const Shape& o) const noexcept { return std::equal(begin(), end(), o.begin()); }

Shape Shape::contiguous_strides() const {
  Shape strides = filled(rank(), 1);
  // Unsigned: beside a size of 0 the others may be so large that their product means nothing.
  std::uint64_t step = 1;
  for (int d = rank(); d-- > 0;) {
    strides[d] = static_cast<std::int64_t>(step);
    step *= static_cast<std::uint64_t>(std::max<std::int64_t>((*this)[d], 1));
  }
  return strides;
}

Shape Shape::inserted(int dim, std::int64_t size) const {
  if (dim < 0 || dim > rank())
    detail::throw_error<ShapeError>("cannot insert a dimension at ", dim, " into the shape ", *this);
  Shape s = filled(rank() + 1, size);
  std::copy(begin(), begin() + dim, s.begin());
  std::copy(begin() + dim, end(), s.begin() + dim + 1);
  return s;
}

Shape Shape::erased(int dim) const {
  if (dim < 0 || dim >= rank()) detail::throw_error<ShapeError>("the shape ", *this, " has no dimension ", dim);
  Shape s = filled(rank() - 1, 0);
  std::copy(begin(), begin() + dim, s.begin());
  std::copy(begin() + dim + 1, end(), s.begin() + dim);
  return s;
}

std::ostream& operator<<(std::ostream& out, const Shape& s) {
  out << '[';
  for (int d = 0; d < s.rank(); ++d) out << (d ? ", " : "") << s[d];
  return out << ']';
}

}  // namespace harker
