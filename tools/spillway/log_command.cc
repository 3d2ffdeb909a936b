#include <google/protobuf/util/json_util.h>

#include "fmt/format.h"
#include "libs/events/text.h"
#include "libs/log/verify_session.h"
#include "nlohmann/json.hpp"
#include "spillway/v1/event.pb.h"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"
#include "tools/spillway/market_summary.h"
#include "tools/spillway/session_files.h"

namespace spillway::cli {
namespace {

nlohmann::ordered_json ToJson(const SymbolSummary& s) {
  const auto time = [](const std::optional<Time>& t) -> nlohmann::ordered_json {
    return t ? nlohmann::ordered_json(FormatTime(*t)) : nlohmann::ordered_json();
  };
  const auto price = [](const std::optional<Quote>& quote, Price Quote::*side) -> nlohmann::ordered_json {
    return quote ? nlohmann::ordered_json(((*quote).*side).ToString()) : nlohmann::ordered_json();
  };
  return {{"symbol", s.symbol},
          {"market_events", s.market_events},
          {"trades", s.trades},
          {"trade_volume", s.trade_volume.ToString()},
          {"trade_vwap", s.Vwap().empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(s.Vwap())},
          {"first_time", time(s.first_time)},
          {"last_time", time(s.last_time)},
          {"first_bid", price(s.first_quote, &Quote::bid)},
          {"first_ask", price(s.first_quote, &Quote::ask)},
          {"last_bid", price(s.last_quote, &Quote::bid)},
          {"last_ask", price(s.last_quote, &Quote::ask)},
          {"crossed", s.crossed},
          {"locked", s.locked},
          {"gaps", s.gaps}};
}

void PrintInfo(const std::vector<SymbolSummary>& symbols, const log::Manifest& manifest, uint64_t rows) {
  fmt::print("{} market events, digest {}\n\n", rows, log::ToHex(manifest.SessionDigest()));
  fmt::print("{:<12} {:>10} {:>12} {:>14} {:>10}\n", "lane", "messages", "bytes", "raw bytes", "segments");
  for (const auto& [name, lane] : manifest.lanes) {
    fmt::print("{:<12} {:>10} {:>12} {:>14} {:>10}\n", name, lane.messages(), lane.bytes(), lane.raw_bytes(),
               lane.segments.size());
  }
  fmt::print("\n{:<8} {:>10} {:>8} {:>14} {:>14}  {:<30} {:>20}  {}\n", "symbol", "events", "trades", "volume", "vwap",
             "from (UTC)", "last bid / ask", "crossed/locked/gaps");
  for (const SymbolSummary& s : symbols) {
    fmt::print("{:<8} {:>10} {:>8} {:>14} {:>14}  {:<30} {:>20}  {}/{}/{}\n", s.symbol, s.market_events, s.trades,
               s.trade_volume.ToString(), s.Vwap(), s.first_time ? FormatTime(*s.first_time) : "-",
               s.last_quote ? s.last_quote->bid.ToString() + " / " + s.last_quote->ask.ToString() : "-", s.crossed,
               s.locked, s.gaps);
  }
}

std::string EventJson(std::string_view payload) {
  v1::Event event;
  std::string json;
  event.ParseFromArray(payload.data(), static_cast<int>(payload.size()));
  const auto status = google::protobuf::util::MessageToJsonString(event, &json);
  return status.ok() ? json : "{}";
}

// Prints the events of a lane; market batches event by event.
struct Printer {
  const LogArguments& arguments;
  std::optional<Time> from, to;
  NameTable names;
  uint64_t printed = 0;

  bool Full() const { return arguments.limit != 0 && printed >= arguments.limit; }
  bool Wanted(Time time) const { return (!from || time >= *from) && (!to || time < *to); }
  void Line(const std::string& text) {
    fmt::print("{}\n", text);
    ++printed;
  }

