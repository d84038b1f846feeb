// From a Value to a Table, and back.
#pragma once
#include <memory>

#include <harker/serialize/io/source.h>
#include <harker/serialize/serialize.h>
#include <harker/serialize/value_table/table.h>

namespace harker::value_table {

struct Flattened {
  Table table;
  std::vector<Ref<Storage>> storages;  ///< ready: their bytes are there
  /// When asked for: further paths, unique as the names are, at which a view is met again.
  std::vector<std::pair<std::string, std::uint32_t>> aliases;
};
/// Every object once, in the order of a depth-first walk. Equal strings made in C++ become one. The names of views are
/// their dotted paths, made unique, never empty, and proper UTF-8. Error for what could not be read back (a tensor that
/// is not on the CPU, ...). `root` must not be changed meanwhile.
Flattened flatten(const Value& root, bool aliases = false);

/// FormatError (beginning with `what`) for anything in a table that rebuild, or a user of its Value, could trip over:
/// counts, links, geometry, kinds.
void check(const Table& table, std::string_view what);

struct Rebuilt {
  Value root;
  std::vector<Tensor> views;
};
/// The Value of a checked table. One storage for each of Table::storages, of that size.
Rebuilt rebuild(const Table& table, const std::vector<Ref<Storage>>& storages, std::string_view what);

/// Checks a table from `source`, rebuilds it, selects options.only, refuses unknown classes as the options say, and
/// reads the storages that are in use: all at once, or with options.mmap each at its first use. `from`: for those that
/// lie in other files these; null, or no entry at all, for `source`.
Value read_table(const Table& table, std::vector<io::StorageBytes> storages,
                 const std::shared_ptr<const io::Source>& source, const LoadOptions& options,
                 std::span<const std::shared_ptr<const io::Source>> from = {});

}  // namespace harker::value_table
