#include "services/scoring/strategy_instance.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "libs/profile/declared_features.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::scoring {
namespace {

RuleResult CommonGate(std::string_view rule, std::string_view feature, bool passed, double value) {
  RuleResult result;
  result.rule = rule;
  result.feature = feature;
  result.gate = true;
  result.passed = passed;
  result.value = value;
  return result;
}

// nullopt: not known.
std::optional<Quantity> VolumeOf(const FeatureValue& units) {
  if (units.not_ready != NotReady::kReady) return std::nullopt;
  return Quantity::FromE8(std::llround(units.value * Quantity::kUnit));
}

// The book's and the statuses' gates say what was seen, which is 0 when all is well.
RuleResult ZeroGate(std::string_view rule, std::string_view feature, double seen) {
  RuleResult result = CommonGate(rule, feature, seen == 0, seen);
  result.comparison = Comparison::kIsFalse;
  return result;
}

}  // namespace

struct StrategyInstance::Occasion {
  const EventHeader& cause;
  InstrumentId instrument;
  Side side;
  const Rubric& rubric;
  Symbol& symbol;
  SideState& state;
  const Look& look;
  const MarketState& market;
  Time now() const { return cause.event_time; }
};

// Numbers what the instance makes of one event.
class StrategyInstance::Outputs {
 public:
  Outputs(StrategyInstanceId instance, const EventHeader& cause, runtime::EventSink& sink)
      : instance_(instance), cause_(cause), sink_(sink) {}

  // An output of the event itself. Returns its id.
  EventId Emit(InstrumentId instrument, const EventId& correlation, EventBody body) {
    return Send(instrument, correlation, {.market = {}, .event = cause_.id(), .ordinal = ordinal_++}, std::move(body));
  }
  // The one output that follows from another output.
  EventId EmitAfter(const EventId& output, InstrumentId instrument, const EventId& correlation, EventBody body) {
    return Send(instrument, correlation, {.market = {}, .event = output, .ordinal = 0}, std::move(body));
  }

 private:
  EventId Send(InstrumentId instrument, const EventId& correlation, const Causation& causation, EventBody body) {
    const Event event{.header = {.producer = Producer::kScoring,
                                 .event_time = cause_.event_time,
                                 .ingest_time = cause_.ingest_time,
                                 .instrument = instrument,
                                 .instance = instance_,
                                 .correlation = correlation,
                                 .cause = causation},
                      .body = std::move(body)};
    sink_.Emit(event);
    return event.header.id();
  }

  StrategyInstanceId instance_;
  const EventHeader& cause_;
  runtime::EventSink& sink_;
  uint32_t ordinal_ = 0;
};

absl::StatusOr<StrategyInstance> StrategyInstance::Start(StrategyInstanceId id, bool shadow, std::string document) {
  v1::Profile profile;
  if (!profile.ParseFromString(document)) {
    return absl::InvalidArgumentError("a configuration version's document is no profile");
  }
  const std::vector<FeatureSpec> declared = profile::DeclaredFeatures(profile);
  std::vector<Rubric> rubrics;
  for (const Side side : profile::SidesOf(profile)) {
    absl::StatusOr<Rubric> rubric = Rubric::Of(profile, side);
    if (!rubric.ok()) return rubric.status();
    rubric->Resolve(declared);
    rubrics.push_back(*std::move(rubric));
  }
  absl::StatusOr<SignalMonitor> monitor = SignalMonitor::Of(profile, declared);
  if (!monitor.ok()) return monitor.status();
  return StrategyInstance(id, shadow, std::move(document), profile, std::move(rubrics), *std::move(monitor), declared);
}

StrategyInstance::StrategyInstance(StrategyInstanceId id, bool shadow, std::string document, const v1::Profile& profile,
                                   std::vector<Rubric> rubrics, SignalMonitor monitor,
                                   std::span<const FeatureSpec> declared)
    : id_(id),
      shadow_(shadow),
      document_(std::move(document)),
      rubrics_(std::move(rubrics)),
      features_(declared.begin(), declared.end()),
      blueprint_(BlueprintOf(profile)),
      monitor_(std::move(monitor)),
      ranking_(profile),
      previews_(profile),
      values_(features_.size()) {
  for (size_t i = 0; i < features_.size(); ++i) {
    if (features_[i].kind() == FeatureKind::kTradedVolume) volume_ = i;
  }
}

