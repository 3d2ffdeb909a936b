// The rules of risk: one function each, in one fixed order. A rule reads what is known of an intent and says nullopt,
// or why it is refused: what was seen, the limit, and their unit.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "libs/events/event.h"
#include "services/risk/account_profile.h"
#include "services/risk/account_watch.h"
#include "services/risk/instance.h"
#include "services/risk/schedule.h"
#include "services/risk/sizing.h"

namespace spillway::risk {

// The last MarketContext row of a symbol.
struct Mark {
  uint8_t book = 0;
  Quote quote;
  template <class Archive>
  void Persist(Archive& a) {
    a(book, quote);
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
  std::optional<Time> midnight = std::nullopt;  // of the New York day, where `minute` is known
  const AccountProfile* account_profile = nullptr;
  const AccountWatch* watch = nullptr;

  const RiskLimits& limits() const { return instance->limits; }
  const PaperAccount& account() const { return instance->account; }
  WindowAt window() const { return FindWindow(limits().schedule, close_minute, minute.value_or(0)); }
  bool low_confidence() const { return window().mode == WindowMode::kStrict; }
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

// Needs a case whose instance, terms and stop have passed their rules.
Size ApprovedSize(const Case& c);

}  // namespace spillway::risk
