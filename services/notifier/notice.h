// What of trading a person is told at once beside alerts (S3-D1.1, S4-R10.4.2): the kill switch, incidents, orders in
// doubt, differences with the broker, connections, flattening, trades. Nothing new is written for them: a notice is a
// view of an event that is on the lane, and receipts name that event.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/events/event.h"

namespace spillway::notifier {

enum class NoticeSeverity : uint8_t { kInfo, kWarning, kCritical };
std::string_view SeverityName(NoticeSeverity severity);  // "critical"

struct Notice {
  NoticeSeverity severity = NoticeSeverity::kInfo;
  std::string topic;   // "kill_switch"
  std::string title;   // one line
  std::string text;    // what was seen, and the way out
  bool often = false;  // told at most once in kNoticeInterval for its topic and instrument
  template <class Archive>
  void Persist(Archive& a) {
    a(severity, topic, title, text, often);
  }
  friend bool operator==(const Notice&, const Notice&) = default;
};
inline constexpr Duration kNoticeInterval = std::chrono::minutes(1);

// nullopt: nobody is told. `symbol`: of header.instrument, "" for none.
std::optional<Notice> NoticeOf(const Event& event, std::string_view symbol);

}  // namespace spillway::notifier
