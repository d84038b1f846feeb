#!/usr/bin/env python3
"""Writes choosing_table.json: what PyTorch makes of the expressions that stand in choosing_rows.h beside ours.

  choosing_table.py > choosing_table.json     (needs torch)

The inputs are made by formulas, here and in choosing_table_test.cpp. Expected: "throws"; or the dtype, shape and numbers of
each result, and the gradients of the sum of all floating-point results times weights, with respect to x, y, z, t, v and n.
"""
import json
import os
import re
import sys

import torch
import torch.nn.functional as F


def pattern(shape, a, m, f, dtype=torch.float64):
    n = 1
    for s in shape:
        n *= s
    return torch.tensor([f((a * i + 3) % m) for i in range(n)], dtype=dtype).reshape(shape)


def world():
    w = {
        "x": pattern((3, 4), 7, 12, lambda k: k / 4 - 1.25),
        "y": pattern((3, 4), 5, 12, lambda k: k / 8 - 0.5),
        "z": pattern((2, 3, 4), 11, 24, lambda k: k / 8 - 1.5),
        "t": pattern((3, 5), 7, 5, lambda k: k / 2 - 1),
        "v": pattern((6,), 5, 6, lambda k: k / 2 - 1),
        "n": pattern((3, 5), 4, 15, lambda k: float("nan") if k in (0, 7) else k / 4 - 2),
        "image": pattern((1, 2, 4, 5), 9, 40, lambda k: k / 8 - 2),
        "e": torch.zeros(0, 3, dtype=torch.float64),
        "s": torch.tensor(1.5, dtype=torch.float64),
    }
    for t in w.values():
        t.requires_grad_()
    w.update({
        "i": pattern((3, 4), 5, 3, lambda k: k, torch.int64),
        "k": pattern((6,), 7, 4, lambda k: k, torch.int64),
        "b": pattern((3, 4), 5, 3, lambda k: k == 1, torch.bool),
        "w": pattern((3, 4), 5, 7, lambda k: k - 3, torch.int64),
        "u": pattern((8,), 3, 5, lambda k: k, torch.uint8),
        "h": pattern((3, 4), 7, 12, lambda k: k / 4 - 1.25, torch.float32),
    })
    return w


def flat(r):
    if isinstance(r, torch.Tensor):
        return [r]
    return [t for part in r for t in flat(part)]


def number(v):
    if isinstance(v, float):
        return repr(v) if v != v or v in (float("inf"), float("-inf")) else v
    return v


def numbers(t):
    return [number(v) for v in t.detach().reshape(-1).tolist()]


def case(text):
    w = world()
    try:
        results = flat(eval(text, {"torch": torch, "F": F, **w}))
    except (RuntimeError, IndexError, ValueError, TypeError) as error:
        print(text, "->", str(error).split("\n")[0][:100], file=sys.stderr)
        return {"throws": True}
    r = {"out": [{"dtype": str(t.dtype)[6:], "shape": list(t.shape), "data": numbers(t)} for t in results]}
    total = None
    for t in results:
        if t.requires_grad:
            weight = torch.tensor([(5 * i % 7) / 4 - 0.5 for i in range(t.numel())], dtype=t.dtype).reshape(t.shape)
            total = (t * weight).sum() if total is None else total + (t * weight).sum()
    if total is not None:
        try:
            total.backward()
        except RuntimeError as error:
            print(text, ": no gradient:", error, file=sys.stderr)
            raise
        r["grads"] = {name: numbers(t.grad) for name, t in w.items() if t.grad is not None}
    return r


def main():
    rows = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "choosing_rows.h")).read()
    literals = re.findall(r'ROW\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)', rows)  # clang-format cuts long ones
    texts = ["".join(re.findall(r'"((?:[^"\\]|\\.)*)"', t)) for t in literals]
    assert len(texts) == len(set(texts)), [t for t in texts if texts.count(t) > 1]
    lines = [json.dumps(t) + ":" + json.dumps(case(t), separators=(",", ":")) for t in (u.replace('\\"', '"') for u in texts)]
    print('{"torch":%s,"cases":{\n%s\n}}' % (json.dumps(torch.__version__), ",\n".join(lines)))


if __name__ == "__main__":
    main()
