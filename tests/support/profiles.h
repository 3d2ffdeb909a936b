// The shipped profiles in tests, to be changed field by field.
#pragma once

#include "libs/profile/profile_loader.h"
#include "tests/catch.h"

namespace spillway::test {

inline v1::Profile ClassicProfile() {
  absl::StatusOr<v1::Profile> profile = profile::LoadProfile("ofi-classic@1");
  INFO(profile.status().ToString());
  REQUIRE(profile.ok());
  return *std::move(profile);
}

}  // namespace spillway::test
