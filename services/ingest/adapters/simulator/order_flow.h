// The order flow of one simulated symbol: arrivals that excite one another, of which each adds, cancels or takes
// liquidity around a fair value that wanders. Episodes bend it (Bend) and write rows of their own through it.
//
// Arrivals: Hawkes process with an exponential kernel, h' = -kDecay * h, simulated by thinning (Ogata 1981); a
// marketable order excites three times as much as another. Level sizes return to a target: an event at a level of size
// S with target T adds with probability T^2 / (T^2 + S^2) and cancels otherwise. Best prices follow the fair value:
// stale ones are pulled or taken, missing ones are filled in.
#pragma once

#include <array>
#include <cstdint>

#include "libs/base/random.h"
#include "libs/events/event.h"
#include "services/ingest/adapters/simulator/book.h"
#include "services/ingest/adapters/simulator/row_writer.h"
#include "services/ingest/adapters/simulator/session.h"

namespace spillway::simulator {

// What a symbol is like, drawn once a session.
struct SymbolParameters {
  InstrumentDefinition definition;
  double start_tick = 0;    // fair value before the open, in ticks
  double activity = 60;     // mean arrivals per second over the regular day
  double spread_ticks = 2;  // mean
  double depth = 1200;      // mean shares a level
  double volatility = 0.6;  // of the fair value, ticks per square root of a second, mean over the day
  double clustering = 0.35;
  bool episode_free = false;
};

// Shares that a marketable order takes on average, for a symbol of this depth.
double MeanOrderSize(double depth);
// The share of arrivals that take liquidity.
inline constexpr double kMarketShare = 0.085;

// How an episode bends the flow; as constructed it leaves it alone.
struct Bend {
  double rate = 1;              // of all arrivals
  double market_share = 1;      // multiple of kMarketShare; 0: no prints at all
  double buy_probability = -1;  // of marketable orders; negative: the flow's own
  double depth_bid = 1;         // multiples of the levels' target sizes
  double depth_ask = 1;
  double best_ask_adds = 1;  // multiple of the probability that an event at the best ask adds
  double drift = 0;          // of the fair value, ticks/s
  double volatility = 1;
  double spread_ticks = 0;  // 0: the symbol's own
  int64_t order_max = 0;    // largest marketable order, shares; 0: no bound
  bool hold_bid = false;    // the best price of the side moves by executions only
  bool hold_ask = false;
};

class SymbolFlow final : private DeepLiquidity {
 public:
  // The session outlives the flow.
  SymbolFlow(SymbolParameters parameters, const Session& session, uint64_t seed);

  // Writes the first picture of the book and starts the arrivals.
  void Start(Time now, RowWriter& row);
  // When the flow's next row is due; Time::max() while it is suspended.
  Time next() const { return next_ < next_pull_ ? next_ : next_pull_; }
  void Arrive(Time now, RowWriter& row);

  // ---- for episodes. All times are `now`, not before the last row.
  Bend bend;
  void Rearm(Time now);  // draws the next arrival anew; needed after bend.rate changed
  void Suspend();
  void Resume(Time now, double fair, RowWriter& row);  // a new book around the fair value
  void Add(Time now, Side side, int64_t tick, int64_t shares, RowWriter& row);
  void Cancel(Time now, Side side, uint32_t index, int64_t shares, RowWriter& row);
  void Take(Time now, Side aggressor, int64_t shares, RowWriter& row);
  void PrintCross(Time now, int64_t shares, RowWriter& row);
  // Brings the size of one visible level that is far from its target back to it; the best ask is left alone.
  void Settle(Time now, Side side, Random& random, RowWriter& row);
  // Counts what is executed at this level from now on.
  void Watch(Side side, int64_t tick) { watched_ = {side, tick, 0}; }
  int64_t watched_executed() const { return watched_.executed; }

  const SymbolParameters& parameters() const { return parameters_; }
  const SimulatedBook& book() const { return book_; }
  double fair() const { return fair_; }
  void set_fair(double fair) { fair_ = fair; }
  // Session VWAP from the open on, in ticks; the fair value while there was no trade.
  double vwap() const { return volume_ > 0 ? notional_ / volume_ : fair_; }
  double volume() const { return volume_; }
  // How deep the side is at this moment by its own slow wandering, against 1 on average.
  double wander(Side side) const { return side == Side::kBid ? depth_bid_ : depth_ask_; }
  Time last_print() const { return last_print_; }

 private:
  struct LargeOrder {  // a visible order big enough to be pulled as a whole
    Time pull;
    Side side = Side::kNone;
    int64_t tick = 0;
    int64_t shares = 0;  // 0: free slot
  };
  struct Watched {
    Side side = Side::kNone;
    int64_t tick = 0;
    int64_t executed = 0;
  };

  BookLevel Behind(Side side, const BookLevel& worst) override;
  int64_t SizeOnReturn(Side side, uint32_t index, const BookLevel& remembered) override;

  void BuildBook();
  void Advance(Time now);
  Time DrawArrival(Time now);
  double Excitation(Time now) const;
  int64_t OrderSize();
  int64_t NewLevelSize(Side side, uint32_t index);
  double TargetSize(Side side, uint32_t index) const;
  int64_t ReferenceTick(Side side) const;
  bool Held(Side side) const { return side == Side::kBid ? bend.hold_bid : bend.hold_ask; }
  void MarketOrder(Time now, RowWriter& row);
  void HiddenPrint(Time now, RowWriter& row);
  void BookEvent(Time now, RowWriter& row);
  void LevelEvent(Time now, Side side, RowWriter& row);
  void PullBest(Time now, Side side, RowWriter& row);
  void PlaceLarge(Time now, Side side, int64_t tick, int64_t shares);
  void PullLarge(Time now, RowWriter& row);
  void ScheduleNextPull();
  void BeginRow(Time now, RowWriter& row);
  void Print(Time now, Side aggressor, Price price, int64_t shares, uint8_t flags, RowWriter& row);

  SymbolParameters parameters_;
  const Session& session_;
  Random random_;
  Random delay_random_;
  SimulatedBook book_;

  Time next_ = Time::max();
  Time next_pull_ = Time::max();
  Time now_;
  double excitation_ = 0;  // after the last arrival
  Time excitation_time_;
  double next_excitation_ = 0;  // just before the next one

  double fair_ = 0;
  double pressure_ = 0;       // memory of the marketable orders' signs, in [-1, 1]
  double log_depth_bid_ = 0;  // slow wandering of each side's depth
  double log_depth_ask_ = 0;
  double depth_bid_ = 1;  // exp of these
  double depth_ask_ = 1;
  Time depth_time_;

  std::array<LargeOrder, 4> large_{};
  Watched watched_;
  uint64_t trade_id_ = 0;
  double volume_ = 0;
  double notional_ = 0;  // ticks * shares
  Time last_print_;
  Time last_ingest_;
  size_t lag_window_ = 0;
};

}  // namespace spillway::simulator
