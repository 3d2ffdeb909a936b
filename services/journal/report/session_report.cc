#include "services/journal/report/session_report.h"

#include <algorithm>
#include <memory>
#include <set>

#include "fmt/format.h"
#include "libs/events/codec.h"
#include "libs/log/segment_log.h"
#include "libs/profile/declared_features.h"
#include "services/journal/report/features_pass.h"
#include "services/journal/report/market_pass.h"
#include "services/journal/report/orders_pass.h"
#include "services/journal/report/trading_pass.h"
#include "services/journal/report/truth.h"
#include "services/journal/scorecard.h"

namespace spillway::journal::report {
namespace {

constexpr Duration kBefore = std::chrono::seconds(60);
constexpr Duration kAfter = std::chrono::seconds(180);
constexpr Duration kAfterNearMiss = std::chrono::seconds(120);
constexpr Duration kAfterExit = std::chrono::seconds(20);
constexpr Duration kAfterMax = std::chrono::minutes(10);

template <class Pass>
absl::Status ReadLane(log::EventLog& log, const log::LaneName& lane, Pass& pass) {
  absl::StatusOr<std::unique_ptr<log::LaneReader>> reader = log.OpenReader(lane);
  if (!reader.ok()) return reader.status();
  GroupDecoder decoder;
  log::LaneMessage message;
  while (true) {
    const absl::StatusOr<bool> more = (*reader)->Next(message);
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
    GroupHeader group;
    const absl::Status status = decoder.Decode(message.bytes, group, [&](const Event& event) { pass.Take(event); });
    if (!status.ok()) {
      return absl::Status(
          status.code(), fmt::format("lane {}, message {}: {}", lane, message.sequence, std::string(status.message())));
    }
  }
}

template <class Pass>
absl::Status ReadLanes(log::EventLog& log, std::string_view prefix, Pass& pass) {
  for (const log::LaneName& lane : log.Lanes()) {
    if (!lane.starts_with(prefix)) continue;
    if (absl::Status status = ReadLane(log, lane, pass); !status.ok()) return status;
  }
  return absl::OkStatus();
}

LaneFacts FactsOf(const std::string& name, const log::LaneEntry& lane, const log::Hash& last_hash) {
  LaneFacts facts{.name = name,
                  .messages = lane.messages(),
                  .rows = lane.rows(),
                  .bytes = lane.bytes(),
                  .raw_bytes = lane.raw_bytes(),
                  .whole = lane.closed,
                  .last_hash = log::ToHex(last_hash)};
  for (const log::SegmentEntry& segment : lane.segments) facts.whole &= !segment.pruned && segment.cut.bytes == 0;
  return facts;
}

void ReadManifest(const log::Manifest& manifest, SessionReport& report) {
  report.build = manifest.build;
  report.created = manifest.created;
  report.digest = log::ToHex(manifest.SessionDigest());
  for (const auto& [name, lane] : manifest.lanes) {
    report.lanes.push_back(FactsOf(name, lane, manifest.LastHash(name)));
    if (!name.starts_with("market.") || !lane.first_time()) continue;
    report.first = report.first ? std::min(*report.first, *lane.first_time()) : lane.first_time();
    report.last = report.last ? std::max(*report.last, *lane.last_time()) : lane.last_time();
  }
}

// The trading lane is read once, for the report and for the scorecard.
struct Decisions {
  TradingPass report;
  OrdersPass orders;
  Scorecard scorecard;
  TruthPass& truth;
  void Take(const Event& event) {
    report.Take(event);
    orders.Take(event);
    scorecard.Add(event);
    truth.TakeTrading(event);
  }
};
struct Features {
  FeaturesPass report;
  TruthPass& truth;
  void Take(const Event& event) {
    report.Take(event);
    truth.TakeFeatures(event);
  }
};

// The time of the last market event, where the manifest only knows when the last message began.
Time LastTime(const SessionReport& report) {
  Time last = report.last.value_or(Time());
  for (const SymbolFacts& symbol : report.symbols) {
    if (symbol.last) last = std::max(last, *symbol.last);
  }
  return last;
}

// In the order in which the instances were configured: what reaches a person stands before its shadows.
template <class Item>
void OrderByInstance(const std::vector<ProfileFacts>& profiles, std::vector<Item>& items) {
  std::map<StrategyInstanceId, size_t> rank;
  for (const ProfileFacts& profile : profiles) rank.emplace(profile.id, rank.size());
  const auto rank_of = [&](const Item& item) {
    const auto found = rank.find(item.instance);
    return found == rank.end() ? rank.size() : found->second;
  };
  std::stable_sort(items.begin(), items.end(), [&](const Item& a, const Item& b) { return rank_of(a) < rank_of(b); });
}

// Which decisions get the market around them.
class Windows {
 public:
  Windows(SessionReport* report, const std::map<StrategyInstanceId, v1::Profile>& profiles)
      : report_(*report), profiles_(profiles) {
    ChooseSetups(true, kWindowedAlertsMax);
    ChooseSetups(false, kWindowedRefusalsMax);
    ChooseNearMisses();
    std::vector<size_t> order(recorders_.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return recorders_[a]->from() < recorders_[b]->from(); });
    for (const size_t i : order) {
      by_begin_.push_back(recorders_[i].get());
      targets_by_begin_.push_back(targets_[i]);
    }
  }
  const std::vector<WindowRecorder*>& by_begin() const { return by_begin_; }

