#include "services/risk/kill_switch.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace spillway::risk {
namespace {

double Seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e9;
}

uint32_t Within(const std::deque<Time>& times, Time now, Duration window) {
  return static_cast<uint32_t>(
      std::count_if(times.begin(), times.end(), [&](Time time) { return now - time < window; }));
}

// Whether so many times fall into the window that ends now; what fell out of it is forgotten.
std::optional<KillReason> Counted(std::deque<Time>& times, Time now, uint32_t limit, Duration window,
                                  KillReason reason) {
  times.push_back(now);
  while (!times.empty() && now - times.front() >= window) times.pop_front();
  if (limit == 0 || times.size() < limit) return std::nullopt;
  reason.seen = static_cast<double>(times.size());
  reason.limit = limit;
  times.clear();
  return reason;
}

// A difference that nobody has to repair: shown, and left alone.
bool OnlyShown(const Reconciliation& difference) {
  return difference.kind == DifferenceKind::kForeignOrder || difference.kind == DifferenceKind::kCash;
}

constexpr size_t kTimesMax = 1024;  // in a window, however often a broker repeats itself

}  // namespace

std::string_view KillCauseName(KillCause cause) {
  switch (cause) {
    case KillCause::kManual:
      return "manual";
    case KillCause::kRateLimited:
      return "rate_limited";
    case KillCause::kDisconnects:
      return "disconnects";
    case KillCause::kRejects:
      return "rejects";
    case KillCause::kReconciliation:
      return "reconciliation";
    case KillCause::kClockSkew:
      return "clock_skew";
    case KillCause::kDayLoss:
      return "day_loss";
    case KillCause::kDrawdown:
      return "drawdown";
  }
  return "unknown";
}

// ---- what throws it

std::optional<KillReason> KillWatch::See(const BrokerReport& report, Time now, const KillLimits& limits) {
  if (report.clock_skew) {
    clock_skew_ = *report.clock_skew;
    const Duration skew(std::abs(clock_skew_.count()));
    if (limits.clock_skew.count() > 0 && skew > limits.clock_skew) {
      return KillReason{KillCause::kClockSkew, Seconds(skew), Seconds(limits.clock_skew), "s"};
    }
  }
  switch (report.kind) {
    case BrokerReportKind::kRateLimited:
      if (rate_limited_.size() == kTimesMax) rate_limited_.pop_front();
      return Counted(rate_limited_, now, limits.rate_limited, limits.rate_limited_window,
                     {KillCause::kRateLimited, 0, 0, "reports"});
    case BrokerReportKind::kDisconnected:
      if (disconnects_.size() == kTimesMax) disconnects_.pop_front();
      return Counted(disconnects_, now, limits.disconnects, limits.disconnects_window,
                     {KillCause::kDisconnects, 0, 0, "disconnects"});
    case BrokerReportKind::kAccepted:
    case BrokerReportKind::kFill:
      rejects_.clear();
      return std::nullopt;
    case BrokerReportKind::kRejected:
      break;
    default:
      return std::nullopt;
  }
  if (limits.rejects == 0) return std::nullopt;
  rejects_.insert(report.client_order_id);
  if (rejects_.size() < limits.rejects) return std::nullopt;
  const KillReason reason{KillCause::kRejects, static_cast<double>(rejects_.size()),
                          static_cast<double>(limits.rejects), "rejects"};
  rejects_.clear();
  return reason;
}

void KillWatch::See(const Reconciliation& difference, Time now) {
  if (difference.kind == DifferenceKind::kNone) {
    if (difference.unresolved == 0) {
      mismatch_since_.reset();
    } else if (!mismatch_since_) {
      mismatch_since_ = now;
    }
  } else if (!difference.resolved && !OnlyShown(difference) && !mismatch_since_) {
    mismatch_since_ = now;
  }
}

std::optional<KillReason> KillWatch::Tick(Time now, const KillLimits& limits) {
  if (limits.mismatch.count() <= 0 || MismatchAge(now) < limits.mismatch) return std::nullopt;
  const KillReason reason{KillCause::kReconciliation, Seconds(MismatchAge(now)), Seconds(limits.mismatch), "s"};
  mismatch_since_ = now;
  return reason;
}

void KillWatch::Enabled(Time now) {
  rate_limited_.clear();
  disconnects_.clear();
  rejects_.clear();
  if (mismatch_since_) mismatch_since_ = now;
}

uint32_t KillWatch::RateLimited(Time now, const KillLimits& limits) const {
  return Within(rate_limited_, now, limits.rate_limited_window);
}
uint32_t KillWatch::Disconnects(Time now, const KillLimits& limits) const {
  return Within(disconnects_, now, limits.disconnects_window);
}
Duration KillWatch::MismatchAge(Time now) const {
  return mismatch_since_ ? now - *mismatch_since_ : Duration(0);
}

// ---- the switch

std::string KillSwitch::Causes() const {
  std::string text;
  for (const KillCause cause : causes_) text += (text.empty() ? "" : ", ") + std::string(KillCauseName(cause));
  return text;
}

