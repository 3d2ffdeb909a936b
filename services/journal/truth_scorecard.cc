#include "services/journal/truth_scorecard.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace spillway::journal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using truth::EpisodeKind;
using truth::PlantedEpisode;

std::string_view SideName(Side side) {
  return side == Side::kBid ? "bid" : side == Side::kAsk ? "ask" : "-";
}

bool Overlaps(const PlantedEpisode& episode, const Detection& detection) {
  const MatchWindow window = MatchWindowOf(episode.kind);
  return detection.until.value_or(detection.time) >= episode.start - window.before &&
         detection.time < episode.end + window.after;
}

bool Belongs(const PlantedEpisode& episode, const Detection& detection) {
  if (episode.kind != detection.kind) return false;
  if (episode.side != Side::kNone && detection.side != Side::kNone && episode.side != detection.side) return false;
  return Overlaps(episode, detection);
}

std::optional<Duration> Median(std::vector<Duration> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

nlohmann::ordered_json Json(const Proportion& proportion) {
  const std::optional<Interval> interval = proportion.interval();
  if (!interval) return nullptr;
  return {{"value", *proportion.value()}, {"low", interval->low}, {"high", interval->high}};
}

std::string Text(const Proportion& proportion) {
  const std::optional<Interval> interval = proportion.interval();
  if (!interval) return "-";
  return fmt::format("{:5.1f}% [{:.1f}, {:.1f}]", *proportion.value() * 100, interval->low * 100, interval->high * 100);
}

}  // namespace

MatchWindow MatchWindowOf(EpisodeKind kind) {
  switch (kind) {
    case EpisodeKind::kDislocation:
      return {.before = seconds(2), .after = seconds(5)};
    case EpisodeKind::kAskReplenishment:
      return {.before = Duration(0), .after = seconds(3)};
    case EpisodeKind::kAbsorption:
      return {.before = Duration(0), .after = seconds(10)};  // the feature's window
    case EpisodeKind::kFeedLag:
      return {.before = Duration(0), .after = seconds(6)};
    case EpisodeKind::kFlashBidWall:
    case EpisodeKind::kSpreadBlowOut:
    case EpisodeKind::kTapeStall:
    case EpisodeKind::kHalt:
    case EpisodeKind::kNews:
      break;
  }
  return {.before = Duration(0), .after = seconds(1)};
}

void DetectionCollector::OnDetector(const EventHeader& header, const DetectorFired& fired) {
  const std::optional<EpisodeKind> kind = truth::EpisodeKindFor(fired.detector);
  if (!kind) return;
  const std::tuple key(fired.detector, header.instrument, fired.side);
  const auto open = active_.find(key);
  if (open != active_.end()) {
    detections_[open->second].until = header.event_time;
    active_.erase(open);
  }
  if (!fired.active) return;
  active_[key] = detections_.size();
  detections_.push_back({.kind = *kind,
                         .instrument = header.instrument,
                         .time = header.event_time,
                         .side = fired.side,
                         .price = fired.price,
                         .seen = fired.seen,
                         .limit = fired.limit});
}

void DetectionCollector::Observe(const Event& event) {
  const auto at = [&](EpisodeKind kind, Side side) {
    detections_.push_back(
        {.kind = kind, .instrument = event.header.instrument, .time = event.header.event_time, .side = side});
  };
  std::visit(Overloaded{
                 [&](const DetectorFired& fired) { OnDetector(event.header, fired); },
                 [&](const HaltChanged& halt) {
                   const bool stopped = halt.status == TradingStatus::kHalted || halt.status == TradingStatus::kPaused;
                   if (stopped) at(EpisodeKind::kHalt, Side::kNone);
                 },
                 [&](const NewsHeadline&) { at(EpisodeKind::kNews, Side::kNone); },
                 [&](const Signal& signal) {
                   if (signal.accepted) at(EpisodeKind::kDislocation, signal.side);
                 },
                 [](const auto&) {},
             },
             event.body);
}

