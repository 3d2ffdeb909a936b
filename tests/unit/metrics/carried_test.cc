// C-07, IR-10: what the feed cannot carry, or was not asked for, is not carried, never 0.
#include "tests/support/metrics_play.h"

namespace spillway::test {
namespace {

using metrics::Ready;
using metrics::Unready;

Event Asked(double effective_milliseconds, bool line, bool depth) {
  Event event;
  event.header.producer = Producer::kUniverse;
  event.header.event_time = MarketBuilder::kStart;
  event.body = SubscriptionChanged{
      .feed = 1,
      .effective_time = MarketBuilder::kStart + Duration(static_cast<int64_t>(effective_milliseconds * 1e6)),
      .subscriptions = {{.instrument = 1, .line = line, .depth = depth, .tick_stream = false, .reason = "score"}}};
  return event;
}

TEST_CASE("IR-10, C-07: without a deep book a symbol has its top of book only, from the effective time on",
          "[metrics]") {
  MetricsPlay play(ProfileOf({"bid_ask_ratio", "bid_size_over_ask", "tape_velocity", "depth_ask"}));
  play.At(0).Bid(10, 100).Ask(10.01, 50).Row();
  play.Give(Asked(1000, true, false));
  CHECK(play.ValueAt(500, "bid_ask_ratio") == Ready(2));
  CHECK(play.ValueAt(1000, "bid_ask_ratio") == Ready(2));  // what was before the boundary
  CHECK(play.ValueAt(1250, "bid_ask_ratio") == Unready(NotReady::kNotCarried));
  CHECK(play.ValueAt(1250, "depth_ask") == Unready(NotReady::kNotCarried));
  CHECK(play.ValueAt(1250, "bid_size_over_ask") == Ready(50));
  CHECK(play.ValueAt(4000, "tape_velocity") == Ready(0));
  const auto passed_on = play.sink.Bodies<SubscriptionChanged>();
  CHECK(passed_on.size() == 1);
}

TEST_CASE("IR-10: without a line nothing is carried; what comes back is watched from then on", "[metrics]") {
  MetricsPlay play(ProfileOf({"spread", "tape_velocity"}));
  play.At(0).Bid(10, 100).Ask(10.01, 50).Row();
  CHECK(play.ValueAt(4000, "tape_velocity") == Ready(0));
  play.Give(Asked(4100, false, false));
  play.At(4200).Row();
  CHECK(play.ValueAt(4500, "spread") == Unready(NotReady::kNotCarried));
  CHECK(play.ValueAt(4500, "tape_velocity") == Unready(NotReady::kNotCarried));
  play.Give(Asked(5000, true, true));
  play.At(5010).Row();
  CHECK(play.ValueAt(5250, "spread") == Ready(0.01));
  CHECK(play.ValueAt(7750, "tape_velocity") == Unready(NotReady::kWarmUp));
  CHECK(play.ValueAt(8000, "tape_velocity") == Ready(0));
}

TEST_CASE("IR-10: a subscription of another feed, or of a symbol not named, changes nothing", "[metrics]") {
  MetricsPlay play(ProfileOf({"bid_ask_ratio"}));
  play.At(0).Bid(10, 100).Ask(10.01, 50).Row();
  Event other = Asked(0, false, false);
  std::get<SubscriptionChanged>(other.body).feed = 2;
  play.Give(other);
  Event unnamed = Asked(0, false, false);
  std::get<SubscriptionChanged>(unnamed.body).subscriptions[0].instrument = 2;
  play.Give(unnamed);
  CHECK(play.ValueAt(500, "bid_ask_ratio") == Ready(2));
}

TEST_CASE("S1-B2.6: the venue's own VWAP counts where a profile asks for it and the feed tells it", "[metrics]") {
  v1::Profile profile = ProfileOf({"vwap"});
  profile.mutable_features()->set_vwap_source(v1::VWAP_SOURCE_VENUE);
  for (const bool told : {false, true}) {
    MetricsPlay play(profile);
    Event capabilities = CapabilitiesOf(true);
    std::get<FeedCapabilities>(capabilities.body).venue_vwap = told;
    play.Give(capabilities);
    play.At(0).Bid(10, 100).Ask(10.01, 50).Row();
    play.At(100).Trade(10.01, 100, Side::kBid).Row();
    CHECK(play.ValueAt(250, "vwap") == Unready(told ? NotReady::kNoTrades : NotReady::kNotCarried));
    MarketEvent venue;
    venue.kind = MarketEventKind::kVenueVwap;
    venue.price = Px(10.07);
    play.At(300).Add(venue).Row();
    CHECK(play.ValueAt(500, "vwap") == (told ? Ready(10.07) : Unready(NotReady::kNotCarried)));
  }
}

}  // namespace
}  // namespace spillway::test
