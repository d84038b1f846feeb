"""What differs between torch and harker, and why: for some names, kinds of differences, and a condition on the sample. An entry that
explains nothing is an error of opinfo.py, too. docs/pytorch.md says the same to users."""
import dataclasses
import fnmatch
import typing

import torch

from compare import difference

# Only shapes and dtypes are the same.
RANDOM = {"empty", "empty_like", "new_empty"}
LEAST_MATCHED = 460
F64, F32, BF16, F16 = torch.float64, torch.float32, torch.bfloat16, torch.float16


@dataclasses.dataclass
class Found:
    """A difference: `text` describes it, or is the message of who refused. `e` is what torch made of it, `r` harker."""
    name: str
    set: str
    dtype: torch.dtype
    kind: str
    text: str
    e: object
    r: dict

    @property
    def x(self):
        return self.e.sample.input

    @property
    def tensors(self):
        s = self.e.sample
        return [t for t in (s.input, *s.args, *s.kwargs.values()) if isinstance(t, torch.Tensor)]

    @property
    def pairs(self):
        """What harker has and what torch has, of this kind."""
        if hasattr(self, "pairs_"):
            return self.pairs_
        pairs = {"values": [("out", self.e.out)], "gradients": [("g", self.e.g), ("g2", self.e.g)], "second gradients": [("gg", self.e.gg)]}
        return [(torch.zeros_like(b) if a is None else a, torch.zeros_like(a) if b is None else b)
                for key, want in pairs[self.kind] if want is not None and key in self.r and len(self.r[key]) == len(want)
                for a, b in zip(self.r[key], want) if a is not None or b is not None]


# --- Conditions.
def within(tolerance):
    """All numbers are as near as that, relative to the largest one."""
    def f(found):
        def near(a, b):
            if a.shape != b.shape or a.dtype != b.dtype:
                return False
            a, b = a.double(), b.double()
            least = max(1.0, b[b.isfinite()].abs().max().item()) if b.isfinite().any() else 1.0
            return bool(((a - b).abs() <= tolerance * least).logical_or(a == b).logical_or(a.isnan() & b.isnan()).all())
        return bool(found.pairs) and all(near(a, b) for a, b in found.pairs)
    return f


def overflown_or_within(tolerance):
    """The same of what is finite in torch."""
    def f(found):
        rest = dataclasses.replace(found)
        rest.pairs_ = [(torch.where(b.isfinite(), a, b) if a.shape == b.shape else a, b) for a, b in found.pairs]
        return within(tolerance)(rest)
    return f


def where_torch_has_nan(f):
    """They differ there alone."""
    return bool(f.pairs) and all(a.shape == b.shape and difference(torch.where(b.isnan(), b, a), b, 10, 1) is None for a, b in f.pairs)


def apart_from(places, condition):
    """The condition holds but at these places, a mask of the first tensor's shape."""
    def g(f):
        mask = places(f)
        rest = dataclasses.replace(f)
        rest.pairs_ = [(torch.where(mask, b, a) if a.shape == mask.shape else a, b) for a, b in f.pairs]
        return condition(rest)
    return g


def poles(f):
    return ~f.x.isfinite() | ((f.x <= 0) & (f.x == f.x.floor()))


def nans(f):
    return torch.stack([t.isnan() for t in f.tensors if t.shape == f.x.shape]).any(0)


def places_of_equals(f):
    """The values are the same, and harker's indices name them in x."""
    (values, places), (same, _) = f.r["out"], f.e.out
    if difference(values, same):
        return False
    if f.x.dim() == 0:
        return True
    full = [p.unsqueeze(d) if places.dim() < f.x.dim() else p for d in range(f.x.dim()) for p in [places]]
    wide = [v.unsqueeze(d) if values.dim() < f.x.dim() else v for d in range(f.x.dim()) for v in [values]]
    return any(all(n <= m or e == d for e, (n, m) in enumerate(zip(p.shape, f.x.shape))) and torch.equal(f.x.detach().gather(d, p), v)
               for d, (p, v) in enumerate(zip(full, wide)) if int(p.max()) < f.x.shape[d])


