// spillway-universe: features lanes in, the market lane out; the active sets into Redis.
#include "libs/service/processor_runner.h"
#include "services/universe/active_sets.h"
#include "services/universe/adapters/redis_active_set.h"
#include "services/universe/universe_processor.h"

namespace spillway {
namespace {

absl::StatusOr<universe::RedisOptions> Options(const v1::RedisSettings& settings) {
  universe::RedisOptions options;
  if (absl::Status status = universe::SetAddress(settings.address(), options); !status.ok()) return status;
  if (!settings.password_file().empty()) {
    absl::StatusOr<std::string> password = service::ReadSecretFile(settings.password_file());
    if (!password.ok()) return password.status();
    options.password = *std::move(password);
  }
  if (!settings.prefix().empty()) options.prefix = settings.prefix();
  options.ttl = Duration(settings.ttl_ns());
  return options;
}

absl::Status Run(service::Context& context, const v1::UniverseSettings& settings) {
  std::unique_ptr<universe::ActiveSetPublisher> publisher;
  if (!settings.redis().address().empty()) {
    const absl::StatusOr<universe::RedisOptions> options = Options(settings.redis());
    if (!options.ok()) return options.status();
    publisher = std::make_unique<universe::ActiveSetPublisher>(*options, context.metrics);
  }
  std::vector<log::LaneName> inputs;
  for (const uint32_t lane : service::MarketLanes(context.settings))
    inputs.push_back("features." + std::to_string(lane));

  universe::ActiveSets sets;
  service::ProcessorJob job{.name = "universe",
                            .producer = Producer::kUniverse,
                            .make = [] { return std::make_unique<universe::UniverseProcessor>(); },
                            .inputs = inputs,
                            .output = "market.0",
                            .on_input = [&](const Event& event) { sets.Observe(event); },
                            .on_output = [&](const Event& event, bool) { sets.Observe(event); }};
  job.after_step = [&](runtime::LaneShell& shell) {
    if (!shell.caught_up() || publisher == nullptr) return;
    for (universe::ActiveSet& set : sets.TakeChanged()) publisher->Publish(std::move(set));
  };
  job.reset = [&] { sets = {}; };
  job.save = [&](runtime::StateWriter& state) { sets.Save(state); };
  job.restore = [&](runtime::StateReader& state) { return sets.Restore(state); };
  std::vector<service::ProcessorJob> jobs;
  jobs.push_back(std::move(job));
  return service::RunProcessors(context, std::move(jobs), [&](service::StatusReport& report) {
    if (publisher == nullptr) return;
    const universe::ActiveSetPublisher::State state = publisher->state();
    report.counters["redis_up"] = state.up ? 1 : 0;
    report.counters["redis_published"] = state.published;
    if (!state.up && !state.error.empty()) report.notes.push_back("redis: " + state.error);
  });
}

}  // namespace
}  // namespace spillway

int main(int argc, char** argv) {
  return spillway::service::Main<spillway::v1::UniverseSettings>(argc, argv, "universe", spillway::Run);
}
