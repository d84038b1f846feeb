// Picks the CPU backend: HARKER_CPU, else AVX2 where the CPU has it. AVX-512 is never the default: at the sizes that
// matter here it was measured no faster, and on many CPUs it lowers the clock.
#ifdef HARKER_CPU_AVX2
#include <cpuid.h>
#endif
#include <cstdlib>
#include <string>
#include <string_view>

#include <harker/core/backend/backend.h>
#include <harker/core/error.h>

namespace harker HARKER_PUBLIC {

// The sets that this build has: HARKER_CPU_SETS of CMakeLists.txt, as cmake/harker.cmake hands it on.
#ifdef HARKER_CPU_BASELINE
Backend& make_baseline();
#endif
#ifdef HARKER_CPU_AVX2
Backend& make_avx2();
#endif
#ifdef HARKER_CPU_AVX512
Backend& make_avx512();
#endif

namespace {

#ifdef HARKER_CPU_AVX2
/// Clang's __builtin_cpu_supports does not know this one.
bool has_f16c() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}
#endif

constexpr int kMost = 3;

struct Available {
  Backend* sets[kMost] = {};
  std::size_t count = 0;
  Backend* preferred = nullptr;

  Available() {
#ifdef HARKER_CPU_BASELINE
    preferred = sets[count++] = &make_baseline();
#endif
#ifdef HARKER_CPU_AVX2
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !has_f16c()) return;
    preferred = sets[count++] = &make_avx2();
#endif
#ifdef HARKER_CPU_AVX512
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw"))
      sets[count++] = &make_avx512();
#endif
  }
};

const Available& available() {
  static const Available a;
  return a;
}

/// The backend of that name; DeviceError, listing those this machine can run, if it is none of them.
Backend& cpu_backend_named(std::string_view name) {
  std::string known;
  for (Backend* b : cpu_backends()) {
    if (name == b->name()) return *b;
    known += known.empty() ? "" : ", ";
    known += b->name();
  }
  throw DeviceError("HARKER_CPU: this machine has no CPU kernels named '" + std::string(name.substr(0, 80)) +
                    "'; it can run: " + known);
}

/// Chooses by HARKER_CPU, else by what the CPU has, and remembers it.
Backend& choose_cpu_backend() {
  const char* forced = std::getenv("HARKER_CPU");
  Backend* const chosen = forced && *forced ? &cpu_backend_named(forced) : available().preferred;
  if (!chosen) throw DeviceError("this build of harker has CPU kernels for AVX2 alone, which this processor lacks");
  Backend* none = nullptr;  // a backend set meanwhile, by set_cpu_backend or another thread, stays
  return detail::current_cpu_backend.compare_exchange_strong(none, chosen) ? *chosen : *none;
}

}  // namespace

constinit std::atomic<Backend*> detail::current_cpu_backend{nullptr};

std::span<Backend* const> cpu_backends() { return {available().sets, available().count}; }

Backend& cpu_backend() {
  Backend* const b = detail::current_cpu_backend.load(std::memory_order_acquire);
  return b ? *b : choose_cpu_backend();
}

Backend& set_cpu_backend(Backend& b) {
  Backend& before = cpu_backend();
  detail::current_cpu_backend.store(&b);
  return before;
}

}  // namespace harker
