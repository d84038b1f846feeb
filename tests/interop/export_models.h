// Models of many kinds, for export: visit(name, model, inputs of a batch, options).
#pragma once
#include <harker/harker.h>
#include <harker/serialize/onnx.h>

#include <random>

namespace exported {

using namespace harker;
namespace F = nn::functional;

struct DraculaModel : nn::Module {
  nn::Linear fc1 = register_module("fc1", nn::Linear(10, 20));
  nn::ReLU relu = register_module("relu", nn::ReLU());
  nn::Linear fc2 = register_module("fc2", nn::Linear(20, 1));
  Tensor forward(const Tensor& x) { return fc2(relu(fc1(x))); }
};

/// With parameters of its own, a constant, several inputs and outputs.
struct Mixed : nn::Module {
  nn::Linear left = register_module("left", nn::Linear(4, 3)), right = register_module("right", nn::Linear(5, 3));
  nn::Parameter scale = register_parameter("scale", rand({3}) + 0.5);
  Tensor constant = randn({3, 3});
  std::pair<Tensor, std::vector<Tensor>> forward(const Tensor& x, const Tensor& y) {
    const Tensor a = left(x) * scale, b = right(y), position = arange(x.size(0)).to(kFloat32).unsqueeze(1);
    Tensor c = zeros({x.size(0), 3});
    c += a;
    c.mul_(2).add_(b);
    return {a.matmul(constant.t()) + position, {c, cat({a, b}, 0), stack({a, b}, 1)}};
  }
};

struct WordModel : nn::Module {
  nn::Embedding words = register_module("words", nn::Embedding(20, 6));
  nn::Linear out = register_module("out", nn::Linear(6, 4));
  Tensor forward(const Tensor& x) { return out(mean(words(x), {1})); }
};
struct BagModel : nn::Module {
  nn::EmbeddingBag bag = register_module("bag", nn::EmbeddingBag(20, 6));
  Tensor forward(const Tensor& x) { return bag(x); }
};

inline nn::Sequential digit_reader() {
  return nn::Sequential{nn::Conv2d(1, 16, 3, {.padding = 1}),
                        nn::BatchNorm2d(16),
                        nn::ReLU(),
                        nn::MaxPool2d(2),
                        nn::Conv2d(16, 32, 3, {.padding = 1}),
                        nn::BatchNorm2d(32),
                        nn::ReLU(),
                        nn::MaxPool2d(2),
                        nn::Flatten(),
                        nn::Dropout(0.25),
                        nn::Linear(32 * 2 * 2, 10)};
}

/// A model of a chain of layers, drawn from the seed.
inline nn::Sequential drawn(unsigned seed, bool& images) {
  std::mt19937 random(seed);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  images = pick(2) == 0;
  nn::Sequential net;
  std::int64_t width = 8;
  const auto activation = [&] {
    switch (pick(12)) {
      case 0: net.push_back(nn::ReLU()); break;
      case 1: net.push_back(nn::GELU()); break;
      case 2: net.push_back(nn::SiLU()); break;
      case 3: net.push_back(nn::Tanh()); break;
      case 4: net.push_back(nn::ELU()); break;
      case 5: net.push_back(nn::LeakyReLU(0.2)); break;
      case 6: net.push_back(nn::Mish()); break;
      case 7: net.push_back(nn::Hardswish()); break;
      case 8: net.push_back(nn::Softplus()); break;
      case 9: net.push_back(nn::SELU()); break;
      case 10: net.push_back(nn::Sigmoid()); break;
      default: net.push_back(nn::LogSigmoid());
    }
  };
  if (images) {
    std::int64_t channels = 2;
    for (int i = 0; i < 3; ++i) {
      const std::int64_t next = 2 * (1 + pick(3)), kernel = 1 + pick(3);
      net.push_back(nn::Conv2d(channels, next, kernel, {.padding = kernel / 2, .groups = pick(2) ? 1 : 2}));
      channels = next;
      switch (pick(4)) {
        case 0: net.push_back(nn::BatchNorm2d(channels)); break;
        case 1: net.push_back(nn::GroupNorm(2, channels)); break;
        case 2: net.push_back(nn::InstanceNorm2d(channels)); break;
        default: break;
      }
      activation();
    }
    pick(2) ? net.push_back(nn::MaxPool2d(2)) : net.push_back(nn::AvgPool2d(3, {.stride = 2, .padding = 1}));
    net.push_back(nn::AdaptiveAvgPool2d(1));
    net.push_back(nn::Flatten());
    width = channels;
  }
  for (int i = 0; i < 4; ++i) {
    const std::int64_t next = 4 + pick(9);
    net.push_back(nn::Linear(width, next, {.bias = pick(2) == 0}));
    width = next;
    switch (pick(4)) {
      case 0: net.push_back(nn::LayerNorm(width)); break;
      case 1: net.push_back(nn::BatchNorm1d(width)); break;
      case 2: net.push_back(nn::Dropout(0.3)); break;
      default: break;
    }
    activation();
  }
  pick(2) ? net.push_back(nn::Softmax(1)) : net.push_back(nn::LogSoftmax(1));
  return net;
}

template <class M, class X>
void warm_up(M& model, const X& x) {  // statistics that are not 0 and 1
  NoGradGuard no_grad;
  for (int i = 0; i < 3; ++i) model.forward(x * (1.0 + i));
  model.eval();
}

template <class V>
void each_model(const V& visit) {
  const auto rows = [](std::int64_t n) { return std::tuple(randn({n, 10})); };
  {
    DraculaModel m;
    m.eval();
    visit("dracula", m, rows, OnnxExportOptions{});
  }
  {
    Mixed m;
    m.eval();
    visit(
        "mixed", m,
        [](std::int64_t n) {
          return std::tuple(randn({n, 4}), randn({n, 5}));
        },
        OnnxExportOptions{.input_names = {"x", "y"}, .output_names = {"a", "b", "c", "d"}});
  }
  {
    nn::Sequential m;
    m.push_back(nn::Linear(10, 12));
#define HARKER_LAYER(Layer, f) \
  m.push_back(nn::Layer());    \
  m.push_back(nn::Linear(12, 12));
    HARKER_ACTIVATIONS(HARKER_LAYER)
#undef HARKER_LAYER
    const auto with = [&](auto layer) {
      m.push_back(std::move(layer));
      m.push_back(nn::Linear(12, 12));
    };
    with(nn::GELU());
    with(nn::ELU());
    with(nn::CELU(1.5));
    with(nn::LeakyReLU(0.1));
    with(nn::PReLU());
    with(nn::PReLU(12));
    with(nn::RReLU());
    with(nn::Softplus());
    with(nn::Hardtanh());
    with(nn::Hardshrink());
    with(nn::Softshrink());
    with(nn::Threshold(0.1, -0.5));
    with(nn::Softmin(1));
    with(nn::Softmax(1));
    m.push_back(nn::GLU());
    m.eval();
    visit("activations", m, rows, OnnxExportOptions{});
    visit("activations_20", m, rows, OnnxExportOptions{.opset = 20});
  }
  {
    nn::Sequential m = digit_reader();
    warm_up(m, rand({16, 1, 8, 8}));
    visit(
        "digits", m,
        [](std::int64_t n) {
          return std::tuple(rand({n, 1, 8, 8}));
        },
        OnnxExportOptions{});
  }
  {
    nn::Sequential m{nn::BatchNorm1d(10), nn::Linear(10, 6), nn::BatchNorm1d(6, {.affine = false}), nn::Tanh()};
    warm_up(m, randn({32, 10}));
    visit("batch_norm", m, rows, OnnxExportOptions{});
  }
  {
    nn::TransformerEncoderLayer m(8, 2, {.dim_feedforward = 16, .batch_first = true});
    m.eval();
    visit(
        "transformer", m,
        [](std::int64_t n) {
          return std::tuple(randn({n, 5, 8}));
        },
        OnnxExportOptions{});
    const auto masked = [&m](const Tensor& x, const Tensor& hidden) { return m(x, {.src_key_padding_mask = hidden}); };
    const auto inputs = [](std::int64_t n) {
      Tensor hidden = rand({n, 5}) > 0.6;
      hidden[0].fill_(true);  // sees nothing
      return std::tuple(randn({n, 5, 8}), hidden);
    };
    visit("transformer_masked", masked, inputs, OnnxExportOptions{});
  }
  {
    nn::TransformerEncoderLayer m(8, 2,
                                  {.dim_feedforward = 16, .activation = nn::Activation::gelu, .norm_first = true});
    m.eval();
    visit(
        "transformer_length_first", m,
        [](std::int64_t n) {
          return std::tuple(randn({4, n, 8}));
        },
        OnnxExportOptions{.batch_dim = 1});
  }
  const auto sequences = [](std::int64_t n) { return std::tuple(randn({n, 4, 6})); };
  {
    nn::LSTM m(6, 5, {.num_layers = 2, .batch_first = true, .bidirectional = true});
    m.eval();
    visit("lstm", m, sequences, OnnxExportOptions{});
  }
  {
    nn::LSTM m(6, 5);
    m.eval();
    visit(
        "lstm_any_length", m,
        [](std::int64_t n) {
          return std::tuple(randn({n, 3, 6}));
        },
        OnnxExportOptions{});
  }
  {
    nn::GRU m(6, 5, {.num_layers = 2, .batch_first = true, .bidirectional = true});
    m.eval();
    visit("gru", m, sequences, OnnxExportOptions{});
  }
  {
    nn::RNN m(6, 5, {.nonlinearity = "relu", .bias = false, .batch_first = true});
    m.eval();
    visit("rnn", m, sequences, OnnxExportOptions{});
  }
  const auto words = [](std::int64_t n) { return std::tuple(randint(0, 20, {n, 7}, kInt64)); };
  {
    WordModel m;
    m.eval();
    visit("words", m, words, OnnxExportOptions{});
  }
  {
    BagModel m;
    m.eval();
    visit("bag", m, words, OnnxExportOptions{});
  }
  for (unsigned seed = 0; seed < 30; ++seed) {
    bool images = false;
    nn::Sequential m = drawn(seed, images);
    images ? warm_up(m, randn({16, 2, 6, 6})) : warm_up(m, randn({16, 8}));
    const auto inputs = [images](std::int64_t n) { return std::tuple(images ? randn({n, 2, 6, 6}) : randn({n, 8})); };
    visit("drawn_" + std::to_string(seed), m, inputs, OnnxExportOptions{});
  }
}

/// Functions, in groups: each result is an output.
template <class V>
void each_function(const V& visit) {
  using Outputs = std::vector<Tensor>;
  const auto numbers = [](std::int64_t n) { return std::tuple(randn({n, 6})); };
  const auto pair = [](std::int64_t n) { return std::tuple(randn({n, 6}), randn({n, 6})); };
  visit(
      "pointwise",
      [](const Tensor& x) {
        const Tensor p = abs(x) + 0.1, unit = tanh(x) * 0.9;
        return Outputs{-x,
                       abs(x),
                       exp(x),
                       expm1(x),
                       log(p),
                       log1p(p),
                       sqrt(p),
                       rsqrt(p),
                       square(x),
                       reciprocal(p),
                       sin(x),
                       cos(x),
                       sigmoid(x),
                       tanh(x),
                       erf(x),
                       sign(x),
                       floor(x),
                       ceil(x),
                       round(x),
                       trunc(x),
                       tan(unit),
                       asin(unit),
                       acos(unit),
                       atan(x),
                       sinh(x),
                       cosh(x),
                       asinh(x),
                       acosh(p + 1),
                       atanh(unit),
                       log2(p),
                       log10(p),
                       exp2(x),
                       erfc(x),
                       sinc(x),
                       frac(x),
                       deg2rad(x),
                       nan_to_num(x),
                       logit(sigmoid(x)),
                       logit(x, 0.1),
                       xlogy(x, p),
                       xlog1py(x, p),
                       x + 1,
                       1 - x,
                       x * 2,
                       3 / p,
                       x / 4,
                       2 - x,
                       pow(p, 2),
                       pow(p, 1.5),
                       pow(p, 0.5),
                       pow(2.0, x),
                       clamp(x, -0.5, 0.5),
                       clamp_min(x, 0.2),
                       clamp_max(x, 0.1),
                       fmod(x, 0.7),
                       remainder(x, 0.7),
                       floor_divide(x, 0.7),
                       div(x, 0.7, "trunc"),
                       softplus(x, 2, 1),
                       gelu(x, "tanh"),
                       relu6(x),
                       tanhshrink(x),
                       x.clone(),
                       F::normalize(x),
                       cumsum(x, 1)};
      },
      numbers, OnnxExportOptions{});
  visit(
      "binary",
      [](const Tensor& x, const Tensor& y) {
        const Tensor p = abs(y) + 0.1;
        return Outputs{x + y,
                       x - y,
                       x * y,
                       x / p,
                       pow(p, x),
                       maximum(x, y),
                       minimum(x, y),
                       fmod(x, p),
                       remainder(x, p),
                       floor_divide(x, p),
                       div(x, p, "trunc"),
                       hypot(x, y),
                       logaddexp(x, y),
                       logaddexp2(x, y),
                       lerp(x, y, 0.3),
                       addcmul(x, x, y, 2),
                       addcdiv(x, y, p),
                       clamp(x, y, y + 1),
                       fmax(x, y),
                       where(x > y, x, y),
                       where(x > 0, x, 0.0),
                       masked_fill(x, y > 0, 2.0),
                       add(x, y, 0.5),
                       sub(x, y, 2)};
      },
      pair, OnnxExportOptions{});
  visit(
      "comparisons",
      [](const Tensor& x, const Tensor& y) {
        const Tensor i = (x * 3).to(kInt64), j = (y * 3).to(kInt64);
        return Outputs{x > y,
                       x<y, x >= y, x <= y, eq(i, j), ne(i, j), x> 0,
                       i > 1,
                       i >= 0.5,
                       logical_and(x > 0, y > 0),
                       logical_or(x > 0, y > 0),
                       logical_xor(x > 0, y > 0),
                       ~(x > 0),
                       isnan(x),
                       isinf(x),
                       isfinite(x),
                       any(x > 1),
                       all(x > -3),
                       any(x > 1, 1),
                       all(x > -1, {1}, true),
                       (x > 0) & (y > 0),
                       (x > 0) | (y > 0),
                       i + j,
                       i * 2,
                       i - 1,
                       i + 0.5,
                       floor_divide(i, 2),
                       remainder(i, 4),
                       i.to(kFloat32),
                       (x > 0).to(kFloat32)};
      },
      pair, OnnxExportOptions{});
  const auto cubes = [](std::int64_t n) { return std::tuple(randn({n, 4, 6})); };
  visit(
      "reductions",
      [](const Tensor& x) {
        const auto [most, where_most] = max(x, 2);
        const auto [least, where_least] = min(x, 1, true);
        return Outputs{sum(x),
                       mean(x),
                       sum(x, {1}),
                       mean(x, {0}),
                       mean(x, {0, 2}, true),
                       sum(x, {-1}, true),
                       max(x),
                       min(x),
                       most,
                       where_most,
                       least,
                       where_least,
                       amax(x, Shape{1, 2}),
                       amin(x, Shape{0}),
                       argmax(x),
                       argmin(x),
                       argmax(x, 1),
                       argmin(x, -1, true),
                       var(x, Shape{2}),
                       harker::std(x, Shape{1, 2}),
                       var(x, Shape{0}, {.correction = 0}),
                       norm(x),
                       norm(x, 2, Shape{1}),
                       norm(x, 1, Shape{1}),
                       norm(x, 3, Shape{2}),
                       norm(x, INFINITY, Shape{1}),
                       logsumexp(x, Shape{2}),
                       softmax(x, 1),
                       log_softmax(x, -1),
                       prod(x, 2),
                       cumsum(x, 0),
                       cumsum(x, -1),
                       sum(x > 0)};
      },
      cubes, OnnxExportOptions{});
  visit(
      "shapes",
      [](const Tensor& x) {
        const std::vector<Tensor> parts = split(x, 4, 2), halves = chunk(x, 2, 1), ones_ = unbind(x, 1);
        return Outputs{x.view({-1, 24}),
                       x.reshape({x.size(0) * 4, 6}),
                       x.permute({2, 0, 1}),
                       x.transpose(0, 1),
                       x.unsqueeze(1),
                       x.unsqueeze(0).squeeze(0),
                       x.flatten(1),
                       x.flatten(),
                       x.slice(1, 1, 3),
                       x.slice(2, 0, 6, 2),
                       x.narrow(2, 1, 4),
                       x.select(1, 2),
                       x[0],
                       x.slice(0, 1),
                       x.slice(0, 0, x.size(0) - 1),
                       x.unsqueeze(1).expand({-1, 3, -1, -1}),
                       parts[0],
                       parts[1],
                       halves[1],
                       ones_[3],
                       cat({x, x * 2}, 1),
                       cat({x, x}, 0),
                       stack({x, x}, 0),
                       flip(x, {0, 2}),
                       roll(x, {2}, {1}),
                       repeat(x, {2, 1, 3}),
                       pad(x, {1, 2}),
                       pad(x, {1, 2, 3, 0}, "constant", 1.5),
                       pad(x, {2, 1}, "reflect"),
                       pad(x, {2, 1}, "replicate"),
                       x.select(1, 0).t(),
                       movedim(x, 0, 2),
                       zeros_like(x),
                       ones({x.size(0), 2}),
                       full({2, x.size(0)}, 3),
                       arange(x.size(0)),
                       arange(1, 2 * x.size(0) + 1, 2),
                       tril(x),
                       triu(x, 1),
                       x.contiguous(),
                       broadcast_to(x, {2, x.size(0), 4, 6}),
                       unfold(x, 1, 2, 1),
                       unfold(x, 2, 3, 2)};
      },
      cubes, OnnxExportOptions{});
  const Tensor table = randn({4, 3}), six = randn({6}), plane = randn({9, 8});
  visit(
      "indexing",
      [=](const Tensor& x) {
        const Tensor at = tensor({2, 0, 3}), places = argsort(x, 2);
        const auto [sorted, order] = sort(x, 2, true);
        const auto [top, at_top] = topk(x, 2, 2);
        return Outputs{index_select(x, 1, at),
                       x.select(1, 0).t()[at],
                       gather(x, 2, places),
                       sorted,
                       order,
                       top,
                       at_top,
                       one_hot(argmax(x, 2), 6),
                       embedding(argmax(x, 1), table),
                       x.index({indexing::Slice(), at}),
                       x.index({"...", tensor({-1, 1})}),
                       scatter_add(zeros_like(x), 2, places, x)};
      },
      cubes, OnnxExportOptions{});
  const Tensor w = randn({6, 5}), b3 = randn({1, 6, 3}), bias = randn({5});
  visit(
      "products",
      [=](const Tensor& x) {
        return Outputs{matmul(x, w),
                       matmul(x, b3),
                       F::linear(x, w.t(), bias),
                       matmul(x.transpose(1, 2), x),
                       matmul(x, x, false, true),
                       matmul(x, six),
                       matmul(x.select(1, 0), w),
                       bmm(x, x.transpose(1, 2)),
                       einsum("bij,jk->bik", {x, w}),
                       addmm(bias, x.select(1, 1), w),
                       outer(x.select(1, 0).select(1, 0), bias),
                       scaled_dot_product_attention(x, x, x),
                       scaled_dot_product_attention(x, x, x, {.is_causal = true})};
      },
      cubes, OnnxExportOptions{});
  const auto images = [](std::int64_t n) { return std::tuple(randn({n, 4, 9, 8})); };
  const Tensor k3 = randn({6, 4, 3, 3}) * 0.2, grouped = randn({6, 2, 3, 3}) * 0.2, back = randn({4, 3, 3, 3}) * 0.2,
               b6 = randn({6}), k1 = randn({5, 4, 3}) * 0.2, back1 = randn({4, 5, 3}) * 0.2, c4 = rand({4}),
               m4 = randn({4});
  visit(
      "convolutions",
      [=](const Tensor& x) {
        const Tensor row = x.select(2, 0);
        return Outputs{
            F::conv2d(x, k3, b6),
            F::conv2d(x, k3, {}, {.stride = 2, .padding = 1}),
            F::conv2d(x, grouped, b6, {.dilation = 2, .groups = 2}),
            F::conv2d(x, k3, b6, {.padding = "same"}),
            F::conv2d(x, k3.slice(2, 0, 2), b6, {.padding = "same"}),
            F::conv_transpose2d(x, back),
            F::conv_transpose2d(x, back, b6.slice(0, 0, 3), {.stride = 2, .padding = 1, .output_padding = 1}),
            conv1d(row, k1),
            conv1d(row, k1, {}, {.stride = 2, .padding = 1}),
            conv_transpose1d(row, back1, {}, {.stride = 2}),
            max_pool2d(x, 2),
            max_pool2d(x, 3, {.stride = 2, .padding = 1}),
            max_pool2d(x, 2, {.ceil_mode = true}),
            max_pool2d_with_indices(x, 2).indices,
            avg_pool2d(x, 2),
            avg_pool2d(x, 3, {.stride = 2, .padding = 1}),
            avg_pool2d(x, 3, {.stride = 2, .padding = 1, .count_include_pad = false}),
            avg_pool2d(x, 2, {.divisor_override = 3}),
            max_pool1d(row, 2),
            avg_pool1d(row, 3, {.stride = 1, .padding = 1}),
            adaptive_avg_pool2d(x, 1),
            adaptive_avg_pool2d(x, {3, 2}),
            adaptive_max_pool2d(x, {3, 4}),
            lp_pool2d(x, 2, 2),
            F::layer_norm(x, {8}),
            F::layer_norm(x, {9, 8}, plane, plane),
            F::batch_norm(x, m4, c4 + 0.5, c4, m4),
            F::group_norm(x, 2, c4, m4),
            F::instance_norm(x, {}, {}, c4, m4),
            F::instance_norm(x, m4, c4 + 0.5, {}, {}, false),
            F::rms_norm(x, {8}),
            F::local_response_norm(x, 2),
            interpolate(x, {.scale_factor = 2}),
            interpolate(x, {.size = {5, 7}, .mode = "bilinear"}),
            interpolate(x, {.scale_factor = 2, .mode = "bicubic", .align_corners = true}),
            pixel_shuffle(x, 2),
            F::mse_loss(x, x * 0.5),
            F::cosine_similarity(x, x * 2 + 1)};
      },
      images, OnnxExportOptions{});
  visit(
      "what was wrong once",
      [](const Tensor& x) {
        Tensor twice = full({6}, 2.0), sum = zeros({6}), flag = zeros({1});
        const Tensor before = x + twice;
        twice.add_(1.0);  // what was added is 2
        sum.add_(mean(x, {0}));
        flag.add_(1.0);
        const Tensor tenth = full({6}, 0.1), two = full({6}, 2.0);
        return Outputs{before * twice,
                       x + sum,
                       x * flag,
                       mean(mean(x)),
                       floor_divide(two + x * 0, tenth),
                       remainder(two + x * 0, tenth),
                       remainder(x * 10, full({6}, -3.0)),
                       x.slice(0, -3, INT64_MAX),
                       (x * 100).to(kInt64) + 9007199254740993};
      },
      [](std::int64_t n) {
        return std::tuple(randn({n + 3, 6}));
      },
      OnnxExportOptions{});
}

}  // namespace exported
