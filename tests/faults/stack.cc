#include "tests/faults/stack.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <random>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "fmt/format.h"

namespace spillway::faults {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::ProcessOptions;
using test::ServerProcess;

namespace {

constexpr auto kReadyWithin = seconds(60);
constexpr auto kStopWithin = seconds(12);

fs::path Environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set: run this by ctest");
  return value;
}

std::string ReadText(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

void WriteText(const fs::path& file, const std::string& text, bool secret = false) {
  std::ofstream(file, std::ios::binary) << text;
  if (secret) fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
}

// Below the ports that the kernel gives to outgoing connections: one of those would else be found on a server's port
// while the server is down.
uint16_t ServerPort() {
  static std::mt19937 random(std::random_device{}());
  while (true) {
    const auto port = static_cast<uint16_t>(std::uniform_int_distribution<int>(12000, 31000)(random));
    if (!test::IsListening(port)) return port;
  }
}

void Run(const std::vector<std::string>& argv, const std::map<std::string, std::string>& env, const fs::path& log) {
  ServerProcess process({.argv = argv, .env = env, .log_file = log});
  if (process.Wait(seconds(60)) != 0) throw std::runtime_error(argv[0] + " failed:\n" + process.Log());
}

double MillisecondsSince(SteadyTime then) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - then).count();
}

}  // namespace

Stack::Stack(StackOptions options)
    : options_(std::move(options)), http_({.connect_timeout = milliseconds(500), .timeout = seconds(2)}) {
  for (const char* name : {"config", "log", "checkpoints", "ports", "redis"}) fs::create_directories(folder_ / name);
  const uint16_t nats_port = ServerPort();
  monitor_port_ = ServerPort();
  Run({(Environment("SPILLWAY_SOURCE") / "deploy/nats/make-config.sh").string(), folder_ / "nats", "--port",
       std::to_string(nats_port), "--http-port", std::to_string(monitor_port_)},
      {}, folder_ / "log/make-config.log");
  nats_ = std::make_unique<test::NatsServer>(folder_ / "nats/nats-server.conf", nats_port);
  redis_port_ = ServerPort();
  redis_ = std::make_unique<ServerProcess>(
      ProcessOptions{.argv = {"redis-server", "--port", std::to_string(redis_port_), "--bind", "127.0.0.1", "--save",
                              "", "--appendonly", "no", "--dir", folder_ / "redis"},
                     .log_file = folder_ / "log/redis.log"});
  redis_->WaitForPort(redis_port_);
  postgres_ = std::make_unique<test::PostgresServer>();
  WriteText(folder_ / "postgres-password", test::PostgresServer::kPassword, true);
  CreateDatabase("spillway");
  discord_port_ = ServerPort();
  discord_ = std::make_unique<ServerProcess>(
      ProcessOptions{.argv = {(Environment("SPILLWAY_BIN") / "spillway-fake-discord").string(), "--port",
                              std::to_string(discord_port_), "--bucket", "100", "--bucket-ms", "1000", "--store",
                              folder_ / "discord.store"},
                     .log_file = folder_ / "log/discord.log"});
  discord_->WaitForPort(discord_port_);
  WriteText(folder_ / "discord-url", fmt::format("http://127.0.0.1:{}/api/v10/webhooks/1001/fake-token", discord_port_),
            true);
  WriteConfigs();
}

Stack::~Stack() {
  for (const auto& service : services_) service->process.reset();
  const char* keep = std::getenv("SPILLWAY_FAULTS_LOGS");
  if (keep == nullptr) return;
  std::error_code ignored;
  fs::create_directories(keep, ignored);
  fs::copy(folder(), keep, fs::copy_options::recursive | fs::copy_options::overwrite_existing, ignored);
}

// ---------------------------------------------------------------- configuration

void Stack::WriteConfigs() {
  AddService("journal", "",
             fmt::format(R"(golden_directory: {0}/golden
postgres: {{host: 127.0.0.1, port: {1}, database: spillway, user: {2}, password_file: {0}/postgres-password}}
)",
                         folder().string(), postgres_->port(), test::PostgresServer::kUser));
  AddService("universe", "", fmt::format("redis: {{address: '127.0.0.1:{}'}}\n", redis_port_));
  for (const char* suffix : {"", "-b"}) {
    if (*suffix != 0 && !options_.replicas) continue;
    AddService("metrics", suffix, "");
    AddService("scoring", suffix, "");
    AddService("risk", suffix,
               "host_tick_after: 0s\n");  // ticks of its own would be an input the record cannot explain
  }
  AddService("notifier", "",
             fmt::format(R"(channels:
  - name: discord
    kind: discord
    url_file: {}/discord-url
    messages_per_minute_max: 6000
    timeout: 1s
    without_chart: true
)",
                         folder().string()));
  AddService("ingest", "",
             fmt::format("play:\n  session: {}\n  speed: {}\n", options_.session.string(), options_.speed));
}

