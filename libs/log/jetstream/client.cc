#include "libs/log/jetstream/client.h"

#include <xxhash.h>

#include <algorithm>
#include <thread>

#include "fmt/format.h"

namespace spillway::jetstream {
namespace {

constexpr auto kFirstRequestWait = std::chrono::milliseconds(500);  // what is forbidden is noticed by its silence
constexpr auto kRequestWait = std::chrono::seconds(2);
constexpr auto kPublishWait = std::chrono::seconds(1);
constexpr auto kRetryPause = std::chrono::milliseconds(50);
constexpr size_t kViolationsKept = 32;

int64_t MillisecondsUntil(SteadyTime deadline, std::chrono::milliseconds most) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyNow());
  return std::clamp<int64_t>(left.count(), 1, most.count());
}

// What JetStream or the connection said about the last call of this thread.
std::string LastText(natsStatus status) {
  natsStatus last = NATS_OK;
  const char* text = nats_GetLastError(&last);  // not cleared by a call that sets no text
  return last == status && text != nullptr && *text != '\0' ? text : natsStatus_GetText(status);
}

bool IsTransient(natsStatus status, int code) {
  switch (code) {
    case 0:
      break;
    case kClusterUnavailable:
    case kClusterNotLeader:
    case kNoQuorum:
      return true;
    default:
      return false;
  }
  switch (status) {
    case NATS_TIMEOUT:
    case NATS_NO_RESPONDERS:
    case NATS_CONNECTION_DISCONNECTED:
    case NATS_NOT_YET_CONNECTED:
    case NATS_IO_ERROR:
    case NATS_NO_SERVER:
    case NATS_STALE_CONNECTION:
    case NATS_INSUFFICIENT_BUFFER:  // the buffer of a connection that is away is full
      return true;
    default:
      return false;
  }
}

absl::Status FinalStatus(const std::string& where, natsStatus status, int code) {
  const std::string text = where + ": " + LastText(status);
  switch (code) {
    case JSStreamNotFoundErr:
    case JSNoMessageFoundErr:
      return absl::NotFoundError(text);
    case kStorageExhausted:
    case kResourcesExhausted:
      return absl::ResourceExhaustedError(
          text +
          ". The server's JetStream limits are smaller than what the streams reserve: raise max_file in "
          "nats-server.conf, or lower the retention in bytes");
    case kNotEnabled:
    case kNotEnabledForAccount:
      return absl::FailedPreconditionError(text + ". Start the server with JetStream (deploy/nats)");
    case kMessageTooBig:
      return absl::InvalidArgumentError(text);
    default:
      break;
  }
  switch (status) {
    case NATS_NOT_FOUND:
      return absl::NotFoundError(text);
    case NATS_NOT_PERMITTED:
    case NATS_CONNECTION_AUTH_FAILED:
      return absl::PermissionDeniedError(text);
    case NATS_INVALID_ARG:
    case NATS_INVALID_SUBJECT:
    case NATS_MAX_PAYLOAD:
      return absl::InvalidArgumentError(text);
    default:
      return absl::InternalError(text);
  }
}

absl::Status Closed(const std::string& where, const std::string& servers) {
  return absl::PermissionDeniedError(fmt::format(
      "{}: the connection to {} is closed for good: the server refused to take it back. Check user, password "
      "and certificates, and start again",
      where, servers));
}

}  // namespace

std::string_view StoredMessage::bytes() const {
  return {natsMsg_GetData(message.get()), static_cast<size_t>(natsMsg_GetDataLength(message.get()))};
}

std::string StoredMessage::Header(const char* name) const {
  const char* value = nullptr;
  if (natsMsgHeader_Get(message.get(), name, &value) != NATS_OK || value == nullptr) return "";
  return value;
}

std::string Connection::Impl::NewInbox() const {
  natsInbox* inbox = nullptr;
  if (natsInbox_Create(&inbox) != NATS_OK) return "";
  const std::string_view fresh = inbox;  // "_INBOX.<unique>"
  std::string name = inbox_prefix + std::string(fresh.substr(fresh.find('.')));
  natsInbox_Destroy(inbox);
  return name;
}

void Connection::Impl::NoteForbidden(const std::string& text) {
  const std::lock_guard lock(mutex);
  violations.push_back({SteadyNow(), text});
  if (violations.size() > kViolationsKept) violations.pop_front();
}

