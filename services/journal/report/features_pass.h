// Reads the features lane: how often the profiles' rules held, and what the detectors said inside the windows.
#pragma once

#include <map>
#include <vector>

#include "services/journal/report/market_window.h"
#include "services/journal/report/session_report.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::journal::report {

class FeaturesPass {
 public:
  // `profiles`: in force last, by instance. The windows outlive the pass.
  FeaturesPass(const std::map<StrategyInstanceId, v1::Profile>& profiles, std::vector<WindowRecorder*> windows);

  void Take(const Event& event);
  std::vector<RuleStatistics> Finish();

 private:
  struct Rule {
    RuleStatistics statistics;
    FeatureSpec spec;
    std::optional<size_t> place;  // in a snapshot's values
  };
  void AddSide(StrategyInstanceId instance, const v1::Profile& profile, Side side);
  template <class ProtoRule>
  void Add(const v1::Profile& profile, const ProtoRule& from, RuleStatistics statistics);
  void OnSnapshot(const EventHeader& header, const FeatureSnapshot& snapshot);
  void OnDetector(const EventHeader& header, const DetectorFired& detector);

  std::vector<Rule> rules_;
  std::map<InstrumentId, std::vector<WindowRecorder*>> windows_;  // 0: all of them
};

}  // namespace spillway::journal::report
