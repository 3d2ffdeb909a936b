// How one kind of channel is spoken to: what is sent, and what an answer means. Pure: no sockets, no clock; the engine
// (delivery.h) sends, waits and repeats. Adapters: adapters/discord.h, adapters/webhook.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/net/http_client.h"
#include "services/notifier/delivery_ledger.h"

namespace spillway::v1 {
class ChannelSettings;
}

namespace spillway::notifier {

enum class ChannelKind { kDiscord, kWebhook };

struct ChannelConfig {
  std::string name;  // in receipts and metrics
  ChannelKind kind = ChannelKind::kDiscord;
  std::string url;                   // a secret: it holds the token
  std::vector<std::string> secrets;  // webhook: keys of the signature, the new one first
  bool hold_on_unknown = false;      // an answer was lost: never again, instead of again with a mark
  uint32_t messages_per_minute_max = 30;
  Duration timeout = std::chrono::seconds(10);
  std::string tls_ca_file;  // trusted besides the system's
  bool allow_private_address = false;
  bool chart = true;
};

// Reads the files that hold secrets. InvalidArgument names the channel and the key, never the content.
absl::StatusOr<ChannelConfig> ReadChannel(const v1::ChannelSettings& settings);
absl::StatusOr<std::vector<ChannelConfig>> ReadChannels(const std::vector<v1::ChannelSettings>& settings);

// One message to be sent.
struct DeliveryTask {
  const AlertCard& card;
  const std::string& delivery;     // the id
  AlertUpdateKind update;          // kUnknown: the alert itself, with what became of it so far; else the edit
  bool possibly_repeated = false;  // to be marked in the text
  std::string_view message_id;     // edits: the channel's
  std::string_view picture;        // a PNG; empty: none
  Time now;                        // wall clock, for signatures
};

enum class Verdict {
  kAccepted,
  kNotAccepted,     // surely not there; the same may be tried again
  kRateLimited,     // surely not there; try again after `wait`
  kRefused,         // surely not there, and never will be: this message is at fault
  kChannelRefused,  // surely not there: the channel is gone or does not know us; nothing more is to be sent
  kAnswerLost,      // it may be there
};
struct Judgement {
  Verdict verdict = Verdict::kAnswerLost;
  std::string detail;      // for the receipt; never a secret
  std::string message_id;  // kAccepted, where the channel has one
  Duration wait = {};      // kRateLimited; kAccepted: before the next message to this channel
  bool global = false;     // kRateLimited: all channels of this kind wait
};

class ChannelAdapter {
 public:
  virtual ~ChannelAdapter() = default;
  // Whether the channel drops a message whose id it knows: then it may be sent again without a mark.
  virtual bool knows_ids() const = 0;
  virtual net::HttpRequest Request(const DeliveryTask& task) const = 0;
  virtual Judgement Judge(const net::HttpResult& result) const = 0;
};

std::unique_ptr<ChannelAdapter> MakeAdapter(const ChannelConfig& config);

}  // namespace spillway::notifier
