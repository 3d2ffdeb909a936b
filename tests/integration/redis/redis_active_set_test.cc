// The active set in a real Redis.
#include "services/universe/adapters/redis_active_set.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "fmt/format.h"
#include "libs/service/metrics.h"
#include "tests/catch.h"
#include "tests/support/server_process.h"
#include "tests/support/temporary_folder.h"

using namespace spillway;
using namespace spillway::test;
using namespace spillway::universe;
using namespace std::chrono_literals;

namespace {

struct RedisServer {
  explicit RedisServer(const std::string& required = "") : password(required), port(FreePort()), process(Options()) {
    process.WaitForPort(port);
  }
  ProcessOptions Options() const {
    std::vector<std::string> argv = {"redis-server", "--port", std::to_string(port), "--bind", "127.0.0.1",
                                     "--save",       "",       "--appendonly",       "no",     "--dir",
                                     folder.path()};
    if (!password.empty()) argv.insert(argv.end(), {"--requirepass", password});
    return {.argv = argv, .log_file = folder / "redis.log"};
  }
  void StartAgain() {
    process.Start();
    process.WaitForPort(port);
  }

  std::string password;
  TemporaryFolder folder;
  uint16_t port;
  ServerProcess process;
};

// What a reader of the keys sees.
class Reader {
 public:
  explicit Reader(const RedisServer& server) : context_(redisConnect("127.0.0.1", server.port)) {
    REQUIRE(context_ != nullptr);
    REQUIRE(context_->err == 0);
    if (!server.password.empty()) Ask({"AUTH", server.password});
  }
  ~Reader() { redisFree(context_); }

  std::vector<std::string> Ask(const std::vector<std::string>& words) {
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    auto* reply =
        static_cast<redisReply*>(redisCommandArgv(context_, static_cast<int>(argv.size()), argv.data(), nullptr));
    if (reply == nullptr) throw std::runtime_error("redis does not answer");
    std::vector<std::string> answer;
    Flatten(*reply, answer);
    freeReplyObject(reply);
    return answer;
  }
  std::set<std::string> Active(const std::string& instance) {
    const auto members = Ask({"SMEMBERS", "spillway:universe:" + instance + ":active"});
    return {members.begin(), members.end()};
  }
  std::map<std::string, std::string> Meta(const std::string& instance) {
    const auto fields = Ask({"HGETALL", "spillway:universe:" + instance + ":meta"});
    std::map<std::string, std::string> meta;
    for (size_t i = 0; i + 1 < fields.size(); i += 2) meta[fields[i]] = fields[i + 1];
    return meta;
  }
  int64_t LifeMs(const std::string& key) { return std::stoll(Ask({"PTTL", key})[0]); }
  std::set<std::string> Keys() {
    const auto keys = Ask({"KEYS", "*"});
    return {keys.begin(), keys.end()};
  }

 private:
  static void Flatten(const redisReply& reply, std::vector<std::string>& out) {
    if (reply.type == REDIS_REPLY_ARRAY) {
      for (size_t i = 0; i < reply.elements; ++i) Flatten(*reply.element[i], out);
    } else if (reply.type == REDIS_REPLY_INTEGER) {
      out.push_back(std::to_string(reply.integer));
    } else if (reply.type != REDIS_REPLY_NIL) {
      out.emplace_back(reply.str, reply.len);
    }
  }
  redisContext* context_;
};

RedisOptions OptionsFor(const RedisServer& server) {
  RedisOptions options;
  options.port = server.port;
  options.password = server.password;
  options.retry_min = 10ms;
  options.retry_max = 50ms;
  options.check_period = 20ms;
  return options;
}

ActiveSet SetOf(const std::string& instance, std::vector<std::string> symbols, uint64_t sequence = 1) {
  return {.instance = instance,
          .ended = false,
          .symbols = std::move(symbols),
          .effective_time = TimeFromNanos(1'746'192'600'200'000'000),
          .refreshed_at = TimeFromNanos(1'746'192'600'000'000'000),
          .refresh = 2min,
          .sequence = sequence};
}

bool Settles(const ActiveSetPublisher& publisher) {
  return Eventually([&] { return publisher.state().up && publisher.state().waiting == 0; });
}

double Value(const service::Metrics& metrics, const std::string& series) {
  const std::string text = metrics.Text();
  const size_t at = text.find("\n" + series + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + series.size() + 2));
}

using Symbols = std::set<std::string>;

}  // namespace

