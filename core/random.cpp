// Generator: MT19937 as PyTorch runs it, with the position inside its 624 words, so that state() is
// torch.get_rng_state() to the byte. How tensors are filled from it is core/random_fill.cpp. Recipe and layout of the
// state: docs/random.md.
//
//   offset 0     u64  seed, all 64 bits            5016  f64  unused
//          8     i32  left: draws until a refill   5024  f64  the second number of Box-Muller
//         12     i32  seeded, always 1             5032  f64  unused
//         16     u64  next: index into the words   5040  i32  is there such a second number?
//         24     u64  words[624], 32 bits used     5048  f32, 5052 u8: the same for float, unused by torch's CPU fills
#include <harker/core/random.h>
#include <harker/core/text.h>
#include <cmath>
#include <cstring>

namespace harker {
namespace {

constexpr int kWords = 624, kShift = 397;
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

struct Generator::Engine {
  std::uint64_t seed = 0;
  std::int32_t left = 1;
  std::uint32_t next = 0;
  std::uint32_t words[kWords];
  bool has_normal = false;  // the second number of a pair waits in `normal`
  double normal = 0;
  float float_normal = 0;  // only carried through, for states that Python wrote
  bool has_float_normal = false;

  void start(std::uint64_t s) {
    seed = s;
    left = 1;
    next = 0;
    has_normal = has_float_normal = false;
    normal = 0;
    float_normal = 0;
    words[0] = static_cast<std::uint32_t>(s);
    for (std::uint32_t i = 1; i < kWords; ++i) words[i] = 1812433253u * (words[i - 1] ^ (words[i - 1] >> 30)) + i;
  }

  void refill() {
    const auto twist = [](std::uint32_t u, std::uint32_t v) {
      const std::uint32_t mixed = (u & 0x80000000u) | (v & 0x7fffffffu);
      return (mixed >> 1) ^ (v & 1u ? 0x9908b0dfu : 0u);
    };
    for (int i = 0; i < kWords - kShift; ++i) words[i] = words[i + kShift] ^ twist(words[i], words[i + 1]);
    for (int i = kWords - kShift; i < kWords - 1; ++i)
      words[i] = words[i + kShift - kWords] ^ twist(words[i], words[i + 1]);
    words[kWords - 1] = words[kShift - 1] ^ twist(words[kWords - 1], words[0]);
    left = kWords;
    next = 0;
  }

  std::uint32_t draw() {
    if (--left == 0) refill();
    std::uint32_t y = words[next++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
  }
};

Generator::Generator(std::uint64_t seed) : engine_(std::make_unique<Engine>()) { engine_->start(seed); }
Generator::Generator(const Generator& o) : engine_(std::make_unique<Engine>(*o.engine_)) {}
// A generator that was moved from stays usable: it goes on as a copy would.
Generator::Generator(Generator&& o) noexcept : engine_(std::make_unique<Engine>(*o.engine_)) {}
Generator& Generator::operator=(const Generator& o) {
  *engine_ = *o.engine_;
  return *this;
}
Generator& Generator::operator=(Generator&& o) noexcept {
  *engine_ = *o.engine_;
  return *this;
}
Generator::~Generator() = default;

void Generator::manual_seed(std::uint64_t seed) { engine_->start(seed); }
std::uint64_t Generator::initial_seed() const { return engine_->seed; }
std::uint32_t Generator::random() { return engine_->draw(); }
std::uint64_t Generator::random64() {
  const std::uint64_t high = engine_->draw();
  return high << 32 | engine_->draw();
}
double Generator::uniform() { return static_cast<double>(random64() & ((1ull << 53) - 1)) * 0x1p-53; }

double Generator::normal(double mean, double std) {
  Engine& e = *engine_;
  if (e.has_normal) {
    e.has_normal = false;
    return std::fma(e.normal, std, mean);
  }
  constexpr double kPi = 3.14159265358979323846;
  const double u1 = uniform(), u2 = uniform();
  const double radius = std::sqrt(-2.0 * std::log1p(-u2)), theta = 2.0 * kPi * u1;
  e.normal = radius * std::sin(theta);
  e.has_normal = true;
  return std::fma(radius * std::cos(theta), std, mean);
}

Tensor Generator::state() const {
  const Engine& e = *engine_;
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
  const auto refuse = [](auto... why) { throw FormatError(detail::str("Generator::set_state: ", why...)); };
  if (!state.defined()) refuse("the state is an undefined tensor");
  if (state.dtype() != kUInt8 || state.dim() != 1 || state.numel() != static_cast<std::int64_t>(kStateSize)) {
    refuse("a state is ", kStateSize, " bytes of uint8, this is ", name(state.dtype()), " of shape ", state.shape());
  }
  const Tensor held = state.contiguous();
  const std::uint8_t* bytes = held.data<std::uint8_t>();
  Engine e;
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
  *engine_ = e;
}

Value Generator::state_dict() const { return state(); }
void Generator::load_state_dict(const Value& v) { set_state(v.tensor()); }

Generator& default_generator() {
  static Generator generator(67280421310721);  // torch's default seed
  return generator;
}
void manual_seed(std::uint64_t seed) { default_generator().manual_seed(seed); }

}  // namespace harker
