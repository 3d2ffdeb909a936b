// Detectors: when they start, what they report, when they end.
#include "tests/support/metrics_play.h"

namespace spillway::test {
namespace {

void Book(MetricsPlay& play, double milliseconds, double wall) {
  play.At(milliseconds);
  for (int i = 0; i < 10; ++i) play.feed.Bid(10.00 - 0.01 * i, i == 1 ? wall : 100, Cause::kAdd);
  play.feed.Ask(10.01, 100, Cause::kAdd).Row();
}

TEST_CASE("FX-07: a wall that is cancelled within half a second is fake, reported for its hold", "[metrics]") {
  MetricsPlay play(ProfileOf({"fake_wall"}));
  Book(play, 0, 1000);
  play.At(400).Bid(9.99, 200, Cause::kCancel).Row();
  const auto fired = play.Fired();
  REQUIRE(fired.size() == 1);
  CHECK(fired[0].detector == DetectorKind::kFakeWall);
  CHECK(fired[0].active);
  CHECK(fired[0].price == Px(9.99));
  CHECK(fired[0].seen == 0.8);
  CHECK(play.LastSnapshot().triggered == std::vector{StrategyInstanceIdOf("test@1#1")});
  CHECK(play.ValueAt(1250, "fake_wall").value == 1);
  CHECK(play.ValueAt(1500, "fake_wall").value == 0);
  REQUIRE(play.Fired().size() == 2);
  CHECK_FALSE(play.Fired()[1].active);
}

TEST_CASE("FX-07: a wall is not fake if it was executed, lost less than 80%, or stood longer", "[metrics]") {
  SECTION("a fifth of the removal was executed") {
    MetricsPlay play(ProfileOf({"fake_wall"}));
    Book(play, 0, 1000);
    play.At(100).Bid(9.99, 800, Cause::kExecute).Row();
    play.At(200).Bid(9.99, 0, Cause::kCancel).Row();
    CHECK(play.Fired().empty());
  }
  SECTION("a little less than a fifth was executed: fake") {
    MetricsPlay play(ProfileOf({"fake_wall"}));
    Book(play, 0, 1000);
    play.At(100).Bid(9.99, 801, Cause::kExecute).Row();
    play.At(200).Bid(9.99, 0, Cause::kCancel).Row();
    CHECK(play.Fired().size() == 1);
  }
  SECTION("it lost 79.9%") {
    MetricsPlay play(ProfileOf({"fake_wall"}));
    Book(play, 0, 1000);
    play.At(200).Bid(9.99, 201, Cause::kCancel).Row();
    CHECK(play.Fired().empty());
  }
  SECTION("it stood for more than half a second") {
    MetricsPlay play(ProfileOf({"fake_wall"}));
    Book(play, 0, 1000);
    play.At(501).Bid(9.99, 0, Cause::kCancel).Row();
    CHECK(play.Fired().empty());
  }
  SECTION("it only went out of the visible window") {
    MetricsPlay play(ProfileOf({"fake_wall"}));
    Book(play, 0, 1000);
    play.At(200).Bid(9.99, 0, Cause::kWindow).Row();
    CHECK(play.Fired().empty());
  }
}

TEST_CASE("FX-07: without causes a decrease is matched with prints within 250 ms, before or after", "[metrics]") {
  for (const double print_at : {0.0, 20.0, 420.0}) {  // 0: none
    MetricsPlay play(ProfileOf({"fake_wall"}), false);
    Book(play, 0, 1000);
    if (print_at == 20) play.At(20).Trade(9.99, 900, Side::kAsk).Row();
    play.At(200).Bid(9.99, 0).Row();
    if (print_at == 420) play.At(420).Trade(9.99, 900, Side::kAsk).Row();
    CHECK(play.Fired().empty());  // not judged before 250 ms have passed
    play.At(460).Row();
    CHECK(play.Fired().size() == (print_at == 0 ? 1 : 0));
  }
}

// Quotes of 0.01 and depth of 300 a side for `seconds`, an event every 250 ms.
void Steady(MetricsPlay& play, int seconds) {
  for (int i = 0; i < seconds * 4; ++i) {
    play.At(i * 250 + 10);
    const double size = 100 + i % 2;
    for (int level = 0; level < 3; ++level) play.feed.Bid(10 - 0.01 * level, size).Ask(10.01 + 0.01 * level, size);
    play.feed.Row();
  }
}

TEST_CASE("FX-14: depth below half of its median for 500 ms is a collapse, until it recovers", "[metrics]") {
  MetricsPlay play(ProfileOf({"liquidity_collapse"}));
  Steady(play, 10);
  CHECK(play.ValueAt(10'000, "liquidity_collapse").not_ready == NotReady::kWarmUp);
  MetricsPlay long_play(ProfileOf({"liquidity_collapse"}));
  Steady(long_play, 31);
  CHECK(long_play.ValueAt(31'000, "liquidity_collapse") == FeatureValue{0, NotReady::kReady});
  long_play.At(31'010).Bid(10, 10).Bid(9.99, 10).Row();
  long_play.At(31'500).Row();
  CHECK(long_play.Fired().empty());
  long_play.At(31'600).Row();
  REQUIRE(long_play.Fired().size() == 1);
  CHECK(long_play.Fired()[0].detector == DetectorKind::kLiquidityCollapse);
  CHECK(long_play.Fired()[0].side == Side::kBid);
  CHECK(long_play.Fired()[0].seen == 121);
  CHECK(long_play.Fired()[0].limit == 150);
  CHECK(long_play.ValueAt(31'750, "liquidity_collapse").value == 1);
  long_play.At(31'800).Bid(10, 100).Row();
  CHECK(long_play.Fired().size() == 2);
  CHECK(long_play.ValueAt(32'000, "liquidity_collapse").value == 0);
}

TEST_CASE("a spread above twice its median for 500 ms is a blow-out and a collapse; shorter flicker is neither",
          "[metrics]") {
  MetricsPlay play(ProfileOf({"liquidity_collapse"}));
  Steady(play, 31);
  play.At(31'010).Ask(10.01, 0).Ask(10.02, 0).Ask(10.04, 1000).Row();  // the best is 10.03: 3 ticks
  play.At(31'400).Ask(10.02, 500).Row();                               // 2 ticks is not above twice the median
  play.At(31'700).Row();
  CHECK(play.Fired().empty());
  play.At(31'800).Ask(10.02, 0).Row();
  play.At(32'300).Row();
  const auto fired = play.Fired();
  REQUIRE(fired.size() == 2);
  CHECK(fired[0].detector == DetectorKind::kLiquidityCollapse);
  CHECK(fired[1].detector == DetectorKind::kSpreadBlowOut);
  CHECK(fired[1].seen == 0.03);
  CHECK(fired[1].limit == 0.02);
}

TEST_CASE("FX-14: an empty side is a collapse without any history", "[metrics]") {
  MetricsPlay play(ProfileOf({"liquidity_collapse"}));
  play.At(0).Bid(10, 100).Row();
  play.At(900).Row();
  CHECK(play.Fired().empty());  // the book was never whole
  play.At(1000).Ask(10.01, 100).Row();
  play.At(1100).Ask(10.01, 0).Row();
  play.At(1700).Row();
  CHECK(play.Fired().size() == 1);
}

TEST_CASE("FX-10: a tape that ran at one print a second and is silent for three has stalled", "[metrics]") {
  MetricsPlay play(ProfileOf({"tape_stall"}));
  play.At(0).Bid(10, 1).Ask(10.01, 1).Row();
  for (int i = 1; i <= 29; ++i) play.At(i * 1000).Trade(10, 1).Row();
  play.At(33'000).Row();
  CHECK(play.Fired().empty());  // 29 prints in 30 s
  for (int i = 0; i < 30; ++i) play.At(34'000 + i * 900).Trade(10, 1).Row();
  play.At(63'000).Row();
  CHECK(play.Fired().empty());
  play.At(63'100).Row();  // the last print was at 60'100
  REQUIRE(play.Fired().size() == 1);
  CHECK(play.Fired()[0].detector == DetectorKind::kTapeStall);
  CHECK(play.Fired()[0].seen == 3);
  play.At(64'000).Trade(10, 1).Row();
  CHECK(play.Fired().size() == 2);
}

TEST_CASE("detectors run only for features that a profile declares", "[metrics]") {
  MetricsPlay play(ProfileOf({"spread"}));
  Book(play, 0, 1000);
  play.At(200).Bid(9.99, 0, Cause::kCancel).Row();
  play.At(300).Ask(10.01, 0).Row();
  play.At(2000).Row();
  CHECK(play.Fired().empty());
}

TEST_CASE("FX-15: a feed whose p95 lag passes 500 ms lags, and is up after 5 s below 250 ms", "[metrics]") {
  MetricsPlay play(ProfileOf({"spread"}));
  Event capabilities = CapabilitiesOf(true);
  std::get<FeedCapabilities>(capabilities.body).receive_times = true;
  play.Give(capabilities);
  using std::chrono::milliseconds;
  const auto rows = [&](int from, int to, milliseconds delay) {
    play.feed.ReceivedAfter(delay);
    for (int i = from; i < to; i += 100) play.At(i).Row();
  };
  // The clocks differ by -40 ms; that is no lag.
  rows(0, 10'000, milliseconds(-40));
  rows(10'000, 20'000, milliseconds(459));
  play.Flush();
  CHECK(play.sink.Bodies<FeedStatus>().empty());
  rows(20'000, 26'000, milliseconds(470));
  play.Flush();
  auto states = play.sink.Bodies<FeedStatus>();
  REQUIRE(states.size() == 1);
  CHECK(states[0].state == FeedState::kLagging);
  CHECK(states[0].lag == milliseconds(500));
  CHECK(play.Fired()[0].detector == DetectorKind::kFeedLag);
  rows(26'000, 34'000, milliseconds(0));
  play.Flush();
  CHECK(play.sink.Bodies<FeedStatus>().size() == 1);
  rows(34'000, 37'000, milliseconds(0));
  play.Flush();
  states = play.sink.Bodies<FeedStatus>();
  REQUIRE(states.size() == 2);
  CHECK(states[1].state == FeedState::kUp);
  CHECK_FALSE(play.Fired()[1].active);
}

}  // namespace
}  // namespace spillway::test
