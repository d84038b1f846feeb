// einsum: sums of products, said in letters. Every letter is a dimension; each operand is laid out over all of them, with
// size 1 where it lacks one. From left to right two operands become one: what neither the result nor a later operand needs is
// contracted by a product of batches of matrices, and what only one of the two has is summed before.
#include <harker/core/ops/common.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

constexpr int kLetters = 52;
/// A to Z, then a to z: the order of the result when none is given.
int number_of(char c) { return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : -1; }
char letter_of(int n) { return static_cast<char>(n < 26 ? 'A' + n : 'a' + n - 26); }

constexpr int kEllipsis = kLetters;
/// Numbers of letters, and kEllipsis for "...".
using Term = std::vector<int>;

struct Equation {
  std::string_view text;
  std::vector<Term> terms;
  Term result;
  bool explicit_result = false;

  [[noreturn]] void refuse(const char* why) const { throw_error<ShapeError>("einsum(\"", text, "\"): ", why); }

  explicit Equation(std::string_view t) : text(t), terms(1) {
    Term* now = &terms.back();
    for (std::size_t i = 0; i < t.size(); ++i) {
      const char c = t[i];
      if (c == ' ') continue;
      if (c == '.') {
        if (t.substr(i, 3) != "...") refuse("a dot that is not one of an ellipsis '...'");
        for (int k : *now)
          if (k == kEllipsis) refuse("a second ellipsis in one term");
        now->push_back(kEllipsis);
        i += 2;
      } else if (c == '-') {
        if (t.substr(i, 2) != "->" || explicit_result) refuse("a '-' that is not that of one '->'");
        explicit_result = true;
        now = &result;
        ++i;
      } else if (c == ',') {
        if (explicit_result) refuse("the result is one term, there is a ',' in it");
        terms.emplace_back();
        now = &terms.back();
      } else if (const int n = number_of(c); n >= 0) {
        now->push_back(n);
      } else {
        throw_error<ShapeError>("einsum(\"", text, "\"): '", c, "' is neither a letter nor one of , -> ...");
      }
    }
  }
};

class Einsum {
 public:
  Einsum(std::string_view text, const std::vector<Tensor>& operands) : equation_(text), operands_(operands) {
    if (operands.empty()) equation_.refuse("no operands");
    if (operands.size() != equation_.terms.size())
      throw_error<ShapeError>("einsum(\"", text, "\"): ", equation_.terms.size(), " terms and ", operands.size(),
                              " operands");
    measure();
    place();
  }

  Tensor value() const {
    const std::size_t n = operands_.size();
    Tensor z = laid_out(0);
    for (std::size_t i = 1; i < n; ++i) z = contracted(z, laid_out(i), static_cast<int>(i));
    Shape shape, others;
    for (int d = 0; d < result_rank_; ++d) shape = shape.inserted(d, z.shape()[d]);
    for (int d = result_rank_; d < rank_; ++d) others = others.inserted(others.rank(), d);
    if (n == 1 && others.rank() > 0) z = sum(z, others);
    return z.reshape(shape);
  }

 private:
  /// The sizes of letters and of the ellipsis, and where each is last used.
  void measure() {
    for (std::int64_t& s : sizes_) s = -1;
    for (std::size_t i = 0; i < operands_.size(); ++i) {
      const Term& term = equation_.terms[i];
      const Shape& shape = operands_[i].shape();
      bool dots = false;
      for (int k : term) dots = dots || k == kEllipsis;
      const int letters = static_cast<int>(term.size()) - dots, wide = shape.rank() - letters;
      if (wide < 0 || (wide > 0 && !dots))
        throw_error<ShapeError>("einsum(\"", equation_.text, "\"): operand ", i, " is ", shape, ", its term has ",
                                letters, " letters", wide > 0 ? " and no ellipsis" : "");
      int d = 0;
      for (int k : term) {
        if (k == kEllipsis) {
          Shape middle;
          for (int j = 0; j < wide; ++j) middle = middle.inserted(j, shape[d + j]);
          widen(middle, i);
          dots_seen_ = true;
          d += wide;
          last_dots_ = static_cast<int>(i);
          continue;
        }
        std::int64_t& size = sizes_[k];
        const std::int64_t n = shape[d++];
        if (size >= 0 && size != n && size != 1 && n != 1)
          throw_error<ShapeError>("einsum(\"", equation_.text, "\"): operand ", i, ", ", shape, ", has the size ", n,
                                  " for '", letter_of(k), "', another operand, or place, ", size);
        if (size < 0 || size == 1) size = n;
        last_[k] = static_cast<int>(i);
        ++uses_[k];
      }
    }
  }

  void widen(const Shape& middle, std::size_t i) {
    try {
      ellipsis_ = dots_seen_ ? broadcast_shapes(ellipsis_, middle) : middle;
    } catch (const ShapeError&) {
      throw_error<ShapeError>("einsum(\"", equation_.text, "\"): operand ", i, " has ", middle,
                              " for '...', which does ", "not broadcast with ", ellipsis_, " of the operands before");
    }
  }

