// Misuse of arithmetic, shapes, autograd, modules and optimizers (misuse_table.h): bytes, versions, histories and gradients stay.
#include <core/misuse_table.h>
#include <doctest/doctest.h>

#include <memory>

#include <harker/core/autograd/autograd.h>
#include <harker/core/autograd/function.h>
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <harker/nn/nn.h>
#include <harker/optim/optim.h>

namespace harker {
namespace {

struct Layer : nn::Module {
  Layer() : nn::Module("Layer") {}
  nn::Parameter p = register_parameter("p", zeros({2}));
  using nn::Module::register_buffer;
  using nn::Module::register_module;
  using nn::Module::register_parameter;
};

/// What the expressions work with; made anew for each.
struct Given {
  Tensor a = arange(0, 6, 1, kFloat32).view({2, 3}), b = arange(0, 12, 1, kFloat32).view({3, 4}), column = ones({5, 1}),
         row = ones({5});
  Tensor wide = ones({2, 4}), cube = ones({2, 3, 4}), scalar = scalar_tensor(1);
  Tensor d = ones({2, 3}, kFloat64), half = ones({2, 3}, kFloat16), i = ones({2, 3}, kInt64),
         mask = ones({2, 3}, kBool);
  Tensor complex = zeros({2, 3}, DType::complex64);
  Tensor w = full({2, 3}, 2, {.requires_grad = true}), v = full({3}, 3, {.requires_grad = true});
  Tensor y = w * 2, loss = sum(w * w), done = sum(w * w), z = w * v;
  Tensor view = y[0], unrecorded, inferred, repeated = ones({1, 3}).expand({2, 3});
  Tensor undefined;
  Layer layer;
  std::unique_ptr<optim::Adam> adam = std::make_unique<optim::Adam>(std::vector<Tensor>{w, v});
  Given() {
    NoGradGuard no_grad;
    unrecorded = y[1];
    InferenceMode inference;
    inferred = ones({2, 3});
  }
  std::vector<Tensor> all() const {
    return {a, b, column, row,  wide, cube, scalar, d,          half,     i,        mask,   complex,
            w, v, y,      loss, done, z,    view,   unrecorded, inferred, repeated, layer.p};
  }
};

std::uint64_t fingerprint(const Given& g) {
  test::Fingerprint f;
  for (const Tensor& t : g.all()) {
    f.add(t);
    f.add(detail::str(t.shape(), t.strides(), t.grad_fn(), t.requires_grad(), name(t.dtype())));
    const void* grad = t.grad().get();
    f.add(&grad, sizeof grad);
    if (t.grad().defined()) f.add(t.grad());
  }
  f.add(detail::str(g.adam->state_dict()["state"].len(), g.layer.named_parameters().size(),
                    g.layer.named_buffers().size(), g.layer.named_children().size()));
  return f.h;
}

const std::vector<test::Misuse<Given>> kMisuses = {
    // --- Shapes.
    MISUSE(shape, g.a + g.b, "(2, 3)", "(3, 4)", "do not broadcast"),
    MISUSE(shape, g.a* g.wide, "size of tensor a (3) must match the size of tensor b (4)", "dimension 1"),
    MISUSE(shape, g.a - g.cube, "(2, 3, 4)", "do not broadcast"),
    MISUSE(shape, matmul(g.a, g.a), "mat1 and mat2 shapes cannot be multiplied", "(2, 3)"),
    MISUSE(shape, matmul(g.scalar, g.a), "matmul", "at least 1 dimension"),
    MISUSE(shape, matmul(g.cube, g.cube), "cannot be multiplied", "(2, 3, 4)"),
    MISUSE(shape, g.a.mm(g.cube), "mm", "matrices"),
    MISUSE(shape, linear(g.a, g.b), "linear", "the input is (2, 3)", "(3, 4)"),
    MISUSE(shape, linear(g.a, g.a, g.row), "linear", "the bias is (5)", "one of 2"),
    MISUSE(shape, linear(g.scalar, g.a), "linear", "at least 1 dimension"),
    MISUSE(shape, mse_loss(g.column, g.row), "mse_loss", "(5, 1)", "(5)", "reshape one"),
    MISUSE(shape, relu_backward(g.a, g.b), "relu_backward", "(2, 3)", "(3, 4)"),
    MISUSE(shape, sum_to(g.a, {2}), "sum_to", "(2, 3) is not a broadcast of (2)"),
    MISUSE(shape, g.a.view({4, 2}), "view", "(4, 2) is invalid for input of size 6"),
    MISUSE(shape, g.a.view({-1, -1}), "only one dimension can be inferred"),
    MISUSE(shape, g.a.view({-2, 3}), "invalid shape dimension -2"),
    MISUSE(shape, g.a.t().view({6}), "not compatible", "use reshape()"),
    MISUSE(shape, g.a.reshape({7}), "reshape", "input of size 6"),
    MISUSE(shape, g.a.expand({4, 3}), "expand", "(4) must match the existing size", "(2, 3)"),
    MISUSE(shape, g.a.expand({3}), "expand", "more dimensions"),
    MISUSE(shape, g.a.transpose(0, 2), "transpose", "range of [-2, 1], but got 2"),
    MISUSE(shape, g.a.permute({0, 0}), "permute", "repeated"),
    MISUSE(shape, g.a.permute({0}), "permute", "1 dims for a tensor with 2"),
    MISUSE(shape, g.cube.t(), "t:", "(2, 3, 4)"),
    MISUSE(shape, g.a.squeeze(5), "squeeze", "out of range"),
    MISUSE(shape, g.a.unsqueeze(4), "unsqueeze", "[-3, 2], but got 4"),
    MISUSE(shape, g.a.flatten(1, 0), "flatten", "comes after"),
    MISUSE(shape, sum(g.a, {0, 0}), "sum", "multiple times"),
    MISUSE(shape, mean(g.a, {3}), "mean", "out of range"),
    MISUSE(shape, g.a.item(), "item", "6 elements"),
    MISUSE(shape, g.a.size(2), "size", "out of range"),
    MISUSE(shape, zeros({2, -1}), "negative", "(2, -1)"),
    MISUSE(shape, zeros({std::int64_t{1} << 40, std::int64_t{1} << 40}), "more bytes than memory"),
    MISUSE(shape, tensor({{1, 2}, {3}}), "rows"),
    MISUSE(shape, from_vector<float>({1, 2, 3}, {2, 2}), "(2, 2)", "3"),
    // --- Indices.
    MISUSE(shape, g.a[2], "select", "index 2 is out of bounds for dimension 0 with size 2"),
    MISUSE(shape, g.a.select(1, -4), "index -4 is out of bounds for dimension 1 with size 3"),
    MISUSE(shape, g.scalar[0], "0-d"),
    MISUSE(shape, g.a.slice(0, 0, 2, 0), "step must be greater than zero"),
    MISUSE(shape, g.a.narrow(1, 2, 2), "narrow", "exceeds dimension size (3)"),
    MISUSE(shape, g.a.narrow(0, 9, 1), "narrow", "start 9 is out of range"),
    // --- Dtypes, devices, and nothing at all.
    MISUSE(type, g.mask - g.mask, "sub", "bool"),
    MISUSE(type, g.i.exp_(), "exp_", "float32", "int64", "compute a new tensor"),
    MISUSE(type, sum_to(g.mask, {3}), "sum_to", "bool"),
    MISUSE(type, matmul(g.a, g.d.t()), "matmul", "float64"),
    MISUSE(type, mse_loss(g.i, g.i), "mse_loss", "int64"),
    MISUSE(type, linear(g.half, g.d), "linear", "float16"),
    MISUSE(type, g.a.data<double>(), "data<float64>", "float32"),
    MISUSE(type, g.undefined + g.a, "undefined"),
    MISUSE(type, g.undefined.shape(), "undefined", "moved from"),
    MISUSE(type, g.i.add_(g.a), "add_", "float32", "int64", "compute a new tensor"),
    MISUSE(type, g.i.mul_(2.0), "mul_", "int64"),
    // --- Backward passes.
    MISUSE(grad, g.y.backward(), "only for scalar outputs", "(2, 3)", "pass a gradient"),
    MISUSE(grad, g.a.backward(), "does not require grad", "NoGradGuard"),
    MISUSE(shape, g.loss.backward(ones({2})), "the gradient is float32 (2), the tensor float32 ()"),
    MISUSE(shape, g.loss.backward(scalar_tensor(1, kFloat64)), "float64", "float32"),
    MISUSE(grad, (g.done.backward(), g.w.set_grad({}), g.done.backward()), "backward of mul", "second time",
           "retain_graph"),
    MISUSE(grad, grad({g.loss}, {g.a}), "grad", "does not require grad", "number 0"),
    MISUSE(grad, grad({g.a}, {g.w}), "does not require grad"),
    MISUSE(grad, grad({g.loss}, {g.w}, {ones({}), ones({})}), "2 grad_outputs for 1 outputs"),
    MISUSE(grad, grad({g.loss}, {g.w, Tensor()}), "input 1 is undefined"),
    MISUSE(grad,
           gradcheck([](std::span<const Tensor> x) { return x[0] * x[0].detach(); },
                     {full({2}, 3, {.dtype = kFloat64, .requires_grad = true})}),
           "gradcheck: input 0, element 0", "central differences"),
    MISUSE(type, gradcheck([](std::span<const Tensor> x) { return x[0] * 2; }, {g.w}), "float64"),
    MISUSE(grad, ([] {
             Tensor x = ones({2}, {.requires_grad = true}), y = x * x;
             x.detach_();
             x.mul_(ones({2}, {.requires_grad = true}));
             sum(y).backward();
           }()),
           "backward of mul", "modified by an in-place operation"),
    MISUSE(grad, ([] {
             Tensor x = ones({2}, {.requires_grad = true}), y = x + x;
             x.detach_();
             x.mul_(ones({2}, {.requires_grad = true}));
             sum(y).backward();
           }()),
           "reached a leaf", "float32 (2)", "(mul)", "clone()"),
    // --- requires_grad, kept gradients, hooks.
    MISUSE(grad, g.i.requires_grad_(), "only floating point", "int64"),
    MISUSE(grad, g.y.requires_grad_(false), "only a leaf", "computed by mul", "detach()"),
    MISUSE(grad, g.a.retain_grad(), "retain_grad", "does not require grad"),
    MISUSE(grad, g.view.detach_(), "detach_", "view", "detach()"),
    MISUSE(shape, g.w.set_grad(ones({3, 2})), "set_grad", "(3, 2)", "(2, 3)"),
    MISUSE(shape, g.w.set_grad(g.d), "set_grad", "float64"),
    MISUSE(grad, g.a.register_hook([](const Tensor&) {}), "register_hook", "does not require grad"),
    MISUSE(grad, g.y.register_post_accumulate_grad_hook([](const Tensor&) {}), "only a leaf", "register_hook"),
    // --- Changes in place.
    MISUSE(grad, g.w.add_(g.a), "add_", "a leaf tensor that requires grad", "NoGradGuard"),
    MISUSE(grad, g.w.fill_(0), "fill_", "leaf", "NoGradGuard"),
    MISUSE(grad, g.w.zero_(), "leaf", "NoGradGuard"),
    MISUSE(grad, g.w.mul_(2.0), "mul_", "leaf"),
    MISUSE(grad, g.w.copy_(g.a), "copy_", "leaf"),
    MISUSE(grad, g.w[0].fill_(1), "fill_", "a view of a leaf tensor that requires grad"),
    MISUSE(grad, g.w.t().mul_(2.0), "mul_", "a view of a leaf"),
    MISUSE(grad, g.unrecorded.mul_(2.0), "mul_", "made while nothing was recorded",
           "make the view where you change it"),
    MISUSE(grad, g.inferred.add_(g.a), "add_", "InferenceMode", "clone()"),
    MISUSE(grad, g.inferred.requires_grad_(), "InferenceMode"),
    MISUSE(grad, g.w* g.inferred, "mul", "(2, 3)", "InferenceMode"),
    MISUSE(shape, g.repeated.add_(g.a), "add_", "stride 0", "clone()"),
    MISUSE(shape, g.repeated.copy_(g.a), "copy_", "(2, 3) repeats one element"),
    MISUSE(shape, g.a.add_(g.cube.select(2, 0).unsqueeze(0)), "add_", "(1, 2, 3) does not broadcast to (2, 3)"),
    MISUSE(shape, g.a.copy_(g.b), "copy_", "(3, 4) does not broadcast to (2, 3)"),
    MISUSE(shape, g.y.add_(g.cube.select(2, 0).unsqueeze(0)), "add_", "(1, 2, 3)", "(2, 3)"),
    MISUSE(shape, g.y.mul_(g.b), "(2, 3)", "(3, 4)"),
    MISUSE(shape, randn({2}).view({2}).expand({3, 2}).mul_(2.0), "stride 0"),
    // --- Assignment to a part.
    MISUSE(shape, g.a[0] = g.b, "copy_", "(3, 4) does not broadcast to (3)"),
    MISUSE(shape, g.a.slice(1, 1) = g.a, "copy_", "(2, 3) does not broadcast to (2, 2)"),
    MISUSE(shape, g.a[g.mask] = g.row, "index_put_", "(5) does not broadcast to (6)"),
    MISUSE(shape, g.a[tensor({1, 0})] = g.row, "index_put_", "(5) does not broadcast to (2, 3)"),
    MISUSE(shape, g.y[tensor({1, 0})] = g.row, "index_put_", "(5) does not broadcast to (2, 3)"),
    MISUSE(shape, g.a[tensor({0, 2})] = 1, "index 2 is out of bounds for dimension 0 with size 2"),
    MISUSE(shape, g.a[tensor({true})] = 1, "a mask of (1)", "(2, 3)"),
    MISUSE(type, g.a[g.half] = 1, "mask must be bool", "float16"),
    MISUSE(shape, g.repeated[g.mask] = 1, "index_put_", "stride 0", "clone()"),
    MISUSE(type, g.a[0] = g.undefined, "undefined"),
    MISUSE(grad, g.w[0] = 1, "fill_", "a leaf tensor that requires grad", "NoGradGuard"),
    MISUSE(grad, g.w[0] = g.a[0], "copy_", "a leaf tensor that requires grad", "NoGradGuard"),
    MISUSE(grad, g.w[g.mask] = 1, "index_put_", "a leaf tensor that requires grad"),
    MISUSE(grad, g.w[tensor({1})] = g.a[0], "index_put_", "a leaf tensor that requires grad"),
    MISUSE(grad, g.unrecorded[0] = 1, "fill_", "NoGradGuard", "make the view where you change it"),
    MISUSE(grad, g.inferred[0] = 1, "InferenceMode", "clone()"),
    MISUSE(plain, g.a.clone() = g.a, "(2, 3)", "would be lost", "x[...]"),
    MISUSE(plain, g.a.t().reshape({6}) = 1, "(6)", "would be lost"),
    // --- Random numbers.
    MISUSE(grad, uniform_(g.y), "uniform_", "computed by mul", "NoGradGuard"),
    MISUSE(grad, normal_(g.w), "normal_", "a leaf tensor that requires grad", "NoGradGuard"),
    MISUSE(grad, normal_(g.inferred), "normal_", "InferenceMode", "clone()"),
    MISUSE(type, nn::init::normal_(g.i), "int64"),
    MISUSE(shape, nn::init::xavier_uniform_(zeros({3})), "at least 2 dimensions"),
    // --- Modules and optimizers.
    MISUSE(plain, (void)g.layer.register_parameter("p", g.a), "'p'", "already registered"),
    MISUSE(plain, (void)g.layer.register_buffer("a.b", g.a), "contains a dot"),
    MISUSE(plain, g.layer.register_module("", nn::ReLU()), "is empty"),
    MISUSE(plain, g.layer.register_module("self", Layer(g.layer)), "contains the very module"),
    MISUSE(grad, g.layer.p = g.a, "assign nn::Parameter(t)", "NoGradGuard"),
    MISUSE(grad, g.layer.p[0] = 1, "a leaf tensor that requires grad"),
    MISUSE(shape, ([&g] {
             NoGradGuard no_grad;
             g.layer.p = g.a;
           }()),
           "parameter of (2)", "(2, 3)"),
    MISUSE(plain, ([&g] {
             nn::Parameter other = g.layer.p;
             g.layer.p = nn::Parameter(g.a);
           }()),
           "1 handle more", "copy_(t)"),
    MISUSE(shape, nn::Linear(-1, 2), "must not be negative"),
    MISUSE(type, nn::Linear(1, 2, {.dtype = kInt64}), "int64"),
    MISUSE(type, g.layer.to(kInt64), "Module::to", "int64"),
    MISUSE(plain, g.layer.load_state_dict(StateDict()), "p"),
    MISUSE(grad, (void)g.layer.register_parameter("q", g.i), "floating point"),
    MISUSE(plain, optim::Adam(std::vector<Tensor>{}), "empty"),
    MISUSE(grad, optim::Adam(std::vector<Tensor>{g.y}), "no leaf", "mul"),
    MISUSE(plain, optim::Adam(std::vector<Tensor>{g.w, g.w}), "same tensor"),
    MISUSE(plain, optim::Adam(std::vector<Tensor>{g.w}, {.lr = -1}), "lr must be >= 0"),
    MISUSE(type, optim::Adam(std::vector<Tensor>{g.i}), "floating point"),
};

}  // namespace

TEST_CASE("misuse: every mistake has its exception, its words, and no effect") {
  CHECK(kMisuses.size() >= 60);
  test::check_misuses(kMisuses);
}

TEST_CASE("misuse: a change is seen by the fingerprint") {
  const auto changed = [](void (*f)(Given&)) {
    Given g;
    const std::uint64_t before = fingerprint(g);
    f(g);
    return fingerprint(g) != before;
  };
  CHECK(!changed([](Given& g) { sum(g.a * 2); }));
  CHECK(changed([](Given& g) { g.a.data<float>()[5] = 9; }));
  CHECK(changed([](Given& g) { g.z.mul_(1.0); }));
  CHECK(changed([](Given& g) { g.loss.backward(); }));
  CHECK(changed([](Given& g) { (void)g.layer.register_buffer("b", g.a); }));
}

TEST_CASE("misuse: a stale saved tensor is told with op, which tensor, and both versions, and nothing has changed") {
  Tensor x = full({2, 3}, 2, {.requires_grad = true}), c = ones({3}), target = ones({2, 3});
  Tensor y = x * 2, r = relu(x * 2), twice = x * 2, chained = x * 2;
  twice.add_(target);
  Tensor part = chained[0];
  struct Case {
    std::string words;
    Tensor loss, changed;
  };
  std::vector<Case> cases = {
      {"backward of mul: #: its input 1, float32 (3), is at version 1; expected version 0", sum(x * c), c},
      {"backward of mul: #: its input 0, float32 (2, 3), is at version 1; expected version 0", sum(y * y), y},
      {"backward of mul: #: its input 1, float32 (2, 3), is at version 2; expected version 1", sum(x * twice), twice},
      {"backward of relu: #: its output 0, float32 (2, 3), is at version 1; expected version 0", sum(r), r},
      {"backward of mul: #: its input 0, float32 (3), is at version 1; expected version 0", sum(part * part), chained},
      {"backward of mse_loss: #: its input 1, float32 (2, 3), is at version 1; expected version 0",
       mse_loss(x * 3, target), target},
      {"backward of matmul: #: its input 1, float32 (3, 1), is at version 2; expected version 1", {}, {}},
  };
  cases.back().changed = c;
  cases[0].changed.add_(ones({3}));
  cases.back().loss = sum(matmul(x, c.unsqueeze(1)));
  cases[0].changed = Tensor();
  for (Case& now : cases) {
    now.words.replace(now.words.find('#'), 1,
                      "a tensor needed for gradient computation has been modified by an in-place operation");
    CAPTURE(now.words);
    if (now.changed.defined()) now.changed.mul_(2.0);
    std::string what = "nothing was thrown";
    try {
      now.loss.backward();
    } catch (const GradError& e) { what = e.what(); }
    CAPTURE(what);
    CHECK(what.find(now.words) != std::string::npos);
    CHECK(what.find("clone()") != std::string::npos);
    CHECK(!x.grad().defined());
  }
}

}  // namespace harker
