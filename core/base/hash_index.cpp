// The keyed hash (SipHash-1-3, Aumasson and Bernstein) and the open-addressed table of core/base/hash_index.h.
#include <harker/core/base/hash_index.h>

#include <harker/core/error.h>
#include <bit>
#include <chrono>
#include <cstring>
#include <exception>
#include <random>
#include <utility>

namespace harker HARKER_PUBLIC {
namespace detail {
namespace {

struct Secret {
  std::uint64_t k0, k1;
};

const Secret& secret() noexcept {
  static const Secret s = [] {
    Secret made{};
    try {
      std::random_device device;
      auto word = [&] { return (std::uint64_t{device()} << 32) ^ device(); };
      made = {word(), word()};
    } catch (const std::exception&) {  // no source of randomness: the clock and an address are better than a constant
      made.k0 = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
      made.k1 = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&made));
    }
    return made;
  }();
  return s;
}

class Sip {
 public:
  explicit Sip(std::uint64_t tag) noexcept {
    const Secret& s = secret();
    v0_ = 0x736f6d6570736575u ^ s.k0;
    v1_ = 0x646f72616e646f6du ^ s.k1;
    v2_ = 0x6c7967656e657261u ^ s.k0;
    v3_ = 0x7465646279746573u ^ s.k1 ^ tag;
  }
  void word(std::uint64_t m) noexcept {
    v3_ ^= m;
    round();
    v0_ ^= m;
  }
  std::uint64_t finish() noexcept {
    v2_ ^= 0xff;
    round();
    round();
    round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void round() noexcept {
    v0_ += v1_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v3_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }
  std::uint64_t v0_, v1_, v2_, v3_;
};

}  // namespace

std::uint64_t keyed_hash(std::string_view bytes, std::uint64_t tag) noexcept {
  Sip sip(tag);
  const char* p = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, p += 8) {
    std::uint64_t m;
    std::memcpy(&m, p, 8);
    sip.word(m);
  }
  std::uint64_t last = 0;
  if (left > 0) std::memcpy(&last, p, left);
  sip.word(last ^ (std::uint64_t{bytes.size()} << 56));
  return sip.finish();
}

std::uint64_t keyed_hash(std::uint64_t word, std::uint64_t tag) noexcept {
  Sip sip(tag);
  sip.word(word);
  return sip.finish();
}

HashIndex::HashIndex() noexcept = default;
HashIndex::HashIndex(const HashIndex&) = default;
HashIndex::HashIndex(HashIndex&& o) noexcept : slots_(std::move(o.slots_)), used_(std::exchange(o.used_, 0)) {}
HashIndex& HashIndex::operator=(HashIndex o) noexcept {
  slots_.swap(o.slots_);
  std::swap(used_, o.used_);
  return *this;
}
HashIndex::~HashIndex() = default;

void HashIndex::clear() noexcept {
  slots_.clear();
  used_ = 0;
}

void HashIndex::insert(std::uint32_t hash, std::uint32_t at) {
  if (at == kNone) throw Error("a dict or set cannot hold more than 4294967294 items");
  auto place = [](std::vector<Slot>& slots, Slot slot) {
    const std::size_t mask = slots.size() - 1;
    std::size_t s = slot.hash & mask;
    while (slots[s].at != kNone) s = (s + 1) & mask;
    slots[s] = slot;
  };
  if (3 * (used_ + 1) > 2 * slots_.size()) {
    std::vector<Slot> larger(slots_.empty() ? 4 * kLinear : 2 * slots_.size());
    for (const Slot& slot : slots_) {
      if (slot.at != kNone) place(larger, slot);
    }
    slots_.swap(larger);
  }
  place(slots_, {hash, at});
  ++used_;
}

void HashIndex::erase(std::uint32_t hash, std::uint32_t at) noexcept {
  if (slots_.empty()) return;
  const std::size_t mask = slots_.size() - 1;
  std::size_t hole = hash & mask;
  while (slots_[hole].at != at) {
    if (slots_[hole].at == kNone) return;
    hole = (hole + 1) & mask;
  }
  // Later entries of the same run move up, so that a search never stops at the hole before reaching them.
  for (std::size_t s = (hole + 1) & mask; slots_[s].at != kNone; s = (s + 1) & mask) {
    const std::size_t home = slots_[s].hash & mask;
    if (((s - home) & mask) < ((s - hole) & mask)) continue;  // it would land before its home
    slots_[hole] = slots_[s];
    hole = s;
  }
  slots_[hole] = Slot{};
  const bool last = at == --used_;
  if (last) return;
  for (Slot& slot : slots_) {
    if (slot.at != kNone && slot.at > at) --slot.at;
  }
}

}  // namespace detail
}  // namespace harker
