"""make_layers.py: adds to layers.json what torch's layers begin with and compute, for layers_test.cpp: a case for each row of
../layer_rows.h and each activation of nn/functional.h that has none yet. What is there stays; delete a line to have it made again.

A case: seed 0, the module; how it is printed; its state dict (with SHA-256 of the bytes) and the generator's state after it; then
seed 1, inputs by randn, randint or rand, the module called twice while training and once after eval(), and the gradients of
(output^2).sum() of that last call. Activations besides: what becomes of special numbers in each dtype, and the gradients of
output.sum() in them; null where torch refuses."""
import hashlib
import json
import pathlib
import re

import torch
from torch import nn

SOURCE = pathlib.Path(__file__).resolve().parents[3]
SPECIAL = [float("nan"), -0.0, 0.0, float("inf"), -float("inf"), -3.5, -0.5, 0.25, 2.0]
DTYPES = {torch.float64: SPECIAL, torch.float32: SPECIAL, torch.float16: SPECIAL, torch.bfloat16: SPECIAL,
          torch.int64: [-3, 0, 1, 7], torch.uint8: [0, 1, 255], torch.bool: [False, True]}


def rows():
    """(expression, inputs) of every layer."""
    for layer in re.findall(r"^  A\((\w+), \w+\)", (SOURCE / "nn/functional.h").read_text(), re.M):
        yield f"nn.{layer}()", "(3, 4)"
    yield from re.findall(r'^LAYER\("([^"]*)",\s*"([^"]*)",', (SOURCE / "tests/nn/layer_rows.h").read_text(), re.M)


def sha(tensor):
    return hashlib.sha256(tensor.detach().contiguous().numpy().tobytes()).hexdigest()


def array(tensor):
    flat = tensor.detach().contiguous().flatten().tolist()
    return {"dtype": str(tensor.dtype)[6:], "shape": list(tensor.shape),
            "data": [v.hex() if isinstance(v, float) else v for v in flat]}


def special(module, dtype, numbers):
    x = torch.tensor([numbers], dtype=dtype, requires_grad=dtype.is_floating_point)
    try:
        y = module(x)
    except RuntimeError:
        return {"input": array(x), "output": None, "grad": None}
    if x.requires_grad:
        y.sum().backward()
    return {"input": array(x), "output": array(y), "grad": array(x.grad) if x.requires_grad else None}


def labels(shape):
    order = torch.rand(shape).argsort(-1)
    order[..., -1] = -1
    order.view(-1, shape[-1])[0, -2] = -1
    return order


def case(expression, inputs):
    torch.manual_seed(0)
    module = eval(expression)
    state = module.state_dict()
    out = {"name": expression, "text": str(module).replace("NonDynamicallyQuantizable", ""), "inputs": [],
           "state": [{"name": k, "dtype": str(v.dtype)[6:], "shape": list(v.shape), "sha256": sha(v)} for k, v in state.items()],
           "versions": [[k, v["version"]] for k, v in state._metadata.items()],
           "rng_state_sha256": hashlib.sha256(torch.get_rng_state().numpy().tobytes()).hexdigest()}
    torch.manual_seed(1)
    given = []
    for spec in eval(f"[{inputs}]"):
        classes, shape = spec if len(spec) == 2 and isinstance(spec[1], tuple) else (None, spec)
        given.append(torch.randn(shape) if classes is None else torch.rand(shape) if classes == "rand" else
                     torch.randint(0, 2, shape) * 2 - 1 if classes == "sign" else
                     labels(shape) if classes == "labels" else torch.randint(0, classes, shape))
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
    if type(module).__module__ == "torch.nn.modules.activation" and len(given) == 1 and given[0].dim() == 2:
        out["special"] = [special(module, dtype, numbers) for dtype, numbers in DTYPES.items()]
    return out


path = pathlib.Path(__file__).with_name("layers.json")
have = {}
if path.exists():
    have = {c["name"]: c for c in json.loads(path.read_text())["cases"]}
cases = [json.dumps(have.get(e) or case(e, i), separators=(",", ":")) for e, i in rows()]
path.write_text('{"made_with":"torch ' + torch.__version__ + '","cases":[\n' + ",\n".join(cases) + "\n]}\n")
