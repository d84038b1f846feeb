"""printing.py PROGRAM: runs PROGRAM (printing.cpp) and compares the text of every tensor with torch's own. Exit code 77: there is no
torch, neither here nor in the Python that HARKER_JUDGE names."""
import math
import os
import subprocess
import sys

try:
    import torch
except ImportError:
    judge = os.environ.get("HARKER_JUDGE")
    if judge and os.path.abspath(judge) != sys.executable:
        os.execv(judge, [judge, *sys.argv])
    print("SKIPPED: no torch; HARKER_JUDGE names a Python that has it")
    sys.exit(77)


def value(text):
    dtype, shape, values = text.split(":", 2)
    dtype = getattr(torch, dtype)
    shape = [int(d) for d in shape.split(",")[:-1]]
    numbers = values.split(",")[:-1]
    if dtype.is_complex or dtype.is_floating_point:
        numbers = [math.nan if v == "nan" else float.fromhex(v) for v in numbers]
        t = torch.tensor(numbers, dtype=torch.float64)
        if dtype.is_complex:
            return torch.view_as_complex(t.reshape(-1, 2)).to(dtype).reshape(shape)
        return t.to(dtype).reshape(shape)
    return torch.tensor([int(v) for v in numbers], dtype=torch.int64).to(dtype).reshape(shape)


def main():
    output = subprocess.run([sys.argv[1]], check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = wrong = 0
    for line in output.splitlines():
        flags, tensor, text = line.split("\t")
        lines += 1
        t = value(tensor)
        if flags == "grad":
            t.requires_grad_()
        expected = repr(t).replace("\n", "\\n")
        if text != expected:
            wrong += 1
            if wrong < 20:
                print(f"harker: {text[:600]}\ntorch:  {expected[:600]}\n")
    print(f"{lines} tensors printed as torch {torch.__version__}, {wrong} wrong")
    sys.exit(wrong > 0 or lines < 1000)


main()
