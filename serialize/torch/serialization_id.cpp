// MurmurHash64A with libstdc++'s seed, and its hash table: one singly linked list of all nodes, where a bucket's nodes
// stand together, and a new bucket goes to the front (bits/hashtable.h, _M_insert_bucket_begin and _M_rehash_aux).
#include <harker/serialize/torch/serialization_id.h>

#include <cstdio>

#include <harker/core/error.h>
#include <harker/serialize/io/byte_view.h>

namespace harker::pt {
namespace {

std::uint64_t combine(std::uint64_t seed, std::uint64_t v) {
  return seed ^ (v + 0x9e3779b9 + (seed << 6) + (seed >> 2));
}

// The numbers of buckets that a set grows through when elements come one by one.
constexpr std::uint64_t kBuckets[] = {13,       29,        59,        127,       257,       541,       1109,
                                      2357,     5087,      10273,     20753,     42043,     85229,     172933,
                                      351061,   712697,    1447153,   2938679,   5967347,   12117689,  24607243,
                                      49969847, 101473717, 206062531, 418451333, 849749479, 1725587117};
constexpr std::uint32_t kNone = 0xffffffff, kHead = 0xfffffffe;

}  // namespace

std::uint64_t libstdcxx_hash(const std::string& s) {
  constexpr std::uint64_t kMul = (std::uint64_t{0xc6a4a793} << 32) + std::uint64_t{0x5bd1e995}, kSeed = 0xc70f6907;
  const auto mix = [](std::uint64_t v) { return v ^ (v >> 47); };
  const auto* p = reinterpret_cast<const std::uint8_t*>(s.data());
  const std::size_t whole = s.size() & ~std::size_t{7};
  std::uint64_t hash = kSeed ^ (s.size() * kMul);
  for (std::size_t i = 0; i < whole; i += 8)
    hash = (hash ^ (mix(io::load_le<std::uint64_t>(p + i) * kMul) * kMul)) * kMul;
  if (whole != s.size()) {
    std::uint64_t rest = 0;
    for (std::size_t i = s.size(); i-- > whole;) rest = (rest << 8) + p[i];
    hash = (hash ^ rest) * kMul;
  }
  hash = mix(hash) * kMul;
  return mix(hash);
}

std::vector<std::uint32_t> libstdcxx_set_order(const std::vector<std::uint64_t>& hashes) {
  if (hashes.size() >= kHead) throw Error("too many records");
  std::vector<std::uint32_t> next(hashes.size()),
      before;  // `before[bucket]`: the node whose successor begins the bucket
  std::uint32_t head = kNone;
  std::size_t level = 0;
  const auto bucket = [&](std::uint32_t node) { return static_cast<std::size_t>(hashes[node] % kBuckets[level]); };
  const auto after = [&](std::uint32_t node) -> std::uint32_t& { return node == kHead ? head : next[node]; };
  const auto insert = [&](std::uint32_t node) {
    const std::size_t b = bucket(node);
    if (before[b] != kNone) {
      next[node] = after(before[b]);
      after(before[b]) = node;
    } else {
      next[node] = head;
      head = node;
      before[b] = kHead;
      if (next[node] != kNone) before[bucket(next[node])] = node;
    }
  };
  before.assign(kBuckets[0], kNone);
  for (std::uint32_t i = 0; i < hashes.size(); ++i) {
    if (i + std::uint64_t{1} > kBuckets[level]) {  // load factor 1: the set grows before the insertion
      ++level;
      before.assign(kBuckets[level], kNone);
      std::uint32_t node = head;
      head = kNone;
      while (node != kNone) {
        const std::uint32_t following = next[node];
        insert(node);
        node = following;
      }
    }
    insert(i);
  }
  std::vector<std::uint32_t> order;
  order.reserve(hashes.size());
  for (std::uint32_t node = head; node != kNone; node = next[node]) order.push_back(node);
  return order;
}

void SerializationId::add(std::string name, std::uint32_t crc, bool empty) {
  names_.push_back(std::move(name));
  if (!empty) crcs_ = combine(crcs_, crc);
}

std::string SerializationId::digits() const {
  std::vector<std::uint64_t> hashes;
  hashes.reserve(names_.size());
  for (const std::string& n : names_) hashes.push_back(libstdcxx_hash(n));
  std::uint64_t names = 0;
  for (std::uint32_t i : libstdcxx_set_order(hashes)) names = combine(names, hashes[i]);
  char text[41];
  std::snprintf(text, sizeof text, "%020llu%020llu", static_cast<unsigned long long>(names),
                static_cast<unsigned long long>(crcs_));
  return text;
}

}  // namespace harker::pt
