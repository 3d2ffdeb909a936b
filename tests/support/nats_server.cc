#include "tests/support/nats_server.h"

#include <fstream>

namespace spillway::test {

NatsServer::NatsServer(const std::string& configuration, const std::string& name)
    : name_(name), port_(FreePort()), monitor_port_(FreePort()) {
  Configure(configuration);
  Launch(folder_ / "nats-server.conf");
}

void NatsServer::Configure(const std::string& configuration) {
  std::ofstream(folder_ / "nats-server.conf")
      << "server_name: \"" << name_ << "\"\n"
      << "listen: \"127.0.0.1:" << port_ << "\"\n"
      << "http: \"127.0.0.1:" << monitor_port_ << "\"\n"
      << "max_payload: 8MB\nmax_pending: 256MB\n"
      << "jetstream { store_dir: \"" << (folder_ / "store").string() << "\", max_mem: 256MB, max_file: 4GB }\n"
      << configuration << "\n";
}

NatsServer::NatsServer(const std::filesystem::path& configuration_file, uint16_t port) : port_(port) {
  Launch(configuration_file);
}

void NatsServer::Launch(const std::filesystem::path& configuration_file) {
  process_ = std::make_unique<ServerProcess>(ProcessOptions{.argv = {"nats-server", "-c", configuration_file.string()},
                                                            .log_file = folder_ / "nats-server.log"});
  process_->WaitForPort(port_);
}

void NatsServer::Restart() {
  process_->Stop();
  process_->Start();
  process_->WaitForPort(port_);
}

std::string NatsServer::url() const {
  return "nats://127.0.0.1:" + std::to_string(port_);
}

}  // namespace spillway::test
