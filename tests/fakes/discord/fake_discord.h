// Discord's webhook protocol and a signed webhook of one's own, as a test's other side: takes messages and edits,
// checks them as the real ones do, keeps them, and misbehaves on request. No sockets here: main.cc brings the requests.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"

namespace spillway::fake {

using Json = nlohmann::ordered_json;

struct Request {
  std::string method;
  std::string path;
  std::string query;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string content_type = "application/json";
  std::string body;
  std::chrono::milliseconds delay{0};  // before the answer
  bool drop = false;                   // close without an answer (after the delay)
  bool die = false;                    // the process ends without an answer
};

struct FakeOptions {
  std::string webhook_id = "1001";
  std::string webhook_token = "fake-token";
  std::vector<std::string> secrets = {"fake-secret"};  // of /hook
  int bucket_messages = 5;                             // a webhook's requests ...
  std::chrono::milliseconds bucket_period{2000};       // ... in so long; 0 messages: no limit
  std::string store;                                   // a file that keeps what was accepted over restarts; "": none
};

class FakeDiscord {
 public:
  // Reads what the store holds. Throws std::runtime_error where it cannot be opened.
  explicit FakeDiscord(FakeOptions options);

  Response Handle(const Request& request);  // from any thread

 private:
  using Clock = std::chrono::system_clock;

  struct Message {
    std::string id;
    std::string target;  // "discord" or "hook"
    int64_t received_ns = 0;
    Json json;
    std::string picture;
    std::vector<Json> edits;  // {"received_ns", "json"}
    std::string event_id, event_type;
    int copies = 1;  // hook: how often it came with this id
    bool deleted = false;
  };

  Response Route(const Request& request);
  Response Webhook(const Request& request);
  Response Execute(const Request& request);
  Response OneMessage(const Request& request, const std::string& id);
  Response Hook(const Request& request);
  Response Control(const Request& request);
  Response Page() const;
  Response Picture(const std::string& id) const;

  // What the next request that counts is to meet; nullopt: nothing.
  std::optional<Json> TakeBehaviour(const std::string& target);
  std::optional<Json> DrawBehaviour();
  // The answer instead of the real one; nullopt: the request is handled, and `behaviour` changes how it is answered.
  std::optional<Response> Misbehave(const Json& behaviour) const;
  void Spoil(const Json& behaviour, Response& response) const;

  std::optional<Response> OverBucket();
  void AddBucketHeaders(Response& response) const;

  Message& Add(Message message);
  Message* Find(const std::string& id);
  void Store(const Json& line);
  void Load();
  Json MessageObject(const Message& message) const;
  Json Listing() const;
  Json Stats() const;

  const FakeOptions options_;
  mutable std::mutex mutex_;
  std::deque<Message> messages_;
  uint64_t next_id_ = 1;
  std::deque<Json> next_;  // behaviours, one a request
  Json rate_ = Json::object();
  std::mt19937_64 random_{1};
  std::deque<std::chrono::steady_clock::time_point> bucket_;
  std::map<int, uint64_t> by_status_;
  uint64_t requests_ = 0, edits_ = 0, invalid_ = 0, rate_limited_ = 0, bad_signatures_ = 0, hook_copies_ = 0;
  uint64_t dropped_ = 0;
  std::ofstream store_;
};

// 400 / 50035's "errors" of a message's JSON; an empty object: it is valid. Limits are inclusive, in code points.
Json FormErrors(const Json& message);

// The parts of multipart/form-data by name, with their file names.
struct Part {
  std::string name, file_name, data;
};
std::vector<Part> ParseMultipart(const std::string& content_type, const std::string& body);

}  // namespace spillway::fake
