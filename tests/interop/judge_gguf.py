"""judge_gguf.py PROGRAMS FOLDER: files of the package gguf come back byte for byte from harker, but for what names a dict's class, and
its reader finds in what harker writes of NumPy's arrays what they are."""
import pathlib
import subprocess
import sys

import gguf
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent


def fail(message):
    print("FAILED:", message)
    sys.exit(1)


def expect(right, message):
    if not right:
        fail(message)


def main():
    programs, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    subprocess.run([sys.executable, ROOT / "serialize" / "data" / "make_gguf.py"], check=True, cwd=folder)
    arrays = {f"{code}.{i}": np.arange(np.prod(shape)).reshape(shape).astype(code)
              for code in ("f2", "f4", "f8", "i1", "i2", "i4", "i8") for i, shape in enumerate([(), (3,), (2, 3), (0, 3), (2, 1, 3, 2)])}
    np.savez(folder / "arrays.npz", **arrays)
    subprocess.run([programs / "interop_recode", folder, "gguf"], check=True)
    expect((folder / "small.gguf").read_bytes() == (folder / "small.again.gguf").read_bytes(), "small.gguf: other bytes")
    reader = gguf.GGUFReader(folder / "arrays.again.gguf")
    found = {t.name: t.data for t in reader.tensors}
    expect(sorted(found) == sorted(arrays), f"arrays: {sorted(found)}")
    for name, a in arrays.items():
        expect(found[name].dtype == a.dtype and found[name].shape == a.shape and found[name].tobytes() == a.tobytes(), f"{name}: other")
    turned, straight = gguf.GGUFReader(folder / "big_endian.gguf"), gguf.GGUFReader(folder / "big_endian.again.gguf")
    for a, b in zip(turned.tensors, straight.tensors):
        expect(a.name == b.name and a.data.shape == b.data.shape and (a.data == b.data).all(), f"{a.name}: other, turned round")
    for name, field in turned.fields.items():
        if not name.startswith("GGUF."):
            expect(straight.fields[name].contents() == field.contents(), f"{name}: {straight.fields[name].contents()}")
    print(f"{len(arrays) + len(turned.tensors)} tensors: gguf of PyPI")


main()
