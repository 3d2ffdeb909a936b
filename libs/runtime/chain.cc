#include "libs/runtime/chain.h"

#include <memory>
#include <string>
#include <utility>

#include "libs/events/codec.h"
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

absl::StatusOr<TradingInputs> ReadTradingInputs(log::EventLog& session) {
  absl::StatusOr<std::unique_ptr<log::LaneReader>> reader = session.OpenReader("trading");
  if (!reader.ok()) return reader.status();
  TradingInputs inputs;
  const auto take = [&](const Event& event) {
    if (event.header.producer == Producer::kBroker) ++inputs.broker_events;
    std::visit(Overloaded{[&](const ConfigurationVersion& version) {
                            if (version.kind == ConfigurationKind::kVenue) inputs.simulated_venue = true;
                          },
                          [&](const AdminCommand&) { ++inputs.admin_commands; },
                          [&](const OrderCommand&) { ++inputs.order_commands; }, [](const auto&) {}},
               event.body);
  };
  GroupDecoder decoder;
  log::LaneMessage message;
  while (true) {
    const absl::StatusOr<bool> more = (*reader)->Next(message);
    if (!more.ok()) return more.status();
    if (!*more) return inputs;
    GroupHeader header;
    // What does not parse is nobody's, here as in the processors.
    (void)decoder.Decode(message.bytes, header, take);
  }
}

absl::StatusOr<ChainComparison> CompareChain(log::EventLog& recorded, log::EventLog& computed, bool live) {
  const absl::StatusOr<TradingInputs> inputs = ReadTradingInputs(recorded);
  if (!inputs.ok()) return inputs.status();
  ChainComparison comparison;
  if (inputs->admin_commands > 0) {
    comparison.left_out = "people commanded (" + std::to_string(inputs->admin_commands) + " times)";
  } else if (inputs->broker_events > 0 && !inputs->simulated_venue) {
    comparison.left_out = "a broker had its say (" + std::to_string(inputs->broker_events) + " events)";
  } else if (live && inputs->order_commands > 0) {
    comparison.left_out = "orders were worked live (" + std::to_string(inputs->order_commands) +
                          " commands): when they arrived depends on how fast services answered";
  }
  for (const auto& [producer, lane] : {std::pair{Producer::kMetrics, "features.0"},
                                       {Producer::kScoring, "trading"},
                                       {Producer::kRisk, "trading"},
                                       {Producer::kOms, "trading"},
                                       {Producer::kBroker, "trading"},
                                       {Producer::kNotifier, "trading"},
                                       {Producer::kJournal, "trading"}}) {
    if (!comparison.left_out.empty() && producer != Producer::kMetrics && producer != Producer::kScoring) continue;
    absl::StatusOr<ProcessorReplay> result = CompareProducer(producer, lane, recorded, computed);
    if (!result.ok()) return result.status();
    comparison.processors.push_back(*std::move(result));
  }
  return comparison;
}

}  // namespace spillway::runtime
