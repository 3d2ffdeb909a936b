#include "services/journal/signal_export.h"

#include <optional>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "services/journal/failed_rules.h"
#include "services/journal/outcome.h"

namespace spillway::journal {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kColumns[] = {
    "timestamp", "ticker",           "profile",    "side",       "score",        "threshold", "accepted",
    "preview",   "rejection_reason", "entry",      "stop",       "target",       "decision",  "quantity",
    "outcome",   "r_multiple",       "profit_net", "would_have", "would_have_r", "signal_id"};

std::string JoinFailed(const Signal& signal) {
  std::string text;
  for (const RuleResult* rule : FailedRules(signal)) text += (text.empty() ? "" : "; ") + ToText(*rule);
  return text;
}

std::string RefusalText(const RiskDecision& decision) {
  std::string text =
      fmt::format("{} seen={:g} limit={:g}", RefusalRuleName(decision.rule), decision.seen, decision.limit);
  if (!decision.unit.empty()) text += " " + decision.unit;
  if (!decision.detail.empty()) text += " (" + decision.detail + ")";
  return text;
}

// RFC 4180.
std::string CsvField(const Json& value) {
  if (value.is_null()) return "";
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string CsvLine(const Json& row) {
  std::string line;
  for (const auto& [column, value] : row.items()) line += (line.empty() ? "" : ",") + CsvField(value);
  return line + "\r\n";
}

Json OrNull(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

}  // namespace

SignalExport::SignalExport(ExportFormat format, std::function<void(std::string_view)> write)
    : format_(format), write_(std::move(write)) {
  if (format_ != ExportFormat::kCsv) return;
  std::string header;
  for (const char* column : kColumns) header += (header.empty() ? "" : ",") + std::string(column);
  write_(header + "\r\n");
}

SignalExport::Line* SignalExport::Find(const EventId& signal) {
  const auto number = numbers_.find(signal);
  return number == numbers_.end() ? nullptr : &open_.at(number->second);
}

void SignalExport::Add(const Event& event) {
  names_.Learn(event);
  std::visit(Overloaded{
                 [&](const Signal& signal) {
                   if (numbers_.contains(event.header.id())) return;
                   numbers_[event.header.id()] = next_;
                   Line& line = open_[next_++];
                   line.header = event.header;
                   line.ticker = names_.Symbol(event.header.instrument);
                   line.profile = names_.Instance(event.header.instance);
                   line.signal = signal;
                   line.complete = !signal.accepted && !WillBeMeasured(event);
                 },
                 [&](const TradeIntent& intent) {
                   Line* line = Find(intent.signal);
                   if (line == nullptr || intent.parent) return;
                   line->intent = intent;
                   intents_[event.header.id()] = intent.signal;
                 },
                 [&](const RiskDecision& decision) {
                   const auto signal = intents_.find(decision.intent);
                   Line* line = signal == intents_.end() ? nullptr : Find(signal->second);
                   if (line == nullptr) return;
                   line->decision = decision;
                   line->complete = !decision.approved;
                 },
                 [&](const OutcomeLabelled& outcome) {
                   const auto signal = intents_.find(outcome.intent);
                   Line* line = Find(signal == intents_.end() ? outcome.intent : signal->second);
                   if (line == nullptr) return;
                   line->outcome = outcome;
                   line->complete = true;
                 },
                 [](const auto&) {},
             },
             event.body);
  WriteComplete();
}

// As the journal decides it (journal.h).
bool SignalExport::WillBeMeasured(const Event& event) {
  const auto& signal = std::get<Signal>(event.body);
  if (!HasBlueprint(signal)) return false;
  Time& until = misses_until_[{event.header.instance, event.header.instrument, signal.side}];
  if (event.header.event_time < until) return false;
  until = signal.expires;
  return true;
}

void SignalExport::WriteComplete() {
  while (!open_.empty() && open_.begin()->second.complete) {
    const Line& line = open_.begin()->second;
    Write(line);
    numbers_.erase(line.header.id());
    std::erase_if(intents_, [&](const auto& entry) { return entry.second == line.header.id(); });
    open_.erase(open_.begin());
  }
}

void SignalExport::End() {
  for (auto& [number, line] : open_) line.complete = true;
  WriteComplete();
}

void SignalExport::Write(const Line& line) {
  const Signal& signal = line.signal;
  const bool refused = line.decision && !line.decision->approved;
  const bool taken = line.outcome && !line.outcome->near_miss;
  const bool missed = line.outcome && line.outcome->near_miss;
  const Price entry = line.intent ? line.intent->entry : signal.entry;
  const Price stop = line.intent ? line.intent->stop : signal.stop;
  const Price target = line.intent ? line.intent->target : signal.target;
  const auto price = [&](Price value) { return entry > Price() ? Json(value.ToString()) : Json(nullptr); };
  std::string reason;
  if (!signal.accepted) reason = JoinFailed(signal);
  if (refused) reason = RefusalText(*line.decision);

  Json row;
  row["timestamp"] = FormatTime(line.header.event_time);
  row["ticker"] = line.ticker;
  row["profile"] = line.profile;
  row["side"] = signal.side == Side::kAsk ? "short" : "long";
  row["score"] = signal.score;
  row["threshold"] = signal.threshold;
  row["accepted"] = signal.accepted;
  row["preview"] = signal.preview;
  row["rejection_reason"] = OrNull(reason);
  row["entry"] = price(entry);
  row["stop"] = price(stop);
  row["target"] = price(target);
  row["decision"] = OrNull(!line.decision ? "" : refused ? "refused" : "approved");
  row["quantity"] = line.decision && !refused ? Json(line.decision->quantity.ToString()) : Json(nullptr);
  row["outcome"] = OrNull(taken ? std::string(OutcomeLabelName(line.outcome->label)) : "");
  row["r_multiple"] = taken && line.outcome->exited ? Json(line.outcome->r_multiple) : Json(nullptr);
  row["profit_net"] = taken && line.outcome->exited ? Json(line.outcome->profit_net.ToString()) : Json(nullptr);
  row["would_have"] = OrNull(missed ? std::string(OutcomeLabelName(line.outcome->label)) : "");
  row["would_have_r"] = missed && line.outcome->exited ? Json(line.outcome->r_multiple) : Json(nullptr);
  row["signal_id"] = ToString(line.header.id());
  ++lines_;
  write_(format_ == ExportFormat::kCsv ? CsvLine(row)
                                       : row.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace spillway::journal
