// JSON from a file as a stream of events, none of which is expected: a reader overrides what it takes, all else is an
// error, and so are a BOM, a NUL (nlohmann takes it for the end), and anything after the document.
#pragma once
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include <harker/core/base/text.h>
#include <harker/core/error.h>

namespace harker::safetensors {

class JsonEvents : public nlohmann::json_sax<nlohmann::json> {
 public:
  /// `what` begins every message; it must outlive this.
  explicit JsonEvents(std::string_view what) : what_(what) {}
  void parse(std::string_view json) {
    if (!json.starts_with('{')) fail("begins with ", detail::quoted(json.substr(0, 8)), ", expected '{'");
    if (const std::size_t nul = json.find('\0'); nul != json.npos)
      fail("at ", nul, ": a NUL is no JSON; trailing padding is made of spaces");
    nlohmann::json::sax_parse(json.begin(), json.end(), static_cast<nlohmann::json_sax<nlohmann::json>*>(this));
  }

  bool null() override { misplaced("null"); }
  bool boolean(bool) override { misplaced("true or false"); }
  bool number_integer(std::int64_t v) override { fail(at(), "the number ", v, " is negative"); }
  bool number_unsigned(std::uint64_t) override { misplaced("a number"); }
  bool number_float(double, const std::string& s) override {
    fail(at(), "the number ", detail::quoted(s, 30), " is no integer of 64 bits");
  }
  bool string(std::string&) override { misplaced("a string"); }
  bool binary(nlohmann::json::binary_t&) override { misplaced("binary data"); }
  bool start_object(std::size_t) override { misplaced("an object"); }
  bool start_array(std::size_t) override { misplaced("an array"); }
  bool end_object() override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t at, const std::string&, const nlohmann::json::exception& e) override {
    fail("at ", at, ": ", detail::escaped(e.what(), 120));
  }

 protected:
  template <class... T>
  [[noreturn]] void fail(const T&... why) const {
    detail::throw_error<FormatError>(what_, ": ", why...);
  }
  /// "tensor 'a': shape: ", what is being read.
  virtual std::string at() const = 0;
  [[noreturn]] void misplaced(const char* found) const { fail(at(), found, " does not belong here"); }
  /// The keys of an object, when all have been read.
  void check_distinct(const std::vector<std::string_view>& keys, const char* of) const {
    std::vector<std::string_view> sorted = keys;
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end()) fail("the ", of, ' ', detail::quoted(*twice), " occurs twice (duplicate)");
  }

 private:
  std::string_view what_;
};

}  // namespace harker::safetensors
