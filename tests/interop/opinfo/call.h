// How a call that was written in Python reaches a function of harker: a table from the names of PyTorch's OpInfos to functions
// with Python's signature beside each.
//
//   op("rot90", "x, k=1, dims=(0,1)", rot90);
//   op("nn.functional.relu", "x, inplace:False", relu);                   // what has no place in harker may only be False
//   op("sort", "x, dim=-1, descending=False, stable:*", ...);             // or does not matter
//   op("permute", "x, *dims", [](T x, const Shape& d) { return x.permute(d); });  // all the rest, one by one or as a list
//
// Several entries of one name are tried in turn: the first that has words for all arguments is called. The C++ type of a
// parameter says how its argument is read (`read`).
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <harker/core/ops/ops.h>
#include <harker/core/value.h>

namespace opinfo {

using namespace harker;
using T = const Tensor&;
using Int = std::int64_t;
using Out = std::vector<Tensor>;
using Text = std::string_view;

/// An argument for which harker's signature has no words; what() names it.
struct Inexpressible : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The parameters that a signature names.
struct Parameter {
  enum class Kind { passed, rest, only, ignored };
  std::string name;
  Kind kind = Kind::passed;
  std::optional<Value> fallback;
};
using Signature = std::vector<Parameter>;
Signature parse(std::string_view text);

/// Arguments, and the tensors among them: one that occurs twice is one tensor, and those of `leaves` require grad.
class Call {
 public:
  Call(const Value& args, const Value& kwargs, const Value& leaves);
  /// The values of the parameters that are passed on. Inexpressible when there is no such order.
  std::vector<Value> order(const Signature& s) const;
  Tensor tensor(const Value& v);
  /// Those of the leaves, in order.
  std::vector<Tensor> leaves();

 private:
  std::vector<Value> args_;
  std::vector<std::pair<std::string, Value>> kwargs_;
  std::vector<Value> leaves_;
  std::map<const void*, Tensor> tensors_;
};

[[noreturn]] void no_words(std::string_view what, const Value& v);

// What an argument is in C++. None is an undefined tensor, an empty optional and list.
void read(Call& c, const Value& v, Tensor& to);
void read(Call& c, const Value& v, Scalar& to);
void read(Call& c, const Value& v, double& to);
void read(Call& c, const Value& v, Int& to);
void read(Call& c, const Value& v, int& to);
void read(Call& c, const Value& v, bool& to);
void read(Call& c, const Value& v, Text& to);
void read(Call& c, const Value& v, Shape& to);
void read(Call& c, const Value& v, DType& to);
void read(Call& c, const Value& v, TensorOptions& to);
void read(Call& c, const Value& v, Pair& to);
void read(Call& c, const Value& v, Padding& to);
void read(Call& c, const Value& v, ScaleFactor& to);
void read(Call& c, const Value& v, Reduction& to);
void read(Call& c, const Value& v, std::vector<Tensor>& to);
void read(Call& c, const Value& v, std::vector<TensorIndex>& to);
inline void read(Call&, const Value& v, Value& to) { to = v; }
template <class X>
void read(Call& c, const Value& v, std::optional<X>& to) {
  if (v.is_none()) return;
  X x{};
  read(c, v, x);
  to = x;
}
template <>
inline void read(Call& c, const Value& v, std::optional<Scalar>& to) {
  if (v.is_none()) return;
  Scalar s = 0;
  read(c, v, s);
  to = s;
}
/// Its own variable for each parameter; a Scalar has no value of its own.
template <class X>
struct Holder {
  X x{};
};
template <>
struct Holder<Scalar> {
  Scalar x = 0;
};
template <>
struct Holder<Reduction> {
  Reduction x = Reduction::mean;
};
template <class X>
X argument(Call& c, const Value& v) {
  Holder<X> h;
  read(c, v, h.x);
  return h.x;
}

// What a function returns, as a list of tensors.
void collect(Out& out, const Tensor& t);
void collect(Out& out, const std::vector<Tensor>& all);
void collect(Out& out, const ValuesAndIndices& r);
void collect(Out& out, const std::pair<Tensor, Tensor>& r);
void collect(Out& out, const Unique& u);
void collect(Out& out, bool b);
void collect(Out& out, double d);
void collect(Out& out, Int i);

using Function = std::function<Out(Call&)>;

template <class R, class... A, std::size_t... I>
auto bound(std::string_view signature, R (*f)(A...), std::index_sequence<I...>) {
  return [s = parse(signature), f](Call& c) {
    const std::vector<Value> v = c.order(s);
    if (v.size() != sizeof...(A)) throw std::logic_error("a signature has not as many parameters as its function");
    return f(argument<std::remove_cvref_t<A>>(c, v[I])...);
  };
}
template <class R, class... A>
auto bound(std::string_view signature, R (*f)(A...)) {
  return bound(signature, f, std::index_sequence_for<A...>());
}

/// The functions of a name (of several, with spaces between them), in the order in which they are tried.
class Table {
 public:
  void add(std::string_view names, const Function& f);
  const std::vector<Function>* find(std::string_view name) const;
  std::vector<std::string> names() const;

 private:
  std::map<std::string, std::vector<Function>, std::less<>> functions_;
};
Table& table();
/// Calls the first function of that name that has words for the arguments.
Out call(std::string_view name, Call& c);

template <class R, class... A>
void op(std::string_view names, std::string_view signature, R (*f)(A...)) {
  table().add(names, [g = bound(signature, f)](Call& c) {
    Out out;
    collect(out, g(c));
    return out;
  });
}
template <class F>
requires std::is_class_v<F>
void op(std::string_view names, std::string_view signature, F f) { op(names, signature, +f); }

// Overloads by their types: T a tensor, S a number.
using U = Tensor (*)(T);
using TT = Tensor (*)(T, T);
using TS = Tensor (*)(T, Scalar);
using ST = Tensor (*)(Scalar, T);

void add_pointwise();
void add_binary();
void add_reduce();
void add_arrange();
void add_index();
void add_layers();
void add_losses();
void add_linalg();
void add_make();

}  // namespace opinfo
