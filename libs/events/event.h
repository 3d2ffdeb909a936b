// The events that processors exchange, as plain structs. Their wire form is proto/spillway/v1/; the codec is codec.h.
// Every event says when it happened and what it follows from; the body says what it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libs/base/ids.h"
#include "libs/base/money.h"
#include "libs/base/price.h"
#include "libs/base/quantity.h"
#include "libs/base/time.h"
#include "libs/events/features.h"
#include "libs/events/market_event.h"
#include "libs/events/order_events.h"
#include "libs/events/tick_table.h"

namespace spillway {

// ---------------------------------------------------------------- market lane

enum class AssetClass : uint8_t { kUnknown, kEquity, kCryptoPerpetual, kCryptoSpot, kFuture, kOption };
enum class SecurityType : uint8_t {
  kUnknown,
  kCommon,
  kEtf,
  kAdr,
  kPreferred,
  kWarrant,
  kUnit,
  kRight,
  kNote,
  kFund,
  kOtc,
  kOther
};
enum class OptionRight : uint8_t { kNone, kCall, kPut };
std::string_view SecurityTypeName(SecurityType type);  // "common"
std::optional<SecurityType> ParseSecurityType(std::string_view name);

// The mean over past sessions of the volume traded from the session's start to the end of each minute (FX-20).
struct VolumeByMinute {
  uint32_t sessions = 0;             // how many sessions the mean is over
  uint32_t first_minute = 570;       // minute of the New York day of cumulative[0]; 570 is 09:30
  std::vector<Quantity> cumulative;  // one a minute
  friend bool operator==(const VolumeByMinute&, const VolumeByMinute&) = default;
};

// Binds an InstrumentId and says what the instrument is. A later definition of the same id replaces the earlier one.
struct InstrumentDefinition {
  InstrumentId id = 0;
  std::string symbol;
  std::string venue = "COMPOSITE";
  AssetClass asset_class = AssetClass::kEquity;
  std::string currency = "USD";
  Price tick = Price::FromNanos(10'000'000);  // one cent; for prices below the first of `tick_bands`
  std::vector<TickBand> tick_bands;           // ascending; none: one tick for all prices
  Quantity lot = Quantity::Units(100);        // round lot
  ContractTerms terms;
  SecurityType security_type = SecurityType::kUnknown;
  std::optional<Quantity> float_shares;
  std::string sector;
  std::string underlying;  // derivatives
  std::optional<Time> expiry;
  std::optional<Price> strike;
  OptionRight right = OptionRight::kNone;
  VolumeByMinute average_volume;
  std::optional<Time> effective_from;
  std::optional<Time> effective_to;
  std::string exchange;            // where it is listed: "NASDAQ"; empty: not known
  std::vector<std::string> lists;  // it is a member of: "XBI"
  friend bool operator==(const InstrumentDefinition&, const InstrumentDefinition&) = default;
};

// The step of the instrument's prices at `price`.
inline Price TickAt(const InstrumentDefinition& definition, Price price) {
  return TickAt(definition.tick, definition.tick_bands, price);
}

// What a feed is able to carry; what it cannot is "not carried", never 0 (C-07).
struct FeedCapabilities {
  uint32_t feed = 0;
  std::string name;          // "databento-csv mbp-10"
  uint32_t book_levels = 0;  // 0: no book; 1: top of book
  bool book_full_depth = false;
  bool orders = false;  // level-3
  bool trades = true;
  bool aggressor_side = false;  // trades say who crossed the spread
  bool change_causes = false;   // book changes say why
  bool trade_conditions = false;
  bool receive_times = false;  // ingest_time is the recorder's own clock
  bool status = false;         // halts and session states
  bool news = false;
  // How much it carries at once; absent: no limit.
  std::optional<uint32_t> lines;
  std::optional<uint32_t> depth_books;
  std::optional<uint32_t> tick_streams;
  std::optional<uint32_t> messages_per_second;
  bool book_by_position = false;
  bool venue_vwap = false;
  friend bool operator==(const FeedCapabilities&, const FeedCapabilities&) = default;
};

enum class SessionPhase : uint8_t { kUnknown, kClosed, kPreMarket, kRegular, kAfterHours };
struct SessionState {
  int32_t trading_day = 0;  // 20250502
  SessionPhase phase = SessionPhase::kUnknown;
  std::optional<Time> regular_open;
  std::optional<Time> regular_close;  // 13:00 New York on an early-close day
  friend bool operator==(const SessionState&, const SessionState&) = default;
};

enum class FeedState : uint8_t { kUnknown, kUp, kStale, kLagging, kDown, kEnded };
struct FeedStatus {
  uint32_t feed = 0;
  FeedState state = FeedState::kUnknown;
  std::optional<Duration> lag;
  std::string reason;
  friend bool operator==(const FeedStatus&, const FeedStatus&) = default;
};

enum class TradingStatus : uint8_t { kUnknown, kTrading, kHalted, kPaused, kQuotationOnly };
struct HaltChanged {
  TradingStatus status = TradingStatus::kUnknown;
  std::string reason;  // the feed's code: "LUDP", "T1"
  friend bool operator==(const HaltChanged&, const HaltChanged&) = default;
};

struct NewsHeadline {  // header.instrument 0: market-wide
  std::string source;
  std::string headline;
  friend bool operator==(const NewsHeadline&, const NewsHeadline&) = default;
};

struct TradeBust {
  uint64_t trade_id = 0;
  friend bool operator==(const TradeBust&, const TradeBust&) = default;
};
struct TradeCorrection {
  uint64_t trade_id = 0;
  Price price;
  Quantity quantity;
  friend bool operator==(const TradeCorrection&, const TradeCorrection&) = default;
};

// Sequence numbers that a feed skipped: the instrument's book (0: all of the feed's) is not valid until it is resent.
struct FeedGap {
  uint32_t feed = 0;
  uint64_t expected = 0;
  uint64_t seen = 0;
  friend bool operator==(const FeedGap&, const FeedGap&) = default;
};

// Why a symbol is not in the universe: the rule, the value seen and the limit, as numbers where they are numbers.
struct Exclusion {
  std::string rule;   // "price_min", "float_unknown", "not_ready:relative_volume"
  std::string seen;   // "9.29", "unknown"
  std::string limit;  // "10.00"
  template <class Archive>
  void Persist(Archive& a) {
    a(rule, seen, limit);
  }
  friend bool operator==(const Exclusion&, const Exclusion&) = default;
};
struct UniverseMember {
  InstrumentId instrument = 0;
  bool included = false;
  std::vector<Exclusion> exclusions;
  friend bool operator==(const UniverseMember&, const UniverseMember&) = default;
};
// The universe of one strategy instance. Lists the symbols whose membership or reasons changed, all of them when
// `full`.
struct UniverseChanged {
  Time effective_time;
  bool full = false;
  std::string cause;  // "refresh", "halt", "first_quote"
  std::vector<UniverseMember> members;
  friend bool operator==(const UniverseChanged&, const UniverseChanged&) = default;
};

// What is asked of a feed for an instrument from `effective_time` on (IR-10). Lists what changed.
struct Subscription {
  InstrumentId instrument = 0;
  bool line = false;         // top of book and prints
  bool depth = false;        // the deep book
  bool tick_stream = false;  // every print
  std::string reason;        // "score 71 over 48", "idle 30s"
  friend bool operator==(const Subscription&, const Subscription&) = default;
};
struct SubscriptionChanged {
  uint32_t feed = 0;
  Time effective_time;
  std::vector<Subscription> subscriptions;
  friend bool operator==(const SubscriptionChanged&, const SubscriptionChanged&) = default;
};

// kStage: `document` is a v1::StageChange; kAccount: a v1::AccountState; kRisk: a v1::RiskProfile; kVenue: a
// v1::SimulatedVenue. The last two are everybody's: header.instance is 0.
enum class ConfigurationKind : uint8_t { kUnknown, kProfile, kStage, kAccount, kRisk, kVenue };
enum class InstanceMode : uint8_t { kActive, kShadow, kRetired };
// A version of a profile takes effect for header.instance. `document` is the profile's protobuf, serialized
// deterministically: the lane alone says what was in force.
struct ConfigurationVersion {
  ConfigurationKind kind = ConfigurationKind::kProfile;
  std::string name;  // "ofi-classic@1#1"
  InstanceMode mode = InstanceMode::kActive;
  Time effective_time;
  std::string document;
  friend bool operator==(const ConfigurationVersion&, const ConfigurationVersion&) = default;
};

enum class TickSource : uint8_t { kFeed, kHost };
// Everything before header.event_time has been seen.
struct ClockTick {
  TickSource source = TickSource::kFeed;
  friend bool operator==(const ClockTick&, const ClockTick&) = default;
};

// The first event a producer writes: which build computes from here on.
struct ProcessorVersion {
  std::string build;
  friend bool operator==(const ProcessorVersion&, const ProcessorVersion&) = default;
};

// ---------------------------------------------------------------- features lane

struct Quote {
  Price bid;
  Price ask;
  Quantity bid_size;
  Quantity ask_size;
  friend bool operator==(const Quote&, const Quote&) = default;
};

// Bits of FeatureSnapshot::book and MarketContext: a book may be used for decisions only if none is set.
struct BookCondition {
  static constexpr uint8_t kBidEmpty = 1;
  static constexpr uint8_t kAskEmpty = 2;
  static constexpr uint8_t kCrossed = 4;
  static constexpr uint8_t kLocked = 8;
  static constexpr uint8_t kGap = 16;
  static constexpr uint8_t kStale = 32;
  static constexpr uint8_t kWide = 64;   // books by position only (IR-2), as the next
  static constexpr uint8_t kZero = 128;  // a best level without price or size
};

// The features that all active profiles declared, each distinct (name, parameters) once. Precedes the snapshots that
// use it; a snapshot's values stand in this order.
struct FeatureSetDefined {
  uint32_t version = 0;
  std::vector<FeatureSpec> specs;
  friend bool operator==(const FeatureSetDefined&, const FeatureSetDefined&) = default;
};

// What metrics says of one symbol at a 250 ms boundary of event time, or at once when a trigger fired.
struct FeatureSnapshot {
  uint32_t feature_set = 0;
  bool boundary = false;
  uint8_t book = 0;                           // BookCondition bits
  bool top_only = false;                      // the deep book cannot be used: the quote is the top of book's (IR-2)
  std::vector<StrategyInstanceId> triggered;  // instances whose own trigger fired; they evaluate at once
  Quote quote;                                // a side that is empty has price and size 0, and its bit in `book`
  // Extremes of the quotes since the symbol's last boundary snapshot; equal to `quote` if it did not move.
  Price bid_low, bid_high, ask_low, ask_high;
  std::optional<Price> last_price;  // last eligible trade
  std::vector<FeatureValue> values;
  friend bool operator==(const FeatureSnapshot&, const FeatureSnapshot&) = default;
};

// What the universe's rules need of one symbol; every 5 minutes of event time and at once on a halt.
struct UniverseInputs {
  std::optional<Price> price;             // last eligible trade, else the mid
  std::optional<Price> spread_median;     // FX-21
  std::optional<double> relative_volume;  // FX-20; nullopt with its reason below
  std::string relative_volume_reason;     // "no_volume_profile", "sessions<10", "before_open"
  TradingStatus trading_status = TradingStatus::kUnknown;
  std::string cause;             // "refresh", "halt", "first_quote"
  bool last_of_refresh = false;  // the set is complete: the universe decides
  friend bool operator==(const UniverseInputs&, const UniverseInputs&) = default;
};

enum class DetectorKind : uint8_t {
  kUnknown,
  kFakeWall,
  kAskReplenishment,
  kSpreadBlowOut,
  kTapeStall,
  kLiquidityCollapse,
  kFeedLag,
  kBidReplenishment,
  kAbsorption,
  kIceberg,
};
std::string_view DetectorName(DetectorKind kind);  // "fake_wall"
// A detector's state changed for a symbol (0: the whole feed).
struct DetectorFired {
  DetectorKind detector = DetectorKind::kUnknown;
  bool active = false;  // false: the condition ended
  Side side = Side::kNone;
  std::optional<Price> price;  // the level it is about
  double seen = 0;
  double limit = 0;
  friend bool operator==(const DetectorFired&, const DetectorFired&) = default;
};

// ---------------------------------------------------------------- trading lane

// One row a symbol whose quote changed since the last tick.
struct MarketContext {
  struct Row {
    InstrumentId instrument = 0;
    uint8_t book = 0;
    Quote quote;
    std::optional<Price> last_price;
    friend bool operator==(const Row&, const Row&) = default;
  };
  std::vector<Row> rows;
  friend bool operator==(const MarketContext&, const MarketContext&) = default;
};

enum class Comparison : uint8_t { kUnknown, kLessEqual, kGreaterEqual, kLess, kGreater, kIsTrue, kIsFalse };
std::string_view ComparisonSymbol(Comparison comparison);  // "<="
std::optional<Comparison> ParseComparison(std::string_view symbol);
bool Compare(double value, Comparison comparison, double limit);

// One rule of the rubric, or one gate (points_max 0), as it was evaluated.
struct RuleResult {
  std::string rule;     // "S0-3.2"
  std::string feature;  // "bid_ask_ratio(levels=10)"
  bool gate = false;
  bool passed = false;
  std::optional<double> value;  // nullopt: not ready
  std::string not_ready;        // why
  Comparison comparison = Comparison::kIsTrue;
  double limit = 0;
  double points = 0;
  double points_max = 0;
  friend bool operator==(const RuleResult&, const RuleResult&) = default;
};

// One rubric evaluation that competed, accepted or rejected, with all its rules.
struct Signal {
  Side side = Side::kBid;  // kBid: a long setup
  bool accepted = false;
  double score = 0;
  double threshold = 0;
  std::vector<RuleResult> rules;
  std::vector<EventId> inputs;  // the snapshot and the market event that caused it
  Quote quote;
  bool preview = false;  // IR-9: for tuning, never traded
  // What would be traded: of rejected ones too, so that it can be measured how they would have ended.
  Price entry, stop, target;
  Time expires;
  friend bool operator==(const Signal&, const Signal&) = default;
};

enum class CancelRule : uint8_t {
  kUnknown,
  kSpreadBlowOut,
  kTapeSlowdown,
  kLiquidityCollapse,
  kFakeWall,
  kHalt,
  kFeedSuspended,
  kBookInvalid,
  kCondition,  // one of the profile's own: `condition` is its id
};
std::string_view CancelRuleName(CancelRule rule);  // "spread_blow_out"
struct SignalCancelled {
  EventId signal;
  CancelRule rule = CancelRule::kUnknown;
  double seen = 0;
  double limit = 0;
  std::string condition;
  friend bool operator==(const SignalCancelled&, const SignalCancelled&) = default;
};

// Rejections since `from` that were not reported one by one, because the same was reported shortly before (IR-5).
struct RejectionSummary {
  struct Row {
    InstrumentId instrument = 0;
    std::string rule;  // the first that failed
    uint32_t count = 0;
    double best_score = 0;
    friend bool operator==(const Row&, const Row&) = default;
  };
  Time from;
  std::vector<Row> rows;
  friend bool operator==(const RejectionSummary&, const RejectionSummary&) = default;
};

// A strategy wants exposure; risk sizes it and answers with exactly one RiskDecision.
struct TradeIntent {
  EventId signal;
  Side side = Side::kBid;
  Price entry;
  Price stop;
  Price target;
  Price spread;  // at the trigger
  std::optional<Quantity> quantity_max;
  Time expires;
  double score = 0;
  double threshold = 0;
  bool shadow = false;
  std::optional<Quantity> minute_volume;  // traded in the last minute (FX-73)
  EventId parent;                         // the intent that a person confirmed; this one is risk's own
  friend bool operator==(const TradeIntent&, const TradeIntent&) = default;
};

// Why risk said no. One enum value and one function each.
enum class RefusalRule : uint8_t {
  kNone,
  kScheduleClosed,
  kScheduleMonitor,
  kLowConfidenceScore,
  kSameTickerCooldown,
  kAlertsPerHour,
  kGlobalHalt,
  kSymbolHalt,
  kNoFreshMark,
  kSizeZero,
  kStopInvalid,
  kAlertRateHard,
  kFeedSuspended,
  kLowConfidenceLastSlot,
  kNoSession,
  kProfileUnknown,
  kInstrumentUnknown,
  kSideUnspecified,
  kAlertsPerWindow,
  kShortSideOff,
  kAccountRange,
  kCompliance,
  kDayLoss,
  kDayDrawdown,
  kLosses,
  kWeekTarget,
  kTradesPerDay,
  kTradesPerWindow,
  kWindowNeedsProfit,
  kAlertsPerDay,
  kAlertsPerSymbolDay,
  kCooldown,
  kAfterCancel,
  kSettledCash,
  kStageAborted,
  // Of orders, not alerts: account-wide.
  kNoRiskProfile,
  kKillSwitch,
  kNotArmed,
  kBrokerDown,
  kAccountUnknown,
  kSymbolPaused,
  kNotAllowed,
  kTradingSession,
  kStaleMark,
  kSpreadBps,
  kBookSize,
  kOrdersPerMinute,
  kPositions,
  kOppositePosition,
  kOrderInDoubt,
  kCorrelation,
  kPositionNotional,
  kGrossExposure,
  kNetExposure,
  kSectorExposure,
  kBuyingPower,
  kAccountDayLoss,
  kAccountDrawdown,
  kSlippageAnomaly,
  kLatencyAnomaly,
  kDuplicateIntent,
  kConfirmExpired,
  kConfirmPriceMoved,
  kConfirmUnknown,
  kConfirmRejected,
  kVolatilityUnknown,
  kLiquidityUnknown,
};
inline constexpr RefusalRule kLastRefusalRule = RefusalRule::kLiquidityUnknown;
std::string_view RefusalRuleName(RefusalRule rule);  // "SAME_TICKER_COOLDOWN"
enum class SizeCap : uint8_t {
  kNone,
  kRisk,
  kShares,
  kNotional,
  kLiquidity,
  kIntent,
  kStage,
  kSettledCash,
  kPositionNotional,
  kGrossExposure,
  kNetExposure,
  kSectorExposure,
  kBuyingPower,
  kTouch,
  kMinuteVolume,
  kVolatility,
  kVolatilitySpike,
  kCorrelation,
  kDrawdown,
  kLowConfidence
};
std::string_view SizeCapName(SizeCap cap);
// One limit of a size: how many units it alone would allow, and what is used of it so far.
struct CapRoom {
  SizeCap cap = SizeCap::kNone;
  Quantity quantity;
  double used = 0;  // in `unit`, before this trade
  double limit = 0;
  std::string unit;  // "USD", "shares", "%"
  friend bool operator==(const CapRoom&, const CapRoom&) = default;
};
enum class Route : uint8_t { kNone, kAlert, kConfirm, kAuto };

// How the trades of a strategy instance's account ended so far.
struct SetupRecord {
  uint64_t trades = 0;  // closed
  uint64_t wins = 0;    // with a net profit above 0
  double sum_r = 0;     // net, in units of what was risked
  friend bool operator==(const SetupRecord&, const SetupRecord&) = default;
};

struct RiskDecision {
  EventId intent;
  bool approved = false;
  // Refused: the rule, what was seen and the limit, in `unit` ("s", "alerts", "points", "USD", "").
  RefusalRule rule = RefusalRule::kNone;
  double seen = 0;
  double limit = 0;
  std::string unit;
  // Approved:
  Quantity quantity;
  SizeCap binding_cap = SizeCap::kNone;
  Money risk;  // quantity * |entry - stop|
  Route route = Route::kNone;
  bool low_confidence = false;
  std::string detail;                 // which of several: the id of a compliance rule, a stage
  std::string stage;                  // in force; empty: the profile has none
  SetupRecord record;                 // of the instance's account, before this trade
  double risk_percent = 0;            // `risk` in percent of the equity that the size was made for
  std::vector<std::string> warnings;  // of the account, for whoever reads the alert
  std::vector<CapRoom> caps;          // all that were looked at, in SizeCap order
  std::optional<Price> stop;          // instead of the intent's (FX-102)
  friend bool operator==(const RiskDecision&, const RiskDecision&) = default;
};

enum class PauseScope : uint8_t { kInstance, kSymbol, kGlobal };
// Trading (here: alerting) paused or resumed, and why.
struct TradingState {
  bool paused = false;
  PauseScope scope = PauseScope::kInstance;
  std::string cause;  // "alerts_per_hour", "halt", "news", "price_move"
  std::optional<Time> until;
  friend bool operator==(const TradingState&, const TradingState&) = default;
};

enum class AccountKind : uint8_t { kUnknown, kPaper, kBroker };
enum class AccountTradeState : uint8_t { kUnknown, kEntered, kClosed };
struct AccountTrade {
  EventId intent;
  AccountTradeState state = AccountTradeState::kUnknown;
  Side side = Side::kNone;
  Price price;  // of this fill
  Quantity quantity;
  Money profit_gross;  // closed
  Money profit_net;
  double r_multiple = 0;
  std::string reason;  // "target", "stop", "time", "flatten"
  friend bool operator==(const AccountTrade&, const AccountTrade&) = default;
};
// Of a sale: not yet the account's to buy with in a cash account (C-34).
struct UnsettledCash {
  Money amount;
  int32_t settles_on = 0;  // trading day
  friend bool operator==(const UnsettledCash&, const UnsettledCash&) = default;
};
// The account of a strategy instance, whenever it changed.
struct AccountSnapshot {
  AccountKind kind = AccountKind::kPaper;
  int32_t trading_day = 0;
  Money equity;  // cash and positions at the exit side
  Money cash;
  Money settled_cash;
  Money day_profit;      // realised and not, net
  Money day_drawdown;    // from the day's highest equity
  Money week_profit;     // closed trades, gross
  Money month_drawdown;  // from the month's highest equity
  uint32_t open_positions = 0;
  uint32_t trades_today = 0;
  double risk_percent = 0;  // in force
  std::string stage;
  std::vector<std::string> warnings;
  std::optional<AccountTrade> trade;  // what changed it; absent: a day began, a carried account arrived
  SetupRecord record;
  // What a later session needs beside the above to go on with this account.
  std::vector<UnsettledCash> unsettled;
  Money month_peak;
  std::vector<int32_t> day_trades;  // trading days of the last day trades, one entry a trade
  SetupRecord stage_record;         // since the stage began
  bool stage_aborted = false;
  friend bool operator==(const AccountSnapshot&, const AccountSnapshot&) = default;
};

// The position of one strategy instance in header.instrument (instance 0: what nobody of ours traded), whenever it
// changed. Profit and cost by FIFO lots, exact: what is bought and sold, fees included, is in cash_flow to the last
// unit.
struct PositionSnapshot {
  AccountKind kind = AccountKind::kBroker;
  Quantity quantity;     // negative: short
  Money cost;            // of what is held; positive for shorts too
  Money realized_gross;  // since the beginning
  Money fees;
  Money cash_flow;                    // sold less bought less fees
  std::optional<AccountTrade> trade;  // what changed it, where it is one intent's trade
  Quantity account_quantity;          // of all instances together
  Money account_cash_flow;            // ... in all instruments
  std::optional<Price> stop;          // of the working stop that protects it
  Quantity protected_quantity;        // how much of it working stops protect
  friend bool operator==(const PositionSnapshot&, const PositionSnapshot&) = default;
};

// What a person is told. `headline` and the card are made from these fields by each channel.
struct Alert {
  EventId intent;
  EventId signal;
  Side side = Side::kBid;
  Price entry, stop, target;
  Price spread;
  Quantity quantity;
  SizeCap binding_cap = SizeCap::kNone;
  Money risk;
  Money reward_net;  // at the target, after the profile's costs
  double reward_to_risk_net = 0;
  double score = 0, threshold = 0;
  std::vector<RuleResult> rules;
  Time triggered;
  Time expires;
  bool low_confidence = false;
  bool shadow = false;
  SetupRecord record;
  std::string stage;
  Route route = Route::kNone;
  double risk_percent = 0;
  std::vector<std::string> warnings;
  friend bool operator==(const Alert&, const Alert&) = default;
};
enum class AlertUpdateKind : uint8_t { kUnknown, kCancelled, kExpired, kOutcome };
// Edits the message of an alert that was delivered before.
struct AlertUpdate {
  EventId alert;
  AlertUpdateKind kind = AlertUpdateKind::kUnknown;
  std::string reason;  // "spread_blow_out seen=0.05 limit=0.03"
  friend bool operator==(const AlertUpdate&, const AlertUpdate&) = default;
};
enum class ReceiptState : uint8_t {
  kUnknown,
  kDelivered,
  kFailed,
  kSuppressed,
  kAttempted,    // about to be sent: whoever finds no later receipt knows that it may have been
  kAnswerLost,   // sent, and nobody knows whether it arrived; shown as UNKNOWN
  kNotAccepted,  // this attempt surely did not arrive; another one follows
};
std::string_view ReceiptStateName(ReceiptState state);  // "delivered"; "unknown" for kAnswerLost
struct AlertReceipt {
  EventId alert;
  std::string channel;
  ReceiptState state = ReceiptState::kUnknown;
  std::string detail;
  std::string delivery;  // one id for one message to one channel, the same in every attempt
  AlertUpdateKind update = AlertUpdateKind::kUnknown;  // kUnknown: the alert itself; else the edit of it
  uint32_t attempt = 0;                                // from 1
  std::string message_id;                              // the channel's, for edits
  Duration latency = {};  // from the alert's append to the channel's answer, by a steady clock
  bool possibly_repeated = false;
  friend bool operator==(const AlertReceipt&, const AlertReceipt&) = default;
};

enum class OutcomeLabel : uint8_t { kUnknown, kMiss, kTarget, kStop, kTime, kCancelled };
std::string_view OutcomeLabelName(OutcomeLabel label);  // "TARGET"
// How an approved intent ended on the market that followed, measured at bid and ask (FX-16).
struct OutcomeLabelled {
  EventId intent;
  OutcomeLabel label = OutcomeLabel::kUnknown;
  std::optional<Time> entered;
  std::optional<Time> exited;
  std::optional<Price> entry_price;
  std::optional<Price> exit_price;
  Quantity quantity;
  Money profit_net;
  double r_multiple = 0;
  double return_net_percent = 0;
  std::optional<Price> mae, mfe;  // worst and best excursion from entry while open, >= 0
  double score = 0;
  bool shadow = false;
  bool near_miss = false;  // of a rejected signal: `intent` is the signal's id, the quantity is 1
  Side side = Side::kNone;
  Money profit_gross;
  friend bool operator==(const OutcomeLabelled&, const OutcomeLabelled&) = default;
};

using EventBody =
    std::variant<std::monostate, InstrumentDefinition, MarketBatch, FeedCapabilities, SessionState, FeedStatus,
                 HaltChanged, NewsHeadline, TradeBust, TradeCorrection, FeedGap, UniverseChanged, ConfigurationVersion,
                 ClockTick, ProcessorVersion, FeatureSetDefined, FeatureSnapshot, UniverseInputs, DetectorFired,
                 MarketContext, Signal, SignalCancelled, TradeIntent, RiskDecision, TradingState, Alert, AlertUpdate,
                 AlertReceipt, OutcomeLabelled, SubscriptionChanged, AccountSnapshot, RejectionSummary, ExitSignal,
                 OrderCommand, OrderEvent, BrokerReport, PositionSnapshot, AdminCommand, Reconciliation, BrokerSnapshot,
                 KillSwitchChanged, FlattenProgress, OrderIncident>;

// What an event follows from: a market event (named by its source position), another event (by id), or nothing.
struct Causation {
  SourcePosition market;  // position 0: not a market event
  EventId event;          // none: not an event
  uint32_t ordinal = 0;   // which output of the cause this is, in its producer's (and instance's) count

  EventId id() const { return event ? event : market.position != 0 ? MarketEventId(market) : EventId{}; }
  friend bool operator==(const Causation&, const Causation&) = default;
};

struct EventHeader {
  Producer producer = Producer::kNone;
  Time event_time;                  // when it happened
  Time ingest_time;                 // receive time of the market event behind it
  InstrumentId instrument = 0;      // 0: none
  StrategyInstanceId instance = 0;  // 0: none
  EventId correlation;              // from the market event that triggered to the outcome; none: the cause's id
  Causation cause;

  EventId id() const { return DeriveEventId(producer, instance, cause.id(), cause.ordinal); }
  EventId correlation_id() const { return correlation ? correlation : cause.id(); }
  friend bool operator==(const EventHeader&, const EventHeader&) = default;
};

struct Event {
  EventHeader header;
  EventBody body;
  friend bool operator==(const Event&, const Event&) = default;
};

// std::visit with one lambda a type.
template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace spillway
