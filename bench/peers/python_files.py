#!/usr/bin/env python3
"""The peers of bench/files in Python: torch, safetensors and onnx, one turn of one of them.

  python_files.py --versions                          those that are installed: {"torch": "2.15.0", ...}
  python_files.py PEER ACTION CASE PATH MILLISECONDS  a turn: {"ns": median time of a call, "bytes": the file's}

ACTION and CASE are those of bench/files.cpp. A peer's save waits for nothing; after `save`, os.fsync does. What a peer cannot do
ends with status 3."""
import json
import os
import statistics
import sys
import time

CLOCK = time.thread_time_ns if os.environ.get("HARKER_BENCH_CLOCK") == "thread" else time.perf_counter_ns


def contents(case):
    import torch
    torch.manual_seed(0)
    if case == "dracula":
        layers = {"fc1": torch.nn.Linear(10, 20), "fc2": torch.nn.Linear(20, 1)}
        return {f"{fc}.{k}": t.detach() for fc, layer in layers.items() for k, t in layer.state_dict().items()}
    n, shape = {"large": (100, (512, 1024)), "many": (100_000, (16,))}[case]
    return {f"layers.{i}.weight": torch.randn(shape) for i in range(n)}


class Torch:
    def __init__(self, case):
        import torch
        self.torch, self.make = torch, lambda: contents(case)

    def save(self, v, path):
        self.torch.save(v, path)

    def load(self, path):
        return self.torch.load(path)

    def map(self, path):
        return self.torch.load(path, mmap=True)

    def touch(self, path):
        return [bytes_of(t)[::4096].sum() for t in self.map(path).values()]


class Safetensors(Torch):
    def __init__(self, case):
        import safetensors.torch
        super().__init__(case)
        self.s = safetensors

    def save(self, v, path):
        self.s.torch.save_file(v, path)

    def load(self, path):
        return self.s.torch.load_file(path)

    def map(self, path):
        return self.s.safe_open(path, "pt")

    def touch(self, path):
        with self.map(path) as f:
            return [bytes_of(f.get_tensor(k))[::4096].sum() for k in f.keys()]


class Onnx:
    def __init__(self, case):
        import onnx
        import onnx.numpy_helper
        self.onnx = onnx

        def make():
            values = [onnx.numpy_helper.from_array(t.numpy(), k) for k, t in contents(case).items()]
            return onnx.helper.make_model(onnx.helper.make_graph([], "g", [], [], initializer=values))
        self.make = make

    def save(self, v, path):
        self.onnx.save(v, path)

    def load(self, path):
        return [self.onnx.numpy_helper.to_array(t) for t in self.onnx.load(path).graph.initializer]


def bytes_of(t):
    import torch
    return t.reshape(-1).view(torch.uint8)


PEERS = {"torch": Torch, "safetensors": Safetensors, "onnx": Onnx}


def turn(peer, action, case, path, milliseconds):
    p = PEERS[peer](case)
    if action.startswith("save") or not os.path.exists(path):
        value = p.make()
        p.save(value, path)

    def work():
        p.save(value, path)
        if action == "save":
            fd = os.open(path, os.O_RDONLY)
            os.fsync(fd)
            os.close(fd)
    if not action.startswith("save"):
        does = getattr(p, action, None)
        if does is None:
            sys.exit(3)

        def work():
            does(path)

    def sample(calls):
        begin = CLOCK()
        for _ in range(calls):
            work()
        return (CLOCK() - begin) / calls
    calls = max(1, int(milliseconds * 1e6 / 50 / min(sample(1) for _ in range(3))))
    samples, spent = [], 0
    while spent < milliseconds * 1e6 or len(samples) < 3:
        samples.append(sample(calls))
        spent += samples[-1] * calls
    print(json.dumps({"ns": statistics.median(samples), "bytes": os.path.getsize(path)}))


def versions():
    found = {}
    for name in PEERS:
        try:
            found[name] = __import__(name).__version__
        except ImportError:
            pass
    return found if "torch" in found else {}  # their tensors are torch's


if __name__ == "__main__":
    if sys.argv[1:] == ["--versions"]:
        print(json.dumps(versions()))
    elif len(sys.argv) == 6:
        turn(*sys.argv[1:5], float(sys.argv[5]))
    else:
        sys.exit(__doc__)
