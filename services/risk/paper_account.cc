#include "services/risk/paper_account.h"

#include <algorithm>
#include <utility>

#include "libs/base/int128.h"
#include "libs/calendar/calendar.h"

namespace spillway::risk {
namespace {

// Day trades older than this concern no rule.
constexpr int32_t kDayTradesKept = 60;  // days

std::optional<calendar::Date> DateOf(int32_t day) {
  return calendar::DateFromNumber(day);
}
int64_t WeekOf(int32_t day) {  // Monday to Sunday
  const std::optional<calendar::Date> date = DateOf(day);
  return date ? (date->time_since_epoch().count() + 3) / 7 : 0;
}
int32_t MonthOf(int32_t day) {
  return day / 100;
}

void Count(SetupRecord& record, const AccountChange& change) {
  ++record.trades;
  if (change.profit_net > Money()) ++record.wins;
  record.sum_r += change.r_multiple;
}

}  // namespace

int32_t TradingDayAfter(int32_t day, uint32_t count, bool always_open) {
  std::optional<calendar::Date> date = DateOf(day);
  if (!date) return day;
  for (; count > 0; --count) {
    const std::optional<calendar::Session> next =
        always_open ? std::nullopt : calendar::Calendar::Nyse().NextSession(*date);
    date = next ? next->trading_day : *date + std::chrono::days(1);
  }
  return calendar::DateNumber(*date);
}

int32_t TradingDayBefore(int32_t day, uint32_t count, bool always_open) {
  const calendar::Calendar& nyse = calendar::Calendar::Nyse();
  std::optional<calendar::Date> date = DateOf(day);
  if (!date) return day;
  for (; count > 0; --count) {
    *date -= std::chrono::days(1);
    while (!always_open && nyse.Covers(*date) && !nyse.SessionOn(*date)) *date -= std::chrono::days(1);
  }
  return calendar::DateNumber(*date);
}

Money PaperTrade::Outlay() const {
  if (contract.inverse) return Money();  // settled by its profit alone
  const Money notional = Notional(contract, entry, quantity);
  return is_long() ? notional : -notional;
}

Money PaperTrade::GrossAt(Price exit) const {
  return costs::GrossProfit(contract, {.side = side, .entry = entry, .exit = exit, .quantity = quantity});
}

// ---- beginnings

void PaperAccount::Open(Money equity) {
  *this = PaperAccount();
  balance_ = equity;
  day_horizon_.Begin(equity);
  month_horizon_.Begin(equity);
}

void PaperAccount::Carry(const AccountSnapshot& state) {
  Open(state.equity);
  carried_ = true;
  last_day_ = state.trading_day;
  unsettled_ = state.unsettled;
  week_profit_ = state.week_profit;
  month_horizon_.peak = std::max(state.month_peak, state.equity);
  record_ = state.record;
  day_trades_ = state.day_trades;
  stage_ = state.stage;
  stage_record_ = state.stage_record;
  stage_aborted_ = state.stage_aborted;
}

void PaperAccount::BeginDay(int32_t day, const DayRules& rules) {
  rules_ = rules;
  if (day_ != 0) last_day_ = day_;
  day_ = day;
  if (WeekOf(last_day_) != WeekOf(day)) week_profit_ = Money();
  const Money equity = Equity();
  if (MonthOf(last_day_) != MonthOf(day)) month_horizon_.Begin(equity);
  day_horizon_.Begin(equity);
  std::erase_if(unsettled_, [&](const UnsettledCash& cash) { return cash.settles_on <= day; });
  const int32_t oldest = TradingDayBefore(day, kDayTradesKept, true);
  std::erase_if(day_trades_, [&](int32_t traded) { return traded < oldest; });
  entered_today_ = 0;
  entered_by_window_.clear();
  closed_today_.clear();
  losses_.clear();
  unfilled_.clear();
}

void PaperAccount::BeginStage(std::string_view stage) {
  stage_ = stage;
  stage_record_ = {};
  stage_aborted_ = false;
}

// ---- trades

void PaperAccount::Take(PaperTrade trade) {
  used_ = true;
  pending_.push_back(std::move(trade));
}

void PaperAccount::Cancel(const EventId& signal) {
  std::erase_if(pending_, [&](const PaperTrade& trade) { return trade.signal == signal && !trade.by_broker; });
}

void PaperAccount::DropPending() {
  std::erase_if(pending_, [](const PaperTrade& trade) { return !trade.by_broker; });
}

std::optional<AccountChange> PaperAccount::See(InstrumentId instrument, const Quote& quote, Time now) {
  const Time shown = FloorTo(now, kQuoteGrid);
  for (size_t i = 0; i < pending_.size(); ++i) {
    const PaperTrade& trade = pending_[i];
    if (trade.by_broker) continue;
    if (trade.header.instrument != instrument || shown <= trade.taken || now >= trade.deadline) continue;
    if (trade.is_long() && quote.ask <= trade.entry) return Enter(i, quote.ask, quote.bid, now);
    if (!trade.is_long() && quote.bid >= trade.entry) return Enter(i, quote.bid, quote.ask, now);
  }
  for (size_t i = 0; i < open_.size(); ++i) {
    PaperTrade& trade = open_[i];
    if (trade.header.instrument != instrument) continue;
    const Price exit = trade.is_long() ? quote.bid : quote.ask;
    trade.exit_quote = exit;
    if (trade.by_broker) continue;
    if (trade.is_long() ? exit <= trade.stop : exit >= trade.stop) return Close(i, exit, now, "stop");
    if (trade.is_long() ? exit >= trade.target : exit <= trade.target) return Close(i, trade.target, now, "target");
  }
  return std::nullopt;
}

std::set<InstrumentId> PaperAccount::WaitingFor() const {
  std::set<InstrumentId> instruments;
  for (const PaperTrade& trade : pending_) {
    if (!trade.by_broker) instruments.insert(trade.header.instrument);
  }
  return instruments;
}

std::optional<AccountChange> PaperAccount::CloseDue(Time now) {
  std::erase_if(pending_, [&](const PaperTrade& trade) { return trade.deadline <= now && !trade.by_broker; });
  for (size_t i = 0; i < open_.size(); ++i) {
    if (open_[i].deadline <= now && !open_[i].by_broker)
      return Close(i, open_[i].exit_quote, open_[i].deadline, "time");
  }
  return std::nullopt;
}

std::optional<AccountChange> PaperAccount::CloseAny(Time now, std::string_view reason) {
  const auto first = std::find_if(open_.begin(), open_.end(), [](const PaperTrade& trade) { return !trade.by_broker; });
  if (first == open_.end()) return std::nullopt;
  return Close(static_cast<size_t>(first - open_.begin()), first->exit_quote, now, reason);
}

// ---- trades of oms

namespace {
// Of an intent's trade; the end: there is none.
template <class Trades>
auto FindByBroker(Trades& trades, const EventId& intent) {
  return std::find_if(trades.begin(), trades.end(),
                      [&](const PaperTrade& trade) { return trade.by_broker && trade.header.id() == intent; });
}
// So much of it is filled, at `price` on average.
void Fill(PaperTrade& trade, Price price, Quantity quantity) {
  trade.entry = price;
  trade.quantity = quantity;
  if (trade.approved > Quantity()) {
    trade.risk = Money::FromE8(
        static_cast<int64_t>(static_cast<Int128>(trade.approved_risk.e8()) * quantity.e8() / trade.approved.e8()));
  }
}
}  // namespace

std::optional<AccountChange> PaperAccount::Apply(const AccountTrade& told, Time now) {
  if (const auto open = FindByBroker(open_, told.intent); open != open_.end()) {
    if (told.state == AccountTradeState::kEntered) {
      Fill(*open, told.price, told.quantity);
      return std::nullopt;
    }
    AccountChange change{.trade = std::move(*open), .state = AccountTradeState::kClosed, .price = told.price};
    open_.erase(open);
    change.reason = told.reason;
    change.profit_gross = told.profit_gross;
    change.profit_net = told.profit_net;
    return Settle(std::move(change), now);
  }
  if (told.state != AccountTradeState::kEntered) return std::nullopt;
  if (const auto late = FindByBroker(unfilled_, told.intent); late != unfilled_.end()) {
    pending_.push_back(std::move(*late));
    unfilled_.erase(late);
  }
  const auto pending = FindByBroker(pending_, told.intent);
  if (pending == pending_.end()) return std::nullopt;
  Fill(*pending, told.price, told.quantity);
  return Enter(static_cast<size_t>(pending - pending_.begin()), told.price, told.price, now);
}

void PaperAccount::DropUnfilled(const EventId& intent) {
  const auto pending = FindByBroker(pending_, intent);
  if (pending == pending_.end()) return;
  if (unfilled_.size() >= kUnfilledMax) unfilled_.pop_front();
  unfilled_.push_back(std::move(*pending));
  pending_.erase(pending);
}

std::vector<PaperTrade> PaperAccount::TakeToClose() {
  std::vector<PaperTrade> trades;
  for (PaperTrade& trade : open_) {
    if (trade.by_broker && !std::exchange(trade.exit_asked, true)) trades.push_back(trade);
  }
  return trades;
}

AccountChange PaperAccount::Enter(size_t index, Price entry, Price exit, Time now) {
  PaperTrade trade = std::move(pending_[index]);
  pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(index));
  trade.entry = entry;
  trade.exit_quote = exit;
  trade.day = day_;
  trade.deadline = now + trade.time_stop;
  if (trade.close) trade.deadline = std::min(trade.deadline, *trade.close);
  ++entered_today_;
  if (trade.window) ++entered_by_window_[*trade.window];
  open_.push_back(trade);
  return {.trade = std::move(trade), .state = AccountTradeState::kEntered, .price = entry};
}

