// Each feature's formula on rows written by hand.
#include "tests/support/metrics_play.h"

namespace spillway::test {
namespace {

FeatureValue Ready(double value) {
  return {value, NotReady::kReady};
}
FeatureValue Unready(NotReady reason) {
  return {0, reason};
}

TEST_CASE("S0-2.1, S1-A2.1: features of the best quotes: spread, mid, microprice, queue imbalance, sizes",
          "[metrics]") {
  MetricsPlay play(ProfileOf({"spread", "mid", "microprice", "queue_imbalance", "bid_size_over_ask"}));
  play.At(0).Bid(19.97, 500).Ask(20.00, 300).Row();
  CHECK(play.ValueAt(250, "spread") == Ready(0.03));
  CHECK(play.ValueAt(500, "mid") == Ready(19.985));
  CHECK_THAT(play.ValueAt(750, "microprice").value, WithinAbs((19.97 * 300 + 20.00 * 500) / 800, 1e-9));
  CHECK(play.ValueAt(1000, "queue_imbalance") == Ready(0.25));
  CHECK(play.ValueAt(1250, "bid_size_over_ask") == Ready(200));
}

TEST_CASE("a side that is empty or a crossed book makes book features not ready, with the reason", "[metrics]") {
  MetricsPlay play(ProfileOf({"spread", "bid_ask_ratio"}));
  play.At(0).Bid(10.00, 500).Row();
  CHECK(play.ValueAt(250, "spread") == Unready(NotReady::kAskSideEmpty));
  CHECK(play.LastSnapshot().book == BookCondition::kAskEmpty);
  CHECK(play.LastSnapshot().quote.ask_size == Quantity());
  play.At(300).Bid(10.00, 0).Ask(10.02, 100).Row();
  CHECK(play.ValueAt(500, "bid_ask_ratio") == Unready(NotReady::kBidSideEmpty));
  play.At(600).Bid(10.03, 100).Row();
  CHECK(play.ValueAt(750, "spread") == Unready(NotReady::kBookInvalid));
  play.At(800).Bid(10.03, 0).Bid(10.02, 100).Row();
  CHECK(play.ValueAt(1000, "spread") == Unready(NotReady::kBookInvalid));
  CHECK(play.LastSnapshot().book == BookCondition::kLocked);
  play.At(1100).Bid(10.02, 0).Bid(10.01, 300).Row();
  CHECK(play.ValueAt(1250, "bid_ask_ratio") == Ready(3));
}

TEST_CASE("S0-2.2, S1-A2.2: bid-ask ratio: sizes of the top N levels of each side, exact at the limit", "[metrics]") {
  v1::Profile profile = ProfileOf({"bid_ask_ratio", "depth_bid", "depth_ask"});
  profile.mutable_features()->set_ratio_levels(3);
  profile.mutable_features()->set_depth_levels(2);
  MetricsPlay play(profile);
  play.At(0).Bid(10, 100).Bid(9.99, 300).Bid(9.98, 500).Bid(9.97, 7000);
  play.feed.Ask(10.01, 50).Ask(10.02, 100).Ask(10.03, 150).Ask(10.04, 9000).Row();
  CHECK(play.ValueAt(250, "bid_ask_ratio") == Ready(3.0));
  CHECK(play.ValueAt(500, "depth_bid") == Ready(400));
  CHECK(play.ValueAt(750, "depth_ask") == Ready(150));
}

TEST_CASE("what the feed cannot carry is not carried, never 0", "[metrics]") {
  MetricsPlay play(ProfileOf({"bid_ask_ratio", "spread", "tape_velocity"}));
  Event capabilities = CapabilitiesOf(true, 5);
  std::get<FeedCapabilities>(capabilities.body).trades = false;
  play.Give(capabilities);
  play.At(0).Bid(10, 100).Ask(10.01, 50).Row();
  CHECK(play.ValueAt(250, "bid_ask_ratio") == Unready(NotReady::kNotCarried));
  CHECK(play.ValueAt(250, "spread") == Ready(0.01));
  CHECK(play.ValueAt(4000, "tape_velocity") == Unready(NotReady::kNotCarried));
}

TEST_CASE("FX-01: the spread's change is against the last quote at or before three seconds ago", "[metrics]") {
  MetricsPlay play(ProfileOf({"spread_change"}));
  play.At(0).Bid(10.00, 1).Ask(10.05, 1).Row();
  play.At(1000).Ask(10.05, 0).Ask(10.03, 1).Row();
  CHECK(play.ValueAt(2750, "spread_change") == Unready(NotReady::kWarmUp));
  CHECK_THAT(play.ValueAt(3000, "spread_change").value, WithinAbs(-0.02, 1e-12));
  CHECK_THAT(play.ValueAt(3750, "spread_change").value, WithinAbs(-0.02, 1e-12));
  CHECK(play.ValueAt(4000, "spread_change") == Ready(0));  // the quote of 1000 is exactly three seconds old
}

TEST_CASE("FX-01: a book that was not valid three seconds ago gives no change", "[metrics]") {
  MetricsPlay play(ProfileOf({"spread_change"}));
  play.At(0).Bid(10.00, 1).Ask(10.05, 1).Row();
  play.At(1000).Ask(10.05, 0).Row();
  play.At(1500).Ask(10.05, 1).Row();
  CHECK(play.ValueAt(4250, "spread_change") == Unready(NotReady::kBookInvalid));
  CHECK(play.ValueAt(4500, "spread_change") == Ready(0));
}

TEST_CASE("the time below a spread is reset by any quote above it", "[metrics]") {
  v1::Profile profile = ProfileOf({"spread_below_for"});
  profile.mutable_features()->set_spread_below_e9(30'000'000);
  MetricsPlay play(profile);
  play.At(100).Bid(10.00, 1).Ask(10.03, 1).Row();
  CHECK(play.ValueAt(1250, "spread_below_for") == Ready(1.15));
  play.At(1300).Ask(10.03, 0).Ask(10.04, 1).Row();
  CHECK(play.ValueAt(1500, "spread_below_for") == Ready(0));
  play.At(1600).Ask(10.03, 1).Row();
  CHECK(play.ValueAt(3600 - 100, "spread_below_for") == Ready(1.9));
}

TEST_CASE(
    "S0-2.3, S1-A2.3, FX-03: tape velocity counts eligible trades of (t - 3 s, t], odd lots and equal prints included",
    "[metrics]") {
  MetricsPlay play(ProfileOf({"tape_velocity"}));
  play.At(0).Bid(10, 1).Ask(10.01, 1).Row();
  play.At(1000).Trade(10, 100).Row();
  play.At(1000).Trade(10, 100).Row();
  play.At(2000).Trade(10, 1, Side::kBid, 0, MarketEventFlags::kEligible | MarketEventFlags::kOddLot).Row();
  play.At(2100).Trade(10, 100, Side::kBid, 0, MarketEventFlags::kUpdatesVolume).Row();  // does not update the last
  CHECK(play.ValueAt(2750, "tape_velocity") == Unready(NotReady::kWarmUp));
  CHECK(play.ValueAt(3000, "tape_velocity") == Ready(1));
  CHECK(play.ValueAt(3750, "tape_velocity") == Ready(1));
  CHECK_THAT(play.ValueAt(4000, "tape_velocity").value, WithinAbs(1.0 / 3, 1e-12));  // both of 1000 left
  CHECK(play.ValueAt(5000, "tape_velocity") == Ready(0));
}

TEST_CASE("busts and corrections take trades back from tape and VWAP", "[metrics]") {
  MetricsPlay play(ProfileOf({"tape_velocity", "vwap"}));
  play.At(0).Bid(10, 1).Ask(10.01, 1).Row();
  play.At(3000).Trade(10, 100, Side::kBid, 7).Row();
  play.At(3000).Trade(12, 300, Side::kBid, 8).Row();
  CHECK(play.ValueAt(3250, "vwap") == Ready(11.5));
  CHECK_THAT(play.ValueAt(3250, "tape_velocity").value, WithinAbs(2.0 / 3, 1e-12));
  Event bust;
  bust.header.instrument = 1;
  bust.header.event_time = MarketBuilder::kStart + std::chrono::milliseconds(3300);
  bust.body = TradeBust{8};
  play.Give(bust);
  CHECK(play.ValueAt(3500, "vwap") == Ready(10));
  CHECK_THAT(play.ValueAt(3500, "tape_velocity").value, WithinAbs(1.0 / 3, 1e-12));
  CHECK(play.LastSnapshot().last_price == Px(10));
  Event correction = bust;
  correction.body = TradeCorrection{.trade_id = 7, .price = Px(9), .quantity = Qty(50)};
  play.Give(correction);
  CHECK(play.ValueAt(3750, "vwap") == Ready(9));
  play.Give(bust);  // unknown by now: nothing happens
  CHECK(play.ValueAt(4000, "vwap") == Ready(9));
}

TEST_CASE("FX-04: the session's VWAP is exact, begins at the open and exists in the session only", "[metrics]") {
  MetricsPlay play(ProfileOf({"vwap"}));
  play.feed = MarketBuilder(MarketBuilder::kStart - std::chrono::seconds(10));
  play.At(0).Bid(10, 1).Ask(10.01, 1).Trade(50, 1000).Row();  // before the open
  CHECK(play.ValueAt(250, "vwap") == Unready(NotReady::kNoSession));
  play.At(9900).Bid(10, 2).Row();
  CHECK(play.ValueAt(10000, "vwap") == Unready(NotReady::kNoTrades));
  play.At(10100).Trade(10.00, 100).Row();
  play.At(10200).Trade(10.01, 200).Row();
  CHECK_THAT(play.ValueAt(10250, "vwap").value, WithinRel((10.00 * 100 + 10.01 * 200) / 300, 1e-15));
}

v1::Profile Reclaim(double surge) {
  v1::Profile profile = ProfileOf({"vwap_reclaim"});
  profile.mutable_features()->set_reclaim_surge(surge);
  return profile;
}

TEST_CASE("S0-2.4, S1-A2.4, FX-04: a reclaim needs five seconds below VWAP, holds ten, and ends at once below VWAP",
          "[metrics]") {
  MetricsPlay play(Reclaim(0));
  play.At(0).Bid(9, 1).Ask(11, 1).Trade(10, 1000).Row();
  play.At(1000).Trade(9.90, 100).Row();
  play.At(5000).Trade(10.05, 100).Row();  // below for four seconds only
  CHECK(play.ValueAt(5250, "vwap_reclaim") == Ready(0));
  play.At(6000).Trade(9.90, 100).Row();
  play.At(11000).Trade(10.05, 100).Row();
  CHECK(play.ValueAt(11250, "vwap_reclaim") == Ready(1));
  CHECK(play.ValueAt(20750, "vwap_reclaim") == Ready(1));
  CHECK(play.ValueAt(21000, "vwap_reclaim") == Ready(0));
  play.At(22000).Trade(9.90, 100).Row();
  play.At(28000).Trade(10.05, 100).Row();
  CHECK(play.ValueAt(28250, "vwap_reclaim") == Ready(1));
  play.At(28300).Trade(9.90, 100).Row();
  CHECK(play.ValueAt(28500, "vwap_reclaim") == Ready(0));
}

TEST_CASE("FX-04: with a surge condition the volume of three seconds is compared with its five-minute mean",
          "[metrics]") {
  for (const double last : {100.0, 1000.0}) {
    MetricsPlay play(Reclaim(2));
    play.At(0).Bid(9, 1).Ask(11, 1).Trade(10, 100).Row();
    CHECK(play.ValueAt(250, "vwap_reclaim") == Unready(NotReady::kWarmUp));
    for (int second = 1; second < 310; ++second) play.At(second * 1000).Trade(second < 300 ? 10 : 9.9, 100).Row();
    play.At(310'000).Trade(10.5, last).Row();  // 3 s volume 300 (or 1200) against a mean of 300 (or 309)
    CHECK(play.ValueAt(310'250, "vwap_reclaim") == Ready(last > 500 ? 1 : 0));
  }
}

TEST_CASE("order-flow imbalance sums the best-level contributions of the window", "[metrics]") {
  MetricsPlay play(ProfileOf({"order_flow_imbalance"}));
  play.At(0).Bid(10.00, 100).Ask(10.02, 80).Row();
  play.At(1000).Bid(10.00, 150).Row();  // + 50
  play.At(1500).Bid(10.01, 30).Row();   // better bid: + 30
  play.At(2000).Ask(10.02, 60).Row();   // - 60 + 80
  play.At(2500).Bid(10.01, 0).Row();    // worse bid: - 30
  CHECK(play.ValueAt(3000, "order_flow_imbalance") == Ready(70));
  CHECK(play.ValueAt(4000, "order_flow_imbalance") == Ready(20));
  CHECK(play.ValueAt(5500, "order_flow_imbalance") == Ready(0));
}

TEST_CASE("IR-3: the tape's silence is the time since the last eligible print", "[metrics]") {
  MetricsPlay play(ProfileOf({"tape_stall"}));
  play.At(0).Bid(10.00, 100).Ask(10.02, 80).Row();
  CHECK(play.ValueAt(250, "tape_stall") == Unready(NotReady::kNoTrades));
  play.At(400).Trade(10, 1).Row();
  CHECK(play.ValueAt(1500, "tape_stall") == Ready(1.1));
}

// Ten bid levels of 100, with one of 300 at the second.
void Wall(MetricsPlay& play, double milliseconds, double size) {
  play.At(milliseconds);
  for (int i = 0; i < 10; ++i) play.feed.Bid(10.00 - 0.01 * i, i == 1 ? size : 100, Cause::kAdd);
  play.feed.Ask(10.01, 100, Cause::kAdd).Row();
}

TEST_CASE("FX-05: a wall is at least three times the median visible bid level, exactly", "[metrics]") {
  for (const double size : {299.99999999, 300.0}) {
    MetricsPlay play(ProfileOf({"bid_wall_age"}));
    Wall(play, 100, size);
    CHECK(play.ValueAt(1250, "bid_wall_age") == Ready(size < 300 ? 0 : 1.15));
  }
}

TEST_CASE("FX-05: the median of an even count of levels is the mean of the middle two", "[metrics]") {
  for (const double size : {449.0, 450.0}) {  // sizes 100, 100, 200, size: median 150
    MetricsPlay play(ProfileOf({"bid_wall_age"}));
    play.At(0).Bid(10.00, size).Bid(9.99, 100).Bid(9.98, 100).Bid(9.97, 200).Ask(10.01, 1).Row();
    CHECK(play.ValueAt(1000, "bid_wall_age") == Ready(size < 450 ? 0 : 1));
  }
}

TEST_CASE("S0-2.5, S1-A2.5, FX-05: a wall's age ends below 80% of its size; what was executed does not count",
          "[metrics]") {
  MetricsPlay play(ProfileOf({"bid_wall_age"}));
  Wall(play, 0, 1000);
  play.At(900).Bid(9.99, 700, Cause::kExecute).Row();
  CHECK(play.ValueAt(1000, "bid_wall_age") == Ready(1));
  play.At(1900).Bid(9.99, 500, Cause::kCancel).Row();  // 1000 - 300 executed; 500 is 200 cancelled: 80%
  CHECK(play.ValueAt(2000, "bid_wall_age") == Ready(2));
  play.At(2100).Bid(9.99, 499, Cause::kCancel).Row();
  // It stands no more as the old wall, but 499 is a wall again: its age starts anew.
  CHECK(play.ValueAt(2250, "bid_wall_age") == Ready(0.15));
  play.At(2300).Bid(9.99, 250, Cause::kCancel).Row();
  CHECK(play.ValueAt(2500, "bid_wall_age") == Ready(0));
}

TEST_CASE("FX-05: only the best levels make walls, and small ones do not count", "[metrics]") {
  v1::Profile profile = ProfileOf({"bid_wall_age"});
  profile.mutable_features()->set_wall_levels(1);
  MetricsPlay play(profile);
  Wall(play, 0, 1000);  // at the second level
  CHECK(play.ValueAt(500, "bid_wall_age") == Ready(0));
  play.At(600).Bid(10.00, 0, Cause::kCancel).Row();
  CHECK(play.ValueAt(1750, "bid_wall_age") == Ready(1.15));

  profile.mutable_features()->set_wall_min(1001);
  MetricsPlay other(profile);
  other.At(0).Bid(10, 1000).Bid(9.99, 100).Bid(9.98, 100).Ask(10.01, 1).Row();
  CHECK(other.ValueAt(500, "bid_wall_age") == Ready(0));
}

TEST_CASE("S0-4.2, S1-A4.2, FX-08: replenishment is added over executed size at the best ask within three seconds",
          "[metrics]") {
  MetricsPlay play(ProfileOf({"ask_replenishment"}));
  play.At(0).Bid(10.00, 100).Ask(10.02, 500).Ask(10.03, 500).Row();
  CHECK(play.ValueAt(250, "ask_replenishment") == Unready(NotReady::kWarmUp));
  play.At(3000).Trade(10.02, 200, Side::kBid).Ask(10.02, 300, Cause::kExecute).Row();
  CHECK(play.ValueAt(3250, "ask_replenishment") == Ready(0));
  play.At(3300).Ask(10.02, 450, Cause::kAdd).Row();
  play.At(3400).Ask(10.03, 900, Cause::kAdd).Row();     // not the best ask
  play.At(3450).Ask(10.02, 350, Cause::kCancel).Row();  // a cancel is no execution
  CHECK(play.ValueAt(3500, "ask_replenishment") == Ready(0.75));
  play.At(3600).Ask(10.02, 401, Cause::kAdd).Row();
  CHECK(play.LastSnapshot().triggered == std::vector{StrategyInstanceIdOf("test@1#1")});  // above 1: shown at once
  CHECK_THAT(play.ValueAt(3750, "ask_replenishment").value, WithinAbs(201.0 / 200, 1e-12));
  CHECK(play.Fired().empty());  // one refill is no iceberg
  play.At(6100).Row();          // the execution of 3000 has left the window
  CHECK(play.ValueAt(6250, "ask_replenishment") == Unready(NotReady::kDivisorZero));
}

TEST_CASE("FX-08: a feed without causes has its executions from the prints at the ask", "[metrics]") {
  MetricsPlay play(ProfileOf({"ask_replenishment"}), false);
  play.At(0).Bid(10.00, 100).Ask(10.02, 500).Row();
  play.At(3000).Trade(10.02, 200, Side::kBid).Ask(10.02, 300).Row();
  play.At(3050).Trade(10.00, 70, Side::kAsk).Row();  // at the bid
  play.At(3100).Ask(10.02, 400).Row();
  CHECK(play.ValueAt(3250, "ask_replenishment") == Ready(0.5));
}

TEST_CASE("ages: what only grew with time is told once a full second", "[metrics]") {
  MetricsPlay play(ProfileOf({"bid_wall_age"}));
  Wall(play, 0, 1000);
  for (int ms = 250; ms <= 3250; ms += 250) play.SnapshotAt(ms);
  size_t snapshots = 0;
  for (const FeatureSnapshot& snapshot : play.sink.Bodies<FeatureSnapshot>()) snapshots += snapshot.boundary ? 1 : 0;
  CHECK(snapshots == 4);  // at 250 ms, 1 s, 2 s and 3 s
}

}  // namespace
}  // namespace spillway::test
