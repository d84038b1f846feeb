// Each layer as PyTorch and as harker writes it: LAYER(PyTorch's expression, its inputs, ours). The activations of
// nn/functional.h that have no options are rows too, without being named here. layers_test.cpp makes ours;
// data/make_layers.py reads the rest off these lines, and data/layers.json has what it computed. An input is a shape for
// randn, a number of classes and a shape for randint, or "rand" and a shape for rand.
// clang-format off

// --- Linear maps and convolutions
LAYER("nn.Linear(4, 3)", "(2, 5, 4)", Linear(4, 3))
LAYER("nn.Linear(4, 3, bias=False)", "(4,)", Linear(4, 3, {.bias = false}))
LAYER("nn.Bilinear(3, 4, 5)", "(2, 3), (2, 4)", Bilinear(3, 4, 5))
LAYER("nn.Bilinear(3, 2, 4, bias=False)", "(2, 6, 3), (2, 6, 2)", Bilinear(3, 2, 4, {.bias = false}))
LAYER("nn.Conv2d(3, 4, 3)", "(2, 3, 6, 6)", Conv2d(3, 4, 3))
LAYER("nn.Conv2d(4, 6, (2, 3), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2, bias=False)", "(2, 4, 6, 7)",
      Conv2d(4, 6, {2, 3}, {.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 2}, .groups = 2, .bias = false}))
LAYER("nn.Embedding(7, 5)", "(7, (2, 4))", Embedding(7, 5))
LAYER("nn.Embedding(7, 5, padding_idx=2)", "(7, (2, 4))", Embedding(7, 5, {.padding_idx = 2}))
LAYER("nn.Embedding(7, 5, padding_idx=-1)", "(7, (12,))", Embedding(7, 5, {.padding_idx = -1}))

// --- Sequences: convolutions in one dimension, transposes and modes of padding, recurrent networks, pooling, resampling, bags
LAYER("nn.Conv1d(3, 4, 3)", "(2, 3, 7)", Conv1d(3, 4, 3))
LAYER("nn.Conv1d(4, 6, 3, stride=2, padding=2, dilation=2, groups=2, bias=False)", "(4, 8)",
      Conv1d(4, 6, 3, {.stride = 2, .padding = 2, .dilation = 2, .groups = 2, .bias = false}))
LAYER("nn.Conv1d(2, 3, 4, padding='same', padding_mode='circular')", "(2, 2, 7)",
      Conv1d(2, 3, 4, {.padding = "same", .padding_mode = "circular"}))
LAYER("nn.Conv2d(2, 3, (4, 3), padding='same', dilation=(1, 2))", "(2, 2, 5, 6)",
      Conv2d(2, 3, {4, 3}, {.padding = "same", .dilation = {1, 2}}))
LAYER("nn.Conv2d(2, 3, 3, padding='valid')", "(2, 2, 5, 6)", Conv2d(2, 3, 3, {.padding = "valid"}))
LAYER("nn.Conv2d(2, 3, 3, padding=(1, 2), padding_mode='reflect')", "(2, 2, 5, 6)",
      Conv2d(2, 3, 3, {.padding = {1, 2}, .padding_mode = "reflect"}))
LAYER("nn.Conv2d(2, 3, 3, stride=2, padding=2, padding_mode='replicate')", "(2, 5, 6)",
      Conv2d(2, 3, 3, {.stride = 2, .padding = 2, .padding_mode = "replicate"}))
LAYER("nn.ConvTranspose1d(3, 4, 3, stride=2, padding=1, output_padding=1, dilation=2)", "(2, 3, 5)",
      ConvTranspose1d(3, 4, 3, {.stride = 2, .padding = 1, .output_padding = 1, .dilation = 2}))
