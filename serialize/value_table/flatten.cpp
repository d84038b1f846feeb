// A Value becomes a Table in three steps, none of which recurses: discover walks depth first and names the tensors by
// the path where each is first met; order numbers the objects, what cannot be changed after what it holds; emit writes
// the rows.
#include <bit>
#include <cstdio>
#include <unordered_map>

#include <harker/core/base/text.h>
#include <harker/core/base/utf8.h>
#include <harker/core/value/children.h>
#include <harker/serialize/io/keyed_map.h>
#include <harker/serialize/value/geometry.h>
#include <harker/serialize/value_table/flatten.h>

namespace harker::value_table {
namespace {

using detail::str;
using detail::throw_error;
using Kind = Value::Kind;

constexpr std::uint32_t kUnnumbered = UINT32_MAX;
constexpr std::size_t kLongestName = 200;

// A path as a name: proper UTF-8 without control characters, of a length that anybody can print.
std::string clean(std::string_view path) {
  const std::string_view all = path;
  if (path.size() > kLongestName) {
    path.remove_prefix(path.size() - kLongestName);
    while (!path.empty() && (static_cast<unsigned char>(path[0]) & 0xc0) == 0x80) path.remove_prefix(1);
  }
  std::string out = path.size() == all.size() ? "" : "...";
  const bool valid = detail::valid_utf8(path, true);
  for (std::size_t at = 0; at < path.size();) {
    if (!valid && static_cast<unsigned char>(path[at]) >= 0x80) {
      ++at, out += '?';
      continue;
    }
    const std::size_t before = at;
    const std::uint32_t code = valid ? detail::next_code(path, at) : static_cast<unsigned char>(path[at++]);
    if (code >= 0x20 && code != 0x7f && (code < 0xd800 || code > 0xdfff)) {
      out += path.substr(before, at - before);
    } else {
      char text[12];
      std::snprintf(text, sizeof text, "\\u%04x", static_cast<unsigned>(code));
      out += text;
    }
  }
  return out;
}

// The children of a value in the order of its links: a dict's begin with its attributes and default factory.
class Links {
 public:
  explicit Links(const Value& v) : children_(v), first_(v.is_dict() ? children_.size() - 2 : 0) {}
  std::size_t size() const { return children_.size(); }
  const Value& operator[](std::size_t i) const { return children_[child(i)]; }
  /// "fc1.weight", "0", "<attributes>".
  std::string step(std::size_t i) const { return step_text(children_.step(child(i))); }

 private:
  std::size_t child(std::size_t i) const { return (i + first_) % size(); }
  detail::Children children_;
  std::size_t first_;
};

class Flattener {
 public:
  explicit Flattener(bool aliases) : aliases_(aliases) {}
  Flattened run(const Value& root) {
    discover(root);
    for (const Value* v : found_) number(*v);
    if (order_.size() >= kUnnumbered || flat_.table.views.size() >= kUnnumbered)
      throw_error<Error>("save: too many objects in one file");
    flat_.table.root = index_of(root);
    for (const Value* v : order_) emit(*v);
    return std::move(flat_);
  }

 private:
  struct Frame {
    const Value* v;
    std::size_t next;
    std::size_t path;  // length of its own path
  };
  struct Scalar {
    Kind kind;
    std::uint64_t bits;
    bool operator==(const Scalar&) const = default;
  };
  struct ScalarHash {
    std::size_t operator()(const Scalar& s) const noexcept {
      return detail::keyed_hash(s.bits, static_cast<std::uint64_t>(s.kind));
    }
  };

  static Scalar scalar(const Value& v) {
    switch (v.kind()) {
      case Kind::boolean: return {v.kind(), v.as_bool()};
      case Kind::integer: return {v.kind(), static_cast<std::uint64_t>(v.as_int())};
      case Kind::floating: return {v.kind(), std::bit_cast<std::uint64_t>(v.as_double())};
      case Kind::dtype: return {v.kind(), static_cast<std::uint64_t>(v.as_dtype())};
      default: return {v.kind(), 0};
    }
  }
  static bool by_value(const Value& v) { return v.is_string() && !v.from_file(); }

