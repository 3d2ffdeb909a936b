// spillway-notifier: the trading lane in, alerts out on the same lane; the holder of the lease delivers them to
// channels.
#include <algorithm>
#include <thread>

#include "libs/events/codec.h"
#include "libs/log/jetstream/jetstream_log.h"
#include "libs/log/jetstream/lease.h"
#include "libs/runtime/event_appender.h"
#include "libs/service/processor_runner.h"
#include "services/notifier/adapters/alert_chart.h"
#include "services/notifier/delivery.h"
#include "services/notifier/delivery_ledger.h"
#include "services/notifier/market_tape.h"
#include "services/notifier/notifier.h"

namespace spillway {
namespace {

constexpr Duration kLeasePeriod = std::chrono::milliseconds(500);
constexpr Duration kStopGrace = std::chrono::seconds(2);

// May this process deliver? Only while it holds the lease, and not before its ledger has folded what the lane held when
// the lease came to it: what the holder before had tried must be known.
class DeliveryRight {
 public:
  explicit DeliveryRight(service::Context& context)
      : context_(context),
        lease_(context.connection, "notifier.delivery", context.instance),
        log_(context.connection, Producer::kNone),
        held_(context.metrics.Gauge("spillway_notifier_lease_held", "1: this process delivers")) {}

  void Run() {
    do {
      if (!lease_.held()) had_ = false;  // it lapsed: somebody else may have delivered meanwhile
      const bool held = lease_.Renew();
      if (held && !had_) {
        const absl::StatusOr<jetstream::LaneInfo> info = log_.Info("trading");
        if (info.ok()) {
          must_have_folded_ = info->last_sequence;
          had_ = true;
          service::Log(service::Severity::kInfo, "delivery_taken_over", {{"lane_end", info->last_sequence}});
        }
      } else if (!held && had_) {
        had_ = false;
        service::Log(service::Severity::kWarning, "delivery_given_up", {{"holder", lease_.holder()}});
      }
      held_.Set(had_ ? 1 : 0);
    } while (!context_.WaitForStop(kLeasePeriod));
  }
  void Folded(uint64_t sequence) { folded_ = sequence; }
  bool may_act() const { return had_ && lease_.held() && folded_ >= must_have_folded_; }

 private:
  service::Context& context_;
  jetstream::Lease lease_;
  jetstream::JetStreamLog log_;
  prometheus::Gauge& held_;
  std::atomic<bool> had_ = false;
  std::atomic<uint64_t> must_have_folded_ = 0, folded_ = 0;
};

// Opens the lane when it is first needed: it may not be there when the service starts.
class Receipts {
 public:
  explicit Receipts(service::Context& context) : log_(context.connection, Producer::kDelivery) {}
  absl::Status Append(const Event& event) {
    {
      const std::lock_guard lock(mutex_);
      if (appender_ == nullptr) {
        absl::StatusOr<std::unique_ptr<log::LaneWriter>> lane = log_.OpenWriter("trading");
        if (!lane.ok()) return lane.status();
        appender_ = std::make_unique<runtime::EventAppender>(Producer::kDelivery, std::move(*lane));
      }
    }
    return appender_->Append({&event, 1});
  }

