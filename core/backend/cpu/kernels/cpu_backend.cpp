// The one object of each instruction set.
#include <harker/core/backend/cpu/kernels/cpu_backend.h>

#define HARKER_TEXT_OF(x) #x
#define HARKER_TEXT(x) HARKER_TEXT_OF(x)
#define HARKER_JOIN_OF(x, y) x##y
#define HARKER_JOIN(x, y) HARKER_JOIN_OF(x, y)

namespace harker {
namespace HARKER_ISA {

const char* CpuBackend::name() const { return HARKER_TEXT(HARKER_ISA); }

constinit CpuBackend cpu;

}  // namespace HARKER_ISA

/// make_baseline, make_avx2 or make_avx512: the one name this set exports.
Backend& HARKER_JOIN(make_, HARKER_ISA)() { return HARKER_ISA::cpu; }

}  // namespace harker