std::string Connection::Impl::Forbidden(SteadyTime since, std::initializer_list<std::string_view> words) {
  const std::lock_guard lock(mutex);
  for (const Violation& violation : violations) {
    if (violation.when < since) continue;
    const auto has = [&](std::string_view word) { return violation.text.find(word) != std::string::npos; };
    if (has(inbox_prefix) || std::ranges::any_of(words, has)) return violation.text;
  }
  return "";
}

absl::Status Connection::Impl::Ask(const std::string& where, std::string_view stream, SteadyTime deadline,
                                   const Request& request) {
  const SteadyTime begin = SteadyNow();
  std::string last = "not connected";
  int tries = 0;
  while (true) {
    if (closed) return Closed(where, servers);
    if (connected()) {
      jsOptions js_options;
      jsOptions_Init(&js_options);
      js_options.Wait = MillisecondsUntil(deadline, tries++ == 0 ? kFirstRequestWait : kRequestWait);
      jsErrCode code = static_cast<jsErrCode>(0);
      const natsStatus status = request(&js_options, &code);
      if (status == NATS_OK) return absl::OkStatus();
      if (!IsTransient(status, code)) return FinalStatus(where, status, code);
      last = LastText(status);
      if (const std::string forbidden = Forbidden(begin, {stream}); !forbidden.empty()) {
        return absl::PermissionDeniedError(
            fmt::format("{}: {} says: {}. User {} lacks this right: see docs/jetstream.md", where, servers, forbidden,
                        options.user.empty() ? "(none)" : options.user));
      }
    }
    if (SteadyNow() + kRetryPause >= deadline) break;
    std::this_thread::sleep_for(kRetryPause);
  }
  return absl::UnavailableError(
      fmt::format("{}: no answer from {} ({}). Is it running, with JetStream?", where, servers, last));
}

absl::StatusOr<StreamState> Connection::Impl::State(const std::string& stream, SteadyTime deadline) {
  StreamInfoPtr info;
  const absl::Status asked = Ask("stream " + stream, stream, deadline, [&](jsOptions* js_options, jsErrCode* code) {
    jsStreamInfo* raw = nullptr;
    const natsStatus status = js_GetStreamInfo(&raw, jetstream, stream.c_str(), js_options, code);
    info.reset(raw);
    return status;
  });
  if (!asked.ok()) return asked;
  const jsStreamState& state = info->State;
  return StreamState{.first_sequence = state.FirstSeq,
                     .last_sequence = state.LastSeq,
                     .messages = state.Msgs,
                     .bytes = state.Bytes,
                     .created_ns = info->Created,
                     .last_time_ns = state.LastTime};
}

namespace {

// `get` fills the message. A message that is not there is no error.
absl::StatusOr<std::optional<StoredMessage>> GetMessage(
    Connection::Impl& impl, const std::string& where, const std::string& stream, SteadyTime deadline,
    const std::function<natsStatus(natsMsg** message, jsOptions* options, jsErrCode* code)>& get) {
  StoredMessage stored;
  bool none = false;
  const absl::Status asked = impl.Ask(where, stream, deadline, [&](jsOptions* js_options, jsErrCode* code) {
    natsMsg* raw = nullptr;
    const natsStatus status = get(&raw, js_options, code);
    stored.message.reset(raw);
    none = *code == JSNoMessageFoundErr || (status == NATS_NOT_FOUND && *code == 0);
    return none ? NATS_OK : status;
  });
  if (!asked.ok()) return asked;
  if (none) return std::nullopt;
  stored.sequence = natsMsg_GetSequence(stored.message.get());
  stored.stored_ns = natsMsg_GetTime(stored.message.get());
  return std::optional<StoredMessage>(std::move(stored));
}

}  // namespace

absl::StatusOr<std::optional<StoredMessage>> Connection::Impl::LastOn(const std::string& stream,
                                                                      const std::string& subject, SteadyTime deadline) {
  return GetMessage(*this, fmt::format("last message on {} of stream {}", subject, stream), stream, deadline,
                    [&](natsMsg** message, jsOptions* js_options, jsErrCode* code) {
                      return js_GetLastMsg(message, jetstream, stream.c_str(), subject.c_str(), js_options, code);
                    });
}

absl::StatusOr<std::optional<StoredMessage>> Connection::Impl::At(const std::string& stream, uint64_t sequence,
                                                                  SteadyTime deadline) {
  return GetMessage(*this, fmt::format("message {} of stream {}", sequence, stream), stream, deadline,
                    [&](natsMsg** message, jsOptions* js_options, jsErrCode* code) {
                      return js_GetMsg(message, jetstream, stream.c_str(), sequence, js_options, code);
                    });
}

