// The matching of the simulated venue: what becomes of orders as the recorded market goes by. No time of its own: the
// venue plays rows and commands to it in the order in which they happened.
//
// Taking. A marketable order walks the displayed levels of the other side and takes what is left of them
// (venue_market.h); what remains of a limit order rests, of a market order waits for the next levels. IOC and FOK do
// not wait: what is not filled at once has expired.
//
// Resting. A limit order stands behind what is displayed at its price when it takes its place.
//   - Conservative: only prints at its price by the other side take from what is ahead; cancels are behind us.
//   - Probabilistic: a cancel takes from ahead of us in the proportion of what is ahead to the level, rounded down.
//   - Where the feed does not say why a level fell, what was printed there is taken off first; the rest is cancels.
//   - A print beyond its price fills it, as does a quote of the other side at or beyond it: at its own limit, and never
//     for more than was printed or displayed. Hidden and auction prints fill nothing. Our orders share a print in the
//     order of price, then arrival.
//
// Stops trigger when an eligible print or the quote they would trade at is at their price or beyond it, and then trade
// at the quote: through a gap at what is there, never at the stop's price. Trailing ones follow the best quote of that
// side since they arrived.
//
// Two tickets of one command are an OCO pair: as one fills the other shrinks by as much, and as one ends so does the
// other.
//
// Held, not refused: orders in a halt, outside their session, or while the book may not be traded on (crossed, gap).
// They rest, and trade by the first quote behind it; cancels work. A market order is refused where the other side is
// empty. Day orders expire at the regular close; those for extended hours at the end of the day.
//
// Instruments whose feed has no book (C-48) trade on bars of a minute: a market order fills whole at the first eligible
// print of the first minute that begins `bar_delay` or more after the command was sent: the bar's open. A limit order
// fills at that open if it is as good, and later at its limit when a print goes through it; a stop at the print that
// reaches it.
//
// A price that makes an order or a position worth more than kNotionalMax is bad data: nothing trades at it.
//
// reduce_only is the sender's affair, beyond that such an order needs no buying power: the account is shared.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/costs/costs.h"
#include "libs/runtime/processor.h"
#include "services/venue/venue_account.h"
#include "services/venue/venue_market.h"
#include "services/venue/venue_order.h"

namespace spillway::venue {

// v1::SimulatedVenue with its defaults.
struct VenueTerms {
  bool probabilistic = false;
  Duration latency = std::chrono::milliseconds(50);
  std::vector<Duration> latencies;
  costs::CostSchedule fees;
  Money maker_rebate;  // a unit
  Money cash = Money::FromE8(100'000'00000000);
  std::string account = "simulated";
  int64_t margin_e6 = 1'000'000;
  Duration bar_delay = std::chrono::seconds(60);

  Duration LatencyOf(const OrderId& order) const {
    return latencies.empty() ? latency : latencies[order.low % latencies.size()];
  }
  template <class Archive>
  void Persist(Archive& a) {
    a(probabilistic, latency, latencies, fees, maker_rebate, cash, account, margin_e6, bar_delay);
  }
};

class Exchange {
 public:
  static constexpr size_t kOrdersMax = 1'000'000;
  static constexpr double kNotionalMax = 1e9;
  // Orders that ended and executions are remembered this long.
  static constexpr Duration kRemembered = std::chrono::hours(24 * 7);

  // Reports of a window carry its tick.
  void BeginWindow(Time tick, runtime::EventSink& out) {
    tick_ = tick;
    out_ = &out;
  }
  // Ends it: what expires until the tick.
  void EndWindow();

  void AdvanceTo(Time time) { now_ = std::max(now_, time); }

  // Later terms change how it trades from then on, not the account.
  void Configure(const VenueTerms& terms, const Origin& origin, Time time);
  void Define(InstrumentId instrument, Contract contract) { MarketOf(instrument).contract = std::move(contract); }
  // Instrument 0: all.
  void SetHalted(InstrumentId instrument, bool halted);
  void SetSession(const SessionState& session);
  void SetFeed(uint32_t feed, uint32_t book_levels) { feed_levels_[feed] = book_levels; }
  void SetFeedDown(uint32_t feed, bool down);
  void OnGap(InstrumentId instrument);
  // The market went by unseen: books are not known until they are sent again.
  void SetRowsMissed() { rows_missed_ = true; }

