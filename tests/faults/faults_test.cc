// A recorded session is played through the whole stack while everything in it is killed, stopped, doubled and lied to;
// then the record must be what an undisturbed run would have written, and everything told must have been told once.
// SPILLWAY_FAULTS=full: 20 kills of each service instead of 3. SPILLWAY_FAULTS_SEED, SPILLWAY_FAULTS_JSON=FILE.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <thread>

#include "fmt/format.h"
#include "libs/log/segment_log.h"
#include "tests/catch.h"
#include "tests/e2e/child_process.h"
#include "tests/e2e/sessions.h"
#include "tests/faults/injuries.h"
#include "tests/faults/playing.h"
#include "tests/faults/record_checks.h"

namespace spillway::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Json = nlohmann::ordered_json;

constexpr auto kSettledWithin = seconds(150);

bool Full() {
  const char* value = std::getenv("SPILLWAY_FAULTS");
  return value != nullptr && std::string(value) == "full";
}

uint64_t Seed() {
  const char* value = std::getenv("SPILLWAY_FAULTS_SEED");
  return value == nullptr ? 1 : std::strtoull(value, nullptr, 10);
}

void Say(const std::string& text) {
  std::fprintf(stderr, "%s\n", text.c_str());
}

// ---------------------------------------------------------------- playing

void Injure(Stack& stack, const InjuryPlan& plan) {
  std::vector<std::string> instances;
  for (const auto& service : stack.services()) instances.push_back(service->instance);
  const SteadyTime begin = SteadyClock::now();
  for (const Injury& injury : Schedule(instances, plan, begin)) {
    while (SteadyClock::now() < injury.at) {
      stack.Tend();
      std::this_thread::sleep_for(milliseconds(5));
    }
    Say(fmt::format("  {:7.2f} s  {}", std::chrono::duration<double>(SteadyClock::now() - begin).count(), injury.what));
    injury.act(stack);
  }
}

// ---------------------------------------------------------------- what is told of it

Json Quantiles(std::vector<double> values) {
  if (values.empty()) return Json();
  std::ranges::sort(values);
  return {{"count", values.size()}, {"p50_ms", values[values.size() / 2]}, {"max_ms", values.back()}};
}

Json Summary(const Stack& stack, const std::vector<std::unique_ptr<ServiceProcess>>& services) {
  Json summary = Json::object();
  for (const auto& service : services) {
    Json own_ends = Json::object();
    for (const auto& [code, count] : service->own_ends) own_ends[std::to_string(code)] = count;
    summary[service->instance] = {
        {"kills", service->kills}, {"own_ends", own_ends}, {"caught_up", Quantiles(service->caught_up_ms)}};
  }
  for (const char* service : {"metrics", "universe", "scoring", "risk", "notifier", "journal"}) {
    summary[service]["refolds"] = stack.Counter(service, "refolds_total");
    summary[service]["groups_suppressed"] = stack.Counter(service, "groups_suppressed_total");
    summary[service]["append_failures"] = stack.Counter(service, "append_failures_total");
  }
  return summary;
}

void Print(const Json& report) {
  Say(fmt::format("\n{:<12} {:>6} {:>9} {:>8} {:>11} {:>22}", report["session"].get<std::string>(), "kills", "own ends",
                  "refolds", "suppressed", "caught up p50 / max ms"));
  for (const auto& [name, one] : report["services"].items()) {
    const Json& times = one["caught_up"];
    Say(fmt::format("{:<12} {:>6} {:>9} {:>8} {:>11} {:>22}", name, one["kills"].get<int>(), one["own_ends"].dump(),
                    one.value("refolds", 0.0), one.value("groups_suppressed", 0.0),
                    times.is_null() ? "-"
                                    : fmt::format("{:.0f} / {:.0f}", times["p50_ms"].get<double>(),
                                                  times["max_ms"].get<double>())));
  }
  Say("deliveries: " + report["deliveries"].dump());
  Say(fmt::format("{} rows, each once; played in {:.1f} s", report["rows"].get<uint64_t>(),
                  report["seconds"].get<double>()));
}

