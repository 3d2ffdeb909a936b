// `spillway status`: asks every service what it says of itself (libs/service/status.h) and lays it side by side.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "libs/log/file.h"
#include "libs/net/http_client.h"
#include "nlohmann/json.hpp"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"

namespace spillway::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Service {
  std::string url;   // "http://127.0.0.1:8080"
  std::string name;  // as the port file says; the service's own word replaces it
  std::string instance;
  std::string problem;  // it does not answer, and why
  bool ready = false;
  std::vector<std::string> missing;
  Json status = Json::object();
};

// What services say of themselves goes to a terminal: no control characters.
std::string Plain(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  return text;
}

std::optional<Json> ParseObject(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_object()) return json;
  return std::nullopt;
}

template <class T>
T Get(const Json& object, const char* key, T otherwise) {
  const auto found = object.find(key);
  if (found == object.end()) return otherwise;
  try {
    return found->get<T>();
  } catch (const nlohmann::json::exception&) {  // of another type: as if it were not there
    return otherwise;
  }
}

// A port file that a service wrote; nullopt where the file is something else, or just went away.
std::optional<Service> ReadPortFile(const std::filesystem::path& path) {
  const absl::StatusOr<std::string> text = log::ReadWholeFile(path);
  if (!text.ok()) return std::nullopt;
  const std::optional<Json> ports = ParseObject(*text);
  const int http = ports ? Get(*ports, "http", 0) : 0;
  if (http <= 0) return std::nullopt;
  Service service;
  service.url = fmt::format("http://127.0.0.1:{}", http);
  service.name = Get<std::string>(*ports, "service", path.stem().string());
  service.instance = Get<std::string>(*ports, "instance", "");
  return service;
}

absl::StatusOr<std::vector<Service>> ServicesOf(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::directory_iterator files(directory, error);
  if (error) {
    return absl::NotFoundError(
        fmt::format("{}: {}; expected the directory of the services' port files", directory.string(), error.message()));
  }
  std::vector<Service> services;
  for (const std::filesystem::directory_entry& file : files) {
    if (file.path().extension() != ".json") continue;
    if (std::optional<Service> service = ReadPortFile(file.path())) services.push_back(*std::move(service));
  }
  return services;
}

net::HttpResult HttpGet(const std::string& url) {
  net::HttpClient client({.connect_timeout = std::chrono::seconds(1), .timeout = std::chrono::seconds(3)});
  return client.Send({.method = "GET", .url = url});
}

Service Ask(Service service) {
  const net::HttpResult status = HttpGet(service.url + "/status");
  if (status.outcome != net::HttpOutcome::kAnswered) {
    service.problem = "no answer: " + status.error;
    return service;
  }
  const std::optional<Json> json = status.status == 200 ? ParseObject(status.body) : std::nullopt;
  if (!json) {
    service.problem = fmt::format("/status answers {} and no JSON: not a service of Spillway?", status.status);
    return service;
  }
  service.status = *json;
  service.name = Get(*json, "service", service.name);
  service.instance = Get(*json, "instance", service.instance);
  const net::HttpResult ready = HttpGet(service.url + "/readyz");
  service.ready = ready.status == 200;
  if (const std::optional<Json> body = ParseObject(ready.body)) {
    service.missing = Get<std::vector<std::string>>(*body, "missing", {});
  }
  return service;
}

std::vector<Service> AskAll(std::vector<Service> services) {
  std::vector<std::future<Service>> asked;
  for (Service& service : services) asked.push_back(std::async(std::launch::async, Ask, std::move(service)));
  services.clear();
  for (std::future<Service>& answer : asked) services.push_back(answer.get());
  std::sort(services.begin(), services.end(), [](const Service& a, const Service& b) {
    return std::tie(a.name, a.instance) < std::tie(b.name, b.instance);
  });
  return services;
}

// In the order of the pipeline, so that a table reads from source to sink.
void SortByPipeline(std::vector<Service>& services) {
  constexpr std::string_view kOrder[] = {"ingest", "universe", "metrics",  "scoring", "risk",
                                         "oms",    "venue",    "notifier", "journal", "gateway"};
  const auto rank = [&](const Service& service) {
    return std::find(std::begin(kOrder), std::end(kOrder), service.name) - std::begin(kOrder);
  };
  std::stable_sort(services.begin(), services.end(),
                   [&](const Service& a, const Service& b) { return rank(a) < rank(b); });
}

