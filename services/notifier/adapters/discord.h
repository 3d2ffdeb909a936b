// A Discord webhook: one rich embed an alert, with the picture of its book; edited when the alert is cancelled, expires
// or has its outcome. Discord knows no idempotency key for webhooks: a message sent twice is there twice, so it is
// marked.
//
// Limits of an embed are kept by cutting, in Unicode code points. No text can mention anybody (allowed_mentions).
// A 5xx answer counts as "not accepted". 401, 403 and 404 (unknown webhook, invalid token) disable the channel: Discord
// bans addresses that go on. A 403 or 429 that is no JSON is that ban: pause for kBanPause.
#pragma once

#include "services/notifier/channel_adapter.h"

namespace spillway::notifier {

class DiscordAdapter final : public ChannelAdapter {
 public:
  static constexpr Duration kBanPause = std::chrono::minutes(10);

  explicit DiscordAdapter(ChannelConfig config) : config_(std::move(config)) {}

  bool knows_ids() const override { return false; }
  net::HttpRequest Request(const DeliveryTask& task) const override;
  Judgement Judge(const net::HttpResult& result) const override;

 private:
  ChannelConfig config_;
};

// The message's JSON; `picture`: whether it shows the attachment "alert.png".
std::string DiscordMessage(const AlertCard& card, bool possibly_repeated, bool picture);

}  // namespace spillway::notifier
