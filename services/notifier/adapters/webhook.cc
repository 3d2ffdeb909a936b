#include "services/notifier/adapters/webhook.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <charconv>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "services/notifier/adapters/card_text.h"

namespace spillway::notifier {
namespace {

using Json = nlohmann::ordered_json;

constexpr Duration kWaitMax = std::chrono::hours(1);

std::string_view TypeName(AlertUpdateKind update) {
  switch (update) {
    case AlertUpdateKind::kUnknown:
      return "alert";
    case AlertUpdateKind::kCancelled:
      return "alert.cancelled";
    case AlertUpdateKind::kExpired:
      return "alert.expired";
    case AlertUpdateKind::kOutcome:
      return "alert.outcome";
  }
  return "alert";
}

Json RuleJson(const RuleResult& rule) {
  Json json = {{"rule", rule.rule},     {"feature", rule.feature}, {"gate", rule.gate},
               {"passed", rule.passed}, {"value", nullptr},        {"comparison", ComparisonSymbol(rule.comparison)},
               {"limit", rule.limit},   {"points", rule.points},   {"points_max", rule.points_max}};
  if (rule.value) {
    json["value"] = *rule.value;
  } else {
    json["not_ready"] = rule.not_ready;
  }
  return json;
}

Json OutcomeJson(const OutcomeLabelled& outcome) {
  Json json = {{"label", OutcomeLabelName(outcome.label)},
               {"profit_net", outcome.profit_net.ToString()},
               {"r_multiple", outcome.r_multiple},
               {"return_net_percent", outcome.return_net_percent}};
  if (outcome.entered) json["entered"] = FormatTime(*outcome.entered);
  if (outcome.exited) json["exited"] = FormatTime(*outcome.exited);
  if (outcome.entry_price) json["entry_price"] = outcome.entry_price->ToString();
  if (outcome.exit_price) json["exit_price"] = outcome.exit_price->ToString();
  return json;
}

// null while there are too few trades to say anything.
Json RecordJson(const SetupRecord& record) {
  if (record.trades < kRecordMin) return nullptr;
  const auto trades = static_cast<double>(record.trades);
  return {{"trades", record.trades},
          {"win_rate_percent", 100 * static_cast<double>(record.wins) / trades},
          {"mean_r", record.sum_r / trades},
          {"text", RecordText(record)}};
}

Json ConfirmUntil(const Alert& alert) {
  return alert.route == Route::kConfirm ? Json(FormatTime(alert.expires)) : Json(nullptr);
}

Json NewsJson(const AlertNews& news) {
  Json json = {{"state", TypeName(news.kind).substr(news.kind == AlertUpdateKind::kUnknown ? 0 : 6)}};
  if (news.kind == AlertUpdateKind::kUnknown) {
    json["state"] = "open";
    return json;
  }
  json["time"] = FormatTime(news.time);
  if (!news.reason.empty()) json["reason"] = news.reason;
  if (news.outcome) json["outcome"] = OutcomeJson(*news.outcome);
  return json;
}

Duration RetryAfter(const net::HttpResult& result) {
  const std::string_view text = result.header("retry-after");
  int64_t seconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (parsed.ec != std::errc() || seconds <= 0) return {};
  return std::min<Duration>(kWaitMax, std::chrono::seconds(std::min<int64_t>(seconds, 3600)));
}

}  // namespace

std::string Uuid(std::string_view hex) {
  std::string text(hex);
  text[12] = '8';
  text[16] = "89ab"[static_cast<size_t>(text[16] <= '9' ? text[16] - '0' : text[16] - 'a' + 10) & 3];
  return fmt::format("{}-{}-{}-{}-{}", text.substr(0, 8), text.substr(8, 4), text.substr(12, 4), text.substr(16, 4),
                     text.substr(20));
}

std::string WebhookSignature(const std::vector<std::string>& secrets, std::string_view timestamp,
                             std::string_view body) {
  const std::string text = fmt::format("{}.{}", timestamp, body);
  std::string signature;
  for (const std::string& secret : secrets) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
    unsigned int size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
    signature += signature.empty() ? "v1=" : ",v1=";
    for (unsigned int i = 0; i < size; ++i) signature += fmt::format("{:02x}", digest[i]);
  }
  return signature;
}

