"""judge_convert.py PROGRAMS FOLDER: Tensor::to among all dtypes, and load_state_dict into models of other dtypes, give torch's bits: for
every number of 8 and 16 bits, and for the larger dtypes random bits, the neighbours of powers of two, and what lies at and beside the
middle between neighbours of each smaller float.

Where C++ leaves float -> integer undefined (NaN, and what does not fit), torch gives what its processor happens to, which differs even
between its vectorised and its plain loop: such elements are counted, not compared. NaNs are compared as NaNs, without sign and payload,
for the same reason."""
import math
import pathlib
import random
import subprocess
import sys
import warnings

import torch

NAMES = """float32 float64 float16 bfloat16 uint8 int8 int16 int32 int64 bool uint16 uint32 uint64 complex32 complex64 complex128
    float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu float4_e2m1fn_x2""".split()
INTEGERS = {"uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64"}
UNSIGNED_BITS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


def dtype(name):
    return getattr(torch, name)


def all_bits(name):
    """Every number of 8 or 16 bits."""
    if torch.empty(0, dtype=dtype(name)).element_size() == 1:
        return torch.arange(256, dtype=torch.uint8).view(dtype(name))
    return torch.arange(-32768, 32768, dtype=torch.int32).to(torch.int16).view(dtype(name))


def turning_points():
    """Doubles at which a conversion to something smaller changes its mind."""
    found = [0.0, -0.0, math.inf, -math.inf, math.nan]
    for name in NAMES:
        if not name.startswith(("float8", "float16", "bfloat16")):
            continue
        values = all_bits(name).to(torch.float64)
        values = values[torch.isfinite(values)].unique()
        middles = (values[1:] + values[:-1]) / 2
        if len(values) > 4000:
            some = torch.randperm(len(middles))[:2000]
            values, middles = (torch.cat([t[some], t[:200], t[-200:]]) for t in (values, middles))
        for factor in (1, 1 + 2**-22, 1 - 2**-22, 1 + 2**-40):
            found += (middles * factor).tolist()
        beyond = torch.tensor([1 + 2**-12, 1 + 2**-6, 1 + 2**-5, 1 + 2**-4, 1.125, 1.25, 1.5, 2, 4]) * values.abs().max()
        found += values.tolist() + beyond.tolist() + (-beyond).tolist()
    for bit in (7, 8, 15, 16, 31, 32, 53, 63, 64):
        power = 2.0**bit
        for off in (-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2):
            found += [power + off, -power + off]
        found += [power * (1 - 2**-24), -power * (1 - 2**-24), power * (1 - 2**-53), power * (1 + 2**-23)]
    return torch.tensor(found, dtype=torch.float64)


def integers(name):
    low, high = torch.iinfo(dtype(name)).min, torch.iinfo(dtype(name)).max
    values = {0, low, high}
    for bit in range(65):
        for value in [2**bit + off for off in range(-3, 4)] + [random.getrandbits(bit) for _ in range(50)]:
            values |= {v for v in (value, -value) if low <= v <= high}
    values = sorted(values)
    if name == "uint64":
        return torch.tensor([v - 2**64 if v >= 2**63 else v for v in values], dtype=torch.int64).view(torch.uint64)
    return torch.tensor(values, dtype=dtype(name))


def make_grid():
    points = turning_points()
    floats = torch.cat([points.float(), torch.randint(-(2**31), 2**31, (20000,)).to(torch.int32).view(torch.float32)])
    doubles = torch.cat([points, torch.randint(-(2**63), 2**63 - 1, (20000,)).view(torch.float64)])
    parts = {"complex32": all_bits("float16"), "complex64": floats, "complex128": doubles}
    grid = {}
    for name in NAMES:
        if name in parts:
            pairs = parts[name][torch.randint(0, len(parts[name]), (20000, 2))]
            grid[name] = torch.view_as_complex(pairs.contiguous())
        elif name in ("float32", "float64"):
            grid[name] = floats if name == "float32" else doubles
        elif name in INTEGERS and torch.iinfo(dtype(name)).bits > 16:
            grid[name] = integers(name)
        else:
            grid[name] = torch.tensor([False, True] * 9) if name == "bool" else all_bits(name)
    return grid


