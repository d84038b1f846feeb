"""math_cases.py: computes the rows of math_rows.h with torch, and writes their results and gradients to math_cases.json. The inputs
are made by a formula that math_test.cpp has too; the gradients are those of the sum of the result times `weights`."""
import json
import math
import pathlib
import re
import warnings

import torch
import torch.nn.functional as F

warnings.simplefilter("ignore")
HERE = pathlib.Path(__file__).parent
DTYPES = {"d": torch.float64, "f": torch.float32, "h": torch.float16, "b": torch.bfloat16, "l": torch.int64, "i": torch.int32,
          "u": torch.uint8, "B": torch.bool}
SPECIAL = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.5, 1e-30, -700.0]
WIDE = [1e-30, -1e-5, 0.03125, 0.5, -0.75, 1.5, 3.0, -4.25, 10.5, 100.0, 3e4, 1e8]


def number(i, which, kind):
    v = ((i * 37 + which * 11 + 5) % 129 - 64) / 32
    if kind == "p":
        return abs(v) + 1 / 32
    if kind == "u":
        return v * 15 / 32
    if kind == "o":
        return abs(v) + 17 / 16
    return SPECIAL[i % 12] if kind == "s" else WIDE[i % 12] if kind == "w" else v


def given(text, which, grads):
    letter, shape, kind = (text + ":").split(":")[:3]
    sizes = [int(n) for n in shape.split("x") if n]
    values = [number(i, which, kind) for i in range(math.prod(sizes))]
    dtype = DTYPES[letter]
    if not dtype.is_floating_point:
        values = [int(math.ceil(v)) if kind == "p" else int(v * 2) for v in values]
        values = [abs(v) for v in values] if dtype == torch.uint8 else [v > 0 for v in values] if dtype == torch.bool else values
    t = torch.tensor(values, dtype=torch.float64 if dtype.is_floating_point else torch.int64).to(dtype).reshape(sizes)
    return t.requires_grad_() if grads and dtype.is_floating_point else t


def text(v):
    return v if isinstance(v, (int, bool)) else "nan" if math.isnan(v) else v.hex() if math.isfinite(v) else str(v)


def numbers(t):
    return [text(v) for v in ([0.0] * t.numel() if t._is_zerotensor() else t.detach().flatten().tolist())]


def main():
    cases = {}
    for expression, inputs in re.findall(r'ROW\("([^"]*)", "([^"]*)"', (HERE / "math_rows.h").read_text()):
        grads = not inputs.startswith("-")
        tensors = [given(t, k, grads) for k, t in enumerate(inputs.lstrip("-").split(" "))]
        z = eval(expression, {"torch": torch, "F": F, **dict(zip("abc", tensors))})
        case = {"dtype": str(z.dtype)[6:], "shape": list(z.shape), "values": numbers(z)}
        if grads and z.requires_grad:
            weights = torch.tensor([((i * 7 + 3) % 5 + 1) / 4 for i in range(z.numel())], dtype=z.dtype).reshape(z.shape)
            (z * weights).sum().backward()
            case["grads"] = [None if t.grad is None else numbers(t.grad) for t in tensors]
        cases[f"{expression} of {inputs}"] = case
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(case, separators=(',', ':'))}" for name, case in cases.items())
    (HERE / "math_cases.json").write_text("{\n" + lines + "\n}\n")
    print(len(cases), "cases")


main()
