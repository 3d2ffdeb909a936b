#include "libs/log/lane_position.h"

#include <fmt/core.h>

namespace spillway::log {

LanePosition LanePosition::AtStart(const LaneName& lane) {
  LanePosition position = At(1, std::nullopt, LaneSeed(lane));
  position.chain_.emplace(LaneSeed(lane));
  return position;
}

LanePosition LanePosition::At(std::optional<uint64_t> sequence, std::optional<Time> last_time,
                              const std::optional<Hash>& hash) {
  LanePosition position;
  position.next_sequence_ = sequence;
  position.last_time_ = last_time;
  position.hash_ = hash;
  return position;
}

LanePosition LanePosition::Unknown() {
  return LanePosition();
}

bool LanePosition::CheckSegment(const SegmentReader& segment, Damage& damage) {
  const SegmentHeader& header = segment.header();
  const auto fail = [&](std::string what, std::string seen, std::string expected) {
    damage = Damage{.file = segment.file().path().string(),
                    .what = std::move(what),
                    .seen = std::move(seen),
                    .expected = std::move(expected)};
    return false;
  };
  if (next_sequence_ && header.first_sequence != *next_sequence_) {
    return fail("first sequence of the segment", std::to_string(header.first_sequence),
                std::to_string(*next_sequence_));
  }
  if (hash_ && header.previous_hash != *hash_) {
    return fail("chain value before the segment", ToHex(header.previous_hash), ToHex(*hash_));
  }
  next_sequence_ = header.first_sequence;
  hash_ = header.previous_hash;
  return true;
}

bool LanePosition::CheckFrame(const Frame& frame, const SegmentReader& segment, bool verify_chain, Damage& damage) {
  const FrameHeader& header = frame.header;
  const LanePosition before = At(next_sequence_, last_time_, hash_);
  next_sequence_ = header.first_sequence + header.messages;
  last_time_ = header.last_time;
  hash_ = header.hash;
  const auto fail = [&](std::string what, std::string seen, std::string expected) {
    chain_.reset();
    damage = Damage{.file = segment.file().path().string(),
                    .frame = frame.number,
                    .offset = frame.offset,
                    .what = std::move(what),
                    .seen = std::move(seen),
                    .expected = std::move(expected)};
    return false;
  };
  if (before.next_sequence_ && header.first_sequence != *before.next_sequence_) {
    return fail("first sequence of the frame", std::to_string(header.first_sequence),
                std::to_string(*before.next_sequence_));
  }
  if (header.last_time < header.first_time || (before.last_time_ && header.first_time < *before.last_time_)) {
    return fail("lane time of the frame",
                fmt::format("{} to {}", FormatTime(header.first_time), FormatTime(header.last_time)),
                before.last_time_ ? "nothing before " + FormatTime(*before.last_time_) : "first before last");
  }
  if (!verify_chain) {
    chain_.reset();
    return true;
  }
  if (header.starts_block && before.hash_ && !chain_) chain_.emplace(*before.hash_);
  if (!chain_) return true;
  chain_->Add(frame.raw, header.starts_block);
  if (chain_->value() == header.hash) return true;
  const Hash computed = chain_->value();
  return fail("chain value of the frame", ToHex(computed), ToHex(header.hash));
}

}  // namespace spillway::log
