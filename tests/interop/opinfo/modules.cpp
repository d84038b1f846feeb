// Modules by the names of PyTorch's ModuleInfos: how each is made, and how it is called.
//
//   module("Linear", "in, out, bias=True", [](Int in, Int out, bool b) { return nn::Linear(in, out, {.bias = b}); });
//
// A case has what the constructor and the call are given (args, kwargs, call_args, call_kwargs), leaves and `cot` as in main.cpp,
// dtype, `training`, and the `state` to begin with. The result: the state dict right after it was made, `initial`; out, rg, g;
// the gradients of its parameters, `parameters`, and its buffers afterwards, `buffers`, by name.
#include "modules.h"

#include <harker/core/random.h>
#include <harker/nn/nn.h>

namespace opinfo {

namespace {

struct Made {
  std::shared_ptr<nn::Module> module;
  std::function<Out(Call&)> forward;
};
std::map<std::string, std::function<Made(Call&)>, std::less<>>& modules() {
  static std::map<std::string, std::function<Made(Call&)>, std::less<>> m;
  return m;
}

template <class M, class... A, class R, class... B, std::size_t... I>
void module(const char* name, std::string_view made, M (*make)(A...), std::string_view called, R (*forward)(M&, B...),
            std::index_sequence<I...>) {
  modules()[name] = [make = bound(made, make), s = parse(called), forward](Call& c) {
    const auto m = std::make_shared<M>(make(c));
    return Made{m, [=](Call& k) {
                  const std::vector<Value> v = k.order(s);
                  Out out;
                  collect(out, forward(*m, argument<std::remove_cvref_t<B>>(k, v[I])...));
                  return out;
                }};
  };
}
template <class M, class... A, class R, class... B>
void module(const char* name, std::string_view made, M (*make)(A...), std::string_view called, R (*forward)(M&, B...)) {
  module(name, made, make, called, forward, std::index_sequence_for<B...>());
}
/// Called with as many tensors as it takes.
template <class M, class... A>
void module(const char* name, std::string_view made, M (*make)(A...)) {
  if constexpr (requires(M & m, T t) { m(t); })
    module(
        name, made, make, "input", +[](M& m, T x) { return m(x); });
  else if constexpr (requires(M & m, T t) { m(t, t); })
    module(
        name, made, make, "a, b", +[](M& m, T a, T b) { return m(a, b); });
  else
    module(
        name, made, make, "a, b, c", +[](M& m, T a, T b, T c) { return m(a, b, c); });
}
template <class F>
requires std::is_class_v<F>
void module(const char* name, std::string_view made, F make) { module(name, made, +make); }
template <class F, class G>
requires std::is_class_v<F>
void module(const char* name, std::string_view made, F make, std::string_view called, G forward) {
  module(name, made, +make, called, +forward);
}

using Number = std::optional<double>;
using R = Reduction;

void activations() {
#define ACTIVATION(Layer, f) module(#Layer, "inplace:False", [] { return nn::Layer(); });
  HARKER_ACTIVATIONS(ACTIVATION)
  module("LeakyReLU", "slope=0.01, inplace:False", [](double s) { return nn::LeakyReLU(s); });
  module("GELU", "approximate='none'", [](Text a) { return nn::GELU(a); });
  module("Softplus", "beta=1, threshold=20", [](double b, double t) { return nn::Softplus(b, t); });
  module("ELU", "alpha=1.0, inplace:False", [](double a) { return nn::ELU(a); });
  module("CELU", "alpha=1.0, inplace:False", [](double a) { return nn::CELU(a); });
  module("Hardtanh", "a=-1.0, b=1.0, inplace:False", [](double a, double b) { return nn::Hardtanh(a, b); });
  module("Hardshrink", "lambd=0.5", [](double l) { return nn::Hardshrink(l); });
  module("Softshrink", "lambd=0.5", [](double l) { return nn::Softshrink(l); });
  module("Threshold", "threshold, value", [](double t, double v) { return nn::Threshold(t, v); });
  module("GLU", "dim=-1", [](int d) { return nn::GLU(d); });
  module("Softmax", "dim", [](int d) { return nn::Softmax(d); });
  module("Softmin", "dim", [](int d) { return nn::Softmin(d); });
  module("LogSoftmax", "dim", [](int d) { return nn::LogSoftmax(d); });
  module("Softmax2d", "", [] { return nn::Softmax2d(); });
  module("PReLU", "n=1, init=0.25", [](Int n, double init) { return nn::PReLU(n, {init}); });
}

void norms() {
  const char* const batch = "n, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, bias=True";
  const char* const instance = "n, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False, bias=True";
#define NORM(Layer, Options, arguments)                                               \
  module(#Layer, arguments, [](Int n, double eps, Number m, bool a, bool t, bool b) { \
    return nn::Layer(n, nn::Options{eps, m, a, b, t});                                \
  });
  NORM(BatchNorm1d, BatchNormOptions, batch)
  NORM(BatchNorm2d, BatchNormOptions, batch)
  NORM(BatchNorm3d, BatchNormOptions, batch)
  NORM(InstanceNorm1d, InstanceNormOptions, instance)
  NORM(InstanceNorm2d, InstanceNormOptions, instance)
  NORM(InstanceNorm3d, InstanceNormOptions, instance)
  module("GroupNorm", "groups, channels, eps=1e-05, affine=True, bias=True",
         [](Int g, Int c, double eps, bool affine, bool b) {
           return nn::GroupNorm(g, c, {eps, affine, b});
         });
  module("LayerNorm", "shape, eps=1e-05, elementwise_affine=True, bias=True",
         [](const Shape& s, double eps, bool affine, bool b) {
           return nn::LayerNorm(s, {eps, affine, b});
         });
  module("RMSNorm", "shape, eps=None, elementwise_affine=True", [](const Shape& s, Number eps, bool affine) {
    return nn::RMSNorm(s, {eps, affine});
  });
  module("LocalResponseNorm", "size, alpha=0.0001, beta=0.75, k=1.0", [](Int n, double a, double b, double k) {
    return nn::LocalResponseNorm(n, {a, b, k});
  });
}

/// Which of its two calls is meant, is said when it is made.
template <class Layer>
struct MaxPool : Layer {
  const bool indices;
  MaxPool(const Layer& l, bool i) : Layer(l), indices(i) {}
};
template <class M>
Out pooled(M& m, T x) {
  if (!m.indices) return {m(x)};
  const ValuesAndIndices r = m.forward_with_indices(x);
  return {r.values, r.indices};
}
using MaxPool1 = MaxPool<nn::MaxPool1d>;
using MaxPool2 = MaxPool<nn::MaxPool2d>;

void images() {
  const char* const convolution =
      "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
      "padding_mode='zeros'";
  module("Conv1d", convolution, [](Int i, Int o, Pair k, Pair s, Padding p, Pair d, Int g, bool b, Text m) {
    return nn::Conv1d(i, o, k.down, {s, p, d, g, b, m});
  });
  module("Conv2d", convolution, [](Int i, Int o, Pair k, Pair s, Padding p, Pair d, Int g, bool b, Text m) {
    return nn::Conv2d(i, o, k, {s, p, d, g, b, m});
  });
  const char* const transposed =
      "in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, dilation=1";
  module("ConvTranspose1d", transposed, [](Int i, Int o, Pair k, Pair s, Pair p, Pair more, Int g, bool b, Pair d) {
    return nn::ConvTranspose1d(i, o, k.down, {s, p, more, g, b, d});
  });
  module("ConvTranspose2d", transposed, [](Int i, Int o, Pair k, Pair s, Pair p, Pair more, Int g, bool b, Pair d) {
    return nn::ConvTranspose2d(i, o, k, {s, p, more, g, b, d});
  });
  const char* const pool = "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False";
  module(
      "MaxPool1d", pool,
      [](Pair k, Pair s, Pair p, Pair d, bool i, bool c) {
        return MaxPool1(nn::MaxPool1d(k.down, {s, p, d, c}), i);
      },
      "x", pooled<MaxPool1>);
  module(
      "MaxPool2d", pool,
      [](Pair k, Pair s, Pair p, Pair d, bool i, bool c) {
        return MaxPool2(nn::MaxPool2d(k, {s, p, d, c}), i);
      },
      "x", pooled<MaxPool2>);
  module("AvgPool1d", "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True",
         [](Pair k, Pair s, Pair p, bool c, bool count) {
           return nn::AvgPool1d(k.down, {s, p, c, count});
         });
  module("AvgPool2d",
         "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None",
         [](Pair k, Pair s, Pair p, bool c, bool count, std::optional<Int> by) {
           return nn::AvgPool2d(k, {s, p, c, count, by.value_or(0)});
         });
  module("LPPool1d", "norm_type, kernel_size, stride=None, ceil_mode=False",
         [](double p, Pair k, Pair s, bool c) { return nn::LPPool1d(p, k.down, s.down, c); });
  module("LPPool2d", "norm_type, kernel_size, stride=None, ceil_mode=False",
         [](double p, Pair k, Pair s, bool c) { return nn::LPPool2d(p, k, s, c); });
  module("AdaptiveAvgPool1d", "size", [](Pair n) { return nn::AdaptiveAvgPool1d(n.down); });
  module("AdaptiveAvgPool2d", "size", [](Pair n) { return nn::AdaptiveAvgPool2d(n); });
  module("AdaptiveMaxPool1d", "size", [](Pair n) { return nn::AdaptiveMaxPool1d(n.down); });
  module("AdaptiveMaxPool2d", "size", [](Pair n) { return nn::AdaptiveMaxPool2d(n); });
}

void losses() {
#define LOSS(Layer) \
  module(#Layer, "size_average:None, reduce:None, reduction='mean'", [](R r) { return nn::Layer({r}); });
  LOSS(MSELoss)
  LOSS(L1Loss)
  LOSS(SoftMarginLoss)
  LOSS(MultiLabelMarginLoss)
  module("SmoothL1Loss", "size_average:None, reduce:None, reduction='mean', beta=1.0", [](R r, double b) {
    return nn::SmoothL1Loss({r, b});
  });
  module("HuberLoss", "reduction='mean', delta=1.0", [](R r, double d) { return nn::HuberLoss({r, d}); });
  module("KLDivLoss", "size_average:None, reduce:None, reduction='mean', log_target=False", [](R r, bool log) {
    return nn::KLDivLoss({r, log});
  });
  module("BCELoss", "weight=None, size_average:None, reduce:None, reduction='mean'", [](T w, R r) {
    return nn::BCELoss({r, w});
  });
  module("BCEWithLogitsLoss", "weight=None, size_average:None, reduce:None, reduction='mean', pos_weight=None",
         [](T w, R r, T p) {
           return nn::BCEWithLogitsLoss({r, w, p});
         });
  module("NLLLoss", "weight=None, size_average:None, ignore_index=-100, reduce:None, reduction='mean'",
         [](T w, Int i, R r) {
           return nn::NLLLoss({r, w, i});
         });
  module("CrossEntropyLoss",
         "weight=None, size_average:None, ignore_index=-100, reduce:None, reduction='mean', label_smoothing=0.0",
         [](T w, Int i, R r, double s) {
           return nn::CrossEntropyLoss({r, w, i, s});
         });
  module("HingeEmbeddingLoss", "margin=1.0, size_average:None, reduce:None, reduction='mean'", [](double m, R r) {
    return nn::HingeEmbeddingLoss({r, m});
  });
  module("CosineEmbeddingLoss", "margin=0.0, size_average:None, reduce:None, reduction='mean'", [](double m, R r) {
    return nn::CosineEmbeddingLoss({r, m});
  });
  module("MarginRankingLoss", "margin=0.0, size_average:None, reduce:None, reduction='mean'", [](double m, R r) {
    return nn::MarginRankingLoss({r, m});
  });
  module("MultiMarginLoss", "p=1, margin=1.0, weight=None, size_average:None, reduce:None, reduction='mean'",
         [](int p, double m, T w, R r) {
           return nn::MultiMarginLoss({r, p, m, w});
         });
  module("MultiLabelSoftMarginLoss", "weight=None, size_average:None, reduce:None, reduction='mean'", [](T w, R r) {
    return nn::MultiLabelSoftMarginLoss({r, w});
  });
  module("PoissonNLLLoss", "log_input=True, full=False, size_average:None, eps=1e-08, reduce:None, reduction='mean'",
         [](bool log, bool full, double eps, R r) {
           return nn::PoissonNLLLoss({r, log, full, eps});
         });
  module("GaussianNLLLoss", "full=False, eps=1e-06, reduction='mean'", [](bool full, double eps, R r) {
    return nn::GaussianNLLLoss({r, full, eps});
  });
}

void recurrent() {
  const char* const cell = "in, hidden, bias=True, nonlinearity='tanh'";
  module(
      "RNNCell", cell,
      [](Int i, Int h, bool b, Text f) {
        return nn::RNNCell(i, h, {b, f});
      },
      "input, h=None", [](nn::RNNCell& m, T x, T h) { return m(x, h); });
  module(
      "GRUCell", cell, [](Int i, Int h, bool b, Text) { return nn::GRUCell(i, h, {b}); }, "input, h=None",
      [](nn::GRUCell& m, T x, T h) { return m(x, h); });
  module(
      "LSTMCell", cell, [](Int i, Int h, bool b, Text) { return nn::LSTMCell(i, h, {b}); }, "input, state=None",
      [](nn::LSTMCell& m, T x, const std::vector<Tensor>& s) {
        const auto [h, c] = s.empty() ? m(x) : m(x, {s.at(0), s.at(1)});
        return Out{h, c};
      });
  const char* const layer =
      "input_size, hidden_size, num_layers=1, nonlinearity='tanh', bias=True, batch_first=False, dropout=0.0, "
      "bidirectional=False";
  module(
      "RNN", layer,
      [](Int i, Int h, Int n, Text f, bool b, bool first, double drop, bool both) {
        return nn::RNN(i, h, {n, f, b, first, drop, both});
      },
      "input, h=None",
      [](nn::RNN& m, T x, T h) {
        const auto [y, last] = m(x, h);
        return Out{y, last};
      });
  module(
      "GRU", "input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False",
      [](Int i, Int h, Int n, bool b, bool first, double drop, bool both) {
        return nn::GRU(i, h, {n, "tanh", b, first, drop, both});
      },
      "input, h=None",
      [](nn::GRU& m, T x, T h) {
        const auto [y, last] = m(x, h);
        return Out{y, last};
      });
  module(
      "LSTM",
      "input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False, "
      "proj_size=0",
      [](Int i, Int h, Int n, bool b, bool first, double drop, bool both, Int proj) {
        return nn::LSTM(i, h, {n, "tanh", b, first, drop, both, proj});
      },
      "input, state=None",
      [](nn::LSTM& m, T x, const std::vector<Tensor>& s) {
        const auto [y, last] = s.empty() ? m(x) : m(x, {s.at(0), s.at(1)});
        return Out{y, std::get<0>(last), std::get<1>(last)};
      });
}

nn::TransformerEncoderLayerOptions layer_options(Int feedforward, double dropout, Text activation, double eps,
                                                 bool first, bool norm_first, bool bias) {
  return {feedforward, dropout, std::string(activation).c_str(), eps, first, norm_first, bias};
}
void transformers() {
  const std::string layer =
      "d_model, nhead, dim_feedforward=2048, dropout=0.1, activation='relu', layer_norm_eps=1e-05, batch_first=False, "
      "norm_first=False, bias=True";
  module(
      "TransformerEncoderLayer", layer,
      [](Int d, Int h, Int f, double drop, Text a, double eps, bool first, bool norm, bool b) {
        return nn::TransformerEncoderLayer(d, h, layer_options(f, drop, a, eps, first, norm, b));
      },
      "x, src_mask=None, src_key_padding_mask=None, is_causal=False",
      [](nn::TransformerEncoderLayer& m, T x, T mask, T padding, bool causal) {
        return m(x, {mask, padding, causal});
      });
  module(
      "TransformerDecoderLayer", layer,
      [](Int d, Int h, Int f, double drop, Text a, double eps, bool first, bool norm, bool b) {
        return nn::TransformerDecoderLayer(d, h, layer_options(f, drop, a, eps, first, norm, b));
      },
      "x, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None, memory_key_padding_mask=None, "
      "tgt_is_causal=False, "
      "memory_is_causal=False",
      [](nn::TransformerDecoderLayer& m, T x, T memory, T mask, T mmask, T padding, T mpadding, bool causal,
         bool mcausal) {
        return m(x, memory, {mask, mmask, padding, mpadding, causal, mcausal});
      });
  // The encoder's layer is written as what it was made of.
  module(
      "TransformerEncoder", layer + ", num_layers, norm:None, enable_nested_tensor:*, mask_check:*",
      [](Int d, Int h, Int f, double drop, Text a, double eps, bool first, bool norm, bool b, Int n) {
        return nn::TransformerEncoder(d, h, n, layer_options(f, drop, a, eps, first, norm, b));
      },
      "x, mask=None, src_key_padding_mask=None, is_causal=False",
      [](nn::TransformerEncoder& m, T x, T mask, T padding, std::optional<bool> causal) {
        return m(x, {mask, padding, causal.value_or(false)});
      });
  module(
      "Transformer",
      "d_model=512, nhead=8, num_encoder_layers=6, num_decoder_layers=6, dim_feedforward=2048, dropout=0.1, "
      "activation='relu', "
      "custom_encoder:None, custom_decoder:None, layer_norm_eps=1e-05, batch_first=False, norm_first=False, bias=True",
      [](Int d, Int h, Int e, Int n, Int f, double drop, Text a, double eps, bool first, bool norm, bool b) {
        return nn::Transformer({d, h, e, n, layer_options(f, drop, a, eps, first, norm, b)});
      },
      "src, tgt, src_mask=None, tgt_mask=None, memory_mask=None, src_key_padding_mask=None, tgt_key_padding_mask=None, "
      "memory_key_padding_mask=None",
      [](nn::Transformer& m, T src, T tgt, T smask, T tmask, T mmask, T spadding, T tpadding, T mpadding) {
        return m(src, tgt, {smask, tmask, mmask, spadding, tpadding, mpadding});
      });
  module(
      "MultiheadAttention",
      "embed_dim, num_heads, dropout=0.0, bias=True, add_bias_kv=False, add_zero_attn=False, kdim=None, vdim=None, "
      "batch_first=False",
      [](Int e, Int h, double drop, bool b, bool kv, bool zero, std::optional<Int> k, std::optional<Int> v,
         bool first) {
        return nn::MultiheadAttention(e, h, {drop, b, k, v, first, kv, zero});
      },
      "q, k, v, key_padding_mask=None, need_weights=True, attn_mask=None, average_attn_weights=True, is_causal=False",
      [](nn::MultiheadAttention& m, T q, T k, T v, T padding, bool need, T mask, bool average, bool causal) {
        const auto [output, weights] = m(q, k, v, {padding, mask, need, average, causal});
        return need ? Out{output, weights} : Out{output};
      });
}

void add_modules() {
  activations();
  norms();
  images();
  losses();
  recurrent();
  transformers();
  module("Linear", "in, out, bias=True", [](Int i, Int o, bool b) { return nn::Linear(i, o, {b}); });
  module("Bilinear", "in1, in2, out, bias=True",
         [](Int i, Int j, Int o, bool b) { return nn::Bilinear(i, j, o, {b}); });
  module("Embedding",
         "num_embeddings, embedding_dim, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, "
         "sparse:False",
         [](Int n, Int d, std::optional<Int> padding, Number max, double p, bool freq) {
           return nn::Embedding(n, d, {padding, max, p, freq});
         });
}

Value by_name(const NamedList<Tensor>& all, bool gradients) {
  Value d = Value::dict();
  for (const auto& [name, t] : all) {
    const Tensor v = gradients ? t.grad() : t.detach();
    d.set(name, v.defined() ? Value(v) : Value());
  }
  return d;
}

}  // namespace

std::vector<std::string> module_names() {
  if (modules().empty()) add_modules();
  std::vector<std::string> out;
  for (const auto& [name, make] : modules()) out.push_back(name);
  return out;
}

void judge_module(const Value& c, Value& r) {
  module_names();
  Call made(c["args"], c["kwargs"], Value::list());
  manual_seed(42);
  const Made m = modules().find(c["module"].as_string())->second(made);
  Value initial = Value::dict();
  for (const auto& [name, t] : m.module->state_dict()) initial.set(name, Value(t.detach().clone()));
  r.set("initial", initial);
  m.module->to(c["dtype"].as_dtype());
  if (c.contains("state")) m.module->load_state_dict(StateDict(c["state"]));
  m.module->train(c["training"].as_bool());
  Call k(c["call_args"], c["call_kwargs"], c["leaves"]);
  manual_seed(42);
  const Out out = m.forward(k);
  results(r, out);
  if (c.contains("cot")) {
    differentiate(c, k, out, r);
    r.set("parameters", by_name(m.module->named_parameters(), true));
  }
  r.set("buffers", by_name(m.module->named_buffers(), false));
}

}  // namespace opinfo
