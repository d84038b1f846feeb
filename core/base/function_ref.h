// FunctionRef: any callable, by reference, as the parameter of a function that lives in the library: a template there
// would be compiled by every user, and <functional> costs each of their files a quarter of a second.
#pragma once
#include <memory>
#include <type_traits>
#include <utility>

#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {

template <class Signature>
class FunctionRef;

/// What it refers to must outlive it: for parameters, not for members. The callable's result is converted to R, also
/// where that takes an explicit conversion (a std::string_view becomes a std::string).
template <class R, class... A>
class FunctionRef<R(A...)> {
 public:
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> && std::is_invocable_v<F&, A...>) FunctionRef(F&& f)
      : call_([](Target to, A... a) -> R {
          using Callable = std::remove_reference_t<F>;
          if constexpr (std::is_function_v<Callable>)
            return static_cast<R>(reinterpret_cast<Callable*>(to.function)(std::forward<A>(a)...));
          else
            return static_cast<R>((*static_cast<Callable*>(to.object))(std::forward<A>(a)...));
        }) {
    if constexpr (std::is_function_v<std::remove_reference_t<F>>)
      to_.function = reinterpret_cast<void (*)()>(&f);
    else
      to_.object = const_cast<void*>(static_cast<const void*>(std::addressof(f)));
  }
  R operator()(A... a) const { return call_(to_, std::forward<A>(a)...); }

 private:
  union Target {
    void* object;
    void (*function)();  // has no address that a void* could hold
  };
  Target to_;
  R (*call_)(Target, A...);
};

}  // namespace harker
