// What each opcode does to the places on the stack. What was named before an error counts.
#include <harker/serialize/torch/pickle_walk.h>

#include <cstdlib>
#include <cstring>

#include <harker/core/base/text.h>
#include <harker/serialize/torch/pickle_text.h>

namespace harker::pt {

using detail::quoted;
using detail::str;
using io::ByteView;

namespace {
constexpr std::size_t kOdd = 20;  // oddities of one pickle
}

void PickleWalk::odd(std::string what) {
  if (out_.odd.size() < kOdd) out_.odd.push_back(std::move(what));
}

bool PickleWalk::run() {
  try {
    while (true) {
      at_ = in_.position();
      if (in_.done()) throw Broken{"ends without STOP"};
      const std::uint8_t byte = in_.u8();
      const OpcodeInfo& op = kOpcodes[byte];
      if (op.name.empty()) throw Broken{str("the byte ", static_cast<int>(byte), " is no opcode")};
      if (op.code == Opcode::STOP) {
        if (stack_.empty()) odd(str("at ", at_, ": STOP with nothing on the stack"));
        return true;
      }
      step(op.code, read_operands(in_, op));
    }
  } catch (const Broken& e) { odd(str("at ", at_, ": ", e.why)); } catch (const FormatError& e) {
    odd(str("at ", at_, ": ", e.what()));
  }
  return false;
}

std::optional<std::string> PickleWalk::text_of(const PickleItem& item) {
  const std::string_view raw(item.text, item.text ? item.n : 0);
  try {
    if (item.kind == Kind::text || item.kind == Kind::bytes) return std::string(raw);
    if (item.kind == Kind::unicode_line) return unescape_unicode(raw);
    if (item.kind == Kind::string_line) return unescape_string(raw);
  } catch (const FormatError&) {}
  return std::nullopt;
}

PickleItem PickleWalk::name(std::string module, std::string name) {
  to_python3(module, name);
  const auto [at, fresh] = numbers_.try_emplace(str(module, '\n', name), static_cast<std::uint32_t>(out_.names.size()));
  if (fresh) {
    const bool allowed = allowed_global(module, name).what != Global::unknown;
    out_.names.push_back({std::move(module), std::move(name), at_, 0, 0, 0, allowed});
  }
  ++out_.names[at->second].named;
  return {Kind::name, at->second, nullptr};
}

void PickleWalk::call(const PickleItem& callable, const PickleItem& arguments) {
  if (callable.kind == Kind::name) {
    PickleName& n = out_.names[callable.n];
    ++n.called;
    if (allowed_global(n.module, n.name).what == Global::reference) n.allowed = false;  // may only be named
    if (loads_bytes(callable.n)) {
      if (arguments.kind == Kind::only_bytes)
        files_.emplace_back(at_, ByteView(reinterpret_cast<const std::uint8_t*>(arguments.text), arguments.n));
      else
        n.allowed = false;
    }
    return push({Kind::object, callable.n, nullptr});
  }
  odd(str("at ", at_, ": calls what is no name but ", callable.kind == Kind::object ? "an object" : "a value"));
  push({Kind::object, kNobody, nullptr});
}

void PickleWalk::remember(std::uint64_t index) {
  const PickleItem item = top();
  if (index == memo_.size())
    memo_.push_back(item), far_memo_.erase(index);
  else if (index < memo_.size())
    memo_[static_cast<std::size_t>(index)] = item;
  else
    far_memo_[index] = item;
}

void PickleWalk::recall(std::uint64_t index) {
  if (index < memo_.size()) return push(memo_[static_cast<std::size_t>(index)]);
  const auto at = far_memo_.find(index);
  if (at == far_memo_.end()) throw Broken{str("asks the memo for ", index, ", which is not in it")};
  push(at->second);
}

std::uint64_t PickleWalk::index_in(std::string_view line) {
  std::uint64_t n = 0;
  for (char c : line) {
    if (c < '0' || c > '9' || n > UINT64_MAX / 16) throw Broken{"a number in the memo that is none"};
    n = n * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return n;
}

void PickleWalk::step(Opcode op, const Operands& with) {
  using enum Opcode;
  switch (op) {
    case PROTO:
      if (with.number > 5) odd(str("at ", at_, ": there is no protocol ", with.number));
      out_.protocol = std::max(out_.protocol, static_cast<int>(with.number));
      return;
    case FRAME:
    case READONLY_BUFFER:
    case STOP: return;

    case SHORT_BINUNICODE:
    case BINUNICODE:
    case BINUNICODE8:
    case BINSTRING:
    case SHORT_BINSTRING:
    case BYTEARRAY8: return push_text(Kind::text, with.bytes);
    case SHORT_BINBYTES:
    case BINBYTES:
    case BINBYTES8: return push_text(Kind::bytes, with.bytes);
    case UNICODE: return push_text(Kind::unicode_line, io::bytes(with.line));
    case STRING: return push_text(Kind::string_line, io::bytes(with.line));

    case GLOBAL: return push(name(std::string(with.line), std::string(with.second_line)));
    case STACK_GLOBAL: {
      const auto what = text_of(pop()), module = text_of(pop());
      if (what && module) return push(name(*module, *what));
      odd(str("at ", at_, ": a name that the pickle computes"));
      return push(name(module.value_or("?"), what.value_or("?")));
    }
    case REDUCE: {
      const PickleItem arguments = pop();
      return call(pop(), arguments);
    }
    case NEWOBJ: pop(1); return call(pop());
    case NEWOBJ_EX: pop(2); return call(pop());
    case OBJ: {
      const std::size_t first = pop_mark();
      if (first >= stack_.size()) throw Broken{"calls nothing"};
      const PickleItem callable = stack_[first];
      pop_to(first + 1), stack_.pop_back();
      return call(callable);
    }
    case INST: {
      const PickleItem callable = name(std::string(with.line), std::string(with.second_line));
      pop_to(pop_mark());
      return call(callable);
    }
    case BUILD: {
      pop(1);
      const PickleItem& object = top();
      if (object.kind == Kind::object && object.n != kNobody) ++out_.names[object.n].built;
      if (object.kind == Kind::name)  // setattr() on a class or module
        odd(str("at ", at_, ": changes ", quoted(out_.names[object.n].module + '.' + out_.names[object.n].name),
                " itself"));
      return;
    }
    case EXT1:
    case EXT2:
    case EXT4:
      odd(str("at ", at_, ": the extension code ", with.number, ", a name that only the reader's Python knows"));
      return push({Kind::object, kNobody, nullptr});

    case MARK: return marks_.push_back(stack_.size());
    case POP_MARK: return pop_to(pop_mark());
    case POP:
      if (!marks_.empty() && marks_.back() == stack_.size())
        marks_.pop_back();
      else
        pop();
      return;
    case DUP: return push(top());
    case BINPUT:
    case LONG_BINPUT: return remember(with.number);
    case PUT: return remember(index_in(with.line));
    case MEMOIZE: return remember(memo_.size() + far_memo_.size());
    case BINGET:
    case LONG_BINGET: return recall(with.number);
    case GET: return recall(index_in(with.line));

    case TUPLE1: return push_tuple(1);
    case TUPLE2: pop(2); return push();
    case TUPLE3: pop(3); return push();
    case TUPLE: {
      const std::size_t first = pop_mark();
      return push_tuple(stack_.size() - std::min(first, stack_.size()));
    }
    case LIST:
    case DICT:
    case FROZENSET: pop_to(pop_mark()); return push();
    case APPEND: pop(1); return;
    case SETITEM: pop(2); return;
    case APPENDS:
    case SETITEMS:
    case ADDITEMS: return pop_to(pop_mark());
    case BINPERSID: pop(1); return push();

    default: return push();  // a number, a constant, an empty container, a persistent id, a buffer
  }
}

}  // namespace harker::pt
