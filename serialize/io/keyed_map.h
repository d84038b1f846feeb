// KeyedMap and KeyedSet: hash tables whose keys a file may choose. The standard library's hashes are known to everybody,
// and so a file could choose a hundred thousand keys that fall on one place, and have each compared with all the others.
#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include <harker/core/base/hash_index.h>

namespace harker {

struct KeyedHash {
  std::size_t operator()(std::string_view key) const noexcept { return detail::keyed_hash(key); }
  std::size_t operator()(std::uint64_t key) const noexcept { return detail::keyed_hash(key); }
  std::size_t operator()(std::int64_t key) const noexcept {
    return detail::keyed_hash(static_cast<std::uint64_t>(key));
  }
};
template <class Key, class T>
using KeyedMap = std::unordered_map<Key, T, KeyedHash>;
template <class Key>
using KeyedSet = std::unordered_set<Key, KeyedHash>;

}  // namespace harker
