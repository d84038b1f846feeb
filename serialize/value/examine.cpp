// NaN are counted where the bytes pass by for their checksum: in a tensor without gaps they are those of a range of its
// storage. What has gaps is gone through by itself afterwards, one innermost row after the other.
#include <harker/serialize/value/examine.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <vector>

#include <harker/core/base/text.h>
#include <harker/serialize/io/file_bytes.h>
#include <harker/serialize/value/contents.h>
#include <harker/serialize/value/value_paths.h>

namespace harker HARKER_PUBLIC {

void Findings::not_finite(const std::string&, std::uint64_t, std::uint64_t) {}
void Findings::passed(std::uint64_t) {}
void Findings::not_counted(std::uint64_t) {}

namespace {

using Counts = NotFinite;

// Of a floating type: (bits - minus) without its sign is above `infinity` for a NaN, and equal to it for an infinity
// where the type has one. `minus` turns the only NaN of the types that have no negative zero into the largest.
struct Rule {
  std::size_t unit = 0;  // 0: all its values are numbers
  std::uint64_t magnitude = 0, infinity = 0;
  std::uint8_t minus = 0;
  bool infinite = true;
};

Rule rule_of(DType t) {
  switch (t) {
    case DType::complex32:
    case DType::float16: return {2, 0x7fff, 0x7c00};
    case DType::bfloat16: return {2, 0x7fff, 0x7f80};
    case DType::complex64:
    case DType::float32: return {4, 0x7fffffff, 0x7f800000};
    case DType::complex128:
    case DType::float64: return {8, 0x7fffffffffffffff, 0x7ff0000000000000};
    case DType::float8_e5m2: return {1, 0x7f, 0x7c};
    case DType::float8_e4m3fn: return {1, 0x7f, 0x7e, 0, false};
    case DType::float8_e4m3fnuz:
    case DType::float8_e5m2fnuz: return {1, 0xff, 0xfe, 0x81, false};
    case DType::float8_e8m0fnu: return {1, 0xff, 0xfe, 0, false};
    default: return {};
  }
}

template <class U>
void count(const Rule& rule, io::ByteView bytes, Counts& to) {
  const auto magnitude = static_cast<U>(rule.magnitude), infinity = static_cast<U>(rule.infinity);
  const std::uint8_t* const p = bytes.data();
  std::uint64_t nan = 0, inf = 0;
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(U)) {
    U v;
    std::memcpy(&v, p + i, sizeof v);
    v = static_cast<U>(static_cast<U>(v - rule.minus) & magnitude);
    nan += v > infinity;
    inf += v == infinity;
  }
  to.nan += nan;
  to.inf += rule.infinite ? inf : 0;
}

void count(const Rule& rule, io::ByteView bytes, Counts& to) {
  switch (rule.unit) {
    case 1: return count<std::uint8_t>(rule, bytes, to);
    case 2: return count<std::uint16_t>(rule, bytes, to);
    case 4: return count<std::uint32_t>(rule, bytes, to);
    case 8: return count<std::uint64_t>(rule, bytes, to);
    default: return;
  }
}

// Whether its elements are a range of the storage, each once.
bool is_dense(const Tensor& t) {
  if (t.is_contiguous()) return true;
  const Shape strides = t.strides();
  std::vector<std::pair<std::int64_t, std::int64_t>> dims;  // stride, size
  for (int d = 0; d < t.dim(); ++d)
    if (t.shape()[d] != 1) dims.emplace_back(strides[d], t.shape()[d]);
  std::sort(dims.begin(), dims.end());
  std::int64_t step = 1;
  for (const auto& [stride, size] : dims) {
    if (stride != step) return false;
    step *= size;
  }
  return true;
}

// One with gaps.
void count_rows(const Tensor& t, const Rule& rule, io::StorageView& bytes, Counts& to) {
  const auto item = static_cast<std::int64_t>(item_size(t.dtype()));
  const Shape strides = t.strides();
  const int last = t.dim() - 1;
  std::vector<std::int64_t> index(static_cast<std::size_t>(t.dim()));
  std::int64_t row = t.storage_offset();
  const auto at = [&](std::int64_t element) {
    return bytes.bytes(static_cast<std::uint64_t>(element * item), static_cast<std::size_t>(item));
  };
  for (;;) {
    for (std::int64_t i = 0; i < t.shape()[last]; ++i) count(rule, at(row + i * strides[last]), to);
    int d = last - 1;
    for (; d >= 0; --d) {
      row += strides[d];
      if (++index[static_cast<std::size_t>(d)] < t.shape()[d]) break;
      row -= strides[d] * t.shape()[d];
      index[static_cast<std::size_t>(d)] = 0;
    }
    if (d < 0) return;
  }
}

class Examination {
 public:
  Examination(const Value& root, std::string_view what, Findings& findings)
      : root_(root), what_(what), findings_(findings) {
    each_tensor([&](const Tensor& t, auto&&) {
      auto [at, fresh] = by_storage_.try_emplace(&t.storage(), groups_.size());
      if (fresh) groups_.push_back({Ref<Storage>::share(&t.storage()), {}});
      groups_[at->second].tensors.push_back(tensors_.size());
      tensors_.push_back({t, {}});
    });
  }

