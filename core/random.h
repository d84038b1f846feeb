// Random numbers, bit for bit PyTorch's CPU generator (MT19937 and its ways of using it). After the same manual_seed
// the same calls give the same numbers as torch 2.15 on x86-64 with AVX2 (every modern machine), whatever CPU harker
// runs on. The recipe: docs/random.md.
#pragma once
#include <cstdint>

#include <harker/core/value.h>

namespace harker HARKER_PUBLIC {

/// A stream of random numbers, as torch.Generator. Several threads may use one at once: each call (a fill, a
/// permutation, one number, a state read or set) has the stream for itself, so that its numbers follow one another and
/// no number is handed out twice; which call comes first is up to the threads. Each thread its own: GeneratorGuard.
class Generator {
 public:
  explicit Generator(std::uint64_t seed = 5489);
  /// Copies are independent generators in the same state.
  Generator(const Generator& o);
  Generator(Generator&&) noexcept;
  Generator& operator=(const Generator& o);
  Generator& operator=(Generator&&) noexcept;
  ~Generator();

  /// Only the low 32 bits seed the engine, as in torch; also forgets the normal number kept back.
  void manual_seed(std::uint64_t seed);
  std::uint64_t initial_seed() const;
  std::uint32_t random();                          ///< one draw of 32 bits
  std::uint64_t random64();                        ///< two draws, the first is the high word
  double uniform();                                ///< [0, 1) from random64, 53 bits
  double normal(double mean = 0, double std = 1);  ///< one number of Box-Muller; the second is kept back

  /// torch.get_rng_state()'s 5056 bytes as a uint8 tensor, and back: Python can go on where we stopped.
  Tensor state() const;
  void set_state(const Tensor& state);  ///< FormatError when it is not such a state
  Value state_dict() const;             ///< the state as a Value, for checkpoints
  void load_state_dict(const Value& v);

 private:
  friend class Draws;
  struct Engine;
  Engine* engine_;  // owned; not std::unique_ptr, which is dear to the compiler of every user
};

/// The generator used when none is given; one for the process, like torch's, but where a GeneratorGuard says otherwise.
Generator& default_generator();
/// While it lives, `g` is the default generator of this thread: what its dropout, initial weights and shuffles draw
/// then depends on no other thread.
class GeneratorGuard {
 public:
  explicit GeneratorGuard(Generator& g) noexcept;
  ~GeneratorGuard();
  GeneratorGuard(const GeneratorGuard&) = delete;
  GeneratorGuard& operator=(const GeneratorGuard&) = delete;

 private:
  Generator* before_;
};
/// Seeds the default generator. Negative seeds as in torch (-1 is 2^64 - 1).
void manual_seed(std::uint64_t seed);

// --- Filling. In place, not recorded; GradError on a tensor that requires grad unless grad mode is off.
Tensor& uniform_(Tensor& t, double from = 0, double to = 1, Generator& g = default_generator());
Tensor& normal_(Tensor& t, double mean = 0, double std = 1, Generator& g = default_generator());
/// Whole numbers: of an integer dtype from 0 to its largest, of a floating-point one to the largest up to which it holds
/// all of them (2^24 for float32); bool tosses a coin. Or from `from` (0) inclusive to `to` exclusive, which the dtype must
/// hold.
Tensor& random_(Tensor& t, Generator& g = default_generator());
Tensor& random_(Tensor& t, std::int64_t from, std::int64_t to, Generator& g = default_generator());
Tensor& bernoulli_(Tensor& t, double p = 0.5, Generator& g = default_generator());
/// Each with its own probability: p broadcasts to t.
Tensor& bernoulli_(Tensor& t, const Tensor& p, Generator& g = default_generator());
/// Density lambda exp(-lambda x), x >= 0; lambda > 0.
Tensor& exponential_(Tensor& t, double lambda = 1, Generator& g = default_generator());

Tensor rand(const Shape& shape, TensorOptions options = {}, Generator& g = default_generator());
Tensor randn(const Shape& shape, TensorOptions options = {}, Generator& g = default_generator());
Tensor rand(const Shape& shape, BareOption auto t) { return rand(shape, detail::only(t)); }
Tensor randn(const Shape& shape, BareOption auto t) { return randn(shape, detail::only(t)); }
/// Whole numbers from low (inclusive; 0) to high (exclusive), int64 unless the options name another dtype.
Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, TensorOptions options = {},
               Generator& g = default_generator());
inline Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, Generator& g) {
  return randint(low, high, shape, TensorOptions(), g);
}
Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, BareOption auto t) {
  return randint(low, high, shape, detail::only(t));
}
inline Tensor randint(std::int64_t high, const Shape& shape, TensorOptions options = {}) {
  return randint(0, high, shape, options);
}
Tensor randint(std::int64_t high, const Shape& shape, BareOption auto t) {
  return randint(0, high, shape, detail::only(t));
}
/// Of t's shape and order in memory, and of its dtype and device where the options name none.
Tensor rand_like(const Tensor& t, TensorOptions options = {});
Tensor randn_like(const Tensor& t, TensorOptions options = {});
Tensor randint_like(const Tensor& t, std::int64_t low, std::int64_t high, TensorOptions options = {});
inline Tensor randint_like(const Tensor& t, std::int64_t high, TensorOptions options = {}) {
  return randint_like(t, 0, high, options);
}
/// Normal numbers: of one mean and deviation in a shape, or each of its own, broadcast. The deviation is not negative.
Tensor normal(double mean, double std, const Shape& shape, TensorOptions options = {},
              Generator& g = default_generator());
Tensor normal(const Tensor& mean, const Tensor& std, Generator& g = default_generator());
Tensor normal(const Tensor& mean, double std = 1, Generator& g = default_generator());
Tensor normal(double mean, const Tensor& std, Generator& g = default_generator());
// --- core/random/choice.cpp
/// 1 with the probability that stands in p, else 0; in p's dtype.
Tensor bernoulli(const Tensor& p, Generator& g = default_generator());
/// `n` choices among the categories of weights[categories] or weights[rows, categories], which need not add up to 1:
/// int64 of shape (n) or (rows, n). Without replacement a category is chosen once at most. ShapeError for more choices
/// than that allows, Error for weights that are negative, infinite or all 0.
Tensor multinomial(const Tensor& weights, std::int64_t n, bool replacement = false, Generator& g = default_generator());
/// 0 .. n-1 in random order, int64 unless the options name another dtype.
Tensor randperm(std::int64_t n, TensorOptions options = {}, Generator& g = default_generator());
inline Tensor randperm(std::int64_t n, Generator& g) { return randperm(n, TensorOptions(), g); }

}  // namespace harker
