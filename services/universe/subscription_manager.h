// Decides what to ask of a feed that cannot carry everything (IR-10): which symbols have a line (top of book and
// prints), which a deep book, which a stream of every print. Pure: what the features lane says goes in, what to ask for
// comes out.
//
// Score of a symbol, 0 to 100, of market data alone, so that no strategy instance moves it:
//   50 x activity   mean over boundary snapshots, half-life 30 s, of: the last price changed 0.5, a best price changed
//   or
//                   moved in between 0.3, a best size changed 0.2; a boundary without a snapshot counts 0
// + 30 x volume     relative volume (FX-20): 0 at the usual one, 1 at 5 times that; unknown 0
// + 20 x spread     of the last two-sided quote: 1 at none, 0 at 50 basis points of the mid; no quote 0
//
// Lines go to the union of the universes: who holds a deep book within its dwell, then the best relative volumes.
// Deep books and tick streams rotate among the symbols with a line. Once a second, in this order:
//   1. A holder loses its place at once if it has no line any more, is halted or was rejected; after 30 s without a
//   change
//      of quote or price; and a deep book after 10 s in which it could not be used. A book of one side only is asked
//      for again first, twice (a partial book). Who is idle or without depth cannot get the place back for 60 s.
//   2. A free place goes to the best score.
//   3. A holder of 2 minutes or more gives its place to a score that is at least 15 higher, the weakest first.
// A symbol for which depth was refused is not asked for again on that day (the eligibility cache). Rejections are the
// broker's error codes: 10092 no deep book; 10167 delayed data and 200 no such security: no line; 10189 and 10190: no
// stream of every print.
// Not more requests a second than the feed takes; what does not fit waits for the next second, removals first.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libs/events/event.h"

namespace spillway::universe {

struct SubscriptionLimits {
  std::optional<uint32_t> lines;  // absent: no limit
  std::optional<uint32_t> depth_books;
  std::optional<uint32_t> tick_streams;
  std::optional<uint32_t> messages_per_second;

  static SubscriptionLimits Of(const FeedCapabilities& feed) {
    return {feed.lines, feed.depth_books, feed.tick_streams, feed.messages_per_second};
  }
  bool any() const { return lines || depth_books || tick_streams; }
  template <class Archive>
  void Persist(Archive& a) {
    a(lines, depth_books, tick_streams, messages_per_second);
  }
};

// A place at one of several connections to a feed (S1-B1.8: two of 50 symbols). Symbols that stay keep their
// connection; a new one goes to the connection with the fewest, the first of equals. Who finds no place is left out.
std::map<InstrumentId, uint32_t> ShardOf(const std::map<InstrumentId, uint32_t>& before,
                                         const std::vector<InstrumentId>& symbols, uint32_t connections,
                                         uint32_t symbols_each);

class SubscriptionManager {
 public:
  static constexpr Duration kStep = std::chrono::seconds(1);
  static constexpr Duration kDwell = std::chrono::minutes(2);
  static constexpr Duration kIdle = std::chrono::seconds(30);
  static constexpr Duration kIdleDepth = std::chrono::seconds(10);
  static constexpr Duration kDeadCooldown = std::chrono::seconds(60);
  static constexpr double kScoreDifference = 15;
  static constexpr uint32_t kPartialRetries = 2;

  void SetLimits(const SubscriptionLimits& limits) { limits_ = limits; }
  const SubscriptionLimits& limits() const { return limits_; }

  // Inputs; event time does not go back. A symbol of the feed is defined before anything is said of it.
  void Define(InstrumentId instrument) { symbols_[instrument]; }
  void SetWanted(const std::set<InstrumentId>& wanted);  // the union of the universes
  void SetRelativeVolume(InstrumentId instrument, std::optional<double> relative_volume);
  void SetHalted(InstrumentId instrument, bool halted);
  void OnSnapshot(InstrumentId instrument, const FeatureSnapshot& snapshot, Time now);
  void OnRejected(InstrumentId instrument, std::string_view reason, Time now);  // "10092 ..."

  // True once a second from the first symbol that is wanted on.
  bool StepDue(Time now) const { return started_ && now >= next_step_; }
  // What changes, in the order of instrument ids; each as it stands from now on. The first says it of all symbols.
  // `day` tells one trading day from another.
  std::vector<Subscription> Step(Time now, int32_t day);

  // Readings.
  double ScoreOf(InstrumentId instrument, Time now) const;
  std::optional<Subscription> StateOf(InstrumentId instrument) const;

  template <class Archive>
  void Persist(Archive& a) {
    a(limits_, symbols_, started_, next_step_, day_);
  }

 private:
  // A deep book or a stream of every print.
  struct Place {
    bool held = false;
    Time since;       // held: since when
    Time usable_at;   // held: when what it carries could last be used
    Time dead_until;  // not before this again
    uint32_t retries = 0;
    std::string refused;  // the broker's code: not on this day
    template <class Archive>
    void Persist(Archive& a) {
      a(held, since, usable_at, dead_until, retries, refused);
    }
  };
  struct Symbol {
    bool wanted = false, halted = false, line = false;
    bool told = false;         // named in a change before
    std::string line_refused;  // the broker's code: not on this day
    Place depth, ticks;
    std::string reason;  // of what changed in this step; empty: nothing did
    double score = 0;    // in this step

    std::optional<double> relative_volume;
    double activity = 0;  // at `counted`
    Time counted;
    bool quoted = false;
    Quote quote;  // of the last snapshot
    std::optional<Price> last_price;
    uint8_t book = 0;
    bool deep_usable = true;  // as the last snapshot said
    Time changed_at;          // quote or price, the last time
    double spread = 0;        // of the mid, of the last two-sided quote; 0 with `two_sided` false: none yet
    bool two_sided = false;

    template <class Archive>
    void Persist(Archive& a) {
      a(wanted, halted, line, told, line_refused, depth, ticks, relative_volume, activity, counted, quoted);
      a(quote.bid, quote.ask, quote.bid_size, quote.ask_size, last_price, book, deep_usable, changed_at, spread,
        two_sided);
    }
  };
  using PlaceOf = Place Symbol::*;

  static double Score(const Symbol& symbol, Time now);
  static bool Eligible(const Symbol& symbol, const Place& place, Time now);
  Symbol* Find(InstrumentId instrument);
  Symbol* BestWaiting(PlaceOf place, Time now);
  Symbol* WeakestHolder(PlaceOf place, Time now);
  std::vector<InstrumentId> LinesWanted(Time now) const;
  bool Afford(uint32_t requests);
  void StartDay(int32_t day);
  void AssignLines(Time now);
  void AssignPlaces(PlaceOf place, std::optional<uint32_t> budget, Time now);
  void DropPlaces(PlaceOf place, bool limited, Time now);
  std::string WhyDropped(Symbol& symbol, PlaceOf place, bool limited, Time now) const;
  void RetryPartialBooks(Time now);
  void FillPlaces(PlaceOf place, std::optional<uint32_t> budget, Time now);
  void ReplacePlaces(PlaceOf place, Time now);

  SubscriptionLimits limits_;
  std::map<InstrumentId, Symbol> symbols_;
  bool started_ = false;
  Time next_step_;
  int32_t day_ = 0;
  uint32_t requests_left_ = 0;  // in this step
};

}  // namespace spillway::universe
