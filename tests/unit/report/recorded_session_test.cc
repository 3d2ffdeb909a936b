// The report of the recorded session of SOUN, run through the whole chain.
#include <algorithm>
#include <set>

#include "nlohmann/json.hpp"
#include "services/journal/report/report_json.h"
#include "tests/support/sessions.h"
#include "tests/unit/report/session_fixture.h"
#include "tools/spillway/pipeline_run.h"

namespace spillway::test {
namespace {

// False, with SKIPPED on stderr, where the recorded data is missing.
bool RunSoun(const std::filesystem::path& out, const v1::Profile& profile) {
  log::MemoryLog recorded;
  if (!RecordSoun(recorded)) return false;
  auto session = log::NewSession::Create(out).value();
  auto market = session->log().OpenWriter("market.0").value();
  auto features = session->log().OpenWriter("features.0").value();
  auto trading = session->log().OpenWriter("trading").value();
  {
    runtime::EmbeddedPipeline pipeline(cli::MakeProcessors(), {market.get(), features.get(), trading.get()});
    auto reader = recorded.OpenReader("market.0").value();
    REQUIRE(cli::RunPipeline(pipeline, *reader, {{"one@1#1", profile, false}}, {}, [](uint64_t) {}).ok());
  }
  for (auto* writer : {market.get(), features.get(), trading.get()}) REQUIRE(writer->Close().ok());
  REQUIRE(session->Commit().ok());
  return true;
}

v1::Profile Opened(uint32_t levels) {
  v1::Profile profile = ClassicProfile();
  profile.mutable_universe()->set_price_min_e9(2'000'000'000);
  for (const auto unknown :
       {v1::UNIVERSE_UNKNOWN_FLOAT, v1::UNIVERSE_UNKNOWN_RELATIVE_VOLUME, v1::UNIVERSE_UNKNOWN_SECURITY_TYPE}) {
    profile.mutable_universe()->add_allow_unknown(unknown);
  }
  profile.mutable_features()->set_ratio_levels(levels);
  return profile;
}

// The window shows the quote that the signal was scored on, at its time.
void CheckShowsQuote(const report::MarketWindow& window, const Quote& quote) {
  bool shown = false;
  for (size_t i = 0; i < window.quotes.size(); ++i) {
    const bool stands_then = window.quotes[i].time <= window.trigger &&
                             (i + 1 == window.quotes.size() || window.quotes[i + 1].time >= window.trigger);
    shown |= stands_then && window.quotes[i].bid == quote.bid && window.quotes[i].ask == quote.ask;
  }
  CHECK(shown);
}

// Never shown at once at one price from both sides, and no bid above an ask: SOUN's book never crosses or locks.
void CheckBook(const report::MarketWindow& window) {
  uint64_t cells = 0;
  for (uint32_t column = 0; column < window.columns; ++column) {
    std::optional<Price> best_bid, best_ask;
    size_t bids = 0, asks = 0;
    for (const report::HeatRow& row : window.rows) {  // ascending
      int64_t size = 0;
      for (const auto& change : row.changes) {
        if (change.column > column) break;
        size = change.size_e8;
      }
      if (size > 0) best_bid = row.price, ++bids;
      if (size < 0 && !best_ask) best_ask = row.price;
      asks += size < 0;
      cells += size != 0;
    }
    if (best_bid && best_ask) REQUIRE(*best_bid < *best_ask);
    REQUIRE(bids <= report::MarketWindow::kHeatLevels);
    REQUIRE(asks <= report::MarketWindow::kHeatLevels);
  }
  CHECK(cells > 0);
}

TEST_CASE("report of SOUN: with ten levels no alert, which it says, and the nearest misses with their market",
          "[report][recorded]") {
  const TemporaryFolder folder;
  if (!RunSoun(folder.path() / "soun", Opened(10))) return;
  const report::SessionReport soun = Collected(folder.path() / "soun");
  const std::vector<std::string> sentences = report::Summarize(soun);
  CHECK(sentences[0] == "There was no alert.");
  CHECK(sentences[1].find("that an alert needs, SOUN at ") != std::string::npos);
  CHECK(sentences[1].find("S0-3.2 (bid_ask_ratio(levels=10))") != std::string::npos);
  REQUIRE_FALSE(soun.near_misses.empty());
  CHECK(std::is_sorted(soun.near_misses.begin(), soun.near_misses.end(),
                       [](const auto& a, const auto& b) { return a.signal.score > b.signal.score; }));
  for (const report::NearMiss& miss : soun.near_misses) {
    CHECK(miss.signal.score < 7.5);
    if (!miss.market) continue;
    CheckShowsQuote(*miss.market, miss.signal.quote);
    CheckBook(*miss.market);
  }

  // data/oracles.json of the recorded data, computed by an independent reader.
  REQUIRE(soun.symbols.size() == 1);
  CHECK(soun.symbols[0].rows == 121'619);
  CHECK(soun.symbols[0].trades == 8'787);
  CHECK(soun.symbols[0].volume == Quantity::Units(1'929'072));
  CHECK_THAT(*soun.symbols[0].Vwap(), WithinAbs(9.579898, 1e-6));
  CHECK(soun.symbols[0].low == Usd(9.265));
  CHECK(soun.symbols[0].high == Usd(9.795));
  CHECK(soun.symbols[0].crossed + soun.symbols[0].locked == 0);
  int64_t minutes_e8 = 0;
  for (const auto& [minute, volume] : soun.symbols[0].line->minutes) minutes_e8 += volume.e8();
  CHECK(minutes_e8 == Quantity::Units(1'929'072).e8());
  CHECK(soun.symbols[0].line->points.size() <= report::kPricePointsMax);
}

TEST_CASE("report of SOUN: as shipped the classic profile leaves it out, by every rule that says so",
          "[report][recorded]") {
  const TemporaryFolder folder;
  if (!RunSoun(folder.path() / "soun", ClassicProfile())) return;
  const report::SessionReport soun = Collected(folder.path() / "soun");
  REQUIRE(soun.universe.size() == 1);
  std::set<std::string> rules;
  for (const report::ExclusionHistory& exclusion : soun.universe[0].exclusions) rules.insert(exclusion.rule);
  CHECK(rules ==
        std::set<std::string>{"price_min", "float_unknown", "not_ready:relative_volume", "security_type_unknown"});
  CHECK_FALSE(soun.universe[0].first_included);
  CHECK(report::Summarize(soun)[1].find("no symbol was ever in the universe") != std::string::npos);
}

TEST_CASE("report of SOUN: with five levels every signal is accepted for, refused or cancelled with its rules",
          "[report][recorded]") {
  const TemporaryFolder folder;
  if (!RunSoun(folder.path() / "soun", Opened(5))) return;
  const report::SessionReport soun = Collected(folder.path() / "soun");
  REQUIRE_FALSE(soun.setups.empty());
  for (const report::Setup& setup : soun.setups) {
    REQUIRE(setup.decision);
    CHECK(setup.signal.score >= setup.signal.threshold);
    CHECK_FALSE(setup.signal.rules.empty());
    if (setup.approved()) {
      CHECK(setup.alert);
      CHECK(setup.outcome);
    } else {
      CHECK(setup.decision->body.rule != RefusalRule::kNone);
    }
    REQUIRE(setup.market);
    CheckShowsQuote(*setup.market, setup.signal.quote);
    CheckBook(*setup.market);
  }
  // The scorecard counts the same alerts.
  const nlohmann::json json = nlohmann::json::parse(ToJson(soun));
  CHECK(json["alerts"].size() == json["scorecard"]["instances"][0]["alerts"]);
  CHECK(json["counts"]["rejected"] == json["scorecard"]["instances"][0]["signals"]["rejected"]);
}

}  // namespace
}  // namespace spillway::test
