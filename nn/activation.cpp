// What layers without parameters check when they are made.
#include <harker/core/text.h>
#include <harker/nn/activation.h>
#include <harker/nn/dropout.h>

namespace harker HARKER_PUBLIC {
namespace nn {

GELU::GELU(std::string_view approximate) : Module("GELU"), by_tanh_(approximate == "tanh") {
  if (!by_tanh_ && approximate != "none") {
    throw Error(detail::str("GELU: approximate is \"none\" or \"tanh\", not ", detail::quoted(approximate)));
  }
}

Dropout::Dropout(double p) : Module("Dropout"), p_(p) {
  if (!(p >= 0 && p <= 1)) throw Error(detail::str("Dropout: p must lie in [0, 1], got ", p));
}

}  // namespace nn
}  // namespace harker
