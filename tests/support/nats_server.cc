#include "tests/support/nats_server.h"

#include <fstream>

namespace spillway::test {

NatsServer::NatsServer(const std::string& configuration, const std::string& name)
    : port_(FreePort()), monitor_port_(FreePort()) {
  const std::filesystem::path file = folder_ / "nats-server.conf";
  std::ofstream(file) << "server_name: \"" << name << "\"\n"
                      << "listen: \"127.0.0.1:" << port_ << "\"\n"
                      << "http: \"127.0.0.1:" << monitor_port_ << "\"\n"
                      << "max_payload: 8MB\nmax_pending: 64MB\n"
                      << "jetstream { store_dir: \"" << (folder_ / "store").string()
                      << "\", max_mem: 256MB, max_file: 4GB }\n"
                      << configuration << "\n";
  Launch(file);
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
