// `harker diff`: both values are walked side by side; what is missing, of another type or of other content is named,
// tensors with the number of elements that differ and the largest difference. Elements are compared bit by bit.
#include <harker/core/base/text.h>
#include <harker/core/repr.h>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <set>

#include "elements.h"
#include "input.h"
#include "key.h"
#include "out.h"
#include "verb.h"

namespace harker::cli {
namespace {

using detail::str;
using detail::throw_error;

/// Dimensions that both only repeat (stride 0) need no second look: size 1 says the same.
Tensor without_repeats(const Tensor& t, const Tensor& other) {
  Shape shape = t.shape(), mine = t.strides(), theirs = other.strides();
  for (int d = 0; d < shape.rank(); ++d)
    if (shape[d] > 1 && mine[d] == 0 && theirs[d] == 0) shape[d] = 1;
  if (shape == t.shape()) return t;
  return make_view(Ref<Storage>::share(&t.storage()), t.dtype(), shape, mine, t.storage_offset(), t.device());
}

/// "" when equal, else how they differ.
std::string difference(const Value& a, const Value& b) {
  const Tensor &x = a.lazy_tensor(), &y = b.lazy_tensor();
  if (x.dtype() != y.dtype()) return str("dtype ", name(x.dtype()), " against ", name(y.dtype()));
  if (!(x.shape() == y.shape())) return str("shape ", x.shape(), " against ", y.shape());
  Tensor tx = a.tensor(), ty = b.tensor();
  const bool plain = a.conj() == b.conj() && a.neg() == b.neg();
  if (plain && !a.conj() && !a.neg()) tx = without_repeats(tx, ty), ty = without_repeats(ty, tx);
  const std::uint64_t stored =
      tx.storage().nbytes / item_size(tx.dtype()) + ty.storage().nbytes / item_size(ty.dtype());
  if (static_cast<std::uint64_t>(tx.numel()) > (std::uint64_t{1} << 34) &&
      static_cast<std::uint64_t>(tx.numel()) > stored)
    throw_error<Error>("a view of ", tx.numel(), " overlapping elements is too large to compare");
  const bool small = plain && !a.conj() && !a.neg();
  Elements left = small ? Elements(tx) : Elements(a), right = small ? Elements(ty) : Elements(b);
  const std::size_t item = item_size(tx.dtype());
  std::uint64_t differing = 0;
  long double largest = 0;
  bool nan = false, numbers = true;
  std::span<const std::uint8_t> p = left.next(), q = right.next();
  while (!p.empty()) {
    const std::size_t n = std::min(p.size(), q.size());
    if (std::memcmp(p.data(), q.data(), n) != 0) {
      for (std::size_t i = 0; i < n; i += item) {
        if (std::memcmp(&p[i], &q[i], item) == 0) continue;
        ++differing;
        Number u, v;
        if (!decode(&p[i], tx.dtype(), u) || !decode(&q[i], tx.dtype(), v)) {
          numbers = false;
          continue;
        }
        long double d = u.re == v.re && u.im == v.im ? 0 : std::hypot(u.re - v.re, u.im - v.im);
        if (std::isnan(d))
          nan = true;
        else
          largest = std::max(largest, d);
      }
    }
    p = p.subspan(n), q = q.subspan(n);
    if (p.empty()) p = left.next();
    if (q.empty()) q = right.next();
  }
  if (differing == 0) return {};
  char text[80];
  std::snprintf(text, sizeof text, ", max abs diff %.6Lg%s", largest, nan ? " (and NaN)" : "");
  return str(grouped(differing), " of ", grouped(static_cast<std::uint64_t>(tx.numel())), " elements differ",
             numbers ? text : "");
}

class Comparison {
 public:
  explicit Comparison(Out& out) : out_(out) {}

