#include "services/universe/universe_processor.h"

#include <algorithm>
#include <utility>

#include "libs/calendar/new_york.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::universe {
namespace {

bool SameRules(const std::vector<Exclusion>& a, const std::vector<Exclusion>& b) {
  return std::ranges::equal(a, b, {}, &Exclusion::rule, &Exclusion::rule);
}

bool Trades(TradingStatus status) {
  return !HaltExclusion(status).has_value();
}

// 20250502: the day in New York. One day for all times that the calendar does not know.
int32_t DayOf(Time time) {
  const std::optional<calendar::NewYorkTime> local = calendar::ToNewYork(time);
  return local ? calendar::DateNumber(local->date) : 0;
}

}  // namespace

void UniverseProcessor::Process(const Event& event, runtime::EventSink& out) {
  pending_.TakeDue(event.header.event_time, [&](const auto& version) { Activate(version); });
  std::visit(Overloaded{
                 [&](const FeedCapabilities& feed) { OnCapabilities(feed); },
                 [&](const InstrumentDefinition& definition) { OnDefinition(event.header, definition); },
                 [&](const ConfigurationVersion& version) {
                   pending_.Add(event.header, version);
                   pending_.TakeDue(event.header.event_time, [&](const auto& due) { Activate(due); });
                 },
                 [&](const UniverseInputs& inputs) { OnInputs(event.header, inputs, out); },
                 [&](const HaltChanged& halt) { OnHalt(event.header, halt.status, out); },
                 [&](const NewsHeadline& news) { OnHeadline(event.header, news, out); },
                 [&](const FeatureSnapshot& snapshot) {
                   if (SubscriptionManager* feed = SubscriptionsOf(event.header.instrument)) {
                     feed->OnSnapshot(event.header.instrument, snapshot, event.header.event_time);
                   }
                 },
                 [&](const FeedStatus& status) { OnFeedStatus(event.header, status); },
                 [&](const ClockTick&) {
                   if (!subscriptions_.empty()) Subscribe(event.header, out);
                 },
                 [](const auto&) {},  // not ours
             },
             event.body);
}

void UniverseProcessor::OnCapabilities(const FeedCapabilities& feed) {
  news_[feed.feed] = feed.news;
  feed_lines_.erase(feed.feed);
  if (feed.lines) feed_lines_[feed.feed] = *feed.lines;
  const SubscriptionLimits limits = SubscriptionLimits::Of(feed);
  if (!limits.any()) {
    subscriptions_.erase(feed.feed);
    return;
  }
  SubscriptionManager& manager = subscriptions_[feed.feed];
  manager.SetLimits(limits);
  for (const auto& [instrument, its_feed] : feed_of_) {
    if (its_feed == feed.feed) manager.Define(instrument);
  }
}

void UniverseProcessor::OnDefinition(const EventHeader& header, const InstrumentDefinition& definition) {
  facts_[definition.id] = SymbolFacts::Of(definition);
  feed_of_[definition.id] = header.cause.market.feed;
  if (SubscriptionManager* feed = SubscriptionsOf(definition.id)) feed->Define(definition.id);
}

void UniverseProcessor::OnFeedStatus(const EventHeader& header, const FeedStatus& status) {
  const auto manager = subscriptions_.find(status.feed);
  if (header.instrument == 0 || manager == subscriptions_.end()) return;
  manager->second.OnRejected(header.instrument, status.reason, header.event_time);
}

SubscriptionManager* UniverseProcessor::SubscriptionsOf(InstrumentId instrument) {
  if (subscriptions_.empty()) return nullptr;
  const auto feed = feed_of_.find(instrument);
  const auto manager = feed != feed_of_.end() ? subscriptions_.find(feed->second) : subscriptions_.end();
  return manager != subscriptions_.end() ? &manager->second : nullptr;
}

std::set<InstrumentId> UniverseProcessor::Union() const {
  std::set<InstrumentId> all;
  for (const auto& [id, instance] : instances_) all.merge(instance.Included());
  return all;
}

