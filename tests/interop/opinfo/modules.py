"""The cases of torch's module_db and optim_db (modules.cpp, optimizers.cpp), and what torch makes of them."""
import dataclasses
import itertools
import math

import torch
from torch.testing._internal.common_modules import module_db
from torch.testing._internal.common_optimizers import optim_db
from torch.utils import _pytree as pytree

from cases import NotHere, encode, noise, plain, seed_all, tensors_of
from compare import difference, differences, refusals


@dataclasses.dataclass
class Expected:
    text: str  # how the module or the optimizer was made
    refused: str = None
    made: dict = None  # what is expected, by the names that the results have


def constructor(x, made):
    """Modules and functions among the arguments of a constructor: what harker makes them of."""
    if isinstance(x, torch.nn.TransformerEncoderLayer):
        a = x.self_attn
        made.update(d_model=a.embed_dim, nhead=a.num_heads, dim_feedforward=x.linear1.out_features, dropout=x.dropout.p,
                    activation=x.activation.__name__, layer_norm_eps=x.norm1.eps, batch_first=a.batch_first, norm_first=x.norm_first,
                    bias=x.linear1.bias is not None)
        return None
    if callable(x) and not isinstance(x, torch.Tensor):
        return x.__name__ if x in (torch.nn.functional.relu, torch.nn.functional.gelu) else type(x).__name__
    return x


def module_case(info, name, given, dtype, training):
    c, f = given.constructor_input, given.forward_input
    made, pairs, memo = {}, [], {}
    args = [a for a in (constructor(a, made) for a in c.args) if a is not None or not made]
    kwargs = {**made, **{k: constructor(v, made) for k, v in c.kwargs.items()}}
    case = {"module": name, "dtype": dtype, "training": training, "args": encode(args, [], memo), "kwargs": encode(kwargs, [], memo)}
    if name == "TransformerEncoder":
        case["args"], case["kwargs"]["num_layers"] = [], c.args[1]
    case["call_args"] = encode(list(f.args) if f else [], pairs, memo)
    case["call_kwargs"] = encode(dict(f.kwargs) if f else {}, pairs, memo)
    case["leaves"] = [t for _, t in pairs]
    e = Expected(f"{case['args']} {case['kwargs']}")
    try:
        torch.manual_seed(42)
        m = info.module_cls(*c.args, **c.kwargs)
        initial = dict(zip(m.state_dict(), plain(m.state_dict().values())))
        m.to(dtype)
        with torch.no_grad():
            for i, p in enumerate(m.parameters()):
                p.add_(noise(p, 500 + i) * 0.1)
        m.train(training)
        case["state"] = dict(zip(m.state_dict(), plain(m.state_dict().values())))
        torch.manual_seed(42)
        result = m(*f.args, **f.kwargs)
    except Exception as error:
        e.refused = f"{type(error).__name__}: {error}"
        return case, e
    out = tensors_of(result)
    e.made = {"initial": initial, "out": plain(out)}
    if name == "TransformerEncoder":  # its layer was made before
        del e.made["initial"]
    if any(t.requires_grad for t in out):
        cots = [noise(t, 1000 + i) if t.requires_grad else None for i, t in enumerate(out)]
        leaves, named = [x for x, _ in pairs], [(n, p) for n, p in m.named_parameters() if p.requires_grad]
        g = torch.autograd.grad([t for t in out if t.requires_grad], leaves + [p for _, p in named],
                                [t for t in cots if t is not None], allow_unused=True)
        case["cot"] = cots
        e.made["g"] = plain(g[:len(leaves)])
        e.made["parameters"] = {n: t for (n, _), t in zip(named, plain(g[len(leaves):]))}
    e.made["buffers"] = {n: b.detach().clone() for n, b in m.named_buffers()}
    return case, e


def module_cases(names, counts):
    """(name, what, case, expected) of every sample of every module that the program has."""
    for info in module_db:
        name = info.name.split(".")[-1]
        if name not in names:
            continue
        given = []
        for dtype, training in itertools.product((torch.float64, torch.float32), (True, False)):
            seed_all(7)
            given += [(i, dtype, training) for i in info.module_inputs_func(info, device="cpu", dtype=dtype, requires_grad=True, training=training)]
        if info.module_error_inputs_func:
            seed_all(7)
            given += [(i.module_error_input, torch.float64, True) for i in info.module_error_inputs_func(
                info, device="cpu", dtype=torch.float64, requires_grad=False, training=True)]
        for i, dtype, training in given:
            try:
                yield (name, f"{dtype}, {'training' if training else 'eval'}", *module_case(info, name, i, dtype, training))
            except NotHere:
                counts["other kinds"] += 1


