#include "tools/spillway/replay_diff.h"

#include <algorithm>
#include <map>
#include <vector>

#include "fmt/format.h"
#include "libs/events/text.h"
#include "nlohmann/json.hpp"
#include "tools/spillway/console.h"
#include "tools/spillway/pipeline_run.h"
#include "tools/spillway/session_files.h"

namespace spillway::cli {
namespace {

// Alerts this close together, of the same symbol, are the same moment seen by two profiles.
constexpr Duration kSameMoment = std::chrono::seconds(5);
// A rejection this close to the other's alert is taken as the reason.
constexpr Duration kReasonWithin = std::chrono::seconds(30);

struct AlertSeen {
  Time time;
  std::string symbol;
  double score = 0;
  std::optional<OutcomeLabel> outcome;
  double r_multiple = 0;
};
struct Reason {
  Time time;
  std::string symbol;
  std::string text;
};

// What one run did with the market, as far as a person would have seen it.
struct RunSeen {
  NameTable names;
  StrategyInstanceId instance = 0;
  std::vector<AlertSeen> alerts;
  std::map<EventId, size_t> by_intent;
  std::vector<Reason> reasons;

  void Take(const Event& event) {
    names.Learn(event);
    if (event.header.instance != instance) return;
    const std::string symbol = names.Symbol(event.header.instrument);
    if (const auto* alert = std::get_if<Alert>(&event.body)) {
      by_intent[alert->intent] = alerts.size();
      alerts.push_back({alert->triggered, symbol, alert->score, std::nullopt, 0});
    } else if (const auto* outcome = std::get_if<OutcomeLabelled>(&event.body)) {
      const auto found = by_intent.find(outcome->intent);
      if (found == by_intent.end()) return;
      alerts[found->second].outcome = outcome->label;
      alerts[found->second].r_multiple = outcome->r_multiple;
    } else if (const auto* signal = std::get_if<Signal>(&event.body)) {
      if (signal->accepted) return;
      std::string failing;
      for (const RuleResult& rule : signal->rules) {
        if (!rule.passed) failing += (failing.empty() ? "" : "; ") + ToText(rule);
      }
      reasons.push_back({event.header.event_time, symbol,
                         fmt::format("rejected with score {}/{}: {}", signal->score, signal->threshold, failing)});
    } else if (const auto* decision = std::get_if<RiskDecision>(&event.body)) {
      if (decision->approved) return;
      reasons.push_back({event.header.event_time, symbol,
                         fmt::format("refused by {}: seen {}{}, limit {}{}", RefusalRuleName(decision->rule),
                                     decision->seen, decision->unit, decision->limit, decision->unit)});
    } else if (const auto* universe = std::get_if<UniverseChanged>(&event.body)) {
      for (const UniverseMember& member : universe->members) {
        if (member.included) continue;
        std::string text = "not in the universe:";
        for (const Exclusion& e : member.exclusions)
          text += fmt::format(" {} (seen {}, limit {})", e.rule, e.seen, e.limit);
        excluded[names.Symbol(member.instrument)] = text;
      }
    }
  }

  std::string WhyNot(const AlertSeen& alert) const {
    const Reason* best = nullptr;
    for (const Reason& reason : reasons) {
      if (reason.symbol != alert.symbol) continue;
      const auto distance = std::chrono::abs(reason.time - alert.time);
      if (distance <= kReasonWithin && (best == nullptr || distance < std::chrono::abs(best->time - alert.time)))
        best = &reason;
    }
    if (best != nullptr) return fmt::format("{} {}", TradingClock(best->time), best->text);
    const auto out = excluded.find(alert.symbol);
    if (out != excluded.end()) return out->second;
    return "no evaluation came near its threshold within 30 s";
  }

