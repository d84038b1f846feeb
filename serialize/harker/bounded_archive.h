// BoundedArchive: a cereal input archive for what PortableBinaryOutputArchive writes (little-endian), over bytes that
// are all there. Every count is compared with the bytes left before anything is made: cereal's own archives believe a
// count and take 8.4 GB for a file of 9 bytes. Of cereal's loaders only those for numbers and for our own structures
// are used.
#pragma once
#include <cereal/cereal.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include <harker/core/base/text.h>
#include <harker/serialize/io/byte_view.h>

namespace harker::harker_file {

class BoundedArchive : public cereal::InputArchive<BoundedArchive, cereal::AllowEmptyClassElision> {
 public:
  /// `what` begins every message ("model.harker: index"); it must outlive the archive.
  BoundedArchive(io::ByteView bytes, std::string_view what)
      : cereal::InputArchive<BoundedArchive, cereal::AllowEmptyClassElision>(this), cursor_(bytes, what), what_(what) {
    if (cursor_.u8() != 1) fail("the archive is not little-endian");
  }

  template <class T>
  void load_number(T& v) {
    using U = std::make_unsigned_t<T>;
    v = static_cast<T>(io::load_le<U>(cursor_.take(sizeof(T)).data()));
  }
  /// How many elements follow, each of at least `least` bytes. FormatError when so many cannot be there.
  std::uint64_t count(std::uint64_t least, std::string_view of) {
    const std::size_t at = cursor_.position();
    const std::uint64_t n = cursor_.u64();
    if (n > cursor_.left() / least)
      fail("at ", at, ": ", n, " ", of, " are announced, but ", cursor_.left(), " bytes are left");
    return n;
  }
  io::ByteView take(std::uint64_t n) { return cursor_.take(n); }
  std::size_t left() const { return cursor_.left(); }
  template <class... T>
  [[noreturn]] void fail(const T&... why) const {
    detail::throw_error<FormatError>(what_, ": ", why...);
  }

 private:
  io::ByteCursor cursor_;
  std::string_view what_;
};

template <class T>
requires std::is_integral_v<T>
void load(BoundedArchive& archive, T& v) { archive.load_number(v); }
template <class T>
void serialize(BoundedArchive& archive, cereal::NameValuePair<T>& v) {
  archive(v.value);
}

}  // namespace harker::harker_file