def same_place_twice(f):
    places = f.e.sample.args[0].flatten(-2).sort(-1).values
    return bool((places[..., 1:] == places[..., :-1]).any())


def of_integers(f):
    return f.dtype is not None and not f.dtype.is_floating_point


def of_halves(f):
    return f.dtype in (BF16, F16)


def says(*words):
    return lambda f: all(w in f.text for w in words)


def both(*conditions):
    return lambda f: all(c(f) for c in conditions)


@dataclasses.dataclass
class Known:
    ops: str  # patterns with spaces between them
    kinds: str  # with commas
    reason: str
    when: typing.Callable[[Found], bool] = lambda f: True
    used: int = 0


def dtype(*dtypes):
    return lambda f: f.dtype in dtypes


KNOWN = [
    # What harker refuses.
    Known("addbmm addmv baddbmm addmm addr", "refused", "a real alpha between integers: its fraction would be cut off",
          both(of_integers, says("a real number"))),
    Known("nn.functional.conv*", "refused", "convolutions of integers", of_integers),
    Known("nn.functional.interpolate.bilinear nn.functional.interpolate.bicubic nn.functional.upsample_bilinear "
          "nn.functional.interpolate.nearest* nn.functional.upsample_nearest", "refused", "resampling of bytes", both(of_integers, says("floa"))),
    Known("nn.functional.interpolate.* nn.functional.upsample_nearest", "refused", "images of three dimensions",
          both(lambda f: f.x.dim() == 5, says("no mode"))),
    Known("nn.functional.local_response_norm nn.functional.feature_alpha_dropout.* nn.functional.*_loss", "refused",
          "normalisation, dropout and losses of integers", of_integers),
    Known("nn.functional.*_loss", "refused", "shapes that differ: a silent bug elsewhere", says("broadcasting here")),
    Known("nn.functional.multi*_margin_loss", "refused", "one number without a dimension of classes", lambda f: f.x.dim() == 0),
    Known("sum_to_size", "refused", "sum_to undoes the broadcasting of gradients: of floats", of_integers),
    Known("matrix_exp", "refused", "matrix functions are of float32 and float64", both(of_halves, says("low precision"))),
    # What torch refuses.
    Known("nn.functional.adaptive_*", "accepted", "a size of -1 stays", lambda f: "-1" in f.text),
    Known("linalg.cross", "accepted", "vectors of several numbers of dimensions", says("number of dimensions")),
    Known("fmod", "accepted", "fmod(number, tensor), as % has it"),
    Known("nn.functional.avg_pool2d nn.functional.max_pool1d", "accepted", "a stride or divisor of 0 is how none is written",
          lambda f: 0 in f.e.sample.kwargs.values()),
    # Equal elements have no order.
    Known("kthvalue topk mode", "values, gradients, second gradients", "the first among equals; of mode the last", places_of_equals),
    Known("index_copy", "gradients, second gradients", "of two that go to one place the last stays, and has the gradient",
          lambda f: f.e.sample.args[1].unique().numel() < f.e.sample.args[1].numel()),
    # Places and corners.
    Known("nn.functional.max_unpool2d", "gradients, second gradients", "an element whose place another one took has the gradient 0", same_place_twice),
    Known("nn.functional.elu nn.functional.selu nn.functional.hardshrink nn.functional.hardtanh nn.functional.relu6 nn.functional.softshrink "
          "nn.functional.margin_ranking_loss", "gradients, second gradients",
          "the gradient at NaN: of torch 0 or 1 by the order of comparisons", apart_from(nans, lambda f: within(1e-12 if f.dtype is F64 else 1e-5)(f))),
    Known("nn.functional.margin_ranking_loss", "second gradients", "the same, of the sum", lambda f: bool(nans(f).any())),
    Known("nn.functional.elu nn.functional.selu nn.functional.prelu", "second gradients", "from the left at 0, as the first; of torch from the right",
          apart_from(lambda f: f.x == 0, within(1e-12))),
    Known("atan2 copysign ldexp sinc nn.functional.mish", "second gradients", "torch has NaN where a limit is 0 or infinite", where_torch_has_nan),
    Known("nn.functional.soft_margin_loss nn.functional.poisson_nll_loss", "values, gradients", "torch overflows",
          both(of_halves, overflown_or_within(0.05))),
    Known("histc", "values", "of 16-bit floats: edges in float32", of_halves),
    Known("linalg.norm* linalg.vector_norm norm*", "second gradients", "at 0", where_torch_has_nan),
    Known("polygamma.* special.polygamma.* digamma lgamma", "values, gradients, second gradients", "torch has some number at poles and NaN at infinity, and is off by 5e-10 elsewhere",
          apart_from(poles, within(1e-8))),
    # Torch is the less exact one.
    Known("sinc", "values, gradients", "computed in float64, rounded once", both(lambda f: f.dtype is not F64, within(2e-5))),
    Known("nn.functional.hardsigmoid", "gradients", "torch multiplies by the float32 1/6", within(1e-7)),
    Known("nn.functional.celu", "gradients, second gradients", "torch divides by the float32 alpha; the corners are elu's",
          apart_from(lambda f: nans(f) | (f.x == 0), within(1e-6))),
    Known("addcdiv", "gradients, second gradients", "torch computes that of the divisor in the lower dtype",
          both(lambda f: len({t.dtype for t in f.tensors}) > 1, within(1e-2))),
    Known("nn.functional.binary_cross_entropy", "second gradients", "torch adds 1e-12 to what it divides by", within(1e-8)),
    Known("linalg.vector_norm norm*", "gradients", "torch overflows", dtype(F16)),
    Known("nn.functional.cosine_similarity nn.functional.normalize", "values, gradients", "torch rounds in between",
          both(of_halves, overflown_or_within(0.05))),
    Known("nn.functional.hinge_embedding_loss", "values, gradients", "torch rounds in between, at a kink, too", of_halves),
    Known("nn.functional.normalize", "gradients", "0 but for rounding, of norms with p < 1",
          both(lambda f: f.e.sample.kwargs.get("p", 2) < 1, lambda f: within(1e-5 if f.dtype is F32 else 0.5)(f))),
    Known("nn.functional.scaled_dot_product_attention", "gradients", "torch rounds in between", both(of_halves, within(0.1))),
    Known("__rdiv__ true_divide div.no_rounding_mode xlogy", "gradients", "a sum of many terms, rounded in between or once",
          both(of_halves, within(0.03))),
    # Neither is.
    Known("nn.functional.scaled_dot_product_attention", "values, gradients", "little is left of large terms", both(dtype(F32), within(5e-5))),
    Known("nn.functional.layer_norm", "gradients", "one element: 0 but for rounding", both(dtype(F32), within(1e-4))),
    Known("linalg.eigh svd linalg.svd", "gradients", "eigenvalues that lie close together", both(dtype(F32), within(1e-4))),
    Known("logcumsumexp", "gradients", "torch subtracts what it added; nothing is left of it in 16 bits",
          lambda f: of_halves(f) or within(1e-10 if f.dtype is F64 else 1e-3)(f)),
    # What has a gradient of 0, or none.
    Known("normal normal.number_mean", "values", "random numbers are not recorded", says("requires_grad [False] for [True]")),
    Known("linalg.slogdet", "values", "the sign, whose gradient is 0, is not recorded", says("requires_grad [False, True] for [True, True]")),
    Known("linalg.matrix_power", "values", "the power 0 does not depend on the matrix", says("requires_grad [False] for [True]")),
    Known("linalg.lstsq*", "values", "residuals that are not there are not recorded",
          both(says("requires_grad"), lambda f: f.e.out[1].numel() == 0)),
]


def reason(f):
    for k in KNOWN:
        if f.kind in k.kinds.split(", ") and any(fnmatch.fnmatchcase(f.name, p) for p in k.ops.split()) and k.when(f):
            k.used += 1
            return k.reason
    return None


def unused():
    return [k for k in KNOWN if not k.used]