  // The number of a value; where it is stored, so that it can be set.
  std::uint32_t& slot(const Value& v, bool& fresh) {
    auto get = [&](auto& map, const auto& key) -> std::uint32_t& {
      const auto [at, is_new] = map.try_emplace(key, kUnnumbered);
      fresh = is_new;
      return at->second;
    };
    if (!v.id()) return get(scalars_, scalar(v));
    if (by_value(v)) return get(strings_, v.as_string());
    return get(objects_, v.id());
  }
  std::uint32_t index_of(const Value& v) {
    bool fresh = false;
    return slot(v, fresh);
  }

  // --- First: every object once.
  void discover(const Value& root) {
    std::vector<Frame> stack;
    std::string path;
    enter(root, path, stack);
    while (!stack.empty()) {
      Frame& top = stack.back();
      const Links links(*top.v);
      if (top.next == links.size()) {
        stack.pop_back();
        continue;
      }
      const std::size_t i = top.next++;
      const Value& child = links[i];
      path.resize(top.path);
      if (detail::may_hold_values(child.kind())) {
        if (stack.size() > 1) path += '.';
        path += links.step(i);
      }
      enter(child, path, stack);
    }
  }
  void enter(const Value& v, const std::string& path, std::vector<Frame>& stack) {
    bool fresh = false;
    slot(v, fresh);
    if (!fresh) {
      if (aliases_ && v.is_tensor()) flat_.aliases.emplace_back(unique(clean(path)), views_.at(v.lazy_tensor().get()));
      return;
    }
    found_.push_back(&v);
    if (v.is_tensor()) add_view(v.lazy_tensor(), path);
    if (v.kind() == Kind::quantized) add_view(v.as_quantized().ints, path);
    if (Links(v).size() > 0) stack.push_back({&v, 0, path.size()});
  }

  void add_view(const Tensor& t, const std::string& path) {
    if (!t.defined()) throw_error<Error>("save: the tensor at ", detail::quoted(path), " is undefined");
    if (!(t.device() == Device{}))
      throw_error<Error>("save: the tensor at ", detail::quoted(path), " is on ", harker::name(t.device()),
                         ": move it to the CPU first");
    const auto rank = static_cast<std::size_t>(t.dim());
    if (rank > kMaxRank)
      throw_error<Error>("save: the tensor at ", detail::quoted(path), " has ", rank, " dimensions; ", kMaxRank,
                         " are possible");
    Table& table = flat_.table;
    if (const auto [known, fresh] = views_.try_emplace(t.get(), static_cast<std::uint32_t>(table.views.size()));
        !fresh) {
      if (aliases_) flat_.aliases.emplace_back(unique(clean(path)), known->second);
      return;
    }
    const auto [at, fresh] = storages_.try_emplace(&t.storage(), static_cast<std::uint32_t>(table.storages.size()));
    if (fresh) {
      t.storage().ensure();
      flat_.storages.push_back(Ref<Storage>::share(&t.storage()));
      table.storages.push_back(t.storage().nbytes);
    }
    const std::string name = unique(clean(path));
    table.views.push_back({t.dtype(), t.requires_grad(), static_cast<std::uint16_t>(rank), at->second,
                           t.storage_offset(), static_cast<std::uint32_t>(name.size())});
    table.names += name;
    for (std::int64_t n : t.shape()) table.extents.push_back(n);
    for (std::int64_t n : t.strides()) table.extents.push_back(n);
  }
  std::string unique(std::string name) {
    if (name.empty()) name = "value";
    if (names_.insert(name).second) return name;
    for (std::uint64_t& n = taken_[name];;) {
      std::string other = str(name, '#', ++n + 1);
      if (names_.insert(other).second) return other;
    }
  }

  // --- Second: numbers. What cannot be changed comes after all of its like that it holds.
  void number(const Value& first) {
    std::vector<std::pair<const Value*, std::size_t>> stack{{&first, 0}};
    while (!stack.empty()) {
      auto& [v, next] = stack.back();
      const Links links(*v);
      if (is_immutable(v->kind()) && next < links.size() && index_of(*v) == kUnnumbered) {
        const Value& child = links[next++];
        if (is_immutable(child.kind()) && index_of(child) == kUnnumbered) stack.push_back({&child, 0});
        continue;
      }
      bool fresh = false;
      if (std::uint32_t& n = slot(*v, fresh); n == kUnnumbered) {
        n = static_cast<std::uint32_t>(order_.size());
        order_.push_back(v);
      }
      stack.pop_back();
    }
  }

