// The names of enum values in text: cards, traces, JSON, YAML.
#include <array>
#include <utility>

#include "fmt/format.h"
#include "libs/events/event.h"
#include "libs/events/features.h"

namespace spillway {
namespace {

template <class E, size_t N>
std::string_view NameOf(const std::array<std::string_view, N>& names, E value) {
  const auto index = static_cast<size_t>(value);
  return index < N ? names[index] : "unknown";
}

template <class E, size_t N>
std::optional<E> ValueOf(const std::array<std::string_view, N>& names, std::string_view name) {
  for (size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<E>(i);
  }
  return std::nullopt;
}

constexpr std::array<std::string_view, 12> kSecurityTypes = {
    "unknown", "common", "etf", "adr", "preferred", "warrant", "unit", "right", "note", "fund", "otc", "other"};
// As named, and seen from the other side; a feature without sides has one name.
struct SidedName {
  std::string_view name;
  std::string_view mirrored = {};
};
constexpr std::array<SidedName, 39> kFeatureKinds = {{
    {"unknown"},
    {"spread"},
    {"spread_change"},
    {"spread_below_for"},
    {"bid_ask_ratio", "ask_bid_ratio"},
    {"tape_velocity"},
    {"vwap"},
    {"vwap_reclaim", "vwap_loss"},
    {"bid_size_over_ask", "ask_size_over_bid"},
    {"bid_wall_age", "ask_wall_age"},
    {"fake_wall", "fake_ask_wall"},
    {"ask_replenishment", "bid_replenishment"},
    {"liquidity_collapse"},
    {"tape_stall"},
    {"depth_bid"},  // these two are each other's mirror image
    {"depth_ask"},
    {"queue_imbalance", "queue_imbalance_short"},
    {"order_flow_imbalance", "order_flow_imbalance_short"},
    {"microprice"},
    {"mid"},
    {"ask_absorption", "bid_absorption"},
    {"tape_acceleration"},
    {"ask_wall_depletion", "bid_wall_depletion"},
    {"bid_spoof_score", "ask_spoof_score"},
    {"bid_cancel_burst", "ask_cancel_burst"},
    {"ask_refills", "bid_refills"},
    {"bid_add_rate", "ask_add_rate"},
    {"bid_cancel_rate", "ask_cancel_rate"},
    {"bid_update_rate", "ask_update_rate"},
    {"ask_refill_without_print", "bid_refill_without_print"},
    {"ask_passive_absorption", "bid_passive_absorption"},
    {"bid_support", "ask_support"},
    {"vwap_distance"},
    {"book_valid_for"},
    {"tape_freeze"},
    {"buy_velocity", "sell_velocity"},
    {"ask_executed", "bid_executed"},
    {"ask_cancelled", "bid_cancelled"},
    {"traded_volume"},
}};
constexpr std::array<std::string_view, 10> kNotReady = {"ready",        "warm_up",   "bid_side_empty", "ask_side_empty",
                                                        "book_invalid", "no_trades", "not_carried",    "divisor_zero",
                                                        "no_session",   "no_wall"};
constexpr std::array<std::string_view, 10> kDetectors = {
    "unknown",  "fake_wall",         "ask_replenishment", "spread_blow_out", "tape_stall", "liquidity_collapse",
    "feed_lag", "bid_replenishment", "absorption",        "iceberg"};
constexpr std::array<std::string_view, 7> kComparisons = {"unknown", "<=", ">=", "<", ">", "is true", "is false"};
constexpr std::array<std::string_view, 9> kCancelRules = {
    "unknown", "spread_blow_out", "tape_slowdown", "liquidity_collapse", "fake_wall",
    "halt",    "feed_suspended",  "book_invalid",  "condition"};
constexpr std::array<std::string_view, 67> kRefusalRules = {"NONE",
                                                            "SCHEDULE_CLOSED",
                                                            "SCHEDULE_MONITOR",
                                                            "LOW_CONFIDENCE_SCORE",
                                                            "SAME_TICKER_COOLDOWN",
                                                            "ALERTS_PER_HOUR",
                                                            "GLOBAL_HALT",
                                                            "SYMBOL_HALT",
                                                            "NO_FRESH_MARK",
                                                            "SIZE_ZERO",
                                                            "STOP_INVALID",
                                                            "ALERT_RATE_HARD",
                                                            "FEED_SUSPENDED",
                                                            "LOW_CONFIDENCE_LAST_SLOT",
                                                            "NO_SESSION",
                                                            "PROFILE_UNKNOWN",
                                                            "INSTRUMENT_UNKNOWN",
                                                            "SIDE_UNSPECIFIED",
                                                            "ALERTS_PER_WINDOW",
                                                            "SHORT_SIDE_OFF",
                                                            "ACCOUNT_RANGE",
                                                            "COMPLIANCE",
                                                            "DAY_LOSS",
                                                            "DAY_DRAWDOWN",
                                                            "LOSSES",
                                                            "WEEK_TARGET",
                                                            "TRADES_PER_DAY",
                                                            "TRADES_PER_WINDOW",
                                                            "WINDOW_NEEDS_PROFIT",
                                                            "ALERTS_PER_DAY",
                                                            "ALERTS_PER_SYMBOL_DAY",
                                                            "COOLDOWN",
                                                            "AFTER_CANCEL",
                                                            "SETTLED_CASH",
                                                            "STAGE_ABORTED",
                                                            "NO_RISK_PROFILE",
                                                            "KILL_SWITCH",
                                                            "NOT_ARMED",
                                                            "BROKER_DOWN",
                                                            "ACCOUNT_UNKNOWN",
                                                            "SYMBOL_PAUSED",
                                                            "NOT_ALLOWED",
                                                            "TRADING_SESSION",
                                                            "STALE_MARK",
                                                            "SPREAD_BPS",
                                                            "BOOK_SIZE",
                                                            "ORDERS_PER_MINUTE",
                                                            "POSITIONS",
                                                            "OPPOSITE_POSITION",
                                                            "ORDER_IN_DOUBT",
                                                            "CORRELATION",
                                                            "POSITION_NOTIONAL",
                                                            "GROSS_EXPOSURE",
                                                            "NET_EXPOSURE",
                                                            "SECTOR_EXPOSURE",
                                                            "BUYING_POWER",
                                                            "ACCOUNT_DAY_LOSS",
                                                            "ACCOUNT_DRAWDOWN",
                                                            "SLIPPAGE_ANOMALY",
                                                            "LATENCY_ANOMALY",
                                                            "DUPLICATE_INTENT",
                                                            "CONFIRM_EXPIRED",
                                                            "CONFIRM_PRICE_MOVED",
                                                            "CONFIRM_UNKNOWN",
                                                            "CONFIRM_REJECTED",
                                                            "VOLATILITY_UNKNOWN",
                                                            "LIQUIDITY_UNKNOWN"};
constexpr std::array<std::string_view, 20> kSizeCaps = {"none",
                                                        "risk",
                                                        "shares",
                                                        "notional",
                                                        "liquidity",
                                                        "intent",
                                                        "stage",
                                                        "settled_cash",
                                                        "position_notional",
                                                        "gross_exposure",
                                                        "net_exposure",
                                                        "sector_exposure",
                                                        "buying_power",
                                                        "touch",
                                                        "minute_volume",
                                                        "volatility",
                                                        "volatility_spike",
                                                        "correlation",
                                                        "drawdown",
                                                        "low_confidence"};
constexpr std::array<std::string_view, 7> kReceipts = {"unspecified", "delivered", "failed",      "suppressed",
                                                       "attempted",   "unknown",   "not_accepted"};
constexpr std::array<std::string_view, 6> kOutcomes = {"UNKNOWN", "MISS", "TARGET", "STOP", "TIME", "CANCELLED"};

}  // namespace

std::string_view SecurityTypeName(SecurityType type) {
  return NameOf(kSecurityTypes, type);
}
std::optional<SecurityType> ParseSecurityType(std::string_view name) {
  return ValueOf<SecurityType>(kSecurityTypes, name);
}
std::string_view FeatureKindName(FeatureKind kind) {
  const auto index = static_cast<size_t>(kind);
  return index < kFeatureKinds.size() ? kFeatureKinds[index].name : "unknown";
}
std::optional<FeatureKind> ParseFeatureKind(std::string_view name) {
  const std::optional<FeatureName> found = ParseFeatureName(name);
  if (!found || found->mirrored) return std::nullopt;
  return found->kind;
}
FeatureName Mirrored(FeatureName name) {
  if (name.kind == FeatureKind::kDepthBid) return {FeatureKind::kDepthAsk, false};
  if (name.kind == FeatureKind::kDepthAsk) return {FeatureKind::kDepthBid, false};
  const auto index = static_cast<size_t>(name.kind);
  const bool sided = index < kFeatureKinds.size() && !kFeatureKinds[index].mirrored.empty();
  return {name.kind, sided && !name.mirrored};
}
std::string_view ToString(FeatureName name) {
  const auto index = static_cast<size_t>(name.kind);
  if (!name.mirrored || index >= kFeatureKinds.size()) return FeatureKindName(name.kind);
  return kFeatureKinds[index].mirrored;
}
std::optional<FeatureName> ParseFeatureName(std::string_view name) {
  for (size_t i = 1; i < kFeatureKinds.size(); ++i) {
    const auto kind = static_cast<FeatureKind>(i);
    if (kFeatureKinds[i].name == name) return FeatureName{kind, false};
    if (!name.empty() && kFeatureKinds[i].mirrored == name) return FeatureName{kind, true};
  }
  return std::nullopt;
}
std::string_view NotReadyName(NotReady reason) {
  return NameOf(kNotReady, reason);
}
std::string_view DetectorName(DetectorKind kind) {
  return NameOf(kDetectors, kind);
}
std::string_view ComparisonSymbol(Comparison comparison) {
  return NameOf(kComparisons, comparison);
}
std::optional<Comparison> ParseComparison(std::string_view symbol) {
  const auto comparison = ValueOf<Comparison>(kComparisons, symbol);
  return comparison == Comparison::kUnknown ? std::nullopt : comparison;
}
std::string_view CancelRuleName(CancelRule rule) {
  return NameOf(kCancelRules, rule);
}
std::string_view RefusalRuleName(RefusalRule rule) {
  return NameOf(kRefusalRules, rule);
}
std::string_view SizeCapName(SizeCap cap) {
  return NameOf(kSizeCaps, cap);
}
std::string_view ReceiptStateName(ReceiptState state) {
  return NameOf(kReceipts, state);
}
std::string_view OutcomeLabelName(OutcomeLabel label) {
  return NameOf(kOutcomes, label);
}

bool Compare(double value, Comparison comparison, double limit) {
  switch (comparison) {
    case Comparison::kUnknown:
      return false;
    case Comparison::kLessEqual:
      return value <= limit;
    case Comparison::kGreaterEqual:
      return value >= limit;
    case Comparison::kLess:
      return value < limit;
    case Comparison::kGreater:
      return value > limit;
    case Comparison::kIsTrue:
      return value != 0;
    case Comparison::kIsFalse:
      return value == 0;
  }
  return false;
}

std::string ToString(const FeatureSpec& spec) {
  std::string parameters;
  const auto add = [&](std::string_view name, const std::string& value) {
    parameters += fmt::format("{}{}={}", parameters.empty() ? "" : ",", name, value);
  };
  if (spec.levels != 0) add("levels", std::to_string(spec.levels));
  if (spec.window.count() != 0) add("window", FormatDuration(spec.window));
  if (spec.threshold != 0) add("threshold", fmt::format("{}", spec.threshold));
  if (spec.hold.count() != 0) add("hold", FormatDuration(spec.hold));
  if (spec.surge != 0) add("surge", fmt::format("{}", spec.surge));
  if (spec.below_for.count() != 0) add("below_for", FormatDuration(spec.below_for));
  if (spec.minimum != 0) add("minimum", fmt::format("{}", spec.minimum));
  if (spec.venue) add("venue", "true");
  std::string text(ToString(FeatureName{spec.kind, spec.mirrored}));
  if (!parameters.empty()) text += "(" + parameters + ")";
  return text;
}

}  // namespace spillway
