"""onnx_models.py FOLDER: models by onnx itself, with tensors in every place and form that it knows, and for each FILE.onnx what is in
it, FILE.onnx.json: {name: {"dtype", "shape", "bytes"}} by onnx.numpy_helper; of a sparse tensor also "indices". judge_onnx.py makes them
anew; tests/fixtures/onnx holds what onnx 1.23.2 made."""
import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper

NUMBERS = [T.FLOAT, T.DOUBLE, T.FLOAT16, T.BFLOAT16, T.INT8, T.UINT8, T.INT16, T.UINT16, T.INT32, T.UINT32, T.INT64, T.UINT64, T.BOOL,
           T.COMPLEX64, T.COMPLEX128, T.FLOAT8E4M3FN, T.FLOAT8E4M3FNUZ, T.FLOAT8E5M2, T.FLOAT8E5M2FNUZ]
KEPT = [T.INT4, T.UINT4, T.FLOAT4E2M1, T.INT2, T.UINT2]


def values(kind, n):
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    if kind in (T.COMPLEX64, T.COMPLEX128):
        return (np.arange(n) - 2j * np.arange(n)).astype(dtype)
    small = np.arange(n) % (2 if kind in (T.BOOL, T.INT2, T.UINT2) else 6)
    return small.astype(np.float32).astype(dtype) if "float" in str(dtype) else small.astype(dtype)


def facts(tensor):
    """What harker must show of a TensorProto whose bytes are in it."""
    if tensor.data_type == T.STRING:
        return {"dtype": "onnx.STRING", "shape": list(tensor.dims), "strings": [s.decode() for s in tensor.string_data]}
    array = numpy_helper.to_array(tensor)
    if tensor.data_type in KEPT:
        raw = numpy_helper.from_array(array).raw_data
        return {"dtype": "onnx." + T.DataType.Name(tensor.data_type), "shape": list(tensor.dims), "bytes": raw.hex()}
    name = str(array.dtype)
    return {"dtype": name, "shape": list(array.shape), "bytes": np.ascontiguousarray(array).tobytes().hex()}


def f32(name, shape, first=0):
    n = int(np.prod(shape, dtype=int))
    return numpy_helper.from_array((np.arange(n, dtype=np.float32) + first).reshape(shape), name)


def model(nodes=(), initializers=(), functions=(), sparse=(), training=(), domains=()):
    output = helper.make_tensor_value_info("out", T.FLOAT, None)
    graph = helper.make_graph(list(nodes), "g", [], [output], list(initializers), sparse_initializer=list(sparse))
    made = helper.make_model(graph, functions=list(functions), ir_version=10,
                             opset_imports=[helper.make_opsetid("", 21), *(helper.make_opsetid(d, 1) for d in domains)])
    made.training_info.extend(training)
    return made


def typed():
    tensors = []
    for kind in NUMBERS + KEPT:
        array = values(kind, 6).reshape(2, 3)
        t = helper.make_tensor(T.DataType.Name(kind).lower(), kind, [2, 3], array)
        assert not t.HasField("raw_data")
        tensors.append(t)
    tensors.append(helper.make_tensor("string", T.STRING, [3], [b"Whitby", b"", "Mina \u2020".encode()]))
    return model(initializers=tensors), {t.name: facts(t) for t in tensors}


def raw():
    tensors = [numpy_helper.from_array(values(kind, 6).reshape(3, 2), T.DataType.Name(kind).lower()) for kind in NUMBERS + KEPT]
    odd = numpy_helper.from_array(values(T.INT4, 5), "odd")
    tensors += [odd, f32("scalar", []), f32("empty", [0, 3])]
    return model(initializers=tensors), {t.name: facts(t) for t in tensors}


def constants():
    value, shape = f32("", [2, 2], 1), f32("", [1], 7)
    nodes = [helper.make_node("Constant", [], ["value"], value=value),
             helper.make_node("Constant", [], ["float"], value_float=1.5), helper.make_node("Constant", [], ["floats"], value_floats=[1.5, -2.0]),
             helper.make_node("Constant", [], ["int"], value_int=-7), helper.make_node("Constant", [], ["ints"], value_ints=[1, -2, 1 << 40]),
             helper.make_node("Constant", [], ["string"], value_string="Seward"),
             helper.make_node("Constant", [], ["strings"], value_strings=["a", "b"]),
             helper.make_node("ConstantOfShape", ["ints"], ["out"], "fill", value=shape)]
    array = {"value": numpy_helper.to_array(value), "float": np.float32(1.5), "floats": np.float32([1.5, -2]), "int": np.int64(-7),
             "ints": np.int64([1, -2, 1 << 40]), "fill.value": np.float32([7])}
    holds = {name: facts(numpy_helper.from_array(np.asarray(a), name)) for name, a in array.items()}
    holds["string"] = {"dtype": "onnx.STRING", "shape": [], "strings": ["Seward"]}
    holds["strings"] = {"dtype": "onnx.STRING", "shape": [2], "strings": ["a", "b"]}
    return model(nodes), holds


def body(name, tensors, nodes=()):
    last = helper.make_node("Identity", [tensors[0].name], [f"{name}_out"])
    return helper.make_graph([*nodes, last], name, [], [helper.make_tensor_value_info(f"{name}_out", T.FLOAT, None)], list(tensors))


