#include "services/notifier/adapters/discord.h"

#include <algorithm>
#include <charconv>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "services/notifier/adapters/card_text.h"

namespace spillway::notifier {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kPictureName = "alert.png";
constexpr Duration kWaitMax = std::chrono::hours(1);
constexpr int kCodeUnknownMessage = 10008;

// Below the documented limits: how Discord counts exactly is not written down.
constexpr size_t kTitleMax = 250;
constexpr size_t kDescriptionMax = 1000;
constexpr size_t kFieldNameMax = 250;
constexpr size_t kFieldValueMax = 1000;
constexpr size_t kRuleFieldsMax = 3;
constexpr size_t kContentMax = 1900;

constexpr int kGreen = 0x2ECC71;
constexpr int kRed = 0xE74C3C;
constexpr int kBlue = 0x3498DB;
constexpr int kGrey = 0x7F8C8D;
constexpr int kAmber = 0xF1C40F;

// Text of others in Discord's Markdown.
std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : ValidUtf8(text)) {
    if (std::string_view("\\*_~`|>#[]()<@:").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

int Colour(const AlertCard& card) {
  switch (card.news.kind) {
    case AlertUpdateKind::kCancelled:
      return kAmber;
    case AlertUpdateKind::kExpired:
      return kGrey;
    case AlertUpdateKind::kOutcome:
      if (!card.news.outcome || card.news.outcome->profit_net == Money()) return kGrey;
      return card.news.outcome->profit_net > Money() ? kGreen : kRed;
    case AlertUpdateKind::kUnknown:
      break;
  }
  return card.alert.side == Side::kAsk ? kRed : kBlue;
}

Json Field(std::string_view name, std::string_view value, bool in_line = true) {
  const std::string text = CutCodePoints(value, kFieldValueMax);
  return {{"name", CutCodePoints(name, kFieldNameMax)}, {"value", text.empty() ? "-" : text}, {"inline", in_line}};
}

// The rules as one block, in as many fields as they need: green what passed, red what did not.
void AddRules(const Alert& alert, Json& fields) {
  std::string block;
  size_t used = 0, shown = 0;
  const auto close = [&] {
    const std::string name =
        used == 0 ? fmt::format("Score {:g}/{:g} (needs {:g})", alert.score, PointsMax(alert), alert.threshold)
                  : "Score, continued";
    fields.push_back(Field(name, "```diff\n" + block + "```", false));
    block.clear();
    ++used;
  };
  for (const RuleResult& rule : alert.rules) {
    std::string line = ValidUtf8(
        fmt::format("{} {:<7} {}  {}  {}", RuleMark(rule), rule.rule, rule.feature, RuleTest(rule), RulePoints(rule)));
    std::ranges::replace(line, '`', '\'');
    line = CutCodePoints(line, 200) + "\n";
    if (CodePoints(block) + CodePoints(line) > kFieldValueMax - 60) {
      if (used + 1 == kRuleFieldsMax) {
        block += fmt::format("? ... and {} more\n", alert.rules.size() - shown);
        break;
      }
      close();
    }
    block += line;
    ++shown;
  }
  if (block.empty()) block = "no rules\n";
  close();
}

std::string Headline(const AlertCard& card) {
  return fmt::format("{} {}", card.symbol, SideWord(card.alert));
}

std::string Delta(Price price, Price entry) {
  return fmt::format("{} ({})", price.ToString(), Signed((price - entry).ToString()));
}

int Colour(const Notice& notice) {
  return notice.severity == NoticeSeverity::kCritical  ? kRed
         : notice.severity == NoticeSeverity::kWarning ? kAmber
                                                       : kGrey;
}

std::string NoticeContent(const Notice& notice, bool possibly_repeated) {
  return CutCodePoints((possibly_repeated ? "(possibly repeated) **" : "**") + Escaped(notice.title) + "**",
                       kContentMax);
}
Json NoticeEmbed(const AlertCard& card) {
  Json embed;
  embed["title"] = CutCodePoints(Escaped(card.notice->title), kTitleMax);
  embed["description"] = CutCodePoints(Escaped(card.notice->text), kDescriptionMax);
  embed["color"] = Colour(*card.notice);
  embed["footer"] = {{"text", fmt::format("{} | {}", ToString(card.header.id()), ZonedClock(card.header.event_time))}};
  return embed;
}

// What a phone shows without the embed.
std::string Content(const AlertCard& card, bool possibly_repeated) {
  const Alert& alert = card.alert;
  std::string text = possibly_repeated ? "(possibly repeated) " : "";
  if (card.news.kind != AlertUpdateKind::kUnknown) text += Escaped(NewsText(card)) + ": ";
  text += fmt::format("**{}** entry {} stop {} target {}, score {:g}", Escaped(Headline(card)), alert.entry.ToString(),
                      alert.stop.ToString(), alert.target.ToString(), alert.score);
  if (alert.low_confidence) text += ", low confidence";
  if (!alert.stage.empty()) text += ", " + Escaped(StageText(alert));
  const std::string confirmation = ConfirmationText(alert);
  if (!confirmation.empty()) text += ", " + confirmation;
  return CutCodePoints(text, kContentMax);
}

std::string Description(const AlertCard& card, bool possibly_repeated) {
  std::string text;
  if (possibly_repeated) text += "*possibly repeated: the answer to an earlier attempt was lost*\n";
  if (card.alert.low_confidence) text += "**LOW CONFIDENCE**\n";
  if (const std::string line = ConfirmationText(card.alert); !line.empty()) text += fmt::format("**{}**\n", line);
  if (const std::string line = StageText(card.alert); !line.empty()) text += Escaped(line) + "\n";
  if (const std::string line = RecordText(card.alert.record); !line.empty()) text += line + "\n";
  for (const std::string& warning : card.alert.warnings) text += fmt::format("**Warning:** {}\n", Escaped(warning));
  if (card.news.kind != AlertUpdateKind::kUnknown) {
    text += fmt::format("**{}**\n{}\n", Escaped(NewsText(card)), ZonedClock(card.news.time));
  }
  return CutCodePoints(text, kDescriptionMax);
}

Json Embed(const AlertCard& card, bool possibly_repeated, bool picture) {
  const Alert& alert = card.alert;
  const std::string currency = card.currency.empty() ? "" : " " + card.currency;
  Json fields = Json::array();
  fields.push_back(Field("Entry", alert.entry.ToString()));
  fields.push_back(Field("Stop", Delta(alert.stop, alert.entry)));
  fields.push_back(Field("Target", Delta(alert.target, alert.entry)));
  fields.push_back(
      Field("Quantity", fmt::format("{} (cap: {})", alert.quantity.ToString(), SizeCapName(alert.binding_cap))));
  fields.push_back(Field("R:R net", fmt::format("{:.2f}", alert.reward_to_risk_net)));
  fields.push_back(Field("Risk / reward net", fmt::format("{} ({}) / {}{}", Cents(alert.risk), RiskPercent(alert),
                                                          Cents(alert.reward_net), Escaped(currency))));
  AddRules(alert, fields);
  fields.push_back(Field("Profile", Escaped(card.instance.empty() ? "unknown" : card.instance)));
  fields.push_back(Field("Spread", alert.spread.ToString()));
  fields.push_back(Field("Expires", ZonedClock(alert.expires)));

  const double age_ms = static_cast<double>((card.header.ingest_time - card.header.event_time).count()) / 1e6;
  Json embed;
  std::string title = Headline(card) + " @ " + alert.entry.ToString();
  if (alert.low_confidence) title += " [LOW CONFIDENCE]";
  embed["title"] = CutCodePoints(Escaped(title), kTitleMax);
  const std::string description = Description(card, possibly_repeated);
  if (!description.empty()) embed["description"] = description;
  embed["color"] = Colour(card);
  embed["fields"] = std::move(fields);
  if (picture) embed["image"] = {{"url", fmt::format("attachment://{}", kPictureName)}};
  embed["footer"] = {
      {"text", fmt::format("{} | data {:.1f} ms old at trigger {}", ToString(card.header.correlation_id()), age_ms,
                           ZonedClock(alert.triggered))}};
  embed["timestamp"] = FormatTime(alert.triggered).substr(0, 23) + "Z";
  return embed;
}

// "Retry-After: 1.5"; 0 where it is no number.
Duration Seconds(std::string_view text) {
  double seconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (parsed.ec != std::errc() || !(seconds > 0)) return {};
  return std::min<Duration>(kWaitMax, Duration(static_cast<int64_t>(std::min(seconds, 1e6) * 1e9)));
}

std::string Detail(int status, const nlohmann::json& body) {
  std::string detail = fmt::format("HTTP {}", status);
  if (!body.is_object()) return detail;
  if (body.contains("code") && body["code"].is_number_integer())
    detail += fmt::format(" code {}", body["code"].get<int>());
  if (body.contains("message") && body["message"].is_string()) {
    detail += " " + CutCodePoints(ValidUtf8(body["message"].get<std::string>()), 150);
  }
  return detail;
}

int Code(const nlohmann::json& body) {
  return body.is_object() && body.contains("code") && body["code"].is_number_integer() ? body["code"].get<int>() : 0;
}

Judgement Accepted(const net::HttpResult& result, const nlohmann::json& body) {
  Judgement judgement;
  if (body.is_object() && body.contains("id") && body["id"].is_string()) {
    judgement.verdict = Verdict::kAccepted;
    judgement.message_id = body["id"].get<std::string>();
  } else if (result.status == 204) {
    judgement.verdict = Verdict::kAccepted;
  } else {
    judgement.detail = fmt::format("HTTP {} without a message", result.status);  // not Discord's answer
  }
  if (result.header("x-ratelimit-remaining") == "0") judgement.wait = Seconds(result.header("x-ratelimit-reset-after"));
  return judgement;
}

Judgement RateLimited(const net::HttpResult& result, const nlohmann::json& body) {
  Judgement judgement{.verdict = Verdict::kRateLimited, .detail = Detail(result.status, body)};
  judgement.wait = Seconds(result.header("retry-after"));
  judgement.global = result.header("x-ratelimit-global") == "true";
  if (!body.is_object()) {
    judgement.wait = std::max(judgement.wait, DiscordAdapter::kBanPause);
    judgement.global = true;
    judgement.detail += " (no answer of Discord's own: it bans this address for a while)";
    return judgement;
  }
  if (body.contains("retry_after") && body["retry_after"].is_number()) {
    judgement.wait = std::max(judgement.wait, Seconds(fmt::format("{}", body["retry_after"].get<double>())));
  }
  if (body.contains("global") && body["global"].is_boolean() && body["global"].get<bool>()) judgement.global = true;
  return judgement;
}

}  // namespace

std::string DiscordMessage(const AlertCard& card, bool possibly_repeated, bool picture) {
  Json message;
  if (card.notice) {
    message["content"] = NoticeContent(*card.notice, possibly_repeated);
    message["embeds"] = Json::array({NoticeEmbed(card)});
  } else {
    message["content"] = Content(card, possibly_repeated);
    message["embeds"] = Json::array({Embed(card, possibly_repeated, picture)});
  }
  message["allowed_mentions"] = {{"parse", Json::array()}};
  return message.dump(-1, ' ', false, Json::error_handler_t::replace);
}

net::HttpRequest DiscordAdapter::Request(const DeliveryTask& task) const {
  net::HttpRequest request;
  // A URL may come with a query of its own ("?thread_id=...").
  const size_t mark = config_.url.find('?');
  const std::string path = config_.url.substr(0, mark);
  const std::string query = mark == std::string::npos ? "" : config_.url.substr(mark + 1);
  const bool edit = task.update != AlertUpdateKind::kUnknown;
  if (edit) {
    request.method = "PATCH";
    request.url = fmt::format("{}/messages/{}{}{}", path, task.message_id, query.empty() ? "" : "?", query);
  } else {
    request.url = fmt::format("{}?wait=true{}{}", path, query.empty() ? "" : "&", query);
  }
  // An edit keeps the files of its message, and shows them where the embed says.
  const bool picture = edit ? config_.chart : !task.picture.empty();
  std::string json = DiscordMessage(task.card, task.possibly_repeated, picture);
  if (edit || task.picture.empty()) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = std::move(json);
    return request;
  }
  request.parts.push_back({"payload_json", "", "application/json", std::move(json)});
  request.parts.push_back({"files[0]", std::string(kPictureName), "image/png", std::string(task.picture)});
  return request;
}

Judgement DiscordAdapter::Judge(const net::HttpResult& result) const {
  if (result.outcome == net::HttpOutcome::kNotSent) return {.verdict = Verdict::kNotAccepted, .detail = result.error};
  if (result.outcome == net::HttpOutcome::kAnswerLost) return {.verdict = Verdict::kAnswerLost, .detail = result.error};
  const nlohmann::json body = nlohmann::json::parse(result.body, nullptr, /*allow_exceptions=*/false);
  const int status = result.status;
  if (status < 300) return Accepted(result, body);
  if (status == 429 || (status == 403 && !body.is_object())) return RateLimited(result, body);
  Judgement judgement{.verdict = Verdict::kRefused, .detail = Detail(status, body)};
  if (status >= 500 || status == 408 || status == 425) {
    judgement.verdict = Verdict::kNotAccepted;
  } else if (status == 404 && Code(body) == kCodeUnknownMessage) {
    judgement.detail += " (the message was deleted)";
  } else if (status == 401 || status == 403 || status == 404) {
    judgement.verdict = Verdict::kChannelRefused;
  }
  return judgement;
}

}  // namespace spillway::notifier
