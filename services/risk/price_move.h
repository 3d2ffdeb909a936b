// The largest move of a symbol's price over a window (FX-12: 001B's max|p / p(t - 60 s) - 1|), taken against every price
// of the window, so that a move that began within it counts too. Amortised O(1) a price; bounded by the window's prices.
#pragma once

#include <deque>

#include "libs/base/price.h"
#include "libs/base/time.h"

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

  // Percent, >= 0, of the last price against the lowest and the highest price of [now - window, now]; 0 if the last price is
  // older than that.
  double Percent(Time now, Duration window) {
    Drop(lows_, now - window);
    Drop(highs_, now - window);
    if (lows_.empty()) return 0;
    const Price price = lows_.back().price;
    const auto p = static_cast<double>(price.nanos());
    const double up = p / static_cast<double>(lows_.front().price.nanos()) - 1;
    const double down = 1 - p / static_cast<double>(highs_.front().price.nanos());
    return 100 * (up > down ? up : down);
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
  static void Drop(std::deque<Sample>& samples, Time before) {
    while (!samples.empty() && samples.front().time < before) samples.pop_front();
  }
  std::deque<Sample> lows_;   // rising prices: the front is the window's lowest
  std::deque<Sample> highs_;  // falling prices
};

}  // namespace spillway::risk
