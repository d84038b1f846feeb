// The pickle machine. One opcode is one step; errors get the opcode's position in run(), and so need not know it.
#include <harker/serialize/torch/pickle_reader.h>

#include <algorithm>

#include <harker/core/base/text.h>
#include <harker/core/base/utf8.h>
#include <harker/serialize/torch/pickle_text.h>

namespace harker::pt {

using detail::str;

PickleReader::PickleReader(io::ByteView data, std::string what, PickleHooks& hooks, const PickleLimits& limits)
    : data_(data), in_(data, "its operand"), what_(std::move(what)), hooks_(hooks), budget_(limits, data.size()) {}

// Whatever can lie on a cycle was memoised, copied, named by a persistent id, or is still on the stack. Sealing it all
// also lets go of cycles that a bad file built and that no value leads to.
void PickleReader::seal() {
  for (const auto& [index, v] : far_memo_) doubled_.push_back(v);
  far_memo_.clear();
  Value::seal_cycles(memo_);
  if (!doubled_.empty()) Value::seal_cycles(doubled_);
  sealed_ = true;
}
PickleReader::~PickleReader() {
  if (sealed_ || (memo_.empty() && far_memo_.empty() && doubled_.empty())) return;  // nothing is referred to twice
  for (const auto& [index, v] : far_memo_) Value::abandon({&v, 1});
  for (const std::vector<Value>* values : {&memo_, &doubled_, &stack_}) Value::abandon(*values);
}

Value PickleReader::run() {
  try {
    while (true) {
      op_at_ = in_.position();
      if (in_.done()) throw FormatError("the pickle ends without STOP: truncated, or empty");
      budget_.opcode();
      if (!step(in_.u8())) break;
    }
    if (stack_.empty()) throw FormatError("STOP with an empty stack");
    if (stack_.size() != 1 || !marks_.empty())
      throw FormatError("STOP with more than one value on the stack, or an open mark");
    seal();
    return stack_.back();
  } catch (const Error& e) {  // also a TypeError of a Value: an unhashable key, say
    throw FormatError(str(what_, " at ", op_at_, ": ", e.what()));
  }
}

bool PickleReader::step(std::uint8_t op) {
  if (op == '.') return false;
  if (scalar(op) || container(op) || memo(op) || object(op) || text(op)) return true;
  static constexpr char kHex[] = "0123456789abcdef";
  throw FormatError(str("unknown opcode 0x", kHex[op >> 4], kHex[op & 15]));
}

Value PickleReader::pop() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back()))
    throw FormatError("stack underflow: nothing to take from the stack");
  Value v = std::move(stack_.back());
  stack_.pop_back();
  return v;
}
Value& PickleReader::top() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) throw FormatError("stack underflow: the stack is empty");
  return stack_.back();
}
std::size_t PickleReader::pop_mark() {
  if (marks_.empty()) throw FormatError("no MARK on the stack");
  const std::size_t first = marks_.back();
  marks_.pop_back();
  return first;
}

io::ByteView PickleReader::sized(std::uint64_t n) {
  if (n > in_.left()) throw FormatError(str("a length of ", n, " runs past the end: ", in_.left(), " bytes are left"));
  return in_.take(n);
}

bool PickleReader::scalar(std::uint8_t op) {
  switch (op) {
    case 'N': push(Value()); return true;
    case 0x88: push(true); return true;
    case 0x89: push(false); return true;
    case 'K': push(static_cast<std::int64_t>(in_.u8())); return true;
    case 'M': push(static_cast<std::int64_t>(in_.u16())); return true;
    case 'J': push(static_cast<std::int64_t>(static_cast<std::int32_t>(in_.u32()))); return true;
    case 0x8a: push(Value::integer(sized(in_.u8()))); return true;
    case 0x8b: {
      const auto n = static_cast<std::int32_t>(in_.u32());
      if (n < 0) throw FormatError(str("LONG4 of negative length ", n));
      push(Value::integer(sized(static_cast<std::uint64_t>(n))));
      return true;
    }
    case 'G': {
      const std::uint64_t bits = io::load_be<std::uint64_t>(in_.take(8).data());
      double d;
      std::memcpy(&d, &bits, sizeof d);
      push(d);
      return true;
    }
    case 'X': push_string(sized(in_.u32())); return true;
    case 0x8c: push_string(sized(in_.u8())); return true;
    case 0x8d: push_string(sized(in_.u64())); return true;
    case 'U': push_python2_string(sized(in_.u8())); return true;
    case 'T': {
      const auto n = static_cast<std::int32_t>(in_.u32());
      if (n < 0) throw FormatError(str("BINSTRING of negative length ", n));
      push_python2_string(sized(static_cast<std::uint64_t>(n)));
      return true;
    }
    case 'C': push_bytes(sized(in_.u8())); return true;
    case 'B': push_bytes(sized(in_.u32())); return true;
    case 0x8e: push_bytes(sized(in_.u64())); return true;
    case 0x96: push(made(Value::bytearray(sized(in_.u64())))); return true;
    default: return false;
  }
}

