"""layers.py PROGRAM: runs PROGRAM (layers.cpp), computes every line again with torch and compares results and gradients: indices and
counts exactly, numbers within TOLERANCE * max(1, largest expected magnitude). Where harker refuses, torch must refuse, too, and the
other way round, but for what is listed in `stricter` with its reason. Exit code 77: there is no torch, neither here nor in the
Python that HARKER_JUDGE names."""
import math
import os
import subprocess
import sys
import warnings

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    judge = os.environ.get("HARKER_JUDGE")
    if judge and os.path.abspath(judge) != sys.executable:
        os.execv(judge, [judge, *sys.argv])
    print("SKIPPED: no torch; HARKER_JUDGE names a Python that has it")
    sys.exit(77)

warnings.simplefilter("ignore")
torch.set_num_threads(1)
TOLERANCE = {torch.float32: 2e-6, torch.float64: 1e-12, torch.float16: 1e-2, torch.bfloat16: 8e-2}


def number(text):
    return math.nan if text == "nan" else float.fromhex(text)


def tensor(text):
    kind, shape, values = text.split(":", 2)
    dtype = getattr(torch, kind)
    numbers = [number(v) if dtype.is_floating_point else int(v) for v in values.split(",")[:-1]]
    return torch.tensor(numbers, dtype=torch.float64 if dtype.is_floating_point else torch.int64).to(dtype).reshape(
        [int(d) for d in shape.split(",")[:-1]])


def stricter(expression, inputs, error):
    """Why harker refuses what torch does, or None."""
    x = inputs.get("x")
    if "steps over all" in error:
        return "a window that meets no element"
    if "softmin" in expression and x.numel() == 0:
        return "a softmax of no integers"
    if ("conv" in expression or "pool" in expression) and x is not None and x.numel() == 0:
        return "an empty batch"
    return None


def looser(expression, inputs, error):
    """Why harker does what torch refuses, or None."""
    if "not implemented for" in error or "does not support bool" in error or "not support bool" in error:
        return "torch has no such kernel"
    if "instance_norm" in expression and inputs["x"].numel() == 0:
        return "running statistics of no sample stay"
    if "ScatterAddBackward0" in error:
        return "the gradient of a source that is larger than the index"
    return None


def difference(got, expected):
    """0 where equal, else by how many times the tolerance they differ."""
    if got.dtype != expected.dtype or got.shape != expected.shape:
        return math.inf
    if not expected.dtype.is_floating_point:
        return 0.0 if bool((got == expected).all()) else math.inf
    a, b = got.double(), expected.double()
    same = (a == b) | (a.isnan() & b.isnan())
    finite = b[b.isfinite()]
    scale = max(1.0, finite.abs().max().item() if finite.numel() else 1.0)
    d = (a - b).abs()[~same]
    if d.numel() == 0:
        return 0.0
    return math.inf if not bool(d.isfinite().all()) else d.max().item() / scale / TOLERANCE[expected.dtype]


def main():
    output = subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout
    lines = wrong = refused = 0
    reasons, worst = {}, {}
    for line in output.splitlines():
        expression, *fields = line.split("\t")
        lines += 1
        inputs, outputs, gradients, after, weight, error = {}, [], {}, {}, None, None
        for field in fields:
            kind, rest = field.split(" ", 1)
            if kind == "in":
                name, text = rest.split("=", 1)
                inputs[name] = tensor(text.lstrip("*"))
                if text.startswith("*"):
                    inputs[name].requires_grad_()
            elif kind == "out":
                outputs.append(tensor(rest))
            elif kind == "weight":
                weight = tensor(rest)
            elif kind in ("grad", "after"):
                name, text = rest.split("=", 1)
                (gradients if kind == "grad" else after)[name] = None if text == "none" else tensor(text)
            elif kind == "error":
                error = rest
        shown = f"{expression} with { {k: (v.dtype, list(v.shape)) for k, v in inputs.items()} }"
        try:
            expected = eval(expression, {"torch": torch, "F": F}, inputs)
            expected = list(expected) if isinstance(expected, (tuple, list)) else [expected]
            if weight is not None:
                (expected[0] * weight).sum().backward()
        except (RuntimeError, TypeError, IndexError, ValueError) as e:
            if error is None and not looser(expression, inputs, str(e)):
                print(f"{shown}: torch refuses: {str(e)[:150]}")
                wrong += 1
            refused += error is not None
            continue
        if error is not None:
            refused += 1
            reason = stricter(expression, inputs, error)
            if reason is None:
                print(f"{shown}: harker refuses: {error}, torch gives {expected}")
                wrong += 1
            else:
                reasons[reason] = reasons.get(reason, 0) + 1
            continue
        pairs = [(f"result {i}", a, b) for i, (a, b) in enumerate(zip(outputs, expected))]
        pairs += [(f"gradient of {k}", v, inputs[k].grad) for k, v in gradients.items()]
        pairs += [(f"{k} afterwards", v, inputs[k]) for k, v in after.items()]
        if len(outputs) != len(expected):
            print(f"{shown}: {len(outputs)} results, torch has {len(expected)}")
            wrong += 1
        if expression.startswith(("x.var", "x.std")) and bool(expected[0].detach().isnan().any()):
            pairs = pairs[:1]  # too few elements for the correction: torch's gradient is NaN, infinite or 0
        x = inputs.get("x")
        if expression == "x.prod()" and x.dtype.is_floating_point and not bool(x.isfinite().all()) and bool((x == 0).any()):
            pairs = pairs[:1]  # torch's gradient is 0 where there are two zeros, whatever stands beside them
        for what, a, b in pairs:
            if (a is None) != (b is None):
                d = math.inf
            else:
                d = 0.0 if a is None else difference(a, b.detach())
            function = expression.split("(")[0]
            worst[function] = max(worst.get(function, 0.0), d)
            if d > 1:
                print(f"{shown}: {what}: off by {d:.3g} tolerances: harker {a}, torch {b}, inputs {inputs}"[:900])
                wrong += 1
    print("worst, in tolerances:", {k: round(v, 3) for k, v in sorted(worst.items())})
    print(f"{lines} cases compared with torch {torch.__version__}, {refused} of them refused {reasons or ''}, {wrong} wrong")
    sys.exit(wrong > 0 or lines < 2000)


main()
