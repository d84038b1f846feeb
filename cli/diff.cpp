// `harker diff`: both values are walked side by side; what is missing, of another type or of other content is named,
// tensors with the number of elements that differ, by how much, and the first of them. Elements are compared bit by bit
// unless a tolerance, or values, are asked for.
#include <harker/core/base/text.h>
#include <harker/core/repr.h>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <set>

#include "input.h"
#include "json.h"
#include "key.h"
#include "out.h"
#include "tensor_diff.h"
#include "verb.h"

namespace harker::cli {
namespace {

using detail::str;
using detail::throw_error;

/// Says each difference, as a line or as an object in a list, and counts them.
class Listing {
 public:
  Listing(Out& out, bool json) : out_(out), json_(json) {}

  void begin() {
    if (json_) out_ << "{\"differences\": [";
  }
  /// Two things that are not the same: dtypes, shapes, values. Texts, or in JSON what they are.
  void pair(std::string_view kind, const std::string& a, const std::string& b) {
    ++(kind == "value" ? values_ : differing_);
    head(kind);
    if (json_) {
      field("a", a), field("b", b);
      out_ << '}';
    } else if (a == b) {
      out_ << "the contents differ\n";
    } else {
      out_ << (kind == "value" ? "" : std::string(kind) + ' ') << shown(a) << " against " << shown(b) << '\n';
    }
  }
  void elements(const TensorDifference& d) {
    ++differing_;
    head("elements");
    if (json_) {
      out_ << ", \"differing\": " << std::to_string(d.differing) << ", \"elements\": " << std::to_string(d.numel);
      if (d.numbers) {
        out_ << ", \"max_abs_diff\": " << number(d.largest)
             << ", \"max_ulp_diff\": " << (d.ulps ? std::to_string(*d.ulps) : "null")
             << ", \"not_finite\": " << (d.nan ? "true" : "false");
        out_ << ", \"first\": ";
        json::list(out_, d.first);
        field("a", d.first_a), field("b", d.first_b);
      }
      out_ << '}';
      return;
    }
    out_ << grouped(d.differing) << " of " << grouped(d.numel) << " elements differ";
    if (d.numbers) {
      out_ << ", max abs diff " << number(d.largest);
      if (d.ulps) out_ << " (" << grouped(*d.ulps) << " ulp)";
      if (d.nan) out_ << " (and NaN or infinities)";
      out_ << (d.first.rank() > 0 ? str(", first at ", d.first, ": ") : std::string(": ")) << d.first_a << " against "
           << d.first_b;
    }
    out_ << '\n';
  }
  void only(bool in_first, std::string_view near) {
    ++(in_first ? only_a_ : only_b_);
    head(in_first ? "only_in_a" : "only_in_b");
    if (json_) {
      if (!near.empty()) field("nearest", near);
      out_ << '}';
      return;
    }
    out_ << (in_first ? "only in the first file" : "only in the second file");
    if (!near.empty())
      out_ << "; the " << (in_first ? "second" : "first") << " has " << shown(detail::quoted(near, 200));
    out_ << '\n';
  }
  void tolerated(long double d) { tolerated_ = std::max(tolerated_, d); }

  /// The exit status.
  int end(std::uint64_t tensors) {
    const bool same = differing_ + values_ + only_a_ + only_b_ == 0;
    if (json_) {
      out_ << (first_ ? "" : "\n") << "], \"equal\": " << (same ? "true" : "false")
           << ", \"tensors\": " << std::to_string(tensors) << ", \"tensors_differing\": " << std::to_string(differing_)
           << ", \"values_differing\": " << std::to_string(values_) << ", \"only_in_a\": " << std::to_string(only_a_)
           << ", \"only_in_b\": " << std::to_string(only_b_) << ", \"tolerated\": " << number(tolerated_) << "}\n";
    } else if (same) {
      out_ << "equal: " << grouped(tensors) << (tensors == 1 ? " tensor" : " tensors");
      if (tolerated_ > 0) out_ << ", the largest difference, within the tolerance, is " << number(tolerated_);
      out_ << '\n';
    } else {
      out_ << "differ: " << grouped(differing_) << " of " << grouped(tensors) << " tensors, " << grouped(values_)
           << (values_ == 1 ? " other value; " : " other values; ") << grouped(only_a_) << " only in the first file, "
           << grouped(only_b_) << " only in the second\n";
    }
    return same ? 0 : 1;
  }

