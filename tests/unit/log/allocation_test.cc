// No allocation for a message in steady state: counted, so every `new` of this program passes here.
#include <cstdlib>
#include <new>

#include "libs/log/segment_log.h"
#include "tests/catch.h"
#include "tests/unit/log/log_fixture.h"

namespace {
size_t allocations = 0;
}  // namespace

void* operator new(size_t size) {
  ++allocations;
  if (void* place = std::malloc(size == 0 ? 1 : size)) return place;
  throw std::bad_alloc();
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* place) noexcept {
  std::free(place);
}
void operator delete(void* place, size_t) noexcept {
  std::free(place);
}

using namespace spillway;
using namespace spillway::log;

TEST_CASE("segment log: neither writing nor reading allocates in steady state", "[log]") {
  TemporaryDirectory directory;
  const std::vector<OwnedMessage> messages = GenerateMessages(51, {.count = 1000, .bytes_max = 2000});
  const std::unique_ptr<SegmentLog> log = CreateSession(directory / "s", {});
  const std::unique_ptr<LaneWriter> writer = OpenWriter(*log, "market.0");
  const auto write = [&](int rounds) {
    Time time = kSessionOpen + std::chrono::hours(1);
    size_t failures = 0;
    for (int round = 0; round < rounds; ++round) {
      for (const OwnedMessage& message : messages) {
        if (!writer->Append(time, message.bytes, message.rows).ok()) ++failures;
      }
    }
    return failures;
  };
  REQUIRE(write(3) == 0);
  const size_t before_write = allocations;
  const size_t write_failures = write(10);
  const size_t after_write = allocations;
  CHECK(write_failures == 0);
  CHECK(after_write - before_write == 0);
  REQUIRE(writer->Close().ok());

  const bool verify_chain = GENERATE(false, true);
  const auto reading = SegmentLog::OpenForReading(directory / "s", {.verify_chain = verify_chain});
  const std::unique_ptr<LaneReader> reader = OpenReader(**reading, "market.0");
  LaneMessage message;
  for (int i = 0; i < 3000; ++i) REQUIRE(*reader->Next(message));
  const size_t before_read = allocations;
  size_t failures = 0;
  for (int i = 0; i < 9000; ++i) {
    const absl::StatusOr<bool> next = reader->Next(message);
    if (!next.ok() || !*next) ++failures;
  }
  const size_t after_read = allocations;
  CHECK(failures == 0);
  CHECK(after_read - before_read == 0);
}
