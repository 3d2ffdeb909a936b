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
    for (int i = 0; i < u.exclude_types_size(); ++i) {
      const std::optional<SecurityType> type = ParseSecurityType(u.exclude_types(i));
      if (type && *type != SecurityType::kUnknown) continue;
      Report(fmt::format("universe.exclude_types[{}]", i),
             fmt::format("unknown security type '{}', expected one of: {}", u.exclude_types(i),
                         fmt::join(Names<SecurityType>(SecurityTypeName), ", ")));
    }
  }

  // What rules and gates have in common.
  template <class Rule>
  void CheckRule(const Rule& rule, const std::string& path) {
    const std::optional<FeatureKind> kind = ParseFeatureKind(rule.feature());
    if (!kind || *kind == FeatureKind::kUnknown) {
      Report(path + ".feature", fmt::format("unknown feature '{}', expected one of: {}", rule.feature(),
                                            fmt::join(Names<FeatureKind>(FeatureKindName), ", ")));
    }
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
      points_max += std::max(0.0, rule.points());
      CheckRule(rule, path);
      CheckStart(rule, rubric.mode(), path + ".start");
      const auto [first, is_new] = ids.emplace(rule.id(), i);
      if (!is_new) Report(path + ".id", fmt::format("'{}' is the id of rules[{}] already", rule.id(), first->second));
    }
    if (rubric.threshold() > points_max) {
      Report("rubric.threshold", fmt::format("{} is above {}, the sum of all points: no signal could be accepted",
                                             rubric.threshold(), points_max));
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
