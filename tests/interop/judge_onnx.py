"""judge_onnx.py PROGRAMS FOLDER: opens the .pb files that harker writes (interop_write_files), with their data inside and beside them, with
onnx's checker, onnx's reference implementation and onnxruntime; and looks at what harker makes (interop_rewrite) of models that onnx writes
in every way it knows (onnx_models.py)."""
import json
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

import onnx_models

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
    onnx.checker.check_model(str(path), full_check=True)
    expect(model.ir_version == 8 and model.producer_name == "harker", f"{path.name}: ir_version or producer")
    expect(not model.graph.node, f"{path.name}: it has nodes")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, session.run(None, {})))
    if not wanted:
        return 0
    if path.name == "large.external.pb":
        inside = onnx.load(str(path), load_external_data=False)
        away = sorted(t.name for t in inside.graph.initializer if t.data_location == onnx.TensorProto.EXTERNAL)
        expect(away == ["part", "table", "turned", "weight"], f"{path.name}: external are {away}")
    expect(sorted(found) == sorted(wanted), f"{path.name}: outputs {sorted(found)}, expected {sorted(wanted)}")
    for name, tensor in wanted.items():
        array = found[name]
        shape = tensor["shape"] + ([2] if tensor["dtype"] in PAIRS else [])
        expect(str(array.dtype) == stored(tensor["dtype"]), f"{path.name}: {name} is {array.dtype}")
        expect(list(array.shape) == shape, f"{path.name}: {name} has shape {array.shape}, expected {shape}")
        expect(np.ascontiguousarray(array).tobytes().hex() == tensor["bytes"], f"{path.name}: {name}: other values")
    for name, array in zip(names, ReferenceEvaluator(str(path)).run(None, {})):
        expect(np.ascontiguousarray(array).tobytes() == np.ascontiguousarray(found[name]).tobytes(), f"{path.name}: {name}: onnx.reference")
    return len(wanted)


def judge_models(programs, folder):
    """What we read of models by onnx, by way of what we write of it."""
    names = onnx_models.write(folder / "theirs")
    subprocess.run([programs / "interop_rewrite", folder / "theirs", folder / "ours", "onnx"], check=True)
    tensors = 0
    for file in names:
        ours = {t.name: t for t in onnx.load(str(folder / "ours" / file)).graph.initializer}
        for name, holds in json.loads((folder / "theirs" / f"{file}.json").read_text(encoding="utf-8")).items():
            if "strings" in holds:
                continue  # no tensor: in the metadata
            kept, sparse = holds["dtype"].startswith("onnx."), holds["dtype"] == "sparse"
            tensor = ours[f"{name}.<state>.data" if kept else f"{name}.values" if sparse else name]
            expect(tensor.raw_data.hex() == holds["bytes"], f"{file}: {name}: other values")
            if sparse:
                expect(onnx.numpy_helper.to_array(ours[f"{name}.indices"]).tolist() == holds["indices"], f"{file}: {name}: other indices")
            elif not kept:
                pair = [2] if holds["dtype"] in PAIRS else []
                expect(list(tensor.dims) == holds["shape"] + pair, f"{file}: {name} has the shape {tensor.dims}")
            tensors += 1
    return len(names), tensors


def main():
    programs, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    onnxruntime.set_default_logger_severity(3)
    subprocess.run([programs / "interop_write_files", folder], check=True)
    files = tensors = 0
    for path in sorted(folder.glob("*.expect.json")):
        wanted = json.loads(path.read_text(encoding="utf-8"))
        stem = path.name[: -len(".expect.json")]
        for file in (f"{stem}.pb", f"{stem}.external.pb"):
            tensors += judge_onnx(folder / file, wanted)
            files += 1
    expect(files > 0, "there are no files")
    read = judge_models(programs, folder)
    print(f"{files} files of ours, {tensors} tensors; {read[0]} of onnx's, {read[1]} tensors: onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")


main()
