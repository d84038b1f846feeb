// The expressions of fixtures/ops that are reductions, indexing, losses, normalisation, convolution or random.
#pragma once
#include "core/ops_cases.h"

namespace harker::test {

inline const Expressions kLayerExpressions = {
    // Joining and choosing
    {"torch.cat([a, b, c], dim=dim)",
     [](const Case& c) {
       return cat({c["a"], c["b"], c["c"]}, c.dim("dim"));
     }},
    {"torch.cat([a, b], dim=dim)",
     [](const Case& c) {
       return cat({c["a"], c["b"]}, c.dim("dim"));
     }},
    {"torch.cat([a, a], dim=dim)",
     [](const Case& c) {
       return cat({c["a"], c["a"]}, c.dim("dim"));
     }},
    {"torch.stack([a, b], dim=dim)",
     [](const Case& c) {
       return stack({c["a"], c["b"]}, c.dim("dim"));
     }},
    {"torch.stack([a, b, c], dim=dim)",
     [](const Case& c) {
       return stack({c["a"], c["b"], c["c"]}, c.dim("dim"));
     }},
    {"torch.gather(x, dim, idx)", [](const Case& c) { return gather(c["x"], c.dim("dim"), c["idx"]); }},
    {"torch.index_select(x, dim, idx)", [](const Case& c) { return index_select(c["x"], c.dim("dim"), c["idx"]); }},
    {"F.embedding(idx, w)", [](const Case& c) { return embedding(c["idx"], c["w"]); }},
    {"F.embedding(idx, w, padding_idx=pad)",
     [](const Case& c) { return embedding(c["idx"], c["w"], {.padding_idx = c.i64("pad")}); }},
    // Reductions
    {"torch.max(x)", [](const Case& c) { return max(c["x"]); }},
    {"torch.min(x)", [](const Case& c) { return c["x"].min(); }},
    {"torch.max(x, dim=dim, keepdim=kd)", [](const Case& c) { return max(c["x"], c.dim("dim"), c.flag("kd")); }},
    {"torch.min(x, dim=dim, keepdim=kd)", [](const Case& c) { return c["x"].min(c.dim("dim"), c.flag("kd")); }},
    {"torch.max(x, dim=dim)", [](const Case& c) { return c["x"].max(c.dim("dim")); }},
    {"torch.min(x, dim=dim)", [](const Case& c) { return min(c["x"], c.dim("dim")); }},
    {"torch.var(x)", [](const Case& c) { return var(c["x"]); }},
    {"torch.var(x, dim=dim, correction=corr, keepdim=kd)",
     [](const Case& c) { return var(c["x"], c.shape("dim"), {.correction = c.num("corr"), .keepdim = c.flag("kd")}); }},
    {"torch.std(x)", [](const Case& c) { return c["x"].std(); }},
    {"torch.std(x, dim=dim)", [](const Case& c) { return harker::std(c["x"], c.dim("dim")); }},
    {"torch.logsumexp(x, dim=dim, keepdim=kd)",
     [](const Case& c) { return logsumexp(c["x"], c.shape("dim"), c.flag("kd")); }},
    {"torch.logsumexp(x, dim=dim)", [](const Case& c) { return logsumexp(c["x"], c.dim("dim")); }},
    {"F.softmax(x, dim=dim)", [](const Case& c) { return c["x"].softmax(c.dim("dim")); }},
    {"F.log_softmax(x, dim=dim)", [](const Case& c) { return c["x"].log_softmax(c.dim("dim")); }},
    {"torch.softmax(q @ k.transpose(-2, -1) / s, -1) @ v",
     [](const Case& c) { return matmul(softmax(matmul(c["q"], c["k"].transpose(-2, -1)) / c.num("s"), -1), c["v"]); }},
    // Losses
    {"F.mse_loss(x, y)", [](const Case& c) { return mse_loss(c["x"], c["y"]); }},
    {"F.mse_loss(x, y, reduction=red)",
     [](const Case& c) { return mse_loss(c["x"], c["y"], {.reduction = c.reduction()}); }},
    {"F.l1_loss(x, y)", [](const Case& c) { return l1_loss(c["x"], c["y"]); }},
    {"F.l1_loss(x, y, reduction=red)",
     [](const Case& c) { return l1_loss(c["x"], c["y"], {.reduction = c.reduction()}); }},
    {"F.smooth_l1_loss(x, y, beta=beta)",
     [](const Case& c) { return smooth_l1_loss(c["x"], c["y"], {.beta = c.num("beta")}); }},
    {"F.smooth_l1_loss(x, y, reduction=red, beta=beta)",
     [](const Case& c) { return smooth_l1_loss(c["x"], c["y"], {.reduction = c.reduction(), .beta = c.num("beta")}); }},
    {"F.huber_loss(x, y, delta=delta)",
     [](const Case& c) { return huber_loss(c["x"], c["y"], {.delta = c.num("delta")}); }},
    {"F.huber_loss(x, y, reduction=red, delta=delta)",
     [](const Case& c) { return huber_loss(c["x"], c["y"], {.reduction = c.reduction(), .delta = c.num("delta")}); }},
    {"F.binary_cross_entropy_with_logits(x, y)",
     [](const Case& c) { return binary_cross_entropy_with_logits(c["x"], c["y"]); }},
    {"F.binary_cross_entropy_with_logits(x, y, reduction=red)",
     [](const Case& c) { return binary_cross_entropy_with_logits(c["x"], c["y"], {.reduction = c.reduction()}); }},
    {"F.binary_cross_entropy_with_logits(x, y, pos_weight=pw)",
     [](const Case& c) { return binary_cross_entropy_with_logits(c["x"], c["y"], {.pos_weight = c["pw"]}); }},
    {"F.binary_cross_entropy_with_logits(x, y, weight=w)",
     [](const Case& c) { return binary_cross_entropy_with_logits(c["x"], c["y"], {.weight = c["w"]}); }},
    {"F.nll_loss(torch.log_softmax(x, 1), t, reduction=red)",
     [](const Case& c) { return nll_loss(log_softmax(c["x"], 1), c["t"], {.reduction = c.reduction()}); }},
    {"F.nll_loss(x, t, weight=w)", [](const Case& c) { return nll_loss(c["x"], c["t"], {.weight = c["w"]}); }},
    {"F.cross_entropy(x, t)", [](const Case& c) { return cross_entropy(c["x"], c["t"]); }},
    {"F.cross_entropy(x, t, reduction=red)",
     [](const Case& c) { return cross_entropy(c["x"], c["t"], {.reduction = c.reduction()}); }},
    {"F.cross_entropy(x, t, label_smoothing=ls)",
     [](const Case& c) { return cross_entropy(c["x"], c["t"], {.label_smoothing = c.num("ls")}); }},
    {"F.cross_entropy(x, t, weight=w)",
     [](const Case& c) { return cross_entropy(c["x"], c["t"], {.weight = c["w"]}); }},
    {"F.cross_entropy(x, t, weight=w, reduction='sum')",
     [](const Case& c) { return cross_entropy(c["x"], c["t"], {.reduction = Reduction::sum, .weight = c["w"]}); }},
    {"F.cross_entropy(x, t, weight=w, ignore_index=ii, label_smoothing=ls)",
     [](const Case& c) {
       return cross_entropy(c["x"], c["t"],
                            {.weight = c["w"], .ignore_index = c.i64("ii"), .label_smoothing = c.num("ls")});
     }},
    {"F.cross_entropy(x, torch.softmax(q, 1))",
     [](const Case& c) { return cross_entropy(c["x"], softmax(c["q"], 1)); }},
    // Layers
    {"F.layer_norm(x, [n], w, b, eps)",
     [](const Case& c) { return layer_norm(c["x"], {c.i64("n")}, c["w"], c["b"], c.num("eps")); }},
    {"F.layer_norm(x, [n, m], w, b)",
     [](const Case& c) {
       return layer_norm(c["x"], {c.i64("n"), c.i64("m")}, c["w"], c["b"]);
     }},
    {"F.layer_norm(x, [n])", [](const Case& c) { return layer_norm(c["x"], {c.i64("n")}); }},
    {"F.batch_norm(x, running_mean, running_var, w, b, training=training, momentum=momentum, eps=eps)",
     [](const Case& c) {
       return batch_norm(c["x"], c["running_mean"], c["running_var"], c["w"], c["b"], c.flag("training"),
                         c.num("momentum"), c.num("eps"));
     }},
    {"F.conv2d(x, w, b)", [](const Case& c) { return conv2d(c["x"], c["w"], c["b"]); }},
    {"F.conv2d(x, w)", [](const Case& c) { return conv2d(c["x"], c["w"]); }},
    {"F.conv2d(x, w, b, stride=stride, padding=padding)",
     [](const Case& c) {
       return conv2d(c["x"], c["w"], c["b"], {.stride = c.pair("stride"), .padding = c.pair("padding")});
     }},
    {"F.conv2d(x, w, b, dilation=dilation, padding=padding)",
     [](const Case& c) {
       return conv2d(c["x"], c["w"], c["b"], {.padding = c.pair("padding"), .dilation = c.pair("dilation")});
     }},
    {"F.conv2d(x, w, b, groups=groups, padding=padding)",
     [](const Case& c) {
       return conv2d(c["x"], c["w"], c["b"], {.padding = c.pair("padding"), .groups = c.i64("groups")});
     }},
    {"F.conv2d(x, w, None, groups=groups, stride=stride)",
     [](const Case& c) { return conv2d(c["x"], c["w"], {}, {.stride = c.pair("stride"), .groups = c.i64("groups")}); }},
    {"F.max_pool2d(x, k)", [](const Case& c) { return max_pool2d(c["x"], c.pair("k")); }},
    {"F.max_pool2d(x, k, stride=stride, padding=padding)",
     [](const Case& c) {
       return max_pool2d(c["x"], c.pair("k"), {.stride = c.pair("stride"), .padding = c.pair("padding")});
     }},
    {"F.max_pool2d(x, k, stride=stride, ceil_mode=True)",
     [](const Case& c) { return max_pool2d(c["x"], c.pair("k"), {.stride = c.pair("stride"), .ceil_mode = true}); }},
    {"F.max_pool2d(x, k, stride=1, dilation=dilation)",
     [](const Case& c) { return max_pool2d(c["x"], c.pair("k"), {.stride = 1, .dilation = c.pair("dilation")}); }},
    {"F.avg_pool2d(x, k)", [](const Case& c) { return avg_pool2d(c["x"], c.pair("k")); }},
    {"F.avg_pool2d(x, k, stride=stride, padding=padding)",
     [](const Case& c) {
       return avg_pool2d(c["x"], c.pair("k"), {.stride = c.pair("stride"), .padding = c.pair("padding")});
     }},
    {"F.avg_pool2d(x, k, stride=stride, padding=padding, count_include_pad=False)",
     [](const Case& c) {
       return avg_pool2d(c["x"], c.pair("k"),
                         {.stride = c.pair("stride"), .padding = c.pair("padding"), .count_include_pad = false});
     }},
    {"F.avg_pool2d(x, k, stride=stride, ceil_mode=True)",
     [](const Case& c) { return avg_pool2d(c["x"], c.pair("k"), {.stride = c.pair("stride"), .ceil_mode = true}); }},
    {"F.dropout(x, p=p, training=True)", [](const Case& c) { return dropout(c["x"], c.num("p")); }},
    {"F.dropout(x, p=p, training=False)", [](const Case& c) { return dropout(c["x"], c.num("p"), false); }},
};

}  // namespace harker::test