void PickleReader::push_string(io::ByteView bytes) {
  if (!detail::valid_utf8(io::text(bytes), true))
    throw FormatError(str("a string that is not UTF-8: ", detail::quoted(io::text(bytes))));
  push(made(Value(io::text(bytes))));
}
// Python 2's str is text to torch.load, which decodes it as UTF-8; NumPy's raw data is not, and stays bytes.
void PickleReader::push_python2_string(io::ByteView bytes) {
  if (detail::valid_utf8(io::text(bytes), false))
    push_string(bytes);
  else
    push_bytes(bytes);
}
void PickleReader::push_bytes(io::ByteView bytes) { push(made(Value::bytes(bytes))); }

// Protocol 0: operands as lines of text.
bool PickleReader::text(std::uint8_t op) {
  switch (op) {
    case 'I': {
      const std::string_view s = line();
      if (s == "00" || s == "01")
        push(s == "01");
      else
        push_decimal(s);
      return true;
    }
    case 'L': {
      std::string_view s = line();
      if (s.ends_with('L')) s.remove_suffix(1);
      push_decimal(s);
      return true;
    }
    case 'F': push(parse_float(line())); return true;
    case 'S': push_python2_string(io::bytes(unescape_string(line()))); return true;
    case 'V': push_string(io::bytes(unescape_unicode(line()))); return true;
    default: return false;
  }
}
void PickleReader::push_decimal(std::string_view digits) { push(Value::integer(parse_decimal(digits))); }

std::string_view PickleReader::line() {
  const std::string_view rest = io::text(data_.subspan(in_.position()));
  const std::size_t n = rest.find('\n');
  if (n == rest.npos) throw FormatError("a line of text runs past the end: no newline, truncated");
  in_.take(n + 1);
  return rest.substr(0, n);
}
std::uint64_t PickleReader::line_index() {
  const Value v = Value::integer(parse_decimal(line()));
  if (!v.fits_int64() || v.as_int() < 0) throw FormatError("a memo index that is no natural number");
  return static_cast<std::uint64_t>(v.as_int());
}

Value PickleReader::tuple_of(std::size_t first) {
  std::vector<Value> items(std::make_move_iterator(stack_.begin() + static_cast<std::ptrdiff_t>(first)),
                           std::make_move_iterator(stack_.end()));
  stack_.resize(first);
  return made(Value::tuple(std::move(items)));
}

