// How trades end: brackets, trailing stops, time, flatten, kill; and how entries are chased.
#include "tests/support/order_desk.h"

namespace spillway::test {
namespace {

using enum BrokerReportKind;

v1::Profile Chasing() {
  v1::Profile profile = OrderDesk::DeskProfile();
  profile.mutable_execution()->set_chase_after_ns(60'000'000'000);
  return profile;
}
// 100 bought at 20.00 and protected.
void Enter(OrderDesk& desk, int64_t quantity = 100) {
  desk.Approve(quantity);
  desk.Accept(OrderRole::kEntry);
  desk.Fill(OrderRole::kEntry, quantity, 20.00);
  desk.Protected();
}
std::string CancelPair(OrderDesk& desk) {
  std::string lines = desk.Say(kCanceled, OrderRole::kStop, {.cumulative = 0});
  return lines += desk.Say(kCanceled, OrderRole::kTarget, {.cumulative = 0});
}

}  // namespace

TEST_CASE("S4-SC10.2, S4-R10.2.2, FX-106, C-28: unfilled for 65 s: cancelled, and chased when that is confirmed",
          "[oms]") {
  OrderDesk desk(Chasing());
  desk.Approve(100);
  desk.Accept(OrderRole::kEntry);
  desk.Mark(20.02, 20.06);
  CHECK(desk.TickTo("10:01:05") ==
        "entry PENDING_CANCEL (cancel_requested) 0/100 open=100: chase 1 of 3\n"
        "> cancel: chase 1 of 3\n");
  // Filled while the cancel is under way: only the rest is sent again, and nothing before the confirmation.
  CHECK(desk.Fill(OrderRole::kEntry, 30, 20.00).starts_with("entry PENDING_CANCEL (partial_fill) 30/100 open=70\n"));
  CHECK(desk.Say(kCanceled, OrderRole::kEntry, {.cumulative = 30}) ==
        "entry CANCELED (canceled) 30/100 open=70: chase 1 of 3\n"
        "entry NEW (placed) 0/70 open=70\n"
        "> place entry buy limit 70 at 20.04: chase 1 of 3\n");
  const auto& chased = std::get<OrderEvent>(desk.outputs().at(desk.outputs().size() - 2).body);
  CHECK(chased.parent == desk.Order(OrderRole::kEntry, 0));
  CHECK(chased.order == desk.Order(OrderRole::kEntry, 1));
  CHECK(chased.attempt == 1);
  desk.CheckRepeats();
}

TEST_CASE("FX-106: the chase waits for the confirmation, however long the broker is silent", "[oms]") {
  OrderDesk desk(Chasing());
  desk.Approve(100);
  desk.Accept(OrderRole::kEntry);
  desk.TickTo("10:01:00");
  const std::string lines = desk.TickTo("10:01:30");
  CHECK(lines.find("place") == std::string::npos);
  CHECK(lines.find("UNKNOWN") != std::string::npos);
  // Fills that the confirmation counts and nobody told are not sent again.
  CHECK(desk.Say(kStatus, OrderRole::kEntry, {.cumulative = 60, .state = OrderState::kCanceled}) ==
        "entry CANCELED (canceled) 0/100 open=100: chase 1 of 3\n"
        "entry NEW (placed) 0/40 open=100\n"
        "> place entry buy limit 40 at 20.00: chase 1 of 3\n");
  desk.CheckRepeats();
}

TEST_CASE("S4-R10.2.1, S4-R10.2.3, C-28: three chases, then it is abandoned", "[oms]") {
  OrderDesk desk(Chasing());
  desk.Approve(100);
  for (uint32_t chase = 0; chase < 3; ++chase) {
    desk.Accept(desk.Order(OrderRole::kEntry, chase));
    desk.TickTo(fmt::format("10:0{}:00", chase + 1));
    CHECK(desk.Say(kCanceled, desk.Order(OrderRole::kEntry, chase), {.cumulative = 0}).find("> place entry") !=
          std::string::npos);
  }
  desk.Accept(desk.Order(OrderRole::kEntry, 3));
  CHECK(desk.TickTo("10:04:00") ==
        "entry PENDING_CANCEL (cancel_requested) 0/100 open=100: abandoned after 3 chases\n"
        "> cancel: abandoned after 3 chases\n");
  CHECK(desk.Say(kCanceled, desk.Order(OrderRole::kEntry, 3), {.cumulative = 0}) ==
        "entry CANCELED (canceled) 0/100 open=0: abandoned after 3 chases\n");
  desk.CheckRepeats();
}

TEST_CASE("FX-106: abandoned where the new price would risk more than was approved for", "[oms]") {
  OrderDesk desk(Chasing());
  desk.Approve(100);  // 0.12 to the stop; 1.5 times is 0.18
  desk.Accept(OrderRole::kEntry);
  desk.Mark(20.06, 20.08);
  desk.TickTo("10:01:00");
  CHECK(desk.Say(kCanceled, OrderRole::kEntry, {.cumulative = 0}) ==
        "entry CANCELED (canceled) 0/100 open=0: abandoned: the stop is 0.19 away, at most 0.18 is allowed\n");
  desk.CheckRepeats();
}

TEST_CASE("IR-12: a rejected stop closes the position at the market at once", "[oms]") {
  OrderDesk desk;
  desk.Approve(100);
  desk.Accept(OrderRole::kEntry);
  desk.Fill(OrderRole::kEntry, 100, 20.00);
  CHECK(desk.Say(kRejected, OrderRole::kStop, {.reason = "stop too near"}) ==
        "stop REJECTED (rejected) 0/100: stop too near\n"
        "target PENDING_CANCEL (cancel_requested) 0/100: stop rejected: stop too near\n"
        "> cancel: stop rejected: stop too near\n");
  CHECK(desk.Say(kCanceled, OrderRole::kTarget, {.cumulative = 0}) ==
        "target CANCELED (canceled) 0/100: stop rejected: stop too near\n"
        "exit NEW (placed) 0/100\n"
        "> place exit sell market 100: stop rejected: stop too near\n");
  desk.CheckRepeats();
}

TEST_CASE("IR-12: where the quote is through the stop before it is placed, the position is closed at once", "[oms]") {
  OrderDesk desk;
  desk.Approve(100);
  desk.Accept(OrderRole::kEntry);
  desk.Mark(19.87, 19.89);
  CHECK(desk.Fill(OrderRole::kEntry, 100, 20.00) ==
        "entry FILLED (fill) 100/100 open=0\n"
        "exit NEW (placed) 0/100\n"
        "> place exit sell limit 100 at 19.85: stop\n"
        "position 100 protected=0 entered 100 at 20.00\n");
  CHECK(desk.Fill(OrderRole::kExit, 100, 19.86) ==
        "exit FILLED (fill) 100/100\n"
        "position 0 protected=0 closed stop gross=-14.00 net=-14.00\n");
  desk.CheckRepeats();
}

TEST_CASE("IR-12: as one of a pair fills, the other shrinks; a pair that was lost is placed again", "[oms]") {
  OrderDesk desk;
  Enter(desk);
  CHECK(desk.Fill(OrderRole::kTarget, 40, 20.24) ==
        "target PARTIAL (partial_fill) 40/100\n"
        "position 60 protected=60\n");
  CHECK(desk.Say(kExpired, OrderRole::kStop) == "stop EXPIRED (expired) 0/60\nposition 60 protected=0\n");
  CHECK(desk.TickTo("10:00:02") ==
        "target PENDING_CANCEL (cancel_requested) 40/100: its stop is gone\n"
        "> cancel: its stop is gone\n");
  CHECK(desk.Say(kCanceled, OrderRole::kTarget, {.cumulative = 40}) ==
        "target CANCELED (canceled) 40/100: its stop is gone\n"
        "stop NEW (placed) 0/60\n"
        "target NEW (placed) 0/60\n"
        "> place stop sell stop 60 at 19.88 target sell limit 60 at 20.24: protection\n");
  desk.CheckRepeats();
}

TEST_CASE("IR-12: both of a pair filled: the position is reversed, told, and closed", "[oms]") {
  OrderDesk desk;
  Enter(desk);
  desk.Fill(OrderRole::kTarget, 100, 20.24);
  CHECK(desk.Fill(OrderRole::kStop, 100, 19.88) ==
        "stop FILLED (fill) 100/0\n"
        "! position_reversed\n"
        "exit NEW (placed) 0/100\n"
        "> place exit buy market 100: reversed\n"
        "position -100 protected=0\n");
  CHECK(desk.Fill(OrderRole::kExit, 100, 19.90) ==
        "exit FILLED (fill) 100/100\n"
        "position 0 protected=0\n");
  desk.CheckRepeats();
}

TEST_CASE("S3-A4.4: the stop follows the best price in steps, and not more often than its interval", "[oms]") {
  v1::Profile profile = OrderDesk::DeskProfile();
  profile.mutable_execution()->set_trail_stops(1);
  OrderDesk desk(profile);
  Enter(desk);
  desk.At("10:00:10");
  CHECK(desk.Mark(20.01, 20.02).empty());  // one tick better: less than a step of two
  CHECK(desk.Mark(20.05, 20.06) ==
        "stop PENDING_REPLACE (replace_requested) 0/100: trailing\n"
        "stop NEW (placed) 0/100\n"
        "> replace stop sell stop 100 at 19.93: trailing\n");
  CHECK(desk.Say(kReplaced, desk.Order(OrderRole::kStop, 1),
                 {.leaves = 100, .replaces = ClientOrderId(desk.Order(OrderRole::kStop))}) ==
        "stop REPLACED (replaced) 0/100\n"
        "stop ACCEPTED (accepted) 0/100\n");
  CHECK(desk.Mark(20.08, 20.09).empty());  // within the interval
  CHECK(desk.Mark(20.03, 20.04).empty());  // it never goes back
  CHECK(desk.TickTo("10:00:11") ==
        "stop PENDING_REPLACE (replace_requested) 0/100: trailing\n"
        "stop NEW (placed) 0/100\n"
        "> replace stop sell stop 100 at 19.96: trailing\n");
  // Refused: the one before goes on, and protects.
  CHECK(desk.Say(kReplaceRejected, desk.Order(OrderRole::kStop, 2),
                 {.reason = "too late", .replaces = ClientOrderId(desk.Order(OrderRole::kStop, 1))}) ==
        "stop REJECTED (rejected) 0/100: too late\n"
        "stop ACCEPTED (replace_rejected) 0/100: too late\n");
  desk.CheckRepeats();
}

TEST_CASE("S3-A4.4: replacements over commands_per_minute wait, what reduces risk does not", "[oms]") {
  v1::Profile profile = OrderDesk::DeskProfile();
  profile.mutable_execution()->set_trail_stops(1);
  OrderDesk desk(profile);
  v1::RiskProfile risk;
  risk.mutable_care()->set_commands_per_minute(1);
  risk.mutable_care()->set_reconcile_every_ns(3600LL * 1'000'000'000);
  desk.ConfigureRisk(risk);
  Enter(desk);
  desk.At("10:00:10").Mark(20.05, 20.06);
  desk.Say(kReplaced, desk.Order(OrderRole::kStop, 1),
           {.leaves = 100, .replaces = ClientOrderId(desk.Order(OrderRole::kStop))});
  CHECK(desk.At("10:00:20").Mark(20.20, 20.21).empty());
  CHECK(desk.TickTo("10:01:09").empty());
  CHECK(desk.TickTo("10:01:10").find("> replace stop sell stop 100 at 20.08") != std::string::npos);
  desk.Say(kReplaced, desk.Order(OrderRole::kStop, 2),
           {.leaves = 100, .replaces = ClientOrderId(desk.Order(OrderRole::kStop, 1))});
  CHECK(desk.Exit("enough").find("> cancel: enough\n") != std::string::npos);
  desk.CheckRepeats();
}

TEST_CASE("S3-A4.4: the time stop cancels the pair, waits for that, and sells what is left", "[oms]") {
  OrderDesk desk;
  Enter(desk);
  CHECK(desk.TickTo("10:15:00") ==
        "stop PENDING_CANCEL (cancel_requested) 0/100: time\n"
        "> cancel: time\n"
        "target PENDING_CANCEL (cancel_requested) 0/100: time\n"
        "> cancel: time\n");
  CHECK(CancelPair(desk) ==
        "stop CANCELED (canceled) 0/100: time\n"
        "position 100 protected=0\n"
        "target CANCELED (canceled) 0/100: time\n"
        "exit NEW (placed) 0/100\n"
        "> place exit sell limit 100 at 19.97: time\n");
  desk.Accept(OrderRole::kExit);
  // 10 bps wider after 5 s; the market after 30 s.
  CHECK(desk.TickTo("10:15:05") ==
        "exit PENDING_CANCEL (cancel_requested) 0/100: priced anew\n"
        "> cancel: priced anew\n");
  CHECK(desk.Say(kCanceled, OrderRole::kExit, {.cumulative = 0}) ==
        "exit CANCELED (canceled) 0/100: priced anew\n"
        "exit NEW (placed) 0/100\n"
        "> place exit sell limit 100 at 19.95: time\n");
  desk.Accept(desk.Order(OrderRole::kExit, 1));
  CHECK(desk.Fill(desk.Order(OrderRole::kExit, 1), 100, 19.96).find("closed time gross=-4.00") != std::string::npos);
  desk.CheckRepeats();
}

TEST_CASE("S3-A4.4: positions are closed before the session is, those of markets that never close are not", "[oms]") {
  OrderDesk desk;
  desk.At("15:50");
  desk.Mark(19.99, 20.01);
  Enter(desk);
  CHECK(desk.TickTo("15:58:59").empty());
  CHECK(desk.TickTo("15:59:00").find("> cancel: session_close\n") != std::string::npos);
  desk.CheckRepeats();

  v1::Profile profile = OrderDesk::DeskProfile();
  profile.mutable_schedule()->set_always_open(true);
  OrderDesk open(profile);
  open.At("15:50");
  open.Mark(19.99, 20.01);
  Enter(open);
  CHECK(open.TickTo("15:59:30").empty());
}

TEST_CASE("S3-B2.4: an exit signal sells what is held and is nothing when flat", "[oms]") {
  OrderDesk desk;
  CHECK(desk.Exit("done").empty());
  Enter(desk);
  CHECK(desk.Exit("done").starts_with("stop PENDING_CANCEL (cancel_requested) 0/100: done\n"));
  CHECK(CancelPair(desk).find("> place exit sell limit 100 at 19.97: done\n") != std::string::npos);
  CHECK(desk.Exit("done").empty());
  CHECK(desk.Fill(OrderRole::kExit, 100, 19.98).find("closed done") != std::string::npos);
  CHECK(desk.Exit("done").empty());
  desk.CheckRepeats();
}

TEST_CASE("S3-B2.4: a halt holds exits back until trading resumes", "[oms]") {
  OrderDesk desk;
  Enter(desk);
  desk.Exit("done");
  desk.Take(desk.lane().Halt(1, TradingStatus::kHalted));
  CHECK(CancelPair(desk).find("place") == std::string::npos);
  CHECK(desk.TickTo("10:05").empty());
  CHECK(desk.Take(desk.lane().Halt(1, TradingStatus::kTrading)) ==
        "exit NEW (placed) 0/100\n"
        "> place exit sell limit 100 at 19.97: done\n");
  desk.CheckRepeats();
}

TEST_CASE("IR-13: a kill cancels what adds risk, keeps what protects, and refuses more", "[oms]") {
  OrderDesk desk;
  desk.Approve(100);
  desk.Accept(OrderRole::kEntry);
  desk.Fill(OrderRole::kEntry, 40, 20.00);
  desk.Protected();
  CHECK(desk.Kill(true) ==
        "entry PENDING_CANCEL (cancel_requested) 40/100 open=60: kill_switch\n"
        "> cancel: kill_switch\n"
        "flatten canceling 1\n");
  // Not confirmed: not done.
  CHECK(desk.TickTo("10:00:10").find("entry UNKNOWN") != std::string::npos);
  CHECK(desk.Say(kCanceled, OrderRole::kEntry, {.cumulative = 40}) ==
        "entry CANCELED (canceled) 40/100 open=0: kill_switch\n"
        "flatten done 0\n");
  CHECK(desk.Approve(100) == "entry REJECTED (refused) 0/100 open=0 KILL_SWITCH\n");
  CHECK(desk.Kill(false).empty());
  CHECK(desk.Approve(100).starts_with("entry NEW (placed)"));
  desk.CheckRepeats();
}

TEST_CASE("IR-13, S3-B2.4: a kill that flattens closes everything by stages and tells how far it is", "[oms]") {
  OrderDesk desk;
  Enter(desk);
  CHECK(desk.Kill(true, true) ==
        "stop PENDING_CANCEL (cancel_requested) 0/100: flatten\n"
        "> cancel: flatten\n"
        "target PENDING_CANCEL (cancel_requested) 0/100: flatten\n"
        "> cancel: flatten\n"
        "flatten canceling 2\n");
  CHECK(CancelPair(desk) ==
        "stop CANCELED (canceled) 0/100: flatten\n"
        "position 100 protected=0\n"
        "target CANCELED (canceled) 0/100: flatten\n"
        "flatten NEW (placed) 0/100\n"
        "> place flatten sell limit 100 at 19.97: flatten\n"
        "flatten limits 0\n");
  CHECK(desk.Fill(OrderRole::kFlatten, 100, 19.98) ==
        "flatten FILLED (fill) 100/100\n"
        "position 0 protected=0 closed flatten gross=-2.00 net=-2.00\n"
        "flatten done 0\n");
  desk.CheckRepeats();
}

TEST_CASE("IR-13: a flatten that a person asks for does the same for its scope", "[oms]") {
  OrderDesk desk;
  Enter(desk);
  AdminCommand command;
  command.kind = AdminCommandKind::kFlatten;
  CHECK(desk.Take(desk.lane().Make(command, 1, 0, Producer::kGateway)) == "");  // nobody said who and why
  command.by = "anna";
  command.reason = "lunch";
  CHECK(desk.Take(desk.lane().Make(command, 2, 0, Producer::kGateway)) == "flatten done 0\n");
  CHECK(desk.Take(desk.lane().Make(command, 1, 0, Producer::kGateway)).find("flatten canceling 2\n") !=
        std::string::npos);
  desk.CheckRepeats();
}

TEST_CASE("S3-B3.8: a cancelled signal takes its entry back", "[oms]") {
  OrderDesk desk;
  const Event signal = desk.lane().Accepted({});
  const Event intent = desk.lane().Intent({}, signal.header.id());
  desk.Take(signal);
  desk.Take(intent);
  desk.Intended(intent);
  desk.Decide(100);
  desk.Accept(OrderRole::kEntry);
  CHECK(desk.Take(desk.lane().Cancel(signal)) ==
        "entry PENDING_CANCEL (cancel_requested) 0/100 open=100: signal cancelled: spread_blow_out\n"
        "> cancel: signal cancelled: spread_blow_out\n");
  desk.CheckRepeats();
}

TEST_CASE("C-14, S1-B6.3: entries that are not filled are taken back when the day's loss pauses their instance",
          "[oms]") {
  OrderDesk desk;
  const Event intent = desk.lane().Intent({});
  desk.Take(intent);
  desk.Intended(intent);
  desk.Decide(100);
  desk.Accept(OrderRole::kEntry);
  const auto paused = [&](std::string cause, StrategyInstanceId instance, InstrumentId instrument) {
    TradingState state;
    state.paused = true;
    state.cause = std::move(cause);
    return desk.Take(desk.lane().Make(state, instrument, instance, Producer::kRisk));
  };
  CHECK(paused("halt", intent.header.instance, 0) == "");          // the signal's own cancellation says what follows
  CHECK(paused("day_loss", intent.header.instance + 1, 0) == "");  // another's
  CHECK(paused("order_incident", 0, 2) == "");                     // another symbol
  CHECK(paused("day_loss", intent.header.instance, 0) ==
        "entry PENDING_CANCEL (cancel_requested) 0/100 open=100: paused: day_loss\n> cancel: paused: day_loss\n");
  CHECK(paused("day_loss", intent.header.instance, 0) == "");
  desk.CheckRepeats();
}

TEST_CASE("S3-B3.8: an intent whose signal was cancelled before risk had answered is not entered", "[oms]") {
  OrderDesk desk;
  const Event signal = desk.lane().Accepted({});
  const Event intent = desk.lane().Intent({}, signal.header.id());
  desk.Take(signal);
  desk.Take(intent);
  desk.Intended(intent);
  CHECK(desk.Take(desk.lane().Cancel(signal)) == "");
  CHECK_THAT(desk.Decide(100), Catch::Contains("REJECTED (refused)") && Catch::Contains("SIGNAL_CANCELLED") &&
                                   Catch::Contains("open=0") && !Catch::Contains("> place"));
  desk.CheckRepeats();
}

TEST_CASE("S3-B3.6: a person's kill is obeyed before risk has answered, and its answer changes nothing", "[oms]") {
  OrderDesk desk;
  const Event intent = desk.lane().Intent({});
  desk.Take(intent);
  desk.Intended(intent);
  desk.Decide(100);
  desk.Accept(OrderRole::kEntry);
  AdminCommand command;
  command.kind = AdminCommandKind::kKill;
  command.by = "anna";
  CHECK(desk.Take(desk.lane().Make(command, 0, 0, Producer::kGateway)) == "");  // no reason
  command.reason = "news";
  CHECK_THAT(desk.Take(desk.lane().Make(command, 0, 0, Producer::kGateway)), Catch::Contains("> cancel: kill_switch"));
  KillSwitchChanged answer;
  answer.active = true;
  answer.cause = "manual";
  CHECK(desk.Take(desk.lane().Make(answer, 0, 0, Producer::kRisk)) == "");
  desk.CheckRepeats();
}

TEST_CASE("S3-B2.2: a rejection of an order that the broker has is asked about, not believed", "[oms]") {
  OrderDesk desk;
  const Event intent = desk.lane().Intent({});
  desk.Take(intent);
  desk.Intended(intent);
  desk.Decide(100);
  desk.Accept(OrderRole::kEntry);
  CHECK(desk.Say(BrokerReportKind::kRejected, OrderRole::kEntry, {.reason = "DUPLICATE_ORDER"}) ==
        "> query: question 1\n");
  CHECK_THAT(desk.Say(BrokerReportKind::kStatus, OrderRole::kEntry, {.state = OrderState::kRejected}),
             Catch::Contains("open=0"));
  desk.CheckRepeats();
}

}  // namespace spillway::test
