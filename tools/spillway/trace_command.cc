#include <algorithm>
#include <set>
#include <vector>

#include "fmt/format.h"
#include "libs/events/text.h"
#include "nlohmann/json.hpp"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"
#include "tools/spillway/session_files.h"

namespace spillway::cli {
namespace {

struct Step {
  Time time;
  int order;  // of its lane: the market comes before what was made of it
  std::string lane;
  std::string producer;
  std::string id;
  std::string text;
};

bool StartsWith(const EventId& id, const std::string& digits) {
  return ToString(id).compare(0, digits.size(), digits) == 0;
}

// Orders are known by ids of their own too.
bool NamesOrder(const Event& event, const std::string& digits) {
  if (const auto* order = std::get_if<OrderEvent>(&event.body)) {
    return StartsWith(order->order, digits) || StartsWith(order->intent, digits);
  }
  const auto* decision = std::get_if<RiskDecision>(&event.body);
  return decision != nullptr && StartsWith(decision->intent, digits);
}

// Which stories the digits can mean: the correlation ids of events whose id or correlation id begins with them, or that
// are about an order of that id.
absl::Status FindStories(log::EventLog& log, const std::string& digits, std::set<EventId>& stories) {
  return ForEachEvent(log, "trading", [&](const LaneEvent& lane_event) {
    const EventHeader& header = lane_event.event.header;
    // A tick, a context or a halt is nobody's story, and a configuration is a person's: it has no correlation id.
    if (header.instance == 0 || !header.correlation_id()) return true;
    if (StartsWith(header.correlation_id(), digits) || StartsWith(header.id(), digits) ||
        NamesOrder(lane_event.event, digits))
      stories.insert(header.correlation_id());
    return true;
  });
}

// What a step of the story says: signals with a line a rule, snapshots with a line a feature.
class StepText {
 public:
  void Learn(const Event& event) {
    names.Learn(event);
    if (const auto* set = std::get_if<FeatureSetDefined>(&event.body)) features_ = *set;
  }

  std::string Of(const Event& event) const {
    if (const auto* signal = std::get_if<Signal>(&event.body)) {
      std::string text = Without(event, *signal, &Signal::rules);
      for (const RuleResult& rule : signal->rules) text += kIndent + ToText(rule);
      return text;
    }
    const auto* snapshot = std::get_if<FeatureSnapshot>(&event.body);
    // A set that was replaced since leaves the values without their names.
    if (snapshot == nullptr || snapshot->feature_set != features_.version ||
        snapshot->values.size() != features_.specs.size())
      return ToText(event, names);
    std::string text = Without(event, *snapshot, &FeatureSnapshot::values);
    for (size_t i = 0; i < features_.specs.size(); ++i) {
      const FeatureValue& value = snapshot->values[i];
      text += kIndent + ToString(features_.specs[i]) + " ";
      text += value.ready() ? fmt::format("{:.6g}", value.value)
                            : fmt::format("not_ready:{}", NotReadyName(value.not_ready));
    }
    return text;
  }

  NameTable names;

 private:
  inline static const std::string kIndent = "\n        ";

  // The event's line without what is listed below it.
  template <class Body, class List>
  std::string Without(const Event& event, const Body& body, List Body::*list) const {
    Event shorter;
    shorter.header = event.header;
    shorter.body = body;
    (std::get<Body>(shorter.body).*list).clear();
    return ToText(shorter, names);
  }

