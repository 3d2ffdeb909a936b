#include "services/ingest/databento_rows.h"

#include <algorithm>

#include "fmt/format.h"

namespace spillway::ingest {
namespace {

Side SideOf(char side) {
  return side == 'B' ? Side::kBid : side == 'A' ? Side::kAsk : Side::kNone;
}

}  // namespace

std::string_view DatabentoSchemaName(DatabentoSchema schema) {
  switch (schema) {
    case DatabentoSchema::kMbo:
      return "mbo";
    case DatabentoSchema::kMbp10:
      return "mbp-10";
    case DatabentoSchema::kMbp1:
      return "mbp-1";
    case DatabentoSchema::kTbbo:
      return "tbbo";
    case DatabentoSchema::kTrades:
      return "trades";
  }
  return "?";
}

size_t DatabentoDepth(DatabentoSchema schema) {
  switch (schema) {
    case DatabentoSchema::kMbp10:
      return 10;
    case DatabentoSchema::kMbp1:
    case DatabentoSchema::kTbbo:
      return 1;
    default:
      return 0;
  }
}

DatabentoRows::DatabentoRows(DatabentoSchema schema, InstrumentId instrument)
    : schema_(schema),
      priced_actions_(schema == DatabentoSchema::kMbo ? "TFAM" : "T"),
      row_(instrument),
      window_(std::max<size_t>(1, DatabentoDepth(schema))) {}

void DatabentoRows::Describe(DatabentoSchema schema, std::string_view format, FeedCapabilities& capabilities) {
  capabilities.name = fmt::format("{} {}", format, DatabentoSchemaName(schema));
  capabilities.book_levels = static_cast<uint32_t>(DatabentoDepth(schema));
  capabilities.book_full_depth = schema == DatabentoSchema::kMbo;
  capabilities.orders = schema == DatabentoSchema::kMbo;
  capabilities.trades = true;
  capabilities.aggressor_side = true;
  capabilities.change_causes = schema != DatabentoSchema::kTbbo && schema != DatabentoSchema::kTrades;
  capabilities.receive_times = true;
}

std::string DatabentoRows::Complaint(const DatabentoRecord& record) const {
  if (!kDatabentoActions.contains(record.action)) {
    return fmt::format("action is '{}', expected one of A M C R T F N", record.action);
  }
  if (!kDatabentoSides.contains(record.side)) return fmt::format("side is '{}', expected B, A or N", record.side);
  return fmt::format("an action {} has no price", record.action);
}

std::span<const MarketEvent> DatabentoRows::Translate(const DatabentoRecord& record, uint64_t position,
                                                      SourceFacts& facts) {
  facts.bad_receive_times += (record.flags & DatabentoFlags::kBadReceiveTime) != 0;
  facts.maybe_bad_books += (record.flags & DatabentoFlags::kMaybeBadBook) != 0;
  row_.Begin(record.event_time, record.receive_time, position);
  if (record.action == 'R') {
    row_.Add(MarketEventKind::kClear);
    window_.Reset();
    executions_.Clear();
    fills_.clear();
  }
  if (record.action == 'T') TranslateTrade(record);
  if (schema_ == DatabentoSchema::kMbo) {
    TranslateOrder(record);
  } else if (schema_ != DatabentoSchema::kTrades) {
    TranslateLevels(record);
  }
  // The last-flag counts records of all schemas; where only trades are delivered it may never come.
  const bool trades_only = schema_ == DatabentoSchema::kTrades || schema_ == DatabentoSchema::kTbbo;
  return row_.Finish(trades_only || (record.flags & DatabentoFlags::kLast) != 0);
}

void DatabentoRows::TranslateTrade(const DatabentoRecord& record) {
  MarketEvent& trade = row_.Add(MarketEventKind::kTrade);
  trade.side = SideOf(record.side);
  trade.price = record.price;
  trade.quantity = Quantity::Units(record.size);
  trade.flags = MarketEventFlags::kEligible;
  if (trade.side == Side::kNone) {
    // On the equity feeds these are prints against hidden orders and crosses; CME has no hidden orders.
    if (record.publisher != kPublisherCme) trade.flags |= MarketEventFlags::kHidden;
    return;
  }
  const bool levels = schema_ == DatabentoSchema::kMbp10 || schema_ == DatabentoSchema::kMbp1;
  if (levels) executions_.Add(Opposite(trade.side), trade.price, trade.quantity, record.event_time);
}

void DatabentoRows::TranslateLevels(const DatabentoRecord& record) {
  if (schema_ == DatabentoSchema::kTbbo) {  // samples of the quote before each trade: nobody can say why it changed
    window_.Commit({.decrease = Cause::kUnknown, .increase = Cause::kUnknown, .executions = nullptr}, row_);
    return;
  }
  const bool modify = record.action == 'M';
  window_.Commit({.decrease = modify ? Cause::kReplace : Cause::kCancel,
                  .increase = modify ? Cause::kReplace : Cause::kAdd,
                  .executions = &executions_},
                 row_);
}

Cause DatabentoRows::CauseOfCancel(const DatabentoRecord& record) {
  for (Fill& fill : fills_) {
    if (fill.order_id != record.order_id || fill.size == 0) continue;
    fill.size -= std::min(fill.size, record.size);
    return Cause::kExecute;
  }
  return Cause::kCancel;
}

void DatabentoRows::TranslateOrder(const DatabentoRecord& record) {
  if (fills_time_ != record.event_time) {
    fills_.clear();
    fills_time_ = record.event_time;
  }
  MarketEventKind kind;
  Cause cause;
  switch (record.action) {
    case 'A':
      kind = MarketEventKind::kOrderAdd;
      cause = (record.flags & DatabentoFlags::kSnapshot) != 0 ? Cause::kSnapshot : Cause::kAdd;
      break;
    case 'C':
      kind = MarketEventKind::kOrderCancel;
      cause = CauseOfCancel(record);
      break;
    case 'M':
      kind = MarketEventKind::kOrderModify;
      cause = Cause::kReplace;
      break;
    case 'F':
      kind = MarketEventKind::kOrderFill;
      cause = Cause::kExecute;
      fills_.push_back({record.order_id, record.size});
      break;
    default:
      return;
  }
  MarketEvent& event = row_.Add(kind);
  event.side = SideOf(record.side);
  event.price = record.price;
  event.quantity = Quantity::Units(record.size);
  event.reference = record.order_id;
  event.cause = cause;
}

}  // namespace spillway::ingest
