// Signature: what the declaration of an op's forward says of it: which of its arguments are tensors, what the others are,
// and whether it takes the plain way (op.h) or the long one (multi_output.h).
#pragma once
#include <concepts>
#include <span>
#include <tuple>
#include <type_traits>

#include <harker/core/autograd/record/node.h>

namespace harker HARKER_PUBLIC {
namespace detail {

template <class T>
inline constexpr bool is_tensor = std::derived_from<std::remove_cvref_t<T>, Tensor>;
template <class T>
inline constexpr bool is_list = !is_tensor<T> && std::convertible_to<T, std::span<const Tensor>>;
template <class T>
inline constexpr bool is_optional_tensor = requires(const T& t) {
  t.has_value();
  requires is_tensor<decltype(*t)>;
};

template <class F>
struct ForwardSignature;
template <class R, class... A>
struct ForwardSignature<R (*)(Context&, A...)> {
  static constexpr int tensors = (int{is_tensor<A>} + ... + 0);
  static constexpr bool long_way = !is_tensor<R> || (is_list<A> || ...) || tensors > static_cast<int>(Grads::kInline);
  static constexpr bool hides_tensors = (is_optional_tensor<std::remove_cvref_t<A>> || ...);
  using Result = R;
  template <class T>
  using Kept = std::conditional_t<is_tensor<T> || is_list<T>, std::tuple<>, std::tuple<std::decay_t<T>>>;
  /// The arguments that are neither tensors nor lists of them.
  using Rest = decltype(std::tuple_cat(Kept<A>()...));
};
template <class O>
using Signature = ForwardSignature<decltype(&O::forward)>;

/// Takes the long way (multi_output.h): by its signature, or for the checks there.
template <class O>
inline constexpr bool takes_long_way = O::is_function || Signature<O>::long_way;

/// The argument v, if it belongs to Rest: a tuple of one reference, or of none.
template <class T>
auto keep(const T& v) {
  if constexpr (is_tensor<T> || is_list<T>)
    return std::tuple<>();
  else
    return std::tuple<const T&>(v);
}
/// The address of an argument that is a tensor; null for others.
template <class T>
const Tensor* tensor_of(const T& v) {
  if constexpr (is_tensor<T>)
    return &v;
  else
    return nullptr;
}

}  // namespace detail
}  // namespace harker
