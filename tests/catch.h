// Catch2 v2 (Debian 12) or v3 (Debian 13).
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
namespace spillway_test {
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
}  // namespace spillway_test
#else
#include <catch2/catch.hpp>
namespace spillway_test {
using Catch::WithinAbs;
using Catch::WithinRel;
}  // namespace spillway_test
#endif
using spillway_test::WithinAbs;
using spillway_test::WithinRel;
