// Which evaluations below acceptance are shown as previews, for tuning (IR-9): from `threshold` on, the same symbol and
// side once in `dedup`, and at most `per_minute` of an instance in any sixty seconds.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "libs/base/time.h"

namespace spillway::v1 {
class Profile;
}

namespace spillway::scoring {

class PreviewLimit {
 public:
  explicit PreviewLimit(const v1::Profile& profile);

  bool Wants(double score) const { return threshold_ && score >= *threshold_; }
  // `last`: the symbol's last preview on this side. Counts it if it may be shown.
  bool Take(Time now, std::optional<Time>& last);

  template <class Archive>
  void Persist(Archive& a) {
    a(shown_);
  }

 private:
  std::optional<double> threshold_;  // absent: the profile has no previews
  uint32_t per_minute_ = 30;
  Duration dedup_ = std::chrono::seconds(15);
  std::vector<Time> shown_;  // in the last minute, oldest first
};

}  // namespace spillway::scoring