def subgraphs():
    inner = helper.make_node("If", ["c"], ["deep"], "inner", then_branch=body("deep_then", [f32("w", [2], 30)]),
                             else_branch=body("deep_else", [f32("v", [1], 40)]))
    outer = helper.make_node("If", ["c"], ["out"], "choice", then_branch=body("yes", [f32("w", [3], 10)], [inner]),
                             else_branch=body("no", [f32("w", [4], 20)]))
    unnamed = helper.make_node("If", ["c"], ["other"], then_branch=body("a", [f32("w", [1], 50)]), else_branch=body("b", [f32("w", [1], 60)]))
    condition = helper.make_tensor("c", T.BOOL, [], [True])
    found = {"w": f32("w", [2, 2]), "c": condition, "choice.then_branch.w": f32("w", [3], 10), "choice.else_branch.w": f32("w", [4], 20),
             "other.then_branch.w": f32("w", [1], 50), "other.else_branch.w": f32("w", [1], 60),
             "choice.then_branch.inner.then_branch.w": f32("w", [2], 30), "choice.then_branch.inner.else_branch.v": f32("v", [1], 40)}
    return model([outer, unnamed], [f32("w", [2, 2]), condition]), {name: facts(t) for name, t in found.items()}


def functions():
    half = helper.make_node("Constant", [], ["half"], value=f32("", [1], 5))
    given = helper.make_node("Constant", [], ["given"])
    given.attribute.append(onnx.AttributeProto(name="value_float", type=onnx.AttributeProto.FLOAT, ref_attr_name="alpha"))
    f = helper.make_function("castle", "Bite", ["x"], ["y"], [half, given, helper.make_node("Mul", ["x", "half"], ["y"])],
                             [helper.make_opsetid("", 21)], ["alpha"])
    call = helper.make_node("Bite", ["w"], ["out"], domain="castle")
    return model([call], [f32("w", [2])], [f], domains=["castle"]), {"w": facts(f32("w", [2])), "Bite.half": facts(f32("half", [1], 5))}


def sparse():
    dense = np.zeros((3, 4), np.float32)
    dense[0, 1], dense[1, 3], dense[2, 0] = 1, 2, 3
    values_of = lambda name: numpy_helper.from_array(np.float32([1, 2, 3]), name)  # noqa: E731
    linear = helper.make_sparse_tensor(values_of("linear"), numpy_helper.from_array(np.int64([1, 7, 8]), "linear_i"), [3, 4])
    pairs = helper.make_sparse_tensor(values_of("pairs"), numpy_helper.from_array(np.int64([[0, 1], [1, 3], [2, 0]]), "pairs_i"), [3, 4])
    node = helper.make_node("Constant", [], ["out"], sparse_value=helper.make_sparse_tensor(
        values_of("v"), numpy_helper.from_array(np.int64([0, 5, 11]), "i"), [12]))
    index = lambda rows: {"dtype": "sparse", "indices": rows, "bytes": np.float32([1, 2, 3]).tobytes().hex()}  # noqa: E731
    holds = {"linear": {**index([[0, 1, 2], [1, 3, 0]]), "shape": [3, 4]}, "pairs": {**index([[0, 1, 2], [1, 3, 0]]), "shape": [3, 4]},
             "out": {**index([[0, 5, 11]]), "shape": [12]}}
    return model([node], sparse=[linear, pairs]), holds


def training():
    info = onnx.TrainingInfoProto()
    info.initialization.CopyFrom(helper.make_graph([], "init", [], [], [f32("seed", [2], 3)]))
    info.algorithm.CopyFrom(helper.make_graph([], "step", [], [], [f32("lr", [1], 9)]))
    found = {"w": f32("w", [2]), "training.0.initialization.seed": f32("s", [2], 3), "training.0.algorithm.lr": f32("l", [1], 9)}
    return model([helper.make_node("Identity", ["w"], ["out"])], [f32("w", [2])], training=[info]), {n: facts(t) for n, t in found.items()}


def external():
    branch = helper.make_node("If", ["c"], ["out"], "choice", then_branch=body("yes", [f32("w", [3], 10)]), else_branch=body("no", [f32("w", [5], 9)]))
    fill = helper.make_node("Constant", [], ["table"], value=f32("", [6], 70))
    tensors = [f32("w", [4, 4]), f32("b", [4], 100), numpy_helper.from_array(values(T.INT4, 7), "q"), helper.make_tensor("c", T.BOOL, [], [True])]
    found = {t.name: t for t in tensors} | {"table": f32("", [6], 70), "choice.then_branch.w": f32("w", [3], 10), "choice.else_branch.w": f32("w", [5], 9)}
    return model([fill, branch], tensors), {n: facts(t) for n, t in found.items()}


def write(folder):
    """-> the names of the files"""
    folder.mkdir(parents=True, exist_ok=True)
    names = []

    def save(name, made, **how):
        proto, holds = made
        onnx.save_model(proto, str(folder / name), **how)
        (folder / f"{name}.json").write_text(json.dumps(holds, indent=1) + "\n", encoding="utf-8")
        names.append(name)

    for make in (typed, raw, constants, subgraphs, functions, sparse, training):
        save(f"{make.__name__}.onnx", make())
    every = {"save_as_external_data": True, "size_threshold": 0}
    save("external_one.onnx", external(), **every, all_tensors_to_one_file=True, location="external_one.onnx.data", convert_attribute=True)
    (folder / "each").mkdir(exist_ok=True)
    save("each/external_each.onnx", external(), **every, all_tensors_to_one_file=False)
    return names


if __name__ == "__main__":
    print("\n".join(write(pathlib.Path(sys.argv[1]))))
