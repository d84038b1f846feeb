// LibTorch's example autograd, ported: operations and their gradients, gradients of gradients, functions of one's own.
// Where that program prints a gradient to be looked at, this one also compares it with what it must be.
#include <harker/harker.h>

#include <iostream>

using namespace harker;

int wrong = 0;

void print(const char* what, const Tensor& gradient, const Tensor& expected) {
  std::cout << what << " = " << gradient << "\n";
  if (!allclose(gradient, expected)) std::cout << "but it should be " << expected << "\n", ++wrong;
}

void basic_autograd_operations_example() {
  std::cout << "====== Running: \"Basic autograd operations\" ======\n";
  Tensor x = ones({2, 2}, {.requires_grad = true});
  Tensor y = x + 2;
  std::cout << y << "\n" << y.grad_fn() << "\n";  // the name of the operation: "add"
  Tensor z = y * y * 3;
  const Tensor out = z.mean();
  std::cout << z.grad_fn() << " " << out << " " << out.grad_fn() << "\n";

  // requires_grad_() changes a tensor's flag in place.
  Tensor a = randn({2, 2});
  a = a * 3 / (a - 1);
  std::cout << a.requires_grad() << " ";
  a.requires_grad_(true);
  std::cout << a.requires_grad() << " " << (a * a).sum().grad_fn() << "\n";

  out.backward();
  print("d(out)/dx", x.grad(), full({2, 2}, 4.5));

  // A vector-Jacobian product: the vector is given to backward().
  x = randn(3, {.requires_grad = true});
  y = x * 2;
  double factor = 2;
  for (; y.norm().item<double>() < 1000; factor *= 2) y = y * 2;
  const Tensor v = tensor({0.1, 1.0, 0.0001}, kFloat);
  y.backward(v);
  print("v dy/dx", x.grad(), v * factor);

  // No history: in a block with a NoGradGuard, and behind detach().
  std::cout << x.requires_grad() << " " << x.pow(2).requires_grad() << " ";
  {
    NoGradGuard no_grad;
    std::cout << x.pow(2).requires_grad() << " ";
  }
  y = x.detach();
  std::cout << y.requires_grad() << " " << x.eq(y).all().item<bool>() << "\n";
}

void compute_higher_order_gradients_example() {
  std::cout << "\n====== Running \"Computing higher-order gradients\" ======\n";
  nn::Linear model(4, 3);
  const Tensor input = randn({3, 4}).requires_grad_(true);
  const Tensor output = model(input), target = randn({3, 3});
  const Tensor loss = nn::MSELoss()(output, target);

  // A gradient penalty: the gradient is part of the loss, and so has a history of its own.
  const Tensor gradient = grad({output}, {input}, {ones_like(output)}, {.create_graph = true})[0];
  const Tensor gradient_penalty = pow(gradient.norm(2, /*dim=*/1) - 1, 2).mean();
  (loss + gradient_penalty).backward();
  print("d(loss)/d(input)", input.grad(), (output - target).mm(model.weight).detach() * 2 / 9);
  const Tensor n = model.weight.sum(0), length = n.norm();  // each row of the gradient
  print("d(loss + penalty)/d(weight)", model.weight.grad(),
        ((output - target).t().mm(input) * 2 / 9 + (length - 1) * 2 / length * n).detach());
}

struct LinearFunction : Function<LinearFunction> {
  static constexpr const char* name = "LinearFunction";
  static Tensor forward(Context& ctx, const Tensor& input, const Tensor& weight, const Tensor& bias) {
    ctx.save_for_backward(input, weight);
    const Tensor output = input.mm(weight.t());
    return bias.defined() ? output + bias : output;
  }
  static Grads backward(Context& ctx, const Tensor& grad_output) {
    const Tensor &input = ctx.saved(0), &weight = ctx.saved(1);
    return {grad_output.mm(weight), grad_output.t().mm(input), ctx.needs(2) ? grad_output.sum(0) : Tensor()};
  }
};

struct MulConstant : Function<MulConstant> {
  static constexpr const char* name = "MulConstant";
  static Tensor forward(Context&, const Tensor& tensor, double constant) { return tensor * constant; }
  static Grads backward(Context&, const Tensor& grad_output, double constant) { return {grad_output * constant}; }
};

void custom_autograd_function_example() {
  std::cout << "\n====== Running \"Using custom autograd function\" ======\n";
  {
    const Tensor x = randn({2, 3}).requires_grad_(), weight = randn({4, 3}).requires_grad_();
    LinearFunction::apply(x, weight, Tensor()).sum().backward();
    print("dy/dx", x.grad(), weight.detach().sum(0).expand({2, 3}));
    print("dy/d(weight)", weight.grad(), x.detach().sum(0).expand({4, 3}));
  }
  const Tensor x = randn(2).requires_grad_();
  MulConstant::apply(x, 5.5).sum().backward();
  print("dy/dx", x.grad(), full({2}, 5.5));
}

int main() {
  manual_seed(0);
  std::cout << std::boolalpha;
  basic_autograd_operations_example();
  compute_higher_order_gradients_example();
  custom_autograd_function_example();
  return wrong;
}
