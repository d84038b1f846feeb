// Picks the CPU's kernels: HARKER_CPU, else AVX2 where the CPU has it. AVX-512 is never the default: at the sizes that
// matter here it was measured no faster, and on many CPUs it lowers the clock. Each family is looked for by itself, when
// it is first needed, so that nothing refers to a family that no op asks for.
#ifdef HARKER_CPU_AVX2
#include <cpuid.h>
#endif
#include <cstdlib>
#include <string>
#include <string_view>
#include <type_traits>

#include <harker/core/backend/backend.h>
#include <harker/core/backend/cuda/cuda.h>
#include <harker/core/error.h>

namespace harker HARKER_PUBLIC {

// Where the kernels compiled for a set, or once for all, are defined: `kernels_of` of its files.
#define HARKER_FAMILY(...) \
  template <>              \
  __VA_ARGS__& kernels_of<__VA_ARGS__>();
#define HARKER_SET(set)          \
  namespace set {                \
  template <class Family>        \
  Family& kernels_of();          \
  HARKER_FAMILIES(HARKER_FAMILY) \
  }
HARKER_SET(portable)
HARKER_SET(baseline)
HARKER_SET(avx2)
HARKER_SET(avx512)
#undef HARKER_SET
#undef HARKER_FAMILY

namespace {

template <class Family, class... List>
constexpr bool kIsOneOf = (std::is_same_v<Family, List> || ...);
/// Compiled once?
template <class Family>
constexpr bool kIsPortable = kIsOneOf<Family, RareFunctions, Comparisons, Masks, Integers, Scans, Sorting, Pooling>;
/// Does AVX-512 have a kernel of its own?
template <class Family>
constexpr bool kGainsByAvx512 = kIsOneOf<Family, OptimizerKernel<AdamStep>, OptimizerKernel<SgdStep>,
                                         OptimizerKernel<RmspropStep>, OptimizerKernel<AdagradStep>>;

#ifdef HARKER_CPU_AVX2
/// Clang's __builtin_cpu_supports does not know this one.
bool has_f16c() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}
#endif

constexpr int kMost = 3;

// The sets that this build has: HARKER_CPU_SETS of CMakeLists.txt, as cmake/harker.cmake hands it on.
struct Available {
  CpuSet sets[kMost] = {};
  std::size_t count = 0;
  CpuSet preferred{};

  Available() {
#ifdef HARKER_CPU_BASELINE
    preferred = sets[count++] = CpuSet::baseline;
#endif
#ifdef HARKER_CPU_AVX2
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !has_f16c()) return;
    preferred = sets[count++] = CpuSet::avx2;
#endif
#ifdef HARKER_CPU_AVX512
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw"))
      sets[count++] = CpuSet::avx512;
#endif
  }
};

const Available& available() {
  static const Available a;
  return a;
}

/// The set of that name; DeviceError, listing those this machine can run, if it is none of them.
CpuSet cpu_set_named(std::string_view wanted) {
  std::string known;
  for (const CpuSet set : cpu_sets()) {
    if (wanted == name(set)) return set;
    known += known.empty() ? "" : ", ";
    known += name(set);
  }
  throw DeviceError("HARKER_CPU: this machine has no CPU kernels named '" + std::string(wanted.substr(0, 80)) +
                    "'; it can run: " + known);
}

constexpr int kNone = -1;
constinit std::atomic<int> set_in_use{kNone};

/// Chooses by HARKER_CPU, else by what the CPU has, and remembers it.
CpuSet choose_cpu_set() {
  const char* forced = std::getenv("HARKER_CPU");
  const CpuSet chosen = forced && *forced ? cpu_set_named(forced) : available().preferred;
  if (available().count == 0)
    throw DeviceError("this build of harker has CPU kernels for AVX2 alone, which this processor lacks");
  int none = kNone;  // a set chosen meanwhile, by use_cpu_set or another thread, stays
  return set_in_use.compare_exchange_strong(none, static_cast<int>(chosen)) ? chosen : static_cast<CpuSet>(none);
}

}  // namespace

const char* name(CpuSet set) { return set == CpuSet::baseline ? "baseline" : set == CpuSet::avx2 ? "avx2" : "avx512"; }

std::span<const CpuSet> cpu_sets() { return {available().sets, available().count}; }

CpuSet cpu_set() {
  const int set = set_in_use.load(std::memory_order_acquire);
  return set == kNone ? choose_cpu_set() : static_cast<CpuSet>(set);
}

CpuSet use_cpu_set(CpuSet set) {
  const CpuSet before = cpu_set();
  set_in_use.store(static_cast<int>(set));
  // Every family is looked for again.
#define HARKER_FAMILY(...) detail::KernelsOf<__VA_ARGS__>::in_use.store(nullptr);
  HARKER_FAMILIES(HARKER_FAMILY)
#undef HARKER_FAMILY
  return before;
}

namespace detail {

template <class Family>
constinit std::atomic<Family*> KernelsOf<Family>::in_use{nullptr};

template <class Family>
Family& KernelsOf<Family>::of([[maybe_unused]] CpuSet set) {
  if constexpr (kIsPortable<Family>) {
    return portable::kernels_of<Family>();
  } else {
#ifdef HARKER_CPU_AVX512
    if constexpr (kGainsByAvx512<Family>)
      if (set == CpuSet::avx512) return avx512::kernels_of<Family>();
#endif
#if defined(HARKER_CPU_BASELINE) && defined(HARKER_CPU_AVX2)
    return set == CpuSet::baseline ? baseline::kernels_of<Family>() : avx2::kernels_of<Family>();
#elif defined(HARKER_CPU_AVX2)
    return avx2::kernels_of<Family>();
#else
    return baseline::kernels_of<Family>();
#endif
  }
}

template <class Family>
Family& KernelsOf<Family>::find(Device d) {
  if (d.type != DeviceType::cpu) return cuda_kernels<Family>(d);
  for (;;) {
    const CpuSet set = cpu_set();
    Family& found = of(set);
    in_use.store(&found);
    if (set_in_use.load() == static_cast<int>(set)) return found;  // else use_cpu_set came in between
  }
}

#define HARKER_FAMILY(...) template struct KernelsOf<__VA_ARGS__>;
HARKER_FAMILIES(HARKER_FAMILY)
#undef HARKER_FAMILY

}  // namespace detail
}  // namespace harker
