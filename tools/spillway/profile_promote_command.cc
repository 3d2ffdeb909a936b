// `spillway profile promote`: may a profile go on to its next stage (S1-B7.*), and if it may, the stage on the lanes.
#include <algorithm>
#include <optional>

#include "fmt/format.h"
#include "libs/log/jetstream/jetstream_log.h"
#include "libs/profile/profile_loader.h"
#include "libs/runtime/event_appender.h"
#include "nlohmann/json.hpp"
#include "services/journal/stage_gates.h"
#include "spillway/v1/account.pb.h"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"
#include "tools/spillway/folded_scorecard.h"
#include "tools/spillway/pipeline_run.h"
#include "tools/spillway/stack_configuration.h"
#include "tools/spillway/stack_connection.h"

namespace spillway::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Promotion {
  std::string profile;   // "small-account@1"
  std::string instance;  // "small-account@1#1"
  std::string from, to;
  std::vector<std::string> refusals;  // empty: it may
  std::vector<journal::StageGate> gates;
  std::string evidence;
};

std::string StageNames(const v1::Profile& profile) {
  std::string names;
  for (const v1::Stage& stage : profile.stages()) names += (names.empty() ? "" : ", ") + stage.name();
  return names;
}

std::optional<int> IndexOf(const v1::Profile& profile, std::string_view stage) {
  for (int i = 0; i < profile.stages_size(); ++i) {
    if (profile.stages(i).name() == stage) return i;
  }
  return std::nullopt;
}

// What the runs have of the profile: its first instance there, or nothing.
journal::InstanceScore ScoreIn(const std::vector<journal::InstanceScore>& scores, const std::string& profile) {
  for (const journal::InstanceScore& score : scores) {
    if (score.name.starts_with(profile + "#")) return score;
  }
  journal::InstanceScore none;
  none.name = profile + "#1";
  journal::ComputeFigures(none);
  return none;
}

Promotion Judge(const v1::Profile& profile, int to, const journal::InstanceScore& score) {
  Promotion promotion;
  promotion.profile = profile::ProfileName(profile);
  promotion.instance = score.name;
  // Without a word of it the first stage is in force, as risk has it.
  const int from = IndexOf(profile, score.stage).value_or(0);
  promotion.from = profile.stages(from).name();
  promotion.to = profile.stages(to).name();
  if (to <= from) {
    promotion.refusals.push_back(
        fmt::format("{} is in stage {}: {} is not ahead of it", promotion.instance, promotion.from, promotion.to));
    return promotion;
  }
  if (to > from + 1) {
    promotion.refusals.push_back(fmt::format("{} is in stage {}: a stage is never skipped; the next is {}",
                                             promotion.instance, promotion.from, profile.stages(from + 1).name()));
    return promotion;
  }
  promotion.gates = journal::StageGates(profile.stages(from), journal::OnlyStage(score, promotion.from));
  for (const journal::StageGate& gate : promotion.gates) {
    const std::string text = journal::StageGateText(gate);
    promotion.evidence += (promotion.evidence.empty() ? "" : "; ") + text;
    if (!gate.passed) promotion.refusals.push_back(text);
  }
  return promotion;
}

Json GateJson(const journal::StageGate& gate) {
  return {{"gate", gate.name},
          {"seen", gate.seen ? Json(*gate.seen) : Json(nullptr)},
          {"needed", gate.needed},
          {"unit", gate.unit},
          {"n", gate.count},
          {"of", gate.of},
          {"low", gate.interval ? Json(gate.interval->low) : Json(nullptr)},
          {"high", gate.interval ? Json(gate.interval->high) : Json(nullptr)},
          {"passed", gate.passed}};
}

Json PromotionJson(const Promotion& promotion) {
  Json json = {{"profile", promotion.profile}, {"instance", promotion.instance},         {"from", promotion.from},
               {"to", promotion.to},           {"promoted", promotion.refusals.empty()}, {"gates", Json::array()},
               {"unmet", promotion.refusals},  {"evidence", promotion.evidence},         {"lanes", Json::array()}};
  for (const journal::StageGate& gate : promotion.gates) json["gates"].push_back(GateJson(gate));
  return json;
}

void PrintPromotion(const Promotion& promotion, const v1::Profile& profile, bool with_runs) {
  const v1::Stage& from = profile.stages(*IndexOf(profile, promotion.from));
  fmt::print("{}: {} -> {}\n", promotion.instance, promotion.from, promotion.to);
  if (!from.description().empty()) fmt::print("  {}: {}\n", from.name(), from.description());
  for (const journal::StageGate& gate : promotion.gates) fmt::print("  {}\n", journal::StageGateText(gate));
  if (promotion.refusals.empty()) return;
  fmt::print("not promoted: {}\n",
             promotion.gates.empty()
                 ? promotion.refusals.front()
                 : fmt::format("{} of {} gates are not met", promotion.refusals.size(), promotion.gates.size()));
  if (!with_runs) fmt::print("no run was given, so that nothing was shown: --session OUT, one for each day\n");
}

