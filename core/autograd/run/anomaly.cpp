// What anomaly mode says when a gradient goes wrong.
#include <harker/core/autograd/run/anomaly.h>

#include <typeinfo>

#include <harker/core/autograd/record/node_meta.h>
#include <harker/core/autograd/record/trace.h>
#include <harker/core/base/backtrace.h>
#include <harker/core/base/text.h>
#include <harker/core/tensor/mode.h>

namespace harker::detail {

namespace {

constexpr std::size_t kShown = 12;

std::string described(const Tensor& t) { return str(name(t.dtype()), " ", t.shape()); }

/// Frames of the machinery between the op's function and what recorded it.
bool inside_apply(const std::string& function) {
  for (const char* part : {"harker::detail::", "harker::apply<"})
    if (function.find(part) != std::string::npos) return true;
  return false;
}
bool outside_main(const std::string& function) {
  for (const char* part : {"__libc_start", "_start", "start_thread", "clone"})
    if (function.starts_with(part)) return true;
  return false;
}

/// "; its forward got ... and was called by ...", or that nothing is known of it.
std::string origin(const Node& n) {
  const Trace* trace = n.meta ? n.meta->trace.get() : nullptr;
  if (!trace) return "; where its forward was called is not known: turn anomaly mode on before the forward pass";
  std::string text =
      str("; its forward got ", trace->inputs.empty() ? "no tensor" : trace->inputs, " and was called by");
  std::size_t shown = 0;
  bool machinery = true;
  for (const std::string& function : function_names(trace->callers)) {
    machinery = machinery && inside_apply(function);
    if (machinery) continue;
    if (outside_main(function) || shown == kShown) break;
    text += "\n    " + function;
    ++shown;
  }
  return text;
}

template <class T>
bool any_nan(const T* p, std::int64_t n) {
  bool found = false;
  for (std::int64_t i = 0; i < n; ++i) found |= p[i] != p[i];
  return found;
}

}  // namespace

bool holds_nan(const Tensor& t) {
  ModeScope off(false);
  const Tensor x = t.contiguous();
  switch (x.dtype()) {
    case DType::float32: return any_nan(static_cast<const float*>(x.raw()), x.numel());
    case DType::float64: return any_nan(static_cast<const double*>(x.raw()), x.numel());
    case DType::complex64: return any_nan(static_cast<const float*>(x.raw()), 2 * x.numel());
    case DType::complex128: return any_nan(static_cast<const double*>(x.raw()), 2 * x.numel());
    default: return is_floating_point(x.dtype()) && holds_nan(x.to(DType::float32));
  }
}

void check_arrived(const Node& n, const Node& op, const Tensor& dz) {
  if (dz.defined() && holds_nan(dz))
    throw_error<GradError>("backward: the gradients that met at the output of ", n.name(), ", ", dz.shape(),
                           ", add up to NaN", origin(op));
}

namespace {

/// The gradients that n's backward has just made.
void check_made(const Node& n, const Tensor& dz, const Tensor* grads) {
  for (std::uint32_t i = 0; i < n.inputs; ++i) {
    if (!n.edges[i].needed() || !grads[i].defined() || !holds_nan(grads[i])) continue;
    throw_error<GradError>("backward of ", n.name(), ": it made NaN in the gradient of its input ", i, ", ",
                           described(grads[i]), ", from a gradient of its output ",
                           dz.defined() ? str(dz.shape(), " ") : std::string(), "that held none", origin(n));
  }
}

}  // namespace

Grads run_in_anomaly_mode(Node& n, const Tensor& dz) {
  check_arrived(n, n, dz);
  const auto more = [&](const Error& e) { return str(e.what(), origin(n)); };
  const auto run = [&] {
    try {
      return n.run(dz);
    } catch (const GradError& e) { throw GradError(more(e)); } catch (const ShapeError& e) {
      throw ShapeError(more(e));
    } catch (const TypeError& e) { throw TypeError(more(e)); } catch (const Error& e) {
      if (typeid(e) == typeid(Error)) throw Error(more(e));
      throw;
    }
  };
  Grads grads = run();
  check_made(n, dz, grads.data());
  return grads;
}

}  // namespace harker::detail
