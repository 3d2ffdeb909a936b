#include "libs/profile/profile_check.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "libs/base/decimal.h"
#include "libs/events/event.h"
#include "libs/events/features.h"
#include "libs/profile/declared_features.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::profile {
namespace {

// The names of an enum's values, from 1 on.
template <class E>
std::vector<std::string_view> Names(std::string_view (*name_of)(E)) {
  std::vector<std::string_view> names;
  for (int i = 1; name_of(static_cast<E>(i)) != name_of(static_cast<E>(0)); ++i)
    names.push_back(name_of(static_cast<E>(i)));
  return names;
}

// Every name a rule may use, mirrored ones too.
std::vector<std::string_view> FeatureNames() {
  std::vector<std::string_view> names;
  for (uint8_t i = 1; i <= static_cast<uint8_t>(kLastFeatureKind); ++i) {
    const FeatureName name{static_cast<FeatureKind>(i), false};
    names.push_back(ToString(name));
    if (const FeatureName mirrored = Mirrored(name); mirrored.mirrored) names.push_back(ToString(mirrored));
  }
  return names;
}

class Checker {
 public:
  Checker(const v1::Profile& profile, const config::Origins& origins, config::Problems& problems)
      : profile_(profile), origins_(origins), problems_(problems) {}

  void Check() {
    if (profile_.has_universe()) CheckUniverse(profile_.universe());
    CheckRubric(profile_.rubric());
    CheckGates();
    if (profile_.has_throttle()) CheckThrottle(profile_.throttle());
    if (profile_.has_schedule()) CheckSchedule(profile_.schedule());
    CheckCancel(profile_.cancel());
    CheckBlueprint(profile_.blueprint());
    CheckScarcity(profile_.scarcity());
    CheckPreview(profile_.preview());
    CheckStages();
    CheckAccount();
    CheckCompliance();
    CheckCriteria();
    RequirePart(profile_.has_blueprint(), "blueprint");
    RequirePart(profile_.has_sizing(), "sizing");
    RequirePart(profile_.has_schedule(), "schedule");
  }

 private:
  void Report(const std::string& path, std::string text) {
    problems_.Add(origins_.Nearest(path), path, std::move(text));
  }

  void RequirePart(bool present, const std::string& path) {
    if (!present)
      Report(path, "missing; without it no alert could be made. Write it, or take it over with `base: name@version`");
  }

  void CheckRange(bool both, int64_t min, int64_t max, int scale, const std::string& path) {
    if (!both || min <= max) return;
    Report(path + "_min", fmt::format("{} is above {}_max {}", FormatDecimal(min, scale),
                                      path.substr(path.find('.') + 1), FormatDecimal(max, scale)));
  }

  void CheckUniverse(const v1::UniverseRules& u) {
    CheckRange(u.has_price_min_e9() && u.has_price_max_e9(), u.price_min_e9(), u.price_max_e9(), 9, "universe.price");
    CheckRange(u.has_spread_min_e9() && u.has_spread_max_e9(), u.spread_min_e9(), u.spread_max_e9(), 9,
               "universe.spread");
    CheckRange(u.has_float_min_e8() && u.has_float_max_e8(), u.float_min_e8(), u.float_max_e8(), 8, "universe.float");
    CheckTypes(u.exclude_types(), "universe.exclude_types");
    CheckTypes(u.include_types(), "universe.include_types");
    for (int i = 0; i < u.include_types_size(); ++i) {
      if (std::ranges::find(u.exclude_types(), u.include_types(i)) == u.exclude_types().end()) continue;
      Report(fmt::format("universe.include_types[{}]", i),
             fmt::format("'{}' is in exclude_types too; keep one", u.include_types(i)));
    }
  }

  void CheckTypes(const google::protobuf::RepeatedPtrField<std::string>& types, const std::string& path) {
    for (int i = 0; i < types.size(); ++i) {
      const std::optional<SecurityType> type = ParseSecurityType(types[i]);
      if (type && *type != SecurityType::kUnknown) continue;
      Report(fmt::format("{}[{}]", path, i), fmt::format("unknown security type '{}', expected one of: {}", types[i],
                                                         fmt::join(Names<SecurityType>(SecurityTypeName), ", ")));
    }
  }

