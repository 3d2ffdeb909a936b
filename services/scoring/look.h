// What one strategy instance saw of a symbol: the snapshot's quote and the values of the features that its own
// profile declares, in the order of profile::DeclaredFeatures. What other profiles declare is not in it, so that
// nothing made of it depends on them.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "libs/events/event.h"
#include "libs/events/persist_fields.h"

namespace spillway::scoring {

template <class Archive>
void PersistValues(Archive& a, std::vector<FeatureValue>& values) {
  uint64_t count = values.size();
  a(count);
  if constexpr (Archive::kReading) values.resize(std::min<uint64_t>(count, 1 << 16));
  for (FeatureValue& value : values) a(value.value, value.not_ready);
}

struct Look {
  EventHeader header;  // the snapshot's
  uint8_t book = 0;
  Quote quote;
  std::vector<FeatureValue> values;

  // Both sides are there and apart, so that prices can be made of them.
  bool priced() const {
    return (book & (BookCondition::kBidEmpty | BookCondition::kAskEmpty)) == 0 && quote.ask > quote.bid;
  }
  template <class Archive>
  void Persist(Archive& a) {
    a(header, book, quote);
    PersistValues(a, values);
  }
};

// The last look, and beside it the last one at a boundary that showed something new, which the next boundary is
// compared with. They are the same unless the instance was triggered since.
struct Looks {
  bool any = false;
  bool at_trigger = false;  // the last look was the instance's own trigger
  std::optional<Price> last_price;
  Look boundary;
  Look trigger;

  const Look& last() const { return at_trigger ? trigger : boundary; }
  template <class Archive>
  void Persist(Archive& a) {
    a(any, at_trigger, last_price, boundary, trigger);
  }
};

}  // namespace spillway::scoring
