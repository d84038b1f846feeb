// The Value of a checked Table, in three passes over its rows: what can be changed is made empty and leaves are made
// whole; then tuples and their like in the order of their rows; then everything is filled.
#include <bit>

#include <harker/core/base/text.h>
#include <harker/core/value/object.h>
#include <harker/serialize/value/allowed_globals.h>
#include <harker/serialize/value_table/flatten.h>

namespace harker::value_table {
namespace {

using detail::throw_error;
using Kind = Value::Kind;

class Builder {
 public:
  Builder(const Table& t, const std::vector<Ref<Storage>>& storages, std::string_view what) : t_(t), what_(what) {
    views(storages);
  }

  Rebuilt run() {
    values_.resize(t_.nodes.size());
    // All rows are sealed: a hostile table has cycles that the root does not reach, and one that fails leaves some.
    try {
      build();
      Value::seal_cycles(values_);
    } catch (...) {
      Value::abandon(values_);
      throw;
    }
    return {values_[t_.root], std::move(views_)};
  }

 private:
  void build() {
    pass([&](const Node& n, Value& v) {
      if (!is_immutable(n.kind)) v = make(n);
    });
    pass([&](const Node& n, Value& v) {
      if (is_immutable(n.kind)) v = make_immutable(n);
    });
    pass([&](const Node& n, Value& v) {
      fill(n, v);
      if (n.flags & kFromFile) v.mark_from_file();
    });
  }
  [[noreturn]] void fail(std::string_view why) const {
    throw_error<FormatError>(what_, ": row ", row_, " (", name(t_.nodes[row_].kind), "): ", why);
  }

  void views(const std::vector<Ref<Storage>>& storages) {
    std::size_t at = 0;
    views_.reserve(t_.views.size());
    for (const View& v : t_.views) {
      const std::span<const std::int64_t> sizes(t_.extents.data() + at, v.rank),
          strides(t_.extents.data() + at + v.rank, v.rank);
      at += std::size_t{2} * v.rank;
      views_.push_back(make_view(storages[v.storage], v.dtype, Shape(sizes), Shape(strides), v.offset));
      views_.back().impl().requires_grad = v.requires_grad;
    }
  }

  template <class F>
  void pass(F f) {
    std::size_t link = 0, number = 0, text = 0;
    for (row_ = 0; row_ < t_.nodes.size(); ++row_) {
      const Node& n = t_.nodes[row_];
      links_ = {t_.links.data() + link, n.links};
      numbers_ = {t_.numbers.data() + number, n.numbers};
      text_ = std::string_view(t_.text).substr(text, static_cast<std::size_t>(n.text));
      link += n.links, number += n.numbers, text += static_cast<std::size_t>(n.text);
      try {
        f(n, values_[row_]);
      } catch (const TypeError& e) {  // a key that cannot be hashed
        fail(e.what());
      }
    }
  }

  const Value& linked(std::size_t i) const { return values_[links_[i]]; }
  std::vector<Value> elements() const {
    std::vector<Value> out;
    out.reserve(links_.size());
    for (std::uint32_t l : links_) out.push_back(values_[l]);
    return out;
  }
  double real(std::size_t i) const { return std::bit_cast<double>(numbers_[i]); }
  std::span<const std::uint8_t> bytes() const { return io::bytes(text_); }

