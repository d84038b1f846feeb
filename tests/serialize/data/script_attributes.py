"""Writes script_attributes.pt, by torch.jit: modules with tensors that are neither parameters nor buffers, in attributes,
lists and dicts, and with one parameter under two names. Prints what the test expects of it."""
import pathlib
from typing import Dict, List, Optional

import torch
from torch import nn


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.tensor([1.0, 2.0]))
        self.register_buffer("b", torch.tensor([3.0]))
        self.register_buffer("hidden", torch.tensor([9.0]), persistent=False)
        self.t = torch.tensor([4.0, 5.0, 6.0])
        self.k = 7

    def forward(self, x):
        return x * self.w + self.b + self.t.sum() + self.k + self.hidden


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = torch.tensor(0.5)
        self.names: List[int] = [1, 2]
        self.table: Dict[str, torch.Tensor] = {"a": torch.ones(1)}
        self.opt: Optional[torch.Tensor] = None
        self.tensors: List[torch.Tensor] = [torch.zeros(2)]
        self.lin = nn.Linear(2, 2)
        self.inner = Inner()
        self.bn = nn.BatchNorm1d(2)
        self.blocks = nn.ModuleList([Inner(), Inner()])
        self.tied = self.lin.weight

    def forward(self, x):
        y = self.bn(self.lin(x)) * self.scale + len(self.names) + self.table["a"] + self.tensors[0]
        y = self.inner(y)
        for b in self.blocks:
            y = b(y)
        if self.opt is not None:
            y = y + self.opt
        return y + self.tied.sum()


torch.manual_seed(0)
path = str(pathlib.Path(__file__).with_name("script_attributes.pt"))
torch.jit.script(Net().eval()).save(path)
for name, t in torch.jit.load(path).state_dict().items():
    print(name, t.dtype, list(t.shape))
