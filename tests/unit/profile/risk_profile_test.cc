// Risk profiles and venues as files: what ships, and what is refused with file and line.
#include <fstream>

#include "libs/base/money.h"
#include "libs/profile/profile_loader.h"
#include "libs/profile/risk_profile_loader.h"
#include "tests/catch.h"
#include "tests/support/temporary_folder.h"

namespace spillway::profile {
namespace {

bool Has(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

class Files {
 public:
  std::string Write(const std::string& name, const std::string& text) const {
    const auto file = folder_ / name;
    std::ofstream(file) << text;
    return std::filesystem::path(file).string();
  }
  // What is wrong with a risk profile that has these lines besides name, version and account.
  std::string Refused(const std::string& lines) const {
    const auto loaded = LoadRiskProfile(Write("r.yaml", "name: r\nversion: 1\naccount: {equity: 1000}\n" + lines));
    INFO(lines);
    REQUIRE_FALSE(loaded.ok());
    CHECK(absl::IsInvalidArgument(loaded.status()));
    return std::string(loaded.status().message());
  }

 private:
  test::TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("risk profile: those that ship load, under the names of their files", "[profile]") {
  const std::vector<ShippedProfile> shipped = ListRiskProfiles();
  REQUIRE(shipped.size() >= 2);
  for (const ShippedProfile& one : shipped) {
    INFO(one.name);
    const auto loaded = LoadRiskProfile(one.name);
    INFO(loaded.status());
    REQUIRE(loaded.ok());
    CHECK(RiskProfileName(*loaded) == one.name);
    CHECK_FALSE(loaded->account().live());
    CHECK_FALSE(loaded->description().empty());
  }
}

TEST_CASE(
    "S4-R10.3.2, S4-R11.2.1, S4-R11.2.2, S4-R11.2.3, S4-R10.4.2, C-15: paper@1 carries the specifications' limits",
    "[profile]") {
  const auto paper = LoadRiskProfile("paper@1");
  REQUIRE(paper.ok());
  CHECK(Money::FromE8(paper->account().equity_e8()).ToString() == "100000.00");
  CHECK(paper->exposure().position_percent() == 20);
  CHECK(paper->exposure().gross_percent() == 50);
  CHECK(paper->exposure().positions() == 5);
  CHECK(paper->exposure().correlation_half_above() == 0.7);
  CHECK(paper->daily_loss().flatten_percent() == 3);
  CHECK(paper->drawdowns(1).reduce_percent() == 15);
  CHECK(paper->drawdowns(1).flatten_percent() == 20);
  CHECK(paper->orders().touch_fraction() == 0.25);
}

TEST_CASE("C-14, S1-B0.7, S1-B6.3: small-account-paper@1 stops entries at 400 dollars and closes all at 600",
          "[profile]") {
  const auto small = LoadRiskProfile("small-account-paper@1");
  REQUIRE(small.ok());
  CHECK(Money::FromE8(small->account().equity_e8()).ToString() == "40000.00");
  CHECK(Money::FromE8(small->daily_loss().no_new_entries_e8()).ToString() == "400.00");
  CHECK(Money::FromE8(small->daily_loss().flatten_e8()).ToString() == "600.00");
  CHECK(small->daily_loss().flatten_percent() == 1.5);
}

TEST_CASE("risk profile: what contradicts itself is named with file and line", "[profile]") {
  const Files f;
  CHECK(Has(f.Refused("orders: {spread_max: 3}"), "r.yaml:4: orders.spread_max"));
  CHECK(Has(f.Refused("exposure: {position_percent: 0}"), "r.yaml:4: exposure.position_percent"));
  CHECK(Has(f.Refused("exposure: {position_percent: 60, gross_percent: 50}"),
            "r.yaml:4: exposure.position_percent: 60% is above gross_percent 50%"));
  CHECK(Has(f.Refused("exposure: {net_percent: 60, gross_percent: 50}"), "exposure.net_percent"));
  CHECK(Has(f.Refused("exposure: {sector_percent: 60, gross_percent: 50}"), "exposure.sector_percent"));
  CHECK(Has(f.Refused("exposure: {correlation_count_above: 0.8}"), "need each other"));
  CHECK(Has(f.Refused("exposure: {correlation_half_above: 0.9, correlation_count_above: 0.8, correlated_positions: 2}"),
            "exposure.correlation_half_above: 0.9 is above"));
  CHECK(Has(f.Refused("orders: {allow: [A, B], block: [B]}"), "orders.block[0]: 'B' is allowed"));
  CHECK(Has(f.Refused("orders: {allow: [A, A]}"), "orders.allow[1]: 'A' was given before"));
  CHECK(Has(f.Refused("daily_loss: {}"), "daily_loss: has no step"));
  CHECK(Has(f.Refused("daily_loss: {no_new_entries: 700, flatten: 600}"),
            "daily_loss.no_new_entries: 700.00 is above flatten 600.00"));
  CHECK(
      Has(f.Refused("daily_loss: {no_new_entries_percent: 4, flatten_percent: 3}"), "4% is above flatten_percent 3%"));
  CHECK(Has(f.Refused("drawdowns:\n  - {horizon: day, reduce_percent: 2}\n  - {horizon: day, flatten_percent: 3}"),
            "r.yaml:6: drawdowns[1].horizon: was given before"));
  CHECK(Has(f.Refused("drawdowns: [{horizon: day}]"), "drawdowns[0]: has no step"));
  CHECK(Has(f.Refused("drawdowns: [{horizon: day, size_factor: 0.5, flatten_percent: 3}]"), "which is missing"));
  CHECK(Has(f.Refused("drawdowns: [{horizon: day, reduce_percent: 5, flatten_percent: 3}]"),
            "drawdowns[0].reduce_percent: 5% is above flatten_percent 3%"));
  CHECK(Has(f.Refused("drawdowns: [{horizon: week, reduce_percent: 5}]"), "r.yaml:4: drawdowns[0].horizon"));
  CHECK(Has(f.Refused("anomalies: {slippage_times: 3}"), "slippage_window need each other"));
  CHECK(Has(f.Refused("kill: {mismatch: -1s}"), "r.yaml:4: kill.mismatch"));
  CHECK(Has(f.Refused("kill: {disconnects: 0, disconnects_window: 5m}"), "kill.disconnects_window: has no effect"));
  CHECK(Has(f.Refused("liquidation: {cancel_wait: 40s, market_after: 30s}"), "liquidation.cancel_wait"));
  const auto live = LoadRiskProfile(f.Write("live.yaml", "name: r\nversion: 1\naccount:\n  live: true\n"));
  CHECK(Has(std::string(live.status().message()), "live.yaml:3: account.id: missing"));
  const auto bare = LoadRiskProfile(f.Write("bare.yaml", "name: r\nversion: 1\n"));
  CHECK(Has(std::string(bare.status().message()), "account: missing"));
}

TEST_CASE("risk profile: a name that is not shipped is said with those that are", "[profile]") {
  const auto none = LoadRiskProfile("papier@1");
  CHECK(absl::IsNotFound(none.status()));
  CHECK(Has(std::string(none.status().message()), "known: paper@1"));
  CHECK(absl::IsNotFound(LoadRiskProfile("/nowhere/r.yaml").status()));
}

TEST_CASE("S3-C1.3, C-30: the shipped venue takes 50 ms and a broker's fees; what is wrong with one is named",
          "[profile]") {
  const auto shipped = LoadVenue("simulated");
  REQUIRE(shipped.ok());
  CHECK(shipped->latency_ns() == 50'000'000);
  CHECK(Money::FromE8(shipped->fees().per_order_min_e8()).ToString() == "0.35");
  const Files f;
  const auto wrong = LoadVenue(f.Write("v.yaml", "name: v\nlatency: 5ms\nlatencies: [1ms, 2ms]\n"));
  const std::string text(wrong.status().message());
  CHECK(Has(text, "v.yaml:2: latency: stands beside latencies"));
}

}  // namespace spillway::profile
