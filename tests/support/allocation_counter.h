// Counts every `operator new` of the program. It defines the operators: include it in one source of a test program
// only.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace spillway::test {
inline std::size_t allocations = 0;
}  // namespace spillway::test

// Not inlined: the compiler would otherwise see memory of malloc going to delete.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++spillway::test::allocations;
  if (void* place = std::malloc(size == 0 ? 1 : size)) return place;
  throw std::bad_alloc();
}
// std::stable_sort and its like ask in this way, and give back to the plain delete below.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++spillway::test::allocations;
  return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void operator delete(void* place) noexcept {
  std::free(place);
}
[[gnu::noinline]] void operator delete(void* place, std::size_t) noexcept {
  std::free(place);
}
