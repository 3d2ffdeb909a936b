// A PostgreSQL server on a free loopback port, for one test; as user postgres where the test runs as root.
#pragma once

#include <memory>
#include <string>

#include "tests/support/server_process.h"
#include "tests/support/temporary_folder.h"

namespace spillway::test {

class PostgresServer {
 public:
  static constexpr const char* kUser = "spillway";  // a superuser, by password over TCP
  static constexpr const char* kPassword = "not-to-be-logged";
  static constexpr const char* kDatabase = "postgres";

  // Makes an empty cluster and starts it. Answering when this returns.
  PostgresServer();

  uint16_t port() const { return port_; }
  void Stop();  // ends all connections
  void Kill9();
  void Start();  // on the same port and data

 private:
  void WaitUntilReady();

  TemporaryFolder folder_{TemporaryFolder::Place::kMemory};
  uint16_t port_;
  std::unique_ptr<ServerProcess> process_;
};

}  // namespace spillway::test
