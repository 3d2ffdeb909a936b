// A day at the simulated venue, written by hand: rows, commands and ticks in; reports out as text.
//
//   VenueDay day;
//   day.market.At(5).Bid(10.00, 500).Ask(10.01, 300).Row();
//   day.Place(10, Buy(1, 100));
//   CHECK(day.Tick(100) == "10 accepted #1, 10 fill #1 100 @ 10.01 fee 0.00");
//
// Times are milliseconds after 09:30 New York; orders are numbered by the test.
#pragma once

#include <string>
#include <vector>

#include "fmt/format.h"
#include "services/venue/venue.h"
#include "spillway/v1/risk.pb.h"
#include "tests/catch.h"
#include "tests/support/collecting_sink.h"
#include "tests/support/market_builder.h"

namespace spillway::test {

inline OrderId Order(uint64_t number) {
  return {0, number};
}

inline OrderTicket Buy(uint64_t number, int64_t shares) {
  OrderTicket ticket;
  ticket.order = Order(number);
  ticket.role = OrderRole::kEntry;
  ticket.side = Side::kBid;
  ticket.type = OrderType::kMarket;
  ticket.quantity = Quantity::Units(shares);
  return ticket;
}
inline OrderTicket Sell(uint64_t number, int64_t shares) {
  OrderTicket ticket = Buy(number, shares);
  ticket.side = Side::kAsk;
  return ticket;
}
inline OrderTicket Limit(OrderTicket ticket, double limit, TimeInForce time_in_force = TimeInForce::kDay) {
  ticket.type = ticket.stop ? OrderType::kStopLimit : OrderType::kLimit;
  ticket.limit = Px(limit);
  ticket.time_in_force = time_in_force;
  return ticket;
}
inline OrderTicket Stop(OrderTicket ticket, double stop) {
  ticket.type = OrderType::kStop;
  ticket.stop = Px(stop);
  return ticket;
}
inline OrderTicket Trail(OrderTicket ticket, double trail) {
  ticket.type = OrderType::kTrailingStop;
  ticket.trail = Px(trail);
  return ticket;
}

inline Event VenueConfiguration(const v1::SimulatedVenue& settings, Time time, uint32_t ordinal = 1000) {
  Event event;
  event.header.producer = Producer::kGateway;
  event.header.event_time = event.header.ingest_time = time;
  event.header.cause.ordinal = ordinal;
  event.body = ConfigurationVersion{.kind = ConfigurationKind::kVenue,
                                    .name = "simulated",
                                    .effective_time = time,
                                    .document = settings.SerializeAsString()};
  return event;
}

inline v1::SimulatedVenue AtOnce() {
  v1::SimulatedVenue settings;
  settings.set_latency_ns(0);
  return settings;
}

class VenueDay {
 public:
  static constexpr Time kStart = MarketBuilder::kStart;

  explicit VenueDay(const v1::SimulatedVenue& settings = AtOnce(), bool begin = true) : settings_(settings) {
    if (begin) Begin();
  }
  void Begin(AssetClass asset_class = AssetClass::kEquity) {
    Send(VenueConfiguration(settings_, kStart));
    for (InstrumentId id : {1, 2}) {
      InstrumentDefinition definition;
      definition.id = id;
      definition.symbol = id == 1 ? "ACME" : "BETA";
      definition.asset_class = asset_class;
      Send(Made(0, definition, id));
    }
    Session(0, SessionPhase::kRegular);
    CHECK(Tick(0.001) == "0 connected");
  }
  void Session(double ms, SessionPhase phase, int32_t day = 20250502) {
    const Duration shift = std::chrono::hours(24) * (day - 20250502);
    Send(Made(ms, SessionState{.trading_day = day,
                               .phase = phase,
                               .regular_open = kStart + shift,
                               .regular_close = kStart + shift + std::chrono::minutes(390)}));
  }
  void Halt(double ms, TradingStatus status, InstrumentId instrument = 1) {
    SendRows();
    Send(Made(ms, HaltChanged{status, "T1"}, instrument));
  }

