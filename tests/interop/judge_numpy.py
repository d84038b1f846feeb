"""judge_numpy.py PROGRAMS FOLDER: arrays of every dtype, order and shape that NumPy saves come back byte for byte from harker, and
numpy.load reads what harker makes of them."""
import io
import pathlib
import subprocess
import sys
import zipfile

import numpy as np

CODES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]
SHAPES = [(), (0,), (3,), (2, 3), (3, 1, 2), (0, 4)]


def fail(message):
    print("FAILED:", message)
    sys.exit(1)


def expect(right, message):
    if not right:
        fail(message)


def arrays():
    random = np.random.default_rng(0)
    for code in CODES:
        for shape in SHAPES:
            a = np.frombuffer(random.bytes(np.dtype(code).itemsize * int(np.prod(shape))), code).reshape(shape)
            if code == "?":
                a = a.view("u1") % 2 == 1
            yield a
            if a.ndim > 1:
                yield np.asfortranarray(a)
    yield np.arange(6, dtype=">f4").reshape(2, 3)
    yield np.asfortranarray(np.arange(6, dtype=">i8").reshape(2, 3))


def main():
    programs, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    all_arrays = {f"a/{i}.{a.dtype.name}": a for i, a in enumerate(arrays())}
    for i, a in enumerate(all_arrays.values()):
        np.save(folder / f"{i}.npy", a)
    native = {k: a for k, a in all_arrays.items() if a.dtype.byteorder != ">"}
    np.savez(folder / "stored.npz", **native, **{"Gr\u00fc\u00dfe": np.arange(3)})
    np.savez_compressed(folder / "compressed.npz", **all_arrays, names=np.array(["a", "b"]), pairs=np.zeros(2, [("x", "f4"), ("y", "i2", 3)]))
    subprocess.run([programs / "interop_recode", folder, "npy", "npz", "gguf"], check=True, stdout=subprocess.DEVNULL)
    for i, a in enumerate(all_arrays.values()):
        theirs, ours = (folder / f"{i}.npy").read_bytes(), (folder / f"{i}.again.npy").read_bytes()
        back = np.load(io.BytesIO(ours))
        expect(back.shape == a.shape and back.tobytes() == a.astype(back.dtype).tobytes(), f"{i}.npy: other elements")
        expect(a.dtype.byteorder == ">" or theirs == ours, f"{i}.npy: other bytes")
    expect((folder / "stored.npz").read_bytes() == (folder / "stored.again.npz").read_bytes(), "stored.npz: other bytes")
    with np.load(folder / "compressed.again.npz") as z:
        expect(sorted(z.files) == sorted([*all_arrays, "names", "pairs"]), f"compressed.npz: {z.files}")
        for name, a in all_arrays.items():
            expect(z[name].shape == a.shape and z[name].tobytes() == a.astype(z[name].dtype).tobytes(), f"{name}: other elements")
        expect(z["names"].tolist() == ["a", "b"] and z["pairs"].dtype == np.dtype([("x", "f4"), ("y", "i2", 3)]), "no numbers: other")
    expect(zipfile.ZipFile(folder / "compressed.again.npz").testzip() is None, "compressed.again.npz: a wrong CRC")
    print(f"{len(all_arrays)} arrays: numpy {np.__version__}")


main()
