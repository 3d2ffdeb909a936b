#include "tests/fakes/venue/market_feed.h"

#include <chrono>
#include <map>
#include <optional>
#include <stdexcept>

#include "libs/book/book_state.h"
#include "libs/events/codec.h"
#include "libs/log/segment_log.h"

namespace spillway::fake {
namespace {

using Steady = std::chrono::steady_clock;

struct Instrument {
  std::string symbol;
  book::BookState book;
  VenueQuote told;
};

std::unique_ptr<log::LaneReader> OpenMarket(log::SegmentLog& session) {
  absl::StatusOr<std::unique_ptr<log::LaneReader>> reader = session.OpenReader("market.0");
  if (!reader.ok()) throw std::runtime_error(std::string(reader.status().message()));
  return std::move(*reader);
}

VenueQuote QuoteOf(const book::BookState& book) {
  VenueQuote quote;
  if (const auto bid = book.quote(Side::kBid)) quote.bid = bid->price, quote.bid_size = bid->size;
  if (const auto ask = book.quote(Side::kAsk)) quote.ask = ask->price, quote.ask_size = ask->size;
  return quote;
}
bool Same(const VenueQuote& a, const VenueQuote& b) {
  return a.bid == b.bid && a.ask == b.ask && a.bid_size == b.bid_size && a.ask_size == b.ask_size;
}

}  // namespace

MarketFeed::MarketFeed(FakeVenue& venue, MarketFeedOptions options) : venue_(venue), options_(std::move(options)) {
  const auto session = log::SegmentLog::OpenForReading(options_.session);
  if (!session.ok()) throw std::runtime_error(std::string(session.status().message()));
  thread_ = std::thread([this] { Run(); });
}

MarketFeed::~MarketFeed() {
  stopping_ = true;
  thread_.join();
}

void MarketFeed::Run() {
  do {
    Play();
  } while (options_.repeat && !stopping_);
}

void MarketFeed::WaitUntil(Steady::time_point when) const {
  while (!stopping_ && Steady::now() < when) {
    std::this_thread::sleep_for(
        std::min<std::chrono::nanoseconds>(std::chrono::milliseconds(20), when - Steady::now()));
  }
}

void MarketFeed::Play() {
  const auto session = log::SegmentLog::OpenForReading(options_.session);
  if (!session.ok()) return;
  const std::unique_ptr<log::LaneReader> reader = OpenMarket(**session);
  std::map<InstrumentId, Instrument> instruments;
  std::optional<Time> first;
  const Steady::time_point begin = Steady::now();
  const auto take = [&](const Event& event) {
    if (const auto* definition = std::get_if<InstrumentDefinition>(&event.body)) {
      instruments[definition->id].symbol = definition->symbol;
    }
    const auto* batch = std::get_if<MarketBatch>(&event.body);
    if (batch == nullptr || stopping_) return;
    for (const MarketEvent& row : batch->events) {
      if (!first) first = row.event_time;
      if (options_.speed > 0) {
        const std::chrono::duration<double> played = (row.event_time - *first) / options_.speed;
        WaitUntil(begin + std::chrono::duration_cast<Steady::duration>(played));
      }
      const auto found = instruments.find(row.instrument);
      if (found == instruments.end()) continue;
      found->second.book.Apply(row);
      if (!row.end_of_event()) continue;
      const VenueQuote quote = QuoteOf(found->second.book);
      if (Same(quote, found->second.told)) continue;
      found->second.told = quote;
      venue_.Quote(found->second.symbol, quote);
    }
  };
  GroupDecoder decoder;
  GroupHeader header;
  log::LaneMessage message;
  while (!stopping_) {
    const absl::StatusOr<bool> more = reader->Next(message);
    if (!more.ok() || !*more) return;
    if (!decoder.Decode(message.bytes, header, take).ok()) return;
  }
}

}  // namespace spillway::fake