Publish Connection::Impl::PublishOnce(const Publication& publication, const std::string& stream, SteadyTime deadline) {
  const std::string subject = natsMsg_GetSubject(publication.message);
  const std::string where = fmt::format("append to {} (stream {})", subject, stream);
  const auto not_known = [&](const std::string& why) {
    return Publish{.result = Publish::Result::kNotKnown, .status = absl::UnavailableError(where + ": " + why)};
  };
  if (closed) return {.status = Closed(where, servers)};
  if (!connected()) return not_known(servers + " is away");

  jsPubOptions publish_options;
  jsPubOptions_Init(&publish_options);
  publish_options.MaxWait = MillisecondsUntil(deadline, kPublishWait);
  publish_options.ExpectStream = stream.c_str();
  if (!publication.id.empty()) publish_options.MsgId = publication.id.c_str();
  // An expected sequence of 0 would not be sent: an empty subject is said otherwise.
  const bool nothing = publication.expect == Expect::kNothing || publication.expected_sequence == 0;
  if (publication.expect != Expect::kAnything && nothing) publish_options.ExpectNoMessage = true;
  if (publication.expect == Expect::kSequence) publish_options.ExpectLastSubjectSeq = publication.expected_sequence;

  const SteadyTime begin = SteadyNow();
  jsPubAck* ack = nullptr;
  jsErrCode code = static_cast<jsErrCode>(0);
  const natsStatus status = js_PublishMsg(&ack, jetstream, publication.message, &publish_options, &code);
  if (status == NATS_OK) {
    const Publish stored = {.result = Publish::Result::kStored, .sequence = ack->Sequence, .duplicate = ack->Duplicate};
    jsPubAck_Destroy(ack);
    return stored;
  }
  const std::string text = LastText(status);
  if (code == JSStreamWrongLastSequenceErr) {
    return {.result = Publish::Result::kRefused, .status = absl::AbortedError(where + ": " + text)};
  }
  if (const std::string forbidden = Forbidden(begin, {"\"" + subject + "\""}); !forbidden.empty()) {
    return {.status = absl::PermissionDeniedError(
                fmt::format("{}: {} says: {}. User {} lacks this right: see docs/jetstream.md", where, servers,
                            forbidden, options.user.empty() ? "(none)" : options.user))};
  }
  // A full disk may be made room on: it is told after the time for trying is over.
  const bool may_pass = IsTransient(status, code) || (code != 0 && code != kMessageTooBig &&
                                                      code != JSStreamNotFoundErr && code != JSStreamNotMatchErr);
  if (may_pass) return not_known(text);
  return {.status = FinalStatus(where, status, code)};
}

Publish Connection::Impl::PublishUntil(const Publication& publication, const std::string& stream, SteadyTime deadline) {
  int missing = 0;  // how often in a row the server did not know the stream
  while (true) {
    Publish publish = PublishOnce(publication, stream, deadline);
    if (publish.result != Publish::Result::kNotKnown) return publish;
    if (SteadyNow() + kRetryPause >= deadline) return publish;
    std::this_thread::sleep_for(kRetryPause);
    // Nobody listens: a server that is starting, or a stream that does not exist.
    if (connected()) {
      const auto soon = std::min(deadline, SteadyNow() + kRequestWait);
      const absl::StatusOr<StreamState> state = State(stream, soon);
      missing = absl::IsNotFound(state.status()) ? missing + 1 : 0;
      if (missing == 2) return {.status = state.status()};
    }
  }
}

std::string StreamOf(std::string_view prefix, const log::LaneName& lane) {
  std::string name = fmt::format("{}_{}", prefix, lane);
  std::ranges::replace(name, '.', '_');
  return name;
}

std::string SubjectOf(std::string_view prefix, const log::LaneName& lane, std::string_view producer) {
  return fmt::format("{}.v1.{}.{}", prefix, lane, producer);
}

MessagePtr NewMessage(const std::string& subject, std::string_view bytes) {
  natsMsg* message = nullptr;
  natsMsg_Create(&message, subject.c_str(), nullptr, bytes.data(), static_cast<int>(bytes.size()));
  return MessagePtr(message);
}

std::string ContentId(std::string_view producer, std::string_view bytes) {
  const XXH128_hash_t digest = XXH3_128bits(bytes.data(), bytes.size());
  return fmt::format("{}:{:016x}{:016x}", producer, digest.high64, digest.low64);
}

}  // namespace spillway::jetstream
