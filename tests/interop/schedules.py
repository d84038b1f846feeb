"""What torch's schedulers do, for tests/optim/lr_scheduler_test.cpp: schedules.py JSON compares the file with this torch, bit for
bit; with --write it makes the file. Exit code 77: skipped, there is no torch.

A case is an optimizer (one learning rate for each group), schedulers on it (several are stepped one after the other), and what comes of
200 steps: samples of the learning rates (and momenta, for OneCycleLR), the SHA-256 of all of them, and of the bytes of torch.save for the state dicts of
the schedulers and the optimizer after 57 steps."""
import hashlib
import io
import json
import os
import pathlib
import struct
import subprocess
import sys
import warnings

STEPS, SAVED_AT = 200, 57
SAMPLES = [0, 1, 2, 7, 30, 31, 57, 58, 100, 150, 199, STEPS]
METRICS = {"falling": lambda t: 1 / (1 + t), "bumpy": lambda t: 2 - t / 40 if t < 40 else 1 + (t * 7919 % 13 - 6) / 100,
           "rising": lambda t: -METRICS["bumpy"](t), "nan": lambda t: float("nan")}
LAMBDAS = {"0.95**epoch": lambda epoch: 0.95**epoch, "1/(1+epoch)": lambda epoch: 1 / (1 + epoch)}


def case(scheduler, lrs=(0.1,), optimizer="SGD", **args):
    return {"optimizer": {"name": optimizer, **({"momentum": 0.9} if optimizer != "Adam" else {})}, "lrs": list(lrs),
            "schedulers": [{"name": scheduler, "args": args}]}


def plateau(metrics, **args):
    return {**case("ReduceLROnPlateau", (0.1, 0.02), **args), "metrics": metrics}


def chain(*schedulers):
    return {**case("", ()), "lrs": [0.1, 0.3], "schedulers": [{"name": name, "args": args} for name, args in schedulers]}


def sequence(milestones, *schedulers):
    parts = [{"name": name, "args": args} for name, args in schedulers]
    return {**chain(), "schedulers": [{"name": "SequentialLR", "milestones": milestones, "schedulers": parts}]}


def cases():
    two = (0.1, 0.0375)
    return [
        case("StepLR", two, step_size=30), case("StepLR", step_size=1, gamma=0.97), case("StepLR", step_size=7, gamma=1.5),
        case("MultiStepLR", two, milestones=[30, 80, 80, 150]), case("MultiStepLR", milestones=[150, 3, 90], gamma=0.3),
        case("MultiStepLR", milestones=[0, 5]), case("MultiStepLR", milestones=[]),
        case("ConstantLR", two), case("ConstantLR", factor=0.3, total_iters=60), case("ConstantLR", factor=1.0, total_iters=1),
        case("LinearLR", two), case("LinearLR", start_factor=0.01, end_factor=0.7, total_iters=100),
        case("LinearLR", start_factor=1.0, end_factor=0.0, total_iters=150), case("LinearLR", start_factor=0.5, total_iters=1),
        case("ExponentialLR", two, gamma=0.97), case("ExponentialLR", gamma=1.01), case("ExponentialLR", gamma=0.0),
        case("CosineAnnealingLR", two, T_max=200), case("CosineAnnealingLR", T_max=30, eta_min=0.001),
        case("CosineAnnealingLR", T_max=1, eta_min=0.01), case("CosineAnnealingLR", two, T_max=7), case("CosineAnnealingLR", T_max=150),
        case("LambdaLR", two, lr_lambda="0.95**epoch"), case("LambdaLR", two, lr_lambda=["0.95**epoch", "1/(1+epoch)"]),
        case("OneCycleLR", max_lr=0.5, total_steps=200), case("OneCycleLR", two, max_lr=[0.5, 0.1], epochs=20, steps_per_epoch=11),
        case("OneCycleLR", two, "Adam", max_lr=0.01, total_steps=201, anneal_strategy="linear"),
        case("OneCycleLR", two, "Adam", max_lr=0.01, total_steps=250, three_phase=True, pct_start=0.4),
        case("OneCycleLR", (0.1,), "RMSprop", max_lr=0.3, total_steps=300, three_phase=True, anneal_strategy="linear",
             base_momentum=0.7, max_momentum=0.99, div_factor=10.0, final_div_factor=100.0),
        case("OneCycleLR", two, max_lr=0.3, total_steps=200, cycle_momentum=False, pct_start=0.0),
        case("OneCycleLR", two, "Adam", max_lr=0.3, total_steps=220, base_momentum=[0.8, 0.7], max_momentum=[0.9, 0.95]),
        plateau("falling"), plateau("bumpy"), plateau("bumpy", patience=3, cooldown=4, factor=0.5, threshold=0.02, threshold_mode="abs"),
        plateau("rising", mode="max", patience=5, min_lr=[0.01, 0.001]), plateau("bumpy", patience=0, factor=0.9, min_lr=0.015, eps=1e-3),
        plateau("rising", mode="max", patience=2, factor=0.3, threshold=0.05, threshold_mode="abs", cooldown=1),
        plateau("nan", patience=20),
        chain(("LinearLR", {"total_iters": 20}), ("ExponentialLR", {"gamma": 0.98})),
        chain(("StepLR", {"step_size": 50}), ("CosineAnnealingLR", {"T_max": 90}), ("ConstantLR", {"total_iters": 33})),
        sequence([20], ("LinearLR", {"total_iters": 20}), ("CosineAnnealingLR", {"T_max": 180})),
        sequence([10, 60], ("ConstantLR", {"factor": 0.25, "total_iters": 10}), ("StepLR", {"step_size": 9, "gamma": 0.8}),
                 ("ExponentialLR", {"gamma": 0.99})),
        sequence([57, 120], ("MultiStepLR", {"milestones": [4, 9]}), ("LambdaLR", {"lr_lambda": "1/(1+epoch)"}),
                 ("MultiStepLR", {"milestones": [0, 9]})),
        sequence([50, 100, 150], ("LinearLR", {"start_factor": 0.2, "total_iters": 50}), ("LinearLR", {"start_factor": 0.9}),
                 ("ConstantLR", {"factor": 0.5}), ("CosineAnnealingLR", {"T_max": 40, "eta_min": 0.01})),
        sequence([], ("StepLR", {"step_size": 40})),
    ]


