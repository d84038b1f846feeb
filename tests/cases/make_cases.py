#!/usr/bin/env python3
"""Makes the files of tests/cases that real PyTorch writes in its odder ways; needs torch 2.15.

Beside NAME stands NAME.same.pt where torch.save of what NAME holds is judged: the weights of a module or program, or what
pickle.load gives.
"""
import collections, pickle, sys, types, warnings
import numpy as np
import torch
import torch.nn as nn

warnings.simplefilter('ignore')
torch.manual_seed(0)
models = types.ModuleType('models')
sys.modules['models'] = models


def known(cls):
    cls.__module__ = 'models'
    setattr(models, cls.__name__, cls)
    return cls


def weights(module):
    return collections.OrderedDict((k, v.detach()) for k, v in module.state_dict().items() if isinstance(v, torch.Tensor))


# Tensors in a plain pickle: each storage is the bytes of a file of its own.
t = torch.arange(6.)
things = {'sd': nn.Linear(2, 2).state_dict(), 'view': t[2:4], 't': t, 'tied': t, 'half': t.half(), 'p': nn.Parameter(t.clone()),
          'q': torch.quantize_per_tensor(t, 0.1, 0, torch.qint8), 'coo': t.to_sparse()}
for protocol in (0, 2, 4):
    with open(f'pickled_{protocol}.pkl', 'wb') as f: pickle.dump(things, f, protocol=protocol)
    with open(f'pickled_{protocol}.pkl', 'rb') as f: torch.save(pickle.load(f), f'pickled_{protocol}.pkl.same.pt')

# Storages that are no tensor's, and tensors of classes of the user's own.
typed, untyped = t.clone().storage(), torch.arange(4.).untyped_storage()
of_typed = torch.tensor([], dtype=torch.float32).set_(typed)
torch.save({'typed': typed, 'again': typed, 'view': of_typed[1:3], 'untyped': untyped, 'tuple': (untyped, 1)}, 'storages.pt')
torch.save(typed, 'storages_legacy.pth', _use_new_zipfile_serialization=False)


@known
class Sub(torch.Tensor): pass


tagged = t.clone().as_subclass(Sub)
tagged.tag = 'x'
torch.save({'plain': t.as_subclass(Sub), 'tagged': tagged, 'again': tagged, 'f8': t.to(torch.float8_e4m3fn).as_subclass(Sub),
            'q': torch.quantize_per_tensor(t, 0.1, 0, torch.qint8).as_subclass(Sub), 'b': torch.ones(1)}, 'subclasses.pt')
torch.save({'w': torch.empty(2, 3, device='meta'), 'p': nn.Parameter(torch.empty(2, device='meta'))}, 'meta.pt')

torch.save({'names': np.array(['cat', 'horse']), 'raw': np.array([[b'ab']]), 'one': np.str_('x'), 'when': np.datetime64('2020-01-01')},
           'numpy_strings.pt')


# Whole modules.
@known
class Odd(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)
        self.layers = [nn.Linear(2, 1)]
        self.same = self.fc
        self.sub = nn.Parameter(torch.ones(2).as_subclass(Sub))
        self.register_buffer('b', torch.ones(1))
        self.register_buffer('hidden', torch.ones(1), persistent=False)
        self.register_parameter('none', None)
        self.list = nn.ParameterList([torch.ones(1), torch.ones(2)])
        self.old_norm = nn.utils.weight_norm(nn.Linear(2, 2))
        self.norm = nn.DataParallel(nn.BatchNorm1d(2))


@known
class OwnState(nn.Linear):
    def __getstate__(self): return {'only': self.weight.detach()}


odd = Odd()
torch.save(weights(odd), 'module.pt.same.pt')
torch.save(odd, 'module.pt')
for m in odd.modules(): del m.__dict__['_non_persistent_buffers_set']
torch.save(odd, 'module_old.pt')
torch.save(nn.Sequential(OwnState(2, 2), nn.Linear(1, 1)), 'module_own_state.pt')
q = nn.Sequential(torch.ao.quantization.QuantStub(), nn.Conv2d(1, 1, 1), nn.Flatten(), nn.Linear(4, 2)).eval()
q.qconfig = torch.ao.quantization.default_qconfig
q = torch.ao.quantization.prepare(q)
q(torch.randn(1, 1, 2, 2))
torch.save(torch.ao.quantization.convert(q), 'module_quantized.pt')
torch.save(torch.fx.symbolic_trace(nn.Sequential(nn.Linear(2, 1))), 'module_fx.pt')


# Programs of torch.export.
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(3, 2)
        self.head = nn.Linear(2, 3, bias=False)
        self.head.weight = self.emb.weight
        self.bn = nn.BatchNorm1d(2)
        base = torch.arange(12.).reshape(3, 4)
        self.register_buffer('turned', base.t())
        self.register_buffer('row', base[1:2])
        self.register_buffer('empty', torch.zeros(0, 3))
        self.register_buffer('f8', torch.ones(2).to(torch.float8_e4m3fn))
        self.register_buffer('hidden', torch.arange(3.), persistent=False)
        self.const = torch.tensor([1., 2., 3.], dtype=torch.bfloat16)

    def forward(self, i): return self.head(self.bn(self.emb(i))) + self.hidden + self.const + self.turned.sum()


def export(name, module, *inputs):
    program = torch.export.export(module.eval(), inputs)
    for node in program.graph.nodes: node.meta.pop('stack_trace', None)
    torch.export.save(program, name)
    both = collections.OrderedDict()
    for part in (program.state_dict, program.constants): both.update((k, v.detach()) for k, v in part.items())
    return program, both


_, both = export('program.pt2', Net(), torch.tensor([0, 1]))
torch.save(both, 'program.pt2.same.pt')
from torch.export.pt2_archive._package import package_pt2
one = torch.export.export(nn.Linear(2, 1), (torch.ones(1, 2),))
for node in one.graph.nodes: node.meta.pop('stack_trace', None)
package_pt2('programs.pt2', exported_programs={'a': one, 'b': one})