void Stack::AddService(const std::string& service, const std::string& suffix, const std::string& more) {
  auto added = std::make_unique<ServiceProcess>();
  added->service = service;
  added->instance = service + suffix;
  added->config = folder_ / ("config/" + added->instance + ".yaml");
  added->log = folder_ / ("log/" + added->instance + ".log");
  fs::create_directories(folder_ / ("checkpoints/" + added->instance));
  WriteText(added->config, fmt::format(R"(service:
  service: {0}
  instance: {1}
  nats:
    urls: ['{2}']
    user: {0}
    password_file: {3}/nats/passwords/{0}
    publish_timeout: 5s
    retention_megabytes: 1024
  http: {{port: 0}}
  checkpoint: {{directory: {3}/checkpoints/{1}, period: 1s}}
  port_file: {3}/ports/{1}.json
{4})",
                                       service, added->instance, nats_->url(), folder().string(), more));
  services_.push_back(std::move(added));
}

// ---------------------------------------------------------------- services

void Stack::Start(ServiceProcess& service) {
  std::error_code ignored;
  fs::remove(folder_ / ("ports/" + service.instance + ".json"), ignored);
  service.port = 0;
  if (service.process != nullptr) return service.process->Start();
  service.process = std::make_unique<ServerProcess>(
      ProcessOptions{.argv = {(Environment("SPILLWAY_BIN") / ("spillway-" + service.service)).string(), "--config",
                              service.config.string()},
                     .log_file = service.log});
}

void Stack::StartServices() {
  const SteadyTime begin = SteadyClock::now();
  for (const auto& service : services_) {
    Start(*service);
    service->killed_at = begin;
  }
  const bool ready = test::Eventually(
      [&] {
        Tend();
        return std::ranges::none_of(services_, [](const auto& service) { return service->killed_at.has_value(); });
      },
      kReadyWithin);
  if (!ready) {
    std::string text = "not ready:";
    for (const auto& service : services_) {
      if (service->killed_at) text += " " + service->instance + "\n" + service->process->Log();
    }
    throw std::runtime_error(text);
  }
  for (const auto& service : services_) service->caught_up_ms.clear();
}

std::vector<std::string> Stack::StopServices() {
  std::vector<std::string> wrong;
  for (const char* name : {"ingest", "metrics", "universe", "scoring", "risk", "notifier", "journal"}) {
    for (const auto& service : services_) {
      if (service->service != name || !service->process) continue;
      ReadCounters(*service);
      const int code = service->process->Stop(kStopWithin);
      if (code != 0) wrong.push_back(fmt::format("{} ended with {}", service->instance, code));
    }
  }
  return wrong;
}

std::vector<std::string> Stack::StopServers() {
  std::vector<std::string> wrong;
  admin_.reset();
  if (const int code = redis_->Stop(); code != 0) wrong.push_back(fmt::format("redis-server ended with {}", code));
  if (const int code = discord_->Stop(); code != 0)
    wrong.push_back(fmt::format("the fake Discord ended with {}", code));
  if (const int code = nats_->process().Stop(); code != 0 && code != 1) {
    wrong.push_back(fmt::format("nats-server ended with {}", code));
  }
  postgres_->Stop();
  return wrong;
}

void Stack::Kill(ServiceProcess& service) {
  ++service.kills;
  if (service.process->running()) service.process->Kill9();
  if (!service.killed_at) service.killed_at = SteadyClock::now();
  for (auto& [series, value] : service.counters_now) service.counters[series] += value;
  service.counters_now.clear();
  Start(service);
}

void Stack::Tend() {
  for (const auto& service : services_) Look(*service);
  if (!discord_->running()) {
    ++discord_deaths_;
    StartDiscord();
  }
  ReadCounters(*services_[next_counters_++ % services_.size()]);
}

void Stack::Look(ServiceProcess& service) {
  if (!service.process->running()) {
    ++service.own_ends[service.process->Wait(milliseconds(0)).value_or(-1)];
    if (!service.killed_at) service.killed_at = SteadyClock::now();
    for (auto& [series, value] : service.counters_now) service.counters[series] += value;
    service.counters_now.clear();
    std::this_thread::sleep_for(milliseconds(100));  // as a supervisor does
    return Start(service);
  }
  if (service.port == 0) {
    const std::string text = ReadText(folder_ / ("ports/" + service.instance + ".json"));
    const nlohmann::json ports = nlohmann::json::parse(text, nullptr, false);
    if (ports.is_object()) service.port = ports.value("http", uint16_t{0});
  }
  if (!service.killed_at || service.port == 0 || !Get(service.port, "/readyz")) return;
  service.caught_up_ms.push_back(MillisecondsSince(*service.killed_at));
  service.killed_at.reset();
}

ServiceProcess& Stack::Find(const std::string& instance) {
  for (const auto& service : services_) {
    if (service->instance == instance) return *service;
  }
  throw std::runtime_error("no service " + instance);
}

