#include "services/ingest/live/session_player.h"

#include <set>

#include "libs/events/market_lanes.h"
#include "tests/catch.h"
#include "tests/support/sessions.h"
#include "tests/unit/ingest/live/played_session.h"

using namespace spillway;
using namespace spillway::test;
using namespace std::chrono_literals;

namespace {

// Three symbols that two lanes share, with what a session holds: a halt, quiet times, a recorded tick, a late symbol.
log::MemoryLog& Busy(WrittenSession& session) {
  session.Define(1, "ACME").Define(2, "SOUN").Define(3, "RGTI").Up();
  for (int i = 0; i < 40; ++i) session.Row(i * 7.3, 1 + i % 3);
  session.Halt(410, 2).Row(411, 1).Row(411, 3);
  session.Define(4, "IONQ", 700).Row(700, 4).Row(950, 4).Row(951, 1).Halt(951, 4);
  session.Row(5'000, 2).Row(5'030, 1).Row(5'250, 3);
  return session.End();
}

void CheckWhole(const LaneContent& content) {
  size_t holes = 0, back = 0, doubled = 0;
  for (size_t i = 0; i < content.sequences.size(); ++i) holes += content.sequences[i] != i + 1;
  for (size_t i = 1; i < content.things.size(); ++i) back += content.things[i].time < content.things[i - 1].time;
  std::set<std::string> ids;
  for (const LaneThing& thing : content.things) {
    if (!thing.id.empty() && !thing.id.starts_with("row ")) doubled += ids.insert(thing.id).second ? 0 : 1;
  }
  CHECK(holes == 0);
  CHECK(back == 0);
  CHECK(doubled == 0);
}

}  // namespace

TEST_CASE("player: at speed 0 one lane gets what was recorded, with its ids and its implied ticks", "[ingest]") {
  WrittenSession session(16);
  log::MemoryLog& recorded = Busy(session);
  PlayedLanes played(recorded, {.speed = 0, .batch_events_max = 6, .stale_after = 1h});
  played.Play();
  CHECK(played.waited() == 0ns);
  CHECK(Difference(played.Content(0).things, ReadLane(recorded, "market.0").things) == "");
  CheckWhole(played.Content(0));
}

TEST_CASE("player: what a feed does by the clock: nothing comes early, batches close by age and count", "[ingest]") {
  WrittenSession session;
  session.Define(1, "ACME").Up().Row(0).Row(0.4).Row(0.8).Row(1.5).Row(2.2).Row(2.3).Row(60);
  PlayedLanes played(session.Cut(), {.speed = 1, .batch_events_max = 6});
  played.Play();
  const LaneContent content = played.Content(0);
  // 0 to 0.8: three rows of two events are six, looked at after 1 ms. 1.5 to 2.3: 1 ms behind 1.5. 60: by the end.
  CHECK(content.batches == std::vector<uint64_t>{3, 3, 1});
  const auto& appended = played.appended();
  REQUIRE(appended.size() == 4 + 3);  // definition, capabilities, status, session state, three batches
  CHECK(appended[4].at == 1ms);
  CHECK(appended[4].origin == 0us);
  CHECK(appended[5].at == 2500us);
  CHECK(appended[5].origin == 1500us);
  CHECK(appended[6].origin == 60ms);
}

TEST_CASE("player: speed is played time in a second", "[ingest]") {
  for (const double speed : {0.5, 1.0, 50.0}) {
    WrittenSession session;
    session.Define(1, "ACME").Up();
    for (int i = 0; i < 100; ++i) session.Row(i * 20);
    PlayedLanes played(session.End(), {.speed = speed, .batch_age_max = 100us});
    played.Play();
    const double seconds = std::chrono::duration<double>(played.waited()).count();
    CHECK_THAT(seconds, WithinAbs(1.98 / speed, 1e-6));
    CHECK(Difference(played.Content(0).Rows(), ReadLane(session.Cut(), "market.0").Rows()) == "");
    for (const auto& append : played.appended()) {
      const double due = std::chrono::duration<double>(append.time - SessionTime(0)).count() / speed;
      CHECK(std::chrono::duration<double>(append.at).count() >= due - 1e-6);
    }
  }
}

TEST_CASE("player: while nothing comes a tick is written at each boundary, up to the next row and not behind the end",
          "[ingest]") {
  WrittenSession session;
  session.Define(1, "ACME").Up().Row(20).Row(130).Row(560).Halt(700, 1).Row(702);
  PlayedLanes played(session.End(), {.speed = 1});
  played.Play();
  CHECK(played.Content(0).Texts("tick ") ==
        std::vector<std::string>{
            "13:30:00.100 tick implied",  // by the row at 130
            "13:30:00.300 13:30:00.300000000 tick feed", "13:30:00.400 13:30:00.400000000 tick feed",
            "13:30:00.500 13:30:00.500000000 tick feed",
            "13:30:00.700 13:30:00.700000000 tick feed",  // recorded, before the halt
        });
  CheckWhole(played.Content(0));
}

TEST_CASE("player: a feed that gives nothing in regular hours is stale until it gives something", "[ingest]") {
  for (const double speed : {0.0, 10.0}) {
    WrittenSession session;
    session.Define(1, "ACME").Up().Row(0).Row(2'999).Row(6'050).Halt(10'000, 1).Row(10'000).Row(10'001);
    PlayedLanes played(session.End(), {.speed = speed, .stale_after = 3s});
    played.Play();
    CHECK(played.Content(0).Texts("feed_status") ==
          std::vector<std::string>{
              "13:30:00.000 13:30:00.000000000 feed_status ACME feed=1 up",
              "13:30:05.999 13:30:05.999000000 feed_status feed=1 stale no data for 3s",
              "13:30:06.050 13:30:06.050000000 feed_status feed=1 up data again",
              "13:30:09.050 13:30:09.050000000 feed_status feed=1 stale no data for 3s",
              "13:30:10.000 13:30:10.000000000 feed_status feed=1 up data again",
              "13:30:10.001 13:30:10.001000000 feed_status ACME feed=1 ended end of file",
          });
    CHECK(played.counts().stale == 2);
    CHECK(played.counts().feeds.at(1) == FeedState::kEnded);
    CheckWhole(played.Content(0));
  }
}

TEST_CASE("player: outside regular hours, and while the source itself says that it is not up, nothing is stale",
          "[ingest]") {
  WrittenSession session;
  const double close = 6.5 * 3'600'000;
  session.Define(1, "ACME").Up().Row(0);
  session.Write(1, 1, FeedStatus{.feed = 1, .state = FeedState::kDown, .lag = std::nullopt, .reason = "line"});
  session.Row(10'000);
  session.Write(10'000, 1, FeedStatus{.feed = 1, .state = FeedState::kUp, .lag = std::nullopt, .reason = ""});
  session.Row(close - 2'000).Row(close + 60'000).Row(close + 120'000);
  PlayedLanes played(session.End(), {.speed = 0, .stale_after = 3s});
  played.Play();
  CHECK(played.Content(0).Texts("stale").size() == 1);  // between 10 s and the close
  CHECK(played.Content(0).Texts("stale")[0].starts_with("13:30:13.000"));
}

TEST_CASE("player: over several lanes an instrument has one, the feed and the session are on all, time goes on",
          "[ingest]") {
  WrittenSession session;
  log::MemoryLog& recorded = Busy(session);
  const LaneContent source = ReadLane(recorded, "market.0");
  for (const double speed : {0.0, 3.0}) {
    PlayedLanes played(recorded, {.lanes = 2, .speed = speed, .batch_events_max = 6, .stale_after = 1s});
    played.Play();
    size_t rows = 0;
    for (const uint32_t lane : {0u, 1u}) {
      const LaneContent content = played.Content(lane);
      CheckWhole(content);
      rows += content.Rows().size();
      for (const LaneThing& row : content.Rows()) {
        const std::string symbol = row.text.find("ACME") != std::string::npos   ? "ACME"
                                   : row.text.find("SOUN") != std::string::npos ? "SOUN"
                                   : row.text.find("RGTI") != std::string::npos ? "RGTI"
                                                                                : "IONQ";
        CHECK(MarketLaneOf(symbol, 2) == lane);
      }
      CHECK(content.Texts("stale").size() == 1);
      CHECK(content.Texts("ended").size() == 1);
      // No lane's time stands still for more than two windows while the session goes on; without a clock a quiet time
      // of the whole session is one step.
      Time before = content.things.front().time;
      for (const LaneThing& thing : content.things) {
        CHECK((speed == 0 || thing.time - before <= 2 * kTickPeriod));
        before = thing.time;
      }
    }
    CHECK(rows == source.Rows().size());
    if (speed == 0) {  // both were told of the row that ended the quiet time before the one of them that had it goes on
      for (const uint32_t lane : {0u, 1u}) CHECK(played.Content(lane).Texts("13:30:05.000").size() >= 1);
    }
  }
}

TEST_CASE("player: thrown away at any append, another one goes on and every lane holds the same", "[ingest]") {
  struct Way {
    uint32_t lanes;
    double speed;
  };
  for (const Way& way : {Way{1, 0}, Way{1, 20}, Way{2, 0}, Way{3, 20}}) {
    WrittenSession session(16);
    log::MemoryLog& recorded = Busy(session);
    const PlayerOptions options{.lanes = way.lanes, .speed = way.speed, .batch_events_max = 6, .stale_after = 1s};
    PlayedLanes whole(recorded, options);
    const size_t appends = whole.Play();
    const auto things = whole.Things();
    for (size_t killed_at = 0; killed_at <= appends; ++killed_at) {
      PlayedLanes played(recorded, options);
      played.Play(killed_at);
      played.Play();
      INFO("lanes " << way.lanes << " speed " << way.speed << " killed after " << killed_at);
      CHECK(Difference(played.Things(), things) == "");
      for (uint32_t lane = 0; lane < way.lanes; ++lane) CheckWhole(played.Content(lane));
    }
    PlayedLanes one_by_one(recorded, options);
    while (one_by_one.Play(1) > 0) {
    }
    CHECK(Difference(one_by_one.Things(), things) == "");
  }
}

TEST_CASE("player: with other batches, speed or staleness it still goes on behind what is there", "[ingest]") {
  WrittenSession session(16);
  log::MemoryLog& recorded = Busy(session);
  const std::vector<LaneThing> rows = ReadLane(recorded, "market.0").Rows();
  PlayedLanes whole(recorded, {.speed = 20, .batch_events_max = 4, .stale_after = 1s});
  const size_t appends = whole.Play();
  for (size_t killed_at = 0; killed_at <= appends; ++killed_at) {
    PlayedLanes played(recorded, {.speed = 20, .batch_events_max = 4, .stale_after = 1s});
    played.Play(killed_at);
    played.options() = {.speed = 0, .batch_events_max = 10, .stale_after = 2s};
    played.Play();
    CHECK(Difference(played.Content(0).Rows(), rows) == "");
    CHECK(played.Content(0).Texts("halt").size() == 2);
    CheckWhole(played.Content(0));
  }
}

TEST_CASE("player: a repetition is a new epoch, whole days later, and goes on after a restart", "[ingest]") {
  WrittenSession session;
  session.Define(1, "ACME").Up();
  for (int i = 0; i < 6; ++i) session.Row(i * 150);
  log::MemoryLog& recorded = session.End();
  const PlayerOptions options{.speed = 0, .repeat = true, .batch_events_max = 4};
  const size_t once = 4 + 3 + 1;
  PlayedLanes whole(recorded, options);
  whole.Play(3 * once);
  const LaneContent content = whole.Content(0);
  CheckWhole(content);
  REQUIRE(content.Rows().size() == 3 * 12);
  CHECK(content.Rows()[12].id == "row 1/2/1");
  CHECK(content.Rows()[24].id == "row 1/3/1");
  // 2025-05-02 is a Friday: the next sessions are Monday's and Tuesday's.
  CHECK(content.Rows()[12].time == SessionTime(0) + 72h);
  CHECK(content.Rows()[24].time == SessionTime(0) + 96h);
  CHECK(content.Texts(" session ").size() == 3);
  CHECK(content.Texts("20250505").size() == 1);
  for (size_t killed_at = 0; killed_at < 2 * once; ++killed_at) {
    PlayedLanes played(recorded, options);
    played.Play(killed_at);
    played.Play(3 * once - killed_at);
    INFO("killed after " << killed_at);
    CHECK(Difference(played.Content(0).things, content.things) == "");
  }
}

TEST_CASE("player: a lane that holds another session is refused", "[ingest]") {
  WrittenSession session, other, shorter;
  log::MemoryLog& recorded = Busy(session);
  PlayedLanes played(recorded, {.speed = 0, .batch_events_max = 6});
  played.Play(15);
  other.Define(1, "ACME").Up();
  for (int i = 0; i < 100; ++i) other.Row(i * 8);
  other.End();
  for (log::MemoryLog* log : {&other.Cut(), &shorter.Define(1, "ACME").Up().Row(0).End()}) {
    auto player = SessionPlayer::Open(*log, {.speed = 0}, played.LastOwn());
    absl::Status status = player.status();
    while (status.ok()) {
      const auto action = (*player)->Next(SteadyTime(1h));
      status = action.status();
      REQUIRE((!action.ok() || action->kind == PlayerAction::Kind::kWait));
    }
    CHECK(absl::IsFailedPrecondition(status));
    CHECK(std::string(status.message()).find("another session") != std::string::npos);
  }
  const absl::Status more_lanes =
      SessionPlayer::Open(recorded, {.lanes = 2, .speed = 0}, {played.LastOwn()[0], ""}).status();
  CHECK(absl::IsFailedPrecondition(more_lanes));
  CHECK(std::string(more_lanes.message()).find("market_lanes") != std::string::npos);
  log::MemoryLog empty;
  CHECK(absl::IsNotFound(SessionPlayer::Open(empty, {}, {""}).status()));
}

TEST_CASE("player: what others wrote in the session, and what a player had added, is not played", "[ingest]") {
  WrittenSession session(4);
  log::MemoryLog& recorded = Busy(session);
  PlayedLanes live(recorded, {.speed = 50, .stale_after = 1s});
  live.Play();
  REQUIRE(live.Content(0).Texts("stale").size() == 1);
  // The live lane, with a message of the universe's behind each, is played again.
  log::MemoryLog mixed;
  auto writer = mixed.OpenWriter("market.0").value();
  auto reader = live.log().OpenReader("market.0").value();
  GroupEncoder encoder;
  for (log::LaneMessage message; *reader->Next(message);) {
    REQUIRE(writer->Append(message.time, message.bytes, message.rows).ok());
    encoder.Begin({.producer = Producer::kUniverse, .producer_sequence = message.sequence});
    encoder.Add({{.producer = Producer::kUniverse, .event_time = message.time}, UniverseChanged{.cause = "refresh"}});
    REQUIRE(writer->Append(message.time, encoder.bytes()).ok());
  }
  PlayedLanes again(mixed, {.speed = 0, .stale_after = 1h});
  again.Play();
  CHECK(Difference(again.Content(0).things, ReadLane(recorded, "market.0").things) == "");
}

TEST_CASE("player: reference data completes definitions before they are written", "[ingest]") {
  WrittenSession session;
  session.Define(1, "ACME").Up().Row(0);
  PlayedLanes played(session.End(), {.speed = 0, .complete = [](InstrumentDefinition& d) { d.sector = "Tools"; }});
  played.Play();
  auto reader = played.log().OpenReader("market.0").value();
  log::LaneMessage message;
  std::string sector;
  while (*reader->Next(message)) {
    GroupHeader header;
    REQUIRE(GroupDecoder()
                .Decode(message.bytes, header,
                        [&](const Event& event) {
                          if (const auto* d = std::get_if<InstrumentDefinition>(&event.body)) sector = d->sector;
                        })
                .ok());
  }
  CHECK(sector == "Tools");
}

TEST_CASE("player: at speed 0 it waits for readers that are behind, but not for ever", "[ingest]") {
  WrittenSession session;
  session.Define(1, "ACME").Up();
  for (int i = 0; i < 60; ++i) session.Row(i);
  log::MemoryLog& recorded = session.End();
  uint64_t lag = 0;
  PlayerOptions options{.speed = 0, .batch_events_max = 2, .lag_messages_max = 10, .lag_wait_max = 2s};
  options.lag = [&] { return lag; };
  auto player = SessionPlayer::Open(recorded, options, {""}).value();
  SteadyTime now(1h);
  const auto appends = [&] {  // until it waits or ends
    size_t count = 0;
    while (true) {
      const PlayerAction action = player->Next(now).value();
      if (action.kind == PlayerAction::Kind::kEnded) return count;
      if (action.kind == PlayerAction::Kind::kWait) {
        CHECK(action.held_back);
        CHECK(action.until > now);
        return count;
      }
      ++count, ++lag;
    }
  };
  CHECK(appends() == 11);
  lag = 4;
  CHECK(appends() == 7);
  now += 1900ms;
  CHECK(appends() == 0);
  --lag;  // it moves
  CHECK(appends() == 1);
  now += 1900ms;
  CHECK(appends() == 0);
  now += 200ms;
  CHECK(appends() == 11);  // it stood still: another ten
  CHECK(appends() == 0);
  lag = 0;
  CHECK(appends() == 11);
  player->Stop();
  CHECK(player->Next(now)->kind == PlayerAction::Kind::kEnded);
}

TEST_CASE("player: what is held when it is stopped is handed out", "[ingest]") {
  WrittenSession session;
  session.Define(1, "ACME").Up().Row(0).Row(0.1).Row(50);
  log::MemoryLog& recorded = session.End();
  auto player = SessionPlayer::Open(recorded, {.speed = 1, .batch_age_max = 10ms}, {""}).value();
  SteadyTime now(1h);
  size_t appended = 0;
  for (int i = 0; i < 6; ++i) {
    const PlayerAction action = player->Next(now).value();
    if (action.kind == PlayerAction::Kind::kAppend) ++appended;
    if (action.kind == PlayerAction::Kind::kWait) now = SteadyTime(1h) + 200us;
  }
  CHECK(appended == 4);
  player->Stop();
  const PlayerAction held = player->Next(now).value();
  REQUIRE(held.kind == PlayerAction::Kind::kAppend);
  CHECK(held.message->rows == 2);
  CHECK(player->Next(now)->kind == PlayerAction::Kind::kEnded);
}

TEST_CASE("player: a recorded day and a simulated market come out as they went in", "[ingest]") {
  const auto check = [](log::MemoryLog& recorded, uint32_t lanes, double speed) {
    PlayedLanes played(recorded, {.lanes = lanes, .speed = speed, .stale_after = 100h});
    const size_t appends = played.Play();
    const std::vector<LaneThing> source = ReadLane(recorded, "market.0").Rows();
    size_t rows = 0;
    for (uint32_t lane = 0; lane < lanes; ++lane) rows += played.Content(lane).Rows().size();
    CHECK(rows == source.size());
    if (lanes == 1 && speed == 0) {
      CHECK(Difference(played.Content(0).things, ReadLane(recorded, "market.0").things) == "");
    }
    PlayedLanes killed(recorded, {.lanes = lanes, .speed = speed, .stale_after = 100h});
    for (const size_t part : {7, 2, 5}) killed.Play(appends * part / 20);
    killed.Play();
    CHECK(Difference(killed.Things(), played.Things()) == "");
  };
  log::MemoryLog soun, simulated;
  RecordSimulated(simulated, 20'000, 20);
  check(simulated, 1, 0);
  check(simulated, 1, 100);
  check(simulated, 4, 0);
  check(simulated, 4, 100);
  if (!RecordSoun(soun, 20'000)) return;
  check(soun, 1, 0);
  check(soun, 1, 1000);
}
