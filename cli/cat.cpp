// `harker cat`: one entry on standard output, as bytes or as text. A terminal gets text, since bytes of a file could tell it
// anything.
#include <harker/core/base/text.h>
#include <harker/core/repr.h>

#include "element_text.h"
#include "elements.h"
#include "input.h"
#include "key.h"
#include "numpy_tensor.h"
#include "out.h"
#include "progress.h"
#include "terminal.h"
#include "verb.h"
#include "weights.h"

namespace harker::cli {
namespace {

using Kind = Value::Kind;

/// The elements of a value as a tensor, or None.
Value elements_of(const Value& v) {
  if (v.is_tensor()) return v;
  if (v.kind() == Kind::quantized) return Value(v.as_quantized().ints);
  if (v.kind() == Kind::numpy_array || v.kind() == Kind::numpy_scalar)
    if (const auto t = numpy_tensor(v.as_numpy())) return Value(*t);
  Value bytes;
  if (v.kind() == Kind::opaque) each_weight(v, {}, [&](const Weight& w) { bytes = w.elements; });
  return bytes;
}

/// A line for each row, the last dimension; an empty line between matrices.
void print_elements(Out& out, const Value& v, Progress& progress) {
  const Tensor& t = v.lazy_tensor();
  const std::uint64_t item = item_size(t.dtype()),
                      columns = t.dim() == 0 ? 1 : static_cast<std::uint64_t>(t.shape().back());
  const std::uint64_t rows = t.dim() < 2 ? 1 : static_cast<std::uint64_t>(t.shape()[t.dim() - 2]);
  std::uint64_t column = 0, row = 0;
  Elements elements(v);
  for (auto piece = elements.next(); !piece.empty(); piece = elements.next()) {
    for (std::size_t i = 0; i < piece.size(); i += item) {
      if (column == 0 && row == rows) out << '\n', row = 0;
      out << (column ? " " : "") << element_text(&piece[i], t.dtype());
      if (++column == columns) out << '\n', column = 0, ++row;
    }
    progress.add(piece.size());
  }
}

class Cat : public Verb {
 public:
  Cat() : Verb("cat", "Write one entry to standard output: a tensor's elements, row-major and little-endian, or text") {
    file(path_, "FILE");
    key(key_, "KEY", "A path such as optimizer.state.0.exp_avg, or a list in JSON: '[\"fc1.weight\"]'");
    flag(text_, "--text", "Numbers as text, a line for each row; so it is on a terminal");
    loads();
    examples = {{"harker cat model.pt fc1.weight > fc1.bin", "the elements of one tensor, in a file of their own"},
                {"harker cat --text model.pt fc1.weight", "the same as numbers, every digit that counts"},
                {"harker cat run.pt '[\"optimizer\", \"state\", 0, \"exp_avg\"]' | od -A d -t f4",
                 "a key as inspect --json prints it, which is never ambiguous"}};
  }
  int run() override {
    const Value root = look_at(path_, load_options()).value;
    const Value v = find_entry(root, key_);
    const bool text = text_ || Terminal::out().is;
    Out out;
    if (const Value elements = elements_of(v); elements.is_tensor()) {
      Progress progress("writing " + key_, static_cast<std::uint64_t>(elements.lazy_tensor().numel()) *
                                               item_size(elements.lazy_tensor().dtype()));
      if (text) {
        print_elements(out, elements, progress);
      } else {
        Elements bytes(elements);
        for (auto piece = bytes.next(); !piece.empty(); piece = bytes.next()) {
          out.write(piece.data(), piece.size());
          progress.add(piece.size());
        }
      }
    } else if (!write_leaf(out, v, text)) {
      detail::throw_error<TypeError>(
          name_of(path_), ": ", detail::quoted(key_), " is no tensor but a ", v.type_name(),
          v.is_container() || v.kind() == Kind::opaque || v.kind() == Kind::sparse ? "" : "; --text prints it");
    }
    out.flush();
    return 0;
  }

 private:
  /// False for what has no such form.
  static bool write_leaf(Out& out, const Value& v, bool text) {
    constexpr std::size_t kMost = std::size_t{1} << 24;
    if (text) {
      if (v.kind() == Kind::sparse || (v.kind() == Kind::opaque && v.as_opaque().called)) return false;
      if (v.is_container() && !v.is_tuple() && v.len() > 0 && v.is_dict()) return false;
      if (v.is_string()) return out << shown(v.as_string(), true) << '\n', true;
      const std::string all = repr(v, kMost);
      if (all.size() >= kMost) detail::throw_error<Error>("cat: more than 16 MiB of text");
      out << shown(all) << '\n';
      return true;
    }
    if (v.is_string()) out << v.as_string();
    if (v.is_bytes() || v.kind() == Kind::bytearray) out.write(v.as_bytes().data(), v.as_bytes().size());
    const bool numpy = v.kind() == Kind::numpy_array || v.kind() == Kind::numpy_scalar;
    if (numpy) out.write(v.as_numpy().data.data(), v.as_numpy().data.size());
    return v.is_string() || v.is_bytes() || v.kind() == Kind::bytearray || numpy;
  }

  std::string path_, key_;
  bool text_ = false;
};

}  // namespace

std::unique_ptr<Verb> cat_verb() { return std::make_unique<Cat>(); }

}  // namespace harker::cli
