"""judge_safetensors.py PROGRAMS FOLDER: safetensors' own Python client beside harker (interop_safetensors): harker writes its bytes and
reads its files, single and in sets; what is beyond its writer it opens all the same; of headers changed at random harker refuses all that
it refuses."""
import collections
import json
import pathlib
import random
import re
import struct
import subprocess
import sys

import safetensors
import safetensors.torch as st
import torch

DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8,
          torch.uint16, torch.uint32, torch.uint64, torch.bool, torch.complex64, torch.float8_e4m3fn, torch.float8_e5m2,
          torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu]
NAMES = ["fc1.weight", "fc1.bias", "a", "Z", "", "0", "\u00e9t\u00e9", "\U0001f987", "tab\there", "quote\"d", "back\\slash", "\u2028", "\x7f"]
dice = random.Random(7)


def fail(message):
    print("FAILED:", str(message)[:600])
    sys.exit(1)


def expect(right, message):
    if not right:
        fail(message)


class Harker:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        self.process.stdin.write(" ".join(str(w) for w in words) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def do(self, *words):
        answer = self.ask(*words)
        expect(answer == "ok", f"{' '.join(str(w) for w in words)}: {answer}")


def some_tensor():
    dtype = dice.choice(DTYPES)
    shape = [dice.randrange(0, 5) for _ in range(dice.randrange(0, 4))]
    n = torch.Size(shape).numel() * torch.empty(0, dtype=dtype).element_size()
    raw = bytes(dice.randrange(2 if dtype is torch.bool else 256) for _ in range(n))
    return torch.frombuffer(bytearray(raw), dtype=torch.uint8).view(dtype).reshape(shape) if n else torch.empty(shape, dtype=dtype)


def some_state():
    return collections.OrderedDict((name, some_tensor()) for name in dice.sample(NAMES, dice.randrange(0, len(NAMES))))


def bits(t):
    t = t.contiguous()
    return t.dtype, t.shape, bytes(t.reshape(-1).view(torch.uint8).tolist()) if t.numel() else b""


def expect_same(found, wanted, what):
    expect(set(found) == set(wanted), f"{what}: {sorted(found)}, expected {sorted(wanted)}")
    for name in wanted:
        expect(bits(found[name]) == bits(wanted[name]), f"{what}: {name!r} differs")


def header(data):
    return json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])


def judge_bytes(harker, folder):
    for i in range(60):
        state = some_state()
        metadata = dice.choice([None, {"format": "pt"}, {"no\"te\n": "\u00e9\x01"}])
        torch.save(state, folder / "a.pt")
        st.save_file(state, folder / "own.safetensors", metadata)
        harker.do("convert", folder / "own.safetensors", folder / "again.safetensors", "faithful")
        expect((folder / "again.safetensors").read_bytes() == (folder / "own.safetensors").read_bytes(), f"state {i}: other bytes again")
        harker.do("convert", folder / "a.pt", folder / "a.safetensors")
        expect((folder / "a.safetensors").read_bytes() == st.save(state), f"state {i}: other bytes")
        for how in ["faithful", "aligned"]:
            harker.do("convert", folder / "a.pt", folder / "b.safetensors", how)
            with safetensors.safe_open(folder / "b.safetensors", "pt") as f:
                expect_same({k: f.get_tensor(k) for k in f.keys()}, state, f"state {i} {how}")
            expect_same(torch.load(folder / "b.safetensors"), state, f"state {i} {how}, torch.load")
            harker.do("convert", folder / "b.safetensors", folder / "back" / "a.pt")
            if how == "faithful":
                expect((folder / "back" / "a.pt").read_bytes() == (folder / "a.pt").read_bytes(), f"state {i}: other bytes on the way back")
    return 60


