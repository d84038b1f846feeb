// What a pickle's steps cost, and when that is too much.
#include <harker/serialize/option_names.h>
#include <harker/serialize/torch/pickle_budget.h>

#include <vector>

#include <harker/core/base/text.h>

namespace harker::pt {
namespace {

using detail::throw_error;

constexpr std::uint64_t kOpcodeBytes = 80;   // a place on the stack and one in a container, both in vectors that double
constexpr std::uint64_t kObjectBytes = 240;  // the most that an object takes by itself, and the search for cycles
constexpr std::uint64_t kMemoryRatio = kOpcodeBytes + kObjectBytes;  // what one byte of a pickle can ask for
constexpr std::uint64_t kCopyRatio = 8;                              // bytes that calls may copy for each of the file's
constexpr std::uint64_t kNestedRatio = 256;  // of a file in a file: its objects, which have a budget of their own
constexpr std::uint64_t kLongKey = 1000;     // shorter ones cost no more than their opcodes do

// Bytes of what a call would copy of this argument, or of what a dict hashes and compares of this key.
std::uint64_t weight(const Value& v) {
  switch (v.kind()) {
    case Value::Kind::string: return v.as_string().size();
    case Value::Kind::bytes:
    case Value::Kind::bytearray: return v.as_bytes().size();
    case Value::Kind::integer: return v.fits_int64() ? 8 : v.integer_bytes().size();
    case Value::Kind::dict: return v.len() * sizeof(Value::Item);
    case Value::Kind::list:
    case Value::Kind::tuple:
    case Value::Kind::set:
    case Value::Kind::frozenset: return v.len() * sizeof(Value);
    case Value::Kind::size: return v.len() * sizeof(std::int64_t);
    default: return sizeof(Value);
  }
}

// The same of a key, for which tuples and frozensets are hashed and compared to their depth. Stops counting at `most`.
std::uint64_t key_weight(const Value& key, std::uint64_t most) {
  const auto nest = [](const Value& v) { return v.is_tuple() || v.kind() == Value::Kind::frozenset; };
  if (!nest(key)) return weight(key);
  constexpr std::uint64_t kElement = 8;  // a number's hash, or that of a part
  std::uint64_t sum = 0;
  std::vector<const Value*> todo{&key};
  while (!todo.empty() && sum <= most) {
    const Value& v = *todo.back();
    todo.pop_back();
    if (nest(v)) {
      sum += v.len() * kElement;
      for (const Value& e : v.elements()) todo.push_back(&e);
    } else if (v.id()) {
      sum += weight(v);
    }
  }
  return sum;
}

}  // namespace

PickleLimits pickle_limits(const LoadOptions& options, const io::Source& file) {
  const std::uint64_t size = file.bytes().size(), room = options.max_bytes;
  const auto sum = [](std::uint64_t a, std::uint64_t b) { return b > UINT64_MAX - a ? UINT64_MAX : a + b; };
  return {.opcodes = options.max_opcodes,
          .memo = options.max_memo,
          .memory = sum(size * kMemoryRatio, room),
          .copies = sum(size * kCopyRatio, room)};
}

void PickleBudget::opcode() {
  if (++opcodes_ > limits_.opcodes)
    throw_error<FormatError>("more than the limit of ", limits_.opcodes, " opcodes",
                             detail::in_brackets(option_names().max_opcodes));
  spend(kOpcodeBytes);
}
void PickleBudget::object() { spend(kObjectBytes); }
void PickleBudget::memo(std::size_t count) const {
  if (count >= limits_.memo)
    throw_error<FormatError>("more than the limit of ", limits_.memo, " memo entries",
                             detail::in_brackets(option_names().max_memo));
}
void PickleBudget::key(const Value& key) { charge_long(key_weight(key, limits_.copies)); }
void PickleBudget::name(std::uint64_t bytes) { charge_long(bytes); }

void PickleBudget::call(const Value& callable, const Value& args) {
  if (callable.kind() != Value::Kind::opaque) return;
  const Value::Opaque& o = callable.as_opaque();
  const std::uint64_t name = o.module.size() + o.name.size();  // which an object of an unknown class copies
  if (name > kLongKey)
    charge(name);
  else
    spend(name);
  if (!o.known) return;  // of an unknown class, the arguments are only referred to
  charge(weight(args));
  if (o.name == "_load_from_bytes" && args.len() > 0) spend(kNestedRatio * weight(args[0]));
  for (const Value& v : args.elements()) {
    charge(weight(v));
    charge_keys_of(v, o.name == "set" || o.name == "frozenset");
  }
}

void PickleBudget::state(const Value& object, const Value& state) {
  if (state.is_tuple() && object.kind() == Value::Kind::numpy_array)
    for (const Value& v : state.elements()) charge(weight(v));
  if (state.is_dict()) charge_long(weight(state));
}

void PickleBudget::persistent_id(const Value& id) {
  if (id.len() > 2) charge(weight(id[2]));
  if (id.len() > 5 && id[5].is_tuple() && id[5].len() > 0) charge(weight(id[5][0]));
}

// What a call makes a dict or set of: the elements are its keys, or pairs that begin with them.
void PickleBudget::charge_keys_of(const Value& v, bool of_set) {
  if (v.is_dict()) {
    for (const auto& [key, item] : v.items()) this->key(key);
  } else if (v.is_list() || v.is_tuple() || v.kind() == Value::Kind::set || v.kind() == Value::Kind::frozenset) {
    for (const Value& e : v.elements()) {
      const bool pair = !of_set && (e.is_list() || e.is_tuple()) && e.len() > 0;
      this->key(pair ? e[0] : e);
    }
  }
}

// A pickle can hand one large object to any number of calls, of five bytes each, and every call copies it: what they
// copy together is held to what the pickle's size explains. Picklers write each argument for its own call.
void PickleBudget::charge(std::uint64_t bytes) {
  copied_ += bytes;
  if (copied_ > limits_.copies)
    throw_error<FormatError>("the calls in this pickle of ", size_, " bytes use the same large objects again and ",
                             "again: more than the limit of ", limits_.copies, " bytes in all",
                             detail::in_brackets(option_names().max_bytes));
  spend(bytes);
}
void PickleBudget::charge_long(std::uint64_t bytes) {
  if (bytes > kLongKey) charge(bytes);
}
// A pickle as it stands in its file never comes to the limit by its opcodes: a deflated one can be a thousand times as
// large as its file.
void PickleBudget::spend(std::uint64_t bytes) {
  spent_ += bytes;
  if (spent_ > limits_.memory)
    throw_error<FormatError>("its objects take more than the limit of ", limits_.memory,
                             " bytes, far more than a file of ", "this size explains",
                             detail::in_brackets(option_names().max_bytes));
}

}  // namespace harker::pt
