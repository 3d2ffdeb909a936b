#include "tests/unit/risk/risk_scenario.h"

namespace spillway::test {
namespace {

v1::Profile SymbolScope() {
  v1::Profile profile = ClassicProfile();
  profile.mutable_throttle()->set_halt_scope(v1::HALT_SCOPE_SYMBOL);
  profile.mutable_throttle()->set_news_scope(v1::HALT_SCOPE_SYMBOL);
  return profile;
}

v1::Profile PriceMove(double percent, v1::HaltScope scope) {
  v1::Profile profile = SymbolScope();
  profile.mutable_throttle()->set_price_move_percent(percent);
  profile.mutable_throttle()->set_price_move_window_ns(Duration(std::chrono::seconds(60)).count());
  profile.mutable_throttle()->set_halt_scope(scope);
  return profile;
}

TEST_CASE("S0-5.3, S1-A5.3, C-18, FX-12: a halt stops everything, and five minutes beyond its end", "[risk]") {
  RiskDay day;
  CHECK(day.Send(day.lane.At("10:00").Halt(2, TradingStatus::kHalted)) == "10:00:00.000 paused global halt");
  CHECK(day.IntentAt("10:01") == "10:01:00.000 refused GLOBAL_HALT seen=0 limit=0 s");
  CHECK(day.Send(day.lane.At("10:02").Halt(3, TradingStatus::kPaused)).empty());
  CHECK(day.Send(day.lane.At("10:03").Halt(2, TradingStatus::kTrading)).empty());
  CHECK(day.Send(day.lane.At("10:04").Halt(3, TradingStatus::kTrading)) ==
        "10:04:00.000 paused global halt until 10:09:00.000");
  CHECK(day.IntentAt("10:08:59.999").find("refused GLOBAL_HALT seen=0.001") != std::string::npos);
  CHECK(day.IntentAt("10:09") == "10:09:00.000 resumed global halt\n10:09:00.000 approved 833 cap=risk risk=99.96");
}

TEST_CASE("risk: a halt during the countdown after another starts it again", "[risk]") {
  RiskDay day;
  day.Send(day.lane.At("10:00").Halt(2, TradingStatus::kHalted));
  day.Send(day.lane.At("10:01").Halt(2, TradingStatus::kTrading));
  CHECK(day.Send(day.lane.At("10:02").Halt(2, TradingStatus::kHalted)) == "10:02:00.000 paused global halt");
  CHECK(day.Send(day.lane.At("10:30").Tick()).empty());
  CHECK(day.Send(day.lane.At("10:31").Halt(2, TradingStatus::kTrading)) ==
        "10:31:00.000 paused global halt until 10:36:00.000");
}

TEST_CASE("risk: under symbol scope a halt stops its symbol until it trades again", "[risk]") {
  RiskDay day(SymbolScope());
  CHECK(day.Send(day.lane.At("10:00").Halt(2, TradingStatus::kQuotationOnly)) == "10:00:00.000 paused symbol halt");
  CHECK(day.IntentAt("10:01", {.instrument = 2}) == "10:01:00.000 refused SYMBOL_HALT seen=0 limit=0 s");
  CHECK(day.IntentAt("10:01", {.instrument = 1}) == "10:01:00.000 approved 833 cap=risk risk=99.96");
  CHECK(day.Send(day.lane.At("10:02").Halt(2, TradingStatus::kTrading)) == "10:02:00.000 resumed symbol halt");
  CHECK(day.IntentAt("10:02", {.instrument = 2}) == "10:02:00.000 approved 833 cap=risk risk=99.96");
}

TEST_CASE("risk: a market-wide halt stops every symbol under either scope", "[risk]") {
  RiskDay day(SymbolScope());
  CHECK(day.Send(day.lane.At("10:00").Halt(0, TradingStatus::kHalted)) == "10:00:00.000 paused global halt");
  CHECK(day.IntentAt("10:01") == "10:01:00.000 refused GLOBAL_HALT seen=0 limit=0 s");
}

TEST_CASE("risk: an unknown trading status is no permission to trade", "[risk]") {
  RiskDay day(SymbolScope());
  day.Send(day.lane.At("10:00").Halt(1, TradingStatus::kUnknown));
  CHECK(day.IntentAt("10:01").find("SYMBOL_HALT") != std::string::npos);
}

TEST_CASE("risk: news stops for five minutes from the last headline", "[risk]") {
  RiskDay day(SymbolScope());
  CHECK(day.Send(day.lane.At("10:00").News(1)) == "10:00:00.000 paused symbol news until 10:05:00.000");
  CHECK(day.Send(day.lane.At("10:03").News(1)) == "10:03:00.000 paused symbol news until 10:08:00.000");
  CHECK(day.IntentAt("10:07", {.instrument = 1}) == "10:07:00.000 refused SYMBOL_HALT seen=60 limit=0 s");
  CHECK(day.IntentAt("10:07", {.instrument = 2}) == "10:07:00.000 approved 833 cap=risk risk=99.96");
  CHECK(day.Send(day.lane.At("10:08").Tick()) == "10:08:00.000 resumed symbol news");
  CHECK(day.Send(day.lane.At("10:10").News(0)) == "10:10:00.000 paused global news until 10:15:00.000");
  CHECK(day.IntentAt("10:14", {.instrument = 3}) == "10:14:00.000 refused GLOBAL_HALT seen=60 limit=0 s");
}

TEST_CASE("risk: a price that moved more than the percentage within the window stops the symbol", "[risk]") {
  RiskDay day(PriceMove(3, v1::HALT_SCOPE_SYMBOL));
  day.Send(day.lane.At("10:00:00").Mark(1, 19.99, 20.01));
  CHECK(day.Send(day.lane.At("10:00:30").Mark(1, 20.59, 20.61)).empty());  // exactly 3% is not above it
  CHECK(day.Send(day.lane.At("10:00:40").Mark(1, 20.60, 20.62)) == "10:00:40.000 paused symbol price_move");
  CHECK(day.IntentAt("10:00:41") == "10:00:41.000 refused SYMBOL_HALT seen=0 limit=0 s");
  CHECK(day.IntentAt("10:00:41", {.instrument = 2}).find("approved") != std::string::npos);
  // The old price leaves the window without a new quote: the tick shows it.
  CHECK(day.Send(day.lane.At("10:01:00").Tick()).empty());
  CHECK(day.Send(day.lane.At("10:01:00.100").Tick()) == "10:01:00.100 paused symbol price_move until 10:06:00.100");
  CHECK(day.Send(day.lane.At("10:06:00.100").Tick()) == "10:06:00.100 resumed symbol price_move");
}

TEST_CASE("risk: a fall counts as a rise does; global scope stops everything", "[risk]") {
  RiskDay day(PriceMove(3, v1::HALT_SCOPE_GLOBAL));
  day.Send(day.lane.At("10:00:00").Mark(1, 19.99, 20.01));
  CHECK(day.Send(day.lane.At("10:00:40").Mark(1, 19.38, 19.40)) == "10:00:40.000 paused global price_move");
  CHECK(day.IntentAt("10:00:41", {.instrument = 2}).find("GLOBAL_HALT") != std::string::npos);
}

TEST_CASE("risk: without a percentage prices may move", "[risk]") {
  RiskDay day;
  day.Send(day.lane.At("10:00:00").Mark(1, 19.99, 20.01));
  CHECK(day.Send(day.lane.At("10:00:01").Mark(1, 39.99, 40.01)).empty());
}

TEST_CASE("risk: an instance that starts during a halt or after news respects it", "[risk]") {
  RiskDay day(SymbolScope());
  day.Send(day.lane.At("10:00").Halt(2, TradingStatus::kHalted));
  day.Send(day.lane.At("10:01").News(3));
  CHECK(day.Send(day.lane.At("10:02").Configure(SymbolScope(), "late#1")) ==
        "10:02:00.000 paused symbol halt\n10:02:00.000 paused symbol news until 10:06:00.000");
  CHECK(day.IntentAt("10:03", {.instrument = 2, .instance = "late#1"}).find("SYMBOL_HALT") != std::string::npos);
  day.Send(day.lane.At("10:04").Halt(2, TradingStatus::kTrading));
  CHECK(day.Send(day.lane.At("10:05").Configure(ClassicProfile(), "global#1")) ==
        "10:05:00.000 paused global halt until 10:09:00.000\n10:05:00.000 paused global news until 10:06:00.000");
}

TEST_CASE("risk: every pause has an id of its own, and its end follows from it", "[risk]") {
  RiskDay day;
  day.Send(day.lane.At("10:00").Halt(2, TradingStatus::kHalted));
  day.Send(day.lane.At("10:01").Halt(2, TradingStatus::kTrading));
  day.Send(day.lane.At("10:06").Tick());
  std::vector<Event> said = day.answers();
  std::erase_if(said, [](const auto& e) { return std::holds_alternative<AccountSnapshot>(e.body); });
  REQUIRE(said.size() == 3);
  CHECK(said[1].header.cause.event == said[0].header.id());
  CHECK(said[2].header.cause.event == said[1].header.id());
  CHECK(said[2].header.correlation == said[0].header.correlation);
}

}  // namespace
}  // namespace spillway::test
