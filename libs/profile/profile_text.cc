#include "libs/profile/profile_text.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "libs/base/decimal.h"
#include "libs/base/time.h"
#include "libs/config/schema.h"
#include "libs/config/yaml.h"
#include "libs/profile/declared_features.h"
#include "libs/profile/profile_loader.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::profile {
namespace {

constexpr size_t kColumns = 100;

// What each specification calls the subjects that are no rules with an id of their own.
struct Subject {
  std::string_view name;
  std::array<std::string_view, 4> ids;  // of S0, S1-A, S1-I, S1-B where it has one
};
constexpr std::array<Subject, 31> kSubjects = {{
    {"universe.price", {"S0-1.2", "S1-A1.2", "S1-I4.2", "S1-B1.2"}},
    {"universe.float", {"S0-1.5", "S1-A1.2", "S1-I4.2", "S1-B1.3"}},
    {"universe.spread", {"S0-1.4", "S1-A1.2", "S1-I4.4", "S1-B1.4"}},
    {"universe.relative_volume", {"S0-1.3", "S1-A1.2", "S1-I4.4", "S1-B1.5"}},
    {"universe.types", {"S0-1.6", "S1-A1.3", "S1-I4.3", "S1-B1.7"}},
    {"universe.exchanges", {"", "", "", "S1-B1.6"}},
    {"universe.sectors", {"", "", "", "S1-B1.7"}},
    {"universe.lists", {"", "", "", "S1-B10.3"}},
    {"universe.refresh", {"S0-1.1", "S1-A1.1", "S1-I4.1", "S1-B1.9"}},
    {"universe.symbols_max", {"", "", "", "S1-B1.10"}},
    {"rubric.threshold", {"S0-3.6", "S1-A3.6", "S1-I1.1", "S1-B3.6"}},
    {"cancel.spread", {"S0-4.3", "S1-A4.3", "S1-I2.4", "S1-B4.3"}},
    {"cancel.tape", {"S0-4.4", "S1-A4.4", "", ""}},
    {"cancel.collapse", {"S0-9.1", "S1-A9.1", "", ""}},
    {"cancel.halt", {"S0-5.3", "S1-A5.3", "", "S1-B4.4"}},
    {"blueprint.entry", {"S0-6.1", "S1-A6.1", "S1-I3.1", "S1-B5.1"}},
    {"blueprint.stop", {"S0-6.2", "S1-A6.2", "S1-I3.1", "S1-B5.2"}},
    {"blueprint.target", {"S0-6.3", "S1-A6.3", "S1-I3.1", "S1-B5.3"}},
    {"sizing.risk", {"S0-6.4", "S1-A6.4", "", "S1-B0.8"}},
    {"sizing.shares", {"", "", "", "S1-B5.4"}},
    {"account.range", {"", "", "", "S1-B0.3"}},
    {"account.ceiling", {"", "", "", "S1-B10.5"}},
    {"account.day_loss", {"", "", "", "S1-B6.3"}},
    {"account.day_drawdown", {"S0-S.4", "S1-AS.4", "", "S1-B0.7"}},
    {"account.losses", {"", "", "", "S1-B6.2"}},
    {"account.trades", {"S0-S.5", "S1-AS.5", "", "S1-B10.4"}},
    {"account.week", {"", "", "", "S1-B0.5"}},
    {"account.month", {"", "", "", "S1-BS.4"}},
    {"throttle.same_ticker", {"S0-5.1", "S1-A5.1", "", "S1-B6.1"}},
    {"throttle.hour", {"S0-5.2", "S1-A5.2", "", "S1-B6.4"}},
    {"throttle.halt", {"S0-5.3", "S1-A5.3", "", "S1-B4.4"}},
}};

std::string Decimal9(int64_t value) {
  return FormatDecimal(value, 9);
}
std::string Money(int64_t e8) {
  return FormatDecimal(e8, 8) + " USD";
}
std::string Span(int64_t nanos) {
  return FormatDuration(Duration(nanos));
}

// "above 2", "from 10 to 80"
std::string Range(const std::optional<std::string>& low, const std::optional<std::string>& high,
                  std::string_view above = "at least", std::string_view below = "below") {
  if (low && high) return fmt::format("{} {} and {} {}", above, *low, below, *high);
  return low ? fmt::format("{} {}", above, *low) : fmt::format("{} {}", below, *high);
}

class Describer {
 public:
  explicit Describer(const v1::Profile& profile)
      : profile_(profile), carried_(profile.carries().begin(), profile.carries().end()) {}

