// A nats-server with JetStream on a free loopback port, for one test.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "tests/support/server_process.h"
#include "tests/support/temporary_folder.h"

namespace spillway::test {

class NatsServer {
 public:
  // `configuration`: lines added to the server's own (authorization, tls, cluster); listen, http, store and JetStream
  // are set here. Listening when this returns.
  explicit NatsServer(const std::string& configuration = "", const std::string& name = "test");
  // Runs with a configuration file as it is; its port is told, its store is its own matter.
  NatsServer(const std::filesystem::path& configuration_file, uint16_t port);

  std::string url() const;  // "nats://127.0.0.1:port"
  uint16_t port() const { return port_; }
  uint16_t monitor_port() const { return monitor_port_; }  // /healthz, /jsz
  const std::filesystem::path& folder() const { return folder_.path(); }

  // Other lines for the next start: see the first constructor.
  void Configure(const std::string& configuration);
  void Kill9() { process_->Kill9(); }
  void Stop() { process_->Stop(); }
  // Starts it on the same port and store, after stopping it where it runs.
  void Restart();
  ServerProcess& process() { return *process_; }

 private:
  void Launch(const std::filesystem::path& configuration_file);

  TemporaryFolder folder_;
  std::string name_;
  uint16_t port_;
  uint16_t monitor_port_ = 0;
  std::unique_ptr<ServerProcess> process_;
};

}  // namespace spillway::test
