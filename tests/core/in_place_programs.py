#!/usr/bin/env python3
"""Writes in_place_programs.json: small random programs of views and changes in place, with what PyTorch makes of them.

  in_place_programs.py [COUNT] [SEED] > in_place_programs.json     (needs torch)

A program is a list of steps on numbered tensors. 0: leaf (3,4), 1: leaf (4), both requiring grad; 2: zeros (3,4), 3: a
constant (3,4). A step makes a new tensor (mul, add, scale, select, slice, t, reshape, detach) or changes one in place
(names with _); "no_grad" before a step runs it unrecorded, but never a view: torch gives such a view of a leaf a
requires_grad of its own, and harker refuses what torch then loses (in_place_test.cpp). At the end the sum of some tensors times fixed weights is run
backward. Expected: the step that throws (or "backward"), else every tensor's values and requires_grad, and the gradients.
"""
import json
import random
import sys

import torch


def start():
    x = torch.arange(12, dtype=torch.float64).reshape(3, 4).div(8).sub(0.5).requires_grad_()
    w = torch.tensor([0.5, -1.0, 1.5, 2.0], dtype=torch.float64, requires_grad=True)
    return [x, w, torch.zeros(3, 4, dtype=torch.float64), torch.arange(12, dtype=torch.float64).reshape(3, 4).mul(0.25).add(1)]


def run_step(ts, step):
    op, *a = step
    if op == "no_grad":
        with torch.no_grad():
            return run_step(ts, a)
    t = ts[a[0]]
    if op == "mul": ts.append(t * ts[a[1]])
    elif op == "add": ts.append(t + ts[a[1]])
    elif op == "scale": ts.append(t * a[1])
    elif op == "select": ts.append(t.select(a[1], a[2]))
    elif op == "slice": ts.append(t[a[1]:a[2]:a[3]])
    elif op == "t": ts.append(t.t())
    elif op == "reshape": ts.append(t.reshape(a[1]))
    elif op == "detach": ts.append(t.detach())
    elif op == "add_": t.add_(ts[a[1]])
    elif op == "mul_": t.mul_(ts[a[1]])
    elif op == "scale_": t.mul_(a[1])
    elif op == "fill_": t.fill_(a[1])
    elif op == "copy_": t.copy_(ts[a[1]])
    elif op == "detach_": t.detach_()
    else: raise AssertionError(op)


def weight(t):
    n = t.numel()
    return torch.arange(1, n + 1, dtype=torch.float64).mul(0.125).reshape(t.shape)


def shares(a, b):
    return a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()


def broadcasts_to(src, shape):
    try:
        return torch.broadcast_shapes(src, shape) == torch.Size(shape)
    except RuntimeError:
        return False


def random_step(rng, ts):
    i = rng.randrange(len(ts))
    t = ts[i]
    kind = rng.random()
    if kind < 0.3:  # arithmetic
        j = rng.randrange(len(ts))
        try:
            torch.broadcast_shapes(t.shape, ts[j].shape)
        except RuntimeError:
            return None
        return [rng.choice(["mul", "add"]), i, j] if rng.random() < 0.8 else ["scale", i, rng.choice([0.5, -2.0, 3.0])]
    if kind < 0.6:  # views
        op = rng.choice(["select", "slice", "t", "reshape", "detach"])
        if op == "select" and t.dim():
            d = rng.randrange(t.dim())
            return [op, i, d, rng.randrange(t.shape[d])]
        if op == "slice" and t.dim() and t.shape[0] > 1:
            a = rng.randrange(t.shape[0])
            return [op, i, a, rng.randrange(a + 1, t.shape[0] + 1), rng.choice([1, 1, 2])]
        if op == "t" and t.dim() == 2:
            return [op, i]
        if op == "reshape" and t.numel() > 1 and t.is_contiguous():
            return [op, i, rng.choice([[t.numel()], [1, t.numel()], list(t.shape)])]
        if op == "detach" and rng.random() < 0.2:
            return [op, i]
        return None
    op = rng.choice(["add_", "mul_", "copy_", "add_", "mul_", "copy_", "scale_", "fill_", "detach_"])
    if op in ("scale_", "fill_"):
        return [op, i, rng.choice([0.5, -1.5, 2.0])]
    if op == "detach_":
        return [op, i] if rng.random() < 0.1 else None
    j = rng.randrange(len(ts))
    # A source that shares the target's memory: harker reads the old value, torch depends on the order.
    if shares(ts[j], t) or not broadcasts_to(ts[j].shape, t.shape):
        return None
    return [op, i, j]


def program(rng):
    ts, steps = start(), []
    for _ in range(rng.randrange(4, 12)):
        step = random_step(rng, ts)
        if step is None:
            continue
        if rng.random() < 0.12 and step[0] not in ("detach_", "select", "slice", "t", "reshape"):
            step = ["no_grad"] + step
        steps.append(step)
        try:
            run_step(ts, step)
        except RuntimeError as e:
            return {"steps": steps, "throws": len(steps) - 1, "torch": str(e)[:60]}
    tracked = [k for k in range(4, len(ts)) if ts[k].requires_grad] or [0]
    outputs = sorted(rng.sample(tracked, min(len(tracked), rng.randrange(1, 4))))
    if ts[2].requires_grad and rng.random() < 0.7 and 2 not in outputs:
        outputs = [2] + outputs
    out = {"steps": steps, "outputs": outputs, "requires_grad": [t.requires_grad for t in ts],
           "values": [t.detach().reshape(-1).tolist() for t in ts]}
    try:
        sum((ts[k] * weight(ts[k])).sum() for k in outputs).backward()
    except RuntimeError as e:
        out["throws"] = "backward"
        out["torch"] = str(e)[:60]
        return out
    out["grads"] = [None if ts[k].grad is None else ts[k].grad.reshape(-1).tolist() for k in (0, 1)]
    return out


def interesting(p):
    return any(s[0].endswith("_") or (s[0] == "no_grad" and s[1].endswith("_")) for s in p["steps"])


def main():
    count, seed = int((sys.argv + ["300"])[1]), int((sys.argv + ["", "1"])[2])
    rng, programs = random.Random(seed), []
    quota = {"forward": count // 6, "backward": count // 6}
    while len(programs) < count:
        p = program(rng)
        if not interesting(p):
            continue
        kind = "backward" if p.get("throws") == "backward" else "forward" if "throws" in p else "fine"
        if kind in quota:
            if quota[kind] == 0:
                continue
            quota[kind] -= 1
        programs.append(p)
    print(json.dumps({"torch": torch.__version__, "seed": seed, "programs": programs}, separators=(",", ":")).replace('{"steps"', '\n{"steps"'))


if __name__ == "__main__":
    main()
