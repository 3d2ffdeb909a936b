// What is done to a stack while it works, and when: a schedule that a seed alone brings back.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/faults/stack.h"

namespace spillway::faults {

struct InjuryPlan {
  uint64_t seed = 1;
  int kills = 3;    // of each service; of a second replica half as many
  int outages = 1;  // of nats-server, Redis and PostgreSQL each
  int discord_deaths = 1;
  std::chrono::duration<double> playing{60};  // all of it happens within
};

struct Injury {
  SteadyTime at;
  std::string what;  // "kill metrics-b", "start redis"
  std::function<void(Stack&)> act;
};

// In the order of time, from `begin` on.
std::vector<Injury> Schedule(const std::vector<std::string>& instances, const InjuryPlan& plan, SteadyTime begin);

// How the fake Discord treats requests all the while.
nlohmann::json DiscordBehaviour(uint64_t seed);

}  // namespace spillway::faults
