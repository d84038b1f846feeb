// The recording of a thread: which tensor is which, and what was called.
#include <harker/core/autograd/record/op_trace.h>

#include <array>
#include <unordered_map>

#include <harker/core/base/backtrace.h>
#include <harker/core/base/hash_index.h>
#include <harker/core/base/text.h>

namespace harker HARKER_PUBLIC {
namespace detail {

namespace {
thread_local constinit OpTrace* current = nullptr;

using Kind = TracedArgument::Kind;

std::int64_t whole(const TracedArgument& a) {
  const bool is_signed = a.kind == Kind::integer;
  switch (a.count) {
    case 1: return is_signed ? *static_cast<const std::int8_t*>(a.at) : *static_cast<const std::uint8_t*>(a.at);
    case 2: return is_signed ? *static_cast<const std::int16_t*>(a.at) : *static_cast<const std::uint16_t*>(a.at);
    case 4:
      return is_signed ? *static_cast<const std::int32_t*>(a.at)
                       : static_cast<std::int64_t>(*static_cast<const std::uint32_t*>(a.at));
    default: return *static_cast<const std::int64_t*>(a.at);
  }
}

RecordedArgument recorded(const TracedArgument& a) {
  RecordedArgument r;
  r.kind = a.kind;
  const auto scalar = [&](const Scalar& s) {
    r.kind = Kind::scalar;
    r.is_real = s.is_real();
    r.number = s.to_double();
    if (!r.is_real) r.integer = s.to_int64();
  };
  switch (a.kind) {
    case Kind::integer:
    case Kind::natural:
      r.kind = Kind::integer;
      r.integer = whole(a);
      r.number = static_cast<double>(r.integer);
      break;
    case Kind::real:
      r.number = *static_cast<const double*>(a.at);
      r.is_real = true;
      break;
    case Kind::scalar: scalar(*static_cast<const Scalar*>(a.at)); break;
    case Kind::bound:
      if (const auto& b = *static_cast<const std::optional<Scalar>*>(a.at))
        scalar(*b);
      else
        r.kind = Kind::opaque;
      break;
    case Kind::dtype: r.integer = static_cast<std::int64_t>(*static_cast<const DType*>(a.at)); break;
    case Kind::shape:
    case Kind::numbers: {
      const Shape s = a.kind == Kind::shape ? *static_cast<const Shape*>(a.at) : a.list(a.at);
      r.list.assign(s.begin(), s.end());
      break;
    }
    case Kind::text: r.text.assign(static_cast<const char*>(a.at), a.count); break;
    default: break;
  }
  return r;
}

std::uint64_t hash_of(const Tensor& t) {
  const TensorImpl& p = t.impl();
  if (!p.contiguous || !p.data) return 0;
  return keyed_hash(std::string_view(static_cast<const char*>(p.data), t.nbytes()));
}

bool same_place(const RecordedTensor& r, const Tensor& t) {
  const Tensor& k = r.tensor;
  return k.dtype() == t.dtype() && k.storage_offset() == t.storage_offset() && r.shape == t.shape() &&
         r.strides == t.strides();
}
}  // namespace

struct OpTrace::Index {
  std::unordered_map<const TensorImpl*, int> by_tensor;
  std::unordered_map<const Storage*, std::vector<int>> by_storage;
};

OpTrace::OpTrace(const std::vector<Tensor>& inputs)
    : index_(std::make_unique<Index>()), tracing_(modes().tracing), grad_(modes().grad) {
  if (current) throw_error<Error>("export: another export is under way on this thread");
  for (const Tensor& t : inputs) add(t, RecordedTensor::kInput);
  current = this;
  modes().tracing = kExporting;
  modes().grad = true;
}
OpTrace::~OpTrace() { end(); }
void OpTrace::end() noexcept {
  if (std::exchange(ended_, true)) return;
  current = nullptr;
  modes().tracing = tracing_;
  modes().grad = grad_;
}

int OpTrace::add(const Tensor& t, int made_by) {
  const int n = static_cast<int>(tensors_.size());
  tensors_.push_back({t, t.shape(), t.strides(), t.version(), hash_of(t), made_by});
  index_->by_tensor[t.get()] = n;
  index_->by_storage[&t.storage()].push_back(n);
  return n;
}

int OpTrace::written_to() const {
  for (std::size_t i = 0; i < tensors_.size(); ++i)
    if (const RecordedTensor& t = tensors_[i]; t.tensor.version() == t.version && hash_of(t.tensor) != t.hash)
      return static_cast<int>(i);
  return -1;
}

int OpTrace::find(const Tensor& t, const char* op) {
  if (!t.defined()) return -1;
  const auto current_value = [&](int n) {
    if (tensors_[static_cast<std::size_t>(n)].version != t.version())
      throw_error<GradError>("export: ", op, " (operation ", ops_.size(), ") is given a tensor of ", t.shape(),
                             " whose memory was changed in place through another tensor, or by something that is not "
                             "recorded; compute a new tensor instead");
    return n;
  };
  if (const auto known = index_->by_tensor.find(t.get()); known != index_->by_tensor.end())
    return current_value(known->second);
  bool outside = true;
  if (const auto same = index_->by_storage.find(&t.storage()); same != index_->by_storage.end()) {
    for (std::size_t i = same->second.size(); i-- > 0;) {
      const int n = same->second[i];
      const RecordedTensor& r = tensors_[static_cast<std::size_t>(n)];
      outside = outside && r.made_by == RecordedTensor::kOutside;
      if (!same_place(r, t)) continue;
      current_value(n);
      kept_.push_back(t);
      return index_->by_tensor[t.get()] = n;
    }
    if (!outside)
      throw_error<GradError>(
          "export: ", op, " (operation ", ops_.size(), ") is given a tensor of ", t.shape(),
          " that views the memory of another in a way that is not recorded; make it with slice, view "
          "or another operation");
  }
  return add(t, RecordedTensor::kOutside);
}

void OpTrace::begin(std::span<const TracedArgument> arguments) {
  pending_ = {};
  const auto take = [&](const Tensor& t) { pending_.inputs.push_back(find(t, "an operation")); };
  for (const TracedArgument& a : arguments) {
    if (a.kind == Kind::tensor)
      take(*static_cast<const Tensor*>(a.at));
    else if (a.kind == Kind::tensors)
      for (std::size_t i = 0; i < a.count; ++i) take(static_cast<const Tensor*>(a.at)[i]);
    else
      pending_.arguments.push_back(recorded(a));
  }
}

RecordedOp& OpTrace::push(const char* name) {
  pending_.name = name;
  std::array<void*, 24> at;
  const std::size_t n = callers(at);
  pending_.callers.assign(at.begin(), at.begin() + static_cast<std::ptrdiff_t>(n));
  ops_.push_back(std::exchange(pending_, {}));
  return ops_.back();
}

TracedCall::TracedCall(const TracedArgument* arguments, std::size_t count)
    : arguments_(arguments), count_(count), tracing_(modes().tracing), grad_(modes().grad) {
  current->begin({arguments, count});
  modes().tracing = 0;
  modes().grad = false;
}
TracedCall::~TracedCall() {
  modes().tracing = tracing_;
  modes().grad = grad_;
}

void TracedCall::called(const char* name) { current->push(name); }

void TracedCall::result(const Tensor& t) {
  OpTrace& trace = *current;
  std::vector<int>& outputs = trace.ops_.back().outputs;
  if (!t.defined()) {
    outputs.push_back(-1);
    return;
  }
  // Returned as it came in: the same value.
  const auto known = trace.index_->by_tensor.find(t.get());
  const bool was = known != trace.index_->by_tensor.end() &&
                   trace.tensors_[static_cast<std::size_t>(known->second)].version == t.version();
  outputs.push_back(was ? known->second : trace.add(t, static_cast<int>(trace.ops_.size()) - 1));
}

void TracedCall::wrote(int number) {
  OpTrace& trace = *current;
  RecordedOp& op = trace.ops_.back();
  std::size_t k = 0;
  for (const TracedArgument& a : std::span(arguments_, count_)) {
    if (a.kind != Kind::tensor || k++ != static_cast<std::size_t>(number)) continue;
    const Tensor& t = *static_cast<const Tensor*>(a.at);
    int& before = op.inputs[k - 1];
    if (before >= 0) trace.tensors_[static_cast<std::size_t>(before)].hash = hash_of(t);
    before = -1;
    op.outputs.push_back(t.defined() ? trace.add(t, static_cast<int>(trace.ops_.size()) - 1) : -1);
  }
}

TracedChange::TracedChange(const Tensor& x, const Tensor& r) : value_(current->find(r, "a change in place")) {
  current->find(x, "a change in place");
  current->keep_values(x);
}
void OpTrace::keep_values(const Tensor& x) {
  const ModeScope off(false);
  for (int n : index_->by_storage[&x.storage()]) {
    RecordedTensor& r = tensors_[static_cast<std::size_t>(n)];
    if (r.made_by < 0 || r.version != r.tensor.version()) continue;
    kept_.push_back(r.tensor);  // its address stays its own
    r.tensor = r.tensor.clone();
    r.hash = hash_of(r.tensor);
  }
}
void TracedChange::done(const Tensor& x) {
  OpTrace& trace = *current;
  trace.pending_ = {};
  trace.pending_.inputs.push_back(value_);
  RecordedOp& op = trace.push("clone");
  op.outputs.push_back(trace.add(x, static_cast<int>(trace.ops_.size()) - 1));
}

void note_read(const Tensor& x, const char* how) {
  if (!(modes().tracing & kExporting) || !current) return;
  OpTrace& trace = *current;
  trace.pending_ = {};
  trace.pending_.inputs.push_back(trace.find(x, how));
  trace.push(how);
}

}  // namespace detail

}  // namespace harker
