// Reads the JSON that onnx_json_writer.cpp draws, as a stream of events: nothing is built but the table, and nothing
// nests. A key that is missing, twice or not known is an error, and so is a number that is no integer.
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include <harker/core/base/text.h>
#include <harker/serialize/onnx/onnx_json.h>
#include <harker/serialize/value/geometry.h>

namespace harker::onnx {
namespace {

using detail::str;
using detail::throw_error;
using Kind = Value::Kind;

bool parse_float(std::string_view s, double& out) {
  const bool minus = s.starts_with('-');
  if (minus) s.remove_prefix(1);
  if (s == "inf") return out = minus ? -INFINITY : INFINITY, true;
  if (s.starts_with("nan:") && s.size() == 20 && !minus) {
    const auto bits = detail::from_hex(s.substr(4));
    if (bits) out = std::bit_cast<double>(*bits);
    return bits && std::isnan(out);
  }
  if (!s.starts_with("0x") || s.size() > 40) return false;
  const auto r = std::from_chars(s.data() + 2, s.data() + s.size(), out, std::chars_format::hex);
  if (r.ec != std::errc() || r.ptr != s.data() + s.size() || !std::isfinite(out) || std::signbit(out)) return false;
  if (minus) out = -out;
  return true;
}

class Reader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Reader(std::string_view what) : what_(what) {}
  Metadata take() {
    if (!top_done_) fail("there is no JSON object");
    expect_keys(top_seen_, {"version", "root", "rows", "tensors", "storages"}, kTop);
    return std::move(out_);
  }

  bool null() override { fail("null does not occur here"); }
  bool boolean(bool) override { fail("true and false do not occur here"); }
  bool number_float(double, const std::string& s) override {
    fail("the number ", detail::quoted(s, 30), " is no integer of 64 bits");
  }
  bool binary(nlohmann::json::binary_t&) override { fail("binary data"); }
  bool number_unsigned(std::uint64_t v) override {
    if (v > static_cast<std::uint64_t>(INT64_MAX)) fail("the number ", v, " is too large");
    return integer(static_cast<std::int64_t>(v));
  }
  bool number_integer(std::int64_t v) override { return integer(v); }
  bool string(std::string& s) override;
  bool start_object(std::size_t) override;
  bool end_object() override;
  bool start_array(std::size_t) override;
  bool end_array() override;
  bool key(std::string& k) override;
  bool parse_error(std::size_t at, const std::string&, const nlohmann::json::exception& e) override {
    fail("at ", at, ": ", detail::escaped(e.what(), 120));
  }

 private:
  enum class At { outside, top, rows, row, row_list, tensors, tensor, tensor_list, storages, storage };
  static constexpr std::string_view kTop[] = {"version", "root", "rows", "tensors", "storages"};
  static constexpr std::string_view kRow[] = {"is",      "detail", "flags", "links", "floats",
                                              "numbers", "number", "text",  "hex"};
  static constexpr std::string_view kTensor[] = {"name",   "dtype",   "shape",        "strides",
                                                 "offset", "storage", "requires_grad"};
  static constexpr std::string_view kStorage[] = {"initializer", "nbytes"};

  template <class... T>
  [[noreturn]] void fail(const T&... why) const {
    throw_error<FormatError>(what_, ": ", why...);
  }
  [[noreturn]] void misplaced() const {
    fail("a value of the wrong type", key_.empty() ? std::string() : str(" at ", detail::quoted(key_)));
  }
  void expect_keys(unsigned seen, std::initializer_list<std::string_view> wanted,
                   std::span<const std::string_view> all) const {
    for (std::string_view w : wanted)
      for (std::size_t i = 0; i < all.size(); ++i)
        if (all[i] == w && !(seen >> i & 1)) fail("the key '", w, "' is missing");
  }
  std::span<const std::string_view> keys() const {
    switch (at_) {
      case At::top: return kTop;
      case At::row: return kRow;
      case At::tensor: return kTensor;
      case At::storage: return kStorage;
      default: return {};
    }
  }
  template <class T>
  T ranged(std::int64_t v) const {
    if (v < 0 || static_cast<std::uint64_t>(v) > std::numeric_limits<T>::max())
      fail("the number ", v, " at ", detail::quoted(key_), " is out of range");
    return static_cast<T>(v);
  }
  bool integer(std::int64_t v);
  void end_row();
  void end_tensor();

