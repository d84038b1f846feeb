#!/usr/bin/env python3
"""Writes index_programs.json: random lists of indices, as x[...], x[...] = value and index_put_ take them, with what PyTorch
makes of them.

  index_programs.py [COUNT] [SEED] > index_programs.json     (needs torch)

x is arange(n) of float64 in some shape, or (strided) a permuted view of that. A program has "x" (its shape), "strided",
"index", and, when it writes, "value" (its shape: arange(m) + 1000) and "accumulate". An index is null (None), "...", an
integer, true or false, {"slice": [start, stop, step]} with nulls, {"at": [...], "shape": [...]}, the same with "mask".
Expected: "throws", or "shape" and "out", and the gradients of sum(out * (1, 2, 3, ...)) in "dx" and "dv". Programs that
write two values to one place are left out unless they add: what torch does then is not defined.
"""
import json
import random
import sys

import torch


def count(shape):
    n = 1
    for s in shape:
        n *= s
    return n


def tensor_index(kind, shape, rnd, size, wrong):
    n = count(shape)
    if kind == "mask":
        return {"mask": [int(rnd.random() < 0.5) for _ in range(n)], "shape": shape}
    at = [rnd.randint(-size, size - 1) if size else 0 for _ in range(n)]
    if wrong and at:
        at[rnd.randrange(len(at))] = rnd.choice([size, -size - 1])
    return {"at": at, "shape": shape}


def program(rnd):
    rank = rnd.choice([0, 1, 1, 2, 2, 2, 3, 3, 3, 4])
    shape = [rnd.choice([0, 1, 2, 2, 3, 3, 4]) if rnd.random() < 0.9 else 5 for _ in range(rank)]
    index, d, ellipsis = [], 0, False
    common = rnd.choice([[], [1], [2], [2], [3], [2, 1], [1, 2], [2, 2], [0]])  # what the index tensors broadcast to
    wrong = rnd.random() < 0.06
    while d < rank + (wrong and rnd.random() < 0.3):
        size = shape[d] if d < rank else 2
        r = rnd.random()
        if r < 0.12:
            index.append(None)
            continue
        if r < 0.2 and not ellipsis:
            index.append("...")
            ellipsis = True
            d += rnd.randint(0, rank - d) if d < rank else 0
            continue
        if r < 0.24:
            index.append(rnd.random() < 0.8)
            continue
        if r < 0.3:
            break
        if r < 0.45:
            index.append(rnd.randint(-size, size - 1) if size and not wrong else size)
        elif r < 0.65:
            bounds = [None if rnd.random() < 0.4 else rnd.randint(-size - 1, size + 1) for _ in range(2)]
            index.append({"slice": bounds + [rnd.choice([None, 1, 1, 2, 3])]})
        elif r < 0.72 and d < rank:
            k = rnd.choice([1, 1, 2]) if d + 1 < rank else 1
            index.append(tensor_index("mask", shape[d:d + k], rnd, size, False))
            d += k - 1
        else:
            own = [rnd.choice([s, s, 1]) for s in common]
            if own and rnd.random() < 0.2:
                own = own[1:]
            index.append(tensor_index("at", own, rnd, size, wrong))
        d += 1
    p = {"x": shape, "strided": rnd.random() < 0.3, "index": index}
    if rnd.random() < 0.5:
        p["accumulate"] = rnd.random() < 0.4
    return p


def python_index(i):
    if i == "...":
        return Ellipsis
    if isinstance(i, dict):
        if "slice" in i:
            return slice(*i["slice"])
        if "mask" in i:
            return torch.tensor(i["mask"], dtype=torch.bool).reshape(i["shape"])
        return torch.tensor(i["at"], dtype=torch.int64).reshape(i["shape"])
    return i


def start(p):
    x = torch.arange(count(p["x"]), dtype=torch.float64).requires_grad_()
    if p["strided"]:
        return x, x.reshape(p["x"][::-1]).permute(list(range(len(p["x"]) - 1, -1, -1)))
    return x, x.reshape(p["x"])


def numbers(t):
    return [int(v) for v in t.reshape(-1).tolist()]


def value_shape(part, rnd):
    shape = [s if rnd.random() < 0.75 else 1 for s in part]
    while shape and shape[0] == 1 and rnd.random() < 0.5:
        shape = shape[1:]
    if rnd.random() < 0.1:
        shape = [1] + shape
    return shape + [7] if rnd.random() < 0.05 else shape


def run(p, rnd):
    index = tuple(python_index(i) for i in p["index"])
    x, seen = start(p)
    try:
        out = part = seen[index]
    except (IndexError, RuntimeError, ValueError):
        return {"throws": True}
    v = None
    if "accumulate" in p:
        if not p["accumulate"] and len(set(numbers(part))) != part.numel():
            return None
        p["value"] = value_shape(part.shape, rnd)
        v = (torch.arange(count(p["value"]), dtype=torch.float64) + 1000).requires_grad_()
        value = v.reshape(p["value"])
        out = seen.clone()
        try:
            if p["accumulate"]:  # x.index_put_(..., accumulate=True), which Python has only for index tensors
                torch.zeros_like(out)[index] = value.detach()  # does it fit?
                while value.dim() > part.dim():
                    value = value[0]
                places = torch.arange(out.numel()).reshape(out.shape)[index]
                zeros = torch.zeros(out.numel(), dtype=torch.float64)
                added = zeros.index_add(0, places.reshape(-1), value.expand(places.shape).reshape(-1))
                out = out + added.reshape(out.shape)
            else:
                out[index] = value
        except (IndexError, RuntimeError, ValueError):
            return {"throws": True}
    if out.numel() > 60 or part.numel() > 60:
        return None
    (out * torch.arange(1, out.numel() + 1, dtype=torch.float64).reshape(out.shape)).sum().backward()
    gradient = lambda t: numbers(t.grad) if t.grad is not None else [0] * t.numel()
    r = {"shape": list(out.shape), "out": numbers(out), "dx": gradient(x)}
    if v is not None:
        r["dv"] = gradient(v)
    return r


def main():
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    rnd = random.Random(seed)
    lines = []
    while len(lines) < wanted:
        p = program(rnd)
        r = run(p, rnd)
        if r is not None and p["index"]:
            lines.append(json.dumps({**p, **r}, separators=(",", ":")))
    print('{"torch":%s,"seed":%d,"programs":[\n%s\n]}' % (json.dumps(torch.__version__), seed, ",\n".join(lines)))


if __name__ == "__main__":
    main()