  std::string path;
  std::vector<Step> key;

 private:
  std::string number(long double d) const {
    char text[40];
    std::snprintf(text, sizeof text, json_ ? "%.17Lg" : "%.6Lg", d);
    return std::isfinite(d) ? text : "null";
  }
  void field(const char* name, std::string_view v) {
    out_ << ", \"" << name << "\": ";
    json::string(out_, v);
  }
  void head(std::string_view kind) {
    if (out_.written() > std::uint64_t{1} << 30) throw_error<Error>("the differences come to more than 1 GiB of text");
    if (!json_) {
      out_ << (path.empty() ? std::string("(the file itself)") : shown(path)) << ": ";
      return;
    }
    out_ << (first_ ? "\n  {\"path\": " : ",\n  {\"path\": ");
    first_ = false;
    json::string(out_, path);
    out_ << ", \"key\": ";
    json::key(out_, key);
    field("kind", kind);
  }

  Out& out_;
  bool json_, first_ = true;
  std::uint64_t differing_ = 0, values_ = 0, only_a_ = 0, only_b_ = 0;
  long double tolerated_ = 0;
};

/// Names of the first file that begin with one prefix begin with the other in the second.
struct Prefix {
  std::string a, b;
  std::uint64_t used = 0;

  /// What the key is called in the second file; or, `back`, in the first.
  Value other(const Value& key, bool back) {
    const std::string &from = back ? b : a, &to = back ? a : b;
    if (!key.is_string() || a == b || !key.as_string().starts_with(from)) return key;
    used += !back;
    return Value(to + std::string(key.as_string().substr(from.size())));
  }
};

class Comparison {
 public:
  Comparison(Listing& out, const Equality& equality, Prefix& prefix)
      : out_(out), equality_(equality), prefix_(prefix) {}

  void run(const Value& a, const Value& b) {
    visit(a, b);
    while (!frames_.empty()) {
      Frame& top = frames_.back();
      out_.path.resize(top.path);
      out_.key.resize(frames_.size() - 1);
      if (top.next < child_count(*top.a)) {
        const std::size_t i = top.next++;
        const auto [step, v] = child(*top.a, i);
        const Value* other = partner(*top.b, step, i, false);
        const Frame here = top;
        descend(step);
        if (other)
          visit(*v, *other);
        else
          out_.only(true, nearest(step, *here.a, *here.b, false));
      } else if (top.extra < child_count(*top.b)) {
        const std::size_t i = top.extra++;
        const auto [step, v] = child(*top.b, i);
        if (partner(*top.a, step, i, true)) continue;
        descend(step);
        out_.only(false, nearest(step, *top.b, *top.a, true));
      } else {
        frames_.pop_back();
      }
    }
  }
  std::uint64_t tensors() const { return tensors_; }

 private:
  struct Frame {
    const Value *a, *b;
    std::size_t next, extra, path;
  };

