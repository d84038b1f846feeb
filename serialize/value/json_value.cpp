// The parser is nlohmann's, as a stream of events; the tree is built here, on a stack.
#include <harker/serialize/value/json_value.h>

#include <nlohmann/json.hpp>

#include <harker/core/base/text.h>

namespace harker {
namespace {

constexpr std::size_t kDeepest = 64;

class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(std::string_view what) : what_(what) {}
  Value take() { return std::move(root_); }

  bool null() override { return add({}); }
  bool boolean(bool b) override { return add(b); }
  bool number_integer(std::int64_t v) override { return add(v); }
  bool number_unsigned(std::uint64_t v) override { return add(v); }
  bool number_float(double v, const std::string& s) override {
    if (s.find_first_of(".eE") == s.npos) fail("the number ", detail::quoted(s, 30), " is out of range");
    return add(v);
  }
  bool string(std::string& s) override { return add(s); }
  bool binary(nlohmann::json::binary_t&) override { fail("binary data"); }
  bool start_object(std::size_t) override { return open(Value::dict()); }
  bool start_array(std::size_t) override { return open(Value::list()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string& k) override {
    if (open_.back().container.contains(k)) fail("the key ", detail::quoted(k), " stands twice");
    open_.back().key = std::move(k);
    return true;
  }
  bool parse_error(std::size_t at, const std::string&, const nlohmann::json::exception& e) override {
    fail("at ", at, ": ", detail::escaped(e.what(), 120));
  }

 private:
  struct Open {
    Value container;
    std::string key;
  };
  template <class... T>
  [[noreturn]] void fail(const T&... why) const {
    detail::throw_error<FormatError>(what_, ": ", why...);
  }
  bool add(Value v) {
    if (open_.empty())
      root_ = std::move(v);
    else if (open_.back().container.is_dict())
      open_.back().container.set(open_.back().key, std::move(v));
    else
      open_.back().container.push_back(std::move(v));
    return true;
  }
  bool open(const Value& container) {
    if (open_.size() == kDeepest) fail("nested deeper than ", kDeepest);
    add(container);
    open_.push_back({container, {}});
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::string_view what_;
  Value root_;
  std::vector<Open> open_;
};

}  // namespace

Value json_value(std::string_view json, std::string_view what) {
  if (json.starts_with("\xef\xbb\xbf")) detail::throw_error<FormatError>(what, ": begins with a byte order mark");
  Builder builder(what);
  nlohmann::json::sax_parse(json, &builder);
  return builder.take();
}

}  // namespace harker
