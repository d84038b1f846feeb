// For programs that use cereal themselves: a Tensor, StateDict or Value, or anything with a state (a module, an
// optimizer, a scheduler, a generator), as a member of their own structures, in any cereal archive. Each is one byte
// string, the bytes of a .harker file, so it is checked like one when it comes back; binary archives hold it raw, text
// archives (JSON, XML) as base64. What has a state is loaded into: it must have been made with the same shape first.
// Each member is a file of its own: tensors that two members share come back apart; to keep them together, archive one
// Value that holds both (`Value(checkpoint)`). Needs cereal; no other header of harker does.
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

#include <harker/core/stateful.h>
#include <harker/serialize/serialize.h>

namespace harker HARKER_PUBLIC {
namespace detail {

template <class T>
concept HeldInValue = std::same_as<T, Value> || std::same_as<T, Tensor> || std::same_as<T, StateDict>;
// A class with functions of its own for cereal keeps them.
template <class T, class Archive>
concept HasOwnCereal = requires(T& t, Archive& archive) {
  cereal::access::member_serialize(archive, t);
}
|| requires(const T& t, Archive& archive) { cereal::access::member_save(archive, t); }
|| requires(T& t, Archive& archive) { cereal::access::member_load(archive, t); };
template <class T, class Archive>
concept CerealMember = HeldInValue<T> ||(Stateful<T> && !HasOwnCereal<T, Archive>);
template <class Archive>
inline constexpr bool kTextArchive = std::is_base_of_v<cereal::traits::TextArchive, Archive>;

template <class T>
Value to_value(const T& v) {
  if constexpr (std::same_as<T, Tensor>)
    return v.defined() ? Value(v) : Value();  // an undefined tensor is None
  else if constexpr (HeldInValue<T>)
    return v;
  else
    return v.state_dict();
}
template <class T>
void from_value(const Value& v, T& out) {
  if constexpr (std::same_as<T, Tensor>)
    out = v.is_none() ? Tensor() : v.tensor();
  else if constexpr (HeldInValue<T>)
    out = T(v);
  else
    out.load_state_dict(v);
}

}  // namespace detail

}  // namespace harker

namespace cereal {  // where cereal looks for every archive, whatever namespace a user's module is in

template <class Archive, class T>
requires harker::detail::CerealMember<T, Archive>
void CEREAL_SAVE_FUNCTION_NAME(Archive& archive, const T& v) {
  const std::vector<std::uint8_t> bytes = harker::save_to_bytes(harker::detail::to_value(v), {.format = "harker"});
  if constexpr (harker::detail::kTextArchive<Archive>) {
    archive(make_nvp("harker", base64::encode(bytes.data(), bytes.size())));
  } else {
    archive(static_cast<std::uint64_t>(bytes.size()));
    archive(binary_data(bytes.data(), bytes.size()));
  }
}

/// FormatError for damaged bytes, Error for a state that does not fit; cereal's Exception when the archive ends early,
/// before memory is taken for what is not there.
template <class Archive, class T>
requires harker::detail::CerealMember<T, Archive>
void CEREAL_LOAD_FUNCTION_NAME(Archive& archive, T& v) {
  std::vector<std::uint8_t> bytes;
  if constexpr (harker::detail::kTextArchive<Archive>) {
    std::string text;
    archive(make_nvp("harker", text));
    const std::string decoded = base64::decode(text);
    bytes.assign(decoded.begin(), decoded.end());
  } else {
    constexpr std::uint64_t kPiece = 1 << 20;
    std::uint64_t left = 0;
    archive(left);
    while (left > 0) {  // piece by piece: a length that lies meets the archive's end first
      const auto n = static_cast<std::size_t>(std::min(left, kPiece));
      bytes.resize(bytes.size() + n);
      archive(binary_data(bytes.data() + bytes.size() - n, n));
      left -= n;
    }
  }
  harker::detail::from_value(harker::load(bytes), v);
}

}  // namespace cereal