LAYER("nn.ConvTranspose1d(4, 2, 4, groups=2, bias=False)", "(4, 5)", ConvTranspose1d(4, 2, 4, {.groups = 2, .bias = false}))
LAYER("nn.ConvTranspose2d(3, 4, 3)", "(2, 3, 4, 4)", ConvTranspose2d(3, 4, 3))
LAYER("nn.ConvTranspose2d(4, 6, (2, 3), stride=(2, 1), padding=(1, 0), groups=2, dilation=(1, 2))", "(2, 4, 4, 3)",
      ConvTranspose2d(4, 6, {2, 3}, {.stride = {2, 1}, .padding = {1, 0}, .groups = 2, .dilation = {1, 2}}))
LAYER("nn.RNN(3, 4)", "(5, 2, 3)", RNN(3, 4))
LAYER("nn.RNN(3, 4, 2, nonlinearity='relu', bias=False, batch_first=True, dropout=0.5, bidirectional=True)", "(2, 5, 3)",
      RNN(3, 4, {.num_layers = 2, .nonlinearity = "relu", .bias = false, .batch_first = true, .dropout = 0.5, .bidirectional = true}))
LAYER("nn.LSTM(3, 4)", "(5, 2, 3)", LSTM(3, 4))
LAYER("nn.LSTM(3, 4, 3, batch_first=True, dropout=0.3)", "(2, 5, 3)",
      LSTM(3, 4, {.num_layers = 3, .batch_first = true, .dropout = 0.3}))
LAYER("nn.LSTM(3, 9, 2, bidirectional=True, proj_size=5)", "(5, 3)",
      LSTM(3, 9, {.num_layers = 2, .bidirectional = true, .proj_size = 5}))
LAYER("nn.GRU(3, 4)", "(5, 2, 3)", GRU(3, 4))
LAYER("nn.GRU(3, 9, 2, bias=False, dropout=0.2, bidirectional=True)", "(5, 2, 3)",
      GRU(3, 9, {.num_layers = 2, .bias = false, .dropout = 0.2, .bidirectional = true}))
LAYER("nn.RNNCell(3, 4)", "(2, 3), (2, 4)", RNNCell(3, 4))
LAYER("nn.RNNCell(3, 4, bias=False, nonlinearity='relu')", "(3,)", RNNCell(3, 4, {.bias = false, .nonlinearity = "relu"}))
LAYER("nn.LSTMCell(3, 4)", "(2, 3)", LSTMCell(3, 4))
LAYER("nn.GRUCell(3, 4)", "(2, 3), (2, 4)", GRUCell(3, 4))
LAYER("nn.GRUCell(3, 4, False)", "(3,), (4,)", GRUCell(3, 4, {.bias = false}))
LAYER("nn.MaxPool1d(2)", "(2, 3, 7)", MaxPool1d(2))
LAYER("nn.MaxPool1d(3, stride=2, padding=1, dilation=2, ceil_mode=True)", "(3, 8)",
      MaxPool1d(3, {.stride = 2, .padding = 1, .dilation = 2, .ceil_mode = true}))
LAYER("nn.AvgPool1d(2)", "(2, 3, 7)", AvgPool1d(2))
LAYER("nn.AvgPool1d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)", "(3, 8)",
      AvgPool1d(3, {.stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false}))
LAYER("nn.MaxUnpool2d(2)", "(2, 3, 1, 1), (4, (2, 3, 1, 1))", MaxUnpool2d(2))
LAYER("nn.MaxUnpool2d((3, 2), stride=(2, 1), padding=(1, 0))", "(2, 3, 1, 1), (2, (2, 3, 1, 1))",
      MaxUnpool2d({3, 2}, {.stride = {2, 1}, .padding = {1, 0}}))
