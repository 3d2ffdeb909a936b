// Each rule of the account, one after the other.
#include "tests/unit/risk/order_scenario.h"

namespace spillway::test {
namespace {

OrderDay DayWith(const v1::RiskProfile& risk, const v1::Profile& profile = AutoProfile()) {
  OrderDay day(risk, profile);
  for (InstrumentId id = 1; id <= 4; ++id) day.MarkAt(id, 49.99, 50);
  return day;
}

TEST_CASE("S3-B3.1: without a risk profile, or one that does not read, no order is approved", "[risk]") {
  OrderDay day;
  ConfigurationVersion version;
  version.kind = ConfigurationKind::kRisk;
  version.document = "no protobuf";
  day.Send(day.lane.Make(version));
  CHECK(day.Ask() == "refused NO_RISK_PROFILE");
  day.Send(ConfigureRisk(day.lane, OpenRisk()));
  day.MarkAt(1, 49.99, 50);
  CHECK(day.Ask() == "approved 500");
  version.mode = InstanceMode::kRetired;
  day.Send(day.lane.Make(version));
  CHECK(day.Ask(2) == "refused NO_RISK_PROFILE");
  CHECK(day.processor().configurations_refused() == 1);
}

TEST_CASE("risk: a risk profile acts from its effective time on", "[risk]") {
  OrderDay day = DayWith(OpenRisk());
  v1::RiskProfile none = OpenRisk();
  none.mutable_orders()->add_block("SYM1");
  day.Send(ConfigureRisk(day.lane, none, NewYork("10:05")));
  CHECK(day.Ask() == "approved 500");
  day.lane.At("10:05");
  day.Send(day.lane.Tick());
  CHECK(day.Ask() == "refused NOT_ALLOWED");
}

TEST_CASE("risk: BROKER_DOWN until a snapshot since the session to the broker began, or ended", "[risk]") {
  OrderDay day = DayWith(OpenRisk());
  const auto report = [&](BrokerReportKind kind) {
    day.Send(day.lane.Make(BrokerReport{.kind = kind}, 0, 0, Producer::kBroker));
  };
  for (const BrokerReportKind kind : {BrokerReportKind::kDisconnected, BrokerReportKind::kConnected}) {
    report(kind);
    CHECK(day.Ask() == "refused BROKER_DOWN");
  }
  day.Send(day.lane.Make(PaperSnapshot(), 0, 0, Producer::kBroker));
  CHECK(day.Ask() == "approved 500");
}

TEST_CASE("risk: ACCOUNT_UNKNOWN of another account, of a live one, without equity", "[risk]") {
  const auto answer = [](const BrokerSnapshot& snapshot) {
    OrderDay day = DayWith(OpenRisk());
    day.Send(day.lane.Make(snapshot, 0, 0, Producer::kBroker));
    const std::string asked = day.Ask();
    return asked + " " + day.decision().detail;
  };
  BrokerSnapshot snapshot = PaperSnapshot();
  CHECK(answer(snapshot) == "approved 500 ");
  snapshot.account = "PAPER-2";
  CHECK(answer(snapshot) == "refused ACCOUNT_UNKNOWN account");
  snapshot = PaperSnapshot();
  snapshot.live = true;
  CHECK(answer(snapshot) == "refused ACCOUNT_UNKNOWN live");
  OrderDay poor(OpenRisk(), AutoProfile(), 0);
  CHECK(poor.Ask() == "refused ACCOUNT_UNKNOWN");
  CHECK(poor.decision().detail == "equity");
  poor.Send(poor.lane.Make(PaperSnapshot(), 0, 0, Producer::kBroker));  // funded
  poor.MarkAt(1, 49.99, 50);
  CHECK(poor.Ask() == "approved 500");
}

TEST_CASE("S3-B3.1: only symbols that are allowed, none that is blocked", "[risk]") {
  v1::RiskProfile risk = OpenRisk();
  risk.mutable_orders()->add_allow("SYM2");
  risk.mutable_orders()->add_allow("SYM1");
  risk.mutable_orders()->add_block("SYM2");
  OrderDay day = DayWith(risk);
  CHECK(day.Ask(1) == "approved 500");
  CHECK(day.Ask(2) == "refused NOT_ALLOWED");
  CHECK(day.decision().detail == "SYM2 is blocked");
  CHECK(day.Ask(3) == "refused NOT_ALLOWED");
  CHECK(day.decision().detail == "SYM3 is not among those allowed");
}

TEST_CASE("risk: TRADING_SESSION outside the regular hours, unless extended hours are allowed", "[risk]") {
  v1::Profile profile = AutoProfile();
  profile.mutable_schedule()->mutable_windows(0)->set_start("04:00");
  profile.mutable_schedule()->mutable_windows(0)->set_end("20:00");
  v1::RiskProfile risk = OpenRisk();
  OrderDay day = DayWith(risk, profile);
  day.lane.At("15:59:59.999");
  CHECK(day.Ask(1) == "approved 500");
  day.lane.At("16:00");
  CHECK(day.Ask(2) == "refused TRADING_SESSION");
  risk.mutable_orders()->set_extended_hours(true);
  day.Send(ConfigureRisk(day.lane, risk));
  CHECK(day.Ask(2) == "approved 500");
}

TEST_CASE("S3-A4.1, S3-B3.2: spread, displayed size and age of the quote, each at its limit and beyond", "[risk]") {
  v1::RiskProfile risk = OpenRisk();
  risk.mutable_orders()->set_spread_bps_max(10);
  risk.mutable_orders()->set_book_size_min_e8(300 * 100'000'000LL);
  risk.mutable_orders()->set_mark_age_max_ns(2'000'000'000);
  OrderDay day = DayWith(risk);
  const IntentFields fields{.entry = 100, .stop = 98, .target = 104};
  day.MarkAt(1, 99.95, 100.05, 300);
  CHECK(day.Ask(1, fields) == "approved 500");
  day.MarkAt(2, 99.95, 100.06, 300);
  CHECK(day.Ask(2, fields) == "refused SPREAD_BPS");
  CHECK_THAT(day.decision().seen, Catch::WithinAbs(11, 0.01));
  CHECK(day.decision().limit == 10);
  CHECK(day.decision().unit == "bps");
  day.MarkAt(2, 99.95, 100.05, 299);
  CHECK(day.Ask(2, fields) == "refused BOOK_SIZE");
  CHECK(day.decision().seen == 299);
  day.MarkAt(2, 99.95, 100.05, 300);
  day.lane.At(day.lane.now() + std::chrono::seconds(2));
  CHECK(day.Ask(2, fields) == "approved 500");
  day.MarkAt(3, 99.95, 100.05, 300);
  day.lane.At(day.lane.now() + std::chrono::milliseconds(2001));
  CHECK(day.Ask(3, fields) == "refused STALE_MARK");
  CHECK_THAT(day.decision().seen, Catch::WithinAbs(2.001, 1e-9));
}

TEST_CASE("S4-SC10.1, S3-B3.2: ten orders in a minute are accepted, the eleventh is refused until one is a minute old",
          "[risk]") {
  v1::RiskProfile risk = OpenRisk();
  risk.mutable_orders()->set_orders_per_minute(10);
  OrderDay day = DayWith(risk);
  for (int i = 0; i < 10; ++i) {
    day.lane.At(NewYork("10:00") + std::chrono::seconds(5 * i));
    CHECK(day.Ask(1) == "approved 500");
    day.Order(day.intent, OrderState::kCanceled, 0);
  }
  CHECK(day.Ask(1) == "refused ORDERS_PER_MINUTE");
  CHECK(day.decision().seen == 10);
  day.lane.At("10:00:59.999");
  CHECK(day.Ask(1) == "refused ORDERS_PER_MINUTE");
  day.lane.At("10:01");
  CHECK(day.Ask(1) == "approved 500");
  CHECK(day.Ask(2) == "refused ORDERS_PER_MINUTE");
}

TEST_CASE("S4-R11.2.2: at most five symbols held or being entered; more of one of them is no more", "[risk]") {
  v1::RiskProfile risk = OpenRisk();
  risk.mutable_exposure()->set_positions(2);
  OrderDay day = DayWith(risk);
  CHECK(day.Ask(1) == "approved 500");
  day.Entered(day.intent, 500, 50);
  CHECK(day.Ask(2) == "approved 500");
  const Event second = day.intent;
  CHECK(day.Ask(3) == "refused POSITIONS");
  CHECK(day.decision().seen == 2);
  CHECK(day.Ask(1) == "approved 500");
  day.Order(second, OrderState::kRejected, 0);
  CHECK(day.Ask(3) == "approved 500");
}

TEST_CASE("risk: OPPOSITE_POSITION where somebody holds or enters the other side", "[risk]") {
  OrderDay day = DayWith(OpenRisk());
  day.Send(day.lane.Configure(AutoProfile(), "other#1"));
  const IntentFields sell{.entry = 50, .stop = 52, .target = 46, .side = Side::kAsk, .instance = "other#1"};
  CHECK(day.Ask(1) == "approved 500");
  const Event buy = day.intent;
  CHECK(day.Ask(1, sell) == "refused OPPOSITE_POSITION");
  day.Entered(buy, 500, 50);
  CHECK(day.Ask(1, sell) == "refused OPPOSITE_POSITION");
  CHECK(day.decision().seen == 500);
  day.Closed(buy, 500, 54);
  CHECK(day.Ask(1, sell) == "approved 500");
}

TEST_CASE("risk: an order in doubt keeps its risk reserved, and its symbol waits", "[risk]") {
  OrderDay day = DayWith(OpenRisk());
  CHECK(day.Ask(1) == "approved 500");
  const Event first = day.intent;
  day.Order(first, OrderState::kUnknown, 500);
  CHECK(day.Ask(1) == "refused ORDER_IN_DOUBT");
  CHECK(day.processor().broker().reservations().size() == 1);
  day.Order(first, OrderState::kCanceled, 0);
  CHECK(day.processor().broker().reservations().empty());
  CHECK(day.Ask(1) == "approved 500");
}

// An hour of minutes: 2 moves with 1, 3 against it, 4 on its own.
void CorrelatedHour(OrderDay& day) {
  day.lane.At("09:30");
  for (int minute = 0; minute <= 61; ++minute) {
    const double step = 0.1 * (minute % 2) + 0.05 * (minute % 3);
    const double own = 0.1 * (minute / 2 % 2);
    for (const auto& [id, move] : {std::pair<InstrumentId, double>{1, step}, {2, step}, {3, -step}, {4, own}}) {
      day.MarkAt(id, 49.99 + move, 50.01 + move);
    }
    day.lane.At(day.lane.now() + std::chrono::minutes(1));
  }
}

TEST_CASE("FX-98, C-58, S4-R11.2.3, S4-SC11.3: half the size where another position moves with it, signed by sides",
          "[risk]") {
  v1::RiskProfile risk = OpenRisk();
  risk.mutable_exposure()->set_correlation_half_above(0.7);
  OrderDay day(risk);
  CorrelatedHour(day);
  CHECK(day.Ask(1) == "approved 500");
  const Event first = day.intent;
  day.Entered(first, 500, 50);
  CHECK(day.Ask(2) == "approved 250");
  CHECK(day.Cap(SizeCap::kCorrelation)->quantity == Quantity::Units(250));
  CHECK(day.Cap(SizeCap::kCorrelation)->limit == 50);
  day.Order(day.intent, OrderState::kCanceled, 0);
  const IntentFields sell{.entry = 50, .stop = 52, .target = 46, .side = Side::kAsk};
  CHECK(day.Ask(2, sell) == "approved 500");  // a hedge
  day.Order(day.intent, OrderState::kCanceled, 0);
  CHECK(day.Ask(3) == "approved 500");
  day.Order(day.intent, OrderState::kCanceled, 0);
  CHECK(day.Ask(3, sell) == "approved 250");  // short of what falls as the other rises
  day.Order(day.intent, OrderState::kCanceled, 0);
  CHECK(day.Ask(4) == "approved 500");
}

TEST_CASE("S4-R5.3.1, S4-R5.3.2, S4-R5.3.3, C-58, S4-SC11.3: at most so many positions that move together", "[risk]") {
  v1::RiskProfile risk = OpenRisk();
  risk.mutable_exposure()->set_correlation_count_above(0.8);
  risk.mutable_exposure()->set_correlated_positions(1);
  OrderDay day(risk);
  CorrelatedHour(day);
  CHECK(day.Ask(1) == "approved 500");
  CHECK(day.Ask(2) == "refused CORRELATION");
  CHECK(day.decision().seen == 2);
  CHECK(day.decision().limit == 1);
  CHECK(day.Ask(4) == "approved 500");
}

TEST_CASE("C-58: a pair of which too little is known counts as moving together", "[risk]") {
  v1::RiskProfile risk = OpenRisk();
  risk.mutable_exposure()->set_correlation_count_above(0.8);
  OrderDay day = DayWith(risk);
  CHECK(day.Ask(1) == "approved 500");
  CHECK(day.Ask(2) == "refused CORRELATION");
}

TEST_CASE("S3-A3.4, S3-B3.1: position, sector and buying power refuse where not one unit is left", "[risk]") {
  v1::RiskProfile risk = OpenRisk();
  risk.mutable_exposure()->set_position_percent(10);
  risk.mutable_exposure()->set_position_notional_e8(5'000 * 100'000'000LL);  // the tighter of both
  risk.mutable_exposure()->set_sector_percent(8);
  OrderDay day = DayWith(risk);
  CHECK(day.Ask(1) == "approved 100");
  CHECK(day.decision().binding_cap == SizeCap::kPositionNotional);
  CHECK(day.Ask(1) == "refused POSITION_NOTIONAL");
  CHECK(day.Ask(2) == "approved 60");  // no known sector is one sector
  CHECK(day.Ask(3) == "refused SECTOR_EXPOSURE");
  CHECK(day.decision().limit == 8'000);

  OrderDay power = DayWith(OpenRisk());
  BrokerSnapshot snapshot = PaperSnapshot();
  snapshot.buying_power = Money::FromE8(30'000 * 100'000'000LL);
  power.Send(power.lane.Make(snapshot, 0, 0, Producer::kBroker));
  CHECK(power.Ask(1) == "approved 500");
  power.Entered(power.intent, 500, 50);
  CHECK(power.Ask(2) == "approved 100");
  CHECK(power.decision().binding_cap == SizeCap::kBuyingPower);
  CHECK(power.Ask(3) == "refused BUYING_POWER");
  CHECK(power.decision().seen == 30'000);
  CHECK(power.decision().limit == 30'000);
}

TEST_CASE("risk: an intent that was approved is not approved again", "[risk]") {
  OrderDay day = DayWith(OpenRisk());
  CHECK(day.Ask(1) == "approved 500");
  day.Send(day.intent);
  CHECK(day.Answer() == "refused DUPLICATE_INTENT");
}

TEST_CASE("risk: the account's rules do not hold for alerts and shadows", "[risk]") {
  v1::Profile profile = AutoProfile();
  profile.set_execution_mode(v1::EXECUTION_MODE_ALERT_ONLY);
  RiskDay day(profile);
  const auto answer = [&] { return std::get<RiskDecision>(day.answers().back().body); };
  day.IntentAt("10:00");
  CHECK(answer().approved);
  CHECK(answer().route == Route::kAlert);
  OrderDay shadow(OpenRisk());
  shadow.Send(shadow.lane.Make(BrokerReport{.kind = BrokerReportKind::kDisconnected}, 0, 0, Producer::kBroker));
  shadow.MarkAt(1, 49.99, 50);
  CHECK(shadow.Ask(1, {.entry = 50, .stop = 48, .target = 54, .shadow = true}) == "approved 500");
}

// ---- the two accounts

TEST_CASE("C-19: what a person has not confirmed takes nothing of the account", "[risk]") {
  v1::Profile profile = AutoProfile();
  profile.set_execution_mode(v1::EXECUTION_MODE_CONFIRM);
  OrderDay day = DayWith(OpenRisk(), profile);
  CHECK(day.Ask(1) == "approved 500");
  CHECK(day.decision().route == Route::kConfirm);
  CHECK(day.processor().broker().reservations().empty());
  day.lane.At("10:00:01");
  day.MarkAt(1, 49.97, 49.99);
  CHECK(day.account().empty());
}

TEST_CASE("risk: the account of an AUTO instance is entered and closed by what oms says, with real prices and fees",
          "[risk]") {
  v1::Profile profile = AutoProfile();
  profile.mutable_account()->set_losses_max(0);
  profile.mutable_account()->set_losses_window_ns(Duration(std::chrono::minutes(30)).count());
  OrderDay day = DayWith(OpenRisk(), profile);
  day.lane.At("10:00");
  CHECK(day.Ask(1) == "approved 500");
  const Event first = day.intent;
  day.lane.At("10:00:01");
  day.MarkAt(1, 49.90, 49.92);  // a quote alone enters nothing
  CHECK(day.account().empty());
  day.Entered(first, 200, 49.95, 300);
  CHECK(day.account() == "10:00:01.000 entered 49.95 x 200, equity 99996.50");
  day.Entered(first, 500, 49.94);
  CHECK(day.account().empty());  // more of the same trade
  day.MarkAt(1, 47.00, 47.02);   // nor does one close it
  CHECK(day.account().empty());
  day.lane.At("10:10");
  day.Send(day.lane.Tick());  // what oms says moves no clock
  day.Closed(first, 500, 47.94, "stop", 7);
  CHECK(day.account() == "10:10:00.000 closed 47.94 x 500 stop net -1007.00, equity 98993.00");
  CHECK(day.LastAccount().trade->profit_gross.ToString() == "-1000.00");
  CHECK(day.Ask(2) == "refused LOSSES");
}

TEST_CASE("risk: a trade of which nothing was filled is none; one filled all the same is one", "[risk]") {
  v1::Profile profile = AutoProfile();
  profile.mutable_account()->set_trades_per_day(1);
  OrderDay day = DayWith(OpenRisk(), profile);
  CHECK(day.Ask(1) == "approved 500");
  const Event first = day.intent;
  CHECK(day.Ask(2) == "refused TRADES_PER_DAY");
  day.Order(first, OrderState::kExpired, 0);
  CHECK(day.Ask(2) == "approved 500");
  day.Order(day.intent, OrderState::kRejected, 0);
  day.Entered(first, 100, 50);
  CHECK(day.account() == "10:00:00.000 entered 50.00 x 100, equity 99996.50");
  CHECK(day.Ask(2) == "refused TRADES_PER_DAY");
}

TEST_CASE("risk: at its day's drawdown an AUTO instance's trades are asked to be closed", "[risk]") {
  v1::Profile profile = AutoProfile();
  profile.mutable_account()->set_day_drawdown_max_e8(900 * 100'000'000LL);
  OrderDay day = DayWith(OpenRisk(), profile);
  CHECK(day.Ask(1) == "approved 500");
  day.Entered(day.intent, 500, 50);
  day.MarkAt(1, 48.21, 48.22);
  CHECK(std::none_of(day.answers().begin(), day.answers().end(),
                     [](const Event& e) { return std::holds_alternative<ExitSignal>(e.body); }));
  day.MarkAt(1, 48.19, 48.20);
  REQUIRE(std::holds_alternative<ExitSignal>(day.answers().back().body));
  const Event& exit = day.answers().back();
  CHECK(std::get<ExitSignal>(exit.body).intent == day.intent.header.id());
  CHECK(exit.header.instrument == 1);
  CHECK(exit.header.instance == day.intent.header.instance);
  CHECK(day.Ask(2) == "refused DAY_DRAWDOWN");
}

}  // namespace
}  // namespace spillway::test
