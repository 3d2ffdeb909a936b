// The largest move of a symbol's price over a window (FX-12: 001B's max|p / p(t - 60 s) - 1|), taken against every
// price of the window, so that a move that began within it counts too. Amortised O(1) a price; bounded by the window's
// prices.
#pragma once

#include <deque>

#include "libs/base/int128.h"
#include "libs/base/price.h"
#include "libs/base/time.h"
#include "services/risk/limits.h"

namespace spillway::risk {

class PriceMove {
 public:
  // Times do not go back; the price is above 0.
  void Add(Time now, Price price) {
    while (!lows_.empty() && lows_.back().price >= price) lows_.pop_back();
    while (!highs_.empty() && highs_.back().price <= price) highs_.pop_back();
    lows_.push_back({now, price});
    highs_.push_back({now, price});
  }

  // Whether the last price is more than `limit` (a fraction) from the lowest or the highest price of [now - window,
  // now]; false if the last price is older than that. Exact: a move of just the limit is not more.
  bool MovedMore(Time now, Duration window, Millionths limit) {
    Drop(lows_, now - window);
    Drop(highs_, now - window);
    if (lows_.empty()) return false;
    const Price price = lows_.back().price;
    return Exceeds(price - lows_.front().price, lows_.front().price, limit) ||
           Exceeds(highs_.front().price - price, highs_.front().price, limit);
  }

  template <class Archive>
  void Persist(Archive& a) {
    a(lows_, highs_);
  }

 private:
  struct Sample {
    Time time;
    Price price;
    template <class Archive>
    void Persist(Archive& a) {
      a(time, price);
    }
  };
  static bool Exceeds(Price move, Price reference, Millionths limit) {
    return static_cast<Int128>(move.nanos()) * 1'000'000 > static_cast<Int128>(reference.nanos()) * limit.value;
  }
  static void Drop(std::deque<Sample>& samples, Time before) {
    while (!samples.empty() && samples.front().time < before) samples.pop_front();
  }
  std::deque<Sample> lows_;   // rising prices: the front is the window's lowest
  std::deque<Sample> highs_;  // falling prices
};

}  // namespace spillway::risk
