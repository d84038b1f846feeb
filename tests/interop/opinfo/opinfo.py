"""opinfo.py PROGRAM [-v] [NAME ...]: PyTorch's own test databases, op_db, module_db and optim_db, against harker. Every sample of every
OpInfo that PROGRAM (main.cpp) has in its tables, in several dtypes, also with strides, also in place: values, gradients by backward
and by grad, second gradients, and what must be refused; of modules also initial weights and buffers; of optimizers 20 steps and
the state. Prints a table; -v also the samples that harker has no words for. Exit code 1 when something differs that known.py does not
explain, or something in known.py explains nothing; 77: there is no torch, neither here nor in the Python that HARKER_JUDGE names."""
import collections
import os
import subprocess
import sys
import tempfile
import time
import warnings

try:
    import expecttest, hypothesis, scipy  # noqa: E401, F401  torch.testing._internal wants them
    import torch
    from torch.testing._internal.common_methods_invocations import op_db
except ImportError as error:
    judge = os.environ.get("HARKER_JUDGE")
    if judge and os.path.abspath(judge) != sys.executable:
        os.execv(judge, [judge, *sys.argv])
    print(f"SKIPPED: {error}; HARKER_JUDGE names a Python that has torch, expecttest, hypothesis and scipy")
    sys.exit(77)

import known
import modules
from cases import NotHere, make_case, seed_all
from compare import differences, refusals

warnings.simplefilter("ignore")
torch.set_num_threads(1)
F64, F32, BF16, F16 = torch.float64, torch.float32, torch.bfloat16, torch.float16
# Sets of samples: which, in which dtype, how many at most (None: all), with gradients, with second ones.
SETS = [("sample", F64, None, True, True), ("strided", F64, 60, True, False), ("reference", F64, 60, True, True),
        ("sample", F32, 60, True, False), ("sample", BF16, 20, True, False), ("sample", F16, 20, True, False),
        ("sample", torch.int64, 60, False, False), ("sample", torch.bool, 20, False, False), ("sample", torch.uint8, 20, False, False),
        ("sample", torch.int32, 10, False, False), ("reference", torch.int64, 20, False, False), ("in place", F64, 60, True, True),
        ("in place", torch.int64, 20, False, False), ("in place", torch.bool, 10, False, False), ("error", None, None, False, False)]


def absolute(f):
    """U, S, Vh of an SVD, or eigenvalues and eigenvectors, as linalg.cpp has them."""
    def g(*args, **kwargs):
        r = f(*args, **kwargs)
        if len(r) == 2:
            return r[0], r[1].abs()
        u, s, v = r
        v = v.mT if f is torch.svd else v
        k = s.shape[-1]
        return u.narrow(-1, 0, k).abs(), s, v.narrow(-2, 0, k).abs()
    return g


def with_statistics(f):
    """The running statistics afterwards are results, too."""
    def g(x, mean=None, var=None, *args, **kwargs):
        mean, var = kwargs.pop("running_mean", mean), kwargs.pop("running_var", var)
        mean, var = (None if t is None else t.detach().clone() for t in (mean, var))
        return f(x, mean, var, *args, **kwargs), mean, var
    return g


def stable(f):
    """Only so do equal elements have an order."""
    def g(x, *args, **kwargs):
        return f(x, **{**dict(zip(("dim", "descending"), args)), **kwargs, "stable": True})
    return g


def in_place(f):
    def g(x, *args, **kwargs):
        y = x.clone()
        f(y, *args, **kwargs)
        return y
    return g


WRAPPED = {"svd": absolute, "linalg.svd": absolute, "linalg.eigh": absolute, "sort": stable, "argsort": stable,
           "nn.functional.batch_norm": with_statistics, "nn.functional.batch_norm.without_cudnn": with_statistics,
           "nn.functional.instance_norm": with_statistics}


def as_leaf(x):
    """Some samples are views, and were computed from what requires grad, or not recorded: then torch has no gradient for them."""
    if not isinstance(x, torch.Tensor) or not x.requires_grad or (x.is_leaf and x._base is None):
        return x
    return torch.empty(0, dtype=x.dtype).set_(x.untyped_storage(), x.storage_offset(), x.shape, x.stride()).requires_grad_()


