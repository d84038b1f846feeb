// What of a Value goes into safetensors files, before any byte is written: which tensors, which of them are another
// under a second name, and which notes.
#pragma once
#include <harker/serialize/io/sink.h>
#include <harker/serialize/safetensors/header.h>
#include <harker/serialize/serialize.h>

namespace harker::safetensors {

struct Item {
  std::string_view name;
  const Kind* kind = nullptr;
  Shape shape;   ///< as the file has it
  Value holder;  ///< what it was in the Value
  Tensor tensor;
  std::uint64_t nbytes = 0;
  std::size_t twin_of = kNone;  ///< the item whose bytes hold this one's, which are not written
  static constexpr std::size_t kNone = SIZE_MAX;
};

/// Numbers of items, in the order in which they are written.
using Order = std::vector<std::size_t>;

class Plan {
 public:
  /// TypeError naming everything that the format cannot hold. `value` must outlive the plan.
  Plan(const Value& value, const SaveOptions& options);
  const std::vector<Item>& items() const { return items_; }
  /// The items that are written, as the dict has them.
  Order written() const;
  /// The order of the format's own writer, by type and name; or, to align them, by what their sizes are multiples of.
  void sort(Order& order) const;
  /// The notes of a file with these items: the user's, and for each twin of theirs whose it is.
  Strings metadata(const Order& order) const;
  /// Our table (kTable) for files that hold the items in this order; empty when it would say nothing that they do not.
  std::string table(const Order& order) const;

 private:
  void read_notes();
  void find_twins();
  bool speaks_for_itself(const Order& order) const;

  const Value& value_;
  const SaveOptions& options_;
  std::vector<Item> items_;
  Strings notes_;
  bool has_twins_ = false;
};

/// Writes the elements of an item's tensor row by row.
void write_elements(io::Sink& sink, const Tensor& t);

}  // namespace harker::safetensors
