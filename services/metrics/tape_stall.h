// The detector of a stalled tape (FX-10): trading has stopped though the market goes on. The feature tape_stall is the
// plain time since the last print; that alone says little of a symbol that trades twice a second, where three seconds
// without a print come by chance every few minutes.
//
// Each end of an event is a print or a change of quotes. Of those of the last minute (up to the last print) a part q
// were prints; then n changes of quotes without any print are as likely as (1 - q)^n if nothing had changed. Stalled:
// no print for kSilence, in the session, at least kPrintsMin in that minute, and (1 - q)^n <= exp(-kSurprise). Counting
// changes instead of seconds makes the pace of the whole market cancel out, and a feed that is silent altogether is no
// stall.
#pragma once

#include <cmath>
#include <cstdint>

#include "libs/base/math.h"
#include "services/metrics/feature_spec_persist.h"
#include "services/metrics/ring_queue.h"
#include "services/metrics/top_of_book.h"

namespace spillway::metrics {

class TapeStallDetector {
 public:
  static constexpr Duration kWindow = std::chrono::seconds(60);
  static constexpr Duration kSilence = std::chrono::seconds(3);
  static constexpr uint64_t kPrintsMin = 45;
  // exp(-12.5) is one in 270,000: once in a week of sessions for a symbol of two prints a second.
  static constexpr double kSurprise = 12.5;

  TapeStallDetector() = default;
  explicit TapeStallDetector(const FeatureSpec& spec) : spec_(spec) {}
  const FeatureSpec& spec() const { return spec_; }

  void OnTrade(Time time) {
    Trim(time);
    prints_.push_back({time, quotes_since_});
    quotes_ += quotes_since_;
    quotes_since_ = 0;
    const auto prints = static_cast<double>(prints_.size());
    quotes_needed_ = kSurprise / -Log(1 - prints / (prints + static_cast<double>(quotes_) + 1));
  }
  // An event that changed quotes and had no print.
  void OnQuotes() { ++quotes_since_; }
  bool Active(Time now, bool in_session) const {
    return in_session && prints_.size() >= kPrintsMin && now >= prints_.back().time + kSilence &&
           static_cast<double>(quotes_since_) >= quotes_needed_;
  }
  double seconds(Time now) const { return prints_.empty() ? 0 : Seconds(now - prints_.back().time); }
  // Nothing more can happen without an event: it stalled, or the silence is long enough and quotes are awaited.
  bool Settled(Time now) const { return prints_.size() < kPrintsMin || now >= prints_.back().time + kSilence; }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(prints_, quotes_, quotes_since_, quotes_needed_);
  }

 private:
  struct Print {
    Time time;
    uint64_t quotes_before = 0;  // changes between the print before and this one
    template <class Archive>
    void Persist(Archive& a) {
      a(time, quotes_before);
    }
  };
  void Trim(Time now) {
    while (!prints_.empty() && prints_.front().time <= now - kWindow) {
      quotes_ -= prints_.front().quotes_before;
      prints_.pop_front();
    }
  }

  FeatureSpec spec_;
  RingQueue<Print> prints_;  // of kWindow up to the last one
  uint64_t quotes_ = 0;      // before them
  uint64_t quotes_since_ = 0;
  double quotes_needed_ = 0;
};

}  // namespace spillway::metrics
