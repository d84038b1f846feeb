// Runs: a model run three times while its operations are recorded, with three batch sizes and other numbers, and the
// recordings beside one another. What differs in them depends on the batch's size: a number that is k n + c in all
// three is written down as that; any other difference is an error that names the operation. What is a constant must be
// the same memory, unchanged, in all of them (or, where an operation made it, the same bytes). Internal.
#pragma once
#include <deque>
#include <optional>

#include <harker/core/autograd/record/op_trace.h>
#include <harker/serialize/onnx.h>

namespace harker::onnx {

using detail::OpTrace;
using detail::RecordedArgument;
using detail::RecordedOp;
using detail::RecordedTensor;

/// k n + c for a batch of n.
struct Dim {
  std::int64_t k = 0, c = 0;
  bool fixed() const { return k == 0; }
  bool operator==(const Dim&) const = default;
};

class Runs {
 public:
  Runs(const detail::ExportedModel& model, const std::vector<Tensor>& inputs, const OnnxExportOptions& options);

  /// The first run; the others have as many operations and tensors, by the same numbers.
  const OpTrace& first() const { return traces_.front(); }
  const RecordedOp& op(int i) const { return first().ops()[static_cast<std::size_t>(i)]; }
  const RecordedTensor& tensor(int t) const { return first().tensors()[static_cast<std::size_t>(t)]; }
  int op_count() const { return static_cast<int>(first().ops().size()); }
  const std::vector<int>& outputs() const { return outputs_.front(); }
  std::size_t input_count() const { return input_count_; }
  bool is_dynamic_input(int t) const { return dynamic_[static_cast<std::size_t>(t)]; }
  /// The input that the batch's size is read from.
  int sized_input() const { return sized_input_; }

  /// Does it depend on the inputs, or on the batch's size? Then it is computed in the file, else a constant of it.
  bool live(int tensor) const { return live_[static_cast<std::size_t>(tensor)]; }
  bool live_op(int op) const { return live_ops_[static_cast<std::size_t>(op)]; }
  /// Error unless a tensor that is not live is the same in all runs; `op` uses it.
  void check_constant(int tensor, int op) const;
  void check_one(int tensor, int op) const;

  /// Nothing where the numbers are no k n + c.
  std::optional<Dim> dim(int tensor, int d) const;
  std::optional<Dim> whole(int op, std::size_t argument) const;
  std::optional<Dim> listed(int op, std::size_t argument, std::size_t i) const;
  /// The number of each run.
  std::vector<double> numbers(int op, std::size_t argument) const;
  std::vector<std::int64_t> sizes(int tensor, int d) const;
  bool same(int op, std::size_t argument) const;

  /// "operation 7, sort, near fc1.weight, called by f < g"
  std::string place(int op) const;

 private:
  /// The name of the state dict's tensor that was used last.
  std::string last_weight(int op) const;
  void run(const detail::ExportedModel& model, std::size_t which);
  void compare() const;
  void find_live();
  template <class F>
  std::optional<Dim> solve(const F& of) const;

  const StateDict& state_;
  std::vector<std::vector<Tensor>> inputs_;  // of each run
  std::vector<std::int64_t> n_;
  std::deque<OpTrace> traces_;
  std::vector<std::vector<int>> outputs_;
  std::size_t input_count_;
  std::vector<bool> dynamic_, live_, live_ops_;
  mutable std::vector<bool> checked_;
  int sized_input_ = -1;
};

}  // namespace harker::onnx
