#include <algorithm>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "services/journal/report/new_york_clock.h"
#include "services/journal/report/session_report.h"

namespace spillway::journal::report {
namespace {

std::string Count(uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count == 0 ? "no" : fmt::format("{}", count), count == 1 ? one : many);
}

template <class Parts>
std::string Join(const Parts& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

bool Shadow(const Setup& setup) {
  return setup.intent && setup.intent->shadow;
}

std::string AlertSentence(const SessionReport& report) {
  uint64_t alerts = 0, cancelled = 0, shadow = 0;
  std::map<OutcomeLabel, uint64_t> outcomes;
  for (const Setup& setup : report.setups) {
    if (!setup.alert) continue;
    if (Shadow(setup)) {
      ++shadow;
      continue;
    }
    ++alerts;
    cancelled += setup.cancelled ? 1 : 0;
    if (setup.outcome) ++outcomes[setup.outcome->body.label];
  }
  // Beyond the bound of what the page shows one by one, the scorecard has counted all.
  if (report.setups_left_out > 0 && !report.scorecard.empty()) {
    alerts = shadow = 0;
    outcomes.clear();
    for (const auto& instance : nlohmann::json::parse(report.scorecard).at("instances")) {
      const uint64_t count = instance.at("alerts").get<uint64_t>();
      (instance.at("shadow").get<bool>() ? shadow : alerts) += count;
      if (instance.at("shadow").get<bool>()) continue;
      for (int label = 1; label <= static_cast<int>(OutcomeLabel::kCancelled); ++label) {
        const auto which = static_cast<OutcomeLabel>(label);
        const uint64_t ended = instance.at("outcomes").value(std::string(OutcomeLabelName(which)), uint64_t{0});
        if (ended > 0) outcomes[which] += ended;
      }
    }
  }
  if (alerts == 0 && shadow == 0) return "There was no alert.";
  std::string text = alerts == 0
                         ? "There was no alert"
                         : "There " + std::string(alerts == 1 ? "was " : "were ") + Count(alerts, "alert", "alerts");
  std::vector<std::string> ends;
  for (const auto& [label, count] : outcomes) ends.push_back(fmt::format("{} {}", count, OutcomeLabelName(label)));
  if (!ends.empty()) text += ": " + Join(ends);
  if (cancelled > 0) text += fmt::format("; {} cancelled after the trigger", cancelled);
  if (shadow > 0) text += fmt::format("; {} in shadow, told to nobody", Count(shadow, "more", "more"));
  return text + ".";
}

// Why there was no alert: the last thing that stood in the way.
std::string WhySentence(const SessionReport& report, const ProfileFacts& profile) {
  uint64_t accepted = 0, members = 0, rejected = 0;
  for (const Setup& setup : report.setups) {
    if (setup.instance != profile.id) continue;
    if (setup.alert) return "";
    ++accepted;
  }
  for (const UniverseEntry& entry : report.universe)
    members += entry.instance == profile.id && entry.first_included ? 1 : 0;
  const NearMiss* best = nullptr;
  for (const NearMiss& miss : report.near_misses) {
    if (miss.instance != profile.id) continue;
    if (best == nullptr) best = &miss;
  }
  for (const InstanceRecord& record : report.instances) rejected += record.instance == profile.id ? record.rejected : 0;

  std::string text = fmt::format("{}: ", profile.instance);
  if (accepted > 0)
    return text +
           fmt::format("risk refused {}.", accepted == 1 ? "the only signal" : fmt::format("all {} signals", accepted));
  if (members == 0) text += "no symbol was ever in the universe; ";
  if (best == nullptr) {
    return text +
           fmt::format("no evaluation reached {:g} points, from where a rejection is recorded (an alert needs {:g}).",
                       profile.near_miss, profile.threshold);
  }
  std::vector<std::string> failed;
  for (const RuleResult& rule : best->signal.rules) {
    if (Failed(rule))
      failed.push_back(rule.gate || rule.feature.empty() ? rule.rule : rule.rule + " (" + rule.feature + ")");
  }
  text +=
      fmt::format("the best of {} scored {:g} of the {:g} that an alert needs, {} at {} New York; what failed: {}.",
                  Count(rejected, "rejected signal", "rejected signals"), best->signal.score, best->signal.threshold,
                  report.names.Symbol(best->instrument), NewYorkClock(best->time), Join(failed));
  return text;
}

std::string RefusalSentence(const SessionReport& report) {
  uint64_t total = 0;
  std::map<RefusalRule, uint64_t> by_rule;
  for (const RefusalCount& refusal : report.refusals) {
    total += refusal.count;
    by_rule[refusal.rule] += refusal.count;
  }
  if (total == 0) return "Risk refused nothing.";
  std::vector<std::string> parts;
  for (const auto& [rule, count] : by_rule) parts.push_back(fmt::format("{} {}", count, RefusalRuleName(rule)));
  return fmt::format("Risk refused {}: {}.", Count(total, "signal", "signals"), Join(parts));
}

std::string UniverseSentence(const SessionReport& report, const ProfileFacts& profile) {
  uint64_t seen = 0, ever = 0;
  std::map<std::string, uint64_t> rules;
  for (const UniverseEntry& entry : report.universe) {
    if (entry.instance != profile.id) continue;
    ++seen;
    ever += entry.first_included ? 1 : 0;
    for (const ExclusionHistory& exclusion : entry.exclusions) ++rules[exclusion.rule];
  }
  if (seen == 0) return fmt::format("Universe of {}: it was never decided.", profile.instance);
  std::string text = fmt::format("Universe of {}: {} of {} {} in it at some time", profile.instance, ever,
                                 Count(seen, "symbol", "symbols"), ever == 1 ? "was" : "were");
  std::vector<std::string> parts;
  for (const auto& [rule, count] : rules) parts.push_back(seen == 1 ? rule : fmt::format("{} {}", rule, count));
  if (!parts.empty())
    text += fmt::format("; {} by {}", seen == 1 && ever == 0 ? "excluded" : "excluded at some time", Join(parts));
  return text + ".";
}

}  // namespace

std::vector<std::string> Summarize(const SessionReport& report) {
  std::vector<std::string> sentences = {AlertSentence(report)};
  std::vector<const ProfileFacts*> instances;  // the last version of each
  for (const ProfileFacts& profile : report.profiles) {
    std::erase_if(instances, [&](const ProfileFacts* earlier) { return earlier->id == profile.id; });
    instances.push_back(&profile);
  }
  for (const ProfileFacts* profile : instances) {
    const std::string why = WhySentence(report, *profile);
    if (!why.empty()) sentences.push_back(why);
  }
  sentences.push_back(RefusalSentence(report));
  for (const ProfileFacts* profile : instances) sentences.push_back(UniverseSentence(report, *profile));
  if (instances.empty()) sentences.emplace_back("No profile was in force.");
  return sentences;
}

}  // namespace spillway::journal::report
