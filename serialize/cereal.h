// For programs that use cereal themselves: a Tensor, StateDict or Value as a member of their own structures, in any
// cereal archive. Each is one byte string, the bytes of a .harker file, so it is checked like one when it comes back;
// binary archives hold it raw, text archives (JSON, XML) as base64. Needs cereal; no other header of harker does.
#pragma once
#include <algorithm>
#include <cereal/cereal.hpp>
#include <cereal/external/base64.hpp>
#include <cereal/types/string.hpp>
#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include <harker/serialize/serialize.h>

namespace harker HARKER_PUBLIC {
namespace detail {

template <class T>
concept CerealMember = std::same_as<T, Value> || std::same_as<T, Tensor> || std::same_as<T, StateDict>;
template <class Archive>
inline constexpr bool kTextArchive = std::is_base_of_v<cereal::traits::TextArchive, Archive>;

template <class T>
void from_value(const Value& v, T& out) {
  if constexpr (std::same_as<T, Tensor>)
    out = v.is_none() ? Tensor() : v.tensor();
  else
    out = T(v);
}

}  // namespace detail

template <class Archive, detail::CerealMember T>
void CEREAL_SAVE_FUNCTION_NAME(Archive& archive, const T& v) {
  Value value;
  if constexpr (std::same_as<T, Tensor>) {
    if (v.defined()) value = Value(v);  // an undefined tensor is None
  } else {
    value = v;
  }
  const std::vector<std::uint8_t> bytes = save_to_bytes(value, {.format = "harker"});
  if constexpr (detail::kTextArchive<Archive>) {
    archive(cereal::make_nvp("harker", cereal::base64::encode(bytes.data(), bytes.size())));
  } else {
    archive(static_cast<std::uint64_t>(bytes.size()));
    archive(cereal::binary_data(bytes.data(), bytes.size()));
  }
}

/// FormatError for damaged bytes; cereal's Exception when the archive ends early, before memory is taken for what is
/// not there.
template <class Archive, detail::CerealMember T>
void CEREAL_LOAD_FUNCTION_NAME(Archive& archive, T& v) {
  std::vector<std::uint8_t> bytes;
  if constexpr (detail::kTextArchive<Archive>) {
    std::string text;
    archive(cereal::make_nvp("harker", text));
    const std::string decoded = cereal::base64::decode(text);
    bytes.assign(decoded.begin(), decoded.end());
  } else {
    constexpr std::uint64_t kPiece = 1 << 20;
    std::uint64_t left = 0;
    archive(left);
    while (left > 0) {  // piece by piece: a length that lies meets the archive's end first
      const auto n = static_cast<std::size_t>(std::min(left, kPiece));
      bytes.resize(bytes.size() + n);
      archive(cereal::binary_data(bytes.data() + bytes.size() - n, n));
      left -= n;
    }
  }
  detail::from_value(load(bytes), v);
}

}  // namespace harker
