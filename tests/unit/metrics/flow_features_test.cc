// What is added, executed, cancelled and refilled at one side of the book, played by hand.
#include <map>
#include <random>

#include "services/metrics/price_table.h"
#include "tests/support/metrics_play.h"

namespace spillway::test {
namespace {

using metrics::Ready;
using metrics::Unready;

// Five levels of 500 on each side of 10.00 / 10.01.
void FiveLevels(MetricsPlay& play) {
  play.At(0);
  for (int i = 0; i < 5; ++i) {
    play.feed.Bid(10.00 - 0.01 * i, 500, Cause::kSnapshot).Ask(10.01 + 0.01 * i, 500, Cause::kSnapshot);
  }
  play.feed.Row();
}
v1::Profile FlowProfile(const std::vector<std::string>& features) {
  v1::Profile profile = ProfileOf(features);
  profile.mutable_features()->set_depth_levels(2);
  return profile;
}

// The same flow told with causes and without: 200 of the best ask are bought, 100 of it and 300 of the second level are
// cancelled, 50 of the third is beyond the levels looked at.
void BoughtAndCancelled(MetricsPlay& play, bool causes) {
  const auto cause = [&](Cause told) { return causes ? told : Cause::kUnknown; };
  FiveLevels(play);
  play.At(5000).Trade(10.01, 200, Side::kBid).Ask(10.01, 300, cause(Cause::kExecute)).Row();
  play.At(5400).Ask(10.01, 200, cause(Cause::kCancel)).Row();
  play.At(5410).Ask(10.02, 200, cause(Cause::kCancel)).Ask(10.03, 450, cause(Cause::kCancel)).Row();
}

TEST_CASE("FX-07: executed and cancelled at the best levels are both reported, with and without causes", "[metrics]") {
  for (const bool causes : {true, false}) {
    INFO((causes ? "with causes" : "without causes"));
    MetricsPlay play(FlowProfile({"ask_executed", "ask_cancelled", "bid_executed", "bid_cancelled"}), causes);
    BoughtAndCancelled(play, causes);
    CHECK(play.ValueAt(5500, "ask_executed") == Ready(200));
    CHECK(play.ValueAt(5500, "ask_cancelled") == Ready(causes ? 400 : 0));  // a print could still come
    CHECK(play.ValueAt(5750, "ask_cancelled") == Ready(400));
    CHECK(play.ValueAt(5750, "bid_executed") == Ready(0));
    CHECK(play.ValueAt(5750, "bid_cancelled") == Ready(0));
    CHECK(play.ValueAt(8000, "ask_executed") == Ready(0));
    CHECK(play.ValueAt(8000, "ask_cancelled") == Ready(400));
    CHECK(play.ValueAt(8750, "ask_cancelled") == Ready(0));
  }
}

TEST_CASE("FX-07: a print after its decrease is matched too, one later than 250 ms is not", "[metrics]") {
  for (const double delay : {250.0, 251.0}) {
    MetricsPlay play(FlowProfile({"ask_executed", "ask_cancelled"}), false);
    FiveLevels(play);
    play.At(5000).Ask(10.01, 300).Row();
    play.At(5000 + delay).Trade(10.01, 150, Side::kBid).Row();
    const bool in_time = delay == 250;
    CHECK(play.ValueAt(5750, "ask_executed") == Ready(in_time ? 150 : 0));
    CHECK(play.ValueAt(5750, "ask_cancelled") == Ready(in_time ? 50 : 200));
  }
}

TEST_CASE("FX-07: what an update of an order takes away is a cancel", "[metrics]") {
  MetricsPlay play(FlowProfile({"bid_cancelled", "bid_cancel_rate"}));
  const auto order = [&](MarketEventKind kind, double size) {
    MarketEvent event;
    event.kind = kind;
    event.side = Side::kBid;
    event.price = Px(10);
    event.quantity = Qty(size);
    event.reference = 77;
    return event;
  };
  play.At(0).Ask(10.01, 500).Add(order(MarketEventKind::kOrderAdd, 900)).Row();
  play.At(5000).Add(order(MarketEventKind::kOrderModify, 300)).Row();
  CHECK(play.ValueAt(5250, "bid_cancelled") == Ready(600));
  CHECK(play.ValueAt(5250, "bid_cancel_rate") == Ready(1));
}

TEST_CASE("IR-4: additions, cancels and updates per second at the best levels of a side", "[metrics]") {
  v1::Profile profile = ProfileOf({"bid_add_rate", "bid_cancel_rate", "bid_update_rate", "ask_update_rate"});
  profile.mutable_features()->set_rate_levels(3);
  profile.mutable_features()->set_rate_window_ns(2'000'000'000);
  MetricsPlay play(profile);
  FiveLevels(play);
  play.At(5000).Bid(10.00, 600, Cause::kAdd).Row();
  play.At(5100).Bid(9.99, 700, Cause::kAdd).Row();
  play.At(5200).Bid(9.98, 400, Cause::kCancel).Row();
  play.At(5300).Bid(10.00, 550, Cause::kExecute).Row();
  play.At(5400).Bid(9.97, 900, Cause::kAdd).Row();      // the fourth level
  play.At(5500).Bid(9.99, 1200, Cause::kWindow).Row();  // nothing happened to it
  CHECK(play.ValueAt(5750, "bid_add_rate") == Ready(1));
  CHECK(play.ValueAt(5750, "bid_cancel_rate") == Ready(0.5));
  CHECK(play.ValueAt(5750, "bid_update_rate") == Ready(2));
  CHECK(play.ValueAt(5750, "ask_update_rate") == Ready(0));
  CHECK(play.ValueAt(7250, "bid_update_rate") == Ready(0.5));  // of (5250, 7250]
}

TEST_CASE(
    "FX-19, S1-I1.3: absorption is the executed part of what left the best ask, from two prints and 100 shares on",
    "[metrics]") {
  MetricsPlay play(ProfileOf({"ask_absorption", "bid_absorption"}));
  FiveLevels(play);
  play.At(4000).Trade(10.01, 150, Side::kBid).Ask(10.01, 350, Cause::kExecute).Row();
  CHECK(play.ValueAt(4250, "ask_absorption") == Ready(0));  // one print
  play.At(4300).Trade(10.01, 150, Side::kBid).Ask(10.01, 200, Cause::kExecute).Row();
  CHECK(play.ValueAt(4500, "ask_absorption") == Ready(1));
  play.At(4600).Ask(10.01, 100, Cause::kCancel).Row();
  play.At(4700).Ask(10.02, 100, Cause::kCancel).Row();  // not at the best
  CHECK(play.ValueAt(4750, "ask_absorption") == Ready(0.75));
  CHECK(play.ValueAt(4750, "bid_absorption") == Ready(0));
  CHECK(play.ValueAt(7500, "ask_absorption") == Ready(0));
}

TEST_CASE("FX-19: two prints of less than 100 shares are no absorption", "[metrics]") {
  MetricsPlay play(ProfileOf({"ask_absorption"}));
  FiveLevels(play);
  play.At(4000).Trade(10.01, 50, Side::kBid).Ask(10.01, 450, Cause::kExecute).Row();
  play.At(4010).Trade(10.01, 49, Side::kBid).Ask(10.01, 401, Cause::kExecute).Row();
  CHECK(play.ValueAt(4250, "ask_absorption") == Ready(0));
  play.At(4260).Trade(10.01, 1, Side::kBid).Ask(10.01, 400, Cause::kExecute).Row();
  CHECK(play.ValueAt(4500, "ask_absorption") == Ready(1));
}

TEST_CASE("FX-19, S1-I1.4: tape acceleration is against the thirty seconds before, not against all older trades",
          "[metrics]") {
  MetricsPlay play(ProfileOf({"tape_acceleration"}));
  FiveLevels(play);
  for (int i = 0; i < 100; ++i) play.At(100 + i).Trade(10, 1).Row();  // long ago
  CHECK(play.ValueAt(40'000, "tape_acceleration") == Unready(NotReady::kDivisorZero));
  for (int i = 0; i < 15; ++i) play.At(41'000 + i * 2000).Trade(10, 1).Row();  // one in two seconds, until 69 s
  for (int i = 0; i < 3; ++i) play.At(70'100 + i * 100).Trade(10, 1).Row();
  // (69, 72] has three, (39, 69] has fifteen.
  CHECK_THAT(play.ValueAt(72'000, "tape_acceleration").value, WithinAbs((3 / 3.0) / (15 / 30.0), 1e-12));
}

TEST_CASE("FX-19, S1-I1.5: depletion is the executed part of the largest ask wall, not ready without one",
          "[metrics]") {
  for (const bool causes : {true, false}) {
    MetricsPlay play(ProfileOf({"ask_wall_depletion", "bid_wall_depletion"}), causes);
    const Cause execute = causes ? Cause::kExecute : Cause::kUnknown;
    FiveLevels(play);
    CHECK(play.ValueAt(250, "ask_wall_depletion") == Unready(NotReady::kNoWall));
    play.At(300).Ask(10.01, 2000, causes ? Cause::kAdd : Cause::kUnknown).Row();
    CHECK(play.ValueAt(500, "ask_wall_depletion") == Ready(0));
    CHECK(play.ValueAt(500, "bid_wall_depletion") == Unready(NotReady::kNoWall));
    play.At(600).Trade(10.01, 500, Side::kBid).Ask(10.01, 1500, execute).Row();
    CHECK(play.ValueAt(750, "ask_wall_depletion") == Ready(0.25));
    play.At(800).Trade(10.01, 1100, Side::kBid).Ask(10.01, 400, execute).Row();
    CHECK(play.ValueAt(1000, "ask_wall_depletion") == Ready(0.8));
    play.At(1100).Trade(10.01, 400, Side::kBid).Ask(10.01, 0, execute).Row();
    CHECK(play.ValueAt(1250, "ask_wall_depletion") == Unready(NotReady::kNoWall));
  }
}

// The example of spoof_score.h.
TEST_CASE("IR-4: the spoof score is high for orders that flash and low for a book that breathes", "[metrics]") {
  MetricsPlay play(ProfileOf({"bid_spoof_score", "ask_spoof_score"}));
  FiveLevels(play);
  CHECK(play.ValueAt(3250, "bid_spoof_score") == Ready(0));  // nothing left
  play.At(5000).Bid(10.00, 5000, Cause::kAdd).Row();
  play.At(5100).Trade(10.00, 100, Side::kAsk).Bid(10.00, 4900, Cause::kExecute).Row();
  play.At(5200).Bid(10.00, 400, Cause::kCancel).Row();
  CHECK_THAT(play.ValueAt(5250, "bid_spoof_score").value, WithinAbs(4000.0 / 4600, 1e-12));
  CHECK(play.ValueAt(5250, "ask_spoof_score") == Ready(0));
  CHECK(play.ValueAt(8250, "bid_spoof_score") == Ready(0));
  // Sizes that come and go about what stands.
  for (int i = 0; i < 8; ++i)
    play.At(10'000 + i * 100).Ask(10.01, i % 2 == 0 ? 400 : 500, i % 2 == 0 ? Cause::kCancel : Cause::kAdd).Row();
  CHECK(play.ValueAt(11'000, "ask_spoof_score") == Ready(0));
  // Nothing but flashes, at prices of their own.
  for (int i = 0; i < 10; ++i) {
    play.At(20'000 + i * 100).Bid(10.004, 3000, Cause::kAdd).Row();
    play.At(20'050 + i * 100).Bid(10.004, 0, Cause::kCancel).Row();
  }
  CHECK(play.ValueAt(21'250, "bid_spoof_score") == Ready(1));
}

TEST_CASE("IR-4: what is executed, or left from what stood, is no spoof", "[metrics]") {
  MetricsPlay play(ProfileOf({"bid_spoof_score"}));
  FiveLevels(play);
  play.At(5000).Bid(10.00, 3000, Cause::kAdd).Row();
  play.At(5100).Trade(10.00, 2900, Side::kAsk).Bid(10.00, 100, Cause::kExecute).Row();
  CHECK(play.ValueAt(5250, "bid_spoof_score") == Ready(0));
  play.At(10'000).Bid(9.99, 0, Cause::kCancel).Row();
  CHECK(play.ValueAt(10'250, "bid_spoof_score") == Ready(0));
}

TEST_CASE("FX-07: a burst of cancels is twice as many as additions over 1 s and 3 s, and nothing prints", "[metrics]") {
  MetricsPlay play(ProfileOf({"bid_cancel_burst", "ask_cancel_burst"}));
  FiveLevels(play);
  play.At(5000).Bid(9.99, 600, Cause::kAdd).Row();
  play.At(5100).Bid(10.00, 400, Cause::kCancel).Row();
  CHECK(play.ValueAt(5250, "bid_cancel_burst") == Ready(0));  // one each
  play.At(5300).Bid(9.99, 500, Cause::kCancel).Row();
  CHECK(play.ValueAt(5500, "bid_cancel_burst") == Ready(1));
  CHECK(play.ValueAt(5500, "ask_cancel_burst") == Ready(0));
  play.At(5600).Trade(10.00, 1, Side::kAsk).Row();
  CHECK(play.ValueAt(5750, "bid_cancel_burst") == Ready(0));
  play.At(9000).Bid(10.00, 300, Cause::kCancel).Row();
  CHECK(play.ValueAt(9250, "bid_cancel_burst") == Ready(1));
  CHECK(play.ValueAt(10'250, "bid_cancel_burst") == Ready(0));  // none within 1 s
}

TEST_CASE("FX-08: an iceberg's sign is the number of refills after fills at one price", "[metrics]") {
  MetricsPlay play(ProfileOf({"ask_refills", "bid_refills"}));
  FiveLevels(play);
  play.At(10'000);
  for (int i = 0; i < 3; ++i) {
    play.At(10'000 + i * 300).Trade(10.01, 500, Side::kBid).Ask(10.01, 0, Cause::kExecute).Row();
    play.At(10'100 + i * 300).Ask(10.01, 500, Cause::kAdd).Row();
    play.At(10'120 + i * 300).Ask(10.01, 600, Cause::kAdd).Row();  // no fill before it
    play.At(10'150 + i * 300).Ask(10.01, 500, Cause::kCancel).Row();
  }
  CHECK(play.ValueAt(11'000, "ask_refills") == Ready(3));
  CHECK(play.ValueAt(11'000, "bid_refills") == Ready(0));
  const std::vector<DetectorFired> fired = play.Fired();
  REQUIRE(fired.size() == 1);
  CHECK(fired[0].detector == DetectorKind::kIceberg);
  CHECK(fired[0].side == Side::kAsk);
  CHECK(fired[0].price == Px(10.01));
  // Another price has its own count; an addition later than a second is none.
  play.At(12'000).Trade(10.01, 500, Side::kBid).Ask(10.01, 0, Cause::kExecute).Row();
  play.At(12'010).Trade(10.02, 100, Side::kBid).Ask(10.02, 400, Cause::kExecute).Row();
  play.At(12'100).Ask(10.02, 500, Cause::kAdd).Row();
  play.At(13'100).Ask(10.01, 500, Cause::kAdd).Row();
  CHECK(play.ValueAt(13'250, "ask_refills") == Ready(3));
  CHECK(play.ValueAt(20'500, "ask_refills") == Ready(1));  // (10.5, 20.5]: one each
}

TEST_CASE("FX-08, S1-I2.2: three additions of ten lots at the ask that met no print", "[metrics]") {
  MetricsPlay play(ProfileOf({"ask_refill_without_print", "bid_refill_without_print"}));
  FiveLevels(play);
  play.At(5000).Ask(10.01, 900, Cause::kAdd).Row();
  play.At(5010).Ask(10.01, 1300, Cause::kAdd).Row();
  play.At(5020).Ask(10.02, 1000, Cause::kAdd).Row();  // not at the best
  CHECK(play.ValueAt(5250, "ask_refill_without_print") == Ready(0));
  play.At(5300).Ask(10.01, 1500, Cause::kAdd).Row();  // 400 + 400 + 200
  CHECK(play.ValueAt(5500, "ask_refill_without_print") == Ready(1));
  CHECK(play.ValueAt(5500, "bid_refill_without_print") == Ready(0));
  play.At(5600).Trade(10.01, 1, Side::kBid).Row();
  CHECK(play.ValueAt(5750, "ask_refill_without_print") == Ready(0));
}

TEST_CASE("FX-22, S1-B8.2: passive absorption is three times the displayed ask bought while the price holds",
          "[metrics]") {
  MetricsPlay play(ProfileOf({"ask_passive_absorption"}));
  FiveLevels(play);
  CHECK(play.ValueAt(10'000, "ask_passive_absorption") == Unready(NotReady::kWarmUp));
  CHECK(play.ValueAt(10'250, "ask_passive_absorption") == Ready(0));
  for (int i = 0; i < 3; ++i) {
    play.At(12'000 + i * 1000).Trade(10.01, 500, Side::kBid).Ask(10.01, 0, Cause::kExecute).Row();
    play.At(12'010 + i * 1000).Ask(10.01, 500, Cause::kAdd).Row();  // 10.02 was the best for 10 ms: one tick
  }
  CHECK(play.ValueAt(14'250, "ask_passive_absorption") == Ready(3));
  const std::vector<DetectorFired> fired = play.Fired();
  REQUIRE(fired.size() == 1);
  CHECK(fired[0].detector == DetectorKind::kAbsorption);
  CHECK(fired[0].side == Side::kAsk);
  CHECK(fired[0].seen == 3);
  // Two ticks are a movement.
  play.At(15'000).Ask(10.01, 0, Cause::kCancel).Ask(10.02, 0, Cause::kCancel).Row();
  CHECK(play.ValueAt(15'250, "ask_passive_absorption") == Ready(0));
  CHECK(play.Fired().size() == 2);
}

TEST_CASE("FX-22, S1-B8.3: sustained support compares the best bid with its mean of ten seconds", "[metrics]") {
  MetricsPlay play(ProfileOf({"bid_support", "ask_support"}));
  FiveLevels(play);
  CHECK(play.ValueAt(9750, "bid_support") == Unready(NotReady::kWarmUp));
  CHECK(play.ValueAt(10'000, "bid_support") == Ready(1));
  play.At(10'100).Bid(10.00, 340, Cause::kCancel).Row();
  // 39 samples of 500 and one of 340.
  CHECK_THAT(play.ValueAt(10'250, "bid_support").value, WithinAbs(340 / ((39 * 500 + 340) / 40.0), 1e-12));
  CHECK(play.ValueAt(10'250, "ask_support") == Ready(1));
  CHECK(play.ValueAt(20'250, "bid_support") == Ready(1));
  play.At(20'300).Bid(10.00, 0).Bid(9.99, 0).Bid(9.98, 0).Bid(9.97, 0).Bid(9.96, 0).Row();
  CHECK(play.ValueAt(20'500, "bid_support") == Unready(NotReady::kBidSideEmpty));
}

TEST_CASE("S1-B2.6: the distance from VWAP is that of the last eligible trade, either way", "[metrics]") {
  MetricsPlay play(ProfileOf({"vwap_distance"}));
  FiveLevels(play);
  CHECK(play.ValueAt(250, "vwap_distance") == Unready(NotReady::kNoTrades));
  play.At(300).Trade(10.00, 100).Row();
  play.At(400).Trade(10.04, 100).Row();
  CHECK_THAT(play.ValueAt(500, "vwap_distance").value, WithinAbs(0.02, 1e-9));
  play.At(600).Trade(9.96, 100).Row();
  CHECK_THAT(play.ValueAt(750, "vwap_distance").value, WithinAbs(0.04, 1e-9));
}

TEST_CASE("FX-19: the book's age is the unbroken time in which it is valid", "[metrics]") {
  MetricsPlay play(ProfileOf({"book_valid_for"}));
  FiveLevels(play);
  CHECK(play.ValueAt(30'000, "book_valid_for") == Ready(30));
  play.At(30'100).Bid(10.01, 100).Row();  // locked
  CHECK(play.ValueAt(30'250, "book_valid_for") == Unready(NotReady::kBookInvalid));
  play.At(30'500).Bid(10.01, 0).Row();
  CHECK(play.ValueAt(31'500, "book_valid_for") == Ready(1));
}

TEST_CASE("FX-10, S1-I2.4: the tape is frozen while quotes move and nothing prints", "[metrics]") {
  MetricsPlay play(ProfileOf({"tape_freeze", "tape_stall"}));
  FiveLevels(play);
  CHECK(play.ValueAt(250, "tape_freeze") == Unready(NotReady::kNoTrades));
  play.At(1000).Trade(10.00, 100, Side::kAsk).Row();
  play.At(2000).Bid(10.00, 450, Cause::kCancel).Row();  // a size, not a quote that moved
  CHECK(play.ValueAt(5000, "tape_freeze") == Ready(0));
  CHECK(play.ValueAt(5000, "tape_stall") == Ready(4));
  play.At(6000).Bid(10.00, 0, Cause::kCancel).Row();
  CHECK(play.ValueAt(11'000, "tape_freeze") == Ready(10));
  play.At(11'100).Trade(9.99, 100, Side::kAsk).Row();
  CHECK(play.ValueAt(12'250, "tape_freeze") == Ready(0));
}

TEST_CASE("IR-7: the tape of one side counts the trades that took it", "[metrics]") {
  MetricsPlay play(ProfileOf({"buy_velocity", "sell_velocity", "tape_velocity"}));
  FiveLevels(play);
  play.At(4000).Trade(10.01, 1, Side::kBid, 1).Row();
  play.At(4010).Trade(10.01, 1, Side::kBid, 2).Row();
  play.At(4020).Trade(10.00, 1, Side::kAsk, 3).Row();
  play.At(4030).Trade(10.01, 1).Row();   // at the ask: bought
  play.At(4040).Trade(10.005, 1).Row();  // between the quotes: nobody's
  CHECK(play.ValueAt(4250, "buy_velocity") == Ready(1));
  CHECK_THAT(play.ValueAt(4250, "sell_velocity").value, WithinAbs(1.0 / 3, 1e-12));
  CHECK_THAT(play.ValueAt(4250, "tape_velocity").value, WithinAbs(5.0 / 3, 1e-12));
}

TEST_CASE("C-07: what a feed cannot tell of a side's flow is not carried", "[metrics]") {
  MetricsPlay play(ProfileOf({"ask_absorption", "bid_spoof_score", "bid_add_rate", "buy_velocity", "bid_support"}));
  Event capabilities = CapabilitiesOf(false, 1);
  std::get<FeedCapabilities>(capabilities.body).trades = false;
  play.Give(capabilities);
  FiveLevels(play);
  for (const char* feature : {"ask_absorption", "bid_spoof_score", "bid_add_rate", "buy_velocity"}) {
    INFO(feature);
    CHECK(play.ValueAt(12'000, feature) == Unready(NotReady::kNotCarried));
  }
  CHECK(play.ValueAt(12'000, "bid_support") == Ready(1));
}

TEST_CASE("FX-73: the volume of the last minute, with trades that were busted or corrected", "[metrics]") {
  MetricsPlay play(ProfileOf({"traded_volume"}), true);
  FiveLevels(play);
  play.At(10'000).Trade(10.01, 200, Side::kBid).Row();
  play.At(30'000).Trade(10.00, 100, Side::kAsk, 7).Row();
  play.At(31'000).Trade(10.00, 900, Side::kAsk, 8).Row();
  Event taken_back;
  taken_back.header.instrument = 1;
  taken_back.header.event_time = MarketBuilder::kStart + std::chrono::milliseconds(31'500);
  taken_back.body = TradeBust{8};
  play.Give(taken_back);
  CHECK(play.ValueAt(40'000, "traded_volume") == Unready(NotReady::kWarmUp));
  const auto at = [&](int64_t milliseconds, double size) {  // it is no news by itself: the quotes move
    play.At(static_cast<double>(milliseconds) - 100).Bid(10.00, size).Row();
    return play.ValueAt(milliseconds, "traded_volume");
  };
  CHECK(at(61'000, 501) == Ready(300));
  CHECK(at(71'000, 502) == Ready(100));
  CHECK(at(91'000, 503) == Ready(0));
}

TEST_CASE("the table by price holds what a map holds, through growth and erasing", "[metrics]") {
  std::mt19937_64 random(9);
  metrics::PriceTable<int64_t> table;
  std::map<int64_t, int64_t> map;
  for (int i = 0; i < 20'000; ++i) {
    const auto key = static_cast<int64_t>(random() % 300) * 10'000'000 * (random() % 2 == 0 ? 1 : -1);
    if (random() % 3 == 0) {
      table.Erase(key);
      map.erase(key);
    } else {
      ++table[key];
      ++map[key];
    }
    const int64_t* found = table.Find(key);
    const auto expected = map.find(key);
    REQUIRE((found != nullptr) == (expected != map.end()));
    if (found != nullptr) REQUIRE(*found == expected->second);
    REQUIRE(table.size() == map.size());
  }
  size_t seen = 0;
  table.ForEach([&](int64_t key, int64_t value) { seen += map.at(key) == value; });
  CHECK(seen == map.size());
}

}  // namespace
}  // namespace spillway::test