LAYER("nn.LPPool1d(2, 3)", "('rand', (2, 3, 7))", LPPool1d(2, 3))
LAYER("nn.LPPool2d(1.5, (2, 3), stride=(2, 1), ceil_mode=True)", "('rand', (2, 3, 5, 7))", LPPool2d(1.5, {2, 3}, {2, 1}, true))
LAYER("nn.AdaptiveAvgPool1d(3)", "(2, 3, 7)", AdaptiveAvgPool1d(3))
LAYER("nn.AdaptiveAvgPool2d(1)", "(2, 3, 5, 7)", AdaptiveAvgPool2d(1))
LAYER("nn.AdaptiveAvgPool2d((None, 3))", "(2, 3, 5, 7)", AdaptiveAvgPool2d({-1, 3}))
LAYER("nn.AdaptiveAvgPool2d((7, 4))", "(3, 5, 6)", AdaptiveAvgPool2d({7, 4}))
LAYER("nn.AdaptiveMaxPool1d(4)", "(3, 7)", AdaptiveMaxPool1d(4))
LAYER("nn.AdaptiveMaxPool2d((2, 3))", "(2, 3, 5, 7)", AdaptiveMaxPool2d({2, 3}))
LAYER("nn.AdaptiveMaxPool2d(2)", "(2, 3, 4, 6)", AdaptiveMaxPool2d(2))
LAYER("nn.Upsample(scale_factor=2)", "(2, 3, 4, 5)", Upsample({.scale_factor = 2}))
LAYER("nn.Upsample(scale_factor=(1.7, 0.6))", "(2, 3, 4, 5)", Upsample({.scale_factor = {1.7, 0.6}}))
LAYER("nn.Upsample(size=9, mode='nearest-exact')", "(2, 3, 5)", Upsample({.size = 9, .mode = "nearest-exact"}))
LAYER("nn.Upsample(size=8, mode='linear')", "(2, 3, 5)", Upsample({.size = 8, .mode = "linear"}))
LAYER("nn.Upsample(scale_factor=1.1, mode='linear')", "(2, 3, 5)", Upsample({.scale_factor = 1.1, .mode = "linear"}))
LAYER("nn.Upsample(size=(7, 3), mode='bilinear')", "(2, 3, 4, 5)", Upsample({.size = {7, 3}, .mode = "bilinear"}))
LAYER("nn.Upsample(scale_factor=(2.3, 1.4), mode='bilinear', align_corners=True)", "(2, 3, 4, 5)",
      Upsample({.scale_factor = {2.3, 1.4}, .mode = "bilinear", .align_corners = true}))
LAYER("nn.Upsample(scale_factor=1.3, mode='bilinear')", "(2, 3, 4, 5)", Upsample({.scale_factor = 1.3, .mode = "bilinear"}))
LAYER("nn.Upsample(scale_factor=1.3, mode='bilinear', recompute_scale_factor=True)", "(2, 3, 4, 5)",
      Upsample({.scale_factor = 1.3, .mode = "bilinear", .recompute_scale_factor = true}))
LAYER("nn.Upsample(size=(7, 3), mode='bicubic')", "(2, 3, 4, 5)", Upsample({.size = {7, 3}, .mode = "bicubic"}))
LAYER("nn.Upsample(size=(1, 9), mode='bicubic', align_corners=True)", "(2, 3, 4, 5)",
      Upsample({.size = {1, 9}, .mode = "bicubic", .align_corners = true}))
LAYER("nn.Upsample(size=(3, 4), mode='area')", "(2, 3, 5, 8)", Upsample({.size = {3, 4}, .mode = "area"}))
LAYER("nn.PixelShuffle(2)", "(2, 8, 3, 2)", PixelShuffle(2))
LAYER("nn.PixelUnshuffle(3)", "(2, 6, 3)", PixelUnshuffle(3))
LAYER("nn.Embedding(7, 5, max_norm=1.5, norm_type=3.0, scale_grad_by_freq=True)", "(7, (2, 4))",
      Embedding(7, 5, {.max_norm = 1.5, .norm_type = 3, .scale_grad_by_freq = true}))
LAYER("nn.EmbeddingBag(7, 5)", "(7, (3, 4))", EmbeddingBag(7, 5))
LAYER("nn.EmbeddingBag(7, 5, mode='sum', scale_grad_by_freq=True, max_norm=2.0)", "(7, (9,)), (1, (1,))",
      EmbeddingBag(7, 5, {.max_norm = 2, .scale_grad_by_freq = true, .mode = "sum"}))
