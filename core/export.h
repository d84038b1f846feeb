// What every public header needs first. HARKER_PUBLIC: what a shared build of the library exports; public headers, and
// the files that define what they declare, open their namespace with it (clang goes by the definition, g++ by the
// declaration), all else stays hidden. In a static library it decides what a user's own shared library exports of us:
// with HARKER_HIDDEN (the CMake option) nothing.
#pragma once

// A missing file ends the compilation: the message is the only one, where #error would be followed by pages of others.
#if __cplusplus < 202002L
#include <harker needs C++20: compile with -std=c++20 (g++ 12, clang 14 or newer)>
#elif !defined(__cpp_exceptions)
#include <harker needs exceptions: compile without -fno-exceptions>
#elif !defined(__cpp_rtti)
#include <harker needs run-time type information: compile without -fno-rtti>
#endif

#if defined(HARKER_HIDDEN)
#define HARKER_PUBLIC
#else
#define HARKER_PUBLIC __attribute__((visibility("default")))
#endif
