// Collects, between two clock ticks, which symbols' quotes changed: the rows of the next MarketContext. Only boundary
// snapshots count, so that what the trading lane sees does not depend on whose triggers fired.
#pragma once

#include <vector>

#include "libs/events/event.h"

namespace spillway::scoring {

class MarketContextRows {
 public:
  void See(InstrumentId instrument, const FeatureSnapshot& snapshot);
  // Fills `rows` with those that differ from what was told last, in instrument order, and counts them as told.
  void Take(std::vector<MarketContext::Row>& rows);

  template <class Archive>
  void Persist(Archive& a) {
    a(symbols_, changed_);
  }

 private:
  struct Row {
    uint8_t book = 0;
    Price bid, ask;
    Quantity bid_size, ask_size;
    std::optional<Price> last_price;
    friend bool operator==(const Row&, const Row&) = default;
    template <class Archive>
    void Persist(Archive& a) {
      a(book, bid, ask, bid_size, ask_size, last_price);
    }
  };
  struct Symbol {
    Row now;
    std::optional<Row> told;
    bool listed = false;  // in changed_
    template <class Archive>
    void Persist(Archive& a) {
      a(now, told, listed);
    }
  };
  std::vector<Symbol> symbols_;  // by instrument
  std::vector<InstrumentId> changed_;
};

}  // namespace spillway::scoring
