// The rules of risk: one function each, in one fixed order. A rule reads what is known of an intent and says nullopt,
// or why it is refused: what was seen, the limit, and their unit.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/events/event.h"
#include "libs/events/tick_table.h"
#include "services/risk/account_profile.h"
#include "services/risk/account_watch.h"
#include "services/risk/broker_account.h"
#include "services/risk/instance.h"
#include "services/risk/price_history.h"
#include "services/risk/schedule.h"
#include "services/risk/sizing.h"

namespace spillway::risk {

// The last MarketContext row of a symbol.
struct Mark {
  uint8_t book = 0;
  Quote quote;
  Time time;  // of the event
  Price mid() const { return Price::FromNanos((quote.bid.nanos() + quote.ask.nanos()) / 2); }
  template <class Archive>
  void Persist(Archive& a) {
    a(book, quote, time);
  }
};

// What a definition says of a symbol beside its terms.
struct Listing {
  std::string symbol;
  TickTable ticks;
  template <class Archive>
  void Persist(Archive& a) {
    a(symbol, ticks);
  }
};

struct FeedCount {
  uint32_t known = 0;
  uint32_t not_up = 0;
};

// What risk knows when it judges an intent. A null pointer is something it does not know.
struct Case {
  const TradeIntent& intent;
  InstrumentId instrument = 0;
  Time now = {};
  const Instance* instance = nullptr;
  const ContractTerms* terms = nullptr;
  const Mark* mark = nullptr;
  FeedCount feeds = {};
  int32_t trading_day = 0;
  std::optional<int32_t> minute = std::nullopt;  // of the New York day
  int32_t close_minute = kRegularCloseMinute;
  std::optional<Time> midnight = std::nullopt;      // of the New York day, where `minute` is known
  const AccountProfile* account_profile = nullptr;  // nullptr: none is in force
  const AccountWatch* watch = nullptr;

  // Of an intent that would become an order (CONFIRM, AUTO); the account's rules are asked of it alone.
  bool order = false;
  EventId id = {};
  Time account_now = {};  // of everybody's events
  const BrokerAccount* broker = nullptr;
  const PriceHistory* history = nullptr;
  const Listing* listing = nullptr;
  const SessionState* session = nullptr;
  Exposure exposure = {};  // before it
  DrawdownFactors drawdown = {};
  bool confirmed = false;  // C-19: throttles of alerts counted for its card already

  const RiskLimits& limits() const { return instance->limits; }
  const PaperAccount& account() const { return instance->account; }
  WindowAt window() const { return FindWindow(limits().schedule, close_minute, minute.value_or(0)); }
  bool low_confidence() const { return window().mode == WindowMode::kStrict; }
  // On the side that the entry takes; needs a mark.
  Quantity displayed() const { return intent.side == Side::kBid ? mark->quote.ask_size : mark->quote.bid_size; }
  // What a unit may cost at most: an order that crosses pays more than its entry.
  Price worst_entry() const;
  // ApprovedSize, made once: a case is of one moment.
  const Size& size() const;
  mutable std::optional<Size> size_made = std::nullopt;
};

struct Refusal {
  RefusalRule rule = RefusalRule::kNone;
  double seen = 0;
  double limit = 0;
  std::string_view unit;
  std::string detail = {};  // which of several
};

// The first rule that refuses; nullopt: approved with ApprovedSize. See risk.h for the order and each rule's meaning.
std::optional<Refusal> FirstRefusal(const Case& c);
// Of the rules of the instance each that refuses. Needs a case with instance and terms.
std::vector<Refusal> AllRefusals(const Case& c);

// Needs a case whose instance, terms and stop have passed their rules. Of an order with all that the account allows.
Size ApprovedSize(const Case& c);
// What the profile alone allows.
Size ProfileSize(const Case& c);

}  // namespace spillway::risk