std::string Lag(const Service& service) {
  std::string text;
  for (const Json& lane : Get(service.status, "lanes", Json::array())) {
    if (!lane.is_object()) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", Get<std::string>(lane, "lane", "?"),
                        Get<uint64_t>(lane, "lag", 0));
  }
  return text.empty() ? "-" : Plain(text);
}

std::string Events(const Service& service) {
  const Json counters = Get(service.status, "counters", Json::object());
  return counters.contains("events") ? fmt::format("{}", Get<uint64_t>(counters, "events", 0)) : "-";
}

std::string Uptime(const Service& service) {
  if (!service.problem.empty()) return "-";
  const auto seconds = static_cast<int64_t>(Get(service.status, "uptime_s", 0.0));
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 7200) return fmt::format("{} min", seconds / 60);
  return fmt::format("{} h", seconds / 3600);
}

std::string State(const Service& service) {
  if (!service.problem.empty()) return "DOWN";
  if (service.ready) return "ready";
  return Plain("no: " + fmt::format("{}", fmt::join(service.missing, ", ")));
}

// "spillway 0.1.0 (1fff39e, g++ 12.2.0)" -> "0.1.0 (1fff39e)": what tells builds apart in a table.
std::string ShortBuild(const Service& service) {
  std::string build = Plain(Get<std::string>(service.status, "build", "-"));
  if (build.starts_with("spillway ")) build.erase(0, sizeof("spillway ") - 1);
  if (const size_t comma = build.find(','); comma != std::string::npos) build = build.substr(0, comma) + ")";
  return build;
}

struct Colours {
  std::string_view good, bad, head, plain;
};

Colours ColoursOfOutput() {
  const char* none = std::getenv("NO_COLOR");
  if (!StdoutIsTerminal() || (none != nullptr && *none != '\0')) return {};
  return {.good = "\x1b[32m", .bad = "\x1b[31;1m", .head = "\x1b[1m", .plain = "\x1b[0m"};
}

using Row = std::vector<std::string>;

// Columns as wide as what is in them. The colour of a row's cell: by `colour(row, column)`.
template <class Colour>
void PrintTable(const Row& head, const std::vector<Row>& rows, const Colours& colours, const Colour& colour) {
  std::vector<size_t> widths;
  for (const std::string& title : head) widths.push_back(title.size());
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  const auto print = [&](const Row& row, const auto& colour_of) {
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string_view paint = colour_of(i);
      const size_t width = i + 1 < row.size() ? widths[i] + 2 : 0;  // no blanks at the end of a line
      fmt::print("{}{:<{}}{}", paint, row[i], width, paint.empty() ? "" : colours.plain);
    }
    fmt::print("\n");
  };
  print(head, [&](size_t) { return colours.head; });
  for (size_t r = 0; r < rows.size(); ++r) print(rows[r], [&](size_t i) { return colour(r, i); });
}

void PrintServices(const std::vector<Service>& services, const Colours& colours) {
  std::vector<Row> rows;
  for (const Service& service : services) {
    rows.push_back({Plain(service.name), Plain(service.instance), State(service), Lag(service), Events(service),
                    Uptime(service), ShortBuild(service)});
  }
  constexpr size_t kState = 2;
  PrintTable({"service", "instance", "ready", "lag", "events", "up", "build"}, rows, colours,
             [&](size_t row, size_t column) {
               if (column != kState) return std::string_view();
               return services[row].ready ? colours.good : colours.bad;
             });
}

// By oms's own count; "-" where it does not say.
std::string OrdersOpen(const std::vector<Service>& services) {
  for (const Service& service : services) {
    if (service.name != "oms") continue;
    const Json counters = Get(service.status, "counters", Json::object());
    if (counters.contains("orders_open")) return fmt::format("{}", Get<uint64_t>(counters, "orders_open", 0));
  }
  return "-";
}

