// The ingest service as a process, over a real NATS server.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>

#include "libs/log/file.h"
#include "libs/log/jetstream/jetstream_log.h"
#include "libs/log/jetstream/lease.h"
#include "libs/log/segment_log.h"
#include "nlohmann/json.hpp"
#include "tests/catch.h"
#include "tests/support/nats_server.h"
#include "tests/support/server_process.h"
#include "tests/support/sessions.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/ingest/live/played_session.h"
#include "tests/unit/service/http_get.h"

using namespace spillway;
using namespace spillway::test;
using namespace std::chrono_literals;

namespace {

// `rows` of a simulated market as a session on disk.
struct Session {
  explicit Session(uint64_t rows, uint32_t symbols = 12) {
    auto log = log::SegmentLog::Create(folder / "session").value();
    RecordSimulated(*log, rows, symbols);
  }
  std::unique_ptr<log::SegmentLog> Open() const { return log::SegmentLog::OpenForReading(path()).value(); }
  std::string path() const { return folder / "session"; }
  TemporaryFolder folder;
};

// A spillway-ingest; its files are in the given folder.
class Ingest {
 public:
  Ingest(const TemporaryFolder& folder, const NatsServer& nats, std::string instance, const std::string& play,
         uint32_t lanes = 1, const std::string& more = "")
      : port_file_(folder / (instance + ".json")) {
    const std::string config = folder / (instance + ".yaml");
    const std::string text = fmt::format(
        "service:\n"
        "  service: ingest\n"
        "  instance: {}\n"
        "  market_lanes: {}\n"
        "  port_file: {}\n"
        "  http: {{port: 0}}\n"
        "  nats: {{urls: [\"{}\"], retention_megabytes: 64}}\n"
        "  checkpoint: {{directory: {}}}\n"
        "play: {{{}}}\n{}",
        instance, lanes, port_file_.string(), nats.url(), (folder / "data").string(), play, more);
    REQUIRE(log::ReplaceFile(config, text).ok());
    const char* bin = std::getenv("SPILLWAY_BIN");
    REQUIRE(bin != nullptr);
    process_ = std::make_unique<ServerProcess>(
        ProcessOptions{.argv = {std::string(bin) + "/spillway-ingest", "--config", config},
                       .env = {},
                       .cwd = {},
                       .log_file = folder / (instance + ".log")});
  }
  ServerProcess& process() { return *process_; }

  nlohmann::json Status() {
    const HttpAnswer answer = HttpGet(Port(), "/status");
    return answer.code == 200 ? nlohmann::json::parse(answer.body) : nlohmann::json();
  }
  bool Ready() { return HttpGet(Port(), "/readyz").code == 200; }
  bool Says(const std::string& note) { return Status().dump().find(note) != std::string::npos; }
  double Value(const std::string& series) {
    const std::string text = HttpGet(Port(), "/metrics").body;
    const size_t at = text.find("\n" + series + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + series.size() + 2));
  }

 private:
  int Port() {
    const auto text = log::ReadWholeFile(port_file_);
    if (!text.ok()) return 1;  // nobody is there
    return nlohmann::json::parse(*text).at("http");
  }
  const std::filesystem::path port_file_;
  std::unique_ptr<ServerProcess> process_;
};

std::shared_ptr<jetstream::Connection> Connect(const NatsServer& nats) {
  jetstream::ConnectionOptions options;
  options.url = nats.url();
  return jetstream::Connection::Connect(options).value();
}

// What a player makes of the session in memory: lanes must hold it, batches aside.
std::vector<std::vector<LaneThing>> Expected(const Session& session, uint32_t lanes, double speed) {
  auto log = session.Open();
  PlayedLanes played(*log, {.lanes = lanes, .speed = speed});
  played.Play();
  return played.Things();
}

std::vector<std::vector<LaneThing>> OnLanes(const NatsServer& nats, uint32_t lanes) {
  jetstream::JetStreamLog log(Connect(nats), Producer::kNone);
  std::vector<std::vector<LaneThing>> things;
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    const LaneContent content = ReadLane(log, fmt::format("market.{}", lane));
    size_t holes = 0;
    for (size_t i = 0; i < content.sequences.size(); ++i) holes += content.sequences[i] != i + 1;
    CHECK(holes == 0);
    things.push_back(content.things);
  }
  return things;
}

uint64_t LaneEnd(const NatsServer& nats, const std::string& lane) {
  const auto info = jetstream::JetStreamLog(Connect(nats), Producer::kNone).Info(lane);
  return info.ok() ? info->last_sequence : 0;
}

double PlayedSeconds(const Session& session) {
  auto log = session.Open();
  const auto bounds = ingest::SessionSource::Open(*log).value()->Bounds().value();
  return std::chrono::duration<double>(bounds.last_time - bounds.first_time).count();
}

}  // namespace