  std::string_view what_;
  Metadata out_;
  At at_ = At::outside;
  std::string key_;
  unsigned top_seen_ = 0, seen_ = 0;
  bool top_done_ = false;
  value_table::Node node_;
  value_table::View view_;
  std::vector<std::int64_t> shape_, strides_;
};

bool Reader::key(std::string& k) {
  const std::span<const std::string_view> all = keys();
  unsigned& seen = at_ == At::top ? top_seen_ : seen_;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] != k) continue;
    if (seen >> i & 1) fail("the key ", detail::quoted(k), " occurs twice (duplicate)");
    seen |= 1u << i;
    key_ = std::move(k);
    return true;
  }
  fail("the key ", detail::quoted(k), " is not known");
}

bool Reader::start_object(std::size_t) {
  seen_ = 0;
  switch (at_) {
    case At::outside: at_ = At::top; return true;
    case At::rows: at_ = At::row, node_ = {}; return true;
    case At::tensors: at_ = At::tensor, view_ = {}, shape_.clear(), strides_.clear(); return true;
    case At::storages: at_ = At::storage; return true;
    default: misplaced();
  }
}
bool Reader::end_object() {
  switch (at_) {
    case At::row: end_row(), at_ = At::rows; break;
    case At::tensor: end_tensor(), at_ = At::tensors; break;
    case At::storage: expect_keys(seen_, {"initializer", "nbytes"}, kStorage), at_ = At::storages; break;
    default: top_done_ = true, at_ = At::outside; break;
  }
  return true;
}
bool Reader::start_array(std::size_t) {
  if (at_ == At::top && key_ == "rows")
    at_ = At::rows;
  else if (at_ == At::top && key_ == "tensors")
    at_ = At::tensors;
  else if (at_ == At::top && key_ == "storages")
    at_ = At::storages;
  else if (at_ == At::row && (key_ == "links" || key_ == "numbers" || key_ == "floats"))
    at_ = At::row_list;
  else if (at_ == At::tensor && (key_ == "shape" || key_ == "strides"))
    at_ = At::tensor_list;
  else
    misplaced();
  if (at_ == At::row_list && key_ == "floats" && node_.numbers > 0) fail("floats after numbers");
  return true;
}
bool Reader::end_array() {
  at_ = at_ == At::row_list ? At::row : at_ == At::tensor_list ? At::tensor : At::top;
  return true;
}

bool Reader::integer(std::int64_t v) {
  value_table::Table& t = out_.table;
  if (at_ == At::row_list && key_ == "links")
    t.links.push_back(ranged<std::uint32_t>(v)), ++node_.links;
  else if (at_ == At::row_list && key_ == "numbers")
    t.numbers.push_back(v), ++node_.numbers;
  else if (at_ == At::tensor_list)
    (key_ == "shape" ? shape_ : strides_).push_back(v);
  else if (at_ == At::row && key_ == "detail")
    node_.detail = ranged<std::uint8_t>(v);
  else if (at_ == At::row && key_ == "flags")
    node_.flags = ranged<std::uint16_t>(v);
  else if (at_ == At::row && key_ == "number")
    node_.number = static_cast<std::uint64_t>(v);
  else if (at_ == At::tensor && key_ == "offset")
    view_.offset = v;
  else if (at_ == At::tensor && key_ == "storage")
    view_.storage = ranged<std::uint32_t>(v);
  else if (at_ == At::tensor && key_ == "requires_grad")
    view_.requires_grad = ranged<std::uint8_t>(v) == 1;
  else if (at_ == At::storage && key_ == "nbytes")
    t.storages.push_back(ranged<std::uint64_t>(v));
  else if (at_ == At::top && key_ == "root")
    t.root = ranged<std::uint32_t>(v);
  else if (at_ == At::top && key_ == "version") {
    if (v != 1) fail("version ", v, " is not known; this library reads version 1. A newer harker may");
  } else
    misplaced();
  return true;
}

