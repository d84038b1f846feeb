// Text for error messages (internal): str(...) joins anything printable, throw_error<ShapeError>(...) throws it, and
// quoted(...) shows bytes from a file without trusting them.
#pragma once
#include <bit>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <harker/core/shape.h>

namespace harker HARKER_PUBLIC {
namespace detail {

/// What a part of a message is. There are hundreds of messages, nearly all for errors that nobody meets, so a call is to
/// be small before it is to be fast: it lays its parts down in a row of words, and says in four bits for each what it is;
/// one function for all of them makes the text.
enum class Part : std::uint64_t { end, literal, string, view, shape, boolean, character, integer, natural, real };

template <class T>
[[gnu::always_inline]] inline Part lay(std::uint64_t*& to, const T& part) {
  if constexpr (std::integral<T>) {
    *to++ = static_cast<std::uint64_t>(part);
    if constexpr (std::same_as<T, bool>) return Part::boolean;
    if constexpr (std::same_as<T, char>) return Part::character;
    return std::unsigned_integral<T> ? Part::natural : Part::integer;
  } else if constexpr (std::floating_point<T>) {
    *to++ = std::bit_cast<std::uint64_t>(static_cast<double>(part));
    return Part::real;
  } else if constexpr (std::same_as<T, std::string_view>) {  // two words, so that none need stay in memory
    *to++ = reinterpret_cast<std::uintptr_t>(part.data());
    *to++ = part.size();
    return Part::view;
  } else if constexpr (std::same_as<T, std::string> || std::same_as<T, Shape>) {
    *to++ = reinterpret_cast<std::uintptr_t>(&part);
    return std::same_as<T, Shape> ? Part::shape : Part::string;
  } else {
    const char* const literal = part;
    *to++ = reinterpret_cast<std::uintptr_t>(literal);
    return Part::literal;
  }
}

template <class... T>
[[gnu::always_inline]] inline std::uint64_t lay_all(std::uint64_t* to, const T&... parts) {
  static_assert(sizeof...(T) <= 16);
  std::uint64_t kinds = 0;
  int bit = 0;
  ((kinds |= static_cast<std::uint64_t>(lay(to, parts)) << bit, bit += 4), ...);
  return kinds;
}
template <class... T>
inline constexpr std::size_t kWords = (0 + ... + (std::same_as<T, std::string_view> ? 2 : 1));

std::string joined(const std::uint64_t* words, std::uint64_t kinds);
template <class E>
[[noreturn, gnu::cold]] void throw_joined(const std::uint64_t* words, std::uint64_t kinds);

/// Joins its arguments to one string: text, numbers (of a double the shortest text that reads back as it), true and
/// false, a Shape as (2, 3).
template <class... T>
[[gnu::always_inline]] inline std::string str(const T&... parts) {
  std::uint64_t words[kWords<T...>];
  const std::uint64_t kinds = lay_all(words, parts...);
  return joined(words, kinds);
}
/// Throws E(str(parts...)), in a third of the code. E: one of core/error.h.
template <class E, class... T>
[[noreturn, gnu::always_inline]] inline void throw_error(const T&... parts) {
  std::uint64_t words[kWords<T...>];
  const std::uint64_t kinds = lay_all(words, parts...);
  throw_joined<E>(words, kinds);
}

/// `s` with control characters, quotes and bytes that are not UTF-8 escaped, at most `limit` characters of it, and no
/// more than makes twice as many bytes: escapes would fill a message.
std::string escaped(std::string_view s, std::size_t limit = 80);
/// `s` in single quotes, control characters and bytes that are not UTF-8 escaped, at most `limit` characters of it.
std::string quoted(std::string_view s, std::size_t limit = 80);
/// `s` as it stands, or quoted when that would change anything in it.
std::string quoted_if_odd(std::string_view s);

/// A number in hexadecimal, with all the digits of its type: two for a byte.
template <std::unsigned_integral T>
std::string hex(T v) {
  std::string out;
  for (unsigned at = 8 * sizeof(T); at > 0; at -= 4) out += "0123456789abcdef"[v >> (at - 4) & 15];
  return out;
}
/// The number that `s` is in hexadecimal, with no other character in it, or nothing.
std::optional<std::uint64_t> from_hex(std::string_view s);

/// The candidate nearest to `name` by edit distance, or "" when none is near. Never quadratic: long names are cut.
std::string_view nearest(std::string_view name, const std::string_view* candidates, std::size_t n);

}  // namespace detail
}  // namespace harker
