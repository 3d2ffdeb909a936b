#include "services/notifier/adapters/terminal.h"

#include <algorithm>
#include <vector>

#include "fmt/format.h"
#include "services/notifier/adapters/card_text.h"
#include "services/notifier/notice.h"

namespace spillway::notifier {
namespace {

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kReset = "\x1b[0m";

std::string Cut(std::string text, size_t width) {
  if (text.size() <= width) return text;
  text.resize(width - 2);
  return text + "..";
}

// Of one rule: mark, id, feature, value against limit, points.
std::string RuleLine(const RuleResult& rule) {
  return fmt::format("    {} {:<8} {:<42} {:<28} {:>5}", RuleMark(rule), Cut(rule.rule, 8), Cut(rule.feature, 42),
                     Cut(RuleTest(rule), 28), RulePoints(rule));
}

// What only some alerts have.
std::vector<std::string> Lines(const Alert& alert) {
  std::vector<std::string> lines;
  const auto add = [&](std::string line) {
    if (!line.empty()) lines.push_back(std::move(line));
  };
  add(ConfirmationText(alert));
  add(StageText(alert));
  add(RecordText(alert.record));
  for (const std::string& warning : alert.warnings) add("WARNING: " + warning);
  return lines;
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
  if (const std::optional<Notice> notice = NoticeOf(event, SymbolOf(event.header.instrument))) {
    OnNotice(event.header, *notice);
  }
}

std::string TerminalChannel::SymbolOf(InstrumentId instrument) const {
  return instrument == 0 ? "" : names_.Symbol(instrument);
}

void TerminalChannel::OnNotice(const EventHeader& header, const Notice& notice) {
  const bool bad = notice.severity != NoticeSeverity::kInfo;
  Print(bad ? kRed : kBold, Cut(fmt::format("-- {}  {}", Clock(header.event_time), notice.title), kWidth) + "\n" +
                                (bad ? "   " + Cut(notice.text, 2 * kWidth) + "\n" : ""));
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
  std::string left = fmt::format("== ALERT {} {}", names_.Symbol(header.instrument), SideWord(alert));
  if (alert.shadow) left += " [SHADOW]";
  if (alert.low_confidence) left += " [LOW CONFIDENCE]";
  const double age_ms = static_cast<double>((header.ingest_time - header.event_time).count()) / 1e6;

  std::string card = Heading(left, ZonedClock(alert.triggered)) + "\n";
  card += fmt::format("  entry {}   stop {} ({})   target {} ({})   spread {}\n", alert.entry.ToString(),
                      alert.stop.ToString(), Signed((alert.stop - alert.entry).ToString()), alert.target.ToString(),
                      Signed((alert.target - alert.entry).ToString()), alert.spread.ToString());
  card += fmt::format("  size {} (cap: {})   risk {}{} ({})   reward net {}{}   R:R net {:.2f}\n",
                      alert.quantity.ToString(), SizeCapName(alert.binding_cap), Cents(alert.risk), currency,
                      RiskPercent(alert), Cents(alert.reward_net), currency, alert.reward_to_risk_net);
  for (const std::string& line : Lines(alert)) card += "  " + Cut(line, kWidth - 2) + "\n";
  card += fmt::format("  score {:g}/{:g} (needs {:g})\n", alert.score, PointsMax(alert), alert.threshold);
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
  const InstrumentDefinition* definition = names_.Definition(header.instrument);
  const std::string currency = definition == nullptr ? "" : definition->currency;
  const bool won = outcome.profit_net > Money();
  const bool lost = outcome.profit_net < Money();
  Edit(shown->second, header.event_time, won ? kGreen : lost ? kRed : "", OutcomeText(outcome, currency));
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
