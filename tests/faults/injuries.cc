#include "tests/faults/injuries.h"

#include <algorithm>
#include <random>

namespace spillway::faults {
namespace {

using Seconds = std::chrono::duration<double>;

class Planner {
 public:
  Planner(const InjuryPlan& plan, SteadyTime begin) : plan_(plan), begin_(begin), random_(plan.seed) {}

  void Kills(const std::string& instance, int count) {
    for (int i = 0; i < count; ++i) {
      Add(Between(0.02, 0.97), "kill " + instance, [instance](Stack& stack) { stack.Kill(stack.Find(instance)); });
    }
  }
  // Each in a part of the time of its own, so that a server is not stopped twice at once.
  void Outages(const std::string& server, double seconds_min, double seconds_max, void (*stop)(Stack&),
               void (*start)(Stack&)) {
    for (int i = 0; i < plan_.outages; ++i) {
      const double part = 0.9 / plan_.outages;
      const Seconds at = Between(0.05 + part * i, 0.05 + part * (i + 0.6));
      const double longest = std::min(seconds_max, plan_.playing.count() * part * 0.35);
      Add(at, "stop " + server, stop);
      Add(at + Seconds(std::uniform_real_distribution<>(std::min(seconds_min, longest), longest)(random_)),
          "start " + server, start);
    }
  }
  void DiscordDies() {
    for (int i = 0; i < plan_.discord_deaths; ++i) {
      const uint64_t seed = random_();
      Add(Between(0.1, 0.9), "the fake Discord dies after accepting", [seed](Stack& stack) {
        nlohmann::json behaviour = DiscordBehaviour(seed % 1'000'000);
        behaviour["next"] = {{{"die", true}}};
        stack.Behave(behaviour);
      });
    }
  }
  std::vector<Injury> Take() {
    std::ranges::stable_sort(injuries_, {}, &Injury::at);
    return std::move(injuries_);
  }

 private:
  Seconds Between(double from, double to) {
    return plan_.playing * std::uniform_real_distribution<>(from, to)(random_);
  }
  void Add(Seconds after, std::string what, std::function<void(Stack&)> act) {
    injuries_.push_back(
        {begin_ + std::chrono::duration_cast<SteadyClock::duration>(after), std::move(what), std::move(act)});
  }

  const InjuryPlan& plan_;
  const SteadyTime begin_;
  std::mt19937_64 random_;
  std::vector<Injury> injuries_;
};

}  // namespace

std::vector<Injury> Schedule(const std::vector<std::string>& instances, const InjuryPlan& plan, SteadyTime begin) {
  Planner planner(plan, begin);
  for (const std::string& instance : instances) {
    planner.Kills(instance, instance.ends_with("-b") ? (plan.kills + 1) / 2 : plan.kills);
  }
  planner.Outages(
      "nats-server", 0.2, 3, [](Stack& stack) { stack.nats().Kill9(); }, [](Stack& stack) { stack.nats().Restart(); });
  planner.Outages(
      "redis-server", 2, 4, [](Stack& stack) { stack.StopRedis(); }, [](Stack& stack) { stack.StartRedis(); });
  planner.Outages(
      "postgres", 2, 4, [](Stack& stack) { stack.postgres().Stop(); }, [](Stack& stack) { stack.postgres().Start(); });
  planner.DiscordDies();
  return planner.Take();
}

nlohmann::json DiscordBehaviour(uint64_t seed) {
  return {{"rate",
           {{"status_500", 0.05},
            {"status_429", 0.01},
            {"hang", 0.01},
            {"drop", 0.03},
            {"accept_then_drop", 0.05},
            {"seed", seed}}}};
}

}  // namespace spillway::faults