TEST_CASE("ingest: plays a session onto its lanes, says how far it is, and stays ready at the end", "[ingest]") {
  const Session session(30'000);
  NatsServer nats;
  TemporaryFolder folder;
  Ingest ingest(folder, nats, "a", fmt::format("session: {}, speed: 0", session.path()), 2);
  REQUIRE(Eventually([&] { return ingest.Says("the session ended"); }));
  CHECK(ingest.Ready());
  CHECK(Difference(OnLanes(nats, 2), Expected(session, 2, 0)) == "");
  const nlohmann::json status = ingest.Status();
  CHECK(status["counters"]["rows"] == 30'000);
  CHECK(status["lanes"].size() == 2);
  CHECK(status["lanes"][1]["position"] == LaneEnd(nats, "market.1"));
  CHECK(ingest.Value("spillway_ingest_feed_state{feed=\"1\"}") == static_cast<double>(FeedState::kEnded));
  CHECK(ingest.Value("spillway_ingest_events_total{lane=\"market.0\"}") +
            ingest.Value("spillway_ingest_events_total{lane=\"market.1\"}") >=
        30'000);
  CHECK(ingest.Value("spillway_ingest_append_failures_total") == 0);
  // Each message says when its data was due and when it left.
  jetstream::JetStreamLog log(Connect(nats), Producer::kNone);
  log::LaneMessage message;
  REQUIRE(*log.OpenReader("market.0").value()->Next(message));
  CHECK(std::string(message.side).find(";ingest=") != std::string::npos);
  CHECK(ingest.process().Stop() == 0);
}

TEST_CASE("ingest: killed at any moment, with a standby, every row is on its lane once", "[ingest]") {
  const Session session(40'000);
  NatsServer nats;
  TemporaryFolder folder;
  const double speed = std::max(PlayedSeconds(session) / 4, 0.1);  // four seconds
  const std::string play = fmt::format("session: {}, speed: {}", session.path(), speed);
  const uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  std::vector<std::unique_ptr<Ingest>> replicas;
  replicas.push_back(std::make_unique<Ingest>(folder, nats, "a", play, 2));
  replicas.push_back(std::make_unique<Ingest>(folder, nats, "b", play, 2));
  for (int kill = 0; kill < 4; ++kill) {
    const uint64_t before = LaneEnd(nats, "market.0");
    const uint64_t wanted = before + 1 + random() % 400;
    REQUIRE(Eventually([&] {
      return LaneEnd(nats, "market.0") >= wanted || replicas[0]->Says("session ended") ||
             replicas[1]->Says("session ended");
    }));
    Ingest& active = replicas[0]->Says("standby") ? *replicas[1] : *replicas[0];
    active.process().Kill9();
    active.process().Start();
  }
  REQUIRE(Eventually([&] { return replicas[0]->Says("session ended") || replicas[1]->Says("session ended"); }, 60s));
  CHECK(Difference(OnLanes(nats, 2), Expected(session, 2, speed)) == "");
}

TEST_CASE("ingest: while the server is away it waits, and goes on where it was", "[ingest]") {
  const Session session(40'000);
  NatsServer nats;
  TemporaryFolder folder;
  const double speed = std::max(PlayedSeconds(session) / 3, 0.1);
  Ingest ingest(folder, nats, "a", fmt::format("session: {}, speed: {}", session.path(), speed));
  for (int outage = 0; outage < 2; ++outage) {
    const uint64_t before = LaneEnd(nats, "market.0");
    REQUIRE(Eventually([&] { return LaneEnd(nats, "market.0") > before + 50; }));
    nats.Kill9();
    CHECK(Eventually([&] { return !ingest.Ready(); }));
    nats.Restart();
  }
  REQUIRE(Eventually([&] { return ingest.Says("session ended"); }, 60s));
  CHECK(Difference(OnLanes(nats, 1), Expected(session, 1, speed)) == "");
  CHECK(ingest.process().Stop() == 0);
}

TEST_CASE("ingest: who was stopped while another took over ends with 76", "[ingest]") {
  const Session session(20'000);
  NatsServer nats;
  TemporaryFolder folder;
  const std::string play = fmt::format("session: {}, speed: {}", session.path(), PlayedSeconds(session) / 30);
  Ingest first(folder, nats, "a", play);
  REQUIRE(Eventually([&] { return LaneEnd(nats, "market.0") > 20; }));
  Ingest second(folder, nats, "b", play);
  REQUIRE(Eventually([&] { return second.Says("standby; active is a"); }));
  first.process().Signal(SIGSTOP);
  REQUIRE(Eventually([&] { return second.Says("played up to"); }));
  first.process().Signal(SIGCONT);
  CHECK(first.process().Wait(20s) == 76);
  CHECK(second.process().Stop() == 0);
  const auto things = OnLanes(nats, 1)[0];
  const auto expected = Expected(session, 1, PlayedSeconds(session) / 30)[0];
  REQUIRE(things.size() <= expected.size());
  CHECK(Difference(things, {expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(things.size())}) == "");
}

TEST_CASE("ingest: at speed 0 readers that are behind hold it back", "[ingest]") {
  const Session session(60'000);
  NatsServer nats;
  TemporaryFolder folder;
  REQUIRE(jetstream::EnsureBuckets(*Connect(nats)).ok());
  const auto connection = Connect(nats);
  REQUIRE(jetstream::PutPosition(*connection, "metrics-x", "market.0", 1).ok());
  Ingest ingest(folder, nats, "a", fmt::format("session: {}, speed: 0, lag_messages_max: 20", session.path()), 1,
                "batch_events_max: 64\n");
  uint64_t position = 1;
  uint64_t behind_max = 0;
  REQUIRE(Eventually([&] {
    // Other readers of other lanes do not count.
    jetstream::PutPosition(*connection, "risk-x", "trading", 0).IgnoreError();
    const uint64_t end = LaneEnd(nats, "market.0");
    if (position > 1) behind_max = std::max(behind_max, end - std::min(end, position));
    position = end;
    jetstream::PutPosition(*connection, "metrics-x", "market.0", position).IgnoreError();
    return ingest.Says("session ended");
  }));
  CHECK(ingest.Value("spillway_ingest_backpressure_seconds_total") > 0);
  CHECK(Difference(OnLanes(nats, 1), Expected(session, 1, 0)) == "");
}

TEST_CASE("ingest: a scenario is made into a session once, reference data completes definitions", "[ingest]") {
  NatsServer nats;
  TemporaryFolder folder;
  REQUIRE(log::ReplaceFile(
              folder / "tiny.yaml",
              "name: tiny\nsession: 20s\npre_market: 1s\ngroups: [{prefix: TINY, count: 2}]\nepisodes: {gap: 0s}\n")
              .ok());
  REQUIRE(log::ReplaceFile(folder / "reference.csv", "symbol,sector\nTINY1,Tools\n").ok());
  const std::string play = fmt::format("scenario: {}, seed: 5, speed: 0", (folder / "tiny.yaml").string());
  const std::string more = fmt::format("reference: [{}]\n", (folder / "reference.csv").string());
  const std::filesystem::path made = folder / "data" / "tiny-5.session";
  {
    Ingest ingest(folder, nats, "a", play, 1, more);
    REQUIRE(Eventually([&] { return ingest.Says("session ended"); }));
  }
  const auto written = std::filesystem::last_write_time(made / "manifest.json");
  {
    Ingest ingest(folder, nats, "b", play, 1, more);
    REQUIRE(Eventually([&] { return ingest.Says("session ended"); }));
  }
  CHECK(std::filesystem::last_write_time(made / "manifest.json") == written);
  jetstream::JetStreamLog log(Connect(nats), Producer::kNone);
  std::string sector;
  auto reader = log.OpenReader("market.0").value();
  for (log::LaneMessage message; sector.empty() && *reader->Next(message);) {
    GroupHeader header;
    const absl::Status decoded = GroupDecoder().Decode(message.bytes, header, [&](const Event& event) {
      const auto* definition = std::get_if<InstrumentDefinition>(&event.body);
      if (definition != nullptr && definition->symbol == "TINY1") sector = definition->sector;
    });
    REQUIRE(decoded.ok());
  }
  CHECK(sector == "Tools");
}

TEST_CASE("ingest: what it cannot play is refused at start, saying what and why", "[ingest]") {
  const Session session(200);
  NatsServer nats;
  TemporaryFolder folder;
  struct Case {
    std::string name, play, more, says;
  };
  const std::string good = "session: " + session.path();
  for (const Case& c : {Case{"none", "speed: 1", "", "a session or a scenario"},
                        Case{"both", good + ", scenario: demo", "", "a session or a scenario"},
                        Case{"absent", "session: /nowhere", "", "play.session: "},
                        Case{"scenario", "scenario: nonsense", "", "play.scenario: "},
                        Case{"reference", good, "reference: [/nowhere.csv]\n", "/nowhere.csv"}}) {
    Ingest ingest(folder, nats, c.name, c.play, 1, c.more);
    CHECK(ingest.process().Wait(20s) == 78);
    CHECK(ingest.process().Log().find(c.says) != std::string::npos);
  }
  // Lanes that hold another session.
  Ingest first(folder, nats, "first", good + ", speed: 0");
  REQUIRE(Eventually([&] { return first.Says("session ended"); }));
  first.process().Stop();
  const Session other(300, 3);
  Ingest second(folder, nats, "second", "session: " + other.path() + ", speed: 0");
  CHECK(second.process().Wait(20s) == 78);
  CHECK(second.process().Log().find("another session") != std::string::npos);
}
