// The fake venue on a TLS port of 127.0.0.1. One session an account: a new hello ends the older one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/fakes/venue/fake_venue.h"

namespace spillway::fake {

class VenueServer {
 public:
  // `pem`: key and certificate. Port 0: any free one. `venue` outlives this. Throws std::runtime_error.
  VenueServer(FakeVenue& venue, const std::string& pem, uint16_t port);
  ~VenueServer();
  uint16_t port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace spillway::fake
