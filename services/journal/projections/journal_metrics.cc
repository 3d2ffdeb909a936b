#include "services/journal/projections/journal_metrics.h"

#include "libs/service/log.h"

namespace spillway::journal {

namespace {

void RaiseTo(prometheus::Counter& counter, uint64_t value) {
  const double more = static_cast<double>(value) - counter.Value();
  if (more > 0) counter.Increment(more);
}

}  // namespace

JournalMetrics::JournalMetrics(service::Metrics& metrics, const std::vector<log::LaneName>& lanes)
    : disk_free_(metrics.Gauge("spillway_journal_disk_free_bytes", "Free space where the record is")),
      postgres_up_(metrics.Gauge("spillway_journal_postgres_up", "1 while PostgreSQL takes the projections")),
      lag_(metrics.Gauge("spillway_journal_projection_lag_messages", "Recorded messages that are not projected yet")),
      skipped_(metrics.Counter("spillway_journal_projection_messages_skipped_total",
                               "Recorded messages that do not decode, and were passed over")),
      refused_(metrics.Counter("spillway_journal_projection_rows_refused_total", "Rows that a table did not take")) {
  for (const log::LaneName& lane : lanes) {
    const service::Labels labels = {{"lane", lane}};
    lanes_.emplace(
        lane, LaneSeries{metrics.Counter("spillway_journal_recorded_messages_total", "Messages recorded", labels),
                         metrics.Counter("spillway_journal_recorded_bytes_total", "Their bytes, uncompressed", labels),
                         metrics.Counter("spillway_journal_gaps_total", "Gaps between lane and record", labels),
                         metrics.Gauge("spillway_journal_durable_position",
                                       "The lane's sequence up to which all is on stable storage", labels)});
  }
  for (const std::string_view table : projections::ProjectedTables()) {
    rows_[std::string(table)] =
        &metrics.Counter("spillway_journal_postgres_rows_total", "New rows written", {{"table", std::string(table)}});
  }
}

void JournalMetrics::Update(const GoldenRecord& record) {
  for (auto& [lane, series] : lanes_) {
    const LaneRecord now = record.Record(lane);
    RaiseTo(series.messages, now.recorded_messages);
    RaiseTo(series.bytes, now.recorded_bytes);
    RaiseTo(series.gaps, now.gaps);
    series.durable.Set(static_cast<double>(now.durable));
  }
  if (const absl::StatusOr<uint64_t> free = FreeBytes(record.directory()); free.ok()) {
    disk_free_.Set(static_cast<double>(*free));
  }
}

void JournalMetrics::Update(const projections::Projector& projector) {
  const projections::ProjectorStatus status = projector.status();
  postgres_up_.Set(status.up ? 1 : 0);
  lag_.Set(static_cast<double>(status.lag_messages));
  RaiseTo(skipped_, status.messages_skipped);
  RaiseTo(refused_, status.rows_refused);
  for (const auto& [table, rows] : status.rows) {
    const auto counter = rows_.find(table);
    if (counter != rows_.end()) RaiseTo(*counter->second, rows);
  }
}

void LogGap(const log::RecordGap& gap) {
  service::Log(service::Severity::kError, "record_gap",
               {{"lane", gap.lane}, {"from", gap.from}, {"to", gap.to}, {"missing", gap.to - gap.from + 1}});
}

}  // namespace spillway::journal
