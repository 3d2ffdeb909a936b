#include "services/universe/universe_rules.h"

#include "spillway/v1/profile.pb.h"
#include "tests/catch.h"
#include "tests/support/features_lane.h"

namespace spillway::universe {
namespace {

using test::Px;

// In the classic universe: 20 USD, three times its usual volume, spread 0.02, float 100 million, a common stock.
SymbolFacts Facts() {
  return {.security_type = SecurityType::kCommon, .float_shares = Quantity::Units(100'000'000), .volume_sessions = 20};
}
SymbolInputs Inputs() {
  return {.price = Px(20), .spread_median = Px(0.02), .relative_volume = 3, .relative_volume_reason = {}};
}

std::vector<Exclusion> Of(const UniverseRules& rules, const SymbolFacts& facts, const SymbolInputs& inputs,
                          TradingStatus status = TradingStatus::kTrading) {
  return Exclusions(rules, facts, inputs, status);
}

UniverseRules Classic() {
  static const UniverseRules rules = UniverseRulesOf(test::Classic());
  return rules;
}

}  // namespace

TEST_CASE("universe rules: a symbol that meets all of them is in", "[universe]") {
  CHECK(Of(Classic(), Facts(), Inputs()).empty());
  CHECK(Of(Classic(), Facts(), Inputs(), TradingStatus::kUnknown).empty());  // most feeds carry no status
}

TEST_CASE("universe rules: S0-1.2 the price limits are inclusive", "[universe]") {
  const auto at = [](int64_t nanos) {
    SymbolInputs inputs = Inputs();
    inputs.price = Price::FromNanos(nanos);
    return Of(Classic(), Facts(), inputs);
  };
  CHECK(at(10'000'000'000).empty());
  CHECK(at(80'000'000'000).empty());
  CHECK(at(9'999'999'999) == std::vector<Exclusion>{{"price_min", "9.999999999", "10.00"}});
  CHECK(at(80'000'000'001) == std::vector<Exclusion>{{"price_max", "80.000000001", "80.00"}});
}

TEST_CASE("universe rules: S0-1.3 relative volume must be above its limit", "[universe]") {
  SymbolInputs inputs = Inputs();
  inputs.relative_volume = 2.0000001;
  CHECK(Of(Classic(), Facts(), inputs).empty());
  inputs.relative_volume = 2.0;
  CHECK(Of(Classic(), Facts(), inputs) == std::vector<Exclusion>{{"relative_volume_min", "2", "2"}});
  inputs.relative_volume = 1.25;
  CHECK(Of(Classic(), Facts(), inputs) == std::vector<Exclusion>{{"relative_volume_min", "1.25", "2"}});
}

TEST_CASE("universe rules: S0-1.4 and C-05 the spread is below its maximum and at least its minimum", "[universe]") {
  UniverseRules rules = Classic();
  rules.spread_min = Px(0.02);
  const auto at = [&](double spread) {
    SymbolInputs inputs = Inputs();
    inputs.spread_median = Px(spread);
    return Of(rules, Facts(), inputs);
  };
  CHECK(at(0.02).empty());
  CHECK(at(0.0499).empty());
  CHECK(at(0.0199) == std::vector<Exclusion>{{"spread_min", "0.0199", "0.02"}});
  CHECK(at(0.05) == std::vector<Exclusion>{{"spread_max", "0.05", "0.05"}});
}

TEST_CASE("universe rules: S0-1.5 and C-04 the float is below its maximum and at least its minimum", "[universe]") {
  UniverseRules rules = Classic();
  rules.float_min = Quantity::Units(5'000'000);
  const auto at = [&](int64_t shares) {
    SymbolFacts facts = Facts();
    facts.float_shares = Quantity::Units(shares);
    return Of(rules, facts, Inputs());
  };
  CHECK(at(5'000'000).empty());
  CHECK(at(149'999'999).empty());
  CHECK(at(4'999'999) == std::vector<Exclusion>{{"float_min", "4999999", "5000000"}});
  CHECK(at(150'000'000) == std::vector<Exclusion>{{"float_max", "150000000", "150000000"}});
}

TEST_CASE("universe rules: S0-1.6 excluded types and halted symbols are out", "[universe]") {
  for (const SecurityType type : {SecurityType::kEtf, SecurityType::kAdr, SecurityType::kOtc}) {
    SymbolFacts facts = Facts();
    facts.security_type = type;
    CHECK(Of(Classic(), facts, Inputs()) ==
          std::vector<Exclusion>{{"exclude_types", std::string(SecurityTypeName(type)), "etf,adr,otc"}});
  }
  SymbolFacts unit = Facts();
  unit.security_type = SecurityType::kUnit;
  CHECK(Of(Classic(), unit, Inputs()).empty());

  const auto status = [](TradingStatus s) { return Of(Classic(), Facts(), Inputs(), s); };
  CHECK(status(TradingStatus::kHalted) == std::vector<Exclusion>{{"halted", "halted", "trading"}});
  CHECK(status(TradingStatus::kPaused) == std::vector<Exclusion>{{"halted", "paused", "trading"}});
  CHECK(status(TradingStatus::kQuotationOnly) == std::vector<Exclusion>{{"halted", "quotation_only", "trading"}});
}

TEST_CASE("universe rules: missing data excludes and says why", "[universe]") {
  SymbolInputs nothing;
  nothing.relative_volume_reason = "no_volume_profile";
  const std::vector<Exclusion> all = {{"not_ready:price", "no_price", "10.00"},
                                      {"not_ready:relative_volume", "no_volume_profile", "2"},
                                      {"not_ready:spread", "unknown", "0.05"},
                                      {"float_unknown", "unknown", "150000000"},
                                      {"security_type_unknown", "unknown", "etf,adr,otc"}};
  CHECK(Of(Classic(), SymbolFacts{}, nothing) == all);
}

TEST_CASE("universe rules: FX-20 a mean over too few sessions is not ready", "[universe]") {
  SymbolFacts facts = Facts();
  facts.volume_sessions = 10;
  CHECK(Of(Classic(), facts, Inputs()).empty());
  facts.volume_sessions = 9;
  CHECK(Of(Classic(), facts, Inputs()) == std::vector<Exclusion>{{"not_ready:relative_volume", "sessions<10", "2"}});
}

TEST_CASE("universe rules: a profile may allow what is not known", "[universe]") {
  v1::Profile profile = test::Classic();
  profile.mutable_universe()->add_allow_unknown(v1::UNIVERSE_UNKNOWN_FLOAT);
  profile.mutable_universe()->add_allow_unknown(v1::UNIVERSE_UNKNOWN_RELATIVE_VOLUME);
  profile.mutable_universe()->add_allow_unknown(v1::UNIVERSE_UNKNOWN_SECURITY_TYPE);
  profile.mutable_universe()->add_allow_unknown(v1::UNIVERSE_UNKNOWN_SPREAD);
  const UniverseRules rules = UniverseRulesOf(profile);
  SymbolInputs only_price;
  only_price.price = Px(20);
  CHECK(Of(rules, SymbolFacts{}, only_price).empty());
  // What is known is still checked.
  SymbolInputs quiet = Inputs();
  quiet.relative_volume = 1;
  CHECK(Of(rules, Facts(), quiet).size() == 1);
}

TEST_CASE("universe rules: a limit that is absent is not checked", "[universe]") {
  CHECK(Of(UniverseRulesOf(v1::Profile{}), SymbolFacts{}, SymbolInputs{}).empty());
}

TEST_CASE("universe rules: every failing rule is listed, not the first alone", "[universe]") {
  const SymbolFacts facts{
      .security_type = SecurityType::kEtf, .float_shares = Quantity::Units(900'000'000), .volume_sessions = 20};
  const SymbolInputs inputs{
      .price = Px(9.29), .spread_median = Px(0.07), .relative_volume = 0.5, .relative_volume_reason = {}};
  const std::vector<Exclusion> all = {{"price_min", "9.29", "10.00"},          {"relative_volume_min", "0.5", "2"},
                                      {"spread_max", "0.07", "0.05"},          {"float_max", "900000000", "150000000"},
                                      {"exclude_types", "etf", "etf,adr,otc"}, {"halted", "paused", "trading"}};
  CHECK(Of(Classic(), facts, inputs, TradingStatus::kPaused) == all);
}

}  // namespace spillway::universe
