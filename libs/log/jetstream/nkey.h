// A user's nkey: NATS knows the user by an Ed25519 public key, written in base32 ("U..."); the seed ("SU...") is the
// secret it is derived from.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace spillway::jetstream {

// InvalidArgument where it is no user's seed. The text does not repeat it.
absl::StatusOr<std::string> PublicKeyOfSeed(std::string_view seed);
// NotFound; InvalidArgument naming the file. White space at its end is allowed.
absl::StatusOr<std::string> PublicKeyOfSeedFile(const std::string& path);

}  // namespace spillway::jetstream
