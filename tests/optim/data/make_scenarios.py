"""make_scenarios.py FOLDER: small training runs of real torch in the form of fixtures/train, for tests/optim/training_test.cpp:
deeper nets than Dracula's, every loss, scheduler and optimizer. Deterministic: the same torch writes the same files."""
import copy
import json
import pathlib
import sys

import torch
from torch import nn

torch.use_deterministic_algorithms(True)
torch.set_num_threads(1)
ROWS, FEATURES, EPOCHS = 20, 3, 15


def array(t):
    t = t.detach()
    name = str(t.dtype).removeprefix("torch.")
    data = [float(v).hex() for v in t.flatten().tolist()] if t.is_floating_point() else t.flatten().tolist()
    return {"dtype": name, "shape": list(t.shape), "data": data}


def net(widths, bias=True):
    layers = []
    for a, b in zip(widths, widths[1:]):
        layers += [nn.Linear(a, b, bias=bias), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Named(nn.Module):
    """body.in.fc, body.out.fc: names of more than one level."""

    def __init__(self):
        super().__init__()
        self.body = nn.ModuleDict({k: nn.ModuleDict({"fc": nn.Linear(a, b)}) for k, a, b in (("a", FEATURES, 5), ("b", 5, 4), ("c", 4, 1))})

    def forward(self, x):
        for k in self.body:
            x = self.body[k]["fc"](torch.relu(x) if k != "a" else x)
        return x


def scheduler_of(optimizer, s):
    args = dict(s.get("args", {}))
    if s["name"] == "SequentialLR":
        parts = [scheduler_of(optimizer, p) for p in args["schedulers"]]
        return torch.optim.lr_scheduler.SequentialLR(optimizer, parts, args["milestones"])
    if "lr_lambda" in args:
        args["lr_lambda"] = eval(args["lr_lambda"])
    return getattr(torch.optim.lr_scheduler, s["name"])(optimizer, **args)


def train(model, init, dtype, data, loss, optimizer, batch, scheduler, clip):
    model = copy.deepcopy(model).to(dtype)
    model.load_state_dict(init)
    x, y = (t.to(dtype) if t.is_floating_point() else t for t in data)
    args = {k: torch.tensor(v, dtype=dtype) if isinstance(v, list) else v for k, v in loss["args"].items()}
    loss_of = getattr(nn, loss["name"])(**args)
    opt = getattr(torch.optim, optimizer["name"])(model.parameters(), **optimizer["args"])
    # The options before a scheduler sets rates and momenta.
    effective = {k: v for k, v in opt.state_dict()["param_groups"][0].items() if k != "params"}
    sched = scheduler_of(opt, scheduler) if scheduler else None
    out = {"effective": effective, "epoch_loss": [], "step_loss": [], "lr_per_epoch": [], "first": {}}
    for epoch in range(EPOCHS):
        out["lr_per_epoch"].append(opt.param_groups[0]["lr"])
        steps = []
        for at in range(0, ROWS, batch or ROWS):
            rows = slice(at, at + (batch or ROWS))
            opt.zero_grad()
            value = loss_of(model(x[rows]), y[rows])
            value.backward()
            if "clip_grad_norm" in clip:
                nn.utils.clip_grad_norm_(model.parameters(), clip["clip_grad_norm"])
            if "clip_grad_value" in clip:
                nn.utils.clip_grad_value_(model.parameters(), clip["clip_grad_value"])
            named = dict(model.named_parameters())
            first = epoch == 0 and at == 0
            if first:
                out["first"]["grads"] = {k: array(p.grad) for k, p in named.items()}
            opt.step()
            if first:
                out["first"]["weights_after"] = {k: array(p) for k, p in named.items()}
            steps.append((value.item(), len(x[rows])))
        out["step_loss"].append([v for v, _ in steps])
        out["epoch_loss"].append(sum(v * n for v, n in steps) / ROWS if batch else steps[0][0])
        if sched:
            args = (out["epoch_loss"][-1],) if scheduler["name"] == "ReduceLROnPlateau" else ()
            sched.step(*args)
    with torch.no_grad():
        out["final_full_loss"] = loss_of(model(x), y).item()
    out["final_weights"] = {k: array(p) for k, p in model.named_parameters()}
    out["state"] = {str(i): {k: array(v) for k, v in e.items() if v is not None} for i, e in opt.state_dict()["state"].items()}
    return out


def agreeing(a, b, tolerance):
    n = 0
    for u, v in zip(a, b):
        if abs(u - v) > tolerance * abs(v):
            break
        n += 1
    return n


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    x = torch.randn(ROWS, FEATURES)
    truth = x[:, :1] * 1.5 - torch.relu(x[:, 1:2]) + 0.25 * torch.randn(ROWS, 1)
    classes = (truth[:, 0] * 1.3).round().clamp(-1, 1).long() + 1
    data = {"regression": truth, "binary": (truth > 0).float(), "classes": classes, "probabilities": torch.softmax(torch.randn(ROWS, 3), 1)}
    for name, y in data.items():
        write(folder / f"data_{name}.json", {"x": array(x), "y": array(y)})
    models = {"deep1": net((FEATURES, 5, 4, 1)), "deep3": net((FEATURES, 6, 5, 4, 3)), "bare1": net((FEATURES, 6, 1), bias=False),
              "single1": net((FEATURES, 1)), "named1": Named()}
    for name, model in models.items():
        write(folder / f"init_{name}.json", {k: array(p) for k, p in model.state_dict().items()})

    def optimizer(name, **args):
        return {"name": name, "args": args}

    def scheduler(name, **args):
        return {"name": name, "args": args}

    warm = scheduler("LinearLR", start_factor=0.25, total_iters=4)
    scenarios = [
        ("l1_sgd_nesterov_multistep", "regression", "deep1", ("L1Loss", {}), optimizer("SGD", lr=0.05, momentum=0.9, nesterov=True), None,
         scheduler("MultiStepLR", milestones=[4, 9, 9], gamma=0.5), {}),
        ("smooth_l1_adam_amsgrad_constant", "regression", "named1", ("SmoothL1Loss", {"beta": 0.5}),
         optimizer("Adam", lr=0.03, betas=(0.8, 0.95), eps=1e-6, amsgrad=True, weight_decay=0.01), 8, scheduler("ConstantLR", factor=0.5, total_iters=6), {}),
        ("huber_rmsprop_centered_linear", "regression", "bare1", ("HuberLoss", {"delta": 0.7}),
         optimizer("RMSprop", lr=0.01, alpha=0.9, eps=1e-5, momentum=0.5, centered=True, weight_decay=0.02), None, scheduler("LinearLR", total_iters=5), {}),
        ("bce_adamw_exponential", "binary", "deep1", ("BCEWithLogitsLoss", {"pos_weight": [2.5]}), optimizer("AdamW", lr=0.02, weight_decay=0.1), 8,
         scheduler("ExponentialLR", gamma=0.9), {}),
        ("ce_adagrad_lambda", "classes", "deep3", ("CrossEntropyLoss", {"weight": [0.5, 1.0, 2.0], "label_smoothing": 0.1, "ignore_index": 2}),
         optimizer("Adagrad", lr=0.1, lr_decay=0.05, initial_accumulator_value=0.1, eps=1e-8, weight_decay=0.01), None,
         scheduler("LambdaLR", lr_lambda="lambda epoch: 1 / (1 + 0.1 * epoch)"), {}),
        ("nll_sgd_onecycle", "classes", "deep3", ("NLLLoss", {"weight": [1.0, 0.5, 0.25]}), optimizer("SGD", lr=0.01, momentum=0.5, weight_decay=0.1), 8,
         scheduler("OneCycleLR", max_lr=0.05, total_steps=EPOCHS + 1), {"clip_grad_norm": 0.5}),
        ("kl_adam_onecycle_linear", "probabilities", "deep3", ("KLDivLoss", {"reduction": "batchmean"}), optimizer("Adam", lr=0.01), None,
         scheduler("OneCycleLR", max_lr=0.01, total_steps=30, anneal_strategy="linear", three_phase=True, pct_start=0.4), {"clip_grad_value": 0.1}),
        ("ce_probabilities_sgd_sequential", "probabilities", "deep3", ("CrossEntropyLoss", {}), optimizer("SGD", lr=0.2, momentum=0.8, dampening=0.3), 8,
         scheduler("SequentialLR", schedulers=[warm, scheduler("CosineAnnealingLR", T_max=10, eta_min=0.01)], milestones=[4]), {}),
        ("mse_sgd_plateau", "regression", "deep1", ("MSELoss", {}), optimizer("SGD", lr=0.4), None,
         scheduler("ReduceLROnPlateau", factor=0.3, patience=1, threshold=0.05, cooldown=1, min_lr=0.001), {"clip_grad_norm": 1.0}),
        ("mse_adam_step_clip", "regression", "named1", ("MSELoss", {}), optimizer("Adam", lr=0.05), 6, scheduler("StepLR", step_size=4, gamma=0.6),
         {"clip_grad_norm": 0.75}),
        ("mse_sgd_maximize", "regression", "single1", ("MSELoss", {}), optimizer("SGD", lr=0.01, maximize=True), None, None, {}),
        ("l1_sum_adagrad", "regression", "single1", ("L1Loss", {"reduction": "sum"}), optimizer("Adagrad", lr=0.05), 8, None, {}),
        ("bce_rmsprop_cosine", "binary", "deep1", ("BCEWithLogitsLoss", {}), optimizer("RMSprop", lr=0.01), 8,
         scheduler("CosineAnnealingLR", T_max=EPOCHS), {}),
        ("mse_adam_maximize_decoupled", "regression", "deep1", ("MSELoss", {}),
         optimizer("Adam", lr=0.01, maximize=True, weight_decay=0.5, decoupled_weight_decay=True), None, None, {}),
    ]
    index = []
    for name, y, init, loss, opt, batch, sched, clip in scenarios:
        pair = (x, data[y])
        run = lambda dtype, state: train(models[init], state, dtype, pair, {"name": loss[0], "args": loss[1]}, opt, batch, sched, clip)
        state = models[init].state_dict()
        for dtype in [torch.float64] + [torch.float32] * (name in ("l1_sgd_nesterov_multistep", "mse_adam_step_clip")):
            got = run(dtype, state)
            wide = dtype == torch.float64
            short = name + ("_f64" if wide else "_f32")
            scenario = {
                "name": short, "dtype": str(dtype).removeprefix("torch."), "data": f"data_{y}.json", "init": f"init_{init}.json",
                "loss": {"name": loss[0], "args": loss[1]}, "optimizer": {**opt, "effective": got["effective"]}, "batch_size": batch, "epochs": EPOCHS,
                **({"scheduler": sched, "lr_per_epoch": got["lr_per_epoch"]} if sched else {}), **clip, "epoch_loss": [v.hex() for v in got["epoch_loss"]],
                **({"step_loss": [[v.hex() for v in e] for e in got["step_loss"]]} if batch else {}), "first_step": got["first"],
                "final_full_loss": got["final_full_loss"].hex(), "final_weights": got["final_weights"], "final_optimizer_state": got["state"]}
            write(folder / f"{short}.json", scenario)
            entry = {"name": short, "file": f"{short}.json", "dtype": scenario["dtype"], "epochs": EPOCHS, "batch_size": batch}
            if wide:
                near = {k: v.double() * (1 + 1e-15 * (1 if i % 2 else -1)) for i, (k, v) in enumerate(state.items())}
                entry["epochs_within_1e-9"] = agreeing(run(dtype, near)["epoch_loss"], got["epoch_loss"], 1e-9)
            else:
                entry["epochs_within_1e-5"] = agreeing(got["epoch_loss"], run(torch.float64, state)["epoch_loss"], 1e-5)
            index.append(entry)
    write(folder / "index.json", {"made_with": torch.__version__, "scenarios": index})


def write(path, value):
    path.write_text(json.dumps(value, separators=(",", ":")).replace('],"', '],\n"') + "\n")


main(pathlib.Path(sys.argv[1]))
