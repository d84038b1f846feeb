// OpTrace: a recording of what the operations of this thread do while it lives, in order: names, arguments, results. It
// is for those who write a computation down (serialize/onnx). What it does not see it must not miss: a tensor that
// comes into an operation and is no result of one before is noted as coming from outside, with the version of its
// bytes; whoever uses the recording makes another and compares: what is a constant is the same memory, unchanged, in
// both. A change in place gives the tensor a new value; who then comes with another view of the memory is told that the
// recording does not know it (GradError).
#pragma once
#include <memory>
#include <string>
#include <vector>

#include <harker/core/autograd/record/traced_call.h>

namespace harker HARKER_PUBLIC {
namespace detail {

/// An argument that is no tensor, as it was.
struct RecordedArgument {
  TracedArgument::Kind kind =
      TracedArgument::Kind::opaque;  ///< integer for all integers; bound without a number: opaque
  double number = 0;
  std::int64_t integer = 0;
  bool is_real = false;  ///< of a Scalar
  std::vector<std::int64_t> list;
  std::string text;
};

/// A tensor of the recording.
struct RecordedTensor {
  Tensor tensor;  ///< kept: its memory is not reused for another
  Shape shape, strides;
  std::uint32_t version = 0;  ///< of its bytes, when it became known
  std::uint64_t hash = 0;     ///< of its bytes then; 0 where they do not lie in one piece
  int made_by = kOutside;     ///< the number of the operation, kOutside, or kInput
  static constexpr int kOutside = -1, kInput = -2;
};

struct RecordedOp {
  std::string name;
  std::vector<int> inputs;  ///< numbers of tensors, those of lists one by one; -1: undefined
  std::vector<RecordedArgument> arguments;
  std::vector<int> outputs;
  std::vector<void*> callers;  ///< return addresses (base/backtrace.h)
};

class OpTrace {
 public:
  /// Begins: these are the inputs. One at a time on a thread.
  explicit OpTrace(const std::vector<Tensor>& inputs);
  ~OpTrace();
  OpTrace(const OpTrace&) = delete;
  OpTrace& operator=(const OpTrace&) = delete;
  /// Nothing more is recorded.
  void end() noexcept;
  /// The first tensor whose bytes are others than they were, though no change in place was noted: written by way of
  /// their address. -1: none.
  int written_to() const;
  /// The number of a tensor that the computation returned.
  int number_of(const Tensor& t, const char* what) { return find(t, what); }

  const std::vector<RecordedTensor>& tensors() const { return tensors_; }
  const std::vector<RecordedOp>& ops() const { return ops_; }

 private:
  friend class TracedCall;
  friend class TracedChange;
  friend void note_read(const Tensor& x, const char* how);
  struct Index;
  int find(const Tensor& t, const char* op);
  int add(const Tensor& t, int made_by);
  void begin(std::span<const TracedArgument> arguments);
  RecordedOp& push(const char* name);
  void keep_values(const Tensor& x);  // what lies in x's memory, before a change of it

  std::vector<RecordedTensor> tensors_;
  std::vector<RecordedOp> ops_;
  std::vector<Tensor> kept_;  // other handles' tensors that are one of them
  RecordedOp pending_;        // between begin and done
  std::unique_ptr<Index> index_;
  std::uint16_t tracing_;
  bool grad_, ended_ = false;
};

}  // namespace detail
}  // namespace harker
