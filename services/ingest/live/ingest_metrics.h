// The series of ingest (docs/metrics.md).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/service/metrics.h"

namespace spillway::ingest {

struct IngestMetrics {
  struct Lane {
    prometheus::Counter& events;
    prometheus::Counter& batches;
  };

  IngestMetrics(service::Metrics& metrics, size_t lane_count)
      : batch_events(metrics.Histogram("spillway_ingest_batch_events", "Market events in a batch.",
                                       {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000})),
        feed_gaps(metrics.Counter("spillway_ingest_feed_gaps_total", "Gaps in the feed's own sequence.")),
        stale(metrics.Counter("spillway_ingest_stale_total",
                              "Times the feed gave no data for stale_after in regular hours.")),
        passes(
            metrics.Counter("spillway_ingest_passes_total", "Repetitions of the session that were played to the end.")),
        append_failures(metrics.Counter("spillway_ingest_append_failures_total",
                                        "Appends that the log refused or did not acknowledge.")),
        backpressure(metrics.Counter("spillway_ingest_backpressure_seconds_total",
                                     "Time spent waiting for readers that are too far behind.")),
        behind(metrics.Gauge("spillway_ingest_behind_seconds", "Played time behind its pace.")),
        metrics_(metrics) {
    for (size_t lane = 0; lane < lane_count; ++lane) {
      const service::Labels labels = {{"lane", "market." + std::to_string(lane)}};
      lanes.push_back({metrics.Counter("spillway_ingest_events_total", "Events appended to the lane.", labels),
                       metrics.Counter("spillway_ingest_batches_total", "Messages appended to the lane.", labels)});
    }
  }

  // A session has few feeds: its series are made as they show.
  prometheus::Gauge& FeedState(uint32_t feed) {
    const auto found = feeds_.find(feed);
    if (found != feeds_.end()) return *found->second;
    prometheus::Gauge& gauge = metrics_.Gauge("spillway_ingest_feed_state",
                                              "0 unknown, 1 up, 2 stale, 3 lagging, 4 down, 5 ended; as last written.",
                                              {{"feed", std::to_string(feed)}});
    return *feeds_.emplace(feed, &gauge).first->second;
  }

  std::vector<Lane> lanes;
  prometheus::Histogram& batch_events;
  prometheus::Counter& feed_gaps;
  prometheus::Counter& stale;
  prometheus::Counter& passes;
  prometheus::Counter& append_failures;
  prometheus::Counter& backpressure;
  prometheus::Gauge& behind;

 private:
  service::Metrics& metrics_;
  std::map<uint32_t, prometheus::Gauge*> feeds_;
};

}  // namespace spillway::ingest
