#include "services/journal/truth_scorecard.h"

#include <nlohmann/json.hpp>

#include "tests/catch.h"

using namespace spillway;
using namespace spillway::journal;
using std::chrono::milliseconds;
using std::chrono::seconds;
using truth::EpisodeKind;
using truth::PlantedEpisode;

namespace {

const Time kStart = *ParseTime("2025-05-05T13:40:00Z");

PlantedEpisode Planted(EpisodeKind kind, InstrumentId instrument, int start_s, int end_s, Side side = Side::kNone) {
  PlantedEpisode episode;
  episode.kind = kind;
  episode.instrument = instrument;
  episode.start = kStart + seconds(start_s);
  episode.end = kStart + seconds(end_s);
  episode.side = side;
  return episode;
}

Detection At(EpisodeKind kind, InstrumentId instrument, int time_ms, Side side = Side::kNone) {
  return {.kind = kind, .instrument = instrument, .time = kStart + milliseconds(time_ms), .side = side};
}

DetectorFired FakeWall(bool active) {
  DetectorFired fired;
  fired.detector = DetectorKind::kFakeWall;
  fired.active = active;
  fired.side = Side::kBid;
  return fired;
}

Signal LongSignal(bool accepted) {
  Signal signal;
  signal.accepted = accepted;
  return signal;
}

constexpr EpisodeKind kStall = EpisodeKind::kTapeStall;

}  // namespace

