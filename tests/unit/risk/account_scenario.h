// Days of an account: trades that win and lose on demand, days that follow each other, stages and carried accounts.
#pragma once

#include "libs/calendar/calendar.h"
#include "services/risk/account_state.h"
#include "spillway/v1/account.pb.h"
#include "tests/unit/risk/risk_scenario.h"

namespace spillway::test {

inline Money Dollars(double dollars) {
  return Money::FromE8(std::llround(dollars * 1e8));
}

inline v1::Profile ShippedProfile(std::string_view name) {
  absl::StatusOr<v1::Profile> profile = profile::LoadProfile(std::string(name));
  INFO(profile.status().ToString());
  REQUIRE(profile.ok());
  return *std::move(profile);
}
inline v1::Profile SmallAccount() {
  return ShippedProfile("small-account@1");
}
// Small-account's account, without its stages, throttles and windows: only what a test is about acts.
inline v1::Profile AccountOnly() {
  v1::Profile profile = SmallAccount();
  profile.clear_stages();
  profile.clear_throttle();
  profile.mutable_schedule()->clear_windows();
  v1::Window& all_day = *profile.mutable_schedule()->add_windows();
  all_day.set_start("09:30");
  all_day.set_end("16:00");
  all_day.set_mode(v1::WINDOW_MODE_FULL);
  return profile;
}

class AccountDay : public RiskDay {
 public:
  explicit AccountDay(const v1::Profile& profile) : RiskDay(profile) {}

  std::string Stage(std::string_view stage) {
    v1::StageChange change;
    change.set_stage(std::string(stage));
    return Send(Configuration(ConfigurationKind::kStage, change.SerializeAsString()));
  }
  std::string Carry(const AccountSnapshot& account) {
    return Send(Configuration(ConfigurationKind::kAccount, risk::AccountStateOf(account)));
  }
  // The account begins with so much.
  void CarryEquity(double equity, int32_t day = 20250430) {
    AccountSnapshot state;
    state.trading_day = day;
    state.equity = state.cash = state.month_peak = Dollars(equity);
    Carry(state);
  }

  // The trading day `days` calendar days after 2025-05-02, a Friday; times of the clock are then of that day.
  void DayAfter(int days) {
    shift_ = std::chrono::hours(24 * days);
    const calendar::Date date = calendar::Date(std::chrono::year(2025) / 5 / 2) + std::chrono::days(days);
    const std::optional<calendar::Session> session = calendar::Calendar::Nyse().SessionOn(date);
    REQUIRE(session);
    lane.At(session->pre_market_open);
    Send(lane.Make(SessionState{.trading_day = calendar::DateNumber(date),
                                .phase = SessionPhase::kPreMarket,
                                .regular_open = session->regular_open,
                                .regular_close = session->regular_close}));
  }
  TradingLane& At(std::string_view clock) { return lane.At(NewYork(clock) + shift_); }
  std::string Intent(std::string_view clock, const IntentFields& fields = {}) { return Send(At(clock).Intent(fields)); }
  // What a quote at the clock does to the account.
  std::string Quote(std::string_view clock, double bid, double ask, InstrumentId instrument = 1) {
    Send(At(clock).Mark(instrument, bid, ask));
    return account();
  }

  // A long, approved at the clock, entered 250 ms later, closed after 500 ms; the answer to the intent.
  std::string Win(std::string_view clock, IntentFields fields = {}) { return Trade(clock, fields, fields.target); }
  std::string Lose(std::string_view clock, IntentFields fields = {}) { return Trade(clock, fields, fields.stop); }

 private:
  Event Configuration(ConfigurationKind kind, std::string document) {
    ConfigurationVersion version;
    version.kind = kind;
    version.name = "classic#1";
    version.document = std::move(document);
    return lane.Make(version, 0, StrategyInstanceIdOf("classic#1"));
  }
  std::string Trade(std::string_view clock, const IntentFields& fields, double exit) {
    const std::string answer = Intent(clock, fields);
    const Time begin = lane.now();
    const double spread = 0.03;
    Send(lane.At(begin + std::chrono::milliseconds(250)).Mark(fields.instrument, fields.entry - spread, fields.entry));
    Send(lane.At(begin + std::chrono::milliseconds(500)).Mark(fields.instrument, exit, exit + spread));
    Send(lane.At(begin + std::chrono::milliseconds(750)).Mark(fields.instrument, fields.entry - spread, fields.entry));
    return answer;
  }

  Duration shift_{0};
};

// "refused DAY_LOSS", "approved 500".
inline std::string Verdict(const std::string& answer) {
  const size_t begin = std::min(answer.find("approved"), answer.find("refused"));
  if (begin == std::string::npos) return answer;
  const size_t end = answer.find_first_of(" \n", answer.find(' ', begin) + 1);
  return answer.substr(begin, end - begin);
}

}  // namespace spillway::test
