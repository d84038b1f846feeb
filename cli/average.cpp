// Averages of state dicts: "model soups", checkpoints of the last epochs, and any other linear combination.
#include <harker/core/base/text.h>
#include <cstring>
#include <map>

#include "holds.h"
#include "merge.h"
#include "out.h"

namespace harker::cli {
namespace {

using detail::quoted;
using detail::str;

/// The elements in rows, complex ones as pairs of real ones.
Tensor reals(const Tensor& t) {
  const Tensor rows = t.contiguous();
  if (!is_complex(t.dtype())) return rows;
  const DType real = t.dtype() == DType::complex32   ? DType::float16
                     : t.dtype() == DType::complex64 ? DType::float32
                                                     : DType::float64;
  return make_view(Ref<Storage>::share(&rows.storage()), real, {2 * rows.numel()}, {1}, 2 * rows.storage_offset());
}

Tensor combined(const std::vector<const Tensor*>& tensors, const std::vector<double>& weights) {
  const Tensor& first = *tensors[0];
  Tensor sum;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor part = reals(tensors[i]->detach()).to(kFloat64);
    if (!sum.defined()) sum = zeros(part.shape(), kFloat64);
    double* to = sum.data<double>();
    const double* from = part.data<double>();
    for (std::int64_t k = 0, n = part.numel(); k < n; ++k) to[k] += weights[i] * from[k];
  }
  const Tensor out = sum.to(reals(first).dtype());
  if (!is_complex(first.dtype())) return out.view(first.shape());
  return make_view(Ref<Storage>::share(&out.storage()), first.dtype(), first.shape(),
                   first.shape().contiguous_strides(), out.storage_offset() / 2);
}

bool same_bytes(const Tensor& a, const Tensor& b) {
  const Tensor x = a.contiguous(), y = b.contiguous();
  return x.nbytes() == 0 || std::memcmp(x.raw(), y.raw(), x.nbytes()) == 0;
}

/// All by which the states do not fit the first.
std::vector<std::string> misfits(const std::vector<StateDict>& states, const std::vector<std::string>& files) {
  std::vector<std::string> out;
  for (std::size_t i = 1; i < states.size(); ++i) {
    for (const auto& [name, t] : states[0]) {
      const Tensor* other = states[i].find(name);
      if (!other)
        out.push_back(str(name, ": missing in ", files[i]));
      else if (!(other->shape() == t.shape()))
        out.push_back(str(name, ": shape ", t.shape(), " in ", files[0], ", ", other->shape(), " in ", files[i]));
      else if (other->dtype() != t.dtype())
        out.push_back(str(name, ": dtype ", harker::name(t.dtype()), " in ", files[0], ", ",
                          harker::name(other->dtype()), " in ", files[i]));
    }
    for (const auto& item : states[i])
      if (!states[0].contains(item.first)) out.push_back(str(item.first, ": missing in ", files[0]));
  }
  return out;
}

}  // namespace

StateDict average(const std::vector<StateDict>& states, const std::vector<double>& weights,
                  const std::vector<std::string>& files, std::vector<std::string>& said) {
  const std::vector<std::string> wrong = misfits(states, files);
  if (!wrong.empty())
    throw TypeError(str("merge: the files do not fit together in ", grouped(wrong.size()),
                        wrong.size() == 1 ? " entry:" : " entries:") +
                    listed(wrong));
  StateDict out;
  out.metadata = states[0].metadata;
  std::map<std::vector<const void*>, Tensor> done;  // by where they are in each file, and their geometry
  std::uint64_t averaged = 0, kept = 0;
  std::vector<std::string> differing;
  for (const auto& [name, first] : states[0]) {
    std::vector<const Tensor*> tensors;
    std::vector<const void*> key;
    for (const StateDict& s : states) {
      tensors.push_back(s.find(name));
      key.push_back(tensors.back()->raw());
    }
    if (!is_floating_point(first.dtype()) && !is_complex(first.dtype())) {
      ++kept;
      for (const Tensor* t : tensors)
        if (!same_bytes(first, *t)) {
          differing.push_back(name);
          break;
        }
      out.set(name, first);
      continue;
    }
    ++averaged;
    const auto found = first.numel() > 0 ? done.find(key) : done.end();
    if (found != done.end() && found->second.shape() == first.shape() && found->second.dtype() == first.dtype()) {
      out.set(name, found->second);
      continue;
    }
    const Tensor made = combined(tensors, weights);
    if (first.numel() > 0) done.try_emplace(std::move(key), made);
    out.set(name, made);
  }
  said.push_back(
      str(grouped(averaged), averaged == 1 ? " tensor" : " tensors", " averaged over ", states.size(), " files"));
  if (!differing.empty())
    said.push_back(str(grouped(differing.size()), " of ", grouped(kept),
                       " tensors of integers are not the same in all files; those of ", files[0], " are kept:") +
                   listed(differing));
  if (!states[0].others().empty()) {  // what is no tensor goes along
    Value all = out;
    for (const auto& [name, v] : states[0].others()) all.set(name, v);
    return StateDict(all);
  }
  return out;
}

}  // namespace harker::cli
