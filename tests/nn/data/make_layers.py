"""make_layers.py > layers.json: what torch's layers begin with and compute, for layers_test.cpp. Every case: seed 0, the module;
its state dict (with SHA-256 of the bytes) and the generator's state after it; then seed 1, inputs by randn or randint, the module
called twice while training and once after eval(), and the gradients of (output^2).sum() of that last call.
`layers_test.cpp` has the same modules under the same names."""
import hashlib
import json

import torch
from torch import nn

W3, W4 = torch.tensor([0.5, 1.0, 2.0]), torch.tensor([0.5, 1.0, 2.0, 0.25])
# name -> (module, inputs): an input is a shape for randn, or (classes, shape) for randint
CASES = {
    "Linear": (lambda: nn.Linear(4, 3), [(2, 5, 4)]),
    "Linear without bias": (lambda: nn.Linear(4, 3, bias=False), [(4,)]),
    "Bilinear": (lambda: nn.Bilinear(3, 4, 5), [(2, 3), (2, 4)]),
    "Bilinear without bias": (lambda: nn.Bilinear(3, 2, 4, bias=False), [(2, 6, 3), (2, 6, 2)]),
    "ReLU": (nn.ReLU, [(3, 4)]),
    "LeakyReLU": (lambda: nn.LeakyReLU(0.2), [(3, 4)]),
    "GELU": (nn.GELU, [(3, 4)]),
    "GELU tanh": (lambda: nn.GELU(approximate="tanh"), [(3, 4)]),
    "SiLU": (nn.SiLU, [(3, 4)]),
    "Sigmoid": (nn.Sigmoid, [(3, 4)]),
    "Tanh": (nn.Tanh, [(3, 4)]),
    "Softplus": (lambda: nn.Softplus(2, 1), [(3, 4)]),
    "Softmax": (lambda: nn.Softmax(1), [(3, 4)]),
    "LogSoftmax": (lambda: nn.LogSoftmax(-1), [(3, 4)]),
    "Dropout": (lambda: nn.Dropout(0.3), [(5, 8)]),
    "Flatten": (nn.Flatten, [(2, 3, 2, 2)]),
    "Flatten some": (lambda: nn.Flatten(0, 1), [(2, 3, 2, 2)]),
    "Identity": (nn.Identity, [(2, 3)]),
    "LayerNorm": (lambda: nn.LayerNorm(4), [(3, 4)]),
    "LayerNorm of two": (lambda: nn.LayerNorm((3, 4), eps=1e-3), [(2, 3, 4)]),
    "LayerNorm without bias": (lambda: nn.LayerNorm(4, bias=False), [(3, 4)]),
    "LayerNorm plain": (lambda: nn.LayerNorm(4, elementwise_affine=False), [(3, 4)]),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(4), [(6, 4)]),
    "BatchNorm1d of sequences": (lambda: nn.BatchNorm1d(4, momentum=0.3), [(3, 4, 5)]),
    "BatchNorm1d mean of all": (lambda: nn.BatchNorm1d(4, momentum=None), [(6, 4)]),
    "BatchNorm1d without statistics": (lambda: nn.BatchNorm1d(4, track_running_stats=False), [(6, 4)]),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(3), [(2, 3, 4, 4)]),
    "BatchNorm2d plain": (lambda: nn.BatchNorm2d(3, eps=1e-3, affine=False), [(2, 3, 4, 4)]),
    "Embedding": (lambda: nn.Embedding(7, 5), [(7, (2, 4))]),
    "Embedding padded": (lambda: nn.Embedding(7, 5, padding_idx=2), [(7, (2, 4))]),
    "Embedding padded from the end": (lambda: nn.Embedding(7, 5, padding_idx=-1), [(7, (12,))]),
    "Conv2d": (lambda: nn.Conv2d(3, 4, 3), [(2, 3, 6, 6)]),
    "Conv2d with everything": (
        lambda: nn.Conv2d(4, 6, (2, 3), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2, bias=False), [(2, 4, 6, 7)]),
    "MaxPool2d": (lambda: nn.MaxPool2d(2), [(2, 3, 6, 6)]),
    "MaxPool2d with everything": (lambda: nn.MaxPool2d((3, 2), stride=(2, 1), padding=1, ceil_mode=True), [(2, 3, 6, 7)]),
    "AvgPool2d": (lambda: nn.AvgPool2d(2), [(2, 3, 6, 6)]),
    "AvgPool2d with everything": (
        lambda: nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False), [(2, 3, 6, 7)]),
    "Sequential": (
        lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Dropout(0.5), nn.MaxPool2d(2), nn.Flatten(),
                              nn.Linear(8, 3)), [(2, 1, 6, 6)]),
    "MultiheadAttention": (lambda: nn.MultiheadAttention(8, 2), [(5, 3, 8), (4, 3, 8), (4, 3, 8)]),
    "MultiheadAttention of other sizes": (
        lambda: nn.MultiheadAttention(8, 4, bias=False, kdim=6, vdim=5, batch_first=True), [(3, 2, 8), (3, 4, 6), (3, 4, 5)]),
    "TransformerEncoderLayer": (lambda: nn.TransformerEncoderLayer(8, 2, 16), [(5, 3, 8)]),
    "TransformerEncoderLayer norm first": (
        lambda: nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, activation="gelu", batch_first=True, norm_first=True), [(3, 5, 8)]),
    "TransformerEncoder": (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, 0.0), 2), [(5, 3, 8)]),
    "TransformerEncoder with a norm": (
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, 0.0, activation=torch.tanh), 2, nn.LayerNorm(8)),
        [(5, 3, 8)]),
    "TransformerEncoder with an activation module": (
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, 0.1, nn.SiLU(), bias=False), 2), [(5, 3, 8)]),
    "MSELoss": (nn.MSELoss, [(3, 4), (3, 4)]),
    "MSELoss sum": (lambda: nn.MSELoss(reduction="sum"), [(3, 4), (3, 4)]),
    "L1Loss": (lambda: nn.L1Loss(reduction="none"), [(3, 4), (3, 4)]),
    "SmoothL1Loss": (lambda: nn.SmoothL1Loss(beta=0.5), [(3, 4), (3, 4)]),
    "HuberLoss": (lambda: nn.HuberLoss(delta=0.5), [(3, 4), (3, 4)]),
    "BCEWithLogitsLoss": (lambda: nn.BCEWithLogitsLoss(pos_weight=W4), [(3, 4), (3, 4)]),
    "BCEWithLogitsLoss weighed": (lambda: nn.BCEWithLogitsLoss(weight=W4, reduction="sum"), [(3, 4), (3, 4)]),
    "KLDivLoss": (lambda: nn.KLDivLoss(reduction="batchmean", log_target=True), [(3, 4), (3, 4)]),
    "NLLLoss": (lambda: nn.NLLLoss(weight=W3), [(4, 3), (3, (4,))]),
    "CrossEntropyLoss": (nn.CrossEntropyLoss, [(4, 3), (3, (4,))]),
    "CrossEntropyLoss weighed": (lambda: nn.CrossEntropyLoss(weight=W3, ignore_index=1, label_smoothing=0.1), [(4, 3), (3, (4,))]),
}


