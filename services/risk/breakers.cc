#include "services/risk/breakers.h"

#include <algorithm>
#include <cmath>

#include "fmt/format.h"
#include "libs/base/int128.h"

namespace spillway::risk {
namespace {

constexpr Int128 kMillion = 1'000'000;

int32_t MonthOf(int32_t day) {
  return day / 100;
}

double Percent(Millionths fraction) {
  return static_cast<double>(fraction.value) / 10'000;
}

double Milliseconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

}  // namespace

// ---- the loss of a day

void DailyLoss::BeginDay() {
  *this = DailyLoss();
}

void DailyLoss::Rebase() {
  start_ = base_ = last_ = std::nullopt;
}

std::optional<Money> DailyLoss::profit() const {
  if (!start_ || !last_) return std::nullopt;
  return *last_ - *start_;
}

Money DailyLoss::loss() const {
  if (!base_ || !last_) return Money();
  return std::max(*base_ - *last_, Money());
}

std::optional<Money> DailyLoss::Limit(LossStep step, const DailyLossLimits& limits) const {
  const MoneyLimit& limit = step == LossStep::kFlatten ? limits.flatten : limits.no_new_entries;
  return start_ ? limit.Of(*start_) : limit.amount;
}

LossStep DailyLoss::See(Money equity, const DailyLossLimits& limits) {
  last_ = equity;
  if (!start_) start_ = equity;
  if (!base_) base_ = equity;
  for (const LossStep step : {LossStep::kNoNewEntries, LossStep::kFlatten}) {
    const std::optional<Money> limit = Limit(step, limits);
    if (limit && loss() > *limit) step_ = std::max(step_, step);
  }
  return step_;
}

void DailyLoss::Override(std::optional<Money> equity) {
  base_ = equity;
  step_ = LossStep::kNone;
}

// ---- drawdowns

std::string_view DrawdownHorizonName(DrawdownHorizon horizon) {
  switch (horizon) {
    case DrawdownHorizon::kIntradayPeak:
      return "intraday_peak";
    case DrawdownHorizon::kDay:
      return "day";
    case DrawdownHorizon::kMonth:
      return "month";
    case DrawdownHorizon::kAllTime:
      return "all_time";
  }
  return "unknown";
}

void Drawdowns::BeginDay(int32_t trading_day) {
  const bool month = MonthOf(trading_day) != MonthOf(day_);
  day_ = trading_day;
  for (Peaks* peaks : {&peaks_, &reviewed_peaks_}) {
    for (const DrawdownHorizon horizon : {DrawdownHorizon::kIntradayPeak, DrawdownHorizon::kDay}) {
      (*peaks)[Index(horizon)] = last_;
    }
    if (month) (*peaks)[Index(DrawdownHorizon::kMonth)] = last_;
  }
}

void Drawdowns::Rebase() {
  last_.reset();
  peaks_ = reviewed_peaks_ = {};
}

void Drawdowns::See(Money equity) {
  last_ = equity;
  for (Peaks* peaks : {&peaks_, &reviewed_peaks_}) {
    for (size_t i = 0; i < peaks->size(); ++i) {
      std::optional<Money>& peak = (*peaks)[i];
      const bool stays = i == Index(DrawdownHorizon::kDay);
      if (!peak || (!stays && equity > *peak)) peak = equity;
    }
  }
}

void Drawdowns::Review() {
  reviewed_peaks_.fill(last_);
}

Millionths Drawdowns::From(const std::optional<Money>& peak) const {
  if (!last_ || !peak || *peak <= Money() || *last_ >= *peak) return {};
  const Int128 lost = static_cast<Int128>((*peak - *last_).e8());
  return {static_cast<int64_t>(lost * kMillion / peak->e8())};
}

Millionths Drawdowns::Of(DrawdownHorizon horizon) const {
  return From(peaks_.at(Index(horizon)));
}
Millionths Drawdowns::SinceReview(DrawdownHorizon horizon) const {
  return From(reviewed_peaks_.at(Index(horizon)));
}
std::optional<Money> Drawdowns::Peak(DrawdownHorizon horizon) const {
  return peaks_.at(Index(horizon));
}

const DrawdownLimits* Drawdowns::Flattens(const std::vector<DrawdownLimits>& limits) const {
  for (const DrawdownLimits& limit : limits) {
    if (limit.flatten && SinceReview(limit.horizon).value >= limit.flatten->value) return &limit;
  }
  return nullptr;
}

DrawdownFactors Drawdowns::Factors(const std::vector<DrawdownLimits>& limits) const {
  DrawdownFactors factors;
  for (const DrawdownLimits& limit : limits) {
    if (!limit.reduce || Of(limit.horizon).value < limit.reduce->value) continue;
    factors.size.value = std::min(factors.size.value, limit.size_factor.value);
    factors.stop.value = std::min(factors.stop.value, limit.stop_factor.value);
  }
  return factors;
}

std::vector<std::string> Drawdowns::Warnings(const std::vector<DrawdownLimits>& limits) const {
  std::vector<std::string> warnings;
  for (const DrawdownLimits& limit : limits) {
    const Millionths seen = Of(limit.horizon);
    if (!limit.reduce || seen.value < limit.reduce->value) continue;
    std::string text =
        fmt::format("drawdown ({}) of the account {:.2f}% has reached {:.2f}%: sizes x {:.2f}, stops x {:.2f}",
                    DrawdownHorizonName(limit.horizon), Percent(seen), Percent(*limit.reduce),
                    Percent(limit.size_factor) / 100, Percent(limit.stop_factor) / 100);
    if (limit.flatten) text += fmt::format("; at {:.2f}% all is closed", Percent(*limit.flatten));
    warnings.push_back(std::move(text));
  }
  return warnings;
}

// ---- slippage

double SlippageWatch::Threshold(const AnomalyLimits& limits) const {
  if (fills_.size() < limits.slippage_fills) return limits.slippage_bps_min;
  const auto count = static_cast<double>(fills_.size());
  double sum = 0;
  for (const double bps : fills_) sum += bps;
  const double mean = sum / count;
  double squares = 0;
  for (const double bps : fills_) squares += (bps - mean) * (bps - mean);
  return std::max(limits.slippage_bps_min, mean + limits.slippage_sigma * std::sqrt(squares / (count - 1)));
}

uint32_t SlippageWatch::Beyond(Time now, const AnomalyLimits& limits) const {
  return static_cast<uint32_t>(
      std::count_if(beyond_.begin(), beyond_.end(), [&](Time time) { return now - time < limits.slippage_window; }));
}

std::optional<Anomaly> SlippageWatch::See(double bps, Time now, const AnomalyLimits& limits) {
  const bool beyond = bps > Threshold(limits);
  fills_.push_back(bps);
  while (fills_.size() > limits.slippage_fills) fills_.pop_front();
  if (!beyond) return std::nullopt;
  while (!beyond_.empty() && now - beyond_.front() >= limits.slippage_window) beyond_.pop_front();
  beyond_.push_back(now);
  if (beyond_.size() < limits.slippage_times) return std::nullopt;
  const auto times = static_cast<double>(beyond_.size());
  beyond_.clear();  // the next anomaly takes as many again
  return Anomaly{times, static_cast<double>(limits.slippage_times), "fills"};
}

// ---- latency

void LatencyWatch::BeginDay() {
  day_.clear();
}

std::optional<Duration> LatencyWatch::Percentile95(const AnomalyLimits& limits) const {
  if (recent_.size() < limits.latency_orders) return std::nullopt;
  std::vector<int64_t> sorted(recent_.begin(), recent_.end());
  std::sort(sorted.begin(), sorted.end());
  const size_t rank = (sorted.size() * 95 + 99) / 100;  // from 1
  return Duration(sorted[rank - 1]);
}

Duration LatencyWatch::Limit(const AnomalyLimits& limits) const {
  if (day_.empty()) return limits.latency_p95_max;
  const auto median = static_cast<double>(day_[(day_.size() - 1) / 2]);
  const Duration multiple(std::llround(median * limits.latency_multiple));
  return std::min(limits.latency_p95_max, std::max(multiple, kJitter));
}

std::optional<Anomaly> LatencyWatch::See(Duration latency, const AnomalyLimits& limits) {
  recent_.push_back(latency.count());
  while (recent_.size() > limits.latency_orders) recent_.pop_front();
  if (day_.size() < kDayMax) day_.insert(std::upper_bound(day_.begin(), day_.end(), latency.count()), latency.count());
  const std::optional<Duration> seen = Percentile95(limits);
  const Duration limit = Limit(limits);
  if (!seen || *seen <= limit) return std::nullopt;
  recent_.clear();  // the next anomaly is one of orders to come
  return Anomaly{Milliseconds(*seen), Milliseconds(limit), "ms"};
}

}  // namespace spillway::risk
