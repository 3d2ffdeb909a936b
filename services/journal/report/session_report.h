// What a session says of itself, collected from its lanes: alerts and what became of them, the market around each, what
// came near, who was excluded and why, and how good the data was. The page (report_html.h) and the JSON (report_json.h)
// show this and nothing else. docs/report.md says where each number comes from.
//
// Memory does not grow with the market lane: the decisions are read first, then the market once, of which only the
// windows around decisions, a thinned line for each charted symbol and sums are kept. Every list has a bound below;
// what a bound left out is counted.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/int128.h"
#include "libs/events/event.h"
#include "libs/events/text.h"
#include "libs/truth/planted_episode.h"
#include "services/journal/report/orders_report.h"

namespace spillway::journal::report {

inline constexpr size_t kSetupsMax = 2000;          // accepted signals
inline constexpr size_t kListedSignalsMax = 2000;   // accepted, rejected and previews, each with its gate trace
inline constexpr size_t kNearMissesMax = 40;        // of each strategy instance, best first
inline constexpr size_t kRejectionGroupsMax = 200;  // combinations of failed rules
inline constexpr size_t kWindowedAlertsMax = 60;    // with the market around them
inline constexpr size_t kWindowedRefusalsMax = 12;
inline constexpr size_t kWindowedNearMissesMax = 10;  // of each instance
inline constexpr size_t kChartedSymbolsMax = 40;      // with a price line
inline constexpr size_t kPricePointsMax = 1000;       // of a line, each with low, high and last
inline constexpr size_t kNoticesMax = 500;            // pauses, halts, headlines, feed states
inline constexpr size_t kMeasuredMax = 100'000;       // near misses whose measured spans are known
inline constexpr size_t kAccountPointsMax = 2000;
inline constexpr size_t kAccountWarningsMax = 50;  // different ones of an account

// ---------------------------------------------------------------- the market around a moment

// Sizes a price level showed, column by column. One entry where the size changed: from `column` on it is `size_e8`, > 0
// on the bid side, < 0 on the ask side, 0 while nothing is shown.
struct HeatRow {
  struct Change {
    uint32_t column = 0;
    int64_t size_e8 = 0;
  };
  Price price;
  std::vector<Change> changes;
};
struct QuotePoint {
  Time time;
  std::optional<Price> bid, ask;
};
// The trades of one column at one price by one side.
struct TradePoint {
  Time time;  // of the first
  uint64_t count = 0;
  Price price;
  Quantity quantity;
  Side aggressor = Side::kNone;
};
struct DetectorMark {
  Time time;
  DetectorFired detector;
};
// A level that stood as a wall (FX-05, by the parameters of the profile whose signal the window shows) for a second or
// longer: columns [from, to).
struct WallSpan {
  Price price;
  Side side = Side::kNone;
  uint32_t from = 0, to = 0;
  int64_t size_e8 = 0;  // that it qualified with
};

// A column is the book at the end of its 250 ms, the best kHeatLevels of each side.
struct MarketWindow {
  static constexpr Duration kColumn = std::chrono::milliseconds(250);
  static constexpr Duration kQuoteResolution = std::chrono::milliseconds(50);  // the last of each is kept, ...
  static constexpr Duration kEveryQuoteWithin = std::chrono::seconds(1);       // ... but every one near the trigger
  static constexpr size_t kQuotesMax = 20'000;
  static constexpr size_t kHeatLevels = 10;
  static constexpr size_t kHeatRowsMax = 240;  // price levels; those farthest from the trigger's quote are left out
  static constexpr size_t kTradesMax = 4000;
  static constexpr size_t kMarksMax = 400;
  static constexpr size_t kWallsMax = 400;