  bool Take(const LaneEvent& lane_event) {
    const Event& event = lane_event.event;
    names.Learn(event);
    const auto* batch = std::get_if<MarketBatch>(&event.body);
    if (batch == nullptr || arguments.json) {
      if (Wanted(event.header.event_time)) {
        Line(arguments.json ? EventJson(lane_event.payload)
                            : fmt::format("{} {}", ToText(event, names), ToString(event.header.id()).substr(0, 12)));
      }
      return !Full();
    }
    for (const MarketEvent& market_event : batch->events) {
      if (Full()) return false;
      if (Wanted(market_event.event_time)) Line(ToText(market_event, names));
    }
    return !Full();
  }
};

}  // namespace

int LogInfo(const LogArguments& arguments) {
  absl::StatusOr<std::unique_ptr<log::SegmentLog>> session = OpenSession(arguments.session);
  if (!session.ok()) return Fail(session.status());
  MarketSummary summary;
  const absl::Status status = ForEachEvent(**session, "market.0", [&](const LaneEvent& lane_event) {
    summary.Add(lane_event.event);
    return true;
  });
  if (!status.ok()) return Fail(status);
  const log::Manifest& manifest = (*session)->manifest();
  const std::vector<SymbolSummary> symbols = summary.Finish();
  if (!arguments.json) {
    PrintInfo(symbols, manifest, summary.rows());
    return kExitOk;
  }
  nlohmann::ordered_json json = {{"events", summary.rows()}, {"digest", log::ToHex(manifest.SessionDigest())}};
  json["symbols"] = nlohmann::ordered_json::array();
  for (const SymbolSummary& s : symbols) json["symbols"].push_back(ToJson(s));
  json["build"] = manifest.build;
  for (const auto& [name, lane] : manifest.lanes) {
    json["lanes"][name] = {{"messages", lane.messages()}, {"bytes", lane.bytes()}, {"raw_bytes", lane.raw_bytes()}};
  }
  fmt::print("{}\n", json.dump(2));
  return kExitOk;
}

int LogCat(const LogArguments& arguments) {
  absl::StatusOr<std::unique_ptr<log::SegmentLog>> session = OpenSession(arguments.session);
  if (!session.ok()) return Fail(session.status());
  const absl::StatusOr<std::optional<Time>> from = ParseTimeOption("--from", arguments.from);
  const absl::StatusOr<std::optional<Time>> to = ParseTimeOption("--to", arguments.to);
  for (const absl::Status& status : {from.status(), to.status()}) {
    if (status.ok()) continue;
    Fail(status);
    return kExitUsage;
  }
  Printer printer{.arguments = arguments, .from = *from, .to = *to, .names = {}};
  std::vector<log::LaneName> lanes = {arguments.lane};
  if (arguments.lane.empty()) lanes = (*session)->Lanes();
  for (const log::LaneName& lane : lanes) {
    const absl::Status status =
        ForEachEvent(**session, lane, [&](const LaneEvent& lane_event) { return printer.Take(lane_event); });
    if (!status.ok()) return Fail(status);
    if (printer.Full()) break;
  }
  return kExitOk;
}

int LogVerify(const LogArguments& arguments) {
  const absl::StatusOr<log::VerifyReport> report = log::VerifySession(arguments.session);
  if (!report.ok()) return Fail(report.status());
  if (arguments.json) {
    nlohmann::ordered_json json = {{"ok", report->ok()},       {"digest", report->session_digest},
                                   {"lanes", report->lanes},   {"segments", report->segments},
                                   {"frames", report->frames}, {"messages", report->messages},
                                   {"bytes", report->bytes},   {"segments_pruned", report->segments_pruned}};
    json["findings"] = nlohmann::ordered_json::array();
    for (const log::Finding& finding : report->findings) {
      json["findings"].push_back({{"severity", finding.severity == log::Severity::kError ? "error" : "warning"},
                                  {"text", log::ToString(finding.damage)}});
    }
    fmt::print("{}\n", json.dump(2));
  } else {
    for (const log::Finding& finding : report->findings) {
      fmt::print("{} {}\n", finding.severity == log::Severity::kError ? "ERROR  " : "warning",
                 log::ToString(finding.damage));
    }
    fmt::print("{}: {} lanes, {} segments, {} frames, {} messages, {} bytes, digest {}\n",
               report->ok() ? "OK" : "DAMAGED", report->lanes, report->segments, report->frames, report->messages,
               report->bytes, report->session_digest);
  }
  return report->ok() ? kExitOk : kExitBadInput;
}

}  // namespace spillway::cli
