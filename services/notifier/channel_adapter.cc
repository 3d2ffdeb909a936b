#include "services/notifier/channel_adapter.h"

#include <fstream>
#include <iterator>
#include <set>

#include "fmt/format.h"
#include "services/notifier/adapters/discord.h"
#include "services/notifier/adapters/webhook.h"
#include "spillway/v1/service.pb.h"

namespace spillway::notifier {
namespace {

absl::Status Refused(const std::string& channel, const std::string& why) {
  return absl::InvalidArgumentError(fmt::format("channels: {}: {}", channel, why));
}

absl::StatusOr<std::string> ReadSecret(const std::string& channel, const std::string& key, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Refused(channel, fmt::format("{}: cannot read '{}'", key, path));
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  if (text.empty()) return Refused(channel, fmt::format("{}: '{}' is empty", key, path));
  return text;
}

absl::Status ReadWebhookSecrets(const v1::ChannelSettings& settings, ChannelConfig& config) {
  if (settings.secret_file().empty()) {
    return Refused(config.name, "secret_file is missing: a webhook's messages are signed");
  }
  absl::StatusOr<std::string> secret = ReadSecret(config.name, "secret_file", settings.secret_file());
  if (!secret.ok()) return secret.status();
  config.secrets.push_back(*std::move(secret));
  if (settings.previous_secret_file().empty()) return absl::OkStatus();
  secret = ReadSecret(config.name, "previous_secret_file", settings.previous_secret_file());
  if (!secret.ok()) return secret.status();
  config.secrets.push_back(*std::move(secret));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ChannelConfig> ReadChannel(const v1::ChannelSettings& settings) {
  ChannelConfig config;
  config.name = settings.name();
  config.kind = settings.kind() == v1::ChannelSettings::KIND_WEBHOOK ? ChannelKind::kWebhook : ChannelKind::kDiscord;
  config.hold_on_unknown = settings.on_unknown() == v1::ON_UNKNOWN_HOLD;
  if (settings.messages_per_minute_max() != 0) config.messages_per_minute_max = settings.messages_per_minute_max();
  if (settings.timeout_ns() > 0) config.timeout = Duration(settings.timeout_ns());
  config.tls_ca_file = settings.tls_ca_file();
  // Only a webhook's URL is taken from others; Discord's is the operator's own.
  config.allow_private_address = settings.allow_private_address() || config.kind == ChannelKind::kDiscord;
  config.chart = config.kind == ChannelKind::kDiscord && !settings.without_chart();
  if (settings.url_file().empty()) return Refused(config.name, "url_file is missing: the file that holds the URL");
  absl::StatusOr<std::string> url = ReadSecret(config.name, "url_file", settings.url_file());
  if (!url.ok()) return url.status();
  if (!url->starts_with("https://") && !url->starts_with("http://")) {
    return Refused(config.name,
                   fmt::format("url_file: what '{}' holds is no http:// or https:// URL", settings.url_file()));
  }
  config.url = *std::move(url);
  if (config.kind == ChannelKind::kWebhook) {
    if (const absl::Status status = ReadWebhookSecrets(settings, config); !status.ok()) return status;
  }
  if (!config.tls_ca_file.empty() && !std::ifstream(config.tls_ca_file)) {
    return Refused(config.name, fmt::format("tls_ca_file: cannot read '{}'", config.tls_ca_file));
  }
  return config;
}

absl::StatusOr<std::vector<ChannelConfig>> ReadChannels(const std::vector<v1::ChannelSettings>& settings) {
  std::vector<ChannelConfig> channels;
  std::set<std::string> names;
  for (const v1::ChannelSettings& channel : settings) {
    absl::StatusOr<ChannelConfig> config = ReadChannel(channel);
    if (!config.ok()) return config.status();
    if (!names.insert(config->name).second) return Refused(config->name, "another channel has this name already");
    channels.push_back(*std::move(config));
  }
  return channels;
}

std::unique_ptr<ChannelAdapter> MakeAdapter(const ChannelConfig& config) {
  if (config.kind == ChannelKind::kWebhook) return std::make_unique<WebhookAdapter>(config);
  return std::make_unique<DiscordAdapter>(config);
}

}  // namespace spillway::notifier