  // What rules and gates have in common.
  template <class Rule>
  void CheckRule(const Rule& rule, const std::string& path) {
    const std::optional<FeatureName> name = ParseFeatureName(rule.feature());
    if (!name) {
      Report(path + ".feature",
             fmt::format("unknown feature '{}', expected one of: {}", rule.feature(), fmt::join(FeatureNames(), ", ")));
    } else {
      const FeatureSpec spec = SpecFor(profile_, *name);
      if (rule.has_window_ns() && spec.window == Duration(0))
        Report(path + ".window", fmt::format("'{}' has no window; leave it out", rule.feature()));
      if (rule.has_levels() && spec.levels == 0)
        Report(path + ".levels", fmt::format("'{}' has no levels; leave it out", rule.feature()));
    }
    if (rule.has_short_limit() && !profile_.short_side().enabled())
      Report(path + ".short_limit", "has an effect with `short_side: {enabled: true}` only; leave it out");
    const bool is_flag = rule.op() == "is true" || rule.op() == "is false";
    if (is_flag && rule.has_limit())
      Report(path + ".limit", fmt::format("has no effect with '{}'; leave it out", rule.op()));
    if (!is_flag && !rule.has_limit()) Report(path + ".limit", fmt::format("missing; '{}' needs a limit", rule.op()));
  }

  void CheckStart(const v1::ScoreRule& rule, v1::ScoringMode mode, const std::string& path) {
    if (!rule.has_start()) return;
    if (mode != v1::SCORING_MODE_GRADED) {
      Report(path, "has an effect with `mode: graded` only; leave it out");
    } else if (rule.op().starts_with('i')) {
      Report(path, fmt::format("has no effect with '{}'; leave it out", rule.op()));
    } else if (rule.op().starts_with('<') ? rule.start() <= rule.limit() : rule.start() >= rule.limit()) {
      Report(path, fmt::format("{} already meets the limit {} {}; marks must grow from start to limit", rule.start(),
                               rule.op(), rule.limit()));
    }
  }

  void CheckRubric(const v1::Rubric& rubric) {
    double points_max = 0;
    std::map<std::string, int> ids;
    for (int i = 0; i < rubric.rules_size(); ++i) {
      const v1::ScoreRule& rule = rubric.rules(i);
      const std::string path = fmt::format("rubric.rules[{}]", i);
      points_max += std::max(0.0, PointsOf(rule));
      CheckRule(rule, path);
      CheckStart(rule, rubric.mode(), path + ".start");
      const auto [first, is_new] = ids.emplace(rule.id(), i);
      if (!is_new) Report(path + ".id", fmt::format("'{}' is the id of rules[{}] already", rule.id(), first->second));
    }
    double score_max = rubric.base() + points_max;
    const char* const what =
        rubric.has_score_max() && rubric.score_max() < score_max ? "score_max" : "the sum of all points";
    if (rubric.has_score_max()) score_max = std::min(score_max, rubric.score_max());
    if (rubric.threshold() > score_max) {
      Report("rubric.threshold",
             fmt::format("{} is above {}, {}: no signal could be accepted", rubric.threshold(), score_max, what));
    }
    if (rubric.has_score_max() && rubric.has_score_min() && rubric.score_min() >= rubric.score_max()) {
      Report("rubric.score_min", fmt::format("{} is not below score_max {}", rubric.score_min(), rubric.score_max()));
    }
    if (rubric.has_near_miss() && rubric.near_miss() > rubric.threshold()) {
      Report("rubric.near_miss", fmt::format("{} is above the threshold {}", rubric.near_miss(), rubric.threshold()));
    }
  }

  void CheckGates() {
    for (int i = 0; i < profile_.gates_size(); ++i) CheckRule(profile_.gates(i), fmt::format("gates[{}]", i));
  }

  void CheckThrottle(const v1::Throttle& throttle) {
    const bool throttles = throttle.on_exceed() == v1::ON_EXCEED_THROTTLE;
    if (throttles && !throttle.has_exceed_interval_ns()) {
      Report("throttle.exceed_interval", "missing; `on_exceed: throttle` lets one alert through in this time");
    }
    if (!throttles && throttle.has_exceed_interval_ns()) {
      Report("throttle.exceed_interval", "has an effect with `on_exceed: throttle` only; leave it out");
    }
    if (throttle.has_price_move_window_ns() && !throttle.has_price_move_percent()) {
      Report("throttle.price_move_window", "has an effect with `price_move_percent` only; leave it out");
    }
  }

  void CheckCancel(const v1::CancelRules& cancel) {
    std::set<std::string> ids;
    for (int i = 0; i < cancel.when_size(); ++i) {
      const v1::CancelCondition& condition = cancel.when(i);
      const std::string path = fmt::format("cancel.when[{}]", i);
      CheckRule(condition, path);
      if (!ids.insert(condition.id()).second) Report(path + ".id", fmt::format("'{}' is given twice", condition.id()));
      if (condition.has_check_interval_ns() && !condition.has_checks())
        Report(path + ".check_interval", "has an effect with `checks` only; leave it out");
    }
    if (cancel.tape_same_side() && !cancel.has_tape_fraction())
      Report("cancel.tape_same_side", "has an effect with `tape_fraction` only; leave it out");
    if (cancel.has_spread_checks() && !cancel.has_spread_multiple())
      Report("cancel.spread_checks", "has an effect with `spread_multiple` only; leave it out");
  }

