"""The programs that are compared: how they are built, and how one takes a turn."""
import json
import os
import subprocess
import sys
from pathlib import Path

from .work import Net

ROOT = Path(__file__).resolve().parent.parent.parent
WHEELS = ["torch==2.15.0", "nvidia-cuda-runtime==13.2.86", "nvidia-cuda-cupti==13.2.86"]  # what a CPU program needs of them

COMPILED = ("harker", "LibTorch", "loop")
PYTHON = {"PyTorch eager": "eager", "PyTorch fused Adam": "fused", "JAX jit": "jax"}  # as peers/python_steps.py has them


def run(*command, **options):
    return subprocess.run([str(c) for c in command], check=True, text=True, **options)


def first_line(*command):
    try:
        return run(*command, capture_output=True).stdout.strip().splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def build_harker(folder, *targets):
    run("cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DHARKER_BUILD_BENCH=ON",
        "-DHARKER_BUILD_TESTS=OFF", "-DHARKER_BUILD_CLI=OFF", "-DHARKER_BUILD_EXAMPLES=OFF", stdout=subprocess.DEVNULL)
    run("cmake", "--build", folder, "--target", *(targets or ("bench_train_step", "bench_inference", "bench_ops", "bench_nets")),
        stdout=sys.stderr)


def build_files(folder):
    build_harker(folder, "bench_files")
    return folder / "bench/files"


def torch_of(venv):
    """The torch package's folder in a virtual environment; None when it has none."""
    found = sorted(venv.glob("lib/python3*/site-packages/torch/lib/libtorch_cpu.so"))
    return found[-1].parent.parent if found else None


def install_libtorch(venv):
    print(f"setting LibTorch up in {venv}", file=sys.stderr)
    run(sys.executable, "-m", "venv", venv)
    run(venv / "bin/pip", "install", "-q", "--no-deps", *WHEELS, stdout=sys.stderr)


def build_libtorch(torch, name, folder, compiler):
    """bench/peers/<name>.cpp, built unless it has been from the same sources."""
    folder.mkdir(parents=True, exist_ok=True)
    source, program, stamp_file = ROOT / f"bench/peers/{name}.cpp", folder / name, folder / f"{name}.stamp"
    texts = [source.read_text(), *[h.read_text() for h in sorted((ROOT / "bench").glob("*turn.h"))]]
    stamp = "\n".join([str(torch), first_line(compiler, "--version"), *texts])
    if not program.exists() or not stamp_file.exists() or stamp_file.read_text() != stamp:
        print(f"compiling bench/peers/{name}.cpp", file=sys.stderr)
        run(compiler, "-std=c++20", "-O2", "-DNDEBUG", "-isystem", torch / "include", "-isystem",
            torch / "include/torch/csrc/api/include", "-c", source, "-o", folder / f"{name}.o")
        libraries = [f"-Wl,-rpath-link,{lib}" for lib in sorted((torch.parent / "nvidia").glob("*/lib"))]
        run(compiler, folder / f"{name}.o", "-o", program, f"-L{torch / 'lib'}", f"-Wl,-rpath,{torch / 'lib'}",
            "-ltorch_cpu", "-lc10", *libraries)
        stamp_file.write_text(stamp)
    return program


class Programs:
    """Whoever takes part. `libtorch` is a folder of built programs or None, `python` an interpreter or None."""

    def __init__(self, build, libtorch, python):
        self.build, self.libtorch, self.python = build, libtorch, python
        self.python_has = []
        if python:
            versions = run(python, ROOT / "bench/peers/python_steps.py", "--versions", capture_output=True).stdout
            self.python_versions = json.loads(versions)
            self.python_has = [who for who, word in PYTHON.items() if word in self.python_versions]

    def who(self, python=True):
        """All that can run, in the order of their turns."""
        return ["harker", *(["LibTorch"] if self.libtorch else []), "loop", *(self.python_has if python else [])]

    def step(self, who, work, threads, milliseconds):
        """One turn at a Work: what the program prints, or {"error": ...}; None when this one does not take part."""
        arguments = work.arguments(threads, milliseconds)
        if isinstance(work, Net):
            program = {"harker": self.build / "bench/nets", "LibTorch": self.libtorch and self.libtorch / "libtorch_nets"}.get(who)
            return self._turn([program, *arguments], threads) if program else None
        if who in PYTHON:
            if threads > 1 or (who == "PyTorch fused Adam" and work.kind != "train"):
                return None
            return self._turn([self.python, ROOT / "bench/peers/python_steps.py", PYTHON[who], *arguments], threads)
        if who == "LibTorch":
            return self._turn([self.libtorch / "libtorch_steps", *arguments], threads)
        if who == "loop" and threads > 1:
            return None  # it has one thread
        program = "train_step" if work.kind == "train" else "inference"
        return self._turn([self.build / "bench" / program, "--turn", who, *arguments], threads)

    def ops(self):
        """[(operation, "forward" or "backward")] of bench/ops_turn.h"""
        listed = [line.split() for line in run(self.build / "bench/ops", "--list", capture_output=True).stdout.splitlines()]
        return [(op, form) for op, backward in listed for form in ("forward", "backward") if form == "forward" or int(backward)]

    def op(self, who, op, form, threads, milliseconds):
        """One turn at an operation, all sizes: {"lines": [...]}, or {"error": ...}."""
        program = [self.build / "bench/ops", "--turn"] if who == "harker" else [self.libtorch / "libtorch_ops"]
        return self._turn([*program, op, form, threads, milliseconds], threads, lines=True)

    @staticmethod
    def _turn(command, threads, lines=False):
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        done = subprocess.run([str(c) for c in command], text=True, capture_output=True, env=environment)
        if done.returncode:
            return {"error": (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]}
        printed = [json.loads(line) for line in done.stdout.splitlines()]
        return {"lines": printed} if lines else printed[0]
