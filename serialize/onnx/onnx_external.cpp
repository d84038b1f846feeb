// Where external data lies, as torch.onnx.export and onnx.save_model write it: "location" is a path from the model's
// folder, "offset" and "length" are decimal. Source::beside sees to it that the path stays in that folder; a file that
// is no regular one is refused there as well.
#include <charconv>

#include <harker/core/base/text.h>
#include <harker/serialize/onnx/onnx_external.h>
#include <harker/serialize/onnx/wire.h>
#include <harker/serialize/option_names.h>

namespace harker::onnx {
namespace {

using detail::throw_error;

std::uint64_t number(std::string_view text, const char* key, const std::string& what) {
  std::uint64_t n = 0;
  const auto r = std::from_chars(text.data(), text.data() + text.size(), n);
  if (r.ec != std::errc() || r.ptr != text.data() + text.size())
    throw_error<FormatError>(what, ": external data: the ", key, " ", detail::quoted(text, 40),
                             " is no number of bytes");
  return n;
}

// "a/./b//c" and "a/b/c" are one file, which is to be opened once.
std::string plain(std::string_view path) {
  std::string out;
  if (path.starts_with('/')) return std::string(path);
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (!part.empty() && part != ".") out += (out.empty() ? "" : "/"), out += part;
    at = end + 1;
  }
  return out.empty() ? std::string(path) : out;
}

}  // namespace

void External::add(io::ByteView entry, std::string_view what) {
  std::string_view key, value;
  protozero::pbf_reader r = message(entry, what);
  while (r.next()) {
    switch (r.tag_and_type()) {
      case bytes(1): key = text(r.get_view()); break;
      case bytes(2): value = text(r.get_view()); break;
      default: r.skip();
    }
  }
  if (key == "location") location = value;
  if (key == "offset") offset = value;
  if (key == "length") length = value;
  if (key == "checksum") checksum = true;
}

void Budget::spend(std::uint64_t bytes, std::string_view what) {
  if (bytes > left_)
    throw_error<FormatError>(what, ": asks for ", bytes, " bytes of memory beyond what the file's size explains",
                             detail::in_brackets(option_names().max_bytes));
  left_ -= bytes;
}

ExternalFiles::File& ExternalFiles::open(std::string_view location, const std::string& what) {
  if (location.empty()) throw_error<FormatError>(what, ": lies in an external file whose location is missing");
  const std::string path = plain(location);
  File& file = files_[path];
  if (file.source) return file;
  try {
    file.source = model_->beside(path, lazy_);
  } catch (const IoError& e) { throw_error<IoError>(what, ": lies in an external file: ", e.what()); }
  return file;
}

std::uint64_t ExternalFiles::place(const External& e, const File& file, std::uint64_t nbytes,
                                   const std::string& what) const {
  const std::uint64_t size = file.source->bytes().size();
  const std::uint64_t offset = e.offset.empty() ? 0 : number(e.offset, "offset", what);
  if (offset > size)
    throw_error<FormatError>(what, ": external data: the offset ", offset, " is past the end of ",
                             detail::quoted(e.location), ", which has a size of ", size, " bytes");
  if (!e.length.empty() && number(e.length, "length", what) != nbytes)
    throw_error<FormatError>(what, ": external data: the length ", detail::quoted(e.length, 40),
                             " is not the size that dims and data_type ask for, ", nbytes, " bytes");
  if (nbytes > size - offset)
    throw_error<FormatError>(what, ": external data: ", nbytes, " bytes from offset ", offset,
                             " reach past the end of ", detail::quoted(e.location), ", which has a size of ", size,
                             " bytes");
  return offset;
}

ExternalFiles::Part ExternalFiles::part(const External& e, std::uint64_t nbytes, Budget& budget,
                                        const std::string& what) {
  File& file = open(e.location, what);
  const std::uint64_t offset = place(e, file, nbytes, what), size = file.source->bytes().size();
  const std::uint64_t before = std::max(file.used, size);
  file.used += nbytes;  // each is at most what a file has, and takes an entry of its own: no sum that wraps
  if (file.used > before) budget.spend(file.used - before, what);
  return {file.source,
          file.source->bytes().subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(nbytes))};
}

Ref<Storage> ExternalFiles::storage(const External& e, std::uint64_t nbytes, Budget& budget, const std::string& what,
                                    std::string label) {
  File& file = open(e.location, what);
  Ref<Storage>& known = file.storages[{place(e, file, nbytes, what), nbytes}];
  if (!known) {
    const Part p = part(e, nbytes, budget, what);
    known = io::read_storage(p.file, {.stored = p.bytes, .nbytes = nbytes, .label = std::move(label)}, lazy_);
  }
  return known;
}

}  // namespace harker::onnx
