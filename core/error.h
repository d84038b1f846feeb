// The exceptions harker throws. Every message says which operation failed, what it was given and what to do.
// After a throw nothing the caller owns has changed.
#pragma once
#include <stdexcept>

#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {

/// The root of all errors thrown on purpose; catch this one to catch them all (std::bad_alloc apart).
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// Sizes, dimensions or indices that do not fit the operation.
struct ShapeError : Error {
  using Error::Error;
};
/// A dtype, or a kind of Value, that the operation does not take.
struct TypeError : Error {
  using Error::Error;
};
/// Misuse of autograd: no history, a graph already freed, a saved tensor changed in place.
struct GradError : Error {
  using Error::Error;
};
/// A file that is damaged, hostile, of another format, or holds what we refuse. Names file, entry, expected and found.
struct FormatError : Error {
  using Error::Error;
};
/// The operating system refused: missing file, full disk, no permission.
struct IoError : Error {
  using Error::Error;
};
/// A device that is absent, or tensors on different devices.
struct DeviceError : Error {
  using Error::Error;
};

}  // namespace harker