def make(torch, optimizer, spec):
    lr_scheduler = torch.optim.lr_scheduler
    if spec["name"] == "SequentialLR":
        return lr_scheduler.SequentialLR(optimizer, [make(torch, optimizer, s) for s in spec["schedulers"]], spec["milestones"])
    args = dict(spec["args"])
    if "lr_lambda" in args:
        f = args["lr_lambda"]
        args["lr_lambda"] = LAMBDAS[f] if isinstance(f, str) else [LAMBDAS[name] for name in f]
    return getattr(lr_scheduler, spec["name"])(optimizer, **args)


def saved(torch, state):
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def run(torch, spec):
    settings = dict(spec["optimizer"])
    kind = getattr(torch.optim, settings.pop("name"))
    groups = [{"params": [torch.zeros(2, requires_grad=True)], "lr": lr} for lr in spec["lrs"]]
    optimizer = kind(groups, **settings)
    schedulers = [make(torch, optimizer, s) for s in spec["schedulers"]]
    values = []

    def note():
        row = [group["lr"] for group in optimizer.param_groups]
        if "OneCycleLR" in str(spec):
            row += [group["betas"][0] if "betas" in group else group["momentum"] for group in optimizer.param_groups]
        values.append([float(v) for v in row])

    out = dict(spec)
    note()
    for step in range(1, STEPS + 1):
        optimizer.step()
        for s in schedulers:
            s.step(METRICS[spec["metrics"]](step - 1)) if "metrics" in spec else s.step()
        note()
        if step == SAVED_AT:
            out["saved_sha256"] = [saved(torch, s.state_dict()) for s in schedulers] + [saved(torch, optimizer.state_dict())]
    for s in schedulers:
        assert s.get_last_lr() == [group["lr"] for group in optimizer.param_groups] or len(schedulers) > 1
    out["sha256"] = hashlib.sha256(b"".join(struct.pack("<d", v) for row in values for v in row)).hexdigest()
    out["samples"] = [[step, [v.hex() for v in values[step]]] for step in SAMPLES]
    return out


def main():
    path = pathlib.Path(sys.argv[1])
    try:
        import torch
    except ImportError:
        judge = os.environ.pop("HARKER_JUDGE", None)  # a Python that has it, as for run.py
        if judge:
            sys.exit(subprocess.run([judge, *sys.argv]).returncode)
        print("SKIPPED: there is no torch")
        sys.exit(77)
    warnings.simplefilter("ignore")
    made = [json.dumps(run(torch, spec)) for spec in cases()]
    text = "[\n" + ",\n".join(made) + "\n]\n"
    if "--write" in sys.argv:
        path.write_text(text, encoding="utf-8")
        return
    expected = [json.dumps(c) for c in json.loads(path.read_text(encoding="utf-8"))]
    wrong = [mine for mine, theirs in zip(made, expected) if mine != theirs]
    for mine in wrong:
        print("DIFFERS:", mine[:300])
    if wrong or len(made) != len(expected):
        sys.exit(f"{len(wrong)} of {len(made)} cases differ from {path} ({len(expected)} cases), torch {torch.__version__}")
    print(f"{len(made)} cases are as torch {torch.__version__} has them")


main()
