// What symbols' prices did in the last minutes and hours: one-minute closes of mids, and ranges of five minutes and of
// an hour. Fed with quotes of valid books; the last mid stands until the next. Bounded: kCloses closes and kRanges
// ranges of each kind a symbol. A symbol that was silent for longer than kSilence begins anew.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "libs/base/price.h"
#include "libs/base/time.h"
#include "libs/events/event.h"

namespace spillway::risk {

class PriceHistory {
 public:
  static constexpr size_t kReturns = 60;  // FX-98
  static constexpr size_t kCloses = kReturns + 1;
  static constexpr size_t kRanges = 14;
  static constexpr uint32_t kVolatilityReturnsMin = 30;
  static constexpr size_t kRangesMin = 3;  // of five minutes; of hours one is enough
  static constexpr Duration kSilence = std::chrono::hours(4);

  void See(InstrumentId instrument, const Quote& quote, Time now);
  void Clear() { symbols_.clear(); }

  // Pearson's r of the two symbols' one-minute log returns in the minutes that both have, up to 60. nullopt: fewer than
  // `returns_min` of them, or a price that did not move (FX-98).
  std::optional<double> Correlation(InstrumentId a, InstrumentId b, Time now, uint32_t returns_min) const;

  // Standard deviation of the one-minute log returns of the last hour, in percent of a year of so many minutes.
  // nullopt: fewer than kVolatilityReturnsMin.
  std::optional<double> RealisedVolatility(InstrumentId instrument, Time now, double minutes_per_year) const;

  // ATR(5 min) x sqrt(12) / ATR(1 h), without sqrt(12) if `literal` (FX-93, C-52). An ATR is the mean true range of the
  // last 14 complete bars, or as many as there are. nullopt: too few.
  std::optional<double> RangeRatio(InstrumentId instrument, Time now, bool literal) const;
  // Mean true range of the last complete five-minute bars.
  std::optional<double> FiveMinuteRange(InstrumentId instrument, Time now) const;

  template <class Archive>
  void Persist(Archive& a) {
    a(symbols_);
  }

 private:
  // Bars of one length: the current one, and the true ranges of those before.
  struct Bars {
    int64_t index = 0;  // of the current one: time / length
    Price high, low, close;
    std::optional<Price> previous_close;
    std::deque<Price> ranges;  // complete, oldest first
    void See(int64_t at, Price mid);
    void Close();
    template <class Archive>
    void Persist(Archive& a) {
      a(index, high, low, close, previous_close, ranges);
    }
  };
  struct Symbol {
    Time seen;
    int64_t minute = 0;  // of `last`
    Price last;
    std::deque<Price> closes;  // of the minutes before `minute`, oldest first
    Bars five, hour;
    void See(Price mid, Time now);
    void CloseMinutes(int64_t minute);
    template <class Archive>
    void Persist(Archive& a) {
      a(seen, minute, last, closes, five, hour);
    }
  };
  // The returns of the kReturns minutes before `minute`; of the minute before it the last. nullopt: not known.
  using Returns = std::array<std::optional<double>, kReturns>;
  std::optional<Returns> ReturnsBefore(InstrumentId instrument, Time now) const;
  static std::optional<double> MeanRange(Bars bars, int64_t at, size_t ranges_min);

  std::map<InstrumentId, Symbol> symbols_;
};

}  // namespace spillway::risk
