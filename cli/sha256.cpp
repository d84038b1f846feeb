// The compression function as the standard writes it; the constants are its own (fractions of cube and square roots of
// primes).
#include "sha256.h"

#include <algorithm>
#include <bit>

namespace harker::cli {
namespace {

constexpr std::array<std::uint32_t, 64> kRound = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

using State = std::array<std::uint32_t, 8>;

void block(State& h, const std::uint8_t* p) {
  std::uint32_t w[64];
  for (int i = 0; i < 16; ++i) {
    const std::uint8_t* b = p + 4 * i;
    w[i] = std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | b[3];
  }
  for (int i = 16; i < 64; ++i) {
    std::uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ a >> 3) + w[i - 7] +
           (std::rotr(b, 17) ^ std::rotr(b, 19) ^ b >> 10);
  }
  State s = h;
  for (std::size_t i = 0; i < 64; ++i) {
    std::uint32_t e = s[4], a = s[0];
    std::uint32_t t1 =
        s[7] + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) + ((e & s[5]) ^ (~e & s[6])) + kRound[i] + w[i];
    std::uint32_t t2 =
        (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
    s = {t1 + t2, s[0], s[1], s[2], s[3] + t1, s[4], s[5], s[6]};
  }
  for (std::size_t i = 0; i < 8; ++i) h[i] += s[i];
}

}  // namespace

Sha256& Sha256::add(std::span<const std::uint8_t> data) {
  const std::size_t have = size_ % 64, room = 64 - have;
  size_ += data.size();
  if (data.size() < room) {
    std::copy(data.begin(), data.end(), rest_.begin() + have);
    return *this;
  }
  if (have > 0) {
    std::copy_n(data.begin(), room, rest_.begin() + have);
    block(state_, rest_.data());
    data = data.subspan(room);
  }
  for (; data.size() >= 64; data = data.subspan(64)) block(state_, data.data());
  std::copy(data.begin(), data.end(), rest_.begin());
  return *this;
}

/// The rest, a one bit, and the length in bits at the end of a block.
std::string Sha256::digest() {
  const std::uint64_t bits = size_ * 8;
  const std::size_t have = size_ % 64;
  std::uint8_t last[72] = {0x80};
  const std::size_t zeros = (have < 56 ? 56 : 120) - have;
  for (std::size_t i = 0; i < 8; ++i) last[zeros + i] = static_cast<std::uint8_t>(bits >> (56 - 8 * i));
  add({last, zeros + 8});
  std::string out;
  for (std::uint32_t v : state_)
    for (int shift = 28; shift >= 0; shift -= 4) out += "0123456789abcdef"[v >> shift & 15];
  return out;
}

std::string sha256(std::span<const std::uint8_t> data) { return Sha256().add(data).digest(); }

}  // namespace harker::cli
