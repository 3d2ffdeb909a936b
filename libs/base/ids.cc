#include "libs/base/ids.h"

#include <array>
#include <charconv>

#include "fmt/format.h"
#include "xxhash.h"

namespace spillway {
namespace {

template <size_t N>
EventId Digest(const std::array<uint64_t, N>& words) {
  const XXH128_hash_t hash = XXH3_128bits(words.data(), sizeof(words));
  return {hash.high64, hash.low64};
}

}  // namespace

StrategyInstanceId StrategyInstanceIdOf(std::string_view name) {
  const uint64_t hash = XXH3_64bits(name.data(), name.size());
  return hash == 0 ? 1 : hash;
}

std::string_view ProducerName(Producer producer) {
  constexpr std::array<std::string_view, 13> kNames = {"none",     "ingest", "universe", "metrics", "scoring",
                                                       "risk",     "oms",    "notifier", "journal", "gateway",
                                                       "delivery", "host",   "broker"};
  const auto index = static_cast<size_t>(producer);
  return index < kNames.size() ? kNames[index] : "unknown";
}

std::string ToString(const EventId& id) {
  return fmt::format("{:016x}{:016x}", id.high, id.low);
}

std::optional<EventId> ParseEventId(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  EventId id;
  const auto read = [](std::string_view part, uint64_t& value) {
    const auto result = std::from_chars(part.data(), part.data() + part.size(), value, 16);
    return result.ec == std::errc() && result.ptr == part.data() + part.size();
  };
  if (!read(text.substr(0, 16), id.high) || !read(text.substr(16), id.low)) return std::nullopt;
  return id;
}

EventId MarketEventId(const SourcePosition& source) {
  return Digest(std::array<uint64_t, 2>{(uint64_t{source.feed} << 32) | source.epoch, source.position});
}

EventId DeriveEventId(Producer producer, uint64_t scope, const EventId& cause, uint32_t ordinal) {
  return Digest(std::array<uint64_t, 5>{static_cast<uint64_t>(producer), scope, cause.high, cause.low, ordinal});
}

}  // namespace spillway
