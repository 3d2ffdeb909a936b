// The series of one channel.
#pragma once

#include <array>
#include <string>

#include "libs/service/metrics.h"

namespace spillway::notifier {

// What happened to a message, or to an edit of it.
enum class DeliveryEvent { kAttempted, kNotAccepted, kDelivered, kFailed, kUnknown, kEdited, kEditFailed };
inline constexpr std::array<const char*, 7> kDeliveryEventNames = {"attempted", "not_accepted", "delivered",  "failed",
                                                                   "unknown",   "edited",       "edit_failed"};

class DeliveryMetrics {
 public:
  DeliveryMetrics(service::Metrics& metrics, const std::string& channel)
      : seconds(metrics.Histogram("spillway_notifier_delivery_seconds", "From the alert on the lane to accepted",
                                  service::LatencyBounds(), {{"channel", channel}})),
        queue(metrics.Gauge("spillway_notifier_queue", "Messages and edits to be sent", {{"channel", channel}})),
        rate_limited(metrics.Counter("spillway_notifier_rate_limited_total",
                                     "Times that a rate limit, ours or the channel's, made messages wait",
                                     {{"channel", channel}})),
        disabled(metrics.Gauge("spillway_notifier_channel_disabled", "1: the channel refused us; nothing is sent",
                               {{"channel", channel}})) {
    for (size_t i = 0; i < events_.size(); ++i) {
      events_[i] = &metrics.Counter("spillway_notifier_deliveries_total", "Messages by what happened to them",
                                    {{"channel", channel}, {"state", kDeliveryEventNames[i]}});
    }
  }

  void Count(DeliveryEvent event) { events_[static_cast<size_t>(event)]->Increment(); }

  prometheus::Histogram& seconds;
  prometheus::Gauge& queue;
  prometheus::Counter& rate_limited;
  prometheus::Gauge& disabled;

 private:
  std::array<prometheus::Counter*, kDeliveryEventNames.size()> events_ = {};
};

}  // namespace spillway::notifier
