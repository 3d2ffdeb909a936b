#include "services/scoring/strategy_instance.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
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

// The book's and the statuses' gates say what was seen, which is 0 when all is well.
RuleResult ZeroGate(std::string_view rule, std::string_view feature, double seen) {
  RuleResult result = CommonGate(rule, feature, seen == 0, seen);
  result.comparison = Comparison::kIsFalse;
  return result;
}

}  // namespace

struct StrategyInstance::Occasion {
  const EventHeader& header;
  const FeatureSnapshot& snapshot;
  const MarketState& market;
  const TickTable& ticks;
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
  absl::StatusOr<Rubric> rubric = Rubric::Of(profile);
  if (!rubric.ok()) return rubric.status();
  return StrategyInstance(id, shadow, std::move(document), profile, *std::move(rubric));
}

StrategyInstance::StrategyInstance(StrategyInstanceId id, bool shadow, std::string document, const v1::Profile& profile,
                                   Rubric rubric)
    : id_(id),
      shadow_(shadow),
      document_(std::move(document)),
      rubric_(std::move(rubric)),
      blueprint_(BlueprintOf(profile)),
      monitor_(profile) {
  for (const FeatureSpec& spec : profile::DeclaredFeatures(profile)) features_.emplace_back(spec);
}

void StrategyInstance::Resolve(std::span<const FeatureSpec> defined) {
  rubric_.Resolve(defined);
  monitor_.Resolve(defined);
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
  if (instrument >= symbols_.size()) symbols_.resize(instrument + 1);
  return symbols_[instrument];
}

void StrategyInstance::OnSnapshot(const EventHeader& header, const FeatureSnapshot& snapshot,
                                  std::span<const FeatureValue> values, const MarketState& market,
                                  const TickTable& ticks, runtime::EventSink& out) {
  if (snapshot.boundary) {
    if (!ShowsNews(header.instrument, snapshot, values)) return;
  } else if (std::ranges::find(snapshot.triggered, id_) == snapshot.triggered.end()) {
    return;
  }
  ApplyUniverses(header.event_time);
  Outputs outputs(id_, header, out);
  monitor_.See(header.instrument, snapshot, values);
  Cancel(monitor_.Check(header.event_time, header.instrument, market), outputs);
  rubric_.Evaluate(values, evaluation_);
  Evaluate({header, snapshot, market, ticks}, outputs);
}

// As metrics decides which boundaries are silent, for this instance's features alone.
bool StrategyInstance::ShowsNews(InstrumentId instrument, const FeatureSnapshot& snapshot,
                                 std::span<const FeatureValue> values) {
  Shown& shown = SymbolOf(instrument).shown;
  bool news = !shown.any || shown.book != snapshot.book || shown.quote != snapshot.quote ||
              shown.last_price != snapshot.last_price || snapshot.bid_low != snapshot.bid_high ||
              snapshot.ask_low != snapshot.ask_high;
  for (size_t i = 0; i < features_.size() && !news; ++i) {
    news = IsNews(features_[i].kind(), shown.values[i], features_[i].Read(values));
  }
  if (!news) return false;
  shown.values.resize(features_.size());
  for (size_t i = 0; i < features_.size(); ++i) shown.values[i] = features_[i].Read(values);
  shown.any = true;
  shown.book = snapshot.book;
  shown.quote = snapshot.quote;
  shown.last_price = snapshot.last_price;
  return true;
}

void StrategyInstance::OnTick(const EventHeader& header, const MarketState& market, runtime::EventSink& out) {
  Outputs outputs(id_, header, out);
  Cancel(monitor_.Check(header.event_time, 0, market), outputs);
}

void StrategyInstance::OnStatus(const EventHeader& header, const MarketState& market, runtime::EventSink& out) {
  Outputs outputs(id_, header, out);
  Cancel(monitor_.CheckStatus(header.event_time, header.instrument, market), outputs);
}

void StrategyInstance::Cancel(std::span<const Cancellation> cancelled, Outputs& out) {
  for (const Cancellation& one : cancelled) {
    out.Emit(one.instrument, one.correlation, SignalCancelled{one.signal, one.rule, one.seen, one.limit});
  }
}

