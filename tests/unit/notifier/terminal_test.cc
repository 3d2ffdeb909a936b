#include "services/notifier/adapters/terminal.h"

#include <functional>
#include <sstream>

#include "tests/support/profiles.h"
#include "tests/support/trading_lane.h"

namespace spillway::test {
namespace {

using notifier::TerminalChannel;
using notifier::TerminalOptions;

// A channel that knows SYM "SOUN" and the classic profile, and what it printed.
class Screen {
 public:
  explicit Screen(TerminalOptions options = {}) : channel_(text_, options) {
    lane.At("10:00:00.250");
    channel_.Handle(lane.Define(1, "SOUN"));
    channel_.Handle(lane.Configure(ClassicProfile(), "ofi-classic@1#1"));
  }
  std::string Show(const Event& event) {
    text_.str("");
    channel_.Handle(event);
    return text_.str();
  }
  Event AlertEvent() {
    Alert alert;
    alert.intent = EventId{7, 8};
    alert.side = Side::kBid;
    alert.entry = Usd(20.00);
    alert.stop = Usd(19.88);
    alert.target = Usd(20.24);
    alert.spread = Usd(0.03);
    alert.quantity = Quantity::Units(833);
    alert.binding_cap = SizeCap::kRisk;
    alert.risk = Money::FromE8(99'96000000);
    alert.risk_percent = 0.2499;
    alert.reward_net = Money::FromE8(194'08900000);
    alert.reward_to_risk_net = 1.8346;
    alert.score = 8;
    alert.threshold = 7.5;
    alert.triggered = lane.now();
    alert.expires = lane.now() + std::chrono::seconds(60);
    const auto rule = [&](std::string id, std::string feature, std::optional<double> value, Comparison comparison,
                          double limit, bool passed, double points) {
      RuleResult result;
      result.rule = std::move(id);
      result.feature = std::move(feature);
      result.value = value;
      result.comparison = comparison;
      result.limit = limit;
      result.passed = passed;
      result.points = passed ? points : 0;
      result.points_max = points;
      alert.rules.push_back(result);
    };
    rule("S0-3.1", "spread", 0.03, Comparison::kLessEqual, 0.03, true, 2);
    rule("S0-3.2", "bid_ask_ratio(levels=10)", 3.4166666, Comparison::kGreaterEqual, 3, true, 3);
    rule("S0-3.3", "tape_velocity(window=3s)", 6.333333, Comparison::kGreaterEqual, 5, true, 2);
    rule("S0-3.4", "vwap_reclaim(window=3s,hold=10s,surge=2,below_for=5s)", 0, Comparison::kIsTrue, 0, false, 2);
    rule("S0-3.5", "bid_size_over_ask", 100, Comparison::kGreater, 0, true, 1);
    rule("S0-4.2", "ask_replenishment(window=3s)", std::nullopt, Comparison::kLess, 1, true, 0);
    alert.rules.back().gate = true;
    alert.rules.back().not_ready = "divisor_zero";
    Event event = lane.Make(alert, 1, StrategyInstanceIdOf("ofi-classic@1#1"), Producer::kNotifier);
    event.header.correlation = EventId{0x0123456789abcdef, 0xfedcba9876543210};
    return event;
  }

  TradingLane lane;

 private:
  std::ostringstream text_;
  TerminalChannel channel_;
};

std::string Cleared(std::string text, std::string_view what) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what)) text.erase(at, what.size());
  return text;
}

TEST_CASE("S0-6.5: the card says what, how much, why, until when and who", "[terminal]") {
  Screen screen;
  CHECK(screen.Show(screen.AlertEvent()) ==
        R"(== ALERT SOUN LONG =========================================================== 10:00:00.250 New York
  entry 20.00   stop 19.88 (-0.12)   target 20.24 (+0.24)   spread 0.03
  size 833 (cap: risk)   risk 99.96 USD (0.2499%)   reward net 194.09 USD   R:R net 1.83
  score 8/10 (needs 7.5)
    + S0-3.1   spread                                     0.03 <= 0.03                   2/2
    + S0-3.2   bid_ask_ratio(levels=10)                   3.41667 >= 3                   3/3
    + S0-3.3   tape_velocity(window=3s)                   6.33333 >= 5                   2/2
    - S0-3.4   vwap_reclaim(window=3s,hold=10s,surge=2,.. no (wanted yes)                0/2
    + S0-3.5   bid_size_over_ask                          100 > 0                        1/1
    ? S0-4.2   ask_replenishment(window=3s)               not ready: divisor_zero       gate
  age 3.000 ms at trigger   expires 10:01:00.250   ofi-classic@1#1
  id 0123456789abcdeffedcba9876543210
)");
}

// The card with lines that only some alerts have.
std::string CardWith(Screen& screen, const std::function<void(Alert&)>& change) {
  Event event = screen.AlertEvent();
  change(std::get<Alert>(event.body));
  return screen.Show(event);
}
bool Has(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

TEST_CASE("S1-B5.5: the card shows the position's risk in dollars and percent and the expected net", "[terminal]") {
  Screen screen;
  const std::string card = CardWith(screen, [](Alert& alert) {
    alert.risk = Money::FromE8(45'00000000);
    alert.risk_percent = 0.1125;
    alert.reward_net = Money::FromE8(86'50000000);
  });
  CHECK(Has(card, "risk 45.00 USD (0.1125%)   reward net 86.50 USD"));
}

TEST_CASE("terminal: from thirty trades on the card says how the setup did, in one form", "[terminal]") {
  Screen screen;
  const auto with = [&](SetupRecord record) { return CardWith(screen, [&](Alert& alert) { alert.record = record; }); };
  CHECK(Has(with({.trades = 112, .wins = 65, .sum_r = 23.52}), "\n  This setup: 58%, n=112, +0.21 R\n"));
  CHECK(Has(with({.trades = 30, .wins = 9, .sum_r = -4.5}), "\n  This setup: 30%, n=30, -0.15 R\n"));
  CHECK_FALSE(Has(with({.trades = 29, .wins = 29, .sum_r = 29}), "This setup"));
}

TEST_CASE("S1-B8.4, S1-B7.1, IR-1: a short, the stage's lots, the button and warnings are on the card", "[terminal]") {
  Screen screen;
  const std::string card = CardWith(screen, [](Alert& alert) {
    alert.side = Side::kAsk;
    alert.stage = "shadow";
    alert.quantity = Quantity::Units(100);
    alert.binding_cap = SizeCap::kStage;
    alert.route = Route::kConfirm;
    alert.warnings = {"equity 90000.00 is above the ceiling 80000.00: sized on the ceiling; withdraw what is above"};
  });
  CHECK(Has(card, "== ALERT SOUN SHORT =="));
  CHECK(Has(card, "\n  stage shadow, lots of 100\n"));
  CHECK(Has(card, "\n  needs your confirmation until 10:01:00: spillway admin confirm "));
  CHECK(Has(card, "\n  WARNING: equity 90000.00 is above the ceiling 80000.00: sized on the ceiling; withdraw"));
  CHECK(Has(CardWith(screen, [](Alert& alert) { alert.stage = "full"; }), "\n  stage full\n"));
  CHECK_FALSE(Has(screen.Show(screen.AlertEvent()), "confirmation"));
}

TEST_CASE("terminal: tags of shadow and low confidence; a shadow is shown only when asked for", "[terminal]") {
  Screen quiet;
  Event event = quiet.AlertEvent();
  std::get<Alert>(event.body).shadow = true;
  std::get<Alert>(event.body).low_confidence = true;
  CHECK(quiet.Show(event).empty());
  Event expired = quiet.lane.Make(AlertUpdate{event.header.id(), AlertUpdateKind::kExpired, "expired"}, 1);
  CHECK(quiet.Show(expired).empty());

  Screen screen({.colour = false, .show_shadow = true});
  const std::string card = screen.Show(event);
  CHECK(card.substr(0, 47) == "== ALERT SOUN LONG [SHADOW] [LOW CONFIDENCE] ==");
  CHECK(screen.Show(expired).find("SOUN [SHADOW] 20.00 of 10:00:00.250: EXPIRED") != std::string::npos);
}

TEST_CASE("terminal: cancel, expiry and outcome are one line each", "[terminal]") {
  Screen screen;
  const Event alert = screen.AlertEvent();
  screen.Show(alert);
  screen.lane.At("10:00:10");
  CHECK(screen.Show(screen.lane.Make(
            AlertUpdate{alert.header.id(), AlertUpdateKind::kCancelled, "spread_blow_out seen=0.05 limit=0.03"}, 1)) ==
        "-- 10:00:10.000  SOUN 20.00 of 10:00:00.250: CANCELLED spread_blow_out seen=0.05 limit=0.03\n");
  CHECK(screen.Show(screen.lane.Make(AlertUpdate{alert.header.id(), AlertUpdateKind::kExpired, "expired"}, 1)) ==
        "-- 10:00:10.000  SOUN 20.00 of 10:00:00.250: EXPIRED\n");
  OutcomeLabelled outcome;
  outcome.intent = EventId{7, 8};
  outcome.label = OutcomeLabel::kTarget;
  outcome.entry_price = Usd(20.00);
  outcome.exit_price = Usd(20.24);
  outcome.profit_net = Money::FromE8(194'08900000);
  outcome.r_multiple = 1.9417;
  screen.lane.At("10:03");
  CHECK(screen.Show(screen.lane.Make(outcome, 1)) ==
        "-- 10:03:00.000  SOUN 20.00 of 10:00:00.250: TARGET net +194.09 USD (+1.94 R)  20.00 -> 20.24\n");
  CHECK(screen.Show(screen.lane.Make(outcome, 1)).empty());  // once
}

TEST_CASE("terminal: a suppressed alert is said to be so", "[terminal]") {
  Screen screen;
  const AlertReceipt receipt{EventId{1, 2}, "all", ReceiptState::kSuppressed, "ALERT_RATE_HARD seen=3 limit=3 alerts"};
  CHECK(screen.Show(screen.lane.Make(receipt, 1)) ==
        "-- 10:00:00.250  SOUN alert SUPPRESSED ALERT_RATE_HARD seen=3 limit=3 alerts\n");
}

TEST_CASE("terminal: colour changes nothing but colour, and is off by default", "[terminal]") {
  Screen plain, coloured({.colour = true, .show_shadow = false});
  const std::string text = plain.Show(plain.AlertEvent());
  const std::string colour = coloured.Show(coloured.AlertEvent());
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(colour != text);
  CHECK(Cleared(Cleared(colour, "\x1b[1m"), "\x1b[0m") == text);
}

TEST_CASE("terminal: no line is wider than 100 columns, and all is ASCII", "[terminal]") {
  Screen screen({.colour = false, .show_shadow = true});
  Event event = screen.AlertEvent();
  Alert& alert = std::get<Alert>(event.body);
  alert.shadow = alert.low_confidence = true;
  alert.rules[0].feature = std::string(200, 'f');
  alert.rules[0].rule = std::string(50, 'r');
  alert.rules[5].not_ready = std::string(90, 'n');
  alert.reward_net = Money::FromE8(INT64_C(9'000'000'000'000'000'000));
  std::string text = screen.Show(event);
  text += screen.Show(
      screen.lane.Make(AlertUpdate{event.header.id(), AlertUpdateKind::kCancelled, std::string(300, 'x')}, 1));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= TerminalChannel::kWidth);
  for (const char c : text) CHECK((c == '\n' || (c >= ' ' && c <= '~')));
}

}  // namespace
}  // namespace spillway::test