  // --- Third: rows.
  void emit(const Value& v) {
    Table& t = flat_.table;
    Node n;
    n.kind = v.kind();
    if (v.from_file()) n.flags |= kFromFile;
    const std::size_t numbers = t.numbers.size(), text = t.text.size();
    const Links links(v);
    for (std::size_t i = 0; i < links.size(); ++i) t.links.push_back(index_of(links[i]));
    content(v, n);
    if (links.size() >= kUnnumbered) throw_error<Error>("save: a container with more than 4,294,967,294 elements");
    n.links = static_cast<std::uint32_t>(links.size());
    n.numbers = static_cast<std::uint32_t>(t.numbers.size() - numbers);
    n.text = t.text.size() - text;
    t.nodes.push_back(n);
  }
  void text(std::span<const std::uint8_t> bytes) { flat_.table.text += io::text(bytes); }
  void text(std::string_view s) { flat_.table.text += s; }
  void number_bits(double d) { flat_.table.numbers.push_back(std::bit_cast<std::int64_t>(d)); }
  void shape(const Shape& s) { flat_.table.numbers.insert(flat_.table.numbers.end(), s.begin(), s.end()); }
  static void flag(Node& n, bool on, Flag f) {
    if (on) n.flags |= f;
  }

  void content(const Value& v, Node& n) {
    switch (v.kind()) {
      case Kind::integer:
        if (v.id()) {
          n.detail = 1;
          text(v.integer_bytes());
          break;
        }
        [[fallthrough]];
      case Kind::boolean:
      case Kind::floating:
      case Kind::dtype: n.number = scalar(v).bits; break;
      case Kind::complex:
        number_bits(v.as_complex().real());
        number_bits(v.as_complex().imag());
        break;
      case Kind::string: text(v.as_string()); break;
      case Kind::bytes:
      case Kind::bytearray: text(v.as_bytes()); break;
      case Kind::device:
      case Kind::layout: text(v.as_name()); break;
      case Kind::dict: n.detail = static_cast<std::uint8_t>(v.flavour()); break;
      case Kind::tensor:
        n.number = views_.at(v.lazy_tensor().get());
        flag(n, v.is_parameter(), kParameter);
        flag(n, v.conj(), kConj);
        flag(n, v.neg(), kNeg);
        break;
      case Kind::sparse: {
        const Value::Sparse& s = v.as_sparse();
        if (s.coalesced) n.detail = *s.coalesced ? 2 : 1;
        text(s.layout);
        shape(s.shape);
        flag(n, s.requires_grad, kRequiresGrad);
        break;
      }
      case Kind::quantized: {
        const Value::Quantized& q = v.as_quantized();
        n.number = views_.at(q.ints.get());
        text(q.scheme);
        number_bits(q.scale);
        flat_.table.numbers.push_back(q.zero_point);
        flat_.table.numbers.push_back(q.axis);
        flag(n, q.requires_grad, kRequiresGrad);
        break;
      }
      case Kind::size: shape(v.as_size()); break;
      case Kind::numpy_scalar:
      case Kind::numpy_array: {
        const Value::Numpy& a = v.as_numpy();
        n.number = a.dtype.size();
        text(a.dtype);
        text(a.data);
        shape(a.shape);
        flag(n, a.fortran_order, kFortranOrder);
        break;
      }
      case Kind::opaque: {
        const Value::Opaque& o = v.as_opaque();
        n.number = o.module.size();
        text(o.module);
        text(o.name);
        flat_.table.numbers.push_back(static_cast<std::int64_t>(o.appended.size()));
        flag(n, o.called, kCalled);
        flag(n, o.newobj, kNewObject);
        flag(n, o.known, kKnown);
        break;
      }
      default: break;
    }
  }

  bool aliases_;
  Flattened flat_;
  std::vector<const Value*> found_, order_;
  std::unordered_map<const void*, std::uint32_t> objects_;
  std::unordered_map<Scalar, std::uint32_t, ScalarHash> scalars_;
  KeyedMap<std::string_view, std::uint32_t> strings_;  // made in C++: by value
  std::unordered_map<const TensorImpl*, std::uint32_t> views_;
  std::unordered_map<const Storage*, std::uint32_t> storages_;
  KeyedSet<std::string> names_;
  KeyedMap<std::string, std::uint64_t> taken_;
};

}  // namespace

Flattened flatten(const Value& root, bool aliases) {
  Flattened flat = Flattener(aliases).run(root);
  check(flat.table, "save");  // what is written can be read
  return flat;
}

}  // namespace harker::value_table