  EventId Place(double ms, const OrderTicket& ticket) { return Place(ms, std::vector<OrderTicket>{ticket}); }
  EventId Place(double ms, std::vector<OrderTicket> tickets, InstrumentId instrument = 1) {
    return Command(ms, {.kind = OrderCommandKind::kPlace, .order = tickets[0].order, .tickets = tickets}, instrument);
  }
  EventId Cancel(double ms, uint64_t number) {
    return Command(ms, {.kind = OrderCommandKind::kCancel, .order = Order(number)});
  }
  EventId Replace(double ms, uint64_t number, const OrderTicket& ticket) {
    return Command(ms, {.kind = OrderCommandKind::kReplace, .order = Order(number), .tickets = {ticket}});
  }
  EventId Query(double ms, uint64_t number) {
    return Command(ms, {.kind = OrderCommandKind::kQuery, .order = Order(number)});
  }
  BrokerSnapshot Snapshot(double ms, std::optional<Time> since = std::nullopt) {
    Command(ms, {.kind = OrderCommandKind::kSnapshot, .since = since}, 0);
    const size_t before = all.size();
    Tick(ms + 0.5);
    for (size_t i = before; i < all.size(); ++i) {
      if (const auto* snapshot = std::get_if<BrokerSnapshot>(&all[i].body)) return *snapshot;
    }
    FAIL("no snapshot");
    return {};
  }
  EventId Command(double ms, OrderCommand command, InstrumentId instrument = 1) {
    Event event = Made(ms, std::move(command), instrument);
    event.header.producer = Producer::kOms;
    event.header.instance = 7;
    event.header.correlation = {5, 5};
    event.header.cause = {.market = {}, .event = {9, 9}, .ordinal = ++commands_};
    Send(event);
    return event.header.id();
  }
  // Plays what was written up to here and says what was reported.
  std::string Tick(double ms) {
    SendRows();
    const size_t before = all.size();
    Send(Made(ms, ClockTick{}));
    std::string text;
    for (size_t i = before; i < all.size(); ++i) {
      CHECK(all[i].header.event_time == At(ms));
      if (!std::holds_alternative<BrokerReport>(all[i].body)) continue;
      text += (text.empty() ? "" : ", ") + Text(std::get<BrokerReport>(all[i].body));
    }
    return text;
  }

  void Send(const Event& event) {
    CollectingSink sink;
    venue.Process(event, sink);
    all.insert(all.end(), sink.events.begin(), sink.events.end());
  }
  void SendRows() {
    const Event batch = market.Batch(feed);
    if (!std::get<MarketBatch>(batch.body).events.empty()) Send(batch);
  }
  Event Made(double ms, EventBody body, InstrumentId instrument = 0) {
    Event event;
    event.header.producer = Producer::kIngest;
    event.header.event_time = event.header.ingest_time = At(ms);
    event.header.instrument = instrument;
    event.header.cause.ordinal = ++made_;
    event.body = std::move(body);
    return event;
  }
  static Time At(double ms) { return kStart + Duration(std::llround(ms * 1e6)); }

  static std::string Text(const BrokerReport& report) {
    const auto number = [](const std::string& id) {
      const std::optional<OrderId> order = ParseClientOrderId(id);
      return order ? fmt::format(" #{}", order->low) : "";
    };
    std::string text = fmt::format("{:g} {}{}", static_cast<double>((report.broker_time - kStart).count()) / 1e6,
                                   BrokerReportKindName(report.kind), number(report.client_order_id));
    if (!report.replaces.empty()) text += " for" + number(report.replaces);
    if (report.kind == BrokerReportKind::kFill) {
      text +=
          fmt::format(" {} @ {}{}", report.quantity.ToString(), report.price.ToString(), report.maker ? " maker" : "");
    }
    if (report.kind == BrokerReportKind::kStatus) text += fmt::format(" {}", OrderStateName(report.state));
    const bool tells_leaves = report.kind == BrokerReportKind::kFill || report.kind == BrokerReportKind::kReplaced;
    if (tells_leaves && *report.leaves > Quantity()) text += " leaves " + report.leaves->ToString();
    if (!report.code.empty()) text += " " + report.code;
    return text;
  }

  MarketBuilder market;
  venue::SimulatedVenue venue;
  std::vector<Event> all;  // what the venue said
  uint32_t feed = 1;

 private:
  v1::SimulatedVenue settings_;
  uint32_t made_ = 0;
  uint32_t commands_ = 0;
};

}  // namespace spillway::test
