// What /status says, in one shape for all services; `spillway status` reads it.
//
//   {"service":"metrics","instance":"a","build":"spillway 0.1.0 (...)","ready":false,"missing":["caught_up"],
//    "uptime_s":12.5,"lanes":[{"lane":"market.0","position":990,"end":1000,"lag":10}],
//    "latency":{"metrics":{"p50_ms":1.25,"p99_ms":4.5,"p999_ms":9,"count":1000}},"counters":{"events":123456},"notes":["..."]}
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace spillway::service {

class LatencyHistogram;

struct LaneStatus {
  std::string lane;
  uint64_t position = 0;  // the last message that was handled
  uint64_t end = 0;       // the last message that there is
};

struct LatencySummary {
  double p50_ms = 0;
  double p99_ms = 0;
  double p999_ms = 0;
  uint64_t count = 0;
};
LatencySummary Summary(const LatencyHistogram& histogram);

// What only the service knows. By convention counters has "events": how many it has handled.
struct StatusReport {
  std::vector<LaneStatus> lanes;
  std::map<std::string, LatencySummary> latency;  // by hop
  std::map<std::string, uint64_t> counters;
  std::vector<std::string> notes;                // what a person ought to know: "the previous checkpoint was used"
  std::map<std::string, std::string> documents;  // JSON values of the service's own, by name: "limits"
};

// What all have: Context::StatusJson fills it.
struct StatusHead {
  std::string service;
  std::string instance;
  std::set<std::string> missing;  // empty: ready
  double uptime_s = 0;
};

std::string StatusJson(const StatusHead& head, const StatusReport& report);

}  // namespace spillway::service
