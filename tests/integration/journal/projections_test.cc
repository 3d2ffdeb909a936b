#include <random>

#include "libs/log/verify_session.h"
#include "services/journal/golden_record.h"
#include "services/journal/projections/projector.h"
#include "services/journal/scorecard.h"
#include "tests/integration/journal/fixture.h"
#include "tests/support/every_event.h"
#include "tests/unit/journal/retained_log.h"

namespace spillway::journal::projections {
namespace {

namespace fs = std::filesystem;
using test::Connect;
using test::DumpOf;
using test::Group;
using test::NewSchema;

constexpr size_t kTables = 27;

ProjectionResult Project(const fs::path& session, const PostgresOptions& options) {
  auto result = ProjectSession(session, options);
  INFO(result.status());
  REQUIRE(result.ok());
  return *std::move(result);
}

// A session whose trading lane has these groups, one a message.
void WriteSession(const fs::path& session, const std::vector<std::vector<Event>>& groups,
                  const log::LaneName& lane = "trading") {
  auto log = log::SegmentLog::Create(session, {.build = "test"}).value();
  auto writer = log->OpenWriter(lane).value();
  uint64_t sequence = 0;
  for (const std::vector<Event>& events : groups) {
    REQUIRE(writer->Append(test::kEveryTime, Group(events, ++sequence)).ok());
  }
  REQUIRE(writer->Close().ok());
}

std::vector<Event> EveryTradingEvent() {
  std::vector<Event> events;
  for (EventBody& body : test::EveryBody()) {
    if (std::holds_alternative<MarketBatch>(body)) continue;
    Event event{.header = test::EveryHeader(Producer::kScoring), .body = std::move(body)};
    event.header.cause.ordinal = static_cast<uint32_t>(events.size());
    events.push_back(std::move(event));
  }
  return events;
}

std::string LinesWith(const std::string& dump, std::string_view part) {
  std::string lines;
  for (const std::string& line : e2e::SplitLines(dump)) {
    if (line.find(part) != std::string::npos) lines += line + "\n";
  }
  return lines;
}

TEST_CASE("projections: every kind of event has its rows, exactly", "[journal][postgres]") {
  const test::TemporaryFolder folder;
  WriteSession(folder / "session", {EveryTradingEvent()});
  const PostgresOptions options = NewSchema();
  const ProjectionResult result = Project(folder / "session", options);
  CHECK(result.messages_skipped == 0);
  CHECK(result.last_refusal == "");
  CHECK(result.total.size() == kTables);
  for (const auto& [table, count] : result.total) {
    INFO(table);
    CHECK(count > 0);
  }
  CHECK(result.total.at("universe_membership") == 2);
  CHECK(result.total.at("feed_incidents") == 2);
  const std::string dump = DumpOf(options);
  CHECK_THAT(LinesWith(dump, "\"label\": \"STOP\""), Catch::Contains("\"entry_price\": 9.265000003"));
  CHECK_THAT(LinesWith(dump, "\"label\": \"STOP\""), Catch::Contains("\"profit_net\": -0.00000006"));
  CHECK_THAT(LinesWith(dump, "\"label\": \"STOP\""), Catch::Contains("\"event_time_ns\": 1746192600250000000"));
  CHECK_THAT(LinesWith(dump, "\"document_sha256\""), Catch::Contains("\"mode\": \"shadow\""));
  CHECK_THAT(LinesWith(dump, "price_min"), Catch::Contains("\"rule\": \"float_unknown\""));
}

TEST_CASE("projections: the same messages twice change nothing, in one session or in two", "[journal][postgres]") {
  const test::TemporaryFolder folder;
  WriteSession(folder / "once", {EveryTradingEvent()});
  WriteSession(folder / "twice", {EveryTradingEvent(), EveryTradingEvent()});
  const PostgresOptions once = NewSchema(), twice = NewSchema();
  Project(folder / "once", once);
  Project(folder / "twice", twice);
  const auto content = [](const PostgresOptions& options) {
    const std::string dump = DumpOf(options);
    return dump.substr(0, dump.find("projection_position")) + dump.substr(dump.find("receipts\n"));
  };
  CHECK(content(once) == content(twice));
  CHECK(Project(folder / "twice", once).written.empty());  // another record of the same events
  CHECK(Project(folder / "once", once).written.empty());
}

TEST_CASE("projections: a gap that only a market lane carries, and gaps of the record", "[journal][postgres]") {
  const test::TemporaryFolder folder;
  const Event gap{.header = test::EveryHeader(Producer::kIngest), .body = FeedGap{.feed = 1, .expected = 5, .seen = 8}};
  const Event batch{.header = test::EveryHeader(Producer::kIngest), .body = test::EveryMarketBatch()};
  WriteSession(folder / "session", {{batch}, {batch, gap}}, "market.0");
  REQUIRE(log::WriteGaps(folder / "session",
                         {{.lane = "market.0", .from = 3, .to = 9, .recorded_before = 2, .noticed = test::kEveryTime}})
              .ok());
  const PostgresOptions options = NewSchema();
  CHECK(Project(folder / "session", options).total.at("feed_incidents") == 2);
  const std::string dump = DumpOf(options);
  CHECK_THAT(LinesWith(dump, "feed_gap"), Catch::Contains("\"expected\": 5") && Catch::Contains("\"seen\": 8"));
  CHECK_THAT(LinesWith(dump, "record_gap"),
             Catch::Contains("\"first_sequence\": 3") && Catch::Contains("\"last_sequence\": 9"));
}

TEST_CASE("projections: what does not decode, or a table refuses, is left out and counted", "[journal][postgres]") {
  const test::TemporaryFolder folder;
  auto log = log::SegmentLog::Create(folder / "session", {}).value();
  auto writer = log->OpenWriter("trading").value();
  Event update{.header = test::EveryHeader(Producer::kNotifier),
               .body = AlertUpdate{.alert = test::EveryId(1), .reason = std::string("a\0b", 3)}};
  Event state{.header = test::EveryHeader(Producer::kRisk),
              .body = TradingState{.cause = "x", .until = test::kEveryTime}};
  Event outcome{.header = test::EveryHeader(Producer::kJournal),
                .body = OutcomeLabelled{.intent = test::EveryId(1), .r_multiple = std::nan("")}};
  REQUIRE(writer->Append(test::kEveryTime, Group({update, outcome}, 1)).ok());
  REQUIRE(writer->Append(test::kEveryTime, "no group").ok());
  REQUIRE(writer->Append(test::kEveryTime, Group({state}, 2)).ok());
  REQUIRE(writer->Close().ok());
  const PostgresOptions options = NewSchema();
  {
    auto postgres = Connect(options);
    REQUIRE(postgres->Migrate().ok());
    // A table that this row does not fit: as after a change by hand.
    std::vector<Migration> more = Migrations();
    more.push_back(
        {static_cast<int>(more.size()) + 1, "by hand", "ALTER TABLE trading_states ADD CHECK (cause <> 'x')"});
    REQUIRE(postgres->Migrate(more).ok());
    REQUIRE(postgres->Write("by hand", {{"alert_updates", "{\"event_id\": null}"}}, {}).status().code() ==
            absl::StatusCode::kInvalidArgument);
    std::vector<std::string> refused;
    std::vector<Row> rows;
    AppendRows(state, rows);
    AppendRows(update, rows);
    REQUIRE(postgres->WriteEach("by hand", rows, {{"trading", 1}}, refused).ok());
    REQUIRE(refused.size() == 1);
    CHECK_THAT(refused[0], Catch::Contains("trading_states"));
    CHECK(postgres->Counts()->at("alert_updates") == 1);
  }
  // The database is newer now: this build leaves it alone.
  CHECK(absl::IsFailedPrecondition(ProjectSession(folder / "session", options).status()));

  const PostgresOptions fresh = NewSchema();
  const ProjectionResult result = Project(folder / "session", fresh);
  CHECK(result.messages_skipped == 1);
  CHECK_THAT(result.last_refusal, Catch::Contains("lane trading message 2"));
  CHECK(result.total.at("alert_updates") == 1);
  CHECK(result.total.at("outcomes") == 1);
  CHECK(result.total.at("trading_states") == 1);
  CHECK_THAT(LinesWith(DumpOf(fresh), "\"reason\""), Catch::Contains("\"ab\""));
}

TEST_CASE("projections: migrations are applied once, in order, and never change", "[journal][postgres]") {
  const PostgresOptions options = NewSchema();
  const std::vector<Migration> first = {{1, "one", "CREATE TABLE a (x int)"}};
  const std::vector<Migration> both = {first[0], {2, "two", "CREATE TABLE b (x int); INSERT INTO b VALUES (1)"}};
  auto postgres = Connect(options);
  REQUIRE(postgres->Migrate(first).ok());
  REQUIRE(postgres->Migrate(both).ok());
  REQUIRE(Connect(options)->Migrate(both).ok());
  CHECK(*postgres->Counts() == RowCounts{{"a", 0}, {"b", 1}});

  SECTION("a step that was changed") {
    const absl::Status status = postgres->Migrate({{1, "one", "CREATE TABLE a (x bigint)"}, both[1]});
    CHECK(absl::IsFailedPrecondition(status));
    CHECK_THAT(std::string(status.message()), Catch::Contains("migration 1 (one) was applied in another form"));
  }
  SECTION("a database that is newer") {
    const absl::Status status = postgres->Migrate(first);
    CHECK(absl::IsFailedPrecondition(status));
    CHECK_THAT(std::string(status.message()), Catch::Contains("a newer build made it; run that build"));
  }
  SECTION("a step that fails changes nothing") {
    std::vector<Migration> bad = both;
    bad.push_back({3, "three", "CREATE TABLE c (x int); SELECT nonsense"});
    CHECK_FALSE(postgres->Migrate(bad).ok());
    CHECK(postgres->Counts()->size() == 2);
    bad[2].sql = "CREATE TABLE c (x int)";
    CHECK(postgres->Migrate(bad).ok());
  }
}

TEST_CASE("projections: wrong credentials are not an outage", "[journal][postgres]") {
  PostgresOptions options = NewSchema();
  options.password = "guessed";
  const absl::Status status = Postgres::Connect(options).status();
  CHECK(absl::IsPermissionDenied(status));
  CHECK(std::string(status.message()).find("guessed") == std::string::npos);
  options.port = test::FreePort();
  CHECK(absl::IsUnavailable(Postgres::Connect(options).status()));
}

// The lane of the demo's run, and what it says of its one day.
struct DemoLane {
  std::vector<test::RetainedLog::Message> messages;
  Scorecard scorecard;
  std::map<StrategyInstanceId, std::string> names;
};
const DemoLane& Demo() {
  static const DemoLane demo = [] {
    DemoLane lane;
    auto session = log::SegmentLog::OpenForReading(test::DemoRun()).value();
    auto reader = session->OpenReader("trading").value();
    log::LaneMessage message;
    GroupDecoder decoder;
    GroupHeader header;
    NameTable names;
    while (reader->Next(message).value()) {
      lane.messages.push_back({message.time, std::string(message.bytes), message.rows});
      REQUIRE(decoder
                  .Decode(message.bytes, header,
                          [&](const Event& event) {
                            lane.scorecard.Add(event);
                            names.Learn(event);
                          })
                  .ok());
    }
    lane.names = names.instances();
    return lane;
  }();
  return demo;
}

TEST_CASE("projections: the scorecards are those of the scorecard", "[journal][postgres]") {
  const PostgresOptions options = NewSchema();
  Project(test::DemoRun(), options);
  std::map<std::string, nlohmann::json> cards;
  const std::string dump = DumpOf(options);
  const size_t begin = dump.find("scorecards\n") + 11;
  for (const std::string& line : e2e::SplitLines(dump.substr(begin, dump.find("\nsessions\n") - begin))) {
    const nlohmann::json card = nlohmann::json::parse(line);
    cards[Demo().names.at(static_cast<uint64_t>(card["instance_id"].get<int64_t>()))] = card;
  }
  const std::vector<InstanceScore> scores = Demo().scorecard.Scores();
  REQUIRE(scores.size() == 2);
  REQUIRE(cards.size() == 2);
  for (const InstanceScore& score : scores) {
    INFO(score.name);
    const nlohmann::json& card = cards.at(score.name);
    CHECK(card["trading_day"] == "2025-05-05");
    CHECK(card["signals_accepted"] == score.signals_accepted);
    CHECK(card["signals_rejected"] == score.signals_rejected);
    CHECK(card["signals_cancelled"] == score.signals_cancelled);
    CHECK(card["alerts"] == score.alerts);
    CHECK(card["refusals"] == nlohmann::json(score.refusals));
    CHECK(card["misses"] == score.label(OutcomeLabel::kMiss));
    CHECK(card["targets"] == score.label(OutcomeLabel::kTarget));
    CHECK(card["stops"] == score.label(OutcomeLabel::kStop));
    CHECK(card["times"] == score.label(OutcomeLabel::kTime));
    CHECK(card["cancelled"] == score.label(OutcomeLabel::kCancelled));
    CHECK(card["closed"] == score.win_rate.trials);
    CHECK(card["wins"] == score.win_rate.successes);
    REQUIRE(score.win_rate.trials > 0);
    CHECK(std::abs(card["win_rate_low"].get<double>() - score.win_rate.interval()->low) < 1e-9);
    CHECK(std::abs(card["win_rate_high"].get<double>() - score.win_rate.interval()->high) < 1e-9);
    CHECK(std::abs(card["expectancy_r"].get<double>() - *score.expectancy_r.mean) < 1e-9);
    CHECK(std::abs(card["profit_net"].get<double>() - score.profit_net.ToDouble()) < 1e-6);
  }
}

// The demo's lane recorded as it comes, and projected beside it; both are interrupted, and the database goes away.
TEST_CASE("projections: record and projector interrupted anywhere give what a rebuild gives", "[journal][postgres]") {
  test::PostgresServer server;  // of its own: it is stopped
  const PostgresOptions options = NewSchema(server);
  const test::TemporaryFolder folder(test::TemporaryFolder::Place::kMemory);
  const uint32_t seed = GENERATE(1u, 2u);
  INFO("seed " << seed);
  std::mt19937 random(seed);
  test::RetainedLog lanes;
  lanes.lane("trading");
  lanes.lane("market.0");

  GoldenRecordOptions record_options;
  record_options.flush_interval = record_options.idle_after = std::chrono::milliseconds(20);
  auto record = GoldenRecord::Open(folder / "golden", lanes, {"market.0", "trading"}, record_options).value();
  ProjectorOptions projector_options{.postgres = options, .batch_rows_max = 40};
  projector_options.batch_age_max = std::chrono::milliseconds(10);
  projector_options.retry_min = projector_options.retry_max = std::chrono::milliseconds(20);
  projector_options.durable = [&record](const log::LaneName& lane) { return record->Record(lane).durable_in_session; };
  auto projector = std::make_unique<Projector>(folder / "golden", projector_options);

  bool down = false, was_down = false, was_up_again = false;
  size_t next = 0;
  const auto& messages = Demo().messages;
  const auto step = [&](bool may_be_down) {
    REQUIRE(record->Poll(Duration::zero()).ok());
    const absl::StatusOr<size_t> read = projector->Poll();
    INFO(read.status());
    if (!may_be_down) REQUIRE(read.ok());
    if (!read.ok()) {
      CHECK(absl::IsUnavailable(read.status()));
      CHECK_FALSE(projector->status().up);
      was_down = true;
    } else if (was_down && projector->status().up) {
      was_up_again = true;
    }
    return read.ok() ? *read : 0;
  };
  const size_t chunk = messages.size() / 60;
  for (int round = 0; next < messages.size(); ++round) {
    for (size_t i = 0; i < chunk && next < messages.size(); ++i) lanes.Append("trading", messages[next++]);
    if (round == 20) {
      server.Kill9();
      down = true;
    }
    if (round == 30) {
      server.Start();
      down = false;
    }
    for (uint32_t i = 0; i < 1 + random() % 6; ++i) step(true);
    if (random() % 6 == 0) projector = std::make_unique<Projector>(folder / "golden", projector_options);
    if (random() % 10 == 0) {
      record.reset();
      record = GoldenRecord::Open(folder / "golden", lanes, {"market.0", "trading"}, record_options).value();
    }
    if (down && round == 29) {
      CHECK(test::Eventually([&] {
        step(true);
        return was_down;
      }));
    }
  }
  CHECK(was_down);
  const auto caught_up = [&] {
    step(true);
    const ProjectorStatus status = projector->status();
    return status.up && status.lag_messages == 0 && record->DurablePosition("trading") == messages.size();
  };
  CHECK(test::Eventually(caught_up, std::chrono::seconds(60)));
  CHECK(was_up_again);
  REQUIRE(projector->CatchUp().ok());
  REQUIRE(record->Close().ok());
  CHECK(log::VerifySession(folder / "golden")->ok());
  CHECK(projector->status().messages_skipped == 0);
  CHECK(projector->status().rows_refused == 0);

  PostgresOptions rebuilt = options;
  rebuilt.schema = "rebuilt";
  REQUIRE(RebuildProjections(folder / "golden", rebuilt).ok());
  const std::string incremental = DumpOf(options);
  CHECK(incremental.size() > 100'000);
  CHECK(incremental == DumpOf(rebuilt));
}

}  // namespace
}  // namespace spillway::journal::projections
