// A storage is cast as a whole, once, and all its tensors view the new one where they viewed the old.
#include "cast.h"

#include <harker/core/base/text.h>
#include <harker/core/value/object.h>
#include <harker/serialize/value/examine.h>
#include <harker/serialize/value/value_paths.h>
#include <map>
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
  std::map<std::pair<const Storage*, DType>, Tensor> done;  // the whole storage in its new type
  std::vector<Tensor> kept;                                 // so that no address is met twice
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
      at->second = all.to(to).contiguous();
      const std::uint64_t before = not_numbers(all), after = not_numbers(at->second);
      if (after > before) {
        out.overflowed += after - before;
        out.where.push_back(str(walk.path(), ": ", grouped(after - before)));
      }
    }
    const Tensor made = make_view(Ref<Storage>::share(&at->second.storage()), to, old.shape(), old.strides(),
                                  old.storage_offset() + at->second.storage_offset());
    if (old.requires_grad()) made.requires_grad_();
    detail::object_as<detail::TensorObject>(*v).tensor = made;
    ++out.tensors;
  }
  return out;
}

}  // namespace harker::cli
