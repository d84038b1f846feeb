// The peer of bench/ops.cpp: the same operations on the same numbers in LibTorch.
#include <torch/torch.h>

#include "../ops_turn.h"

namespace {

using Inputs = std::vector<torch::Tensor>;
using Shape = std::vector<std::int64_t>;

struct Op {
  const char* name;
  std::vector<Shape> (*shapes)(int n);
  torch::Tensor (*run)(const Inputs&);
};

std::vector<Shape> one(int n) { return {{n}}; }
std::vector<Shape> two(int n) { return {{n}, {n}}; }
std::vector<Shape> square(int n) { return {{bench::side(n), bench::side(n)}}; }
std::vector<Shape> squares(int n) { return {square(n)[0], square(n)[0]}; }
std::vector<Shape> square_and_row(int n) { return {square(n)[0], {bench::side(n)}}; }
std::vector<Shape> squares_and_row(int n) { return {square(n)[0], square(n)[0], {bench::side(n)}}; }

const Op kOps[] = {
    {"add", two, [](const Inputs& t) { return t[0] + t[1]; }},
    {"add_row", square_and_row, [](const Inputs& t) { return t[0] + t[1]; }},
    {"mul", two, [](const Inputs& t) { return t[0] * t[1]; }},
    {"relu", one, [](const Inputs& t) { return torch::relu(t[0]); }},
    {"sum", one, [](const Inputs& t) { return torch::sum(t[0]); }},
    {"sum_columns", square, [](const Inputs& t) { return torch::sum(t[0], 0); }},
    {"mean", one, [](const Inputs& t) { return torch::mean(t[0]); }},
    {"mse_loss", two, [](const Inputs& t) { return torch::mse_loss(t[0], t[1]); }},
    {"matmul", squares, [](const Inputs& t) { return torch::matmul(t[0], t[1]); }},
    {"linear", squares_and_row, [](const Inputs& t) { return torch::linear(t[0], t[1], t[2]); }},
    {"view", square, [](const Inputs& t) { return t[0].view({-1}); }},
    {"transpose", square, [](const Inputs& t) { return t[0].transpose(0, 1); }},
    {"slice", one, [](const Inputs& t) { return t[0].slice(0, t[0].size(0) / 2); }},
    {"transpose_copy", square, [](const Inputs& t) { return t[0].transpose(0, 1).contiguous(); }},
};

double squares_of(const torch::Tensor& t) {
  const torch::Tensor c = t.contiguous();
  return bench::sum_of_squares(c.const_data_ptr<float>(), static_cast<std::size_t>(c.numel()));
}

void run_forward(const Op& op, const Inputs& inputs, int n, const bench::OpsTurn& turn) {
  const c10::InferenceMode guard;
  bench::run_op(
      n, turn, [&] { op.run(inputs); }, [&] { return squares_of(op.run(inputs)); });
}

void run_backward(const Op& op, Inputs inputs, int n, const bench::OpsTurn& turn) {
  for (torch::Tensor& t : inputs) t.requires_grad_(true);
  const torch::Tensor ones = torch::ones_like(op.run(inputs)).detach();
  const auto work = [&] {
    for (torch::Tensor& t : inputs) t.mutable_grad() = torch::Tensor();
    torch::Tensor result = op.run(inputs);
    result.backward(ones);
    return result;
  };
  bench::run_op(n, turn, work, [&] {
    double sum = squares_of(work().detach());
    for (const torch::Tensor& t : inputs) sum += squares_of(t.grad());
    return sum;
  });
}

int turn_of(const bench::OpsTurn& turn) {
  torch::set_num_threads(turn.threads);
  for (const Op& op : kOps) {
    if (std::strcmp(op.name, turn.op) != 0) continue;
    for (const int n : bench::kElements) {
      torch::manual_seed(0);
      Inputs inputs;
      for (const Shape& shape : op.shapes(n)) inputs.push_back(torch::randn(shape));
      turn.backward ? run_backward(op, inputs, n, turn) : run_forward(op, inputs, n, turn);
    }
    return 0;
  }
  std::fprintf(stderr, "there is no operation %s\n", turn.op);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  bench::OpsTurn turn;
  if (bench::parse_ops_turn(argc - 1, argv + 1, turn)) return turn_of(turn);
  std::fprintf(stderr, "usage: %s %s\n", argv[0], bench::kOpsTurnUsage);
  return 2;
}
