// Reads the market lanes once: the windows around decisions, the price line of charted symbols, and what was wrong with
// the data.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "libs/book/book_state.h"
#include "services/journal/report/market_window.h"
#include "services/journal/report/session_report.h"

namespace spillway::journal::report {

// Counts of delays, by their size: exact to an eighth.
class DelayHistogram {
 public:
  void Add(Duration delay);
  // The upper end of the class that holds the part `fraction` of all delays, negative ones counted as 0.
  std::optional<Duration> Quantile(double fraction) const;
  std::optional<Duration> max() const { return max_; }

 private:
  std::array<uint64_t, 512> counts_{};
  uint64_t total_ = 0;
  std::optional<Duration> max_;
};

class MarketPass {
 public:
  // `windows` and the report outlive the pass. `bucket` is that of the price lines.
  MarketPass(SessionReport* report, std::vector<WindowRecorder*> windows, std::vector<InstrumentId> charted,
             Duration bucket);

  void Take(const Event& event);
  // The lanes ended: fills the report's symbols, and hands each window, in the order given, to `take`.
  std::vector<MarketWindow> Finish(Time last);

 private:
  struct Instrument {
    book::BookState book;
    SymbolFacts* facts = nullptr;
    std::vector<WindowRecorder*> windows;  // that have not ended, by their begin
    // Session VWAP: eligible prints of the regular session.
    Int128 session_value = 0;
    int64_t session_volume_e8 = 0;
  };
  void OnBatch(const MarketBatch& batch);
  void OnMarketEvent(const MarketEvent& event, Instrument& instrument);
  void OnTrade(const MarketEvent& trade, Instrument& instrument);
  void AddToLine(const MarketEvent& trade, const Instrument& instrument, PriceLine& line) const;
  void OnRowEnd(const MarketEvent& event, Instrument& instrument);
  void OnSession(const SessionState& state);
  bool InSession(Time time) const { return open_ && time >= *open_ && (!close_ || time < *close_); }
  Instrument& Of(InstrumentId id);

  SessionReport& report_;
  std::vector<WindowRecorder*> windows_;
  std::map<InstrumentId, SymbolFacts*> facts_;
  std::vector<std::unique_ptr<Instrument>> instruments_;  // by id
  std::map<uint32_t, DelayHistogram> delays_;             // by feed
  std::map<uint32_t, uint64_t> gaps_;
  std::optional<Time> open_, close_;
};

}  // namespace spillway::journal::report