  const Value* partner(const Value& in, const Step& step, std::size_t i, bool back) {
    if (in.is_dict()) {
      if (!step.key) return nullptr;
      const Value* found = in.find(prefix_.other(*step.key, back));
      return found ? found : in.find(*step.key);  // or the name is the same in both
    }
    if (i >= child_count(in)) return nullptr;
    auto [other, v] = child(in, i);
    const bool same =
        (other.part ? step.part && std::string_view(other.part) == step.part : !step.part) && !other.key == !step.key;
    return same && (!step.key || step.key->equals(*other.key)) ? v : nullptr;
  }
  /// Of the names in `other` that have no partner in `mine`, the nearest one.
  std::string nearest(const Step& step, const Value& mine, const Value& other, bool back) {
    constexpr std::uint64_t kMostAsked = 100;
    constexpr std::size_t kMostNames = 1000;
    if (!step.key || !step.key->is_string() || !other.is_dict() || ++asked_ > kMostAsked) return {};
    const Value name = prefix_.other(*step.key, back);
    std::vector<std::string_view> names;
    for (const auto& [key, v] : other.items())
      if (key.is_string() && names.size() < kMostNames && !mine.contains(prefix_.other(key, !back)))
        names.push_back(key.as_string());
    return std::string(detail::nearest(name.as_string(), names.data(), names.size()));
  }
  void descend(const Step& step) {
    if (frames_.size() > 1) out_.path += '.';
    out_.path += step_text(step);
    out_.key.push_back(step);
  }
  static bool inside(const Value& v) { return v.is_dict() || v.is_list() || v.is_tuple() || child_count(v) > 0; }
  static bool alike(const Value& a, const Value& b) {
    using Kind = Value::Kind;
    if (a.kind() == Kind::opaque && b.kind() == Kind::opaque &&
        (a.as_opaque().module != b.as_opaque().module || a.as_opaque().name != b.as_opaque().name))
      return false;
    return (a.is_dict() && b.is_dict()) || ((a.is_list() || a.is_tuple()) && (b.is_list() || b.is_tuple())) ||
           (!a.is_dict() && !a.is_container() && a.kind() == b.kind());
  }
  void visit(const Value& a, const Value& b) {
    if (a.is_tensor() && b.is_tensor()) {
      ++tensors_;
      arrays(a, b);
      const auto view = [](const Value& v) { return str(v.conj() ? "conjugate" : "", v.neg() ? "negative" : ""); };
      if (view(a) != view(b)) out_.pair("value", "a view that is " + view(a), "a view that is " + view(b));
      other_part("attributes", a.attributes(), b.attributes());
    } else if (inside(a) && inside(b) && alike(a, b)) {
      if (a.id() && b.id() && !met_.insert({a.id(), b.id()}).second) return;
      constexpr std::size_t kMostMet = 5'000'000;
      if (met_.size() > kMostMet)
        throw_error<Error>("diff: more than ", kMostMet,
                           " pairs of containers: the two files share theirs differently");
      frames_.push_back({&a, &b, 0, 0, out_.path.size()});
      if (!a.is_dict() || equality_.values) return;
      if (a.flavour() != b.flavour()) out_.pair("value", flavour(a), flavour(b));
      other_part("default_factory", a.default_factory(), b.default_factory());
    } else if (!others(a, b)) {
      out_.pair("value", repr(a, 60), repr(b, 60));
    }
  }
  void other_part(const char* what, const Value& a, const Value& b) {
    if (!equality_.values && !a.equals(b)) out_.pair("value", str(what, ' ', repr(a, 60)), str(what, ' ', repr(b, 60)));
  }
  static std::string flavour(const Value& dict) {
    constexpr const char* kNames[] = {"dict", "OrderedDict", "Counter", "defaultdict"};
    return str("of the class ", kNames[static_cast<int>(dict.flavour())]);
  }
  void arrays(const Value& a, const Value& b) {
    const Tensor &x = a.lazy_tensor(), &y = b.lazy_tensor();
    if (!(x.shape() == y.shape())) return out_.pair("shape", str(x.shape()), str(y.shape()));
    if (x.dtype() != y.dtype() && !equality_.values)
      return out_.pair("dtype", std::string(name(x.dtype())), std::string(name(y.dtype())));
    const TensorDifference d = compare(a, b, equality_);
    out_.tolerated(d.tolerated);
    if (d.differing > 0) out_.elements(d);
  }
  /// What is neither two tensors nor two containers. True when it needs no line (more).
  bool others(const Value& a, const Value& b) {
    const auto real = [](const Value& v) { return v.is_float() || v.is_bool() || (v.is_int() && v.fits_int64()); };
    const auto number = [](const Value& v) {
      return v.is_float() ? static_cast<long double>(v.as_double())
                          : static_cast<long double>(v.is_bool() ? v.as_bool() : v.as_int());
    };
    if (equality_.by_number() && real(a) && real(b) && (equality_.values || a.kind() == b.kind())) {
      const long double u = number(a), v = number(b);
      if (!equality_.same(u, v)) return false;
      if (u != v && !std::isnan(u)) out_.tolerated(std::abs(u - v));
      return true;
    }
    const bool array = a.kind() == Value::Kind::numpy_array || b.kind() == Value::Kind::numpy_array;
    if ((array && a.kind() == b.kind()) || equality_.by_number()) {
      const std::optional<Value> x = as_tensor(a), y = as_tensor(b);
      if (x && y && (a.kind() == b.kind() || equality_.values)) {
        if (array) return ++tensors_, arrays(*x, *y), true;
        const Tensor &s = x->lazy_tensor(), &t = y->lazy_tensor();
        return s.shape() == t.shape() && (s.dtype() == t.dtype() || equality_.values) &&
               compare(*x, *y, equality_).differing == 0;
      }
    }
    return a.kind() == b.kind() && a.equals(b);
  }

