// Ends the process when an invariant of ours is broken, in release builds too: state that is known to be wrong must not
// reach the log. Starting and recovering are one code path, so ending is safe.
#pragma once

#include <cstdio>
#include <cstdlib>

#define SPILLWAY_CHECK(condition)                                                            \
  do {                                                                                       \
    if (!(condition)) [[unlikely]] {                                                         \
      std::fprintf(stderr, "%s:%d: broken invariant: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)
