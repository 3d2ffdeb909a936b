#include "services/universe/universe_rules.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "fmt/format.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::universe {
namespace {

// Without regard to case, of ASCII.
bool SameName(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return absl::ascii_tolower(x) == absl::ascii_tolower(y); });
}

// Four decimals at most, no trailing zeros: "0.7551", "2".
std::string Rounded(double value) {
  std::string text = fmt::format("{:.4f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

void CheckPrice(const UniverseRules& rules, const SymbolInputs& inputs, std::vector<Exclusion>& failed) {
  if (!rules.price_min && !rules.price_max) return;
  if (!inputs.price) {
    failed.push_back(
        {"not_ready:price", "no_price", (rules.price_min ? rules.price_min : rules.price_max)->ToString()});
    return;
  }
  if (rules.price_min && *inputs.price < *rules.price_min) {
    failed.push_back({"price_min", inputs.price->ToString(), rules.price_min->ToString()});
  }
  if (rules.price_max && *inputs.price > *rules.price_max) {
    failed.push_back({"price_max", inputs.price->ToString(), rules.price_max->ToString()});
  }
}

void CheckRelativeVolume(const UniverseRules& rules, const SymbolFacts& facts, const SymbolInputs& inputs,
                         std::vector<Exclusion>& failed) {
  if (!rules.relative_volume_min) return;
  const std::string limit = fmt::format("{}", *rules.relative_volume_min);
  std::string reason;
  if (!inputs.relative_volume) {
    reason = inputs.relative_volume_reason.empty() ? "unknown" : inputs.relative_volume_reason;
  } else if (facts.volume_sessions < rules.volume_sessions_min) {
    reason = fmt::format("sessions<{}", rules.volume_sessions_min);
  }
  if (!reason.empty()) {
    if (!rules.allow_unknown_relative_volume) failed.push_back({"not_ready:relative_volume", reason, limit});
  } else if (!(*inputs.relative_volume > *rules.relative_volume_min)) {
    failed.push_back({"relative_volume_min", Rounded(*inputs.relative_volume), limit});
  }
}

void CheckSpread(const UniverseRules& rules, const SymbolInputs& inputs, std::vector<Exclusion>& failed) {
  if (!rules.spread_min && !rules.spread_max) return;
  if (!inputs.spread_median) {
    if (rules.allow_unknown_spread) return;
    const Price limit = rules.spread_max ? *rules.spread_max : *rules.spread_min;
    failed.push_back({"not_ready:spread", "unknown", limit.ToString()});
    return;
  }
  const Price spread = *inputs.spread_median;
  if (rules.spread_min && spread < *rules.spread_min) {
    failed.push_back({"spread_min", spread.ToString(), rules.spread_min->ToString()});
  }
  if (rules.spread_max && spread >= *rules.spread_max) {
    failed.push_back({"spread_max", spread.ToString(), rules.spread_max->ToString()});
  }
}

void CheckFloat(const UniverseRules& rules, const SymbolFacts& facts, std::vector<Exclusion>& failed) {
  if (!rules.float_min && !rules.float_max) return;
  if (!facts.float_shares) {
    if (rules.allow_unknown_float) return;
    const Quantity limit = rules.float_max ? *rules.float_max : *rules.float_min;
    failed.push_back({"float_unknown", "unknown", limit.ToString()});
    return;
  }
  if (rules.float_min && *facts.float_shares < *rules.float_min) {
    failed.push_back({"float_min", facts.float_shares->ToString(), rules.float_min->ToString()});
  }
  if (rules.float_max && *facts.float_shares >= *rules.float_max) {
    failed.push_back({"float_max", facts.float_shares->ToString(), rules.float_max->ToString()});
  }
}

void CheckType(const UniverseRules& rules, const SymbolFacts& facts, std::vector<Exclusion>& failed) {
  const std::vector<SecurityType>& excluded = rules.types_excluded;
  const std::vector<SecurityType>& included = rules.types_included;
  if (excluded.empty() && included.empty()) return;
  if (facts.security_type == SecurityType::kUnknown) {
    const std::string& limit = excluded.empty() ? rules.types_included_text : rules.types_excluded_text;
    if (!rules.allow_unknown_type) failed.push_back({"security_type_unknown", "unknown", limit});
    return;
  }
  const std::string type(SecurityTypeName(facts.security_type));
  if (std::ranges::find(excluded, facts.security_type) != excluded.end()) {
    failed.push_back({"exclude_types", type, rules.types_excluded_text});
  }
  if (!included.empty() && std::ranges::find(included, facts.security_type) == included.end()) {
    failed.push_back({"include_types", type, rules.types_included_text});
  }
}

void CheckSector(const UniverseRules& rules, const SymbolFacts& facts, std::vector<Exclusion>& failed) {
  if (rules.sectors_excluded.empty()) return;
  if (facts.sector.empty()) {
    if (!rules.allow_unknown_sector) failed.push_back({"sector_unknown", "unknown", rules.sectors_excluded.ToString()});
  } else if (rules.sectors_excluded.Has(facts.sector)) {
    failed.push_back({"exclude_sectors", facts.sector, rules.sectors_excluded.ToString()});
  }
}

void CheckExchange(const UniverseRules& rules, const SymbolFacts& facts, std::vector<Exclusion>& failed) {
  if (rules.exchanges.empty()) return;
  if (facts.exchange.empty()) {
    if (!rules.allow_unknown_exchange) failed.push_back({"exchange_unknown", "unknown", rules.exchanges.ToString()});
  } else if (!rules.exchanges.Has(facts.exchange)) {
    failed.push_back({"exchanges", facts.exchange, rules.exchanges.ToString()});
  }
}

void CheckLists(const UniverseRules& rules, const SymbolFacts& facts, std::vector<Exclusion>& failed) {
  for (const std::string& list : facts.lists) {
    if (!rules.lists_excluded.Has(list)) continue;
    failed.push_back({"exclude_lists", list, rules.lists_excluded.ToString()});
    return;
  }
}

bool IsWordByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80;
}

bool HasWord(std::string_view text, std::string_view word) {
  if (word.empty()) return false;
  for (size_t at = 0; at + word.size() <= text.size(); ++at) {
    if (!SameName(text.substr(at, word.size()), word)) continue;
    const size_t end = at + word.size();
    if ((at == 0 || !IsWordByte(text[at - 1])) && (end == text.size() || !IsWordByte(text[end]))) return true;
  }
  return false;
}

// At most `bytes`, and no part of a character of several bytes at the end.
std::string CutTo(std::string_view text, size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return std::string(text.substr(0, bytes));
}

void ReadTypes(const google::protobuf::RepeatedPtrField<std::string>& from, std::vector<SecurityType>& types,
               std::string& text) {
  for (const std::string& name : from) {
    if (const auto type = ParseSecurityType(name)) types.push_back(*type);
    text += text.empty() ? name : "," + name;
  }
}

NameList NamesOf(const google::protobuf::RepeatedPtrField<std::string>& from) {
  return {{from.begin(), from.end()}};
}

void ReadAllowUnknown(const v1::UniverseRules& from, UniverseRules& rules) {
  for (const int allowed : from.allow_unknown()) {
    rules.allow_unknown_float |= allowed == v1::UNIVERSE_UNKNOWN_FLOAT;
    rules.allow_unknown_relative_volume |= allowed == v1::UNIVERSE_UNKNOWN_RELATIVE_VOLUME;
    rules.allow_unknown_type |= allowed == v1::UNIVERSE_UNKNOWN_SECURITY_TYPE;
    rules.allow_unknown_spread |= allowed == v1::UNIVERSE_UNKNOWN_SPREAD;
    rules.allow_unknown_sector |= allowed == v1::UNIVERSE_UNKNOWN_SECTOR;
    rules.allow_unknown_exchange |= allowed == v1::UNIVERSE_UNKNOWN_EXCHANGE;
    rules.allow_unknown_headlines |= allowed == v1::UNIVERSE_UNKNOWN_HEADLINES;
  }
}

}  // namespace

