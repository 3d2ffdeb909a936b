// The simulated venue in the whole chain: recorded sessions, an oms that follows a script, and the same by replay.
#include <functional>
#include <map>
#include <random>
#include <set>

#include "libs/book/book_state.h"
#include "libs/runtime/replay.h"
#include "tests/support/sessions.h"
#include "tests/unit/venue/venue_day.h"
#include "tools/spillway/pipeline_run.h"

namespace spillway::test {
namespace {

// Sends an order of the next kind at every third tick, at the quotes that scoring tells, and cancels or replaces every
// fifth that was accepted.
class ScriptedOms final : public runtime::Processor {
 public:
  Producer producer() const override { return Producer::kOms; }
  uint32_t state_version() const override { return 1; }
  void Process(const Event& event, runtime::EventSink& out) override {
    ordinal_ = 0;
    if (const auto* context = std::get_if<MarketContext>(&event.body)) {
      for (const MarketContext::Row& row : context->rows) {
        if (row.book == 0) quotes_[row.instrument] = row.quote;
      }
    } else if (std::holds_alternative<ClockTick>(event.body)) {
      if (++ticks_ % 3 == 0 && !quotes_.empty()) Next(event, out);
      if (ticks_ % 50 == 0) Send(event, 0, {.kind = OrderCommandKind::kSnapshot}, out);
    } else if (const auto* report = std::get_if<BrokerReport>(&event.body)) {
      if (report->kind == BrokerReportKind::kConnected) Send(event, 0, {.kind = OrderCommandKind::kSnapshot}, out);
      if (report->kind == BrokerReportKind::kAccepted && ++accepted_ % 5 == 0) Disturb(event, *report, out);
    }
  }
  void Save(runtime::StateWriter& state) const override { state(ticks_, orders_, accepted_, quotes_); }
  absl::Status Restore(runtime::StateReader& state) override {
    state(ticks_, orders_, accepted_, quotes_);
    return absl::OkStatus();
  }

 private:
  void Next(const Event& tick, runtime::EventSink& out) {
    auto at = quotes_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(ticks_ / 3 % quotes_.size()));
    const auto& [instrument, quote] = *at;
    const Price cent = Price::FromNanos(10'000'000);
    const auto ticket = [&](Side side, OrderType type, std::optional<Price> limit, std::optional<Price> stop) {
      OrderTicket made = side == Side::kBid ? Buy(++orders_, 300) : Sell(++orders_, 300);
      made.type = type;
      made.limit = limit;
      made.stop = stop;
      return made;
    };
    OrderCommand command{.kind = OrderCommandKind::kPlace};
    switch (ticks_ / 3 % 9) {
      case 0:
        command.tickets = {ticket(Side::kBid, OrderType::kMarket, {}, {})};
        break;
      case 1:
        command.tickets = {ticket(Side::kBid, OrderType::kLimit, quote.bid, {})};
        break;
      case 2:
        command.tickets = {ticket(Side::kAsk, OrderType::kLimit, quote.ask, {})};
        break;
      case 3:
        command.tickets = {ticket(Side::kAsk, OrderType::kLimit, quote.ask + cent, {}),
                           ticket(Side::kAsk, OrderType::kStop, {}, quote.bid - 2 * cent)};
        break;
      case 4:
        command.tickets = {ticket(Side::kBid, OrderType::kStop, {}, quote.ask + cent)};
        break;
      case 5:
        command.tickets = {ticket(Side::kAsk, OrderType::kMarket, {}, {})};
        break;
      case 6:
        command.tickets = {ticket(Side::kBid, OrderType::kLimit, quote.ask, {})};
        command.tickets[0].time_in_force = TimeInForce::kIoc;
        break;
      case 7:
        command.tickets = {ticket(Side::kAsk, OrderType::kStopLimit, quote.bid - 2 * cent, quote.bid - cent)};
        break;
      default:
        command.tickets = {ticket(Side::kAsk, OrderType::kTrailingStop, {}, {})};
        command.tickets[0].trail = 2 * cent;
    }
    Send(tick, instrument, std::move(command), out);
  }
  void Disturb(const Event& event, const BrokerReport& report, runtime::EventSink& out) {
    const OrderId order = *ParseClientOrderId(report.client_order_id);
    if (accepted_ % 10 == 0) {
      return Send(event, event.header.instrument, {.kind = OrderCommandKind::kCancel, .order = order}, out);
    }
    const Quote& quote = quotes_[event.header.instrument];
    OrderTicket ticket = report.side == Side::kBid ? Buy(++orders_, 300) : Sell(++orders_, 300);
    ticket.type = OrderType::kLimit;
    ticket.limit = report.side == Side::kBid ? quote.bid : quote.ask;
    Send(event, event.header.instrument, {.kind = OrderCommandKind::kReplace, .order = order, .tickets = {ticket}},
         out);
  }
  void Send(const Event& cause, InstrumentId instrument, OrderCommand command, runtime::EventSink& out) {
    Event event;
    event.header.producer = Producer::kOms;
    event.header.event_time = event.header.ingest_time = cause.header.event_time;
    event.header.instrument = instrument;
    event.header.cause = {.market = {}, .event = cause.header.id(), .ordinal = ordinal_++};
    event.body = std::move(command);
    out.Emit(event);
  }

