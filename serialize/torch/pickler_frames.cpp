// Frames: containers being written, and the scripts of objects. CPython's rules for batches differ (Modules/_pickle.c):
// exact dicts and lists (batch_dict_exact, batch_list_exact) mark every batch once there is more than one item, and a
// dict of exactly 1000 k items ends in an empty batch; OrderedDicts and objects go by iterators, whose last lone item
// has no mark.
#include <harker/serialize/torch/torch_pickler.h>

namespace harker::pt {

using enum Opcode;

constexpr std::size_t kBatch = 1000;

void TorchPickler::push(Frame::Kind kind, const Value& v, Keys keys) {
  frames_.push_back({.kind = kind, .keys = keys, .single = false, .next = 0, .value = v, .steps = {}});
}
void TorchPickler::push(std::vector<Step> steps) {
  frames_.push_back(
      {.kind = Frame::script, .keys = {}, .single = false, .next = 0, .value = {}, .steps = std::move(steps)});
}

void TorchPickler::step() {
  Frame& f = frames_.back();
  bool more = false;
  switch (f.kind) {
    case Frame::list: more = step_elements(f, f.value.elements()); break;
    case Frame::list_of_object: more = step_elements(f, f.value.as_opaque().appended); break;
    case Frame::dict: more = step_items(f, f.value.items()); break;
    case Frame::items: more = step_items(f, f.value.is_dict() ? f.value.items() : f.value.as_opaque().assigned); break;
    case Frame::tuple: more = step_tuple(f); break;
    case Frame::script: more = step_script(f); break;
  }
  if (!more) frames_.pop_back();
}

// Saves a key or value of the frame on top. The frame may move: nothing may be touched after this.
void TorchPickler::save_child(const Value& v, Keys keys) {
  const Value copy = v;  // keeps it while frames_ grows
  save(copy, keys);
}

// The opcodes before item `i` of `n`: a batch of items is put into its container together, a lone one without a mark.
// False behind the last item.
bool TorchPickler::in_batches(Frame& f, std::size_t i, std::size_t n, Opcode put_one, Opcode put_many) {
  const bool exact = f.kind == Frame::list || f.kind == Frame::dict;
  if (i > 0 && (i % kBatch == 0 || i == n)) out_.op(f.single ? put_one : put_many);
  if (i == n) {
    if (f.kind == Frame::dict && n % kBatch == 0) out_.op(MARK), out_.op(put_many);
    return false;
  }
  if (i % kBatch == 0) {
    f.single = exact ? n == 1 : n - i == 1;
    if (!f.single) out_.op(MARK);
  }
  return true;
}

bool TorchPickler::step_elements(Frame& f, std::span<const Value> elements) {
  const std::size_t i = f.next++;
  if (!in_batches(f, i, elements.size(), APPEND, APPENDS)) return false;
  save_child(elements[i], Keys::plain);
  return true;
}

bool TorchPickler::step_items(Frame& f, std::span<const Value::Item> items) {
  const std::size_t i = f.next / 2;
  if (f.next++ % 2 == 1) {
    const Value& key = items[i].first;
    const bool metadata =
        f.kind == Frame::dict && f.keys == Keys::attributes && key.is_string() && key.as_string() == "_metadata";
    save_child(items[i].second, metadata ? Keys::metadata : Keys::plain);
    return true;
  }
  if (!in_batches(f, i, items.size(), SETITEM, SETITEMS)) return false;
  const Value& key = items[i].first;
  if (key.is_string())
    save_string(key, f.keys);
  else
    save_child(key, Keys::plain);
  return true;
}

// A tuple that contains itself (through a list) was memoised on the way: what is on the stack is thrown away.
bool TorchPickler::step_tuple(Frame& f) {
  const std::span<const Value> items = f.value.elements();
  const std::size_t n = items.size(), i = f.next++;
  if (i < n) {
    save_child(items[i], Keys::plain);
    return true;
  }
  if (const auto at = memo_.find(f.value.id()); at != memo_.end()) {
    not_safe(f.value, "a tuple that contains itself");
    if (n > 3)
      out_.op(POP_MARK);
    else
      for (std::size_t k = 0; k < n; ++k) out_.op(POP);
    out_.get(at->second);
    return false;
  }
  out_.op(tuple_opcode(n));
  put(f.value);
  return false;
}

bool TorchPickler::step_script(Frame& f) {
  if (f.next == f.steps.size()) return false;
  const Step s = f.steps[f.next++];
  switch (s.what) {
    case Do::save: save(s.value); return true;
    case Do::save_attributes: save(s.value, Keys::attributes); return true;
    case Do::append: push(Frame::list_of_object, s.value); return true;
    case Do::items: push(Frame::items, s.value, static_cast<Keys>(s.number)); return true;
    case Do::op: out_.op(s.op); return true;
    case Do::tuple: out_.tuple(static_cast<std::size_t>(s.number)); return true;
    case Do::put: out_.put(); return true;
    case Do::integer: out_.integer(s.number); return true;
    case Do::boolean: out_.boolean(s.number != 0); return true;
    case Do::size: save_size(s.value.as_size()), out_.put(); return true;
    case Do::hooks: save_ordered_dict(), out_.put(); return true;
    case Do::object:
      if (const auto at = memo_.find(s.value.id());
          at != memo_.end()) {  // an object that contains itself in its arguments
        not_safe(s.value, "an object that lies in its own arguments");
        out_.op(POP);
        out_.get(at->second);
        return false;
      }
      put(s.value);
      return true;
  }
  return false;
}

}  // namespace harker::pt