void StrategyInstance::Resolve(std::span<const FeatureSpec> defined) {
  for (FeatureSlot& feature : features_) feature.Resolve(defined);
}

void StrategyInstance::OnUniverse(const UniverseChanged& universe) {
  PendingUniverse& pending = universes_.emplace_back();
  pending.effective_time = universe.effective_time;
  pending.full = universe.full;
  for (const UniverseMember& member : universe.members) {
    Membership membership{.included = member.included, .excluded_by = {}, .excluded_by_digest = 0};
    std::string joined;
    for (const Exclusion& exclusion : member.exclusions) {
      membership.excluded_by.push_back(exclusion.rule);
      joined += exclusion.rule + ",";
    }
    if (!member.included && member.exclusions.empty()) membership.excluded_by = {"unexplained"};
    membership.excluded_by_digest = StrategyInstanceIdOf(joined);  // a plain digest of the text
    pending.members.emplace_back(member.instrument, std::move(membership));
  }
}

void StrategyInstance::ApplyUniverses(Time now) {
  while (!universes_.empty() && universes_.front().effective_time <= now) {
    PendingUniverse& universe = universes_.front();
    if (universe.full) {
      for (Symbol& symbol : symbols_) symbol.membership = Membership{};
    }
    for (auto& [instrument, membership] : universe.members) SymbolOf(instrument).membership = std::move(membership);
    universes_.erase(universes_.begin());
  }
}

StrategyInstance::Symbol& StrategyInstance::SymbolOf(InstrumentId instrument) {
  if (instrument >= symbols_.size()) {
    symbols_.resize(instrument + 1);
    looks_.resize(instrument + 1);
  }
  return symbols_[instrument];
}

void StrategyInstance::OnSnapshot(const EventHeader& header, const FeatureSnapshot& snapshot,
                                  std::span<const FeatureValue> values, const MarketState& market,
                                  runtime::EventSink& out) {
  const Time now = header.event_time;
  const bool triggered = !snapshot.boundary;
  if (triggered && std::ranges::find(snapshot.triggered, id_) == snapshot.triggered.end()) return;
  Symbol& symbol = SymbolOf(header.instrument);
  if (triggered && TooSoon(symbol, now)) return;
  for (size_t i = 0; i < features_.size(); ++i) values_[i] = features_[i].Read(values);
  if (volume_) symbol.minute_volume = VolumeOf(values_[*volume_]);
  Looks& looks = looks_[header.instrument];
  if (snapshot.boundary && !ShowsNews(looks, snapshot)) return;

  Keep(header, snapshot, looks);
  ApplyUniverses(now);
  Outputs outputs(id_, header, out);
  Cancel(monitor_.Check(now, header.instrument, looks_, market), outputs);
  if (ranking_.due(now)) CloseRanking(header, market, outputs);
  const auto postponed = std::ranges::lower_bound(postponed_, header.instrument);
  const bool was_postponed = postponed != postponed_.end() && *postponed == header.instrument;
  if (TooSoon(SymbolOf(header.instrument), now)) {
    if (!was_postponed) postponed_.insert(postponed, header.instrument);
    return;
  }
  if (was_postponed) postponed_.erase(postponed);
  EvaluateSides(header, header.instrument, market, outputs);
}

// As metrics decides which boundaries are silent, for this instance's features alone.
bool StrategyInstance::ShowsNews(const Looks& looks, const FeatureSnapshot& snapshot) const {
  const Look& shown = looks.boundary;
  if (!looks.any || shown.book != snapshot.book || shown.quote != snapshot.quote ||
      looks.last_price != snapshot.last_price || snapshot.bid_low != snapshot.bid_high ||
      snapshot.ask_low != snapshot.ask_high) {
    return true;
  }
  for (size_t i = 0; i < features_.size(); ++i) {
    if (IsNews(features_[i].kind(), shown.values[i], values_[i])) return true;
  }
  return false;
}

bool StrategyInstance::TooSoon(const Symbol& symbol, Time now) const {
  return symbol.evaluated && now - *symbol.evaluated < rubrics_[0].evaluation_interval();
}