bool PickleReader::container(std::uint8_t op) {
  switch (op) {
    case '(': marks_.push_back(stack_.size()); return true;
    case '1': stack_.resize(pop_mark()); return true;
    case '0':
      if (!marks_.empty() && marks_.back() == stack_.size())
        marks_.pop_back();  // POP takes a mark as well
      else
        pop();
      return true;
    case '2': doubled_.push_back(top()), push(top()); return true;
    case ')': push(made(Value::tuple())); return true;
    case 0x85:
    case 0x86:
    case 0x87: {
      const std::size_t n = op - 0x84U, floor = marks_.empty() ? 0 : marks_.back();
      if (stack_.size() - floor < n)
        throw FormatError(str("stack underflow: TUPLE", n, " with ", stack_.size() - floor, " values"));
      push(tuple_of(stack_.size() - n));
      return true;
    }
    case 't': push(tuple_of(pop_mark())); return true;
    case ']': push(made(Value::list())); return true;
    case '}': push(made(Value::dict())); return true;
    case 0x8f: push(made(Value::set())); return true;
    case 'l': {
      const std::size_t first = pop_mark();
      Value list = made(Value::list());
      for (std::size_t i = first; i < stack_.size(); ++i) list.push_back(std::move(stack_[i]));
      stack_.resize(first);
      push(std::move(list));
      return true;
    }
    case 'd': {
      const std::size_t first = pop_mark();
      stack_.insert(stack_.begin() + static_cast<std::ptrdiff_t>(first), made(Value::dict()));
      set_items_from(first + 1);
      return true;
    }
    case 0x91: {
      const std::size_t first = pop_mark();
      const Value items = tuple_of(first);
      for (const Value& v : items.elements()) budget_.key(v);
      push(made(Value::frozenset({items.elements().begin(), items.elements().end()})));
      return true;
    }
    case 'a': {
      top();
      append_from(stack_.size() - 1);
      return true;
    }
    case 'e': append_from(pop_mark()); return true;
    case 's': {
      const std::size_t floor = marks_.empty() ? 0 : marks_.back();
      if (stack_.size() - floor < 3) throw FormatError("stack underflow: SETITEM needs a dict, a key and a value");
      set_items_from(stack_.size() - 2);
      return true;
    }
    case 'u': set_items_from(pop_mark()); return true;
    case 0x90: add_items_from(pop_mark()); return true;
    default: return false;
  }
}

void PickleReader::append_from(std::size_t first) {
  if (first <= (marks_.empty() ? 0 : marks_.back())) throw FormatError("stack underflow: no list to append to");
  Value& target = stack_[first - 1];
  const bool opaque = target.kind() == Value::Kind::opaque && target.as_opaque().called;
  if (!target.is_list() && !opaque) throw FormatError(str("APPEND to a ", target.type_name()));
  for (std::size_t i = first; i < stack_.size(); ++i) {
    if (opaque)
      target.as_opaque().appended.push_back(std::move(stack_[i]));
    else
      target.push_back(std::move(stack_[i]));
  }
  stack_.resize(first);
}

void PickleReader::set_items_from(std::size_t first) {
  if (first <= (marks_.empty() ? 0 : marks_.back())) throw FormatError("stack underflow: no dict to set items of");
  if ((stack_.size() - first) % 2 != 0) throw FormatError("SETITEMS with an odd number of values on the stack");
  Value& target = stack_[first - 1];
  const bool opaque = target.kind() == Value::Kind::opaque && target.as_opaque().called;
  if (!target.is_dict() && !opaque) throw FormatError(str("SETITEM on a ", target.type_name()));
  for (std::size_t i = first; i < stack_.size(); i += 2) {
    if (!opaque) budget_.key(stack_[i]);
    if (opaque)
      target.as_opaque().assigned.emplace_back(std::move(stack_[i]), std::move(stack_[i + 1]));
    else
      target.set(stack_[i], std::move(stack_[i + 1]));
  }
  stack_.resize(first);
}

void PickleReader::add_items_from(std::size_t first) {
  if (first <= (marks_.empty() ? 0 : marks_.back())) throw FormatError("stack underflow: no set to add to");
  Value& target = stack_[first - 1];
  if (target.kind() != Value::Kind::set) throw FormatError(str("ADDITEMS to a ", target.type_name()));
  for (std::size_t i = first; i < stack_.size(); ++i) {
    budget_.key(stack_[i]);
    target.push_back(std::move(stack_[i]));
  }
  stack_.resize(first);
}

// Every object that a pickle makes passes here.
Value PickleReader::made(Value v) {
  budget_.object();
  v.mark_from_file();
  return v;
}

void PickleReader::make(const Value& callable, const Value& args, bool newobj) {
  if (!args.is_tuple())
    throw FormatError(str(newobj ? "NEWOBJ" : "REDUCE", ": the arguments are no tuple but a ", args.type_name()));
  budget_.call(callable, args);
  push(hooks_.call(callable, args, newobj));
  if (stack_.back().id() && !stack_.back().from_file()) stack_.back() = made(std::move(stack_.back()));
}

