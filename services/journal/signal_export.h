// Every signal of a run, accepted, rejected and preview, as one line each (S1-I5.2, S1-I5.3): for audits and for tools
// that read tables. The log stays the record; this is made from it.
//
// A line is written when its story has ended, in the order of the signals: JSON lines, or CSV (RFC 4180) with a header.
// Columns are added at the end, never moved or renamed:
//
//   timestamp           UTC, ISO 8601 with nanoseconds
//   ticker, profile     profile is the strategy instance, "ofi-classic@1#1"
//   side                long, short
//   score, threshold
//   accepted, preview
//   rejection_reason    why nothing was traded: each rule and gate that failed, the decisive first, joined by "; "; of
//   an
//                       accepted signal that risk refused: "RULE seen=... limit=..."; empty otherwise
//   entry, stop, target what was, or would have been, traded; empty: the signal does not say
//   decision            approved, refused; empty: none
//   quantity            approved
//   outcome             TARGET, STOP, TIME, MISS, CANCELLED; empty: none, or not known when the record ended
//   r_multiple, profit_net   of the outcome; empty where it was never entered
//   would_have          the outcome of a signal that was not taken, as it would have been
//   would_have_r        in R, before costs
//   signal_id           as `spillway trace` takes it
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "libs/events/text.h"

namespace spillway::journal {

enum class ExportFormat : uint8_t { kJsonLines, kCsv };

class SignalExport {
 public:
  // `write` takes whole lines, with their ends.
  SignalExport(ExportFormat format, std::function<void(std::string_view)> write);

  // Every event of the trading lane, in order.
  void Add(const Event& event);
  // The record ends here: what is still open is written as it is.
  void End();

  uint64_t lines() const { return lines_; }

 private:
  struct Line {
    EventHeader header;
    std::string ticker, profile;
    Signal signal;
    std::optional<TradeIntent> intent;
    std::optional<RiskDecision> decision;
    std::optional<OutcomeLabelled> outcome;
    bool complete = false;  // nothing will be added
  };

  Line* Find(const EventId& signal);
  bool WillBeMeasured(const Event& event);
  void WriteComplete();
  void Write(const Line& line);

  ExportFormat format_;
  std::function<void(std::string_view)> write_;
  NameTable names_;
  std::map<uint64_t, Line> open_;        // by number, in the order of the signals
  std::map<EventId, uint64_t> numbers_;  // of open lines, by signal
  std::map<EventId, EventId> intents_;   // signals of open lines, by intent
  std::map<std::tuple<StrategyInstanceId, InstrumentId, Side>, Time> misses_until_;
  uint64_t next_ = 0;
  uint64_t lines_ = 0;
};

}  // namespace spillway::journal
