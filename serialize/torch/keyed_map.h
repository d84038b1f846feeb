// KeyedMap: a hash map whose keys a file may choose. The standard library's hashes are known to everybody, and so a
// file could choose a hundred thousand keys that fall on one place, and have each compared with all the others.
#pragma once
#include <string>
#include <unordered_map>

#include <harker/core/base/hash_index.h>

namespace harker::pt {

struct KeyedHash {
  std::size_t operator()(const std::string& key) const noexcept { return detail::keyed_hash(std::string_view(key)); }
  std::size_t operator()(std::uint64_t key) const noexcept { return detail::keyed_hash(key); }
  std::size_t operator()(std::int64_t key) const noexcept {
    return detail::keyed_hash(static_cast<std::uint64_t>(key));
  }
};
template <class Key, class T>
using KeyedMap = std::unordered_map<Key, T, KeyedHash>;

}  // namespace harker::pt
