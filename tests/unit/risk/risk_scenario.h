// A day for risk: a known profile, session, feed and symbols; each answer as one line of text.
#pragma once

#include <string>
#include <vector>

#include "services/risk/risk.h"
#include "tests/support/profiles.h"
#include "tests/support/trading_lane.h"

namespace spillway::test {

inline std::string RiskLine(const Event& event) {
  std::string line = Clock(event.header.event_time);
  if (const auto* decision = std::get_if<RiskDecision>(&event.body)) {
    if (decision->approved) {
      return line + fmt::format(" approved {} cap={} risk={}{}", decision->quantity.ToString(),
                                SizeCapName(decision->binding_cap), decision->risk.ToString(),
                                decision->low_confidence ? " low confidence" : "");
    }
    return line + fmt::format(" refused {} seen={} limit={} {}", RefusalRuleName(decision->rule), decision->seen,
                              decision->limit, decision->unit);
  }
  if (const auto* state = std::get_if<TradingState>(&event.body)) {
    constexpr std::string_view kScopes[] = {"instance", "symbol", "global"};
    line += fmt::format(" {} {} {}", state->paused ? "paused" : "resumed", kScopes[static_cast<size_t>(state->scope)],
                        state->cause);
    if (state->until) line += " until " + Clock(*state->until);
    return line;
  }
  return line + " ?";
}

// "10:00:00.100 entered 20.00 x 833, equity 39991.77", "10:00:05.000 closed 19.88 x 833 stop net -105.79, equity ...".
inline std::string AccountLine(const Event& event) {
  const auto& account = std::get<AccountSnapshot>(event.body);
  std::string line = Clock(event.header.event_time);
  if (!account.trade) return line + fmt::format(" day {} equity {}", account.trading_day, account.equity.ToString());
  const AccountTrade& trade = *account.trade;
  if (trade.state == AccountTradeState::kEntered) {
    line += fmt::format(" entered {} x {}", trade.price.ToString(), trade.quantity.ToString());
  } else {
    line += fmt::format(" closed {} x {} {} net {}", trade.price.ToString(), trade.quantity.ToString(), trade.reason,
                        trade.profit_net.ToString());
  }
  return line + ", equity " + account.equity.ToString();
}

// Feeds a RiskProcessor and returns what each event brought, one answer a line.
class RiskDay {
 public:
  explicit RiskDay(const v1::Profile& profile = ClassicProfile()) {
    lane.At("09:25");
    Send(lane.Configure(profile));
    for (InstrumentId id = 1; id <= 4; ++id) Send(lane.Define(id, fmt::format("SYM{}", id)));
    Send(lane.Session());
    Send(lane.Feed(FeedState::kUp));
    for (InstrumentId id = 1; id <= 4; ++id) Send(lane.Mark(id, 19.97, 20.00));
  }

  std::string Send(const Event& event) {
    history.push_back(event);
    const size_t before = sink_.events.size();
    risk_.Process(event, sink_);
    std::string text;
    account_.clear();
    for (size_t i = before; i < sink_.events.size(); ++i) {
      const bool account = std::holds_alternative<AccountSnapshot>(sink_.events[i].body);
      std::string& lines = account ? account_ : text;
      lines += (lines.empty() ? "" : "\n") + (account ? AccountLine : RiskLine)(sink_.events[i]);
    }
    return text;
  }
  // What the last event did to the account.
  const std::string& account() const { return account_; }
  const risk::RiskProcessor& processor() const { return risk_; }
  AccountSnapshot LastAccount() const {
    for (auto it = sink_.events.rbegin(); it != sink_.events.rend(); ++it) {
      if (const auto* account = std::get_if<AccountSnapshot>(&it->body)) return *account;
    }
    return {};
  }
  std::string IntentAt(std::string_view clock, const IntentFields& fields = {}) {
    return Send(lane.At(clock).Intent(fields));
  }
  const std::vector<Event>& answers() const { return sink_.events; }

  TradingLane lane;
  std::vector<Event> history;

 private:
  risk::RiskProcessor risk_;
  CollectingSink sink_;
  std::string account_;
};

}  // namespace spillway::test
