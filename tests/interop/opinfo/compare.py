"""Is it the same? Numbers within a tolerance for each dtype, relative to the element and to the largest one."""
import torch

RELATIVE = {torch.float64: 1e-11, torch.float32: 2e-5, torch.bfloat16: 2e-2, torch.float16: 3e-3}
TO_LARGEST = {torch.float64: 2e-13, torch.float32: 1e-6, torch.bfloat16: 1e-2, torch.float16: 1.5e-3}


def difference(got, want, looser=1, least=0):
    """None, or how they differ. `least`: what counts as the largest element at least."""
    if got.dtype != want.dtype:
        return f"{got.dtype} for {want.dtype}"
    if got.shape != want.shape:
        return f"shape {tuple(got.shape)} for {tuple(want.shape)}"
    if torch.equal(got, want):
        return None
    if not want.dtype.is_floating_point:
        different = got != want
    else:
        a, b = got.double(), want.double()
        finite = b[b.isfinite()]
        largest = max(least, finite.abs().max().item() if finite.numel() else 0.0)
        near = (a - b).abs() <= looser * (RELATIVE[want.dtype] * b.abs() + TO_LARGEST[want.dtype] * largest)
        different = ~((a == b) | (a.isnan() & b.isnan()) | (near & a.isfinite() & b.isfinite()))
    if not different.any():
        return None
    i = int(different.flatten().nonzero()[0])
    return f"[{i}] {got.flatten()[i].item()!r} for {want.flatten()[i].item()!r} ({int(different.sum())} of {want.numel()})"


def differences(got, want, what, looser=1, least=0):
    """The same of lists; no gradient is as good as one of zeros."""
    if len(got) != len(want):
        return f"{len(got)} {what}s for {len(want)}"
    found = []
    for i, (a, b) in enumerate(zip(got, want)):
        if a is None and b is None:
            continue
        a, b = torch.zeros_like(b) if a is None else a, torch.zeros_like(a) if b is None else b
        d = difference(a, b, looser, least)
        if d:
            found.append(f"{what} {i}: {d}")
    return "; ".join(found)


def refusals(r, e):
    """What differs, as pairs of a kind and its description, where one of the two refuses; None where both have results."""
    if "untyped" in r:
        return [("no error of ours", r["untyped"])]
    if "refused" in r:
        return [] if e.refused else [("refused", r["refused"])]
    return [("accepted", e.refused)] if e.refused else None
