#include "libs/log/lane_position.h"

#include <fmt/core.h>

namespace spillway::log {

LanePosition LanePosition::AtStart(const LaneName& lane) {
  LanePosition position = At(1, std::nullopt, LaneSeed(lane));
  position.chain_.emplace(LaneSeed(lane));
  return position;
}

LanePosition LanePosition::At(uint64_t sequence, std::optional<Time> last_time, const Hash& hash) {
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
  damage = Damage{};
  damage.file = segment.file().path().string();
  if (next_sequence_ && header.first_sequence != *next_sequence_) {
    damage.what = "first sequence of the segment";
    damage.seen = std::to_string(header.first_sequence);
    damage.expected = std::to_string(*next_sequence_);
    return false;
  }
  if (hash_ && header.previous_hash != *hash_) {
    damage.what = "chain value before the segment";
    damage.seen = ToHex(header.previous_hash);
    damage.expected = ToHex(*hash_);
    return false;
  }
  next_sequence_ = header.first_sequence;
  hash_ = header.previous_hash;
  return true;
}

bool LanePosition::CheckFrame(const Frame& frame, const std::string& file, bool verify_chain, Damage& damage) {
  const FrameHeader& header = frame.header;
  damage = Damage{};
  damage.file = file;
  damage.frame = frame.number;
  damage.offset = frame.offset;
  bool good = true;
  if (next_sequence_ && header.first_sequence != *next_sequence_) {
    damage.what = "first sequence of the frame";
    damage.seen = std::to_string(header.first_sequence);
    damage.expected = std::to_string(*next_sequence_);
    good = false;
  } else if (header.last_time < header.first_time || (last_time_ && header.first_time < *last_time_)) {
    damage.what = "lane time of the frame";
    damage.seen = fmt::format("{} to {}", FormatTime(header.first_time), FormatTime(header.last_time));
    damage.expected = last_time_ ? "nothing before " + FormatTime(*last_time_) : "first before last";
    good = false;
  } else if (verify_chain) {
    good = CheckChain(frame, damage);
  } else {
    chain_.reset();
  }
  next_sequence_ = header.first_sequence + header.messages;
  last_time_ = header.last_time;
  hash_ = header.hash;
  if (!good) chain_.reset();
  return good;
}

bool LanePosition::CheckChain(const Frame& frame, Damage& damage) {
  if (frame.header.starts_block && hash_ && !chain_) chain_.emplace(*hash_);
  if (!chain_) return true;
  chain_->Add(frame.raw, frame.header.starts_block);
  if (chain_->value() == frame.header.hash) return true;
  damage.what = "chain value of the frame";
  damage.seen = ToHex(chain_->value());
  damage.expected = ToHex(frame.header.hash);
  return false;
}

}  // namespace spillway::log
