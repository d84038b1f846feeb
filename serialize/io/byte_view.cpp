// The error of ByteCursor: the only thing about it that is not inline.
#include <harker/core/base/text.h>
#include <harker/serialize/io/byte_view.h>

namespace harker HARKER_PUBLIC {
namespace io {

void ByteCursor::short_of(std::uint64_t n) const {
  detail::throw_error<FormatError>(what_, " at ", pos_, ": needs ", n, n == 1 ? " byte, " : " bytes, ", left(),
                                   left() == 1 ? " is left" : " are left", " (it ends early)");
}

}  // namespace io
}  // namespace harker
