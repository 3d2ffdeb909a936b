#include "services/scoring/market_state.h"

namespace spillway::scoring {

void MarketState::Apply(InstrumentId instrument, const HaltChanged& halt) {
  if (halt.status == TradingStatus::kUnknown || halt.status == TradingStatus::kTrading) {
    halts_.erase(instrument);
  } else {
    halts_[instrument] = halt.status;
  }
}

void MarketState::Apply(Producer producer, InstrumentId instrument, const FeedStatus& feed) {
  const bool suspended =
      feed.state == FeedState::kLagging || feed.state == FeedState::kStale || feed.state == FeedState::kDown;
  if (suspended && !feeds_without_market_.contains(feed.feed)) {
    suspensions_[{producer, feed.feed, instrument}] = feed.state;
  } else {
    suspensions_.erase({producer, feed.feed, instrument});
  }
}

void MarketState::Apply(const FeedCapabilities& capabilities) {
  if (capabilities.book_levels == 0 && !capabilities.book_full_depth && !capabilities.orders && !capabilities.trades) {
    feeds_without_market_.insert(capabilities.feed);
  } else {
    feeds_without_market_.erase(capabilities.feed);
  }
}

const TickTable* MarketState::ticks(InstrumentId instrument) const {
  const auto found = ticks_.find(instrument);
  return found == ticks_.end() ? nullptr : &found->second;
}

std::optional<TradingStatus> MarketState::halt(InstrumentId instrument) const {
  for (const auto& [who, status] : halts_) {
    if (who == 0 || who == instrument) return status;
  }
  return std::nullopt;
}

std::optional<FeedState> MarketState::suspension(InstrumentId instrument) const {
  for (const auto& [who, state] : suspensions_) {
    if (who.instrument == 0 || who.instrument == instrument) return state;
  }
  return std::nullopt;
}

}  // namespace spillway::scoring
