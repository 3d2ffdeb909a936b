// spillway-oms: the trading lane in and out. With a broker of its own the holder of the lease works its commands there;
// the simulated venue is a service of its own and works them over the lane.
#include <random>
#include <thread>

#include "libs/log/jetstream/jetstream_log.h"
#include "libs/log/jetstream/lease.h"
#include "libs/runtime/event_appender.h"
#include "libs/service/processor_runner.h"
#include "services/oms/adapters/venue/venue_broker.h"
#include "services/oms/broker_shell.h"
#include "services/oms/oms.h"

namespace spillway {
namespace {

using service::Log;
using service::Severity;

constexpr Duration kLeasePeriod = std::chrono::milliseconds(500);

// May this process act at the broker? Only while it holds the lease, and not before its ledger has folded what the lane
// held when the lease came to it: what the holder before had sent must be known. A lease that lapsed and came back is
// one that came anew: another may have had it.
class BrokerRight {
 public:
  BrokerRight(service::Context& context, prometheus::Gauge& held)
      : context_(context),
        lease_(context.connection, "oms.broker", context.instance),
        log_(context.connection, Producer::kNone),
        held_(held) {}

  void Run() {
    do {
      if (!lease_.held()) GiveUp();
      if (!lease_.Renew()) {
        GiveUp();
      } else if (taken_ != lease_.tenure()) {
        GiveUp();
        Take();
      }
      held_.Set(taken_ != 0 ? 1 : 0);
    } while (!context_.WaitForStop(kLeasePeriod));
  }
  void Folded(uint64_t sequence) { folded_ = sequence; }
  // The ledger is folded from the lane's beginning: what this process sent itself has to be found there again.
  void Refolded() {
    folded_ = 0;
    taken_ = 0;
  }
  // Another number each time; 0: it may not act.
  uint64_t tenure() const {
    const uint64_t number = number_;
    const bool may = lease_.held() && lease_.tenure() == taken_ && folded_ >= must_have_folded_;
    return may && number == number_ ? number : 0;
  }

 private:
  void Take() {
    const uint64_t tenure = lease_.tenure();  // of before the lane's end was asked for
    const absl::StatusOr<jetstream::LaneInfo> info = log_.Info("trading");
    if (!info.ok()) return;
    must_have_folded_ = info->last_sequence;
    ++number_;
    taken_ = tenure;
    Log(Severity::kInfo, "broker_taken_over", {{"lane_end", info->last_sequence}});
  }

  void GiveUp() {
    if (taken_.exchange(0) != 0) Log(Severity::kWarning, "broker_given_up", {{"holder", lease_.holder()}});
  }

  service::Context& context_;
  jetstream::Lease lease_;
  jetstream::JetStreamLog log_;
  prometheus::Gauge& held_;
  std::atomic<uint64_t> number_ = 0, taken_ = 0;  // which time it is; the lease's tenure that was taken, 0: none
  std::atomic<uint64_t> must_have_folded_ = 0, folded_ = 0;
};

// Opens the lane when it is first needed: it may not be there when the service starts.
class Reports {
 public:
  explicit Reports(service::Context& context) : log_(context.connection, Producer::kBroker) {}
  absl::Status Append(std::span<const Event> events) {
    if (appender_ == nullptr) {
      absl::StatusOr<std::unique_ptr<log::LaneWriter>> lane = log_.OpenWriter("trading");
      if (!lane.ok()) return lane.status();
      appender_ = std::make_unique<runtime::EventAppender>(Producer::kBroker, std::move(*lane));
    }
    return appender_->Append(events);
  }

