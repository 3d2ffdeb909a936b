// spillway-risk: the trading lane in and out. The holder of the lease keeps its time going when the feed is silent.
#include <thread>

#include "libs/log/jetstream/jetstream_log.h"
#include "libs/log/jetstream/lease.h"
#include "libs/runtime/event_appender.h"
#include "libs/service/processor_runner.h"
#include "services/risk/host_ticks.h"
#include "services/risk/risk.h"

namespace spillway {
namespace {

constexpr Duration kLeasePeriod = std::chrono::milliseconds(500);

// Writes host ticks while this process holds the lease.
void KeepTime(service::Context& context, risk::HostTicks& ticks) {
  jetstream::Lease lease(context.connection, "risk.host", context.instance);
  jetstream::JetStreamLog log(context.connection, Producer::kHost);
  prometheus::Counter& written =
      context.metrics.Counter("spillway_risk_host_ticks_total", "Ticks added to the trading lane: the feed was silent");
  prometheus::Gauge& held = context.metrics.Gauge("spillway_risk_lease_held", "1: this process may add ticks");
  std::unique_ptr<runtime::EventAppender> appender;
  bool silent = false;
  while (!context.WaitForStop(kLeasePeriod)) {
    lease.Renew();
    held.Set(lease.held() ? 1 : 0);
    const std::optional<Event> tick = ticks.Due(service::SteadyNanos());
    if (silent != ticks.silent()) {
      silent = ticks.silent();
      service::Log(silent ? service::Severity::kWarning : service::Severity::kInfo,
                   silent ? "feed_silent" : "feed_back");
    }
    if (!tick || !lease.held()) continue;
    if (appender == nullptr) {
      absl::StatusOr<std::unique_ptr<log::LaneWriter>> lane = log.OpenWriter("trading");
      if (!lane.ok()) continue;
      appender = std::make_unique<runtime::EventAppender>(Producer::kHost, std::move(*lane));
    }
    const absl::Status status = appender->Append({&*tick, 1});
    if (status.ok()) {
      written.Increment();
    } else {
      service::Log(service::Severity::kWarning, "host_tick_not_written", {{"reason", status}});
    }
  }
}

// Decisions by what became of them, refusals by their rule.
class Series {
 public:
  explicit Series(service::Metrics& metrics)
      : approved_(metrics.Counter("spillway_risk_approvals_total", "Trade intents that were approved")) {
    for (auto rule = static_cast<uint8_t>(RefusalRule::kScheduleClosed);
         rule <= static_cast<uint8_t>(kLastRefusalRule); ++rule) {
      refused_.push_back(&metrics.Counter("spillway_risk_refusals_total", "Trade intents that were refused",
                                          {{"rule", std::string(RefusalRuleName(static_cast<RefusalRule>(rule)))}}));
    }
  }
  void Count(const Event& event) {
    const auto* decision = std::get_if<RiskDecision>(&event.body);
    if (decision == nullptr) return;
    if (decision->approved) {
      approved_.Increment();
    } else if (decision->rule != RefusalRule::kNone) {
      refused_.at(static_cast<size_t>(decision->rule) - 1)->Increment();
    }
  }

 private:
  prometheus::Counter& approved_;
  std::vector<prometheus::Counter*> refused_;  // by rule, without kNone
};

absl::Status Run(service::Context& context, const v1::RiskSettings& settings) {
  Series series(context.metrics);
  risk::HostTickOptions options;
  if (settings.has_host_tick_after_ns()) options.after = Duration(settings.host_tick_after_ns());
  if (settings.has_playback_speed()) options.playback_speed = settings.playback_speed();
  risk::HostTicks ticks(options);
  std::thread time_keeper([&] { KeepTime(context, ticks); });
  const absl::Status status = service::RunProcessors(
      context, {{.name = "risk",
                 .producer = Producer::kRisk,
                 .make = [] { return std::make_unique<risk::RiskProcessor>(); },
                 .inputs = {"trading"},
                 .output = "trading",
                 .on_input = [&](const Event& event) { ticks.Observe(event, service::SteadyNanos()); },
                 .on_output =
                     [&](const Event& event, bool is_new) {
                       if (is_new) series.Count(event);
                     }}});
  context.RequestStop();
  time_keeper.join();
  return status;
}

}  // namespace
}  // namespace spillway

int main(int argc, char** argv) {
  return spillway::service::Main<spillway::v1::RiskSettings>(argc, argv, "risk", spillway::Run);
}
