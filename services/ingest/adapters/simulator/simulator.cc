#include "services/ingest/adapters/simulator/simulator.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "libs/truth/planted_episode.h"
#include "services/ingest/adapters/simulator/episodes.h"
#include "services/ingest/adapters/simulator/order_flow.h"
#include "services/ingest/adapters/simulator/position_feed.h"
#include "services/ingest/adapters/simulator/scenario.h"
#include "services/ingest/adapters/simulator/session.h"
#include "services/ingest/adapters/simulator/symbols.h"

namespace spillway::simulator {
namespace {

constexpr uint32_t kSymbolsMax = 2000;
constexpr uint64_t kProgressRows = 1 << 20;

// One symbol: its flow, and the episodes that bend it one after another.
class SymbolMarket {
 public:
  SymbolMarket(const SymbolParameters& parameters, const Session& session, uint64_t seed,
               std::vector<std::unique_ptr<Episode>> episodes)
      : flow_(parameters, session, seed),
        episodes_(std::move(episodes)),
        cross_(session.open + std::chrono::milliseconds(Random(seed, 5).Between(5, 900))) {
    act_ = episodes_.empty() ? Time::max() : episodes_.front()->begin();
  }

  const InstrumentDefinition& definition() const { return flow_.parameters().definition; }
  void Start(Time now, RowWriter& row) { flow_.Start(now, row); }
  Time next() const { return std::min({flow_.next(), act_, cross_}); }

  void Step(Time now, RowWriter& row) {
    if (cross_ <= now) {
      flow_.PrintCross(now, OpeningCross(flow_.parameters()), row);
      cross_ = Time::max();
    } else if (act_ <= now) {
      Act(now, row);
    } else {
      flow_.Arrive(now, row);
    }
  }

  // Of the episodes that are over.
  void AppendTruth(std::vector<truth::PlantedEpisode>& truth) const {
    for (size_t i = 0; i < current_; ++i) {
      truth::PlantedEpisode episode = episodes_[i]->truth();
      episode.instrument = definition().id;
      episode.symbol = definition().symbol;
      truth.push_back(std::move(episode));
    }
  }

 private:
  void Act(Time now, RowWriter& row) {
    if (const std::optional<Time> again = episodes_[current_]->Act(now, flow_, row)) {
      act_ = *again;
      return;
    }
    ++current_;
    act_ = current_ < episodes_.size() ? episodes_[current_]->begin() : Time::max();
  }

  SymbolFlow flow_;
  std::vector<std::unique_ptr<Episode>> episodes_;
  size_t current_ = 0;
  Time act_;
  Time cross_;
};

// Symbols by the time of their next event, then by index: a binary heap whose root is replaced in place.
class Schedule {
 public:
  struct Due {
    Time time;
    uint32_t symbol = 0;
    friend bool operator<(const Due& a, const Due& b) {
      return a.time != b.time ? a.time < b.time : a.symbol < b.symbol;
    }
  };

  void Add(const Due& due) {
    heap_.push_back(due);
    std::push_heap(heap_.begin(), heap_.end(), [](const Due& a, const Due& b) { return b < a; });
  }
  const Due& first() const { return heap_.front(); }
  void ReplaceFirst(const Due& due) {
    size_t at = 0;
    while (true) {
      size_t child = 2 * at + 1;
      if (child >= heap_.size()) break;
      if (child + 1 < heap_.size() && heap_[child + 1] < heap_[child]) ++child;
      if (!(heap_[child] < due)) break;
      heap_[at] = heap_[child];
      at = child;
    }
    heap_[at] = due;
  }

 private:
  std::vector<Due> heap_;
};

class SimulatorSource final : public ingest::Source {
 public:
  SimulatorSource(Scenario scenario, std::string truth_file, uint32_t feed, std::vector<LagWindow> lag)
      : scenario_(std::move(scenario)),
        truth_file_(std::move(truth_file)),
        feed_(feed),
        session_{.start = scenario_.open - scenario_.pre_market,
                 .open = scenario_.open,
                 .close = scenario_.open + scenario_.session,
                 .book_levels = scenario_.book_levels,
                 .shape = IntradayShape(),
                 .delay = FeedDelay(std::move(lag))} {}

  absl::Status Plan() {
    markets_.clear();
    for (const SymbolParameters& symbol : DrawSymbols(scenario_, session_.shape)) {
      auto episodes = PlanEpisodes(scenario_, symbol, session_.delay.windows());
      if (!episodes.ok()) return episodes.status();
      const uint64_t seed = SymbolSeed(scenario_.seed, symbol.definition.id);
      markets_.push_back(std::make_unique<SymbolMarket>(symbol, session_, seed, *std::move(episodes)));
    }
    return absl::OkStatus();
  }

