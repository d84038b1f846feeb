// write_kinds FOLDER: every kind of value that a PyTorch file can hold, each alone in NAME.pt, for judge_torch.py,
// which evaluates the Python expression beside each to get what torch must load. index.json: names, expressions, what
// harker warned of, and whether it refused the value with weights_only_safe. A folder for each of several options.
#include <harker/core/tensor/make.h>
#include <harker/core/warning.h>
#include <harker/harker.h>

#include <complex>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>

namespace {

using namespace harker;

struct Case {
  std::string name;
  Value value;
  std::string python;
};

/// As counted() in judge_torch.py.
Tensor counted(const Shape& shape, DType dtype) {
  Tensor t = empty(shape, dtype);
  auto* raw = static_cast<std::uint8_t*>(t.raw());
  for (std::size_t i = 0; i < t.storage().nbytes; ++i)
    raw[i] = static_cast<std::uint8_t>(dtype == DType::bool_ ? i % 2 : (i * 37 + 11) % 120);
  return t;
}
Tensor integers(const Shape& shape, std::vector<std::int64_t> values, DType dtype = kInt64) {
  Tensor t = empty(shape, kInt64);
  std::memcpy(t.raw(), values.data(), values.size() * sizeof values[0]);
  return t.to(dtype);
}
Tensor view(const Tensor& t, const Shape& shape, const Shape& strides, std::int64_t offset) {
  return make_view(Ref<Storage>::share(&t.storage()), t.dtype(), shape, strides, offset);
}

Value reference(const std::string& module, const std::string& name, bool known = true) {
  Value::Opaque o;
  o.module = module, o.name = name, o.known = known;
  return Value::opaque(o);
}
Value made(const std::string& module, const std::string& name, std::vector<Value> args, bool known, Value state = {}) {
  Value v = reference(module, name, known);
  Value::Opaque& o = v.as_opaque();
  o.called = true, o.newobj = module == "argparse", o.args = Value::tuple(std::move(args)), o.state = std::move(state);
  return v;
}
Value with_attributes(Value v, std::vector<Value::Item> attributes) {
  v.set_attributes(Value::dict(std::move(attributes)));
  return v;
}
Value sparse(const char* layout, std::vector<Value> parts, const Shape& shape, std::optional<bool> coalesced = {}) {
  Value::Sparse s;
  s.layout = layout, s.parts = std::move(parts), s.shape = shape, s.coalesced = coalesced;
  return Value::sparse(s);
}

std::vector<std::uint8_t> some_bytes(std::size_t n) {
  std::vector<std::uint8_t> out(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<std::uint8_t>(i % 256);
  return out;
}
/// 2 ** exponent, or its negative.
Value power(std::size_t exponent, bool negative = false) {
  std::vector<std::uint8_t> bytes(exponent / 8 + 2, 0);
  bytes[exponent / 8] = static_cast<std::uint8_t>(1u << exponent % 8);
  if (negative) {
    bool carry = true;
    for (std::uint8_t& b : bytes) {
      b = static_cast<std::uint8_t>(~b + carry);
      carry = carry && b == 0;
    }
  }
  return Value::integer(bytes);
}

// --- Tensors.

void add_tensors(std::vector<Case>& all) {
  for (int i = 0; i < kDTypes; ++i) {
    const auto t = static_cast<DType>(i);
    if (t >= DType::qint8) continue;
    const std::string n(name(t)), of = ", torch." + n + ")";
    const bool grad = (is_floating_point(t) || is_complex(t)) && t != DType::float4_e2m1fn_x2;
    all.push_back({n, counted({2, 3}, t), "counted((2, 3)" + of});
    all.push_back({n + "_scalar", counted({}, t), "counted(()" + of});
    all.push_back({n + "_empty", counted({0, 3}, t), "counted((0, 3)" + of});
    all.push_back({n + "_transposed", counted({4, 3}, t).transpose(0, 1), "counted((4, 3)" + of + ".t()"});
    all.push_back({n + "_part", counted({4, 3}, t).slice(0, 1, 3), "counted((4, 3)" + of + "[1:3]"});
    all.push_back({n + "_expanded", counted({1, 3}, t).expand({5, 3}), "counted((1, 3)" + of + ".expand(5, 3)"});
    Tensor leaf = counted({3}, t);
    all.push_back({n + "_parameter", Value::parameter(leaf), "Parameter(counted((3,)" + of + ", False)"});
    if (!grad) continue;
    Tensor trained = counted({3}, t);
    trained.impl().requires_grad = true;
    all.push_back({n + "_trained", Value::parameter(trained), "Parameter(counted((3,)" + of + ", True)"});
    all.push_back({n + "_requires_grad", Value(trained), "counted((3,)" + of + ".requires_grad_()"});
    all.push_back({n + "_attributes", with_attributes(Value(counted({3}, t)), {{"note", "old"}, {"n", 3}}),
                   "attributes(counted((3,)" + of + ", note='old', n=3)"});
    all.push_back({n + "_parameter_attributes",
                   with_attributes(Value::parameter(trained), {{"tensor_model_parallel", true}}),
                   "attributes(Parameter(counted((3,)" + of + ", True), tensor_model_parallel=True)"});
  }
  const DType complexes[] = {DType::complex64, DType::complex128};
  for (DType t : complexes) {
    const std::string n(name(t)), base = "counted((3,), torch." + n + ")";
    const auto flagged = [&](bool conj, bool neg) {
      Value v(counted({3}, t));
      v.set_conj_neg(conj, neg);
      return v;
    };
    all.push_back({n + "_conj", flagged(true, false), base + ".conj()"});
    all.push_back({n + "_neg", flagged(false, true), "torch._neg_view(" + base + ")"});
    all.push_back({n + "_conj_neg", flagged(true, true), "torch._neg_view(" + base + ").conj()"});
  }
  Value neg(counted({3}, kFloat32));
  neg.set_conj_neg(false, true);
  all.push_back({"float32_neg", neg, "torch._neg_view(counted((3,), torch.float32))"});

  const Tensor t = counted({4, 6}, kFloat32);
  all.push_back({"views",
                 Value::list({t, t.select(1, 2), t.slice(0, 1, 2), view(t, {3, 2, 2}, {4, 0, 5}, 1),
                              view(t, {0, 2}, {2, 1}, 24)}),
                 "[t := counted((4, 6), torch.float32), t[:, 2], t[1:2], t.as_strided((3, 2, 2), (4, 0, 5), 1), "
                 "t.as_strided((0, 2), (2, 1), 24)]"});
  const Value one(t);
  all.push_back({"tied", Value::ordered_dict({{"a.weight", Value::parameter(t)}, {"b.weight", Value::parameter(t)}}),
                 "OrderedDict([('a.weight', Parameter(t := counted((4, 6), torch.float32), False)), "
                 "('b.weight', Parameter(t, False))])"});
  all.push_back(
      {"same_object", Value::tuple({one, one, Value(t)}), "((t := counted((4, 6), torch.float32)), t, t.view(4, 6))"});
  all.push_back({"channels_last", view(counted({2, 3, 4, 5}, kFloat32), {2, 3, 4, 5}, {60, 1, 15, 3}, 0),
                 "counted((2, 3, 4, 5), torch.float32).as_strided((2, 3, 4, 5), (60, 1, 15, 3))"});
  all.push_back(
      {"rank_9", counted({1, 2, 1, 2, 1, 2, 1, 2, 1}, kInt16), "counted((1, 2, 1, 2, 1, 2, 1, 2, 1), torch.int16)"});
  const Tensor bytes = counted({24}, kUInt8);
  const auto as = [&](DType dtype, const Shape& shape, std::int64_t offset) {
    return Value(make_view(Ref<Storage>::share(&bytes.storage()), dtype, shape, {1}, offset));
  };
  // torch compares the dtypes that have no storage class as bytes.
  all.push_back(
      {"bytes_as_others",
       Value::list({bytes, as(DType::uint16, {3}, 1), as(DType::float8_e5m2, {4}, 9), as(DType::uint64, {1}, 2)}),
       "[b := counted((24,), torch.uint8), b.view(torch.uint16)[1:4], b.view(torch.float8_e5m2)[9:13], "
       "b.view(torch.uint64)[2:]]"});
  all.push_back({"odd_bytes_as_others", Value::list({as(DType::uint16, {3}, 1), as(DType::float8_e5m2, {4}, 1)}),
                 "[(b := counted((24,), torch.uint8)).view(torch.uint16)[1:4], b.view(torch.float8_e5m2)[1:5]]"});
  all.push_back({"bytes_unequal",
                 Value::list({as(DType::float8_e5m2, {3}, 1), as(DType::uint16, {2}, 1), as(DType::uint64, {1}, 1)}),
                 "[(b := counted((24,), torch.uint8)).view(torch.float8_e5m2)[1:4], b.view(torch.uint16)[1:3], "
                 "b.view(torch.uint64)[1:2]]"});
}

void add_quantized(std::vector<Case>& all) {
  const std::pair<DType, DType> kinds[] = {{DType::qint8, kInt8}, {DType::quint8, kUInt8}, {DType::qint32, kInt32}};
  for (auto [quantized, plain] : kinds) {
    const std::string n(name(quantized)), ints = "counted((2, 3), torch." + std::string(name(plain)) + ")";
    Value::Quantized q;
    q.ints = counted({2, 3}, quantized);
    q.scheme = "per_tensor_affine";
    q.scale = 0.1, q.zero_point = 3;
    all.push_back({n, Value::quantized(q), "torch._make_per_tensor_quantized_tensor(" + ints + ", 0.1, 3)"});
    q.scheme = "per_channel_affine";
    q.axis = 1;
    q.scales = Value(counted({3}, kFloat64)), q.zero_points = Value(integers({3}, {1, 0, 2}));
    const std::string channels = "torch._make_per_channel_quantized_tensor(" + ints;
    all.push_back({n + "_channels", Value::quantized(q),
                   channels + ", counted((3,), torch.float64), torch.tensor([1, 0, 2]), 1)"});
  }
  Value::Quantized q;
  q.ints = counted({3, 2}, DType::qint8).transpose(0, 1);
  q.scheme = "per_tensor_affine";
  q.scale = 0.5, q.zero_point = 0;
  all.push_back({"qint8_transposed", Value::quantized(q),
                 "torch._make_per_tensor_quantized_tensor(counted((3, 2), torch.int8), 0.5, 0).t()"});
  q.ints = counted({2, 3}, DType::quint8);
  q.scheme = "per_channel_affine";  // torch writes this one, and knows the other by the scales
  q.axis = 0;
  q.scales = Value(counted({2}, kFloat32)), q.zero_points = Value(counted({2}, kFloat32));
  all.push_back({"float_qparams", Value::quantized(q),
                 "float_qparams(counted((2, 3), torch.uint8), counted((2,), torch.float32))"});
}

void add_sparse(std::vector<Case>& all) {
  const Tensor indices = integers({2, 3}, {0, 1, 1, 2, 0, 2}), values = counted({3}, kFloat32);
  const std::string coo =
      "torch.sparse_coo_tensor(torch.tensor([[0, 1, 1], [2, 0, 2]]), counted((3,), torch.float32), (3, 4), "
      "is_coalesced=";
  all.push_back({"coo", sparse("torch.sparse_coo", {indices, values}, {3, 4}, true), coo + "True)"});
  all.push_back({"coo_open", sparse("torch.sparse_coo", {indices, values}, {3, 4}, false), coo + "False)"});
  all.push_back(
      {"coo_hybrid", sparse("torch.sparse_coo", {integers({1, 2}, {0, 4}), counted({2, 3}, kFloat64)}, {5, 3}, true),
       "torch.sparse_coo_tensor(torch.tensor([[0, 4]]), counted((2, 3), torch.float64), (5, 3), is_coalesced=True)"});
  all.push_back(
      {"coo_empty", sparse("torch.sparse_coo", {empty({1, 0}, kInt64), empty({0})}, {5}, true),
       "torch.sparse_coo_tensor(torch.empty((1, 0), dtype=torch.int64), torch.empty(0), (5,), is_coalesced=True)"});
  const char* const layouts[] = {"csr", "csc", "bsr", "bsc"};
  for (const char* layout : layouts) {
    const bool blocks = layout[0] == 'b';
    const Tensor data = blocks ? counted({3, 1, 2}, kFloat32) : counted({3}, kFloat32);
    const Shape shape = !blocks ? Shape{2, 3} : layout[2] == 'r' ? Shape{2, 6} : Shape{3, 4};
    const bool rows = layout[2] == 'r';
    for (DType index : {kInt64, kInt32}) {
      const std::string as = ", dtype=torch." + std::string(name(index)) + ")";
      all.push_back({std::string(layout) + "_" + std::string(name(index)),
                     sparse((std::string("torch.sparse_") + layout).c_str(),
                            {rows ? integers({3}, {0, 2, 3}, index) : integers({3}, {0, 1, 3}, index),
                             rows ? integers({3}, {0, 2, 1}, index) : integers({3}, {0, 0, 1}, index), data},
                            rows     ? shape
                            : blocks ? Shape{2, 4}
                                     : Shape{2, 2}),
                     std::string("torch.sparse_") + layout + "_tensor(torch.tensor([" + (rows ? "0, 2, 3" : "0, 1, 3") +
                         "]" + as + ", torch.tensor([" + (rows ? "0, 2, 1" : "0, 0, 1") + "]" + as + ", counted((3" +
                         (blocks ? ", 1, 2" : ",") + "), torch.float32), (" +
                         (rows ? (blocks ? "2, 6" : "2, 3") : (blocks ? "2, 4" : "2, 2")) + "))"});
    }
  }
}

// --- Python's values.

void add_numbers(std::vector<Case>& all) {
  all.push_back({"none", Value(), "None"});
  all.push_back({"booleans", Value::list({true, false}), "[True, False]"});
  all.push_back({"integers",
                 Value::list({0, 1, -1, 255, 256, 65535, 65536, INT32_MAX, INT32_MIN, std::int64_t{INT32_MAX} + 1,
                              std::int64_t{INT32_MIN} - 1, INT64_MAX, INT64_MIN, UINT64_MAX}),
                 "[0, 1, -1, 255, 256, 65535, 65536, 2**31-1, -2**31, 2**31, -2**31-1, 2**63-1, -2**63, 2**64-1]"});
  all.push_back({"powers", Value::list({power(63), power(64, true), power(127), power(127, true), power(2038)}),
                 "[2**63, -2**64, 2**127, -2**127, 2**2038]"});
  all.push_back({"power_2039_negative", power(2039, true), "-2**2039"});
  all.push_back({"power_2039", power(2039), "2**2039"});
  all.push_back({"power_20000", power(20000), "2**20000"});
  const double inf = std::numeric_limits<double>::infinity();
  all.push_back({"floats",
                 Value::list({0.0, -0.0, 0.1, 1e308, 5e-324, inf, -inf, std::numeric_limits<double>::quiet_NaN()}),
                 "[0.0, -0.0, 0.1, 1e308, 5e-324, math.inf, -math.inf, math.nan]"});
  all.push_back({"complex", std::complex<double>(1.5, -0.0), "complex(1.5, -0.0)"});
  all.push_back({"complex_special", std::complex<double>(inf, std::numeric_limits<double>::quiet_NaN()),
                 "complex(math.inf, math.nan)"});
}

void add_text(std::vector<Case>& all) {
  all.push_back({"strings",
                 Value::list({"", "a", "a", std::string("\0 \n\r'\"", 6), "\xc5\xa1\xc3\xadp",
                              "\xed\x95\x9c\xea\xb8\x80", "\xf0\x9f\xa6\x87", "\xed\xa0\x80", std::string(70000, 'x')}),
                 "['', 'a', 'a', '\\0 \\n\\r\\'\"', 'š\\u00edp', '한글', '\\U0001f987', '\\ud800', 'x' * 70000]"});
  all.push_back({"bytes",
                 Value::list({Value::bytes(some_bytes(1)), Value::bytes(some_bytes(2)), Value::bytes(some_bytes(256))}),
                 "[bytes(1), bytes(range(2)), bytes(range(256))]"});
  all.push_back({"bytes_empty", Value::bytes({}), "b''"});
  all.push_back({"bytes_empty_twice", Value::list({Value::bytes({}), Value::bytes({})}), "[b'', b'']"});
  all.push_back({"bytearray", Value::bytearray(some_bytes(256)), "bytearray(range(256))"});
  all.push_back({"bytearray_1", Value::bytearray(some_bytes(1)), "bytearray(1)"});
  all.push_back({"bytearray_empty", Value::bytearray({}), "bytearray()"});
}

void add_containers(std::vector<Case>& all) {
  for (int n : {0, 1, 2, 3, 4, 5, 999, 1000, 1001, 2000, 2001}) {
    std::vector<Value> items;
    std::vector<Value::Item> pairs;
    for (int i = 0; i < n; ++i) items.emplace_back(i), pairs.emplace_back(i, i + 1);
    const std::string count = std::to_string(n), range = "range(" + count + ")",
                      python = "(i, i + 1) for i in " + range;
    all.push_back({"list_" + count, Value::list(items), "list(" + range + ")"});
    all.push_back({"tuple_" + count, Value::tuple(items), "tuple(" + range + ")"});
    all.push_back({"set_" + count, Value::set(items), "set(" + range + ")"});
    all.push_back({"dict_" + count, Value::dict(pairs), "dict(" + python + ")"});
    all.push_back({"ordered_" + count, Value::ordered_dict(pairs), "OrderedDict(" + python + ")"});
    all.push_back({"counter_" + count, Value::dict(pairs, DictFlavour::counter), "Counter(dict(" + python + "))"});
  }
  all.push_back({"keys",
                 Value::dict({{0, 1},
                              {"0", 2},
                              {0.5, 3},
                              {Value(), 4},
                              {Value::tuple({1, "a"}), 5},
                              {Value::bytes(some_bytes(2)), 6},
                              {kFloat16, 7},
                              {power(70), 8},
                              {std::complex<double>(0, 1), 9},
                              {Value::size({1}), 10}}),
                 "{0: 1, '0': 2, 0.5: 3, None: 4, (1, 'a'): 5, b'\\0\\1': 6, torch.float16: 7, 2**70: 8, 1j: 9, "
                 "torch.Size([1]): 10}"});
  all.push_back(
      {"sets", Value::list({Value::set({"a", 1, Value::tuple({2, 3})}), Value::set()}), "[{'a', 1, (2, 3)}, set()]"});
  all.push_back({"nested", Value::list({Value::dict({{"a", Value::list({Value::tuple({1, Value::dict()})})}})}),
                 "[{'a': [(1, {})]}]"});
  const Value shared = Value::list({1}), pair = Value::tuple({shared, 2});
  all.push_back({"shared",
                 Value::dict({{"a", shared}, {"b", shared}, {"c", pair}, {"d", pair}, {"e", Value::list({1})}}),
                 "{'a': (s := [1]), 'b': s, 'c': (p := (s, 2)), 'd': p, 'e': [1]}"});
  Value deep = Value::list();
  for (int i = 0; i < 500; ++i) deep = i % 2 ? Value::list({deep}) : Value::dict({{"x", deep}});
  all.push_back({"deep", deep, "deep(500)"});
  Value list = Value::list();
  list.push_back(list);
  Value::seal_cycles(list);
  all.push_back({"cyclic_list", list, "cyclic(l := [], l.append(l), l)"});
  Value dict = Value::dict(), ordered = Value::ordered_dict(), counter = Value::dict({}, DictFlavour::counter);
  dict.set("o", ordered), ordered.set("d", dict), ordered.set("c", counter);
  Value::seal_cycles(dict);
  all.push_back(
      {"cyclic_dicts", dict, "cyclic(d := {}, o := OrderedDict(), d.update(o=o), o.update(d=d, c=Counter()), d)"});
  Value inner = Value::list();
  const Value tuple = Value::tuple({inner, 1});
  inner.push_back(tuple);
  Value::seal_cycles(inner);
  all.push_back({"cyclic_from_the_list", inner, "cyclic(l := [], l.append((l, 1)), l)"});
  all.push_back({"cyclic_tuple", tuple, "cyclic(l := [], l.append((l, 1)), l[0])"});
  Value inner4 = Value::list();
  const Value tuple4 = Value::tuple({inner4, 1, 2, 3});
  inner4.push_back(tuple4);
  Value::seal_cycles(inner4);
  all.push_back({"cyclic_tuple_of_4", tuple4, "cyclic(l := [], l.append((l, 1, 2, 3)), l[0])"});
  all.push_back({"ordered_attributes",
                 with_attributes(Value::ordered_dict({{"a", 1}}),
                                 {{"_metadata", Value::ordered_dict({{"", Value::dict({{"version", 1}})}})}}),
                 "attributes(OrderedDict(a=1), _metadata=OrderedDict([('', {'version': 1})]))"});
  all.push_back({"counter_attributes", with_attributes(Value::dict({{"a", 1}}, DictFlavour::counter), {{"note", 1}}),
                 "attributes(Counter(a=1), note=1)"});
  all.push_back({"frozenset", Value::frozenset({1, "a"}), "frozenset([1, 'a'])"});
  all.push_back({"frozenset_empty", Value::frozenset(), "frozenset()"});
  Value factory = Value::dict({{"a", Value::list({1})}}, DictFlavour::default_dict);
  all.push_back({"defaultdict", factory, "defaultdict(None, a=[1])"});
  Value with_factory = Value::dict({{"a", Value::list({1})}}, DictFlavour::default_dict);
  with_factory.set_default_factory(reference("builtins", "list"));
  all.push_back({"defaultdict_of_lists", with_factory, "defaultdict(list, a=[1])"});
}

void add_torch_values(std::vector<Case>& all) {
  for (int i = 0; i < kDTypes; ++i)
    all.push_back({"dtype_" + std::string(name(static_cast<DType>(i))), Value(static_cast<DType>(i)),
                   "torch." + std::string(name(static_cast<DType>(i)))});
  all.push_back(
      {"devices",
       Value::list({Value::device("cpu"), Value::device("cuda:1"), Value::device("cuda"), Value::device("meta")}),
       "[torch.device('cpu'), torch.device('cuda', 1), torch.device('cuda'), torch.device('meta')]"});
  std::vector<Value> layouts;
  std::string python = "[";
  for (const char* n : {"torch.strided", "torch.sparse_coo", "torch.sparse_csr", "torch.sparse_csc", "torch.sparse_bsr",
                        "torch.sparse_bsc"})
    layouts.push_back(Value::layout(n)), python += std::string(n) + ", ";
  all.push_back({"layouts", Value::list(layouts), python + "]"});
  all.push_back({"sizes", Value::list({Value::size({}), Value::size({2, 3}), Value::size({1, 2, 3, 4, 5})}),
                 "[torch.Size([]), torch.Size([2, 3]), torch.Size([1, 2, 3, 4, 5])]"});
  all.push_back({"meta",
                 made("torch._utils", "_rebuild_meta_tensor_no_storage",
                      {kFloat32, Value::tuple({2, 3}), Value::tuple({3, 1}), false}, true),
                 "torch.empty(2, 3, device='meta')"});
  all.push_back(
      {"meta_attributes",
       made("torch._tensor", "_rebuild_from_type_v2",
            {reference("torch._utils", "_rebuild_meta_tensor_no_storage"), reference("torch", "Tensor"),
             Value::tuple({kFloat32, Value::tuple({2}), Value::tuple({1}), false}), Value::dict({{"note", 1}})},
            true),
       "attributes(torch.empty(2, device='meta'), note=1)"});
}

void add_objects(std::vector<Case>& all) {
  const std::pair<const char*, std::vector<const char*>> references[] = {
      {"torch",
       {"Tensor", "Size", "BoolTensor", "device", "FloatTensor", "bits8", "quint4x2", "uint3", "int7", "bcomplex32",
        "per_tensor_affine", "per_channel_affine_float_qparams", "UntypedStorage"}},
      {"torch.cuda", {"FloatTensor"}},
      {"torch.storage", {"UntypedStorage"}},
      {"torch.nn.parameter", {"Parameter"}},
      {"torch._utils", {"_rebuild_tensor_v2", "_rebuild_wrapper_subclass"}},
      {"torch.serialization", {"_get_layout"}},
      {"torch._tensor", {"_rebuild_from_type_v2"}},
      {"collections", {"OrderedDict", "Counter", "defaultdict"}},
      {"_codecs", {"encode"}},
      {"builtins",
       {"set", "bytearray", "complex", "frozenset", "bytes", "bool", "dict", "float", "int", "list", "str", "tuple",
        "range", "slice"}},
      {"numpy", {"dtype", "ndarray"}},
      {"numpy._core.multiarray", {"scalar", "_reconstruct"}}};
  for (const auto& [module, names] : references)
    for (const char* n : names)
      all.push_back({std::string("reference_") + module + "." + n, reference(module, n),
                     std::string("named('") + module + "', '" + n + "')"});
  // torch.load itself has stand-ins for these.
  all.push_back(
      {"reference_storage", reference("torch", "QInt8Storage"), "torch.serialization.StorageType('QInt8Storage')"});
  all.push_back({"reference_cuda_storage", reference("torch.cuda", "HalfStorage"),
                 "torch.serialization.StorageType('HalfStorage')"});
  all.push_back({"reference_unknown", reference("argparse", "Namespace", false), "argparse.Namespace"});
  all.push_back({"reference_claimed", reference("argparse", "Namespace", true), "argparse.Namespace"});
  all.push_back({"namespace", made("argparse", "Namespace", {}, false, Value::dict({{"lr", 0.1}})),
                 "argparse.Namespace(lr=0.1)"});
  all.push_back({"slice", made("builtins", "slice", {1, Value(), 2}, true), "slice(1, None, 2)"});
  all.push_back({"range", made("builtins", "range", {1, 5, 2}, true), "range(1, 5, 2)"});
  all.push_back({"namespace_claimed", made("argparse", "Namespace", {}, true), "argparse.Namespace()"});
  Value queue = made("collections", "deque", {Value::tuple(), 3}, false);
  queue.as_opaque().appended = {1, 2};
  all.push_back({"deque", queue, "deque([1, 2], 3)"});
  Value::Numpy n;
  n.dtype = "<f8";
  n.data = some_bytes(8);
  all.push_back({"numpy_scalar", Value::numpy_scalar(n), "numpy.frombuffer(bytes(range(8)), '<f8')[0]"});
  n.dtype = ">i4", n.shape = {2, 3}, n.data = some_bytes(24);
  all.push_back({"numpy_array", Value::numpy_array(n), "numpy.frombuffer(bytes(range(24)), '>i4').reshape(2, 3)"});
  n.fortran_order = true;
  all.push_back({"numpy_fortran", Value::numpy_array(n), "numpy.frombuffer(bytes(range(24)), '>i4').reshape(3, 2).T"});
}

// --- What people save.

void add_checkpoints(std::vector<Case>& all) {
  const Tensor w = counted({3, 2}, kFloat32), b = counted({3}, kFloat32), step = full({}, 7.0);
  const Value state =
      Value::dict({{0, Value::dict({{"step", step}, {"exp_avg", w.clone()}, {"exp_avg_sq", w.clone()}})}});
  const Value group = Value::dict(
      {{"lr", 0.01}, {"betas", Value::tuple({0.9, 0.999})}, {"foreach", Value()}, {"params", Value::list({0, 1})}});
  all.push_back(
      {"checkpoint",
       Value::dict({{"epoch", 7},
                    {"model", Value::ordered_dict({{"fc.weight", w}, {"fc.bias", b}})},
                    {"optimizer", Value::dict({{"state", state}, {"param_groups", Value::list({group})}})},
                    {"history", Value::list({0.5, 0.25})}}),
       "{'epoch': 7, 'model': OrderedDict([('fc.weight', w := counted((3, 2), torch.float32)), ('fc.bias', "
       "counted((3,), torch.float32))]), 'optimizer': {'state': {0: {'step': torch.tensor(7.0), 'exp_avg': w.clone(), "
       "'exp_avg_sq': w.clone()}}, 'param_groups': [{'lr': 0.01, 'betas': (0.9, 0.999), 'foreach': None, "
       "'params': [0, 1]}]}, 'history': [0.5, 0.25]}"});
  manual_seed(0);
  nn::Linear fc(10, 20);
  all.push_back({"state_dict", fc.state_dict(), "seeded(lambda: torch.nn.Linear(10, 20)).state_dict()"});
  optim::Adam adam(fc.parameters(), {.lr = 0.01, .amsgrad = true});
  all.push_back({"adam_fresh", adam.state_dict(),
                 "torch.optim.Adam(torch.nn.Linear(10, 20).parameters(), lr=0.01, amsgrad=True).state_dict()"});
  optim::AdamW named(fc.named_parameters());
  all.push_back({"adamw_named", named.state_dict(),
                 "torch.optim.AdamW(torch.nn.Linear(10, 20).named_parameters()).state_dict()"});
}

std::string warned;

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: write_kinds FOLDER\n";
    return 2;
  }
  set_warning_handler([](const std::string& message) { warned = message; });
  std::vector<Case> all;
  add_tensors(all);
  add_quantized(all);
  add_sparse(all);
  add_numbers(all);
  add_text(all);
  add_containers(all);
  add_torch_values(all);
  add_objects(all);
  add_checkpoints(all);

  const std::string folder = std::string(argv[1]) + "/";
  const std::pair<const char*, SaveOptions> variants[] = {{"plain", {}},
                                                          {"aligned", {.alignment = 4096}},
                                                          {"tight", {.alignment = 1, .crc32 = false}},
                                                          {"compact", {.compact = true}}};
  for (const auto& [variant, options] : variants) std::filesystem::create_directories(folder + variant);
  nlohmann::json index = nlohmann::json::array();
  for (const Case& c : all) {
    for (auto [variant, options] : variants) {
      warned.clear();
      options.durable = false;
      save(c.value, folder + variant + "/" + c.name + ".pt", options);
    }
    bool refused = false;
    try {
      save_to_bytes(c.value, {.format = "torch", .weights_only_safe = true});
    } catch (const Error&) { refused = true; }
    index.push_back({{"name", c.name}, {"python", c.python}, {"warned", warned}, {"refused", refused}});
  }
  std::ofstream(folder + "index.json") << index.dump(1) << "\n";
}
