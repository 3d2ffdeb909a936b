#include "libs/log/jetstream/stream_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <thread>

#include "fmt/format.h"

namespace spillway::jetstream {
namespace {

using std::chrono::milliseconds;

constexpr auto kHeartbeat = std::chrono::seconds(1);  // of an idle consumer
constexpr auto kSilenceMax = std::chrono::seconds(3);
constexpr milliseconds kSlice(100);  // how soon a reconnect is noticed
constexpr milliseconds kSubscribeWait(2000);
constexpr milliseconds kSubscribePause(100);

template <class Integer>
Integer ParseInteger(const char* text) {
  Integer value = 0;
  if (text != nullptr) std::from_chars(text, text + std::strlen(text), value);
  return value;
}

const char* HeaderOf(natsMsg* message, const char* name) {
  const char* value = nullptr;
  return natsMsgHeader_Get(message, name, &value) == NATS_OK ? value : nullptr;
}

}  // namespace

Time LaneTimeOf(natsMsg* message) {
  return TimeFromNanos(ParseInteger<int64_t>(HeaderOf(message, "T")));
}

StreamReader::StreamReader(std::shared_ptr<Connection> connection, log::LaneName lane)
    : connection_(std::move(connection)),
      impl_(connection_->impl()),
      lane_(std::move(lane)),
      stream_(StreamOf(impl_.options.prefix, lane_)) {}

StreamReader::~StreamReader() {
  Unsubscribe();
}

absl::Status StreamReader::Open() {
  return Look(SteadyNow() + impl_.options.publish_timeout).status();
}

absl::StatusOr<bool> StreamReader::Next(log::LaneMessage& message) {
  absl::StatusOr<bool> taken = Take(message, SteadyNow());
  if (!taken.ok() || *taken) return taken;
  const SteadyTime deadline = SteadyNow() + impl_.options.publish_timeout;
  if (subscription_ == nullptr || pending_ == 0) {
    const absl::StatusOr<StreamState> state = Look(deadline);
    if (!state.ok()) return state.status();
    if (absl::Status check = Check(*state); !check.ok()) return check;
    if (state->last_sequence < next_) return false;
  }
  taken = Take(message, deadline);
  if (!taken.ok() || *taken) return taken;
  return absl::UnavailableError(
      fmt::format("lane {}: message {} is stored, but {} does not send it", lane_, next_, impl_.servers));
}

absl::StatusOr<bool> StreamReader::NextWithin(log::LaneMessage& message, Duration wait) {
  return Take(message, SteadyNow() + wait);
}

absl::StatusOr<bool> StreamReader::Take(log::LaneMessage& message, SteadyTime deadline) {
  current_.reset();
  while (true) {
    if (impl_.closed) return impl_.Ask("lane " + lane_, stream_, deadline, nullptr);
    if (subscription_ == nullptr) {
      if (absl::Status subscribed = Subscribe(); !subscribed.ok()) return subscribed;
    }
    const SteadyTime now = SteadyNow();
    const auto left = std::chrono::ceil<milliseconds>(std::max(deadline - now, SteadyTime::duration(0)));
    const milliseconds slice = std::min(left, kSlice);
    if (subscription_ == nullptr) {
      if (now >= deadline) return false;
      std::this_thread::sleep_for(std::min(slice, milliseconds(10)));
      continue;
    }
    natsMsg* raw = nullptr;
    const natsStatus status = natsSubscription_NextMsg(&raw, subscription_.get(), slice.count());
    if (status == NATS_OK) {
      heard_ = SteadyNow();
      const absl::StatusOr<bool> accepted = Accept(MessagePtr(raw), message);
      if (!accepted.ok() || *accepted) return accepted;
      continue;
    }
    if (status != NATS_TIMEOUT || Stalled()) Unsubscribe();
    if (SteadyNow() >= deadline) return false;
  }
}

absl::StatusOr<bool> StreamReader::Accept(MessagePtr delivered, log::LaneMessage& message) {
  const std::optional<Position> position = ParsePosition(natsMsg_GetReply(delivered.get()));
  if (!position) {
    Answer(delivered.get());
    return false;
  }
  if (position->consumer != ++consumer_sequence_) {  // one was dropped on the way
    Unsubscribe();
    return false;
  }
  pending_ = position->pending;
  if (position->stream < next_) return false;  // a server that clamped the beginning
  if (position->stream > next_) return AcceptGap(position->stream);

  current_ = std::move(delivered);
  natsMsg* raw = current_.get();
  const char* side = HeaderOf(raw, "S");
  message.sequence = position->stream;
  message.time = LaneTimeOf(raw);
  message.bytes = {natsMsg_GetData(raw), static_cast<size_t>(natsMsg_GetDataLength(raw))};
  message.rows = ParseInteger<uint64_t>(HeaderOf(raw, "R"));
  message.side = side == nullptr ? std::string_view() : std::string_view(side);
  read_ = position->stream;
  next_ = read_ + 1;
  return true;
}

absl::StatusOr<bool> StreamReader::AcceptGap(uint64_t sequence) {
  Unsubscribe();
  if (gap_before_ != next_) {  // a second look: from there again
    gap_before_ = next_;
    return false;
  }
  const absl::StatusOr<StreamState> state = Look(SteadyNow() + impl_.options.publish_timeout);
  if (!state.ok()) return state.status();
  if (absl::Status check = Check(*state); !check.ok()) return check;
  return absl::DataLossError(fmt::format("lane {}: stream {} holds {} to {}, but not {}: the one after {} is {}", lane_,
                                         stream_, state->first_sequence, state->last_sequence, next_, next_ - 1,
                                         sequence));
}

void StreamReader::Answer(natsMsg* control) {
  // Flow control wants a reply once we are here, and repeats itself in a heartbeat.
  const char* reply = natsMsg_GetReply(control);
  const char* stalled = HeaderOf(control, "Nats-Consumer-Stalled");
  for (const char* subject : {reply, stalled}) {
    if (subject != nullptr && *subject != '\0') natsConnection_Publish(impl_.connection, subject, nullptr, 0);
  }
  const char* last = HeaderOf(control, "Nats-Last-Consumer");
  if (last != nullptr && ParseInteger<uint64_t>(last) != consumer_sequence_) Unsubscribe();  // the last ones were lost
}

// $JS.ACK.<stream>.<consumer>.<delivered>.<stream sequence>.<consumer sequence>.<time>.<pending>, or with a domain and
// an account in front of the stream, and more behind.
std::optional<StreamReader::Position> StreamReader::ParsePosition(const char* reply) {
  constexpr std::string_view kPrefix = "$JS.ACK.";
  if (reply == nullptr || !std::string_view(reply).starts_with(kPrefix)) return std::nullopt;
  std::array<const char*, 12> tokens{};
  size_t count = 0;
  for (const char* token = reply; token != nullptr && count < tokens.size();) {
    tokens[count++] = token;
    token = std::strchr(token, '.');
    if (token != nullptr) ++token;
  }
  if (count < 9) return std::nullopt;
  const size_t shift = count >= 11 ? 2 : 0;
  const auto number = [&](size_t index) {
    const char* begin = tokens[index + shift];
    uint64_t value = 0;
    std::from_chars(begin, begin + std::strlen(begin), value);
    return value;
  };
  return Position{.stream = number(5), .consumer = number(6), .pending = number(8)};
}

bool StreamReader::Stalled() const {
  if (!impl_.connected()) return false;
  return impl_.reconnects != reconnects_ || SteadyNow() - heard_ > kSilenceMax;
}

absl::Status StreamReader::Subscribe() {
  if (!impl_.connected() || SteadyNow() < try_again_) return absl::OkStatus();
  reconnects_ = impl_.reconnects;
  const SteadyTime deadline = SteadyNow() + kSubscribeWait;
  const auto later = [&](const absl::Status& status) {
    Unsubscribe();
    try_again_ = SteadyNow() + kSubscribePause;
    return absl::IsUnavailable(status) ? absl::OkStatus() : status;
  };
  const absl::StatusOr<StreamState> state = Look(deadline);
  if (!state.ok()) return later(state.status());
  if (absl::Status check = Check(*state); !check.ok()) return check;

  const std::string inbox = impl_.NewInbox();
  natsSubscription* raw = nullptr;
  natsStatus status = natsConnection_SubscribeSync(&raw, impl_.connection, inbox.c_str());
  subscription_.reset(raw);
  // What waits here is bounded by the server's flow control, not by dropping.
  if (status == NATS_OK) status = natsSubscription_SetPendingLimits(raw, -1, -1);
  if (status != NATS_OK) return later(absl::UnavailableError(""));

  jsConsumerConfig config;
  jsConsumerConfig_Init(&config);
  config.DeliverSubject = inbox.c_str();
  config.DeliverPolicy = js_DeliverByStartSequence;
  config.OptStartSeq = next_;
  config.AckPolicy = js_AckNone;
  config.ReplayPolicy = js_ReplayInstant;
  config.FlowControl = true;
  config.Heartbeat = std::chrono::nanoseconds(kHeartbeat).count();
  config.MemoryStorage = true;
  config.Replicas = 1;
  ConsumerInfoPtr consumer;
  const absl::Status added =
      impl_.Ask("lane " + lane_ + ": consumer", stream_, deadline, [&](jsOptions* js_options, jsErrCode* code) {
        jsConsumerInfo* info = nullptr;
        const natsStatus s = js_AddConsumer(&info, impl_.jetstream, stream_.c_str(), &config, js_options, code);
        consumer.reset(info);
        return s;
      });
  if (!added.ok()) return later(added);
  consumer_sequence_ = 0;
  pending_ = consumer->NumPending;
  heard_ = SteadyNow();
  return absl::OkStatus();
}

void StreamReader::Unsubscribe() {
  if (subscription_ == nullptr) return;
  natsSubscription_Unsubscribe(subscription_.get());  // the server removes the consumer when nobody listens
  subscription_.reset();
  pending_ = 0;
}

absl::StatusOr<StreamState> StreamReader::Look(SteadyTime deadline) {
  absl::StatusOr<StreamState> state = impl_.State(stream_, deadline);
  if (absl::IsNotFound(state.status()) && created_ns_ != 0) {
    return absl::DataLossError(fmt::format("lane {}: stream {} is gone; {} was read of it", lane_, stream_, read_));
  }
  if (state.ok() && created_ns_ == 0) created_ns_ = state->created_ns;
  return state;
}

absl::Status StreamReader::Check(const StreamState& state) const {
  if (state.created_ns != created_ns_ || state.last_sequence < read_) {
    return absl::DataLossError(
        fmt::format("lane {}: stream {} holds {} to {}, but {} was read already{}: the server has lost its data", lane_,
                    stream_, state.first_sequence, state.last_sequence, read_,
                    state.created_ns != created_ns_ ? " of another stream of this name" : ""));
  }
  if (next_ < state.first_sequence) {
    return absl::OutOfRangeError(
        fmt::format("lane {}: message {} was removed by retention; stream {} begins at {}. Go on there, or keep more",
                    lane_, next_, stream_, state.first_sequence));
  }
  return absl::OkStatus();
}

absl::Status StreamReader::SeekToSequence(uint64_t sequence) {
  Unsubscribe();
  const absl::StatusOr<StreamState> state = Look(SteadyNow() + impl_.options.publish_timeout);
  if (!state.ok()) return state.status();
  next_ = std::max<uint64_t>(sequence, 1);
  read_ = 0;
  gap_before_ = 0;
  if (next_ > state->last_sequence + 1) {
    return absl::DataLossError(
        fmt::format("lane {}: to be read from {}, but stream {} ends at {}: the server has lost its data", lane_, next_,
                    stream_, state->last_sequence));
  }
  return Check(*state);
}

absl::Status StreamReader::SeekToTime(Time time) {
  const SteadyTime deadline = SteadyNow() + impl_.options.publish_timeout;
  const absl::StatusOr<StreamState> state = Look(deadline);
  if (!state.ok()) return state.status();
  // The first with its time at or behind `time` is in (low, high].
  uint64_t low = std::max<uint64_t>(state->first_sequence, 1) - 1;
  uint64_t high = state->last_sequence + 1;
  const uint64_t before_first = low;
  while (high - low > 1) {
    const uint64_t middle = low + (high - low) / 2;
    const absl::StatusOr<std::optional<StoredMessage>> message = impl_.At(stream_, middle, deadline);
    if (!message.ok()) return message.status();
    const bool earlier = !*message || LaneTimeOf((*message)->message.get()) < time;  // removed meanwhile: earlier
    (earlier ? low : high) = middle;
  }
  if (low == before_first && before_first > 0 && high <= state->last_sequence) {
    return absl::OutOfRangeError(fmt::format("lane {}: {} is before the first message that is left, {}, or at it",
                                             lane_, FormatTime(time), high));
  }
  return SeekToSequence(high);
}

}  // namespace spillway::jetstream
