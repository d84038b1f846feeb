"""judge_export.py PROGRAMS FOLDER: models that harker exports (interop_export) go through onnx's checker, and onnxruntime computes
what harker computes, for three sizes of the batch."""
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

TOLERANCE = 1e-5


def close(found, wanted):
    if wanted.dtype == np.bool_ or np.issubdtype(wanted.dtype, np.integer):
        return found.dtype == wanted.dtype and np.array_equal(found, wanted)
    return found.dtype == wanted.dtype and np.allclose(found, wanted, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)


def judge(folder, path):
    model = onnx.load(str(path))
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    wrong, compared = [], 0
    for case in sorted(folder.glob(f"{path.stem}.[0-9]*.pb")):
        tensors = {t.name: numpy_helper.to_array(t) for t in onnx.load(str(case)).graph.initializer}
        inputs = {value.name: tensors[f"in_{i}"] for i, value in enumerate(session.get_inputs())}
        found = session.run(None, inputs)
        if f"out_{len(found)}" in tensors:
            wrong.append(f"{case.stem}: {len(found)} outputs, there are more")
        for i, array in enumerate(found):
            compared += 1
            wanted = tensors[f"out_{i}"]
            if array.shape != wanted.shape or not close(array, wanted):
                off = "" if array.shape != wanted.shape or array.dtype != wanted.dtype else \
                    f", off by {np.max(np.abs(array.astype(np.float64) - wanted.astype(np.float64))):.2e}"
                wrong.append(f"{case.stem}: output {i} is {array.dtype} {array.shape}, expected {wanted.dtype} {wanted.shape}{off}")
    return wrong, compared


def main():
    programs, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    onnxruntime.set_default_logger_severity(3)
    done = subprocess.run([programs / "interop_export", folder, *sys.argv[3:]], check=False)
    files, outputs, wrong = 0, 0, []
    for path in sorted(folder.glob("*.onnx")):
        files += 1
        try:
            failures, compared = judge(folder, path)
            wrong += failures
            outputs += compared
        except Exception as error:  # of onnx or onnxruntime: the next file all the same
            wrong.append(f"{path.name}: {type(error).__name__}: {str(error)[:600]}")
    for line in wrong:
        print("FAILED:", line)
    print(f"{files} models, {outputs} outputs, {len(wrong)} failures")
    sys.exit(1 if wrong or done.returncode or outputs == 0 else 0)


if __name__ == "__main__":
    main()
