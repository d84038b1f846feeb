// A Sink that keeps the bytes.
#include <harker/serialize/io/sink.h>

namespace harker HARKER_PUBLIC {
namespace io {

void MemorySink::write(ByteView data) {
  data_.insert(data_.end(), data.begin(), data.end());
  position_ += data.size();
}

}  // namespace io
}  // namespace harker
