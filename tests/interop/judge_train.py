"""judge_train.py PROGRAMS FOLDER: Dracula's net is trained in three stretches, handed from torch to harker (interop_train) and back, and
the other way round; the losses and final weights are those of torch alone, uninterrupted. Each file is loaded with weights_only=True."""
import copy
import pathlib
import subprocess
import sys

import torch

STEPS = 20  # of each stretch. Rounding grows along a curve: after 120 steps torch's own fused Adam differs by 4e-9 in float64.
FLOAT64 = 1e-9
# Float32 has no fixed limit: how fast rounding grows depends on the curve. Torch's own float32 curve is compared with its float64
# curve, and ours may be twice as far from its float32 curve as these are apart (at least eight units in the last place).
FLOAT32_LEAST = 8 * 2.0**-23
VARIANTS = [
    ("adam", "Adam", {"lr": 0.01}, {}),
    ("adam_named", "Adam", {"lr": 0.01}, {"named": True}),
    ("adam_groups", "Adam", {"lr": 0.01}, {"groups": True}),
    ("adam_amsgrad", "Adam", {"lr": 0.01, "amsgrad": True}, {}),
    ("adam_weight_decay", "Adam", {"lr": 0.01, "weight_decay": 0.1}, {}),
    ("adam_betas_eps", "Adam", {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-3}, {}),
    ("adam_maximize", "Adam", {"lr": 1e-3, "maximize": True}, {}),
    ("adamw", "AdamW", {"lr": 0.01}, {}),
    ("adamw_named_amsgrad", "AdamW", {"lr": 0.01, "weight_decay": 0.1, "amsgrad": True}, {"named": True}),
    ("adamw_groups", "AdamW", {"lr": 0.02, "weight_decay": 0.3}, {"groups": True}),
]


class DraculaModel(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = torch.nn.Linear(10, 20)
        self.relu = torch.nn.ReLU()
        self.fc2 = torch.nn.Linear(20, 1)

    def forward(self, x):
        return self.fc2(self.relu(self.fc1(x)))


def expect(right, message):
    if not right:
        print("FAILED:", message)
        sys.exit(1)


def data(dtype):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(64, 10, generator=generator, dtype=torch.float64)
    y = torch.sin(x.sum(1, keepdim=True)) + 0.1 * torch.randn(64, 1, generator=generator, dtype=torch.float64)
    return x.to(dtype), y.to(dtype)


class Job:
    """One variant in one dtype: its checkpoint so far, and the losses."""

    def __init__(self, variant, dtype, programs, folder):
        self.name, self.optimizer, self.options, how = variant
        self.how = {"named": False, "groups": False} | how
        self.x, self.y = data(dtype)
        self.programs, self.folder = programs, folder
        self.checkpoint, self.losses = {}, []

    def torch(self, steps):
        torch.manual_seed(0)
        model = DraculaModel().to(self.x.dtype)
        parameters = model.named_parameters() if self.how["named"] else model.parameters()
        if self.how["groups"]:
            parameters = [{"params": model.fc1.parameters()}, {"params": model.fc2.parameters(), "lr": self.options["lr"] / 10}]
        optimizer = getattr(torch.optim, self.optimizer)(parameters, **self.options)
        if self.checkpoint:
            model.load_state_dict(self.checkpoint["model"])
            optimizer.load_state_dict(self.checkpoint["optimizer"])
        for _ in range(steps):
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(model(self.x), self.y)
            loss.backward()
            optimizer.step()
            self.losses.append(loss.item())
        # As a file would have it: not changed by later steps.
        self.checkpoint = copy.deepcopy({"model": model.state_dict(), "optimizer": optimizer.state_dict()})

    def harker(self, steps):
        given, made = self.folder / "given.pt", self.folder / "made.pt"
        what = {"x": self.x, "y": self.y, "steps": steps, "class": self.optimizer, "options": self.options, **self.how}
        torch.save(what | self.checkpoint, given)
        subprocess.run([self.programs / "interop_train", given, made], check=True)
        self.checkpoint = torch.load(made, weights_only=True)
        self.losses += self.checkpoint.pop("losses")


def form(value):
    """A state dict without the numbers that training changes."""
    if isinstance(value, torch.Tensor):
        return value.dtype, value.shape
    if isinstance(value, dict):
        return type(value), [(key, form(item)) for key, item in value.items()]
    return type(value), [form(v) for v in value] if isinstance(value, list | tuple) else value


def distance(a, b):
    """The largest relative difference."""
    return max(abs(x - y) / max(abs(y), 1e-300) for x, y in zip(a, b, strict=True))


def weights(job):
    return {name: t.double() for name, t in job.checkpoint["model"].items()}


def weight_distance(a, b):
    """Against the largest weight of each tensor: one that is nearly zero has no relative precision."""
    return max(float((t - b[name]).abs().max() / b[name].abs().max()) for name, t in a.items())


def main():
    programs, folder = pathlib.Path(sys.argv[1]).absolute(), pathlib.Path(sys.argv[2])
    torch.set_num_threads(1)
    orders = [["torch", "harker", "torch"], ["harker", "torch", "harker"]]
    for variant in VARIANTS:
        exact = Job(variant, torch.float64, programs, folder)
        exact.torch(3 * STEPS)
        worst = {}
        for dtype in (torch.float64, torch.float32):
            alone = Job(variant, dtype, programs, folder)
            alone.torch(3 * STEPS)
            loss_limit = weight_limit = FLOAT64
            if dtype is torch.float32:
                loss_limit = 2 * max(FLOAT32_LEAST, distance(alone.losses, exact.losses))
                weight_limit = 2 * max(FLOAT32_LEAST, weight_distance(weights(alone), weights(exact)))
            for order in orders:
                job = Job(variant, dtype, programs, folder)
                if order[0] == "harker":
                    job.harker(0)  # a fresh optimizer's file, which torch must load
                    fresh = copy.deepcopy(job)
                    fresh.torch(STEPS)
                    expect(distance(fresh.losses, alone.losses[:STEPS]) <= loss_limit, f"{variant[0]}: after harker's fresh file")
                    job.checkpoint = {}
                for side in order:
                    getattr(job, side)(STEPS)
                    expect(form(job.checkpoint) == form(alone.checkpoint), f"{variant[0]}: other form after {side}: {form(job.checkpoint)}\n{form(alone.checkpoint)}")
                found = distance(job.losses, alone.losses), weight_distance(weights(job), weights(alone))
                what = f"{variant[0]} {dtype} {'-'.join(order)}"
                expect(found[0] <= loss_limit, f"{what}: losses differ by {found[0]:.2g}, allowed {loss_limit:.2g}")
                expect(found[1] <= weight_limit, f"{what}: weights differ by {found[1]:.2g}, allowed {weight_limit:.2g}")
                worst[dtype] = max(worst.get(dtype, 0), *found)
        print(f"{variant[0]}: {3 * STEPS} steps, largest relative difference {worst[torch.float64]:.1g} in float64,",
              f"{worst[torch.float32]:.1g} in float32 (losses may differ by {loss_limit:.1g}, weights by {weight_limit:.1g})")


main()
