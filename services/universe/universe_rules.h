// The universe's rules of one profile, and what they say of one symbol. Pure: facts in, exclusions out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/events/event.h"

namespace spillway::v1 {
class Profile;
}

namespace spillway::universe {

// What is known of a symbol from its definition.
struct SymbolFacts {
  SecurityType security_type = SecurityType::kUnknown;
  std::optional<Quantity> float_shares;
  uint32_t volume_sessions = 0;    // how many sessions its mean volume is over
  std::string sector;              // empty: unknown
  std::string exchange;            // empty: unknown
  std::vector<std::string> lists;  // it is a member of; a list that does not name it does not have it

  static SymbolFacts Of(const InstrumentDefinition& definition);
  template <class Archive>
  void Persist(Archive& a) {
    a(security_type, float_shares, volume_sessions, sector, exchange, lists);
  }
};

// Names of a profile's list, compared without regard to case.
struct NameList {
  std::vector<std::string> names;
  bool empty() const { return names.empty(); }
  bool Has(std::string_view name) const;
  std::string ToString() const;  // "NASDAQ,NYSE"
};

// What metrics measured of a symbol (UniverseInputs), without the bookkeeping of the set.
struct SymbolInputs {
  std::optional<Price> price;
  std::optional<Price> spread_median;
  std::optional<double> relative_volume;
  std::string relative_volume_reason;

  template <class Archive>
  void Persist(Archive& a) {
    a(price, spread_median, relative_volume, relative_volume_reason);
  }
};

// S0-1.2 to S0-1.6, S1-A1.*, S1-B1.*, S1-I4.*, C-03 to C-06. A limit that is absent is not checked.
struct UniverseRules {
  std::optional<Price> price_min;             // inclusive
  std::optional<Price> price_max;             // inclusive
  std::optional<double> relative_volume_min;  // strictly above
  uint32_t volume_sessions_min = 10;          // FX-20
  std::optional<Price> spread_min;            // inclusive
  std::optional<Price> spread_max;            // strictly below
  std::optional<Quantity> float_min;          // inclusive
  std::optional<Quantity> float_max;          // strictly below
  std::vector<SecurityType> types_excluded;
  std::string types_excluded_text;           // "etf,adr,otc"
  std::vector<SecurityType> types_included;  // only these; none: all
  std::string types_included_text;
  NameList sectors_excluded;            // S1-B1.7
  NameList exchanges;                   // S1-B1.6: only these; none: all
  NameList lists_excluded;              // S1-B10.3
  NameList headline_words;              // S1-B10.3: a whole word of a headline of the symbol on the trading day
  std::optional<uint32_t> symbols_max;  // S1-B1.10: the best relative volumes
  bool allow_unknown_float = false;
  bool allow_unknown_relative_volume = false;
  bool allow_unknown_type = false;
  bool allow_unknown_spread = false;
  bool allow_unknown_sector = false;
  bool allow_unknown_exchange = false;
  bool allow_unknown_headlines = false;        // no feed carries news
  Duration refresh = std::chrono::minutes(5);  // of event time, C-08
};
UniverseRules UniverseRulesOf(const v1::Profile& profile);

// Every rule that the symbol fails, in the order of the struct above, `halted` last; empty: it is in the universe.
// Rules are named as the profile's fields ("price_min", "spread_max", "exclude_types"), missing data as
// "float_unknown", "security_type_unknown", "sector_unknown", "exchange_unknown", "not_ready:price",
// "not_ready:relative_volume", "not_ready:spread". Headlines and `symbols_max` are not looked at here: the one is of
// the day, the other of all symbols together.
std::vector<Exclusion> Exclusions(const UniverseRules& rules, const SymbolFacts& facts, const SymbolInputs& inputs,
                                  TradingStatus status);

// The exclusion by a headline with one of the words: {"headline_word", the headline cut to 80 bytes, the word}.
std::optional<Exclusion> HeadlineExclusion(const UniverseRules& rules, std::string_view headline);

// The exclusion of a halted symbol; nullopt if the status lets it trade (unknown does: most feeds carry no status).
std::optional<Exclusion> HaltExclusion(TradingStatus status);

}  // namespace spillway::universe
