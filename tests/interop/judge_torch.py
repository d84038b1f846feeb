"""judge_torch.py PROGRAMS FOLDER: torch loads what harker wrote, with weights_only=True, with and without mmap, finds the same values, and
writes the same bytes for them:
every kind of value alone (interop_write_kinds), whole files (interop_write_files), and what harker made of torch's own fixtures
(interop_rewrite). What weights_only refuses must be exactly what harker warned of."""
import argparse
import collections
import importlib
import json
import math
import os
import pathlib
import subprocess
import sys
import warnings

import numpy
import torch

from same import difference, elements

FIXTURES = os.environ.get("HARKER_FIXTURES") or pathlib.Path(__file__).parents[1] / "fixtures"
problems = []


def expect(right, message):
    if not right:
        problems.append(str(message)[:500])


def load(path, **options):
    """The loaded object, or the error."""
    try:
        return torch.load(path, map_location="cpu", **options), None
    except Exception as error:  # pickle.UnpicklingError, RuntimeError, ...: any of them is a refusal
        return None, error


# --- What the expressions in write_kinds.cpp may use.


def counted(shape, dtype):
    n = math.prod(shape) * torch.empty(0, dtype=dtype).element_size()
    data = [i % 2 if dtype is torch.bool else (i * 37 + 11) % 120 for i in range(n)]
    return torch.tensor(data, dtype=torch.uint8).view(dtype).reshape(shape) if n else torch.empty(shape, dtype=dtype)


def attributes(of, **values):
    for name, value in values.items():
        setattr(of, name, value)
    return of


def deep(n):
    value = []
    for i in range(n):
        value = [value] if i % 2 else {"x": value}
    return value


def named(module, name):
    return getattr(importlib.import_module(module), name)


def float_qparams(ints, scales):
    q = torch._empty_per_channel_affine_quantized(ints.shape, scales=scales, zero_points=scales.clone(), axis=0, dtype=torch.quint8)
    q.untyped_storage().copy_(ints.untyped_storage())
    return q


def seeded(make):
    torch.manual_seed(0)
    return make()


def cyclic(*steps):
    return steps[-1]


NAMES = dict(argparse=argparse, attributes=attributes, Counter=collections.Counter, counted=counted, cyclic=cyclic, deep=deep,
             defaultdict=collections.defaultdict, deque=collections.deque, float_qparams=float_qparams, math=math, named=named,
             numpy=numpy, OrderedDict=collections.OrderedDict, Parameter=torch.nn.Parameter, seeded=seeded, torch=torch)


# Where torch writes other bytes, and why.
OTHER_BYTES = {
    "counter_attributes": "Python leaves a Counter's attributes out",
    "reference_torch.UntypedStorage": "Python writes the module where the class lies",
    "reference_storage": "torch.load has a stand-in for the class, which pickles otherwise",
    "reference_cuda_storage": "the same",
}
# Sets that hold a string: Python hashes strings anew in each run, so that torch writes the same bytes in most runs, or in few.
UNORDERED = {"sets", "frozenset"}


def judge_kinds(folder):
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    (folder / "torch").mkdir()
    loads = refusals = 0
    for case in index:
        name = case["name"]
        wanted = eval(case["python"], dict(NAMES))
        hopeless = case["warned"] and "always fails" in case["warned"]  # not even weights_only=False can
        _, error = load(folder / "plain" / f"{name}.pt", weights_only=True)
        expect((error is not None) == bool(case["warned"]), f"{name}: harker warned {case['warned']!r}, torch says {error}")
        expect(case["refused"] == bool(case["warned"]), f"{name}: weights_only_safe and the warning differ")
        refusals += error is not None
        theirs = folder / "torch" / f"{name}.pt"
        torch.save(wanted, theirs)
        identical = theirs.read_bytes() == (folder / "plain" / theirs.name).read_bytes()
        expect(name in UNORDERED or identical == (name not in OTHER_BYTES), f"{name}: torch.save writes {'the same' if identical else 'other'} bytes")
        for variant in ("plain", "aligned", "tight", "compact"):
            for mmap in (False, True):
                found, error = load(folder / variant / f"{name}.pt", weights_only=not case["warned"], mmap=mmap)
                if hopeless:
                    error = None if error else "loads, although it should always fail"
                elif error is None:
                    error = difference(found, wanted, whole_storages=variant != "compact")
                expect(error is None, f"{name} ({variant}, mmap={mmap}): {error}")
                loads += 1
    print(f"{len(index)} kinds of values, all but {len(OTHER_BYTES)} (and {len(UNORDERED)} sets) of them the bytes of torch.save; {loads} loads compared; {refusals} kinds are refused by weights_only, as harker warned")


def tensors(value, at=""):
    if isinstance(value, torch.Tensor):
        yield at, value
    elif isinstance(value, dict | list | tuple):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from tensors(item, f"{at}.{key}" if at else str(key))


def judge_files(folder):
    count = 0
    for path in sorted(folder.glob("*.expect.json")):
        wanted = json.loads(path.read_text(encoding="utf-8"))
        path = path.with_name(path.name.removesuffix(".expect.json") + ".pt")
        for mmap in (False, True):
            found = dict(tensors(torch.load(path, weights_only=True, mmap=mmap)))
            expect(sorted(found) == sorted(wanted), f"{path.name}: tensors {sorted(found)}")
            for name, t in wanted.items():
                f = found.get(name)
                facts = f is not None and [str(f.dtype), list(f.shape), elements(f.detach()).hex()]
                expect(facts == ["torch." + t["dtype"], t["shape"], t["bytes"]], f"{path.name}: {name} differs")
                count += 1
    print(f"{count} tensors in files compared")
    expect(count > 0, "there are no files")


def harmless(fixture):
    """Whether weights_only=False may load it: its description says that it must load, so it calls nothing."""
    description = fixture.with_name(fixture.name + ".expect.json")
    return description.exists() and json.loads(description.read_text(encoding="utf-8"))["loads"] is True


def judge_fixtures(folder):
    """What harker made of each fixture: folder/PATH, where it loaded it."""
    compared = {True: 0, False: 0}  # by weights_only
    for theirs in sorted(pathlib.Path(FIXTURES).rglob("*")):
        ours = folder / theirs.relative_to(FIXTURES)
        if not ours.is_file():
            continue
        safe = load(theirs, weights_only=True)[1] is None
        if not safe and not harmless(theirs):
            continue
        wanted, error = load(theirs, weights_only=safe)
        if error is not None or isinstance(wanted, torch.jit.ScriptModule):
            continue  # torch itself cannot, or TorchScript, of which harker keeps the weights
        for mmap in (False, True):
            found, error = load(ours, weights_only=safe, mmap=mmap)
            problem = error or difference(found, wanted)
            expect(not problem, f"{ours} (mmap={mmap}): {problem}")
        compared[safe] += 1
    print(f"{compared[True]} fixtures written again and compared, and {compared[False]} that weights_only refuses")
    expect(compared[True] > 100 or not pathlib.Path(FIXTURES).exists(), "too few fixtures were compared")


def main():
    programs, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(100000)
    for program, judge, arguments in (("write_kinds", judge_kinds, []), ("write_files", judge_files, []), ("rewrite", judge_fixtures, [FIXTURES])):
        made = folder / program
        made.mkdir()
        subprocess.run([programs / f"interop_{program}", *map(str, arguments), str(made)], check=True)
        judge(made)
    print("torch", torch.__version__)
    for p in problems[:50]:
        print("FAILED:", p)
    if problems:
        sys.exit(f"{len(problems)} problems")


main()
