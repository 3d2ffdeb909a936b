// Bodies of the features lane.
#include "libs/events/body_codec.h"
#include "libs/events/body_codec_common.h"

namespace spillway::body_codec {

void ToProto(const FeatureSetDefined& in, v1::FeatureSetDefined& out) {
  out.set_version(in.version);
  for (const FeatureSpec& spec : in.specs) {
    v1::FeatureSpec& s = *out.add_specs();
    s.set_kind(static_cast<v1::FeatureKind>(spec.kind));
    s.set_levels(spec.levels);
    s.set_window_ns(spec.window.count());
    s.set_threshold(spec.threshold);
    s.set_hold_ns(spec.hold.count());
    s.set_surge(spec.surge);
    s.set_below_for_ns(spec.below_for.count());
    s.set_minimum(spec.minimum);
    s.set_mirrored(spec.mirrored);
    s.set_venue(spec.venue);
  }
}
bool FromProto(const v1::FeatureSetDefined& in, FeatureSetDefined& out) {
  out.version = in.version();
  out.specs.clear();
  for (const v1::FeatureSpec& s : in.specs()) {
    out.specs.push_back({.kind = static_cast<FeatureKind>(s.kind()),
                         .levels = s.levels(),
                         .window = Duration(s.window_ns()),
                         .threshold = s.threshold(),
                         .hold = Duration(s.hold_ns()),
                         .surge = s.surge(),
                         .below_for = Duration(s.below_for_ns()),
                         .minimum = s.minimum(),
                         .mirrored = s.mirrored(),
                         .venue = s.venue()});
  }
  return true;
}

void ToProto(const FeatureSnapshot& in, v1::FeatureSnapshot& out) {
  out.set_feature_set(in.feature_set);
  out.set_boundary(in.boundary);
  out.set_book(in.book);
  out.set_top_only(in.top_only);
  for (const StrategyInstanceId instance : in.triggered) out.add_triggered(instance);
  out.set_bid_e9(in.quote.bid.nanos());
  out.set_ask_minus_bid_e9((in.quote.ask - in.quote.bid).nanos());
  out.set_bid_size_e8(in.quote.bid_size.e8());
  out.set_ask_size_e8(in.quote.ask_size.e8());
  out.set_bid_low_e9((in.bid_low - in.quote.bid).nanos());
  out.set_bid_high_e9((in.bid_high - in.quote.bid).nanos());
  out.set_ask_low_e9((in.ask_low - in.quote.ask).nanos());
  out.set_ask_high_e9((in.ask_high - in.quote.ask).nanos());
  if (in.last_price) out.set_last_price_minus_bid_e9((*in.last_price - in.quote.bid).nanos());
  bool all_ready = true;
  out.mutable_values()->Reserve(static_cast<int>(in.values.size()));
  for (const FeatureValue& value : in.values) {
    out.add_values(value.value);
    all_ready &= value.ready();
  }
  if (all_ready) return;
  std::string& not_ready = *out.mutable_not_ready();
  for (const FeatureValue& value : in.values) not_ready.push_back(static_cast<char>(value.not_ready));
}
bool FromProto(const v1::FeatureSnapshot& in, FeatureSnapshot& out) {
  out.top_only = in.top_only();
  out.feature_set = in.feature_set();
  out.boundary = in.boundary();
  out.book = static_cast<uint8_t>(in.book());
  out.triggered.assign(in.triggered().begin(), in.triggered().end());
  out.quote.bid = Price::FromNanos(in.bid_e9());
  out.quote.ask = out.quote.bid + Price::FromNanos(in.ask_minus_bid_e9());
  out.quote.bid_size = Quantity::FromE8(in.bid_size_e8());
  out.quote.ask_size = Quantity::FromE8(in.ask_size_e8());
  out.bid_low = out.quote.bid + Price::FromNanos(in.bid_low_e9());
  out.bid_high = out.quote.bid + Price::FromNanos(in.bid_high_e9());
  out.ask_low = out.quote.ask + Price::FromNanos(in.ask_low_e9());
  out.ask_high = out.quote.ask + Price::FromNanos(in.ask_high_e9());
  out.last_price.reset();
  if (in.has_last_price_minus_bid_e9()) out.last_price = out.quote.bid + Price::FromNanos(in.last_price_minus_bid_e9());
  const size_t count = static_cast<size_t>(in.values_size());
  if (!in.not_ready().empty() && in.not_ready().size() != count) return false;
  out.values.resize(count);
  for (size_t i = 0; i < count; ++i) {
    out.values[i].value = in.values(static_cast<int>(i));
    out.values[i].not_ready = in.not_ready().empty() ? NotReady::kReady : static_cast<NotReady>(in.not_ready()[i]);
  }
  return true;
}

void ToProto(const UniverseInputs& in, v1::UniverseInputs& out) {
  Set(in.price, [&](int64_t v) { out.set_price_e9(v); });
  Set(in.spread_median, [&](int64_t v) { out.set_spread_median_e9(v); });
  Set(in.relative_volume, [&](double v) { out.set_relative_volume(v); });
  out.set_relative_volume_reason(in.relative_volume_reason);
  out.set_trading_status(static_cast<v1::TradingStatus>(in.trading_status));
  out.set_cause(in.cause);
  out.set_last_of_refresh(in.last_of_refresh);
}
bool FromProto(const v1::UniverseInputs& in, UniverseInputs& out) {
  out = {};
  if (in.has_price_e9()) out.price = Price::FromNanos(in.price_e9());
  if (in.has_spread_median_e9()) out.spread_median = Price::FromNanos(in.spread_median_e9());
  if (in.has_relative_volume()) out.relative_volume = in.relative_volume();
  out.relative_volume_reason = in.relative_volume_reason();
  out.trading_status = static_cast<TradingStatus>(in.trading_status());
  out.cause = in.cause();
  out.last_of_refresh = in.last_of_refresh();
  return true;
}

void ToProto(const DetectorFired& in, v1::DetectorFired& out) {
  out.set_detector(static_cast<v1::DetectorKind>(in.detector));
  out.set_active(in.active);
  out.set_side(static_cast<v1::Side>(in.side));
  Set(in.price, [&](int64_t v) { out.set_price_e9(v); });
  out.set_seen(in.seen);
  out.set_limit(in.limit);
}
bool FromProto(const v1::DetectorFired& in, DetectorFired& out) {
  out = {};
  out.detector = static_cast<DetectorKind>(in.detector());
  out.active = in.active();
  out.side = static_cast<Side>(in.side());
  if (in.has_price_e9()) out.price = Price::FromNanos(in.price_e9());
  out.seen = in.seen();
  out.limit = in.limit();
  return true;
}

}  // namespace spillway::body_codec