STEPS = 20
# Of what is unstable: LBFGS divides by what is left of gradients, and Muon rounds to bfloat16 in between.
FEWER_STEPS, LOOSER = {"LBFGS": 2}, {"Muon": 1e8}


def optimizer_case(info, kwargs, shapes, network):
    start = [noise(torch.empty(s, dtype=torch.float64), 10 + i) for i, s in enumerate(shapes)]
    name = info.optim_cls.__name__
    case = {"optimizer": name, "args": [start], "leaves": start, "kwargs": encode(kwargs, [], {}),
            "steps": FEWER_STEPS.get(name, STEPS)}
    params = [t.clone().requires_grad_() for t in start]
    if network:
        x, y = (noise(torch.empty(s, dtype=torch.float64), i) for i, s in ((3, (16, 5)), (4, (16, 1))))
        case.update(x=x, y=y, sign=-1 if kwargs.get("maximize") else 1)
    else:
        case["grads"] = [[noise(t, 100 * i + j) for j, t in enumerate(start)] for i in range(STEPS)]
    e = Expected(str(kwargs))
    try:
        o = info.optim_cls(params, **kwargs)
        steps = []
        for i in range(case["steps"]):
            if network:
                def closure():
                    o.zero_grad()
                    loss = case["sign"] * torch.nn.functional.mse_loss(torch.tanh(x @ params[0]) @ params[1], y)
                    loss.backward()
                    return loss
                o.step(closure)
            else:
                for t, g in zip(params, case["grads"][i]):
                    t.grad = g.clone()
                o.step()
            steps.append(plain(params))
        e.made = {"steps": steps, "state": o.state_dict()}
        for state in e.made["state"]["state"].values():
            state.pop("al", None)  # LBFGS's scratch paper
    except Exception as error:
        e.refused = f"{type(error).__name__}: {error}"
    return case, e


def optimizer_cases(names):
    """The same of optimizers: with the options of each sample, and of every two of them."""
    for info in optim_db:
        name = info.optim_cls.__name__
        if name not in names:
            continue
        options = [i.kwargs for i in info.optim_inputs_func(device="cpu")]
        both = [{**a, **b} for a, b in itertools.combinations(options, 2)]
        errors = [i.optimizer_error_input.kwargs for i in info.optim_error_inputs_func(device="cpu", dtype=torch.float64)]
        seen = []
        for kwargs in options + both + errors:
            if not isinstance(kwargs, dict) or any(isinstance(v, torch.Tensor) for v in pytree.tree_leaves(kwargs)) or kwargs in seen:
                continue
            seen.append(kwargs)
            matrices = [(5, 4), (4, 1)]
            shapes = matrices if name == "Muon" else [*matrices, (4,), (1,), ()]
            for network in (False, True):
                if network or name != "LBFGS":
                    yield (name, "network" if network else "given gradients",
                           *optimizer_case(info, kwargs, matrices if network else shapes, network))


def same(got, want, path, looser):
    """How two values differ, dicts with the order of their keys."""
    if isinstance(want, torch.Tensor):
        d = difference(got, want, looser, 1) if isinstance(got, torch.Tensor) else f"{type(got).__name__} for a tensor"
        return [f"{path}: {d}"] if d else []
    if isinstance(want, dict):
        if not isinstance(got, dict) or list(got) != list(want):
            return [f"{path}: {list(got) if isinstance(got, dict) else type(got).__name__} for {list(want)}"]
        return [d for k in want for d in same(got[k], want[k], f"{path}.{k}", looser)]
    if isinstance(want, (list, tuple)):
        if type(got) is not type(want) or len(got) != len(want):
            return [f"{path}: {got!r} for {want!r}"[:300]]
        return [d for i, (a, b) in enumerate(zip(got, want)) for d in same(a, b, f"{path}.{i}", looser)]
    if isinstance(want, float) and isinstance(got, float) and math.isclose(got, want, rel_tol=1e-11):
        return []
    return [] if isinstance(got, bool) == isinstance(want, bool) and got == want else [f"{path}: {got!r} for {want!r}"]


def judge(r, e, looser=1):
    """Pairs of a kind of difference and its description, as opinfo.py has them."""
    if (found := refusals(r, e)) is not None:
        return found
    found = []
    for key, want in e.made.items():
        kind = "gradients" if key in ("g", "parameters") else "values"
        if key not in r:
            d = "nothing"
        elif key == "out":
            d = differences(r[key], want, key)
        elif key == "g":
            d = differences(r[key], want, key, looser, 1)
        elif key == "parameters":
            d = differences([r[key].get(n) for n in want], list(want.values()), key, looser, 1) if list(r[key]) == list(want) else \
                f"{list(r[key])} for {list(want)}"
        else:
            d = "; ".join(same(r[key], want, key, looser)[:4])
        if d:
            found.append((kind, d))
    return found