std::set<InstrumentId> UniverseProcessor::Instance::Included() const {
  if (!told) return inherited;
  std::set<InstrumentId> included;
  for (const auto& [instrument, member] : members) {
    if (member.PassesRules() && member.cut.empty()) included.insert(instrument);
  }
  return included;
}

void UniverseProcessor::Subscribe(const EventHeader& header, runtime::EventSink& out) {
  if (std::exchange(universes_changed_, false)) {
    const std::set<InstrumentId> wanted = Union();
    for (auto& [feed, manager] : subscriptions_) manager.SetWanted(wanted);
  }
  uint32_t ordinal = 0;
  for (auto& [feed, manager] : subscriptions_) {
    if (!manager.StepDue(header.event_time)) continue;
    SubscriptionChanged changed{
        .feed = feed, .effective_time = header.event_time + kEffectiveAfter, .subscriptions = {}};
    changed.subscriptions = manager.Step(header.event_time, DayOf(header.event_time));
    if (changed.subscriptions.empty()) continue;
    Event event;
    event.header = {.producer = Producer::kUniverse,
                    .event_time = header.event_time,
                    .ingest_time = header.ingest_time,
                    .instrument = 0,
                    .instance = 0,
                    .correlation = header.correlation_id(),
                    .cause = {.market = {}, .event = header.id(), .ordinal = ordinal++}};
    event.body = std::move(changed);
    out.Emit(event);
  }
}

// A new version of an instance starts anew: what the old one decided says nothing about the new rules.
void UniverseProcessor::Activate(const profile::PendingConfiguration& version) {
  std::set<InstrumentId> before;
  if (const auto old = instances_.find(version.instance); old != instances_.end()) {
    if (version.mode != InstanceMode::kRetired && old->second.document == version.document) return;  // repeated
    before = old->second.Included();
  }
  instances_.erase(version.instance);
  universes_changed_ = true;
  if (version.mode == InstanceMode::kRetired) return;
  v1::Profile profile;
  if (!profile.ParseFromString(version.document)) {
    ++configurations_refused_;
    return;
  }
  Instance& instance = instances_[version.instance];
  instance.document = version.document;
  instance.rules = UniverseRulesOf(profile);
  instance.last_refresh = version.effective_time;
  instance.inherited = std::move(before);
}

void UniverseProcessor::OnInputs(const EventHeader& header, const UniverseInputs& inputs, runtime::EventSink& out) {
  if (header.instrument != 0) {
    staged_[header.instrument] = {inputs.price, inputs.spread_median, inputs.relative_volume,
                                  inputs.relative_volume_reason};
    if (inputs.trading_status != TradingStatus::kUnknown) status_[header.instrument] = inputs.trading_status;
    if (SubscriptionManager* feed = SubscriptionsOf(header.instrument)) {
      feed->SetRelativeVolume(header.instrument, inputs.relative_volume);
      feed->SetHalted(header.instrument, !Trades(StatusOf(header.instrument)));
    }
  }
  if (!inputs.last_of_refresh) return;
  for (auto& [id, instance] : instances_) Decide(id, instance, header, inputs.cause, out);
  staged_.clear();
}

void UniverseProcessor::Decide(StrategyInstanceId id, Instance& instance, const EventHeader& header,
                               const std::string& cause, runtime::EventSink& out) {
  const bool refresh = cause == "refresh";
  const bool due = !refresh || FloorTo(header.event_time, instance.rules.refresh) >
                                   FloorTo(instance.last_refresh, instance.rules.refresh);
  if (refresh && due) instance.last_refresh = header.event_time;

  const int32_t day = DayOf(header.event_time);
  std::map<InstrumentId, std::optional<std::vector<Exclusion>>> before;  // of whatever may change; nullopt: it is new
  for (const auto& [instrument, inputs] : staged_) {
    const auto member = instance.members.find(instrument);
    const bool decided = member != instance.members.end();
    if (decided && !due) continue;
    before[instrument] = decided ? std::optional(member->second.All()) : std::nullopt;
    instance.members[instrument] = Decided(instance, instrument, inputs, day);
  }
  if (before.empty()) return;
  const std::map<InstrumentId, std::vector<Exclusion>> cut = CutOf(instance);
  for (auto& [instrument, member] : instance.members) {
    const auto found = cut.find(instrument);
    std::vector<Exclusion> now = found != cut.end() ? found->second : std::vector<Exclusion>();
    if (SameRules(now, member.cut)) continue;
    before.try_emplace(instrument, member.All());
    member.cut = std::move(now);
  }
  std::vector<InstrumentId> changed;
  for (const auto& [instrument, old] : before) {
    if (!old || !SameRules(*old, instance.members.at(instrument).All())) changed.push_back(instrument);
  }
  if (!changed.empty()) Tell(id, instance, header, cause, changed, out);
}

