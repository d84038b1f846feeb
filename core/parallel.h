// How many threads large kernels may use. Small ones never pay for the existence of threads.
#pragma once
#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {

/// n >= 1; ShapeError otherwise. Affects the whole process. Results do not depend on it.
void set_num_threads(int n);
/// At the start: OMP_NUM_THREADS, else the number of cores.
int get_num_threads();

}  // namespace harker
