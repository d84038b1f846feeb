// Tensors and Eigen's matrices on the same memory, both ways, without a copy. For programs that use Eigen themselves: this
// header includes theirs and needs no library of ours besides harker::core.
//
//   Eigen::Map<...> m = eigen_matrix<float>(t);   // a tensor's memory, seen as a matrix; eigen_vector, eigen_strided
//   Tensor t = from_eigen(m);                     // a matrix's memory, seen as a tensor; copy_of_eigen for expressions
//
// What is written through a map changes the tensor, and autograd does not see it: as with data<T>(). A map does not keep
// the memory alive, nor does a tensor made by from_eigen.
#pragma once
#include <string>
#include <type_traits>

#include <Eigen/Core>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

/// Rows one after the other, as a tensor has them.
template <class T>
using EigenRows = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

namespace detail {

/// Map<const M> for a const element type.
template <class T, template <class> class M>
using EigenTarget = std::conditional_t<std::is_const_v<T>, const M<std::remove_const_t<T>>, M<std::remove_const_t<T>>>;
template <class T>
using EigenColumn = Eigen::Matrix<T, Eigen::Dynamic, 1>;

[[noreturn]] inline void refuse_map(const char* f, const Tensor& t, const char* wanted) {
  std::string shape;
  for (const std::int64_t d : t.shape()) shape += (shape.empty() ? "" : ", ") + std::to_string(d);
  throw ShapeError(std::string(f) + ": the tensor is (" + shape + "), " + wanted);
}

}  // namespace detail

/// A matrix whose elements lie row-major (ShapeError otherwise: use eigen_strided, or contiguous()). T is the dtype's C++ type
/// (TypeError otherwise), `const float` for a map that only reads.
template <class T>
Eigen::Map<detail::EigenTarget<T, EigenRows>> eigen_matrix(const Tensor& t) {
  if (t.dim() != 2) detail::refuse_map("eigen_matrix", t, "a matrix has 2 dimensions");
  if (!t.is_contiguous())
    detail::refuse_map("eigen_matrix", t, "but its elements do not lie row-major: see eigen_strided");
  return {t.data<std::remove_const_t<T>>(), t.shape()[0], t.shape()[1]};
}

/// A tensor of one dimension, of any stride.
template <class T>
Eigen::Map<detail::EigenTarget<T, detail::EigenColumn>, 0, Eigen::InnerStride<>> eigen_vector(const Tensor& t) {
  if (t.dim() != 1) detail::refuse_map("eigen_vector", t, "a vector has 1 dimension");
  return {t.data<std::remove_const_t<T>>(), t.shape()[0], Eigen::InnerStride<>(t.stride(0))};
}

/// A matrix of any strides: a transposed one, say, or some of its columns.
template <class T>
Eigen::Map<detail::EigenTarget<T, EigenRows>, 0, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>> eigen_strided(
    const Tensor& t) {
  if (t.dim() != 2) detail::refuse_map("eigen_strided", t, "a matrix has 2 dimensions");
  return {t.data<std::remove_const_t<T>>(), t.shape()[0], t.shape()[1],
          Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>(t.stride(0), t.stride(1))};
}

/// A tensor on the memory of a matrix, Map, Ref or block: of one dimension for what is a vector by its type, else of two. The
/// caller keeps the memory, and the matrix its size, for as long as the tensor is used.
template <class M>
requires(std::is_base_of_v<Eigen::DenseBase<M>, M> && !std::is_const_v<M>) Tensor from_eigen(M& m) {
  static_assert(
      (Eigen::internal::traits<M>::Flags & Eigen::DirectAccessBit) != 0 && bool(Eigen::internal::is_lvalue<M>::value),
      "from_eigen: an expression has no memory of its own, or may not be written: use copy_of_eigen");
  constexpr DType type = dtype_of<typename M::Scalar>;
  if constexpr (M::IsVectorAtCompileTime)
    return from_blob(m.data(), {m.size()}, {m.innerStride()}, type);
  else
    return from_blob(m.data(), {m.rows(), m.cols()}, {m.rowStride(), m.colStride()}, type);
}
/// What ends with this expression has no memory to look at.
template <class M>
requires(std::is_base_of_v<Eigen::DenseBase<M>, M>) Tensor from_eigen(const M&&)
= delete;

/// A tensor of its own with the numbers of a matrix or an expression: `copy_of_eigen(a * b)`.
template <class M>
Tensor copy_of_eigen(const Eigen::DenseBase<M>& m) {
  using T = typename M::Scalar;
  Tensor t = M::IsVectorAtCompileTime ? empty({m.size()}, dtype_of<T>) : empty({m.rows(), m.cols()}, dtype_of<T>);
  Eigen::Map<EigenRows<T>>(t.data<T>(), m.rows(), m.cols()) = m.derived();
  return t;
}

}  // namespace harker
