// Configuration versions that have arrived and wait for their effective time. Every processor that keeps state per
// strategy instance holds one: a version then acts at the same event in every run.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "libs/events/event.h"

namespace spillway::profile {

struct PendingConfiguration {
  StrategyInstanceId instance = 0;
  std::string name;
  InstanceMode mode = InstanceMode::kActive;
  Time effective_time;
  std::string document;  // v1::Profile, serialized

  template <class Archive>
  void Persist(Archive& a) {
    a(instance, name, mode, effective_time, document);
  }
};

class PendingConfigurations {
 public:
  // Keeps versions of profiles; other kinds are not for strategy instances.
  void Add(const EventHeader& header, const ConfigurationVersion& version) {
    if (version.kind != ConfigurationKind::kProfile) return;
    waiting_.push_back({header.instance, version.name, version.mode, version.effective_time, version.document});
  }

  // Hands those that are due at `now` to `activate`, in the order of their arrival, and forgets them.
  template <class Activate>
  void TakeDue(Time now, Activate&& activate) {
    for (size_t i = 0; i < waiting_.size();) {
      if (waiting_[i].effective_time > now) {
        ++i;
        continue;
      }
      const PendingConfiguration due = std::move(waiting_[i]);
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
      activate(due);
    }
  }

  // When the next one takes effect; the end of time if none waits.
  Time NextDue() const {
    Time next = Time::max();
    for (const PendingConfiguration& version : waiting_) next = std::min(next, version.effective_time);
    return next;
  }

  template <class Archive>
  void Persist(Archive& a) {
    a(waiting_);
  }

 private:
  std::vector<PendingConfiguration> waiting_;
};

}  // namespace spillway::profile
