// The watch over an account: what throws the kill switch, what pauses, and what people may do about it.
#include "services/risk/account_watch.h"
#include "tests/support/trading_lane.h"

namespace spillway::test {
namespace {

using namespace spillway::risk;

Money Dollar(double dollars) {
  return Money::FromE8(std::llround(dollars * 1e8));
}

std::string WatchLine(const Event& event) {
  std::string line = Clock(event.header.event_time);
  if (const auto* kill = std::get_if<KillSwitchChanged>(&event.body)) {
    line += fmt::format(" {}{} {}", kill->active ? "killed" : "enabled", kill->flatten ? " flatten" : "", kill->cause);
    if (kill->limit != 0) line += fmt::format(" seen={} limit={} {}", kill->seen, kill->limit, kill->unit);
    if (!kill->by.empty()) line += fmt::format(" by {}: {}", kill->by, kill->reason);
  } else if (const auto* state = std::get_if<TradingState>(&event.body)) {
    line += fmt::format(" {} {}", state->paused ? "paused" : "resumed", state->cause);
    if (event.header.instrument != 0) line += fmt::format(" #{}", event.header.instrument);
    if (state->until) line += " until " + Clock(*state->until);
  }
  return line;
}

class WatchDay {
 public:
  WatchDay() { lane.At("10:00"); }

  template <class Body>
  std::string See(const Body& body, InstrumentId instrument = 1) {
    return Do([&](AccountWatch::Teller& say) {
      if constexpr (std::is_same_v<Body, OrderEvent> || std::is_same_v<Body, BrokerReport>) {
        watch.See(body, &profile, say);
      } else {
        watch.See(body, instrument, say);
      }
    });
  }
  std::string Report(BrokerReportKind kind, std::string_view order = "") {
    BrokerReport report;
    report.kind = kind;
    report.client_order_id = order;
    return See(report);
  }
  std::string Equity(double equity) {
    return Do([&](AccountWatch::Teller& say) { watch.SeeEquity(Dollar(equity), &profile, say); });
  }
  std::string BeginDay(int32_t day) {
    return Do([&](AccountWatch::Teller& say) { watch.BeginDay(day, say); });
  }
  std::string Profile() {
    return Do([&](AccountWatch::Teller& say) { watch.SetProfile(&profile, say); });
  }
  std::string Command(AdminCommandKind kind, InstrumentId instrument = 0, std::string_view by = "anna",
                      std::string_view reason = "told so") {
    AdminCommand command;
    command.kind = kind;
    command.by = by;
    command.reason = reason;
    command.flatten = flatten;
    command.account = account;
    return Do([&](AccountWatch::Teller& say) { watch.Obey(command, instrument, say); });
  }
  std::string At(std::string_view clock) {
    lane.At(clock);
    return Do([](AccountWatch::Teller&) {});
  }
  std::string After(Duration span) {
    lane.At(lane.now() + span);
    return Do([](AccountWatch::Teller&) {});
  }

  AccountWatch watch;
  AccountProfile profile;
  bool flatten = false;
  std::string account;
  TradingLane lane;
  std::set<EventId> ids;

