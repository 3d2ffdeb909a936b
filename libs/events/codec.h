// Event groups to and from their wire form (proto/spillway/v1/event.proto). Encoder and decoder reuse their memory: no
// allocation per group in steady state.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/events/event.h"

namespace spillway {

inline constexpr uint32_t kEventSchemaVersion = 1;

struct GroupHeader {
  Producer producer = Producer::kNone;
  uint32_t lane_epoch = 1;
  uint64_t producer_sequence = 0;
};

class GroupEncoder {
 public:
  GroupEncoder();
  ~GroupEncoder();

  void Begin(const GroupHeader& header);
  void Add(const Event& event);
  // Events already encoded (GroupView), as they are.
  void AddEncoded(std::string_view events);
  size_t event_count() const { return event_count_; }
  // The group's canonical bytes, valid until the next Begin.
  std::string_view bytes() const { return bytes_; }

 private:
  struct Messages;
  std::unique_ptr<Messages> messages_;
  std::string bytes_;
  size_t event_count_ = 0;
};

class GroupDecoder {
 public:
  GroupDecoder();
  ~GroupDecoder();

  // Hands each event of the group to `take`, in order; the event is valid during the call only. Of a newer build of the
  // same schema: unknown bodies are counted and left out, unknown fields are skipped, an enum's unknown value keeps its
  // number. FailedPrecondition for another schema version. DataLoss says what does not parse; events before it were
  // handed out.
  absl::Status Decode(std::string_view bytes, GroupHeader& header, absl::FunctionRef<void(const Event&)> take);
  // One event of a group that GroupView walks.
  absl::Status DecodeEvent(std::string_view payload, Producer group_producer,
                           absl::FunctionRef<void(const Event&)> take);
  uint64_t unknown_bodies() const { return unknown_bodies_; }

 private:
  struct Messages;
  absl::Status DecodeEvent(std::string_view bytes, const GroupHeader& group,
                           absl::FunctionRef<void(const Event&)> take);
  std::unique_ptr<Messages> messages_;
  uint64_t unknown_bodies_ = 0;
};

// A group whose events stay encoded: for filters, comparisons and copies.
class GroupView {
 public:
  // FailedPrecondition for another schema version, DataLoss for what is no group. The bytes must outlive the view.
  static absl::StatusOr<GroupView> Open(std::string_view bytes);

  const GroupHeader& header() const { return header_; }
  std::string_view events() const { return events_; }  // all of them, as GroupEncoder::AddEncoded takes them

  // The next event: `encoded` with its tag and length, `payload` without (a v1::Event). False at the end; what does not
  // parse shows as an error of ok() afterwards.
  bool Next(std::string_view& encoded, std::string_view& payload);
  bool ok() const { return ok_; }

 private:
  GroupHeader header_;
  std::string_view events_, rest_;
  bool ok_ = true;
};

// The body's field number in v1::Event, without decoding it; 0: none.
uint32_t BodyField(std::string_view payload);
inline constexpr uint32_t kInstrumentDefinitionField = 20;
inline constexpr uint32_t kMarketBatchField = 21;
inline constexpr uint32_t kFeedGapField = 29;
inline constexpr uint32_t kProcessorVersionField = 33;

}  // namespace spillway
