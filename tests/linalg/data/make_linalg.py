#!/usr/bin/env python3
"""Writes linalg.json: torch's results and gradients for the expressions of ../torch_rows.h. Needs torch.

A row is {expression, input shapes and kind}; outputs are compared by their absolute values where `abs` is set (eigenvectors
have any sign). The gradients are those of sum(weight * output), the weights 1, 1/2, 1/3, ... in order.
"""
import json
import re
from pathlib import Path

import torch

here = Path(__file__).resolve().parent
torch.manual_seed(7)
L, inf = torch.linalg, float("inf")


def sample(shape, kind):
    if kind == "spd":
        x = torch.randn(shape, dtype=torch.float64)
        return x @ x.mT + 0.5 * torch.eye(shape[-1], dtype=torch.float64)
    if kind == "sym":
        x = torch.randn(shape, dtype=torch.float64)
        return x + x.mT
    return torch.randn(shape, dtype=torch.float64)


def flat(t):
    return {"shape": list(t.shape), "data": [float.hex(v) if v == v and abs(v) != inf else str(v) for v in t.double().flatten().tolist()]}


cases = []
for name, expression, shapes, kinds, absolute in re.findall(r'T\("(.*?)", "(.*?)", "(.*?)", "(.*?)", (true|false)', (here.parent / "torch_rows.h").read_text()):
    inputs = [sample(s, k).requires_grad_() for s, k in zip(eval(shapes), kinds.split())]
    outputs = eval(expression, {"torch": torch, "L": L, "inf": inf, "A": inputs[0], "B": inputs[-1]})
    outputs = [outputs] if isinstance(outputs, torch.Tensor) else list(outputs)
    if absolute == "true":
        outputs = [o.abs() for o in outputs]
    case = {"name": name, "torch": expression, "inputs": [flat(i.detach()) for i in inputs], "outputs": [flat(o.detach()) for o in outputs]}
    loss = sum((o / torch.arange(1, o.numel() + 1).reshape(o.shape)).sum() for o in outputs if o.requires_grad and o.numel())
    if isinstance(loss, torch.Tensor):
        try:
            case["grads"] = [flat(g) for g in torch.autograd.grad(loss, inputs)]
        except RuntimeError as error:  # torch 2.15's own cond of order 1 writes over what it saved
            print(name, "has no gradient in torch:", error)
    cases.append(case)
with open(here / "linalg.json", "w") as out:
    out.write('{"torch":"%s","cases":[\n' % torch.__version__ + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]}\n")
