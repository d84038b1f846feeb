"""make_optimizers.py: writes optimizers.json beside itself: 20 steps of torch's optimizers that harker writes with tensors, each
option used once; where they stand after 10 and 20, and their state dicts with the keys in torch's order. Deterministic."""
import json
import pathlib

import torch

torch.set_num_threads(1)


def plain(v):
    if isinstance(v, torch.Tensor):
        return {"dtype": str(v.dtype).removeprefix("torch."), "shape": list(v.shape), "data": [float(x).hex() for x in v.flatten().tolist()]}
    if isinstance(v, (list, tuple)):
        return [plain(x) for x in v]
    if isinstance(v, dict):
        return {str(k): plain(x) for k, x in v.items()}
    return v


def start():
    w = torch.linspace(-1, 1, 12, dtype=torch.float64).view(3, 4).requires_grad_()
    b = torch.linspace(0.5, -0.5, 4, dtype=torch.float64).requires_grad_()
    return w, b


def loss_of(w, b):
    return torch.sin(w * 1.3 + 0.2).sum() * 0.5 + ((b - 0.3) ** 2).sum() + torch.tanh(w @ b).sum() + 0.1 * (w**4).sum()


ROWS = [
    ("NAdam", {}), ("NAdam", {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1, "momentum_decay": 0.01}),
    ("NAdam", {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("RAdam", {"lr": 0.01}), ("RAdam", {"lr": 0.02, "betas": (0.8, 0.9), "eps": 1e-6, "weight_decay": 0.1, "maximize": True}),
    ("RAdam", {"lr": 0.02, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("Adamax", {}), ("Adamax", {"lr": 0.02, "betas": (0.8, 0.9), "eps": 1e-6, "weight_decay": 0.1, "maximize": True}),
    ("Adadelta", {}), ("Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-5, "weight_decay": 0.1, "maximize": True}),
    ("ASGD", {}), ("ASGD", {"lr": 0.05, "lambd": 1e-2, "alpha": 0.5, "t0": 5, "weight_decay": 0.1, "maximize": True}),
    ("Muon", {}), ("Muon", {"lr": 0.02, "weight_decay": 0.01, "momentum": 0.8, "nesterov": False, "ns_steps": 3, "adjust_lr_fn": "match_rms_adamw"}),
    ("LBFGS", {"max_iter": 2, "lr": 0.1}), ("LBFGS", {"max_iter": 3, "lr": 0.2, "history_size": 4}),
    ("LBFGS", {"max_iter": 1, "line_search_fn": "strong_wolfe"}), ("LBFGS", {"max_iter": 4, "line_search_fn": "strong_wolfe", "history_size": 5}),
]


def main():
    rows = []
    for name, args in ROWS:
        params = start()
        optimizer = getattr(torch.optim, name)([params[0]] if name == "Muon" else list(params), **args)
        losses, row = [], {"name": name, "args": {k: list(v) if isinstance(v, tuple) else v for k, v in args.items()}}

        def closure():
            optimizer.zero_grad()
            loss = loss_of(*params)
            loss.backward()
            return loss

        for i in range(20):
            losses.append(optimizer.step(closure).item().hex())
            if i in (9, 19):
                row[f"params_{i + 1}"] = plain(list(params))
                row[f"state_{i + 1}"] = plain(optimizer.state_dict()["state"])
        row["losses"] = losses
        group = optimizer.state_dict()["param_groups"][0]
        row["group"] = [[k, plain(v)] for k, v in group.items()]
        rows.append(row)
    path = pathlib.Path(__file__).with_name("optimizers.json")
    path.write_text(json.dumps({"made_with": torch.__version__, "rows": rows}, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")


main()
