// Text for error messages: numbers, shapes, bytes from a file made harmless, and the nearest name.
#include <harker/core/base/text.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

#include <harker/core/base/utf8.h>
#include <harker/core/error.h>

namespace harker HARKER_PUBLIC {
namespace detail {

namespace {

void append(std::string& out, double v) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, v);
  out.append(text, end.ptr);
}

void append(std::string& out, const Shape& s) {
  constexpr std::size_t kLongest = 120;  // a file may say 64 sizes of 19 digits, and a message names two shapes
  const std::size_t begin = out.size();
  out += '(';
  for (int d = 0; d < s.rank(); ++d) {
    const std::string size = std::to_string(s[d]);
    if (out.size() - begin + size.size() > kLongest) {
      out += str(", ... ", s.rank(), " in all");
      break;
    }
    if (d) out += ", ";
    out += size;
  }
  out += ')';
}

template <class T>
const T& at(std::uint64_t address) {
  return *reinterpret_cast<const T*>(static_cast<std::uintptr_t>(address));
}

}  // namespace

std::string joined(const std::uint64_t* word, std::uint64_t kinds) {
  std::string out;
  for (; kinds; kinds >>= 4, ++word) {
    switch (static_cast<Part>(kinds & 15)) {
      case Part::end: break;
      case Part::literal: out += &at<char>(*word); break;
      case Part::string: out += at<std::string>(*word); break;
      case Part::view: out += std::string_view(&at<char>(word[0]), word[1]), ++word; break;
      case Part::shape: append(out, at<Shape>(*word)); break;
      case Part::boolean: out += *word ? "true" : "false"; break;
      case Part::character: out += static_cast<char>(*word); break;
      case Part::integer: out += std::to_string(static_cast<std::int64_t>(*word)); break;
      case Part::natural: out += std::to_string(*word); break;
      case Part::real: append(out, std::bit_cast<double>(*word)); break;
    }
  }
  return out;
}

template <class E>
void throw_joined(const std::uint64_t* words, std::uint64_t kinds) {
  throw E(joined(words, kinds));
}
template void throw_joined<Error>(const std::uint64_t*, std::uint64_t);
template void throw_joined<ShapeError>(const std::uint64_t*, std::uint64_t);
template void throw_joined<TypeError>(const std::uint64_t*, std::uint64_t);
template void throw_joined<GradError>(const std::uint64_t*, std::uint64_t);
template void throw_joined<FormatError>(const std::uint64_t*, std::uint64_t);
template void throw_joined<IoError>(const std::uint64_t*, std::uint64_t);
template void throw_joined<DeviceError>(const std::uint64_t*, std::uint64_t);

namespace {

// Characters that move a terminal's cursor or turn the direction of the text around.
bool is_control(std::string_view c) {
  const auto first = static_cast<unsigned char>(c[0]);
  if (c.size() == 1) return first < 0x20 || first == 0x7f;
  const auto second = static_cast<unsigned char>(c[1]);
  if (c.size() == 2) return first == 0xc2 && second < 0xa0;
  const auto third = static_cast<unsigned char>(c[2]);
  return c.size() == 3 && first == 0xe2 &&
         ((second == 0x80 && third >= 0xa8 && third <= 0xae) || (second == 0x81 && third >= 0xa6 && third <= 0xa9));
}

}  // namespace

std::string escaped(std::string_view s, std::size_t limit) {
  const auto plain = [](char c) { return c >= ' ' && c < 0x7f && c != '\'' && c != '\\'; };
  if (s.size() <= limit && std::all_of(s.begin(), s.end(), plain))
    return std::string(s);  // a file has thousands of names
  std::string out, next;
  for (std::size_t shown = 0; !s.empty(); ++shown) {
    const std::size_t n = utf8_length(s, false);
    const std::string_view c = s.substr(0, std::max<std::size_t>(n, 1));
    next.clear();
    if (n == 0 || is_control(c))
      for (char byte : c) next += "\\x" + hex(static_cast<std::uint8_t>(byte));
    else if (c == "'" || c == "\\")
      next += '\\', next += c;
    else
      next += c;
    if (shown == limit || next.size() > 2 * limit - out.size()) return out + "...";
    out += next;
    s.remove_prefix(c.size());
  }
  return out;
}

std::string quoted(std::string_view s, std::size_t limit) { return "'" + escaped(s, limit) + "'"; }
std::string quoted_if_odd(std::string_view s) {
  std::string out = escaped(s);
  return out == s ? out : "'" + out + "'";
}

std::optional<std::uint64_t> from_hex(std::string_view s) {
  std::uint64_t v = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), v, 16);
  return error == std::errc() && end == s.data() + s.size() ? std::optional(v) : std::nullopt;
}

namespace {

constexpr std::size_t kLongest = 64;
constexpr std::size_t kMostCandidates = 20'000;

// The edit distance of a and b (insertions, deletions, substitutions, swaps of neighbours), or limit + 1 when it is
// more. Only cells at most `limit` off the diagonal can matter.
std::size_t distance(std::string_view a, std::string_view b, std::size_t limit) {
  while (!a.empty() && !b.empty() && a.front() == b.front()) a.remove_prefix(1), b.remove_prefix(1);
  while (!a.empty() && !b.empty() && a.back() == b.back()) a.remove_suffix(1), b.remove_suffix(1);
  const std::size_t n = a.size(), m = b.size();
  if ((n > m ? n - m : m - n) > limit) return limit + 1;
  std::uint8_t rows[3][kLongest + 2];
  const auto far = static_cast<std::uint8_t>(limit + 1);
  for (auto& row : rows) std::fill(std::begin(row), std::end(row), far);
  for (std::size_t j = 0; j <= std::min(m, limit); ++j) rows[0][j] = static_cast<std::uint8_t>(j);
  for (std::size_t i = 1; i <= n; ++i) {
    std::uint8_t *now = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
    const std::size_t from = i > limit ? i - limit : 1, to = std::min(m, i + limit);
    now[from - 1] = from == 1 && i <= limit ? static_cast<std::uint8_t>(i) : far;
    std::uint8_t least = now[from - 1];
    for (std::size_t j = from; j <= to; ++j) {
      std::size_t d =
          std::min<std::size_t>(std::min(now[j - 1], up[j]) + 1u, up[j - 1] + (a[i - 1] != b[j - 1] ? 1u : 0u));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d = std::min<std::size_t>(d, up2[j - 2] + 1u);
      now[j] = static_cast<std::uint8_t>(std::min<std::size_t>(d, far));
      least = std::min(least, now[j]);
    }
    if (to < m) now[to + 1] = far;
    if (least > limit) return limit + 1;
  }
  return rows[n % 3][m];
}

}  // namespace

std::string_view nearest(std::string_view name, const std::string_view* candidates, std::size_t n) {
  const std::string_view cut = name.substr(0, kLongest);
  std::size_t limit = cut.size() / 3;
  std::string_view best;
  for (std::size_t i = 0; i < std::min(n, kMostCandidates); ++i) {
    const std::size_t d = distance(cut, candidates[i].substr(0, kLongest), limit);
    if (d > limit || candidates[i].empty()) continue;
    best = candidates[i];
    if (d == 0) break;
    limit = d - 1;
  }
  return best;
}

}  // namespace detail
}  // namespace harker