// Where orders are worked: what risk says of the account.
void PrintTrading(const std::vector<Service>& services, const Colours& colours) {
  for (const Service& service : services) {
    const Json limits = Get(service.status, "limits", Json::object());
    const Json account = Get(limits, "account", Json::object());
    if (account.empty() || Get<std::string>(account, "profile", "").empty()) continue;
    const Json kill = Get(account, "kill_switch", Json::object());
    const Json exposure = Get(account, "exposure", Json::object());
    const bool active = Get(kill, "active", false), up = Get(account, "broker_up", false);
    const auto amount = [](const Json& object, const char* key) {
      const auto found = object.find(key);
      return found != object.end() && found->is_number() ? fmt::format("{:.2f}", found->get<double>())
                                                         : std::string("-");
    };
    fmt::print("\n");
    PrintTable(
        {"account", "broker", "kill switch", "positions", "orders open", "gross", "reserved", "equity", "day P&L"},
        {{Plain(Get<std::string>(account, "account", "unknown")), up ? "up" : "DOWN", active ? "ACTIVE" : "off",
          fmt::format("{:.0f}", Get(exposure, "positions", 0.0)), OrdersOpen(services), amount(exposure, "gross"),
          amount(exposure, "reserved"), amount(account, "equity"), amount(account, "day_profit")}},
        colours, [&](size_t, size_t column) {
          if (column == 1) return up ? colours.good : colours.bad;
          if (column == 2) return active ? colours.bad : colours.good;
          return std::string_view();
        });
    fmt::print("as risk saw it at {}; orders open as oms counts them now\n",
               Plain(Get<std::string>(limits, "time", "an unknown time")));
  }
}

void PrintLatencies(const std::vector<Service>& services, const Colours& colours) {
  std::vector<Row> rows;
  for (const Service& service : services) {
    const Json latencies = Get(service.status, "latency", Json::object());
    for (const auto& [hop, latency] : latencies.items()) {
      if (!latency.is_object()) continue;
      rows.push_back(
          {Plain(service.name), Plain(service.instance), Plain(hop), fmt::format("{:.2f}", Get(latency, "p50_ms", 0.0)),
           fmt::format("{:.2f}", Get(latency, "p99_ms", 0.0)), fmt::format("{:.2f}", Get(latency, "p999_ms", 0.0)),
           fmt::format("{}", Get<uint64_t>(latency, "count", 0))});
    }
  }
  if (rows.empty()) return;
  fmt::print("\n");
  PrintTable({"service", "instance", "latency", "p50 ms", "p99 ms", "p99.9 ms", "count"}, rows, colours,
             [](size_t, size_t) { return std::string_view(); });
}

void PrintRemarks(const std::vector<Service>& services) {
  for (const Service& service : services) {
    if (!service.problem.empty())
      fmt::print("\n{} {}: {} ({})\n", Plain(service.name), Plain(service.instance), Plain(service.problem),
                 service.url);
    for (const std::string& note : Get<std::vector<std::string>>(service.status, "notes", {})) {
      fmt::print("\n{} {}: {}\n", Plain(service.name), Plain(service.instance), Plain(note));
    }
  }
}

void PrintJson(const std::vector<Service>& services, bool all_ready) {
  Json list = Json::array();
  for (const Service& service : services) {
    Json one = {{"service", service.name}, {"instance", service.instance},
                {"url", service.url},      {"answers", service.problem.empty()},
                {"ready", service.ready},  {"missing", service.missing}};
    if (!service.problem.empty()) one["problem"] = service.problem;
    if (service.problem.empty()) one["status"] = service.status;
    list.push_back(std::move(one));
  }
  const Json result = {{"ready", all_ready}, {"services", list}};
  fmt::print("{}\n", result.dump(2, ' ', false, Json::error_handler_t::replace));
}

absl::StatusOr<std::vector<Service>> Named(const StatusArguments& arguments) {
  std::vector<Service> services;
  if (!arguments.ports_dir.empty()) {
    absl::StatusOr<std::vector<Service>> found = ServicesOf(arguments.ports_dir);
    if (!found.ok()) return found.status();
    services = *std::move(found);
  }
  for (std::string url : arguments.urls) {
    if (url.find("://") == std::string::npos) url = "http://" + url;
    while (url.ends_with('/')) url.pop_back();
    services.push_back({.url = url, .name = "?"});
  }
  if (services.empty()) {
    return absl::NotFoundError(fmt::format("{}: no port file of a service; is the stack up?", arguments.ports_dir));
  }
  return services;
}

}  // namespace

int Status(const StatusArguments& arguments) {
  absl::StatusOr<std::vector<Service>> named = Named(arguments);
  if (!named.ok()) return Fail(named.status());
  std::vector<Service> services = AskAll(*std::move(named));
  SortByPipeline(services);
  const bool all_ready = std::all_of(services.begin(), services.end(), [](const Service& s) { return s.ready; });
  if (arguments.json) {
    PrintJson(services, all_ready);
  } else {
    const Colours colours = ColoursOfOutput();
    PrintServices(services, colours);
    PrintTrading(services, colours);
    PrintLatencies(services, colours);
    PrintRemarks(services);
  }
  return all_ready ? kExitOk : kExitDiffers;
}

}  // namespace spillway::cli