  bool run(const Value& a, const Value& b) {
    visit(a, b);
    while (!frames_.empty()) {
      Frame& top = frames_.back();
      path_.resize(top.path);
      const bool first_half = top.next < child_count(*top.a);
      if (first_half) {
        auto [step, v] = child(*top.a, top.next++);
        const Value* other = partner(*top.b, step, top.next - 1);
        descend(step);
        if (!other)
          report("only in the first file");
        else
          visit(*v, *other);
      } else if (top.extra < child_count(*top.b)) {
        auto [step, v] = child(*top.b, top.extra++);
        if (partner(*top.a, step, top.extra - 1)) continue;
        descend(step);
        report("only in the second file");
      } else {
        frames_.pop_back();
      }
    }
    return differ_;
  }
  std::uint64_t tensors() const { return tensors_; }

 private:
  struct Frame {
    const Value *a, *b;
    std::size_t next, extra, path;
  };

  static const Value* partner(const Value& in, const Step& step, std::size_t i) {
    if (in.is_dict()) return step.key ? in.find(*step.key) : nullptr;
    if (i >= child_count(in)) return nullptr;
    auto [other, v] = child(in, i);
    const bool same =
        (other.part ? step.part && std::string_view(other.part) == step.part : !step.part) && !other.key == !step.key;
    return same && (!step.key || step.key->equals(*other.key)) ? v : nullptr;
  }
  void descend(const Step& step) {
    if (frames_.size() > 1) path_ += '.';
    path_ += step_text(step);
  }
  void report(std::string_view what) {
    differ_ = true;
    if (out_.written() > std::uint64_t{1} << 30) throw_error<Error>("the differences come to more than 1 GiB of text");
    out_ << (path_.empty() ? std::string("(the file itself)") : shown(path_)) << ": " << what << '\n';
  }
  static bool inside(const Value& v) { return v.is_dict() || v.is_list() || v.is_tuple() || child_count(v) > 0; }
  static bool alike(const Value& a, const Value& b) {
    return (a.is_dict() && b.is_dict()) || ((a.is_list() || a.is_tuple()) && (b.is_list() || b.is_tuple())) ||
           (!a.is_dict() && !a.is_container() && a.kind() == b.kind());
  }
  void visit(const Value& a, const Value& b) {
    if (a.is_tensor() && b.is_tensor()) {
      ++tensors_;
      if (std::string d = difference(a, b); !d.empty()) report(d);
    } else if (inside(a) && inside(b) && alike(a, b)) {
      if (a.id() && b.id() && !met_.insert({a.id(), b.id()}).second) return;
      frames_.push_back({&a, &b, 0, 0, path_.size()});
    } else if (a.kind() != b.kind()) {
      report(str(repr(a, 60), " against ", repr(b, 60)));
    } else if (!a.equals(b)) {
      const std::string x = repr(a, 60), y = repr(b, 60);
      report(x == y ? "the contents differ" : str(x, " against ", y));
    }
  }

  Out& out_;
  std::vector<Frame> frames_;
  std::set<std::pair<const void*, const void*>> met_;
  std::string path_;
  std::uint64_t tensors_ = 0;
  bool differ_ = false;
};

class Diff : public Verb {
 public:
  Diff() : Verb("diff", "Name the entries in which two files differ, and by how much") {
    file(a_, "A");
    file(b_, "B", "The other one");
    loads();
    trouble = 2;
    statuses = "0 equal, 1 different, 2 trouble";
    examples = {{"harker diff before.pt after.harker", "two files of whatever formats"}};
  }
  int run() override {
    if (a_ == "-" && b_ == "-") throw UsageError("diff: only one of A and B can be standard input");
    const LoadOptions options = load_options();
    const Value x = open_document(a_, options).value, y = open_document(b_, options).value;
    Out out;
    Comparison comparison(out);
    const bool differ = comparison.run(x, y);
    if (!differ) out << "equal: " << grouped(comparison.tensors()) << " tensors\n";
    out.flush();
    return differ ? 1 : 0;
  }

 private:
  std::string a_, b_;
};

}  // namespace

std::unique_ptr<Verb> diff_verb() { return std::make_unique<Diff>(); }

}  // namespace harker::cli