def sha(tensor):
    return hashlib.sha256(tensor.detach().contiguous().numpy().tobytes()).hexdigest()


def array(tensor):
    flat = tensor.detach().contiguous().flatten().tolist()
    return {"dtype": str(tensor.dtype)[6:], "shape": list(tensor.shape),
            "data": [v.hex() if isinstance(v, float) else v for v in flat]}


def case(name, make, inputs):
    torch.manual_seed(0)
    module = make()
    state = module.state_dict()
    out = {"name": name, "inputs": [],
           "state": [{"name": k, "dtype": str(v.dtype)[6:], "shape": list(v.shape), "sha256": sha(v)} for k, v in state.items()],
           "versions": [[k, v["version"]] for k, v in state._metadata.items()],
           "rng_state_sha256": hashlib.sha256(torch.get_rng_state().numpy().tobytes()).hexdigest()}
    torch.manual_seed(1)
    given = []
    for spec in inputs:
        classes, shape = spec if len(spec) == 2 and isinstance(spec[1], tuple) else (None, spec)
        given.append(torch.randn(shape) if classes is None else torch.randint(0, classes, shape))
        out["inputs"].append({"classes": classes, "shape": list(shape)})

    def call():
        result = module(*given)
        return result[0] if isinstance(result, tuple) else result

    call()
    out["training"] = array(call())
    out["buffers"] = {k: array(v) for k, v in module.named_buffers()}
    module.eval()
    y = call()
    out["output"] = array(y)
    if any(True for _ in module.parameters()):
        (y * y).sum().backward()
    out["grads"] = {k: array(p.grad) for k, p in module.named_parameters()}
    return out


cases = [json.dumps(case(n, m, i), separators=(",", ":")) for n, (m, i) in CASES.items()]
print('{"made_with":"torch ' + torch.__version__ + '","cases":[\n' + ",\n".join(cases) + "\n]}")
