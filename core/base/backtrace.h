// Who called whom: return addresses, taken cheaply, and their functions' names, found when they are wanted. Internal.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace harker {
namespace detail {

/// Fills `at` with the return addresses of this function's callers, innermost first; returns how many.
std::size_t callers(std::span<void*> at) noexcept;

/// The names of the functions that these addresses lie in, as written in C++ and of at most `limit` characters; where
/// no name is known (a program without symbols), the file and the address in it.
std::vector<std::string> function_names(std::span<void* const> at, std::size_t limit = 160);

}  // namespace detail
}  // namespace harker
