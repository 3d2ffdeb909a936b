// MarketBatch to and from its columns (proto/spillway/v1/market.proto says how they are coded).
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "libs/events/market_event.h"

namespace spillway::v1 {
class MarketBatch;
}

namespace spillway {

// Keeps what it learned of the units from batch to batch; every batch can be read by itself all the same.
class MarketBatchEncoder {
 public:
  // Fills `out`, which is cleared first and reuses its memory. kTick events are left out: they are implied by the
  // times.
  void Encode(const MarketBatch& batch, v1::MarketBatch& out);

 private:
  struct LastPrice {
    uint64_t generation = 0;
    int64_t coarse = 0;
  };

  void EncodeRowStart(const MarketEvent& event, v1::MarketBatch& out);
  uint32_t EncodePrice(const MarketEvent& event, v1::MarketBatch& out);
  bool EncodeQuantity(const MarketEvent& event, v1::MarketBatch& out);
  uint32_t CodeIndex(uint32_t code, v1::MarketBatch& out);
  void AdaptUnits();

  uint64_t generation_ = 0;
  std::vector<LastPrice> last_price_;  // by instrument
  struct CodeSlot {
    uint64_t generation = 0;
    uint32_t code = 0;
    uint32_t index = 0;
  };
  std::vector<CodeSlot> code_slots_ = std::vector<CodeSlot>(1024);

  int64_t price_unit_ = 10'000'000;  // coarse: one cent to begin with
  int64_t fine_unit_ = 100'000;
  int64_t quantity_unit_ = Quantity::kUnit;
  uint32_t prices_ = 0, fine_prices_ = 0, batches_without_fine_ = 0;
  bool units_fit_ = true;

  Time row_time_;
  int64_t ingest_delay_ = 0;
  uint64_t position_ = 0;
  uint64_t reference_ = 0;
  bool any_delay_ = false, any_position_ = false, any_instrument_ = false;
};

// Appends the batch's events to `events`, clock ticks in their places. An inconsistent batch (column lengths, unknown
// code, a first event that is no row start) is DataLoss and leaves `events` as it was.
class MarketBatchDecoder {
 public:
  absl::Status Decode(const v1::MarketBatch& in, std::vector<MarketEvent>& events);

 private:
  struct LastPrice {
    uint64_t generation = 0;
    int64_t coarse = 0;
  };
  uint64_t generation_ = 0;
  std::vector<LastPrice> last_price_;
};

}  // namespace spillway