  void Apply(const MarketEvent& event, uint32_t feed, Time time);
  void Take(const QueuedCommand& command);

  bool open() const { return open_; }
  bool has_working_orders() const { return !busy_.empty(); }
  const VenueTerms& terms() const { return terms_; }

  template <class Archive>
  void Persist(Archive& a) {
    a(open_, terms_, markets_, feed_levels_, feed_down_, halted_, rows_missed_, session_, account_, orders_, busy_,
      now_);
  }

 private:
  struct Refusal {
    std::string code, reason;
  };
  struct Closed {
    OrderState state = OrderState::kNone;
    BrokerReportKind kind = BrokerReportKind::kUnknown;
    std::string code, reason;
  };

  // Commands.
  void Place(const QueuedCommand& command);
  void Cancel(const QueuedCommand& command);
  void Replace(const QueuedCommand& command);
  void Query(const QueuedCommand& command);
  void Snapshot(const QueuedCommand& command);
  std::optional<Refusal> Check(const QueuedCommand& command, const OrderTicket& ticket) const;
  std::optional<Refusal> CheckPrices(const Contract& contract, const OrderTicket& ticket) const;
  // `replaced` makes room for it; none: nothing does.
  std::optional<Refusal> CheckFunds(const VenueMarket& market, InstrumentId instrument, const OrderTicket& ticket,
                                    const OrderId& replaced) const;
  VenueOrder& Accept(const QueuedCommand& command, const OrderTicket& ticket, uint8_t leg);
  void Arrive(VenueOrder& order);

  // The market goes by.
  void OnPrint(VenueMarket& market, const MarketEvent& print);
  void FillQueue(VenueMarket& market, const MarketEvent& print);
  void FillBars(VenueMarket& market, const MarketEvent& print);
  void OnLevelChange(VenueMarket& market, const book::LevelChange& change);
  void MatchAll(VenueMarket& market);
  void Match(VenueMarket& market, VenueOrder& order);
  void FollowQuote(const VenueMarket& market, VenueOrder& order) const;
  bool Tradeable(const VenueMarket& market, const VenueOrder& order) const;
  bool OnBars(const VenueMarket& market) const;
  bool RegularHours() const;

  // What becomes of an order.
  void ExpireDay(Time close, bool day_over);
  void Fill(VenueOrder& order, Price price, Quantity quantity, bool maker);
  void Close(VenueOrder& order, const Closed& how);
  void Leave(VenueOrder& order);
  void Report(VenueOrder& order, BrokerReport report);
  void Answer(const QueuedCommand& command, BrokerReport report, uint32_t ordinal = 0);
  void Emit(const Origin& origin, uint32_t ordinal, EventBody body);

  // The account.
  Money Equity() const;
  Money BuyingPower(const OrderId& except = {}) const;
  Money Reserved(const OrderId& except) const;
  Money Value(InstrumentId instrument, const Holding& holding) const;
  std::optional<Price> Mark(InstrumentId instrument, Side exits_at) const;
  std::optional<Price> PriceOf(const VenueMarket& market, const OrderTicket& ticket) const;

  VenueMarket& MarketOf(InstrumentId instrument);
  const VenueMarket* FindMarket(InstrumentId instrument) const {
    return instrument < markets_.size() ? &markets_[instrument] : nullptr;
  }
  VenueOrder* Find(const OrderId& order);

  bool open_ = false;
  VenueTerms terms_;
  std::vector<VenueMarket> markets_;          // by instrument
  std::map<uint32_t, uint32_t> feed_levels_;  // by feed: levels of its books
  std::map<uint32_t, bool> feed_down_;
  bool halted_ = false;  // the whole market
  bool rows_missed_ = false;
  std::optional<SessionState> session_;
  VenueAccount account_;
  std::map<OrderId, VenueOrder> orders_;
  std::set<InstrumentId> busy_;  // that have working orders
  Time now_;                     // of what is played

  // While a window is played.
  Time tick_;
  runtime::EventSink* out_ = nullptr;
};

}  // namespace spillway::venue