void StrategyInstance::Evaluate(const Occasion& occasion, Outputs& out) {
  Symbol& symbol = SymbolOf(occasion.header.instrument);
  const CommonGates gates = GatesOf(occasion, symbol);
  const bool reached = evaluation_.score >= rubric_.threshold();
  const bool open = evaluation_.gates_pass && gates.pass();
  if (!reached) symbol.armed = true;
  if (reached && open) {
    if (Rearmed(symbol, occasion.header.event_time)) Accept(occasion, symbol, out);
    return;
  }
  if (evaluation_.score < rubric_.near_miss()) return;
  FailingSet failing{.rules = evaluation_.failing,
                     .exclusions = gates.universe ? 0 : symbol.membership.excluded_by_digest};
  const std::array<bool, 4> common = {gates.universe, gates.book_valid, gates.not_halted, gates.feed_up};
  static_assert(Rubric::kFailingBits + common.size() <= 64);
  for (size_t i = 0; i < common.size(); ++i) {
    if (!common[i]) failing.rules |= uint64_t{1} << (Rubric::kFailingBits + i);
  }
  Reject(occasion, symbol, failing, out);
}

bool StrategyInstance::Rearmed(const Symbol& symbol, Time now) const {
  return symbol.armed && (!symbol.accepted || now - *symbol.accepted >= rubric_.rearm());
}

StrategyInstance::CommonGates StrategyInstance::GatesOf(const Occasion& occasion, const Symbol& symbol) const {
  const InstrumentId instrument = occasion.header.instrument;
  return {.universe = symbol.membership.included,
          .book_valid = occasion.snapshot.book == 0,
          .not_halted = !occasion.market.halt(instrument),
          .feed_up = !occasion.market.suspension(instrument)};
}

void StrategyInstance::Accept(const Occasion& occasion, Symbol& symbol, Outputs& out) {
  const EventHeader& header = occasion.header;
  const EventId correlation = header.correlation_id();
  symbol.armed = false;
  symbol.accepted = header.event_time;
  const EventId signal = out.Emit(header.instrument, correlation, SignalOf(occasion, symbol, true));

  const Quote& quote = occasion.snapshot.quote;
  const SetupPrices prices = PricesFor(blueprint_, {.bid = quote.bid, .ask = quote.ask}, occasion.ticks);
  const Time expires = header.event_time + blueprint_.life;
  monitor_.Watch({signal, correlation, header.instrument, header.event_time, expires});
  out.EmitAfter(signal, header.instrument, correlation,
                TradeIntent{.signal = signal,
                            .side = Side::kBid,
                            .entry = prices.entry,
                            .stop = prices.stop,
                            .target = prices.target,
                            .spread = prices.spread,
                            .quantity_max = std::nullopt,
                            .expires = expires,
                            .score = evaluation_.score,
                            .threshold = rubric_.threshold(),
                            .shadow = shadow_});
}

void StrategyInstance::Reject(const Occasion& occasion, Symbol& symbol, const FailingSet& failing, Outputs& out) {
  const Time now = occasion.header.event_time;
  for (const Rejection& earlier : symbol.rejections) {
    if (earlier.failing == failing && now - earlier.reported < rubric_.rejection_interval()) {
      ++rejections_suppressed_;
      return;
    }
  }
  std::erase_if(symbol.rejections,
                [&](const Rejection& earlier) { return now - earlier.reported >= rubric_.rejection_interval(); });
  symbol.rejections.push_back({failing, now});
  out.Emit(occasion.header.instrument, occasion.header.correlation_id(), SignalOf(occasion, symbol, false));
}

Signal StrategyInstance::SignalOf(const Occasion& occasion, const Symbol& symbol, bool accepted) const {
  Signal signal{.side = Side::kBid,
                .accepted = accepted,
                .score = evaluation_.score,
                .threshold = rubric_.threshold(),
                .rules = {},
                .inputs = {occasion.header.id()},
                .quote = occasion.snapshot.quote};
  if (const EventId market_event = occasion.header.cause.id()) signal.inputs.push_back(market_event);
  rubric_.Explain(evaluation_, signal.rules);
  ExplainGates(occasion, symbol, signal.rules);
  return signal;
}

void StrategyInstance::ExplainGates(const Occasion& occasion, const Symbol& symbol,
                                    std::vector<RuleResult>& results) const {
  const InstrumentId instrument = occasion.header.instrument;
  if (symbol.membership.included) {
    results.push_back(CommonGate("universe", "in_universe", true, 1));
  } else {
    for (const std::string& rule : symbol.membership.excluded_by) {
      results.push_back(CommonGate("universe:" + rule, "in_universe", false, 0));
    }
  }
  const std::optional<TradingStatus> halt = occasion.market.halt(instrument);
  const std::optional<FeedState> suspension = occasion.market.suspension(instrument);
  results.push_back(ZeroGate("book_valid", "book_condition", occasion.snapshot.book));
  results.push_back(ZeroGate("not_halted", "halt_status", halt ? static_cast<double>(*halt) : 0));
  results.push_back(ZeroGate("feed_up", "feed_suspension", suspension ? static_cast<double>(*suspension) : 0));
}

}  // namespace spillway::scoring
