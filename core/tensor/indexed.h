// IndexedTensor: what x[mask] and x[index] give. Users get this with core/tensor.h.
#pragma once
#include <utility>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

/// x[mask] or x[index]: a Tensor, the chosen rows, that remembers where they came from (and holds x), so that an
/// assignment to it writes into x as PyTorch's index_put_ does: y is broadcast to the rows and converted; of two that
/// go to one place the last stays. Recorded; GradError for a leaf that requires grad. A variable of this type
/// (`auto part = x[mask]`) is assigned as any Tensor; copies are plain rows.
class IndexedTensor : public Tensor {
 public:
  /// `rows` are x[index].
  IndexedTensor(Tensor rows, const Tensor& x, const Tensor& index) : Tensor(std::move(rows)), x_(x), index_(index) {}
  /// `view` is where an assignment goes.
  explicit IndexedTensor(Tensor view) : Tensor(std::move(view)) {}
  IndexedTensor(const IndexedTensor& o) : Tensor(o) {}
  ~IndexedTensor() = default;
  IndexedTensor& operator=(const Tensor& y) & {
    Tensor::operator=(y);
    x_ = index_ = Tensor();
    return *this;
  }
  IndexedTensor& operator=(const IndexedTensor& y) & { return *this = static_cast<const Tensor&>(y); }
  // Not *this: the rows were read before.
  void operator=(const Tensor& y) &&;
  void operator=(const IndexedTensor& y) && { std::move(*this) = static_cast<const Tensor&>(y); }
  void operator=(Scalar value) &&;
  // x[mask] += y is x[mask] = (x[mask] += y), as Python has it; `part` is changed where it lies.
  using Tensor::operator+=;
  using Tensor::operator-=;
  using Tensor::operator*=;
  using Tensor::operator/=;
  using Tensor::operator&=;
  using Tensor::operator|=;
  using Tensor::operator^=;
  template <class Y>
  void operator+=(const Y& y) && {
    write_back(static_cast<const Tensor&>(*this) += y);
  }
  template <class Y>
  void operator-=(const Y& y) && {
    write_back(static_cast<const Tensor&>(*this) -= y);
  }
  template <class Y>
  void operator*=(const Y& y) && {
    write_back(static_cast<const Tensor&>(*this) *= y);
  }
  template <class Y>
  void operator/=(const Y& y) && {
    write_back(static_cast<const Tensor&>(*this) /= y);
  }
  template <class Y>
  void operator&=(const Y& y) && {
    write_back(static_cast<const Tensor&>(*this) &= y);
  }
  template <class Y>
  void operator|=(const Y& y) && {
    write_back(static_cast<const Tensor&>(*this) |= y);
  }
  template <class Y>
  void operator^=(const Y& y) && {
    write_back(static_cast<const Tensor&>(*this) ^= y);
  }

 private:
  void write_back(const Tensor& rows) { std::move(*this) = Tensor(rows); }
  Tensor x_, index_;
};

}  // namespace harker