v1::StageChange ChangeOf(const Promotion& promotion) {
  v1::StageChange change;
  change.set_stage(promotion.to);
  change.set_evidence(promotion.from + ": " + (promotion.evidence.empty() ? "no gates" : promotion.evidence));
  return change;
}

// The gateway's group names all instances again, as every group of it does, and the stage behind them.
absl::StatusOr<std::vector<Event>> StageEvents(const Promotion& promotion, const StackConfiguration& in_force,
                                               const log::LaneName& lane, Time time) {
  const auto found = in_force.versions.find(promotion.instance);
  if (found == in_force.versions.end() || found->second.mode == InstanceMode::kRetired) {
    return absl::FailedPreconditionError(fmt::format("lane {}: {} is not in force; `spillway profile apply {}` first",
                                                     lane, promotion.instance, promotion.profile));
  }
  if (const auto stage = in_force.stages.find(promotion.instance);
      stage != in_force.stages.end() && stage->second == promotion.to) {
    return absl::FailedPreconditionError(
        fmt::format("lane {}: {} is in stage {} already", lane, promotion.instance, promotion.to));
  }
  std::vector<Event> events;
  const auto add = [&](const std::string& name, EventBody body) {
    Event& event = events.emplace_back();
    event.header.producer = Producer::kGateway;
    event.header.event_time = event.header.ingest_time = time;
    event.header.instance = name.empty() ? 0 : StrategyInstanceIdOf(name);
    event.header.cause.ordinal = in_force.next_ordinal + static_cast<uint32_t>(events.size()) - 1;
    event.body = std::move(body);
  };
  for (const auto& [name, version] : in_force.versions) add(name, version);
  for (const auto& [kind, version] : in_force.trading) add("", version);
  ConfigurationVersion stage = found->second;
  stage.kind = ConfigurationKind::kStage;
  stage.effective_time = time;
  stage.document = ChangeOf(promotion).SerializeAsString();
  add(promotion.instance, stage);
  return events;
}

absl::Status Apply(const Promotion& promotion, const NatsArguments& nats, Json& lanes) {
  const auto connection = ConnectTo(nats);
  if (!connection.ok()) return connection.status();
  jetstream::JetStreamLog log(*connection, Producer::kGateway);
  for (uint32_t number = 0; number < nats.market_lanes; ++number) {
    const log::LaneName lane = fmt::format("market.{}", number);
    absl::StatusOr<std::unique_ptr<log::LaneWriter>> writer = log.OpenWriter(lane);
    if (!writer.ok()) return writer.status();
    const absl::StatusOr<StackConfiguration> in_force = InForce(**writer);
    if (!in_force.ok()) return in_force.status();
    const absl::StatusOr<Time> last = LastTime(log, lane);
    if (!last.ok()) return last.status();
    const absl::StatusOr<std::vector<Event>> events = StageEvents(promotion, *in_force, lane, *last);
    if (!events.ok()) return events.status();
    runtime::EventAppender appender(Producer::kGateway, std::move(*writer));
    if (absl::Status status = appender.Append(*events); !status.ok()) return status;
    lanes.push_back(lane);
  }
  return absl::OkStatus();
}

}  // namespace

int ProfilePromote(const ProfilePromoteArguments& arguments) {
  const absl::StatusOr<v1::Profile> profile = profile::LoadProfile(arguments.profile);
  if (!profile.ok()) {
    Fail(profile.status());
    return kExitUsage;
  }
  const std::string name = profile::ProfileName(*profile);
  const std::optional<int> to = IndexOf(*profile, arguments.to);
  if (!to) {
    const std::string stages = StageNames(*profile);
    Fail(absl::InvalidArgumentError(
        stages.empty() ? fmt::format("{}: has no stages; it trades its full size", name)
                       : fmt::format("--to {}: {} has no such stage; it has {}", arguments.to, name, stages)));
    return kExitUsage;
  }
  const absl::StatusOr<std::vector<journal::InstanceScore>> scores = FoldedScores(arguments.sessions);
  if (!scores.ok()) return Fail(scores.status());
  const Promotion promotion = Judge(*profile, *to, ScoreIn(*scores, name));
  Json json = PromotionJson(promotion);
  if (!arguments.json) PrintPromotion(promotion, *profile, !arguments.sessions.empty());
  if (promotion.refusals.empty() && arguments.apply) {
    if (absl::Status status = Apply(promotion, arguments.nats, json["lanes"]); !status.ok()) return Fail(status);
  }
  if (arguments.json) {
    fmt::print("{}\n", json.dump(2));
  } else if (promotion.refusals.empty()) {
    fmt::print("promoted: stage_change {{stage: {}, evidence: \"{}\"}}\n", promotion.to,
               ChangeOf(promotion).evidence());
    if (arguments.apply) {
      fmt::print("in force on {} from the next event on\n", json["lanes"].dump());
    } else {
      fmt::print("nothing was changed: --nats URL puts it in force on a running stack\n");
    }
  }
  return promotion.refusals.empty() ? kExitOk : kExitDiffers;
}

}  // namespace spillway::cli
