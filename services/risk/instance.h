// What risk remembers of one strategy instance. Nothing in it depends on any other instance.
#pragma once

#include <algorithm>
#include <chrono>
#include <compare>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "libs/events/event.h"
#include "libs/events/persist_fields.h"
#include "services/risk/limits.h"
#include "services/risk/paper_account.h"
#include "services/risk/price_move.h"

namespace spillway::risk {

inline constexpr Duration kRateWindow = std::chrono::hours(1);        // S0-5.2
inline constexpr Duration kHardRateWindow = std::chrono::minutes(1);  // S0-9.3

enum class PauseCause : uint8_t { kAlertsPerHour, kHalt, kNews, kPriceMove, kLosses, kDayLoss, kDayDrawdown };
// A fact of the market, which a new configuration judges anew.
constexpr bool OfMarket(PauseCause cause) {
  return cause == PauseCause::kHalt || cause == PauseCause::kNews || cause == PauseCause::kPriceMove;
}
// Of the account; ends with the day at the latest.
constexpr bool OfDay(PauseCause cause) {
  return cause >= PauseCause::kLosses;
}

// Instrument 0: the pause is not one symbol's.
struct PauseKey {
  PauseCause cause = PauseCause::kAlertsPerHour;
  InstrumentId instrument = 0;
  friend auto operator<=>(const PauseKey&, const PauseKey&) = default;
  template <class Archive>
  void Persist(Archive& a) {
    a(cause, instrument);
  }
};

struct Pause {
  std::optional<Time> until;  // nullopt: its cause has not ended
  EventId announced;          // the TradingState that last told of it
  EventId correlation;
  template <class Archive>
  void Persist(Archive& a) {
    a(until, announced, correlation);
  }
};

// Approved alerts of one trading day.
struct DayCount {
  int32_t trading_day = 0;
  uint32_t alerts = 0;
  std::map<uint32_t, uint32_t> by_window;
  std::map<InstrumentId, uint32_t> by_symbol;
  template <class Archive>
  void Persist(Archive& a) {
    a(trading_day, alerts, by_window, by_symbol);
  }
};

// The signal of an approved intent, until it expires.
struct ApprovedSignal {
  EventId signal;
  Time expires;
  template <class Archive>
  void Persist(Archive& a) {
    a(signal, expires);
  }
};

struct Instance {
  Time now;  // the latest of everybody's events and its own: others' events move no clock here
  InstanceMode mode = InstanceMode::kActive;
  RiskLimits limits;
  std::map<InstrumentId, Time> last_alert;  // approved, cancelled ones included
  std::deque<Time> alerts;                  // approved within the last hour, oldest first
  DayCount today;
  std::vector<ApprovedSignal> signals;  // in the order of approval
  std::optional<Time> last_cancel;      // of one of them
  std::map<PauseKey, Pause> pauses;
  std::map<InstrumentId, PriceMove> moves;  // only with price_move_percent
  std::set<InstrumentId> moving;            // over the percentage at their last price
  PaperAccount account;
  Time signals_until = Time::max();  // derived: none of `signals` expires before

  void KeepSignal(const ApprovedSignal& signal) {
    if (signals_until <= now) {
      std::erase_if(signals, [&](const ApprovedSignal& approved) { return approved.expires <= now; });
      FindSignalsUntil();
    }
    signals.push_back(signal);
    signals_until = std::min(signals_until, signal.expires);
  }

  // Alerts in (at - span, at]: an alert exactly one window ago no longer counts (EX-07, EX-08).
  uint32_t AlertsWithin(Duration span, Time at) const {
    uint32_t count = 0;
    for (auto it = alerts.rbegin(); it != alerts.rend() && at - *it < span; ++it) ++count;
    return count;
  }
  // Alerts of a day: all, of a window, of a symbol.
  uint32_t AlertsOn(int32_t trading_day) const { return today.trading_day == trading_day ? today.alerts : 0; }
  uint32_t AlertsInWindow(int32_t trading_day, uint32_t index) const {
    return today.trading_day == trading_day ? Of(today.by_window, index) : 0;
  }
  uint32_t AlertsOfSymbol(int32_t trading_day, InstrumentId instrument) const {
    return today.trading_day == trading_day ? Of(today.by_symbol, instrument) : 0;
  }

  template <class Archive>
  void Persist(Archive& a) {
    a(now, mode, limits, last_alert, alerts, today, signals, last_cancel, pauses, moves, moving, account);
    if constexpr (Archive::kReading) FindSignalsUntil();
  }

 private:
  void FindSignalsUntil() {
    signals_until = Time::max();
    for (const ApprovedSignal& signal : signals) signals_until = std::min(signals_until, signal.expires);
  }
  static uint32_t Of(const std::map<uint32_t, uint32_t>& counts, uint32_t key) {
    const auto it = counts.find(key);
    return it == counts.end() ? 0 : it->second;
  }
};

}  // namespace spillway::risk
