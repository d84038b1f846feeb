// Changes in place, not recorded.
#include <harker/core/ops/in_place.h>

#include <harker/core/ops/common.h>

namespace harker::detail {

bool records_change(const Tensor& x, const char* op, std::initializer_list<const Tensor*> sources, bool distinct) {
  check_in_place(x, op);
  for (const Tensor* s : sources)
    if (grad_enabled && s->defined() && s->requires_grad())
      throw GradError(str(op, ": the source requires grad and changes in place are not recorded; detach() it"));
  if (distinct) check_distinct(x, op);
  return false;
}
Tensor& record_change(Tensor& x, const char* op, const NewValue& f) { return write_change(x, op, f); }
Tensor& write_change(Tensor& x, const char*, const NewValue& f) {
  const ModeScope off(false);
  return x.copy_(f(x));
}

}  // namespace harker::detail
