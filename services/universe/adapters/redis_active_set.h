// Publishes the active universe in Redis (docs/redis.md has the keys): one atomic swap an instance, with a time to
// live. Redis is a view for others to read; nothing here ever reads it to decide. When it is away the last good set
// stays in force, and the newest one is published when it is back.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "services/universe/active_sets.h"

namespace spillway::service {
class Metrics;
}

namespace spillway::universe {

struct RedisOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 6379;
  std::string password;  // "": none
  std::string prefix = "spillway";
  Duration ttl{0};  // 0: twice the set's refresh (C-08), 600 s where that is not known
  Duration connect_timeout = std::chrono::seconds(1);
  Duration command_timeout = std::chrono::seconds(2);
  Duration retry_min = std::chrono::milliseconds(100);  // doubled at each failure up to retry_max
  Duration retry_max = std::chrono::seconds(5);
  // How often an idle connection is tried and the keys are looked for: a Redis that lost them gets them again.
  Duration check_period = std::chrono::seconds(1);
};

// "host:port" or "[address]:port" into the options. InvalidArgument says what was seen.
absl::Status SetAddress(const std::string& address, RedisOptions& options);

// Has a thread of its own. Of each instance only the newest set waits. Series: spillway_universe_redis_*.
class ActiveSetPublisher {
 public:
  // `metrics` outlives this.
  ActiveSetPublisher(RedisOptions options, service::Metrics& metrics);
  ~ActiveSetPublisher();  // within command_timeout; what waits is dropped
  ActiveSetPublisher(const ActiveSetPublisher&) = delete;
  ActiveSetPublisher& operator=(const ActiveSetPublisher&) = delete;

  // Never blocks for Redis. Its keys live for the time to live from this call on, however late they are written.
  void Publish(ActiveSet set);

  struct State {
    bool up = false;
    uint64_t waiting = 0;  // sets that Redis does not have in their newest form
    uint64_t published = 0;
    std::string error;  // the last one, while it is not up
  };
  State state() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace spillway::universe