  /// The dimension of each letter: those of the result come first.
  void place() {
    Term order = equation_.result;
    if (!equation_.explicit_result) {
      if (dots_seen_) order.push_back(kEllipsis);
      for (int k = 0; k < kLetters; ++k)
        if (uses_[k] == 1) order.push_back(k);
    }
    for (int& p : places_) p = -1;
    const auto put = [this](int k) {
      places_[k] = rank_;
      rank_ += k == kEllipsis ? ellipsis_.rank() : 1;
    };
    for (int k : order) {
      if (places_[k] >= 0)
        throw_error<ShapeError>("einsum(\"", equation_.text, "\"): the result names '",
                                k == kEllipsis ? '.' : letter_of(k), "' twice");
      if (k < kLetters && sizes_[k] < 0)
        throw_error<ShapeError>("einsum(\"", equation_.text, "\"): the result has '", letter_of(k),
                                "', which no operand has");
      put(k);
    }
    result_rank_ = rank_;
    for (int k = 0; k <= kLetters; ++k)
      if (places_[k] < 0 && (k == kEllipsis ? dots_seen_ : sizes_[k] >= 0)) put(k);
    last_use_.assign(static_cast<std::size_t>(rank_), -1);  // of the result's: never contracted
    for (int k = 0; k <= kLetters; ++k)
      for (int j = 0; places_[k] >= result_rank_ && j < (k == kEllipsis ? ellipsis_.rank() : 1); ++j)
        last_use_[static_cast<std::size_t>(places_[k] + j)] = k == kEllipsis ? last_dots_ : last_[k];
  }

  /// Operand i over all dimensions.
  Tensor laid_out(std::size_t i) const {
    Tensor x = operands_[i];
    const Term& term = equation_.terms[i];
    std::vector<int> where;  // the place of each dimension of x
    const int wide = x.dim() - static_cast<int>(term.size()) + 1;
    for (int k : term)
      for (int j = 0; j < (k == kEllipsis ? wide : 1); ++j)
        where.push_back(k == kEllipsis ? places_[k] + ellipsis_.rank() - wide + j : places_[k]);
    for (std::size_t d = 0; d < where.size(); ++d)
      for (std::size_t e = d + 1; e < where.size();) {
        if (where[e] != where[d]) {
          ++e;
          continue;
        }
        const int p = static_cast<int>(d), q = static_cast<int>(e);
        if (x.shape()[p] != x.shape()[q])
          throw_error<ShapeError>("einsum(\"", equation_.text, "\"): operand ", i, ", ", operands_[i].shape(),
                                  ", has two sizes for a letter that its term repeats");
        x = movedim(diagonal(x, 0, p, q), {-1}, {p});
        where.erase(where.begin() + q);
      }
    Shape order;
    for (int p = 0; p < rank_; ++p)
      for (std::size_t d = 0; d < where.size(); ++d)
        if (where[d] == p) order = order.inserted(order.rank(), static_cast<std::int64_t>(d));
    Shape shape = Shape::filled(rank_, 1);
    for (std::size_t d = 0; d < where.size(); ++d) shape[where[d]] = x.shape()[static_cast<int>(d)];
    return (x.dim() > 1 ? x.permute(order) : x).reshape(shape);
  }

  /// The product of two, over all dimensions, summed over those that are last used by operand i or before.
  Tensor contracted(Tensor x, Tensor y, int i) const {
    Shape order, back = Shape::filled(rank_, 0), sizes;
    std::int64_t batch = 1, rows = 1, columns = 1, inner = 1;
    Shape kinds[4];  // both have it, x alone, y alone, contracted
    for (int d = 0; d < rank_; ++d) {
      const bool goes = last_use_[static_cast<std::size_t>(d)] >= 0 && last_use_[static_cast<std::size_t>(d)] <= i;
      const std::int64_t n = x.shape()[d], m = y.shape()[d];
      if (goes && n != 1 && m == 1) x = sum(x, {d}, true);
      if (goes && n == 1 && m != 1) y = sum(y, {d}, true);
      Shape& kind = kinds[goes && n != 1 && m != 1 ? 3 : goes || (n == 1) == (m == 1) ? 0 : m == 1 ? 1 : 2];
      kind = kind.inserted(kind.rank(), d);
    }
    if (kinds[3].rank() == 0) return x * y;
    const auto arranged = [&](const Tensor& t, int second, int third, int fourth) {
      Shape to;
      for (int kind : {0, second, third, fourth})
        for (std::int64_t d : kinds[kind]) to = to.inserted(to.rank(), d);
      return t.permute(to);
    };
    for (std::int64_t d : kinds[0]) batch *= x.shape()[static_cast<int>(d)];
    for (std::int64_t d : kinds[1]) rows *= x.shape()[static_cast<int>(d)];
    for (std::int64_t d : kinds[2]) columns *= y.shape()[static_cast<int>(d)];
    for (std::int64_t d : kinds[3]) inner *= x.shape()[static_cast<int>(d)];
    const Tensor z =
        bmm(arranged(x, 1, 3, 2).reshape({batch, rows, inner}), arranged(y, 3, 2, 1).reshape({batch, inner, columns}));
    int at = 0;
    for (int kind : {0, 1, 2, 3})
      for (std::int64_t d : kinds[kind]) {
        const Tensor& from = kind == 2 ? y : x;
        sizes = sizes.inserted(at, kind == 3 ? 1 : from.shape()[static_cast<int>(d)]);
        back[static_cast<int>(d)] = at++;
      }
    return z.reshape(sizes).permute(back);
  }

  Equation equation_;
  const std::vector<Tensor>& operands_;
  std::int64_t sizes_[kLetters];
  int uses_[kLetters] = {}, last_[kLetters] = {}, places_[kLetters + 1], last_dots_ = 0, rank_ = 0, result_rank_ = 0;
  Shape ellipsis_;
  bool dots_seen_ = false;
  std::vector<int> last_use_;
};

}  // namespace

Tensor einsum(std::string_view equation, const std::vector<Tensor>& operands) {
  return Einsum(equation, operands).value();
}

}  // namespace harker