  Value make(const Node& n) const {
    switch (n.kind) {
      case Kind::boolean: return n.number != 0;
      case Kind::integer: return n.detail ? Value::integer(bytes()) : Value(static_cast<std::int64_t>(n.number));
      case Kind::floating: return std::bit_cast<double>(n.number);
      case Kind::complex: return Complex{real(0), real(1)};
      case Kind::string: return text_;
      case Kind::bytes: return Value::bytes(bytes());
      case Kind::bytearray: return Value::bytearray(bytes());
      case Kind::list: return Value::list();
      case Kind::dict: return Value::dict({}, static_cast<DictFlavour>(n.detail));
      case Kind::set: return Value::set();
      case Kind::tensor: {
        const Tensor& t = views_[static_cast<std::size_t>(n.number)];
        Value v = n.flags & kParameter ? Value::parameter(t) : Value(t);
        v.set_conj_neg(n.flags & kConj, n.flags & kNeg);
        return v;
      }
      case Kind::dtype: return static_cast<DType>(n.number);
      case Kind::device: return Value::device(std::string(text_));
      case Kind::layout: return Value::layout(std::string(text_));
      case Kind::size: return Value::size(Shape(numbers_));
      case Kind::numpy_scalar:
      case Kind::numpy_array: {
        Value::Numpy a;
        const auto dtype = static_cast<std::size_t>(n.number);
        a.dtype = std::string(text_.substr(0, dtype));
        a.shape = Shape(numbers_);
        a.fortran_order = n.flags & kFortranOrder;
        a.data.assign(text_.begin() + static_cast<std::ptrdiff_t>(dtype), text_.end());
        return n.kind == Kind::numpy_array ? Value::numpy_array(a) : Value::numpy_scalar(a);
      }
      case Kind::opaque: {
        Value::Opaque o;
        o.module = std::string(text_.substr(0, static_cast<std::size_t>(n.number)));
        o.name = std::string(text_.substr(static_cast<std::size_t>(n.number)));
        o.called = n.flags & kCalled, o.newobj = n.flags & kNewObject;
        o.known = (n.flags & kKnown) && harmless(o);
        return Value::opaque(o);
      }
      default: return {};
    }
  }

  // The file says so, but it is we who know.
  static bool harmless(const Value::Opaque& o) {
    const Global what = allowed_global(o.module, o.name).what;
    return o.called ? keeps_calls(what) : what != Global::unknown;
  }

  Value make_immutable(const Node& n) const {
    if (n.kind == Kind::tuple) return Value::tuple(elements());
    if (n.kind == Kind::frozenset) {
      Value v = Value::frozenset(elements());
      if (v.len() != links_.size()) fail("holds an element twice");
      return v;
    }
    if (n.kind == Kind::sparse) {
      Value::Sparse s;
      s.layout = std::string(text_);
      s.parts = elements();
      s.shape = Shape(numbers_);
      if (n.detail) s.coalesced = n.detail == 2;
      s.requires_grad = n.flags & kRequiresGrad;
      return Value::sparse(s);
    }
    Value::Quantized q;
    q.ints = views_[static_cast<std::size_t>(n.number)];
    q.scheme = std::string(text_);
    q.scale = real(0), q.zero_point = numbers_[1], q.axis = numbers_[2];
    q.scales = linked(0), q.zero_points = linked(1);
    q.requires_grad = n.flags & kRequiresGrad;
    return Value::quantized(q);
  }

  void fill(const Node& n, Value& v) const {
    switch (n.kind) {
      case Kind::list: detail::object_as<detail::Sequence>(v).items = elements(); break;
      case Kind::set:
        for (std::uint32_t l : links_) v.push_back(values_[l]);
        if (v.len() != links_.size()) fail("holds an element twice");
        break;
      case Kind::dict:
        detail::object_as<detail::Dict>(v).items.reserve(links_.size() / 2 - 1);
        for (std::size_t i = 2; i < links_.size(); i += 2) {
          v.set(linked(i), linked(i + 1));
          if (v.len() != i / 2) fail("holds a key twice");
        }
        if (!linked(0).is_none()) v.set_attributes(linked(0));
        if (!linked(1).is_none()) v.set_default_factory(linked(1));
        break;
      case Kind::tensor:
        if (!linked(0).is_none()) v.set_attributes(linked(0));
        break;
      case Kind::opaque: {
        Value::Opaque& o = v.as_opaque();
        o.args = linked(0), o.state = linked(1);
        const auto appended = static_cast<std::size_t>(numbers_[0]);
        for (std::size_t i = 2; i < 2 + appended; ++i) o.appended.push_back(linked(i));
        for (std::size_t i = 2 + appended; i < links_.size(); i += 2) o.assigned.emplace_back(linked(i), linked(i + 1));
        break;
      }
      default: break;
    }
  }

  const Table& t_;
  std::string_view what_;
  std::vector<Tensor> views_;
  std::vector<Value> values_;
  std::size_t row_ = 0;
  std::span<const std::uint32_t> links_;
  std::span<const std::int64_t> numbers_;
  std::string_view text_;
};

}  // namespace

Rebuilt rebuild(const Table& table, const std::vector<Ref<Storage>>& storages, std::string_view what) {
  return Builder(table, storages, what).run();
}

}  // namespace harker::value_table
