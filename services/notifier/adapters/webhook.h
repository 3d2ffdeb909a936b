// A webhook of one's own: the alert as JSON, signed, with an id that is the same in every attempt, so that the receiver
// takes it once. Updates are messages of their own, with their own ids.
//
//   X-Event-Id   UUID            X-Event-Type  alert, alert.cancelled, alert.expired, alert.outcome
//   X-Timestamp  Unix seconds    X-Signature   v1=hex(HMAC-SHA256(secret, X-Timestamp + "." + body))[,v1=... by the old
//   key]
//
// 2xx: accepted. 408, 425, 429, 5xx: again. All other answers, redirects too: this message is given up.
#pragma once

#include "services/notifier/channel_adapter.h"

namespace spillway::notifier {

class WebhookAdapter final : public ChannelAdapter {
 public:
  explicit WebhookAdapter(ChannelConfig config) : config_(std::move(config)) {}

  bool knows_ids() const override { return true; }
  net::HttpRequest Request(const DeliveryTask& task) const override;
  Judgement Judge(const net::HttpResult& result) const override;

 private:
  ChannelConfig config_;
};

// The body. `update`: what this message tells; kUnknown: the alert itself.
std::string WebhookMessage(const AlertCard& card, AlertUpdateKind update);
// "v1=..." of each secret, separated by commas.
std::string WebhookSignature(const std::vector<std::string>& secrets, std::string_view timestamp,
                             std::string_view body);
// 32 hexadecimal digits as a UUID (version 8: of our own making).
std::string Uuid(std::string_view hex);

}  // namespace spillway::notifier