namespace {

std::string NoticeMessage(const AlertCard& card) {
  const Json json = {{"schema", "spillway.notice.v1"},
                     {"type", "notice"},
                     {"event", ToString(card.header.id())},
                     {"correlation", ToString(card.header.correlation_id())},
                     {"severity", SeverityName(card.notice->severity)},
                     {"topic", card.notice->topic},
                     {"title", card.notice->title},
                     {"text", card.notice->text},
                     {"symbol", card.header.instrument == 0 ? Json(nullptr) : Json(card.symbol)},
                     {"profile", card.instance},
                     {"time", FormatTime(card.header.event_time)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string WebhookMessage(const AlertCard& card, AlertUpdateKind update) {
  if (card.notice) return NoticeMessage(card);
  const Alert& alert = card.alert;
  Json rules = Json::array();
  for (const RuleResult& rule : alert.rules) rules.push_back(RuleJson(rule));
  const Json json = {{"schema", "spillway.alert.v1"},
                     {"type", TypeName(update)},
                     {"alert", ToString(card.header.id())},
                     {"correlation", ToString(card.header.correlation_id())},
                     {"symbol", card.symbol},
                     {"currency", card.currency},
                     {"profile", card.instance},
                     {"side", alert.side == Side::kAsk ? "short" : "long"},
                     {"entry", alert.entry.ToString()},
                     {"stop", alert.stop.ToString()},
                     {"target", alert.target.ToString()},
                     {"spread", alert.spread.ToString()},
                     {"quantity", alert.quantity.ToString()},
                     {"quantity_cap", SizeCapName(alert.binding_cap)},
                     {"risk", alert.risk.ToString()},
                     {"risk_percent", alert.risk_percent},
                     {"reward_net", alert.reward_net.ToString()},
                     {"reward_to_risk_net", alert.reward_to_risk_net},
                     {"score", alert.score},
                     {"score_max", PointsMax(alert)},
                     {"threshold", alert.threshold},
                     {"low_confidence", alert.low_confidence},
                     {"stage", alert.stage},
                     {"route", alert.route == Route::kConfirm ? "confirm"
                               : alert.route == Route::kAuto  ? "auto"
                                                              : "alert"},
                     {"confirm_until", ConfirmUntil(alert)},
                     {"record", RecordJson(alert.record)},
                     {"warnings", alert.warnings},
                     {"triggered", FormatTime(alert.triggered)},
                     {"expires", FormatTime(alert.expires)},
                     {"status", NewsJson(card.news)},
                     {"rules", std::move(rules)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

net::HttpRequest WebhookAdapter::Request(const DeliveryTask& task) const {
  const std::string timestamp = fmt::format("{}", ToNanos(task.now) / 1'000'000'000);
  const std::string id = task.update == AlertUpdateKind::kUnknown
                             ? task.delivery
                             : UpdateId(task.card.header.id(), config_.name, task.update);
  net::HttpRequest request;
  request.url = config_.url;
  request.body = WebhookMessage(task.card, task.update);
  request.headers = {{"Content-Type", "application/json; charset=utf-8"},
                     {"X-Event-Id", Uuid(id)},
                     {"X-Event-Type", task.card.notice ? "notice" : std::string(TypeName(task.update))},
                     {"X-Timestamp", timestamp},
                     {"X-Signature", WebhookSignature(config_.secrets, timestamp, request.body)}};
  return request;
}

Judgement WebhookAdapter::Judge(const net::HttpResult& result) const {
  if (result.outcome == net::HttpOutcome::kNotSent) return {.verdict = Verdict::kNotAccepted, .detail = result.error};
  if (result.outcome == net::HttpOutcome::kAnswerLost) return {.verdict = Verdict::kAnswerLost, .detail = result.error};
  const int status = result.status;
  Judgement judgement{.verdict = Verdict::kRefused, .detail = fmt::format("HTTP {}", status)};
  if (status < 300) {
    judgement.verdict = Verdict::kAccepted;
  } else if (status < 400) {
    judgement.detail += " (redirects are not followed)";
  } else if (status == 429 || (status == 503 && RetryAfter(result) > Duration())) {
    judgement.verdict = Verdict::kRateLimited;
    judgement.wait = std::max<Duration>(RetryAfter(result), std::chrono::seconds(1));
  } else if (status >= 500 || status == 408 || status == 425) {
    judgement.verdict = Verdict::kNotAccepted;
  }
  return judgement;
}

}  // namespace spillway::notifier
