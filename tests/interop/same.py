"""difference(a, b): where two objects that torch loaded differ, or None. Classes, order, bits of floats, strides and offsets of tensors,
every byte of their storages, and sharing: what is one object (or one storage) in `a` must be one in `b`, and no other."""
import math
import struct
import types

import torch

MUTABLE = (list, dict, set, bytearray, torch.Tensor)


class Different(Exception):
    pass


class Comparison:
    def __init__(self, whole_storages):
        self.whole = whole_storages  # compare offsets and whole storages, not only the elements
        self.partner = {}  # identities, both ways
        self.met = set()
        self.kept = []  # so that no identity is used twice

    def bind(self, a, b, what, at):
        for x, y in ((("a", what, a), b), (("b", what, b), a)):
            if self.partner.setdefault(x, y) != y:
                raise Different(f"{at}: is shared otherwise")

    def expect(self, same, at, what, a, b):
        if not same:
            raise Different(f"{at}: {what} {a!r:.200} and {b!r:.200}")

    def run(self, a, b):
        todo = [(a, b, "root")]
        while todo:
            a, b, at = todo.pop()
            self.expect(type(a) is type(b), at, "type", type(a), type(b))
            if isinstance(a, MUTABLE):
                self.bind(id(a), id(b), "object", at)
            if (id(a), id(b)) in self.met:
                continue
            self.met.add((id(a), id(b)))
            self.kept.append((a, b))
            todo += [(x, y, f"{at}{step}") for x, y, step in self.parts(a, b, at)]

    def parts(self, a, b, at):
        """Compares a and b themselves, and returns the pairs below them."""
        if isinstance(a, torch.Tensor):
            return self.tensor(a, b, at)
        if isinstance(a, torch.dtype | torch.device | torch.layout | torch.memory_format | torch.qscheme):
            self.expect(a == b, at, "value", a, b)
            return []
        if isinstance(a, float):
            self.expect(struct.pack("d", a) == struct.pack("d", b), at, "value", a, b)
            return []
        if isinstance(a, complex):
            return [(a.real, b.real, ".real"), (a.imag, b.imag, ".imag")]
        if isinstance(a, dict):
            self.expect(len(a) == len(b), at, "length", len(a), len(b))
            pairs = list(zip(a.items(), b.items()))
            below = [(x[0], y[0], f" key {i}") for i, (x, y) in enumerate(pairs)] + [(x[1], y[1], f"[{x[0]!r:.60}]") for x, y in pairs]
            if hasattr(a, "default_factory"):
                below.append((a.default_factory, b.default_factory, ".default_factory"))
            return below + self.attributes(a, b)
        if isinstance(a, list | tuple):  # torch.Size, too
            self.expect(len(a) == len(b), at, "length", len(a), len(b))
            return [(x, y, f"[{i}]") for i, (x, y) in enumerate(zip(a, b))]
        if isinstance(a, type | types.FunctionType | types.BuiltinFunctionType):
            self.expect(a is b, at, "reference", a, b)
            return []
        if type(a).__module__ == "numpy":
            a, b = (x.astype(x.dtype.newbyteorder("=")) for x in (a, b))  # NumPy itself changes the order when it loads
            self.expect((a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()), at, "array", a, b)
            self.expect(not hasattr(a, "flags") or a.flags.f_contiguous == b.flags.f_contiguous, at, "order", a.flags, b.flags)
            return []
        plain = isinstance(a, None.__class__ | bool | int | str | bytes | bytearray | set | frozenset | slice | range)
        if not plain and hasattr(a, "__dict__"):
            return self.attributes(a, b)
        self.expect(a == b, at, "value", a, b)
        return []

    def attributes(self, a, b):
        return [(getattr(a, "__dict__", None), getattr(b, "__dict__", None), ".__dict__")] if getattr(a, "__dict__", None) or getattr(b, "__dict__", None) else []

    def tensor(self, a, b, at):
        for what in ("dtype", "shape", "layout", "device", "requires_grad", "is_quantized"):
            self.expect(getattr(a, what) == getattr(b, what), at, what, getattr(a, what), getattr(b, what))
        below = self.attributes(a, b)
        with torch.no_grad():
            if a.layout is torch.sparse_coo:
                self.expect(a.is_coalesced() == b.is_coalesced(), at, "coalesced", a.is_coalesced(), b.is_coalesced())
                return below + [(a._indices(), b._indices(), ".indices"), (a._values(), b._values(), ".values")]
            if a.layout is not torch.strided:
                rows = a.layout in (torch.sparse_csr, torch.sparse_bsr)
                parts = ("crow_indices", "col_indices", "values") if rows else ("ccol_indices", "row_indices", "values")
                return below + [(getattr(a, part)(), getattr(b, part)(), "." + part) for part in parts]
            if a.is_quantized:
                self.expect(a.qscheme() == b.qscheme(), at, "scheme", a.qscheme(), b.qscheme())
                if a.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
                    below += [(a.q_scale(), b.q_scale(), ".scale"), (a.q_zero_point(), b.q_zero_point(), ".zero_point")]
                else:
                    below += [(a.q_per_channel_scales(), b.q_per_channel_scales(), ".scales"),
                              (a.q_per_channel_zero_points(), b.q_per_channel_zero_points(), ".zero_points"),
                              (a.q_per_channel_axis(), b.q_per_channel_axis(), ".axis")]
                self.expect(a.stride() == b.stride(), at, "strides", a.stride(), b.stride())
                return below + [(a.int_repr(), b.int_repr(), ".int_repr")]
            for what in ("stride", "is_conj", "is_neg") + (("storage_offset",) if self.whole else ()):
                self.expect(getattr(a, what)() == getattr(b, what)(), at, what, getattr(a, what)(), getattr(b, what)())
            if a.device.type != "meta":
                self.storage(a, b, at)
        return below

    def storage(self, a, b, at):
        x, y = a.untyped_storage(), b.untyped_storage()
        if not self.whole:
            self.expect(elements(a) == elements(b), at, "elements", a, b)
            return
        self.expect(len(x) == len(y), at, "bytes of the storage", len(x), len(y))
        if len(x) == 0 or (x.data_ptr(), y.data_ptr()) in self.met:
            return
        self.bind(x.data_ptr(), y.data_ptr(), "storage", at)
        self.met.add((x.data_ptr(), y.data_ptr()))
        self.expect(raw(x) == raw(y), at, "bytes of the storage", raw(x)[:64].hex(), raw(y)[:64].hex())


def raw(storage):
    """The bytes of a storage."""
    return bytes(torch.empty(0, dtype=torch.uint8).set_(storage).numpy())


def elements(t):
    """The elements of a tensor row by row: for any dtype and strides, unresolved."""
    size, data = t.element_size(), raw(t.untyped_storage())
    if t.numel() == 0:
        return b""
    index = torch.zeros((), dtype=torch.int64) + t.storage_offset()
    for n, step in zip(t.shape, t.stride()):
        index = index.unsqueeze(-1) + torch.arange(n) * step
    return b"".join(data[i * size : (i + 1) * size] for i in index.flatten().tolist())


def difference(a, b, whole_storages=True):
    try:
        Comparison(whole_storages).run(a, b)
    except Different as d:
        return str(d)
    return None
