"""make_rnn.py: writes rnn.json, what torch's recurrent networks give, for rnn_test.cpp: output, last states and all gradients, of
plain, unbatched and packed inputs, with and without states to begin with.

A case: seed 0, the module; seed 1, x (with hx then h, and c); the loss (out^2).sum() + (h^3).sum() + (c^2).sum() / 2."""
import json
import pathlib

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.set_default_dtype(torch.float64)


def array(tensor):
    return {"dtype": str(tensor.dtype)[6:], "shape": list(tensor.shape),
            "data": [round(v, 10) if isinstance(v, float) else v for v in tensor.detach().contiguous().flatten().tolist()]}


def case(kind, options, shape, lengths=None, sorted=True, hx=False):
    torch.manual_seed(0)
    module = getattr(nn, kind)(3, 4, **options)
    torch.manual_seed(1)
    x = torch.randn(shape, requires_grad=True)
    directions = 2 if options.get("bidirectional") else 1
    rows, size = options.get("num_layers", 1) * directions, options.get("proj_size", 0) or 4
    batch = shape[0 if options.get("batch_first") else 1] if len(shape) == 3 else None
    state = lambda n: torch.randn((rows, n) if batch is None else (rows, batch, n), requires_grad=True)
    begin = [state(size)] + ([state(4)] if kind == "LSTM" else []) if hx else []
    given = (tuple(begin) if kind == "LSTM" else begin[0]) if hx else None
    first = options.get("batch_first", False)
    seen = x if lengths is None else pack_padded_sequence(x, torch.tensor(lengths), first, sorted)
    out, last = module(seen, given)
    out = out if lengths is None else pad_packed_sequence(out, first, 0.5)[0]
    h, c = last if kind == "LSTM" else (last, torch.zeros(()))
    ((out * out).sum() + (h ** 3).sum() + (c * c).sum() / 2).backward()
    return {"kind": kind, "options": options, "shape": list(shape), "lengths": lengths, "sorted": sorted, "hx": hx,
            "out": array(out), "h": array(h), "c": array(c), "grads": [array(t.grad) for t in [x] + begin],
            "parameters": {k: array(p.grad) for k, p in module.named_parameters()}}


both = {"bidirectional": True, "num_layers": 2}
cases = []
for kind in ("RNN", "LSTM", "GRU"):
    cases += [case(kind, {}, (3, 2, 3), hx=True),
              case(kind, {"batch_first": True, "bias": False}, (2, 3, 3)),
              case(kind, both, (3, 3), hx=True),
              case(kind, both, (4, 3, 3), [4, 2, 1], hx=True),
              case(kind, {**both, "batch_first": True}, (3, 5, 3), [2, 4, 1], False, True),
              case(kind, {}, (4, 3, 3), [3, 3, 2])]
cases += [case("RNN", {"nonlinearity": "relu", **both}, (3, 2, 3), hx=True),
          case("LSTM", {"proj_size": 2, **both}, (3, 2, 3), hx=True),
          case("LSTM", {"proj_size": 2, **both}, (4, 3, 3), [1, 4, 2], False, True)]
lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
pathlib.Path(__file__).with_name("rnn.json").write_text('{"made_with":"torch ' + torch.__version__ + '","cases":[\n' + lines + "\n]}\n")
