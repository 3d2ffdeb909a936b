// The checks find what they look for.
#include "tests/faults/record_checks.h"

#include <fstream>

#include "fmt/format.h"
#include "libs/events/codec.h"
#include "libs/log/memory_log.h"
#include "tests/catch.h"
#include "tests/support/temporary_folder.h"

namespace spillway::faults {
namespace {

const Time kTime = ParseTime("2025-05-02T13:30:00Z").value();

// A lane in the making: groups with any number, events with any cause.
class Lane {
 public:
  Lane(log::EventLog& log, const log::LaneName& name) : writer_(log.OpenWriter(name).value()) {}
  void Add(Producer producer, uint64_t sequence, const Event& event) {
    GroupEncoder encoder;
    encoder.Begin({.producer = producer, .producer_sequence = sequence});
    encoder.Add(event);
    REQUIRE(writer_->Append(kTime, encoder.bytes()).ok());
  }

 private:
  std::unique_ptr<log::LaneWriter> writer_;
};

Event EventOf(Producer producer, uint64_t position, EventBody body) {
  Event event;
  event.header.producer = producer;
  event.header.event_time = event.header.ingest_time = kTime;
  event.header.cause.market = {1, 1, position};
  event.body = std::move(body);
  return event;
}

Event Row(uint64_t position, MarketEvent& storage) {
  storage.event_time = storage.ingest_time = kTime;
  storage.position = position;
  storage.instrument = 1;
  storage.kind = MarketEventKind::kTrade;
  storage.price = Price::FromNanos(1'000'000'000);
  storage.quantity = Quantity::Units(100);
  storage.flags = MarketEventFlags::kRowStart | MarketEventFlags::kEndOfEvent;
  return EventOf(Producer::kIngest, position, MarketBatch{.feed = 1, .epoch = 1, .events = {&storage, 1}});
}

void Rows(log::EventLog& log, const std::vector<uint64_t>& positions) {
  Lane lane(log, "market.0");
  uint64_t sequence = 0;
  for (const uint64_t position : positions) {
    MarketEvent storage;
    lane.Add(Producer::kIngest, ++sequence, Row(position, storage));
  }
}

// One alert, its receipts, and the messages that the fake has of it.
struct Story {
  struct Said {
    ReceiptState state;
    uint32_t attempt;
    bool repeated = false;
  };
  std::vector<Said> receipts;
  std::vector<bool> messages;  // marked or not; the first is the one that DELIVERED names

  Findings Check() const {
    log::MemoryLog log;
    Lane lane(log, "trading");
    const Event alert = EventOf(Producer::kNotifier, 7, Alert());
    lane.Add(Producer::kNotifier, 1, alert);
    uint64_t sequence = 0;
    for (const Said& said : receipts) {
      AlertReceipt receipt;
      receipt.alert = alert.header.id();
      receipt.state = said.state;
      receipt.attempt = said.attempt;
      receipt.possibly_repeated = said.repeated;
      receipt.message_id = "m0";
      receipt.detail = "why";
      ++sequence;
      lane.Add(Producer::kDelivery, sequence, EventOf(Producer::kDelivery, 100 + sequence, receipt));
    }
    const test::TemporaryFolder folder;
    std::ofstream store(folder / "store");
    for (size_t i = 0; i < messages.size(); ++i) {
      store << fmt::format(
                   R"({{"message":"m{}","json":{{"content":"{}","embeds":[{{"footer":{{"text":"{} | x"}}}}]}}}})", i,
                   messages[i] ? "(possibly repeated) x" : "x", ToString(alert.header.correlation_id()))
            << "\n";
    }
    store.close();
    Deliveries deliveries;
    return CheckDeliveries(log, folder / "store", deliveries);
  }
};

}  // namespace

TEST_CASE("faults: a row that is missing, doubled or out of order is found", "[faults]") {
  const auto check = [](const std::vector<uint64_t>& recorded) {
    log::MemoryLog played, record;
    Rows(played, {1, 2, 3});
    Rows(record, recorded);
    uint64_t rows = 0;
    return CheckMarket(played, record, rows).size();
  };
  CHECK(check({1, 2, 3}) == 0);
  CHECK(check({1, 3}) == 1);
  CHECK(check({1, 2}) == 1);
  CHECK(check({1, 2, 2, 3}) == 1);
  CHECK(check({1, 2, 3, 4}) == 1);
  CHECK(check({1, 3, 2}) == 1);
}

TEST_CASE("faults: a group that is missing and an id that is there twice are found", "[faults]") {
  const auto check = [](const std::vector<std::pair<uint64_t, uint64_t>>& groups) {
    log::MemoryLog record;
    Lane lane(record, "trading");
    for (const auto& [sequence, position] : groups) {
      lane.Add(Producer::kRisk, sequence, EventOf(Producer::kRisk, position, ClockTick()));
    }
    return CheckGroups(record, {"trading"}).size();
  };
  CHECK(check({{1, 1}, {2, 2}}) == 0);
  CHECK(check({{1, 1}, {3, 3}}) == 1);
  CHECK(check({{1, 1}, {1, 2}}) == 1);
  CHECK(check({{1, 1}, {2, 1}}) == 1);
  CHECK(check({}) == 1);
}

TEST_CASE("faults: a record that is not its lane is found", "[faults]") {
  const auto check = [](const std::vector<uint64_t>& recorded) {
    log::MemoryLog lanes, record;
    Rows(lanes, {1, 2});
    Rows(record, recorded);
    return CheckRecorded(lanes, record, {"market.0"}).size();
  };
  CHECK(check({1, 2}) == 0);
  CHECK(check({1}) == 1);
  CHECK(check({1, 3}) == 1);
  CHECK(check({1, 2, 3}) == 1);
}

TEST_CASE("faults: an alert that was lost, or told twice without need or mark, is found", "[faults]") {
  using enum ReceiptState;
  CHECK(Story{{{kAttempted, 1}, {kDelivered, 1}}, {false}}.Check().empty());
  CHECK(Story{{{kAttempted, 1}, {kNotAccepted, 1}, {kAttempted, 2}, {kDelivered, 2}}, {false}}.Check().empty());
  CHECK(Story{{{kAttempted, 1}, {kAttempted, 2, true}, {kDelivered, 2, true}}, {false, true}}.Check().empty());
  CHECK(Story{{{kFailed, 0}}, {}}.Check().empty());

  CHECK_FALSE(Story{{}, {}}.Check().empty());                                                     // never told
  CHECK_FALSE(Story{{{kAttempted, 1}}, {false}}.Check().empty());                                 // no last word
  CHECK_FALSE(Story{{{kAttempted, 1}, {kDelivered, 1}}, {}}.Check().empty());                     // it is not there
  CHECK_FALSE(Story{{{kAttempted, 1}, {kDelivered, 1}}, {false, true}}.Check().empty());          // no answer was lost
  CHECK_FALSE(Story{{{kAttempted, 1}, {kDelivered, 1}, {kFailed, 1}}, {false}}.Check().empty());  // two last words
  CHECK_FALSE(Story{{{kAttempted, 1}, {kFailed, 1}}, {false}}.Check().empty());                   // it is there
  CHECK_FALSE(Story{{{kAttempted, 1}, {kAttempted, 2, true}, {kDelivered, 2, true}}, {false, false}}
                  .Check()
                  .empty());  // no mark
}

}  // namespace spillway::faults
