// spillway-journal: outcomes onto the trading lane; all lanes into the golden record; the record into PostgreSQL.
#include <thread>

#include "libs/base/build_info.h"
#include "libs/log/jetstream/jetstream_log.h"
#include "libs/service/processor_runner.h"
#include "services/journal/golden_record.h"
#include "services/journal/journal.h"
#include "services/journal/projections/journal_metrics.h"
#include "services/journal/projections/projector.h"

namespace spillway {
namespace {

using service::Log;
using service::Severity;

constexpr Duration kPollWait = std::chrono::milliseconds(20);
constexpr Duration kRetryPause = std::chrono::seconds(1);

// Says each new error once, and when it is over.
class Trouble {
 public:
  Trouble(service::Context& context, std::string what) : context_(context), what_(std::move(what)) {}
  void Tell(const absl::Status& status) {
    const std::string text(status.message());
    if (status.ok() != ok_ || (!status.ok() && status.code() != code_)) {
      if (status.ok()) {
        Log(Severity::kInfo, what_ + "_recovered");
        context_.readiness.Present(what_);
      } else {
        Log(Severity::kError, what_ + "_failed", {{"reason", status}});
        context_.readiness.Missing(what_);
      }
    }
    ok_ = status.ok();
    code_ = status.code();
  }

 private:
  service::Context& context_;
  const std::string what_;
  bool ok_ = true;
  absl::StatusCode code_ = absl::StatusCode::kOk;
};

// Keeps the golden record. `record` is set when it is open; it then lives as long as the service.
class Recorder {
 public:
  Recorder(service::Context& context, const v1::JournalSettings& settings, std::vector<log::LaneName> lanes,
           journal::JournalMetrics& metrics)
      : context_(context),
        settings_(settings),
        metrics_(metrics),
        names_(std::move(lanes)),
        log_(context.connection, Producer::kNone),
        trouble_(context, "record") {}

  // Until the service stops; then what is on the lanes is recorded, and the record closed.
  absl::Status Run() {
    context_.readiness.Missing("record_open");
    while (!Open()) {
      if (context_.WaitForStop(kRetryPause)) return absl::OkStatus();
    }
    context_.readiness.Present("record_open");
    while (true) {
      const bool stopping = context_.stopping();
      const absl::StatusOr<size_t> polled = record_->Poll(kPollWait);
      trouble_.Tell(polled.status());
      metrics_.Update(*record_);
      if (!polled.ok()) {
        if (absl::IsAborted(polled.status()) || absl::IsFailedPrecondition(polled.status())) return polled.status();
        if (context_.WaitForStop(kRetryPause)) break;
      } else if (stopping && *polled == 0) {
        break;
      }
    }
    const absl::Status closed = record_->Close();
    metrics_.Update(*record_);
    return closed;
  }

  // nullptr: not open yet.
  const journal::GoldenRecord* record() const { return open_ ? record_.get() : nullptr; }

 private:
  bool Open() {
    journal::GoldenRecordOptions options;
    options.build = std::string(BuildId());
    if (settings_.disk_free_megabytes_min() > 0) {
      options.disk_free_bytes_min = uint64_t{settings_.disk_free_megabytes_min()} << 20;
    }
    options.on_gap = journal::LogGap;
    absl::StatusOr<std::unique_ptr<journal::GoldenRecord>> record =
        journal::GoldenRecord::Open(settings_.golden_directory(), log_, names_, std::move(options));
    trouble_.Tell(record.status());
    if (!record.ok()) return false;
    record_ = std::move(*record);
    open_ = true;
    return true;
  }

  service::Context& context_;
  const v1::JournalSettings& settings_;
  journal::JournalMetrics& metrics_;
  const std::vector<log::LaneName> names_;
  jetstream::JetStreamLog log_;
  Trouble trouble_;
  std::unique_ptr<journal::GoldenRecord> record_;
  std::atomic<bool> open_ = false;
};

// Brings the record into PostgreSQL, until the service stops.
class Projection {
 public:
  Projection(service::Context& context, const Recorder& recorder, journal::JournalMetrics& metrics)
      : context_(context), recorder_(recorder), metrics_(metrics) {}

