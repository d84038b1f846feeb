// Graphs of a size that recursion, or a quadratic step, would not survive: built, run backward, drawn and freed in a
// thread with a stack of 256 KiB, with less than 1 GiB from the system.
#include <doctest/doctest.h>
#include <small_thread.h>

#include <algorithm>

#include <harker/core/autograd/autograd.h>
#include <harker/core/autograd/function.h>
#include <harker/core/base/pool.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>

namespace harker {
namespace {

using test::in_small_thread;

/// z = x_1 + x_2 + ...; dx_i = dz
struct SumOfMany : Function<SumOfMany> {
  static constexpr const char* name = "sum_of_many";
  static Tensor forward(Context& c, std::span<const Tensor> x) {
    c.save(x);  // for nothing but its memory
    Tensor z = zeros_like(x[0]);
    for (const Tensor& t : x) z.add_(t);
    return z;
  }
  static std::vector<Tensor> backward(Context& c, const Tensor& dz) { return std::vector<Tensor>(c.input_count(), dz); }
};

/// One output for each row.
struct Rows : Function<Rows> {
  static constexpr const char* name = "rows";
  static std::vector<Tensor> forward(Context&, const Tensor& x) {
    std::vector<Tensor> rows;
    for (std::int64_t i = 0; i < x.size(0); ++i) rows.push_back(x[i]);
    return rows;
  }
  static Grads backward(Context&, std::span<const Tensor> dz) {
    Tensor dx = empty({static_cast<std::int64_t>(dz.size())}, kFloat64);
    for (std::size_t i = 0; i < dz.size(); ++i) dx.data<double>()[i] = dz[i].item();
    return {dx};
  }
};

constexpr std::size_t kMost = std::size_t{1} << 30;
// Sanitizers make every node many times as large and as slow.
#if defined(HARKER_NO_POOL)
constexpr int kLess = 20;
#else
constexpr int kLess = 1;
#endif

}  // namespace

TEST_CASE("scale: a chain of 1000000 nodes") {
  const int n = 1'000'000 / kLess;
  double gradient = 0, through_grad = 0;
  std::size_t lines = 0;
  in_small_thread([&] {
    Tensor x = tensor({1}, {.dtype = kFloat64, .requires_grad = true});
    Tensor y = x;
    for (int i = 0; i < n; ++i) y = y * 1.0;
    through_grad = grad({y}, {x}, {}, {.retain_graph = true})[0].item();
    const std::string dot = graph_dot(y);
    lines = static_cast<std::size_t>(std::count(dot.begin(), dot.end(), '\n'));
    y.backward();
    gradient = x.grad().item();
  });
  CHECK(gradient == 1);
  CHECK(through_grad == 1);
  CHECK(lines >= 2 * static_cast<std::size_t>(n));
  CHECK(pool::system_bytes() < kMost);
}

TEST_CASE("scale: a chain of 100000 changes in place") {
  const int n = 100'000 / kLess;
  double gradient = 0;
  in_small_thread([&] {
    Tensor x = tensor({1}, {.dtype = kFloat64, .requires_grad = true});
    Tensor y = x * 1.0, other_handle = y;
    for (int i = 0; i < n; ++i) y.add_(x);
    y.backward();
    gradient = x.grad().item();
  });
  CHECK(gradient == n + 1);
  CHECK(pool::system_bytes() < kMost);
}

TEST_CASE("scale: a node with 100000 inputs, and one with 100000 outputs") {
  const std::size_t n = 100'000 / kLess;
  double first = 0, last = 0, middle = 0;
  in_small_thread([&] {
    std::vector<Tensor> leaves;
    for (std::size_t i = 0; i < n; ++i) leaves.push_back(tensor({1}, {.dtype = kFloat64, .requires_grad = true}));
    Tensor z = SumOfMany::apply(leaves);
    CHECK(z.item() == static_cast<double>(n));
    (z * 3).backward();
    first = leaves.front().grad().item();
    last = leaves.back().grad().item();

    Tensor x = ones({static_cast<std::int64_t>(n)}, {.dtype = kFloat64, .requires_grad = true});
    std::vector<Tensor> rows = Rows::apply(x);
    (SumOfMany::apply(rows) * 2 + rows[n / 2]).backward();
    middle = x.grad()[static_cast<std::int64_t>(n) / 2].item();
    CHECK(x.grad()[0].item() == 2);
  });
  CHECK(first == 3);
  CHECK(last == 3);
  CHECK(middle == 3);
  CHECK(pool::system_bytes() < kMost);
}

TEST_CASE("scale: a ladder of 100000 diamonds") {
  const int n = 100'000 / kLess;
  double gradient = 0, second = 0;
  in_small_thread([&] {
    Tensor x = tensor({1}, {.dtype = kFloat64, .requires_grad = true});
    Tensor y = x;
    for (int i = 0; i < n; ++i) y = y * 0.75 + y * 0.25;  // two ways at every rung: 2^100000 paths
    y.backward();
    gradient = x.grad().item();
    Tensor z = x * x;
    for (int i = 0; i < n / 10; ++i) z = z * 0.75 + z * 0.25;
    second = grad({grad({z}, {x}, {}, {.create_graph = true})[0]}, {x})[0].item();
  });
  CHECK(gradient == 1);
  CHECK(second == 2);
  CHECK(pool::system_bytes() < kMost);
}

}  // namespace harker
