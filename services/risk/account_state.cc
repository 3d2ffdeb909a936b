#include "services/risk/account_state.h"

#include "fmt/format.h"
#include "libs/calendar/date.h"
#include "spillway/v1/account.pb.h"

namespace spillway::risk {
namespace {

void Write(const SetupRecord& record, v1::SetupRecord& out) {
  out.set_trades(record.trades);
  out.set_wins(record.wins);
  out.set_sum_r(record.sum_r);
}
SetupRecord Read(const v1::SetupRecord& record) {
  return {.trades = record.trades(), .wins = record.wins(), .sum_r = record.sum_r()};
}

}  // namespace

std::string AccountStateOf(const AccountSnapshot& snapshot) {
  v1::AccountState state;
  state.set_trading_day(snapshot.trading_day);
  state.set_equity_e8(snapshot.equity.e8());
  state.set_cash_e8(snapshot.cash.e8());
  for (const UnsettledCash& cash : snapshot.unsettled) {
    v1::UnsettledCash& unsettled = *state.add_unsettled();
    unsettled.set_amount_e8(cash.amount.e8());
    unsettled.set_settles_on(cash.settles_on);
  }
  state.set_week_profit_e8(snapshot.week_profit.e8());
  state.set_month_peak_e8(snapshot.month_peak.e8());
  Write(snapshot.record, *state.mutable_record());
  for (const int32_t day : snapshot.day_trades) state.add_day_trades(day);
  state.set_stage(snapshot.stage);
  Write(snapshot.stage_record, *state.mutable_stage_record());
  state.set_stage_aborted(snapshot.stage_aborted);
  return state.SerializeAsString();  // no maps in it: one form
}

absl::StatusOr<AccountSnapshot> ReadAccountState(std::string_view document) {
  v1::AccountState state;
  if (!state.ParseFromArray(document.data(), static_cast<int>(document.size()))) {
    return absl::InvalidArgumentError(
        fmt::format("configuration document of {} bytes is no spillway.v1.AccountState", document.size()));
  }
  if (!calendar::DateFromNumber(state.trading_day())) {
    return absl::InvalidArgumentError(
        fmt::format("account state of the day {}: expected a trading day such as 20250502", state.trading_day()));
  }
  AccountSnapshot snapshot;
  snapshot.trading_day = state.trading_day();
  snapshot.equity = Money::FromE8(state.equity_e8());
  snapshot.cash = Money::FromE8(state.cash_e8());
  for (const v1::UnsettledCash& cash : state.unsettled()) {
    snapshot.unsettled.push_back({Money::FromE8(cash.amount_e8()), cash.settles_on()});
  }
  snapshot.week_profit = Money::FromE8(state.week_profit_e8());
  snapshot.month_peak = Money::FromE8(state.month_peak_e8());
  snapshot.record = Read(state.record());
  snapshot.day_trades.assign(state.day_trades().begin(), state.day_trades().end());
  snapshot.stage = state.stage();
  snapshot.stage_record = Read(state.stage_record());
  snapshot.stage_aborted = state.stage_aborted();
  return snapshot;
}

absl::StatusOr<std::string> ReadStageChange(std::string_view document) {
  v1::StageChange change;
  if (!change.ParseFromArray(document.data(), static_cast<int>(document.size())) || change.stage().empty()) {
    return absl::InvalidArgumentError(
        fmt::format("configuration document of {} bytes is no spillway.v1.StageChange with a stage", document.size()));
  }
  return change.stage();
}

}  // namespace spillway::risk