  Listing& out_;
  const Equality& equality_;
  Prefix& prefix_;
  std::vector<Frame> frames_;
  std::set<std::pair<const void*, const void*>> met_;
  std::uint64_t tensors_ = 0, asked_ = 0;
};

class Diff : public Verb {
 public:
  Diff() : Verb("diff", "Name the entries in which two files differ, and by how much") {
    file(a_, "A");
    file(b_, "B", "The other one");
    option(tolerance_, "--tolerance", "ABS[,REL]", "Numbers are equal when |a - b| <= ABS + REL * |b|; so are two NaN");
    flag(equality_.values, "--values", "Compare numbers as numbers, whatever their types");
    option(prefix_, "--prefix", "A=B", "Names that begin with A in the first file begin with B in the second");
    flag(json_, "--json", "One JSON object");
    loads();
    trouble = 2;
    statuses = "0 equal, 1 different, 2 trouble or wrong usage";
    examples = {{"harker diff before.pt after.harker", "what has changed"},
                {"harker diff --tolerance 1e-6,1e-5 a.pt b.pt", "what has changed by more than rounding"},
                {"harker diff --values model.pt half.pt", "how far a conversion to another type is off"},
                {"harker diff --prefix module.= ddp.pt model.pt", "names that have a prefix in one file only"}};
  }

  int run() override {
    if (a_ == "-" && b_ == "-") throw UsageError("diff: only one of A and B can be standard input");
    read_tolerance();
    Prefix prefix;
    if (!prefix_.empty()) {
      const std::size_t at = prefix_.find('=');
      if (at == std::string::npos || prefix_.size() == 1)
        throw UsageError("diff: --prefix is A=B, of which one may be empty: module.=");
      prefix.a = prefix_.substr(0, at), prefix.b = prefix_.substr(at + 1);
    }
    const Document x = look_at(a_, load_options()), y = look_at(b_, load_options());
    Out out;
    Listing listing(out, json_);
    Comparison comparison(listing, equality_, prefix);
    listing.begin();
    comparison.run(x.value, y.value);
    if (!prefix_.empty() && prefix.used == 0)
      throw_error<Error>("diff: --prefix: no name of ", name_of(a_), " begins with ", detail::quoted(prefix.a));
    const int status = listing.end(comparison.tensors());
    out.flush();
    return status;
  }

 private:
  void read_tolerance() {
    if (tolerance_.empty()) return;
    equality_.tolerant = true;
    long double* to = &equality_.abs;
    for (std::size_t at = 0; at <= tolerance_.size(); to = &equality_.rel) {
      const std::size_t end = std::min(tolerance_.find(',', at), tolerance_.size());
      double v = 0;
      const char *first = tolerance_.data() + at, *last = tolerance_.data() + end;
      const auto [stop, error] = std::from_chars(first, last, v);
      if (error != std::errc() || stop != last || !(v >= 0) || (end < tolerance_.size() && to == &equality_.rel))
        throw UsageError(
            str("diff: --tolerance is one or two numbers, ABS or ABS,REL, not ", detail::quoted(tolerance_)));
      *to = v;
      at = end + 1;
    }
  }

  std::string a_, b_, tolerance_, prefix_;
  Equality equality_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Verb> diff_verb() { return std::make_unique<Diff>(); }

}  // namespace harker::cli
