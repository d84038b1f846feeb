// What layers.cpp judges of activations, losses and normalisations that are expressions. Included by it alone.

void activations(DType dtype, const Tensor& x) {
  const auto fresh = [&](const std::string& e, const auto& f) {
    const Tensor t = x.requires_grad() ? x.detach().clone().requires_grad_() : x;
    judge(e, {{"x", t}}, [&] { return f(t); });
  };
  fresh("F.elu(x, 0.5)", [](const Tensor& t) { return elu(t, 0.5); });
  fresh("F.selu(x)", [](const Tensor& t) { return selu(t); });
  fresh("F.celu(x, 0.5)", [](const Tensor& t) { return celu(t, 0.5); });
  fresh("F.relu6(x)", [](const Tensor& t) { return relu6(t); });
  fresh("F.hardtanh(x, -1, 0.5)", [](const Tensor& t) { return hardtanh(t, -1, 0.5); });
  if (dtype != kFloat64)  // there torch's gradient is the sixth of a float
    fresh("F.hardsigmoid(x)", [](const Tensor& t) { return hardsigmoid(t); });
  fresh("F.hardswish(x)", [](const Tensor& t) { return hardswish(t); });
  fresh("F.hardshrink(x, 0.5)", [](const Tensor& t) { return hardshrink(t, 0.5); });
  fresh("F.softshrink(x, 0.5)", [](const Tensor& t) { return softshrink(t, 0.5); });
  fresh("F.threshold(x, 0.5, 2)", [](const Tensor& t) { return threshold(t, 0.5, 2); });
  fresh("F.logsigmoid(x)", [](const Tensor& t) { return logsigmoid(t); });
  fresh("F.mish(x)", [](const Tensor& t) { return mish(t); });
  fresh("F.tanhshrink(x)", [](const Tensor& t) { return tanhshrink(t); });
  fresh("F.rrelu(x, 0.25, 0.5)", [](const Tensor& t) { return rrelu(t, 0.25, 0.5); });
  for (int d = x.dim() ? -x.dim() : 0; d < x.dim(); ++d) {
    fresh(str("F.softmin(x, ", d, ")"), [=](const Tensor& t) { return softmin(t, d); });
    fresh(str("F.glu(x, ", d, ")"), [=](const Tensor& t) { return glu(t, d); });
    for (const char* p : {"1", "2", "3", "float('inf')"})
      if (is_floating_point(dtype) && item_size(dtype) > 2)  // eps is 0 in float16
        fresh(str("F.normalize(x, ", p, ", ", d, ")"),
              [=](const Tensor& t) { return normalize(t, *p == 'f' ? INFINITY : *p - '0', d); });
  }
}

void activations(DType dtype) {
  for (const Shape& shape : {Shape{3, 4}, Shape{2, 4, 2}, Shape{}, Shape{0, 2}, Shape{1, 70}}) {
    activations(dtype, sample(shape, dtype, 57));
    if (!is_floating_point(dtype)) continue;
    for (const Shape& weight : {Shape{}, Shape{1}, Shape{shape.rank() > 1 ? shape[1] : 1}}) {
      const Tensor x = sample(shape, dtype), w = sample(weight, dtype);
      judge("F.prelu(x, w)", {{"x", x}, {"w", w}}, [&] { return prelu(x, w); });
    }
  }
}