std::optional<std::string> Stack::Get(uint16_t port, const std::string& path, int status) {
  net::HttpRequest request;
  request.method = "GET";
  request.url = fmt::format("http://127.0.0.1:{}{}", port, path);
  const net::HttpResult result = http_.Send(request);
  if (result.outcome != net::HttpOutcome::kAnswered || result.status != status) return std::nullopt;
  return result.body;
}

uint64_t Stack::Messages(const std::string& stream) {
  const std::optional<std::string> body = Get(monitor_port_, "/jsz?streams=true");
  const nlohmann::json json = nlohmann::json::parse(body.value_or("{}"));
  for (const nlohmann::json& account : json.value("account_details", nlohmann::json::array())) {
    for (const nlohmann::json& one : account.value("stream_detail", nlohmann::json::array())) {
      if (one.at("name") == stream) return one.at("state").at("messages");
    }
  }
  return 0;
}

std::optional<nlohmann::json> Stack::Status(const ServiceProcess& service) {
  if (service.port == 0) return std::nullopt;
  const std::optional<std::string> body = Get(service.port, "/status");
  if (!body) return std::nullopt;
  nlohmann::json json = nlohmann::json::parse(*body, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

// Sums over labels.
void Stack::ReadCounters(ServiceProcess& service) {
  if (service.port == 0 || !service.process->running()) return;
  const std::optional<std::string> text = Get(service.port, "/metrics");
  if (!text) return;
  service.counters_now.clear();
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) continue;
    const std::string name = line.substr(0, line.find_first_of("{ "));
    if (name.ends_with("_total")) service.counters_now[name] += std::atof(line.substr(line.rfind(' ')).c_str());
  }
}

double Stack::Counter(const std::string& service, const std::string& series) const {
  const std::string name = "spillway_" + service + "_" + series;
  double sum = 0;
  for (const auto& one : services_) {
    if (one->service != service) continue;
    for (const auto* counters : {&one->counters, &one->counters_now}) {
      if (const auto found = counters->find(name); found != counters->end()) sum += found->second;
    }
  }
  return sum;
}

// ---------------------------------------------------------------- servers

void Stack::StartRedis() {
  redis_->Start();
  redis_->WaitForPort(redis_port_);
}

void Stack::StartDiscord() {
  discord_->Start();
  discord_->WaitForPort(discord_port_);
  if (!behaviour_.is_null()) {
    nlohmann::json again = behaviour_;
    again.erase("next");  // it has happened
    Behave(again);
  }
}

void Stack::Behave(const nlohmann::json& behaviour) {
  behaviour_ = behaviour;
  net::HttpRequest request;
  request.method = "PUT";
  request.url = fmt::format("http://127.0.0.1:{}/fake/behaviour", discord_port_);
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = behaviour.dump();
  if (http_.Send(request).status != 200) throw std::runtime_error("the fake Discord does not take its behaviour");
}

void Stack::CreateDatabase(const std::string& name) {
  Run({"psql", "-h", "127.0.0.1", "-p", std::to_string(postgres_->port()), "-U", test::PostgresServer::kUser, "-d",
       test::PostgresServer::kDatabase, "-c", "CREATE DATABASE " + name},
      {{"PGPASSWORD", test::PostgresServer::kPassword}}, folder_ / "log/psql.log");
}

std::vector<std::string> Stack::PostgresArguments(const std::string& database) const {
  return {"--postgres-host", "127.0.0.1",
          "--port",          std::to_string(postgres_->port()),
          "--database",      database,
          "--user",          test::PostgresServer::kUser,
          "--password-file", folder_ / "postgres-password"};
}

std::vector<std::string> Stack::NatsArguments() const {
  return {"--nats", nats_->url(), "--user", "admin", "--password-file", folder_ / "nats/passwords/admin"};
}

std::shared_ptr<jetstream::Connection> Stack::Connect(const std::string& user) {
  std::string password = ReadText(folder_ / ("nats/passwords/" + user));
  while (!password.empty() && password.back() == '\n') password.pop_back();
  auto connection =
      jetstream::Connection::Connect({.url = nats_->url(), .name = "faults-test", .user = user, .password = password});
  if (!connection.ok()) throw std::runtime_error(std::string(connection.status().message()));
  return *connection;
}

jetstream::JetStreamLog Stack::Log(Producer producer) {
  if (admin_ == nullptr) admin_ = Connect("admin");
  return {admin_, producer};
}

std::vector<std::string> Stack::ProcessesLeft() const {
  std::vector<std::string> left;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc", error)) {
    const std::string pid = entry.path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    std::string command = ReadText(entry.path() / "cmdline");
    std::ranges::replace(command, '\0', ' ');
    if (command.find(folder().string()) != std::string::npos) left.push_back(pid + " " + command);
  }
  return left;
}

}  // namespace spillway::faults
