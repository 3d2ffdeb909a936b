#include "services/risk/price_history.h"

#include <algorithm>
#include <cmath>

#include "libs/base/math.h"

namespace spillway::risk {
namespace {

constexpr Duration kMinute = std::chrono::minutes(1);
constexpr Duration kFiveMinutes = std::chrono::minutes(5);
constexpr Duration kHour = std::chrono::hours(1);

int64_t IndexOf(Time time, Duration length) {
  const int64_t nanos = time.time_since_epoch().count();
  const int64_t index = nanos / length.count();
  return nanos < 0 && index * length.count() != nanos ? index - 1 : index;
}

}  // namespace

// ---- what is seen

void PriceHistory::Bars::Close() {
  Price range = high - low;
  if (previous_close) {
    range = std::max({range, high - *previous_close, *previous_close - low});
  }
  ranges.push_back(range);
  if (ranges.size() > kRanges) ranges.pop_front();
  previous_close = close;
  high = low = close;  // the last mid stands
}

void PriceHistory::Bars::See(int64_t at, Price mid) {
  if (close == Price()) {
    index = at;
    high = low = close = mid;
    return;
  }
  for (size_t closed = 0; index < at && closed <= kRanges; ++closed, ++index) Close();
  index = std::max(index, at);
  high = std::max(high, mid);
  low = std::min(low, mid);
  close = mid;
}

void PriceHistory::Symbol::CloseMinutes(int64_t at) {
  for (size_t closed = 0; minute < at && closed <= kCloses; ++closed, ++minute) {
    closes.push_back(last);
    if (closes.size() > kCloses) closes.pop_front();
  }
  minute = std::max(minute, at);
}

void PriceHistory::Symbol::See(Price mid, Time now) {
  if (last == Price() || now - seen > kSilence) {
    *this = Symbol();
    minute = IndexOf(now, kMinute);
  }
  CloseMinutes(IndexOf(now, kMinute));
  seen = std::max(seen, now);
  last = mid;
  five.See(IndexOf(now, kFiveMinutes), mid);
  hour.See(IndexOf(now, kHour), mid);
}

void PriceHistory::See(InstrumentId instrument, const Quote& quote, Time now) {
  const Price mid = Price::FromNanos(quote.bid.nanos() / 2 + quote.ask.nanos() / 2);
  if (mid <= Price()) return;
  symbols_[instrument].See(mid, now);
}

// ---- what is asked

std::optional<PriceHistory::Returns> PriceHistory::ReturnsBefore(InstrumentId instrument, Time now) const {
  const auto found = symbols_.find(instrument);
  if (found == symbols_.end() || now - found->second.seen > kSilence) return std::nullopt;
  const Symbol& symbol = found->second;
  const int64_t end = IndexOf(now, kMinute);  // the minute that is not complete
  // closes[i] is of the minute symbol.minute - closes.size() + i; from symbol.minute on the last mid stands.
  const int64_t first = symbol.minute - static_cast<int64_t>(symbol.closes.size());
  const auto close = [&](int64_t minute) -> std::optional<Price> {
    if (minute < first) return std::nullopt;
    if (minute >= symbol.minute) return symbol.last;
    return symbol.closes[static_cast<size_t>(minute - first)];
  };
  Returns returns;
  for (size_t i = 0; i < kReturns; ++i) {
    const int64_t minute = end - static_cast<int64_t>(kReturns - i);
    const std::optional<Price> before = close(minute - 1);
    const std::optional<Price> after = close(minute);
    if (before && after) returns[i] = *before == *after ? 0 : Log(after->ToDouble() / before->ToDouble());
  }
  return returns;
}

std::optional<double> PriceHistory::Correlation(InstrumentId a, InstrumentId b, Time now, uint32_t returns_min) const {
  const std::optional<Returns> x = ReturnsBefore(a, now);
  const std::optional<Returns> y = ReturnsBefore(b, now);
  if (!x || !y) return std::nullopt;
  double n = 0, sum_x = 0, sum_y = 0;
  for (size_t i = 0; i < kReturns; ++i) {
    if (!(*x)[i] || !(*y)[i]) continue;
    n += 1;
    sum_x += *(*x)[i];
    sum_y += *(*y)[i];
  }
  if (n < returns_min || n < 2) return std::nullopt;
  double xx = 0, yy = 0, xy = 0;
  for (size_t i = 0; i < kReturns; ++i) {
    if (!(*x)[i] || !(*y)[i]) continue;
    const double dx = *(*x)[i] - sum_x / n;
    const double dy = *(*y)[i] - sum_y / n;
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  if (xx <= 0 || yy <= 0) return std::nullopt;
  return std::clamp(xy / std::sqrt(xx * yy), -1.0, 1.0);
}

std::optional<double> PriceHistory::RealisedVolatility(InstrumentId instrument, Time now,
                                                       double minutes_per_year) const {
  const std::optional<Returns> returns = ReturnsBefore(instrument, now);
  if (!returns) return std::nullopt;
  double n = 0, sum = 0;
  for (const std::optional<double>& one : *returns) {
    if (!one) continue;
    n += 1;
    sum += *one;
  }
  if (n < kVolatilityReturnsMin) return std::nullopt;
  double squares = 0;
  for (const std::optional<double>& one : *returns) {
    if (one) squares += (*one - sum / n) * (*one - sum / n);
  }
  return 100 * std::sqrt(squares / (n - 1) * minutes_per_year);
}

// `bars` is a copy: what would be complete by now is closed in it.
std::optional<double> PriceHistory::MeanRange(Bars bars, int64_t at, size_t ranges_min) {
  if (bars.close == Price()) return std::nullopt;
  bars.See(at, bars.close);
  if (bars.ranges.size() < ranges_min) return std::nullopt;
  double sum = 0;
  for (const Price range : bars.ranges) sum += range.ToDouble();
  return sum / static_cast<double>(bars.ranges.size());
}

std::optional<double> PriceHistory::FiveMinuteRange(InstrumentId instrument, Time now) const {
  const auto found = symbols_.find(instrument);
  if (found == symbols_.end() || now - found->second.seen > kSilence) return std::nullopt;
  return MeanRange(found->second.five, IndexOf(now, kFiveMinutes), kRangesMin);
}

std::optional<double> PriceHistory::RangeRatio(InstrumentId instrument, Time now, bool literal) const {
  const std::optional<double> five = FiveMinuteRange(instrument, now);
  if (!five) return std::nullopt;
  const std::optional<double> hour = MeanRange(symbols_.at(instrument).hour, IndexOf(now, kHour), 1);
  if (!hour || *hour <= 0) return std::nullopt;
  return *five * (literal ? 1 : std::sqrt(12.0)) / *hour;
}

}  // namespace spillway::risk
