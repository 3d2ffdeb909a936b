#include "libs/log/jetstream/stream_writer.h"

#include <algorithm>

#include "fmt/format.h"

namespace spillway::jetstream {
namespace {

constexpr size_t kSideBytesMax = 2048;

bool FitsHeader(std::string_view side) {
  return side.size() <= kSideBytesMax && std::ranges::all_of(side, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

StreamWriter::StreamWriter(std::shared_ptr<Connection> connection, log::LaneName lane, std::string_view producer)
    : connection_(std::move(connection)),
      impl_(connection_->impl()),
      lane_(std::move(lane)),
      producer_(producer),
      stream_(StreamOf(impl_.options.prefix, lane_)),
      subject_(SubjectOf(impl_.options.prefix, lane_, producer)) {}

SteadyTime StreamWriter::Deadline() const {
  return SteadyNow() + impl_.options.publish_timeout;
}

absl::Status StreamWriter::Open() {
  std::string bytes;
  const absl::Status status = LastOwn(bytes).status();
  return absl::IsOutOfRange(status) ? absl::OkStatus() : status;  // nothing of ours is there: none is expected
}

absl::StatusOr<bool> StreamWriter::LastOwn(std::string& bytes) {
  const absl::StatusOr<std::optional<StoredMessage>> last = impl_.LastOn(stream_, subject_, Deadline());
  if (!last.ok()) return last.status();
  own_last_ = *last ? (*last)->sequence : 0;
  if (!*last) {
    const absl::StatusOr<StreamState> state = impl_.State(stream_, Deadline());
    if (!state.ok()) return state.status();
    if (state->first_sequence <= 1) return false;
    return absl::OutOfRangeError(
        fmt::format("lane {} begins at message {}: retention may have removed what stood on {}", lane_,
                    state->first_sequence, subject_));
  }
  bytes = (*last)->bytes();
  return true;
}

absl::StatusOr<uint64_t> StreamWriter::Append(Time time, std::string_view bytes, uint64_t rows, std::string_view side) {
  if (absl::Status check = Check(bytes, side); !check.ok()) return check;
  const MessagePtr message = Compose(time, bytes, rows, side);
  if (message == nullptr) return absl::ResourceExhaustedError("append to " + subject_ + ": no memory for a message");
  const SteadyTime deadline = Deadline();
  Publication publication = {.message = message.get(), .id = ContentId(producer_, bytes), .expect = Expect::kSequence};
  while (true) {
    publication.expected_sequence = own_last_;
    const Publish publish = impl_.PublishUntil(publication, stream_, deadline);
    if (publish.result == Publish::Result::kStored) {
      own_last_ = std::max(own_last_, publish.sequence);  // a duplicate may be an older one
      return publish.sequence;
    }
    if (publish.result != Publish::Result::kRefused) return publish.status;
    const absl::StatusOr<uint64_t> stored = Settle(publication.id, deadline);
    if (!stored.ok() || *stored > 0) return stored;
    if (SteadyNow() >= deadline) return absl::UnavailableError(publish.status.message());
  }
}

absl::StatusOr<uint64_t> StreamWriter::Settle(const std::string& id, SteadyTime deadline) {
  const absl::StatusOr<std::optional<StoredMessage>> last = impl_.LastOn(stream_, subject_, deadline);
  if (!last.ok()) return last.status();
  if (*last) {
    const uint64_t sequence = (*last)->sequence;
    if ((*last)->Header("Nats-Msg-Id") == id) return own_last_ = sequence;  // its acknowledgement was lost
    if (sequence == own_last_) return 0;  // a refusal of a publish that this one overtook
    return absl::AbortedError(
        fmt::format("append to lane {}: message {} on {} is another process's; expected the last one to be {}. Read "
                    "LastOwn() and go "
                    "on behind it",
                    lane_, sequence, subject_, own_last_));
  }
  const absl::StatusOr<StreamState> state = impl_.State(stream_, deadline);
  if (!state.ok()) return state.status();
  if (state->first_sequence <= own_last_) {
    return absl::DataLossError(fmt::format(
        "append to lane {}: message {} on {} is gone, but stream {} holds {} to {}: the stream was made anew", lane_,
        own_last_, subject_, stream_, state->first_sequence, state->last_sequence));
  }
  own_last_ = 0;  // retention has removed our last one; nobody wrote since
  return 0;
}

absl::Status StreamWriter::Check(std::string_view bytes, std::string_view side) const {
  if (closed_) return absl::FailedPreconditionError("append to lane " + lane_ + ": its writer is closed");
  const uint64_t most = std::min<uint64_t>(connection_->message_bytes_max(), log::kMessageBytesMax);
  if (bytes.size() > most && impl_.connected()) {
    return absl::InvalidArgumentError(
        fmt::format("append to lane {}: a message of {} bytes is longer than {}: max_payload in nats-server.conf",
                    lane_, bytes.size(), most));
  }
  if (!FitsHeader(side)) {
    return absl::InvalidArgumentError(
        fmt::format("append to lane {}: a side record of {} bytes is longer than {}, or no printable ASCII", lane_,
                    side.size(), kSideBytesMax));
  }
  return absl::OkStatus();
}

MessagePtr StreamWriter::Compose(Time time, std::string_view bytes, uint64_t rows, std::string_view side) const {
  MessagePtr message = NewMessage(subject_, bytes);
  if (message == nullptr) return message;
  natsStatus s = natsMsgHeader_Set(message.get(), "T", fmt::format_int(ToNanos(time)).c_str());
  if (s == NATS_OK && rows > 0) s = natsMsgHeader_Set(message.get(), "R", fmt::format_int(rows).c_str());
  if (s == NATS_OK && !side.empty()) s = natsMsgHeader_Set(message.get(), "S", std::string(side).c_str());
  return s == NATS_OK ? std::move(message) : nullptr;
}

absl::Status StreamWriter::Flush() {
  return absl::OkStatus();  // Append waits for the server
}

absl::Status StreamWriter::Close() {
  closed_ = true;
  return absl::OkStatus();
}

}  // namespace spillway::jetstream