  Examined run() {
    for (Group& g : groups_) examine(g);
    check_contents(root_, what_, findings_);
    std::size_t i = 0;
    each_tensor([&](const Tensor&, auto&& path) {
      const Counts& c = tensors_[i++].counts;
      if (c.nan + c.inf > 0) findings_.not_finite(path(), c.nan, c.inf);
    });
    if (not_counted_ > 0) findings_.not_counted(not_counted_);
    return std::move(examined_);
  }

 private:
  struct Counted {
    Tensor tensor;
    Counts counts;
  };
  struct Group {
    Ref<Storage> storage;
    std::vector<std::size_t> tensors;
  };
  struct Range {
    std::uint64_t begin, end;
    Rule rule;
    Counts* counts;
  };

  template <class F>
  void each_tensor(F f) {
    ObjectWalk walk(root_, what_, INT32_MAX);
    while (const Value* v = walk.next())
      if (const Tensor* t = tensor_of(*v)) f(*t, [&] { return walk.path(); });
  }

  void examine(Group& g) {
    // What tensors of one storage may cost together: a file of one storage can hold very many of them.
    std::uint64_t budget = 16 * g.storage->nbytes + (std::uint64_t{1} << 20);
    std::vector<Range> dense;
    std::vector<std::size_t> rows;
    for (const std::size_t i : g.tensors) {
      Counted& c = tensors_[i];
      const Rule rule = rule_of(c.tensor.dtype());
      const auto item = static_cast<std::uint64_t>(item_size(c.tensor.dtype()));
      const auto numel = static_cast<std::uint64_t>(c.tensor.numel());
      if (rule.unit == 0 || numel == 0) continue;
      const bool whole = is_dense(c.tensor);
      // Each element of a row is looked up by itself.
      std::uint64_t cost = 0;
      if (!io::checked_mul(numel, whole ? item : 8 * item, cost) || cost > budget) {
        ++not_counted_;
        continue;
      }
      budget -= cost;
      const std::uint64_t begin = static_cast<std::uint64_t>(c.tensor.storage_offset()) * item;
      if (whole)
        dense.push_back({begin, begin + numel * item, rule, &c.counts});
      else
        rows.push_back(i);
    }
    std::sort(dense.begin(), dense.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
    io::StorageView bytes(*g.storage);
    if (const io::StorageBytes* place = bytes.place()) examined_.insert(place->stored.data());
    std::vector<const Range*> open;
    std::size_t next = 0;
    const std::string wrong = bytes.check([&](std::uint64_t at, io::ByteView piece) {
      const std::uint64_t end = at + piece.size();
      findings_.passed(piece.size());
      while (next < dense.size() && dense[next].begin < end) open.push_back(&dense[next++]);
      for (const Range* r : open) {
        const std::uint64_t from = std::max(at, r->begin), to = std::min(end, r->end);
        count(r->rule, piece.subspan(static_cast<std::size_t>(from - at), static_cast<std::size_t>(to - from)),
              *r->counts);
      }
      std::erase_if(open, [&](const Range* r) { return r->end <= end; });
    });
    if (!wrong.empty()) {
      findings_.wrong(wrong);
      for (const std::size_t i : g.tensors) tensors_[i].counts = {};  // of damaged bytes nothing is said
      return;
    }
    for (const std::size_t i : rows)
      count_rows(tensors_[i].tensor, rule_of(tensors_[i].tensor.dtype()), bytes, tensors_[i].counts);
  }

  const Value& root_;
  std::string_view what_;
  Findings& findings_;
  std::vector<Counted> tensors_;
  std::vector<Group> groups_;
  std::unordered_map<const Storage*, std::size_t> by_storage_;
  std::uint64_t not_counted_ = 0;
  Examined examined_;
};

}  // namespace

NotFinite not_finite(DType dtype, io::ByteView elements) {
  NotFinite out;
  count(rule_of(dtype), elements, out);
  return out;
}

Examined examine(const Value& root, std::string_view what, Findings& findings) {
  return Examination(root, what, findings).run();
}

}  // namespace harker
