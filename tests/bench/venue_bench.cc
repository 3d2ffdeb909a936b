// The simulated venue on SOUN as recorded, a market row at a time: without a configuration, with one and no orders, and
// with fifty limit orders that wait in the book.
#include <memory>

#include "services/ingest/source.h"
#include "services/venue/venue.h"
#include "spillway/v1/risk.pb.h"
#include "tests/bench/bench.h"
#include "tests/support/market_builder.h"
#include "tests/support/recorded_data.h"

namespace spillway::bench {
namespace {

class NoSink final : public runtime::EventSink {
 public:
  void Emit(const Event& event) override { Keep(event); }
};

// Windows as a merge hands them on: the rows behind a tick, then that tick as the trading lane passes it on.
class Windows final : public ingest::MarketSink {
 public:
  struct Window {
    Time tick;
    std::vector<MarketEvent> events;
  };
  absl::Status OnEvent(const Event& event) override {
    announced.push_back(event);
    return absl::OkStatus();
  }
  absl::Status OnRow(std::span<const MarketEvent> row) override {
    const Time tick = FloorTo(row.front().event_time, kTickPeriod);
    if (windows.empty() || tick > windows.back().tick) {
      MarketEvent mark;
      mark.kind = MarketEventKind::kTick;
      mark.event_time = tick;
      windows.push_back({tick, {mark}});
    }
    ++rows;
    windows.back().events.insert(windows.back().events.end(), row.begin(), row.end());
    return absl::OkStatus();
  }
  std::vector<Event> announced;
  std::vector<Window> windows;
  uint64_t rows = 0;
};

Event Made(Producer producer, Time time, EventBody body, uint32_t ordinal, InstrumentId instrument = 0) {
  Event event;
  event.header.producer = producer;
  event.header.event_time = time;
  event.header.instrument = instrument;
  event.header.cause.ordinal = ordinal;
  event.body = std::move(body);
  return event;
}

// Sells far above the market and buys far below: nothing fills, all are looked at with every row.
Event Waiting(Time time, uint32_t number) {
  OrderTicket ticket;
  ticket.order = {1, number};
  ticket.side = number % 2 == 0 ? Side::kBid : Side::kAsk;
  ticket.type = OrderType::kLimit;
  ticket.limit = Price::FromNanos((number % 2 == 0 ? 5 : 20) * 1'000'000'000LL);
  ticket.quantity = Quantity::Units(1);
  return Made(Producer::kOms, time, OrderCommand{.kind = OrderCommandKind::kPlace, .tickets = {ticket}}, number, 1);
}

std::optional<Prepared> Soun(bool active, uint32_t orders) {
  const auto path = test::RecordedData("data/equities/mbp10/SOUN_2025-05-02_xnas_mbp10.csv.zst");
  if (!path) return std::nullopt;
  auto lane = std::make_shared<Windows>();
  ingest::SourceOptions options;
  options.files = {path->string()};
  options.symbol = "SOUN";
  auto source = ingest::FindFormat("databento-csv")->open(options);
  if (!source.ok() || !(*source)->Run(*lane, {}).ok()) return std::nullopt;
  return Prepared{.items = lane->rows, .run = [lane, active, orders] {
                    venue::SimulatedVenue venue;
                    NoSink sink;
                    const Time start = lane->windows.front().tick;
                    if (active) {
                      ConfigurationVersion version{.kind = ConfigurationKind::kVenue, .effective_time = start};
                      version.document = v1::SimulatedVenue().SerializeAsString();
                      venue.Process(Made(Producer::kGateway, start, version, 0), sink);
                    }
                    for (const Event& event : lane->announced) venue.Process(event, sink);
                    uint64_t windows = 0;
                    for (const Windows::Window& window : lane->windows) {
                      venue.Process(test::MarketBuilder::BatchOf(window.events), sink);
                      venue.Process(Made(Producer::kIngest, window.tick, ClockTick{}, 0), sink);
                      if (++windows != 10) continue;
                      for (uint32_t i = 0; i < orders; ++i) venue.Process(Waiting(window.tick, i), sink);
                    }
                  }};
}

const Registration kIdle({.name = "venue_idle", .unit = "row", .prepare = [] { return Soun(false, 0); }});
const Registration kActive({.name = "venue_active", .unit = "row", .prepare = [] { return Soun(true, 0); }});
const Registration kOrders({.name = "venue_50_orders", .unit = "row", .prepare = [] { return Soun(true, 50); }});

}  // namespace
}  // namespace spillway::bench
