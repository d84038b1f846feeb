// Bare pickles: one value and nothing behind it. The older protocols have no mark to know them by, so their opcodes are
// counted off without being run.
#include <harker/core/base/text.h>
#include <harker/serialize/torch/legacy_reader.h>
#include <harker/serialize/torch/stored_objects.h>

namespace harker::pt {
namespace {

using detail::str;

class BareObjects final : public StoredObjects {
 public:
  using StoredObjects::StoredObjects;
  Value persistent(const Value&) override {
    throw FormatError("a persistent id (a tensor's storage): a bare pickle has none");
  }
};

// The size of what follows an opcode of protocol 0 or 1; -1 for a line of text, -2 for two, -3 for none of them.
// Lengths that are themselves in the file are read by the caller.
int operand(std::uint8_t op) {
  switch (op) {
    case '(':
    case '.':
    case '0':
    case '1':
    case '2':
    case 'N':
    case 'R':
    case 'Q':
    case 'a':
    case 'b':
    case 'd':
    case '}':
    case 'e':
    case 'l':
    case ']':
    case 'o':
    case 's':
    case 't':
    case ')':
    case 'u': return 0;
    case 'K':
    case 'h':
    case 'q': return 1;
    case 'M': return 2;
    case 'J':
    case 'j':
    case 'r': return 4;
    case 'G': return 8;
    case 'F':
    case 'I':
    case 'L':
    case 'P':
    case 'S':
    case 'V':
    case 'g':
    case 'p': return -1;
    case 'c':
    case 'i': return -2;
    default: return -3;
  }
}

bool is_old_pickle(io::ByteView file) {
  std::size_t at = 0;
  const auto skip = [&](std::uint64_t n) {
    return n <= file.size() - at ? (at += static_cast<std::size_t>(n), true) : false;
  };
  const auto line = [&] {
    const std::size_t end = io::text(file).find('\n', at);
    if (end == std::string_view::npos) return false;
    at = end + 1;
    return true;
  };
  while (at < file.size()) {
    const std::uint8_t op = file[at++];
    if (op == '.') return at == file.size();
    if (op == 'U') {
      if (at == file.size() || !skip(1U + file[at])) return false;
      continue;
    }
    if (op == 'T' || op == 'X') {
      if (file.size() - at < 4 || !skip(4ULL + io::load_le<std::uint32_t>(file.data() + at))) return false;
      continue;
    }
    const int n = operand(op);
    if (n == -3 || (n == -1 && !line()) || (n == -2 && !(line() && line())) ||
        (n > 0 && !skip(static_cast<std::uint64_t>(n))))
      return false;
  }
  return false;
}

}  // namespace

bool is_pickle(io::ByteView file) {
  if (file.size() < 2) return false;
  return (file[0] == 0x80 && file[1] >= 1 && file[1] <= 5) || is_old_pickle(file);
}

Document read_bare_pickle(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) {
  const std::string what = source->name() + ": bare pickle";
  const io::ByteView file = source->bytes();
  BareObjects objects(source, false);
  PickleReader machine(file, what, objects, pickle_limits(options, *source));
  Value value = machine.run();
  if (!value.is_container() && value.kind() != Value::Kind::opaque && value.kind() != Value::Kind::numpy_array)
    throw FormatError(
        str(what, ": holds nothing but a ", value.type_name(), ": not a checkpoint (nor PyTorch's magic number)"));
  // Names first: when a pickle tries to call something, that is what matters about it.
  objects.finish(value, what, options);
  if (machine.used() != file.size())
    throw FormatError(str(what, " at ", machine.used(), ": ", file.size() - machine.used(),
                          " trailing bytes after STOP: several pickles, or a PyTorch file with a wrong magic number"));
  Document d{std::move(value), Value::dict()};
  d.facts.set("container", "none");
  d.facts.set("pickle_protocol", machine.protocol());
  return d;
}

}  // namespace harker::pt
