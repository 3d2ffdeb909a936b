#include "services/oms/liquidation.h"

#include "fmt/format.h"
#include "libs/base/random.h"
#include "spillway/v1/risk.pb.h"
#include "tests/catch.h"

namespace spillway::oms {
namespace {

Price Usd(std::string_view text) {
  return *Price::Parse(text);
}
Time At(double seconds) {
  return TimeFromNanos(std::llround((1000 + seconds) * 1e9));
}

// One holding of a long trade, seen from its liquidation that began at 0.
struct Holding {
  LiquidationTerms terms;
  TickTable ticks{Usd("0.01"), {}};
  LiquidationPlan plan{.since = At(0)};
  LiquidationLeg leg;

  explicit Holding(int64_t units, Side side = Side::kAsk) {
    leg.side = side;
    leg.open = Quantity::Units(units);
    leg.ticks = &ticks;
    Quotes("20.00", 400, "20.02", 800);
  }
  void Quotes(std::string_view bid, int64_t bid_size, std::string_view ask, int64_t ask_size) {
    leg.quote = Quote{Usd(bid), Usd(ask), Quantity::Units(bid_size), Quantity::Units(ask_size)};
  }
  std::string Next(double seconds) {
    const LiquidationStep step = NextStep(terms, plan, leg, At(seconds));
    if (step.action == LiquidationStep::Action::kCancelWorking) return "cancel";
    if (step.action == LiquidationStep::Action::kWait) {
      return step.wake ? fmt::format("wait until {}", (*step.wake - At(0)).count() / 1e9) : "wait";
    }
    leg.working = true;
    leg.working_limit = step.limit.has_value();
    leg.may_fill += step.quantity;
    working_ = step.quantity;
    return fmt::format("{} {}", step.quantity.ToString(), step.limit ? "at " + step.limit->ToString() : "at market");
  }
  void Fill(int64_t units) {
    working_ -= Quantity::Units(units);
    leg.may_fill -= Quantity::Units(units);
    leg.open -= Quantity::Units(units);
    if (working_ == Quantity()) leg.working = false;
  }
  void Ended() {  // cancelled or rejected
    leg.may_fill -= working_;
    working_ = Quantity();
    leg.working = false;
  }

