// A storage is cast as a whole, once, and all its tensors view the new one where they viewed the old.
#include "cast.h"

#include <harker/core/base/text.h>
#include <harker/core/value/object.h>
#include <harker/serialize/value/examine.h>
#include <harker/serialize/value/value_paths.h>
#include <map>
#include <set>
#include <unordered_map>

#include "out.h"
#include "verb.h"

namespace harker::cli {
namespace {

using detail::str;

constexpr std::pair<std::string_view, DType> kAliases[] = {
    {"half", DType::float16}, {"float", DType::float32}, {"double", DType::float64}};
constexpr DType kTargets[] = {DType::float16, DType::bfloat16,      DType::float32,
                              DType::float64, DType::float8_e4m3fn, DType::float8_e5m2};

std::uint64_t not_numbers(const Tensor& t) {
  const NotFinite n = not_finite(t.dtype(), {static_cast<const std::uint8_t*>(t.raw()), t.nbytes()});
  return n.nan + n.inf;
}

}  // namespace

DType cast_target(const std::string& wanted) {
  for (const auto& [alias, dtype] : kAliases)
    if (wanted == alias) return dtype;
  std::string known;
  for (const DType t : kTargets) {
    if (wanted == name(t)) return t;
    known += str(known.empty() ? "" : ", ", name(t));
  }
  throw UsageError(str("convert: --dtype: there is no floating type ", detail::quoted(wanted), "; known: ", known));
}

Cast cast_floats(const Value& root, DType to) {
  Cast out;
  struct Done {
    Tensor all;  // the whole storage in its new type
    bool overflowed = false;
    std::set<std::string> counted;  // views
  };
  std::map<std::pair<const Storage*, DType>, Done> done;
  std::vector<Tensor> kept;  // so that no address is met twice
  ObjectWalk walk(root, "convert", INT32_MAX);
  while (const Value* v = walk.next()) {
    if (!v->is_tensor()) continue;
    const DType from = v->lazy_tensor().dtype();
    if (!is_floating_point(from) || from == to) continue;
    const Tensor old = v->tensor();
    const auto [at, fresh] = done.try_emplace({&old.storage(), from});
    if (fresh) {
      kept.push_back(old);
      const auto n = static_cast<std::int64_t>(old.storage().nbytes / item_size(from));
      const Tensor all = make_view(Ref<Storage>::share(&old.storage()), from, {n}, {1}, 0);
      at->second.all = all.to(to).contiguous();
      at->second.overflowed = not_numbers(at->second.all) > not_numbers(all);
    }
    const Tensor& all = at->second.all;
    const Tensor made = make_view(Ref<Storage>::share(&all.storage()), to, old.shape(), old.strides(),
                                  old.storage_offset() + all.storage_offset());
    // Between the views lies what no tensor has; one that repeats elements has no more of them than its storage.
    if (at->second.overflowed &&
        at->second.counted.insert(str(old.storage_offset(), old.shape(), old.strides())).second) {
      const bool repeats = old.numel() > all.numel();
      const Tensor before =
          repeats ? make_view(Ref<Storage>::share(&old.storage()), from, {all.numel()}, {1}, 0) : old.contiguous();
      const std::uint64_t was = not_numbers(before), is = not_numbers(repeats ? all : made.contiguous());
      const std::uint64_t more = is > was ? is - was : 0;
      if (more > 0) {
        out.overflowed += more;
        out.where.push_back(str(walk.path(), ": ", grouped(more)));
      }
    }
    if (old.requires_grad()) made.requires_grad_();
    detail::object_as<detail::TensorObject>(*v).tensor = made;
    ++out.tensors;
  }
  return out;
}

}  // namespace harker::cli
