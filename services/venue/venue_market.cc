#include "services/venue/venue_market.h"

namespace spillway::venue {

std::vector<VenueMarket::Piece> VenueMarket::Available(Side side, std::optional<Price> limit, Quantity quantity) const {
  std::vector<Piece> pieces;
  const auto visit = [&](const book::Level& level) {
    if (limit && (side == Side::kAsk ? level.price > *limit : level.price < *limit)) return false;
    if (level.price <= Price()) return true;  // a row by position that says nothing
    Quantity left = level.size;
    if (const auto taken = consumed_.find({side, level.price}); taken != consumed_.end()) left -= taken->second;
    left = std::min(left, quantity);
    if (left > Quantity()) pieces.push_back({level.price, left});
    quantity -= std::max(left, Quantity());
    return quantity > Quantity();
  };
  if (state().top_only()) {
    if (const std::optional<book::Level> level = state().quote(side)) visit(*level);
    return pieces;
  }
  const book::BookSide& levels = state().levels().side(side);
  for (size_t rank = 0; rank < levels.size() && visit(levels.at(rank)); ++rank) {
  }
  return pieces;
}

Quantity VenueMarket::TakePrinted(Side side, Price price, Quantity fall) {
  const auto found = printed_.find({side, price});
  if (found == printed_.end()) return Quantity();
  const Quantity taken = std::min(found->second, fall);
  found->second -= taken;
  if (found->second == Quantity()) printed_.erase(found);
  return taken;
}

}  // namespace spillway::venue
