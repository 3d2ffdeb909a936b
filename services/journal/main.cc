// spillway-journal: outcomes onto the trading lane; all lanes into the golden record; the record into PostgreSQL.
#include <thread>

#include "libs/base/build_info.h"
#include "libs/log/jetstream/jetstream_log.h"
#include "libs/service/processor_runner.h"
#include "services/journal/golden_record.h"
#include "services/journal/journal.h"
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
  Recorder(service::Context& context, const v1::JournalSettings& settings, std::vector<log::LaneName> lanes)
      : context_(context),
        settings_(settings),
        names_(std::move(lanes)),
        log_(context.connection, Producer::kNone),
        trouble_(context, "record") {
    for (const log::LaneName& lane : names_) {
      series_[lane] = {
          &context.metrics.Counter("spillway_journal_recorded_messages_total", "Messages recorded", {{"lane", lane}}),
          &context.metrics.Counter("spillway_journal_recorded_bytes_total", "Bytes recorded, before compression",
                                   {{"lane", lane}}),
          &context.metrics.Counter("spillway_journal_gaps_total", "Gaps between a lane and its record",
                                   {{"lane", lane}}),
          &context.metrics.Gauge("spillway_journal_durable_position", "The lane's message up to which all is durable",
                                 {{"lane", lane}})};
    }
  }

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
      Count();
      if (!polled.ok()) {
        if (absl::IsAborted(polled.status()) || absl::IsFailedPrecondition(polled.status())) return polled.status();
        if (context_.WaitForStop(kRetryPause)) break;
      } else if (stopping && *polled == 0) {
        break;
      }
    }
    const absl::Status closed = record_->Close();
    Count();
    return closed;
  }

  // nullptr: not open yet.
  const journal::GoldenRecord* record() const { return open_ ? record_.get() : nullptr; }

 private:
  struct Series {
    prometheus::Counter* messages;
    prometheus::Counter* bytes;
    prometheus::Counter* gaps;
    prometheus::Gauge* durable;
    journal::LaneRecord told;
  };

  bool Open() {
    journal::GoldenRecordOptions options;
    options.build = std::string(BuildId());
    if (settings_.disk_free_megabytes_min() > 0) {
      options.disk_free_bytes_min = uint64_t{settings_.disk_free_megabytes_min()} << 20;
    }
    options.on_gap = [](const log::RecordGap& gap) {
      Log(Severity::kError, "record_gap", {{"lane", gap.lane}, {"from", gap.from}, {"to", gap.to}});
    };
    absl::StatusOr<std::unique_ptr<journal::GoldenRecord>> record =
        journal::GoldenRecord::Open(settings_.golden_directory(), log_, names_, std::move(options));
    trouble_.Tell(record.status());
    if (!record.ok()) return false;
    record_ = std::move(*record);
    open_ = true;
    return true;
  }

  void Count() {
    for (auto& [lane, series] : series_) {
      const journal::LaneRecord now = record_->Record(lane);
      series.messages->Increment(static_cast<double>(now.recorded_messages - series.told.recorded_messages));
      series.bytes->Increment(static_cast<double>(now.recorded_bytes - series.told.recorded_bytes));
      series.gaps->Increment(static_cast<double>(now.gaps - series.told.gaps));
      series.durable->Set(static_cast<double>(now.durable));
      series.told = now;
    }
    const absl::StatusOr<uint64_t> free = journal::FreeBytes(record_->directory());
    if (free.ok()) disk_free_.Set(static_cast<double>(*free));
  }

  service::Context& context_;
  const v1::JournalSettings& settings_;
  const std::vector<log::LaneName> names_;
  jetstream::JetStreamLog log_;
  Trouble trouble_;
  std::map<log::LaneName, Series> series_;
  prometheus::Gauge& disk_free_ = context_.metrics.Gauge("spillway_journal_disk_free_bytes", "Space for the record");
  std::unique_ptr<journal::GoldenRecord> record_;
  std::atomic<bool> open_ = false;
};

// Brings the record into PostgreSQL, until the service stops.
class Projection {
 public:
  Projection(service::Context& context, const Recorder& recorder) : context_(context), recorder_(recorder) {}

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
      Count();
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
    Count();
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

  void Count() {
    const journal::projections::ProjectorStatus now = projector_->status();
    up_.Set(now.up ? 1 : 0);
    lag_.Set(static_cast<double>(now.lag_messages));
    for (const auto& [table, rows] : now.rows) {
      prometheus::Counter& counter = context_.metrics.Counter("spillway_journal_postgres_rows_total",
                                                              "New rows in the projections", {{"table", table}});
      counter.Increment(static_cast<double>(rows) - counter.Value());
    }
    refused_.Increment(static_cast<double>(now.rows_refused) - refused_.Value());
    skipped_.Increment(static_cast<double>(now.messages_skipped) - skipped_.Value());
  }

  service::Context& context_;
  const Recorder& recorder_;
  prometheus::Gauge& up_ =
      context_.metrics.Gauge("spillway_journal_postgres_up", "1: PostgreSQL takes what it is given");
  prometheus::Gauge& lag_ = context_.metrics.Gauge("spillway_journal_projection_lag_messages",
                                                   "Recorded messages that are not projected yet");
  prometheus::Counter& refused_ =
      context_.metrics.Counter("spillway_journal_rows_refused_total", "Rows that a table did not take");
  prometheus::Counter& skipped_ =
      context_.metrics.Counter("spillway_journal_projection_skipped_total", "Recorded messages that do not decode");
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

  Recorder recorder(context, settings, all);
  Projection projection(context, recorder);
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
