#include "services/notifier/adapters/terminal.h"

#include <algorithm>
#include <vector>

#include "fmt/format.h"
#include "libs/calendar/new_york.h"

namespace spillway::notifier {
namespace {

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kReset = "\x1b[0m";

// "10:00:00.000" on the clock in New York; UTC, and says so, where the calendar does not reach.
std::string Clock(Time time) {
  const std::optional<calendar::NewYorkTime> local = calendar::ToNewYork(time);
  if (!local) return FormatTimeOfDay(time) + " UTC";
  return FormatTimeOfDay(Time(local->since_midnight));
}

// The clock with its zone, for headings.
std::string ZonedClock(Time time) {
  return Clock(time) + (calendar::ToNewYork(time) ? " New York" : "");
}

std::string Cut(std::string text, size_t width) {
  if (text.size() <= width) return text;
  text.resize(width - 2);
  return text + "..";
}

std::string Signed(const std::string& value) {
  return value.starts_with('-') ? value : "+" + value;
}

// Money to the cent, rounded half away from zero.
std::string Cents(Money money) {
  const int64_t e8 = money.e8();
  const int64_t cents = (e8 + (e8 < 0 ? -500'000 : 500'000)) / 1'000'000;
  return FormatDecimal(cents, 2, 2);
}

// Of one rule: mark, id, feature, value against limit, points.
std::string RuleLine(const RuleResult& rule) {
  const char mark = !rule.value ? '?' : rule.passed ? '+' : '-';
  const bool truth = rule.comparison == Comparison::kIsTrue || rule.comparison == Comparison::kIsFalse;
  std::string test;
  if (!rule.value) {
    test = fmt::format("not ready: {}", rule.not_ready);
  } else if (truth) {
    test = fmt::format("{} (wanted {})", *rule.value != 0 ? "yes" : "no",
                       rule.comparison == Comparison::kIsTrue ? "yes" : "no");
  } else {
    test = fmt::format("{:.6g} {} {:.6g}", *rule.value, ComparisonSymbol(rule.comparison), rule.limit);
  }
  const std::string points = rule.gate ? "gate" : fmt::format("{:g}/{:g}", rule.points, rule.points_max);
  return fmt::format("    {} {:<8} {:<42} {:<28} {:>5}", mark, Cut(rule.rule, 8), Cut(rule.feature, 42), Cut(test, 28),
                     points);
}

std::string Heading(const std::string& left, const std::string& right) {
  const size_t used = left.size() + right.size() + 2;
  const size_t fill = used < TerminalChannel::kWidth ? TerminalChannel::kWidth - used : 1;
  return left + " " + std::string(fill, '=') + " " + right;
}

}  // namespace

void TerminalChannel::Handle(const Event& event) {
  names_.Learn(event);
  std::visit(Overloaded{
                 [&](const Alert& alert) { OnAlert(event.header, alert); },
                 [&](const AlertUpdate& update) { OnUpdate(event.header, update); },
                 [&](const OutcomeLabelled& outcome) { OnOutcome(event.header, outcome); },
                 [&](const AlertReceipt& receipt) { OnReceipt(event.header, receipt); },
                 [](const auto&) {},
             },
             event.body);
}

void TerminalChannel::OnAlert(const EventHeader& header, const Alert& alert) {
  if (alert.shadow && !options_.show_shadow) return;
  shown_[next_++] = {header, alert.intent, alert.entry, alert.shadow};
  if (shown_.size() > kShownMax) shown_.erase(shown_.begin());
  Print(alert.shadow ? kDim : kBold, Card(header, alert));
}

std::string TerminalChannel::Currency(InstrumentId instrument) const {
  const InstrumentDefinition* definition = names_.Definition(instrument);
  return definition == nullptr ? "" : " " + definition->currency;
}

std::string TerminalChannel::Card(const EventHeader& header, const Alert& alert) const {
  const std::string currency = Currency(header.instrument);
  std::string left =
      fmt::format("== ALERT {} {}", names_.Symbol(header.instrument), alert.side == Side::kAsk ? "SHORT" : "LONG");
  if (alert.shadow) left += " [SHADOW]";
  if (alert.low_confidence) left += " [LOW CONFIDENCE]";
  double points_max = 0;
  for (const RuleResult& rule : alert.rules) points_max += rule.points_max > 0 ? rule.points_max : 0;
  const double age_ms = static_cast<double>((header.ingest_time - header.event_time).count()) / 1e6;

  std::string card = Heading(left, ZonedClock(alert.triggered)) + "\n";
  card += fmt::format("  entry {}   stop {} ({})   target {} ({})   spread {}\n", alert.entry.ToString(),
                      alert.stop.ToString(), Signed((alert.stop - alert.entry).ToString()), alert.target.ToString(),
                      Signed((alert.target - alert.entry).ToString()), alert.spread.ToString());
  card += fmt::format("  size {} (cap: {})   risk {}{}   reward net {}{}   R:R net {:.2f}\n", alert.quantity.ToString(),
                      SizeCapName(alert.binding_cap), Cents(alert.risk), currency, Cents(alert.reward_net), currency,
                      alert.reward_to_risk_net);
  card +=
      fmt::format("  score {:g}/{:g} (needs {:g})\n", alert.score, points_max > 0 ? points_max : 10, alert.threshold);
  for (const RuleResult& rule : alert.rules) card += RuleLine(rule) + "\n";
  card += fmt::format("  age {:.3f} ms at trigger   expires {}   {}\n", age_ms, Clock(alert.expires),
                      Cut(names_.Instance(header.instance), 40));
  card += fmt::format("  id {}\n", ToString(header.correlation_id()));
  return card;
}

void TerminalChannel::OnUpdate(const EventHeader& header, const AlertUpdate& update) {
  const auto shown = std::find_if(shown_.begin(), shown_.end(),
                                  [&](const auto& entry) { return entry.second.header.id() == update.alert; });
  if (shown == shown_.end()) return;  // a shadow's that was not asked for, or long gone
  switch (update.kind) {
    case AlertUpdateKind::kCancelled:
      return Edit(shown->second, header.event_time, kRed, "CANCELLED " + update.reason);
    case AlertUpdateKind::kExpired:
      return Edit(shown->second, header.event_time, kDim, "EXPIRED");
    default:
      return Edit(shown->second, header.event_time, "", update.reason);
  }
}

void TerminalChannel::OnOutcome(const EventHeader& header, const OutcomeLabelled& outcome) {
  const auto shown = std::find_if(shown_.begin(), shown_.end(),
                                  [&](const auto& entry) { return entry.second.intent == outcome.intent; });
  if (shown == shown_.end()) return;
  std::string text(OutcomeLabelName(outcome.label));
  if (outcome.entry_price && outcome.exit_price) {
    text += fmt::format(" net {}{} ({} R)  {} -> {}", Signed(Cents(outcome.profit_net)), Currency(header.instrument),
                        Signed(fmt::format("{:.2f}", outcome.r_multiple)), outcome.entry_price->ToString(),
                        outcome.exit_price->ToString());
  }
  const bool won = outcome.profit_net > Money();
  const bool lost = outcome.profit_net < Money();
  Edit(shown->second, header.event_time, won ? kGreen : lost ? kRed : "", text);
  shown_.erase(shown);  // the last word on it
}

void TerminalChannel::OnReceipt(const EventHeader& header, const AlertReceipt& receipt) {
  if (receipt.state != ReceiptState::kSuppressed) return;
  Print(kRed, Cut(fmt::format("-- {}  {} alert SUPPRESSED {}", Clock(header.event_time),
                              names_.Symbol(header.instrument), receipt.detail),
                  kWidth) +
                  "\n");
}

void TerminalChannel::Edit(const Shown& shown, Time time, std::string_view colour, const std::string& text) {
  const std::string line =
      fmt::format("-- {}  {}{} {} of {}: {}", Clock(time), names_.Symbol(shown.header.instrument),
                  shown.shadow ? " [SHADOW]" : "", shown.entry.ToString(), Clock(shown.header.event_time), text);
  Print(colour, Cut(line, kWidth) + "\n");
}

// The first line, which names the event, carries the colour.
void TerminalChannel::Print(std::string_view colour, const std::string& text) {
  if (!options_.colour || colour.empty()) {
    out_ << text;
    return;
  }
  const size_t end = text.find('\n');
  out_ << colour << text.substr(0, end) << kReset << text.substr(end);
}

}  // namespace spillway::notifier