  void Keep(std::vector<MarketWindow> windows, const std::vector<truth::PlantedEpisode>& planted) {
    for (size_t i = 0; i < windows.size(); ++i) {
      MarketWindow& window = windows[i];
      for (const truth::PlantedEpisode& episode : planted) {
        const bool here = episode.instrument == 0 || episode.instrument == window.instrument;
        if (here && episode.start < window.to && episode.end >= window.from) window.planted.push_back(episode);
      }
      *targets_by_begin_[i] = std::move(window);
    }
  }

  // Those with decisions first, then the others, by id.
  std::vector<InstrumentId> Charted() {
    std::vector<InstrumentId> charted;
    std::set<InstrumentId> taken;
    const auto take = [&](InstrumentId id) {
      if (!taken.insert(id).second) return;
      if (charted.size() < kChartedSymbolsMax) {
        charted.push_back(id);
      } else {
        ++report_.charts_left_out;
      }
    };
    for (const Setup& setup : report_.setups) {
      if (setup.approved()) take(setup.instrument);
    }
    for (const Setup& setup : report_.setups) take(setup.instrument);
    for (const NearMiss& miss : report_.near_misses) take(miss.instrument);
    for (const SymbolFacts& symbol : report_.symbols) take(symbol.id);
    return charted;
  }

 private:
  void Add(StrategyInstanceId instance, InstrumentId instrument, Time from, Time to, Time trigger,
           std::optional<MarketWindow>* target) {
    recorders_.push_back(std::make_unique<WindowRecorder>(instrument, from, to, trigger));
    const auto profile = profiles_.find(instance);
    if (profile != profiles_.end())
      recorders_.back()->MarkWalls(profile::SpecFor(profile->second, FeatureKind::kBidWallAge));
    targets_.push_back(target);
  }
  // Those of active instances first: a shadow's never take the place of what a person was told.
  void ChooseSetups(bool approved, size_t max) {
    size_t chosen = 0;
    for (const bool shadow : {false, true}) {
      for (Setup& setup : report_.setups) {
        const bool is_shadow = setup.intent && setup.intent->shadow;
        if (setup.approved() != approved || is_shadow != shadow || chosen == max) continue;
        ++chosen;
        Time to = setup.triggered + kAfter;
        if (setup.outcome && setup.outcome->body.exited) to = std::max(to, *setup.outcome->body.exited + kAfterExit);
        to = std::min(to, setup.triggered + kAfterMax);
        Add(setup.instance, setup.instrument, setup.triggered - kBefore, to, setup.triggered, &setup.market);
      }
    }
  }
  void ChooseNearMisses() {
    std::map<StrategyInstanceId, size_t> chosen;
    for (NearMiss& miss : report_.near_misses) {
      if (chosen[miss.instance]++ >= kWindowedNearMissesMax) continue;
      Time to = miss.time + kAfterNearMiss;
      if (miss.would_have && miss.would_have->body.exited)
        to = std::min(std::max(to, *miss.would_have->body.exited + kAfterExit), miss.time + kAfterMax);
      Add(miss.instance, miss.instrument, miss.time - kBefore, to, miss.time, &miss.market);
    }
  }