def samples(op, which, dtype, grad, most):
    seed_all(7)
    if which == "error":
        return [e.sample_input for e in op.error_inputs("cpu")]
    get = op.reference_inputs if which == "reference" else op.sample_inputs
    all_of_them = list(get("cpu", dtype, requires_grad=grad))
    if most and len(all_of_them) > most:  # thinned out evenly
        all_of_them = [all_of_them[i * len(all_of_them) // most] for i in range(most)]
    if which == "strided":
        return [s.noncontiguous() for s in all_of_them]
    return [s.transform(as_leaf) for s in all_of_them]


def cases_of(op, name, has_in_place, counts):
    """(set, dtype, case, expected) of one OpInfo."""
    for which, dtype, most, grad, second in SETS:
        if (dtype is not None and not op.supports_dtype(dtype, "cpu")) or (which == "reference" and not op.reference_inputs_func) or \
                (which == "error" and not op.error_inputs_func):
            continue
        f, called = op.op, name
        if which == "in place":
            if not has_in_place or not op.inplace_variant:
                continue
            f, called = in_place(op.inplace_variant), name + "_"
        elif name in WRAPPED and which != "error":
            f = WRAPPED[name](f)
        for grad in dict.fromkeys((grad and op.supports_autograd, False)):  # some have integers among their tensors
            try:
                taken = samples(op, which, dtype, grad, most)
                break
            except Exception:  # torch's own
                continue
        else:
            counts["sets that torch cannot make"] += 1
            continue
        for s in taken:
            try:
                yield (which, dtype, *make_case(called, f, s, second and grad))
            except NotHere:
                counts["other kinds"] += 1


class Program:
    def __init__(self, path, folder):
        self.path, self.files = path, [os.path.join(folder, n) for n in ("cases.pt", "results.pt")]
        self.names = collections.defaultdict(set)  # of "op", "module", "optimizer"
        for line in subprocess.run([path, "--names"], check=True, capture_output=True, text=True).stdout.splitlines():
            kind, name = line.split()
            self.names[kind].add(name)

    def run(self, cases):
        """A result for each case. One that ends the program, or does not end, is left out when the others are run again."""
        torch.save(cases, self.files[0])
        crashed = {}
        while True:
            with subprocess.Popen([self.path, *self.files, *map(str, crashed)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
                try:
                    at, said = p.communicate(timeout=300)
                except subprocess.TimeoutExpired:
                    p.kill()
                    at, said = p.communicate()
            if p.returncode == 0:
                break
            if not at or len(crashed) > 20:
                raise RuntimeError(f"{self.path}: {p.returncode} {said[-500:]}")
            crashed[int(at.split()[-1])] = {"untyped": f"the program ended with {p.returncode} {said[-200:]}"}
        return [crashed.get(i, r) for i, r in enumerate(torch.load(self.files[1]))]


KINDS = ["values", "gradients", "second gradients", "refused", "accepted", "no error of ours"]


def judge(r, e, name):
    """Pairs of a kind of difference and its description."""
    if (found := refusals(r, e)) is not None:
        return found
    out, found = r["out"], []
    if name in known.RANDOM:
        out = [b if a.shape == b.shape and a.dtype == b.dtype else a for a, b in zip(out, e.out)]
    d = differences(out, e.out, "result")
    if not d and r["rg"] != e.rg:
        d = f"requires_grad {r['rg']} for {e.rg}"
    if d:
        found.append(("values", d))
    for kind, key, want in (("gradients", "g", e.g), ("gradients", "g2", e.g), ("second gradients", "gg", e.gg)):
        if want is not None and key in r:
            d = differences(r[key], want, key, 10 if key == "gg" else 1, 1)  # sums of terms that cancel
            if d:
                found.append((kind, d))
    return found + [("refused", f"the gradient: {r[key]}") for key in ("g_refused", "gg_refused") if key in r]


def shown(x):
    if isinstance(x, torch.Tensor):
        return f"{str(x.dtype)[6:]}{list(x.shape)}" + (f"={x.detach().flatten().tolist()}" if 0 < x.numel() <= 3 else "")
    if isinstance(x, (list, tuple)):
        return "[" + ", ".join(map(shown, x)) + "]"
    if isinstance(x, dict):
        return "{" + ", ".join(f"{k}: {shown(v)}" for k, v in x.items()) + "}"
    return repr(x)


class Judgement:
    """What was compared, and what differs."""

    def __init__(self):
        self.counts, self.wrong, self.explained, self.no_words = (collections.Counter() for _ in range(4))
        self.matched = {"op": set(), "module": set(), "optimizer": set()}

    def words_for(self, name, r):
        if "inexpressible" not in r:
            return True
        self.counts["without words"] += 1
        self.no_words[name, r["inexpressible"]] += 1
        return False

    def found(self, f, where):
        if known.reason(f):
            self.explained[f.kind] += 1
        else:
            self.wrong[f.kind] += 1
            print(f"{f.name} ({f.set}, {f.dtype}): {f.kind}: {f.text[:300]}\n    {where[:500]}", flush=True)


def judge_ops(program, only, j):
    for op in op_db:
        name = op.name + ("." + op.variant_test_name if op.variant_test_name else "")
        if name not in program.names["op"] or (only and name not in only):
            continue
        cases = list(cases_of(op, name, name + "_" in program.names["op"], j.counts))
        results = program.run([c for _, _, c, _ in cases]) if cases else []
        for (which, dtype, case, e), r in zip(cases, results):
            if not j.words_for(name, r):
                continue
            j.counts["samples"] += 1
            j.counts["error inputs"] += which == "error"
            j.counts["gradients"] += e.g is not None
            j.counts["second gradients"] += e.gg is not None
            if "out" in r:
                j.matched["op"].add(name)
            for kind, text in judge(r, e, name):
                j.found(known.Found(name, which, dtype, kind, text, e, r),
                        f"{shown([e.sample.input, *e.sample.args])} {shown(e.sample.kwargs)}")


def looser(name, case):
    """Gradients of attention in float32 are what is left of larger terms."""
    return 50 if case.get("dtype") == F32 and ("Attention" in name or "Transformer" in name) else modules.LOOSER.get(name, 10)


def judge_others(program, only, j):
    for kind in ("module", "optimizer"):
        names = program.names[kind] & only if only else program.names[kind]
        cases = list(modules.module_cases(names, j.counts) if kind == "module" else modules.optimizer_cases(names))
        for (name, what, case, e), r in zip(cases, program.run([c for _, _, c, _ in cases])):
            if not j.words_for(name, r):
                continue
            j.counts[kind + " samples"] += 1
            if len(r) > 1:
                j.matched[kind].add(name)
            for k, text in modules.judge(r, e, looser(name, case)):
                j.found(known.Found(name, what, None, k, text, e, r), e.text)


def main():
    verbose, only = "-v" in sys.argv, set(sys.argv[2:]) - {"-v"}
    j, begun = Judgement(), time.time()
    with tempfile.TemporaryDirectory() as folder:
        program = Program(sys.argv[1], folder)
        judge_ops(program, only, j)
        judge_others(program, only, j)
    if verbose:
        for (name, why), n in sorted(j.no_words.items()):
            print(f"without words: {name}: {why} ({n})")
    c = j.counts
    print(f"OpInfos matched: {len(j.matched['op'])} of {len(op_db)}; ModuleInfos: {len(j.matched['module'])}; "
          f"OptimizerInfos: {len(j.matched['optimizer'])}")
    print(f"samples of ops: {c['samples']}, of them with gradients {c['gradients']}, with second ones {c['second gradients']}, that must be "
          f"refused {c['error inputs']}; of modules {c['module samples']}, of optimizers {c['optimizer samples']}")
    print(f"for which harker has no words: {c['without words']}; complex, sparse or large: {c['other kinds']}; "
          f"sets of samples that torch cannot make: {c['sets that torch cannot make']}")
    for kind in KINDS:
        print(f"{kind + ':':18} {j.wrong[kind]} wrong, {j.explained[kind]} explained by known.py")
    unused = [] if only else known.unused()
    for k in unused:
        print(f"known.py: explains nothing: {k.ops}: {k.reason}")
    print(f"torch {torch.__version__}, {time.time() - begun:.0f} s")
    too_few = not only and len(j.matched["op"]) < known.LEAST_MATCHED
    sys.exit(bool(j.wrong.total() or unused or too_few))


main()
