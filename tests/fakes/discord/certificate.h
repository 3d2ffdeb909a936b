// A certificate for 127.0.0.1 and localhost that signs itself.
#pragma once

#include <string>

namespace spillway::fake {

// Writes ca.pem (what a client is to trust) and server.pem (with its key) into the directory, unless both are there.
// Throws std::runtime_error where they cannot be written.
void MakeCertificate(const std::string& directory);

}  // namespace spillway::fake