 private:
  jetstream::JetStreamLog log_;
  std::mutex mutex_;
  std::unique_ptr<runtime::EventAppender> appender_;
};

// Keeps the tape of one market lane, for pictures. It begins with the lane's first messages, which define the
// instruments, and goes on near its end: a picture may lack levels that have not changed since, an alert never waits.
void FollowMarket(service::Context& context, const log::LaneName& lane, notifier::MarketTape& tape) {
  constexpr uint64_t kHead = 1'000, kTail = 20'000;
  jetstream::JetStreamLog log(context.connection, Producer::kNone);
  GroupDecoder decoder;
  GroupHeader header;
  const auto follow = [&](uint64_t first, uint64_t count) {
    absl::StatusOr<std::unique_ptr<log::LaneReader>> reader = log.OpenReader(lane);
    if (!reader.ok() || !(*reader)->SeekToSequence(first).ok()) return;
    log::LaneMessage message;
    for (uint64_t read = 0; read < count && !context.stopping();) {
      const absl::StatusOr<bool> more = (*reader)->NextWithin(message, std::chrono::milliseconds(100));
      if (!more.ok()) return;
      if (!*more) continue;
      ++read;
      // What does not decode is the processors' to report.
      (void)decoder.Decode(message.bytes, header, [&](const Event& event) { tape.Apply(event); });
    }
  };
  do {
    const absl::StatusOr<jetstream::LaneInfo> info = log.Info(lane);
    if (!info.ok()) continue;
    const uint64_t first = std::max<uint64_t>(info->first_sequence, 1);
    if (info->last_sequence < first + kHead + kTail) {
      follow(first, UINT64_MAX);
    } else {
      follow(first, kHead);
      follow(info->last_sequence - kTail, UINT64_MAX);
    }
  } while (!context.WaitForStop(std::chrono::seconds(1)));
}

absl::Status Run(service::Context& context, const v1::NotifierSettings& settings) {
  absl::StatusOr<std::vector<notifier::ChannelConfig>> channels =
      notifier::ReadChannels({settings.channels().begin(), settings.channels().end()});
  if (!channels.ok()) return channels.status();
  std::vector<std::string> names;
  for (const notifier::ChannelConfig& channel : *channels) names.push_back(channel.name);

  notifier::MarketTape tape;
  const auto draw = [&](const notifier::AlertCard& card) -> std::string {
    if (card.notice) return "";
    const std::optional<notifier::MarketPicture> picture = tape.Around(card.header.instrument, card.header.event_time);
    return picture ? notifier::DrawAlertChart(card, *picture) : "";
  };
  DeliveryRight right(context);
  Receipts receipts(context);
  notifier::DeliveryEngine engine(*std::move(channels),
                                  {.append = [&](const Event& event) { return receipts.Append(event); },
                                   .may_act = [&] { return right.may_act(); },
                                   .picture = draw},
                                  context.metrics);
  std::vector<std::thread> threads;
  threads.emplace_back([&] { right.Run(); });
  const bool pictures = std::any_of(settings.channels().begin(), settings.channels().end(), [](const auto& channel) {
    return channel.kind() == v1::ChannelSettings::KIND_DISCORD && !channel.without_chart();
  });
  for (const uint32_t lane : service::MarketLanes(context.settings)) {
    if (pictures) threads.emplace_back([&, lane] { FollowMarket(context, "market." + std::to_string(lane), tape); });
  }

  prometheus::Counter& alerts = context.metrics.Counter("spillway_notifier_alerts_total", "Alerts, shadow ones too");
  prometheus::Gauge& suppressed =
      context.metrics.Gauge("spillway_notifier_alerts_suppressed", "Alerts withheld by alerts_per_minute_hard");
  std::vector<service::ProcessorJob> jobs;
  jobs.push_back({.name = "notifier",
                  .producer = Producer::kNotifier,
                  .make = [] { return std::make_unique<notifier::NotifierProcessor>(); },
                  .inputs = {"trading"},
                  .output = "trading",
                  .on_output =
                      [&](const Event& event, bool is_new) {
                        if (is_new && std::holds_alternative<Alert>(event.body)) alerts.Increment();
                      },
                  .after_step =
                      [&](runtime::LaneShell& shell) {
                        suppressed.Set(static_cast<double>(
                            static_cast<notifier::NotifierProcessor&>(shell.processor()).suppressed()));
                      }});
  jobs.push_back({.name = "delivery",
                  .producer = Producer::kDelivery,
                  .make = [names] { return std::make_unique<notifier::DeliveryLedger>(names); },
                  .inputs = {"trading"},
                  .output = "",
                  .after_step =
                      [&](runtime::LaneShell& shell) {
                        right.Folded(shell.last_sequence());
                        if (shell.caught_up()) engine.Sync(static_cast<notifier::DeliveryLedger&>(shell.processor()));
                      }});
  const absl::Status status = service::RunProcessors(context, std::move(jobs), [&](service::StatusReport& report) {
    report.counters["delivers"] = right.may_act() ? 1 : 0;
    report.notes.push_back("channels: " + engine.StatusJson());
  });
  engine.Stop(kStopGrace);
  context.RequestStop();
  for (std::thread& thread : threads) thread.join();
  return status;
}

}  // namespace
}  // namespace spillway

int main(int argc, char** argv) {
  return spillway::service::Main<spillway::v1::NotifierSettings>(argc, argv, "notifier", spillway::Run);
}
