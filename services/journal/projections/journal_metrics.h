// The journal's series: what is recorded, what is projected, and the room that is left.
#pragma once

#include <map>
#include <string>

#include "libs/service/metrics.h"
#include "services/journal/golden_record.h"
#include "services/journal/projections/projector.h"

namespace spillway::journal {

class JournalMetrics {
 public:
  // The series of these lanes and of every projected table, at 0. `metrics` must outlive this.
  JournalMetrics(service::Metrics& metrics, const std::vector<log::LaneName>& lanes);

  // Brings the series to what is so now. Each by one thread, the same or another; each may be left out.
  void Update(const GoldenRecord& record);
  void Update(const projections::Projector& projector);

 private:
  struct LaneSeries {
    prometheus::Counter& messages;
    prometheus::Counter& bytes;
    prometheus::Counter& gaps;
    prometheus::Gauge& durable;
  };
  std::map<log::LaneName, LaneSeries> lanes_;
  std::map<std::string, prometheus::Counter*> rows_;
  prometheus::Gauge& disk_free_;
  prometheus::Gauge& postgres_up_;
  prometheus::Gauge& lag_;
  prometheus::Counter& skipped_;
  prometheus::Counter& refused_;
};

// Says in the log that a gap was found: for GoldenRecordOptions::on_gap.
void LogGap(const log::RecordGap& gap);

}  // namespace spillway::journal
