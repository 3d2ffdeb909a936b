#include "services/universe/universe_rules.h"

#include "libs/profile/profile_loader.h"
#include "spillway/v1/profile.pb.h"
#include "tests/catch.h"
#include "tests/support/features_lane.h"

namespace spillway::universe {
namespace {

using test::Px;

// In the classic universe: 20 USD, three times its usual volume, spread 0.02, float 100 million, a common stock.
SymbolFacts Facts() {
  return {.security_type = SecurityType::kCommon,
          .float_shares = Quantity::Units(100'000'000),
          .volume_sessions = 20,
          .sector = "technology",
          .exchange = "NASDAQ",
          .lists = {}};
}
SymbolInputs Inputs() {
  return {.price = Px(20), .spread_median = Px(0.02), .relative_volume = 3, .relative_volume_reason = {}};
}

std::vector<Exclusion> Of(const UniverseRules& rules, const SymbolFacts& facts, const SymbolInputs& inputs,
                          TradingStatus status = TradingStatus::kTrading) {
  return Exclusions(rules, facts, inputs, status);
}

UniverseRules Shipped(const std::string& name) {
  return UniverseRulesOf(profile::LoadProfile(name).value());
}

// In the universe of every shipped profile but the classic ones' floats and prices: 12 USD, 20 million shares.
SymbolFacts Small() {
  SymbolFacts facts = Facts();
  facts.float_shares = Quantity::Units(20'000'000);
  return facts;
}
SymbolInputs At(double price, double spread = 0.03, double relative_volume = 3) {
  return {.price = Px(price),
          .spread_median = Px(spread),
          .relative_volume = relative_volume,
          .relative_volume_reason = {}};
}
std::string FirstRule(const std::vector<Exclusion>& exclusions) {
  return exclusions.empty() ? "" : exclusions.front().rule;
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

TEST_CASE(
    "S1-B1.2, S1-B1.3, S1-B1.4, S1-B1.5: small-account@1 takes 2 to 20 USD, 5 to 50 million shares, spreads of 0.02 to "
    "0.05, above twice the usual volume",
    "[universe]") {
  const UniverseRules rules = Shipped("small-account@1");
  const auto rule = [&](const SymbolFacts& facts, const SymbolInputs& inputs) {
    return FirstRule(Exclusions(rules, facts, inputs, TradingStatus::kTrading));
  };
  CHECK(rule(Small(), At(2.00)).empty());
  CHECK(rule(Small(), At(20.00)).empty());
  CHECK(rule(Small(), At(1.99)) == "price_min");
  CHECK(rule(Small(), At(20.01)) == "price_max");
  const auto floating = [&](int64_t shares) {
    SymbolFacts facts = Small();
    facts.float_shares = Quantity::Units(shares);
    return rule(facts, At(12));
  };
  CHECK(floating(5'000'000).empty());
  CHECK(floating(50'000'000).empty());
  CHECK(floating(4'999'999) == "float_min");
  CHECK(floating(50'000'001) == "float_max");
  CHECK(rule(Small(), At(12, 0.02)).empty());
  CHECK(rule(Small(), At(12, 0.05)).empty());
  CHECK(rule(Small(), At(12, 0.015)) == "spread_min");
  CHECK(rule(Small(), At(12, 0.055)) == "spread_max");
  CHECK(rule(Small(), At(12, 0.03, 2.01)).empty());
  CHECK(rule(Small(), At(12, 0.03, 2.0)) == "relative_volume_min");
}

TEST_CASE("S1-B1.6: small-account@1 takes what is listed on NASDAQ or NYSE; an unknown exchange is out", "[universe]") {
  UniverseRules rules = Shipped("small-account@1");
  SymbolFacts facts = Small();
  const auto seen = [&] { return Exclusions(rules, facts, At(12), TradingStatus::kTrading); };
  for (const char* exchange : {"NASDAQ", "NYSE", "nyse"}) {
    facts.exchange = exchange;
    CHECK(seen().empty());
  }
  facts.exchange = "AMEX";
  CHECK(seen() == std::vector<Exclusion>{{"exchanges", "AMEX", "NASDAQ,NYSE"}});
  facts.exchange = "";
  CHECK(seen() == std::vector<Exclusion>{{"exchange_unknown", "unknown", "NASDAQ,NYSE"}});
  rules.allow_unknown_exchange = true;
  CHECK(seen().empty());
}

TEST_CASE("S1-B1.7: small-account@1 takes no ETF, ADR, warrant and no biotechnology; an unknown sector is out",
          "[universe]") {
  UniverseRules rules = Shipped("small-account@1");
  SymbolFacts facts = Small();
  const auto seen = [&] { return Exclusions(rules, facts, At(12), TradingStatus::kTrading); };
  for (const SecurityType type : {SecurityType::kEtf, SecurityType::kAdr, SecurityType::kWarrant}) {
    facts.security_type = type;
    CHECK(FirstRule(seen()) == "exclude_types");
  }
  facts = Small();
  facts.sector = "Biotechnology";  // any case
  CHECK(seen() == std::vector<Exclusion>{{"exclude_sectors", "Biotechnology", "biotechnology"}});
  facts.sector = "";
  CHECK(seen() == std::vector<Exclusion>{{"sector_unknown", "unknown", "biotechnology"}});
  rules.allow_unknown_sector = true;
  CHECK(seen().empty());
}

TEST_CASE("S1-B10.3: small-account@1 takes no member of XBI", "[universe]") {
  SymbolFacts facts = Small();
  facts.lists = {"IWM", "xbi"};
  CHECK(Exclusions(Shipped("small-account@1"), facts, At(12), TradingStatus::kTrading) ==
        std::vector<Exclusion>{{"exclude_lists", "xbi", "XBI"}});
}

TEST_CASE("S1-B10.3: a headline excludes by a whole word, in any case", "[universe]") {
  const UniverseRules rules = Shipped("small-account@1");
  for (const char* headline : {"FDA approves", "ACME gets fda's answer", "Decision by the (FDA)"}) {
    const auto excluded = HeadlineExclusion(rules, headline);
    REQUIRE(excluded);
    CHECK(*excluded == Exclusion{"headline_word", headline, "FDA"});
  }
  for (const char* headline : {"", "FDAX futures fall", "Fedafda", "F.D.A. is written otherwise",
                               "\xc3\xa9"
                               "FDA"}) {
    CHECK_FALSE(HeadlineExclusion(rules, headline));
  }
  const std::string tall =
      "FDA " + std::string(75, 'x') + "\xc3\xa9 and more";  // byte 80 is the second half of one character
  CHECK(HeadlineExclusion(rules, tall)->seen == "FDA " + std::string(75, 'x'));
  CHECK_FALSE(HeadlineExclusion(Shipped("ofi-classic@1"), "FDA approves"));
}

TEST_CASE(
    "S1-A1.2, S1-A1.3: ofi-ram@1 takes 2 to 50 USD, below 50 million shares, above twice the usual volume, spreads "
    "below "
    "0.05, no ETF, ADR, OTC stock or halted symbol",
    "[universe]") {
  const UniverseRules rules = Shipped("ofi-ram@1");
  const auto rule = [&](const SymbolFacts& facts, const SymbolInputs& inputs,
                        TradingStatus status = TradingStatus::kTrading) {
    return FirstRule(Exclusions(rules, facts, inputs, status));
  };
  CHECK(rule(Small(), At(2)).empty());
  CHECK(rule(Small(), At(50)).empty());
  CHECK(rule(Small(), At(1.99)) == "price_min");
  CHECK(rule(Small(), At(50.01)) == "price_max");
  CHECK(rule(Small(), At(12, 0.05)) == "spread_max");
  CHECK(rule(Small(), At(12, 0.049)).empty());
  CHECK(rule(Small(), At(12, 0.03, 2)) == "relative_volume_min");
  SymbolFacts facts = Small();
  facts.float_shares = Quantity::Units(50'000'000);
  CHECK(rule(facts, At(12)) == "float_max");
  facts.float_shares = Quantity::Units(49'999'999);
  CHECK(rule(facts, At(12)).empty());
  for (const SecurityType type : {SecurityType::kEtf, SecurityType::kAdr, SecurityType::kOtc}) {
    facts.security_type = type;
    CHECK(rule(facts, At(12)) == "exclude_types");
  }
  CHECK(rule(Small(), At(12), TradingStatus::kHalted) == "halted");
}

TEST_CASE(
    "S1-I4.2, S1-I4.3, S1-I4.4: ofi-quant@1 takes common stocks of 5 to 20 USD below 150 million shares, above twice "
    "the "
    "usual volume, spreads below 0.05",
    "[universe]") {
  const UniverseRules rules = Shipped("ofi-quant@1");
  const auto seen = [&](const SymbolFacts& facts, const SymbolInputs& inputs) {
    return Exclusions(rules, facts, inputs, TradingStatus::kTrading);
  };
  SymbolFacts facts = Facts();
  CHECK(seen(facts, At(5)).empty());
  CHECK(seen(facts, At(20)).empty());
  CHECK(FirstRule(seen(facts, At(4.99))) == "price_min");
  CHECK(FirstRule(seen(facts, At(20.01))) == "price_max");
  CHECK(FirstRule(seen(facts, At(12, 0.05))) == "spread_max");
  CHECK(FirstRule(seen(facts, At(12, 0.03, 2))) == "relative_volume_min");
  facts.float_shares = Quantity::Units(150'000'000);
  CHECK(FirstRule(seen(facts, At(12))) == "float_max");
  for (const SecurityType type : {SecurityType::kEtf, SecurityType::kAdr, SecurityType::kWarrant, SecurityType::kOtc}) {
    facts = Facts();
    facts.security_type = type;
    CHECK(FirstRule(seen(facts, At(12))) == "exclude_types");
  }
  facts = Facts();
  facts.security_type = SecurityType::kPreferred;
  CHECK(seen(facts, At(12)) == std::vector<Exclusion>{{"include_types", "preferred", "common"}});
  facts.security_type = SecurityType::kUnknown;
  CHECK(FirstRule(seen(facts, At(12))) == "security_type_unknown");
}

}  // namespace spillway::universe
