// When each hop had a message, by a steady clock: a side record that travels beside the log (LaneMessage::side) and
// never reaches a core. Machines have clocks of their own, so stamps of another boot are left out.
//
//   "b=<boot id, 8 hex digits>;o=<ns>;ingest=<ns>;metrics=<ns>;scoring=<ns>;risk=<ns>"
//
// o: when ingest had the first market event of the batch behind it (S-LAT-1's beginning); each hop: when its output was
// handed to the log.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::service {

int64_t SteadyNanos();
uint32_t BootId();  // of this boot of the machine; 0: not known, then there are no stamps

// A side record is at most this long.
inline constexpr size_t kSideBytesMax = 512;

struct LatencyStamps {
  struct Hop {
    std::string_view name;
    int64_t steady_ns = 0;
  };
  int64_t origin_ns = 0;  // 0: unknown, or of another machine
  std::vector<Hop> hops;
};
// What does not parse, is too long, or is another boot's, gives no stamps. The names point into `side`.
LatencyStamps ParseStamps(std::string_view side);

class StampWriter {
 public:
  // A side record that begins here.
  std::string_view Begin(int64_t origin_ns, std::string_view hop, int64_t now_ns);
  // `side` and one more hop; a record that begins here, its origin unknown, where `side` is another boot's, none or
  // full. Both are valid until the next call.
  std::string_view Extend(std::string_view side, std::string_view hop, int64_t now_ns);

 private:
  std::string text_;
};

}  // namespace spillway::service
