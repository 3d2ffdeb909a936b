#include "services/scoring/scoring_processor.h"
#include "spillway/v1/profile.pb.h"
#include "tests/catch.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/features_lane.h"

namespace spillway::scoring {
namespace {

class CountingSink final : public runtime::EventSink {
 public:
  void Emit(const Event& event) override {
    ++emitted;
    rows += std::holds_alternative<MarketContext>(event.body) ? std::get<MarketContext>(event.body).rows.size() : 0;
  }
  size_t emitted = 0;
  size_t rows = 0;
};

}  // namespace

TEST_CASE("scoring: a snapshot of which nothing follows allocates nothing, nor does a tick", "[scoring]") {
  test::FeaturesLane lane;
  lane.At(0);
  std::vector<InstrumentId> symbols;
  for (InstrumentId id = 1; id <= 20; ++id) symbols.push_back(id);
  for (const InstrumentId id : symbols) lane.Define(id);
  v1::Profile both_sides = test::Classic();
  both_sides.mutable_short_side()->set_enabled(true);
  both_sides.mutable_scarcity()->set_ranking_window_ns(1'000'000'000);
  both_sides.mutable_rubric()->set_evaluation_interval_ns(300'000'000);
  both_sides.mutable_preview()->set_threshold(7);
  both_sides.mutable_rubric()->set_near_miss(1);  // what is left out is counted
  both_sides.mutable_rubric()->set_rejection_interval_ns(Duration(std::chrono::hours(1)).count());
  lane.Start("a@1#1", test::Classic()).Include("a@1#1", symbols);
  lane.Start("b@1#1", test::Classic()).Include("b@1#1", symbols);
  lane.Start("c@1#1", both_sides).Include("c@1#1", symbols);
  const auto quarter = [&](int step) {
    lane.At(1000 + 250 * step);
    for (const InstrumentId id : symbols) {
      lane.Snapshot(id, {.bid = 19.90 + 0.01 * (step % 5), .ratio = 1.5, .tape = 1.0 + step % 3});
    }
    lane.At(1000 + 250 * step + 100).Tick();
  };
  // First a signal on every symbol, so that there is something to watch; then quiet.
  lane.At(900);
  for (const InstrumentId id : symbols) lane.Snapshot(id, test::Seen{});
  for (int step = 0; step < 20; ++step) quarter(step);
  const size_t warm_up = lane.events().size();
  for (int step = 20; step < 120; ++step) quarter(step);

  ScoringProcessor processor;
  CountingSink sink;
  const std::vector<Event>& events = lane.events();
  for (size_t i = 0; i < warm_up; ++i) processor.Process(events[i], sink);
  const size_t rows_before = sink.rows;
  const size_t emitted_before = sink.emitted;
  const size_t before = test::allocations;
  for (size_t i = warm_up; i < events.size(); ++i) processor.Process(events[i], sink);
  CHECK(test::allocations - before == 0);
  CHECK(sink.emitted - emitted_before == 200);  // a context and a tick each
  CHECK(sink.rows - rows_before == 2000);
  CHECK(before > 0);  // the count works
}

}  // namespace spillway::scoring