  std::map<std::string, std::string> excluded;
};

const AlertSeen* Match(const std::vector<AlertSeen>& alerts, const AlertSeen& wanted) {
  for (const AlertSeen& alert : alerts) {
    if (alert.symbol == wanted.symbol && std::chrono::abs(alert.time - wanted.time) <= kSameMoment) return &alert;
  }
  return nullptr;
}

struct Difference {
  const AlertSeen* alert;
  bool recorded;  // only the recorded run has it
  std::string why;
};

std::string OutcomeText(const AlertSeen& alert) {
  return alert.outcome ? fmt::format("{} {:+.2f} R", OutcomeLabelName(*alert.outcome), alert.r_multiple) : "no outcome";
}

void Print(const std::vector<Difference>& differences, size_t in_both, const std::string& recorded,
           const std::string& other) {
  fmt::print("{} alert(s) in both, {} in one only (< {}, > {}); times of New York\n", in_both, differences.size(),
             recorded, other);
  for (const Difference& d : differences) {
    fmt::print("{} {} {} score {} {}\n    why not the other: {}\n", d.recorded ? "<" : ">", TradingClock(d.alert->time),
               d.alert->symbol, d.alert->score, OutcomeText(*d.alert), d.why);
  }
}

void PrintJson(const std::vector<Difference>& differences, size_t in_both, const std::string& recorded,
               const std::string& other) {
  nlohmann::ordered_json json = {{"recorded", recorded}, {"other", other}, {"in_both", in_both}};
  json["differences"] = nlohmann::ordered_json::array();
  for (const Difference& d : differences) {
    nlohmann::ordered_json one = {{"only_in", d.recorded ? recorded : other},
                                  {"time", FormatTime(d.alert->time)},
                                  {"symbol", d.alert->symbol},
                                  {"score", d.alert->score},
                                  {"why", d.why}};
    if (d.alert->outcome) one["outcome"] = OutcomeLabelName(*d.alert->outcome);
    json["differences"].push_back(one);
  }
  fmt::print("{}\n", json.dump(2));
}

// The first active instance of the recorded run.
absl::StatusOr<StrategyInstanceId> ActiveInstance(log::EventLog& log) {
  StrategyInstanceId instance = 0;
  const absl::Status status = ForEachEvent(log, "market.0", [&](const LaneEvent& lane_event) {
    const auto* configuration = std::get_if<ConfigurationVersion>(&lane_event.event.body);
    if (configuration != nullptr && configuration->mode == InstanceMode::kActive)
      instance = lane_event.event.header.instance;
    return instance == 0;
  });
  if (!status.ok()) return status;
  if (instance == 0) {
    return absl::FailedPreconditionError("no profile was active in this session: it was not written by `spillway run`");
  }
  return instance;
}

}  // namespace

int ReplayDiff(const ReplayArguments& arguments) {
  absl::StatusOr<std::vector<StrategyInstance>> instances = LoadInstances({arguments.profile});
  if (!instances.ok()) {
    Fail(instances.status());
    return kExitUsage;
  }
  absl::StatusOr<std::unique_ptr<log::SegmentLog>> session = OpenRun(arguments.session);
  if (!session.ok()) return Fail(session.status());
  RunSeen recorded;
  const absl::StatusOr<StrategyInstanceId> active = ActiveInstance(**session);
  if (!active.ok()) return Fail(active.status());
  recorded.instance = *active;
  absl::Status status = ForEachEvent(**session, "trading", [&](const LaneEvent& lane_event) {
    recorded.Take(lane_event.event);
    return true;
  });
  if (!status.ok()) return Fail(status);

  RunSeen other;
  other.instance = StrategyInstanceIdOf(instances->front().name);
  runtime::EmbeddedPipeline pipeline(MakeProcessors(), {});
  pipeline.ObserveTrading([&](const Event& event) { other.Take(event); });
  absl::StatusOr<std::unique_ptr<log::LaneReader>> market = (*session)->OpenReader("market.0");
  if (!market.ok()) return Fail(market.status());
  Progress progress("replaying");
  status = RunPipeline(pipeline, **market, *instances, {}, [&](uint64_t rows) { progress.Update(rows, 0, "rows"); });
  progress.Clear();
  if (!status.ok()) return Fail(status);

  std::vector<Difference> differences;
  size_t in_both = 0;
  for (const AlertSeen& alert : recorded.alerts) {
    if (Match(other.alerts, alert) != nullptr) {
      ++in_both;
    } else {
      differences.push_back({&alert, true, other.WhyNot(alert)});
    }
  }
  for (const AlertSeen& alert : other.alerts) {
    if (Match(recorded.alerts, alert) == nullptr) differences.push_back({&alert, false, recorded.WhyNot(alert)});
  }
  std::stable_sort(differences.begin(), differences.end(),
                   [](const Difference& a, const Difference& b) { return a.alert->time < b.alert->time; });
  const std::string recorded_name = recorded.names.Instance(recorded.instance);
  const std::string other_name = instances->front().name;
  (arguments.json ? PrintJson : Print)(differences, in_both, recorded_name, other_name);
  return differences.empty() ? kExitOk : kExitDiffers;
}

}  // namespace spillway::cli
