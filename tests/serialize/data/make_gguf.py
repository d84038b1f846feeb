"""Writes small.gguf and big_endian.gguf with the package gguf, and says what they hold: tests/serialize/gguf_test.cpp."""
import gguf
import numpy as np

for name, order in (("small", gguf.GGUFEndian.LITTLE), ("big_endian", gguf.GGUFEndian.BIG)):
    w = gguf.GGUFWriter(f"{name}.gguf", "llama", endianess=order)
    w.add_uint32("llama.block_count", 2)
    w.add_int32("a.i32", -7)
    w.add_int32("a.i32_positive", 7)
    w.add_uint8("a.u8", 200)
    w.add_int8("a.i8", -2)
    w.add_uint16("a.u16", 60000)
    w.add_int16("a.i16", -3)
    w.add_uint64("a.u64", 2**63 + 5)
    w.add_int64("a.i64", -2**40)
    w.add_float32("a.f32", 0.1)
    w.add_float64("a.f64", 0.1)
    w.add_float64("a.f64_short", 0.5)
    w.add_bool("a.true", True)
    w.add_string("a.text", "Gr\u00fc\u00dfe")
    w.add_array("a.texts", ["<s>", "</s>", "\u2581the"])
    w.add_array("a.numbers", [1, 2, -3])
    w.add_array("a.floats", [0.5, 0.25])
    w.add_array("a.flags", [True, False])
    count = np.arange(6)
    for dtype in ("float32", "float16", "float64", "int8", "int16", "int32", "int64"):
        w.add_tensor(dtype, count.reshape(2, 3).astype(dtype))
    w.add_tensor("cube", np.arange(24, dtype="float32").reshape(2, 3, 4))
    if name == "small":  # raw bytes are not turned round
        w.add_tensor("bfloat16", (np.array([1, -2, 0.5], "float32").view("uint32") >> 16).astype("uint16").view("uint8"),
                     raw_dtype=gguf.GGMLQuantizationType.BF16)
        for kind in (gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q4_0):
            w.add_tensor(kind.name, gguf.quants.quantize(np.linspace(-1, 1, 128, dtype="float32").reshape(2, 64), kind),
                         raw_dtype=kind)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
