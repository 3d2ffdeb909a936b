// Where a person is told as the lane is read: a terminal. A channel is an adapter: it may do I/O, and nothing it does
// or fails to do reaches the notifier's core. Channels that may be away (Discord, a webhook) are delivery.h's.
#pragma once

#include <string_view>

#include "libs/events/event.h"

namespace spillway::notifier {

class Channel {
 public:
  virtual ~Channel() = default;
  virtual std::string_view name() const = 0;
  // Takes every event of the trading lane, in order. It shows each Alert, and AlertUpdate and OutcomeLabelled as edits
  // of it; from the others it learns what it needs to name things. Shadow alerts are not for a channel: it leaves them
  // out unless it was asked to show them, and then marks them.
  virtual void Handle(const Event& event) = 0;
};

}  // namespace spillway::notifier
