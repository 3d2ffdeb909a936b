// `spillway admin limits`: what would stop a trade now, of a recorded session or of the running risk service.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>

#include "fmt/format.h"
#include "libs/events/text.h"
#include "libs/log/file.h"
#include "libs/net/http_client.h"
#include "nlohmann/json.hpp"
#include "services/risk/rule_distances.h"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"
#include "tools/spillway/session_files.h"

namespace spillway::cli {
namespace {

using Json = nlohmann::ordered_json;

// Risk as it was at the session's end.
absl::StatusOr<std::string> LimitsOfSession(const std::string& session, const std::string& symbol) {
  absl::StatusOr<std::unique_ptr<log::SegmentLog>> log = OpenSession(session);
  if (!log.ok()) return log.status();
  class Nobody final : public runtime::EventSink {
   public:
    void Emit(const Event&) override {}
  } nobody;
  risk::RiskProcessor risk;
  NameTable names;
  const absl::Status status = ForEachEvent(**log, "trading", [&](const LaneEvent& lane_event) {
    names.Learn(lane_event.event);
    if (lane_event.event.header.producer != Producer::kRisk) risk.Process(lane_event.event, nobody);
    return true;
  });
  if (!status.ok()) return status;
  risk::DistancesQuery query;
  for (const auto& [id, definition] : names.definitions()) {
    if (definition.symbol == symbol) query.instrument = id;
  }
  return risk::DistancesJson(risk, names, query);
}

// What the running service says in its /status.
absl::StatusOr<std::string> LimitsOfService(const std::string& ports_dir, std::string url) {
  if (url.empty()) {
    const std::string file = (std::filesystem::path(ports_dir) / "risk.json").string();
    const absl::StatusOr<std::string> text = log::ReadWholeFile(file);
    if (!text.ok()) return text.status();
    const Json ports = Json::parse(*text, nullptr, false);
    if (!ports.is_object() || !ports.contains("http")) return absl::DataLossError(file + ": no port file of a service");
    url = fmt::format("127.0.0.1:{}", ports["http"].get<int>());
  }
  if (url.find("://") == std::string::npos) url = "http://" + url;
  net::HttpClient client({.connect_timeout = std::chrono::seconds(1), .timeout = std::chrono::seconds(5)});
  const net::HttpResult answer = client.Send({.method = "GET", .url = url + "/status"});
  if (answer.outcome != net::HttpOutcome::kAnswered)
    return absl::UnavailableError(fmt::format("{}: no answer: {}", url, answer.error));
  const Json status = Json::parse(answer.body, nullptr, false);
  if (!status.is_object() || !status.contains("limits"))
    return absl::FailedPreconditionError(fmt::format("{}: says nothing of limits; is it the risk service?", url));
  return status["limits"].dump();
}

std::optional<double> Number(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}
std::string Word(const Json& object, const char* key, const char* otherwise = "") {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : otherwise;
}
bool Flag(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}
std::string Figure(const std::optional<double>& value) {
  return value ? fmt::format("{:.6g}", *value) : "-";
}
std::string Amount(const std::optional<double>& value) {
  return value ? fmt::format("{:.2f}", *value) : "-";
}

// How much of the way to the limit is gone: "[######----]".
std::string Bar(double distance_percent) {
  constexpr int kWidth = 20;
  const double gone = std::clamp(100 - distance_percent, 0.0, 100.0);
  const int full = static_cast<int>(std::lround(gone * kWidth / 100));
  return "[" + std::string(static_cast<size_t>(full), '#') + std::string(static_cast<size_t>(kWidth - full), '-') + "]";
}

void PrintRules(const Json& rules, bool of_symbol) {
  for (const Json& rule : rules) {
    const bool refuses = Flag(rule, "refuses");
    const std::optional<double> seen = Number(rule, "seen"), limit = Number(rule, "limit"),
                                distance = Number(rule, "distance_percent");
    const bool judged = !rule.contains("judged");
    if (!judged && !refuses) continue;  // it depends on the intent
    if (!of_symbol && Word(rule, "rule") == RefusalRuleName(RefusalRule::kInstrumentUnknown))
      continue;  // none was asked for
    std::string line = fmt::format("    {:<8} {:<22}", refuses ? "REFUSES" : "passes", Word(rule, "rule"));
    if (distance) line += fmt::format(" {} {:>4.0f}% left", Bar(*distance), std::clamp(*distance, 0.0, 100.0));
    if (seen || limit) line += fmt::format("  seen {} limit {} {}", Figure(seen), Figure(limit), Word(rule, "unit"));
    if (const std::string detail = Word(rule, "detail"); !detail.empty()) line += "  " + detail;
    while (line.ends_with(' ')) line.pop_back();
    fmt::print("{}\n", line);
  }
}

void PrintAccount(const Json& all) {
  const Json account = all.value("account", Json::object());
  const Json exposure = account.value("exposure", Json::object());
  const Json kill = account.value("kill_switch", Json::object());
  const Json worst = all.value("worst_case", Json::object());
  std::string causes;
  for (const Json& cause : kill.value("causes", Json::array()))
    causes += " " + (cause.is_string() ? cause.get<std::string>() : cause.dump());
  fmt::print("{}  risk profile {}, account {}{}, broker {}\n", Word(all, "time"), Word(account, "profile", "none"),
             Word(account, "account", "unknown"),
             Flag(account, "live") ? (Flag(account, "armed") ? ", LIVE, armed" : ", LIVE, not armed") : "",
             Flag(account, "broker_up") ? "up" : "DOWN");
  fmt::print("kill switch {}{}\n", Flag(kill, "active") ? "ACTIVE" : "off", causes);
  fmt::print("equity {}, day {}, gross {} ({}%), reserved {}, {} positions\n", Amount(Number(account, "equity")),
             Amount(Number(account, "day_profit")), Amount(Number(exposure, "gross")),
             Figure(Number(exposure, "gross_percent")), Amount(Number(exposure, "reserved")),
             Figure(Number(exposure, "positions")));
  fmt::print("worst case: all stops hit {}, each through a gap of 5% {}\n", Amount(Number(worst, "all_stops_hit")),
             Amount(Number(worst, "with_gap_5_percent")));
  for (const Json& row : worst.value("positions", Json::array())) {
    fmt::print("    {} {} {}: mark {} stop {}, at the stop {}, unprotected {}\n", Word(row, "symbol"),
               Word(row, "instance"), Figure(Number(row, "quantity")), Figure(Number(row, "mark")),
               Figure(Number(row, "stop")), Amount(Number(row, "at_stop")), Figure(Number(row, "unprotected")));
  }
}

bool IsInstance(const Json& instance, const std::string& name) {
  return Word(instance, "instance") == name || Word(instance, "instance") == name + "#1";
}

// Names that nothing has.
absl::Status CheckNames(const Json& all, const AdminLimitsArguments& arguments) {
  const Json instances = all.value("instances", Json::array()), symbols = all.value("known_symbols", Json::array());
  const bool instance_known =
      arguments.instance.empty() || std::any_of(instances.begin(), instances.end(), [&](const Json& instance) {
        return IsInstance(instance, arguments.instance);
      });
  if (!instance_known) {
    std::string known;
    for (const Json& instance : instances) known += (known.empty() ? "" : ", ") + Word(instance, "instance");
    return absl::NotFoundError(fmt::format("{}: no such instance; there are: {}", arguments.instance, known));
  }
  if (arguments.symbol.empty() || std::find(symbols.begin(), symbols.end(), Json(arguments.symbol)) != symbols.end())
    return absl::OkStatus();
  return absl::NotFoundError(fmt::format("{}: no such symbol ({} are known)", arguments.symbol, symbols.size()));
}

void PrintLimits(const Json& all, const AdminLimitsArguments& arguments) {
  PrintAccount(all);
  for (const Json& instance : all.value("instances", Json::array())) {
    const std::string name = Word(instance, "instance");
    if (!arguments.instance.empty() && !IsInstance(instance, arguments.instance)) continue;
    bool shown = arguments.symbol.empty();
    if (arguments.symbol.empty() && instance.contains("rules")) {
      fmt::print("\n{}\n", name);
      PrintRules(instance["rules"], false);
    }
    for (const Json& symbol : instance.value("symbols", Json::array())) {
      if (!arguments.symbol.empty() && Word(symbol, "symbol") != arguments.symbol) continue;
      fmt::print("\n{} {}\n", name, Word(symbol, "symbol"));
      PrintRules(symbol.value("rules", Json::array()), true);
      shown = true;
    }
    if (!shown) {
      fmt::print(
          "\n{}: of {} nothing is told yet: it has no quote, or is not among the 32 that risk tells of. Rules of "
          "all symbols:\n",
          name, arguments.symbol);
      PrintRules(instance.value("rules", Json::array()), false);
    }
  }
}

}  // namespace

int AdminLimits(const AdminLimitsArguments& arguments) {
  const bool of_session = !arguments.session.empty();
  if (!of_session && arguments.ports_dir.empty() && arguments.url.empty()) {
    Fail(absl::InvalidArgumentError(
        "of what? A session directory, --ports-dir of a running stack, or --url of its risk service"));
    return kExitUsage;
  }
  const absl::StatusOr<std::string> text = of_session ? LimitsOfSession(arguments.session, arguments.symbol)
                                                      : LimitsOfService(arguments.ports_dir, arguments.url);
  if (!text.ok()) return Fail(text.status());
  const Json all = Json::parse(*text, nullptr, false);
  if (!all.is_object()) return Fail(absl::DataLossError("risk's limits do not parse"));
  if (absl::Status status = CheckNames(all, arguments); !status.ok()) return Fail(status);
  if (arguments.json) {
    fmt::print("{}\n", all.dump(2));
  } else {
    PrintLimits(all, arguments);
  }
  return kExitOk;
}

}  // namespace spillway::cli
