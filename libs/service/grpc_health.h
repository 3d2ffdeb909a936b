// The gRPC health service (grpc.health.v1.Health) with reflection. gRPC's headers stay in the .cc file.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace spillway::service {

class GrpcHealth {
 public:
  // port 0: any free one. Serves the names "" and "spillway.<service>", as NOT_SERVING until told otherwise.
  // Unavailable where the port is taken.
  static absl::StatusOr<std::unique_ptr<GrpcHealth>> Start(const std::string& address, int port,
                                                           const std::string& service);
  ~GrpcHealth();
  void SetServing(bool serving);
  int port() const;

 private:
  struct Impl;
  explicit GrpcHealth(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace spillway::service