LAYER("nn.EmbeddingBag(7, 5, mode='mean', padding_idx=-2)", "(7, (3, 6))", EmbeddingBag(7, 5, {.padding_idx = -2}))
LAYER("nn.EmbeddingBag(7, 5, mode='max', padding_idx=1)", "(7, (3, 6))", EmbeddingBag(7, 5, {.mode = "max", .padding_idx = 1}))

// --- Activations with options
LAYER("nn.LeakyReLU(0.2)", "(3, 4)", LeakyReLU(0.2))
LAYER("nn.GELU()", "(3, 4)", GELU())
LAYER("nn.GELU(approximate='tanh')", "(3, 4)", GELU("tanh"))
LAYER("nn.Softplus(2.0, 1.0)", "(3, 4)", Softplus(2, 1))
LAYER("nn.Softmax(1)", "(3, 4)", Softmax(1))
LAYER("nn.LogSoftmax(-1)", "(3, 4)", LogSoftmax(-1))

// --- Layers without parameters
LAYER("nn.Dropout(0.3)", "(5, 8)", Dropout(0.3))
LAYER("nn.Flatten()", "(2, 3, 2, 2)", Flatten())
LAYER("nn.Flatten(0, 1)", "(2, 3, 2, 2)", Flatten(0, 1))
LAYER("nn.Identity()", "(2, 3)", Identity())
LAYER("nn.MaxPool2d(2)", "(2, 3, 6, 6)", MaxPool2d(2))
LAYER("nn.MaxPool2d((3, 2), stride=(2, 1), padding=1, ceil_mode=True)", "(2, 3, 6, 7)",
      MaxPool2d({3, 2}, {.stride = {2, 1}, .padding = 1, .ceil_mode = true}))
LAYER("nn.AvgPool2d(2)", "(2, 3, 6, 6)", AvgPool2d(2))
LAYER("nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)", "(2, 3, 6, 7)",
      AvgPool2d(3, {.stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false}))

// --- Normalisation
LAYER("nn.LayerNorm(4)", "(3, 4)", LayerNorm(4))
LAYER("nn.LayerNorm((3, 4), eps=1e-3)", "(2, 3, 4)", LayerNorm({3, 4}, {.eps = 1e-3}))
LAYER("nn.LayerNorm(4, bias=False)", "(3, 4)", LayerNorm(4, {.bias = false}))
LAYER("nn.LayerNorm(4, elementwise_affine=False)", "(3, 4)", LayerNorm(4, {.elementwise_affine = false}))
LAYER("nn.BatchNorm1d(4)", "(6, 4)", BatchNorm1d(4))
LAYER("nn.BatchNorm1d(4, momentum=0.3)", "(3, 4, 5)", BatchNorm1d(4, {.momentum = 0.3}))
LAYER("nn.BatchNorm1d(4, momentum=None)", "(6, 4)", BatchNorm1d(4, {.momentum = std::nullopt}))
LAYER("nn.BatchNorm1d(4, track_running_stats=False)", "(6, 4)", BatchNorm1d(4, {.track_running_stats = false}))
LAYER("nn.BatchNorm2d(3)", "(2, 3, 4, 4)", BatchNorm2d(3))
LAYER("nn.BatchNorm2d(3, eps=1e-3, affine=False)", "(2, 3, 4, 4)", BatchNorm2d(3, {.eps = 1e-3, .affine = false}))

// --- Layers of layers
LAYER("nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Dropout(0.5), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3))",
      "(2, 1, 6, 6)",
      Sequential{Conv2d(1, 2, 3), BatchNorm2d(2), ReLU(), Dropout(0.5), MaxPool2d(2), Flatten(), Linear(8, 3)})
