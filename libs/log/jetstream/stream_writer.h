// A lane's writer over a stream: see jetstream_log.h. Included by .cc files of this folder only.
#pragma once

#include <memory>
#include <string>

#include "libs/log/event_log.h"
#include "libs/log/jetstream/client.h"

namespace spillway::jetstream {

class StreamWriter final : public log::LaneWriter {
 public:
  StreamWriter(std::shared_ptr<Connection> connection, log::LaneName lane, std::string_view producer);

  // Reads where the producer's subject ends. NotFound where the lane has no stream.
  absl::Status Open();

  absl::StatusOr<uint64_t> Append(Time time, std::string_view bytes, uint64_t rows, std::string_view side) override;
  absl::StatusOr<bool> LastOwn(std::string& bytes) override;
  absl::Status Flush() override;
  absl::Status Close() override;

 private:
  absl::Status Check(std::string_view bytes, std::string_view side) const;
  MessagePtr Compose(Time time, std::string_view bytes, uint64_t rows, std::string_view side) const;
  // After a refusal: the sequence where the message is stored already; 0 where it may be sent again.
  absl::StatusOr<uint64_t> Settle(const std::string& id, SteadyTime deadline);
  SteadyTime Deadline() const;

  const std::shared_ptr<Connection> connection_;
  Connection::Impl& impl_;
  const log::LaneName lane_;
  const std::string producer_;
  const std::string stream_;
  const std::string subject_;
  uint64_t own_last_ = 0;  // the sequence of the last message on the subject, as this writer knows it; 0: none
  bool closed_ = false;
};

}  // namespace spillway::jetstream
