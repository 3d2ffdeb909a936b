#include "services/risk/account_rules.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "services/risk/watch_rules.h"

#include "services/risk/watch_rules.h"

namespace spillway::risk {
namespace {

using Verdict = std::optional<Refusal>;

constexpr int64_t kMillion = 1'000'000;
constexpr Duration kOrderWindow = std::chrono::minutes(1);
// S4-R11.2.3
constexpr Millionths kCorrelatedSize{500'000};
// FX-72
constexpr double kVolatilityScaleMin = 0.25;
constexpr double kSessionMinutesPerYear = 252.0 * 390;
constexpr double kAllMinutesPerYear = 365.0 * 24 * 60;

const OrderLimits& Orders(const Case& c) {
  return c.account_profile->orders;
}
const ExposureLimits& Limits(const Case& c) {
  return c.account_profile->exposure;
}
Money EquityOf(const Case& c) {
  return c.broker->Equity().value_or(Money());
}
double Seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e9;
}

// ---- what is known of the account

Verdict NoRiskProfile(const Case& c) {
  if (c.account_profile != nullptr && c.broker != nullptr) return std::nullopt;
  return Refusal{RefusalRule::kNoRiskProfile, 0, 1, "risk profiles"};
}

Verdict BrokerDown(const Case& c) {
  if (c.broker->up()) return std::nullopt;
  return Refusal{RefusalRule::kBrokerDown, 0, 1, "snapshots since the session began"};
}

Verdict AccountUnknown(const Case& c) {
  const std::string_view what = c.broker->Unknown(c.account_profile->account);
  if (what.empty()) return std::nullopt;
  return Refusal{RefusalRule::kAccountUnknown, 0, 1, "accounts", std::string(what)};
}

Verdict DuplicateIntent(const Case& c) {
  if (!c.broker->WasApproved(c.id) && !c.broker->Holds(c.id)) return std::nullopt;
  return Refusal{RefusalRule::kDuplicateIntent, 2, 1, "approvals"};
}

// ---- the symbol and its market

Verdict NotAllowed(const Case& c) {
  const OrderLimits& orders = Orders(c);
  const std::string& symbol = c.listing->symbol;
  if (std::binary_search(orders.block.begin(), orders.block.end(), symbol)) {
    return Refusal{RefusalRule::kNotAllowed, 1, 0, "symbols", symbol + " is blocked"};
  }
  if (orders.allow.empty() || std::binary_search(orders.allow.begin(), orders.allow.end(), symbol)) return std::nullopt;
  return Refusal{RefusalRule::kNotAllowed, 0, 1, "symbols", symbol + " is not among those allowed"};
}

Verdict TradingSession(const Case& c) {
  if (Orders(c).extended_hours || c.limits().schedule.always_open) return std::nullopt;
  const bool open = c.session != nullptr && c.session->regular_open && c.session->regular_close &&
                    *c.session->regular_open <= c.now && c.now < *c.session->regular_close;
  if (open) return std::nullopt;
  return Refusal{RefusalRule::kTradingSession, static_cast<double>(c.minute.value_or(0)), 0, "minute"};
}

Verdict StaleMark(const Case& c) {
  const std::optional<Duration> limit = Orders(c).mark_age_max;
  if (!limit) return std::nullopt;
  const Duration age = c.now - c.mark->time;
  if (age <= *limit) return std::nullopt;
  return Refusal{RefusalRule::kStaleMark, Seconds(age), Seconds(*limit), "s"};
}

Verdict SpreadBps(const Case& c) {
  const std::optional<double> limit = Orders(c).spread_bps_max;
  if (!limit) return std::nullopt;
  const Quote& quote = c.mark->quote;
  const double mid = (quote.bid.ToDouble() + quote.ask.ToDouble()) / 2;
  const double seen = mid > 0 ? 1e4 * (quote.ask - quote.bid).ToDouble() / mid : 1e4;
  if (seen <= *limit) return std::nullopt;
  return Refusal{RefusalRule::kSpreadBps, seen, *limit, "bps"};
}

Verdict BookSize(const Case& c) {
  const std::optional<Quantity> limit = Orders(c).book_size_min;
  if (!limit || c.displayed() >= *limit) return std::nullopt;
  return Refusal{RefusalRule::kBookSize, c.displayed().ToDouble(), limit->ToDouble(), "shares"};
}

Verdict LiquidityUnknown(const Case& c) {
  if (c.intent.minute_volume) return std::nullopt;
  return Refusal{RefusalRule::kLiquidityUnknown, 0, 1, "minutes", "volume of the last minute"};
}

std::optional<double> Realised(const Case& c) {
  return c.history->RealisedVolatility(c.instrument, c.now,
                                       c.limits().schedule.always_open ? kAllMinutesPerYear : kSessionMinutesPerYear);
}
std::optional<double> RangeRatio(const Case& c) {
  const std::optional<VolatilitySpikeLimits>& spike = Orders(c).spike;
  return spike ? c.history->RangeRatio(c.instrument, c.now, spike->literal) : std::nullopt;
}

Verdict VolatilityUnknown(const Case& c) {
  if (Orders(c).volatility_target && !Realised(c)) {
    return Refusal{RefusalRule::kVolatilityUnknown, 0, PriceHistory::kVolatilityReturnsMin, "returns", "realised"};
  }
  if (Orders(c).spike && !RangeRatio(c)) {
    return Refusal{RefusalRule::kVolatilityUnknown, 0, 1, "hours", "volatility spike"};
  }
  return std::nullopt;
}

// ---- what is held and being entered

Verdict OrderInDoubt(const Case& c) {
  if (!c.broker->InDoubt(c.instrument)) return std::nullopt;
  return Refusal{RefusalRule::kOrderInDoubt, 1, 0, "orders"};
}

Verdict OppositePosition(const Case& c) {
  const bool buys = c.intent.side == Side::kBid;
  if (!(buys ? c.exposure.sells : c.exposure.buys)) return std::nullopt;
  return Refusal{RefusalRule::kOppositePosition, c.broker->QuantityOf(c.instrument).ToDouble(), 0, "shares"};
}

Verdict Positions(const Case& c) {
  const std::optional<uint32_t> limit = Limits(c).positions;
  if (!limit || c.exposure.in_symbol || c.exposure.positions < *limit) return std::nullopt;
  return Refusal{RefusalRule::kPositions, static_cast<double>(c.exposure.positions), static_cast<double>(*limit),
                 "positions"};
}

// Of the other symbols held or being entered, those whose price moves with the intent's: signed, so that a long and a
// short of what moves together are no such pair. A pair of which too little is known counts.
uint32_t MovingTogether(const Case& c, double above) {
  uint32_t count = 0;
  for (const BrokerAccount::Line& line : c.broker->Lines()) {
    if (line.instrument == c.instrument) continue;
    const std::optional<double> r =
        c.history->Correlation(c.instrument, line.instrument, c.now, Limits(c).correlation_returns_min);
    const double towards = line.side == c.intent.side ? 1 : -1;
    if (!r || *r * towards > above) ++count;
  }
  return count;
}

Verdict Correlation(const Case& c) {
  const std::optional<double> above = Limits(c).correlation_count_above;
  if (!above) return std::nullopt;
  const uint32_t together = 1 + MovingTogether(c, *above);
  if (together <= Limits(c).correlated_positions) return std::nullopt;
  return Refusal{RefusalRule::kCorrelation, static_cast<double>(together),
                 static_cast<double>(Limits(c).correlated_positions), "positions"};
}

// ---- exposure: the room is below one unit

Verdict NoRoom(const Case& c, RefusalRule rule, SizeCap cap) {
  const Room* room = c.size().Of(cap);
  if (room == nullptr || room->units >= 1) return std::nullopt;
  return Refusal{rule, room->used, room->limit, room->unit};
}
Verdict PositionNotional(const Case& c) {
  return NoRoom(c, RefusalRule::kPositionNotional, SizeCap::kPositionNotional);
}
Verdict GrossExposure(const Case& c) {
  return NoRoom(c, RefusalRule::kGrossExposure, SizeCap::kGrossExposure);
}
Verdict NetExposure(const Case& c) {
  return NoRoom(c, RefusalRule::kNetExposure, SizeCap::kNetExposure);
}
Verdict SectorExposure(const Case& c) {
  return NoRoom(c, RefusalRule::kSectorExposure, SizeCap::kSectorExposure);
}
Verdict BuyingPower(const Case& c) {
  return NoRoom(c, RefusalRule::kBuyingPower, SizeCap::kBuyingPower);
}

Verdict SizeZero(const Case& c) {
  if (c.size().quantity > Quantity()) return std::nullopt;
  return Refusal{RefusalRule::kSizeZero, 0, 1, "units", std::string(SizeCapName(c.size().binding_cap))};
}

// ---- throttle, last

Verdict OrdersPerMinute(const Case& c) {
  const std::optional<uint32_t> limit = Orders(c).orders_per_minute;
  const uint32_t seen = limit ? c.broker->OrdersWithin(kOrderWindow, c.account_now) : 0;
  if (!limit || seen < *limit) return std::nullopt;
  return Refusal{RefusalRule::kOrdersPerMinute, static_cast<double>(seen), static_cast<double>(*limit), "orders"};
}

constexpr std::array kAccountRules = {
    KillSwitchActive, NoRiskProfile,    NotArmed,        BrokerDown,      AccountUnknown,   DuplicateIntent,
    SymbolPaused,     AccountDayLoss,   AccountDrawdown, SlippageAnomaly, LatencyAnomaly,   NotAllowed,
    TradingSession,   StaleMark,        SpreadBps,       BookSize,        LiquidityUnknown, VolatilityUnknown,
    OrderInDoubt,     OppositePosition, Positions,       Correlation,     PositionNotional, GrossExposure,
    NetExposure,      SectorExposure,   BuyingPower,     SizeZero,        OrdersPerMinute,
};

// ---- sizes

std::optional<Millionths> VolatilityScale(const Case& c) {
  const std::optional<double> target = Orders(c).volatility_target;
  const std::optional<double> realised = target ? Realised(c) : std::nullopt;
  if (!realised) return std::nullopt;
  const double scale = *realised > 0 ? std::clamp(*target / *realised, kVolatilityScaleMin, 1.0) : 1.0;
  return Millionths{static_cast<int64_t>(scale * 1e6)};
}

const VolatilitySpikeLimits* SpikeInForce(const Case& c) {
  const std::optional<VolatilitySpikeLimits>& spike = Orders(c).spike;
  const std::optional<double> ratio = RangeRatio(c);
  return ratio && *ratio > spike->multiple ? &*spike : nullptr;
}

}  // namespace

std::optional<Refusal> FirstAccountRefusal(const Case& c) {
  for (const auto rule : kAccountRules) {
    if (Verdict refusal = rule(c)) return refusal;
  }
  return std::nullopt;
}

std::vector<Refusal> AllAccountRefusals(const Case& c) {
  std::vector<Refusal> refusals;
  for (const auto rule : kAccountRules) {
    if (Verdict refusal = rule(c)) refusals.push_back(*std::move(refusal));
  }
  return refusals;
}

void AddAccountCaps(const Case& c, SizingQuestion& question) {
  if (c.account_profile == nullptr || c.broker == nullptr) return;
  const Money equity = EquityOf(c);
  const ExposureLimits& limits = Limits(c);
  question.worst_entry = c.worst_entry();
  const auto room = [&](SizeCap cap, const MoneyLimit& limit, Money used) {
    if (const std::optional<Money> most = limit.Of(equity)) question.rooms.push_back({cap, used, *most});
  };
  const bool buys = c.intent.side == Side::kBid;
  room(SizeCap::kPositionNotional, limits.position, c.exposure.symbol);
  room(SizeCap::kGrossExposure, limits.gross, c.exposure.gross);
  room(SizeCap::kNetExposure, limits.net, buys ? c.exposure.net_long : c.exposure.net_short);
  room(SizeCap::kSectorExposure, limits.sector, c.exposure.sector);
  if (limits.buying_power) {
    const Money power = c.broker->word() ? c.broker->word()->buying_power : Money();
    const Money left = c.broker->BuyingPowerLeft().value_or(Money());
    question.rooms.push_back({SizeCap::kBuyingPower, power - left, power});
  }
  const auto part = [&](SizeCap cap, Quantity of, Millionths fraction) {
    question.parts.push_back({cap, Quantity::FromE8(static_cast<int64_t>(std::min<Int128>(
                                       static_cast<Int128>(of.e8()) * fraction.value / kMillion, INT64_MAX)))});
  };
  part(SizeCap::kTouch, c.displayed(), Orders(c).touch);
  part(SizeCap::kMinuteVolume, c.intent.minute_volume.value_or(Quantity()), Orders(c).minute_volume);

  if (const std::optional<Millionths> scale = VolatilityScale(c)) {
    question.factors.push_back({SizeCap::kVolatility, *scale});
  }
  if (const VolatilitySpikeLimits* spike = SpikeInForce(c)) {
    question.factors.push_back({SizeCap::kVolatilitySpike, spike->size_factor});
  }
  if (limits.correlation_half_above && MovingTogether(c, *limits.correlation_half_above) > 0) {
    question.factors.push_back({SizeCap::kCorrelation, kCorrelatedSize});
  }
  if (c.drawdown.size.value < kMillion) {
    question.factors.push_back({SizeCap::kDrawdown, c.drawdown.size});
  }
}

Price StopInForce(const Case& c) {
  if (!c.order || c.account_profile == nullptr || c.broker == nullptr) return c.intent.stop;
  int64_t factor = c.drawdown.stop.value;
  if (const VolatilitySpikeLimits* spike = SpikeInForce(c)) factor = factor * spike->stop_factor.value / kMillion;
  if (factor == kMillion) return c.intent.stop;
  const Price stop =
      StopAt({.entry = c.intent.entry, .stop = c.intent.stop, .tick = c.listing->ticks.At(c.intent.stop)}, {factor});
  const bool behind = c.intent.side == Side::kBid ? stop < c.intent.entry : stop > c.intent.entry;
  return behind ? stop : c.intent.stop;
}

}  // namespace spillway::risk