  FeatureSetDefined features_;
};

// The instruments that the story is about: at a tick all symbols' features follow from one market event.
absl::Status CollectInstruments(log::EventLog& log, const EventId& story, std::set<InstrumentId>& instruments) {
  return ForEachEvent(log, "trading", [&](const LaneEvent& lane_event) {
    const EventHeader& header = lane_event.event.header;
    if (header.instance != 0 && header.instrument != 0 && header.correlation_id() == story)
      instruments.insert(header.instrument);
    return true;
  });
}

absl::Status CollectLane(log::EventLog& log, const log::LaneName& lane, int order, const EventId& story,
                         const std::set<InstrumentId>& instruments, StepText& text, std::vector<Step>& steps) {
  return ForEachEvent(log, lane, [&](const LaneEvent& lane_event) {
    const Event& event = lane_event.event;
    text.Learn(event);
    if (const auto* batch = std::get_if<MarketBatch>(&event.body)) {
      for (const MarketEvent& market_event : batch->events) {
        if (market_event.kind == MarketEventKind::kTick) continue;
        if (MarketEventId({batch->feed, batch->epoch, market_event.position}) != story) continue;
        std::string line = ToText(market_event, text.names);
        if (!instruments.empty() && !instruments.contains(market_event.instrument)) {
          line += " (of another symbol: it closed the boundary at which the story begins)";
        }
        steps.push_back({market_event.event_time, order, lane, "ingest", ToString(story), std::move(line)});
      }
      return true;
    }
    const bool passed_on = event.header.producer != lane_event.group_producer;
    const bool snapshot = std::holds_alternative<FeatureSnapshot>(event.body);
    const bool story_teller =
        event.header.instance != 0 || (snapshot && !passed_on && instruments.contains(event.header.instrument));
    if (!story_teller || event.header.correlation_id() != story) return true;
    steps.push_back({event.header.event_time, order, lane, std::string(ProducerName(event.header.producer)),
                     ToString(event.header.id()), text.Of(event)});
    return true;
  });
}

}  // namespace

int Trace(const TraceArguments& arguments) {
  std::string digits = arguments.id;
  std::transform(digits.begin(), digits.end(), digits.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (digits.starts_with("sw-")) digits.erase(0, 3);  // a client_order_id
  if (digits.size() < 4 || digits.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return Fail(
        absl::FailedPreconditionError(fmt::format("'{}' is no id: at least 4 hexadecimal digits", arguments.id)));
  }
  absl::StatusOr<std::unique_ptr<log::SegmentLog>> session = OpenRun(arguments.session);
  if (!session.ok()) return Fail(session.status());
  std::set<EventId> stories;
  absl::Status status = FindStories(**session, digits, stories);
  if (!status.ok()) return Fail(status);
  if (stories.size() != 1) {
    return Fail(absl::NotFoundError(
        stories.empty() ? fmt::format("no signal, alert, order or outcome in {} has an id that begins with {}",
                                      arguments.session, digits)
                        : fmt::format("{} begins {} ids: give more digits", digits, stories.size())));
  }
  std::set<InstrumentId> instruments;
  if (status = CollectInstruments(**session, *stories.begin(), instruments); !status.ok()) return Fail(status);
  StepText text;
  std::vector<Step> steps;
  int order = 0;
  for (const char* lane : {"market.0", "features.0", "trading"}) {
    status = CollectLane(**session, lane, order++, *stories.begin(), instruments, text, steps);
    if (!status.ok()) return Fail(status);
  }
  // Within a lane the order is the lane's own; across lanes the market event comes first.
  std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.order < b.order; });
  if (arguments.json) {
    nlohmann::ordered_json json = {{"correlation_id", ToString(*stories.begin())}};
    for (const Step& step : steps) {
      json["steps"].push_back({{"time", FormatTime(step.time)},
                               {"lane", step.lane},
                               {"producer", step.producer},
                               {"event_id", step.id},
                               {"event", step.text}});
    }
    fmt::print("{}\n", json.dump(2));
    return kExitOk;
  }
  fmt::print("correlation id {}; times are UTC\n", ToString(*stories.begin()));
  for (const Step& step : steps)
    fmt::print("{:<10} {:<8} {}  {}\n", step.lane, step.producer, step.id.substr(0, 12), step.text);
  return kExitOk;
}

}  // namespace spillway::cli
