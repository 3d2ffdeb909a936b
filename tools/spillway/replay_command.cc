#include <algorithm>
#include <map>

#include "fmt/format.h"
#include "libs/base/build_info.h"
#include "libs/events/codec.h"
#include "libs/events/text.h"
#include "libs/log/memory_log.h"
#include "libs/log/verify_session.h"
#include "libs/runtime/chain.h"
#include "libs/runtime/replay.h"
#include "nlohmann/json.hpp"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"
#include "tools/spillway/pipeline_run.h"
#include "tools/spillway/replay_diff.h"
#include "tools/spillway/session_files.h"

namespace spillway::cli {
namespace {

struct Plan {
  Producer producer;
  runtime::ReplayPlan lanes;
};
// Which lanes each processor of the session reads and writes; metrics once for each market lane.
std::vector<Plan> Plans(const log::EventLog& log, const runtime::TradingInputs& inputs) {
  std::vector<log::LaneName> market, features;
  for (const log::LaneName& lane : log.Lanes()) {
    if (lane.starts_with("market.")) market.push_back(lane);
    if (lane.starts_with("features.")) features.push_back(lane);
  }
  std::vector<Plan> plans;
  for (const log::LaneName& lane : market) {
    plans.push_back({Producer::kMetrics, {{lane}, "features" + lane.substr(lane.find('.'))}});
  }
  std::vector<log::LaneName> journal = market;
  journal.push_back("trading");
  plans.push_back({Producer::kUniverse, {features, "market.0"}});
  plans.push_back({Producer::kScoring, {features, "trading"}});
  plans.push_back({Producer::kRisk, {{"trading"}, "trading"}});
  plans.push_back({Producer::kOms, {{"trading"}, "trading"}});
  // What another broker said came from outside: nobody can say it again.
  if (inputs.simulated_venue) plans.push_back({Producer::kBroker, {journal, "trading"}});
  plans.push_back({Producer::kNotifier, {{"trading"}, "trading"}});
  plans.push_back({Producer::kJournal, {journal, "trading"}});
  return plans;
}

// The event as one readable line, with the names that the lane bound before it.
std::string Readable(const std::optional<std::string>& payload, Producer producer, const NameTable& names) {
  if (!payload) return "(nothing)";
  GroupDecoder decoder;
  std::string text = "(does not parse)";
  const absl::Status status =
      decoder.DecodeEvent(*payload, producer, [&](const Event& event) { text = ToText(event, names); });
  return status.ok() ? text : text + " " + std::string(status.message());
}

absl::StatusOr<NameTable> LearnNames(log::EventLog& log) {
  NameTable names;
  const absl::Status status = ForEachEvent(log, "market.0", [&](const LaneEvent& lane_event) {
    names.Learn(lane_event.event);
    return true;
  });
  if (!status.ok()) return status;
  return names;
}

nlohmann::ordered_json DivergenceJson(const runtime::Divergence& d, const NameTable& names) {
  return {{"producer", ProducerName(d.producer)},
          {"lane", d.lane},
          {"message", d.sequence},
          {"output", d.output},
          {"recorded", Readable(d.recorded, d.producer, names)},
          {"now", Readable(d.regenerated, d.producer, names)}};
}

void PrintDivergence(const runtime::Divergence& d, const NameTable& names) {
  fmt::print("DIFFERS {} output {} (lane {}, message {})\n  recorded: {}\n  now:      {}\n", ProducerName(d.producer),
             d.output, d.lane, d.sequence, Readable(d.recorded, d.producer, names),
             Readable(d.regenerated, d.producer, names));
}

void PrintEqual(Producer producer, const runtime::ProcessorReplay& replay) {
  fmt::print("  {:<9} {:>9} messages in, {:>9} events out, equal", ProducerName(producer), replay.inputs,
             replay.outputs);
  if (replay.unrecorded > 0) fmt::print("; {} more were due when the session ended", replay.unrecorded);
  if (replay.bad_messages > 0) fmt::print("; {} messages could not be read, then as now", replay.bad_messages);
  fmt::print("\n");
}

// The record against the embedded run over its market lane: point 2 of the contract.
int Chain(const ReplayArguments& arguments) {
  absl::StatusOr<std::unique_ptr<log::SegmentLog>> session = OpenRun(arguments.session);
  if (!session.ok()) return Fail(session.status());
  if (const auto lanes = (*session)->Lanes(); std::find(lanes.begin(), lanes.end(), "market.1") != lanes.end()) {
    return Fail(absl::FailedPreconditionError("--chain is for sessions of one market lane; use --verify"));
  }
  log::MemoryLog computed;
  auto market = computed.OpenWriter("market.0");
  auto features = computed.OpenWriter("features.0");
  auto trading = computed.OpenWriter("trading");
  runtime::PipelineProcessors processors = MakeProcessors();
  processors.universe.reset();  // what it decided is recorded on the market lane
  runtime::EmbeddedPipeline pipeline(std::move(processors), {market->get(), features->get(), trading->get()});
  absl::StatusOr<std::unique_ptr<log::LaneReader>> reader = (*session)->OpenReader("market.0");
  if (!reader.ok()) return Fail(reader.status());
  Progress progress("computing");
  const absl::Status ran = RunRecorded(pipeline, **reader, [&](uint64_t rows) { progress.Update(rows, 0, "rows"); });
  progress.Clear();
  if (!ran.ok()) return Fail(ran);
  const absl::StatusOr<runtime::ChainComparison> chain =
      runtime::CompareChain(**session, computed, (*session)->manifest().live);
  if (!chain.ok()) return Fail(chain.status());
  nlohmann::ordered_json json = {{"processors", nlohmann::ordered_json::array()}};
  bool same = true;
  for (const runtime::ProcessorReplay& one : chain->processors) {
    nlohmann::ordered_json entry = {{"producer", ProducerName(one.producer)},
                                    {"outputs", one.outputs},
                                    {"unrecorded", one.unrecorded},
                                    {"ok", !one.divergence}};
    if (one.divergence) {
      same = false;
      const absl::StatusOr<NameTable> names = LearnNames(**session);
      if (!names.ok()) return Fail(names.status());
      entry["divergence"] = DivergenceJson(*one.divergence, *names);
      if (!arguments.json) PrintDivergence(*one.divergence, *names);
    } else if (!arguments.json) {
      fmt::print("  {:<9} {:>9} events, equal; {} computed beyond the record's end\n", ProducerName(one.producer),
                 one.outputs, one.unrecorded);
    }
    json["processors"].push_back(entry);
  }
  if (!chain->left_out.empty()) json["left_out"] = chain->left_out;
  json["ok"] = same;
  if (arguments.json) {
    fmt::print("{}\n", json.dump(2));
    return same ? kExitOk : kExitDiffers;
  }
  if (!chain->left_out.empty()) {
    fmt::print("  risk, oms, venue, notifier and journal are not compared: {}; --verify proves them\n",
               chain->left_out);
  }
  fmt::print("{}\n", same ? "OK" : "DIFFERS");
  return same ? kExitOk : kExitDiffers;
}

int Verify(const ReplayArguments& arguments) {
  if (const auto run = OpenRun(arguments.session); !run.ok() && !absl::IsDataLoss(run.status())) {
    return Fail(run.status());
  }
  // The record itself before what it says: what is damaged proves nothing.
  const absl::StatusOr<log::VerifyReport> record = log::VerifySession(arguments.session);
  if (!record.ok()) return Fail(record.status());
  if (!record->ok()) {
    for (const log::Finding& finding : record->findings) fmt::print(stderr, "{}\n", log::ToString(finding.damage));
    return Fail(absl::DataLossError(fmt::format("{} is damaged: nothing can be proved with it", arguments.session)));
  }
  absl::StatusOr<std::unique_ptr<log::SegmentLog>> session = OpenRun(arguments.session);
  if (!session.ok()) return Fail(session.status());
  const std::string recorded_by = (*session)->manifest().build;
  if (recorded_by != BuildId()) {
    fmt::print(stderr, "recorded by {}, replayed by {}: outputs are promised equal for one build only\n", recorded_by,
               BuildId());
  }
  nlohmann::ordered_json json = {
      {"digest", record->session_digest}, {"recorded_by", recorded_by}, {"replayed_by", BuildId()}};
  json["processors"] = nlohmann::ordered_json::array();
  bool same = true;
  const bool live = (*session)->manifest().live;
  const absl::StatusOr<runtime::TradingInputs> inputs = runtime::ReadTradingInputs(**session);
  if (!inputs.ok()) return Fail(inputs.status());
  for (Plan plan : Plans(**session, *inputs)) {
    plan.lanes.open_ended = live;
    const std::unique_ptr<runtime::Processor> processor = MakeProcessor(plan.producer);
    Progress progress("verifying");
    absl::StatusOr<runtime::ProcessorReplay> replay = runtime::ReplayProcessor(
        *processor, **session, plan.lanes, [&](uint64_t messages) { progress.Update(messages, 0, "messages"); });
    progress.Clear();
    if (!replay.ok()) return Fail(replay.status());
    nlohmann::ordered_json one = {{"producer", ProducerName(plan.producer)},
                                  {"inputs", replay->inputs},
                                  {"outputs", replay->outputs},
                                  {"unrecorded", replay->unrecorded},
                                  {"bad_messages", replay->bad_messages},
                                  {"ok", !replay->divergence}};
    if (replay->divergence) {
      same = false;
      const absl::StatusOr<NameTable> names = LearnNames(**session);
      if (!names.ok()) return Fail(names.status());
      one["divergence"] = DivergenceJson(*replay->divergence, *names);
      if (!arguments.json) PrintDivergence(*replay->divergence, *names);
    } else if (!arguments.json) {
      PrintEqual(plan.producer, *replay);
    }
    json["processors"].push_back(one);
  }
  json["ok"] = same;
  if (arguments.json) {
    fmt::print("{}\n", json.dump(2));
  } else {
    fmt::print("{} {}\n", same ? "OK" : "DIFFERS", record->session_digest);
  }
  return same ? kExitOk : kExitDiffers;
}

}  // namespace

int Replay(const ReplayArguments& arguments) {
  if (arguments.verify) return Verify(arguments);
  if (arguments.chain) return Chain(arguments);
  if (arguments.profile.empty()) {
    return Fail(absl::FailedPreconditionError("nothing to do: give --verify, --chain, or --profile P with --diff"));
  }
  return ReplayDiff(arguments);
}

}  // namespace spillway::cli
