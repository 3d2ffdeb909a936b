#include "services/journal/report/market_pass.h"

#include <algorithm>
#include <bit>

namespace spillway::journal::report {

namespace {
constexpr int kClassesAnOctave = 8;
}

void DelayHistogram::Add(Duration delay) {
  const auto ns = static_cast<uint64_t>(std::max<int64_t>(delay.count(), 0));
  size_t index = ns;
  if (ns >= kClassesAnOctave) {
    const int octave = std::bit_width(ns) - 4;  // 8..15 is octave 0
    index = kClassesAnOctave * static_cast<size_t>(octave) + (ns >> octave);
  }
  ++counts_[std::min(index, counts_.size() - 1)];
  ++total_;
  if (!max_ || delay > *max_) max_ = delay;
}

std::optional<Duration> DelayHistogram::Quantile(double fraction) const {
  if (total_ == 0) return std::nullopt;
  uint64_t below = 0;
  size_t index = 0;
  while (index + 1 < counts_.size()) {
    below += counts_[index];
    if (static_cast<double>(below) >= fraction * static_cast<double>(total_)) break;
    ++index;
  }
  if (index < 2 * kClassesAnOctave) return Duration(static_cast<int64_t>(index));
  const size_t octave = index / kClassesAnOctave - 1;
  const size_t within = index - kClassesAnOctave * octave;
  const auto upper = Duration(static_cast<int64_t>(((within + 1) << octave) - 1));
  return std::min(upper, std::max(*max_, Duration(0)));
}

MarketPass::MarketPass(SessionReport* report, std::vector<WindowRecorder*> windows, std::vector<InstrumentId> charted,
                       Duration bucket)
    : report_(*report), windows_(std::move(windows)) {
  for (SymbolFacts& facts : report_.symbols) {
    facts_[facts.id] = &facts;
    if (std::find(charted.begin(), charted.end(), facts.id) == charted.end()) continue;
    facts.line.emplace();
    facts.line->bucket = bucket;
  }
  for (WindowRecorder* window : windows_) Of(window->instrument()).windows.push_back(window);
}

MarketPass::Instrument& MarketPass::Of(InstrumentId id) {
  if (id >= instruments_.size()) instruments_.resize(id + 1);
  std::unique_ptr<Instrument>& instrument = instruments_[id];
  if (instrument == nullptr) {
    instrument = std::make_unique<Instrument>();
    if (const auto facts = facts_.find(id); facts != facts_.end()) instrument->facts = facts->second;
  }
  return *instrument;
}

void MarketPass::Take(const Event& event) {
  std::visit(Overloaded{
                 [&](const MarketBatch& batch) { OnBatch(batch); },
                 [&](const SessionState& state) { OnSession(state); },
                 [&](const FeedGap& gap) {
                   ++gaps_[gap.feed];
                   if (event.header.instrument != 0) {
                     Of(event.header.instrument).book.OnGap();
                     return;
                   }
                   for (auto& instrument : instruments_) {
                     if (instrument != nullptr) instrument->book.OnGap();
                   }
                 },
                 [&](const ProcessorVersion& version) {
                   if (std::find(report_.builds.begin(), report_.builds.end(), version.build) == report_.builds.end())
                     report_.builds.push_back(version.build);
                 },
                 [&](const TradeBust&) {
                   if (SymbolFacts* facts = Of(event.header.instrument).facts) ++facts->busts;
                 },
                 [&](const TradeCorrection&) {
                   if (SymbolFacts* facts = Of(event.header.instrument).facts) ++facts->corrections;
                 },
                 [](const auto&) {},
             },
             event.body);
}

void MarketPass::OnSession(const SessionState& state) {
  if (!state.regular_open) return;
  if (open_ && *open_ != *state.regular_open) {
    for (auto& instrument : instruments_) {
      if (instrument != nullptr) instrument->session_value = instrument->session_volume_e8 = 0;
    }
  }
  open_ = state.regular_open;
  close_ = state.regular_close;
}

void MarketPass::OnBatch(const MarketBatch& batch) {
  DelayHistogram& delays = delays_[batch.feed];
  for (const MarketEvent& event : batch.events) {
    if (event.kind == MarketEventKind::kTick) continue;
    if (event.row_start()) {
      ++report_.rows;
      delays.Add(event.ingest_time - event.event_time);
    }
    OnMarketEvent(event, Of(event.instrument));
  }
}

void MarketPass::OnMarketEvent(const MarketEvent& event, Instrument& instrument) {
  for (WindowRecorder* window : instrument.windows) {
    if (window->from() > event.event_time) break;
    window->AdvanceTo(event.event_time, instrument.book);
  }
  instrument.book.Apply(event);
  if (SymbolFacts* facts = instrument.facts) {
    if (event.row_start()) ++facts->rows;
    if (!facts->first) facts->first = event.event_time;
    facts->last = event.event_time;
  }
  if (event.kind == MarketEventKind::kTrade) OnTrade(event, instrument);
  if (event.end_of_event()) OnRowEnd(event, instrument);
}

void MarketPass::OnTrade(const MarketEvent& trade, Instrument& instrument) {
  ++report_.trades;
  if (trade.eligible() && InSession(trade.event_time)) {
    instrument.session_value += static_cast<Int128>(trade.price.nanos()) * trade.quantity.e8();
    instrument.session_volume_e8 += trade.quantity.e8();
  }
  for (WindowRecorder* window : instrument.windows) window->OnTrade(trade);
  SymbolFacts* facts = instrument.facts;
  if (facts == nullptr) return;
  ++facts->trades;
  facts->volume += trade.quantity;
  facts->value += static_cast<Int128>(trade.price.nanos()) * trade.quantity.e8();
  facts->low = facts->low ? std::min(*facts->low, trade.price) : trade.price;
  facts->high = facts->high ? std::max(*facts->high, trade.price) : trade.price;
  if (facts->line) AddToLine(trade, instrument, *facts->line);
}

void MarketPass::AddToLine(const MarketEvent& trade, const Instrument& instrument, PriceLine& line) const {
  const Time start = FloorTo(trade.event_time, line.bucket);
  if (line.points.empty() || line.points.back().time != start)
    line.points.push_back({start, trade.price, trade.price, trade.price, std::nullopt});
  PricePoint& point = line.points.back();
  point.low = std::min(point.low, trade.price);
  point.high = std::max(point.high, trade.price);
  point.last = trade.price;
  if (instrument.session_volume_e8 > 0) {
    point.vwap =
        static_cast<double>(instrument.session_value) / static_cast<double>(instrument.session_volume_e8) / 1e9;
  }
  const Time minute = FloorTo(trade.event_time, std::chrono::minutes(1));
  if (line.minutes.empty() || line.minutes.back().first != minute) line.minutes.emplace_back(minute, Quantity());
  line.minutes.back().second += trade.quantity;
}

void MarketPass::OnRowEnd(const MarketEvent& event, Instrument& instrument) {
  for (WindowRecorder* window : instrument.windows) {
    if (window->from() > event.event_time) break;
    window->OnQuote(event.event_time, instrument.book);
  }
  std::erase_if(instrument.windows, [&](const WindowRecorder* window) { return window->to() <= event.event_time; });
  if (instrument.facts == nullptr) return;
  const auto bid = instrument.book.levels().best_bid();
  const auto ask = instrument.book.levels().best_ask();
  if (!bid || !ask) return;
  instrument.facts->last_quote = Quote{bid->price, ask->price, bid->size, ask->size};
  if (!instrument.facts->first_quote) instrument.facts->first_quote = instrument.facts->last_quote;
}

std::vector<MarketWindow> MarketPass::Finish(Time last) {
  for (size_t id = 0; id < instruments_.size(); ++id) {
    if (instruments_[id] == nullptr || instruments_[id]->facts == nullptr) continue;
    const book::BookFacts& counted = instruments_[id]->book.facts();
    SymbolFacts& facts = *instruments_[id]->facts;
    facts.crossed = counted.crossed;
    facts.locked = counted.locked;
    facts.gaps = counted.gaps;
    facts.unknown_positions = counted.unknown_positions;
  }
  for (FeedFacts& feed : report_.feeds) {
    feed.gaps = gaps_[feed.capabilities.feed];
    const auto delays = delays_.find(feed.capabilities.feed);
    if (delays == delays_.end() || !feed.capabilities.receive_times) continue;
    feed.lag_median = delays->second.Quantile(0.5);
    feed.lag_p99 = delays->second.Quantile(0.99);
    feed.lag_max = delays->second.max();
  }
  std::vector<MarketWindow> windows;
  for (WindowRecorder* window : windows_) windows.push_back(window->Finish(last, Of(window->instrument()).book));
  return windows;
}

}  // namespace spillway::journal::report
