// Detectors against the planted truth: of the episodes that a simulated session planted, how many were found, and how
// many alarms were about nothing. Recall and precision for each kind of episode, with 95% Wilson intervals.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "libs/events/event.h"
#include "libs/truth/planted_episode.h"
#include "services/journal/statistics.h"

namespace spillway::journal {

// One alarm: a condition that was reported at `time` and lasted until `until`; a moment where that is absent.
struct Detection {
  truth::EpisodeKind kind = truth::EpisodeKind::kDislocation;
  InstrumentId instrument = 0;  // 0: the whole feed
  Time time;
  std::optional<Time> until = std::nullopt;
  Side side = Side::kNone;  // kNone: says nothing of a side
  std::optional<Price> price = std::nullopt;
  double seen = 0;  // what the detector said it saw, and against what
  double limit = 0;
};

// Makes alarms of the events of a run: DetectorFired (from active to inactive), a halt, a headline, an accepted Signal
// (a dislocation). FeedStatus repeats what the feed lag detector says and is none. Events come in lane order, features
// or trading lane or both, each event once.
class DetectionCollector {
 public:
  void Observe(const Event& event);
  const std::vector<Detection>& detections() const { return detections_; }

 private:
  void OnDetector(const EventHeader& header, const DetectorFired& fired);

  std::vector<Detection> detections_;
  std::map<std::tuple<DetectorKind, InstrumentId, Side>, size_t> active_;  // by index
};

// A detection belongs to an episode of its kind and instrument (and side, where both name one) if any of its time is in
// [start - before, end + after). What a rule needs to be sure is in `after`: the hold of 500 ms, the 3 s window. So a
// detector that is always on finds every episode; what that is worth shows in its precision.
struct MatchWindow {
  Duration before{0};
  Duration after{0};
};
MatchWindow MatchWindowOf(truth::EpisodeKind kind);

struct KindScore {
  uint64_t planted = 0;
  uint64_t detected = 0;        // episodes with at least one detection
  uint64_t repeats = 0;         // further detections of an episode that was detected before
  uint64_t false_alarms = 0;    // detections that belong to no episode of the kind
  uint64_t in_other_kinds = 0;  // of the false alarms: those inside an episode of another kind of the same symbol
  uint64_t prices_named = 0;    // detected episodes where both sides name a price
  uint64_t prices_right = 0;    // ... and the first detection's is the episode's
  std::optional<Duration>
      delay_median;  // of the first detection behind the episode's start; negative: it was on before

  uint64_t missed() const { return planted - detected; }
  Proportion recall() const { return {detected, planted}; }
  // Each episode counts once, however often it was reported.
  Proportion precision() const { return {detected, detected + false_alarms}; }
};

struct FalseAlarm {
  Detection detection;
  std::optional<truth::EpisodeKind> within;  // an episode of another kind of the same symbol
};

struct TruthScorecard {
  std::array<KindScore, truth::kEpisodeKinds> kinds;
  std::vector<FalseAlarm> false_alarms;       // by time
  std::vector<truth::PlantedEpisode> missed;  // by instrument, then by start
  const KindScore& of(truth::EpisodeKind kind) const { return kinds[static_cast<size_t>(kind)]; }
};

// Order of neither argument matters.
TruthScorecard ScoreAgainstTruth(std::vector<truth::PlantedEpisode> episodes, std::vector<Detection> detections);

// One row a kind that was planted or reported; fixed width, for a terminal.
std::string ToTable(const TruthScorecard& scorecard);
// What was missed and what was about nothing, one a line: to look at.
std::string ToList(const TruthScorecard& scorecard);
// {"dislocation": {"planted": 16, "detected": .., "recall": {"value": .., "low": .., "high": ..}, ...}, ...}
std::string ToJson(const TruthScorecard& scorecard);

}  // namespace spillway::journal