  absl::Status Run(const v1::JournalSettings& settings) {
    if (settings.postgres().host().empty()) return absl::OkStatus();
    journal::projections::ProjectorOptions options;
    absl::StatusOr<journal::projections::PostgresOptions> postgres = Options(settings.postgres());
    if (!postgres.ok()) return postgres.status();
    options.postgres = *postgres;
    while (recorder_.record() == nullptr) {
      if (context_.WaitForStop(kPollWait)) return absl::OkStatus();
    }
    options.durable = [this](const log::LaneName& lane) { return recorder_.record()->Record(lane).durable_in_session; };
    projector_ = std::make_unique<journal::projections::Projector>(settings.golden_directory(), std::move(options));
    started_ = true;
    std::string told;
    while (!context_.stopping()) {
      const absl::StatusOr<size_t> polled = projector_->Poll();
      metrics_.Update(*projector_);
      if (!polled.ok() && polled.status().message() != told) {
        told = std::string(polled.status().message());
        Log(Severity::kError, "projection_failed", {{"reason", polled.status()}});
      } else if (polled.ok() && *polled > 0 && !std::exchange(told, "").empty()) {
        Log(Severity::kInfo, "projection_recovered");
      }
      if (!polled.ok() || *polled == 0) context_.WaitForStop(kPollWait);
    }
    return absl::OkStatus();
  }

  // The last word, when the record is closed.
  void CatchUp() {
    if (!started_) return;
    if (const absl::Status status = projector_->CatchUp(); !status.ok()) {
      Log(Severity::kWarning, "projection_behind", {{"reason", status}});
    }
    metrics_.Update(*projector_);
  }

 private:
  static absl::StatusOr<journal::projections::PostgresOptions> Options(const v1::PostgresSettings& settings) {
    journal::projections::PostgresOptions options;
    options.host = settings.host();
    if (settings.has_port()) options.port = static_cast<uint16_t>(settings.port());
    if (!settings.database().empty()) options.database = settings.database();
    if (!settings.user().empty()) options.user = settings.user();
    if (!settings.password_file().empty()) {
      absl::StatusOr<std::string> password = service::ReadSecretFile(settings.password_file());
      if (!password.ok()) return password.status();
      options.password = *std::move(password);
    }
    return options;
  }

  service::Context& context_;
  const Recorder& recorder_;
  journal::JournalMetrics& metrics_;
  std::unique_ptr<journal::projections::Projector> projector_;
  std::atomic<bool> started_ = false;
};

absl::Status Run(service::Context& context, const v1::JournalSettings& settings) {
  std::vector<log::LaneName> market, all;
  for (const uint32_t lane : service::MarketLanes(context.settings)) market.push_back("market." + std::to_string(lane));
  all = market;
  for (const uint32_t lane : service::MarketLanes(context.settings)) all.push_back("features." + std::to_string(lane));
  all.push_back("trading");
  std::vector<log::LaneName> inputs = market;
  inputs.push_back("trading");

  journal::JournalMetrics metrics(context.metrics, all);
  Recorder recorder(context, settings, all, metrics);
  Projection projection(context, recorder, metrics);
  absl::Status recorded, projected;
  std::thread record_thread([&] {
    recorded = recorder.Run();
    if (!recorded.ok()) context.RequestStop();
  });
  std::thread projection_thread([&] {
    projected = projection.Run(settings);
    if (!projected.ok()) context.RequestStop();
  });
  const absl::Status processed =
      service::RunProcessors(context, {{.name = "journal",
                                        .producer = Producer::kJournal,
                                        .make = [] { return std::make_unique<journal::JournalProcessor>(); },
                                        .inputs = inputs,
                                        .output = "trading"}});
  context.RequestStop();
  projection_thread.join();
  record_thread.join();
  if (recorded.ok() && projected.ok()) projection.CatchUp();
  for (const absl::Status& status : {recorded, projected}) {
    if (!status.ok()) return status;
  }
  return processed;
}

}  // namespace
}  // namespace spillway

int main(int argc, char** argv) {
  return spillway::service::Main<spillway::v1::JournalSettings>(argc, argv, "journal", spillway::Run);
}