AccountChange PaperAccount::Close(size_t index, Price price, Time at, std::string_view reason) {
  AccountChange change{
      .trade = std::move(open_[index]), .state = AccountTradeState::kClosed, .price = price, .reason = reason};
  open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(index));
  change.profit_gross = change.trade.GrossAt(price);
  change.profit_net = change.profit_gross - change.trade.cost;
  return Settle(std::move(change), at);
}

AccountChange PaperAccount::Settle(AccountChange change, Time at) {
  const PaperTrade& trade = change.trade;
  if (trade.risk > Money()) change.r_multiple = change.profit_net.ToDouble() / trade.risk.ToDouble();
  balance_ = balance_ + change.profit_net;
  week_profit_ = week_profit_ + change.profit_gross;
  if (trade.is_long() && !trade.contract.inverse && rules_.settlement_days > 0) {
    unsettled_.push_back({.amount = Notional(trade.contract, change.price, trade.quantity),
                          .settles_on = TradingDayAfter(day_, rules_.settlement_days, rules_.always_open)});
  }
  closed_today_.push_back({at, change.profit_net});
  if (change.profit_net < Money()) losses_.push_back(at);
  if (trade.day == day_) day_trades_.push_back(day_);
  Count(record_, change);
  Count(stage_record_, change);
  return change;
}