  InstrumentId instrument = 0;
  Time from, to, trigger;     // [from, to)
  uint32_t columns = 0;       // that the session covers
  std::vector<HeatRow> rows;  // by price, ascending
  std::vector<QuotePoint> quotes;
  std::vector<TradePoint> trades;
  std::vector<DetectorMark> marks;
  std::vector<WallSpan> walls;                 // by when they began
  std::vector<truth::PlantedEpisode> planted;  // of a simulated session: those that fall into the window
  uint64_t rows_left_out = 0, trades_left_out = 0, marks_left_out = 0, walls_left_out = 0;
};

// ---------------------------------------------------------------- decisions

template <class Body>
struct Timed {
  Time time;
  EventId id;
  Body body;
};

// A signal that scoring accepted, and everything that followed from it.
struct Setup {
  InstrumentId instrument = 0;
  StrategyInstanceId instance = 0;
  EventId correlation, signal_id, intent_id;
  Time triggered;
  Signal signal;
  std::optional<TradeIntent> intent;
  std::optional<Timed<RiskDecision>> decision;
  std::optional<Timed<Alert>> alert;
  std::optional<Timed<SignalCancelled>> cancelled;
  std::optional<Timed<OutcomeLabelled>> outcome;
  std::vector<Timed<AlertUpdate>> updates;
  std::vector<Timed<AlertReceipt>> receipts;
  std::optional<MarketWindow> market;

  bool approved() const { return decision && decision->body.approved; }
};

// A signal that scoring rejected, or showed as a preview.
struct NearMiss {
  InstrumentId instrument = 0;
  StrategyInstanceId instance = 0;
  EventId correlation, signal_id;
  Time time;
  Signal signal;
  size_t gates_failed = 0;
  // Sum over what failed of |value - limit| / |limit| (1 for yes-no rules and values that were not ready): among equal
  // scores the smaller is nearer.
  double distance = 0;
  std::optional<Timed<OutcomeLabelled>> would_have;  // how it would have ended
  // Of one profile, symbol and side one is measured at a time: where this one was not, the one that was open then.
  struct Other {
    EventId signal_id;
    Time time;
    OutcomeLabelled would_have;
  };
  std::optional<Other> measured_instead;
  std::optional<MarketWindow> market;
};

// A rule or gate of a signal that stood in its way: a gate that did not hold, a rule that gave less than it can.
bool Failed(const RuleResult& rule);
// How far a failed rule's value was from its limit, in the value's unit; > 0. nullopt: not ready, or a yes-no rule.
std::optional<double> Shortfall(const RuleResult& rule);

// Rejected signals by what failed.
struct RejectionGroup {
  StrategyInstanceId instance = 0;
  std::vector<std::string> failed;  // "S0-3.2 bid_ask_ratio(levels=10)"
  uint64_t count = 0;
  double best_score = 0;
  Time best_time;
  InstrumentId best_instrument = 0;
};

struct RefusalCount {
  StrategyInstanceId instance = 0;
  RefusalRule rule = RefusalRule::kNone;
  uint64_t count = 0;
};

// ---------------------------------------------------------------- accounts

struct AccountPoint {
  Time time;
  Money equity, day_profit, day_drawdown;
};
struct InstanceRecord {
  StrategyInstanceId instance = 0;
  uint64_t rejected = 0;              // signals, previews among them
  std::vector<AccountPoint> account;  // whenever it changed
  std::optional<Timed<AccountSnapshot>> account_last;
  std::vector<std::pair<Time, std::string>> warnings;  // of the account, each when it was first given
  uint64_t account_left_out = 0;
};

// How often a rule of a profile held over the session's snapshots at 250 ms boundaries, members or not.
struct RuleStatistics {
  StrategyInstanceId instance = 0;
  Side side = Side::kBid;  // of the setup: kAsk is a short one's, which looks at the mirror image
  std::string rule, feature;
  bool gate = false;
  bool passes_not_ready = false;  // a gate that lets pass what is not ready
  Comparison comparison = Comparison::kIsTrue;
  double limit = 0, points = 0;
  uint64_t snapshots = 0, ready = 0, held = 0;
  std::map<NotReady, uint64_t> not_ready;
  // The value nearest to holding, or farthest beyond the limit.
  std::optional<double> best;
  Time best_time;
  InstrumentId best_instrument = 0;
};

// ---------------------------------------------------------------- universe

struct ExclusionHistory {
  std::string rule, seen, limit;  // as last given
  uint64_t times = 0;             // changes of membership or reasons that named it
  Time first, last;
};
struct UniverseEntry {
  StrategyInstanceId instance = 0;
  InstrumentId instrument = 0;
  bool included = false;  // at the end
  Duration included_for{0};
  uint64_t changes = 0;  // of membership or reasons
  std::optional<Time> first_included;
  std::vector<ExclusionHistory> exclusions;  // every rule that ever excluded it, by first time
  std::vector<std::string> excluded_by;      // the rules at the end
};

// ---------------------------------------------------------------- the session

struct LaneFacts {
  std::string name;
  uint64_t messages = 0, rows = 0, bytes = 0, raw_bytes = 0;
  bool whole = true;  // false: its writer did not close it, or something was cut or pruned
  std::string last_hash;
};
struct ProfileFacts {
  StrategyInstanceId id = 0;
  std::string instance;  // "ofi-classic@1#1"
  InstanceMode mode = InstanceMode::kActive;
  Time effective;
  std::string yaml;  // the profile in force, as text
  double threshold = 0, near_miss = 0;
  double risk_percent = 0;
  std::string problem;  // not empty: the document could not be read
};

struct PricePoint {
  Time time;  // start of the bucket
  Price low, high, last;
  std::optional<double> vwap;  // session VWAP at the bucket's end
};
struct PriceLine {
  Duration bucket{0};
  std::vector<PricePoint> points;                  // buckets with trades
  std::vector<std::pair<Time, Quantity>> minutes;  // volume of each minute with trades
};

struct SymbolFacts {
  InstrumentId id = 0;
  InstrumentDefinition definition;
  uint64_t rows = 0, trades = 0;
  Quantity volume;
  Int128 value = 0;                // sum of price * quantity, 1e-17
  std::optional<Price> low, high;  // of trades
  std::optional<Time> first, last;
  std::optional<Quote> first_quote, last_quote;
  uint64_t crossed = 0, locked = 0, gaps = 0, unknown_positions = 0;
  uint64_t busts = 0, corrections = 0;
  Duration halted{0};
  std::optional<PriceLine> line;

