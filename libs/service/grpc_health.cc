#include "libs/service/grpc_health.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <chrono>
#include <mutex>
#include <utility>

#include "libs/service/log.h"

namespace spillway::service {

struct GrpcHealth::Impl {
  std::unique_ptr<grpc::Server> server;
  std::string service;
  int port = 0;
};

absl::StatusOr<std::unique_ptr<GrpcHealth>> GrpcHealth::Start(const std::string& address, int port,
                                                              const std::string& service) {
  static std::once_flag once;  // for all servers that this process builds later
  std::call_once(once, [] {
    gpr_set_log_function([](gpr_log_func_args* line) { Log(Severity::kDebug, "grpc", {{"message", line->message}}); });
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
  const bool six = address.find(':') != std::string::npos;
  const std::string where = fmt::format(fmt::runtime(six ? "[{}]:{}" : "{}:{}"), address, port);
  auto impl = std::make_unique<Impl>();
  impl->service = "spillway." + service;
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // else two servers share a port and nobody notices
  builder.AddListeningPort(where, grpc::InsecureServerCredentials(), &impl->port);
  impl->server = builder.BuildAndStart();
  if (impl->server == nullptr || impl->port == 0) {
    return absl::UnavailableError(fmt::format(
        "gRPC cannot listen on {}: the port is taken or the address is not this machine's; see service.http.grpc_port",
        where));
  }
  std::unique_ptr<GrpcHealth> health(new GrpcHealth(std::move(impl)));
  health->SetServing(false);
  return health;
}

GrpcHealth::GrpcHealth(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

GrpcHealth::~GrpcHealth() {
  impl_->server->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  impl_->server->Wait();
}

void GrpcHealth::SetServing(bool serving) {
  grpc::HealthCheckServiceInterface& health = *impl_->server->GetHealthCheckService();
  health.SetServingStatus("", serving);
  health.SetServingStatus(impl_->service, serving);
}

int GrpcHealth::port() const {
  return impl_->port;
}

}  // namespace spillway::service