// ---- money

Money PaperAccount::Equity() const {
  Money equity = balance_;
  for (const PaperTrade& trade : open_) equity = equity + trade.GrossAt(trade.exit_quote) - trade.cost;
  return equity;
}

Money PaperAccount::Mark() {
  const Money equity = Equity();
  day_horizon_.See(equity);
  month_horizon_.See(equity);
  return equity;
}

Money PaperAccount::Cash() const {
  Money cash = balance_;
  for (const PaperTrade& trade : open_) cash = cash - trade.Outlay() - trade.cost;
  return cash;
}

Money PaperAccount::SettledCash() const {
  Money cash = Cash();
  for (const UnsettledCash& unsettled : unsettled_) cash = cash - unsettled.amount;
  return cash;
}

Money PaperAccount::Reserved() const {
  Money reserved;
  for (const PaperTrade& trade : pending_) {
    if (trade.is_long()) reserved = reserved + trade.Outlay() + trade.cost;
  }
  return reserved;
}

Money PaperAccount::ClosedProfitBefore(Time time) const {
  Money profit;
  for (const Closed& closed : closed_today_) {
    if (closed.time < time) profit = profit + closed.profit_net;
  }
  return profit;
}

// ---- counts

uint32_t PaperAccount::TradesInWindow(uint32_t window) const {
  const auto entered = entered_by_window_.find(window);
  const auto may_be =
      std::count_if(pending_.begin(), pending_.end(), [&](const auto& t) { return t.window == window; });
  return (entered == entered_by_window_.end() ? 0 : entered->second) + static_cast<uint32_t>(may_be);
}

uint32_t PaperAccount::LossesWithin(Duration span, Time now) const {
  return static_cast<uint32_t>(
      std::count_if(losses_.begin(), losses_.end(), [&](Time loss) { return now - loss < span; }));
}

uint32_t PaperAccount::DayTradesSince(int32_t first_day) const {
  const auto done =
      std::count_if(day_trades_.begin(), day_trades_.end(), [&](int32_t day) { return day >= first_day; });
  return static_cast<uint32_t>(static_cast<size_t>(done) + open_.size() + pending_.size());
}

AccountSnapshot PaperAccount::Snapshot() const {
  AccountSnapshot snapshot;
  snapshot.trading_day = day_ != 0 ? day_ : last_day_;
  snapshot.equity = Equity();
  snapshot.cash = Cash();
  snapshot.settled_cash = SettledCash();
  snapshot.day_profit = DayProfit();
  snapshot.day_drawdown = DayDrawdown();
  snapshot.week_profit = week_profit_;
  snapshot.month_drawdown = MonthDrawdown();
  snapshot.open_positions = static_cast<uint32_t>(open_.size());
  snapshot.trades_today = entered_today_;
  snapshot.stage = stage_;
  snapshot.record = record_;
  snapshot.unsettled = unsettled_;
  snapshot.month_peak = month_horizon_.peak;
  snapshot.day_trades = day_trades_;
  snapshot.stage_record = stage_record_;
  snapshot.stage_aborted = stage_aborted_;
  return snapshot;
}

}  // namespace spillway::risk
