// The machine asks its hooks for all that is not plain, and these refuse.
#include <harker/serialize/torch/plain_pickle.h>

#include <harker/core/base/text.h>
#include <harker/serialize/torch/pickle_reader.h>

namespace harker::pt {
namespace {

using detail::str;
using detail::throw_error;

class PlainHooks final : public PickleHooks {
 public:
  Value global(std::string_view module, std::string_view name, std::size_t) override {
    throw_error<FormatError>("names a class or function, ", detail::quoted(str(module, ".", name)),
                             ", where only plain values may stand (nothing was run)");
  }
  Value call(const Value&, const Value&, bool) override {
    throw_error<FormatError>("REDUCE or NEWOBJ tries to call something where only plain values may stand");
  }
  void build(const Value&, const Value&) override {
    throw_error<FormatError>("BUILD where only plain values may stand");
  }
  Value persistent(const Value&) override {
    throw_error<FormatError>("a persistent id where only plain values may stand: this pickle has no storages");
  }
};

}  // namespace

Value read_plain_pickle(io::ByteCursor& in, const std::string& what, const PickleLimits& limits) {
  PlainHooks hooks;
  PickleReader machine(in.rest(), what, hooks, limits);
  Value v = machine.run();
  in.take(machine.used());
  return v;
}

void check_system_info(const Value& info, const std::string& what) {
  if (!info.is_dict()) throw_error<FormatError>(what, ": must be a dict, it is a ", info.type_name());
  if (const Value* little = info.find("little_endian"); little && (!little->is_bool() || !little->as_bool()))
    throw_error<FormatError>(what, ": little_endian is not True: written on a big-endian machine, which is not read");
}

}  // namespace harker::pt
