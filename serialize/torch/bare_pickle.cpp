// Bare pickles: one value and nothing behind it. The older protocols have no mark to know them by, so their opcodes are
// counted off without being run.
#include <harker/core/base/text.h>
#include <harker/serialize/torch/legacy_reader.h>
#include <harker/serialize/torch/storage_rebuilder.h>
#include <harker/serialize/torch/torch_reader.h>

namespace harker::pt {
namespace {

using detail::throw_error;

// Storages lie in the pickle itself, each as the bytes of a file that torch.save made of it.
class BareRebuilder final : public StorageRebuilder {
 public:
  BareRebuilder(const std::shared_ptr<const io::Source>& source, const LoadOptions& options)
      : StorageRebuilder(source, false), options_(options) {
    options_.mmap = false;
    options_.only.clear();
    options_.unknown = Unknown::keep;  // finish() sees what such a file holds, and says where
    options_.max_bytes = 0;
  }
  Value persistent(const Value&) override {
    throw_error<FormatError>("a persistent id (a tensor's storage): a bare pickle has none");
  }
  Value file_in_file(io::ByteView file) override {
    const auto source = io::Source::view(file, "torch.storage._load_from_bytes");
    if (is_legacy(file)) return read_legacy(source, options_).value;
    if (io::text(file).starts_with("PK\x03\x04")) return read_zip(source, options_).value;
    throw_error<FormatError>(source->name(), ": ", file.size(), " bytes that torch.save did not write");
  }

 private:
  LoadOptions options_;
};

// Do opcodes of protocols 0 and 1 fill the file up to a last STOP?
bool is_old_pickle(io::ByteView file) {
  io::ByteCursor in(file, "a pickle");
  try {
    while (!in.done()) {
      const OpcodeInfo& op = kOpcodes[in.u8()];
      if (op.name.empty() || op.protocol > 1) return false;
      if (op.code == Opcode::STOP) return in.done();
      read_operands(in, op);
    }
  } catch (const FormatError&) {}  // an operand that is not all there
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
  BareRebuilder rebuilder(source, options);
  PickleReader machine(file, what, rebuilder, pickle_limits(options, *source));
  Value value = machine.run();
  const bool tensors = value.kind() >= Value::Kind::tensor && value.kind() <= Value::Kind::quantized;
  if (!value.is_container() && !tensors && value.kind() != Value::Kind::opaque &&
      value.kind() != Value::Kind::numpy_array)
    throw_error<FormatError>(what, ": holds nothing but a ", value.type_name(),
                             ": not a checkpoint (nor PyTorch's magic number)");
  // Names first: when a pickle tries to call something, that is what matters about it.
  rebuilder.finish(value, what, options);
  if (machine.used() != file.size())
    throw_error<FormatError>(
        what, " at ", machine.used(), ": ", file.size() - machine.used(),
        " trailing bytes after STOP: several pickles, or a PyTorch file with a wrong magic number");
  Document d{std::move(value), Value::dict()};
  d.facts.set("container", "none");
  d.facts.set("pickle_protocol", machine.protocol());
  return d;
}

}  // namespace harker::pt
