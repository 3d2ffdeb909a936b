#include "libs/events/tick_table.h"

#include "libs/events/codec.h"
#include "libs/events/text.h"
#include "tests/catch.h"
#include "tests/support/every_event.h"

namespace spillway {
namespace {

Price Px(std::string_view decimal) {
  return Price::Parse(decimal).value();
}

// Rule 612: 0.0001 below one dollar, 0.01 from there on.
InstrumentDefinition UsEquity() {
  InstrumentDefinition definition;
  definition.id = 7;
  definition.symbol = "ACME";
  definition.tick = Px("0.0001");
  definition.tick_bands = {{.from_price = Px("1.00"), .tick = Px("0.01")}};
  return definition;
}

absl::Status Decoded(const InstrumentDefinition& definition) {
  GroupEncoder encoder;
  encoder.Begin({.producer = Producer::kIngest, .producer_sequence = 1});
  encoder.Add({test::EveryHeader(Producer::kIngest), definition});
  GroupDecoder decoder;
  GroupHeader header;
  return decoder.Decode(encoder.bytes(), header, [](const Event&) {});
}

}  // namespace

TEST_CASE("tick table: a band begins at its price", "[events]") {
  const InstrumentDefinition definition = UsEquity();
  CHECK(TickAt(definition, Px("0.5")) == Px("0.0001"));
  CHECK(TickAt(definition, Px("0.9999")) == Px("0.0001"));
  CHECK(TickAt(definition, Px("1.00")) == Px("0.01"));
  CHECK(TickAt(definition, Px("185.42")) == Px("0.01"));
}

TEST_CASE("tick table: without bands all prices have one tick", "[events]") {
  const InstrumentDefinition definition;
  CHECK(TickAt(definition, Px("0.01")) == Px("0.01"));
  CHECK(TickAt(definition, Px("5000")) == Px("0.01"));
}

TEST_CASE("tick table: rounding up and down takes the tick at the price, also across a band's begin", "[events]") {
  const TickTable ticks{.tick = Px("0.0001"), .bands = UsEquity().tick_bands};
  CHECK(ticks.Ceil(Px("0.99991")) == Px("1.00"));
  CHECK(ticks.Floor(Px("0.99999")) == Px("0.9999"));
  CHECK(ticks.Ceil(Px("1.0001")) == Px("1.01"));
  CHECK(ticks.Floor(Px("1.0099")) == Px("1.00"));
}

TEST_CASE("tick table: a definition whose bands do not ascend, or have no tick, is damage", "[events]") {
  CHECK(Decoded(UsEquity()).ok());
  InstrumentDefinition twice = UsEquity();
  twice.tick_bands.push_back(twice.tick_bands.front());
  CHECK(Decoded(twice).code() == absl::StatusCode::kDataLoss);
  InstrumentDefinition no_tick = UsEquity();
  no_tick.tick_bands.front().tick = Price();
  CHECK(Decoded(no_tick).code() == absl::StatusCode::kDataLoss);
}

TEST_CASE("tick table: the text of a definition names every band", "[events]") {
  const Event event{test::EveryHeader(Producer::kIngest), UsEquity()};
  CHECK(ToText(event, NameTable()).find(" tick=0.0001,0.01@1.00 ") != std::string::npos);
}

}  // namespace spillway