 private:
  // Each is one event of the lane; every answer has an id of its own.
  template <class Action>
  std::string Do(const Action& action) {
    const Event cause = lane.Tick();
    CollectingSink sink;
    AccountWatch::Teller say(cause.header, sink);
    watch.Advance(lane.now(), &profile, say);
    action(say);
    runtime::StateWriter saved;
    saved(watch);
    AccountWatch restored;
    runtime::StateReader reader(saved.bytes());
    reader(restored);
    REQUIRE(reader.Finish().ok());
    watch = restored;
    std::string text;
    for (const Event& event : sink.events) {
      REQUIRE(ids.insert(event.header.id()).second);
      CHECK(event.header.producer == Producer::kRisk);
      CHECK(event.header.instance == 0);
      text += (text.empty() ? "" : "\n") + WatchLine(event);
    }
    return text;
  }
};

constexpr auto kSecond = std::chrono::seconds(1);

TEST_CASE("S3-B3.6: a person throws the kill switch, and it stays until a person enables", "[risk][kill]") {
  WatchDay day;
  CHECK(day.Command(AdminCommandKind::kKill) == "10:00:00.000 killed manual by anna: told so");
  CHECK(day.watch.kill().active());
  CHECK_FALSE(day.watch.kill().flatten());
  // Thrown again it stays as it is, and whoever did so is answered.
  CHECK(day.Command(AdminCommandKind::kKill) == "10:00:00.000 killed manual by anna: told so");
  day.flatten = true;
  CHECK(day.Command(AdminCommandKind::kKill) == "10:00:00.000 killed flatten manual by anna: told so");
  day.flatten = false;
  CHECK(day.Command(AdminCommandKind::kKill) == "10:00:00.000 killed flatten manual by anna: told so");
  CHECK(day.watch.kill().flatten());
  CHECK(day.BeginDay(20250505) == "");
  CHECK(day.At("15:00") == "");
  CHECK(day.watch.kill().active());
  CHECK(day.Command(AdminCommandKind::kEnable) == "15:00:00.000 enabled manual by anna: told so");
  CHECK_FALSE(day.watch.kill().active());
}

TEST_CASE("S3-B3.6, S3-B3.8: a command without a name or a reason is refused and counted", "[risk][kill]") {
  WatchDay day;
  CHECK(day.Command(AdminCommandKind::kKill, 0, "", "why") == "");
  CHECK(day.Command(AdminCommandKind::kKill, 0, "anna", "") == "");
  CHECK(day.Command(AdminCommandKind::kKill, 0, " \t", "why") == "");
  CHECK(day.Command(AdminCommandKind::kKill, 0, "anna", "   ") == "");
  CHECK_FALSE(day.watch.kill().active());
  CHECK(day.watch.commands_refused() == 4);
}

TEST_CASE("S3-B3.7, FX-76: five rate limits within 60 s throw the switch", "[risk][kill]") {
  WatchDay day;
  for (int i = 0; i < 4; ++i) {
    CHECK(day.Report(BrokerReportKind::kRateLimited) == "");
    day.After(20 * kSecond);
  }
  CHECK(day.Report(BrokerReportKind::kRateLimited) == "");  // the first are 60 s and more old
  CHECK(day.Report(BrokerReportKind::kRateLimited) == "");
  CHECK(day.Report(BrokerReportKind::kRateLimited) == "10:01:20.000 killed rate_limited seen=5 limit=5 reports");
}

TEST_CASE("S3-B3.7, FX-76: three disconnects within 5 minutes throw the switch", "[risk][kill]") {
  WatchDay day;
  CHECK(day.Report(BrokerReportKind::kDisconnected) == "");
  day.After(299 * kSecond);
  CHECK(day.Report(BrokerReportKind::kDisconnected) == "");
  CHECK(day.Report(BrokerReportKind::kConnected) == "");
  CHECK(day.Report(BrokerReportKind::kDisconnected) == "10:04:59.000 killed disconnects seen=3 limit=3 disconnects");
}

TEST_CASE("S3-B3.7, FX-76: five rejected orders in a row throw the switch; a repeated report is one", "[risk][kill]") {
  WatchDay day;
  for (const char* order : {"a", "b", "b", "c", "d"}) CHECK(day.Report(BrokerReportKind::kRejected, order) == "");
  CHECK(day.Report(BrokerReportKind::kAccepted, "e") == "");
  for (const char* order : {"f", "g", "h", "i"}) CHECK(day.Report(BrokerReportKind::kRejected, order) == "");
  CHECK(day.Report(BrokerReportKind::kRejected, "j") == "10:00:00.000 killed rejects seen=5 limit=5 rejects");
}

TEST_CASE("S3-B3.7, FX-76: a difference that is not repaired within 60 s throws the switch", "[risk][kill]") {
  WatchDay day;
  Reconciliation drift;
  drift.kind = DifferenceKind::kQuantityDrift;
  drift.symbol = "SYM1";
  CHECK(day.See(drift) == "10:00:00.000 paused reconciliation #1");
  day.After(59 * kSecond);
  Reconciliation summary;
  SECTION("it stays") {
    summary.unresolved = 1;
    CHECK(day.See(summary, 0) == "");
    CHECK(day.After(kSecond) == "10:01:00.000 killed reconciliation seen=60 limit=60 s");
    // Enabled while it is still there: it has its time once more.
    day.Command(AdminCommandKind::kEnable);
    CHECK(day.After(59 * kSecond) == "");
    CHECK(day.After(kSecond) == "10:02:00.000 killed reconciliation seen=60 limit=60 s");
  }
  SECTION("it is resolved") {
    drift.resolved = true;
    CHECK(day.See(drift) == "10:00:59.000 resumed reconciliation #1");
    CHECK(day.See(summary, 0) == "");
    CHECK(day.After(60 * kSecond) == "");
  }
  SECTION("the summary says that none is left") {
    CHECK(day.See(summary, 0) == "10:00:59.000 resumed reconciliation #1");
    CHECK(day.After(60 * kSecond) == "");
  }
}

TEST_CASE("FX-76: a foreign order stops nothing", "[risk][kill]") {
  WatchDay day;
  Reconciliation foreign;
  foreign.kind = DifferenceKind::kForeignOrder;
  CHECK(day.See(foreign) == "");
  CHECK(day.After(3600 * kSecond) == "");
}

TEST_CASE("S3-B3.7, FX-76: clocks more than 1 s apart throw the switch, either way", "[risk][kill]") {
  WatchDay day;
  BrokerReport report;
  report.kind = BrokerReportKind::kClock;
  report.clock_skew = std::chrono::seconds(1);
  CHECK(day.See(report) == "");
  report.clock_skew = -std::chrono::milliseconds(1001);
  CHECK(day.See(report) == "10:00:00.000 killed clock_skew seen=1.001 limit=1 s");
}

TEST_CASE("FX-76: 0 turns a cause off; kill.flatten closes positions too", "[risk][kill]") {
  WatchDay day;
  day.profile.kill.rejects = 0;
  day.profile.kill.flatten = true;
  for (int i = 0; i < 9; ++i) CHECK(day.Report(BrokerReportKind::kRejected, std::to_string(i)) == "");
  CHECK(day.Report(BrokerReportKind::kDisconnected) == "");
  CHECK(day.Report(BrokerReportKind::kDisconnected) == "");
  CHECK(day.Report(BrokerReportKind::kDisconnected) ==
        "10:00:00.000 killed flatten disconnects seen=3 limit=3 disconnects");
}

TEST_CASE("S4-SC10.4, S4-R10.4.2, EX-43: a loss of 3.1% closes all until the next trading day", "[risk][kill]") {
  WatchDay day;
  day.profile.daily_loss.flatten.part = MillionthsOf(0.03);
  day.BeginDay(20250502);
  CHECK(day.Equity(100'000) == "");
  CHECK(day.Equity(97'000) == "");
  CHECK(day.Equity(96'900) ==
        "10:00:00.000 paused account_day_loss\n10:00:00.000 killed flatten day_loss seen=3100 limit=3000 USD");
  CHECK(day.Equity(99'000) == "");
  CHECK(day.watch.kill().active());
  day.At("15:00");
  CHECK(day.BeginDay(20250505) == "15:00:00.000 resumed account_day_loss\n15:00:00.000 enabled day_loss");
  CHECK(day.Equity(96'900) == "");
  CHECK_FALSE(day.watch.kill().active());
}

TEST_CASE("S4-R10.4.3: trading goes on that day only by an explicit act", "[risk][kill]") {
  WatchDay day;
  day.profile.daily_loss.flatten.part = MillionthsOf(0.03);
  day.Equity(100'000);
  day.Equity(96'900);
  CHECK(day.Command(AdminCommandKind::kEnable) ==
        "10:00:00.000 enabled day_loss by anna: told so\n10:00:00.000 resumed account_day_loss");
  CHECK(day.Equity(94'000) == "");
  CHECK(day.Equity(93'800) ==
        "10:00:00.000 paused account_day_loss\n10:00:00.000 killed flatten day_loss seen=3100 limit=3000 USD");
}

TEST_CASE("S4-R10.4.2, S3-B3.6: a person's kill outlives the day whose loss came first", "[risk][kill]") {
  WatchDay day;
  day.profile.daily_loss.flatten.part = MillionthsOf(0.03);
  day.Equity(100'000);
  day.Equity(96'900);
  CHECK(day.Command(AdminCommandKind::kKill) == "10:00:00.000 killed flatten manual by anna: told so");
  CHECK(day.BeginDay(20250505) == "10:00:00.000 resumed account_day_loss");
  CHECK(day.watch.kill().active());
  CHECK(day.Command(AdminCommandKind::kEnable) == "10:00:00.000 enabled manual by anna: told so");
}

TEST_CASE("S4-R11.3.3, C-15: a drawdown of 20% closes all until a person has looked", "[risk][kill]") {
  WatchDay day;
  day.profile.drawdowns.push_back({.horizon = DrawdownHorizon::kAllTime,
                                   .reduce = std::nullopt,
                                   .size_factor = {},
                                   .stop_factor = {},
                                   .flatten = MillionthsOf(0.2)});
  CHECK(day.Equity(100'000) == "");
  CHECK(day.Equity(80'000) == "10:00:00.000 killed flatten drawdown seen=20 limit=20 %");
  CHECK(day.BeginDay(20250505) == "");
  CHECK(day.Equity(79'000) == "");
  CHECK(day.Command(AdminCommandKind::kEnable) == "10:00:00.000 enabled drawdown by anna: told so");
  CHECK(day.Equity(79'000) == "");
  CHECK(day.Equity(63'200) == "10:00:00.000 killed flatten drawdown seen=20 limit=20 %");
}

TEST_CASE("S3-B3.5, FX-74: a slippage anomaly pauses entries for a while", "[risk][kill]") {
  WatchDay day;
  day.profile.anomalies = AnomalyLimits{};
  OrderEvent fill;
  fill.trigger = OrderTrigger::kFill;
  fill.slippage_decision_bps = 7;
  CHECK(day.See(fill) == "");
  CHECK(day.See(fill) == "");
  CHECK(day.See(fill) == "10:00:00.000 paused slippage_anomaly until 10:10:00.000");
  CHECK(day.At("10:09:59") == "");
  CHECK(*day.watch.slippage_pause() == kSecond);
  CHECK(day.At("10:10") == "10:10:00.000 resumed slippage_anomaly");
  CHECK_FALSE(day.watch.slippage_pause());
}

TEST_CASE("S3-B3.5, FX-75: a latency anomaly pauses entries for a while, or until a person resumes", "[risk][kill]") {
  WatchDay day;
  day.profile.anomalies = AnomalyLimits{};
  OrderEvent accept;
  accept.trigger = OrderTrigger::kAccepted;
  accept.latency = std::chrono::seconds(3);
  for (int i = 0; i < 19; ++i) CHECK(day.See(accept) == "");
  CHECK(day.See(accept) == "10:00:00.000 paused latency_anomaly until 10:10:00.000");
  CHECK(day.Command(AdminCommandKind::kResume) == "10:00:00.000 resumed latency_anomaly");
}

TEST_CASE("S3-B3.8: an incident pauses its symbol until a person resumes it", "[risk][kill]") {
  WatchDay day;
  OrderIncident incident;
  incident.kind = IncidentKind::kOverfill;
  CHECK(day.See(incident, 2) == "10:00:00.000 paused order_incident #2");
  CHECK(day.See(incident, 2) == "");
  incident.pauses = false;
  CHECK(day.See(incident, 3) == "");
  CHECK(day.watch.symbols().Of(2) == SymbolPauses::Cause::kOrderIncident);
  CHECK_FALSE(day.watch.symbols().Of(1));
  CHECK(day.Command(AdminCommandKind::kResume, 1) == "");
  CHECK(day.Command(AdminCommandKind::kResume, 2) == "10:00:00.000 resumed order_incident #2");
  CHECK_FALSE(day.watch.symbols().Of(2));
}

TEST_CASE("S4-R10.4.3: a live account trades only while a person has armed it by its id", "[risk][kill]") {
  WatchDay day;
  CHECK(day.Profile() == "");  // paper
  day.profile.account = {.id = "U123", .live = true, .equity = std::nullopt};
  CHECK(day.Profile() == "10:00:00.000 paused not_armed");
  CHECK(day.Command(AdminCommandKind::kArm) == "");
  day.account = "U124";
  CHECK(day.Command(AdminCommandKind::kArm) == "");
  CHECK_FALSE(day.watch.arming().armed());
  CHECK(day.watch.commands_refused() == 2);
  day.account = "U123";
  CHECK(day.Command(AdminCommandKind::kArm) == "10:00:00.000 resumed not_armed");
  CHECK(day.watch.arming().armed());
  CHECK(day.Command(AdminCommandKind::kDisarm) == "10:00:00.000 paused not_armed");
  CHECK(day.Command(AdminCommandKind::kArm) == "10:00:00.000 resumed not_armed");
  CHECK(day.Profile() == "10:00:00.000 paused not_armed");  // another profile is in force
  CHECK_FALSE(day.watch.arming().armed());
}

}  // namespace
}  // namespace spillway::test