// What its inputs say of a symbol; whether it is cut is decided for all together.
UniverseProcessor::Member UniverseProcessor::Decided(const Instance& instance, InstrumentId instrument,
                                                     const SymbolInputs& inputs, int32_t day) const {
  const auto facts = facts_.find(instrument);
  const auto old = instance.members.find(instrument);
  Member member;
  member.rules = Exclusions(instance.rules, facts != facts_.end() ? facts->second : SymbolFacts{}, inputs,
                            TradingStatus::kTrading);
  member.halt = HaltExclusion(StatusOf(instrument));
  member.relative_volume = inputs.relative_volume;
  member.headline_day = day;
  if (old != instance.members.end()) {
    member.cut = old->second.cut;
    if (old->second.headline_day == day) member.headline = old->second.headline;
  }
  if (!member.headline) member.headline = HeadlineOf(instance, instrument, day);
  return member;
}

std::optional<Exclusion> UniverseProcessor::HeadlineOf(const Instance& instance, InstrumentId instrument,
                                                       int32_t day) const {
  // A rule whose data no feed carries never passes; a feed that did not say is taken to carry it.
  const NameList& words = instance.rules.headline_words;
  const bool carried = news_.empty() || std::ranges::any_of(news_, [](const auto& feed) { return feed.second; });
  if (!words.empty() && !carried && !instance.rules.allow_unknown_headlines) {
    return Exclusion{"headlines_not_carried", "not carried by this feed", words.ToString()};
  }
  const auto found = headlines_.find(instrument);
  if (found == headlines_.end() || found->second.day != day) return std::nullopt;
  for (const std::string& headline : found->second.headlines) {
    if (std::optional<Exclusion> exclusion = HeadlineExclusion(instance.rules, headline)) return exclusion;
  }
  return std::nullopt;
}

std::map<InstrumentId, std::vector<Exclusion>> UniverseProcessor::CutOf(const Instance& instance) const {
  const CutLimits limits{.symbols_max = instance.rules.symbols_max, .feed_lines = feed_lines_};
  if (!limits.any()) return {};
  std::vector<CutCandidate> candidates;
  for (const auto& [instrument, member] : instance.members) {
    if (!member.PassesRules()) continue;
    const auto feed = feed_of_.find(instrument);
    candidates.push_back({instrument, feed != feed_of_.end() ? feed->second : 0, member.relative_volume});
  }
  return Cut(std::move(candidates), limits);
}

// Who is cut stays so until the next inputs: a place that a halt leaves is not given away for its length.
void UniverseProcessor::OnHalt(const EventHeader& header, TradingStatus status, runtime::EventSink& out) {
  status_[header.instrument] = status;
  for (const auto& [instrument, feed] : feed_of_) {
    if (subscriptions_.empty()) break;
    if (header.instrument != 0 && header.instrument != instrument) continue;
    if (SubscriptionManager* manager = SubscriptionsOf(instrument)) {
      manager->SetHalted(instrument, !Trades(StatusOf(instrument)));
    }
  }
  const std::optional<Exclusion> halted = HaltExclusion(status);
  if (!halted) return;  // back in with new inputs only
  for (auto& [id, instance] : instances_) {
    std::vector<InstrumentId> changed;
    for (auto& [instrument, member] : instance.members) {
      if (header.instrument != 0 && header.instrument != instrument) continue;
      if (member.halt) continue;
      member.halt = halted;
      changed.push_back(instrument);
    }
    if (!changed.empty()) Tell(id, instance, header, "halt", changed, out);
  }
}

