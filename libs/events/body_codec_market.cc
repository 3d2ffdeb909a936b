// Bodies of the market lane.
#include "libs/events/body_codec.h"
#include "libs/events/body_codec_common.h"

namespace spillway::body_codec {
namespace {

// False unless the bands ascend and every tick is positive.
bool FromProto(const google::protobuf::RepeatedPtrField<v1::TickBand>& in, std::vector<TickBand>& bands) {
  for (const v1::TickBand& b : in) {
    const TickBand band{.from_price = Price::FromNanos(b.from_price_e9()), .tick = Price::FromNanos(b.tick_e9())};
    if (band.tick <= Price() || (!bands.empty() && band.from_price <= bands.back().from_price)) return false;
    bands.push_back(band);
  }
  return true;
}

}  // namespace

void ToProto(const InstrumentDefinition& in, v1::InstrumentDefinition& out) {
  out.set_instrument_id(in.id);
  out.set_symbol(in.symbol);
  out.set_venue(in.venue);
  out.set_asset_class(static_cast<v1::AssetClass>(in.asset_class));
  out.set_currency(in.currency);
  out.set_tick_e9(in.tick.nanos());
  out.set_lot_e8(in.lot.e8());
  out.set_multiplier_e8(in.terms.multiplier.e8());
  out.set_inverse(in.terms.inverse);
  out.set_security_type(static_cast<v1::SecurityType>(in.security_type));
  Set(in.float_shares, [&](int64_t v) { out.set_float_shares_e8(v); });
  out.set_sector(in.sector);
  out.set_underlying(in.underlying);
  Set(in.expiry, [&](int64_t v) { out.set_expiry_ns(v); });
  Set(in.strike, [&](int64_t v) { out.set_strike_e9(v); });
  out.set_right(static_cast<v1::OptionRight>(in.right));
  if (in.average_volume.sessions != 0) {
    v1::VolumeByMinute& volume = *out.mutable_average_volume();
    volume.set_sessions(in.average_volume.sessions);
    volume.set_first_minute(in.average_volume.first_minute);
    for (const Quantity quantity : in.average_volume.cumulative) volume.add_cumulative_e8(quantity.e8());
  }
  Set(in.effective_from, [&](int64_t v) { out.set_effective_from_ns(v); });
  Set(in.effective_to, [&](int64_t v) { out.set_effective_to_ns(v); });
  for (const TickBand& band : in.tick_bands) {
    v1::TickBand& b = *out.add_tick_bands();
    b.set_from_price_e9(band.from_price.nanos());
    b.set_tick_e9(band.tick.nanos());
  }
  out.set_exchange(in.exchange);
  for (const std::string& list : in.lists) out.add_lists(list);
}

bool FromProto(const v1::InstrumentDefinition& in, InstrumentDefinition& out) {
  out = {};
  out.id = in.instrument_id();
  out.symbol = in.symbol();
  out.venue = in.venue();
  out.asset_class = static_cast<AssetClass>(in.asset_class());
  out.currency = in.currency();
  out.tick = Price::FromNanos(in.tick_e9());
  out.lot = Quantity::FromE8(in.lot_e8());
  out.terms = {.multiplier = Quantity::FromE8(in.multiplier_e8()), .inverse = in.inverse()};
  out.security_type = static_cast<SecurityType>(in.security_type());
  if (in.has_float_shares_e8()) out.float_shares = Quantity::FromE8(in.float_shares_e8());
  out.sector = in.sector();
  out.underlying = in.underlying();
  if (in.has_expiry_ns()) out.expiry = TimeFromNanos(in.expiry_ns());
  if (in.has_strike_e9()) out.strike = Price::FromNanos(in.strike_e9());
  out.right = static_cast<OptionRight>(in.right());
  if (in.has_average_volume()) {
    out.average_volume.sessions = in.average_volume().sessions();
    out.average_volume.first_minute = in.average_volume().first_minute();
    for (const int64_t e8 : in.average_volume().cumulative_e8())
      out.average_volume.cumulative.push_back(Quantity::FromE8(e8));
  }
  if (in.has_effective_from_ns()) out.effective_from = TimeFromNanos(in.effective_from_ns());
  if (in.has_effective_to_ns()) out.effective_to = TimeFromNanos(in.effective_to_ns());
  out.exchange = in.exchange();
  out.lists.assign(in.lists().begin(), in.lists().end());
  return FromProto(in.tick_bands(), out.tick_bands) && out.id != 0 && out.tick.nanos() > 0;
}

void ToProto(const FeedCapabilities& in, v1::FeedCapabilities& out) {
  out.set_feed(in.feed);
  out.set_name(in.name);
  out.set_book_levels(in.book_levels);
  out.set_book_full_depth(in.book_full_depth);
  out.set_orders(in.orders);
  out.set_trades(in.trades);
  out.set_aggressor_side(in.aggressor_side);
  out.set_change_causes(in.change_causes);
  out.set_trade_conditions(in.trade_conditions);
  out.set_receive_times(in.receive_times);
  out.set_status(in.status);
  out.set_news(in.news);
  if (in.lines) out.set_lines(*in.lines);
  if (in.depth_books) out.set_depth_books(*in.depth_books);
  if (in.tick_streams) out.set_tick_streams(*in.tick_streams);
  if (in.messages_per_second) out.set_messages_per_second(*in.messages_per_second);
  out.set_book_by_position(in.book_by_position);
  out.set_venue_vwap(in.venue_vwap);
}
bool FromProto(const v1::FeedCapabilities& in, FeedCapabilities& out) {
  out = {};
  out.feed = in.feed();
  out.name = in.name();
  out.book_levels = in.book_levels();
  out.book_full_depth = in.book_full_depth();
  out.orders = in.orders();
  out.trades = in.trades();
  out.aggressor_side = in.aggressor_side();
  out.change_causes = in.change_causes();
  out.trade_conditions = in.trade_conditions();
  out.receive_times = in.receive_times();
  out.status = in.status();
  out.news = in.news();
  if (in.has_lines()) out.lines = in.lines();
  if (in.has_depth_books()) out.depth_books = in.depth_books();
  if (in.has_tick_streams()) out.tick_streams = in.tick_streams();
  if (in.has_messages_per_second()) out.messages_per_second = in.messages_per_second();
  out.book_by_position = in.book_by_position();
  out.venue_vwap = in.venue_vwap();
  return true;
}

void ToProto(const SubscriptionChanged& in, v1::SubscriptionChanged& out) {
  out.set_feed(in.feed);
  out.set_effective_time_ns(ToNanos(in.effective_time));
  for (const Subscription& subscription : in.subscriptions) {
    v1::Subscription& s = *out.add_subscriptions();
    s.set_instrument_id(subscription.instrument);
    s.set_line(subscription.line);
    s.set_depth(subscription.depth);
    s.set_tick_stream(subscription.tick_stream);
    s.set_reason(subscription.reason);
  }
}
bool FromProto(const v1::SubscriptionChanged& in, SubscriptionChanged& out) {
  out = {};
  out.feed = in.feed();
  out.effective_time = TimeFromNanos(in.effective_time_ns());
  for (const v1::Subscription& s : in.subscriptions())
    out.subscriptions.push_back({s.instrument_id(), s.line(), s.depth(), s.tick_stream(), s.reason()});
  return true;
}

void ToProto(const SessionState& in, v1::SessionState& out) {
  out.set_trading_day(in.trading_day);
  out.set_phase(static_cast<v1::SessionPhase>(in.phase));
  Set(in.regular_open, [&](int64_t v) { out.set_regular_open_ns(v); });
  Set(in.regular_close, [&](int64_t v) { out.set_regular_close_ns(v); });
}
bool FromProto(const v1::SessionState& in, SessionState& out) {
  out = {};
  out.trading_day = in.trading_day();
  out.phase = static_cast<SessionPhase>(in.phase());
  if (in.has_regular_open_ns()) out.regular_open = TimeFromNanos(in.regular_open_ns());
  if (in.has_regular_close_ns()) out.regular_close = TimeFromNanos(in.regular_close_ns());
  return true;
}

void ToProto(const FeedStatus& in, v1::FeedStatus& out) {
  out.set_feed(in.feed);
  out.set_state(static_cast<v1::FeedState>(in.state));
  Set(in.lag, [&](int64_t v) { out.set_lag_ns(v); });
  out.set_reason(in.reason);
}
bool FromProto(const v1::FeedStatus& in, FeedStatus& out) {
  out = {};
  out.feed = in.feed();
  out.state = static_cast<FeedState>(in.state());
  if (in.has_lag_ns()) out.lag = Duration(in.lag_ns());
  out.reason = in.reason();
  return true;
}

void ToProto(const HaltChanged& in, v1::HaltChanged& out) {
  out.set_status(static_cast<v1::TradingStatus>(in.status));
  out.set_reason(in.reason);
}
bool FromProto(const v1::HaltChanged& in, HaltChanged& out) {
  out.status = static_cast<TradingStatus>(in.status());
  out.reason = in.reason();
  return true;
}

void ToProto(const NewsHeadline& in, v1::NewsHeadline& out) {
  out.set_source(in.source);
  out.set_headline(in.headline);
}
bool FromProto(const v1::NewsHeadline& in, NewsHeadline& out) {
  out.source = in.source();
  out.headline = in.headline();
  return true;
}

void ToProto(const TradeBust& in, v1::TradeBust& out) {
  out.set_trade_id(in.trade_id);
}
bool FromProto(const v1::TradeBust& in, TradeBust& out) {
  out.trade_id = in.trade_id();
  return true;
}

void ToProto(const TradeCorrection& in, v1::TradeCorrection& out) {
  out.set_trade_id(in.trade_id);
  out.set_price_e9(in.price.nanos());
  out.set_quantity_e8(in.quantity.e8());
}
bool FromProto(const v1::TradeCorrection& in, TradeCorrection& out) {
  out.trade_id = in.trade_id();
  out.price = Price::FromNanos(in.price_e9());
  out.quantity = Quantity::FromE8(in.quantity_e8());
  return true;
}

void ToProto(const FeedGap& in, v1::FeedGap& out) {
  out.set_feed(in.feed);
  out.set_expected(in.expected);
  out.set_seen(in.seen);
}
bool FromProto(const v1::FeedGap& in, FeedGap& out) {
  out.feed = in.feed();
  out.expected = in.expected();
  out.seen = in.seen();
  return true;
}

void ToProto(const UniverseChanged& in, v1::UniverseChanged& out) {
  out.set_effective_time_ns(ToNanos(in.effective_time));
  out.set_full(in.full);
  out.set_cause(in.cause);
  for (const UniverseMember& member : in.members) {
    v1::UniverseMember& m = *out.add_members();
    m.set_instrument_id(member.instrument);
    m.set_included(member.included);
    for (const Exclusion& exclusion : member.exclusions) {
      v1::Exclusion& e = *m.add_exclusions();
      e.set_rule(exclusion.rule);
      e.set_seen(exclusion.seen);
      e.set_limit(exclusion.limit);
    }
  }
}
bool FromProto(const v1::UniverseChanged& in, UniverseChanged& out) {
  out = {};
  out.effective_time = TimeFromNanos(in.effective_time_ns());
  out.full = in.full();
  out.cause = in.cause();
  for (const v1::UniverseMember& m : in.members()) {
    UniverseMember& member = out.members.emplace_back();
    member.instrument = m.instrument_id();
    member.included = m.included();
    for (const v1::Exclusion& e : m.exclusions()) member.exclusions.push_back({e.rule(), e.seen(), e.limit()});
  }
  return true;
}

void ToProto(const ConfigurationVersion& in, v1::ConfigurationVersion& out) {
  out.set_kind(static_cast<v1::ConfigurationKind>(in.kind));
  out.set_name(in.name);
  out.set_mode(static_cast<v1::InstanceMode>(in.mode));
  out.set_effective_time_ns(ToNanos(in.effective_time));
  out.set_document(in.document);
}
bool FromProto(const v1::ConfigurationVersion& in, ConfigurationVersion& out) {
  out.kind = static_cast<ConfigurationKind>(in.kind());
  out.name = in.name();
  out.mode = static_cast<InstanceMode>(in.mode());
  out.effective_time = TimeFromNanos(in.effective_time_ns());
  out.document = in.document();
  return true;
}

void ToProto(const ClockTick& in, v1::ClockTick& out) {
  out.set_source(static_cast<v1::TickSource>(in.source));
}
bool FromProto(const v1::ClockTick& in, ClockTick& out) {
  out.source = static_cast<TickSource>(in.source());
  return true;
}

void ToProto(const ProcessorVersion& in, v1::ProcessorVersion& out) {
  out.set_build(in.build);
}
bool FromProto(const v1::ProcessorVersion& in, ProcessorVersion& out) {
  out.build = in.build();
  return true;
}

}  // namespace spillway::body_codec