class Tied(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = torch.nn.Embedding(7, 3)
        self.norm = torch.nn.BatchNorm1d(3)
        self.head = torch.nn.Linear(3, 7)
        self.head.weight = self.emb.weight


def judge_ties(harker, folder):
    model = Tied()
    torch.save(model.state_dict(), folder / "a.pt")
    harker.do("convert", folder / "a.pt", folder / "a.safetensors")
    st.save_model(model, folder / "own.safetensors")
    ours, own = (header((folder / f"{n}.safetensors").read_bytes()) for n in ["a", "own"])
    notes = ours.pop("__metadata__")
    expect(notes.pop("format") == "pt" and notes.pop("harker") and notes == own.pop("__metadata__"), f"ties: notes {notes}")
    expect(ours == own, "ties: another header than save_model's")
    other = Tied()
    expect(st.load_model(other, folder / "a.safetensors") == (set(), []), "ties: load_model")
    expect_same(other.state_dict(), model.state_dict(), "ties")
    for of in ["a", "own"]:  # ours, and what save_model wrote
        harker.do("convert", folder / f"{of}.safetensors", folder / "back" / "a.pt")
        back = torch.load(folder / "back" / "a.pt")
        expect_same(back, model.state_dict(), f"ties of {of}")
        expect(back["head.weight"].data_ptr() == back["emb.weight"].data_ptr(), f"ties of {of}: not shared")
    expect((folder / "back" / "a.pt").exists(), "ties")
    harker.do("convert", folder / "a.safetensors", folder / "back" / "a.pt")
    expect((folder / "back" / "a.pt").read_bytes() == (folder / "a.pt").read_bytes(), "ties: other bytes on the way back")


def judge_sets(harker, folder):
    for i in range(20):
        state = some_state()
        torch.save(state, folder / "a.pt")
        index = folder / "set" / "model.safetensors.index.json"
        harker.do("convert", folder / "a.pt", index, 40)
        text = index.read_text(encoding="utf-8")
        said = json.loads(text)
        expect(text == json.dumps(said, indent=2, sort_keys=True) + "\n", "set: the index is no json.dumps")
        expect(said["metadata"]["total_size"] == sum(t.numel() * t.element_size() for t in state.values()), "set: total_size")
        found = {}
        for shard in set(said["weight_map"].values()):
            tensors = st.load_file(index.parent / shard)
            expect({k for k, v in said["weight_map"].items() if v == shard} == set(tensors), f"set: weight_map of {shard}")
            found.update(tensors)
        expect_same(found, state, f"set {i}")
        expect(len(list(index.parent.iterdir())) == 1 + len(set(said["weight_map"].values())), f"set {i}: other files")
        weight_map = {}  # and one of theirs
        for n, (name, tensor) in enumerate(state.items()):
            shard = f"own-{n % 2}.safetensors"
            weight_map[name] = shard
        for shard in set(weight_map.values()):
            st.save_file({k: state[k] for k, v in weight_map.items() if v == shard}, folder / shard, {"format": "pt"})
        (folder / "own.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": 1.0}, "weight_map": weight_map}))
        harker.do("convert", folder / "own.safetensors.index.json", folder / "back" / "b.pt")
        expect_same(torch.load(folder / "back" / "b.pt"), state, f"set {i} of theirs")


def changed(text):
    kind = dice.randrange(7)
    numbers = list(re.finditer(rb"-?\d+", text))
    if kind < 3 and numbers:
        m = dice.choice(numbers)
        other = dice.choice([0, 1, 2, 3, 4, 8, 2**31, 2**32, 2**53, 2**63, 2**64, 10**30, -1, "1.0", "1e2", "01", "-0", "null", "\"1\"", "[1]"])
        return text[: m.start()] + str(other).encode() + text[m.end() :]
    at = dice.randrange(len(text) + 1)
    if kind == 3:
        return text[:at] + dice.choice([b" ", b"\t", b"\n", b"\0", b"\xff", b",", b"{}", b"\"", b"\\u0000", b"\xef\xbb\xbf", b"/**/", b"//"]) + text[at:]
    if kind == 4:
        return text[:at] + text[at + dice.randrange(1, 20) :]
    words = [b"F32", b"BF16", b"F4", b"F6_E2M3", b"I64", b"BOOL", b"dtype", b"shape", b"data_offsets", b"__metadata__", b"a", b"b", b"true", b"{", b"}", b"[", b"]"]
    old = dice.choice([w for w in words if w in text])
    return text.replace(old, dice.choice(words), 1)


def judge_refusals(harker, folder):
    counts = collections.Counter()
    for i in range(4000):
        tensors = {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "b": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [8, 16]}}
        if i % 2:
            tensors["__metadata__"] = {"k": "v"}
        text = json.dumps(tensors, separators=(",", ":")).encode()
        for _ in range(dice.randrange(1, 3)):
            text = changed(text)
        length = len(text) if dice.randrange(20) else dice.choice([0, len(text) - 1, len(text) + 1, 2**63, 100_000_001])
        data = struct.pack("<Q", max(length, 0)) + text + b"x" * 16
        (folder / "m.safetensors").write_bytes(data)
        try:
            safetensors.deserialize(data)
            theirs = True
        except safetensors.SafetensorError:
            theirs = False
        answer = harker.ask("read", folder / "m.safetensors")
        counts[theirs, answer == "ok"] += 1
        expect(theirs or answer != "ok", f"{data!r}: harker reads what safetensors refuses")
        if theirs and answer != "ok":
            stricter = ["twice", "unknown", "expected '{'", "does not belong", "overflows"]
            expect(any(s in answer for s in stricter), f"{data!r}: only harker refuses: {answer}")
    expect(counts[True, True] > 100 and counts[False, False] > 1000, counts)
    return counts


def main():
    programs, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    for inside in ["back", "set"]:
        (folder / inside).mkdir()
    harker = Harker(programs / "interop_safetensors")
    states = judge_bytes(harker, folder)
    judge_ties(harker, folder)
    judge_sets(harker, folder)
    counts = judge_refusals(harker, folder)
    print(f"{states} state dicts, 20 sets; of {counts.total()} changed headers both read {counts[True, True]}, both refuse"
          f" {counts[False, False]}, harker alone {counts[True, False]}: safetensors {safetensors.__version__}, torch {torch.__version__}")


main()