  std::optional<double> Vwap() const;
};

struct FeedFacts {
  FeedCapabilities capabilities;
  Duration stale{0}, lagging{0}, down{0};
  uint64_t gaps = 0;
  // Receive time - event time over rows; only where the feed carries receive times.
  std::optional<Duration> lag_median, lag_p99, lag_max;
};

// Halts, headlines, pauses and feed states, in order.
struct Notice {
  Time time;
  InstrumentId instrument = 0;
  StrategyInstanceId instance = 0;
  std::string kind;  // "halt", "news", "pause", "feed"
  std::string text;
};

// Half an hour of New York time.
struct TimeOfDay {
  int minute = 0;  // of the day: 570 is 09:30
  uint64_t alerts = 0, shadow_alerts = 0, refused = 0, rejected = 0;
};

struct SessionReport {
  std::string name;       // the session directory's
  std::string directory;  // as it was given, for commands to copy
  std::string build;      // that wrote it
  std::string created;
  std::string digest;
  std::vector<std::string> builds;  // that computed, by ProcessorVersion
  std::vector<LaneFacts> lanes;
  std::optional<Time> first, last;  // of its market lanes
  int32_t trading_day = 0;
  uint64_t rows = 0, trades = 0;

  NameTable names;
  std::vector<ProfileFacts> profiles;  // every version, in order
  std::vector<FeedFacts> feeds;
  std::vector<SymbolFacts> symbols;
  std::vector<UniverseEntry> universe;
  std::vector<Setup> setups;          // accepted signals by time
  std::vector<NearMiss> near_misses;  // of each instance, best first
  std::vector<NearMiss> listed;       // further rejected signals and previews, by time; without their market
  std::vector<InstanceRecord> instances;
  std::vector<RejectionGroup> rejections;
  std::vector<RefusalCount> refusals;
  std::vector<RuleStatistics> rules;
  std::vector<TimeOfDay> time_of_day;
  std::vector<Notice> notices;
  uint64_t rejected = 0;         // signals
  uint64_t listed_left_out = 0;  // rejected signals and previews that are neither near misses nor listed
  uint64_t setups_left_out = 0, rejections_left_out = 0, notices_left_out = 0, charts_left_out = 0;
  std::optional<OrdersReport> orders;  // where something was traded
  std::string scorecard;               // JSON; empty: none
  std::string truth;                   // JSON; empty: the session has no truth file
};

// Reads a session that `spillway run` wrote. NotFound or DataLoss where it is none or damaged; FailedPrecondition where
// it has a market lane only.
absl::StatusOr<SessionReport> CollectSessionReport(const std::filesystem::path& session);

// What happened, a sentence each: the first lines of the page.
std::vector<std::string> Summarize(const SessionReport& report);

}  // namespace spillway::journal::report
