// TracedCall: what an operation tells the recording of this thread (op_trace.h), if there is one. While there is, apply
// (op.h) takes its long way, and so do the functions that compute without apply: comparisons, places, factories. Each
// hands over its name, its arguments by reference and its results; what happens inside it is its own business and is
// not recorded. Without a recording nothing is paid: apply asks for the thread's modes anyway.
#pragma once
#include <optional>
#include <span>
#include <string_view>

#include <harker/core/autograd/record/signature.h>
#include <harker/core/tensor/mode.h>

namespace harker HARKER_PUBLIC {
namespace detail {

/// Is this thread's recording to see what is called here? Not inside an operation.
inline bool exporting() noexcept {
  const Modes& m = modes();
  return (m.tracing & kExporting) != 0 && m.grad;
}

/// One argument, by reference.
struct TracedArgument {
  enum class Kind : std::uint8_t {
    opaque,  ///< of a type that says nothing of itself: an operation that needs it to be known cannot be exported
    tensor,
    tensors,
    integer,  ///< of `count` bytes
    natural,  ///< of `count` bytes, unsigned
    real,
    scalar,
    bound,  ///< std::optional<Scalar>
    dtype,
    shape,
    text,
    numbers  ///< a struct whose list() gives its integers
  };
  Kind kind;
  const void* at;
  std::size_t count = 0;
  Shape (*list)(const void*) = nullptr;
};

template <class T>
TracedArgument argument_of(const T& v) {
  using Kind = TracedArgument::Kind;
  if constexpr (is_tensor<T>)
    return {Kind::tensor, static_cast<const Tensor*>(&v)};
  else if constexpr (is_list<T>)
    return {Kind::tensors, std::span<const Tensor>(v).data(), std::span<const Tensor>(v).size()};
  else if constexpr (std::is_same_v<T, DType>)
    return {Kind::dtype, &v};
  else if constexpr (std::is_enum_v<T> || std::is_same_v<T, bool>)
    return {Kind::natural, &v, sizeof(T)};
  else if constexpr (std::is_integral_v<T>)
    return {std::is_signed_v<T> ? Kind::integer : Kind::natural, &v, sizeof(T)};
  else if constexpr (std::is_same_v<T, double>)
    return {Kind::real, &v};
  else if constexpr (std::is_same_v<T, Scalar>)
    return {Kind::scalar, &v};
  else if constexpr (std::is_same_v<T, std::optional<Scalar>>)
    return {Kind::bound, &v};
  else if constexpr (std::is_same_v<T, Shape>)
    return {Kind::shape, &v};
  else if constexpr (std::is_same_v<T, std::string_view>)
    return {Kind::text, v.data(), v.size()};
  else if constexpr (requires { v.numbers(); })
    return {Kind::numbers, &v, 0, [](const void* p) { return static_cast<const T*>(p)->numbers(); }};
  else if constexpr (requires { numbers_of(v); })  // found where the operation is
    return {Kind::numbers, &v, 0, [](const void* p) { return numbers_of(*static_cast<const T*>(p)); }};
  else
    return {Kind::opaque, &v};
}

/// One call, from before it computes until its results are there; meanwhile nothing is recorded.
class TracedCall {
 public:
  template <std::size_t n>
  explicit TracedCall(const TracedArgument (&arguments)[n]) : TracedCall(arguments, n) {}
  TracedCall(const TracedArgument* arguments, std::size_t count);
  ~TracedCall();
  TracedCall(const TracedCall&) = delete;
  TracedCall& operator=(const TracedCall&) = delete;

  /// `written`: which of the tensors among the arguments is a result too, the last one; -1: none.
  template <class R>
  void returned(const char* name, const R& z, int written = -1) {
    called(name);
    if constexpr (is_tensor<R>)
      result(z);
    else if constexpr (requires { z.counts; })
      result(z.output), result(z.inverse), result(z.counts);
    else if constexpr (requires { z.indices; })
      result(z.values), result(z.indices);
    else if constexpr (requires { z.begin(); })
      for (const Tensor& t : z) result(t);
    else
      std::apply([&](const auto&... t) { (result(t), ...); }, z);
    if (written >= 0) wrote(written);
  }

 private:
  void called(const char* name);
  void result(const Tensor& t);
  void wrote(int number);

  const TracedArgument* arguments_;
  std::size_t count_;
  std::uint16_t tracing_;
  bool grad_;
};

/// f(), as one operation of this name and these arguments. For functions that do not go through apply:
///   if (exporting()) [[unlikely]] return seen("nonzero", [&] { return nonzero(x); }, x);
template <class F, class... A>
[[gnu::cold, gnu::noinline]] auto seen(const char* name, const F& f, const A&... arguments) {
  const TracedArgument list[] = {argument_of(arguments)...};
  TracedCall call(list);
  auto z = f();
  call.returned(name, z);
  return z;
}
/// z, which was made of these arguments and of nothing else.
template <class... A>
Tensor made(const char* name, Tensor z, const A&... arguments) {
  if (exporting()) [[unlikely]]
    return seen(
        name, [&] { return z; }, arguments...);
  return z;
}

/// x is about to be changed in place into r, which was computed from it: the recording's names for both.
class TracedChange {
 public:
  TracedChange(const Tensor& x, const Tensor& r);
  void done(const Tensor& x);

 private:
  int value_;
};

/// The program reads x's elements. Only what does not depend on the inputs of a recording may be read.
void note_read(const Tensor& x, const char* how);

}  // namespace detail
}  // namespace harker
