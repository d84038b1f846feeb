// Distrusts a Table from a file: after check() every count, link and geometry is sound, and rebuild.cpp need not look
// again.
#include <harker/core/base/text.h>
#include <harker/core/base/utf8.h>
#include <harker/serialize/value/allowed_globals.h>
#include <harker/serialize/value/geometry.h>
#include <harker/serialize/value/numpy_dtype.h>
#include <harker/serialize/value_table/flatten.h>

namespace harker::value_table {
namespace {

using detail::quoted;
using detail::throw_error;
using Kind = Value::Kind;

// Bytes of an element of NumPy's "<f8"; 0 for anything that is no plain number.
std::uint64_t numpy_size(std::string_view dtype) {
  const bool order = !dtype.empty() && std::string_view("<>|=").find(dtype[0]) != std::string_view::npos;
  return order ? numpy_item_size(dtype.substr(1)) : 0;
}

class Checker {
 public:
  Checker(const Table& t, std::string_view what) : t_(t), what_(what) {}

  void run() {
    if (t_.nodes.empty()) fail("there are no rows");
    if (t_.root >= t_.nodes.size()) fail("the root is row ", t_.root, " of ", t_.nodes.size());
    views();
    for (row_ = 0; row_ < t_.nodes.size(); ++row_) {
      const Node& n = t_.nodes[row_];
      if (n.kind > Kind::opaque) fail_row("kind ", static_cast<int>(n.kind), " is not known");
      links_ = take(t_.links, link_at_, n.links, "links");
      numbers_ = take(t_.numbers, number_at_, n.numbers, "numbers");
      if (n.text > t_.text.size() - text_at_)
        fail_row("needs ", n.text, " bytes of text, ", t_.text.size() - text_at_, " are left");
      text_ = std::string_view(t_.text).substr(text_at_, static_cast<std::size_t>(n.text));
      text_at_ += static_cast<std::size_t>(n.text);
      row(n);
    }
    if (link_at_ != t_.links.size() || number_at_ != t_.numbers.size() || text_at_ != t_.text.size())
      fail("links, numbers or text are left over that belong to no row");
  }

 private:
  template <class... T>
  [[noreturn]] void fail(const T&... why) const {
    throw_error<FormatError>(what_, ": ", why...);
  }
  template <class... T>
  [[noreturn]] void fail_row(const T&... why) const {
    fail("row ", row_, " (", row_ < t_.nodes.size() ? name(t_.nodes[row_].kind) : "", "): ", why...);
  }
  void expect(bool right, const char* wrong) const {
    if (!right) fail_row(wrong);
  }
  template <class T>
  std::span<const T> take(const std::vector<T>& pool, std::size_t& at, std::uint64_t n, const char* of) const {
    if (n > pool.size() - at) fail_row("needs ", n, " ", of, ", ", pool.size() - at, " are left");
    const std::span<const T> out(pool.data() + at, static_cast<std::size_t>(n));
    at += static_cast<std::size_t>(n);
    return out;
  }

  void views() {
    std::size_t extent = 0, named = 0;
    for (std::size_t i = 0; i < t_.views.size(); ++i) {
      const View& v = t_.views[i];
      if (v.name > t_.names.size() - named) fail("tensor ", i, ": its name reaches past the names");
      const std::string_view label = std::string_view(t_.names).substr(named, v.name);
      named += v.name;
      const auto bad = [&](const auto&... why) { fail("tensor ", i, " ", quoted(label), ": ", why...); };
      if (!detail::valid_utf8(label, false)) bad("its name is not UTF-8");
      if (static_cast<int>(v.dtype) >= kDTypes) bad("dtype ", static_cast<int>(v.dtype), " is not known");
      if (v.rank > kMaxRank) bad("rank ", v.rank, ": at most ", kMaxRank, " dimensions are possible");
      if (std::size_t{2} * v.rank > t_.extents.size() - extent) bad("its sizes and strides are missing");
      if (v.storage >= t_.storages.size()) bad("storage ", v.storage, " of ", t_.storages.size());
      if (v.requires_grad && !is_floating_point(v.dtype) && !is_complex(v.dtype))
        bad("requires a gradient, which elements of ", harker::name(v.dtype), " cannot have");
      const std::span<const std::int64_t> both(t_.extents.data() + extent, std::size_t{2} * v.rank);
      extent += both.size();
      const std::string wrong =
          geometry_error(both.first(v.rank), both.last(v.rank), v.offset, item_size(v.dtype), t_.storages[v.storage]);
      if (!wrong.empty()) bad(wrong);
    }
    std::vector<bool> used(t_.storages.size());
    for (const View& v : t_.views) used[v.storage] = true;
    for (std::size_t i = 0; i < used.size(); ++i)
      if (!used[i]) fail("storage ", i, " belongs to no tensor");
    if (extent != t_.extents.size() || named != t_.names.size())
      fail("sizes or names are left over that belong to no tensor");
  }

