// spillway-notifier: the trading lane in, alerts out on the same lane; the holder of the lease delivers them to
// channels.
#include <thread>

#include "libs/log/jetstream/jetstream_log.h"
#include "libs/log/jetstream/lease.h"
#include "libs/runtime/event_appender.h"
#include "libs/service/processor_runner.h"
#include "services/notifier/delivery.h"
#include "services/notifier/delivery_ledger.h"
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

absl::Status Run(service::Context& context, const v1::NotifierSettings& settings) {
  absl::StatusOr<std::vector<notifier::ChannelConfig>> channels =
      notifier::ReadChannels({settings.channels().begin(), settings.channels().end()});
  if (!channels.ok()) return channels.status();
  std::vector<std::string> names;
  for (const notifier::ChannelConfig& channel : *channels) names.push_back(channel.name);

  DeliveryRight right(context);
  Receipts receipts(context);
  notifier::DeliveryEngine engine(*std::move(channels),
                                  {.append = [&](const Event& event) { return receipts.Append(event); },
                                   .may_act = [&] { return right.may_act(); }},
                                  context.metrics);
  std::thread lease_thread([&] { right.Run(); });

  std::vector<service::ProcessorJob> jobs;
  jobs.push_back({.name = "notifier",
                  .producer = Producer::kNotifier,
                  .make = [] { return std::make_unique<notifier::NotifierProcessor>(); },
                  .inputs = {"trading"},
                  .output = "trading"});
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
  lease_thread.join();
  return status;
}

}  // namespace
}  // namespace spillway

int main(int argc, char** argv) {
  return spillway::service::Main<spillway::v1::NotifierSettings>(argc, argv, "notifier", spillway::Run);
}
