"""What a sample of torch's op_db is to both sides: a case that the program reads (main.cpp), and what torch makes of it."""
import dataclasses
import random

import numpy as np
import torch
from torch.utils import _pytree as pytree

MOST_ELEMENTS = 60_000


class NotHere(Exception):
    """The sample has something that is not harker's: complex numbers, sparse layouts, other devices."""


@dataclasses.dataclass
class Expected:
    sample: object
    out: list = None  # tensors
    rg: list = None  # whether each requires grad
    g: list = None  # of each leaf
    gg: list = None  # of each leaf and of each gradient that came in
    refused: str = None


def encode(x, leaves, memo):
    """A copy in the same geometry that no call changes; what harker's files have no words for as words or dicts."""
    if isinstance(x, torch.Tensor):
        if id(x) not in memo:
            if x.layout is not torch.strided or x.device.type != "cpu" or x.dtype.is_complex or x.dim() > 64:
                raise NotHere(f"{x.layout} {x.dtype} on {x.device}")
            t = x.detach().resolve_neg()
            t = torch.empty(0, dtype=t.dtype).set_(t.untyped_storage().clone(), t.storage_offset(), t.shape, t.stride())
            if x.requires_grad:
                leaves.append((x, t))
            memo[id(x)] = (x, t)
        return memo[id(x)][1]
    if isinstance(x, complex):
        raise NotHere("complex number")
    if isinstance(x, (bool, int, float, str, torch.dtype)) or x is None:
        return x
    if isinstance(x, np.generic):
        return x.item()
    if isinstance(x, slice):
        return {"slice": [encode(v, leaves, memo) for v in (x.start, x.stop, x.step)]}
    if x is Ellipsis:
        return "..."
    if isinstance(x, (torch.memory_format, torch.layout, torch.device)):
        return str(x)
    if isinstance(x, torch.nn.Module):
        return type(x).__name__
    if isinstance(x, tuple):
        return tuple(encode(v, leaves, memo) for v in x)
    if isinstance(x, list):
        return [encode(v, leaves, memo) for v in x]
    if isinstance(x, dict):
        return {k: encode(v, leaves, memo) for k, v in x.items()}
    raise NotHere(type(x).__name__)


def noise(like, seed):
    return torch.randn(like.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)).to(like.dtype)


def tensors_of(result):
    out = []
    for leaf in pytree.tree_leaves(result):
        if isinstance(leaf, (bool, int, float)):
            leaf = torch.tensor(leaf, dtype=torch.float64 if isinstance(leaf, float) else None)
        if isinstance(leaf, torch.Tensor):
            if leaf.dtype.is_complex or leaf.layout is not torch.strided:
                raise NotHere("complex or sparse result")
            out.append(leaf)
        elif leaf is not None:
            raise NotHere("result of type " + type(leaf).__name__)
    return out


def plain(tensors):
    return [t if t is None else t.detach().clone(memory_format=torch.contiguous_format) for t in tensors]


def seed_all(n):
    torch.manual_seed(n)
    random.seed(n)
    np.random.seed(n)


def make_case(name, f, sample, second):
    """The case and what torch makes of it. `second`: with second derivatives."""
    pairs, memo = [], {}
    case = {"op": name, "args": [encode(a, pairs, memo) for a in (sample.input, *sample.args)],
            "kwargs": {k: encode(v, pairs, memo) for k, v in sample.kwargs.items()}}
    if sum(t.numel() for _, t in memo.values()) > MOST_ELEMENTS:
        raise NotHere("too large")
    case["leaves"] = [t for _, t in pairs]
    leaves = [x for x, _ in pairs]
    e = Expected(sample)
    torch.manual_seed(42)
    try:
        result = f(sample.input, *sample.args, **sample.kwargs)
    except Exception as error:  # whatever it is, torch refuses
        e.refused = f"{type(error).__name__}: {error}"
        return case, e
    out = tensors_of(result)
    if sum(t.numel() for t in out) > 4 * MOST_ELEMENTS:
        raise NotHere("too large")
    e.out, e.rg = plain(out), [t.requires_grad for t in out]
    if leaves and any(e.rg):
        cots = [noise(t, 1000 + i).requires_grad_(second) if t.requires_grad else None for i, t in enumerate(out)]
        roots, coming = [t for t in out if t.requires_grad], [c for c in cots if c is not None]
        try:
            g = torch.autograd.grad(roots, leaves, coming, allow_unused=True, create_graph=second)
        except Exception:  # torch has no derivative
            return case, e
        case["cot"], e.g = plain(cots), plain(g)
        v = [noise(t, 2000 + i) if t is not None and t.requires_grad else None for i, t in enumerate(g)]
        if second and any(t is not None for t in v):
            try:
                gg = torch.autograd.grad([t for t in g if t is not None and t.requires_grad], leaves + coming,
                                         [t for t in v if t is not None], allow_unused=True)
            except Exception:  # nor a second one
                return case, e
            case["v"], e.gg = v, plain(gg)
    return case, e
