#include "services/notifier/adapters/card_text.h"

#include "fmt/format.h"
#include "libs/calendar/new_york.h"

namespace spillway::notifier {
namespace {

// Bytes of the well-formed character at the start of `text` (RFC 3629); 0: there is none.
size_t CharacterBytes(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if (lead == 0xE0 && byte(1) < 0xA0) return 0;  // overlong
  if (lead == 0xED && byte(1) > 0x9F) return 0;  // surrogates
  if (lead == 0xF0 && byte(1) < 0x90) return 0;
  if (lead == 0xF4 && byte(1) > 0x8F) return 0;  // beyond U+10FFFF
  return size;
}

}  // namespace

std::string Clock(Time time) {
  const std::optional<calendar::NewYorkTime> local = calendar::ToNewYork(time);
  if (!local) return FormatTimeOfDay(time) + " UTC";
  return FormatTimeOfDay(Time(local->since_midnight));
}

std::string ZonedClock(Time time) {
  return Clock(time) + (calendar::ToNewYork(time) ? " New York" : "");
}

std::string Signed(const std::string& value) {
  return value.starts_with('-') ? value : "+" + value;
}

std::string Cents(Money money) {
  const int64_t e8 = money.e8();
  const int64_t cents = (e8 + (e8 < 0 ? -500'000 : 500'000)) / 1'000'000;
  return FormatDecimal(cents, 2, 2);
}

std::string RuleTest(const RuleResult& rule) {
  const bool truth = rule.comparison == Comparison::kIsTrue || rule.comparison == Comparison::kIsFalse;
  if (!rule.value) return fmt::format("not ready: {}", rule.not_ready);
  if (truth) {
    return fmt::format("{} (wanted {})", *rule.value != 0 ? "yes" : "no",
                       rule.comparison == Comparison::kIsTrue ? "yes" : "no");
  }
  return fmt::format("{:.6g} {} {:.6g}", *rule.value, ComparisonSymbol(rule.comparison), rule.limit);
}

std::string RulePoints(const RuleResult& rule) {
  return rule.gate ? "gate" : fmt::format("{:g}/{:g}", rule.points, rule.points_max);
}

char RuleMark(const RuleResult& rule) {
  return !rule.value ? '?' : rule.passed ? '+' : '-';
}

double PointsMax(const Alert& alert) {
  double points_max = 0;
  for (const RuleResult& rule : alert.rules) points_max += rule.points_max > 0 ? rule.points_max : 0;
  return points_max > 0 ? points_max : 10;
}

std::string SideWord(const Alert& alert) {
  return alert.side == Side::kAsk ? "SHORT" : "LONG";
}

std::string RiskPercent(const Alert& alert) {
  return fmt::format("{:.4g}%", alert.risk_percent);
}

std::string RecordText(const SetupRecord& record) {
  if (record.trades < kRecordMin) return "";
  const auto trades = static_cast<double>(record.trades);
  return fmt::format("This setup: {:.0f}%, n={}, {} R", 100 * static_cast<double>(record.wins) / trades, record.trades,
                     Signed(fmt::format("{:.2f}", record.sum_r / trades)));
}

std::string ConfirmationText(const Alert& alert) {
  if (alert.route != Route::kConfirm) return "";
  return fmt::format("needs your confirmation until {}: spillway admin confirm {}", Clock(alert.expires).substr(0, 8),
                     ToString(alert.intent).substr(0, 12));
}

std::string StageText(const Alert& alert) {
  if (alert.stage.empty()) return "";
  const bool lots = alert.binding_cap == SizeCap::kStage;
  return "stage " + alert.stage + (lots ? ", lots of " + alert.quantity.ToString() : "");
}

std::string OutcomeText(const OutcomeLabelled& outcome, std::string_view currency) {
  std::string text(OutcomeLabelName(outcome.label));
  if (outcome.entry_price && outcome.exit_price) {
    text += fmt::format(" net {}{}{} ({} R)  {} -> {}", Signed(Cents(outcome.profit_net)), currency.empty() ? "" : " ",
                        currency, Signed(fmt::format("{:.2f}", outcome.r_multiple)), outcome.entry_price->ToString(),
                        outcome.exit_price->ToString());
  }
  return text;
}

std::string NewsText(const AlertCard& card) {
  switch (card.news.kind) {
    case AlertUpdateKind::kUnknown:
      return "";
    case AlertUpdateKind::kCancelled:
      return "CANCELLED " + card.news.reason;
    case AlertUpdateKind::kExpired:
      return "EXPIRED";
    case AlertUpdateKind::kOutcome:
      return card.news.outcome ? OutcomeText(*card.news.outcome, card.currency) : card.news.reason;
  }
  return "";
}

std::string ValidUtf8(std::string_view text) {
  std::string valid;
  while (!text.empty()) {
    const size_t size = CharacterBytes(text);
    if (size == 0) {
      valid += '?';
    } else {
      valid += text.substr(0, size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return valid;
}

size_t CodePoints(std::string_view utf8) {
  size_t count = 0;
  for (const char c : utf8) count += (static_cast<uint8_t>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

std::string CutCodePoints(std::string_view utf8, size_t code_points_max) {
  if (CodePoints(utf8) <= code_points_max) return std::string(utf8);
  size_t bytes = 0;
  for (size_t points = 0; bytes < utf8.size(); ++bytes) {
    if ((static_cast<uint8_t>(utf8[bytes]) & 0xC0) == 0x80) continue;
    if (points++ == code_points_max - 2) break;
  }
  return std::string(utf8.substr(0, bytes)) + "..";
}

}  // namespace spillway::notifier
