// The walk over what was read has a stack of its own and meets each object once: hostile values nest deep, share and
// have cycles.
#include "fuzz/exercise.h"

#include <stdexcept>
#include <unordered_set>
#include <vector>

namespace harker::fuzz {
namespace {

constexpr std::size_t kLongestMessage = 500;
constexpr std::int64_t kMostCompared = 1 << 20;  // a stride of 0 makes any number of elements out of one

class Touch {
 public:
  std::uint64_t run(const Value& root) {
    todo_.push_back(root);
    while (!todo_.empty()) {
      const Value v = std::move(todo_.back());
      todo_.pop_back();
      if (v.id() && !seen_.insert(v.id()).second) continue;
      kept_.push_back(v);
      visit(v);
    }
    return digest_;
  }
  bool huge() const { return huge_; }

 private:
  void bytes(const void* p, std::size_t n) {
    const auto* b = static_cast<const std::uint8_t*>(p);
    for (std::size_t i = 0; i < n; ++i) digest_ = (digest_ ^ b[i]) * 0x100000001b3;
  }
  void number(std::int64_t v) { bytes(&v, sizeof v); }
  void text(std::string_view s) { bytes(s.data(), s.size()); }
  void shape(const Shape& s) {
    for (const std::int64_t n : s) number(n);
  }

  void tensor(const Tensor& t) {
    shape(t.shape()), shape(t.strides()), number(t.storage_offset());
    huge_ = huge_ || t.numel() > kMostCompared;
    const Storage& s = t.storage();
    if (stored_.insert(&s).second) bytes(s.data, s.nbytes);
    if (t.numel() == 0) return;
    std::int64_t last = t.storage_offset();
    for (int d = 0; d < t.dim(); ++d) last += (t.shape()[d] - 1) * t.strides()[d];
    const std::size_t item = item_size(t.dtype()), end = (static_cast<std::size_t>(last) + 1) * item;
    if (t.storage_offset() < 0 || last < 0 || end > s.nbytes)
      throw std::logic_error("a tensor reaches out of its storage");
    const auto* first = static_cast<const std::uint8_t*>(t.raw());
    if (first != static_cast<const std::uint8_t*>(s.data) + static_cast<std::size_t>(t.storage_offset()) * item)
      throw std::logic_error("a tensor does not point into its storage");
    bytes(first, item);
    bytes(first + (last - t.storage_offset()) * static_cast<std::int64_t>(item), item);
  }

  void visit(const Value& v) {
    using Kind = Value::Kind;
    number(static_cast<std::int64_t>(v.kind()));
    switch (v.kind()) {
      case Kind::boolean: number(v.as_bool()); break;
      case Kind::integer: {
        const std::vector<std::uint8_t> b = v.integer_bytes();
        bytes(b.data(), b.size());
        break;
      }
      case Kind::floating: {
        const double d = v.as_double();
        bytes(&d, sizeof d);
        break;
      }
      case Kind::complex: {
        const Complex c = v.as_complex();
        bytes(&c, sizeof c);
        break;
      }
      case Kind::string: text(v.as_string()); break;
      case Kind::bytes:
      case Kind::bytearray: bytes(v.as_bytes().data(), v.as_bytes().size()); break;
      case Kind::device:
      case Kind::layout: text(v.as_name()); break;
      case Kind::dtype: number(static_cast<std::int64_t>(v.as_dtype())); break;
      case Kind::size: shape(v.as_size()); break;
      case Kind::list:
      case Kind::tuple:
      case Kind::set:
      case Kind::frozenset:
        for (const Value& e : v.elements()) todo_.push_back(e);
        break;
      case Kind::dict:
        for (const auto& [key, e] : v.items()) todo_.push_back(key), todo_.push_back(e);
        todo_.push_back(v.attributes());
        todo_.push_back(v.default_factory());
        break;
      case Kind::tensor:
        tensor(v.tensor());
        todo_.push_back(v.attributes());
        break;
      case Kind::sparse: {
        const Value::Sparse& s = v.as_sparse();
        text(s.layout), shape(s.shape);
        for (const Value& p : s.parts) todo_.push_back(p);
        break;
      }
      case Kind::quantized: {
        const Value::Quantized& q = v.as_quantized();
        tensor(q.ints);
        todo_.push_back(q.scales), todo_.push_back(q.zero_points);
        break;
      }
      case Kind::numpy_scalar:
      case Kind::numpy_array: {
        const Value::Numpy& n = v.as_numpy();
        text(n.dtype), shape(n.shape), bytes(n.data.data(), n.data.size());
        break;
      }
      case Kind::opaque: {
        const Value::Opaque& o = v.as_opaque();
        text(o.module), text(o.name);
        todo_.push_back(o.args), todo_.push_back(o.state);
        for (const Value& e : o.appended) todo_.push_back(e);
        for (const auto& [key, e] : o.assigned) todo_.push_back(key), todo_.push_back(e);
        break;
      }
      default: break;
    }
  }

  std::vector<Value> todo_, kept_;
  std::unordered_set<const void*> seen_;
  std::unordered_set<const Storage*> stored_;
  std::uint64_t digest_ = 0xcbf29ce484222325;
  bool huge_ = false;
};

// What the format cannot write may be refused; what is written must come back as it was.
std::string save_again(const Value& v, const char* format) {
  const Quiet quiet;
  std::vector<std::uint8_t> bytes;
  try {
    bytes = save_to_bytes(v, {.format = format, .faithful = true});
  } catch (const Error&) { return {}; }
  try {
    const Value back = load(bytes, {.unknown = Unknown::keep, .max_bytes = 256 << 20});
    if (!back.equals(v)) return "what was saved and read again is not equal";
  } catch (const Error& e) { return std::string("what was saved cannot be read: ") + e.what(); }
  return {};
}

}  // namespace

std::uint64_t touch(const Value& root) { return Touch().run(root); }

Way way_of(std::uint64_t n) {
  return {.lazy = (n & 1) != 0, .keep = (n & 2) != 0, .verify = n % 16 == 5, .again = n % 8 == 2};
}

Value read_any(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) {
  return detect_format(*source).read(source, options).value;
}

Outcome exercise(io::ByteView bytes, const Way& way, const Read& read) {
  Outcome out;
  try {
    const LoadOptions options{.mmap = way.lazy, .unknown = way.keep ? Unknown::keep : Unknown::refuse};
    const auto source = way.lazy ? io::Source::copy(bytes) : io::Source::view(bytes);
    if (way.verify) detect_format(*source).verify(source, options);
    const Value v = read(source, options);
    Touch touch;
    out.digest = touch.run(v);
    out.loaded = true;
    if (way.again && !touch.huge()) out.problem = save_again(v, way.as);
  } catch (const Error& e) {
    out.error = e.what();
    if (out.error.size() > kLongestMessage) out.problem = "a message of " + std::to_string(out.error.size()) + " bytes";
  } catch (const std::exception& e) { out.problem = std::string("no harker::Error, but ") + e.what(); }
  return out;
}

}  // namespace harker::fuzz
