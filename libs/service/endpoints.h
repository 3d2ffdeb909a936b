// What a service answers to its watchers: HTTP /metrics, /healthz, /readyz, and the gRPC health service.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "absl/status/statusor.h"

namespace spillway::service {

class Metrics;

// Ready when nothing is missing. Threads may name and clear reasons at any time.
class Readiness {
 public:
  void Missing(const std::string& what);  // "nats", "caught_up"
  void Present(const std::string& what);
  bool ready() const;
  std::set<std::string> missing() const;
  // Called now and whenever ready() changes, by the thread that changes it; it must not call this object. One observer:
  // a new one replaces it. Endpoints with gRPC set theirs.
  void Observe(std::function<void(bool ready)> observer);

 private:
  void Change(const std::function<void()>& change);

  mutable std::mutex mutex_;
  std::set<std::string> missing_;
  std::function<void(bool)> observer_;
};

struct EndpointOptions {
  std::string address = "127.0.0.1";
  int http_port = 0;   // 0: any free one
  int grpc_port = -1;  // -1: no gRPC; 0: any free one
};

class Endpoints {
 public:
  // /healthz: 200 while `healthy` says so, else 503. /readyz: 200, or 503 with what is missing, as JSON. /metrics:
  // Prometheus text. /status: `status()`, a JSON document for `spillway status`. gRPC: grpc.health.v1.Health of "" and
  // "spillway.<service>", with reflection. Unavailable where a port is taken, naming it. Two threads answer HTTP, a
  // request at a time; `healthy` and `status` are called by them. What is given must outlive this.
  static absl::StatusOr<std::unique_ptr<Endpoints>> Start(const EndpointOptions& options, const std::string& service,
                                                          Metrics& metrics, Readiness& readiness,
                                                          std::function<bool()> healthy,
                                                          std::function<std::string()> status);
  ~Endpoints();
  int http_port() const;
  int grpc_port() const;  // -1: none

 private:
  struct Impl;
  explicit Endpoints(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace spillway::service