void UniverseProcessor::OnHeadline(const EventHeader& header, const NewsHeadline& news, runtime::EventSink& out) {
  if (header.instrument == 0) return;  // the market's, no symbol's
  const int32_t day = DayOf(header.event_time);
  DayHeadlines& kept = headlines_[header.instrument];
  if (kept.day != day) kept = {day, {}};
  if (kept.headlines.size() < DayHeadlines::kKept) {
    kept.headlines.push_back(news.headline.substr(0, DayHeadlines::kBytes));
  }
  for (auto& [id, instance] : instances_) {
    const auto found = instance.members.find(header.instrument);
    if (found == instance.members.end()) continue;  // when it is decided
    Member& member = found->second;
    std::optional<Exclusion> excluded = HeadlineExclusion(instance.rules, news.headline);
    if (!excluded) continue;
    const bool known = member.headline.has_value();
    member.headline_day = day;
    if (known) continue;
    member.headline = std::move(excluded);
    Tell(id, instance, header, "headline", {header.instrument}, out);
  }
}

std::vector<Exclusion> UniverseProcessor::Member::All() const {
  std::vector<Exclusion> all = rules;
  if (headline) all.push_back(*headline);
  all.insert(all.end(), cut.begin(), cut.end());
  if (halt) all.push_back(*halt);
  return all;
}

void UniverseProcessor::Tell(StrategyInstanceId id, Instance& instance, const EventHeader& header,
                             const std::string& cause, const std::vector<InstrumentId>& changed,
                             runtime::EventSink& out) {
  universes_changed_ = true;
  UniverseChanged universe{
      .effective_time = header.event_time + kEffectiveAfter, .full = !instance.told, .cause = cause, .members = {}};
  for (const InstrumentId instrument : changed) {  // on an instance's first: all that it knows
    const std::vector<Exclusion> exclusions = instance.members.at(instrument).All();
    universe.members.push_back({instrument, exclusions.empty(), exclusions});
  }
  instance.told = true;

  Event event;
  event.header = {.producer = Producer::kUniverse,
                  .event_time = header.event_time,
                  .ingest_time = header.ingest_time,
                  .instrument = 0,
                  .instance = id,
                  .correlation = header.correlation_id(),
                  .cause = {.market = {}, .event = header.id(), .ordinal = 0}};
  event.body = std::move(universe);
  out.Emit(event);
}

TradingStatus UniverseProcessor::StatusOf(InstrumentId instrument) const {
  for (const InstrumentId who : {InstrumentId{0}, instrument}) {
    const auto found = status_.find(who);
    if (found != status_.end() && !Trades(found->second)) return found->second;
  }
  return TradingStatus::kTrading;
}

template <class Archive>
void UniverseProcessor::Instance::Persist(Archive& a) {
  a(document, last_refresh, told, members, inherited);
}

template <class Archive>
void UniverseProcessor::Persist(Archive& a) {
  a(news_, feed_lines_, feed_of_, facts_, headlines_, status_, staged_, instances_, pending_, configurations_refused_);
  a(subscriptions_, universes_changed_);
}

void UniverseProcessor::Save(runtime::StateWriter& state) const {
  const_cast<UniverseProcessor*>(this)->Persist(state);  // a writer changes nothing
}

absl::Status UniverseProcessor::Restore(runtime::StateReader& state) {
  Persist(state);
  for (auto& [id, instance] : instances_) {
    v1::Profile profile;
    if (!profile.ParseFromString(instance.document)) {
      return absl::DataLossError("universe: the saved profile of an instance cannot be read");
    }
    instance.rules = UniverseRulesOf(profile);
  }
  return state.failed() ? absl::DataLossError("universe: the saved state ends early") : absl::OkStatus();
}

}  // namespace spillway::universe
