// The trading lane has several writers. What scoring wrote or passed on, with what hosts and the gateway add, is one
// order that every run repeats; how risk, oms, notifier, its delivery and journal interleave with it is recorded, not
// promised. A processor whose outputs must not depend on that takes its time and its order from the first kind alone.
#pragma once

#include "libs/base/ids.h"

namespace spillway {

constexpr bool InScoringOrder(Producer producer) {
  return producer != Producer::kRisk && producer != Producer::kOms && producer != Producer::kNotifier &&
         producer != Producer::kJournal && producer != Producer::kDelivery && producer != Producer::kBroker;
}

}  // namespace spillway
