// Random Values of every kind, with shared objects, cycles, views and odd strings: the same for the same seed on every
// machine. Those `for_torch` are what a PyTorch file can hold: it knows no two dtypes on one storage, for example.
#pragma once
#include <harker/core/value.h>
#include <complex>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace harker::test {

class RandomValue {
 public:
  struct Options {
    bool cycles = true;
    bool for_torch = false;
  };
  explicit RandomValue(std::uint64_t seed) : RandomValue(seed, Options()) {}
  RandomValue(std::uint64_t seed, Options options) : bits_(seed), cycles_(options.cycles), torch_(options.for_torch) {}

  /// A container of up to about `size` objects.
  Value operator()(std::size_t size = 30) {
    pool_.clear(), changeable_.clear(), views_.clear();
    left_ = 1 + below(size);
    Value root = below(10) == 0 ? any(0) : container(0);
    // Close some loops, and refer to some objects twice.
    for (Value& v : changeable_) {
      if (pool_.empty() || !cycles_ || below(4) != 0) continue;
      const Value& other = pool_[below(pool_.size())];
      if (v.is_list())
        v.push_back(other);
      else if (v.is_dict())
        v.set("again", other);
      else
        v.as_opaque().state = other;
    }
    Value::seal_cycles(root);
    for (Value& v : changeable_) Value::seal_cycles(v);
    for (Value& v : pool_) Value::seal_cycles(v);  // also what the root does not lead to
    return root;
  }

  std::uint64_t below(std::uint64_t n) { return bits_() % n; }

  Tensor tensor() {
    if (!views_.empty() && below(4) == 0) {  // another view of a storage met before, sometimes of another dtype
      const Tensor& t = views_[below(views_.size())];
      const auto bytes = static_cast<std::int64_t>(t.storage().nbytes);
      DType dtype = below(2) ? t.dtype() : some_dtype();
      if (torch_ && !(is_bytes(dtype) && is_bytes(t.dtype()))) dtype = t.dtype();
      const auto room = bytes / static_cast<std::int64_t>(item_size(dtype));
      if (room == 0) return make_view(Ref<Storage>::share(&t.storage()), dtype, {0}, {1}, 0);
      const auto offset = static_cast<std::int64_t>(below(static_cast<std::uint64_t>(room)));
      const auto step = static_cast<std::int64_t>(below(3));
      const std::int64_t n = step == 0 ? 5 : 1 + (room - offset - 1) / step;
      return make_view(Ref<Storage>::share(&t.storage()), dtype, {1, n}, {static_cast<std::int64_t>(below(9)), step},
                       offset);
    }
    std::vector<std::int64_t> sizes(below(4));
    for (std::int64_t& n : sizes) n = static_cast<std::int64_t>(below(below(5) == 0 ? 1 : 5));
    const Shape shape{std::span<const std::int64_t>(sizes)};
    Tensor t = empty(shape, some_dtype());
    auto* raw = static_cast<std::uint8_t*>(t.raw());
    for (std::size_t i = 0; i < t.storage().nbytes; ++i)
      raw[i] = static_cast<std::uint8_t>(t.dtype() == DType::bool_ ? below(2) : below(256));
    if (is_floating_point(t.dtype()) && below(3) == 0) t.impl().requires_grad = true;
    if (t.dim() == 2 && below(3) == 0)
      t = make_view(Ref<Storage>::share(&t.storage()), t.dtype(), {shape[1], shape[0]}, {1, shape[1]}, 0);
    views_.push_back(t);
    return t;
  }

 private:
  using Kind = Value::Kind;

