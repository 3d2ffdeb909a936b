#include "services/risk/account_profile.h"

#include <algorithm>

#include "fmt/format.h"
#include "libs/base/int128.h"
#include "spillway/v1/risk.pb.h"

namespace spillway::risk {
namespace {

Millionths Percent(double percent) {
  return MillionthsOf(percent / 100);
}

absl::Status NotAbove0(std::string_view field, double seen) {
  return absl::InvalidArgumentError(
      fmt::format("{}: {} is not above 0; leave it out if nothing is to be checked", field, seen));
}

// Fields that must be above 0 where they are given: a limit of 0 would be read as none by somebody.
class Positive {
 public:
  absl::Status status;

  std::optional<Millionths> PercentOf(std::string_view field, bool has, double percent) {
    if (!Check(field, has, percent)) return std::nullopt;
    return Percent(percent);
  }
  std::optional<Money> AmountOf(std::string_view field, bool has, int64_t e8) {
    if (!Check(field, has, static_cast<double>(e8))) return std::nullopt;
    return Money::FromE8(e8);
  }
  bool Check(std::string_view field, bool has, double seen) {
    if (!has) return false;
    if (!(seen > 0) && status.ok()) status = NotAbove0(field, seen);
    return true;
  }
};

VolatilitySpikeLimits SpikeOf(const v1::VolatilitySpike& spike) {
  VolatilitySpikeLimits limits;
  if (spike.has_multiple()) limits.multiple = spike.multiple();
  if (spike.has_stop_factor()) limits.stop_factor = MillionthsOf(spike.stop_factor());
  if (spike.has_size_factor()) limits.size_factor = MillionthsOf(spike.size_factor());
  limits.literal = spike.literal();
  return limits;
}

OrderLimits OrdersOf(const v1::OrderLimits& orders, Positive& positive) {
  OrderLimits limits;
  limits.allow.assign(orders.allow().begin(), orders.allow().end());
  limits.block.assign(orders.block().begin(), orders.block().end());
  std::sort(limits.allow.begin(), limits.allow.end());
  std::sort(limits.block.begin(), limits.block.end());
  if (positive.Check("orders.spread_bps_max", orders.has_spread_bps_max(), orders.spread_bps_max())) {
    limits.spread_bps_max = orders.spread_bps_max();
  }
  if (orders.has_book_size_min_e8()) limits.book_size_min = Quantity::FromE8(orders.book_size_min_e8());
  if (orders.has_mark_age_max_ns()) limits.mark_age_max = Duration(orders.mark_age_max_ns());
  if (positive.Check("orders.orders_per_minute", orders.has_orders_per_minute(), orders.orders_per_minute())) {
    limits.orders_per_minute = orders.orders_per_minute();
  }
  limits.extended_hours = orders.extended_hours();
  if (positive.Check("orders.touch_fraction", orders.has_touch_fraction(), orders.touch_fraction())) {
    limits.touch = MillionthsOf(orders.touch_fraction());
  }
  if (positive.Check("orders.minute_volume_fraction", orders.has_minute_volume_fraction(),
                     orders.minute_volume_fraction())) {
    limits.minute_volume = MillionthsOf(orders.minute_volume_fraction());
  }
  if (positive.Check("orders.volatility_target_percent", orders.has_volatility_target_percent(),
                     orders.volatility_target_percent())) {
    limits.volatility_target = orders.volatility_target_percent();
  }
  if (orders.has_volatility_spike()) limits.spike = SpikeOf(orders.volatility_spike());
  return limits;
}

ExposureLimits ExposureOf(const v1::ExposureLimits& exposure, Positive& positive) {
  ExposureLimits limits;
  limits.position.part =
      positive.PercentOf("exposure.position_percent", exposure.has_position_percent(), exposure.position_percent());
  limits.position.amount = positive.AmountOf("exposure.position_notional", exposure.has_position_notional_e8(),
                                             exposure.position_notional_e8());
  limits.gross.part =
      positive.PercentOf("exposure.gross_percent", exposure.has_gross_percent(), exposure.gross_percent());
  limits.net.part = positive.PercentOf("exposure.net_percent", exposure.has_net_percent(), exposure.net_percent());
  limits.sector.part =
      positive.PercentOf("exposure.sector_percent", exposure.has_sector_percent(), exposure.sector_percent());
  if (positive.Check("exposure.positions", exposure.has_positions(), exposure.positions())) {
    limits.positions = exposure.positions();
  }
  if (exposure.has_correlation_half_above()) limits.correlation_half_above = exposure.correlation_half_above();
  if (exposure.has_correlation_count_above()) limits.correlation_count_above = exposure.correlation_count_above();
  if (exposure.has_correlated_positions()) limits.correlated_positions = exposure.correlated_positions();
  if (exposure.has_correlation_returns_min()) limits.correlation_returns_min = exposure.correlation_returns_min();
  if (exposure.has_buying_power()) limits.buying_power = exposure.buying_power();
  return limits;
}

DailyLossLimits DailyLossOf(const v1::DailyLoss& loss, Positive& positive) {
  DailyLossLimits limits;
  limits.no_new_entries.amount =
      positive.AmountOf("daily_loss.no_new_entries", loss.has_no_new_entries_e8(), loss.no_new_entries_e8());
  limits.no_new_entries.part = positive.PercentOf("daily_loss.no_new_entries_percent",
                                                  loss.has_no_new_entries_percent(), loss.no_new_entries_percent());
  limits.flatten.amount = positive.AmountOf("daily_loss.flatten", loss.has_flatten_e8(), loss.flatten_e8());
  limits.flatten.part =
      positive.PercentOf("daily_loss.flatten_percent", loss.has_flatten_percent(), loss.flatten_percent());
  return limits;
}

absl::StatusOr<DrawdownLimits> DrawdownOf(const v1::Drawdown& drawdown, Positive& positive) {
  DrawdownLimits limits;
  switch (drawdown.horizon()) {
    case v1::DRAWDOWN_HORIZON_INTRADAY_PEAK:
      limits.horizon = DrawdownHorizon::kIntradayPeak;
      break;
    case v1::DRAWDOWN_HORIZON_DAY:
      limits.horizon = DrawdownHorizon::kDay;
      break;
    case v1::DRAWDOWN_HORIZON_MONTH:
      limits.horizon = DrawdownHorizon::kMonth;
      break;
    case v1::DRAWDOWN_HORIZON_ALL_TIME:
      limits.horizon = DrawdownHorizon::kAllTime;
      break;
    default:
      return absl::InvalidArgumentError("drawdowns: one has no horizon; write intraday_peak, day, month or all_time");
  }
  limits.reduce =
      positive.PercentOf("drawdowns.reduce_percent", drawdown.has_reduce_percent(), drawdown.reduce_percent());
  limits.flatten =
      positive.PercentOf("drawdowns.flatten_percent", drawdown.has_flatten_percent(), drawdown.flatten_percent());
  if (drawdown.has_size_factor()) limits.size_factor = MillionthsOf(drawdown.size_factor());
  if (drawdown.has_stop_factor()) limits.stop_factor = MillionthsOf(drawdown.stop_factor());
  return limits;
}

AnomalyLimits AnomaliesOf(const v1::Anomalies& anomalies) {
  AnomalyLimits limits;
  if (anomalies.has_slippage_bps_min()) limits.slippage_bps_min = anomalies.slippage_bps_min();
  if (anomalies.has_slippage_sigma()) limits.slippage_sigma = anomalies.slippage_sigma();
  if (anomalies.has_slippage_fills()) limits.slippage_fills = anomalies.slippage_fills();
  if (anomalies.has_slippage_times()) limits.slippage_times = anomalies.slippage_times();
  if (anomalies.has_slippage_window_ns()) limits.slippage_window = Duration(anomalies.slippage_window_ns());
  if (anomalies.has_latency_p95_max_ns()) limits.latency_p95_max = Duration(anomalies.latency_p95_max_ns());
  if (anomalies.has_latency_multiple()) limits.latency_multiple = anomalies.latency_multiple();
  if (anomalies.has_latency_orders()) limits.latency_orders = anomalies.latency_orders();
  if (anomalies.has_pause_ns()) limits.pause = Duration(anomalies.pause_ns());
  return limits;
}

KillLimits KillOf(const v1::AutomaticKill& kill) {
  KillLimits limits;
  if (kill.has_rate_limited()) limits.rate_limited = kill.rate_limited();
  if (kill.has_rate_limited_window_ns()) limits.rate_limited_window = Duration(kill.rate_limited_window_ns());
  if (kill.has_disconnects()) limits.disconnects = kill.disconnects();
  if (kill.has_disconnects_window_ns()) limits.disconnects_window = Duration(kill.disconnects_window_ns());
  if (kill.has_rejects()) limits.rejects = kill.rejects();
  if (kill.has_mismatch_ns()) limits.mismatch = Duration(kill.mismatch_ns());
  if (kill.has_clock_skew_ns()) limits.clock_skew = Duration(kill.clock_skew_ns());
  limits.flatten = kill.flatten();
  return limits;
}

}  // namespace

std::optional<Money> MoneyLimit::Of(Money equity) const {
  std::optional<Money> limit = amount;
  if (part) {
    constexpr Int128 kMillion = 1'000'000;
    const Int128 e8 = static_cast<Int128>(std::max(equity, Money()).e8()) * part->value / kMillion;
    // A part above 100% of a huge equity: whatever it is, Money holds no more.
    const Money share = Money::FromE8(static_cast<int64_t>(std::min<Int128>(e8, INT64_MAX / 4)));
    if (!limit || share < *limit) limit = share;
  }
  return limit;
}

absl::StatusOr<AccountProfile> AccountProfileOf(std::string_view document) {
  v1::RiskProfile profile;
  if (!profile.ParseFromArray(document.data(), static_cast<int>(document.size()))) {
    return absl::InvalidArgumentError(
        fmt::format("configuration document of {} bytes is no spillway.v1.RiskProfile", document.size()));
  }
  if (!profile.has_account()) {
    return absl::InvalidArgumentError("account: missing; say which account, and whether it is live");
  }
  if (profile.account().live() && profile.account().id().empty()) {
    return absl::InvalidArgumentError("account.id: missing; a live account is named by the broker's id");
  }
  Positive positive;
  AccountProfile limits;
  limits.name = profile.name();
  limits.version = profile.version();
  limits.account.id = profile.account().id();
  limits.account.live = profile.account().live();
  limits.account.equity =
      positive.AmountOf("account.equity", profile.account().has_equity_e8(), profile.account().equity_e8());
  limits.orders = OrdersOf(profile.orders(), positive);
  limits.exposure = ExposureOf(profile.exposure(), positive);
  limits.daily_loss = DailyLossOf(profile.daily_loss(), positive);
  for (const v1::Drawdown& drawdown : profile.drawdowns()) {
    absl::StatusOr<DrawdownLimits> read = DrawdownOf(drawdown, positive);
    if (!read.ok()) return read.status();
    limits.drawdowns.push_back(*read);
  }
  if (profile.has_anomalies()) limits.anomalies = AnomaliesOf(profile.anomalies());
  limits.kill = KillOf(profile.kill());
  if (!positive.status.ok()) return positive.status;
  return limits;
}

}  // namespace spillway::risk
