#include "libs/service/endpoints.h"

#include <fmt/format.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <atomic>

#include "libs/service/metrics.h"
#include "nlohmann/json.hpp"
#include "tests/catch.h"
#include "tests/unit/service/http_get.h"

namespace spillway::service {
namespace {

using test::HttpGet;

struct Watched {
  Metrics metrics;
  Readiness readiness;
  std::atomic<bool> healthy = true;
  std::unique_ptr<Endpoints> endpoints;

  explicit Watched(EndpointOptions options = {}) {
    absl::StatusOr<std::unique_ptr<Endpoints>> started = Endpoints::Start(
        options, "risk", metrics, readiness, [this] { return healthy.load(); },
        [] { return "{\"service\":\"risk\"}"; });
    INFO(started.status().message());
    REQUIRE(started.ok());
    endpoints = *std::move(started);
  }
  int port() const { return endpoints->http_port(); }
};

// grpc.health.v1.Health/Check by hand, so that no generated code is needed: HealthCheckRequest{service = 1},
// HealthCheckResponse{status = 1}: 1 SERVING, 2 NOT_SERVING. Negative: the gRPC code.
int HealthOf(int port, const std::string& service) {
  grpc::GenericStub stub(grpc::CreateChannel(fmt::format("127.0.0.1:{}", port), grpc::InsecureChannelCredentials()));
  const std::string request = service.empty() ? "" : std::string("\x0a") + static_cast<char>(service.size()) + service;
  const grpc::Slice slice(request);
  grpc::ByteBuffer sent(&slice, 1);
  grpc::ByteBuffer received;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", sent, &queue);
  call->StartCall();
  grpc::Status status;
  call->Finish(&received, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (!status.ok()) return -static_cast<int>(status.error_code());
  grpc::Slice answer;
  REQUIRE(received.DumpToSingleSlice(&answer).ok());
  REQUIRE(answer.size() == 2);
  return answer.begin()[1];
}

TEST_CASE("endpoints: metrics in Prometheus' text form", "[service]") {
  Watched watched;
  watched.metrics.Counter("spillway_risk_refusals_total", "Refusals.", {{"rule", "SPREAD"}}).Increment();
  const auto answer = HttpGet(watched.port(), "/metrics");
  CHECK(answer.code == 200);
  CHECK(answer.head.find("Content-Type: text/plain; version=0.0.4") != std::string::npos);
  CHECK(answer.body.find("spillway_risk_refusals_total{rule=\"SPREAD\"} 1\n") != std::string::npos);
  CHECK(answer.body.find("spillway_ready 1\n") != std::string::npos);
}

TEST_CASE("endpoints: ready when nothing is missing, else 503 with what is", "[service]") {
  Watched watched;
  watched.readiness.Missing("nats");
  watched.readiness.Missing("caught_up");
  const auto missing = HttpGet(watched.port(), "/readyz");
  CHECK(missing.code == 503);
  const nlohmann::json body = nlohmann::json::parse(missing.body);
  CHECK(body["ready"] == false);
  CHECK(body["missing"] == nlohmann::json({"caught_up", "nats"}));
  watched.readiness.Present("nats");
  CHECK(HttpGet(watched.port(), "/readyz").code == 503);
  watched.readiness.Present("caught_up");
  CHECK(HttpGet(watched.port(), "/readyz").code == 200);
}

TEST_CASE("endpoints: health, status, HEAD, what is not there and what is not allowed", "[service]") {
  Watched watched;
  CHECK(HttpGet(watched.port(), "/healthz").code == 200);
  watched.healthy = false;
  CHECK(HttpGet(watched.port(), "/healthz").code == 503);
  CHECK(HttpGet(watched.port(), "/status").body == "{\"service\":\"risk\"}");
  CHECK(HttpGet(watched.port(), "/status", "HEAD").body.empty());
  CHECK(HttpGet(watched.port(), "/").code == 404);
  CHECK(HttpGet(watched.port(), "/metrics/x").code == 404);
  CHECK(HttpGet(watched.port(), "/status", "POST").code == 405);
}

TEST_CASE("endpoints: a taken port is named", "[service]") {
  const Watched watched({.grpc_port = 0});
  Metrics metrics;
  Readiness readiness;
  for (const EndpointOptions& options :
       {EndpointOptions{.http_port = watched.port()}, EndpointOptions{.grpc_port = watched.endpoints->grpc_port()}}) {
    const int taken = options.grpc_port > 0 ? options.grpc_port : options.http_port;
    const absl::Status status = Endpoints::Start(
                                    options, "risk", metrics, readiness, [] { return true; }, [] { return "{}"; })
                                    .status();
    INFO(status.message());
    CHECK(absl::IsUnavailable(status));
    CHECK(std::string(status.message()).find(std::to_string(taken)) != std::string::npos);
  }
}

TEST_CASE("endpoints: gRPC health follows readiness, for the server and for the service", "[service]") {
  Watched watched({.grpc_port = 0});
  const int port = watched.endpoints->grpc_port();
  REQUIRE(port > 0);
  CHECK(HealthOf(port, "") == 1);
  CHECK(HealthOf(port, "spillway.risk") == 1);
  watched.readiness.Missing("nats");
  CHECK(HealthOf(port, "") == 2);
  CHECK(HealthOf(port, "spillway.risk") == 2);
  watched.readiness.Present("nats");
  CHECK(HealthOf(port, "") == 1);
  CHECK(HealthOf(port, "spillway.other") == -static_cast<int>(grpc::StatusCode::NOT_FOUND));
}

}  // namespace
}  // namespace spillway::service
