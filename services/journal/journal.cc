#include "services/journal/journal.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "libs/base/check.h"
#include "libs/events/trading_lane.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::journal {
void JournalProcessor::Process(const Event& event, runtime::EventSink& out) {
  if (const auto* batch = std::get_if<MarketBatch>(&event.body)) return OnBatch(*batch);
  if (const auto* decision = std::get_if<RiskDecision>(&event.body)) return OnDecision(*decision, out);
  if (!InScoringOrder(event.header.producer)) return;
  pending_.TakeDue(event.header.event_time, [&](const auto& version) { Activate(version); });
  std::visit(Overloaded{
                 [&](const Signal& signal) { OnSignal(event, signal); },
                 [&](const TradeIntent& intent) { OnIntent(event, intent); },
                 [&](const SignalCancelled& cancelled) { OnCancelled(event, cancelled); },
                 [&](const ClockTick&) { OnTick(event.header.event_time, out); },
                 [&](const FeedGap&) { OnGap(event.header.instrument); },
                 [&](const FeedStatus& feed) { OnFeed(event, feed, out); },
                 [&](const SessionState& session) { session_ = session; },
                 [&](const InstrumentDefinition& definition) { contracts_[definition.id] = definition.terms; },
                 [&](const ConfigurationVersion& version) {
                   pending_.Add(event.header, version);
                   pending_.TakeDue(event.header.event_time, [&](const auto& due) { Activate(due); });
                 },
                 [](const auto&) {},  // not ours
             },
             event.body);
}

// ---- the market

book::BookState& JournalProcessor::BookOf(InstrumentId instrument) {
  if (instrument >= books_.size()) books_.resize(instrument + 1);
  return books_[instrument];
}

void JournalProcessor::OnBatch(const MarketBatch& batch) {
  for (const MarketEvent& event : batch.events) {
    if (event.kind == MarketEventKind::kTick) continue;
    book::BookState& state = BookOf(event.instrument);
    state.Apply(event);
    if (!event.end_of_event()) continue;
    QuoteMoment& quote = window_.emplace_back();
    quote.time = event.event_time;
    quote.instrument = event.instrument;
    if (state.condition() != 0) continue;
    quote.valid = true;
    quote.bid = state.quote(Side::kBid)->price;
    quote.ask = state.quote(Side::kAsk)->price;
  }
}

void JournalProcessor::OnGap(InstrumentId instrument) {
  if (instrument != 0) return BookOf(instrument).OnGap();
  for (book::BookState& state : books_) state.OnGap();
}

// ---- intents

void JournalProcessor::Activate(const profile::PendingConfiguration& version) {
  v1::Profile profile;
  if (!profile.ParseFromString(version.document)) {
    ++configurations_refused_;
    return;
  }
  OutcomeRules rules;
  if (profile.outcome().has_time_stop_ns()) rules.time_stop = Duration(profile.outcome().time_stop_ns());
  rules.costs = costs::CostScheduleOf(profile.costs());
  rules.shadow = version.mode == InstanceMode::kShadow;
  instances_[version.instance] = rules;
}

MeasuredTrade JournalProcessor::Measure(const EventHeader& header, const TradeIntent& intent) const {
  SPILLWAY_CHECK(open_.size() + resolved_.size() < kOpenMax);
  OutcomeRules rules;
  if (const auto it = instances_.find(header.instance); it != instances_.end()) rules = it->second;
  ContractTerms contract;
  if (const auto it = contracts_.find(header.instrument); it != contracts_.end()) contract = it->second;
  std::optional<Time> close;
  if (session_ && session_->regular_close && header.event_time < *session_->regular_close) {
    close = session_->regular_close;
  }
  return MeasuredTrade(header, intent, rules, contract, close);
}

void JournalProcessor::OnIntent(const Event& event, const TradeIntent& intent) {
  open_.push_back({Measure(event.header, intent), std::nullopt});
}

void JournalProcessor::OnSignal(const Event& event, const Signal& signal) {
  if (signal.accepted || !HasBlueprint(signal)) return;
  Time& until = misses_until_[{event.header.instance, event.header.instrument, signal.side}];
  if (event.header.event_time < until) return;
  until = signal.expires;
  TradeIntent intent;
  intent.signal = event.header.id();
  intent.side = signal.side;
  intent.entry = signal.entry;
  intent.stop = signal.stop;
  intent.target = signal.target;
  intent.expires = signal.expires;
  intent.score = signal.score;
  intent.threshold = signal.threshold;
  open_.push_back({Measure(event.header, intent), std::nullopt, true});
}