 private:
  jetstream::JetStreamLog log_;
  std::unique_ptr<runtime::EventAppender> appender_;
};

absl::StatusOr<std::string> Secret(const std::string& path, const char* setting) {
  if (path.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("broker.", setting, " is not set: a venue is not spoken to without a key"));
  }
  return service::ReadSecretFile(path);
}

// nullptr: orders are worked over the lane, or not at all.
absl::StatusOr<std::unique_ptr<oms::Broker>> MakeBroker(const v1::BrokerSettings& settings) {
  if (settings.kind() != v1::BROKER_KIND_VENUE) {
    if (settings.live()) {
      return absl::FailedPreconditionError("broker.live: the simulated venue has no live account; remove it");
    }
    return std::unique_ptr<oms::Broker>();
  }
  if (settings.account().empty()) {
    return absl::FailedPreconditionError("broker.account is not set: it must name the account that is to be traded");
  }
  oms::VenueBrokerOptions options;
  options.address = settings.address();
  options.account = settings.account();
  options.tls_ca_file = settings.tls_ca_file();
  options.live = settings.live();
  if (settings.has_request_timeout_ns()) options.request_timeout = Duration(settings.request_timeout_ns());
  options.jitter_seed = std::random_device{}();
  absl::StatusOr<std::string> key = Secret(settings.key_file(), "key_file");
  if (!key.ok()) return key.status();
  options.key = *std::move(key);
  absl::StatusOr<std::string> secret = Secret(settings.secret_file(), "secret_file");
  if (!secret.ok()) return secret.status();
  options.secret = *std::move(secret);
  absl::StatusOr<std::unique_ptr<oms::Broker>> broker = oms::MakeVenueBroker(std::move(options));
  if (!broker.ok()) return broker.status();
  const absl::Status checked = (*broker)->Check();
  if (absl::IsUnavailable(checked)) {
    Log(Severity::kWarning, "broker_unreachable", {{"reason", checked}});  // it is tried again
  } else if (!checked.ok()) {
    return checked;
  }
  return broker;
}

uint64_t Salt() {
  std::random_device random;
  return uint64_t{random()} << 32 | random();
}

service::ProcessorJob OmsJob(oms::OmsMetrics& series) {
  return {
      .name = "oms",
      .producer = Producer::kOms,
      .make = [] { return std::make_unique<oms::OmsProcessor>(); },
      .inputs = {"trading"},
      .output = "trading",
      .on_output =
          [&series](const Event& event, bool is_new) {
            if (is_new) series.Count(event);
          },
      .after_step =
          [&series](runtime::LaneShell& lane) {
            series.open.Set(static_cast<double>(static_cast<const oms::OmsProcessor&>(lane.processor()).orders_open()));
          }};
}

// Folds the lane for the shell.
service::ProcessorJob BrokerJob(BrokerRight& right, oms::BrokerShell& shell) {
  return {.name = "broker",
          .producer = Producer::kBroker,
          .make = [] { return std::make_unique<oms::BrokerLedger>(); },
          .inputs = {"trading"},
          .output = "",
          .on_input =
              [&shell](const Event& event) {
                if (std::holds_alternative<TradeIntent>(event.body)) shell.IntentSeen(event.header.id());
              },
          .after_step =
              [&right, &shell](runtime::LaneShell& lane) {
                right.Folded(lane.last_sequence());
                if (lane.caught_up()) shell.Sync(static_cast<oms::BrokerLedger&>(lane.processor()));
              },
          .reset = [&right] { right.Refolded(); }};
}

absl::Status Run(service::Context& context, const v1::OmsSettings& settings) {
  oms::OmsMetrics series(context.metrics);
  absl::StatusOr<std::unique_ptr<oms::Broker>> broker = MakeBroker(settings.broker());
  if (!broker.ok()) return broker.status();
  std::vector<service::ProcessorJob> jobs;
  jobs.push_back(OmsJob(series));
  const auto count_open = [&series](service::StatusReport& report) {
    report.counters["orders_open"] = static_cast<uint64_t>(series.open.Value());
  };
  if (*broker == nullptr) return service::RunProcessors(context, std::move(jobs), count_open);

  BrokerRight right(context, series.lease_held);
  Reports reports(context);
  oms::BrokerShellOptions options;
  options.account = settings.broker().account();
  options.live = settings.broker().live();
  options.append = [&](std::span<const Event> events) { return reports.Append(events); };
  options.tenure = [&] { return right.tenure(); };
  if (settings.broker().has_requests_per_second())
    options.requests_per_second = settings.broker().requests_per_second();
  options.salt = Salt();
  oms::BrokerShell shell(*std::move(broker), std::move(options), series);
  std::thread keeper([&] { right.Run(); });
  jobs.push_back(BrokerJob(right, shell));
  std::atomic<bool> over = false;
  std::thread watcher([&] {
    while (!over && shell.refused().ok()) {
      if (context.WaitForStop(kLeasePeriod)) return;
    }
    if (!shell.refused().ok()) context.RequestStop();
  });
  const absl::Status status = service::RunProcessors(context, std::move(jobs), [&](service::StatusReport& report) {
    count_open(report);
    report.counters["broker_connected"] = shell.connected() ? 1 : 0;
    report.counters["works_broker"] = right.tenure() != 0 ? 1 : 0;
    report.notes.push_back("broker: " + shell.Describe());
  });
  shell.Stop();
  over = true;
  context.RequestStop();
  keeper.join();
  watcher.join();
  return status.ok() ? shell.refused() : status;
}

}  // namespace
}  // namespace spillway

int main(int argc, char** argv) {
  return spillway::service::Main<spillway::v1::OmsSettings>(argc, argv, "oms", spillway::Run);
}
