#include "libs/runtime/chain.h"

#include <memory>
#include <string>
#include <utility>

#include "libs/runtime/producer_events.h"

namespace spillway::runtime {
namespace {

absl::StatusOr<ProcessorReplay> CompareProducer(Producer producer, const log::LaneName& lane, log::EventLog& recorded,
                                                log::EventLog& computed) {
  absl::StatusOr<std::unique_ptr<log::LaneReader>> then = recorded.OpenReader(lane);
  if (!then.ok()) return then.status();
  absl::StatusOr<std::unique_ptr<log::LaneReader>> now = computed.OpenReader(lane);
  if (!now.ok()) return now.status();
  ProducerEvents recorded_events(producer, std::move(*then)), computed_events(producer, std::move(*now));
  ProcessorReplay result{.producer = producer};
  while (true) {
    std::string_view encoded_then, payload_then, encoded_now, payload_now;
    const absl::StatusOr<bool> more_then = recorded_events.Next(encoded_then, payload_then);
    if (!more_then.ok()) return more_then.status();
    const absl::StatusOr<bool> more_now = computed_events.Next(encoded_now, payload_now);
    if (!more_now.ok()) return more_now.status();
    if (!*more_then) {
      for (bool more = *more_now; more; ++result.unrecorded) {
        const absl::StatusOr<bool> next = computed_events.Next(encoded_now, payload_now);
        if (!next.ok()) return next.status();
        more = *next;
      }
      return result;
    }
    ++result.outputs;
    if (*more_now && encoded_then == encoded_now) continue;
    Divergence& d = result.divergence.emplace();
    d.producer = producer;
    d.lane = lane;
    d.sequence = recorded_events.sequence();
    d.output = result.outputs;
    d.recorded = std::string(payload_then);
    if (*more_now) d.regenerated = std::string(payload_now);
    return result;
  }
}

}  // namespace

absl::StatusOr<std::vector<ProcessorReplay>> CompareChain(log::EventLog& recorded, log::EventLog& computed) {
  std::vector<ProcessorReplay> results;
  for (const auto& [producer, lane] : {std::pair{Producer::kMetrics, "features.0"},
                                       {Producer::kScoring, "trading"},
                                       {Producer::kRisk, "trading"},
                                       {Producer::kNotifier, "trading"},
                                       {Producer::kJournal, "trading"}}) {
    absl::StatusOr<ProcessorReplay> result = CompareProducer(producer, lane, recorded, computed);
    if (!result.ok()) return result.status();
    results.push_back(*std::move(result));
  }
  return results;
}

}  // namespace spillway::runtime
