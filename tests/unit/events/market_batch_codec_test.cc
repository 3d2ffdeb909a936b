#include "libs/events/market_batch_codec.h"

#include <random>

#include "spillway/v1/market.pb.h"
#include "tests/catch.h"

using namespace spillway;

namespace {

struct Generator {
  explicit Generator(uint64_t seed) : random(seed) {}
  std::mt19937_64 random;
  Time time = TimeFromNanos(1'746'192'600'000'000'000);
  uint64_t position = 0;

  uint64_t Below(uint64_t n) { return random() % n; }

  // Rows of one to three events, with every column in use now and then, ticks where a boundary is crossed.
  std::vector<MarketEvent> Events(size_t rows, int64_t price_unit, int64_t quantity_unit, bool ticks) {
    std::vector<MarketEvent> events;
    for (size_t row = 0; row < rows; ++row) {
      const Time before = time;
      time += Duration(static_cast<int64_t>(Below(4) == 0 ? 0 : Below(200'000'000)));
      position += 1 + (Below(20) == 0 ? Below(1000) : 0);
      const Time ingest =
          time + Duration(static_cast<int64_t>(Below(3) == 0 ? Below(2'000'000) : 0)) - Duration(500'000);
      if (ticks && FloorTo(time, kTickPeriod) > before) {
        MarketEvent tick;
        tick.kind = MarketEventKind::kTick;
        tick.event_time = FloorTo(time, kTickPeriod);
        tick.ingest_time = ingest;
        tick.position = position;
        events.push_back(tick);
      }
      const auto instrument = static_cast<InstrumentId>(1 + Below(5));
      const size_t count = 1 + Below(3);
      for (size_t i = 0; i < count; ++i) {
        MarketEvent event;
        event.event_time = time;
        event.ingest_time = ingest;
        event.position = position;
        event.instrument = instrument;
        event.kind = static_cast<MarketEventKind>(Below(13) == 1 ? 2 : Below(13));
        if (event.kind == MarketEventKind::kTick) event.kind = MarketEventKind::kLevel;
        event.side = static_cast<Side>(Below(3));
        event.cause = static_cast<Cause>(Below(7));
        event.flags = static_cast<uint8_t>((Below(128) << 1) | (i == 0 ? 1 : 0));
        if (Below(10) != 0) event.price = Price::FromNanos(static_cast<int64_t>(Below(20'000)) * price_unit);
        if (Below(50) == 0) event.price = Price::FromNanos(static_cast<int64_t>(Below(1'000'000'000)) - 500);
        if (Below(4) != 0) event.quantity = Quantity::FromE8(static_cast<int64_t>(Below(100'000)) * quantity_unit);
        if (Below(5) == 0) event.reference = random();
        if (Below(5) == 0) event.conditions = static_cast<uint32_t>(random());
        if (Below(7) == 0) event.venue = static_cast<uint16_t>(Below(65536));
        if (Below(7) == 0) event.level = static_cast<uint8_t>(Below(256));
        events.push_back(event);
      }
    }
    return events;
  }
};

}  // namespace

TEST_CASE("market batch: what is encoded comes back to the last bit, whatever the units", "[events]") {
  MarketBatchEncoder encoder;
  MarketBatchDecoder decoder;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    Generator generator(seed);
    const int64_t price_unit = seed % 3 == 0 ? 1 : seed % 3 == 1 ? 10'000'000 : 100'000;
    const int64_t quantity_unit = seed % 2 == 0 ? 100'000'000 : 1;
    const Time previous = generator.time;
    const std::vector<MarketEvent> events = generator.Events(1 + seed % 50, price_unit, quantity_unit, true);
    v1::MarketBatch wire;
    encoder.Encode({.feed = 3, .epoch = 2, .previous_row_time = previous, .events = events}, wire);
    v1::MarketBatch read;
    REQUIRE(read.ParseFromString(wire.SerializeAsString()));
    std::vector<MarketEvent> decoded;
    REQUIRE(decoder.Decode(read, decoded).ok());
    REQUIRE((decoded == events));
  }
}

TEST_CASE("market batch: cutting a run anywhere gives the same events and the same ticks", "[events]") {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    INFO("seed " << seed);
    Generator generator(seed);
    const std::vector<MarketEvent> whole = generator.Events(200, 10'000'000, 100'000'000, true);
    std::vector<MarketEvent> decoded;
    MarketBatchEncoder encoder;
    MarketBatchDecoder decoder;
    Time previous;
    for (size_t begin = 0; begin < whole.size();) {
      size_t end = begin + 1 + generator.Below(40);
      end = std::min(end, whole.size());
      const auto cuttable = [&](size_t i) {  // rows are not cut, and a tick stays with the row behind it
        return whole[i].kind == MarketEventKind::kTick ||
               (whole[i].row_start() && whole[i - 1].kind != MarketEventKind::kTick);
      };
      while (end < whole.size() && !cuttable(end)) ++end;
      const std::span<const MarketEvent> part(whole.data() + begin, end - begin);
      v1::MarketBatch wire;
      encoder.Encode({.feed = 1, .epoch = 1, .previous_row_time = previous, .events = part}, wire);
      REQUIRE(decoder.Decode(wire, decoded).ok());
      previous = part.back().event_time;
      begin = end;
    }
    // The very first row of a lane has no tick before it unless it crosses one from the previous row.
    std::vector<MarketEvent> expected = whole;
    if (expected.front().kind == MarketEventKind::kTick) expected.erase(expected.begin());
    REQUIRE((decoded == expected));
  }
}

TEST_CASE("market batch: damaged columns are refused, never read past their end", "[events]") {
  Generator generator(7);
  MarketBatchEncoder encoder;
  v1::MarketBatch wire;
  const std::vector<MarketEvent> events = generator.Events(40, 10'000'000, 100'000'000, false);
  encoder.Encode({.feed = 1, .epoch = 1, .previous_row_time = {}, .events = events}, wire);
  const std::string bytes = wire.SerializeAsString();
  int refused = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const int bit : {0, 3, 7}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      v1::MarketBatch read;
      if (!read.ParseFromString(damaged)) continue;
      MarketBatchDecoder decoder;
      std::vector<MarketEvent> decoded(1);
      if (!decoder.Decode(read, decoded).ok()) {
        ++refused;
        REQUIRE(decoded.size() == 1);
      }
    }
  }
  CHECK(refused > 0);
}
