// What verify asks of a Value that reading one does not need: that the numbers inside its tensors make sense together.
#pragma once
#include <string_view>

#include <harker/core/value.h>
#include <harker/serialize/findings.h>

namespace harker {

/// Tells, each with `what` and its path: a sparse tensor whose indices lie outside its size, are out of order or
/// do not fit its values (torch.load asks the same); a quantized one whose scales are not finite or whose zero points
/// its integers cannot hold; a tensor without storage (meta, wrapper subclass) of an impossible size; a conjugate of
/// real numbers. Reads the indices, scales and zero points.
void check_contents(const Value& root, std::string_view what, Findings& findings);

}  // namespace harker
