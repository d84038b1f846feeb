// A Sink that keeps the bytes.
#include <harker/core/base/text.h>
#include <harker/serialize/io/sink.h>

namespace harker HARKER_PUBLIC {
namespace io {

Sink& Sink::beside(std::string_view name) {
  detail::throw_error<Error>("save: a second file, ", detail::quoted(name),
                             ", would be written beside this one, which has no "
                             "folder: save to a path");
}

void MemorySink::write(ByteView data) {
  data_.insert(data_.end(), data.begin(), data.end());
  position_ += data.size();
}

}  // namespace io
}  // namespace harker