void JournalProcessor::OnCancelled(const Event& event, const SignalCancelled& cancelled) {
  for (Measured& measured : open_) {
    if (measured.trade.intent().signal == cancelled.signal) measured.trade.Cancel(event.header.event_time);
  }
}

void JournalProcessor::OnDecision(const RiskDecision& decision, runtime::EventSink& out) {
  const auto is_it = [&](const Measured& measured) {
    return !measured.near_miss && measured.trade.header().id() == decision.intent;
  };
  if (const auto it = std::find_if(open_.begin(), open_.end(), is_it); it != open_.end()) {
    if (decision.approved) {
      it->decision = decision;
    } else {
      open_.erase(it);
    }
    return;
  }
  if (const auto it = std::find_if(resolved_.begin(), resolved_.end(), is_it); it != resolved_.end()) {
    it->decision = decision;
    Tell(out);
  }
}

// ---- time

void JournalProcessor::OnTick(Time tick, runtime::EventSink& out) {
  ShowQuotes(tick);
  for (Measured& measured : open_) measured.trade.AdvanceTo(tick);
  CollectResolved();
  Tell(out);
}

void JournalProcessor::OnFeed(const Event& event, const FeedStatus& feed, runtime::EventSink& out) {
  if (feed.state != FeedState::kEnded) {
    feeds_[feed.feed] = 0;
    return;
  }
  ++feeds_[feed.feed];
  if (std::any_of(feeds_.begin(), feeds_.end(), [](const auto& ended) { return ended.second < 2; })) return;
  ShowQuotes(Time::max());
  for (Measured& measured : open_) measured.trade.End(event.header.event_time);
  CollectResolved();
  Tell(out);
}

// Shows the window's quotes before `before` to the open trades and forgets them.
void JournalProcessor::ShowQuotes(Time before) {
  const auto is_due = [before](const QuoteMoment& quote) { return quote.time < before; };
  if (!open_.empty()) {
    watching_.resize(books_.size());
    for (std::vector<MeasuredTrade*>& trades : watching_) trades.clear();
    for (Measured& measured : open_) {
      const InstrumentId instrument = measured.trade.header().instrument;
      if (instrument < watching_.size()) watching_[instrument].push_back(&measured.trade);
    }
    for (const QuoteMoment& quote : window_) {
      if (!is_due(quote)) continue;
      for (MeasuredTrade* trade : watching_[quote.instrument]) trade->See(quote);
    }
  }
  std::erase_if(window_, is_due);
}

void JournalProcessor::CollectResolved() {
  if (std::none_of(open_.begin(), open_.end(), [](const Measured& m) { return m.trade.resolved(); })) return;
  const auto done = std::stable_partition(open_.begin(), open_.end(),
                                          [](const Measured& measured) { return !measured.trade.resolved(); });
  std::stable_sort(done, open_.end(),
                   [](const Measured& a, const Measured& b) { return a.trade.resolved_at() < b.trade.resolved_at(); });
  std::move(done, open_.end(), std::back_inserter(resolved_));
  open_.erase(done, open_.end());
}

void JournalProcessor::Tell(runtime::EventSink& out) {
  for (; !resolved_.empty() && resolved_.front().tellable(); resolved_.pop_front()) {
    const Measured& measured = resolved_.front();
    if (!measured.near_miss && !measured.decision->approved) continue;
    Event event;
    event.header = measured.trade.header();
    event.header.producer = Producer::kJournal;
    event.header.correlation = measured.trade.header().correlation_id();
    event.header.cause = {.market = {}, .event = measured.trade.header().id(), .ordinal = 0};
    event.header.event_time = event.header.ingest_time = measured.trade.resolved_at();
    event.body = measured.near_miss ? measured.trade.WouldHave() : measured.trade.Outcome(*measured.decision);
    out.Emit(event);
  }
}

// ---- checkpoints

void JournalProcessor::Save(runtime::StateWriter& state) const {
  const_cast<JournalProcessor*>(this)->Persist(state);
}

absl::Status JournalProcessor::Restore(runtime::StateReader& state) {
  Persist(state);
  return state.failed() ? state.Finish() : absl::OkStatus();
}

}  // namespace spillway::journal