bool Reader::string(std::string& s) {
  value_table::Table& t = out_.table;
  if (at_ == At::row_list && key_ == "floats") {
    double v = 0;
    if (!parse_float(s, v)) fail(detail::quoted(s, 40), " is no hexadecimal float");
    t.numbers.push_back(std::bit_cast<std::int64_t>(v));
    ++node_.numbers;
  } else if (at_ == At::row && key_ == "is") {
    int k = 0;
    while (k <= static_cast<int>(Kind::opaque) && value_table::name(static_cast<Kind>(k)) != s) ++k;
    if (k > static_cast<int>(Kind::opaque)) fail("the kind ", detail::quoted(s), " is not known");
    node_.kind = static_cast<Kind>(k);
  } else if (at_ == At::row && (key_ == "text" || key_ == "hex")) {
    if (node_.text > 0) fail("a row with both text and hex");
    if (key_ == "text") {
      t.text += s;
      node_.text = s.size();
    } else {
      if (s.size() % 2 != 0) fail("an odd number of hexadecimal digits");
      for (std::size_t i = 0; i < s.size(); i += 2) {
        const auto byte = detail::from_hex(std::string_view(s).substr(i, 2));
        if (!byte) fail("a character that is no hexadecimal digit");
        t.text += static_cast<char>(*byte);
      }
      node_.text = s.size() / 2;
    }
  } else if (at_ == At::tensor && key_ == "name") {
    t.names += s;
    if (s.size() > UINT32_MAX) fail("a name that is too long");
    view_.name = static_cast<std::uint32_t>(s.size());
  } else if (at_ == At::tensor && key_ == "dtype") {
    const auto dtype = dtype_from_name(s);
    if (!dtype) fail("the dtype ", detail::quoted(s), " is not known");
    view_.dtype = *dtype;
  } else if (at_ == At::storage && key_ == "initializer") {
    out_.initializers.push_back(std::move(s));
  } else {
    misplaced();
  }
  return true;
}

void Reader::end_row() {
  expect_keys(seen_, {"is"}, kRow);
  value_table::Table& t = out_.table;
  if (node_.kind == Kind::floating) {
    if (node_.numbers != 1 || node_.number != 0) fail("a float has one value");
    node_.number = static_cast<std::uint64_t>(t.numbers.back());
    t.numbers.pop_back();
    node_.numbers = 0;
  }
  t.nodes.push_back(node_);
}

void Reader::end_tensor() {
  expect_keys(seen_, {"name", "dtype", "shape", "strides", "offset", "storage"}, kTensor);
  value_table::Table& t = out_.table;
  if (shape_.size() != strides_.size() || shape_.size() > kMaxRank)
    fail("a tensor with ", shape_.size(), " sizes (shape) and ", strides_.size(), " strides");
  view_.rank = static_cast<std::uint16_t>(shape_.size());
  t.extents.insert(t.extents.end(), shape_.begin(), shape_.end());
  t.extents.insert(t.extents.end(), strides_.begin(), strides_.end());
  t.views.push_back(view_);
}

}  // namespace

Metadata read_json(std::string_view json, std::string_view what) {
  if (!json.starts_with('{'))
    throw_error<FormatError>(what, ": begins with ", detail::quoted(json.substr(0, 8)),
                             ", expected '{' (a byte order mark is refused)");
  Reader reader(what);
  nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
  return reader.take();
}

}  // namespace harker::onnx
