// Records the market around one moment while a lane goes by.
#pragma once

#include <map>

#include "libs/book/book_state.h"
#include "libs/events/features.h"
#include "services/journal/report/session_report.h"

namespace spillway::journal::report {

class WindowRecorder {
 public:
  WindowRecorder(InstrumentId instrument, Time from, Time to, Time trigger);

  InstrumentId instrument() const { return window_.instrument; }
  Time from() const { return window_.from; }
  Time to() const { return window_.to; }

  // Standing walls are recorded by the levels, multiple and minimum of `spec`, on both sides.
  void MarkWalls(const FeatureSpec& spec) { wall_ = spec; }

  // The book stood like this until `now`: fills the columns that ended by then. Called before anything changes at
  // `now`.
  void AdvanceTo(Time now, const book::BookState& book);
  // After a row of the window's symbol, at its end.
  void OnQuote(Time time, const book::BookState& book);
  void OnTrade(const MarketEvent& trade);
  void OnDetector(Time time, const DetectorFired& detector);
  // The lane ended at `last`.
  MarketWindow Finish(Time last, const book::BookState& book);

 private:
  struct Row {
    int64_t shown = 0;  // what the open column shows
    std::vector<HeatRow::Change> changes;
  };
  void Sample(const book::BookState& book);
  void Show(const book::BookSide& side, int sign);
  void FindWalls(const book::BookSide& side, Side which);
  void EndWall(const WallSpan& wall);
  void LeaveOutFarRows();

  MarketWindow window_;
  bool opened_ = false;  // the quote that stood at `from` is recorded
  std::map<Price, Row> rows_;
  std::optional<FeatureSpec> wall_;
  std::vector<WallSpan> open_walls_;
};

}  // namespace spillway::journal::report