  uint64_t ticks_ = 0, orders_ = 0, accepted_ = 0;
  std::map<InstrumentId, Quote> quotes_;
  uint32_t ordinal_ = 0;
};

v1::SimulatedVenue Settings(bool probabilistic) {
  v1::SimulatedVenue settings;
  settings.set_cash_e8(1'000'000'00000000);
  settings.mutable_fees()->set_per_share_e8(350'000);
  settings.mutable_fees()->set_per_order_min_e8(35'000'000);
  if (probabilistic) settings.set_fill_model(v1::FILL_MODEL_PROBABILISTIC);
  return settings;
}

void RunInto(log::EventLog& in, log::EventLog& out, const v1::SimulatedVenue& settings, bool twice = false) {
  auto market = out.OpenWriter("market.0").value();
  auto features = out.OpenWriter("features.0").value();
  auto trading = out.OpenWriter("trading").value();
  runtime::PipelineProcessors processors = cli::MakeProcessors();
  processors.oms = std::make_unique<ScriptedOms>();
  runtime::EmbeddedPipeline pipeline(std::move(processors), {market.get(), features.get(), trading.get()});
  REQUIRE(pipeline.Configure(VenueConfiguration(settings, Time())).ok());
  auto reader = in.OpenReader("market.0").value();
  log::LaneMessage message;
  while (reader->Next(message).value()) {
    for (int i = 0; i < (twice ? 2 : 1); ++i) REQUIRE(pipeline.OnMarketMessage(message).ok());
  }
  REQUIRE(pipeline.Finish().ok());
  for (auto* writer : {market.get(), features.get(), trading.get()}) REQUIRE(writer->Close().ok());
}

void ForEach(log::EventLog& log, const std::string& lane, const std::function<void(const Event&)>& take) {
  auto reader = log.OpenReader(lane).value();
  GroupDecoder decoder;
  GroupHeader header;
  log::LaneMessage message;
  while (reader->Next(message).value()) REQUIRE(decoder.Decode(message.bytes, header, take).ok());
}

std::vector<Event> Said(log::EventLog& log) {
  std::vector<Event> events;
  ForEach(log, "trading", [&](const Event& event) {
    const bool ours = event.header.producer == Producer::kBroker;
    if (ours && !std::holds_alternative<ProcessorVersion>(event.body)) events.push_back(event);
  });
  return events;
}

// Saves and restores into a new venue before the inputs it was told.
class Restoring final : public runtime::Processor {
 public:
  explicit Restoring(uint64_t every) : every_(every) {}
  Producer producer() const override { return Producer::kBroker; }
  uint32_t state_version() const override { return venue_->state_version(); }
  void Process(const Event& event, runtime::EventSink& out) override {
    if (++inputs_ % every_ == 0) {
      runtime::StateWriter writer;
      venue_->Save(writer);
      venue_ = std::make_unique<venue::SimulatedVenue>();
      runtime::StateReader reader(writer.bytes());
      REQUIRE(venue_->Restore(reader).ok());
      REQUIRE(reader.Finish().ok());
    }
    venue_->Process(event, out);
  }
  void Save(runtime::StateWriter& state) const override { venue_->Save(state); }
  absl::Status Restore(runtime::StateReader& state) override { return venue_->Restore(state); }

 private:
  uint64_t every_;
  uint64_t inputs_ = 0;
  std::unique_ptr<runtime::Processor> venue_ = std::make_unique<venue::SimulatedVenue>();
};

void CheckReplay(log::EventLog& out, uint64_t restored_every) {
  const runtime::ReplayPlan plan{{"market.0", "trading"}, "trading"};
  Restoring processor(restored_every);
  const auto replay = runtime::ReplayProcessor(processor, out, plan);
  REQUIRE(replay.ok());
  CHECK_FALSE(replay->divergence.has_value());
  CHECK(replay->outputs > 50);
}

// The fills of a run against the recorded market, with a book of its own.
struct FillCheck {
  uint64_t takers = 0, makers = 0, bad = 0;
};
FillCheck CheckFills(log::EventLog& out, const std::map<std::string, Price>& limits) {
  struct Open {
    InstrumentId instrument;
    BrokerReport report;
    bool good = false;
  };
  std::multimap<Time, Open> fills;
  for (const Event& event : Said(out)) {
    const auto* report = std::get_if<BrokerReport>(&event.body);
    if (report == nullptr || report->kind != BrokerReportKind::kFill) continue;
    fills.emplace(report->broker_time, Open{event.header.instrument, *report});
  }
  FillCheck check;
  std::map<InstrumentId, book::BookState> books;
  std::map<std::pair<InstrumentId, Price>, Quantity> prints;  // of this moment
  const auto look = [&](Open& fill) {
    const book::BookState& book = books[fill.instrument];
    const bool buys = fill.report.side == Side::kBid;
    const book::BookSide& other = book.levels().side(buys ? Side::kAsk : Side::kBid);
    if (other.empty()) return;
    if (!fill.report.maker) {
      // Never better than the quote, never more than is displayed.
      const bool better = buys ? fill.report.price < other.price_at(0) : fill.report.price > other.price_at(0);
      fill.good |= !better && other.SizeAt(fill.report.price) >= fill.report.quantity;
      return;
    }
    if (limits.at(fill.report.client_order_id) != fill.report.price) return;
    fill.good |= buys ? other.price_at(0) <= fill.report.price : other.price_at(0) >= fill.report.price;
    for (const auto& [key, quantity] : prints) {
      const bool reaches = buys ? key.second <= fill.report.price : key.second >= fill.report.price;
      fill.good |= key.first == fill.instrument && reaches && quantity >= fill.report.quantity;
    }
  };
  Time moment;
  const auto settle = [&](Time before) {  // fills strictly before it are judged
    for (auto it = fills.begin(); it != fills.end() && it->first < before; it = fills.erase(it)) {
      if (!it->second.good) look(it->second);
      ++(it->second.report.maker ? check.makers : check.takers);
      if (!it->second.good) {
        ++check.bad;
        UNSCOPED_INFO(VenueDay::Text(it->second.report));
      }
    }
  };
  ForEach(out, "market.0", [&](const Event& event) {
    const auto* batch = std::get_if<MarketBatch>(&event.body);
    if (batch == nullptr) return;
    for (const MarketEvent& row : batch->events) {
      if (row.kind == MarketEventKind::kTick) continue;
      settle(row.event_time);
      if (row.event_time != moment) prints.clear();
      moment = row.event_time;
      if (row.kind == MarketEventKind::kTrade) prints[{row.instrument, row.price}] += row.quantity;
      books[row.instrument].Apply(row);
      const auto [first, last] = fills.equal_range(row.event_time);
      for (auto it = first; it != last; ++it) look(it->second);
    }
  });
  settle(Time::max());
  return check;
}

std::map<std::string, Price> LimitsOf(log::EventLog& out) {
  std::map<std::string, Price> limits;
  ForEach(out, "trading", [&](const Event& event) {
    const auto* command = std::get_if<OrderCommand>(&event.body);
    if (command == nullptr) return;
    for (const OrderTicket& ticket : command->tickets) {
      if (ticket.limit) limits[ClientOrderId(ticket.order)] = *ticket.limit;
    }
  });
  return limits;
}

void CheckSession(log::EventLog& in, uint64_t takers_min, uint64_t makers_min) {
  for (const bool probabilistic : {false, true}) {
    INFO("probabilistic " << probabilistic);
    log::MemoryLog out, again;
    RunInto(in, out, Settings(probabilistic));
    const FillCheck check = CheckFills(out, LimitsOf(out));
    CHECK(check.bad == 0);
    CHECK(check.takers >= takers_min);
    CHECK(check.makers >= makers_min);
    CheckReplay(out, UINT64_MAX);
    RunInto(in, again, Settings(probabilistic), /*twice=*/true);
    CHECK((Said(again) == Said(out)));
  }
}

TEST_CASE("S3-C1.1, S3-C1.2: SOUN: fills are never better than recorded, and a replay by merge says the same",
          "[venue]") {
  log::MemoryLog in;
  if (!RecordSoun(in, 40'000)) return;
  CheckSession(in, 100, 30);
}

TEST_CASE("S3-C1.1, S3-C1.2: LOBSTER, one level: fills are never better than recorded, and a replay says the same",
          "[venue]") {
  const auto messages = RecordedData("data/equities/lobster/AMZN_2012-06-21_34200000_46800000_message_1.csv.zst");
  const auto books = RecordedData("data/equities/lobster/AMZN_2012-06-21_34200000_46800000_orderbook_1.csv.zst");
  if (!messages || !books) return;
  ingest::SourceOptions options;
  options.files = {messages->string(), books->string()};
  options.symbol = "AMZN";
  auto source = ingest::FindFormat("lobster")->open(options).value();
  log::MemoryLog in;
  Record(*source, in, 8'000);
  CheckSession(in, 100, 30);
}

TEST_CASE("S3-C1.1: a simulated market of three symbols: replayed by merge with checkpoints behind every event",
          "[venue]") {
  log::MemoryLog in, out;
  RecordSimulated(in, 6'000, 3);
  RunInto(in, out, Settings(false));
  CHECK(Said(out).size() > 50);
  CheckReplay(out, 1);
  CheckReplay(out, 7);
}

TEST_CASE("venue: the cut of the market lane into messages changes nothing", "[venue]") {
  std::vector<Event> first;
  for (const size_t batch : {3, 50, 8192}) {
    log::MemoryLog in, out;
    if (!RecordSoun(in, 4'000, batch)) return;
    RunInto(in, out, Settings(false));
    const std::vector<Event> said = Said(out);
    CHECK(said.size() > 50);
    if (first.empty()) first = said;
    CHECK((said == first));
  }
}

}  // namespace
}  // namespace spillway::test
