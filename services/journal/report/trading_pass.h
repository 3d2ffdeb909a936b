// Folds the trading lane into the parts of the report that decisions make.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "services/journal/report/session_report.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::journal::report {

class TradingPass {
 public:
  explicit TradingPass(SessionReport* report) : report_(*report) {}

  void Take(const Event& event);
  // The lane ended; `last` is the session's last time.
  void Finish(Time last);

  // The profile in force last, by instance.
  const std::map<StrategyInstanceId, v1::Profile>& profiles() const { return profiles_; }

 private:
  using Header = EventHeader;
  void On(const Header& header, const ConfigurationVersion& version);
  void On(const Header& header, const SessionState& state);
  void On(const Header& header, const FeedCapabilities& capabilities);
  void On(const Header& header, const FeedStatus& status);
  void On(const Header& header, const HaltChanged& halt);
  void On(const Header& header, const NewsHeadline& news);
  void On(const Header& header, const TradingState& state);
  void On(const Header& header, const UniverseChanged& universe);
  void On(const Header& header, const Signal& signal);
  void On(const Header& header, const SignalCancelled& cancelled);
  void On(const Header& header, const TradeIntent& intent);
  void On(const Header& header, const RiskDecision& decision);
  void On(const Header& header, const Alert& alert);
  void On(const Header& header, const AlertUpdate& update);
  void On(const Header& header, const AlertReceipt& receipt);
  void On(const Header& header, const OutcomeLabelled& outcome);
  void On(const Header& header, const AccountSnapshot& account);
  template <class Other>
  void On(const Header&, const Other&) {}

  void Reject(const Header& header, const Signal& signal);
  void CountRejection(const Header& header, const Signal& signal);
  Setup* SetupOf(const std::map<EventId, size_t>& index, const EventId& id);
  FeedFacts& FeedOf(uint32_t feed);
  void EndFeedState(uint32_t feed, Time now);
  void Note(const Header& header, std::string kind, std::string text);
  TimeOfDay* TimeOfDayAt(Time time);
  InstanceRecord& RecordOf(StrategyInstanceId instance);
  void FinishUniverse(Time last);
  void FinishRejected();
  void OnNearMiss(const Header& header, const OutcomeLabelled& outcome);
  void AddOutcome(NearMiss& miss) const;

  SessionReport& report_;
  std::map<StrategyInstanceId, v1::Profile> profiles_;
  std::map<EventId, size_t> by_signal_, by_intent_, by_alert_;  // places in report_.setups
  struct Nearest {
    bool operator()(const NearMiss& a, const NearMiss& b) const;
  };
  std::map<StrategyInstanceId, std::multiset<NearMiss, Nearest>> rejected_;  // the nearest of each
  std::map<EventId, Timed<OutcomeLabelled>> would_have_;                     // by signal
  std::map<EventId, Time> rejected_at_;                                      // signals without an outcome yet
  struct Measured {
    NearMiss::Other which;
    Time until;
  };
  std::map<std::tuple<StrategyInstanceId, InstrumentId, Side>, std::vector<Measured>> measured_;  // by their end
  std::map<StrategyInstanceId, InstanceRecord> records_;
  std::map<std::pair<StrategyInstanceId, std::vector<std::string>>, RejectionGroup> rejections_;
  std::map<std::pair<StrategyInstanceId, RefusalRule>, uint64_t> refusals_;
  struct Membership {
    UniverseEntry entry;
    Time since;  // of the present membership
  };
  std::map<std::pair<StrategyInstanceId, InstrumentId>, Membership> universe_;
  std::map<uint32_t, FeedFacts> feeds_;
  std::map<uint32_t, std::pair<FeedState, Time>> feed_states_;
  std::map<InstrumentId, Time> halted_since_;
  std::map<InstrumentId, Duration> halted_;
  std::map<int, TimeOfDay> time_of_day_;
};

}  // namespace spillway::journal::report
