"""run.py JUDGE PROGRAMS FOLDER: runs judge_JUDGE.py on what our programs (in PROGRAMS, interop_*) write into FOLDER/JUDGE, with a
Python that has the modules it needs: the one that HARKER_JUDGE names, this one, or a virtual environment in FOLDER that is made from
PyPI the first time (not for torch, which is too large). Exit code 77: skipped, and why."""
import os
import pathlib
import shutil
import subprocess
import sys
import venv

SKIPPED = 77
NEEDS = {"export": ["onnx", "onnxruntime", "numpy"], "onnx": ["onnx", "onnxruntime", "numpy"], "torch": ["torch", "numpy"], "train": ["torch"], "convert": ["torch"],
         "huge": ["torch"], "safetensors": ["torch", "safetensors", "numpy"],
         "numpy": ["numpy"], "gguf": ["gguf", "numpy"]}


def skip(why):
    print("SKIPPED:", why)
    sys.exit(SKIPPED)


def has(python, modules):
    return subprocess.run([python, "-c", "import " + ", ".join(modules)], capture_output=True).returncode == 0


def make_environment(folder, modules):
    python = folder / "venv" / "bin" / "python"
    if python.exists() and has(str(python), modules):
        return str(python)
    try:
        venv.create(folder / "venv", with_pip=True, clear=True)
    except (OSError, subprocess.CalledProcessError) as error:
        skip(f"cannot make a virtual environment: {error}")
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--timeout", "20", "--retries", "1"]
    done = subprocess.run(command + modules, capture_output=True, text=True)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        skip(f"{', '.join(modules)} cannot be installed from PyPI: {last}")
    return str(python)


def judge_python(folder, modules):
    for python in filter(None, [os.environ.get("HARKER_JUDGE"), sys.executable]):
        if has(python, modules):
            return python
    if "torch" in modules:
        skip("no torch: set HARKER_JUDGE to a Python that has " + " and ".join(modules))
    return make_environment(folder, modules)


def main():
    judge, programs, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    python = judge_python(folder, NEEDS[judge])
    files = folder / judge
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir()
    script = pathlib.Path(__file__).with_name(f"judge_{judge}.py")
    sys.exit(subprocess.run([python, str(script), programs, str(files)]).returncode)


main()
