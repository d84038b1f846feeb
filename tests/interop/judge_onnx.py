"""judge_onnx.py PROGRAMS FOLDER: opens the .pb files that harker writes (interop_write_files) with onnx's checker and onnxruntime."""
import json
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime

# What a dtype that onnxruntime does not return is stored as; complex numbers get a last dimension of two.
STORED = {"bool": "bool", "bfloat16": "uint16", "complex32": "float16", "complex64": "float32", "complex128": "float64"}
PAIRS = {"complex32", "complex64", "complex128"}


def stored(dtype):
    return "uint8" if dtype.startswith(("float8", "float4")) else STORED.get(dtype, dtype)


def fail(message):
    print("FAILED:", message)
    sys.exit(1)


def expect(right, message):
    if not right:
        fail(message)


def judge_onnx(path, wanted):
    model = onnx.load(str(path))
    onnx.checker.check_model(model, full_check=True)
    expect(model.ir_version == 8 and model.producer_name == "harker", f"{path.name}: ir_version or producer")
    expect(not model.graph.node, f"{path.name}: it has nodes")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, session.run(None, {})))
    if not wanted:
        return 0
    expect(sorted(found) == sorted(wanted), f"{path.name}: outputs {sorted(found)}, expected {sorted(wanted)}")
    for name, tensor in wanted.items():
        array = found[name]
        shape = tensor["shape"] + ([2] if tensor["dtype"] in PAIRS else [])
        expect(str(array.dtype) == stored(tensor["dtype"]), f"{path.name}: {name} is {array.dtype}")
        expect(list(array.shape) == shape, f"{path.name}: {name} has shape {array.shape}, expected {shape}")
        expect(np.ascontiguousarray(array).tobytes().hex() == tensor["bytes"], f"{path.name}: {name}: other values")
    return len(wanted)


def main():
    programs, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    onnxruntime.set_default_logger_severity(3)
    subprocess.run([programs / "interop_write_files", folder], check=True)
    files = tensors = 0
    for path in sorted(folder.glob("*.expect.json")):
        wanted = json.loads(path.read_text(encoding="utf-8"))
        stem = path.name[: -len(".expect.json")]
        tensors += judge_onnx(folder / f"{stem}.pb", wanted)
        files += 1
    expect(files > 0, "there are no files")
    print(f"{files} files, {tensors} tensors: onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")


main()