void StrategyInstance::Keep(const EventHeader& header, const FeatureSnapshot& snapshot, Looks& looks) const {
  looks.at_trigger = !snapshot.boundary;
  if (snapshot.boundary) {
    looks.any = true;
    looks.last_price = snapshot.last_price;
  }
  Look& look = snapshot.boundary ? looks.boundary : looks.trigger;
  look.header = header;
  look.book = snapshot.book;
  look.quote = snapshot.quote;
  look.values = values_;
}

void StrategyInstance::OnTick(const EventHeader& header, const MarketState& market, runtime::EventSink& out) {
  const Time now = header.event_time;
  Outputs outputs(id_, header, out);
  Cancel(monitor_.Check(now, 0, looks_, market), outputs);
  if (ranking_.due(now)) {
    ApplyUniverses(now);
    CloseRanking(header, market, outputs);
  }
  if (!postponed_.empty()) {
    ApplyUniverses(now);
    EvaluatePostponed(header, market, outputs);
  }
  if (suppressed_.due(now)) {
    outputs.Emit(0, header.correlation_id(), suppressed_.Take([&](uint32_t rule) { return RuleName(rule); }));
  }
}

void StrategyInstance::OnStatus(const EventHeader& header, const MarketState& market, runtime::EventSink& out) {
  Outputs outputs(id_, header, out);
  Cancel(monitor_.CheckStatus(header.event_time, header.instrument, market), outputs);
}

void StrategyInstance::Cancel(std::span<const Cancellation> cancelled, Outputs& out) {
  for (const Cancellation& one : cancelled) {
    out.Emit(one.instrument, one.correlation,
             SignalCancelled{one.signal, one.rule, one.seen, one.limit, one.condition});
  }
}

StrategyInstance::Occasion StrategyInstance::OccasionOf(const EventHeader& cause, InstrumentId instrument, Side side,
                                                        const MarketState& market) {
  const size_t index = side == Side::kAsk ? 1 : 0;
  Symbol& symbol = SymbolOf(instrument);
  return {cause, instrument, side, rubrics_[index], symbol, symbol.sides[index], looks_[instrument].last(), market};
}

void StrategyInstance::EvaluateSides(const EventHeader& cause, InstrumentId instrument, const MarketState& market,
                                     Outputs& out) {
  if (rubrics_[0].evaluation_interval() > Duration(0)) SymbolOf(instrument).evaluated = cause.event_time;
  for (size_t i = 0; i < rubrics_.size(); ++i) {
    Evaluate(OccasionOf(cause, instrument, i == 0 ? Side::kBid : Side::kAsk, market), out);
  }
}

void StrategyInstance::EvaluatePostponed(const EventHeader& cause, const MarketState& market, Outputs& out) {
  std::erase_if(postponed_, [&](InstrumentId instrument) {
    if (TooSoon(symbols_[instrument], cause.event_time)) return false;
    EvaluateSides(cause, instrument, market, out);
    return true;
  });
}

void StrategyInstance::Evaluate(const Occasion& occasion, Outputs& out) {
  occasion.rubric.EvaluateRules(occasion.look.values, evaluation_);
  SideState& state = occasion.state;
  const bool reached = evaluation_.score >= occasion.rubric.threshold();
  if (!reached) state.armed = true;
  if (state.waiting) return;  // judged when the ranking window ends
  if (!reached && evaluation_.score < occasion.rubric.near_miss() && !previews_.Wants(evaluation_.score)) return;
  occasion.rubric.EvaluateGates(occasion.look.values, evaluation_);
  const CommonGates gates = GatesOf(occasion);
  if (reached && evaluation_.gates_pass && gates.pass()) {
    if (!Rearmed(state, occasion.now())) return;
    if (!ranking_.enabled()) return Accept(occasion, std::nullopt, out);
    state.waiting = true;
    return ranking_.Add(occasion.now(), occasion.instrument, occasion.side);
  }
  if (previews_.Wants(evaluation_.score)) return Preview(occasion, gates, out);
  if (evaluation_.score >= occasion.rubric.near_miss()) Reject(occasion, gates, out);
}

bool StrategyInstance::Rearmed(const SideState& side, Time now) const {
  return side.armed && (!side.accepted || now - *side.accepted >= rubrics_[0].rearm());
}

