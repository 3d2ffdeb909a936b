#include "services/venue/venue.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "spillway/v1/risk.pb.h"

namespace spillway::venue {
namespace {

// nullopt: the document does not read, or says what no venue can be.
std::optional<VenueTerms> TermsOf(const std::string& document) {
  v1::SimulatedVenue proto;
  if (!proto.ParseFromString(document)) return std::nullopt;
  VenueTerms terms;
  terms.probabilistic = proto.fill_model() == v1::FILL_MODEL_PROBABILISTIC;
  if (proto.has_latency_ns()) terms.latency = Duration(proto.latency_ns());
  for (const int64_t latency : proto.latencies_ns()) terms.latencies.emplace_back(latency);
  if (proto.has_fees()) terms.fees = costs::CostScheduleOf(proto.fees());
  if (proto.has_maker_rebate_per_share()) {
    terms.maker_rebate = Money::FromE8(std::llround(proto.maker_rebate_per_share() * 1e8));
  }
  if (proto.cash_e8() != 0) terms.cash = Money::FromE8(proto.cash_e8());
  if (!proto.account().empty()) terms.account = proto.account();
  if (proto.has_margin()) terms.margin_e6 = std::llround(proto.margin() * 1e6);
  if (proto.has_bar_delay_ns()) terms.bar_delay = Duration(proto.bar_delay_ns());
  const bool negative = std::any_of(terms.latencies.begin(), terms.latencies.end(),
                                    [](Duration latency) { return latency < Duration::zero(); });
  if (negative || terms.latency < Duration::zero() || terms.cash < Money() || terms.margin_e6 <= 0 ||
      terms.margin_e6 > 1'000'000'000 || terms.bar_delay < Duration::zero()) {
    return std::nullopt;
  }
  return terms;
}

bool IsHalt(TradingStatus status) {
  return status == TradingStatus::kHalted || status == TradingStatus::kPaused ||
         status == TradingStatus::kQuotationOnly;
}

}  // namespace

void SimulatedVenue::Process(const Event& event, runtime::EventSink& out) {
  const EventHeader& header = event.header;
  std::visit(
      Overloaded{
          [&](const MarketBatch& batch) { OnBatch(batch); }, [&](const ClockTick&) { OnTick(header.event_time, out); },
          [&](const OrderCommand& command) { OnCommand(header, command); },
          [&](const ConfigurationVersion& version) { OnConfiguration(event, version); },
          [&](const InstrumentDefinition& definition) {
            OnControl(header, {.kind = ControlKind::kDefinition,
                               .instrument = definition.id,
                               .contract = {.symbol = definition.symbol,
                                            .ticks = {definition.tick, definition.tick_bands},
                                            .terms = definition.terms,
                                            .has_sessions = definition.asset_class == AssetClass::kEquity}});
          },
          [&](const SessionState& session) { OnControl(header, {.kind = ControlKind::kSession, .session = session}); },
          [&](const HaltChanged& halt) {
            OnControl(header,
                      {.kind = ControlKind::kHalt, .instrument = header.instrument, .active = IsHalt(halt.status)});
          },
          [&](const FeedGap&) { OnControl(header, {.kind = ControlKind::kGap, .instrument = header.instrument}); },
          [&](const FeedCapabilities& feed) {
            OnControl(header, {.kind = ControlKind::kCapabilities, .feed = feed.feed, .levels = feed.book_levels});
          },
          [&](const FeedStatus& status) {
            // Metrics' own word about a feed stands on the trading lane alone: where among the rows is not known.
            if (header.producer != Producer::kIngest || header.instrument != 0) return;
            const bool down = status.state == FeedState::kDown || status.state == FeedState::kStale;
            OnControl(header, {.kind = ControlKind::kFeed, .feed = status.feed, .active = down});
          },
          [](const auto&) {},  // not ours
      },
      event.body);
}

// ---- the market

void SimulatedVenue::OnBatch(const MarketBatch& batch) {
  if (!listening_) return exchange_.SetRowsMissed();
  Time& clock = clocks_[batch.feed];
  for (const MarketEvent& event : batch.events) {
    if (event.kind == MarketEventKind::kNone && !event.end_of_event()) continue;
    Item& item = rows_.emplace_back(Item{event, batch.feed, 0});
    if (event.kind == MarketEventKind::kTick) continue;
    clock = std::max(clock, event.event_time);
    item.event.event_time = clock;  // rows of a feed stay in their order
  }
}

void SimulatedVenue::OnControl(const EventHeader& header, Control control) {
  const Seen seen{header.id(), header.event_time, control.kind, control.instrument};
  for (const std::vector<Seen>* events : {&seen_, &seen_before_}) {
    if (std::find(events->begin(), events->end(), seen) != events->end()) return;
  }
  seen_.push_back(seen);
  if (!listening_) return ApplyControl(control, header.event_time);
  const SourcePosition& source = header.cause.market;
  Item& item = rows_.emplace_back();
  item.control = ++control_count_;
  item.feed = source.feed;
  item.event.event_time = header.event_time;
  if (source.position != 0) {
    Time& clock = clocks_[source.feed];
    clock = std::max(clock, header.event_time);
    item.event.event_time = clock;
  }
  controls_.emplace(item.control, std::move(control));
}

void SimulatedVenue::OnConfiguration(const Event& event, const ConfigurationVersion& version) {
  if (version.kind != ConfigurationKind::kVenue || version.mode == InstanceMode::kRetired) return;
  const std::optional<VenueTerms> terms = TermsOf(version.document);
  if (!terms) {
    ++configurations_refused_;
    return;
  }
  listening_ = true;
  OnControl(event.header, {.kind = ControlKind::kConfiguration,
                           .terms = *terms,
                           .origin = {.command = event.header.id(), .correlation = event.header.correlation},
                           .effective = version.effective_time});
}

void SimulatedVenue::ApplyControl(const Control& control, Time time) {
  exchange_.AdvanceTo(time);
  switch (control.kind) {
    case ControlKind::kDefinition:
      return exchange_.Define(control.instrument, control.contract);
    case ControlKind::kSession:
      return exchange_.SetSession(control.session);
    case ControlKind::kHalt:
      return exchange_.SetHalted(control.instrument, control.active);
    case ControlKind::kGap:
      return exchange_.OnGap(control.instrument);
    case ControlKind::kCapabilities:
      return exchange_.SetFeed(control.feed, control.levels);
    case ControlKind::kFeed:
      return exchange_.SetFeedDown(control.feed, control.active);
    case ControlKind::kConfiguration:
      configurations_.push_back(control);
      break;
  }
}

void SimulatedVenue::ActivateDue(Time time) {
  for (size_t i = 0; i < configurations_.size();) {
    if (configurations_[i].effective > time) {
      ++i;
      continue;
    }
    const Control due = std::move(configurations_[i]);
    configurations_.erase(configurations_.begin() + static_cast<std::ptrdiff_t>(i));
    exchange_.Configure(due.terms, due.origin, due.effective);
  }
}

// ---- commands

void SimulatedVenue::OnCommand(const EventHeader& header, const OrderCommand& command) {
  if (!exchange_.open()) return;
  QueuedCommand& queued = commands_.emplace_back();
  queued.kind = command.kind;
  queued.origin = {header.id(), header.instrument, header.instance, header.correlation_id()};
  queued.order = command.order;
  queued.tickets = command.tickets;
  queued.expires = command.expires;
  queued.since = command.since;
  queued.sent = header.event_time;
  const bool places = command.kind == OrderCommandKind::kPlace && !command.tickets.empty();
  const OrderId& order = places ? command.tickets.front().order : command.order;
  queued.arrival = std::max(queued.sent + exchange_.terms().LatencyOf(order), tick_.value_or(Time::min()));
  if (commands_.size() > 1) queued.arrival = std::max(queued.arrival, commands_[commands_.size() - 2].arrival);
}

void SimulatedVenue::TakeArrived(Time before) {
  while (!commands_.empty() && commands_.front().arrival < before) {
    exchange_.Take(commands_.front());
    commands_.pop_front();
  }
}

// ---- ticks

void SimulatedVenue::OnTick(Time tick, runtime::EventSink& out) {
  if (tick_ && tick <= *tick_) return;
  tick_ = tick;
  seen_before_ = std::move(seen_);
  seen_.clear();
  if (!listening_) return;
  exchange_.BeginWindow(tick, out);
  Play(tick);
  exchange_.EndWindow();
}

void SimulatedVenue::Play(Time tick) {
  ActivateDue(tick);
  const auto is_next_window = [&](const Item& item) {
    return item.event.kind == MarketEventKind::kTick && item.event.event_time >= tick;
  };
  const auto window_end = std::find_if(rows_.begin(), rows_.end(), is_next_window);
  // A host's tick may stand inside a window.
  const auto end =
      std::stable_partition(rows_.begin(), window_end, [&](const Item& item) { return item.event.event_time < tick; });
  const auto earlier = [](const Item& a, const Item& b) { return a.event.event_time < b.event.event_time; };
  const bool busy = exchange_.has_working_orders() || !commands_.empty();
  if (busy && !std::is_sorted(rows_.begin(), end, earlier)) std::stable_sort(rows_.begin(), end, earlier);
  for (auto item = rows_.begin(); item != end; ++item) {
    if (!commands_.empty()) TakeArrived(item->event.event_time);
    if (item->control != 0) {
      const auto control = controls_.extract(item->control);
      ApplyControl(control.mapped(), item->event.event_time);
      ActivateDue(tick);
    } else if (item->event.kind != MarketEventKind::kTick) {
      exchange_.Apply(item->event, item->feed, item->event.event_time);
    }
  }
  rows_.erase(rows_.begin(), end);
  TakeArrived(tick);
}

// ---- checkpoints

void SimulatedVenue::Save(runtime::StateWriter& state) const {
  const_cast<SimulatedVenue*>(this)->Persist(state);
}

absl::Status SimulatedVenue::Restore(runtime::StateReader& state) {
  Persist(state);
  return state.failed() ? state.Finish() : absl::OkStatus();
}

}  // namespace spillway::venue