  const Node& linked(std::size_t i) const { return t_.nodes[links_[i]]; }
  void shape() const {
    expect(numbers_.size() <= kMaxRank, "too many dimensions");
    for (std::int64_t n : numbers_) expect(n >= 0, "a size is negative");
  }
  std::span<const std::int64_t> sizes_of(std::size_t view) const {
    if (first_extent_.empty())
      for (std::size_t at = 0; const View& v : t_.views) first_extent_.push_back(at), at += std::size_t{2} * v.rank;
    return {t_.extents.data() + first_extent_[view], t_.views[view].rank};
  }
  std::span<const std::int64_t> sizes_of(const Node& tensor) const {
    return sizes_of(static_cast<std::size_t>(tensor.number));
  }

  void row(const Node& n) const {
    std::uint16_t flags = n.kind == Kind::none || n.kind == Kind::boolean || n.kind == Kind::floating ||
                                  n.kind == Kind::dtype || (n.kind == Kind::integer && n.detail == 0)
                              ? 0
                              : kFromFile;
    std::uint8_t details = 0;
    bool number = false, numbers = false, text = false, links = false;
    for (std::uint32_t l : links_) {
      if (l >= t_.nodes.size()) fail_row("links to row ", l, " of ", t_.nodes.size());
      if (is_immutable(n.kind) && is_immutable(t_.nodes[l].kind) && l >= row_)
        fail_row("holds row ", l, ", which comes later");
    }
    switch (n.kind) {
      case Kind::none: break;
      case Kind::boolean: number = true, expect(n.number <= 1, "is neither true nor false"); break;
      case Kind::floating: number = true; break;
      case Kind::integer: details = 1, number = n.detail == 0, text = n.detail == 1; break;
      case Kind::dtype: number = true, expect(n.number < kDTypes, "this dtype is not known"); break;
      case Kind::complex: numbers = true, expect(numbers_.size() == 2, "has two parts"); break;
      case Kind::string: text = true, expect(detail::valid_utf8(text_, true), "is not UTF-8"); break;
      case Kind::bytes:
      case Kind::bytearray: text = true; break;
      case Kind::device:
      case Kind::layout: text = true, expect(detail::valid_utf8(text_, false), "is not UTF-8"); break;
      case Kind::list:
      case Kind::tuple:
      case Kind::set:
      case Kind::frozenset: links = true; break;
      case Kind::dict:
        details = 3, links = true;
        expect(links_.size() >= 2 && links_.size() % 2 == 0, "has keys without values");
        expect(linked(0).kind == Kind::none || linked(0).kind == Kind::dict, "its attributes are no dict");
        break;
      case Kind::tensor:
        number = links = true, flags |= kParameter | kConj | kNeg;
        expect(n.number < t_.views.size(), "its view does not exist");
        expect(links_.size() == 1 && (linked(0).kind == Kind::none || linked(0).kind == Kind::dict),
               "its attributes are no dict");
        break;
      case Kind::sparse: details = 2, text = numbers = links = true, flags |= kRequiresGrad, shape(), sparse(); break;
      case Kind::quantized: number = text = numbers = links = true, flags |= kRequiresGrad, quantized(n); break;
      case Kind::size: numbers = true; break;
      case Kind::numpy_scalar:
      case Kind::numpy_array: number = text = numbers = true, flags |= kFortranOrder, shape(), numpy(n); break;
      case Kind::opaque:
        number = text = numbers = links = true, flags |= kCalled | kNewObject | kKnown;
        opaque(n);
        break;
    }
    expect((n.flags & ~flags) == 0 && n.detail <= details, "has a flag or detail that this kind does not take");
    expect((number || n.number == 0) && (text || text_.empty()) && (numbers || numbers_.empty()) &&
               (links || links_.empty()),
           "has a field that this kind does not take");
  }

