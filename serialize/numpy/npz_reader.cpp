// A member NAME.npy is the array NAME. Stored ones are read where they lie; what inflates is an array in memory of its
// own.
#include <harker/core/base/text.h>
#include <harker/serialize/numpy/npy.h>
#include <harker/serialize/numpy/npz.h>
#include <harker/serialize/option_names.h>
#include <harker/serialize/value/named_tensors.h>
#include <harker/serialize/zip/zip_reader.h>

namespace harker::numpy {
namespace {

using detail::quoted;
using detail::str;
using detail::throw_error;

constexpr std::string_view kEnding(".npy");

Array read_member(const std::shared_ptr<const io::Source>& source, const ZipArchive& zip, const ZipEntry& e,
                  const LoadOptions& options) {
  Place place{source, e.stored, detail::quoted_if_odd(e.name), e.crc != 0, e.crc};
  LoadOptions how = options;
  if (e.deflated) {
    std::vector<std::uint8_t> room;
    zip.read(e, UINT64_MAX, room);  // the archive has found possible what the entry says it holds
    place.source = io::Source::adopt(std::move(room), source->name());
    place.bytes = place.source->bytes();
    place.check_crc = false;
    how.mmap = true;  // the tensor keeps these bytes
  }
  Array array = read_array(place, how, true);
  if (array.left > 0)
    throw_error<FormatError>(source->name(), ": ", place.label, ": ", array.left, " bytes follow its elements");
  return array;
}

}  // namespace

Document read_npz(const std::shared_ptr<const io::Source>& source, const LoadOptions& options, bool everything) {
  const ZipArchive zip(source->bytes(), source->name());
  const bool noted = zip.comment().starts_with(kNote);
  Value arrays = noted ? dict_noted(zip.comment(), source->name() + ": the archive's comment") : Value::ordered_dict();
  bool compressed = false, found = options.only.empty();
  std::vector<Value> passed_over;
  for (const ZipEntry& e : zip.entries()) {
    compressed = compressed || e.deflated;
    if (!e.name.ends_with(kEnding)) {
      if (!e.name.ends_with('/'))
        passed_over.push_back(str("the member ", quoted(e.name), ", which is no array (.npy)"));
      if (everything) zip.check(e, options.max_bytes);
      continue;
    }
    const std::string_view name = e.name.substr(0, e.name.size() - kEnding.size());
    if (!options.only.empty() && name != options.only) continue;
    found = true;
    arrays.set(name, read_member(source, zip, e, options).value);
  }
  if (!found)
    throw_error<Error>(source->name(), ": there is no entry ", quoted(options.only),
                       detail::in_brackets(option_names().only));
  Document d{options.only.empty() ? std::move(arrays) : Value(arrays[Value(options.only)]), Value::dict()};
  d.facts.set("container", "npz");
  d.facts.set("compressed", compressed);
  if (!passed_over.empty()) d.facts.set("passed_over", Value::list(std::move(passed_over)));
  return d;
}

}  // namespace harker::numpy
