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

absl::Status Run(service::Context& context, const v1::RiskSettings& settings) {
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
                 .on_input = [&](const Event& event) { ticks.Observe(event, service::SteadyNanos()); }}});
  context.RequestStop();
  time_keeper.join();
  return status;
}

}  // namespace
}  // namespace spillway

int main(int argc, char** argv) {
  return spillway::service::Main<spillway::v1::RiskSettings>(argc, argv, "risk", spillway::Run);
}
