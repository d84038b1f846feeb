// Changes in place: x = f(x), written into x's memory. Internal.
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

bool records_change(const Tensor& x, const char* op, std::initializer_list<const Tensor*> sources = {},
                    bool distinct = true);
Tensor& record_change(Tensor& x, const char* op, const NewValue& f);
Tensor& write_change(Tensor& x, const char* op, const NewValue& f);

template <class... S>
Tensor& change_in_place(Tensor& x, const char* op, const NewValue& f, const S&... sources) {
  return records_change(x, op, {&sources...}) ? record_change(x, op, f) : write_change(x, op, f);
}

}  // namespace detail
}  // namespace harker