  void CheckBlueprint(const v1::Blueprint& blueprint) {
    const double target =
        blueprint.has_target_stops() ? blueprint.target_stops() * blueprint.stop_spreads() : blueprint.target_spreads();
    if (profile_.has_blueprint() && target > 0 && target < blueprint.stop_spreads() && !blueprint.has_target_stops())
      Report("blueprint.target_spreads",
             fmt::format("{} is nearer than the stop, {} spreads: it would risk more than it can earn", target,
                         blueprint.stop_spreads()));
  }

  void CheckScarcity(const v1::Scarcity& scarcity) {
    if (scarcity.has_ranking_keep() && scarcity.ranking_window_ns() == 0)
      Report("scarcity.ranking_keep", "has an effect with `ranking_window` only; leave it out");
    if (scarcity.has_alerts_per_symbol_day() && scarcity.has_alerts_per_day() &&
        scarcity.alerts_per_symbol_day() > scarcity.alerts_per_day()) {
      Report("scarcity.alerts_per_symbol_day",
             fmt::format("{} is above alerts_per_day {}", scarcity.alerts_per_symbol_day(), scarcity.alerts_per_day()));
    }
  }

  void CheckPreview(const v1::Preview& preview) {
    if (profile_.has_preview() && preview.threshold() >= profile_.rubric().threshold()) {
      Report("preview.threshold",
             fmt::format("{} is not below the rubric's threshold {}: previews are what falls short of it",
                         preview.threshold(), profile_.rubric().threshold()));
    }
  }

  void CheckStages() {
    std::set<std::string> names;
    for (int i = 0; i < profile_.stages_size(); ++i) {
      const v1::Stage& stage = profile_.stages(i);
      const std::string path = fmt::format("stages[{}]", i);
      if (!names.insert(stage.name()).second) Report(path + ".name", fmt::format("'{}' is given twice", stage.name()));
      if (stage.has_abort_win_rate() != stage.has_abort_after())
        Report(path + ".abort_win_rate", "abort_win_rate and abort_after need each other");
      if (stage.has_abort_win_rate() && stage.has_win_rate_min() && stage.abort_win_rate() > stage.win_rate_min()) {
        Report(path + ".abort_win_rate",
               fmt::format("{} is above win_rate_min {}: what is good enough would be aborted", stage.abort_win_rate(),
                           stage.win_rate_min()));
      }
      if (i > 0 && stage.has_shares_max_e8() && profile_.stages(i - 1).has_shares_max_e8() &&
          stage.shares_max_e8() < profile_.stages(i - 1).shares_max_e8()) {
        Report(path + ".shares_max", "is below the stage before it; stages grow");
      }
    }
  }

  void CheckAccount() {
    const v1::AccountRules& account = profile_.account();
    CheckRange(account.has_equity_min_e8() && account.has_equity_max_e8(), account.equity_min_e8(),
               account.equity_max_e8(), 8, "account.equity");
    const int64_t equity = profile_.sizing().equity_e8();
    if ((account.has_equity_min_e8() && equity < account.equity_min_e8()) ||
        (account.has_equity_max_e8() && equity > account.equity_max_e8())) {
      Report("sizing.equity",
             fmt::format("{} is outside account.equity_min to equity_max: the account would never be armed",
                         FormatDecimal(equity, 8)));
    }
    if (account.has_losses_max() != account.has_losses_window_ns())
      Report("account.losses_max", "losses_max and losses_window need each other");
    if (account.has_losses_pause_ns() && !account.has_losses_max())
      Report("account.losses_pause", "has an effect with `losses_max` only; leave it out");
    if (account.has_month_drawdown_e8() != account.has_degraded_risk_percent())
      Report("account.month_drawdown", "month_drawdown and degraded_risk_percent need each other");
    if (account.has_degraded_risk_percent() && account.degraded_risk_percent() > profile_.sizing().risk_percent()) {
      Report("account.degraded_risk_percent",
             fmt::format("{} is above sizing.risk_percent {}", account.degraded_risk_percent(),
                         profile_.sizing().risk_percent()));
    }
    if (account.has_day_loss_stop_e8() && account.has_day_drawdown_max_e8() &&
        account.day_loss_stop_e8() > account.day_drawdown_max_e8()) {
      Report("account.day_loss_stop", fmt::format("{} is above day_drawdown_max {}: all would be closed before it acts",
                                                  FormatDecimal(account.day_loss_stop_e8(), 8),
                                                  FormatDecimal(account.day_drawdown_max_e8(), 8)));
    }
  }