TEST_CASE("truth scorecard: what comes inside an episode is found, later reports are repeats", "[scorecard]") {
  const TruthScorecard card =
      ScoreAgainstTruth({Planted(kStall, 1, 10, 16), Planted(kStall, 1, 100, 105), Planted(kStall, 2, 10, 16)},
                        {At(kStall, 1, 15'000), At(kStall, 1, 13'000), At(kStall, 2, 16'500)});
  const KindScore& score = card.of(kStall);
  CHECK(score.planted == 3);
  CHECK(score.detected == 2);
  CHECK(score.missed() == 1);
  CHECK(score.repeats == 1);
  CHECK(score.false_alarms == 0);
  CHECK(score.delay_median == milliseconds(4750));  // 3 s and 6.5 s
}

TEST_CASE("truth scorecard: the window is closed at its start and open at its end", "[scorecard]") {
  for (const auto& [time_ms, found] :
       {std::pair{9'999, false}, std::pair{10'000, true}, std::pair{16'999, true}, std::pair{17'000, false}}) {
    const TruthScorecard card = ScoreAgainstTruth({Planted(kStall, 1, 10, 16)}, {At(kStall, 1, time_ms)});
    INFO(time_ms);
    CHECK(card.of(kStall).detected == (found ? 1 : 0));
    CHECK(card.of(kStall).false_alarms == (found ? 0 : 1));
  }
}

TEST_CASE("truth scorecard: another symbol, kind or side is a false alarm", "[scorecard]") {
  const EpisodeKind wall = EpisodeKind::kFlashBidWall;
  const TruthScorecard card = ScoreAgainstTruth(
      {Planted(wall, 1, 10, 11, Side::kBid), Planted(kStall, 1, 50, 60)},
      {At(wall, 2, 10'500, Side::kBid), At(wall, 1, 10'500, Side::kAsk), At(wall, 1, 55'000), At(wall, 0, 10'500)});
  CHECK(card.of(wall).detected == 0);
  CHECK(card.of(wall).false_alarms == 4);
  CHECK(card.of(wall).in_other_kinds == 1);
  CHECK(card.of(kStall).missed() == 1);
}

TEST_CASE("truth scorecard: prices are compared where both name one", "[scorecard]") {
  PlantedEpisode iceberg = Planted(EpisodeKind::kAskReplenishment, 1, 10, 20, Side::kAsk);
  iceberg.price = *Price::Parse("20.01");
  Detection right = At(iceberg.kind, 1, 12'000), none = right;
  right.price = *Price::Parse("20.01");
  CHECK(ScoreAgainstTruth({iceberg}, {right}).of(iceberg.kind).prices_right == 1);
  CHECK(ScoreAgainstTruth({iceberg}, {none}).of(iceberg.kind).prices_named == 0);
  right.price = *Price::Parse("20.02");
  CHECK(ScoreAgainstTruth({iceberg}, {right}).of(iceberg.kind).prices_right == 0);
}

TEST_CASE("truth scorecard: intervals are Wilson's", "[scorecard]") {
  // Agresti & Coull (1998): 0 of 10 has the interval (0, 0.278); 9 of 10 (0.596, 0.982); 50 of 100 (0.404, 0.596).
  const auto check = [](uint64_t planted, uint64_t detected, double low, double high) {
    const std::optional<Interval> interval = KindScore{.planted = planted, .detected = detected}.recall().interval();
    REQUIRE(interval);
    CHECK_THAT(interval->low, WithinAbs(low, 1e-4));
    CHECK_THAT(interval->high, WithinAbs(high, 1e-4));
  };
  check(10, 0, 0, 0.2775);
  check(10, 9, 0.5958, 0.9821);
  check(100, 50, 0.4038, 0.5962);
  CHECK_FALSE(KindScore{}.recall().interval());
}

TEST_CASE("truth scorecard: a condition that was on before an episode has found it", "[scorecard]") {
  Detection on = At(kStall, 1, 5'000);
  on.until = kStart + seconds(12);
  const PlantedEpisode stall = Planted(kStall, 1, 10, 16);
  CHECK(ScoreAgainstTruth({stall}, {on}).of(kStall).detected == 1);
  CHECK(ScoreAgainstTruth({stall}, {on}).of(kStall).delay_median == seconds(-5));
  on.until = kStart + milliseconds(9'999);
  CHECK(ScoreAgainstTruth({stall}, {on}).of(kStall).detected == 0);
  CHECK(ScoreAgainstTruth({stall}, {on}).of(kStall).false_alarms == 1);
}

TEST_CASE("truth scorecard: alarms are what became active, stopped, was told, or was accepted", "[scorecard]") {
  DetectionCollector collector;
  Event event;
  event.header.instrument = 4;
  const auto observe = [&](int second, EventBody body) {
    event.header.event_time = kStart + seconds(second);
    event.body = std::move(body);
    collector.Observe(event);
  };
  FeedStatus lagging;
  lagging.state = FeedState::kLagging;
  observe(1, FakeWall(true));
  observe(2, HaltChanged{.status = TradingStatus::kHalted, .reason = "LUDP"});
  observe(3, FakeWall(false));
  observe(4, HaltChanged{.status = TradingStatus::kTrading, .reason = "LUDP"});
  observe(5, NewsHeadline{.source = "wire", .headline = "something"});
  observe(6, LongSignal(false));
  observe(7, LongSignal(true));
  observe(8, lagging);
  observe(9, FakeWall(true));
  const std::vector<Detection>& seen = collector.detections();
  REQUIRE(seen.size() == 5);
  CHECK(seen[0].kind == EpisodeKind::kFlashBidWall);
  CHECK(seen[0].instrument == 4);
  CHECK(seen[0].side == Side::kBid);
  CHECK(seen[0].time == kStart + seconds(1));
  CHECK(seen[0].until == kStart + seconds(3));
  CHECK(seen[1].kind == EpisodeKind::kHalt);
  CHECK(seen[1].time == kStart + seconds(2));
  CHECK(seen[2].kind == EpisodeKind::kNews);
  CHECK(seen[3].kind == EpisodeKind::kDislocation);
  CHECK(seen[3].time == kStart + seconds(7));
  CHECK(seen[4].time == kStart + seconds(9));
  CHECK_FALSE(seen[4].until.has_value());
}

TEST_CASE("truth scorecard: as a table and as JSON", "[scorecard]") {
  const TruthScorecard card = ScoreAgainstTruth({Planted(kStall, 1, 10, 16), Planted(kStall, 1, 100, 105)},
                                                {At(kStall, 1, 13'000), At(kStall, 1, 50'000)});
  CHECK(ToTable(card) ==
        "episode            planted detected missed  recall [95%]           false  precision [95%]         delay ms\n"
        "tape_stall               2        1      1   50.0% [9.5, 90.5]         1   50.0% [9.5, 90.5]          3000\n");
  const auto json = nlohmann::json::parse(ToJson(card));
  CHECK(json["tape_stall"]["detected"] == 1);
  CHECK(json["tape_stall"]["false_alarms"] == 1);
  CHECK_THAT(json["tape_stall"]["recall"]["value"].get<double>(), WithinAbs(0.5, 1e-12));
  CHECK(json["halt"]["recall"].is_null());
}
