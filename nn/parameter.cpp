// What an assignment to a parameter or buffer does to its module's registry.
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/nn/module.h>

namespace harker::detail {

Registered::Registered(const Registered& o) noexcept : Tensor(o), slot_(o.slot_) { Cloning::replace(*this); }

void Registered::become(const Registered& o, Kind kind, bool moved) {
  if (!slot_) {
    Tensor::operator=(o);
    slot_ = o.slot_;
    return;
  }
  if (is(o)) return;
  const char* const what = kind == Kind::buffer ? "buffer" : "parameter";
  if (moved && o.slot_) {
    throw_error<Error>(
        "a registered ", what,
        " was moved into another one, as by std::swap, by erase() or insert() in a "
        "std::vector, or by `a.w = std::move(b.w)`: that would tie the two. To tie them, write `a.w = b.w`; "
        "to exchange one, `a.w = nn::",
        kind == Kind::buffer ? "Buffer" : "Parameter",
        "(t)`; a vector of registered ones grows and shrinks at its end only");
  }
  if (const std::uint32_t handles = slot_->refs.count(); handles > 2) {  // more than this and the registry's
    const std::uint32_t others = handles - 2;
    throw_error<Error>(
        "assignment to a registered ", what, " that has ", others, others == 1 ? " handle" : " handles",
        " more (in copies of its module, or as a nn::Parameter or nn::Buffer elsewhere), which would keep "
        "the old tensor: assign before the module is copied or given to another, hold local copies as "
        "Tensor, or write numbers instead, { NoGradGuard no_grad; member.copy_(t); }");
  }
  Tensor made = o;
  if (o.defined() && o.requires_grad() && (kind == Kind::buffer || !o.is_leaf())) {
    throw_error<GradError>("assignment to a registered ", what, ": the tensor ",
                           o.is_leaf()
                               ? "requires grad, and nothing trains a buffer"
                               : "was computed from others that require grad, and what a module keeps has no history",
                           "; assign its detach()");
  }
  if (o.defined() && o.impl().in_block) {  // see Module::register_parameter
    made = o.detach();
    if (o.requires_grad()) made.requires_grad_();
  }
  slot_->tensor = made;
  Tensor::operator=(std::move(made));
}

void Registered::copy_numbers(const Tensor& t) {
  if (!defined())
    throw_error<Error>(
        "a plain tensor was assigned to a parameter that does not exist; assign nn::Parameter(t) to make one");
  if (is_grad_enabled()) {
    throw_error<GradError>(
        "a plain tensor was assigned to a parameter, which it would not be trained as: assign nn::Parameter(t) to "
        "exchange it, or assign under a NoGradGuard, which copies the numbers");
  }
  if (!(t.shape() == shape()))
    throw_error<ShapeError>("assignment to a parameter of ", shape(), ": the tensor has the shape ", t.shape());
  copy_(t);
}

}  // namespace harker::detail
