// The one text form of events: traces, `log cat`, test failures. One line an event:
//   13:30:05.250000000 signal SOUN ofi-classic@1#1 accepted buy score=8/7.5 ...
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "libs/events/event.h"

namespace spillway {

// Names of instruments and strategy instances, learned from the events that bind them.
class NameTable {
 public:
  void Learn(const Event& event);
  std::string Symbol(InstrumentId id) const;  // "#17" if it was never defined
  std::string Instance(StrategyInstanceId id) const;
  const InstrumentDefinition* Definition(InstrumentId id) const;
  const std::map<InstrumentId, InstrumentDefinition>& definitions() const { return definitions_; }
  const std::map<StrategyInstanceId, std::string>& instances() const { return instances_; }

 private:
  std::map<InstrumentId, InstrumentDefinition> definitions_;
  std::map<StrategyInstanceId, std::string> instances_;
};

// "signal", "tick", ...
std::string_view BodyName(const EventBody& body);

std::string ToText(const Event& event, const NameTable& names);
std::string ToText(const MarketEvent& event, const NameTable& names);
// "S0-3.2 bid_ask_ratio(levels=10) 3.41 >= 3: 3/3"
std::string ToText(const RuleResult& rule);

}  // namespace spillway
