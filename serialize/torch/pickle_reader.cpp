// The pickle machine. One opcode is one step, a case each; errors get the opcode's position in run(), and so need not
// know it.
#include <harker/serialize/torch/pickle_reader.h>

#include <algorithm>
#include <bit>

#include <harker/core/base/text.h>
#include <harker/core/base/utf8.h>
#include <harker/serialize/torch/pickle_text.h>

namespace harker::pt {

using detail::throw_error;

PickleReader::PickleReader(io::ByteView data, std::string what, PickleHooks& hooks, const PickleLimits& limits)
    : in_(data, "its operand"), what_(std::move(what)), hooks_(hooks), budget_(limits, data.size()) {
  stack_.reserve(std::min<std::size_t>(data.size(), 64));
  memo_.reserve(std::min<std::size_t>(data.size() / 8, 256));
}

// What closes a cycle is an object that takes, from the stack, another that leads to it; so it was put into something
// before and is on the stack all the same, once more: recalled, copied by DUP, or named by a persistent id. Most pickles
// recall strings and classes only. Sealing it all also lets go of cycles that a bad file built and no value leads to.
void PickleReader::seal() {
  if (!doubled_.empty()) Value::seal_cycles(doubled_);
  sealed_ = true;
}
PickleReader::~PickleReader() {
  if (!sealed_ && !doubled_.empty()) Value::abandon(doubled_);
}

Value PickleReader::run() {
  try {
    while (true) {
      op_at_ = in_.position();
      if (in_.done()) throw_error<FormatError>("the pickle ends without STOP: truncated, or empty");
      budget_.opcode();
      const std::uint8_t byte = in_.u8();
      const OpcodeInfo& op = kOpcodes[byte];
      if (op.name.empty()) throw_error<FormatError>("unknown opcode 0x", detail::hex(byte));
      if (op.code == Opcode::STOP) break;
      step(op.code, read_operands(in_, op));
    }
    if (stack_.empty()) throw_error<FormatError>("STOP with an empty stack");
    if (stack_.size() != 1 || !marks_.empty())
      throw_error<FormatError>("STOP with more than one value on the stack, or an open mark");
    seal();
    return stack_.back();
  } catch (const Error& e) {  // also a TypeError of a Value: an unhashable key, say
    throw_error<FormatError>(what_, " at ", op_at_, ": ", e.what());
  }
}

void PickleReader::step(Opcode op, const Operands& with) {
  using enum Opcode;
  switch (op) {
    case PROTO:
      protocol_ = static_cast<int>(with.number);
      if (protocol_ > 5) throw_error<FormatError>("pickle protocol ", protocol_, " is not known (0 to 5 are)");
      return;
    case FRAME:
      if (with.number > in_.left())
        throw_error<FormatError>("a frame of ", with.number, " bytes, ", in_.left(), " are left");
      return;
    case STOP: return;

    // Numbers and text; lines are protocol 0's.
    case NONE: return push(Value());
    case NEWTRUE: return push(true);
    case NEWFALSE: return push(false);
    case BININT:
    case BININT1:
    case BININT2: return push(static_cast<std::int64_t>(with.number));
    case LONG1:
    case LONG4: return push(Value::integer(with.bytes));
    case INT:
      if (with.line == "00" || with.line == "01") return push(with.line == "01");
      return push(Value::integer(parse_decimal(with.line)));
    case LONG:
      return push(Value::integer(parse_decimal(with.line.substr(0, with.line.size() - with.line.ends_with('L')))));
    case FLOAT: return push(parse_float(with.line));
    case BINFLOAT: return push(std::bit_cast<double>(with.number));
    case SHORT_BINUNICODE:
    case BINUNICODE:
    case BINUNICODE8: return push_string(with.bytes);
    case UNICODE: return push_string(io::bytes(unescape_unicode(with.line)));
    case SHORT_BINSTRING:
    case BINSTRING: return push_python2_string(with.bytes);
    case STRING: return push_python2_string(io::bytes(unescape_string(with.line)));
    case SHORT_BINBYTES:
    case BINBYTES:
    case BINBYTES8: return push_bytes(with.bytes);
    case BYTEARRAY8: return push(made(Value::bytearray(with.bytes)));

    // The stack and the memo.
    case MARK: return marks_.push_back(stack_.size());
    case POP_MARK: return stack_.resize(pop_mark());
    case POP:
      if (!marks_.empty() && marks_.back() == stack_.size())
        marks_.pop_back();  // POP takes a mark as well
      else
        pop();
      return;
    case DUP: return push_again(Value(top()));
    case BINPUT:
    case LONG_BINPUT: return remember(with.number);
    case PUT: return remember(memo_index(with.line));
    case MEMOIZE: return remember(memo_.size() + far_memo_.size());
    case BINGET:
    case LONG_BINGET: return recall(with.number);
    case GET: return recall(memo_index(with.line));

    // Containers.
    case EMPTY_TUPLE: return push(made(Value::tuple()));
    case TUPLE1:
    case TUPLE2:
    case TUPLE3: {
      const std::size_t n = op == TUPLE1 ? 1 : op == TUPLE2 ? 2 : 3, have = stack_.size() - floor();
      if (have < n) throw_error<FormatError>("stack underflow: TUPLE", n, " with ", have, " values");
      return push(tuple_of(stack_.size() - n));
    }
    case TUPLE: return push(tuple_of(pop_mark()));
    case EMPTY_LIST: return push(made(Value::list()));
    case LIST: {
      const std::size_t first = pop_mark();
      Value list = made(Value::list());
      for (std::size_t i = first; i < stack_.size(); ++i) list.push_back(std::move(stack_[i]));
      stack_.resize(first);
      return push(std::move(list));
    }
    case APPEND: top(); return append_from(stack_.size() - 1);
    case APPENDS: return append_from(pop_mark());
    case EMPTY_DICT: return push(made(Value::dict()));
    case DICT: {
      const std::size_t first = pop_mark();
      stack_.insert(stack_.begin() + static_cast<std::ptrdiff_t>(first), made(Value::dict()));
      return set_items_from(first + 1);
    }
    case SETITEM:
      if (stack_.size() - floor() < 3)
        throw_error<FormatError>("stack underflow: SETITEM needs a dict, a key and a value");
      return set_items_from(stack_.size() - 2);
    case SETITEMS: return set_items_from(pop_mark());
    case EMPTY_SET: return push(made(Value::set()));
    case ADDITEMS: return add_items_from(pop_mark());
    case FROZENSET: {
      const Value items = tuple_of(pop_mark());
      for (const Value& v : items.elements()) budget_.key(v);
      return push(made(Value::frozenset({items.elements().begin(), items.elements().end()})));
    }

    // Classes, functions and their objects.
    case GLOBAL: return push(hooks_.global(with.line, with.second_line, op_at_));
    case STACK_GLOBAL: {
      const Value name = pop(), module = pop();
      if (!name.is_string() || !module.is_string())
        throw_error<FormatError>("STACK_GLOBAL: a global's module and name must be strings");
      budget_.name(module.as_string().size() + name.as_string().size());
      return push(hooks_.global(module.as_string(), name.as_string(), op_at_));
    }
    case REDUCE:
    case NEWOBJ: {
      const Value args = pop(), callable = pop();
      return make(callable, args, op == NEWOBJ);
    }
    case NEWOBJ_EX: {
      const Value named = pop(), args = pop(), callable = pop();
      if (!named.is_dict() || named.len() != 0) {
        const bool known = callable.kind() == Value::Kind::opaque;
        throw_error<FormatError>(
            "NEWOBJ_EX with keyword arguments is refused: ",
            known ? detail::quoted(callable.as_opaque().module + "." + callable.as_opaque().name) : std::string("?"));
      }
      return make(callable, args, true);
    }
    case OBJ: {
      const std::size_t first = pop_mark();
      if (first >= stack_.size()) throw_error<FormatError>("stack underflow: OBJ without a class");
      const Value args = tuple_of(first + 1), callable = pop();
      return make(callable, args, false);
    }
    case INST: {
      const Value callable = hooks_.global(with.line, with.second_line, op_at_);
      return make(callable, tuple_of(pop_mark()), false);
    }
    case BUILD: {
      const Value state = pop();
      budget_.state(top(), state);
      if (top().is_tensor()) doubled_.push_back(top());  // a persistent id may give it again, to its own attributes
      return hooks_.build(top(), state);
    }
    case BINPERSID: {
      const Value id = pop();
      if (id.is_tuple()) budget_.persistent_id(id);
      return push_persistent(id);
    }
    case PERSID: return push_persistent(made(Value(with.line)));
    case EXT1:
    case EXT2:
    case EXT4: throw_error<FormatError>("EXT opcode: the extension registry is not supported");
    case NEXT_BUFFER:
    case READONLY_BUFFER: throw_error<FormatError>("out-of-band buffers are not supported");
  }
}

Value PickleReader::pop() {
  if (stack_.size() <= floor()) throw_error<FormatError>("stack underflow: nothing to take from the stack");
  Value v = std::move(stack_.back());
  stack_.pop_back();
  return v;
}
Value& PickleReader::top() {
  if (stack_.size() <= floor()) throw_error<FormatError>("stack underflow: the stack is empty");
  return stack_.back();
}
std::size_t PickleReader::pop_mark() {
  if (marks_.empty()) throw_error<FormatError>("no MARK on the stack");
  const std::size_t first = marks_.back();
  marks_.pop_back();
  return first;
}

void PickleReader::push_string(io::ByteView bytes) {
  if (!detail::valid_utf8(io::text(bytes), true))
    throw_error<FormatError>("a string that is not UTF-8: ", detail::quoted(io::text(bytes)));
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

std::uint64_t PickleReader::memo_index(std::string_view digits) {
  const Value v = Value::integer(parse_decimal(digits));
  if (!v.fits_int64() || v.as_int() < 0) throw_error<FormatError>("a memo index that is no natural number");
  return static_cast<std::uint64_t>(v.as_int());
}

Value PickleReader::tuple_of(std::size_t first) {
  std::vector<Value> items(std::make_move_iterator(stack_.begin() + static_cast<std::ptrdiff_t>(first)),
                           std::make_move_iterator(stack_.end()));
  stack_.resize(first);
  return made(Value::tuple(std::move(items)));
}

// What the values from `first` on are put into.
Value& PickleReader::target_of(std::size_t first, const char* what) {
  if (first <= floor()) throw_error<FormatError>("stack underflow: no ", what);
  return stack_[first - 1];
}

void PickleReader::append_from(std::size_t first) {
  Value& target = target_of(first, "list to append to");
  const bool opaque = target.kind() == Value::Kind::opaque && target.as_opaque().called;
  if (!target.is_list() && !opaque) throw_error<FormatError>("APPEND to a ", target.type_name());
  for (std::size_t i = first; i < stack_.size(); ++i) {
    if (opaque)
      target.as_opaque().appended.push_back(std::move(stack_[i]));
    else
      target.push_back(std::move(stack_[i]));
  }
  stack_.resize(first);
}

void PickleReader::set_items_from(std::size_t first) {
  Value& target = target_of(first, "dict to set items of");
  if ((stack_.size() - first) % 2 != 0) throw_error<FormatError>("SETITEMS with an odd number of values on the stack");
  const bool opaque = target.kind() == Value::Kind::opaque && target.as_opaque().called;
  if (!target.is_dict() && !opaque) throw_error<FormatError>("SETITEM on a ", target.type_name());
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
  Value& target = target_of(first, "set to add to");
  if (target.kind() != Value::Kind::set) throw_error<FormatError>("ADDITEMS to a ", target.type_name());
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
    throw_error<FormatError>(newobj ? "NEWOBJ" : "REDUCE", ": the arguments are no tuple but a ", args.type_name());
  budget_.call(callable, args);
  push(hooks_.call(callable, args, newobj));
  if (stack_.back().id() && !stack_.back().from_file()) stack_.back() = made(std::move(stack_.back()));
}

void PickleReader::push_persistent(const Value& id) { push(hooks_.persistent(id)); }

void PickleReader::remember(std::uint64_t index) {
  const Value& v = top();
  budget_.memo(stored_++ + far_memo_.size());
  if (index == memo_.size()) {
    memo_.push_back({v});
    if (!far_memo_.empty()) far_memo_.erase(index);
  } else if (index < memo_.size()) {
    memo_[static_cast<std::size_t>(index)] = {v};
  } else {
    far_memo_[index] = {v};
  }
}
void PickleReader::recall(std::uint64_t index) {
  Memo* m = nullptr;
  if (index < memo_.size())
    m = &memo_[static_cast<std::size_t>(index)];
  else if (const auto at = far_memo_.find(index); at != far_memo_.end())
    m = &at->second;
  if (!m) throw_error<FormatError>("memo index ", index, " was never stored");
  if (std::exchange(m->recalled, true))
    push(m->value);
  else
    push_again(m->value);
}
void PickleReader::push_again(const Value& v) {
  const bool class_or_function = v.kind() == Value::Kind::opaque && !v.as_opaque().called;
  if (v.id() && !v.is_string() && !class_or_function && (doubled_.empty() || !doubled_.back().same_object(v)))
    doubled_.push_back(v);
  push(v);
}

}  // namespace harker::pt