TruthScorecard ScoreAgainstTruth(std::vector<PlantedEpisode> episodes, std::vector<Detection> detections) {
  TruthScorecard scorecard;
  // By instrument, so that each detection is compared with its own symbol's episodes only.
  std::stable_sort(episodes.begin(), episodes.end(), [](const PlantedEpisode& a, const PlantedEpisode& b) {
    return a.instrument != b.instrument ? a.instrument < b.instrument : a.start < b.start;
  });
  std::stable_sort(detections.begin(), detections.end(),
                   [](const Detection& a, const Detection& b) { return a.time < b.time; });
  std::vector<bool> found(episodes.size());
  std::array<std::vector<Duration>, truth::kEpisodeKinds> delays;
  for (const PlantedEpisode& episode : episodes) ++scorecard.kinds[static_cast<size_t>(episode.kind)].planted;

  for (const Detection& detection : detections) {
    KindScore& score = scorecard.kinds[static_cast<size_t>(detection.kind)];
    const auto [first, last] =
        std::ranges::equal_range(episodes, detection.instrument, {}, &PlantedEpisode::instrument);  // its own symbol's
    const auto match = std::find_if(first, last, [&](const PlantedEpisode& e) { return Belongs(e, detection); });
    if (match == last) {
      const auto other = std::find_if(
          first, last, [&](const PlantedEpisode& e) { return e.kind != detection.kind && Overlaps(e, detection); });
      ++score.false_alarms;
      score.in_other_kinds += other != last;
      scorecard.false_alarms.push_back({detection, other != last ? std::optional(other->kind) : std::nullopt});
      continue;
    }
    const size_t index = static_cast<size_t>(match - episodes.begin());
    if (found[index]) {
      ++score.repeats;
      continue;
    }
    found[index] = true;
    ++score.detected;
    delays[static_cast<size_t>(detection.kind)].push_back(detection.time - match->start);
    if (match->price && detection.price) {
      ++score.prices_named;
      score.prices_right += *match->price == *detection.price;
    }
  }
  for (size_t i = 0; i < episodes.size(); ++i) {
    if (!found[i]) scorecard.missed.push_back(episodes[i]);
  }
  for (size_t k = 0; k < truth::kEpisodeKinds; ++k) scorecard.kinds[k].delay_median = Median(std::move(delays[k]));
  return scorecard;
}

std::string ToTable(const TruthScorecard& scorecard) {
  std::string table = fmt::format("{:<18}{:>8}{:>9}{:>7}  {:<22}{:>6}  {:<22}{:>10}\n", "episode", "planted",
                                  "detected", "missed", "recall [95%]", "false", "precision [95%]", "delay ms");
  for (size_t k = 0; k < truth::kEpisodeKinds; ++k) {
    const KindScore& score = scorecard.kinds[k];
    if (score.planted == 0 && score.false_alarms == 0) continue;
    const std::string delay = score.delay_median ? fmt::format("{}", *score.delay_median / milliseconds(1)) : "-";
    table += fmt::format("{:<18}{:>8}{:>9}{:>7}  {:<22}{:>6}  {:<22}{:>10}\n",
                         truth::EpisodeKindName(static_cast<EpisodeKind>(k)), score.planted, score.detected,
                         score.missed(), Text(score.recall()), score.false_alarms, Text(score.precision()), delay);
  }
  return table;
}

std::string ToList(const TruthScorecard& scorecard) {
  std::string list;
  for (const PlantedEpisode& episode : scorecard.missed) list += "missed " + truth::ToJsonLine(episode) + "\n";
  for (const auto& [detection, within] : scorecard.false_alarms) {
    const std::optional<Duration> lasted =
        detection.until ? std::optional(*detection.until - detection.time) : std::nullopt;
    list += fmt::format("false {} instrument {} at {} for {} side {} price {} seen {} limit {}{}\n",
                        truth::EpisodeKindName(detection.kind), detection.instrument, FormatTime(detection.time),
                        lasted ? fmt::format("{} ms", *lasted / milliseconds(1)) : "-", SideName(detection.side),
                        detection.price ? detection.price->ToString() : "-", detection.seen, detection.limit,
                        within ? fmt::format(" in {}", truth::EpisodeKindName(*within)) : "");
  }
  return list;
}

std::string ToJson(const TruthScorecard& scorecard) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (size_t k = 0; k < truth::kEpisodeKinds; ++k) {
    const KindScore& score = scorecard.kinds[k];
    nlohmann::ordered_json kind;
    kind["planted"] = score.planted;
    kind["detected"] = score.detected;
    kind["missed"] = score.missed();
    kind["repeats"] = score.repeats;
    kind["false_alarms"] = score.false_alarms;
    kind["false_alarms_in_other_kinds"] = score.in_other_kinds;
    kind["prices_named"] = score.prices_named;
    kind["prices_right"] = score.prices_right;
    kind["recall"] = Json(score.recall());
    kind["precision"] = Json(score.precision());
    kind["delay_median_ms"] =
        score.delay_median ? nlohmann::ordered_json(static_cast<double>(score.delay_median->count()) * 1e-6) : nullptr;
    json[std::string(truth::EpisodeKindName(static_cast<EpisodeKind>(k)))] = std::move(kind);
  }
  return json.dump();
}

}  // namespace spillway::journal
