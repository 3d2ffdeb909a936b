#include "services/scoring/preview_limit.h"

#include "spillway/v1/profile.pb.h"

namespace spillway::scoring {
namespace {

constexpr Duration kMinute = std::chrono::seconds(60);

}  // namespace

PreviewLimit::PreviewLimit(const v1::Profile& profile) {
  if (!profile.has_preview()) return;
  const v1::Preview& from = profile.preview();
  threshold_ = from.threshold();
  if (from.has_per_minute()) per_minute_ = from.per_minute();
  if (from.has_dedup_ns()) dedup_ = Duration(from.dedup_ns());
}

bool PreviewLimit::Take(Time now, std::optional<Time>& last) {
  if (last && now - *last < dedup_) return false;
  std::erase_if(shown_, [&](Time shown) { return now - shown >= kMinute; });
  if (shown_.size() >= per_minute_) return false;
  shown_.push_back(now);
  last = now;
  return true;
}

}  // namespace spillway::scoring
