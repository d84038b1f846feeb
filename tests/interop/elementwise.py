"""elementwise.py PROGRAM: runs PROGRAM (elementwise.cpp), computes every line again with torch and compares dtype, shape and values:
to the bit for what is rounded once, within `ULPS` for the rest. Where harker refuses, torch must refuse, too, and the other way
round, but for what is listed in `stricter` with its reason. Exit code 77: there is no torch, neither here nor in the Python
that HARKER_JUDGE names."""
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
ULPS = 4
INEXACT = {"pow", "sqrt", "rsqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "sigmoid", "reciprocal", "erf", "silu", "gelu",
           "gelu_tanh", "softplus", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh", "log2", "log10", "exp2",
           "erfc", "erfinv", "lgamma", "digamma", "sinc", "deg2rad", "rad2deg", "logit", "atan2", "hypot", "logaddexp", "logaddexp2",
           "xlogy", "float_power"}
# torch computes these in float32, which leaves it up to so many units; harker in float64.
LOOSE = {"lgamma": 32, "digamma": 64, "logit": 16, "xlogy": 8, "logaddexp": 16, "logaddexp2": 16}
LEAST = {"sinc": 0.25}  # what units are at least those of: 2.0**-14, but sinc(2) is 1e-8 in torch
EPS = {torch.float32: 2.0**-23, torch.float64: 2.0**-52, torch.float16: 2.0**-10, torch.bfloat16: 2.0**-7}
SPECIAL = {
    "where": lambda x, y: torch.where(torch.ne(x, y), x, y),
    "clamp": lambda x, y: torch.clamp(x, y, y * 2) if torch.is_tensor(y) else torch.clamp(x, y, 3),
    "sub": lambda x, y: x - y,
    "div_trunc": lambda x, y: torch.div(x, y, rounding_mode="trunc"),
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
}
for name in ("silu", "gelu", "leaky_relu", "softplus"):
    SPECIAL[name] = getattr(F, name)


def number(text):
    return math.nan if text == "nan" else float.fromhex(text)


def value(text):
    kind, shape, values = text.split(":", 2)
    if kind == "real":
        return number(values)
    if kind in ("whole", "truth"):
        return int(values) if kind == "whole" else bool(int(values))
    dtype = getattr(torch, kind)
    numbers = [number(v) if dtype.is_floating_point else int(v) for v in values.split(",")[:-1]]
    return torch.tensor(numbers, dtype=torch.float64 if dtype.is_floating_point else torch.int64).to(dtype).reshape(
        [int(d) for d in shape.split(",")[:-1]])


def without_wrapping(op, operands):
    """Compared with -2, a uint8 is compared with 254 in torch, and with -2 in harker."""
    if op in ("eq", "ne", "lt", "le", "gt", "ge") and type(operands[1]) is int and operands[1] < 0 and operands[0].dtype == torch.uint8:
        return [operands[0].long(), operands[1]]
    return operands


def stricter(op, operands):
    """Why harker refuses what torch does, or None."""
    numbers = [v for v in operands if not torch.is_tensor(v)]
    tensors = [v for v in operands if torch.is_tensor(v)]
    if numbers and isinstance(numbers[0], int) and not isinstance(numbers[0], bool) and op in (
            "floor_divide", "remainder", "fmod", "div_trunc"):
        if tensors[0].dtype == torch.uint8 and numbers[0] < 0:
            return "an integer that the dtype does not hold"
    if op in ("pow",) and all(v.dtype == torch.bool for v in tensors) and (not numbers or isinstance(numbers[0], bool)):
        return "powers of bool"
    return None


def close(op, got, expected):
    if got.dtype != expected.dtype or got.shape != expected.shape:
        return False
    if op in ("gcd", "lcm"):  # of -128 in int8 torch's are negative
        got, expected = got.abs(), expected.abs()
    if not expected.dtype.is_floating_point:
        return bool((got == expected).all())
    same = (got == expected) | (got.isnan() & expected.isnan())
    if op == "gelu":
        same |= (got == math.inf) & expected.isnan()  # torch's vectors make NaN of float32's gelu(inf)
    if op in INEXACT:
        a, b = got.double(), expected.double()
        same |= (a - b).abs() <= LOOSE.get(op, ULPS) * EPS[got.dtype] * b.abs().clamp(min=LEAST.get(op, 2.0**-14))
    return bool(same.all())


def main():
    output = subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout
    lines = wrong = refused = 0
    for line in output.splitlines():
        op, *operands, result = line.split("\t")
        operands = without_wrapping(op, [value(v) for v in operands])
        lines += 1
        function = SPECIAL.get(op) or getattr(torch, op)
        try:
            expected = function(*operands)
        except (RuntimeError, TypeError) as error:
            expected = error
        if result.startswith("error:"):
            refused += 1
            if not isinstance(expected, Exception) and not stricter(op, operands):
                print(f"{op} {operands}: harker: {result}, torch: {expected}")
                wrong += 1
        elif isinstance(expected, Exception):
            print(f"{op} {operands}: harker: {result}, torch: {str(expected)[:120]}")
            wrong += 1
        elif not close(op, value(result), expected):
            print(f"{op} {operands}: harker: {value(result)}, torch: {expected}")
            wrong += 1
    print(f"{lines} cases compared with torch {torch.__version__}, {refused} of them refused, {wrong} wrong")
    sys.exit(wrong > 0 or lines < 1000)


main()
