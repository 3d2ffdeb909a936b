#include "tests/unit/risk/order_scenario.h"

namespace spillway::test {
namespace {

TEST_CASE("S0-6.4, S1-A6.4, EX-05: a good intent in the morning is approved, 0.25% of the account are 833 shares",
          "[risk]") {
  RiskDay day;
  CHECK(day.IntentAt("10:00") == "10:00:00.000 approved 833 cap=risk risk=99.96");
  const Event& answer = day.answers().back();
  const Event& intent = day.history.back();
  CHECK(answer.header.producer == Producer::kRisk);
  CHECK(answer.header.cause.event == intent.header.id());
  CHECK(answer.header.correlation == intent.header.correlation_id());
  CHECK(answer.header.instance == intent.header.instance);
  CHECK(answer.header.instrument == 1);
  CHECK(std::get<RiskDecision>(answer.body).intent == intent.header.id());
  CHECK(std::get<RiskDecision>(answer.body).route == Route::kAlert);
}

TEST_CASE("risk: EX-06: 1,111 shares of risk are capped at 500 shares, 45 USD at risk", "[risk]") {
  v1::Profile profile = ClassicProfile();
  profile.mutable_sizing()->set_shares_max_e8(Quantity::Units(500).e8());
  RiskDay day(profile);
  CHECK(day.IntentAt("10:00", {.entry = 12.04, .stop = 11.95, .target = 12.22}) ==
        "10:00:00.000 approved 500 cap=shares risk=45.00");
}

TEST_CASE(
    "S0-5.2, S0-9.4, S1-A5.2, S1-A9.4, C-13, FX-11, EX-07: three alerts in an hour, the fourth is refused and pauses "
    "until "
    "the first leaves",
    "[risk]") {
  RiskDay day;
  CHECK(day.IntentAt("10:00", {.instrument = 1}) == "10:00:00.000 approved 833 cap=risk risk=99.96");
  CHECK(day.IntentAt("10:20", {.instrument = 2}) == "10:20:00.000 approved 833 cap=risk risk=99.96");
  CHECK(day.IntentAt("10:40", {.instrument = 3}) == "10:40:00.000 approved 833 cap=risk risk=99.96");
  CHECK(day.IntentAt("10:50", {.instrument = 4}) ==
        "10:50:00.000 refused ALERTS_PER_HOUR seen=3 limit=3 alerts\n"
        "10:50:00.000 paused instance alerts_per_hour until 11:00:00.000");
  CHECK(day.IntentAt("10:59:59.999", {.instrument = 4}) ==
        "10:59:59.999 refused ALERTS_PER_HOUR seen=3 limit=3 alerts");
  CHECK(day.IntentAt("11:00:00.000", {.instrument = 4}) ==
        "11:00:00.000 resumed instance alerts_per_hour\n"
        "11:00:00.000 approved 833 cap=risk risk=99.96");
}

TEST_CASE("C-13, EX-07: on_exceed throttle: beyond the cap one alert in twenty minutes, no pause", "[risk]") {
  v1::Profile profile = ClassicProfile();
  profile.mutable_throttle()->set_on_exceed(v1::ON_EXCEED_THROTTLE);
  profile.mutable_throttle()->set_exceed_interval_ns(Duration(std::chrono::minutes(20)).count());
  RiskDay day(profile);
  day.IntentAt("10:00", {.instrument = 1});
  day.IntentAt("10:20", {.instrument = 2});
  day.IntentAt("10:40", {.instrument = 3});
  CHECK(day.IntentAt("10:50", {.instrument = 4}) == "10:50:00.000 refused ALERTS_PER_HOUR seen=600 limit=1200 s");
  CHECK(day.IntentAt("10:59:59.999", {.instrument = 4}).find("refused ALERTS_PER_HOUR seen=1199.999") !=
        std::string::npos);
  CHECK(day.IntentAt("11:00", {.instrument = 4}) == "11:00:00.000 approved 833 cap=risk risk=99.96");
}

TEST_CASE("risk: a pause ends at the first tick at or after its time", "[risk]") {
  RiskDay day;
  day.IntentAt("10:00:00.050", {.instrument = 1});
  day.IntentAt("10:20", {.instrument = 2});
  day.IntentAt("10:40", {.instrument = 3});
  day.IntentAt("10:50", {.instrument = 4});
  CHECK(day.Send(day.lane.At("11:00:00.000").Tick()).empty());
  CHECK(day.Send(day.lane.At("11:00:00.100").Tick()) == "11:00:00.100 resumed instance alerts_per_hour");
  CHECK(day.Send(day.lane.At("11:00:00.200").Tick()).empty());
}

TEST_CASE("S0-5.1, S1-A5.1, C-12, EX-08: the same ticker again after 9:59.999 is refused, after ten minutes allowed",
          "[risk]") {
  RiskDay day;
  day.IntentAt("10:00:00.000");
  CHECK(day.IntentAt("10:00:00.000") == "10:00:00.000 refused SAME_TICKER_COOLDOWN seen=0 limit=600 s");
  const std::string early = day.IntentAt("10:09:59.999");
  CHECK(early.find("refused SAME_TICKER_COOLDOWN seen=599.999") != std::string::npos);
  CHECK(day.IntentAt("10:10:00.000") == "10:10:00.000 approved 833 cap=risk risk=99.96");
}

TEST_CASE("risk: refuses what it does not know", "[risk]") {
  RiskDay day;
  CHECK(day.IntentAt("10:00", {.instance = "stranger#1"}) ==
        "10:00:00.000 refused PROFILE_UNKNOWN seen=0 limit=1 profiles");
  CHECK(day.IntentAt("10:00", {.instrument = 9}) ==
        "10:00:00.000 refused INSTRUMENT_UNKNOWN seen=9 limit=0 instrument");
  CHECK(day.IntentAt("10:00", {.side = Side::kNone}) == "10:00:00.000 refused SIDE_UNSPECIFIED seen=0 limit=0 side");
  day.Send(day.lane.Define(9, "NEW"));
  CHECK(day.IntentAt("10:00", {.instrument = 9}) == "10:00:00.000 refused NO_FRESH_MARK seen=0 limit=1 marks");
  day.Send(day.lane.Mark(9, 19.97, 20.00, BookCondition::kCrossed));
  CHECK(day.IntentAt("10:00", {.instrument = 9}) == "10:00:00.000 refused NO_FRESH_MARK seen=4 limit=0 book");
  day.Send(day.lane.Mark(9, 19.97, 20.00));
  CHECK(day.IntentAt("10:00", {.instrument = 9}) == "10:00:00.000 approved 833 cap=risk risk=99.96");
}

TEST_CASE("risk: a retired profile and one that does not read are unknown", "[risk]") {
  RiskDay day;
  day.Send(day.lane.At("10:00").Configure(ClassicProfile(), "classic#1", InstanceMode::kRetired));
  CHECK(day.IntentAt("10:00") == "10:00:00.000 refused PROFILE_UNKNOWN seen=0 limit=1 profiles");
  v1::Profile broken = ClassicProfile();
  broken.mutable_sizing()->set_equity_e8(0);
  day.Send(day.lane.Configure(broken));
  CHECK(day.IntentAt("10:00") == "10:00:00.000 refused PROFILE_UNKNOWN seen=0 limit=1 profiles");
  day.Send(day.lane.Configure(ClassicProfile()));
  CHECK(day.IntentAt("10:00") == "10:00:00.000 approved 833 cap=risk risk=99.96");
}

TEST_CASE("risk: a configuration acts at its effective time", "[risk]") {
  RiskDay day;
  v1::Profile bigger = ClassicProfile();
  bigger.mutable_sizing()->set_risk_percent(0.5);
  day.Send(day.lane.At("10:00").Configure(bigger, "classic#1", InstanceMode::kActive, NewYork("10:05")));
  CHECK(day.IntentAt("10:04:59.999", {.instrument = 1}) == "10:04:59.999 approved 833 cap=risk risk=99.96");
  CHECK(day.IntentAt("10:05", {.instrument = 2}) == "10:05:00.000 approved 1666 cap=risk risk=199.92");
}

TEST_CASE("risk: a stop that is not behind the entry is refused, for a long and for a short", "[risk]") {
  v1::Profile both = ClassicProfile();
  both.mutable_short_side()->set_enabled(true);
  RiskDay day(both);
  CHECK(day.IntentAt("10:00", {.stop = 20.00}) == "10:00:00.000 refused STOP_INVALID seen=20 limit=20 USD");
  CHECK(day.IntentAt("10:00", {.stop = 20.01}).find("STOP_INVALID") != std::string::npos);
  CHECK(day.IntentAt("10:00", {.stop = 0}).find("STOP_INVALID") != std::string::npos);
  CHECK(day.IntentAt("10:00", {.stop = -1}).find("STOP_INVALID") != std::string::npos);
  CHECK(day.IntentAt("10:00", {.stop = 19.88, .side = Side::kAsk}).find("STOP_INVALID") != std::string::npos);
  CHECK(day.IntentAt("10:00", {.stop = 20.12, .side = Side::kAsk}) == "10:00:00.000 approved 833 cap=risk risk=99.96");
}

TEST_CASE("risk: not one unit allowed is a refusal that names the cap", "[risk]") {
  RiskDay day;
  CHECK(day.IntentAt("10:00", {.entry = 300, .stop = 100}) == "10:00:00.000 refused SIZE_ZERO seen=0 limit=1 units");
  CHECK(day.IntentAt("10:00", {.entry = 300, .stop = 200}) == "10:00:00.000 approved 1 cap=risk risk=100.00");
  CHECK(day.IntentAt("10:15", {.quantity_max = 0}) == "10:15:00.000 refused SIZE_ZERO seen=0 limit=1 units");
  CHECK(std::get<RiskDecision>(day.answers().back().body).binding_cap == SizeCap::kIntent);
}

TEST_CASE("S0-9.2, S1-A9.2: while a feed is not up, or none has reported, intents are refused", "[risk]") {
  RiskDay day;
  day.Send(day.lane.At("10:00").Feed(FeedState::kLagging, 2));
  CHECK(day.IntentAt("10:00") == "10:00:00.000 refused FEED_SUSPENDED seen=1 limit=2 feeds up");
  day.Send(day.lane.Feed(FeedState::kUp, 2));
  CHECK(day.IntentAt("10:00") == "10:00:00.000 approved 833 cap=risk risk=99.96");

  risk::RiskProcessor risk;
  TradingLane lane;
  CollectingSink sink;
  lane.At("10:00");
  for (const Event& event : {lane.Configure(ClassicProfile()), lane.Define(1, "SYM1"), lane.Session(),
                             lane.Mark(1, 19.97, 20.00), lane.Intent({})}) {
    risk.Process(event, sink);
  }
  std::erase_if(sink.events, [](const auto& e) { return std::holds_alternative<AccountSnapshot>(e.body); });
  REQUIRE(sink.events.size() == 1);
  CHECK(RiskLine(sink.events[0]) == "10:00:00.000 refused FEED_SUSPENDED seen=0 limit=1 feeds up");
}

TEST_CASE("S0-9.3, S1-A9.3: alerts_per_minute_hard counts a rolling minute", "[risk]") {
  v1::Profile profile = ClassicProfile();
  profile.mutable_throttle()->clear_alerts_per_hour();
  RiskDay day(profile);
  day.IntentAt("10:00:00", {.instrument = 1});
  day.IntentAt("10:00:10", {.instrument = 2});
  day.IntentAt("10:00:20", {.instrument = 3});
  CHECK(day.IntentAt("10:00:59.999", {.instrument = 4}) ==
        "10:00:59.999 refused ALERT_RATE_HARD seen=3 limit=3 alerts");
  CHECK(day.IntentAt("10:01:00", {.instrument = 4}) == "10:01:00.000 approved 833 cap=risk risk=99.96");
}

TEST_CASE("risk: a refused intent uses up nothing", "[risk]") {
  RiskDay day;
  for (int i = 0; i < 10; ++i) CHECK(day.IntentAt("10:00", {.stop = 21}).find("STOP_INVALID") != std::string::npos);
  CHECK(day.IntentAt("10:00") == "10:00:00.000 approved 833 cap=risk risk=99.96");
}

TEST_CASE("risk: shadow instances count for themselves and are never routed beyond an alert", "[risk]") {
  v1::Profile profile = ClassicProfile();
  profile.set_execution_mode(v1::EXECUTION_MODE_AUTO);
  RiskDay day(profile);
  OpenAccount(day);
  day.Send(day.lane.At("09:40").Configure(profile, "shadow#1", InstanceMode::kShadow));
  for (InstrumentId id = 1; id <= 3; ++id) {
    day.IntentAt("10:00", {.instrument = id, .instance = "shadow#1", .shadow = true});
    CHECK(std::get<RiskDecision>(day.answers().back().body).route == Route::kAlert);
  }
  CHECK(day.IntentAt("10:00", {.instrument = 1}) == "10:00:00.000 approved 833 cap=risk risk=99.96");
  CHECK(std::get<RiskDecision>(day.answers().back().body).route == Route::kAuto);
}

}  // namespace
}  // namespace spillway::test
