// The whole stack for one test: servers and services as processes of their own, all files in one temporary directory.
// What can be done to it: kill, stop and start again. Ports are free ones of this machine.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/log/jetstream/jetstream_log.h"
#include "libs/net/http_client.h"
#include "nlohmann/json.hpp"
#include "tests/support/nats_server.h"
#include "tests/support/postgres_server.h"
#include "tests/support/server_process.h"
#include "tests/support/temporary_folder.h"

namespace spillway::faults {

using SteadyClock = std::chrono::steady_clock;
using SteadyTime = SteadyClock::time_point;

struct StackOptions {
  std::filesystem::path session;  // what ingest plays
  double speed = 100;
  bool replicas = false;  // a second metrics, scoring and risk
};

// One process of a service: started, killed, and started again whenever it has ended.
struct ServiceProcess {
  std::string service;   // "metrics"
  std::string instance;  // "metrics-b"
  std::filesystem::path config, log;
  std::unique_ptr<test::ServerProcess> process;
  uint16_t port = 0;  // HTTP

  int kills = 0;
  std::map<int, int> own_ends;             // how often it ended by itself, by exit code
  std::optional<SteadyTime> killed_at;     // until it is caught up again
  std::vector<double> caught_up_ms;        // from the kill until /readyz says 200
  std::map<std::string, double> counters;  // of former lives, as they were last seen
  std::map<std::string, double> counters_now;
};

class Stack {
 public:
  explicit Stack(StackOptions options);
  ~Stack();

  // Starts all services, and waits until they are ready.
  void StartServices();
  // Sources first; each has to end with 0 by itself. Returns what did not.
  std::vector<std::string> StopServices();
  std::vector<std::string> StopServers();

  // To be called every few milliseconds: notices who is caught up, and starts again who has ended.
  void Tend();
  void Kill(ServiceProcess& service);
  // Of one service, what StartServices and Tend do of all.
  void Start(ServiceProcess& service);
  void Look(ServiceProcess& service);
  void ReadCounters(ServiceProcess& service);
  std::vector<std::unique_ptr<ServiceProcess>>& services() { return services_; }
  ServiceProcess& Find(const std::string& instance);

  test::NatsServer& nats() { return *nats_; }
  test::PostgresServer& postgres() { return *postgres_; }
  void StopRedis() { redis_->Stop(); }
  void StartRedis();

  // The fake Discord: what it does from now on; whether it died, and is to be started again.
  void Behave(const nlohmann::json& behaviour);
  int discord_deaths() const { return discord_deaths_; }

  // nullopt: another status, or no answer.
  std::optional<std::string> Get(uint16_t port, const std::string& path, int status = 200);
  // How many messages the server keeps in the stream.
  uint64_t Messages(const std::string& stream);
  std::optional<nlohmann::json> Status(const ServiceProcess& service);
  // The sum over all lives of a service's counter, as far as it was seen; see Tend.
  double Counter(const std::string& service, const std::string& series) const;

  jetstream::JetStreamLog Log(Producer producer = Producer::kNone);
  std::shared_ptr<jetstream::Connection> Connect(const std::string& user);

  const std::filesystem::path& folder() const { return folder_.path(); }
  std::string golden() const { return folder_ / "golden"; }
  uint16_t redis_port() const { return redis_port_; }
  // `spillway project`'s options for a database.
  std::vector<std::string> PostgresArguments(const std::string& database) const;
  std::vector<std::string> NatsArguments() const;
  void CreateDatabase(const std::string& name);

  // How all programs of this stack can be told from others: in their command line.
  std::vector<std::string> ProcessesLeft() const;

 private:
  void StartDiscord();
  void WriteConfigs();
  void AddService(const std::string& service, const std::string& suffix, const std::string& more);

  const StackOptions options_;
  test::TemporaryFolder folder_;
  std::unique_ptr<test::NatsServer> nats_;
  std::unique_ptr<test::PostgresServer> postgres_;
  uint16_t monitor_port_ = 0, redis_port_ = 0, discord_port_ = 0;
  std::unique_ptr<test::ServerProcess> redis_, discord_;
  int discord_deaths_ = 0;
  nlohmann::json behaviour_;
  net::HttpClient http_;
  std::vector<std::unique_ptr<ServiceProcess>> services_;
  size_t next_counters_ = 0;
  std::shared_ptr<jetstream::Connection> admin_;
};

}  // namespace spillway::faults
