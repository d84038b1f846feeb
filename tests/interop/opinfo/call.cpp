#include "call.h"

#include <algorithm>
#include <charconv>

namespace opinfo {

namespace {

/// Python's literals: None, True, False, numbers, 'words', (tuples).
Value literal(std::string_view& s) {
  const auto skip = [&] {
    while (!s.empty() && s[0] == ' ') s.remove_prefix(1);
  };
  skip();
  if (s.starts_with('(')) {
    std::vector<Value> items;
    s.remove_prefix(1);
    for (skip(); !s.starts_with(')'); skip()) {
      items.push_back(literal(s));
      skip();
      if (s.starts_with(',')) s.remove_prefix(1);
    }
    s.remove_prefix(1);
    return Value::tuple(std::move(items));
  }
  if (s.starts_with('\'')) {
    const std::size_t end = s.find('\'', 1);
    const Value v(std::string(s.substr(1, end - 1)));
    s.remove_prefix(end + 1);
    return v;
  }
  const std::size_t end = std::min(s.find_first_of(",) "), s.size());
  const std::string word(s.substr(0, end));
  s.remove_prefix(end);
  if (word == "None") return {};
  if (word == "True") return Value(true);
  if (word == "False") return Value(false);
  if (word.find_first_of(".e") == std::string::npos) return Value(std::stoll(word));
  return Value(std::stod(word));
}

}  // namespace

Signature parse(std::string_view s) {
  Signature out;
  while (!s.empty()) {
    Parameter p;
    while (s.starts_with(' ')) s.remove_prefix(1);
    if (s.starts_with('*')) {
      p.kind = Parameter::Kind::rest;
      s.remove_prefix(1);
    }
    const std::size_t end = std::min(s.find_first_of(",=:"), s.size());
    p.name = s.substr(0, end);
    s.remove_prefix(end);
    if (s.starts_with(":*")) {
      p.kind = Parameter::Kind::ignored;
      s.remove_prefix(2);
    } else if (s.starts_with(':') || s.starts_with('=')) {
      if (s[0] == ':') p.kind = Parameter::Kind::only;
      s.remove_prefix(1);
      p.fallback = literal(s);
    }
    if (s.starts_with(',')) s.remove_prefix(1);
    out.push_back(std::move(p));
  }
  return out;
}

void no_words(std::string_view what, const Value& v) {
  std::string s(what);
  s += " is ";
  s += v.type_name();
  throw Inexpressible(s);
}

Call::Call(const Value& args, const Value& kwargs, const Value& leaves) {
  for (const Value& v : args.elements()) args_.push_back(v);
  for (const auto& [k, v] : kwargs.items()) kwargs_.emplace_back(std::string(k.as_string()), v);
  for (const Value& v : leaves.elements()) leaves_.push_back(v);
}

std::vector<Value> Call::order(const Signature& signature) const {
  std::vector<Value> out;
  std::size_t at = 0;
  std::vector<bool> used(kwargs_.size());
  const auto named = [&](std::string_view name) -> const Value* {
    for (std::size_t i = 0; i < kwargs_.size(); ++i)
      if (kwargs_[i].first == name) {
        used[i] = true;
        return &kwargs_[i].second;
      }
    return nullptr;
  };
  for (const Parameter& p : signature) {
    if (p.name == "options") {  // TensorOptions
      Value d = Value::dict();
      for (const char* k : {"dtype", "device", "layout", "requires_grad", "pin_memory", "memory_format"})
        if (const Value* v = named(k); v && !v->is_none()) d.set(k, *v);
      out.push_back(d);
      continue;
    }
    const Value* v = named(p.name);
    if (p.kind == Parameter::Kind::rest) {
      if (!v && args_.size() == at + 1 && args_[at].is_container()) v = &args_[at++];
      if (v) {
        out.push_back(*v);
      } else {
        out.push_back(
            Value::list({args_.begin() + static_cast<std::ptrdiff_t>(std::min(at, args_.size())), args_.end()}));
        at = args_.size();
      }
      continue;
    }
    if (!v && at < args_.size()) v = &args_[at++];
    switch (p.kind) {
      case Parameter::Kind::ignored: break;
      case Parameter::Kind::only:
        if (v && !v->is_none() && !v->equals(*p.fallback)) throw Inexpressible(p.name);
        break;
      default:
        if (!v && !p.fallback) throw Inexpressible(p.name + " is missing");
        out.push_back(v ? *v : *p.fallback);
    }
  }
  if (at < args_.size()) throw Inexpressible(std::to_string(args_.size()) + " arguments");
  for (std::size_t i = 0; i < used.size(); ++i)
    if (!used[i] && !kwargs_[i].second.is_none()) throw Inexpressible(kwargs_[i].first);
  return out;
}

Tensor Call::tensor(const Value& v) {
  Tensor& t = tensors_[v.id()];
  if (t.defined()) return t;
  t = v.tensor().detach();
  if (std::ranges::any_of(leaves_, [&](const Value& l) { return l.same_object(v); })) t.requires_grad_();
  return t;
}

std::vector<Tensor> Call::leaves() {
  std::vector<Tensor> out;
  for (const Value& l : leaves_) out.push_back(tensor(l));
  return out;
}

void read(Call& c, const Value& v, Tensor& to) {
  if (v.is_none()) return;
  if (!v.is_tensor()) no_words("a tensor", v);
  to = c.tensor(v);
}
void read(Call&, const Value& v, Scalar& to) {
  if (v.is_bool())
    to = v.as_bool();
  else if (v.is_int() && v.fits_int64())
    to = v.as_int();
  else if (v.is_float())
    to = v.as_double();
  else
    no_words("a number", v);
}
void read(Call&, const Value& v, double& to) {
  if (!v.is_bool() && !v.is_int() && !v.is_float()) no_words("a number", v);
  to = v.as_double();
}
void read(Call&, const Value& v, Int& to) {
  if (v.is_bool())
    to = v.as_bool();
  else if (v.is_int() && v.fits_int64())
    to = v.as_int();
  else
    no_words("an integer", v);
}
void read(Call& c, const Value& v, int& to) {
  Int i = 0;
  read(c, v, i);
  to = static_cast<int>(i);
}
void read(Call&, const Value& v, bool& to) {
  if (!v.is_bool()) no_words("a bool", v);
  to = v.as_bool();
}
void read(Call&, const Value& v, Text& to) {
  if (!v.is_string()) no_words("a word", v);
  to = v.as_string();
}
void read(Call& c, const Value& v, Shape& to) {
  if (v.is_none()) return;
  if (v.is_bool()) no_words("a shape", v);
  std::vector<Int> sizes;
  if (v.is_list() || v.is_tuple()) {
    for (const Value& e : v.elements())
      if (e.is_none())
        sizes.push_back(-1);  // a size that stays
      else
        read(c, e, sizes.emplace_back());
  } else {
    read(c, v, sizes.emplace_back());
  }
  to = Shape(sizes);
}
void read(Call&, const Value& v, DType& to) {
  if (v.kind() != Value::Kind::dtype) no_words("a dtype", v);
  to = v.as_dtype();
}
void read(Call&, const Value& v, TensorOptions& to) {
  for (const auto& [key, value] : v.items()) {
    const std::string_view k = key.as_string();
    const std::string_view word = value.is_string() ? value.as_string() : "";
    if (k == "dtype")
      to.dtype = value.as_dtype();
    else if (k == "requires_grad")
      to.requires_grad = value.as_bool();
    else if (!(k == "device" && word == "cpu") && !(k == "layout" && word == "torch.strided") && k != "pin_memory" &&
             word != "torch.contiguous_format" && word != "torch.preserve_format")
      throw Inexpressible(std::string(k));
  }
}
void read(Call& c, const Value& v, Pair& to) {
  if (v.is_none()) return;
  Shape s;
  read(c, v, s);
  if (s.rank() < 1 || s.rank() > 2) throw Inexpressible(std::to_string(s.rank()) + " numbers");
  to = Pair(s[0], s[s.rank() - 1]);
}
void read(Call& c, const Value& v, Padding& to) {
  if (v.is_string()) {
    to = std::string(v.as_string()).c_str();
    return;
  }
  Pair p;
  read(c, v, p);
  to = p;
}
void read(Call& c, const Value& v, ScaleFactor& to) {
  if (v.is_none()) return;
  std::vector<double> f;
  if (v.is_list() || v.is_tuple()) {
    for (const Value& e : v.elements()) read(c, e, f.emplace_back());
  } else {
    read(c, v, f.emplace_back());
  }
  if (f.empty() || f.size() > 2) throw Inexpressible("more than two factors");
  to = ScaleFactor(f.front(), f.back());
}
void read(Call&, const Value& v, Reduction& to) {
  const std::string_view r = v.is_string() ? v.as_string() : "";
  if (r == "none")
    to = Reduction::none;
  else if (r == "mean")
    to = Reduction::mean;
  else if (r == "sum")
    to = Reduction::sum;
  else if (r == "batchmean")
    to = Reduction::batch_mean;
  else
    throw Inexpressible("reduction");
}
void read(Call& c, const Value& v, std::vector<Tensor>& to) {
  if (v.is_none()) return;
  if (!v.is_list() && !v.is_tuple()) no_words("a list", v);
  for (const Value& e : v.elements()) {
    if (!e.is_tensor()) no_words("a tensor of a list", e);
    to.push_back(c.tensor(e));
  }
}
namespace {
TensorIndex index_of(Call& c, const Value& v) {
  if (v.is_none()) return None;
  if (v.is_bool()) return v.as_bool();
  if (v.is_int()) return v.as_int();
  if (v.is_tensor()) return c.tensor(v);
  if (v.is_string()) return Ellipsis;
  if (v.is_dict()) {
    const Value s = v["slice"];
    const auto bound = [&](int i) { return s[i].is_none() ? std::optional<Int>() : std::optional<Int>(s[i].as_int()); };
    return Slice(bound(0), bound(1), bound(2));
  }
  if (!v.is_list()) no_words("an index", v);
  std::vector<Int> numbers;
  bool mask = v.len() > 0;
  for (const Value& e : v.elements()) {
    read(c, e, numbers.emplace_back());
    mask = mask && e.is_bool();
  }
  const Tensor t = from_vector(numbers, numbers.size());
  return mask ? t.to(kBool) : t;
}
}  // namespace
void read(Call& c, const Value& v, std::vector<TensorIndex>& to) {
  if (!v.is_tuple()) {
    to.push_back(index_of(c, v));
    return;
  }
  for (const Value& e : v.elements()) to.push_back(index_of(c, e));
}

void collect(Out& out, const Tensor& t) {
  if (t.defined()) out.push_back(t);
}
void collect(Out& out, const std::vector<Tensor>& all) {
  for (const Tensor& t : all) collect(out, t);
}
void collect(Out& out, const ValuesAndIndices& r) { out.insert(out.end(), {r.values, r.indices}); }
void collect(Out& out, const std::pair<Tensor, Tensor>& r) { out.insert(out.end(), {r.first, r.second}); }
void collect(Out& out, const Unique& u) {
  for (const Tensor& t : {u.output, u.inverse, u.counts}) collect(out, t);
}
void collect(Out& out, bool b) { out.push_back(scalar_tensor(b, kBool)); }
void collect(Out& out, double d) { out.push_back(scalar_tensor(d, kFloat64)); }
void collect(Out& out, Int i) { out.push_back(scalar_tensor(i, kInt64)); }

void Table::add(std::string_view names, const Function& f) {
  for (std::size_t end = 0; !names.empty(); names.remove_prefix(std::min(end + 1, names.size()))) {
    end = std::min(names.find(' '), names.size());
    functions_[std::string(names.substr(0, end))].push_back(f);
  }
}
const std::vector<Function>* Table::find(std::string_view name) const {
  const auto it = functions_.find(name);
  return it == functions_.end() ? nullptr : &it->second;
}
std::vector<std::string> Table::names() const {
  std::vector<std::string> out;
  for (const auto& [name, f] : functions_) out.push_back(name);
  return out;
}
Table& table() {
  static Table t;
  return t;
}

Out call(std::string_view name, Call& c) {
  const std::vector<Function>* functions = table().find(name);
  if (!functions) throw std::logic_error("no function " + std::string(name));
  std::string why;
  for (const Function& f : *functions) try {
      return f(c);
    } catch (const Inexpressible& e) { why += (why.empty() ? "" : "; ") + std::string(e.what()); }
  throw Inexpressible(why);
}

}  // namespace opinfo