  SessionReport& report_;
  const std::map<StrategyInstanceId, v1::Profile>& profiles_;
  std::vector<std::unique_ptr<WindowRecorder>> recorders_;
  std::vector<std::optional<MarketWindow>*> targets_;
  std::vector<WindowRecorder*> by_begin_;
  std::vector<std::optional<MarketWindow>*> targets_by_begin_;
};

// Whole seconds, so that the session has at most kPricePointsMax of them.
Duration PriceBucket(const SessionReport& report) {
  constexpr auto kSecond = std::chrono::seconds(1);
  if (!report.first || !report.last) return kSecond;
  const int64_t seconds = (*report.last - *report.first) / kSecond;
  return kSecond * (1 + seconds / static_cast<int64_t>(kPricePointsMax));
}

}  // namespace

std::optional<double> SymbolFacts::Vwap() const {
  if (volume.e8() <= 0) return std::nullopt;
  return static_cast<double>(value) / static_cast<double>(volume.e8()) / 1e9;
}

absl::StatusOr<SessionReport> CollectSessionReport(const std::filesystem::path& session) {
  absl::StatusOr<std::unique_ptr<log::SegmentLog>> opened = log::SegmentLog::OpenForReading(session);
  if (!opened.ok()) return opened.status();
  log::SegmentLog& log = **opened;
  if (!log.manifest().lanes.contains("trading")) {
    return absl::FailedPreconditionError(
        fmt::format("{}: no decisions in this session, only {} lane(s) of market data; `spillway run` makes them",
                    session.string(), log.manifest().lanes.size()));
  }
  SessionReport report;
  report.directory = session.string();
  report.name = std::filesystem::absolute(session).lexically_normal().filename().string();
  if (report.name.empty()) report.name = std::filesystem::absolute(session).parent_path().filename().string();
  ReadManifest(log.manifest(), report);

  TruthPass truth;
  Decisions decisions{TradingPass(&report), OrdersPass(&report.names), Scorecard(), truth};
  absl::Status status = ReadLane(log, "trading", decisions);
  if (!status.ok()) return status;
  decisions.report.Finish(report.last.value_or(Time()));
  report.orders = decisions.orders.Finish();
  OrderByInstance(report.profiles, report.near_misses);
  OrderByInstance(report.profiles, report.instances);
  OrderByInstance(report.profiles, report.refusals);
  OrderByInstance(report.profiles, report.rejections);
  OrderByInstance(report.profiles, report.universe);
  report.scorecard = ScorecardJson(decisions.scorecard.Scores());

  Windows windows(&report, decisions.report.profiles());
  Features features{FeaturesPass(decisions.report.profiles(), windows.by_begin()), truth};
  status = ReadLanes(log, "features.", features);
  if (!status.ok()) return status;
  report.rules = features.report.Finish();
  OrderByInstance(report.profiles, report.rules);
  absl::StatusOr<std::optional<std::vector<truth::PlantedEpisode>>> planted = ReadPlanted(session);
  if (!planted.ok()) return planted.status();
  if (*planted) report.truth = truth.Score(**planted);

  MarketPass market(&report, windows.by_begin(), windows.Charted(), PriceBucket(report));
  status = ReadLanes(log, "market.", market);
  if (!status.ok()) return status;
  const Time last = LastTime(report);
  if (report.last) report.last = last;
  windows.Keep(market.Finish(last), planted->value_or(std::vector<truth::PlantedEpisode>()));
  return report;
}

}  // namespace spillway::journal::report
