#include "tests/support/postgres_server.h"

#include <fstream>
#include <stdexcept>

namespace spillway::test {

namespace fs = std::filesystem;

namespace {

// The newest version that is installed.
std::string Program(const std::string& name) {
  std::string best;
  std::error_code error;
  for (const fs::directory_entry& version : fs::directory_iterator("/usr/lib/postgresql", error)) {
    const fs::path program = version.path() / "bin" / name;
    if (fs::exists(program) && program.string() > best) best = program.string();
  }
  if (best.empty()) throw std::runtime_error("PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/" + name);
  return best;
}

void Run(std::vector<std::string> argv, const fs::path& folder) {
  ServerProcess process({.argv = AsUser("postgres", std::move(argv)), .cwd = folder, .log_file = folder / "run.log"});
  if (process.Wait(std::chrono::seconds(60)) != 0) throw std::runtime_error(process.Log());
}

}  // namespace

PostgresServer::PostgresServer() : port_(FreePort()) {
  GiveTo("postgres", folder_.path());
  const fs::path password = folder_ / "password";
  std::ofstream(password) << kPassword;
  GiveTo("postgres", password);
  const std::string data = (folder_ / "data").string();
  Run({Program("initdb"), "--pgdata", data, "--username", kUser, "--pwfile", password.string(), "--auth",
       "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"},
      folder_.path());
  process_ = std::make_unique<ServerProcess>(
      ProcessOptions{.argv = AsUser("postgres", {Program("postgres"), "-D", data, "-p", std::to_string(port_), "-h",
                                                 "127.0.0.1", "-k", folder_.path().string(), "-c",
                                                 "shared_buffers=32MB", "-c", "fsync=off", "-c", "max_connections=20"}),
                     .cwd = folder_.path(),
                     .log_file = folder_ / "postgres.log"});
  process_->WaitForPort(port_);
  WaitUntilReady();
}

void PostgresServer::Start() {
  process_->Start();
  process_->WaitForPort(port_);
  WaitUntilReady();
}

void PostgresServer::Stop() {
  process_->Signal(SIGINT);  // fast: SIGTERM would wait for clients
  if (!process_->Wait(std::chrono::seconds(30))) throw std::runtime_error("PostgreSQL does not stop");
}

void PostgresServer::Kill9() {
  process_->Kill9();
  // Its backends end by themselves, and the next server waits for them.
  if (!Eventually([&] { return !IsListening(port_); })) throw std::runtime_error("PostgreSQL does not die");
}

// It listens before it lets anybody in.
void PostgresServer::WaitUntilReady() {
  const bool ready = Eventually([&] {
    ServerProcess probe({.argv = {Program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", std::to_string(port_)}});
    return probe.Wait(std::chrono::seconds(10)) == 0;
  });
  if (!ready) throw std::runtime_error("PostgreSQL is not ready:\n" + process_->Log());
}

}  // namespace spillway::test
