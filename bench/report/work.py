"""What is compared: the rows of the table with their limits, the sweeps, and single operations."""
import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Work:
    """A perceptron of these widths, trained ("train") or used ("inference")."""
    name: str
    kind: str
    widths: tuple
    batch: int
    gain: float = 1  # what every weight is multiplied by
    must: dict = field(default_factory=dict)  # {threads: (LibTorch / harker at least, harker / loop at most)}

    @property
    def net(self):
        same = len(self.widths) > 4 and len(set(self.widths)) == 1
        return f"{len(self.widths) - 1} layers of width {self.widths[0]}" if same else "-".join(map(str, self.widths))

    @property
    def tolerance(self):
        """Each layer rounds anew, and programs round in different orders: a random walk, so the root of their number."""
        return 1e-5 * math.sqrt(len(self.widths) - 1)

    def arguments(self, threads, milliseconds):
        """As bench/mlp_turn.h reads them."""
        return [self.kind, ",".join(map(str, self.widths)), self.batch, self.gain, threads, milliseconds]


ROWS = [
    Work("Dracula step (10-20-1), batch 1", "train", (10, 20, 1), 1, must={1: (100, 1.7)}),
    Work("Dracula step, batch 32", "train", (10, 20, 1), 32, must={1: (60, 1)}),
    Work("Dracula step, batch 1024", "train", (10, 20, 1), 1024, must={1: (6, 0.8)}),
    Work("784-512-10 step, batch 64", "train", (784, 512, 10), 64, must={1: (2.5, 1.05)}),
    Work("1024-4096-1024 step, batch 256", "train", (1024, 4096, 1024), 256, must={1: (1.15, 1.05), 2: (1.2, None)}),
    Work("Dracula inference, batch 1", "inference", (10, 20, 1), 1, must={1: (35, None)}),
    Work("Dracula inference, batch 1024", "inference", (10, 20, 1), 1024, must={1: (2.2, None)}),
    Work("784-512-10 inference, batch 64", "inference", (784, 512, 10), 64, must={1: (1.1, None)}),
]

# torch's initial weights are meant for a few layers. They shrink a signal by sqrt(6) in each: from 50 layers on gradients are
# so small that Adam's mean of their squares is a denormal number. He's correction is this sqrt(6), but it keeps the mean of the
# squares, which a few large values make; the typical value still fades, to 1e-35 after 1,000 layers of width 16. With 2.6 it
# stays: at every depth of the sweep the gradients that are not 0 lie between 3e-8 and 2e6.
DEEP_GAIN = 2.6

# sweep: (title, what is on the x axis, [(x, work)])
SWEEPS = {
    "width": ("One step of w-w-w, batch 32", "width w",
              [(w, Work(f"width {w}", "train", (w, w, w), 32)) for w in (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)]),
    "depth": ("One step of n layers of width 16, batch 32", "layers",
              [(n, Work(f"depth {n}", "train", (16,) * (n + 1), 32, DEEP_GAIN)) for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)]),
    "batch": ("One step of 10-20-1", "batch",
              [(b, Work(f"batch {b}", "train", (10, 20, 1), b)) for b in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)]),
}


@dataclass(frozen=True)
class Net:
    """One of the nets of nets_turn.h, trained or used."""
    net: str
    kind: str
    must: dict
    tolerance = 1e-4  # as of a hundred layers
    batch, gain = 0, 1  # are in the net

    @property
    def name(self):
        return f"{self.net}: {'step' if self.kind == 'train' else 'forward'}"

    def arguments(self, threads, milliseconds):
        return [self.net, self.kind, threads, milliseconds]


NETS = [Net(net, kind, {1: (least, None)}) for net in (
    "digits conv", "residual net, 32x32", "depthwise-separable net, 32x32", "LSTM, batch 16, 32 steps, 32-64",
    "GRU, batch 16, 32 steps, 32-64", "encoder layer, batch 8, 64 tokens, width 128",
    "batch-normed autoencoder 784-128-32, batch 64", "embedding bags, 32 of 20 of 5,000 words", "VAE 784-256-16, batch 64",
    "24-8-2, tanh, batch 200") for kind, least in (("train", 1.5), ("inference", 1.3))]

NOISE = 1.05  # what is slower by less is not slower