SymbolFacts SymbolFacts::Of(const InstrumentDefinition& definition) {
  return {definition.security_type, definition.float_shares, definition.average_volume.sessions,
          definition.sector,        definition.exchange,     definition.lists};
}

bool NameList::Has(std::string_view name) const {
  return std::ranges::any_of(names, [&](const std::string& other) { return SameName(name, other); });
}
std::string NameList::ToString() const {
  return fmt::format("{}", fmt::join(names, ","));
}

UniverseRules UniverseRulesOf(const v1::Profile& profile) {
  const v1::UniverseRules& from = profile.universe();
  UniverseRules rules;
  if (from.has_price_min_e9()) rules.price_min = Price::FromNanos(from.price_min_e9());
  if (from.has_price_max_e9()) rules.price_max = Price::FromNanos(from.price_max_e9());
  if (from.has_relative_volume_min()) rules.relative_volume_min = from.relative_volume_min();
  if (from.relative_volume_sessions_min() != 0) rules.volume_sessions_min = from.relative_volume_sessions_min();
  if (from.has_spread_min_e9()) rules.spread_min = Price::FromNanos(from.spread_min_e9());
  if (from.has_spread_max_e9()) rules.spread_max = Price::FromNanos(from.spread_max_e9());
  if (from.has_float_min_e8()) rules.float_min = Quantity::FromE8(from.float_min_e8());
  if (from.has_float_max_e8()) rules.float_max = Quantity::FromE8(from.float_max_e8());
  ReadTypes(from.exclude_types(), rules.types_excluded, rules.types_excluded_text);
  ReadTypes(from.include_types(), rules.types_included, rules.types_included_text);
  rules.sectors_excluded = NamesOf(from.exclude_sectors());
  rules.exchanges = NamesOf(from.exchanges());
  rules.lists_excluded = NamesOf(from.exclude_lists());
  rules.headline_words = NamesOf(from.exclude_headline_words());
  if (from.has_symbols_max()) rules.symbols_max = from.symbols_max();
  ReadAllowUnknown(from, rules);
  if (from.has_refresh_ns()) rules.refresh = Duration(from.refresh_ns());
  return rules;
}