def real(t):
    return torch.view_as_real(t) if t.is_complex() else t


def same(a, b):
    """Element by element: equal bits, or both NaN."""
    a, b = real(a), real(b)
    bits = UNSIGNED_BITS[a.element_size()]
    equal = a.contiguous().view(bits) == b.contiguous().view(bits)
    if a.is_floating_point():
        equal |= torch.isnan(a.to(torch.float64)) & torch.isnan(b.to(torch.float64))
    return equal.all(-1) if equal.dim() > 1 else equal


def is_defined(source, to):
    """Which elements C++ defines the conversion of. Torch takes uint8 by way of int64."""
    if to not in INTEGERS or not real(source).is_floating_point():
        return torch.ones(len(source), dtype=torch.bool)
    value = real(source).to(torch.float64)
    value = (value[:, 0] if source.is_complex() else value).trunc()
    limits = torch.iinfo(torch.int64 if to == "uint8" else dtype(to))
    return (value >= float(limits.min)) & (value < float(limits.max + 1))


def main():
    programs, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    random.seed(0)
    grid = make_grid()
    states = {}
    for name, values in grid.items():
        if name != "float4_e2m1fn_x2":  # torch has no copy_ for it
            states[name] = {"weight": values[-9:-3].reshape(2, 3), "bias": values[:2]}
    torch.save({"grid": grid, "states": states}, folder / "in.pt")
    subprocess.run([programs / "interop_convert", folder / "in.pt", folder / "out.pt"], check=True)
    out = torch.load(folder / "out.pt", weights_only=True)

    problems, compared, undefined, undefined_equal = [], 0, 0, 0
    for name, source in grid.items():
        for to in NAMES:
            ours = out["grid"][name][to]
            try:
                theirs = source.to(dtype(to))
            except NotImplementedError as error:
                theirs = str(error)
            if isinstance(ours, str) or isinstance(theirs, str):
                if type(ours) is not type(theirs):
                    problems.append(f"{name} -> {to}: harker: {ours}, torch: {theirs}")
                continue
            if name == to == "float4_e2m1fn_x2":
                ours, theirs = ours.view(torch.uint8), theirs.view(torch.uint8)
            equal, defined = same(ours, theirs), is_defined(source, to)
            wrong = (~equal & defined).nonzero().flatten().tolist()
            if wrong:
                first = wrong[0]
                problems.append(f"{name} -> {to}: {len(wrong)} of {len(source)} differ: {real(source)[first].tolist()} "
                                f"is {real(ours)[first].tolist()}, torch: {real(theirs)[first].tolist()}")
            compared += int(defined.sum())
            undefined += int((~defined).sum())
            undefined_equal += int((equal & ~defined).sum())

    models = 0
    for name, state in states.items():
        for to, ours in out["models"][name].items():
            if state["weight"].is_complex():
                if not isinstance(ours, str):  # torch drops the imaginary part with a warning; harker refuses on purpose
                    problems.append(f"{name} is loaded into a model of {to}")
                continue
            model = torch.nn.Linear(3, 2, dtype=dtype(to))
            model.load_state_dict(state)
            if isinstance(ours, str):
                problems.append(f"a state of {name} into a model of {to}: {ours}")
                continue
            for key, theirs in model.state_dict().items():
                if ours[key].dtype != theirs.dtype or not bool(same(ours[key], theirs).all()):
                    problems.append(f"a state of {name} into a model of {to}: {key} is {ours[key]}, torch: {theirs}")
            models += 1
    print(f"{compared} conversions compared, {models} states loaded into models of another dtype; {undefined} conversions are "
          f"undefined ({undefined_equal} of them equal torch's here); torch {torch.__version__}")
    for p in problems[:50]:
        print("FAILED:", p)
    if problems:
        sys.exit(f"{len(problems)} problems")


main()