 private:
  Quantity working_;
};

}  // namespace

TEST_CASE("FX-81, S3-B2.4: cancels are waited for, then slices of a quarter of the touch cross by 10 bps", "[oms]") {
  Holding holding(250);
  holding.leg.cancels_open = true;
  CHECK(holding.Next(0) == "wait until 2");
  CHECK(holding.plan.stage == FlattenStage::kCanceling);
  holding.leg.cancels_open = false;
  CHECK(holding.Next(0.5) == "100 at 19.98");  // 400 at 20.00: a quarter; 2 cents through it
  CHECK(holding.plan.stage == FlattenStage::kLimits);
  CHECK(holding.Next(0.6) == "wait until 5.5");
  holding.Fill(100);
  CHECK(holding.Next(0.7) == "100 at 19.98");
  holding.Fill(100);
  CHECK(holding.Next(0.8) == "50 at 19.98");
  holding.Fill(50);
  CHECK(holding.Next(0.9) == "wait");
}

TEST_CASE("FX-81, S3-B2.4: each 5 s 10 bps wider, at market after 30 s", "[oms]") {
  Holding holding(100);
  CHECK(holding.Next(0) == "100 at 19.98");
  std::string story;
  for (const double second : {5.0, 10.0, 15.0, 20.0, 25.0, 30.0}) {
    REQUIRE(holding.Next(second) == "cancel");
    holding.Ended();
    story += fmt::format("{} s {}; ", second, holding.Next(second + 0.1));
  }
  CHECK(story ==
        "5 s 100 at 19.96; 10 s 100 at 19.94; 15 s 100 at 19.92; 20 s 100 at 19.90; 25 s 100 at 19.88; "
        "30 s 100 at market; ");
  CHECK(holding.plan.stage == FlattenStage::kMarket);
  CHECK(holding.Next(36) == "wait until 40");  // a market order is left alone
}

TEST_CASE("FX-81, S3-B2.4: a short is bought back, on the tick, never less aggressive than it should be", "[oms]") {
  Holding holding(1000, Side::kBid);
  holding.Quotes("20.00", 400, "20.03", 1000);
  CHECK(holding.Next(0) == "250 at 20.06");  // 20.05003 is rounded up
}

TEST_CASE("FX-81, S3-B2.4: an order that nobody acknowledged as cancelled keeps its quantity reserved", "[oms]") {
  Holding holding(300);
  holding.leg.cancels_open = true;
  holding.leg.may_fill = Quantity::Units(250);  // its stop
  CHECK(holding.Next(1) == "wait until 2");
  CHECK(holding.Next(2) == "50 at 19.98");
  holding.Fill(50);
  CHECK(holding.Next(2.1) == "wait until 7");  // 250 are held, and the stop may still sell 250
  holding.leg.cancels_open = false;
  holding.leg.may_fill = Quantity();
  CHECK(holding.Next(3) == "100 at 19.98");
}

TEST_CASE("FX-81, S3-B2.4: halted symbols are queued, and go on anew when trading resumes", "[oms]") {
  Holding holding(100);
  holding.leg.halted = true;
  CHECK(holding.Next(1) == "wait");
  CHECK(holding.plan.stage == FlattenStage::kQueued);
  CHECK(holding.Next(300) == "wait");
  holding.leg.halted = false;
  holding.Quotes("15.00", 400, "15.10", 400);
  CHECK(holding.Next(301) == "100 at 14.98");  // 14.985, and not at market at once
  CHECK(holding.Next(302) == "wait until 306");
}

TEST_CASE("FX-81, S3-B2.4: without a valid quote there is no limit; the time for market orders comes all the same",
          "[oms]") {
  Holding holding(100);
  holding.leg.quote.reset();
  CHECK(holding.Next(0) == "wait until 5");
  CHECK(holding.Next(29) == "wait until 30");
  CHECK(holding.Next(30) == "100 at market");
}

TEST_CASE("FX-81, S3-B2.4: where market orders are not taken the limits go on widening", "[oms]") {
  Holding holding(100);
  holding.leg.market_orders = false;
  CHECK(holding.Next(0) == "100 at 19.98");
  CHECK(holding.Next(60) == "cancel");
  holding.Ended();
  CHECK(holding.Next(60.1) == "100 at 19.74");  // 13 times 10 bps
}

TEST_CASE("FX-81, S3-B2.4: an order that closed nothing is not repeated before the next widening", "[oms]") {
  Holding holding(100);
  CHECK(holding.Next(0) == "100 at 19.98");
  holding.Ended();  // rejected
  CHECK(holding.Next(0.1) == "wait until 5");
  CHECK(holding.Next(5) == "100 at 19.96");
}

TEST_CASE("FX-81, S3-B2.4: what has to go at market at once does not wait for a limit that works", "[oms]") {
  Holding holding(100);
  CHECK(holding.Next(0) == "100 at 19.98");
  holding.terms.market_after = Duration(0);  // its stop was rejected
  CHECK(holding.Next(0.1) == "cancel");
  holding.Ended();
  CHECK(holding.Next(0.2) == "100 at market");
}

TEST_CASE("FX-81, S3-B2.4: less than a unit is closed as what it is", "[oms]") {
  Holding holding(1);
  holding.leg.lot = Quantity::FromE8(1);
  holding.leg.open = *Quantity::Parse("1.5");
  CHECK(holding.Next(0) == "1.5 at 19.98");
  Holding small(3);
  small.leg.lot = Quantity::FromE8(1);
  small.leg.open = *Quantity::Parse("2.5");
  small.Quotes("20.00", 5, "20.02", 5);
  CHECK(small.Next(0) == "1 at 19.98");
}

TEST_CASE("FX-81, S3-B2.4: the profile's figures are taken, the rest are the issue's", "[oms]") {
  v1::Liquidation liquidation;
  LiquidationTerms terms = LiquidationTermsOf(liquidation);
  CHECK(terms.cancel_wait == std::chrono::seconds(2));
  CHECK(terms.cross == 1000);
  CHECK(terms.slice == 250'000);
  CHECK(terms.widen_every == std::chrono::seconds(5));
  CHECK(terms.market_after == std::chrono::seconds(30));
  liquidation.set_cross_bps(2.5);
  liquidation.set_slice_fraction(0.1);
  liquidation.set_market_after_ns(1);
  terms = LiquidationTermsOf(liquidation);
  CHECK(terms.cross == 250);
  CHECK(terms.slice == 100'000);
  CHECK(terms.market_after == Duration(1));
}

// Fills, lost cancels, late fills of the stop, rejects and halts in any order: what is sold is never more than what was
// held, and in the end nothing is.
TEST_CASE("FX-81, S3-B2.4: a position is never flipped, and ends flat", "[oms]") {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const LiquidationTerms terms;
    const TickTable ticks{Usd("0.01"), {}};
    LiquidationPlan plan{.since = At(0)};
    const Quantity held = Quantity::Units(random.Between(1, 3000));
    Quantity open = held;
    Quantity stop = random.Chance(0.7) ? held : Quantity();  // works until its cancel arrives
    const double stop_ends = random.Uniform(0, 6);
    Quantity working;
    bool limit = false, canceled = false;
    double now = 0;
    for (int i = 0; i < 3000 && open > Quantity(); ++i) {
      now += 0.1;
      if (now >= stop_ends) stop = Quantity();
      if (stop > Quantity() && random.Chance(0.02)) {  // it fills all the same
        const Quantity fill = std::min({stop, open, Quantity::Units(random.Between(1, 500))});
        stop -= fill;
        open -= fill;
      }
      if (working > Quantity() && random.Chance(0.3)) {
        const Quantity fill = std::min(working, Quantity::Units(random.Between(1, 200)));
        working -= fill;
        open -= fill;
      }
      if (working > Quantity() && (canceled ? random.Chance(0.5) : random.Chance(0.02))) working = Quantity();
      REQUIRE(open >= Quantity());
      REQUIRE(working + stop <= open);

      LiquidationLeg leg;
      leg.side = Side::kAsk;
      leg.open = open;
      leg.may_fill = working + stop;
      leg.cancels_open = stop > Quantity();
      leg.working = working > Quantity();
      leg.working_limit = limit;
      leg.halted = static_cast<int>(now / 7) % 5 == 4;
      if (!random.Chance(0.1)) {
        leg.quote = Quote{Usd("20.00"), Usd("20.02"), Quantity::Units(random.Between(0, 2000)), Quantity::Units(100)};
      }
      leg.ticks = &ticks;
      const LiquidationStep step = NextStep(terms, plan, leg, At(now));
      if (step.action == LiquidationStep::Action::kCancelWorking) canceled = true;
      if (step.action != LiquidationStep::Action::kPlace) continue;
      REQUIRE_FALSE(leg.halted);
      REQUIRE(working == Quantity());
      REQUIRE(step.quantity > Quantity());
      REQUIRE(step.quantity + stop <= open);
      if (step.limit) REQUIRE(*step.limit > Price());
      working = step.quantity;
      limit = step.limit.has_value();
      canceled = false;
    }
    CHECK(open == Quantity());
  }
}

TEST_CASE("FX-81, S3-B2.4: how far a liquidation is, is told at each stage; halted symbols are shown", "[oms]") {
  Flattening flattening;
  const auto text = [&](const std::vector<Flattening::Row>& rows) {
    std::string lines;
    for (const Flattening::Progress& progress : flattening.Tell(rows)) {
      lines += fmt::format("{} {} open={}", progress.event.cause, FlattenStageName(progress.event.stage),
                           progress.event.orders_open);
      for (const FlattenProgress::Row& row : progress.event.positions) {
        lines += fmt::format(" {}:{}{}", row.instrument, row.quantity.ToString(), row.halted ? " halted" : "");
      }
      lines += "\n";
    }
    return lines;
  };
  using Row = Flattening::Row;
  flattening.Start({}, "kill_switch");
  flattening.Start({}, "admin");  // under way already
  CHECK(flattening.Covers(1, 11));
  Row one{.instrument = 1, .instance = 11, .held = Quantity::Units(300), .orders_open = 2, .orders_working = true};
  Row two{.instrument = 2, .instance = 12, .held = Quantity::Units(-50), .stage = FlattenStage::kLimits};
  CHECK(text({one, two}) == "kill_switch canceling open=2 1:300 2:-50\n");
  CHECK(text({one, two}).empty());
  one.stage = FlattenStage::kLimits;
  one.orders_open = 0;
  CHECK(text({one, two}) == "kill_switch limits open=0 1:300 2:-50\n");
  two.stage = FlattenStage::kQueued;
  two.halted = true;
  CHECK(text({one, two}) == "kill_switch limits open=0 1:300 2:-50 halted\n");
  one.held = Quantity();
  one.orders_working = false;
  CHECK(text({one, two}) == "kill_switch queued open=0 2:-50 halted\n");
  two.stage = FlattenStage::kMarket;
  two.halted = false;
  CHECK(text({two}) == "kill_switch market open=0 2:-50\n");
  two.held = Quantity();
  two.orders_working = true;  // an order in doubt
  two.orders_open = 1;
  CHECK(text({two}) == "kill_switch canceling open=1\n");
  CHECK(text({}) == "kill_switch done open=0\n");
  CHECK_FALSE(flattening.active());
}

TEST_CASE("S3-B2.4: a symbol's or an instance's liquidation leaves the others alone", "[oms]") {
  Flattening flattening;
  flattening.Start({.instrument = 2}, "admin");
  flattening.Start({.instance = 11}, "admin");
  CHECK(flattening.Covers(2, 12));
  CHECK(flattening.Covers(3, 11));
  CHECK_FALSE(flattening.Covers(3, 12));
  const std::vector<Flattening::Progress> told =
      flattening.Tell({{.instrument = 2, .instance = 12, .held = Quantity::Units(5)}});
  REQUIRE(told.size() == 2);
  CHECK(told[0].event.stage == FlattenStage::kCanceling);
  CHECK(told[1].event.stage == FlattenStage::kDone);  // it holds nothing
}

}  // namespace spillway::oms
