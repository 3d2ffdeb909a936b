// spillway-risk: the trading lane in and out. The holder of the lease keeps its time going when the feed is silent.
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "libs/log/jetstream/jetstream_log.h"
#include "libs/log/jetstream/lease.h"
#include "libs/runtime/event_appender.h"
#include "libs/service/processor_runner.h"
#include "services/risk/host_ticks.h"
#include "services/risk/risk.h"
#include "services/risk/rule_distances.h"

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
    for (auto rule = static_cast<uint8_t>(RefusalRule::kScheduleClosed); rule <= static_cast<uint8_t>(kLastRefusalRule);
         ++rule) {
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

// What the account risks, has and is stopped by (S3-D1.2), as of a moment ago.
class AccountSeries {
 public:
  explicit AccountSeries(service::Metrics& metrics)
      : kill_(metrics.Gauge("spillway_risk_kill_switch_active", "1: nothing that adds risk is approved")),
        broker_up_(metrics.Gauge("spillway_risk_broker_up", "1: the broker said what the account is")),
        equity_(metrics.Gauge("spillway_risk_equity_usd", "Equity of the account at the broker")),
        day_profit_(metrics.Gauge("spillway_risk_day_profit_usd", "Equity less the day's first")),
        reserved_(metrics.Gauge("spillway_risk_reserved_usd", "What may yet be filled to enter approved trades")),
        positions_(metrics.Gauge("spillway_risk_open_positions", "Symbols held or being entered")),
        paused_(metrics.Gauge("spillway_risk_symbols_paused", "Symbols that an incident or a difference pauses")),
        waiting_(metrics.Gauge("spillway_risk_confirmations_waiting", "Cards that wait for a person's word")),
        commands_(metrics.Gauge("spillway_risk_commands_refused",
                                "Commands without a name or a reason, or that do not apply")) {
    for (const std::string_view kind : {"gross", "net_long", "net_short"}) {
      exposure_.push_back(&metrics.Gauge("spillway_risk_exposure_usd", "Positions, and what may yet be filled",
                                         {{"kind", std::string(kind)}}));
    }
    for (const risk::DrawdownHorizon horizon : risk::kDrawdownHorizons) {
      drawdown_.push_back(&metrics.Gauge("spillway_risk_drawdown_ratio", "Below the horizon's highest equity",
                                         {{"horizon", std::string(risk::DrawdownHorizonName(horizon))}}));
    }
  }
  void Show(const risk::RiskProcessor& risk) {
    kill_.Set(risk.watch().kill().active() ? 1 : 0);
    broker_up_.Set(risk.broker().up() ? 1 : 0);
    equity_.Set(risk.broker().Equity().value_or(Money()).ToDouble());
    day_profit_.Set(risk.watch().daily_loss().profit().value_or(Money()).ToDouble());
    const risk::Exposure exposure = risk.broker().ExposureBefore(0);
    reserved_.Set(exposure.reserved.ToDouble());
    positions_.Set(exposure.positions);
    exposure_[0]->Set(exposure.gross.ToDouble());
    exposure_[1]->Set(exposure.net_long.ToDouble());
    exposure_[2]->Set(exposure.net_short.ToDouble());
    for (size_t i = 0; i < drawdown_.size(); ++i) {
      drawdown_[i]->Set(static_cast<double>(risk.watch().drawdowns().Of(risk::kDrawdownHorizons[i]).value) / 1e6);
    }
    paused_.Set(static_cast<double>(risk.watch().symbols().instruments().size()));
    waiting_.Set(static_cast<double>(risk.confirmations().waiting()));
    commands_.Set(static_cast<double>(risk.commands_refused()));
  }

 private:
  prometheus::Gauge& kill_;
  prometheus::Gauge& broker_up_;
  prometheus::Gauge& equity_;
  prometheus::Gauge& day_profit_;
  prometheus::Gauge& reserved_;
  prometheus::Gauge& positions_;
  prometheus::Gauge& paused_;
  prometheus::Gauge& waiting_;
  prometheus::Gauge& commands_;
  std::vector<prometheus::Gauge*> exposure_, drawdown_;
};

// What would stop a trade now, for /status: told by the processor's thread, asked by others.
class LimitsText {
 public:
  void Set(std::string text) {
    const std::lock_guard lock(mutex_);
    text_ = std::move(text);
  }
  std::string Get() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

// Shows the processor's state once a second, and a tenth of one behind what changes the account: who asks sees the
// position that an order they see made.
class AccountView {
 public:
  AccountView(service::Metrics& metrics, LimitsText& limits) : series_(metrics), limits_(limits) {}
  void Learn(const Event& event) {
    names_.Learn(event);
    if (std::holds_alternative<PositionSnapshot>(event.body) || std::holds_alternative<OrderEvent>(event.body) ||
        std::holds_alternative<AdminCommand>(event.body))
      changed_ = true;
  }
  void Show(const risk::RiskProcessor& risk) {
    const int64_t now = service::SteadyNanos();
    const Duration period = changed_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(1000);
    if (shown_ != 0 && now - shown_ < period.count()) return;
    shown_ = now;
    changed_ = false;
    series_.Show(risk);
    limits_.Set(risk::DistancesJson(risk, names_));
  }

 private:
  AccountSeries series_;
  LimitsText& limits_;
  NameTable names_;
  int64_t shown_ = 0;
  bool changed_ = false;
};

absl::Status Run(service::Context& context, const v1::RiskSettings& settings) {
  Series series(context.metrics);
  risk::HostTickOptions options;
  if (settings.has_host_tick_after_ns()) options.after = Duration(settings.host_tick_after_ns());
  if (settings.has_playback_speed()) options.playback_speed = settings.playback_speed();
  risk::HostTicks ticks(options);
  LimitsText limits;
  AccountView view(context.metrics, limits);
  std::thread time_keeper([&] { KeepTime(context, ticks); });
  const absl::Status status = service::RunProcessors(
      context,
      {{.name = "risk",
        .producer = Producer::kRisk,
        .make = [] { return std::make_unique<risk::RiskProcessor>(); },
        .inputs = {"trading"},
        .output = "trading",
        .on_input =
            [&](const Event& event) {
              ticks.Observe(event, service::SteadyNanos());
              view.Learn(event);
            },
        .on_output =
            [&](const Event& event, bool is_new) {
              if (is_new) series.Count(event);
            },
        .after_step =
            [&](runtime::LaneShell& shell) { view.Show(static_cast<const risk::RiskProcessor&>(shell.processor())); }}},
      [&](service::StatusReport& report) { report.documents["limits"] = limits.Get(); });
  context.RequestStop();
  time_keeper.join();
  return status;
}

}  // namespace
}  // namespace spillway

int main(int argc, char** argv) {
  return spillway::service::Main<spillway::v1::RiskSettings>(argc, argv, "risk", spillway::Run);
}
