#include "services/risk/rules.h"

#include <array>

namespace spillway::risk {
namespace {

using Verdict = std::optional<Refusal>;

double Seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e9;
}

// ---- what risk must know, and what an intent must say

Verdict ProfileUnknown(const Case& c) {
  if (c.instance != nullptr && c.instance->mode != InstanceMode::kRetired) return std::nullopt;
  return Refusal{RefusalRule::kProfileUnknown, 0, 1, "profiles"};
}

Verdict InstrumentUnknown(const Case& c) {
  if (c.terms != nullptr) return std::nullopt;
  return Refusal{RefusalRule::kInstrumentUnknown, static_cast<double>(c.instrument), 0, "instrument"};
}

Verdict SideUnspecified(const Case& c) {
  if (c.intent.side == Side::kBid || c.intent.side == Side::kAsk) return std::nullopt;
  return Refusal{RefusalRule::kSideUnspecified, static_cast<double>(c.intent.side), 0, "side"};
}

Verdict StopInvalid(const Case& c) {
  const Price entry = c.intent.entry;
  const Price stop = c.intent.stop;
  const bool behind = c.intent.side == Side::kBid ? stop < entry : stop > entry;
  if (behind && stop > Price() && entry > Price()) return std::nullopt;
  return Refusal{RefusalRule::kStopInvalid, stop.ToDouble(), entry.ToDouble(), "USD"};
}

// ---- the clock

Verdict NoSession(const Case& c) {
  if (c.limits().schedule.always_open || c.minute) return std::nullopt;
  return Refusal{RefusalRule::kNoSession, 0, 1, "sessions"};
}

Verdict ScheduleClosed(const Case& c) {
  if (c.window().mode != WindowMode::kClosed) return std::nullopt;
  return Refusal{RefusalRule::kScheduleClosed, static_cast<double>(c.minute.value_or(0)), 0, "minute"};
}

Verdict ScheduleMonitor(const Case& c) {
  if (c.window().mode != WindowMode::kMonitor) return std::nullopt;
  return Refusal{RefusalRule::kScheduleMonitor, static_cast<double>(c.minute.value_or(0)), 0, "minute"};
}

// ---- the market

Verdict FeedSuspended(const Case& c) {
  if (c.feeds.known == 0) return Refusal{RefusalRule::kFeedSuspended, 0, 1, "feeds up"};
  if (c.feeds.not_up == 0) return std::nullopt;
  return Refusal{RefusalRule::kFeedSuspended, static_cast<double>(c.feeds.known - c.feeds.not_up),
                 static_cast<double>(c.feeds.known), "feeds up"};
}

// Seen: seconds until the pause ends, 0 while its cause lasts.
Verdict PausedFor(const Case& c, RefusalRule rule, InstrumentId instrument) {
  for (const PauseCause cause : {PauseCause::kHalt, PauseCause::kNews, PauseCause::kPriceMove}) {
    const auto pause = c.instance->pauses.find({cause, instrument});
    if (pause == c.instance->pauses.end()) continue;
    const Duration left = pause->second.until ? *pause->second.until - c.now : Duration(0);
    return Refusal{rule, Seconds(left), 0, "s"};
  }
  return std::nullopt;
}
Verdict GlobalHalt(const Case& c) {
  return PausedFor(c, RefusalRule::kGlobalHalt, 0);
}
Verdict SymbolHalt(const Case& c) {
  return PausedFor(c, RefusalRule::kSymbolHalt, c.instrument);
}

Verdict NoFreshMark(const Case& c) {
  if (c.mark == nullptr) return Refusal{RefusalRule::kNoFreshMark, 0, 1, "marks"};
  if (c.mark->book == 0) return std::nullopt;
  return Refusal{RefusalRule::kNoFreshMark, static_cast<double>(c.mark->book), 0, "book"};
}

// ---- the intent's worth

Verdict LowConfidenceScore(const Case& c) {
  if (!c.low_confidence()) return std::nullopt;
  const double limit = c.intent.threshold + c.limits().schedule.low_confidence_points;
  if (c.intent.score >= limit) return std::nullopt;
  return Refusal{RefusalRule::kLowConfidenceScore, c.intent.score, limit, "points"};
}

Verdict SizeZero(const Case& c) {
  if (ApprovedSize(c).quantity > Quantity()) return std::nullopt;
  return Refusal{RefusalRule::kSizeZero, 0, 1, "units"};
}

// ---- throttles, last: only what would have been an alert counts as one too many

Verdict SameTickerCooldown(const Case& c) {
  const auto last = c.instance->last_alert.find(c.instrument);
  if (last == c.instance->last_alert.end()) return std::nullopt;
  const Duration cooldown = c.limits().throttle.same_ticker;
  const Duration since = c.now - last->second;
  if (since >= cooldown) return std::nullopt;
  return Refusal{RefusalRule::kSameTickerCooldown, Seconds(since), Seconds(cooldown), "s"};
}

Verdict AlertsPerHour(const Case& c) {
  const ThrottleLimits& throttle = c.limits().throttle;
  if (!throttle.alerts_per_hour) return std::nullopt;
  const uint32_t seen = c.instance->AlertsWithin(kRateWindow, c.now);
  const bool exceeded = seen >= *throttle.alerts_per_hour;
  if (throttle.throttle_on_exceed) {
    if (!exceeded) return std::nullopt;
    const Duration since = c.now - c.instance->alerts.back();
    if (since >= throttle.exceed_interval) return std::nullopt;
    return Refusal{RefusalRule::kAlertsPerHour, Seconds(since), Seconds(throttle.exceed_interval), "s"};
  }
  if (!exceeded && !c.instance->pauses.contains({PauseCause::kAlertsPerHour, 0})) return std::nullopt;
  return Refusal{RefusalRule::kAlertsPerHour, static_cast<double>(seen), static_cast<double>(*throttle.alerts_per_hour),
                 "alerts"};
}

Verdict LowConfidenceLastSlot(const Case& c) {
  if (!c.low_confidence() || !c.limits().throttle.alerts_per_hour) return std::nullopt;
  const uint32_t seen = c.instance->AlertsWithin(kRateWindow, c.now);
  const uint32_t limit = *c.limits().throttle.alerts_per_hour - 1;
  if (seen < limit) return std::nullopt;
  return Refusal{RefusalRule::kLowConfidenceLastSlot, static_cast<double>(seen), static_cast<double>(limit), "alerts"};
}

Verdict AlertsPerWindow(const Case& c) {
  const WindowAt window = c.window();
  if (!window.index || !window.alerts_max) return std::nullopt;
  const uint32_t seen = c.instance->AlertsInWindow(c.trading_day, *window.index);
  if (seen < *window.alerts_max) return std::nullopt;
  return Refusal{RefusalRule::kAlertsPerWindow, static_cast<double>(seen), static_cast<double>(*window.alerts_max),
                 "alerts"};
}

Verdict AlertRateHard(const Case& c) {
  const std::optional<uint32_t> limit = c.limits().throttle.alerts_per_minute_hard;
  if (!limit) return std::nullopt;
  const uint32_t seen = c.instance->AlertsWithin(kHardRateWindow, c.now);
  if (seen < *limit) return std::nullopt;
  return Refusal{RefusalRule::kAlertRateHard, static_cast<double>(seen), static_cast<double>(*limit), "alerts"};
}

constexpr std::array kRules = {
    ProfileUnknown,  InstrumentUnknown,  SideUnspecified, StopInvalid,     NoSession,     ScheduleClosed,
    ScheduleMonitor, FeedSuspended,      GlobalHalt,      SymbolHalt,      NoFreshMark,   LowConfidenceScore,
    SizeZero,        SameTickerCooldown, AlertRateHard,   AlertsPerWindow, AlertsPerHour, LowConfidenceLastSlot,
};

}  // namespace

std::optional<Refusal> FirstRefusal(const Case& c) {
  for (const auto rule : kRules) {
    if (Verdict refusal = rule(c)) return refusal;
  }
  return std::nullopt;
}

Size ApprovedSize(const Case& c) {
  SizingQuestion question{.terms = *c.terms,
                          .entry = c.intent.entry,
                          .stop = c.intent.stop,
                          .displayed = std::nullopt,
                          .quantity_max = c.intent.quantity_max};
  if (c.mark != nullptr) {
    question.displayed = c.intent.side == Side::kBid ? c.mark->quote.ask_size : c.mark->quote.bid_size;
  }
  if (c.low_confidence()) question.scale = c.limits().schedule.low_confidence_size;
  return SizeOf(c.limits().sizing, question);
}

}  // namespace spillway::risk