void margins(DType dtype) {
  const auto half = is_floating_point(dtype) && item_size(dtype) == 2;
  for (const auto& named : kReductions) {
    const Reduction reduction = named.second;
    const std::string how = str(", reduction='", named.first, "')");
    for (const Shape& shape : {Shape{4, 3}, Shape{2, 3, 2}, Shape{5}, Shape{0, 2}}) {
      const auto of = [&](int kinds = 13) { return sample(shape, dtype, kinds); };
      const Tensor signs = indices(shape, 2) * 2 - 1;
      Tensor x = of(), y = of(), z = of();
      judge("F.hinge_embedding_loss(x, y, margin=0.5" + how, {{"x", x}, {"y", signs}},
            [&] { return hinge_embedding_loss(x, signs, {.reduction = reduction, .margin = 0.5}); });
      x = of(), y = of();
      judge("F.margin_ranking_loss(x, y, s, margin=0.5" + how, {{"x", x}, {"y", y}, {"s", signs}},
            [&] { return margin_ranking_loss(x, y, signs, {.reduction = reduction, .margin = 0.5}); });
      x = of(), y = of().detach();
      if (!half)
        judge("F.soft_margin_loss(x, y" + how, {{"x", x}, {"y", y}},
              [&] { return soft_margin_loss(x, y, {.reduction = reduction}); });
      x = of(), y = of();
      judge("F.multilabel_soft_margin_loss(x, y" + how, {{"x", x}, {"y", y}},
            [&] { return multilabel_soft_margin_loss(x, y, {.reduction = reduction}); });
      x = of(), y = of();
      judge("F.poisson_nll_loss(x, y" + how, {{"x", x}, {"y", y}},
            [&] { return poisson_nll_loss(x, y, {.reduction = reduction}); });
      x = of(), y = (abs(of(40)).detach() + 0.5).detach();
      judge("F.poisson_nll_loss(x, y, full=True" + how, {{"x", x}, {"y", y}},
            [&] { return poisson_nll_loss(x, y, {.reduction = reduction, .full = true}); });
      x = of(), y = of(), z = (abs(of()) + 0.25).detach().requires_grad_();
      judge("F.gaussian_nll_loss(x, y, z, eps=0.5, full=True" + how, {{"x", x}, {"y", y}, {"z", z}},
            [&] { return gaussian_nll_loss(x, y, z, {.reduction = reduction, .full = true, .eps = 0.5}); });
      if (half) continue;
      x = of(), y = of(), z = of();
      judge("F.triplet_margin_loss(x, y, z, p=3, swap=True" + how, {{"x", x}, {"y", y}, {"z", z}},
            [&] { return triplet_margin_loss(x, y, z, {.reduction = reduction, .p = 3, .swap = true}); });
      if (shape.rank() > 2) continue;
      x = of(), y = of();
      const Tensor rows = shape.rank() == 1 ? scalar_tensor(-1, kInt64) : signs.select(1, 0);
      judge("F.cosine_embedding_loss(x, y, s, margin=0.25" + how, {{"x", x}, {"y", y}, {"s", rows}},
            [&] { return cosine_embedding_loss(x, y, rows, {.reduction = reduction, .margin = 0.25}); });
      if (shape[0] == 0) continue;
      const int classes = static_cast<int>(shape.back());
      const Tensor t = indices(shape.erased(shape.rank() - 1), classes), labels = indices(shape, classes, -1);
      for (int p : {1, 2}) {
        x = of();
        judge(str("F.multi_margin_loss(x, t, p=", p, ", margin=0.5", how), {{"x", x}, {"t", t}},
              [&] { return multi_margin_loss(x, t, {.reduction = reduction, .p = p, .margin = 0.5}); });
      }
      x = of();
      judge("F.multilabel_margin_loss(x, t" + how, {{"x", x}, {"t", labels}},
            [&] { return multilabel_margin_loss(x, labels, {.reduction = reduction}); });
    }
  }
}

void group_norms(DType dtype) {
  for (const Shape& shape : {Shape{3, 4}, Shape{2, 4, 3}, Shape{2, 4, 2, 3}, Shape{1, 4, 37}, Shape{0, 4, 2}}) {
    const auto of_channels = [&] { return sample({4}, dtype); };
    for (int groups : {1, 2}) {
      const Tensor x = sample(shape, dtype), w = of_channels(), b = of_channels();
      judge(str("F.group_norm(x, ", groups, ", w, b)"), {{"x", x}, {"w", w}, {"b", b}},
            [&] { return group_norm(x, groups, w, b); });
    }
    Tensor x = sample(shape, dtype);
    judge(str("F.rms_norm(x, [", shape.back(), "], eps=0.1)"), {{"x", x}},
          [&] { return rms_norm(x, {shape.back()}, {}, 0.1); });
    if (shape.rank() < 3) continue;
    x = sample(shape, dtype);
    const Tensor w = of_channels(), mean = of_channels().detach(), var = (abs(of_channels()).detach() + 0.5).detach();
    judge("F.instance_norm(x, running_mean, running_var, w)",
          {{"x", x}, {"running_mean", mean}, {"running_var", var}, {"w", w}},
          [&] { return instance_norm(x, mean, var, w); });
    for (int size : {1, 2, 3}) {
      x = sample(shape, dtype);
      judge(str("F.local_response_norm(x, ", size, ", 0.5, 0.75, 2.0)"), {{"x", x}},
            [&] { return local_response_norm(x, size, 0.5, 0.75, 2); });
    }
    for (int d : {0, 1, -1}) {
      if (item_size(dtype) == 2) break;  // eps is 0 in float16
      x = sample(shape, dtype);
      const Tensor y = sample({shape.back()}, dtype);
      judge(str("F.cosine_similarity(x, y, ", d, ")"), {{"x", x}, {"y", y}},
            [&] { return cosine_similarity(x, y, d); });
    }
  }
}
