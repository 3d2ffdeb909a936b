#include "libs/profile/risk_profile_check.h"

#include <algorithm>
#include <set>
#include <string>

#include "fmt/format.h"
#include "libs/base/money.h"
#include "spillway/v1/risk.pb.h"

namespace spillway::profile {
namespace {

std::string Percent(double value) {
  return fmt::format("{}%", value);
}

class Checker {
 public:
  Checker(const v1::RiskProfile& profile, const config::Origins& origins, config::Problems& problems)
      : profile_(profile), origins_(origins), problems_(problems) {}

  void Check() {
    CheckAccount(profile_.account());
    CheckOrders(profile_.orders());
    CheckExposure(profile_.exposure());
    if (profile_.has_daily_loss()) CheckDailyLoss(profile_.daily_loss());
    CheckDrawdowns();
    CheckAnomalies(profile_.anomalies());
    CheckKill(profile_.kill());
    CheckLiquidation(profile_.liquidation());
  }

 private:
  void Report(const std::string& path, std::string text) {
    problems_.Add(origins_.Nearest(path), path, std::move(text));
  }

  void CheckAccount(const v1::BrokerAccount& account) {
    if (account.live() && account.id().empty())
      Report("account.id", "missing; a live account is armed by its id. Write the broker's, or leave `live` out");
  }

  void CheckOrders(const v1::OrderLimits& orders) {
    std::set<std::string> seen;
    const auto once = [&](const std::string& symbol, const std::string& path, const char* twice) {
      if (!seen.insert(symbol).second) Report(path, fmt::format("'{}' {}; keep one", symbol, twice));
    };
    for (int i = 0; i < orders.allow_size(); ++i)
      once(orders.allow(i), fmt::format("orders.allow[{}]", i), "was given before");
    for (int i = 0; i < orders.block_size(); ++i)
      once(orders.block(i), fmt::format("orders.block[{}]", i), "is allowed, or was given before");
  }

  void CheckExposure(const v1::ExposureLimits& e) {
    const auto within = [&](bool both, double part, double whole, const char* part_name, const char* whole_name) {
      if (both && part > whole)
        Report(fmt::format("exposure.{}", part_name),
               fmt::format("{} is above {} {}, which acts first; lower it", Percent(part), whole_name, Percent(whole)));
    };
    const bool gross = e.has_gross_percent();
    // More than the equity in one position takes margin, and whoever means that says how much in all.
    if (e.has_position_percent() && e.position_percent() > 100 && !gross)
      Report(
          "exposure.position_percent",
          fmt::format("{} is above 100%: more than the account is worth in one symbol, on margin; lower it, or write "
                      "gross_percent too",
                      Percent(e.position_percent())));
    within(gross && e.has_position_percent(), e.position_percent(), e.gross_percent(), "position_percent",
           "gross_percent");
    within(gross && e.has_net_percent(), e.net_percent(), e.gross_percent(), "net_percent", "gross_percent");
    within(gross && e.has_sector_percent(), e.sector_percent(), e.gross_percent(), "sector_percent", "gross_percent");
    if (e.has_correlation_count_above() != e.has_correlated_positions())
      Report("exposure", "correlation_count_above and correlated_positions need each other; write both or neither");
    if (e.has_correlation_half_above() && e.has_correlation_count_above() &&
        e.correlation_half_above() > e.correlation_count_above())
      Report("exposure.correlation_half_above",
             fmt::format("{} is above correlation_count_above {}; sizes are halved before positions count no more",
                         e.correlation_half_above(), e.correlation_count_above()));
  }

  void CheckDailyLoss(const v1::DailyLoss& loss) {
    const bool entries = loss.has_no_new_entries_e8() || loss.has_no_new_entries_percent();
    const bool flatten = loss.has_flatten_e8() || loss.has_flatten_percent();
    if (!entries && !flatten) Report("daily_loss", "has no step; write no_new_entries or flatten, or leave it out");
    if (loss.has_no_new_entries_e8() && loss.has_flatten_e8() && loss.no_new_entries_e8() > loss.flatten_e8())
      Report("daily_loss.no_new_entries", fmt::format("{} is above flatten {}: entries stop before all is closed",
                                                      Money::FromE8(loss.no_new_entries_e8()).ToString(),
                                                      Money::FromE8(loss.flatten_e8()).ToString()));
    if (loss.has_no_new_entries_percent() && loss.has_flatten_percent() &&
        loss.no_new_entries_percent() > loss.flatten_percent())
      Report("daily_loss.no_new_entries_percent",
             fmt::format("{} is above flatten_percent {}: entries stop before all is closed",
                         Percent(loss.no_new_entries_percent()), Percent(loss.flatten_percent())));
  }

  void CheckDrawdowns() {
    std::set<int> horizons;
    for (int i = 0; i < profile_.drawdowns_size(); ++i) {
      const v1::Drawdown& d = profile_.drawdowns(i);
      const std::string path = fmt::format("drawdowns[{}]", i);
      if (!horizons.insert(d.horizon()).second) Report(path + ".horizon", "was given before; one entry a horizon");
      if (!d.has_reduce_percent() && !d.has_flatten_percent())
        Report(path, "has no step; write reduce_percent or flatten_percent");
      if (!d.has_reduce_percent() && (d.has_size_factor() || d.has_stop_factor()))
        Report(path, "size_factor and stop_factor act from reduce_percent on, which is missing");
      if (d.has_reduce_percent() && d.has_flatten_percent() && d.reduce_percent() > d.flatten_percent())
        Report(path + ".reduce_percent",
               fmt::format("{} is above flatten_percent {}: sizes shrink before all is closed",
                           Percent(d.reduce_percent()), Percent(d.flatten_percent())));
    }
  }

  void CheckAnomalies(const v1::Anomalies& a) {
    if (a.has_slippage_times() != a.has_slippage_window_ns())
      Report("anomalies", "slippage_times and slippage_window need each other; write both or neither");
  }

  void CheckKill(const v1::AutomaticKill& kill) {
    const auto off = [&](bool is_off, bool has_window, const char* key) {
      if (is_off && has_window)
        Report(fmt::format("kill.{}_window", key), fmt::format("has no effect with `{}: 0`; leave it out", key));
    };
    off(kill.has_rate_limited() && kill.rate_limited() == 0, kill.has_rate_limited_window_ns(), "rate_limited");
    off(kill.has_disconnects() && kill.disconnects() == 0, kill.has_disconnects_window_ns(), "disconnects");
  }

  void CheckLiquidation(const v1::Liquidation& l) {
    if (l.has_cancel_wait_ns() && l.has_market_after_ns() && l.cancel_wait_ns() > l.market_after_ns())
      Report("liquidation.cancel_wait", "is longer than market_after: no limit order would ever be tried");
  }

  const v1::RiskProfile& profile_;
  const config::Origins& origins_;
  config::Problems& problems_;
};

}  // namespace

void CheckRiskProfile(const v1::RiskProfile& profile, const config::Origins& origins, config::Problems& problems) {
  Checker(profile, origins, problems).Check();
}

void CheckVenue(const v1::SimulatedVenue& venue, const config::Origins& origins, config::Problems& problems) {
  const auto report = [&](const std::string& path, std::string text) {
    problems.Add(origins.Nearest(path), path, std::move(text));
  };
  if (venue.has_latency_ns() && venue.latencies_ns_size() > 0)
    report("latency", "stands beside latencies, which take its place; keep one");
}

}  // namespace spillway::profile
