// Changes in place: x = f(x), written into x's memory. Every function that ends in `_` goes through change_in_place,
// or, where it has a faster way when nothing is recorded, asks records_change first:
//
//   Tensor& Tensor::exp_() {
//     return detail::change_in_place(*this, "exp_", [](const Tensor& x) { return exp(x); });
//   }
//   Tensor& Tensor::add_(const Tensor& o) {
//     if (detail::records_change(*this, "add_", {&o}))
//       return detail::changed(*this, "add_", [](const Tensor& x, const Tensor& y) { return x + y; }, o);
//     ... its kernel, and ++version
//   }
//
// What is recorded is f, out of place, on a copy of the old value; the tensor then takes over the history of f's result
// (and its base, when it is a view: core/autograd/record/view_history.h). So any f will do, saved tensors are never those that
// are overwritten, and nothing has changed when f throws. Internal.
#pragma once
#include <initializer_list>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {
namespace detail {

/// A function from the old value to the new one, by reference.
class NewValue {
 public:
  template <class F>
  NewValue(const F& f)
      : object_(&f), call_([](const void* o, const Tensor& x) { return Tensor((*static_cast<const F*>(o))(x)); }) {}
  Tensor operator()(const Tensor& x) const { return call_(object_, x); }

 private:
  const void* object_;
  Tensor (*call_)(const void*, const Tensor&);
};

/// Must autograd record a change of x by these sources? GradError where that cannot be (a leaf that requires grad, a
/// view of one, a view made under a NoGradGuard) and where a tensor of InferenceMode would be changed outside it;
/// ShapeError when x repeats elements and `distinct` asks that it does not.
bool records_change(const Tensor& x, const char* op, std::initializer_list<const Tensor*> sources = {},
                    bool distinct = true);
/// x = f(x), recorded.
Tensor& record_change(Tensor& x, const char* op, const NewValue& f);
/// x = f(x), not recorded.
Tensor& write_change(Tensor& x, const char* op, const NewValue& f);

/// src with x's shape, for reading: a view with strides of 0 where it is repeated. ShapeError when it does not
/// broadcast.
Tensor expanded(const Tensor& src, const Tensor& x, const char* op);

/// x = f(x). The sources are the tensors that f takes besides; one that shares x's memory is read as it was before.
template <class... S>
Tensor& change_in_place(Tensor& x, const char* op, const NewValue& f, const S&... sources) {
  return records_change(x, op, {&sources...}) ? record_change(x, op, f) : write_change(x, op, f);
}

/// A function of the old value and up to two sources, by reference.
class Change {
 public:
  template <class F>
  Change(const F& f)
      : object_(&f), call_([](const void* o, const Tensor& x, const Tensor& a, const Tensor& b) {
          const F& g = *static_cast<const F*>(o);
          if constexpr (std::is_invocable_v<const F&, const Tensor&>)
            return Tensor(g(x));
          else if constexpr (std::is_invocable_v<const F&, const Tensor&, const Tensor&>)
            return Tensor(g(x, a));
          else
            return Tensor(g(x, a, b));
        }) {}
  Tensor operator()(const Tensor& x, const Tensor& a, const Tensor& b) const { return call_(object_, x, a, b); }

 private:
  const void* object_;
  Tensor (*call_)(const void*, const Tensor&, const Tensor&, const Tensor&);
};
/// x = f(x, a, b). A source that shares x's memory is copied where backward would find it changed.
Tensor& changed(Tensor& x, const char* op, const Change& f, const Tensor& a = {}, const Tensor& b = {});

}  // namespace detail
}  // namespace harker