  DType some_dtype() {
    if (torch_) return static_cast<DType>(below(static_cast<std::uint64_t>(DType::qint8)));
    return static_cast<DType>(below(kDTypes));
  }
  /// torch writes these as untyped bytes, or compares them as such.
  static bool is_bytes(DType t) {
    return t == kUInt8 || (t >= DType::uint16 && t <= DType::complex32) || t >= DType::float8_e4m3fn;
  }
  Value keep(Value v) {
    if (v.id() && below(3) == 0) v.mark_from_file();
    pool_.push_back(v);
    return v;
  }
  std::string text() {
    static const char* const kOdd[] = {"", "a.b", "\"\\\n\x01", "\xed\xa0\x80", "\xf0\x9f\xa6\x87", "weight", "fc1"};
    if (below(3) == 0) return kOdd[below(std::size(kOdd))];
    std::string s(below(12), ' ');
    for (char& c : s) c = static_cast<char>('a' + below(26));
    return s;
  }
  std::vector<std::uint8_t> bytes(std::size_t n) {
    std::vector<std::uint8_t> out(n);
    for (std::uint8_t& b : out) b = static_cast<std::uint8_t>(below(256));
    return out;
  }
  double real() {
    static const double kOdd[] = {0.0,    -0.0,     1.5,       -1e308,
                                  5e-324, INFINITY, -INFINITY, std::numeric_limits<double>::quiet_NaN()};
    if (below(2) == 0) return kOdd[below(std::size(kOdd))];
    double d = 0;
    const std::uint64_t b = bits_();
    std::memcpy(&d, &b, sizeof d);  // NaNs with any payload among them
    return d;
  }

  Value leaf() {
    switch (below(16)) {
      case 0: return {};
      case 1: return below(2) == 0;
      case 2: return static_cast<std::int64_t>(bits_() >> below(64));
      case 3: return keep(Value::integer(bytes(9 + below(20))));
      case 4: return real();
      case 5: return keep(std::complex<double>(real(), real()));
      case 6: return keep(Value::bytes(bytes(below(20))));
      case 7: return keep(Value::bytearray(bytes(below(20))));
      case 8: return some_dtype();
      case 9: return keep(Value::device(below(2) ? "cpu" : "cuda:1"));
      case 10: return keep(Value::layout("torch.strided"));
      case 11: return keep(Value::size({static_cast<std::int64_t>(below(9)), 3}));
      case 12: {
        Value::Numpy n;
        n.dtype = below(2) ? "<f8" : ">i4";
        const bool array = below(2);
        if (array) n.shape = {2, static_cast<std::int64_t>(below(4))};
        n.fortran_order = array && below(2);
        n.data = bytes(static_cast<std::size_t>(n.shape.numel()) * (n.dtype == "<f8" ? 8 : 4));
        return keep(array ? Value::numpy_array(n) : Value::numpy_scalar(n));
      }
      default: return keep(Value(text()));
    }
  }
  Value tensor_value(std::size_t depth) {
    if (below(8) == 0) return quantized();
    if (below(8) == 0) return sparse();
    const Tensor t = tensor();
    Value v = below(3) == 0 ? Value::parameter(t) : Value(t);
    if (below(8) == 0) v.set_conj_neg(below(2) && (!torch_ || is_complex(t.dtype())), true);
    if (below(8) == 0)
      v.set_attributes(torch_ ? keep(Value::dict({{text(), any(depth + 1)}, {text(), any(depth + 1)}}))
                              : dict(depth + 1));
    return keep(v);
  }
  Value quantized() {
    Value::Quantized q;
    q.ints = zeros({2, 3}, DType::qint8);
    q.scheme = "per_tensor_affine";
    const bool per_channel = below(2);
    if (!(torch_ && per_channel)) q.scale = 0.1, q.zero_point = -3;  // a pickle has one or the other
    if (per_channel) {
      q.scheme = "per_channel_affine";
      q.axis = 1;
      q.scales = keep(Value(ones({3}, DType::float64)));
      q.zero_points = keep(Value(zeros({3}, DType::int64)));
    }
    return keep(Value::quantized(q));
  }
  Value sparse() {
    Value::Sparse s;
    const bool coo = below(2);
    s.layout = coo ? "torch.sparse_coo" : "torch.sparse_csr";
    s.shape = {3, 4};
    s.requires_grad = below(2);
    if (coo) {
      s.parts = {keep(Value(zeros({2, 5}, DType::int64))), keep(Value(ones({5})))};
      if (torch_ || below(2)) s.coalesced = below(2) == 0;
    } else {
      s.parts = {keep(Value(zeros({4}, DType::int64))), keep(Value(zeros({5}, DType::int64))), keep(Value(ones({5})))};
    }
    return keep(Value::sparse(s));
  }

