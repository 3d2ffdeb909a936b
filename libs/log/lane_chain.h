// The hash chain of a lane: a statement about its messages alone. Where frames and segments end, how they are
// compressed, when they were flushed and how often the writer was restarted does not change a value.
//
// Messages, in their canonical bytes (segment_format.h), are cut into blocks. A block begins at the lane's first
// message, at the first message behind kChainBlockBytes canonical bytes, and at the first message of a new UTC day of
// lane time. With b the bytes of a block's messages so far:
//
//   value = SHA256(value at the end of the previous block || b);   before the first message: SHA256(constant || lane)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "libs/log/event_log.h"

namespace spillway::log {

inline constexpr size_t kChainBlockBytes = size_t{1} << 20;

using Hash = std::array<uint8_t, 32>;

std::string ToHex(const Hash& hash);
std::optional<Hash> HashFromHex(std::string_view text);
Hash Sha256(std::string_view bytes);

// The value before a lane's first message.
Hash LaneSeed(const LaneName& lane);

// SHA256 over the last values of all lanes in the order of their names.
Hash SessionDigest(const std::map<LaneName, Hash>& lanes);

class LaneChain {
 public:
  explicit LaneChain(const Hash& value);  // between two blocks
  LaneChain(LaneChain&&) noexcept;
  LaneChain& operator=(LaneChain&&) noexcept;
  ~LaneChain();

  // Folds the canonical bytes of one or more messages of one block.
  void Add(std::string_view messages, bool starts_block);
  const Hash& value() const { return value_; }

 private:
  struct Digest;
  std::unique_ptr<Digest> digest_;  // over the block so far
  Hash value_;
};

}  // namespace spillway::log
