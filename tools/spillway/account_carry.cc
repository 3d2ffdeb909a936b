#include "tools/spillway/account_carry.h"

#include <map>

#include "fmt/format.h"
#include "services/risk/account_state.h"
#include "tools/spillway/session_files.h"

namespace spillway::cli {

absl::Status CarryAccounts(const std::string& run, std::vector<StrategyInstance>& instances) {
  absl::StatusOr<std::unique_ptr<log::SegmentLog>> session = OpenRun(run);
  if (!session.ok()) return session.status();
  std::map<StrategyInstanceId, AccountSnapshot> accounts;  // the last of each
  const absl::Status status = ForEachEvent(**session, "trading", [&](const LaneEvent& lane_event) {
    const auto* account = std::get_if<AccountSnapshot>(&lane_event.event.body);
    if (account != nullptr && account->trading_day != 0) accounts[lane_event.event.header.instance] = *account;
    return true;
  });
  if (!status.ok()) return status;
  size_t carried = 0;
  for (StrategyInstance& instance : instances) {
    const auto account = accounts.find(StrategyInstanceIdOf(instance.name));
    if (account == accounts.end()) continue;
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
