// Reads and checks the header of a safetensors file (grammar: writer.cpp), stricter than the format's own reader where
// its text asks for it: no name twice, no other fields, the first byte.
#include <harker/serialize/safetensors/header.h>
#include <harker/serialize/safetensors/json_events.h>
#include <harker/serialize/value/geometry.h>

namespace harker::safetensors {
namespace {

using detail::str;
using detail::throw_error;

constexpr std::string_view kFields[] = {"dtype", "shape", "data_offsets"};

class HeaderReader final : public JsonEvents {
 public:
  HeaderReader(std::string_view what, Header& out) : JsonEvents(what), out_(out) {}
  void finish() const {
    std::vector<std::string_view> names;
    for (const Entry& e : out_.entries) names.push_back(e.name);
    check_distinct(names, "name");
    names.clear();
    for (const auto& [key, text] : out_.metadata) names.push_back(key);
    check_distinct(names, "key of __metadata__");
  }

  bool start_object(std::size_t) override {
    if (place_ == Place::outside)
      place_ = Place::top;
    else if (place_ == Place::top)
      place_ = metadata_now_ ? Place::metadata : Place::tensor, seen_ = 0, numbers_.clear();
    else
      misplaced("an object");
    return true;
  }
  bool end_object() override {
    if (place_ == Place::tensor)
      for (std::size_t i = 0; i < std::size(kFields); ++i)
        if (!(seen_ >> i & 1)) fail(at(), "its ", kFields[i], " is missing");
    place_ = place_ == Place::top ? Place::outside : Place::top;
    return true;
  }
  bool start_array(std::size_t) override {
    if (place_ != Place::tensor || field_ == 0) misplaced("an array");
    place_ = Place::list;
    numbers_.clear();
    return true;
  }
  bool end_array() override {
    place_ = Place::tensor;
    Entry& e = out_.entries.back();
    if (field_ == 1) {
      for (const std::uint64_t n : numbers_)
        if (n > static_cast<std::uint64_t>(INT64_MAX)) fail(at(), "the size ", n, " overflows");
      const std::vector<std::int64_t> sizes(numbers_.begin(), numbers_.end());
      e.shape = Shape(sizes);
    } else {
      if (numbers_.size() != 2) fail(at(), numbers_.size(), " offsets, expected two");
      e.begin = numbers_[0], e.end = numbers_[1];
    }
    return true;
  }
  bool key(std::string& k) override {
    if (place_ == Place::metadata) {
      out_.metadata.emplace_back(std::move(k), "");
    } else if (place_ == Place::top) {
      metadata_now_ = k == kMetadata;
      if (!metadata_now_) {
        out_.entries.emplace_back().name = std::move(k);
      } else if (std::exchange(has_metadata_, true)) {
        fail("__metadata__ occurs twice (duplicate)");
      }
    } else {
      field_ = static_cast<std::size_t>(std::find(std::begin(kFields), std::end(kFields), k) - kFields);
      if (field_ == std::size(kFields)) fail(at(), "the field ", detail::quoted(k), " is unknown");
      if (seen_ >> field_ & 1) fail(at(), "its ", k, " occurs twice (duplicate)");
      seen_ |= 1U << field_;
    }
    return true;
  }
  bool string(std::string& s) override {
    if (place_ == Place::metadata) {
      out_.metadata.back().second = std::move(s);
    } else if (place_ == Place::tensor && field_ == 0) {
      Entry& e = out_.entries.back();
      e.kind = kind_named(s);
      if (!e.kind) fail(at(), "the dtype ", detail::quoted(s, 30), " is not known");
    } else {
      misplaced("a string");
    }
    return true;
  }
  bool number_unsigned(std::uint64_t v) override {
    if (place_ != Place::list) misplaced("a number");
    if (numbers_.size() == kMaxRank) fail(at(), "more than ", kMaxRank, " numbers");
    numbers_.push_back(v);
    return true;
  }