  absl::Status Run(ingest::MarketSink& sink, const ingest::ProgressFn& progress) override {
    if (ran_) return absl::FailedPreconditionError("this simulated session has run; open it again");
    ran_ = true;
    PositionFeed by_position(sink, session_.open);
    RowWriter row(scenario_.feed.by_position ? static_cast<ingest::MarketSink&>(by_position) : sink);
    Announce(row);
    Schedule schedule;
    for (uint32_t i = 0; i < markets_.size(); ++i) {
      markets_[i]->Start(session_.start, row);
      schedule.Add({markets_[i]->next(), i});
    }
    const uint64_t total = static_cast<uint64_t>((session_.close - session_.start).count());
    uint64_t report_at = kProgressRows;
    while (row.status().ok()) {
      const auto [time, index] = schedule.first();
      if (time >= session_.close) break;
      markets_[index]->Step(time, row);
      schedule.ReplaceFirst({markets_[index]->next(), index});
      if (progress && row.rows() >= report_at) {
        progress(static_cast<uint64_t>((time - session_.start).count()), total);
        report_at += kProgressRows;
      }
    }
    ReportFeed(FeedState::kEnded, "end of session", session_.close, row);
    if (!row.status().ok()) return row.status();
    return truth_file_.empty() ? absl::OkStatus() : truth::WriteTruth(truth_file_, Truth());
  }

  const ingest::SkippedRows& skipped() const override { return skipped_; }

 private:
  void ReportFeed(FeedState state, const char* reason, Time now, RowWriter& row) const {
    Event event;
    event.header.event_time = event.header.ingest_time = now;
    event.body = FeedStatus{.feed = feed_, .state = state, .lag = std::nullopt, .reason = reason};
    row.Event(event);
  }

  void Announce(RowWriter& row) {
    Event event;
    event.header.event_time = event.header.ingest_time = session_.start;
    FeedCapabilities capabilities;
    capabilities.feed = feed_;
    capabilities.name = fmt::format("simulator {} levels", session_.book_levels);
    capabilities.book_levels = session_.book_levels;
    capabilities.aggressor_side = true;
    capabilities.change_causes = true;
    capabilities.receive_times = true;
    capabilities.status = true;
    capabilities.news = true;
    capabilities.lines = scenario_.feed.lines;
    capabilities.depth_books = scenario_.feed.depth_books;
    capabilities.tick_streams = scenario_.feed.tick_streams;
    capabilities.messages_per_second = scenario_.feed.messages_per_second;
    if (scenario_.feed.by_position) {
      capabilities.name += " by position";
      capabilities.book_levels = std::min(capabilities.book_levels, static_cast<uint32_t>(PositionFeed::kRows));
      capabilities.change_causes = false;
      capabilities.book_by_position = true;
      capabilities.venue_vwap = true;
    }
    event.body = capabilities;
    row.Event(event);
    ReportFeed(FeedState::kUp, "", session_.start, row);
    for (const auto& market : markets_) {
      event.header.instrument = market->definition().id;
      event.body = market->definition();
      row.Event(event);
    }
  }

  std::vector<truth::PlantedEpisode> Truth() const {
    std::vector<truth::PlantedEpisode> truth;
    for (const LagWindow& window : session_.delay.windows()) truth.push_back(TruthOf(window));
    for (const auto& market : markets_) market->AppendTruth(truth);
    std::stable_sort(truth.begin(), truth.end(), [](const auto& a, const auto& b) { return a.start < b.start; });
    return truth;
  }

  const Scenario scenario_;
  const std::string truth_file_;
  const uint32_t feed_;
  const Session session_;
  std::vector<std::unique_ptr<SymbolMarket>> markets_;
  ingest::SkippedRows skipped_;  // none, ever
  bool ran_ = false;
};

}  // namespace
}  // namespace spillway::simulator

namespace spillway::ingest {

absl::StatusOr<std::unique_ptr<Source>> OpenSimulator(const SimulatorOptions& options) {
  simulator::Scenario scenario = simulator::DefaultScenario();
  if (!options.scenario_file.empty()) {
    absl::StatusOr<simulator::Scenario> read = simulator::ReadScenario(options.scenario_file);
    if (!read.ok()) return read.status();
    scenario = *std::move(read);
  }
  if (options.seed) scenario.seed = *options.seed;
  if (options.symbols) {
    if (*options.symbols < 1 || *options.symbols > simulator::kSymbolsMax) {
      return absl::InvalidArgumentError(
          fmt::format("symbols: {} is not between 1 and {}", *options.symbols, simulator::kSymbolsMax));
    }
    simulator::SetSymbols(scenario, *options.symbols);
  }
  if (options.session) {
    if (*options.session <= Duration(0) || *options.session > std::chrono::minutes(390)) {
      return absl::InvalidArgumentError(
          fmt::format("session: {} is not above 0 and at most 390m", FormatDuration(*options.session)));
    }
    scenario.session = *options.session;
  }
  absl::StatusOr<std::vector<simulator::LagWindow>> lag = simulator::PlanFeedLag(scenario);
  if (!lag.ok()) return lag.status();
  auto source =
      std::make_unique<simulator::SimulatorSource>(scenario, options.truth_file, options.feed, *std::move(lag));
  if (absl::Status status = source->Plan(); !status.ok()) return status;
  return source;
}

}  // namespace spillway::ingest