LAYER("nn.MultiheadAttention(8, 2)", "(5, 3, 8), (4, 3, 8), (4, 3, 8)", MultiheadAttention(8, 2))
LAYER("nn.MultiheadAttention(8, 4, bias=False, kdim=6, vdim=5, batch_first=True)", "(3, 2, 8), (3, 4, 6), (3, 4, 5)",
      MultiheadAttention(8, 4, {.bias = false, .kdim = 6, .vdim = 5, .batch_first = true}))
LAYER("nn.TransformerEncoderLayer(8, 2, 16)", "(5, 3, 8)", TransformerEncoderLayer(8, 2, {.dim_feedforward = 16}))
LAYER("nn.TransformerEncoderLayer(8, 2, 16, 0.0, activation='gelu', batch_first=True, norm_first=True)", "(3, 5, 8)",
      TransformerEncoderLayer(8, 2, {.dim_feedforward = 16, .dropout = 0, .activation = Activation::gelu, .batch_first = true,
                                     .norm_first = true}))
LAYER("nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, 0.0), 2)", "(5, 3, 8)",
      TransformerEncoder(8, 2, 2, {.dim_feedforward = 16, .dropout = 0}))
LAYER("nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, 0.0, activation=torch.tanh), 2, nn.LayerNorm(8))", "(5, 3, 8)",
      TransformerEncoder(TransformerEncoderLayer(8, 2, {.dim_feedforward = 16, .dropout = 0,
                                                        .activation = [](const Tensor& x) { return x.tanh(); }}),
                         2, LayerNorm(8)))
LAYER("nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, 0.1, nn.SiLU(), bias=False), 2)", "(5, 3, 8)",
      TransformerEncoder(TransformerEncoderLayer(8, 2, {.dim_feedforward = 16, .activation = SiLU(), .bias = false}), 2))

// --- Losses
LAYER("nn.MSELoss()", "(3, 4), (3, 4)", MSELoss())
LAYER("nn.MSELoss(reduction='sum')", "(3, 4), (3, 4)", MSELoss({.reduction = Reduction::sum}))
LAYER("nn.L1Loss(reduction='none')", "(3, 4), (3, 4)", L1Loss({.reduction = Reduction::none}))
LAYER("nn.SmoothL1Loss(beta=0.5)", "(3, 4), (3, 4)", SmoothL1Loss({.beta = 0.5}))
LAYER("nn.HuberLoss(delta=0.5)", "(3, 4), (3, 4)", HuberLoss({.delta = 0.5}))
LAYER("nn.BCELoss()", "('rand', (3, 4)), ('rand', (3, 4))", BCELoss())
LAYER("nn.BCEWithLogitsLoss(pos_weight=torch.tensor([0.5, 1, 2, 0.25]))", "(3, 4), (3, 4)",
      BCEWithLogitsLoss({.pos_weight = tensor({0.5, 1., 2., 0.25})}))
LAYER("nn.BCEWithLogitsLoss(torch.tensor([0.5, 1, 2, 0.25]), reduction='sum')", "(3, 4), (3, 4)",
      BCEWithLogitsLoss({.reduction = Reduction::sum, .weight = tensor({0.5, 1., 2., 0.25})}))
LAYER("nn.KLDivLoss(reduction='batchmean', log_target=True)", "(3, 4), (3, 4)",
      KLDivLoss({.reduction = Reduction::batch_mean, .log_target = true}))
LAYER("nn.NLLLoss(torch.tensor([0.5, 1, 2]))", "(4, 3), (3, (4,))", NLLLoss({.weight = tensor({0.5, 1., 2.})}))
LAYER("nn.CrossEntropyLoss()", "(4, 3), (3, (4,))", CrossEntropyLoss())
LAYER("nn.CrossEntropyLoss(torch.tensor([0.5, 1, 2]), ignore_index=1, label_smoothing=0.1)", "(4, 3), (3, (4,))",
      CrossEntropyLoss({.weight = tensor({0.5, 1., 2.}), .ignore_index = 1, .label_smoothing = 0.1}))
// clang-format on