void PickleReader::push_persistent(const Value& id) {
  push(hooks_.persistent(id));
  if (top().is_tensor()) doubled_.push_back(top());  // the same one each time, and it can be given attributes
}

bool PickleReader::object(std::uint8_t op) {
  switch (op) {
    case 0x80:
      protocol_ = in_.u8();
      if (protocol_ > 5) throw FormatError(str("pickle protocol ", protocol_, " is not known (0 to 5 are)"));
      return true;
    case 0x95: {
      const std::uint64_t n = in_.u64();
      if (n > in_.left()) throw FormatError(str("a frame of ", n, " bytes, ", in_.left(), " are left"));
      return true;
    }
    case 'c': {
      const std::string_view module = line(), name = line();
      push(hooks_.global(module, name, op_at_));
      return true;
    }
    case 0x93: {
      const Value name = pop(), module = pop();
      if (!name.is_string() || !module.is_string())
        throw FormatError("STACK_GLOBAL: a global's module and name must be strings");
      budget_.name(module.as_string().size() + name.as_string().size());
      push(hooks_.global(module.as_string(), name.as_string(), op_at_));
      return true;
    }
    case 'R':
    case 0x81: {
      const Value args = pop(), callable = pop();
      make(callable, args, op == 0x81);
      return true;
    }
    case 0x92: {
      const Value named = pop(), args = pop(), callable = pop();
      if (!named.is_dict() || named.len() != 0) {
        const bool known = callable.kind() == Value::Kind::opaque;
        throw FormatError(str(
            "NEWOBJ_EX with keyword arguments is refused: ",
            known ? detail::quoted(callable.as_opaque().module + "." + callable.as_opaque().name) : std::string("?")));
      }
      make(callable, args, true);
      return true;
    }
    case 'o': {
      const std::size_t first = pop_mark();
      if (first >= stack_.size()) throw FormatError("stack underflow: OBJ without a class");
      const Value args = tuple_of(first + 1), callable = pop();
      make(callable, args, false);
      return true;
    }
    case 'i': {
      const std::string_view module = line(), name = line();
      const Value callable = hooks_.global(module, name, op_at_);
      make(callable, tuple_of(pop_mark()), false);
      return true;
    }
    case 'b': {
      const Value state = pop();
      budget_.state(top(), state);
      hooks_.build(top(), state);
      return true;
    }
    case 'Q': {
      const Value id = pop();
      if (id.is_tuple()) budget_.persistent_id(id);
      push_persistent(id);
      return true;
    }
    case 'P': push_persistent(made(Value(line()))); return true;
    case 0x82:
    case 0x83:
    case 0x84: throw FormatError("EXT opcode: the extension registry is not supported");
    case 0x97:
    case 0x98: throw FormatError("out-of-band buffers are not supported");
    default: return false;
  }
}

bool PickleReader::memo(std::uint8_t op) {
  switch (op) {
    case 'q': remember(in_.u8()); return true;
    case 'r': remember(in_.u32()); return true;
    case 'p': remember(line_index()); return true;
    case 0x94: remember(memo_.size() + far_memo_.size()); return true;
    case 'h': recall(in_.u8()); return true;
    case 'j': recall(in_.u32()); return true;
    case 'g': recall(line_index()); return true;
    default: return false;
  }
}
void PickleReader::remember(std::uint64_t index) {
  const Value& v = top();
  budget_.memo(memo_.size() + far_memo_.size() + doubled_.size());
  if (index == memo_.size())
    memo_.push_back(v);
  else if (index < memo_.size())
    doubled_.push_back(std::exchange(memo_[static_cast<std::size_t>(index)], v));
  else
    doubled_.push_back(std::exchange(far_memo_[index], v));
}
void PickleReader::recall(std::uint64_t index) {
  if (index < memo_.size()) return push(memo_[static_cast<std::size_t>(index)]);
  const auto at = far_memo_.find(index);
  if (at == far_memo_.end()) throw FormatError(str("memo index ", index, " was never stored"));
  push(at->second);
}

}  // namespace harker::pt