  void CheckCompliance() {
    std::set<std::string> ids;
    for (int i = 0; i < profile_.compliance_size(); ++i) {
      const v1::ComplianceRule& rule = profile_.compliance(i);
      const std::string path = fmt::format("compliance[{}]", i);
      if (!ids.insert(rule.id()).second) Report(path + ".id", fmt::format("'{}' is given twice", rule.id()));
      if (rule.amount_e8() == 0) Report(path + ".amount", "missing; the rule holds below this equity");
      const bool day_trades = rule.kind() == v1::COMPLIANCE_KIND_DAY_TRADES;
      if (day_trades && (!rule.has_count() || !rule.has_sessions()))
        Report(path, "`kind: day_trades` needs count and sessions");
      if (!rule.effective_from().empty() && !rule.effective_to().empty() && rule.effective_from() > rule.effective_to())
        Report(path + ".effective_to",
               fmt::format("{} is before effective_from {}", rule.effective_to(), rule.effective_from()));
    }
  }

  void CheckCriteria() {
    std::set<std::string> ids;
    for (int i = 0; i < profile_.criteria_size(); ++i) {
      const v1::SuccessCriterion& criterion = profile_.criteria(i);
      const std::string path = fmt::format("criteria[{}]", i);
      if (!ids.insert(criterion.id()).second) Report(path + ".id", fmt::format("'{}' is given twice", criterion.id()));
      if (!criterion.has_at_least() && !criterion.has_at_most())
        Report(path, "has no target: write at_least or at_most");
      if (criterion.has_at_least() && criterion.has_at_most() && criterion.at_least() > criterion.at_most())
        Report(path + ".at_least", fmt::format("{} is above at_most {}", criterion.at_least(), criterion.at_most()));
      const bool acts = criterion.has_act_below() || criterion.has_act_above();
      if (acts != (criterion.consequence() != v1::CRITERION_CONSEQUENCE_UNSPECIFIED))
        Report(path + ".consequence", "a consequence needs act_below or act_above, and the other way round");
    }
  }

  // Minutes after midnight. The schema has checked the form.
  std::optional<int> Minute(const std::string& text, const std::string& path) {
    const int minute = (text[0] - '0') * 600 + (text[1] - '0') * 60 + (text[3] - '0') * 10 + (text[4] - '0');
    if (minute <= 24 * 60) return minute;
    Report(path, fmt::format("'{}' is no time of day, expected 00:00 to 24:00", text));
    return std::nullopt;
  }

  void CheckSchedule(const v1::Schedule& schedule) {
    struct Span {
      int start, end, index;
    };
    std::vector<Span> spans;
    for (int i = 0; i < schedule.windows_size(); ++i) {
      const v1::Window& window = schedule.windows(i);
      const std::string path = fmt::format("schedule.windows[{}]", i);
      if (window.start().size() != 5 || window.end().size() != 5) continue;  // reported as missing or malformed
      const std::optional<int> start = Minute(window.start(), path + ".start");
      const std::optional<int> end = Minute(window.end(), path + ".end");
      if (!start || !end) continue;
      if (window.has_trades_max() && window.trades_max() == 0)
        Report(path + ".trades_max", "0 lets nothing through; write `mode: monitor` or `mode: closed`");
      if (*start >= *end) Report(path + ".end", fmt::format("{} is not after start {}", window.end(), window.start()));
      spans.push_back({.start = *start, .end = *end, .index = i});
    }
    std::stable_sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.start < b.start; });
    for (size_t i = 1; i < spans.size(); ++i) {
      if (spans[i].start >= spans[i - 1].end) continue;
      const v1::Window& before = schedule.windows(spans[i - 1].index);
      const v1::Window& window = schedule.windows(spans[i].index);
      Report(fmt::format("schedule.windows[{}].start", spans[i].index),
             fmt::format("{} lies in the window {} to {}; windows must not overlap", window.start(), before.start(),
                         before.end()));
    }
    if (schedule.windows().empty() && !schedule.always_open()) {
      Report("schedule", "neither windows nor `always_open: true`: it would be closed for ever");
    }
    if (!schedule.windows().empty() && schedule.always_open()) {
      Report("schedule.always_open", "excludes windows; keep one of them");
    }
  }

  const v1::Profile& profile_;
  const config::Origins& origins_;
  config::Problems& problems_;
};

}  // namespace

void CheckProfile(const v1::Profile& profile, const config::Origins& origins, config::Problems& problems) {
  Checker(profile, origins, problems).Check();
}

}  // namespace spillway::profile
