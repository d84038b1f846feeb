// The opcodes themselves (CPython's Modules/_pickle.c: save_long, save_float, save_unicode, save_global, save_bytes).
#include <harker/serialize/torch/pickle_stream.h>

#include <bit>

#include <harker/core/base/utf8.h>
#include <harker/core/error.h>
#include <harker/core/value/object.h>

namespace harker::pt {

using enum Opcode;

bool is_singleton(std::string_view s) {
  if (s.size() <= 1) return true;
  const auto first = static_cast<unsigned char>(s[0]);
  return s.size() == 2 && (first == 0xc2 || first == 0xc3);
}

void PickleStream::integer(std::int64_t v) {
  if (v >= 0 && v <= 0xff) {
    op(BININT1);
    io::append_le(out_, static_cast<std::uint8_t>(v));
  } else if (v >= 0 && v <= 0xffff) {
    op(BININT2);
    io::append_le(out_, static_cast<std::uint16_t>(v));
  } else if (v >= INT32_MIN && v <= INT32_MAX) {
    op(BININT);
    io::append_le(out_, static_cast<std::uint32_t>(v));
  } else {
    std::string bytes;
    io::append_le(bytes, v);
    big_integer(detail::trimmed(io::bytes(bytes)));
  }
}

void PickleStream::big_integer(io::ByteView bytes) {
  if (bytes.size() < 256) {
    op(LONG1);
    io::append_le(out_, static_cast<std::uint8_t>(bytes.size()));
  } else {
    if (bytes.size() > INT32_MAX) throw Error("torch: an integer is too long for a pickle");
    op(LONG4);
    io::append_le(out_, static_cast<std::uint32_t>(bytes.size()));
  }
  out_ += io::text(bytes);
}

void PickleStream::floating(double d) {
  const auto bits = std::bit_cast<std::uint64_t>(d);
  op(BINFLOAT);
  for (int shift = 56; shift >= 0; shift -= 8) out_ += static_cast<char>(bits >> shift);
}

std::uint32_t PickleStream::fresh_string(std::string_view s) {
  if (s.size() > UINT32_MAX) throw Error("torch: a string is too long for a pickle of protocol 2 (4 GiB)");
  op(BINUNICODE);
  io::append_le(out_, static_cast<std::uint32_t>(s.size()));
  out_ += s;
  return put();
}

void PickleStream::shared_string(std::string_view s) {
  auto [at, fresh] = strings_.try_emplace(std::string(s));
  if (fresh)
    at->second = fresh_string(s);
  else
    get(at->second);
}

void PickleStream::global(std::string_view module, std::string_view name) {
  std::string both = std::string(module) + '\n' + std::string(name) + '\n';
  auto [at, fresh] = globals_.try_emplace(both);
  if (!fresh) return get(at->second);
  op(GLOBAL);
  out_ += both;
  at->second = put();
}

void PickleStream::bytes(io::ByteView data) {
  if (data.empty()) {
    global("__builtin__", "bytes");
    op(EMPTY_TUPLE);
    return reduce();
  }
  global("_codecs", "encode");
  std::string text;
  text.reserve(data.size() + data.size() / 2);
  for (std::uint8_t b : data) detail::append_utf8(text, b);
  if (data.size() == 1)
    shared_string(text);
  else
    fresh_string(text);
  shared_string("latin1");
  tuple(2);
  reduce();
}

void PickleStream::tuple(std::size_t n) {
  if (n == 0) return op(EMPTY_TUPLE);  // the empty tuple is one object, and never memoised
  op(tuple_opcode(n));
  put();
}

void PickleStream::int_tuple(const Shape& s) {
  if (s.rank() > 3) op(MARK);
  for (std::int64_t v : s) integer(v);
  tuple(static_cast<std::size_t>(s.rank()));
}

std::uint32_t PickleStream::put() {
  if (count_ < 256) {
    op(BINPUT);
    io::append_le(out_, static_cast<std::uint8_t>(count_));
  } else {
    op(LONG_BINPUT);
    io::append_le(out_, count_);
  }
  return count_++;
}

void PickleStream::get(std::uint32_t index) {
  if (index < 256) {
    op(BINGET);
    io::append_le(out_, static_cast<std::uint8_t>(index));
  } else {
    op(LONG_BINGET);
    io::append_le(out_, index);
  }
}

std::string PickleStream::finish() {
  op(STOP);
  return std::move(out_);
}

}  // namespace harker::pt
