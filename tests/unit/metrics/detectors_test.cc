// Detectors: when they start, what they report, when they end.
#include "tests/support/metrics_play.h"

namespace spillway::test {
namespace {

void Book(MetricsPlay& play, double milliseconds, double wall) {
  play.At(milliseconds);
  for (int i = 0; i < 10; ++i) play.feed.Bid(10.00 - 0.01 * i, i == 1 ? wall : 100, Cause::kAdd);
  play.feed.Ask(10.01, 100, Cause::kAdd).Row();
}

TEST_CASE("S0-4.1, S1-A4.1, FX-07: a wall that is cancelled within half a second is fake, held for a second",
          "[metrics]") {
  MetricsPlay play(ProfileOf({"fake_wall"}));
  Book(play, 0, 1000);
  play.At(400).Bid(9.99, 200, Cause::kCancel).Row();
  CHECK(play.LastSnapshot().triggered == std::vector{StrategyInstanceIdOf("test@1#1")});  // shown at once
  CHECK(play.ValueAt(1250, "fake_wall").value == 1);
  CHECK(play.ValueAt(1500, "fake_wall").value == 0);
}

TEST_CASE("FX-07: a wall is not fake if it was executed, lost less than 80%, or stood longer", "[metrics]") {
  MetricsPlay play(ProfileOf({"fake_wall"}));
  Book(play, 0, 1000);
  SECTION("a fifth of the removal was executed") {
    play.At(100).Bid(9.99, 800, Cause::kExecute).Row();
    play.At(200).Bid(9.99, 0, Cause::kCancel).Row();
    CHECK(play.ValueAt(750, "fake_wall").value == 0);
  }
  SECTION("a little less than a fifth was executed: fake") {
    play.At(100).Bid(9.99, 801, Cause::kExecute).Row();
    play.At(200).Bid(9.99, 0, Cause::kCancel).Row();
    CHECK(play.ValueAt(750, "fake_wall").value == 1);
  }
  SECTION("it lost 79.9%") {
    play.At(200).Bid(9.99, 201, Cause::kCancel).Row();
    CHECK(play.ValueAt(750, "fake_wall").value == 0);
  }
  SECTION("it stood for more than half a second") {
    play.At(501).Bid(9.99, 0, Cause::kCancel).Row();
    CHECK(play.ValueAt(750, "fake_wall").value == 0);
  }
  SECTION("it only went out of the visible window") {
    play.At(200).Bid(9.99, 0, Cause::kWindow).Row();
    CHECK(play.ValueAt(750, "fake_wall").value == 0);
  }
}

TEST_CASE("FX-07: without causes a decrease is matched with prints within 250 ms, before or after", "[metrics]") {
  for (const double print_at : {0.0, 20.0, 420.0}) {  // 0: none
    MetricsPlay play(ProfileOf({"fake_wall"}), false);
    Book(play, 0, 1000);
    if (print_at == 20) play.At(20).Trade(9.99, 900, Side::kAsk).Row();
    play.At(200).Bid(9.99, 0).Row();
    if (print_at == 420) play.At(420).Trade(9.99, 900, Side::kAsk).Row();
    CHECK(play.ValueAt(440, "fake_wall").value == 0);  // not judged before 250 ms have passed
    play.At(460).Row();
    CHECK(play.ValueAt(500, "fake_wall").value == (print_at == 0 ? 1 : 0));
  }
}

// Ten bids and one ask of 100 each; after half a minute that is what is usual.
void QuietBook(MetricsPlay& play) {
  Book(play, 0, 100);
  play.At(31'000).Row();
}

TEST_CASE("FX-07: a flash wall is put up and taken away by one event each, and far above what is usual", "[metrics]") {
  for (const bool mirrored : {false, true}) {
    MetricsPlay play(ProfileOf({mirrored ? "fake_ask_wall" : "fake_wall"}));
    for (int i = 0; i < 10; ++i)
      play.feed.At(0).Bid(10.00 - 0.01 * i, 100, Cause::kAdd).Ask(10.01 + 0.01 * i, 100, Cause::kAdd);
    play.feed.Row();
    play.At(31'000).Row();
    const auto level = [&](double ms, double size, Cause cause) {
      play.At(ms);
      (mirrored ? play.feed.Ask(10.02, size, cause) : play.feed.Bid(9.99, size, cause)).Row();
    };
    SECTION("taken away whole") {
      level(31'100, 1000, Cause::kAdd);
      level(31'500, 100, Cause::kCancel);
      const auto fired = play.Fired();
      REQUIRE(fired.size() == 1);
      CHECK(fired[0].detector == DetectorKind::kFakeWall);
      CHECK(fired[0].side == (mirrored ? Side::kAsk : Side::kBid));
      CHECK(fired[0].price == Px(mirrored ? 10.02 : 9.99));
      CHECK(fired[0].seen == 10);  // usual levels
      play.At(32'600).Row();
      REQUIRE(play.Fired().size() == 2);
      CHECK_FALSE(play.Fired()[1].active);
    }
    SECTION("three times the usual is a large order") {
      level(31'100, 400, Cause::kAdd);
      level(31'500, 20, Cause::kCancel);
      CHECK(play.Fired().empty());
    }
    SECTION("it grew order by order") {
      for (int i = 1; i <= 9; ++i) level(31'000 + 10 * i, 100 + 100 * i, Cause::kAdd);
      level(31'300, 50, Cause::kCancel);
      CHECK(play.Fired().empty());
    }
    SECTION("it was worn down") {
      level(31'100, 1000, Cause::kAdd);
      level(31'200, 500, Cause::kCancel);
      level(31'300, 100, Cause::kCancel);
      CHECK(play.Fired().empty());
    }
    SECTION("a fifth of what went was executed") {
      level(31'100, 1000, Cause::kAdd);
      level(31'200, 800, Cause::kExecute);
      level(31'300, 50, Cause::kCancel);
      CHECK(play.Fired().empty());
    }
    SECTION("it stood for more than half a second") {
      level(31'100, 1000, Cause::kAdd);
      level(31'601, 100, Cause::kCancel);
      CHECK(play.Fired().empty());
    }
  }
}

TEST_CASE("FX-07: without causes a flash wall is judged 250 ms after the pull", "[metrics]") {
  for (const double print_at : {0.0, 31'420.0}) {  // 0: none
    MetricsPlay play(ProfileOf({"fake_wall"}), false);
    QuietBook(play);
    play.At(31'100).Bid(9.99, 1000).Row();
    play.At(31'300).Bid(9.99, 100).Row();
    if (print_at != 0) play.At(print_at).Trade(9.99, 900, Side::kAsk).Row();
    CHECK(play.Fired().empty());
    play.At(31'560).Row();
    CHECK(play.Fired().size() == (print_at == 0 ? 1 : 0));
  }
}

TEST_CASE("FX-08: an order that shows itself again as fast as it is filled is a replenishment, of its side",
          "[metrics]") {
  for (const bool mirrored : {false, true}) {
    const auto run = [&](double refill_after, double refill, int times) {
      MetricsPlay play(ProfileOf({mirrored ? "bid_replenishment" : "ask_replenishment"}));
      QuietBook(play);
      const Price best = Px(mirrored ? 10.00 : 10.01);
      const auto show = [&](double ms, double size, Cause cause) {
        play.At(ms);
        (mirrored ? play.feed.Bid(best.ToDouble(), size, cause) : play.feed.Ask(best.ToDouble(), size, cause)).Row();
      };
      for (int i = 0; i < times; ++i) {
        const double at = 31'100 + 300 * i;
        play.At(at).Trade(best.ToDouble(), 60, mirrored ? Side::kAsk : Side::kBid);
        show(at, 40, Cause::kExecute);
        show(at + refill_after, 40 + refill, Cause::kAdd);
        show(at + 250, 100, Cause::kCancel);
      }
      return play.Fired();
    };
    const auto fired = run(50, 70, 12);
    REQUIRE(fired.size() == 1);
    CHECK(fired[0].detector == (mirrored ? DetectorKind::kBidReplenishment : DetectorKind::kAskReplenishment));
    CHECK(fired[0].side == (mirrored ? Side::kBid : Side::kAsk));
    CHECK(fired[0].price == Px(mirrored ? 10.00 : 10.01));
    CHECK(fired[0].seen >= fired[0].limit);
    CHECK(run(150, 70, 12).empty());  // too late to be the same order
    CHECK(run(50, 50, 12).empty());   // less than was filled
    CHECK(run(50, 70, 5).empty());    // too few
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

TEST_CASE("FX-14: a spread above twice its median for 500 ms is a collapse, for 900 ms a blow-out; flicker is neither",
          "[metrics]") {
  MetricsPlay play(ProfileOf({"liquidity_collapse"}));
  Steady(play, 31);
  play.At(31'010).Ask(10.01, 0).Ask(10.02, 0).Ask(10.04, 1000).Row();  // the best is 10.03: 3 ticks
  play.At(31'400).Ask(10.02, 500).Row();                               // 2 ticks is not above twice the median
  play.At(31'700).Row();
  CHECK(play.Fired().empty());
  play.At(31'800).Ask(10.02, 0).Row();
  play.At(32'310).Row();
  REQUIRE(play.Fired().size() == 1);
  CHECK(play.Fired()[0].detector == DetectorKind::kLiquidityCollapse);
  play.At(32'710).Row();
  const auto fired = play.Fired();
  REQUIRE(fired.size() == 2);
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

TEST_CASE("FX-10: a tape has stalled when so many quotes without a print are no chance any more", "[metrics]") {
  MetricsPlay play(ProfileOf({"tape_stall"}));
  double at = 0;
  const auto quote = [&] {
    at += 50;
    play.At(at).Bid(10, 1 + static_cast<int>(at / 50) % 2).Ask(10.01, 1).Row();
  };
  // One event in ten is a print: two a second.
  for (int print = 0; print < 100; ++print) {
    for (int i = 0; i < 9; ++i) quote();
    play.At(at += 50).Trade(10, 1).Row();
  }
  const double last = at;
  // 0.9^n <= exp(-12.5) from n = 119 on.
  for (int n = 1; n <= 115; ++n) quote();
  CHECK(play.Fired().empty());
  for (int n = 116; n <= 125; ++n) quote();
  REQUIRE(play.Fired().size() == 1);
  CHECK(play.Fired()[0].detector == DetectorKind::kTapeStall);
  CHECK_THAT(play.Fired()[0].seen, WithinAbs(119 * 0.05, 0.15));
  play.At(last + 7000).Trade(10, 1).Row();
  CHECK(play.Fired().size() == 2);
}

TEST_CASE("FX-10: a feed that is silent altogether, and a tape of few prints, are no stall", "[metrics]") {
  MetricsPlay play(ProfileOf({"tape_stall"}));
  play.At(0).Bid(10, 1).Ask(10.01, 1).Row();
  for (int i = 1; i <= 100; ++i) play.At(i * 500).Trade(10, 1).Row();
  play.At(60'000).Row();
  CHECK(play.Fired().empty());
  MetricsPlay few(ProfileOf({"tape_stall"}));
  for (int i = 0; i < 2000; ++i) few.At(i * 10 + 1).Bid(10, 1 + i % 2).Ask(10.01, 1).Row();
  for (int i = 0; i < 44; ++i) few.At(20'100 + i * 100).Trade(10, 1).Row();
  for (int i = 0; i < 2000; ++i) few.At(25'000 + i * 10).Bid(10, 1 + i % 2).Row();
  CHECK(few.Fired().empty());
}

TEST_CASE("detectors run only for features that a profile declares", "[metrics]") {
  MetricsPlay play(ProfileOf({"spread"}));
  Book(play, 0, 1000);
  play.At(200).Bid(9.99, 0, Cause::kCancel).Row();
  play.At(300).Ask(10.01, 0).Row();
  play.At(2000).Row();
  CHECK(play.Fired().empty());
}

TEST_CASE("S0-9.2, S1-A9.2, FX-15: a feed whose p95 lag passes 500 ms lags, and is up after 5 s below 250 ms",
          "[metrics]") {
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
