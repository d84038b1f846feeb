"""The peers in Python, on the work of bench/mlp.cpp from the same seed:

  python_steps.py eager|fused|jax train|inference WIDTH,WIDTH,... BATCH GAIN THREADS MILLISECONDS
  python_steps.py --versions        a JSON object of those that are installed

`eager` is PyTorch, `fused` the same with Adam(fused=True), `jax` a jitted step that keeps its state on its side. JAX cannot
draw torch's numbers, so its weights and data come from torch as well. What is printed is what bench/mlp_turn.h prints.
"""
import importlib.metadata
import json
import os
import statistics
import sys
import time

LR = 1e-6  # kLr of bench/mlp_turn.h
ADAM = (0.9, 0.999, 1e-8)


def versions():
    found = {}
    for package, words in (("torch", ("eager", "fused")), ("jax", ("jax",))):
        try:
            found |= {word: f"{package} {importlib.metadata.version(package)}" for word in words}
        except importlib.metadata.PackageNotFoundError:
            pass
    return found if "eager" in found else {}


def torch_model(widths, batch, gain):
    import torch
    torch.manual_seed(0)
    layers = [torch.nn.Linear(i, o) for i, o in zip(widths, widths[1:])]
    if gain != 1:
        with torch.no_grad():
            for layer in layers:
                layer.weight.mul_(gain)
    return layers, torch.randn(batch, widths[0]), torch.randn(batch, widths[-1])


class Torch:
    def __init__(self, widths, batch, gain, threads, train, fused):
        import torch
        torch.set_num_threads(threads)
        layers, self.x, self.y = torch_model(widths, batch, gain)
        modules = [m for layer in layers for m in (layer, torch.nn.ReLU())][:-1]
        self.torch, self.model, self.train = torch, torch.nn.Sequential(*modules), train
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=LR, fused=fused)

    def call(self):
        if not self.train:
            with self.torch.inference_mode():
                return self.model(self.x)
        self.optimizer.zero_grad()
        loss = self.torch.nn.functional.mse_loss(self.model(self.x), self.y)
        loss.backward()
        self.optimizer.step()
        return loss

    def value(self, result):
        return result.item() if self.train else result.double().square().sum().item()

    def wait(self, result):
        pass

    def freeze(self):
        self.optimizer.param_groups[0]["lr"] = 0.0

    def arrays(self):
        if not self.train:
            return [self.call().numpy()]
        of_parameters = [(p, p.grad, self.optimizer.state[p]["exp_avg"], self.optimizer.state[p]["exp_avg_sq"])
                         for p in self.model.parameters()]
        return [t.detach().numpy() for group in of_parameters for t in group]


class Jax:
    def __init__(self, widths, batch, gain, threads, train):
        one = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" if threads == 1 else ""
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {one}".strip()
        os.environ["JAX_PLATFORMS"] = "cpu"
        import jax
        import jax.numpy as jnp
        layers, x, y = torch_model(widths, batch, gain)
        self.x, self.y = jnp.array(x.numpy()), jnp.array(y.numpy())
        params = [(jnp.array(l.weight.detach().numpy()), jnp.array(l.bias.detach().numpy())) for l in layers]
        zeros = jax.tree.map(jnp.zeros_like, params)
        self.jax, self.train, self.lr = jax, train, LR
        self.state = (params, zeros, jax.tree.map(jnp.zeros_like, params), jnp.zeros((), jnp.float32))
        beta1, beta2, eps = ADAM

        def forward(params, x):
            for i, (w, b) in enumerate(params):
                x = (jax.nn.relu(x) if i else x) @ w.T + b
            return x

        def step(state, lr, x, y):
            params, m, v, count = state
            loss, grads = jax.value_and_grad(lambda p: jnp.mean(jnp.square(forward(p, x) - y)))(params)
            count = count + 1
            m = jax.tree.map(lambda m, g: m + (1 - beta1) * (g - m), m, grads)
            v = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, v, grads)
            lr_corrected, root = lr / (1 - beta1 ** count), jnp.sqrt(1 - beta2 ** count)
            params = jax.tree.map(lambda p, m, v: p - lr_corrected * m / (jnp.sqrt(v) / root + eps), params, m, v)
            return (params, m, v, count), loss

        self.step, self.forward = jax.jit(step, donate_argnums=0), jax.jit(forward)

    def call(self):
        if not self.train:
            return self.forward(self.state[0], self.x)
        self.state, loss = self.step(self.state, self.lr, self.x, self.y)
        return loss

    def value(self, result):
        import numpy
        return float(result) if self.train else float(numpy.square(numpy.asarray(result, dtype=numpy.float64)).sum())

    def wait(self, result):
        self.jax.block_until_ready((result, self.state))

    def freeze(self):
        self.lr = 0.0

    def arrays(self):
        import numpy
        return [numpy.asarray(a) for a in self.jax.tree.leaves(self.state[:3] if self.train else self.call())]


def calls_before_check(widths, batch):
    cost = sum(i * o * batch + 1e5 for i, o in zip(widths, widths[1:]))
    return int(min(max(3e7 / cost, 2), 100))


def nanoseconds_per_call(peer, calls):
    start = time.perf_counter_ns()
    for _ in range(calls):
        result = peer.call()
    peer.wait(result)
    return (time.perf_counter_ns() - start) / calls


def sampled_nanoseconds(peer, milliseconds):
    whole = milliseconds * 1e6
    calls = max(1, int(whole / 50 / min(nanoseconds_per_call(peer, 1) for _ in range(3))))
    samples, spent = [], 0
    while spent < whole or len(samples) < 3:
        samples.append(nanoseconds_per_call(peer, calls))
        spent += samples[-1] * calls
    return statistics.median(samples)


def main():
    if sys.argv[1:] == ["--versions"]:
        print(json.dumps(versions()))
        return
    who, kind, widths, batch, gain, threads, milliseconds = sys.argv[1:]
    widths, batch, gain, threads, train = [int(w) for w in widths.split(",")], int(batch), float(gain), int(threads), kind == "train"
    peer = Jax(widths, batch, gain, threads, train) if who == "jax" else Torch(widths, batch, gain, threads, train, who == "fused")
    first = peer.value(peer.call())
    for _ in range(calls_before_check(widths, batch) - 1):
        peer.call()
    last = peer.value(peer.call())
    peer.freeze()
    ns = sampled_nanoseconds(peer, float(milliseconds))
    import numpy
    tiny = numpy.finfo(numpy.float32).tiny
    arrays = peer.arrays()
    denormal = sum(int(((a != 0) & (abs(a) < tiny)).sum()) for a in arrays)
    not_finite = sum(int((~numpy.isfinite(a)).sum()) for a in arrays)
    print(json.dumps({"ns": ns, "first": first, "last": last, "denormal": denormal, "not_finite": not_finite}))


if __name__ == "__main__":
    main()
