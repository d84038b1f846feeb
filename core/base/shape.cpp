// Shapes: what is not inline, that is shapes of more than six dimensions and the making of new ones.
#include <harker/core/shape.h>

#include <algorithm>
#include <ostream>

#include <harker/core/base/text.h>
#include <harker/core/error.h>

namespace harker HARKER_PUBLIC {

Shape Shape::filled(int rank, std::int64_t fill) {
  if (rank < 0) detail::throw_error<ShapeError>("a shape cannot have ", rank, " dimensions");
  Shape s;
  if (rank > kInline) s.heap_ = new std::int64_t[static_cast<std::size_t>(rank)];
  s.rank_ = rank;
  std::fill(s.begin(), s.end(), fill);
  return s;
}

void Shape::copy_heap(const Shape& o) {
  heap_ = new std::int64_t[static_cast<std::size_t>(o.rank_)];
  rank_ = o.rank_;
  std::copy(o.begin(), o.end(), heap_);
}

void Shape::swap(Shape& o) noexcept {
  // One may be inline and the other not: only the one member of each union that is in use may be read.
  std::int64_t kept[kInline];
  std::int64_t* const kept_heap = rank_ > kInline ? heap_ : nullptr;
  const std::int64_t kept_rank = rank_;
  if (!kept_heap) std::copy(at_, at_ + rank_, kept);
  rank_ = o.rank_;
  if (rank_ > kInline)
    heap_ = o.heap_;
  else
    std::copy(o.at_, o.at_ + rank_, at_);
  o.rank_ = kept_rank;
  if (kept_heap)
    o.heap_ = kept_heap;
  else
    std::copy(kept, kept + kept_rank, o.at_);
}

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
