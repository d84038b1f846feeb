#include "weights.h"

#include <harker/core/base/text.h>
#include <array>
#include <cstdio>

#include "entries.h"
#include "match.h"
#include "numpy_tensor.h"

namespace harker::cli {
namespace {

using Kind = Value::Kind;
using detail::str;

/// What the parts of a sparse tensor are called.
std::array<const char*, 3> part_names(std::string_view layout) {
  if (layout.ends_with("coo")) return {"indices", "values", ""};
  if (layout.ends_with("csr") || layout.ends_with("bsr")) return {"crow_indices", "col_indices", "values"};
  return {"ccol_indices", "row_indices", "values"};
}

class Finder {
 public:
  explicit Finder(FunctionRef<void(const Weight&)> each) : each_(each) {}

  void visit(std::string_view path, const Value& v) {
    if (v.is_tensor()) return tensor(std::string(path), v);
    if (v.kind() == Kind::numpy_array || v.kind() == Kind::numpy_scalar) {
      if (auto t = numpy_tensor(v.as_numpy())) tensor(std::string(path), Value(*t));
    } else if (v.kind() == Kind::quantized) {
      quantized(path, v.as_quantized());
    } else if (v.kind() == Kind::sparse) {
      const Value::Sparse& s = v.as_sparse();
      const auto names = part_names(s.layout);
      for (std::size_t i = 0; i < s.parts.size() && i < names.size(); ++i)
        if (s.parts[i].is_tensor()) tensor(str(path, '.', names[i]), s.parts[i], str(s.layout, ' ', s.shape));
    } else if (const auto kept = kept_tensor(v)) {
      each_({std::string(path), kept->type, kept->shape, kept->data ? *kept->data : Value(), true, {}});
    }
  }

 private:
  void tensor(std::string path, const Value& v, std::string note = {}) {
    const Tensor& t = v.lazy_tensor();
    each_({std::move(path), std::string(name(t.dtype())), t.shape(), v, false, std::move(note)});
  }
  void quantized(std::string_view path, const Value::Quantized& q) {
    char scale[80];
    std::snprintf(scale, sizeof scale, " %a %lld", q.scale, static_cast<long long>(q.zero_point));
    const bool channels = q.scales.is_tensor();
    tensor(std::string(path), Value(q.ints), q.scheme + (channels ? str(" axis ", q.axis) : std::string(scale)));
    if (channels) tensor(str(path, ".scales"), q.scales);
    if (q.zero_points.is_tensor()) tensor(str(path, ".zero_points"), q.zero_points);
  }

  FunctionRef<void(const Weight&)> each_;
};

}  // namespace

std::uint64_t Weight::nbytes() const {
  if (!elements.is_tensor()) return 0;
  const Tensor& t = elements.lazy_tensor();
  return static_cast<std::uint64_t>(t.numel()) * item_size(t.dtype());
}

void each_weight(const Value& root, const std::vector<std::string>& match, FunctionRef<void(const Weight&)> each) {
  Finder finder(each);
  Entries entry(ValueWalk(root), match);
  while (entry.next()) finder.visit(entry.walk().path(), entry.value());
}

std::uint64_t bytes_of_weights(const Value& root, const std::vector<std::string>& match) {
  std::uint64_t sum = 0;
  each_weight(root, match, [&](const Weight& w) { sum += w.nbytes(); });
  return sum;
}

void check_walkable(const Weight& w, std::uint64_t& repeated) {
  if (!w.elements.is_tensor()) return;
  const Tensor& t = w.elements.lazy_tensor();
  constexpr std::uint64_t kMost = std::uint64_t{1} << 34;
  if (w.nbytes() > t.storage().nbytes) repeated = w.nbytes() > kMost ? kMost + 1 : repeated + w.nbytes();
  if (repeated > kMost)
    detail::throw_error<Error>(detail::quoted(w.path), ": a view of ", t.numel(), " overlapping elements is too many");
}

}  // namespace harker::cli
