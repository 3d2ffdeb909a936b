#include "libs/events/market_batch_codec.h"

#include <bit>

#include "fmt/format.h"
#include "libs/base/check.h"
#include "spillway/v1/market.pb.h"

namespace spillway {
namespace {

constexpr uint32_t kSideShift = 4;
constexpr uint32_t kCauseShift = 6;
constexpr uint32_t kFlagsShift = 9;
constexpr uint32_t kRowStart = 1u << 16;
constexpr uint32_t kHasPrice = 1u << 17;
constexpr uint32_t kHasQuantity = 1u << 18;
constexpr uint32_t kHasReference = 1u << 19;
constexpr uint32_t kHasConditions = 1u << 20;
constexpr uint32_t kHasVenue = 1u << 21;
constexpr uint32_t kHasLevel = 1u << 22;
constexpr uint32_t kFinePrice = 1u << 23;

// Instruments are dense; an id beyond this in a batch from outside is damage, not a reason to allocate.
constexpr uint32_t kInstrumentMax = 1u << 22;
constexpr uint32_t kBatchesBeforeGrowth = 64;

// Columns that turned out to hold defaults only are dropped.
void DropDefaults(bool any, google::protobuf::RepeatedField<int64_t>& column) {
  if (!any) column.Clear();
}

}  // namespace

void MarketBatchEncoder::Encode(const MarketBatch& batch, v1::MarketBatch& out) {
  do {
    out.Clear();
    ++generation_;
    units_fit_ = true;
    prices_ = fine_prices_ = 0;
    any_delay_ = any_position_ = any_instrument_ = false;
    row_time_ = Time();
    ingest_delay_ = 0;
    position_ = reference_ = 0;
    out.set_feed(batch.feed);
    out.set_epoch(batch.epoch);
    out.set_previous_row_time_ns(ToNanos(batch.previous_row_time));
    out.set_tick_period_ns(static_cast<uint64_t>(kTickPeriod.count()));
    out.set_price_unit_coarse_e9(static_cast<uint64_t>(price_unit_));
    out.set_price_unit_fine_e9(static_cast<uint64_t>(fine_unit_));
    out.set_quantity_unit_e8(static_cast<uint64_t>(quantity_unit_));
    for (const MarketEvent& event : batch.events) {
      if (event.kind == MarketEventKind::kTick) continue;
      if (event.row_start()) EncodeRowStart(event, out);
      uint32_t code = static_cast<uint32_t>(event.kind) | static_cast<uint32_t>(event.side) << kSideShift |
                      static_cast<uint32_t>(event.cause) << kCauseShift |
                      (static_cast<uint32_t>(event.flags) >> 1) << kFlagsShift | (event.row_start() ? kRowStart : 0);
      code |= EncodePrice(event, out);
      if (EncodeQuantity(event, out)) code |= kHasQuantity;
      if (event.reference != 0) {
        out.add_reference(static_cast<int64_t>(event.reference - reference_));
        reference_ = event.reference;
        code |= kHasReference;
      }
      if (event.conditions != 0) {
        out.add_conditions(event.conditions);
        code |= kHasConditions;
      }
      if (event.venue != 0) {
        out.add_venue(event.venue);
        code |= kHasVenue;
      }
      if (event.level != 0) {
        out.mutable_level()->push_back(static_cast<char>(event.level));
        code |= kHasLevel;
      }
      out.add_codes(CodeIndex(code, out));
    }
    if (!units_fit_) continue;  // a smaller unit was found necessary: once more with it
    DropDefaults(any_delay_, *out.mutable_row_ingest_delay_ns());
    DropDefaults(any_position_, *out.mutable_row_position());
    if (!any_instrument_) out.mutable_row_instrument_id()->Clear();
    AdaptUnits();
    return;
  } while (true);
}

void MarketBatchEncoder::EncodeRowStart(const MarketEvent& event, v1::MarketBatch& out) {
  if (out.codes_size() == 0) {
    out.set_base_time_ns(ToNanos(event.event_time));
    out.set_first_position(event.position);
    out.set_instrument_id(event.instrument);
    row_time_ = event.event_time;
    position_ = event.position - 1;
  }
  out.add_row_time_ns((event.event_time - row_time_).count());
  row_time_ = event.event_time;
  const int64_t delay = (event.ingest_time - event.event_time).count();
  out.add_row_ingest_delay_ns(delay - ingest_delay_);
  any_delay_ |= delay != ingest_delay_;
  ingest_delay_ = delay;
  const auto step = static_cast<int64_t>(event.position - position_) - 1;
  out.add_row_position(step);
  any_position_ |= step != 0;
  position_ = event.position;
  out.add_row_instrument_id(event.instrument);
  any_instrument_ |= event.instrument != out.instrument_id();
}

uint32_t MarketBatchEncoder::EncodePrice(const MarketEvent& event, v1::MarketBatch& out) {
  const int64_t price = event.price.nanos();
  if (price == 0) return 0;
  if (event.instrument >= last_price_.size()) last_price_.resize(event.instrument + 1);
  LastPrice& last = last_price_[event.instrument];
  if (last.generation != generation_) last = {generation_, 0};
  ++prices_;
  const int64_t delta = price - last.coarse;
  const int64_t coarse = delta / price_unit_;
  if (coarse * price_unit_ == delta) {
    out.add_price(coarse);
    last.coarse = price;
    return kHasPrice;
  }
  ++fine_prices_;
  int64_t fine = delta / fine_unit_;
  if (fine * fine_unit_ != delta) {
    while (delta % fine_unit_ != 0) fine_unit_ /= 10;
    units_fit_ = false;
    fine = delta / fine_unit_;
  }
  out.add_price(fine);
  return kHasPrice | kFinePrice;
}

bool MarketBatchEncoder::EncodeQuantity(const MarketEvent& event, v1::MarketBatch& out) {
  const int64_t quantity = event.quantity.e8();
  if (quantity == 0) return false;
  int64_t units = quantity / quantity_unit_;
  if (units * quantity_unit_ != quantity) {
    while (quantity % quantity_unit_ != 0) quantity_unit_ /= 10;
    units_fit_ = false;
    units = quantity / quantity_unit_;
  }
  out.add_quantity(units);
  return true;
}

uint32_t MarketBatchEncoder::CodeIndex(uint32_t code, v1::MarketBatch& out) {
  size_t slot = (code * 0x9E3779B1u) >> 22;
  while (true) {
    CodeSlot& entry = code_slots_[slot];
    if (entry.generation != generation_) {
      entry = {generation_, code, static_cast<uint32_t>(out.code_table_size())};
      out.add_code_table(code);
      SPILLWAY_CHECK(out.code_table_size() < static_cast<int>(code_slots_.size()));
      return entry.index;
    }
    if (entry.code == code) return entry.index;
    slot = (slot + 1) % code_slots_.size();
  }
}

// The coarse unit follows the market: smaller when many prices do not fit it, larger again when none needed it for
// long.
void MarketBatchEncoder::AdaptUnits() {
  if (fine_prices_ * 4 > prices_ && price_unit_ > 1) {
    price_unit_ /= 10;
    if (fine_unit_ > price_unit_) fine_unit_ = price_unit_;
    batches_without_fine_ = 0;
  } else {
    batches_without_fine_ = fine_prices_ == 0 ? batches_without_fine_ + 1 : 0;
  }
  if (batches_without_fine_ >= kBatchesBeforeGrowth && price_unit_ < 1'000'000'000) {
    price_unit_ *= 10;
    batches_without_fine_ = 0;
  }
}

absl::Status MarketBatchDecoder::Decode(const v1::MarketBatch& in, std::vector<MarketEvent>& events) {
  const size_t before = events.size();
  const auto damaged = [&](std::string_view what) {
    events.resize(before);
    return absl::DataLossError(fmt::format("market batch from position {}: {}", in.first_position(), what));
  };
  const int rows = in.row_time_ns_size();
  const bool has_delay = in.row_ingest_delay_ns_size() != 0;
  const bool has_position = in.row_position_size() != 0;
  const bool has_instrument = in.row_instrument_id_size() != 0;
  if ((has_delay && in.row_ingest_delay_ns_size() != rows) || (has_position && in.row_position_size() != rows) ||
      (has_instrument && in.row_instrument_id_size() != rows)) {
    return damaged("row columns of different lengths");
  }
  const auto tick_period = static_cast<int64_t>(in.tick_period_ns());
  if (tick_period < 0) return damaged("tick period out of range");
  const auto coarse_unit = static_cast<int64_t>(in.price_unit_coarse_e9());
  const auto fine_unit = static_cast<int64_t>(in.price_unit_fine_e9());
  const auto quantity_unit = static_cast<int64_t>(in.quantity_unit_e8());

  ++generation_;
  const size_t needed = before + static_cast<size_t>(in.codes_size()) + static_cast<size_t>(rows);
  if (needed > events.capacity()) events.reserve(std::bit_ceil(needed));  // batches differ a little in size
  const int64_t* row_times = in.row_time_ns().data();
  const int64_t* prices = in.price().data();
  const int64_t* quantities = in.quantity().data();
  const int64_t* references = in.reference().data();
  const int price_count = in.price_size(), quantity_count = in.quantity_size(), reference_count = in.reference_size();
  int row = 0, price = 0, quantity = 0, reference = 0, condition = 0, venue = 0;
  size_t level = 0;
  MarketEvent current;  // what the events of a row share
  int64_t row_time = in.base_time_ns(), delay = 0;
  int64_t next_tick = 0;  // the first row at or past it is preceded by a tick
  bool ticks = tick_period > 0;
  if (ticks) {
    const int64_t previous = in.previous_row_time_ns() != 0 ? in.previous_row_time_ns() : in.base_time_ns();
    next_tick = ToNanos(FloorTo(TimeFromNanos(previous), Duration(tick_period))) + tick_period;
  }
  uint64_t last_reference = 0;
  current.position = in.first_position() - 1;
  current.instrument = in.instrument_id();
  LastPrice* last = nullptr;
  for (const uint32_t code_index : in.codes()) {
    if (code_index >= static_cast<uint32_t>(in.code_table_size())) return damaged("a code that is not in the table");
    const uint32_t code = in.code_table(static_cast<int>(code_index));
    if ((code & kRowStart) != 0) {
      if (row == rows) return damaged("more rows than row columns");
      row_time = static_cast<int64_t>(static_cast<uint64_t>(row_time) + static_cast<uint64_t>(row_times[row]));
      if (has_delay)
        delay = static_cast<int64_t>(static_cast<uint64_t>(delay) + static_cast<uint64_t>(in.row_ingest_delay_ns(row)));
      current.event_time = TimeFromNanos(row_time);
      current.ingest_time =
          TimeFromNanos(static_cast<int64_t>(static_cast<uint64_t>(row_time) + static_cast<uint64_t>(delay)));
      current.position += 1 + (has_position ? static_cast<uint64_t>(in.row_position(row)) : 0);
      if (has_instrument) current.instrument = in.row_instrument_id(row);
      if (current.instrument >= kInstrumentMax) return damaged("an instrument id out of range");
      if (current.instrument >= last_price_.size()) last_price_.resize(current.instrument + 1);
      last = &last_price_[current.instrument];
      if (last->generation != generation_) *last = {generation_, 0};
      ++row;
      if (ticks && row_time >= next_tick) {
        MarketEvent tick;
        tick.event_time = FloorTo(current.event_time, Duration(tick_period));
        tick.ingest_time = current.ingest_time;
        tick.position = current.position;
        tick.kind = MarketEventKind::kTick;
        events.push_back(tick);
        next_tick = ToNanos(tick.event_time) + tick_period;
      }
    }
    if (last == nullptr) return damaged("it does not begin with the start of a row");
    MarketEvent event = current;
    event.kind = static_cast<MarketEventKind>(code & 0xF);
    event.side = static_cast<Side>((code >> kSideShift) & 0x3);
    event.cause = static_cast<Cause>((code >> kCauseShift) & 0x7);
    event.flags = static_cast<uint8_t>(((code >> kFlagsShift) & 0x7F) << 1 | ((code & kRowStart) != 0 ? 1 : 0));
    if ((code & kHasPrice) != 0) {
      if (price == price_count) return damaged("fewer prices than codes ask for");
      const bool fine = (code & kFinePrice) != 0;
      const auto delta = static_cast<uint64_t>(prices[price++]) * static_cast<uint64_t>(fine ? fine_unit : coarse_unit);
      const auto value = static_cast<int64_t>(static_cast<uint64_t>(last->coarse) + delta);
      if (!fine) last->coarse = value;
      event.price = Price::FromNanos(value);
    }
    if ((code & kHasQuantity) != 0) {
      if (quantity == quantity_count) return damaged("fewer quantities than codes ask for");
      event.quantity = Quantity::FromE8(
          static_cast<int64_t>(static_cast<uint64_t>(quantities[quantity++]) * static_cast<uint64_t>(quantity_unit)));
    }
    if ((code & (kHasReference | kHasConditions | kHasVenue | kHasLevel)) != 0) {
      if ((code & kHasReference) != 0) {
        if (reference == reference_count) return damaged("fewer references than codes ask for");
        last_reference += static_cast<uint64_t>(references[reference++]);
        event.reference = last_reference;
      }
      if ((code & kHasConditions) != 0) {
        if (condition == in.conditions_size()) return damaged("fewer conditions than codes ask for");
        event.conditions = in.conditions(condition++);
      }
      if ((code & kHasVenue) != 0) {
        if (venue == in.venue_size()) return damaged("fewer venues than codes ask for");
        event.venue = static_cast<uint16_t>(in.venue(venue++));
      }
      if ((code & kHasLevel) != 0) {
        if (level == in.level().size()) return damaged("fewer levels than codes ask for");
        event.level = static_cast<uint8_t>(in.level()[level++]);
      }
    }
    events.push_back(event);
  }
  if (row != rows || price != price_count || quantity != quantity_count || reference != reference_count ||
      condition != in.conditions_size() || venue != in.venue_size() || level != in.level().size()) {
    return damaged("columns longer than the codes ask for");
  }
  return absl::OkStatus();
}

}  // namespace spillway