// Adds it to the list in the file that SPILLWAY_FAULTS_JSON names.
void Keep(const Json& report) {
  const char* file = std::getenv("SPILLWAY_FAULTS_JSON");
  if (file == nullptr) return;
  Json all = Json::parse(e2e::ReadText(file), nullptr, false);
  if (!all.is_array()) all = Json::array();
  all.push_back(report);
  std::ofstream(file) << all.dump(2) << "\n";
}

void Play(const Session& session, std::chrono::duration<double> playing, InjuryPlan plan) {
  Say(fmt::format("{}: {:.0f} s played in {:.0f} s, seed {}, {} kills a service", session.name, session.played.count(),
                  playing.count(), plan.seed, plan.kills));
  INFO("seed " << plan.seed);
  Stack stack({.session = session.path, .speed = session.played / playing, .replicas = true});
  Prepare(stack, session.path);
  stack.Behave(DiscordBehaviour(plan.seed));
  stack.StartServices();
  const SteadyTime begin = SteadyClock::now();
  plan.playing = playing;
  Injure(stack, plan);
  AwaitSettled(stack, playing + kSettledWithin);
  const double seconds_played = std::chrono::duration<double>(SteadyClock::now() - begin).count();

  None("services end as asked", stack.StopServices());
  const auto record = log::SegmentLog::OpenForReading(stack.golden());
  REQUIRE(record.ok());
  const auto played = log::SegmentLog::OpenForReading(session.path);
  REQUIRE(played.ok());
  jetstream::JetStreamLog lanes = stack.Log();
  uint64_t rows = 0, sets = 0;
  Deliveries told;
  None("the record is the lanes", CheckRecorded(lanes, **record, kLanes));
  None("every market event once", CheckMarket(**played, **record, rows));
  None("groups and ids", CheckGroups(**record, kLanes));
  None("deliveries", CheckDeliveries(**record, stack.folder() / "discord.store", told));
  None("active sets", CheckActiveSets(**record, stack.redis_port(), sets));
  CheckPrograms(stack);
  CheckTables(stack);
  CHECK(told.alerts > 20);
  CHECK(told.delivered > 20);
  for (const auto& service : stack.services()) {
    for (const auto& [code, count] : service->own_ends) {
      INFO(service->instance << " ended by itself with " << code << ", " << count << " times");
      CHECK(code == 69);  // a server was away when it started
    }
  }

  Json report = {{"session", session.name},
                 {"seed", plan.seed},
                 {"kills", plan.kills},
                 {"seconds", seconds_played},
                 {"rows", rows},
                 {"services", Summary(stack, stack.services())},
                 {"deliveries",
                  {{"alerts", told.alerts},
                   {"delivered", told.delivered},
                   {"failed", told.failed},
                   {"unknown", told.unknown},
                   {"attempts", told.attempts},
                   {"answers_lost", told.doubted},
                   {"messages", told.messages},
                   {"repeats", told.repeats},
                   {"discord_deaths", stack.discord_deaths()}}}};
  Print(report);
  Keep(report);
  None("servers end as asked", stack.StopServers());
  None("no process left", stack.ProcessesLeft());
}

InjuryPlan Plan() {
  if (Full()) return {.seed = Seed(), .kills = 20, .outages = 4, .discord_deaths = 4};
  return {.seed = Seed(), .kills = 3, .outages = 1, .discord_deaths = 1};
}

}  // namespace

TEST_CASE(
    "S0-N.2, S1-AN.2, S0-N.4, S1-AN.4: faults: a recorded session, everything killed: nothing lost, nothing doubled",
    "[faults]") {
  const auto session = e2e::SounSession();
  if (!session) return;
  Play(Describe("SOUN", *session), seconds(Full() ? 300 : 60), Plan());
}

TEST_CASE("faults: a simulated session, everything killed: nothing lost, nothing doubled", "[faults]") {
  const e2e::Workspace workspace;
  const std::string session = workspace / "simulated";
  e2e::SpillwayOk({"sim", "--symbols", "1", "--seed", "7", "--out", session});
  InjuryPlan plan = Plan();
  plan.seed += 1000;
  Play(Describe("simulated", session), seconds(Full() ? 300 : 50), plan);
}

}  // namespace spillway::faults
