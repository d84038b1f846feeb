// <harker/interop/eigen.h>: tensors and a program's own Eigen matrices on the same memory.
#include <doctest/doctest.h>

#include <harker/core/linalg.h>
#include <harker/core/ops/ops.h>
#include <harker/interop/eigen.h>
#include <test_tensor.h>
#include <Eigen/LU>

namespace harker {

using test::has;
using test::words;

TEST_CASE("interop/eigen: a tensor seen as a matrix or a vector") {
  Tensor t = tensor({{1, 2, 3}, {4, 5, 6}}, kFloat32);
  auto m = eigen_matrix<float>(t);
  CHECK(m(1, 0) == 4);
  m(1, 0) = 40;
  CHECK(t[1][0].item() == 40);
  const auto reading = eigen_matrix<const float>(t);
  CHECK(reading.sum() == doctest::Approx(57));
  static_assert(std::is_same_v<decltype(eigen_matrix<const float>(t))::PointerArgType, const float*>);
  auto column = eigen_vector<float>(t.slice(1, 1, 2).squeeze(1));
  CHECK(column.size() == 2);
  column *= 10;
  CHECK(t.to_vector<double>() == test::Numbers{1, 20, 3, 40, 50, 6});
  auto transposed = eigen_strided<float>(t.t());
  CHECK(transposed.rows() == 3);
  CHECK(transposed(2, 1) == 6);
  CHECK(eigen_strided<float>(t.slice(1, 0, 3, 2))(1, 1) == 6);
  CHECK(eigen_matrix<float>(empty({0, 3})).size() == 0);
  CHECK(has(words<TypeError>([&] { eigen_matrix<double>(t); }), "float32"));
  CHECK(has(words<ShapeError>([&] { eigen_matrix<float>(t.t()); }),
            "eigen_matrix: the tensor is (3, 2), but its elements do not lie row-major"));
  CHECK(has(words<ShapeError>([&] { eigen_matrix<float>(t[0]); }), "2 dimensions"));
  CHECK(has(words<ShapeError>([&] { eigen_vector<float>(t); }), "1 dimension"));
}

TEST_CASE("interop/eigen: a matrix seen as a tensor, or copied to one") {
  Eigen::MatrixXd m(2, 3);  // column-major
  m << 1, 2, 3, 4, 5, 6;
  {
    Tensor t = from_eigen(m);
    CHECK(t.shape() == Shape{2, 3});
    CHECK(t.strides() == Shape{1, 2});
    CHECK(t.to_vector<double>() == test::Numbers{1, 2, 3, 4, 5, 6});
    t[1][2].fill_(60);
    CHECK(m(1, 2) == 60);
    CHECK(sum(t, 0).to_vector<double>() == test::Numbers{5, 7, 63});
    t.requires_grad_();
    sum(t * t).backward();
    CHECK(t.grad()[0][1].item() == 4);
  }
  CHECK(m(0, 0) == 1);
  auto block = m.block(0, 1, 2, 2);
  CHECK(from_eigen(block).to_vector<double>() == test::Numbers{2, 3, 5, 60});
  Eigen::VectorXf v = Eigen::VectorXf::LinSpaced(4, 0, 3);
  CHECK(from_eigen(v).shape() == Shape{4});
  auto row = m.row(1);
  CHECK(from_eigen(row).strides() == Shape{2});
  Eigen::Matrix<std::int64_t, 2, 2, Eigen::RowMajor> fixed;
  fixed << 1, 2, 3, 4;
  CHECK(from_eigen(fixed).dtype() == kInt64);
  CHECK(from_eigen(fixed).is_contiguous());
  Eigen::MatrixXd none(0, 3);
  CHECK(from_eigen(none).shape() == Shape{0, 3});
  const Tensor copy = copy_of_eigen(m.transpose() * 2);
  CHECK(copy.shape() == Shape{3, 2});
  CHECK(copy.to_vector<double>() == test::Numbers{2, 8, 4, 10, 6, 120});
  CHECK(copy_of_eigen(Eigen::Vector3f(1, 2, 3)).shape() == Shape{3});
}

TEST_CASE("interop/eigen: a program's own decompositions beside ours") {
  Eigen::MatrixXd m = Eigen::MatrixXd::Random(20, 20);
  CHECK(allclose(linalg::inv(from_eigen(m)), copy_of_eigen(m.inverse()), 1e-9, 1e-9));
  CHECK(std::abs(linalg::det(from_eigen(m)).item() / m.determinant() - 1) < 1e-10);
}

}  // namespace harker
