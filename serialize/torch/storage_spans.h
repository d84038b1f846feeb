// StorageSpans: which bytes of each storage a file will hold. torch.save writes whole storages, however little of them
// the tensors view; SaveOptions::compact writes what is viewed: views that overlap stay together in one part, and what
// lies between the parts is left out.
#pragma once
#include <unordered_map>
#include <vector>

#include <harker/core/value.h>

namespace harker::pt {

/// The bytes [begin, begin + size) of a storage.
struct StorageSpan {
  Ref<Storage> storage;
  std::size_t begin = 0, size = 0;
};

class StorageSpans {
 public:
  /// Whole storages, or, `compact`, the parts that the tensors in `root` view.
  StorageSpans(const Value& root, bool compact);
  /// The part that holds the elements of `t`, which must be in `root`.
  StorageSpan of(const Tensor& t) const;
  /// Bytes of the storages that are in no part.
  std::uint64_t left_out() const { return left_out_; }

 private:
  struct Span {
    std::size_t begin, end;
  };
  bool compact_;
  std::uint64_t left_out_ = 0;
  std::unordered_map<const Storage*, std::vector<Span>> spans_;  // sorted, disjoint; none for an empty view
};

}  // namespace harker::pt
