#include "libs/service/status.h"

#include "libs/base/build_info.h"
#include "libs/service/latency_histogram.h"
#include "nlohmann/json.hpp"

namespace spillway::service {

LatencySummary Summary(const LatencyHistogram& histogram) {
  const auto milliseconds = [&](double q) { return static_cast<double>(histogram.Quantile(q)) * 1e-6; };
  return {.p50_ms = milliseconds(0.5),
          .p99_ms = milliseconds(0.99),
          .p999_ms = milliseconds(0.999),
          .count = histogram.count()};
}

std::string StatusJson(const StatusHead& head, const StatusReport& report) {
  using Json = nlohmann::ordered_json;
  Json lanes = Json::array();
  for (const LaneStatus& lane : report.lanes) {
    const uint64_t lag = lane.end > lane.position ? lane.end - lane.position : 0;
    lanes.push_back({{"lane", lane.lane}, {"position", lane.position}, {"end", lane.end}, {"lag", lag}});
  }
  Json latency = Json::object();
  for (const auto& [hop, summary] : report.latency) {
    latency[hop] = {
        {"p50_ms", summary.p50_ms}, {"p99_ms", summary.p99_ms}, {"p999_ms", summary.p999_ms}, {"count", summary.count}};
  }
  Json counters = Json::object();
  for (const auto& [name, value] : report.counters) counters[name] = value;
  Json status = {{"service", head.service},
                 {"instance", head.instance},
                 {"build", std::string(BuildId())},
                 {"ready", head.missing.empty()},
                 {"missing", head.missing},
                 {"uptime_s", head.uptime_s},
                 {"lanes", lanes},
                 {"latency", latency},
                 {"counters", counters}};
  if (!report.notes.empty()) status["notes"] = report.notes;
  for (const auto& [name, text] : report.documents) {
    Json document = Json::parse(text, nullptr, false);
    if (!document.is_discarded()) status[name] = std::move(document);
  }
  return status.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace spillway::service
