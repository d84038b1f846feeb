// Generator: copies, seeds and states of MT19937 (core/random/draws.h) as PyTorch runs it, with the position inside its
// 624 words, so that state() is torch.get_rng_state() to the byte. How tensors are filled from it is
// core/random/fill.cpp. Recipe and layout of the state: docs/random.md.
//
//   offset 0     u64  seed, all 64 bits            5016  f64  unused
//          8     i32  left: draws until a refill   5024  f64  the second number of Box-Muller
//         12     i32  seeded, always 1             5032  f64  unused
//         16     u64  next: index into the words   5040  i32  is there such a second number?
//         24     u64  words[624], 32 bits used     5048  f32, 5052 u8: the same for float, unused by torch's CPU fills
#include <harker/core/base/text.h>
#include <harker/core/random/draws.h>

#include <cstring>
#include <optional>
#include <utility>

#include <pthread.h>

namespace harker HARKER_PUBLIC {
namespace {

constexpr int kWords = Mersenne::kWords;
constexpr std::size_t kSeedAt = 0, kLeftAt = 8, kSeededAt = 12, kNextAt = 16, kWordsAt = 24;
constexpr std::size_t kNormalAt = kWordsAt + 8 * kWords + 8, kValidAt = kNormalAt + 16;
constexpr std::size_t kFloatNormalAt = kValidAt + 8, kFloatValidAt = kFloatNormalAt + 4;
constexpr std::size_t kStateSize = kFloatNormalAt + 8;
static_assert(kStateSize == 5056);

template <class T>
T get(const std::uint8_t* bytes, std::size_t at) {
  T v;
  std::memcpy(&v, bytes + at, sizeof v);
  return v;
}
template <class T>
void put(std::uint8_t* bytes, std::size_t at, T v) {
  std::memcpy(bytes + at, &v, sizeof v);
}

}  // namespace

namespace {
/// A copy of what another thread may be drawing from.
Mersenne seen(std::mutex& mutex, const Mersenne& m) {
  const std::lock_guard lock(mutex);
  return m;
}
}  // namespace

Generator::Generator(std::uint64_t seed) : engine_(new Engine) { engine_->mersenne.start(seed); }
Generator::Generator(const Generator& o) : engine_(new Engine) {
  engine_->mersenne = seen(o.engine_->mutex, o.engine_->mersenne);
}
// A generator that was moved from stays usable: it goes on as a copy would.
Generator::Generator(Generator&& o) noexcept : Generator(std::as_const(o)) {}
Generator& Generator::operator=(const Generator& o) {
  const Mersenne theirs = seen(o.engine_->mutex, o.engine_->mersenne);  // one lock after the other, never both
  const std::lock_guard lock(engine_->mutex);
  engine_->mersenne = theirs;
  return *this;
}
Generator& Generator::operator=(Generator&& o) noexcept { return *this = std::as_const(o); }
Generator::~Generator() { delete engine_; }

void Generator::manual_seed(std::uint64_t seed) {
  const std::lock_guard lock(engine_->mutex);
  engine_->mersenne.start(seed);
}
std::uint64_t Generator::initial_seed() const {
  const std::lock_guard lock(engine_->mutex);
  return engine_->mersenne.seed;
}
std::uint32_t Generator::random() { return Draws(*this).random(); }
std::uint64_t Generator::random64() { return Draws(*this).random64(); }
double Generator::uniform() { return Draws(*this).uniform(); }
double Generator::normal(double mean, double std) { return Draws(*this).normal(mean, std); }

Tensor Generator::state() const {
  const Mersenne e = seen(engine_->mutex, engine_->mersenne);
  Tensor t = zeros({static_cast<std::int64_t>(kStateSize)}, kUInt8);
  std::uint8_t* bytes = t.data<std::uint8_t>();
  put(bytes, kSeedAt, e.seed);
  put(bytes, kLeftAt, e.left);
  put(bytes, kSeededAt, std::int32_t{1});
  put(bytes, kNextAt, std::uint64_t{e.next});
  for (std::size_t i = 0; i < kWords; ++i) put(bytes, kWordsAt + 8 * i, std::uint64_t{e.words[i]});
  if (e.has_normal) {
    put(bytes, kNormalAt, e.normal);
    put(bytes, kValidAt, std::int32_t{1});
  }
  if (e.has_float_normal) {
    put(bytes, kFloatNormalAt, e.float_normal);
    put(bytes, kFloatValidAt, std::uint8_t{1});
  }
  return t;
}

void Generator::set_state(const Tensor& state) {
  const auto refuse = [](auto... why) { detail::throw_error<FormatError>("Generator::set_state: ", why...); };
  if (!state.defined()) refuse("the state is an undefined tensor");
  if (state.dtype() != kUInt8 || state.dim() != 1 || state.numel() != static_cast<std::int64_t>(kStateSize)) {
    refuse("a state is ", kStateSize, " bytes of uint8, this is ", name(state.dtype()), " of shape ", state.shape());
  }
  const Tensor held = state.contiguous();
  const std::uint8_t* bytes = held.data<std::uint8_t>();
  Mersenne e;
  e.seed = get<std::uint64_t>(bytes, kSeedAt);
  e.left = get<std::int32_t>(bytes, kLeftAt);
  const auto next = get<std::uint64_t>(bytes, kNextAt);
  if (get<std::int32_t>(bytes, kSeededAt) != 1) refuse("the flag 'seeded' at byte 12 is not 1");
  // The next left - 1 draws read words[next...]: they must lie inside.
  if (e.left < 1 || e.left > kWords || next > kWords || next + static_cast<std::uint64_t>(e.left) - 1 > kWords) {
    refuse("left ", e.left, " and next ", next, " are no position within ", kWords, " words");
  }
  e.next = static_cast<std::uint32_t>(next);
  for (std::size_t i = 0; i < kWords; ++i) {
    const auto word = get<std::uint64_t>(bytes, kWordsAt + 8 * i);
    if (word >> 32) refuse("word ", i, " has more than 32 bits");
    e.words[i] = static_cast<std::uint32_t>(word);
  }
  e.has_normal = get<std::int32_t>(bytes, kValidAt) != 0;
  e.normal = get<double>(bytes, kNormalAt);
  e.has_float_normal = bytes[kFloatValidAt] != 0;
  e.float_normal = get<float>(bytes, kFloatNormalAt);
  const std::lock_guard lock(engine_->mutex);
  engine_->mersenne = e;
}

Value Generator::state_dict() const { return state(); }
void Generator::load_state_dict(const Value& v) { set_state(v.tensor()); }

namespace {
thread_local constinit Generator* of_thread = nullptr;  // of a GeneratorGuard

Generator& of_process() {
  static Generator* const generator = [] {
    static std::optional<Draws> held;  // during a fork, so that the child finds it whole and free
    pthread_atfork([] { held.emplace(of_process()); }, [] { held.reset(); }, [] { held.reset(); });
    return new Generator(
        67280421310721);  // torch's seed. Never destroyed: static objects may draw in their destructors
  }();
  return *generator;
}
}  // namespace

Generator& default_generator() { return of_thread ? *of_thread : of_process(); }
GeneratorGuard::GeneratorGuard(Generator& g) noexcept : before_(std::exchange(of_thread, &g)) {}
GeneratorGuard::~GeneratorGuard() { of_thread = before_; }
void manual_seed(std::uint64_t seed) { default_generator().manual_seed(seed); }

}  // namespace harker