 private:
  enum class Place : std::uint8_t { outside, top, metadata, tensor, list };
  std::string at() const override {
    if (place_ == Place::outside) return "";
    if (place_ == Place::metadata || metadata_now_) return "__metadata__ maps strings to strings: ";
    const std::string tensor =
        out_.entries.empty() ? "" : str("tensor ", detail::quoted(out_.entries.back().name), ": ");
    return place_ == Place::top || seen_ == 0 || field_ == std::size(kFields) ? tensor
                                                                              : str(tensor, kFields[field_], ": ");
  }

  Header& out_;
  Place place_ = Place::outside;
  std::size_t field_ = 0;
  unsigned seen_ = 0;
  bool metadata_now_ = false, has_metadata_ = false;
  std::vector<std::uint64_t> numbers_;
};

// How many bytes a tensor takes; an error in words where that is no number of bytes.
std::uint64_t nbytes_of(const Entry& e, std::string_view what) {
  const auto fail = [&](const char* why) {
    throw_error<FormatError>(what, ": tensor ", detail::quoted(e.name), ": shape ", e.shape, why);
  };
  std::uint64_t extent = 1, bits = 0;  // beside a size of 0, strides are made of the others
  bool empty = false;
  for (const std::int64_t n : e.shape) {
    empty = empty || n == 0;
    if (!io::checked_mul(extent, n == 0 ? 1 : static_cast<std::uint64_t>(n), extent)) fail(": its size overflows");
  }
  if (!io::checked_mul(extent, e.kind->bits, bits) || bits > static_cast<std::uint64_t>(INT64_MAX))
    fail(": its size overflows");
  if (!empty && bits % 8 != 0) fail(str(" of ", e.kind->name, " elements ends inside a byte").c_str());
  return empty ? 0 : bits / 8;
}

// The entries must tile the data: no hole, no overlap, nothing left over.
void check_tiles(const Header& h, std::string_view what) {
  std::uint64_t at = 0;
  for (const Entry& e : h.entries) {
    const auto fail = [&](const auto&... why) {
      throw_error<FormatError>(what, ": tensor ", detail::quoted(e.name), ": its data_offsets [", e.begin, ", ", e.end,
                               "] ", why...);
    };
    if (e.begin > e.end) fail("begin after their end");
    if (e.begin < at) fail("overlap the tensor before, which ends at ", at);
    if (e.begin > at) fail("leave a hole: expected to begin at ", at);
    if (e.end > h.data.size())
      fail("reach past the end: ", h.data.size(), " bytes of data are there; the file is truncated");
    const std::uint64_t nbytes = nbytes_of(e, what);
    if (e.end - e.begin != nbytes)
      fail("hold ", e.end - e.begin, " bytes; shape ", e.shape, " of ", e.kind->name, " asks for ", nbytes);
    at = e.end;
  }
  if (at != h.data.size())
    throw_error<FormatError>(what, ": ", h.data.size() - at, " trailing bytes after the last tensor belong to none");
}

}  // namespace

Header read_header(const io::Source& source) {
  const std::string& file = source.name();
  const io::ByteView all = source.bytes();
  if (all.size() < sizeof(std::uint64_t))
    throw_error<FormatError>(file, ": the header's length is truncated: ", all.size(), " of 8 bytes");
  Header h;
  h.nbytes = io::load_le<std::uint64_t>(all.data());
  if (h.nbytes > kMaxHeader)
    throw_error<FormatError>(file, ": a header of ", h.nbytes, " bytes: the format's limit is ", kMaxHeader);
  if (h.nbytes > all.size() - 8)
    throw_error<FormatError>(file, ": a header of ", h.nbytes, " bytes, ", all.size() - 8,
                             " are there: its length is damaged, or the file is truncated");
  const io::ByteView header = all.subspan(8, static_cast<std::size_t>(h.nbytes));
  h.data = all.subspan(8 + header.size());
  const std::string what = file + ": header";
  HeaderReader reader(what, h);
  reader.parse(io::text(header));
  reader.finish();
  std::sort(h.entries.begin(), h.entries.end(), [](const Entry& a, const Entry& b) {
    if (a.begin != b.begin || a.end != b.end) return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
    return a.kind != b.kind ? a.kind > b.kind : a.name < b.name;  // empty ones, as the format's writer has them
  });
  check_tiles(h, what);
  return h;
}

}  // namespace harker::safetensors
