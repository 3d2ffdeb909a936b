#include "services/journal/report/signal_list.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace spillway::journal::report {
namespace {

using Json = nlohmann::ordered_json;

Json Number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}
Json Text(const std::optional<Price>& price) {
  return price ? Json(price->ToString()) : Json(nullptr);
}

// What repeats, each once, in order of first use.
class Table {
 public:
  size_t PlaceOf(const std::string& key, const Json& entry) {
    const auto [known, added] = places_.try_emplace(key, places_.size());
    if (added) entries_.push_back(entry);
    return known->second;
  }
  const Json& entries() const { return entries_; }

 private:
  std::map<std::string, size_t> places_;
  Json entries_ = Json::array();
};

class SignalList {
 public:
  explicit SignalList(const SessionReport& report) : report_(report) {}

  Json Make() {
    std::vector<std::pair<Time, Json>> rows;
    for (size_t i = 0, alerts = 0, refused = 0; i < report_.setups.size(); ++i) {
      const Setup& setup = report_.setups[i];
      rows.emplace_back(setup.triggered,
                        setup.approved() ? Json::array({"alerts", alerts++}) : Json::array({"refused", refused++}));
    }
    for (size_t i = 0; i < report_.near_misses.size(); ++i)
      rows.emplace_back(report_.near_misses[i].time, Json::array({"near_misses", i}));
    for (const NearMiss& miss : report_.listed) rows.emplace_back(miss.time, Row(miss));
    std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    Json list = Json::array();
    for (auto& [time, row] : rows) list.push_back(std::move(row));
    return {{"instances", instances_.entries()},
            {"symbols", symbols_.entries()},
            {"rules", rules_.entries()},
            {"list", std::move(list)}};
  }

 private:
  Json Row(const NearMiss& miss) {
    const Signal& signal = miss.signal;
    const std::string instance = report_.names.Instance(miss.instance), symbol = report_.names.Symbol(miss.instrument);
    Json trace = Json::array();
    for (const RuleResult& rule : signal.rules) trace.push_back(Trace(rule));
    const bool planned = signal.entry != Price();
    Json row = {{"i", instances_.PlaceOf(instance, instance)},
                {"s", symbols_.PlaceOf(symbol, symbol)},
                {"side", signal.side == Side::kAsk ? -1 : 1},
                {"time", FormatTime(miss.time)},
                {"id", ToString(miss.signal_id)},
                {"score", Number(signal.score)},
                {"threshold", Number(signal.threshold)},
                {"quote",
                 {Text(signal.quote.bid), signal.quote.bid_size.ToString(), Text(signal.quote.ask),
                  signal.quote.ask_size.ToString()}},
                {"trace", std::move(trace)}};
    if (miss.correlation != miss.signal_id) row["correlation_id"] = ToString(miss.correlation);
    if (signal.preview) row["preview"] = true;
    if (planned) row["plan"] = {signal.entry.ToString(), signal.stop.ToString(), signal.target.ToString()};
    if (miss.would_have) {
      const OutcomeLabelled& outcome = miss.would_have->body;
      row["would_have"] = {std::string(OutcomeLabelName(outcome.label)), Number(outcome.r_multiple)};
    }
    return row;
  }

  // [place of the rule, passed, points, value or why there is none]
  Json Trace(const RuleResult& rule) {
    const bool yes_no = rule.comparison == Comparison::kIsTrue || rule.comparison == Comparison::kIsFalse;
    Json entry = {{"rule", rule.rule},
                  {"feature", rule.feature},
                  {"gate", rule.gate},
                  {"comparison", std::string(ComparisonSymbol(rule.comparison))},
                  {"limit", yes_no ? Json(nullptr) : Number(rule.limit)},
                  {"points_max", Number(rule.points_max)}};
    const std::string key = entry.dump(-1, ' ', false, Json::error_handler_t::replace);
    const Json value = rule.value ? Number(*rule.value) : Json(rule.not_ready);
    return Json::array({rules_.PlaceOf(key, entry), rule.passed ? 1 : 0, Number(rule.points), value});
  }

  const SessionReport& report_;
  Table instances_, symbols_, rules_;
};

}  // namespace

Json SignalListJson(const SessionReport& report) {
  return SignalList(report).Make();
}

}  // namespace spillway::journal::report
