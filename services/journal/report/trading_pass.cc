#include "services/journal/report/trading_pass.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "fmt/format.h"
#include "libs/calendar/new_york.h"
#include "libs/config/yaml.h"
#include "services/journal/report/new_york_clock.h"

namespace spillway::journal::report {
namespace {

constexpr int kBucketMinutes = 30;
constexpr double kNearMissBelowThreshold = 1.5;  // where the profile names no line of its own

double Distance(const RuleResult& rule) {
  const std::optional<double> shortfall = Shortfall(rule);
  if (!shortfall) return 1;
  return rule.limit == 0 ? *shortfall : *shortfall / std::abs(rule.limit);
}

std::string_view StatusWord(TradingStatus status) {
  switch (status) {
    case TradingStatus::kTrading:
      return "trading";
    case TradingStatus::kHalted:
      return "halted";
    case TradingStatus::kPaused:
      return "paused";
    case TradingStatus::kQuotationOnly:
      return "quotation only";
    case TradingStatus::kUnknown:
      break;
  }
  return "unknown";
}

std::string_view FeedWord(FeedState state) {
  switch (state) {
    case FeedState::kUp:
      return "up";
    case FeedState::kStale:
      return "stale";
    case FeedState::kLagging:
      return "lagging";
    case FeedState::kDown:
      return "down";
    case FeedState::kEnded:
      return "ended";
    case FeedState::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace

bool TradingPass::Nearest::operator()(const NearMiss& a, const NearMiss& b) const {
  return std::tuple(-a.signal.score, a.gates_failed, a.distance, a.time) <
         std::tuple(-b.signal.score, b.gates_failed, b.distance, b.time);
}

void TradingPass::Take(const Event& event) {
  report_.names.Learn(event);
  std::visit([&](const auto& body) { On(event.header, body); }, event.body);
}

// ---------------------------------------------------------------- what was in force

void TradingPass::On(const Header& header, const ConfigurationVersion& version) {
  if (version.kind != ConfigurationKind::kProfile) return;
  ProfileFacts facts{.id = header.instance,
                     .instance = version.name,
                     .mode = version.mode,
                     .effective = version.effective_time,
                     .yaml = {},
                     .problem = {}};
  v1::Profile profile;
  if (profile.ParseFromString(version.document)) {
    facts.yaml = config::ToYaml(profile);
    facts.threshold = profile.rubric().threshold();
    facts.near_miss =
        profile.rubric().has_near_miss() ? profile.rubric().near_miss() : facts.threshold - kNearMissBelowThreshold;
    facts.risk_percent = profile.sizing().risk_percent();
    profiles_[header.instance] = std::move(profile);
  } else {
    facts.problem = "the profile's document does not parse";
  }
  report_.profiles.push_back(std::move(facts));
}

void TradingPass::On(const Header&, const SessionState& state) {
  if (report_.trading_day == 0) report_.trading_day = state.trading_day;
}

// ---------------------------------------------------------------- feeds, halts, news, pauses

FeedFacts& TradingPass::FeedOf(uint32_t feed) {
  FeedFacts& facts = feeds_[feed];
  if (facts.capabilities.feed == 0) facts.capabilities.feed = feed;
  return facts;
}

void TradingPass::On(const Header&, const FeedCapabilities& capabilities) {
  FeedOf(capabilities.feed).capabilities = capabilities;
}

void TradingPass::EndFeedState(uint32_t feed, Time now) {
  const auto state = feed_states_.find(feed);
  if (state == feed_states_.end()) return;
  const Duration lasted = now - state->second.second;
  FeedFacts& facts = FeedOf(feed);
  if (state->second.first == FeedState::kStale) facts.stale += lasted;
  if (state->second.first == FeedState::kLagging) facts.lagging += lasted;
  if (state->second.first == FeedState::kDown) facts.down += lasted;
}

void TradingPass::On(const Header& header, const FeedStatus& status) {
  EndFeedState(status.feed, header.event_time);
  const auto before = feed_states_.find(status.feed);
  const bool news =
      before == feed_states_.end() ? status.state != FeedState::kUp : before->second.first != status.state;
  feed_states_[status.feed] = {status.state, header.event_time};
  if (!news) return;
  std::string text = fmt::format("feed {} {}", status.feed, FeedWord(status.state));
  if (status.lag) text += fmt::format(", lag {}", FormatDuration(*status.lag));
  if (!status.reason.empty()) text += ": " + status.reason;
  Note(header, "feed", text);
}

void TradingPass::On(const Header& header, const HaltChanged& halt) {
  const auto since = halted_since_.find(header.instrument);
  const bool trading = halt.status == TradingStatus::kTrading;
  if (!trading && since == halted_since_.end()) halted_since_[header.instrument] = header.event_time;
  if (trading && since != halted_since_.end()) {
    halted_[header.instrument] += header.event_time - since->second;
    halted_since_.erase(since);
  }
  Note(header, "halt", fmt::format("{}{}", StatusWord(halt.status), halt.reason.empty() ? "" : ": " + halt.reason));
}

void TradingPass::On(const Header& header, const NewsHeadline& news) {
  Note(header, "news", news.source.empty() ? news.headline : news.source + ": " + news.headline);
}

void TradingPass::On(const Header& header, const TradingState& state) {
  constexpr std::array<std::string_view, 3> kScopes = {"this instance", "this symbol", "everything"};
  std::string text =
      fmt::format("{} {} ({}): {}", header.instance == 0 ? "orders" : "alerts", state.paused ? "paused" : "resumed",
                  kScopes[static_cast<size_t>(state.scope) % kScopes.size()], state.cause);
  if (state.until) text += ", until " + NewYorkClock(*state.until, 0);
  Note(header, "pause", text);
}

void TradingPass::Note(const Header& header, std::string kind, std::string text) {
  if (report_.notices.size() == kNoticesMax) {
    ++report_.notices_left_out;
    return;
  }
  report_.notices.push_back({header.event_time, header.instrument, header.instance, std::move(kind), std::move(text)});
}

// ---------------------------------------------------------------- universe

void TradingPass::On(const Header& header, const UniverseChanged& universe) {
  for (const UniverseMember& member : universe.members) {
    Membership& known = universe_[{header.instance, member.instrument}];
    UniverseEntry& entry = known.entry;
    if (entry.changes++ == 0) {
      entry.instance = header.instance;
      entry.instrument = member.instrument;
    }
    if (entry.included && !member.included) entry.included_for += universe.effective_time - known.since;
    if (entry.included != member.included) known.since = universe.effective_time;
    if (member.included && !entry.first_included) entry.first_included = universe.effective_time;
    entry.included = member.included;
    entry.excluded_by.clear();
    for (const Exclusion& exclusion : member.exclusions) {
      entry.excluded_by.push_back(exclusion.rule);
      auto history = std::find_if(entry.exclusions.begin(), entry.exclusions.end(),
                                  [&](const ExclusionHistory& one) { return one.rule == exclusion.rule; });
      if (history == entry.exclusions.end()) {
        history = entry.exclusions.emplace(history);
        history->rule = exclusion.rule;
        history->first = universe.effective_time;
      }
      history->seen = exclusion.seen;
      history->limit = exclusion.limit;
      history->last = universe.effective_time;
      ++history->times;
    }
  }
}

void TradingPass::FinishUniverse(Time last) {
  for (auto& [key, known] : universe_) {
    if (known.entry.included && last > known.since) known.entry.included_for += last - known.since;
    report_.universe.push_back(std::move(known.entry));
  }
}

// ---------------------------------------------------------------- signals and what followed

void TradingPass::On(const Header& header, const Signal& signal) {
  if (!signal.accepted) {
    Reject(header, signal);
    return;
  }
  if (report_.setups.size() == kSetupsMax) {
    ++report_.setups_left_out;
    return;
  }
  by_signal_[header.id()] = report_.setups.size();
  Setup setup;
  setup.instrument = header.instrument;
  setup.instance = header.instance;
  setup.correlation = header.correlation_id();
  setup.signal_id = header.id();
  setup.triggered = header.event_time;
  setup.signal = signal;
  report_.setups.push_back(std::move(setup));
}

void TradingPass::Reject(const Header& header, const Signal& signal) {
  ++report_.rejected;
  ++RecordOf(header.instance).rejected;
  if (TimeOfDay* bucket = TimeOfDayAt(header.event_time)) ++bucket->rejected;
  CountRejection(header, signal);
  if (rejected_at_.size() < kMeasuredMax) rejected_at_[header.id()] = header.event_time;
  NearMiss miss;
  miss.instrument = header.instrument;
  miss.instance = header.instance;
  miss.correlation = header.correlation_id();
  miss.signal_id = header.id();
  miss.time = header.event_time;
  miss.signal = signal;
  for (const RuleResult& rule : signal.rules) {
    if (!Failed(rule)) continue;
    miss.gates_failed += rule.gate ? 1 : 0;
    miss.distance += Distance(rule);
  }
  auto& nearest = rejected_[header.instance];
  nearest.insert(std::move(miss));
  if (nearest.size() <= kListedSignalsMax) return;
  nearest.erase(std::prev(nearest.end()));
  ++report_.listed_left_out;
}

void TradingPass::CountRejection(const Header& header, const Signal& signal) {
  std::vector<std::string> failed;
  for (const RuleResult& rule : signal.rules) {
    if (Failed(rule)) failed.push_back(rule.feature.empty() ? rule.rule : rule.rule + " " + rule.feature);
  }
  const auto key = std::pair(header.instance, std::move(failed));
  if (rejections_.size() == kRejectionGroupsMax && !rejections_.contains(key)) {
    ++report_.rejections_left_out;
    return;
  }
  RejectionGroup& group = rejections_[key];
  if (group.count++ == 0 || signal.score > group.best_score) {
    group.best_score = signal.score;
    group.best_time = header.event_time;
    group.best_instrument = header.instrument;
  }
}

Setup* TradingPass::SetupOf(const std::map<EventId, size_t>& index, const EventId& id) {
  const auto found = index.find(id);
  return found == index.end() ? nullptr : &report_.setups[found->second];
}

void TradingPass::On(const Header& header, const SignalCancelled& cancelled) {
  if (Setup* setup = SetupOf(by_signal_, cancelled.signal))
    setup->cancelled = {header.event_time, header.id(), cancelled};
}

void TradingPass::On(const Header& header, const TradeIntent& intent) {
  Setup* setup = SetupOf(by_signal_, intent.signal);
  if (setup == nullptr || intent.parent) return;  // of a confirmation: its setup is told already
  by_intent_[header.id()] = by_signal_[intent.signal];
  setup->intent_id = header.id();
  setup->intent = intent;
}

void TradingPass::On(const Header& header, const RiskDecision& decision) {
  if (!decision.approved) ++refusals_[{header.instance, decision.rule}];  // of all, shown one by one or not
  Setup* setup = SetupOf(by_intent_, decision.intent);
  if (setup == nullptr) return;
  setup->decision = {header.event_time, header.id(), decision};
  if (decision.approved) return;
  if (TimeOfDay* bucket = TimeOfDayAt(setup->triggered)) ++bucket->refused;
}

void TradingPass::On(const Header& header, const Alert& alert) {
  Setup* setup = SetupOf(by_intent_, alert.intent);
  if (setup == nullptr) return;
  by_alert_[header.id()] = by_intent_[alert.intent];
  setup->alert = {header.event_time, header.id(), alert};
  if (TimeOfDay* bucket = TimeOfDayAt(setup->triggered)) ++(alert.shadow ? bucket->shadow_alerts : bucket->alerts);
}

void TradingPass::On(const Header& header, const AlertUpdate& update) {
  if (Setup* setup = SetupOf(by_alert_, update.alert))
    setup->updates.push_back({header.event_time, header.id(), update});
}

void TradingPass::On(const Header& header, const AlertReceipt& receipt) {
  Setup* setup = SetupOf(by_alert_, receipt.alert);
  // A suppressed alert was never an event: its receipt follows from the decision of the same story.
  for (size_t i = report_.setups.size(); setup == nullptr && i-- > 0;) {
    Setup& earlier = report_.setups[i];
    if (earlier.instance == header.instance && earlier.correlation == header.correlation_id()) setup = &earlier;
  }
  if (setup != nullptr) setup->receipts.push_back({header.event_time, header.id(), receipt});
}

void TradingPass::On(const Header& header, const OutcomeLabelled& outcome) {
  if (outcome.near_miss) {
    OnNearMiss(header, outcome);
    return;
  }
  if (Setup* setup = SetupOf(by_intent_, outcome.intent)) setup->outcome = {header.event_time, header.id(), outcome};
}

void TradingPass::OnNearMiss(const Header& header, const OutcomeLabelled& outcome) {
  would_have_[outcome.intent] = {header.event_time, header.id(), outcome};
  const auto rejected = rejected_at_.find(outcome.intent);
  if (rejected == rejected_at_.end()) return;
  measured_[{header.instance, header.instrument, outcome.side}].push_back(
      {{outcome.intent, rejected->second, outcome}, header.event_time});
  rejected_at_.erase(rejected);
}

void TradingPass::AddOutcome(NearMiss& miss) const {
  if (const auto outcome = would_have_.find(miss.signal_id); outcome != would_have_.end()) {
    miss.would_have = outcome->second;
    return;
  }
  const auto measured = measured_.find({miss.instance, miss.instrument, miss.signal.side});
  if (measured == measured_.end()) return;
  for (const Measured& one : measured->second) {  // the latest that was open
    const bool open = one.which.time <= miss.time && miss.time <= one.until;
    if (open && (!miss.measured_instead || miss.measured_instead->time <= one.which.time))
      miss.measured_instead = one.which;
  }
}

void TradingPass::On(const Header& header, const AccountSnapshot& account) {
  if (header.instance == 0) return;  // the broker's, over all instances
  InstanceRecord& record = RecordOf(header.instance);
  record.account_last = {header.event_time, header.id(), account};
  if (record.account.size() < kAccountPointsMax) {
    record.account.push_back({header.event_time, account.equity, account.day_profit, account.day_drawdown});
  } else {
    ++record.account_left_out;
  }
  for (const std::string& warning : account.warnings) {
    const bool known = std::any_of(record.warnings.begin(), record.warnings.end(),
                                   [&](const auto& earlier) { return earlier.second == warning; });
    if (!known && record.warnings.size() < kAccountWarningsMax)
      record.warnings.emplace_back(header.event_time, warning);
  }
}

// ---------------------------------------------------------------- sums

InstanceRecord& TradingPass::RecordOf(StrategyInstanceId instance) {
  InstanceRecord& record = records_[instance];
  record.instance = instance;
  return record;
}

// Near misses first; what room the list has left goes to the next nearest of each instance in turn.
void TradingPass::FinishRejected() {
  size_t room = kListedSignalsMax - std::min(kListedSignalsMax, report_.setups.size());
  std::map<StrategyInstanceId, std::vector<NearMiss>> rest;
  for (auto& [instance, nearest] : rejected_) {
    size_t taken = 0;
    while (!nearest.empty()) {
      NearMiss miss = std::move(nearest.extract(nearest.begin()).value());
      AddOutcome(miss);
      const bool near = taken++ < kNearMissesMax;
      if (near && room > 0) --room;
      (near ? report_.near_misses : rest[instance]).push_back(std::move(miss));
    }
  }
  for (size_t rank = 0, listed = 1; room > 0 && listed > 0; ++rank) {
    listed = 0;
    for (auto& [instance, misses] : rest) {
      if (rank >= misses.size() || room == 0) continue;
      report_.listed.push_back(std::move(misses[rank]));
      ++listed;
      --room;
    }
  }
  for (const auto& [instance, misses] : rest) report_.listed_left_out += misses.size();
  report_.listed_left_out -= report_.listed.size();
  std::stable_sort(report_.listed.begin(), report_.listed.end(),
                   [](const NearMiss& a, const NearMiss& b) { return a.time < b.time; });
}

TimeOfDay* TradingPass::TimeOfDayAt(Time time) {
  const std::optional<int> minute = calendar::NewYorkMinuteOfDay(time);
  if (!minute) return nullptr;
  const int bucket = *minute / kBucketMinutes * kBucketMinutes;
  TimeOfDay& counts = time_of_day_[bucket];
  counts.minute = bucket;
  return &counts;
}

void TradingPass::Finish(Time last) {
  FinishUniverse(last);
  FinishRejected();
  for (const ProfileFacts& profile : report_.profiles) RecordOf(profile.id);
  for (auto& [instance, record] : records_) report_.instances.push_back(std::move(record));
  for (auto& [key, group] : rejections_) {
    group.instance = key.first;
    group.failed = key.second;
    report_.rejections.push_back(std::move(group));
  }
  std::stable_sort(report_.rejections.begin(), report_.rejections.end(),
                   [](const RejectionGroup& a, const RejectionGroup& b) {
                     return std::tuple(-a.best_score, a.failed.size()) < std::tuple(-b.best_score, b.failed.size());
                   });
  for (const auto& [key, count] : refusals_) report_.refusals.push_back({key.first, key.second, count});
  for (const auto& [minute, bucket] : time_of_day_) report_.time_of_day.push_back(bucket);
  for (const auto& [feed, state] : feed_states_) EndFeedState(feed, last);
  for (auto& [feed, facts] : feeds_) report_.feeds.push_back(std::move(facts));
  for (const auto& [instrument, since] : halted_since_) halted_[instrument] += last - since;
  for (const auto& [id, definition] : report_.names.definitions()) {
    SymbolFacts facts;
    facts.id = id;
    facts.definition = definition;
    if (const auto halted = halted_.find(id); halted != halted_.end()) facts.halted = halted->second;
    report_.symbols.push_back(std::move(facts));
  }
}

}  // namespace spillway::journal::report
