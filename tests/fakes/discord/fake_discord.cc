#include "tests/fakes/discord/fake_discord.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <stdexcept>

#include "fmt/chrono.h"
#include "fmt/format.h"
#include "tests/fakes/discord/page.h"

namespace spillway::fake {
namespace {

constexpr std::string_view kApi = "/api/webhooks/";
constexpr std::string_view kApi10 = "/api/v10/webhooks/";
constexpr auto kHangMax = std::chrono::seconds(60);
constexpr int64_t kSignatureAgeMax = 300;

int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string IsoTime(int64_t ns) {
  return fmt::format("{:%FT%T}.{:06}+00:00", fmt::gmtime(static_cast<std::time_t>(ns / 1'000'000'000)),
                     ns % 1'000'000'000 / 1000);
}

Response Answer(int status, const Json& body) {
  Response response;
  response.status = status;
  response.body = body.dump();
  return response;
}

Response Error(int status, int code, const std::string& message) {
  return Answer(status, {{"message", message}, {"code", code}});
}

size_t CodePoints(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return 0;
  const auto end = text.find_last_not_of(" \t\r\n");
  return static_cast<size_t>(std::count_if(text.begin() + static_cast<ptrdiff_t>(begin),
                                           text.begin() + static_cast<ptrdiff_t>(end) + 1,
                                           [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

Json FieldError(const std::string& code, const std::string& message) {
  return {{"_errors", Json::array({{{"code", code}, {"message", message}}})}};
}

// Checks a text at `key` of `object` and counts it; puts what is wrong into `errors`.
void CheckText(const Json& object, const std::string& key, size_t limit, bool required, Json& errors, size_t& total) {
  if (!object.contains(key) || object[key].is_null()) {
    if (required) errors[key] = FieldError("BASE_TYPE_REQUIRED", "This field is required");
    return;
  }
  if (!object[key].is_string()) {
    errors[key] = FieldError("STRING_TYPE_CONVERT", "Could not interpret as string.");
    return;
  }
  const size_t length = CodePoints(object[key].get<std::string>());
  total += length;
  if (required && length == 0) errors[key] = FieldError("BASE_TYPE_REQUIRED", "This field is required");
  if (length > limit) {
    errors[key] = FieldError("BASE_TYPE_MAX_LENGTH", fmt::format("Must be {} or fewer in length.", limit));
  }
}

Json EmbedErrors(const Json& embed, size_t& total) {
  Json errors = Json::object();
  if (!embed.is_object()) return FieldError("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType");
  CheckText(embed, "title", 256, false, errors, total);
  CheckText(embed, "description", 4096, false, errors, total);
  size_t ignored = 0;
  if (embed.contains("footer")) {
    Json footer = Json::object();
    CheckText(embed["footer"], "text", 2048, true, footer, total);
    if (!footer.empty()) errors["footer"] = footer;
  }
  if (embed.contains("author")) {
    Json author = Json::object();
    CheckText(embed["author"], "name", 256, true, author, total);
    if (!author.empty()) errors["author"] = author;
  }
  if (embed.contains("color") && (!embed["color"].is_number_integer() || embed["color"].get<int64_t>() < 0 ||
                                  embed["color"].get<int64_t>() > 0xFFFFFF)) {
    errors["color"] = FieldError("NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215.");
  }
  if (embed.contains("timestamp")) CheckText(embed, "timestamp", 40, true, errors, ignored);
  const Json fields = embed.value("fields", Json::array());
  if (fields.size() > 25) errors["fields"] = FieldError("BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.");
  for (size_t i = 0; i < fields.size(); ++i) {
    Json field = Json::object();
    CheckText(fields[i], "name", 256, true, field, total);
    CheckText(fields[i], "value", 1024, true, field, total);
    if (!field.empty()) errors["fields"][std::to_string(i)] = field;
  }
  return errors;
}

std::string Hex(const unsigned char* bytes, size_t size) {
  std::string hex;
  for (size_t i = 0; i < size; ++i) hex += fmt::format("{:02x}", bytes[i]);
  return hex;
}

bool SignatureFits(const std::vector<std::string>& secrets, const std::string& header, const std::string& text) {
  for (const std::string& secret : secrets) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
    unsigned int size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
    const std::string expected = "v1=" + Hex(digest.data(), size);
    for (size_t at = 0; at < header.size();) {
      const size_t comma = std::min(header.find(',', at), header.size());
      const std::string given = header.substr(at, comma - at);
      if (given.size() == expected.size() && CRYPTO_memcmp(given.data(), expected.data(), given.size()) == 0) {
        return true;
      }
      at = comma + 1;
    }
  }
  return false;
}

std::string HeaderOf(const Request& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? "" : found->second;
}

}  // namespace

Json FormErrors(const Json& message) {
  Json errors = Json::object();
  size_t ignored = 0, total = 0;
  CheckText(message, "content", 2000, false, errors, ignored);
  const Json embeds = message.value("embeds", Json::array());
  if (embeds.size() > 10) errors["embeds"] = FieldError("BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.");
  for (size_t i = 0; i < embeds.size(); ++i) {
    Json embed = EmbedErrors(embeds[i], total);
    if (!embed.empty()) errors["embeds"][std::to_string(i)] = std::move(embed);
  }
  if (total > 6000) {
    errors["embeds"] = FieldError("MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000");
  }
  return errors;
}

std::vector<Part> ParseMultipart(const std::string& content_type, const std::string& body) {
  std::vector<Part> parts;
  const size_t at = content_type.find("boundary=");
  if (at == std::string::npos) return parts;
  std::string boundary = content_type.substr(at + 9);
  boundary = boundary.substr(0, boundary.find(';'));
  std::erase(boundary, '"');
  const std::string mark = "--" + boundary;
  size_t begin = body.find(mark);
  while (begin != std::string::npos) {
    begin += mark.size();
    if (body.compare(begin, 2, "--") == 0) break;
    const size_t head_end = body.find("\r\n\r\n", begin);
    const size_t end = body.find("\r\n" + mark, begin);
    if (head_end == std::string::npos || end == std::string::npos || end < head_end + 4) break;
    const std::string head = body.substr(begin, head_end - begin);
    const auto quoted = [&](const std::string& key) -> std::string {
      const size_t found = head.find(key + "=\"");
      if (found == std::string::npos) return "";
      const size_t start = found + key.size() + 2;
      return head.substr(start, head.find('"', start) - start);
    };
    parts.push_back({quoted("; name"), quoted("; filename"), body.substr(head_end + 4, end - head_end - 4)});
    begin = end + 2;
  }
  return parts;
}

FakeDiscord::FakeDiscord(FakeOptions options) : options_(std::move(options)) {
  if (options_.store.empty()) return;
  Load();
  store_.open(options_.store, std::ios::app | std::ios::binary);
  if (!store_) throw std::runtime_error(fmt::format("--store: cannot write '{}'", options_.store));
}

Response FakeDiscord::Handle(const Request& request) {
  const std::lock_guard lock(mutex_);
  try {
    return Route(request);
  } catch (const Json::exception& error) {
    return Error(400, 50109, fmt::format("The request body contains invalid JSON: {}", error.what()));
  }
}

Response FakeDiscord::Route(const Request& request) {
  const std::string& path = request.path;
  if (path == "/") return Page();
  if (path.starts_with("/fake/")) return Control(request);
  const bool hook = path == "/hook";
  if (!hook && !path.starts_with(kApi) && !path.starts_with(kApi10)) return Error(404, 0, "404: Not Found");
  ++requests_;
  Response response;
  std::optional<Json> behaviour;
  if (request.method != "GET") behaviour = TakeBehaviour(hook ? "hook" : "discord");
  const std::optional<Response> instead = behaviour ? Misbehave(*behaviour) : std::nullopt;
  if (instead) {
    response = *instead;
  } else {
    response = hook ? Hook(request) : Webhook(request);
    if (behaviour) Spoil(*behaviour, response);
  }
  if (!hook) AddBucketHeaders(response);
  if (response.drop || response.die) {
    ++dropped_;
  } else {
    ++by_status_[response.status];
  }
  return response;
}

// ---- Discord's

Response FakeDiscord::Webhook(const Request& request) {
  const size_t start = request.path.starts_with(kApi10) ? kApi10.size() : kApi.size();
  std::vector<std::string> parts;
  for (size_t at = start; at <= request.path.size();) {
    const size_t slash = std::min(request.path.find('/', at), request.path.size());
    parts.push_back(request.path.substr(at, slash - at));
    at = slash + 1;
  }
  if (parts[0] != options_.webhook_id) return Error(404, 10015, "Unknown Webhook");
  if (parts.size() < 2 || parts[1] != options_.webhook_token) return Error(401, 50027, "Invalid Webhook Token");
  if (std::optional<Response> over = OverBucket()) return *over;
  if (parts.size() == 2 && request.method == "POST") return Execute(request);
  if (parts.size() == 4 && parts[2] == "messages") return OneMessage(request, parts[3]);
  return Error(405, 0, "405: Method Not Allowed");
}

Response FakeDiscord::Execute(const Request& request) {
  Message message;
  message.target = "discord";
  const std::string type = HeaderOf(request, "content-type");
  if (type.starts_with("multipart/form-data")) {
    for (const Part& part : ParseMultipart(type, request.body)) {
      if (part.name == "payload_json") message.json = Json::parse(part.data);
      if (part.name.starts_with("files[")) message.picture = part.data;
    }
    if (message.json.is_null()) return Error(400, 50006, "Cannot send an empty message");
  } else if (type.starts_with("application/json")) {
    message.json = Json::parse(request.body);
  } else {
    return Error(400, 50109,
                 "Expected \"Content-Type\" header to be one of {'application/json', 'multipart/form-data'}");
  }
  const bool has_content = !message.json.value("content", std::string()).empty();
  if (!has_content && message.json.value("embeds", Json::array()).empty() && message.picture.empty()) {
    return Error(400, 50006, "Cannot send an empty message");
  }
  if (const Json errors = FormErrors(message.json); !errors.empty()) {
    ++invalid_;
    return Answer(400, {{"message", "Invalid Form Body"}, {"code", 50035}, {"errors", errors}});
  }
  const Message& added = Add(std::move(message));
  if (request.query.find("wait=true") == std::string::npos) {
    Response none;
    none.status = 204;
    return none;
  }
  return Answer(200, MessageObject(added));
}

Response FakeDiscord::OneMessage(const Request& request, const std::string& id) {
  Message* message = Find(id);
  if (message == nullptr || message->deleted || message->target != "discord") {
    return Error(404, 10008, "Unknown Message");
  }
  if (request.method == "GET") return Answer(200, MessageObject(*message));
  if (request.method == "DELETE") {
    message->deleted = true;
    Response none;
    none.status = 204;
    return none;
  }
  if (request.method != "PATCH") return Error(405, 0, "405: Method Not Allowed");
  const Json json = Json::parse(request.body);
  if (const Json errors = FormErrors(json); !errors.empty()) {
    ++invalid_;
    return Answer(400, {{"message", "Invalid Form Body"}, {"code", 50035}, {"errors", errors}});
  }
  ++edits_;
  message->edits.push_back({{"received_ns", NowNs()}, {"json", json}});
  Store({{"edit", id}, {"received_ns", message->edits.back()["received_ns"]}, {"json", json}});
  return Answer(200, MessageObject(*message));
}

// Rounded up: who waits that long must not be early.
static std::string SecondsHeader(double seconds) {
  return fmt::format("{:.3f}", std::ceil(std::max(0.0, seconds) * 1000) / 1000);
}

std::optional<Response> FakeDiscord::OverBucket() {
  if (options_.bucket_messages <= 0) return std::nullopt;
  const auto now = std::chrono::steady_clock::now();
  while (!bucket_.empty() && now - bucket_.front() >= options_.bucket_period) bucket_.pop_front();
  if (bucket_.size() < static_cast<size_t>(options_.bucket_messages)) {
    bucket_.push_back(now);
    return std::nullopt;
  }
  ++rate_limited_;
  const double wait = std::chrono::duration<double>(bucket_.front() + options_.bucket_period - now).count();
  Response response =
      Answer(429, {{"message", "You are being rate limited."}, {"retry_after", wait}, {"global", false}});
  response.headers.emplace_back("Retry-After", SecondsHeader(wait));
  response.headers.emplace_back("X-RateLimit-Scope", "user");
  return response;
}

void FakeDiscord::AddBucketHeaders(Response& response) const {
  if (options_.bucket_messages <= 0 || response.drop) return;
  const auto now = std::chrono::steady_clock::now();
  const auto used = static_cast<int>(std::count_if(
      bucket_.begin(), bucket_.end(), [&](const auto& time) { return now - time < options_.bucket_period; }));
  const auto reset = bucket_.empty() ? options_.bucket_period : bucket_.front() + options_.bucket_period - now;
  response.headers.emplace_back("X-RateLimit-Bucket", "f8a3c1");
  response.headers.emplace_back("X-RateLimit-Limit", std::to_string(options_.bucket_messages));
  response.headers.emplace_back("X-RateLimit-Remaining", std::to_string(std::max(0, options_.bucket_messages - used)));
  response.headers.emplace_back("X-RateLimit-Reset-After", SecondsHeader(std::chrono::duration<double>(reset).count()));
}

Json FakeDiscord::MessageObject(const Message& message) const {
  const Json& shown = message.edits.empty() ? message.json : message.edits.back()["json"];
  Json attachments = Json::array();
  if (!message.picture.empty()) {
    attachments.push_back({{"id", message.id + "1"},
                           {"filename", "alert.png"},
                           {"size", message.picture.size()},
                           {"url", fmt::format("/fake/messages/{}/picture", message.id)},
                           {"content_type", "image/png"}});
  }
  return {{"id", message.id},
          {"type", 0},
          {"content", shown.value("content", "")},
          {"channel_id", "2001"},
          {"author", {{"bot", true}, {"id", options_.webhook_id}, {"username", "Spillway"}}},
          {"attachments", attachments},
          {"embeds", shown.value("embeds", Json::array())},
          {"mentions", Json::array()},
          {"timestamp", IsoTime(message.received_ns)},
          {"edited_timestamp",
           message.edits.empty() ? Json() : Json(IsoTime(message.edits.back()["received_ns"].get<int64_t>()))},
          {"webhook_id", options_.webhook_id}};
}

// ---- one's own webhook

Response FakeDiscord::Hook(const Request& request) {
  if (request.method != "POST") return Error(405, 0, "405: Method Not Allowed");
  const std::string timestamp = HeaderOf(request, "x-timestamp");
  const int64_t age = NowNs() / 1'000'000'000 - std::strtoll(timestamp.c_str(), nullptr, 10);
  if (age > kSignatureAgeMax || age < -kSignatureAgeMax) {
    ++bad_signatures_;
    return Answer(401, {{"error", "X-Timestamp is more than 300 s from now"}});
  }
  if (!SignatureFits(options_.secrets, HeaderOf(request, "x-signature"), timestamp + "." + request.body)) {
    ++bad_signatures_;
    return Answer(401, {{"error", "X-Signature does not fit"}});
  }
  const std::string id = HeaderOf(request, "x-event-id");
  const auto known = std::find_if(messages_.begin(), messages_.end(), [&](const Message& message) {
    return message.target == "hook" && message.event_id == id;
  });
  if (known != messages_.end()) {
    ++known->copies;
    ++hook_copies_;
    return Answer(200, {{"duplicate", true}});
  }
  Message message;
  message.target = "hook";
  message.json = Json::parse(request.body);
  message.event_id = id;
  message.event_type = HeaderOf(request, "x-event-type");
  Add(std::move(message));
  return Answer(200, {{"ok", true}});
}

// ---- misbehaviour

std::optional<Json> FakeDiscord::TakeBehaviour(const std::string& target) {
  for (auto it = next_.begin(); it != next_.end(); ++it) {
    if (it->contains("target") && (*it)["target"] != target) continue;
    Json behaviour = *it;
    const int count = behaviour.value("count", 1);
    if (count > 1) {
      (*it)["count"] = count - 1;
    } else {
      next_.erase(it);
    }
    return behaviour;
  }
  return DrawBehaviour();
}

std::optional<Json> FakeDiscord::DrawBehaviour() {
  if (rate_.empty()) return std::nullopt;
  double draw = std::uniform_real_distribution<double>(0, 1)(random_);
  for (const auto& [name, chance] : rate_.items()) {
    if (name == "seed" || name == "delay_ms" || !chance.is_number()) continue;
    draw -= chance.get<double>();
    if (draw >= 0) continue;
    if (name.starts_with("status_")) return Json{{"status", std::atoi(name.c_str() + 7)}};
    return Json{{name, true}};
  }
  if (rate_.contains("delay_ms")) return Json{{"delay_ms", rate_["delay_ms"]}};
  return std::nullopt;
}

std::optional<Response> FakeDiscord::Misbehave(const Json& behaviour) const {
  Response response;
  response.delay = std::chrono::milliseconds(behaviour.value("delay_ms", 0));
  if (behaviour.value("hang", false) && !behaviour.value("accept", false)) {
    response.delay = kHangMax;
    response.drop = true;
    return response;
  }
  if (behaviour.value("drop", false)) {
    response.drop = true;
    return response;
  }
  if (!behaviour.contains("status") && !behaviour.value("html", false)) return std::nullopt;
  response.status = behaviour.value("status", 403);
  if (behaviour.value("html", false)) {
    response.content_type = "text/html";
    response.body = "<html><body><h1>Access denied</h1><p>error code: 1015</p></body></html>";
  } else if (response.status == 429) {
    const double wait = behaviour.value("retry_after", 1.0);
    const bool global = behaviour.value("global", false);
    response.body = Json{{"message", "You are being rate limited."}, {"retry_after", wait}, {"global", global}}.dump();
    response.headers.emplace_back("Retry-After", fmt::format("{}", behaviour.value("retry_after_header", wait)));
    if (global) response.headers.emplace_back("X-RateLimit-Global", "true");
    response.headers.emplace_back("X-RateLimit-Scope", global ? "global" : "user");
  } else if (response.status >= 300 && response.status < 400) {
    response.headers.emplace_back("Location", behaviour.value("location", "http://127.0.0.1:9/"));
  } else {
    response.body = Json{{"message", behaviour.value("message", fmt::format("{}: injected", response.status))},
                         {"code", behaviour.value("code", 0)}}
                        .dump();
  }
  return response;
}

void FakeDiscord::Spoil(const Json& behaviour, Response& response) const {
  response.delay = std::chrono::milliseconds(behaviour.value("delay_ms", 0));
  if (behaviour.value("accept_then_drop", false)) response.drop = true;
  if (behaviour.value("die", false)) response.die = true;
  if (behaviour.value("hang", false)) {
    response.delay = kHangMax;
    response.drop = true;
  }
}

// ---- the tests' side

Response FakeDiscord::Control(const Request& request) {
  const std::string& path = request.path;
  if (path == "/fake/behaviour" && request.method == "PUT") {
    const Json json = Json::parse(request.body);
    next_.clear();
    for (const Json& behaviour : json.value("next", Json::array())) next_.push_back(behaviour);
    rate_ = json.value("rate", Json::object());
    random_.seed(rate_.value("seed", uint64_t{1}));
    return Answer(200, {{"ok", true}});
  }
  if (path == "/fake/behaviour") return Answer(200, {{"next", Json(next_)}, {"rate", rate_}});
  if (path == "/fake/messages" && request.method == "DELETE") {
    messages_.clear();
    return Answer(200, {{"ok", true}});
  }
  if (path == "/fake/messages") return Answer(200, Listing());
  if (path == "/fake/stats") return Answer(200, Stats());
  constexpr std::string_view kPicture = "/picture";
  if (path.starts_with("/fake/messages/") && path.ends_with(kPicture)) {
    return Picture(path.substr(15, path.size() - 15 - kPicture.size()));
  }
  return Error(404, 0, "404: Not Found");
}

Json FakeDiscord::Listing() const {
  Json list = Json::array();
  for (const Message& message : messages_) {
    list.push_back({{"id", message.id},
                    {"target", message.target},
                    {"received_at", IsoTime(message.received_ns)},
                    {"received_ns", message.received_ns},
                    {"event_id", message.event_id},
                    {"event_type", message.event_type},
                    {"copies", message.copies},
                    {"picture_bytes", message.picture.size()},
                    {"deleted", message.deleted},
                    {"json", message.json},
                    {"edits", message.edits}});
  }
  return {{"messages", list}};
}

Json FakeDiscord::Stats() const {
  Json statuses = Json::object();
  for (const auto& [status, count] : by_status_) statuses[std::to_string(status)] = count;
  return {{"requests", requests_},
          {"messages", messages_.size()},
          {"edits", edits_},
          {"by_status", statuses},
          {"dropped", dropped_},
          {"invalid", invalid_},
          {"bucket_full", rate_limited_},
          {"bad_signatures", bad_signatures_},
          {"hook_copies", hook_copies_}};
}

Response FakeDiscord::Picture(const std::string& id) const {
  for (const Message& message : messages_) {
    if (message.id != id || message.picture.empty()) continue;
    Response response;
    response.content_type = "image/png";
    response.body = message.picture;
    return response;
  }
  return Error(404, 0, "no such picture");
}

Response FakeDiscord::Page() const {
  std::string cards;
  for (auto message = messages_.rbegin(); message != messages_.rend(); ++message) {
    cards += Card({.time = IsoTime(message->received_ns),
                   .target = message->target,
                   .picture = message->picture.empty() ? "" : fmt::format("/fake/messages/{}/picture", message->id),
                   .edits = message->edits.size(),
                   .json = message->edits.empty() ? message->json : message->edits.back()["json"]});
  }
  Response response;
  response.content_type = "text/html; charset=utf-8";
  response.body = PageOf(messages_.size(), cards);
  return response;
}

FakeDiscord::Message& FakeDiscord::Add(Message message) {
  const int64_t now = NowNs();
  message.id = std::to_string(1'300'000'000'000'000'000 + next_id_++);
  message.received_ns = now;
  Store({{"message", message.id},
         {"target", message.target},
         {"received_ns", now},
         {"event_id", message.event_id},
         {"event_type", message.event_type},
         {"picture_bytes", message.picture.size()},
         {"json", message.json}});
  messages_.push_back(std::move(message));
  return messages_.back();
}

FakeDiscord::Message* FakeDiscord::Find(const std::string& id) {
  const auto found = std::find_if(messages_.begin(), messages_.end(), [&](const auto& m) { return m.id == id; });
  return found == messages_.end() ? nullptr : &*found;
}

void FakeDiscord::Store(const Json& line) {
  if (store_.is_open()) store_ << line.dump() << '\n' << std::flush;
}

void FakeDiscord::Load() {
  std::ifstream file(options_.store, std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    const Json json = Json::parse(line, nullptr, false);
    if (json.is_discarded()) continue;  // cut short by the end of the process
    if (json.contains("edit")) {
      if (Message* message = Find(json["edit"])) {
        message->edits.push_back({{"received_ns", json["received_ns"]}, {"json", json["json"]}});
      }
      continue;
    }
    Message message;
    message.id = json["message"];
    message.target = json["target"];
    message.received_ns = json["received_ns"];
    message.event_id = json["event_id"];
    message.event_type = json["event_type"];
    message.json = json["json"];
    messages_.push_back(std::move(message));
    ++next_id_;
  }
}

}  // namespace spillway::fake