  std::vector<Statement> Run() {
    Universe(profile_.universe());
    Score(profile_.rubric());
    Gates();
    AfterTheSignal(profile_.cancel());
    Prices(profile_.blueprint());
    Size(profile_.sizing());
    Account(profile_.account());
    Compliance();
    Throttles(profile_.throttle());
    Scarcity();
    Schedule(profile_.schedule());
    Stages();
    Outcome();
    Criteria();
    return std::move(statements_);
  }

 private:
  void Say(std::string_view section, std::string text, std::vector<std::string> ids = {}) {
    statements_.push_back({std::string(section), std::move(text), std::move(ids)});
  }
  void SayOf(std::string_view section, std::string_view subject, std::string text) {
    std::vector<std::string> ids;
    const auto found = std::ranges::find(kSubjects, subject, &Subject::name);
    for (const std::string_view id : found == kSubjects.end() ? decltype(Subject::ids){} : found->ids) {
      if (carried_.contains(std::string(id))) ids.emplace_back(id);
    }
    Say(section, std::move(text), std::move(ids));
  }

  void Universe(const v1::UniverseRules& u) {
    constexpr std::string_view kSection = "Universe";
    const auto decimal = [](bool has, int64_t value, int scale) {
      return has ? std::optional(FormatDecimal(value, scale)) : std::nullopt;
    };
    const auto price_low = decimal(u.has_price_min_e9(), u.price_min_e9(), 9);
    const auto price_high = decimal(u.has_price_max_e9(), u.price_max_e9(), 9);
    if (price_low || price_high)
      SayOf(kSection, "universe.price", "Price " + Range(price_low, price_high, "at least", "at most") + ".");
    if (u.has_relative_volume_min()) {
      SayOf(kSection, "universe.relative_volume",
            fmt::format("Volume above {:g} times its mean at the same time of day over at least {} sessions.",
                        u.relative_volume_min(),
                        u.relative_volume_sessions_min() == 0 ? 10 : u.relative_volume_sessions_min()));
    }
    const auto spread_low = decimal(u.has_spread_min_e9(), u.spread_min_e9(), 9);
    const auto spread_high = decimal(u.has_spread_max_e9(), u.spread_max_e9(), 9);
    if (spread_low || spread_high)
      SayOf(kSection, "universe.spread", "Median spread of the last minute " + Range(spread_low, spread_high) + ".");
    const auto float_low = decimal(u.has_float_min_e8(), u.float_min_e8(), 8);
    const auto float_high = decimal(u.has_float_max_e8(), u.float_max_e8(), 8);
    if (float_low || float_high)
      SayOf(kSection, "universe.float", "Float " + Range(float_low, float_high) + " shares.");
    if (!u.include_types().empty())
      SayOf(kSection, "universe.types", fmt::format("Only: {}.", fmt::join(u.include_types(), ", ")));
    if (!u.exclude_types().empty())
      SayOf(kSection, "universe.types", fmt::format("No {}.", fmt::join(u.exclude_types(), ", ")));
    if (!u.exchanges().empty())
      SayOf(kSection, "universe.exchanges", fmt::format("Listed on {}.", fmt::join(u.exchanges(), " or ")));
    if (!u.exclude_sectors().empty())
      SayOf(kSection, "universe.sectors", fmt::format("Not in the sector {}.", fmt::join(u.exclude_sectors(), ", ")));
    if (!u.exclude_lists().empty())
      SayOf(kSection, "universe.lists", fmt::format("No member of {}.", fmt::join(u.exclude_lists(), ", ")));
    if (!u.exclude_headline_words().empty()) {
      SayOf(kSection, "universe.lists",
            fmt::format("Out for the day once a headline has the word {}.",
                        fmt::join(u.exclude_headline_words(), " or ")));
    }
    if (u.has_symbols_max())
      SayOf(kSection, "universe.symbols_max",
            fmt::format("At most {} symbols, those with the most relative volume.", u.symbols_max()));
    SayOf(
        kSection, "universe.refresh",
        fmt::format("Decided anew every {}; a halt takes a symbol out at once. What is not known keeps a symbol out{}.",
                    Span(u.has_refresh_ns() ? u.refresh_ns() : 300'000'000'000),
                    u.allow_unknown().empty() ? "" : fmt::format(", except: {}", AllowedUnknown(u))));
  }
  static std::string AllowedUnknown(const v1::UniverseRules& u) {
    std::vector<std::string> names;
    for (const int value : u.allow_unknown())
      names.push_back(config::ValueName(*v1::UniverseUnknown_descriptor()->FindValueByNumber(value)));
    return fmt::format("{}", fmt::join(names, ", "));
  }

  // "bid_ask_ratio(levels=10) >= 3"
  template <class Rule>
  std::string Condition(const Rule& rule) const {
    const std::optional<FeatureSpec> spec = SpecOf(profile_, rule);
    std::string text = spec ? ToString(*spec) : rule.feature();
    text += " " + rule.op();
    if (rule.has_limit()) text += fmt::format(" {}", rule.limit());
    if (rule.has_short_limit()) text += fmt::format(" (short: {})", rule.short_limit());
    return text;
  }

  void Score(const v1::Rubric& rubric) {
    constexpr std::string_view kSection = "Score";
    const bool graded = rubric.mode() == v1::SCORING_MODE_GRADED;
    double most = rubric.base();
    for (const v1::ScoreRule& rule : rubric.rules()) most += std::max(0.0, PointsOf(rule));
    if (rubric.has_score_max()) most = std::min(most, rubric.score_max());
    SayOf(kSection, "rubric.threshold",
          fmt::format("A setup is accepted from {:g} of {:g} points on, {}.", rubric.threshold(), most,
                      graded ? "points growing in a straight line from start to limit" : "each rule all or nothing"));
    if (rubric.base() != 0) Say(kSection, fmt::format("Begins with {:g} points.", rubric.base()));
    for (const v1::ScoreRule& rule : rubric.rules()) {
      std::string text = Condition(rule);
      if (rule.has_start()) text += fmt::format(", from {}", rule.start());
      if (rule.has_penalty()) {
        text += fmt::format(": takes off {:g}.", rule.penalty());
      } else {
        text += rule.points() == 0 ? ": shown only."
                                   : fmt::format(": {:g} point{}.", rule.points(), rule.points() == 1 ? "" : "s");
      }
      Say(kSection, std::move(text), {rule.id()});
    }
    if (rubric.has_score_min() && rubric.has_score_max())
      Say(kSection, fmt::format("Cut to {:g} to {:g}.", rubric.score_min(), rubric.score_max()));
    if (rubric.evaluation_interval_ns() > 0)
      Say(kSection, fmt::format("A symbol is judged at most once in {}.", Span(rubric.evaluation_interval_ns())));
    if (profile_.short_side().enabled())
      Say(kSection, "The short side is judged by the same rules, seen from the other side of the market.");
    if (profile_.has_preview()) {
      Say(kSection, fmt::format("From {:g} points on a preview is recorded, for tuning; it is never traded.",
                                profile_.preview().threshold()));
    }
  }

  void Gates() {
    for (const v1::Gate& gate : profile_.gates()) {
      Say("Rejected whatever the score unless",
          Condition(gate) + (gate.pass_not_ready() ? ", or it is not ready." : "."), {gate.id()});
    }
  }

  void AfterTheSignal(const v1::CancelRules& cancel) {
    constexpr std::string_view kSection = "Cancelled after the signal when";
    if (cancel.has_spread_multiple()) {
      SayOf(kSection, "cancel.spread",
            fmt::format("the spread is above {:g} times that at the trigger{}, {} times in a row {} apart.",
                        cancel.spread_multiple(),
                        cancel.spread_within_ns() > 0 ? " within " + Span(cancel.spread_within_ns()) : "",
                        cancel.has_spread_checks() ? cancel.spread_checks() : 2,
                        Span(cancel.has_spread_confirm_ns() ? cancel.spread_confirm_ns() : 500'000'000)));
    }
    if (cancel.has_tape_fraction()) {
      SayOf(kSection, "cancel.tape",
            fmt::format("the tape{} is slower than {:g} times that at the trigger, {} times in a row.",
                        cancel.tape_same_side() ? " of the signal's side" : "", cancel.tape_fraction(),
                        cancel.has_tape_checks() ? cancel.tape_checks() : 3));
    }
    if (cancel.on_liquidity_collapse()) SayOf(kSection, "cancel.collapse", "liquidity collapses (FX-14).");
    if (cancel.on_fake_wall()) Say(kSection, "a wall on its side was pulled (FX-07).");
    if (cancel.on_halt()) SayOf(kSection, "cancel.halt", "the symbol is halted.");
    for (const v1::CancelCondition& condition : cancel.when()) {
      Say(kSection,
          Condition(condition) +
              (condition.has_checks() ? fmt::format(", {} times in a row", condition.checks()) : "") +
              (condition.has_within_ns() ? ", within " + Span(condition.within_ns()) : "") + ".",
          {condition.id()});
    }
    Say(kSection, "its feed is suspended or its book cannot be trusted.");
  }

  void Prices(const v1::Blueprint& b) {
    constexpr std::string_view kSection = "Blueprint";
    SayOf(kSection, "blueprint.entry",
          b.entry_offset_e9() == 0 ? "Entry at the ask."
                                   : fmt::format("Entry at the ask + {}.", Decimal9(b.entry_offset_e9())));
    SayOf(kSection, "blueprint.stop",
          fmt::format("Stop {:g} spreads{} below it.", b.stop_spreads(),
                      b.has_stop_percent() ? fmt::format(", and at least {:g}% of the entry,", b.stop_percent()) : ""));
    SayOf(kSection, "blueprint.target",
          b.has_target_stops() ? fmt::format("Target {:g} times the stop's distance above it.", b.target_stops())
                               : fmt::format("Target {:g} spreads above it.", b.target_spreads()));
    Say(kSection, fmt::format("Good for {}.", Span(b.has_life_ns() ? b.life_ns() : 60'000'000'000)));
  }

  void Size(const v1::Sizing& s) {
    constexpr std::string_view kSection = "Size";
    SayOf(kSection, "sizing.risk",
          fmt::format("{:g}% of {} at risk in a trade.", s.risk_percent(), Money(s.equity_e8())));
    if (s.has_shares_max_e8())
      SayOf(kSection, "sizing.shares", fmt::format("At most {} shares.", FormatDecimal(s.shares_max_e8(), 8)));
    if (s.has_notional_max_e8()) Say(kSection, fmt::format("At most {} of value.", Money(s.notional_max_e8())));
    if (s.has_liquidity_fraction())
      Say(kSection, fmt::format("At most {:g} of the size shown on the side it takes.", s.liquidity_fraction()));
  }

  void Account(const v1::AccountRules& a) {
    constexpr std::string_view kSection = "Account";
    if (a.has_equity_min_e8() || a.has_equity_max_e8()) {
      const auto money = [](bool has, int64_t e8) { return has ? std::optional(Money(e8)) : std::nullopt; };
      SayOf(kSection, "account.range",
            fmt::format("A day is armed only with equity {}.",
                        Range(money(a.has_equity_min_e8(), a.equity_min_e8()),
                              money(a.has_equity_max_e8(), a.equity_max_e8()), "at least", "at most")));
    }
    if (a.has_sizing_ceiling_e8()) {
      SayOf(kSection, "account.ceiling",
            fmt::format("Sizes are of at most {} of equity; above it a warning says to withdraw.",
                        Money(a.sizing_ceiling_e8())));
    }
    if (a.has_day_loss_stop_e8())
      SayOf(kSection, "account.day_loss",
            fmt::format("No new entries once the day has lost more than {}.", Money(a.day_loss_stop_e8())));
    if (a.has_day_drawdown_max_e8() || a.has_day_drawdown_max_percent()) {
      std::string limit = a.has_day_drawdown_max_e8() ? Money(a.day_drawdown_max_e8()) : "";
      if (a.has_day_drawdown_max_percent())
        limit += fmt::format("{}{:g}%", limit.empty() ? "" : " or ", a.day_drawdown_max_percent());
      SayOf(kSection, "account.day_drawdown",
            fmt::format("Closed and disabled until the next session at a drawdown of {} from the day's peak.", limit));
    }
    if (a.has_losses_max()) {
      SayOf(kSection, "account.losses",
            fmt::format("More than {} losses in {} pause {}.", a.losses_max(), Span(a.losses_window_ns()),
                        a.has_losses_pause_ns() ? "for " + Span(a.losses_pause_ns()) : "the rest of the session"));
    }
    if (a.has_trades_per_day())
      SayOf(kSection, "account.trades", fmt::format("At most {} trades a day.", a.trades_per_day()));
    if (a.has_week_target_e8())
      SayOf(kSection, "account.week", fmt::format("{} earned in a week end the week.", Money(a.week_target_e8())));
    if (a.has_month_drawdown_e8()) {
      SayOf(kSection, "account.month",
            fmt::format("Above a drawdown of {} in a month {:g}% are at risk in a trade.", Money(a.month_drawdown_e8()),
                        a.degraded_risk_percent()));
    }
    if (a.type() == v1::ACCOUNT_TYPE_CASH) Say(kSection, "A cash account: only settled cash buys.", {"C-34"});
  }

  void Compliance() {
    for (const v1::ComplianceRule& rule : profile_.compliance()) {
      std::string text = rule.kind() == v1::COMPLIANCE_KIND_MINIMUM_EQUITY
                             ? fmt::format("No entries below {} of equity", Money(rule.amount_e8()))
                             : fmt::format("Below {} of equity at most {} day trades in {} sessions",
                                           Money(rule.amount_e8()), rule.count(), rule.sessions());
      if (!rule.effective_from().empty()) text += ", from " + rule.effective_from();
      if (!rule.effective_to().empty()) text += ", until " + rule.effective_to();
      Say("Compliance", text + ".", {rule.id()});
    }
  }

  void Throttles(const v1::Throttle& t) {
    constexpr std::string_view kSection = "Throttles";
    if (t.same_ticker_ns() > 0)
      SayOf(kSection, "throttle.same_ticker",
            fmt::format("The same ticker again after {} at the earliest.", Span(t.same_ticker_ns())));
    if (t.has_alerts_per_hour()) {
      SayOf(kSection, "throttle.hour",
            fmt::format("After {} alerts in an hour {}.", t.alerts_per_hour(),
                        t.on_exceed() == v1::ON_EXCEED_THROTTLE
                            ? "one in " + Span(t.exceed_interval_ns())
                            : std::string("a pause until the oldest leaves the hour")));
    }
    if (t.has_price_move_percent()) {
      SayOf(kSection, "throttle.halt",
            fmt::format("A price that moves more than {:g}% in {} halts {}.", t.price_move_percent(),
                        Span(t.has_price_move_window_ns() ? t.price_move_window_ns() : 60'000'000'000),
                        t.halt_scope() == v1::HALT_SCOPE_GLOBAL ? "everything" : "the symbol"));
    }
    const auto scope = [](v1::HaltScope s) { return s == v1::HALT_SCOPE_GLOBAL ? "everything" : "its symbol"; };
    SayOf(kSection, "throttle.halt",
          fmt::format("A halt stops {}, news stops {}.", scope(t.halt_scope()), scope(t.news_scope())));
    if (t.has_alerts_per_minute_hard())
      Say(kSection, fmt::format("Never more than {} alerts in a minute.", t.alerts_per_minute_hard()));
  }

  void Scarcity() {
    const v1::Scarcity& s = profile_.scarcity();
    constexpr std::string_view kSection = "Scarcity";
    const std::vector<std::string> ids = {"IR-8"};
    if (s.has_alerts_per_day()) Say(kSection, fmt::format("At most {} alerts a day.", s.alerts_per_day()), ids);
    if (s.has_alerts_per_symbol_day())
      Say(kSection, fmt::format("At most {} a symbol and day.", s.alerts_per_symbol_day()), ids);
    if (s.cooldown_ns() > 0) Say(kSection, fmt::format("{} between any two.", Span(s.cooldown_ns())), ids);
    if (s.after_cancel_ns() > 0)
      Say(kSection, fmt::format("{} after a cancelled signal.", Span(s.after_cancel_ns())), ids);
    if (s.ranking_window_ns() > 0) {
      Say(kSection,
          fmt::format("Of the setups within {} the best {} go on.", Span(s.ranking_window_ns()),
                      s.has_ranking_keep() ? s.ranking_keep() : 1),
          ids);
    }
  }

  void Schedule(const v1::Schedule& s) {
    constexpr std::string_view kSection = "Schedule (New York)";
    if (s.always_open()) Say(kSection, "Always open.");
    for (const v1::Window& window : s.windows()) {
      std::string text = fmt::format("{} to {}: ", window.start(), window.end());
      switch (window.mode()) {
        case v1::WINDOW_MODE_STRICT:
          text += fmt::format("low confidence, {:g} points more and {:g} of the size",
                              s.has_low_confidence_points() ? s.low_confidence_points() : 1.0,
                              s.has_low_confidence_size() ? s.low_confidence_size() : 0.5);
          break;
        case v1::WINDOW_MODE_MONITOR:
          text += "measured only, no alert";
          break;
        case v1::WINDOW_MODE_CLOSED:
          text += "closed";
          break;
        default:
          text += "open";
      }
      if (window.has_alerts_max()) text += fmt::format(", at most {} alerts", window.alerts_max());
      if (window.has_trades_max()) text += fmt::format(", at most {} trades", window.trades_max());
      if (window.needs_profit()) text += ", only if the day has earned something by then";
      Say(kSection, text + ".", WindowIds(window));
    }
    if (s.shift_on_early_close()) Say(kSection, "Afternoon times move with an early close.");
  }
  std::vector<std::string> WindowIds(const v1::Window& window) const {
    static const std::map<std::string, std::array<std::string_view, 3>> kWindows = {
        {"09:30-11:30", {"S0-10.2", "S1-A10.2", ""}}, {"12:00-14:00", {"S0-10.3", "S1-A10.3", ""}},
        {"14:00-15:45", {"S0-10.4", "S1-A10.4", ""}}, {"09:30-10:30", {"", "", "S1-B9.2"}},
        {"10:30-11:30", {"", "", "S1-B9.3"}},         {"11:30-14:00", {"", "", "S1-B9.4"}},
        {"14:00-15:00", {"", "", "S1-B9.5"}}};
    std::vector<std::string> ids;
    const auto found = kWindows.find(window.start() + "-" + window.end());
    if (found == kWindows.end()) return ids;
    for (const std::string_view id : found->second) {
      if (carried_.contains(std::string(id))) ids.emplace_back(id);
    }
    return ids;
  }

  void Stages() {
    for (const v1::Stage& stage : profile_.stages()) {
      std::string text = stage.name();
      if (!stage.description().empty()) text += " (" + stage.description() + ")";
      std::vector<std::string> parts;
      if (stage.has_shares_max_e8())
        parts.push_back(fmt::format("at most {} shares", FormatDecimal(stage.shares_max_e8(), 8)));
      std::vector<std::string> gates;
      if (stage.has_sessions_min()) gates.push_back(fmt::format("{} sessions", stage.sessions_min()));
      if (stage.has_trades_min()) gates.push_back(fmt::format("{} trades", stage.trades_min()));
      if (stage.has_win_rate_min()) gates.push_back(fmt::format("{:g}% won", stage.win_rate_min()));
      if (stage.has_profit_net_min_e8()) gates.push_back(fmt::format("{} net", Money(stage.profit_net_min_e8())));
      if (stage.has_week_profit_min_e8()) gates.push_back(fmt::format("{} a week", Money(stage.week_profit_min_e8())));
      if (stage.has_profit_factor_min())
        gates.push_back(fmt::format("a profit factor of {:g}", stage.profit_factor_min()));
      if (!gates.empty()) parts.push_back(fmt::format("promoted after {}", fmt::join(gates, ", ")));
      if (stage.has_abort_win_rate())
        parts.push_back(fmt::format("never below {:g}% after {}", stage.abort_win_rate(), stage.abort_after()));
      Say("Stages", fmt::format("{}: {}.", text, fmt::join(parts, "; ")), StageIds(stage));
    }
  }
  std::vector<std::string> StageIds(const v1::Stage& stage) const {
    static const std::map<std::string, std::vector<std::string>> kStages = {
        {"shadow", {"S1-B7.1", "S1-B7.2", "S1-B7.5"}}, {"micro", {"S1-B7.3"}}, {"full", {"S1-B7.4"}}};
    const auto found = kStages.find(stage.name());
    return found == kStages.end() || !carried_.contains(found->second.front()) ? std::vector<std::string>()
                                                                               : found->second;
  }

  void Outcome() {
    const v1::Costs& c = profile_.costs();
    constexpr std::string_view kSection = "Outcome";
    Say(kSection,
        fmt::format("Closed at stop or target, or {} after the entry.",
                    Span(profile_.outcome().has_time_stop_ns() ? profile_.outcome().time_stop_ns() : 900'000'000'000)),
        {"FX-16"});
    if (c.has_round_trip_e8()) {
      Say(kSection, fmt::format("Costs {} a round trip.", Money(c.round_trip_e8())), {"C-30"});
    } else if (c.has_per_share_e8() || c.has_per_order_min_e8()) {
      Say(kSection,
          fmt::format("Costs {} a share and side, at least {} an order.", Money(c.per_share_e8()),
                      Money(c.per_order_min_e8())),
          {"C-30"});
    }
  }

  void Criteria() {
    for (const v1::SuccessCriterion& criterion : profile_.criteria()) {
      std::string text = config::ValueName(*v1::CriterionMeasure_descriptor()->FindValueByNumber(criterion.measure()));
      std::ranges::replace(text, '_', ' ');
      if (criterion.has_at_least()) text += fmt::format(" at least {:g}", criterion.at_least());
      if (criterion.has_at_most())
        text += fmt::format("{} at most {:g}", criterion.has_at_least() ? "," : "", criterion.at_most());
      const bool below = criterion.has_act_below();
      if (below || criterion.has_act_above()) {
        text += fmt::format(
            "; {} {:g}: {}", below ? "below" : "above", below ? criterion.act_below() : criterion.act_above(),
            config::ValueName(*v1::CriterionConsequence_descriptor()->FindValueByNumber(criterion.consequence())));
        if (!criterion.then().empty()) text += " (" + criterion.then() + ")";
      }
      Say("Measured against", text + ".", {criterion.id()});
    }
  }

  const v1::Profile& profile_;
  std::set<std::string> carried_;
  std::vector<Statement> statements_;
};

// Broken at spaces; further lines are indented by `indent`.
std::string Wrapped(const std::string& text, size_t indent) {
  std::string out;
  size_t column = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const size_t length = end - at;
    if (column > indent && column + 1 + length > kColumns) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    } else if (out.empty()) {
      out = std::string(indent, ' ');
      column = indent;
    }
    out += text.substr(at, length);
    column += length;
    at = end + 1;
  }
  return out + "\n";
}

}  // namespace

std::vector<Statement> Describe(const v1::Profile& profile) {
  return Describer(profile).Run();
}

std::string DescribeText(const v1::Profile& profile) {
  std::string text = Wrapped(fmt::format("{}: {}", ProfileName(profile), profile.description()), 0);
  std::string section;
  for (const Statement& statement : Describe(profile)) {
    if (statement.section != section) text += "\n" + statement.section + "\n";
    section = statement.section;
    std::string line = statement.text;
    if (!statement.ids.empty()) line += fmt::format(" [{}]", fmt::join(statement.ids, ", "));
    text += Wrapped(line, 4);
  }
  if (!profile.carries().empty())
    text += "\nCarries\n" + Wrapped(fmt::format("{}", fmt::join(profile.carries(), " ")), 4);
  return text;
}

std::vector<Difference> Differences(const v1::Profile& left, const v1::Profile& right) {
  const auto values_of = [](v1::Profile profile) {
    profile.clear_name();
    profile.clear_version();
    profile.clear_base();
    profile.clear_description();
    profile.clear_carries();
    return config::ValuesOf(profile);
  };
  const std::vector<config::NamedValue> lefts = values_of(left);
  const std::vector<config::NamedValue> rights = values_of(right);
  const auto find = [](const std::vector<config::NamedValue>& values, const std::string& path) {
    const auto found = std::ranges::find(values, path, &config::NamedValue::path);
    return found == values.end() ? std::nullopt : std::optional(found->value);
  };
  // "rubric.rules[S0-3.1]" of "rubric.rules[S0-3.1].limit"; empty: not in a list.
  const auto item_of = [](const std::string& path) { return path.substr(0, path.find(']') + 1); };
  const auto has_item = [&](const std::vector<config::NamedValue>& values, const std::string& item) {
    return std::ranges::any_of(values, [&](const config::NamedValue& v) { return item_of(v.path) == item; });
  };
  std::vector<Difference> differences;
  // An item that only one has is one difference.
  const auto add = [&](const config::NamedValue& named, bool left, const std::vector<config::NamedValue>& others) {
    const std::string item = item_of(named.path);
    if (item.empty() || has_item(others, item)) {
      differences.push_back(left ? Difference{named.path, named.value, find(others, named.path)}
                                 : Difference{named.path, std::nullopt, named.value});
      return;
    }
    const std::string part = named.path.substr(std::min(item.size() + 1, named.path.size())) + ": " + named.value;
    if (differences.empty() || differences.back().path != item)
      differences.push_back({item, std::nullopt, std::nullopt});
    std::optional<std::string>& text = left ? differences.back().left : differences.back().right;
    text = text ? *text + ", " + part : part;
  };
  for (const config::NamedValue& named : lefts) {
    if (find(rights, named.path) != named.value) add(named, true, rights);
  }
  for (const config::NamedValue& named : rights) {
    if (!find(lefts, named.path)) add(named, false, lefts);
  }
  return differences;
}

}  // namespace spillway::profile