std::optional<KillSwitchChanged> KillSwitch::Throw(const KillReason& reason, bool flatten) {
  const bool adds = !active() || (flatten && !flatten_);
  flatten_ = flatten || (active() && flatten_);
  if (std::find(causes_.begin(), causes_.end(), reason.cause) == causes_.end()) causes_.push_back(reason.cause);
  if (!adds) return std::nullopt;
  return Unchanged(reason);
}

KillSwitchChanged KillSwitch::Unchanged(const KillReason& reason) const {
  KillSwitchChanged state;
  state.active = active();
  state.flatten = flatten();
  state.cause = KillCauseName(reason.cause);
  state.seen = reason.seen;
  state.limit = reason.limit;
  state.unit = reason.unit;
  return state;
}

std::optional<KillSwitchChanged> KillSwitch::Enable() {
  if (!active()) return std::nullopt;
  KillSwitchChanged changed;
  changed.cause = Causes();
  *this = KillSwitch();
  return changed;
}

std::optional<KillSwitchChanged> KillSwitch::End(KillCause cause) {
  if (std::erase(causes_, cause) == 0 || active()) return std::nullopt;
  *this = KillSwitch();
  KillSwitchChanged changed;
  changed.cause = KillCauseName(cause);
  return changed;
}

// ---- symbols

std::string_view SymbolPauseName(SymbolPauses::Cause cause) {
  return cause == SymbolPauses::Cause::kOrderIncident ? "order_incident" : "reconciliation";
}

SymbolPauses::Change SymbolPauses::Ended(const Key& key, const Pause& pause) {
  return {.key = key, .paused = false, .announced = pause.announced, .correlation = pause.correlation};
}

std::vector<SymbolPauses::Change> SymbolPauses::See(const OrderIncident& incident, InstrumentId instrument) {
  const Key key{instrument, Cause::kOrderIncident};
  if (!incident.pauses || !pauses_.try_emplace(key).second) return {};
  return {{.key = key, .paused = true, .announced = {}, .correlation = {}}};
}

std::vector<SymbolPauses::Change> SymbolPauses::See(const Reconciliation& difference, InstrumentId instrument) {
  std::vector<Change> changes;
  if (difference.kind == DifferenceKind::kNone) {
    if (difference.unresolved != 0) return {};
    std::erase_if(pauses_, [&](const auto& entry) {
      if (entry.first.cause != Cause::kReconciliation) return false;
      changes.push_back(Ended(entry.first, entry.second));
      return true;
    });
    return changes;
  }
  if (OnlyShown(difference)) return {};
  const Key key{instrument, Cause::kReconciliation};
  Difference which{difference.kind, difference.order, difference.client_order_id, difference.execution_id,
                   difference.symbol};
  const auto found = pauses_.find(key);
  if (!difference.resolved) {
    if (found == pauses_.end()) changes.push_back({.key = key, .paused = true, .announced = {}, .correlation = {}});
    pauses_[key].differences.insert(std::move(which));
  } else if (found != pauses_.end() && found->second.differences.erase(which) > 0 &&
             found->second.differences.empty()) {
    changes.push_back(Ended(key, found->second));
    pauses_.erase(found);
  }
  return changes;
}

std::vector<SymbolPauses::Change> SymbolPauses::Resume(InstrumentId instrument) {
  std::vector<Change> changes;
  std::erase_if(pauses_, [&](const auto& entry) {
    if (instrument != 0 && entry.first.instrument != instrument) return false;
    changes.push_back(Ended(entry.first, entry.second));
    return true;
  });
  return changes;
}

void SymbolPauses::Announced(const Key& key, const EventId& event, const EventId& correlation) {
  const auto found = pauses_.find(key);
  if (found == pauses_.end()) return;
  found->second.announced = event;
  found->second.correlation = correlation;
}

std::optional<SymbolPauses::Cause> SymbolPauses::Of(InstrumentId instrument) const {
  for (const InstrumentId of : {InstrumentId{0}, instrument}) {
    for (const Cause cause : {Cause::kOrderIncident, Cause::kReconciliation}) {
      if (pauses_.contains({of, cause})) return cause;
    }
  }
  return std::nullopt;
}

std::set<InstrumentId> SymbolPauses::instruments() const {
  std::set<InstrumentId> instruments;
  for (const auto& [key, pause] : pauses_) instruments.insert(key.instrument);
  return instruments;
}

// ---- live accounts

void Arming::SetAccount(const AccountProfile* profile) {
  account_ = profile == nullptr ? "" : profile->account.id;
  live_ = profile != nullptr && profile->account.live;
  armed_ = false;
}

bool Arming::Arm(const std::string& account) {
  if (!live_ || account_.empty() || account != account_) return false;
  armed_ = true;
  return true;
}

bool Arming::Disarm() {
  return std::exchange(armed_, false);
}

}  // namespace spillway::risk