  Value any(std::size_t depth) {
    if (left_ > 0) --left_;
    if (!pool_.empty() && below(6) == 0) return pool_[below(pool_.size())];  // shared
    switch (below(left_ > 0 && depth < 12 ? 10 : 5)) {
      case 0:
      case 1: return tensor_value(depth);
      case 2:
      case 3:
      case 4: return leaf();
      default: return container(depth + 1);
    }
  }
  std::vector<Value> several(std::size_t depth) {
    std::vector<Value> out(below(5));
    for (Value& v : out) v = any(depth);
    return out;
  }
  Value key() {
    switch (below(6)) {
      case 0: return static_cast<std::int64_t>(below(1000));
      case 1: return keep(Value::tuple({Value(text()), Value(static_cast<std::int64_t>(below(5)))}));
      case 2: return real();
      case 3: return keep(Value::frozenset({Value(1), Value(text())}));
      default: return keep(Value(text()));
    }
  }
  Value dict(std::size_t depth) {
    Value d = Value::dict({}, static_cast<DictFlavour>(below(4)));
    const bool call = torch_ && d.flavour() == DictFlavour::counter;  // of whose arguments it cannot be one
    if (!call) changeable_.push_back(keep(d));
    for (std::size_t n = below(5); n > 0; --n) d.set(key(), any(depth));
    if (call) keep(d);
    if (below(4) == 0 && !(torch_ && d.flavour() == DictFlavour::dict))
      d.set_attributes(Value::dict({{"_metadata", any(depth)}}));
    if (d.flavour() == DictFlavour::default_dict && below(2)) d.set_default_factory(opaque(depth, false));
    return d;
  }
  Value opaque(std::size_t depth, bool called) {
    Value::Opaque o;
    o.module = "argparse", o.name = "Namespace";
    o.called = called;
    std::vector<Value> args;
    if (torch_ && called) args = several(depth);  // before the object can be among them
    if (!torch_) o.args = Value::tuple();         // a pickle holds none for a bare reference
    Value v = keep(Value::opaque(o));
    if (!called) return v;
    changeable_.push_back(v);
    Value::Opaque& made = v.as_opaque();
    made.newobj = below(2);
    made.known = below(2);
    if (made.known) made.module = "builtins", made.name = "slice";
    made.args = keep(Value::tuple(torch_ ? args : several(depth)));
    made.state = any(depth);
    made.appended = several(depth);
    if (below(2)) made.assigned.emplace_back(key(), any(depth));
    return v;
  }
  Value container(std::size_t depth) {
    switch (below(7)) {
      case 0: {
        Value l = Value::list();
        changeable_.push_back(l);
        keep(l);
        for (Value& v : several(depth)) l.push_back(v);
        return l;
      }
      case 1: return keep(Value::tuple(several(depth)));
      case 2: {
        Value s = below(2) ? Value::set() : Value();
        if (s.is_none()) return keep(Value::frozenset({key(), key()}));
        for (std::size_t n = below(12); n > 0; --n) s.push_back(key());
        return keep(s);
      }
      case 3: return opaque(depth, true);
      default: return dict(depth);
    }
  }

  std::mt19937_64 bits_;
  bool cycles_, torch_;
  std::size_t left_ = 0;
  std::vector<Value> pool_, changeable_;
  std::vector<Tensor> views_;
};

}  // namespace harker::test