StrategyInstance::CommonGates StrategyInstance::GatesOf(const Occasion& occasion) const {
  return {.universe = occasion.symbol.membership.included,
          .book_valid = occasion.look.book == 0,
          .not_halted = !occasion.market.halt(occasion.instrument),
          .feed_up = !occasion.market.suspension(occasion.instrument)};
}

StrategyInstance::FailingSet StrategyInstance::FailingOf(const Occasion& occasion, const CommonGates& gates) const {
  FailingSet failing{.rules = evaluation_.failing,
                     .exclusions = gates.universe ? 0 : occasion.symbol.membership.excluded_by_digest};
  const std::array<bool, 4> common = gates.all();
  static_assert(Rubric::kFailingBits + common.size() <= 64);
  for (size_t i = 0; i < common.size(); ++i) {
    if (!common[i]) failing.rules |= uint64_t{1} << (Rubric::kFailingBits + i);
  }
  return failing;
}

// The gate that kept out what reached the threshold, else the first rule that gave less than it can. Numbered as the
// rubric's outcomes, with the gates that every profile has behind them.
uint32_t StrategyInstance::FirstFailing(const CommonGates& gates) const {
  const std::array<bool, 4> common = gates.all();
  const auto common_gate =
      static_cast<uint32_t>(rubrics_[0].size() + (std::ranges::find(common, false) - common.begin()));
  const uint32_t gate = evaluation_.first_gate.value_or(common_gate);
  if (evaluation_.score >= rubrics_[0].threshold()) return gate;
  return evaluation_.first_rule.value_or(gate);
}

std::string_view StrategyInstance::RuleName(uint32_t index) const {
  constexpr std::array<std::string_view, 5> kCommon = {"universe", "book_valid", "not_halted", "feed_up", "threshold"};
  const size_t own = rubrics_[0].size();
  return index < own ? std::string_view(rubrics_[0].id(index)) : kCommon.at(index - own);
}

void StrategyInstance::Accept(const Occasion& occasion, std::optional<uint32_t> rank, Outputs& out) {
  occasion.state.armed = false;
  occasion.state.accepted = occasion.now();
  const EventId correlation = occasion.look.header.correlation_id();
  Signal signal = SignalOf(occasion, true);
  if (rank) signal.rules.push_back(RankingGate(*rank));
  TradeIntent intent{.signal = {},
                     .side = occasion.side,
                     .entry = signal.entry,
                     .stop = signal.stop,
                     .target = signal.target,
                     .spread = signal.quote.ask - signal.quote.bid,
                     .quantity_max = std::nullopt,
                     .expires = signal.expires,
                     .score = signal.score,
                     .threshold = signal.threshold,
                     .shadow = shadow_,
                     .minute_volume = occasion.symbol.minute_volume};
  intent.signal = out.Emit(occasion.instrument, correlation, std::move(signal));
  monitor_.Watch({intent.signal, correlation, occasion.instrument, occasion.side, occasion.now(), intent.expires},
                 occasion.look);
  out.EmitAfter(intent.signal, occasion.instrument, correlation, intent);
}

void StrategyInstance::Preview(const Occasion& occasion, const CommonGates& gates, Outputs& out) {
  if (!previews_.Take(occasion.now(), occasion.state.previewed)) return CountSuppressed(occasion, gates);
  Signal signal = SignalOf(occasion, false);
  signal.preview = true;
  out.Emit(occasion.instrument, occasion.look.header.correlation_id(), std::move(signal));
}

void StrategyInstance::Reject(const Occasion& occasion, const CommonGates& gates, Outputs& out) {
  const FailingSet failing = FailingOf(occasion, gates);
  for (const Rejection& earlier : occasion.state.rejections) {
    if (earlier.failing == failing && occasion.now() - earlier.reported < occasion.rubric.rejection_interval()) {
      return CountSuppressed(occasion, gates);
    }
  }
  EmitRejected(occasion, gates, out);
}