TEST_CASE("S0-1.7, S1-A1.4, S1-B1.9: redis: the active set, what is known of it, and their time to live", "[redis]") {
  RedisServer server("hunter2");
  service::Metrics metrics;
  ActiveSetPublisher publisher(OptionsFor(server), metrics);
  publisher.Publish(SetOf("a@1#1", {"ACME", "SOUN"}, 7));
  publisher.Publish(SetOf("b@1#1", {}));
  REQUIRE(Settles(publisher));
  Reader reader(server);
  CHECK(reader.Active("a@1#1") == Symbols{"ACME", "SOUN"});
  const auto meta = reader.Meta("a@1#1");
  CHECK(meta.at("count") == "2");
  CHECK(meta.at("sequence") == "7");
  CHECK(meta.at("effective_time") == "2025-05-02T13:30:00.200000000Z");
  CHECK(meta.at("refreshed_at") == "2025-05-02T13:30:00.000000000Z");
  CHECK(meta.at("digest") == DigestOf(SetOf("", {"ACME", "SOUN"})));
  CHECK(meta.at("build").starts_with("spillway "));
  CHECK(reader.Meta("b@1#1").at("count") == "0");
  CHECK(reader.Keys() == Symbols{"spillway:universe:a@1#1:active", "spillway:universe:a@1#1:meta",
                                 "spillway:universe:b@1#1:meta", "spillway:universe:instances"});
  for (const std::string& key : reader.Keys()) {  // twice the refresh of 2 min
    CHECK(reader.LifeMs(key) > 200'000);
    CHECK(reader.LifeMs(key) <= 240'000);
  }
  CHECK(Value(metrics, "spillway_universe_redis_up") == 1);
  CHECK(Value(metrics, "spillway_universe_redis_stale_seconds") == 0);
  CHECK(Value(metrics, "spillway_universe_redis_published_total") == 2);

  publisher.Publish(SetOf("a@1#1", {}, 8));  // nothing is left in it
  publisher.Publish({.instance = "b@1#1", .ended = true});
  REQUIRE(Settles(publisher));
  CHECK(reader.Keys() == Symbols{"spillway:universe:a@1#1:meta", "spillway:universe:instances"});
  CHECK(reader.Meta("a@1#1").at("count") == "0");
  CHECK(reader.Ask({"SMEMBERS", "spillway:universe:instances"}) == std::vector<std::string>{"a@1#1"});
}

TEST_CASE("redis: settings.ttl counts, and publishing an unchanged set again renews it", "[redis]") {
  RedisServer server;
  service::Metrics metrics;
  RedisOptions options = OptionsFor(server);
  options.ttl = 900ms;
  options.check_period = 200ms;
  ActiveSetPublisher publisher(options, metrics);
  Reader reader(server);
  const std::string key = "spillway:universe:a@1#1:active";
  publisher.Publish(SetOf("a@1#1", {"ACME"}));
  REQUIRE(Settles(publisher));
  CHECK(reader.LifeMs(key) <= 900);
  REQUIRE(Eventually([&] { return reader.LifeMs(key) < 500; }));
  publisher.Publish(SetOf("a@1#1", {"ACME"}));
  REQUIRE(Eventually([&] { return reader.LifeMs(key) > 500; }));
  CHECK(Eventually([&] { return reader.Keys().empty(); }));  // nobody confirms it: it goes
  CHECK(publisher.state().published == 2);
}

TEST_CASE("redis: a reader sees the old set or the new one, whole, at any moment", "[redis]") {
  RedisServer server;
  service::Metrics metrics;
  ActiveSetPublisher publisher(OptionsFor(server), metrics);
  std::vector<std::string> one, other;
  for (int i = 0; i < 2500; ++i) one.push_back(fmt::format("A{:04}", i));
  for (int i = 0; i < 1700; ++i) other.push_back(fmt::format("B{:04}", i));
  publisher.Publish(SetOf("a@1#1", one));
  REQUIRE(Settles(publisher));
  std::atomic<bool> done{false};
  std::atomic<uint64_t> reads{0}, swaps{0}, wrong{0};
  std::thread watcher([&] {
    Reader reader(server);
    char last = 'A';
    while (!done) {
      const std::set<std::string> seen = reader.Active("a@1#1");
      const bool whole = (seen.size() == one.size() && (*seen.begin())[0] == 'A' && (*seen.rbegin())[0] == 'A') ||
                         (seen.size() == other.size() && (*seen.begin())[0] == 'B' && (*seen.rbegin())[0] == 'B');
      ++reads;
      if (!whole) {
        ++wrong;
      } else if ((*seen.begin())[0] != last) {
        last = (*seen.begin())[0];
        ++swaps;
      }
    }
  });
  uint64_t sequence = 1;
  const bool enough = Eventually([&] {
    ++sequence;
    publisher.Publish(SetOf("a@1#1", sequence % 2 == 0 ? other : one, sequence));
    return swaps >= 20;
  });
  done = true;
  watcher.join();
  CHECK(enough);
  CHECK(wrong == 0);
}

TEST_CASE("S0-1.8: redis: while it is away nothing blocks, and the newest set is there when it is back", "[redis]") {
  RedisServer server;
  service::Metrics metrics;
  ActiveSetPublisher publisher(OptionsFor(server), metrics);
  publisher.Publish(SetOf("a@1#1", {"ACME"}));
  publisher.Publish(SetOf("b@1#1", {"RGTI"}));
  REQUIRE(Settles(publisher));
  for (int round = 0; round < 2; ++round) {
    round == 0 ? server.process.Kill9() : void(server.process.Stop());
    CHECK(Eventually([&] { return !publisher.state().up; }));
    for (uint64_t i = 0; i < 1000; ++i) publisher.Publish(SetOf("a@1#1", {"SOUN", std::to_string(i)}, i));
    CHECK(Eventually([&] { return Value(metrics, "spillway_universe_redis_stale_seconds") > 0; }));
    CHECK(Value(metrics, "spillway_universe_redis_up") == 0);
    CHECK(Value(metrics, "spillway_universe_redis_failures_total") > 0);
    CHECK(publisher.state().waiting == 1);  // of each instance the newest alone
    CHECK(publisher.state().error.find(std::to_string(server.port)) != std::string::npos);
    server.StartAgain();  // empty
    REQUIRE(Settles(publisher));
    Reader reader(server);
    CHECK(reader.Active("a@1#1") == Symbols{"999", "SOUN"});
    CHECK(reader.Active("b@1#1") == Symbols{"RGTI"});
    CHECK(Eventually([&] { return Value(metrics, "spillway_universe_redis_stale_seconds") == 0; }));
  }
}

TEST_CASE("redis: sets that it lost without a restart come back", "[redis]") {
  RedisServer server;
  service::Metrics metrics;
  ActiveSetPublisher publisher(OptionsFor(server), metrics);
  publisher.Publish(SetOf("a@1#1", {"ACME"}));
  REQUIRE(Settles(publisher));
  Reader reader(server);
  reader.Ask({"FLUSHALL"});
  CHECK(Eventually([&] { return reader.Active("a@1#1") == Symbols{"ACME"}; }));
}

TEST_CASE("redis: a set that outlived its time while Redis was away is not brought back", "[redis]") {
  RedisServer server;
  service::Metrics metrics;
  RedisOptions options = OptionsFor(server);
  options.ttl = 300ms;
  ActiveSetPublisher publisher(options, metrics);
  server.process.Kill9();
  REQUIRE(Eventually([&] { return !publisher.state().up; }));
  publisher.Publish(SetOf("old@1#1", {"ACME"}));
  REQUIRE(Eventually([&] { return publisher.state().waiting == 0; }));
  server.StartAgain();
  REQUIRE(Settles(publisher));
  publisher.Publish(SetOf("new@1#1", {"ACME"}));
  REQUIRE(Eventually([&] { return publisher.state().published == 1; }));
  Reader reader(server);
  CHECK(reader.Meta("old@1#1").empty());
}

TEST_CASE("redis: a wrong password and a wrong kind of key are told with the way out, never the password", "[redis]") {
  RedisServer server("hunter2");
  service::Metrics metrics;
  RedisOptions options = OptionsFor(server);
  for (const std::string& wrong : {std::string("wrong-one"), std::string()}) {
    options.password = wrong;
    ActiveSetPublisher publisher(options, metrics);
    REQUIRE(Eventually([&] { return !publisher.state().error.empty(); }));
    const std::string error = publisher.state().error;
    CHECK(error.find("password_file") != std::string::npos);
    CHECK(error.find("wrong-one") == std::string::npos);
  }
  Reader reader(server);
  reader.Ask({"SET", "spillway:universe:instances", "in the way"});
  options.password = "hunter2";
  ActiveSetPublisher publisher(options, metrics);
  publisher.Publish(SetOf("a@1#1", {"ACME"}));
  REQUIRE(Eventually([&] { return publisher.state().error.find("WRONGTYPE") != std::string::npos; }));
  reader.Ask({"DEL", "spillway:universe:instances"});
  REQUIRE(Settles(publisher));
  CHECK(reader.Active("a@1#1") == Symbols{"ACME"});
}

TEST_CASE("redis: addresses", "[redis]") {
  RedisOptions options;
  CHECK(SetAddress("redis.example:6380", options).ok());
  CHECK(options.host == "redis.example");
  CHECK(options.port == 6380);
  CHECK(SetAddress("[::1]:6379", options).ok());
  CHECK(options.host == "::1");
  for (const char* wrong : {"", "redis", ":6379", "redis:", "redis:0", "redis:70000", "redis:1x"}) {
    CHECK(absl::IsInvalidArgument(SetAddress(wrong, options)));
  }
}
