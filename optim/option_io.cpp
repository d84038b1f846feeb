// OptionIO: see the header.
#include <harker/core/base/text.h>
#include <harker/core/value/object.h>
#include <harker/optim/option_io.h>

#include <algorithm>
#include <cmath>

namespace harker HARKER_PUBLIC {
namespace optim {

using detail::throw_error;

const Value* OptionIO::find(std::string_view key) const { return loaded_.is_dict() ? loaded_.find(key) : nullptr; }

void OptionIO::write(std::string_view key, Value v) {
  if (writing()) items_->emplace_back(key, std::move(v));
}

void OptionIO::wrong(std::string_view key, std::string_view expected, const Value& found) const {
  throw_error<TypeError>("load_state_dict: ", path_, "[", detail::quoted(key), "] should be ", expected, ", it is ",
                         found.type_name());
}

std::optional<double> number_in(const Value& v) {
  // A tensor of one element: torch allows a learning rate that is one.
  if (v.is_tensor() && v.lazy_tensor().numel() == 1 && !is_complex(v.lazy_tensor().dtype())) return v.tensor().item();
  if (v.kind() == Value::Kind::numpy_array && v.as_numpy().shape.numel() == 1)
    return number_in(Value::numpy_scalar(v.as_numpy()));
  if (v.is_float()) return v.as_double();
  const std::optional<detail::Number> n = detail::number_of(v);
  if (!n || n->is == detail::Number::Is::big || n->is == detail::Number::Is::complex) return {};
  return v.as_double();
}

std::optional<std::int64_t> integer_in(const Value& v) {
  if (v.is_int()) return v.fits_int64() ? std::optional(v.as_int()) : std::nullopt;
  const std::optional<double> d = number_in(v);
  if (!d || !(std::abs(*d) <= 0x1p53) || *d != std::trunc(*d)) return {};
  return static_cast<std::int64_t>(*d);
}

double OptionIO::read_number(std::string_view key, const Value& v) const {
  const std::optional<double> d = number_in(v);
  if (!d) wrong(key, "a number", v);
  return *d;
}

namespace {
/// As it was loaded, if it is the same number; a tensor of the file's is not kept, for it may change under us.
bool same(double v, const Value* old) { return old && !old->is_tensor() && number_in(*old) == v; }

Value written(double v, const Value* old, Written how) {
  if (same(v, old)) return *old;
  return how == Written::as_int_if_zero && v == 0 ? Value(0) : Value(v);
}
}  // namespace

void OptionIO::number(std::string_view key, double& v, Written how) {
  const Value* old = find(key);
  if (writing())
    items_->emplace_back(key, written(v, old, how));
  else if (old)
    v = read_number(key, *old);
}

void OptionIO::integer(std::string_view key, std::int64_t& v) {
  const Value* old = find(key);
  if (writing()) {
    items_->emplace_back(key, old && !old->is_tensor() && integer_in(*old) == v ? *old : Value(v));
  } else if (old) {
    const std::optional<std::int64_t> i = integer_in(*old);
    if (!i) wrong(key, "an int of 64 bits", *old);
    v = *i;
  }
}

void OptionIO::flag(std::string_view key, bool& v) {
  const Value* old = find(key);
  if (writing()) {
    items_->emplace_back(key, same(v, old) ? *old : Value(v));
  } else if (old) {
    const std::optional<std::int64_t> i = integer_in(*old);
    if (!i || *i < 0 || *i > 1) wrong(key, "a bool", *old);
    v = *i == 1;
  }
}

void OptionIO::text(std::string_view key, std::string& v) {
  if (writing()) {
    items_->emplace_back(key, v);
  } else if (const Value* old = find(key)) {
    if (!old->is_string()) wrong(key, "a str", *old);
    v = old->as_string();
  }
}

void OptionIO::numbers(std::string_view key, std::vector<double>& v, Written how) {
  const Value* old = find(key);
  if (writing()) {
    const bool like = old && old->is_list() && old->len() == v.size();
    std::vector<Value> list;
    for (std::size_t i = 0; i < v.size(); ++i) list.push_back(written(v[i], like ? &old->elements()[i] : nullptr, how));
    items_->emplace_back(key, Value::list(std::move(list)));
  } else if (old) {
    if (!old->is_list() && !old->is_tuple()) wrong(key, "a list of numbers", *old);
    std::vector<double> read;
    for (const Value& number : old->elements()) read.push_back(read_number(key, number));
    v = std::move(read);
  }
}

void OptionIO::pair(std::string_view key, std::array<double, 2>& v) {
  const Value* old = find(key);
  const auto same = [&](const Value& t) {
    return t.elements()[0].as_double() == v[0] && t.elements()[1].as_double() == v[1];
  };
  if (!writing()) {
    if (!old) return;
    if ((!old->is_tuple() && !old->is_list()) || old->len() != 2) wrong(key, "a tuple of two numbers", *old);
    v = {read_number(key, old->elements()[0]), read_number(key, old->elements()[1])};
    return;
  }
  if (old && old->elements()[0].is_float() && old->elements()[1].is_float() && same(*old)) {
    if (old->is_tuple()) tuples_->push_back(*old);
    items_->emplace_back(key, *old);
    return;
  }
  auto known = std::find_if(tuples_->begin(), tuples_->end(), same);
  if (known == tuples_->end()) known = tuples_->insert(known, Value::tuple({v[0], v[1]}));
  items_->emplace_back(key, *known);
}

void OptionIO::fixed(std::string_view key, const Value& v) {
  if (!writing()) return;
  const Value* old = find(key);
  items_->emplace_back(key, old ? *old : v);
}

Value in_loaded_order(const Value& loaded, std::vector<Value::Item> items) {
  Value out = Value::dict();
  if (loaded.is_dict()) {
    // Keys are made anew: strings that came from different files would otherwise be told apart when they are written.
    for (const auto& [key, value] : loaded.items()) out.set(key.is_string() ? Value(key.as_string()) : key, value);
  }
  for (auto& [key, value] : items) out.set(key, std::move(value));
  return out;
}

}  // namespace optim
}  // namespace harker