void StrategyInstance::EmitRejected(const Occasion& occasion, const CommonGates& gates, Outputs& out) {
  std::vector<Rejection>& rejections = occasion.state.rejections;
  std::erase_if(rejections, [&](const Rejection& earlier) {
    return occasion.now() - earlier.reported >= occasion.rubric.rejection_interval();
  });
  rejections.push_back({FailingOf(occasion, gates), occasion.now()});
  out.Emit(occasion.instrument, occasion.look.header.correlation_id(), SignalOf(occasion, false));
}

void StrategyInstance::CountSuppressed(const Occasion& occasion, const CommonGates& gates) {
  ++rejections_suppressed_;
  suppressed_.Count(occasion.now(), occasion.instrument, FirstFailing(gates), evaluation_.score);
}

void StrategyInstance::CloseRanking(const EventHeader& cause, const MarketState& market, Outputs& out) {
  const auto ranked = ranking_.Close([&](RankingWindow::Candidate& candidate) {
    const Occasion occasion = OccasionOf(cause, candidate.instrument, candidate.side, market);
    occasion.state.waiting = false;
    occasion.rubric.Evaluate(occasion.look.values, evaluation_);
    candidate.score = evaluation_.score;
    candidate.holds =
        candidate.score >= occasion.rubric.threshold() && evaluation_.gates_pass && GatesOf(occasion).pass();
  });
  uint32_t rank = 0;
  for (const RankingWindow::Candidate& candidate : ranked) {
    const Occasion occasion = OccasionOf(cause, candidate.instrument, candidate.side, market);
    occasion.rubric.Evaluate(occasion.look.values, evaluation_);
    if (!candidate.holds) {
      EmitRejected(occasion, GatesOf(occasion), out);
    } else if (++rank <= ranking_.keep()) {
      Accept(occasion, rank, out);
    } else {
      occasion.state.armed = false;
      Signal signal = SignalOf(occasion, false);
      signal.rules.push_back(RankingGate(rank));
      out.Emit(occasion.instrument, occasion.look.header.correlation_id(), std::move(signal));
    }
  }
}

RuleResult StrategyInstance::RankingGate(uint32_t rank) const {
  RuleResult gate = CommonGate("ranking", "ranking_position", rank <= ranking_.keep(), rank);
  gate.comparison = Comparison::kLessEqual;
  gate.limit = ranking_.keep();
  return gate;
}

Signal StrategyInstance::SignalOf(const Occasion& occasion, bool accepted) const {
  const Look& look = occasion.look;
  Signal signal{.side = occasion.side,
                .accepted = accepted,
                .score = evaluation_.score,
                .threshold = occasion.rubric.threshold(),
                .rules = {},
                .inputs = {look.header.id()},
                .quote = look.quote};
  if (const EventId market_event = look.header.cause.id()) signal.inputs.push_back(market_event);
  occasion.rubric.Explain(evaluation_, signal.rules);
  monitor_.Explain(occasion.side, look.values, signal.rules);
  ExplainGates(occasion, signal.rules);
  signal.expires = occasion.now() + blueprint_.life;
  const TickTable* ticks = occasion.market.ticks(occasion.instrument);
  if (!look.priced() || ticks == nullptr) return signal;
  const SetupPrices prices =
      PricesFor(blueprint_, {.bid = look.quote.bid, .ask = look.quote.ask}, *ticks, occasion.side);
  signal.entry = prices.entry;
  signal.stop = prices.stop;
  signal.target = prices.target;
  return signal;
}

void StrategyInstance::ExplainGates(const Occasion& occasion, std::vector<RuleResult>& results) const {
  if (occasion.symbol.membership.included) {
    results.push_back(CommonGate("universe", "in_universe", true, 1));
  } else {
    for (const std::string& rule : occasion.symbol.membership.excluded_by) {
      results.push_back(CommonGate("universe:" + rule, "in_universe", false, 0));
    }
  }
  const std::optional<TradingStatus> halt = occasion.market.halt(occasion.instrument);
  const std::optional<FeedState> suspension = occasion.market.suspension(occasion.instrument);
  results.push_back(ZeroGate("book_valid", "book_condition", occasion.look.book));
  results.push_back(ZeroGate("not_halted", "halt_status", halt ? static_cast<double>(*halt) : 0));
  results.push_back(ZeroGate("feed_up", "feed_suspension", suspension ? static_cast<double>(*suspension) : 0));
}

}  // namespace spillway::scoring
