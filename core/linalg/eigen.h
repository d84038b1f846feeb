// Eigen, for the decompositions (internal, of .cpp files that each decompose in one way). It is compiled under another name: a
// program that uses harker and Eigen too, compiled for another processor, would otherwise share its functions with ours, and
// run the wrong ones. What else a .cpp needs of Eigen, it includes after this.
#pragma once
#define Eigen harker_eigen
#define EIGEN_MPL2_ONLY
#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Core>

namespace harker::linalg {

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
template <class T>
using RowMatrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Matrix number `i` of a contiguous batch, where it lies.
template <class T>
Eigen::Map<RowMatrix<T>> matrix_at(void* data, std::int64_t i, std::int64_t rows, std::int64_t columns) {
  return {static_cast<T*>(data) + i * rows * columns, rows, columns};
}

}  // namespace harker::linalg
