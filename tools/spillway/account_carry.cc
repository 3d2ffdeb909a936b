#include "tools/spillway/account_carry.h"

#include <map>

#include "fmt/format.h"
#include "services/risk/account_state.h"
#include "tools/spillway/session_files.h"

namespace spillway::cli {

namespace {

// The first trading day that the session's market is of; 0: it does not say.
absl::StatusOr<int32_t> TradingDayOf(const std::string& session) {
  absl::StatusOr<std::unique_ptr<log::SegmentLog>> log = OpenSession(session);
  if (!log.ok()) return log.status();
  int32_t day = 0;
  const absl::Status status = ForEachEvent(**log, "market.0", [&](const LaneEvent& lane_event) {
    if (const auto* state = std::get_if<SessionState>(&lane_event.event.body)) day = state->trading_day;
    return day == 0;
  });
  if (!status.ok()) return status;
  return day;
}

}  // namespace

absl::Status CarryAccounts(const std::string& run, const std::string& session_to_run,
                           std::vector<StrategyInstance>& instances) {
  absl::StatusOr<std::unique_ptr<log::SegmentLog>> session = OpenRun(run);
  if (!session.ok()) return session.status();
  std::map<StrategyInstanceId, AccountSnapshot> accounts;  // the last of each
  const absl::Status status = ForEachEvent(**session, "trading", [&](const LaneEvent& lane_event) {
    const auto* account = std::get_if<AccountSnapshot>(&lane_event.event.body);
    if (account != nullptr && account->trading_day != 0) accounts[lane_event.event.header.instance] = *account;
    return true;
  });
  if (!status.ok()) return status;
  const absl::StatusOr<int32_t> day = TradingDayOf(session_to_run);
  if (!day.ok()) return day.status();
  size_t carried = 0;
  for (StrategyInstance& instance : instances) {
    const auto account = accounts.find(StrategyInstanceIdOf(instance.name));
    if (account == accounts.end()) continue;
    if (*day != 0 && account->second.trading_day >= *day) {
      return absl::FailedPreconditionError(
          fmt::format("{}: its account of {} is of {}, the session {} of {}; an account goes on into a later day only",
                      run, instance.name, account->second.trading_day, session_to_run, *day));
    }
    instance.account = risk::AccountStateOf(account->second);
    ++carried;
  }
  if (carried > 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("{}: holds the accounts of {} profiles, of {} none; run it with the same profiles by a build that "
                  "keeps accounts, or leave --account-from out",
                  run, accounts.size(), instances.empty() ? "this run's" : instances.front().name));
}

}  // namespace spillway::cli