std::vector<Exclusion> Exclusions(const UniverseRules& rules, const SymbolFacts& facts, const SymbolInputs& inputs,
                                  TradingStatus status) {
  std::vector<Exclusion> failed;
  CheckPrice(rules, inputs, failed);
  CheckRelativeVolume(rules, facts, inputs, failed);
  CheckSpread(rules, inputs, failed);
  CheckFloat(rules, facts, failed);
  CheckType(rules, facts, failed);
  CheckSector(rules, facts, failed);
  CheckExchange(rules, facts, failed);
  CheckLists(rules, facts, failed);
  if (std::optional<Exclusion> halt = HaltExclusion(status)) failed.push_back(*std::move(halt));
  return failed;
}

std::optional<Exclusion> HeadlineExclusion(const UniverseRules& rules, std::string_view headline) {
  constexpr size_t kShown = 80;
  for (const std::string& word : rules.headline_words.names) {
    if (HasWord(headline, word)) return Exclusion{"headline_word", CutTo(headline, kShown), word};
  }
  return std::nullopt;
}

std::optional<Exclusion> HaltExclusion(TradingStatus status) {
  switch (status) {
    case TradingStatus::kUnknown:
    case TradingStatus::kTrading:
      return std::nullopt;
    case TradingStatus::kHalted:
      return Exclusion{"halted", "halted", "trading"};
    case TradingStatus::kPaused:
      return Exclusion{"halted", "paused", "trading"};
    case TradingStatus::kQuotationOnly:
      return Exclusion{"halted", "quotation_only", "trading"};
  }
  return std::nullopt;
}

}  // namespace spillway::universe
