// Running a model for export, and what the recordings say together.
#include <harker/serialize/onnx/export_runs.h>

#include <algorithm>
#include <cstring>

#include <harker/core/base/backtrace.h>
#include <harker/core/base/text.h>
#include <harker/core/ops/ops.h>

namespace harker::onnx {

using detail::str;
using detail::throw_error;
using Kind = detail::TracedArgument::Kind;

namespace {

/// n slices of x along d, beginning with slice `from`, around its end; floating-point numbers somewhat changed.
Tensor varied(const Tensor& x, int d, std::int64_t n, std::int64_t from) {
  const std::int64_t have = x.size(d);
  std::vector<std::int64_t> at(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < at.size(); ++i) at[i] = (static_cast<std::int64_t>(i) + from) % have;
  const Tensor z = index_select(x, d, from_vector(at, {n}));
  return from > 0 && x.is_floating_point() ? z * (1 - 0.0625 * static_cast<double>(from)) : z;
}

bool bytes_equal(const Tensor& a, const Tensor& b) {
  const Tensor x = a.contiguous(), y = b.contiguous();
  return x.dtype() == y.dtype() && x.shape() == y.shape() &&
         (x.numel() == 0 || std::memcmp(x.raw(), y.raw(), x.nbytes()) == 0);
}

bool equal_arguments(const RecordedArgument& a, const RecordedArgument& b) {
  const bool same_number = a.number == b.number || (a.number != a.number && b.number != b.number);
  return same_number && a.integer == b.integer && a.list == b.list && a.text == b.text;
}

}  // namespace

Runs::Runs(const detail::ExportedModel& model, const std::vector<Tensor>& given, const OnnxExportOptions& options)
    : state_(model.state), input_count_(given.size()) {
  const int d = options.batch_dim;
  std::vector<Tensor> first;
  for (const Tensor& t : given) first.push_back(t.detach());
  bool any = false;
  std::int64_t n = 0;
  for (const Tensor& t : first) {
    const bool has = options.dynamic_batch && d >= 0 && t.dim() > d && t.size(d) > 0;
    if (has && !any) n = t.size(d), sized_input_ = static_cast<int>(dynamic_.size());
    any = any || has;
    dynamic_.push_back(has && t.size(d) == n);
  }
  if (options.dynamic_batch && !any)
    throw_error<ShapeError>("export_onnx: no input has a dimension ", d,
                            " (batch_dim) of at least one element; "
                            "dynamic_batch = false makes all sizes fixed");
  // A size of 1 is a case of its own for squeeze and broadcasting: the recordings begin with 2.
  const std::int64_t least = std::max<std::int64_t>(n, 2);
  n_ = any ? std::vector<std::int64_t>{least, least + 1, 2 * least + 3} : std::vector<std::int64_t>{0, 0, 0};
  for (std::size_t r = 0; r < n_.size(); ++r) {
    inputs_.emplace_back();
    for (std::size_t i = 0; i < first.size(); ++i) {
      const Tensor& t = first[i];
      const auto other = static_cast<std::int64_t>(r);
      inputs_[r].push_back(dynamic_[i]                                             ? varied(t, d, n_[r], other)
                           : t.dim() > 0 && t.size(0) > 0 && t.is_floating_point() ? varied(t, 0, t.size(0), other)
                                                                                   : t.clone());
    }
  }
  model.run(inputs_[0]);  // what a model makes at its first use is there after this
  for (std::size_t r = 0; r < n_.size(); ++r) run(model, r);
  compare();
  find_live();
}

void Runs::run(const detail::ExportedModel& model, std::size_t which) {
  OpTrace& trace = traces_.emplace_back(inputs_[which]);
  const std::vector<Tensor> out = model.run(inputs_[which]);
  outputs_.emplace_back();
  for (const Tensor& t : out) {
    if (!t.defined()) throw_error<TypeError>("export_onnx: an output of the model is undefined");
    outputs_.back().push_back(trace.number_of(t, "the model's output"));
  }
  trace.end();
  if (const int t = trace.written_to(); t >= 0)
    throw_error<Error>("export_onnx: a tensor of ", trace.tensors()[static_cast<std::size_t>(t)].shape,
                       " was written during the run by way of its address (data), which is not recorded");
}

std::string Runs::last_weight(int op) const {
  for (int i = op; i >= 0; --i)
    for (int t : this->op(i).inputs) {
      if (t < 0 || tensor(t).made_by != RecordedTensor::kOutside) continue;
      for (const auto& [name, weight] : state_)
        if (weight.shares_storage(tensor(t).tensor)) return name;
    }
  return "";
}

std::string Runs::place(int op) const {
  if (op < 0) return "the model's output";
  const RecordedOp& o = this->op(op);
  std::string s = str("operation ", op, ", ", o.name);
  if (const std::string weight = last_weight(op); !weight.empty()) s += ", near " + weight;
  int named = 0;
  const char* before = ", called by ";
  for (const std::string& f : detail::function_names(o.callers, 60)) {
    if (f.find("harker::FunctionRef<") != std::string::npos) break;  // from here on it is the export
    const bool inner = f.find("harker::detail::") != std::string::npos ||
                       f.find("harker::(anonymous") != std::string::npos ||
                       f.find("harker::export_onnx") != std::string::npos || f.starts_with("_Z");
    if (inner || (named == 0 && f.find("harker::" + o.name + "(") != std::string::npos)) continue;
    s += before + f;
    before = " < ";
    if (++named == 3) break;
  }
  return s;
}

void Runs::compare() const {
  const OpTrace& a = first();
  for (std::size_t r = 1; r < traces_.size(); ++r) {
    const OpTrace& b = traces_[r];
    const std::string sizes =
        n_[r] == n_[0] ? std::string("with other numbers") : str("with a batch of ", n_[r], " and with one of ", n_[0]);
    const std::size_t common = std::min(a.ops().size(), b.ops().size());
    for (std::size_t i = 0; i < common; ++i) {
      const RecordedOp &x = a.ops()[i], &y = b.ops()[i];
      bool same = x.name == y.name && x.inputs == y.inputs && x.outputs == y.outputs &&
                  x.arguments.size() == y.arguments.size();
      for (std::size_t k = 0; same && k < x.arguments.size(); ++k)
        same = x.arguments[k].kind == y.arguments[k].kind && x.arguments[k].list.size() == y.arguments[k].list.size();
      for (std::size_t k = 0; same && k < x.outputs.size(); ++k) {
        if (x.outputs[k] < 0) continue;
        const auto t = static_cast<std::size_t>(x.outputs[k]);
        same = a.tensors()[t].shape.rank() == b.tensors()[t].shape.rank() &&
               a.tensors()[t].tensor.dtype() == b.tensors()[t].tensor.dtype();
      }
      if (!same)
        throw_error<Error>("export_onnx: run again ", sizes, ", the model does something else: ", y.name,
                           " in place of ", place(static_cast<int>(i)), "; what it does must not depend on its input");
    }
    if (a.ops().size() != b.ops().size() || outputs_[r] != outputs_[0])
      throw_error<Error>("export_onnx: run again ", sizes, ", the model does ", b.ops().size(),
                         " operations in place of ", a.ops().size(), "; what it does must not depend on its input");
  }
}

template <class F>
std::optional<Dim> Runs::solve(const F& of) const {
  std::vector<std::int64_t> v;
  for (const OpTrace& t : traces_) v.push_back(of(t));
  if (v[0] == v[1] && v[1] == v[2]) return Dim{0, v[0]};
  if (n_[0] == n_[1] || (v[1] - v[0]) % (n_[1] - n_[0]) != 0) return std::nullopt;
  Dim d{(v[1] - v[0]) / (n_[1] - n_[0]), 0};
  d.c = v[0] - d.k * n_[0];
  if (d.k * n_[2] + d.c != v[2]) return std::nullopt;
  return d;
}

std::optional<Dim> Runs::dim(int tensor, int d) const {
  return solve([&](const OpTrace& t) { return t.tensors()[static_cast<std::size_t>(tensor)].shape[d]; });
}
std::optional<Dim> Runs::whole(int op, std::size_t k) const {
  return solve([&](const OpTrace& t) { return t.ops()[static_cast<std::size_t>(op)].arguments[k].integer; });
}
std::optional<Dim> Runs::listed(int op, std::size_t k, std::size_t i) const {
  return solve([&](const OpTrace& t) { return t.ops()[static_cast<std::size_t>(op)].arguments[k].list[i]; });
}
std::vector<double> Runs::numbers(int op, std::size_t k) const {
  std::vector<double> v;
  for (const OpTrace& t : traces_) v.push_back(t.ops()[static_cast<std::size_t>(op)].arguments[k].number);
  return v;
}
std::vector<std::int64_t> Runs::sizes(int tensor, int d) const {
  std::vector<std::int64_t> v;
  for (const OpTrace& t : traces_) v.push_back(t.tensors()[static_cast<std::size_t>(tensor)].shape[d]);
  return v;
}
bool Runs::same(int op, std::size_t k) const {
  const auto at = static_cast<std::size_t>(op);
  return std::all_of(traces_.begin(), traces_.end(), [&](const OpTrace& t) {
    return equal_arguments(t.ops()[at].arguments[k], first().ops()[at].arguments[k]);
  });
}

void Runs::find_live() {
  const OpTrace& a = first();
  live_.assign(a.tensors().size(), false);
  for (std::size_t t = 0; t < a.tensors().size(); ++t) live_[t] = a.tensors()[t].made_by == RecordedTensor::kInput;
  for (int i = 0; i < op_count(); ++i) {
    const RecordedOp& o = op(i);
    bool live = std::any_of(o.inputs.begin(), o.inputs.end(),
                            [&](int t) { return t >= 0 && live_[static_cast<std::size_t>(t)]; });
    for (std::size_t k = 0; !live && k < o.arguments.size(); ++k) live = !same(i, k);
    for (int t : o.outputs)
      for (int d = 0; !live && t >= 0 && d < tensor(t).shape.rank(); ++d) {
        const std::optional<Dim> size = dim(t, d);
        live = !size || !size->fixed();
      }
    live_ops_.push_back(live);
    for (int t : o.outputs)
      if (live && t >= 0) live_[static_cast<std::size_t>(t)] = true;
  }
}

void Runs::check_constant(int t, int op) const {
  if (checked_.empty()) checked_.resize(live_.size());
  std::vector<std::pair<int, int>> all{{t, op}};  // and what they were made of: a list, for a chain may be long
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (const auto at = static_cast<std::size_t>(all[i].first); checked_[at]) {
      all[i] = {-1, -1};
      continue;
    } else {
      checked_[at] = true;
    }
    if (const int by = tensor(all[i].first).made_by; by >= 0)
      for (int in : this->op(by).inputs)
        if (in >= 0) all.emplace_back(in, by);
  }
  std::sort(all.begin(), all.end());  // the first that differs is the one to name
  for (const auto& [one, user] : all)
    if (one >= 0) check_one(one, user);
}

void Runs::check_one(int t, int op) const {
  const auto at = static_cast<std::size_t>(t);
  const RecordedTensor& a = tensor(t);
  for (const OpTrace& trace : traces_) {
    const RecordedTensor& b = trace.tensors()[at];
    const bool same = a.made_by == RecordedTensor::kOutside
                          ? a.tensor.shares_storage(b.tensor) && a.version == b.version && a.shape == b.shape &&
                                a.strides == b.strides && a.tensor.storage_offset() == b.tensor.storage_offset() &&
                                a.hash == b.hash
                          : bytes_equal(a.tensor, b.tensor);
    if (same) continue;
    if (a.made_by == RecordedTensor::kOutside)
      throw_error<Error>(
          "export_onnx: ", place(op), ": it is given a tensor of ", a.shape,
          " that something not recorded made or changed during the run (random numbers, another thread, a "
          "function without a form for export): it may depend on the input");
    throw_error<Error>("export_onnx: ", place(op), ": it is given a result of operation ", a.made_by, ", ",
                       this->op(a.made_by).name,
                       ", that is not the same when the model is run again: it depends on "
                       "something that is not recorded");
  }
}

}  // namespace harker::onnx