  void sparse() const {
    const std::size_t parts = sparse_parts(text_);
    expect(parts > 0, "its layout is not known");
    expect(links_.size() == parts, "has a wrong number of parts");
    for (std::size_t i = 0; i < links_.size(); ++i) {
      expect(linked(i).kind == Kind::tensor && linked(i).number < t_.views.size(), "a part is no tensor");
      const DType t = t_.views[static_cast<std::size_t>(linked(i).number)].dtype;
      expect(i + 1 == links_.size() || t == DType::int64 || t == DType::int32, "its indices are no integers");
    }
    expect(parts != 2 || coo_fits(sizes_of(linked(0)), sizes_of(linked(1)), numbers_.size()),
           "the sizes of indices and values do not fit its size");
  }
  void quantized(const Node& n) const {
    expect(n.number < t_.views.size(), "its view does not exist");
    const DType t = t_.views[static_cast<std::size_t>(n.number)].dtype;
    expect(is_quantized(t), "its elements are no quantized integers");
    expect(numbers_.size() == 3 && links_.size() == 2, "its scale, zero point or axis is missing");
    expect(detail::valid_utf8(text_, false), "its scheme is not UTF-8");
    expect(allowed_global("torch", text_).what == Global::reference && text_.starts_with("per_"),
           "its scheme is not known");
    if (!text_.starts_with("per_channel")) return;
    const auto sizes = sizes_of(static_cast<std::size_t>(n.number));
    const std::int64_t axis = numbers_[2];
    expect(axis >= 0 && static_cast<std::uint64_t>(axis) < sizes.size(), "its axis does not exist");
    for (std::size_t i = 0; i < 2; ++i) {
      expect(linked(i).kind == Kind::tensor && linked(i).number < t_.views.size(),
             "its scales or zero points are no tensors");
      const auto each = sizes_of(linked(i));
      expect(each.size() == 1 && each[0] == sizes[static_cast<std::size_t>(axis)],
             "the number of scales or zero points does not fit its size");
    }
  }
  void numpy(const Node& n) const {
    expect(n.number <= text_.size(), "its dtype is missing");
    std::uint64_t bytes = numpy_size(text_.substr(0, static_cast<std::size_t>(n.number)));
    expect(bytes > 0, "its dtype is no plain number");
    expect(n.kind == Kind::numpy_array || numbers_.empty(), "a scalar has no shape");
    for (std::int64_t size : numbers_)
      expect(io::checked_mul(bytes, static_cast<std::uint64_t>(size), bytes), "its size overflows");
    expect(bytes == text_.size() - n.number, "its data does not fit its shape");
  }
  void opaque(const Node& n) const {
    expect(n.number <= text_.size() && detail::valid_utf8(text_, false), "its class has no proper name");
    expect(links_.size() >= 2 && numbers_.size() == 1, "its arguments are missing");
    const std::uint64_t rest = links_.size() - 2;
    expect(numbers_[0] >= 0 && static_cast<std::uint64_t>(numbers_[0]) <= rest &&
               (rest - static_cast<std::uint64_t>(numbers_[0])) % 2 == 0,
           "has keys without values");
    expect(linked(0).kind == Kind::none || linked(0).kind == Kind::tuple, "its arguments are no tuple");
  }

  const Table& t_;
  std::string_view what_;
  std::size_t row_ = 0, link_at_ = 0, number_at_ = 0, text_at_ = 0;
  std::span<const std::uint32_t> links_;
  std::span<const std::int64_t> numbers_;
  std::string_view text_;
  mutable std::vector<std::size_t> first_extent_;
};

}  // namespace

void check(const Table& table, std::string_view what) { Checker(table, what).run(); }

}  // namespace harker::value_table
