// Products of vectors, matrices and tensors, by way of matmul: of tensors of one dtype, integers too. Differentiable, also
// twice. ShapeError names the shapes that do not fit.
#pragma once
#include <string_view>
#include <vector>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

// --- products.cpp
Tensor mm(const Tensor& a, const Tensor& b);     ///< of two matrices
Tensor bmm(const Tensor& a, const Tensor& b);    ///< [n, i, k] x [n, k, j] -> [n, i, j]
Tensor mv(const Tensor& a, const Tensor& x);     ///< of a matrix and a vector
Tensor dot(const Tensor& x, const Tensor& y);    ///< of two vectors, 0-d
Tensor vdot(const Tensor& x, const Tensor& y);   ///< dot
Tensor outer(const Tensor& x, const Tensor& y);  ///< z[i, j] = x[i] y[j]
Tensor ger(const Tensor& x, const Tensor& y);    ///< outer
/// z[..., ...] = the sum of a[..., k] b[..., k]; the product where one is 0-d.
Tensor inner(const Tensor& a, const Tensor& b);
/// The sum of products over the last `dims` dimensions of a and the first of b, or over those that are listed; a size of 1
/// stands for any.
Tensor tensordot(const Tensor& a, const Tensor& b, std::int64_t dims = 2);
Tensor tensordot(const Tensor& a, const Tensor& b, const Shape& dims_a, const Shape& dims_b);
/// Every element of a times b: [n, m] and [p, q] give [n p, m q], and so on for any dimensions.
Tensor kron(const Tensor& a, const Tensor& b);
/// The cross product of vectors of 3 along `dim`, by default the first dimension of 3.
Tensor cross(const Tensor& x, const Tensor& y);
Tensor cross(const Tensor& x, const Tensor& y, int dim);

// --- einsum.cpp
/// The sum of products that the equation says: a letter for each dimension, equal ones meet, those that the result
/// lacks are summed, a letter twice in a term is its diagonal, "..." stands for any dimensions, which broadcast. Without
/// "->" the result has the ellipsis and then each letter that occurs once, A to Z before a to z. Operands are taken from
/// left to right. ShapeError names the equation and the operand.
///   einsum("bij,bjk->bik", {a, b}), einsum("ii", {a}), einsum("...i,...i->...", {x, y})
Tensor einsum(std::string_view equation, const std::vector<Tensor>& operands);

// --- scaled.cpp: beta input + alpha a b, of the product of that name, to which the input broadcasts. With beta = 0 the
// input is not looked at.
Tensor addmm(const Tensor& input, const Tensor& a, const Tensor& b, Scalar beta = 1, Scalar alpha = 1);
Tensor addmv(const Tensor& input, const Tensor& a, const Tensor& x, Scalar beta = 1, Scalar alpha = 1);
Tensor addr(const Tensor& input, const Tensor& x, const Tensor& y, Scalar beta = 1, Scalar alpha = 1);
Tensor baddbmm(const Tensor& input, const Tensor& a, const Tensor& b, Scalar beta = 1, Scalar alpha = 1);
Tensor addbmm(const Tensor& input, const Tensor& a, const Tensor& b, Scalar beta = 1, Scalar alpha = 1);  ///< summed

}  // namespace harker
