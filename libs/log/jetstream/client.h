// What the files of this folder share: a connection's insides, and JetStream's requests as statuses. Includes NATS.c,
// so it is included by .cc files of this folder only.
#pragma once

#include <nats/nats.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/log/event_log.h"
#include "libs/log/jetstream/connection.h"

namespace spillway::jetstream {

using SteadyTime = std::chrono::steady_clock::time_point;
inline SteadyTime SteadyNow() {
  return std::chrono::steady_clock::now();
}

template <auto Destroy>
struct NatsDeleter {
  template <class T>
  void operator()(T* object) const {
    Destroy(object);
  }
};
using MessagePtr = std::unique_ptr<natsMsg, NatsDeleter<natsMsg_Destroy>>;
using SubscriptionPtr = std::unique_ptr<natsSubscription, NatsDeleter<natsSubscription_Destroy>>;
using StreamInfoPtr = std::unique_ptr<jsStreamInfo, NatsDeleter<jsStreamInfo_Destroy>>;
using ConsumerInfoPtr = std::unique_ptr<jsConsumerInfo, NatsDeleter<jsConsumerInfo_Destroy>>;

// Error codes of the server that NATS.c has no use for.
inline constexpr int kStorageExhausted = 10047;
inline constexpr int kResourcesExhausted = 10023;
inline constexpr int kClusterUnavailable = 10008;
inline constexpr int kClusterNotLeader = 10009;
inline constexpr int kNoQuorum = 10010;
inline constexpr int kNotEnabledForAccount = 10039;
inline constexpr int kMessageTooBig = 10054;
inline constexpr int kNotEnabled = 10076;

// Of a message's max_payload, kept free for headers.
inline constexpr size_t kHeaderBytesMax = 4096;

// A message as it is stored in a stream.
struct StoredMessage {
  MessagePtr message;
  uint64_t sequence = 0;
  int64_t stored_ns = 0;  // the server's clock

  std::string_view bytes() const;
  std::string Header(const char* name) const;  // empty: absent
};

struct StreamState {
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
  uint64_t messages = 0;
  uint64_t bytes = 0;
  int64_t created_ns = 0;    // tells a stream from one that was made in its place
  int64_t last_time_ns = 0;  // of the last message, the server's clock
};

enum class Expect { kAnything, kNothing, kSequence };
struct Publication {
  natsMsg* message = nullptr;
  std::string id;  // Nats-Msg-Id; empty: none
  // What the server must have as the last message on the subject, or it refuses.
  Expect expect = Expect::kAnything;
  uint64_t expected_sequence = 0;
};
struct Publish {
  enum class Result {
    kStored,
    kRefused,   // the subject's last message is another
    kNotKnown,  // stored or not: nobody answered, or nobody can now. It may be sent again
    kFailed,    // final
  };
  Result result = Result::kFailed;
  uint64_t sequence = 0;   // kStored
  bool duplicate = false;  // kStored, by an earlier publish of this id
  absl::Status status;     // why, of the other three
};

struct Connection::Impl {
  ConnectionOptions options;
  ConnectionObserver observer;
  natsConnection* connection = nullptr;
  jsCtx* jetstream = nullptr;
  std::string servers;  // for texts: without credentials
  std::string inbox_prefix;
  std::atomic<uint64_t> reconnects = 0;
  std::atomic<bool> closed = false;

  ~Impl();
  void Tell(ConnectionEvent event, const std::string& detail);
  bool connected() const;
  std::string NewInbox() const;

  // What the server forbade since then whose text has one of the words, or this connection's inbox; empty: nothing. The
  // server says so beside the request, which then only times out.
  std::string Forbidden(SteadyTime since, std::initializer_list<std::string_view> words);
  void NoteForbidden(const std::string& text);

  // Runs one request of JetStream's API until it is answered, again while the server is away, slow or without a leader,
  // at most until the deadline: then Unavailable. `where` begins the error's text; `stream` finds what was forbidden.
  // NotFound: no such stream (or message, or consumer).
  using Request = std::function<natsStatus(jsOptions* options, jsErrCode* code)>;
  absl::Status Ask(const std::string& where, std::string_view stream, SteadyTime deadline, const Request& request);

  absl::StatusOr<StreamState> State(const std::string& stream, SteadyTime deadline);
  // nullopt: none.
  absl::StatusOr<std::optional<StoredMessage>> LastOn(const std::string& stream, const std::string& subject,
                                                      SteadyTime deadline);
  absl::StatusOr<std::optional<StoredMessage>> At(const std::string& stream, uint64_t sequence, SteadyTime deadline);

  // One try, which waits for its answer until the deadline, and a second at most.
  Publish PublishOnce(const Publication& publication, const std::string& stream, SteadyTime deadline);
  // Tries until it is stored, refused or failed; kNotKnown (Unavailable) at the deadline.
  Publish PublishUntil(const Publication& publication, const std::string& stream, SteadyTime deadline);

  std::mutex mutex;
  std::condition_variable changed;  // closed
  struct Violation {
    SteadyTime when;
    std::string text;
  };
  std::deque<Violation> violations;  // the last few
};

// The names of a lane: see jetstream_log.h.
std::string StreamOf(std::string_view prefix, const log::LaneName& lane);
std::string SubjectOf(std::string_view prefix, const log::LaneName& lane, std::string_view producer);  // "*": all

MessagePtr NewMessage(const std::string& subject, std::string_view bytes);
// "metrics:" and 32 hexadecimal digits, XXH3-128. The server knows ids by stream: two producers may say the same.
std::string ContentId(std::string_view producer, std::string_view bytes);

}  // namespace spillway::jetstream
