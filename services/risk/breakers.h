// What takes the account out of the market while trades run: the day's loss, drawdowns, and an execution that is not
// what it was. Each breaker is told what happened and says what it became; risk acts on it (account_watch.h).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/money.h"
#include "libs/base/time.h"
#include "services/risk/account_profile.h"

namespace spillway::risk {

// ---- C-14, S3-B3.3, S4-R10.4.*: the loss of a day

enum class LossStep : uint8_t { kNone, kNoNewEntries, kFlatten };

// Two steps, each for the rest of the day. The loss is realised and unrealised, from the first equity known that day.
// Of amount and percent of that equity the tighter acts; beyond the limit, not at it (EX-43).
class DailyLoss {
 public:
  void BeginDay();  // nothing is lost
  void Rebase();    // it is another account's equity from here on; a step that was reached stays
  // The step in force.
  LossStep See(Money equity, const DailyLossLimits& limits);
  // A person lets trading go on (S4-R10.4.3): the limits count from this equity, or the next that is known.
  void Override(std::optional<Money> equity);

  LossStep step() const { return step_; }
  std::optional<Money> start() const { return start_; }  // the day's first equity
  std::optional<Money> profit() const;                   // of the day
  Money loss() const;                                    // >= 0, since the day began or the last override
  std::optional<Money> Limit(LossStep step, const DailyLossLimits& limits) const;

  template <class Archive>
  void Persist(Archive& a) {
    a(start_, base_, last_, step_);
  }

 private:
  std::optional<Money> start_;
  std::optional<Money> base_;  // what the limits count from
  std::optional<Money> last_;
  LossStep step_ = LossStep::kNone;
};

// ---- C-15, S3-B3.4, S4-R11.3.*: drawdowns

inline constexpr std::array kDrawdownHorizons = {DrawdownHorizon::kIntradayPeak, DrawdownHorizon::kDay,
                                                 DrawdownHorizon::kMonth, DrawdownHorizon::kAllTime};
std::string_view DrawdownHorizonName(DrawdownHorizon horizon);  // "intraday_peak"

// What new trades are scaled by: the smallest of what is in force.
struct DrawdownFactors {
  Millionths size{1'000'000};
  Millionths stop{1'000'000};
};

// From the highest equity of the day (intraday peak), what the day began with (day), the highest of the month, or of
// all time. At the limit it acts. Limits of percent are exact: 14.999999% is not 15%.
class Drawdowns {
 public:
  void BeginDay(int32_t trading_day);
  void See(Money equity);
  void Rebase();  // it is another account's equity from here on
  // A person has looked (S4-R11.3.3): closing counts from the present equity, reductions go on as before.
  void Review();

  // From the horizon's peak, as a fraction, rounded down; 0: no equity is known.
  Millionths Of(DrawdownHorizon horizon) const;
  std::optional<Money> Peak(DrawdownHorizon horizon) const;
  // The first limit by which everything is to be closed.
  const DrawdownLimits* Flattens(const std::vector<DrawdownLimits>& limits) const;
  DrawdownFactors Factors(const std::vector<DrawdownLimits>& limits) const;
  // A sentence for each reduction in force.
  std::vector<std::string> Warnings(const std::vector<DrawdownLimits>& limits) const;
  // Since the horizon's peak or the last review.
  Millionths SinceReview(DrawdownHorizon horizon) const;

  template <class Archive>
  void Persist(Archive& a) {
    a(last_, day_, peaks_, reviewed_peaks_);
  }

 private:
  using Peaks = std::array<std::optional<Money>, 4>;  // by horizon
  static size_t Index(DrawdownHorizon horizon) { return static_cast<size_t>(horizon); }
  Millionths From(const std::optional<Money>& peak) const;

  std::optional<Money> last_;
  int32_t day_ = 0;
  Peaks peaks_;
  Peaks reviewed_peaks_;
};

// ---- FX-74, FX-75: execution is not what it was

struct Anomaly {
  double seen = 0;
  double limit = 0;
  std::string_view unit;
};

// Adverse slippage above max(min, mean + sigma of the fills before it), so many times within the window. Until that
// many fills are known the fixed limit alone acts, which is the tighter one.
class SlippageWatch {
 public:
  std::optional<Anomaly> See(double bps, Time now, const AnomalyLimits& limits);
  double Threshold(const AnomalyLimits& limits) const;  // bps
  uint32_t Beyond(Time now, const AnomalyLimits& limits) const;
  template <class Archive>
  void Persist(Archive& a) {
    a(fills_, beyond_);
  }

 private:
  std::deque<double> fills_;  // the last ones, bps
  std::deque<Time> beyond_;   // fills above the threshold
};

// The 95th percentile (nearest rank) of the last orders' acknowledgements is above the limit, or above a multiple of
// the day's median. Multiples below 100 ms are a machine's jitter and count for nothing. The median is that of the
// day's first 4,096 acknowledgements.
class LatencyWatch {
 public:
  static constexpr Duration kJitter = std::chrono::milliseconds(100);
  static constexpr size_t kDayMax = 4096;
  void BeginDay();
  std::optional<Anomaly> See(Duration latency, const AnomalyLimits& limits);
  std::optional<Duration> Percentile95(const AnomalyLimits& limits) const;  // nullopt: too few
  Duration Limit(const AnomalyLimits& limits) const;
  template <class Archive>
  void Persist(Archive& a) {
    a(recent_, day_);
  }

 private:
  std::deque<int64_t> recent_;
  std::vector<int64_t> day_;  // ascending
};

}  // namespace spillway::risk
