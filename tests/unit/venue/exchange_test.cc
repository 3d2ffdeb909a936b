// How the simulated venue trades, on books made by hand.
#include "tests/unit/venue/venue_day.h"

namespace spillway::test {
namespace {

// 10.00 x 500, 9.99 x 400 bid; 10.01 x 300, 10.02 x 200 offered.
void Quote(VenueDay& day, double ms = 1) {
  day.market.At(ms).Bid(9.99, 400).Bid(10.00, 500).Ask(10.01, 300).Ask(10.02, 200).Row();
}

TEST_CASE("S3-C1.2: a market order walks the displayed levels and takes them", "[venue]") {
  VenueDay day;
  Quote(day);
  day.Place(10, Buy(1, 400));
  CHECK(day.Tick(100) == "10 accepted #1, 10 fill #1 300 @ 10.01 leaves 100, 10 fill #1 100 @ 10.02");
  day.Place(110, Sell(2, 100));
  CHECK(day.Tick(200) == "110 accepted #2, 110 fill #2 100 @ 10.00");
}

TEST_CASE("S3-C1.2: what was taken of a level stays taken until the feed changes it", "[venue]") {
  VenueDay day;
  Quote(day);
  day.Place(10, Buy(1, 250));
  CHECK(day.Tick(100) == "10 accepted #1, 10 fill #1 250 @ 10.01");
  day.Place(110, Buy(2, 100));
  CHECK(day.Tick(200) == "110 accepted #2, 110 fill #2 50 @ 10.01 leaves 50, 110 fill #2 50 @ 10.02");
  day.market.At(210).Ask(10.01, 300).Row();  // said again, unchanged
  day.Place(220, Buy(3, 10));
  CHECK(day.Tick(300) == "220 accepted #3, 220 fill #3 10 @ 10.02");
  day.market.At(310).Ask(10.01, 120).Row();
  day.Place(320, Buy(4, 100));
  CHECK(day.Tick(400) == "320 accepted #4, 320 fill #4 100 @ 10.01");
}

TEST_CASE("S3-C1.2: what remains of a market order waits for the next levels", "[venue]") {
  VenueDay day;
  Quote(day);
  day.Place(10, Buy(1, 600));
  CHECK(day.Tick(100) == "10 accepted #1, 10 fill #1 300 @ 10.01 leaves 300, 10 fill #1 200 @ 10.02 leaves 100");
  day.market.At(150).Ask(10.05, 70).Row();
  day.market.At(160).Ask(10.04, 500).Row();
  CHECK(day.Tick(200) == "150 fill #1 70 @ 10.05 leaves 30, 160 fill #1 30 @ 10.04");
}

TEST_CASE("S3-C1.2: a marketable limit order takes no more than its limit allows and rests with the rest", "[venue]") {
  VenueDay day;
  Quote(day);
  day.Place(10, Limit(Buy(1, 400), 10.01));
  CHECK(day.Tick(100) == "10 accepted #1, 10 fill #1 300 @ 10.01 leaves 100");
  day.market.At(110).Ask(10.01, 40).Row();  // they come to us now
  CHECK(day.Tick(200) == "110 fill #1 40 @ 10.01 maker leaves 60");
  day.market.At(210).Ask(10.01, 0).Ask(9.98, 1000).Bid(9.99, 0).Bid(10.00, 0).Row();  // through us: at our limit
  CHECK(day.Tick(300) == "210 fill #1 60 @ 10.01 maker");
}

TEST_CASE("S3-C1.2: conservative: what was displayed first trades first, cancels are behind us", "[venue]") {
  VenueDay day;
  Quote(day);
  day.Place(10, Limit(Buy(1, 100), 10.00));  // 500 ahead
  CHECK(day.Tick(100) == "10 accepted #1");
  day.market.At(110).Bid(10.00, 100, Cause::kCancel).Row();
  day.market.At(120).Trade(10.00, 450, Side::kAsk).Row();  // 50 ahead
  day.market.At(130).Trade(10.00, 400, Side::kBid).Row();  // not at the bid
  day.market.At(140).Trade(10.00, 400, Side::kAsk, 0, MarketEventFlags::kEligible | MarketEventFlags::kHidden).Row();
  day.market.At(145).Trade(10.00, 400, Side::kNone, 0, MarketEventFlags::kEligible | MarketEventFlags::kCross).Row();
  CHECK(day.Tick(200).empty());
  day.market.At(210).Trade(10.00, 80, Side::kAsk).Row();
  CHECK(day.Tick(300) == "210 fill #1 30 @ 10.00 maker leaves 70");
  day.market.At(310).Trade(9.99, 60, Side::kAsk).Row();  // through our price
  CHECK(day.Tick(400) == "310 fill #1 60 @ 10.00 maker leaves 10");
}

TEST_CASE("S3-C1.2: probabilistic: cancels take from ahead of us in proportion", "[venue]") {
  v1::SimulatedVenue settings = AtOnce();
  settings.set_fill_model(v1::FILL_MODEL_PROBABILISTIC);
  VenueDay day(settings);
  Quote(day);
  day.Place(10, Limit(Buy(1, 100), 10.00));  // 500 ahead
  day.Tick(100);
  day.market.At(110).Bid(10.00, 1000, Cause::kAdd).Row();
  day.market.At(120).Bid(10.00, 600, Cause::kCancel).Row();  // 500 - 500 * 400 / 1000 = 300
  day.market.At(130).Trade(10.00, 200, Side::kAsk).Bid(10.00, 400, Cause::kUnknown).Row();  // 100; no cancel
  CHECK(day.Tick(200).empty());
  day.market.At(210).Trade(10.00, 130, Side::kAsk).Row();
  CHECK(day.Tick(300) == "210 fill #1 30 @ 10.00 maker leaves 70");
}

TEST_CASE("S3-C1.2: our own orders share a print, the better price first, then the earlier", "[venue]") {
  VenueDay day;
  day.market.At(1).Bid(9.98, 100).Ask(10.05, 100).Row();
  day.Place(10, Limit(Buy(1, 100), 10.00));
  day.Place(11, Limit(Buy(2, 100), 10.01));
  day.Place(12, Limit(Buy(3, 100), 10.00));
  day.Tick(100);
  day.market.At(110).Trade(10.00, 250, Side::kAsk).Row();
  CHECK(day.Tick(200) ==
        "110 fill #2 100 @ 10.01 maker, 110 fill #1 100 @ 10.00 maker, 110 fill #3 50 @ 10.00 maker leaves 50");
}

TEST_CASE("S3-C1.2: a print without a side counts where it hit the quote", "[venue]") {
  VenueDay day;
  Quote(day);
  day.Place(10, Limit(Sell(1, 100), 10.01));
  day.Tick(100);
  day.market.At(110).Trade(10.01, 350).Row();
  CHECK(day.Tick(200) == "110 fill #1 50 @ 10.01 maker leaves 50");
}

TEST_CASE("S3-C1.2: stops trigger by an eligible print or the quote, and fill at the quote", "[venue]") {
  VenueDay day;
  Quote(day);
  day.Place(5, Buy(9, 300));
  day.Place(10, Stop(Sell(1, 100), 9.97));
  day.Place(11, Stop(Sell(2, 100), 9.95));
  day.Tick(100);
  day.market.At(110).Trade(9.97, 1, Side::kAsk, 0, MarketEventFlags::kUpdatesVolume).Row();  // not eligible
  CHECK(day.Tick(200).empty());
  day.market.At(210).Trade(9.97, 1, Side::kAsk).Row();
  CHECK(day.Tick(300) == "210 fill #1 100 @ 10.00");
  // The bid gaps from 10.00 to 9.90: through the stop, at what is there.
  day.market.At(310).Bid(10.00, 0).Bid(9.99, 0).Bid(9.90, 60).Bid(9.89, 500).Row();
  CHECK(day.Tick(400) == "310 fill #2 60 @ 9.90 leaves 40, 310 fill #2 40 @ 9.89");
}

TEST_CASE("S3-C1.2: a stop beyond the quote on arrival trades at once; a buy stop watches the offer", "[venue]") {
  VenueDay day;
  Quote(day);
  day.Place(10, Stop(Buy(1, 50), 10.00));
  day.Place(11, Stop(Buy(2, 50), 10.05));
  CHECK(day.Tick(100) == "10 accepted #1, 10 fill #1 50 @ 10.01, 11 accepted #2");
  day.market.At(110).Ask(10.01, 0).Ask(10.02, 0).Ask(10.06, 300).Row();
  CHECK(day.Tick(200) == "110 fill #2 50 @ 10.06");
}

TEST_CASE("S3-C1.2: a stop limit becomes a limit order, which a gap leaves behind", "[venue]") {
  VenueDay day;
  Quote(day);
  day.Place(5, Buy(9, 100));
  day.Place(10, Limit(Stop(Sell(1, 100), 9.97), 9.95));
  day.Tick(100);
  day.market.At(110).Bid(10.00, 0).Bid(9.99, 0).Bid(9.90, 300).Row();
  CHECK(day.Tick(200).empty());
  day.market.At(210).Bid(9.96, 30).Row();  // it rests at 9.95: they come to us
  CHECK(day.Tick(300) == "210 fill #1 30 @ 9.95 maker leaves 70");
}

TEST_CASE("S3-C1.2: a trailing stop follows the quote it would trade at, towards the market only", "[venue]") {
  VenueDay day;
  Quote(day);
  day.Place(5, Buy(9, 100));
  day.Place(10, Trail(Sell(1, 100), 0.05));  // 9.95
  day.Tick(100);
  CHECK(day.Snapshot(101).orders.at(0).stop == Px(9.95));
  day.market.At(110).Bid(10.10, 300).Ask(10.01, 0).Ask(10.02, 0).Ask(10.11, 300).Row();  // 10.05
  day.market.At(120).Bid(10.10, 0).Bid(10.06, 300).Row();
  CHECK(day.Tick(200).empty());
  CHECK(day.Snapshot(201).orders.at(0).stop == Px(10.05));
  day.market.At(210).Bid(10.06, 0).Bid(10.05, 40).Row();
  CHECK(day.Tick(300) == "210 fill #1 40 @ 10.05 leaves 60, 210 fill #1 60 @ 10.00");
}

TEST_CASE("S3-C1.2: of an OCO pair one fill shrinks the other, and the end of one ends the other", "[venue]") {
  VenueDay day;
  Quote(day);
  day.Place(5, Buy(9, 100));
  day.Place(10, {Limit(Sell(1, 100), 10.02), Stop(Sell(2, 100), 9.97)});
  day.Tick(100);
  day.market.At(110).Trade(10.02, 240, Side::kBid).Row();  // 200 ahead
  CHECK(day.Tick(200) == "110 fill #1 40 @ 10.02 maker leaves 60");
  BrokerSnapshot snapshot = day.Snapshot(201);
  REQUIRE(snapshot.orders.size() == 2);
  CHECK(snapshot.orders[1].quantity == Quantity::Units(60));
  day.market.At(210).Bid(10.00, 0).Bid(9.99, 0).Bid(9.96, 200).Row();
  CHECK(day.Tick(300) == "210 fill #2 60 @ 9.96, 210 canceled #1 oco");
  CHECK(day.Snapshot(301).positions.empty());

  day.Place(310, {Limit(Sell(3, 10), 10.05), Stop(Sell(4, 10), 9.90)});
  day.Cancel(320, 4);
  CHECK(day.Tick(400) == "310 accepted #3, 310 accepted #4, 320 canceled #4, 320 canceled #3 oco");
}

TEST_CASE("S3-C1.2: IOC takes what there is, FOK all or nothing; what is left has expired", "[venue]") {
  VenueDay day;
  Quote(day);
  day.Place(10, Limit(Buy(1, 400), 10.01, TimeInForce::kIoc));
  day.Place(20, Limit(Buy(2, 400), 10.02, TimeInForce::kFok));
  day.Place(30, Limit(Buy(3, 200), 10.02, TimeInForce::kFok));
  CHECK(day.Tick(100) ==
        "10 accepted #1, 10 fill #1 300 @ 10.01 leaves 100, 10 expired #1 ioc, "
        "20 accepted #2, 20 expired #2 fok, 30 accepted #3, 30 fill #3 200 @ 10.02");
}

TEST_CASE("S3-C1.2: rejected with a code: instrument, tick, price, quote, money, id", "[venue]") {
  v1::SimulatedVenue settings = AtOnce();
  settings.set_cash_e8(1000'00000000);
  VenueDay day(settings);
  day.Place(2, Buy(1, 10));
  CHECK(day.Tick(3) == "2 rejected #1 no_quote");
  Quote(day, 4);
  day.Place(10, {Buy(2, 10)}, 77);
  day.Place(11, Limit(Buy(3, 10), 10.005));
  day.Place(12, Limit(Buy(4, 10), 0));
  day.Place(13, Limit(Buy(5, 10), -1));
  day.Place(14, Buy(6, 100));  // 1,001
  day.Place(15, Buy(7, 90));
  day.Place(16, Buy(7, 9));
  day.Place(17, Buy(8, 0));
  day.Place(18, Limit(Buy(9, 20), 10.00));
  day.Place(19, Sell(10, 90));
  day.Place(20, {Limit(Sell(11, 1), 10.02), Stop(Sell(12, 1), 9.975)});
  CHECK(day.Tick(100) ==
        "10 rejected #2 unknown_instrument, 11 rejected #3 bad_tick, 12 rejected #4 bad_price, "
        "13 rejected #5 bad_price, 14 rejected #6 buying_power, 15 accepted #7, 15 fill #7 90 @ 10.01, "
        "16 rejected #7 duplicate, 17 rejected #8 bad_order, 18 rejected #9 buying_power, 19 accepted #10, "
        "19 fill #10 90 @ 10.00, 20 rejected #11 other_leg, 20 rejected #12 bad_tick");
  const auto& funds = std::get<BrokerReport>(day.all[6].body);
  CHECK(funds.reason == "insufficient buying power: 1001.00 of 1000.00");
  day.Query(110, 6);
  day.Query(111, 7);
  CHECK(day.Tick(200) == "110 status #6 REJECTED, 111 status #7 FILLED");
}

TEST_CASE("S3-C1.2: working orders that add risk reserve buying power, exits and OCO pairs do not twice", "[venue]") {
  v1::SimulatedVenue settings = AtOnce();
  settings.set_cash_e8(2000'00000000);
  VenueDay day(settings);
  Quote(day);
  day.Place(10, Limit(Buy(1, 100), 9.00));
  day.Place(11, Limit(Buy(2, 100), 9.00));
  day.Place(12, Limit(Buy(3, 100), 9.00));
  CHECK(day.Tick(100) == "10 accepted #1, 11 accepted #2, 12 rejected #3 buying_power");
  CHECK(day.Snapshot(101).buying_power.ToString() == "200.00");
  day.Cancel(110, 1);
  day.Place(120, Buy(4, 100));
  day.Place(130, {Limit(Sell(5, 100), 10.05), Stop(Sell(6, 100), 9.90)});
  CHECK(day.Tick(200) == "110 canceled #1, 120 accepted #4, 120 fill #4 100 @ 10.01, 130 accepted #5, 130 accepted #6");
  // 2,000 less 1.00 of loss at the bid, less 1,000 held, less 900 that #2 may buy.
  CHECK(day.Snapshot(201).buying_power.ToString() == "99.00");
}

TEST_CASE("S3-C1.2: cancel, replace and query are answered", "[venue]") {
  VenueDay day;
  Quote(day);
  day.Place(10, Limit(Buy(1, 100), 9.99));
  day.Replace(20, 1, Limit(Buy(2, 100), 10.01));
  day.Cancel(30, 1);
  day.Cancel(31, 55);
  day.Query(32, 55);
  day.Replace(33, 2, Limit(Buy(3, 100), 10.01));
  CHECK(day.Tick(100) ==
        "10 accepted #1, 20 replaced #2 for #1 leaves 100, 20 fill #2 100 @ 10.01, 30 cancel_rejected #1 too_late, "
        "31 cancel_rejected #55 unknown_order, 32 not_found #55, 33 replace_rejected #3 for #2 too_late");
}

TEST_CASE("S3-C1.2: a replacement is for what is left, behind the queue, and keeps its OCO partner", "[venue]") {
  VenueDay day;
  Quote(day);
  day.Place(5, Buy(9, 100));
  day.Place(10, {Limit(Sell(1, 100), 10.02), Stop(Sell(2, 100), 9.90)});
  day.Tick(100);
  day.market.At(110).Trade(10.02, 230, Side::kBid).Row();
  day.Replace(120, 1, Limit(Sell(3, 100), 10.02));
  CHECK(day.Tick(200) == "110 fill #1 30 @ 10.02 maker leaves 70, 120 replaced #3 for #1 leaves 70");
  day.market.At(210).Trade(10.02, 200, Side::kBid).Row();  // 200 are ahead once more
  CHECK(day.Tick(300).empty());
  day.market.At(310).Trade(10.02, 50, Side::kBid).Row();
  day.Replace(320, 2, Stop(Sell(4, 50), 9.95));
  CHECK(day.Tick(400) == "310 fill #3 50 @ 10.02 maker leaves 20, 320 replaced #4 for #2 leaves 20");
  day.Cancel(410, 3);
  CHECK(day.Tick(500) == "410 canceled #3, 410 canceled #4 oco");
}

TEST_CASE("S3-C1.2: a replacement needs the money that it would take more", "[venue]") {
  v1::SimulatedVenue settings = AtOnce();
  settings.set_cash_e8(1000'00000000);
  VenueDay day(settings);
  Quote(day);
  day.Place(10, Limit(Buy(1, 100), 9.50));
  day.Replace(20, 1, Limit(Buy(2, 100), 9.90));
  day.Replace(30, 2, Limit(Buy(3, 100), 10.01));
  day.Replace(40, 2, Limit(Buy(4, 50), 9'000'000'000));
  day.Replace(50, 2, Limit(Buy(5, 90), 10.01));
  CHECK(day.Tick(100) ==
        "10 accepted #1, 20 replaced #2 for #1 leaves 100, 30 replace_rejected #3 for #2 buying_power, "
        "40 replace_rejected #4 for #2 too_large, 50 replaced #5 for #2 leaves 90, 50 fill #5 90 @ 10.01");
}

TEST_CASE("S3-C1.2: a price that nobody means trades nothing and ends nothing", "[venue]") {
  VenueDay day;
  Quote(day);
  day.Place(10, Buy(1, 600));
  day.market.At(50).Ask(9'000'000'000, 5'000).Row();
  day.market.At(60).Bid(9'000'000'000, 5'000).Row();
  CHECK(day.Tick(100) == "10 accepted #1, 10 fill #1 300 @ 10.01 leaves 300, 10 fill #1 200 @ 10.02 leaves 100");
  CHECK(day.Snapshot(110).positions.size() == 1);
}

TEST_CASE("S3-C1.2: in a halt orders rest, nothing fills, IOC does not wait", "[venue]") {
  VenueDay day;
  Quote(day);
  day.Halt(5, TradingStatus::kHalted);
  day.Place(10, Buy(1, 100));
  day.Place(11, Limit(Sell(2, 100), 10.02));
  day.Place(12, Limit(Buy(3, 10), 10.01, TimeInForce::kIoc));
  day.market.At(20).Trade(10.05, 500, Side::kBid).Row();
  CHECK(day.Tick(100) == "10 accepted #1, 11 accepted #2, 12 accepted #3, 12 expired #3 ioc");
  day.Halt(150, TradingStatus::kTrading);
  CHECK(day.Tick(200) == "150 fill #1 100 @ 10.01");
  day.market.At(210).Trade(10.02, 250, Side::kBid).Row();
  CHECK(day.Tick(300) == "210 fill #2 50 @ 10.02 maker leaves 50");
  day.Halt(310, TradingStatus::kPaused, 0);  // the whole market
  day.Cancel(320, 2);
  day.Place(330, Buy(4, 10));
  CHECK(day.Tick(400) == "320 canceled #2, 330 accepted #4");
}

TEST_CASE("S3-C1.2: behind a gap nothing trades until the book was sent again", "[venue]") {
  VenueDay day;
  Quote(day);
  day.SendRows();
  day.Send(day.Made(5, FeedGap{.feed = 1, .expected = 3, .seen = 9}, 1));
  day.Place(10, Limit(Buy(1, 100), 10.02));
  day.Place(11, Buy(2, 100));
  CHECK(day.Tick(100) == "10 accepted #1, 11 rejected #2 no_quote");
  day.market.At(110).Clear().Bid(10.00, 500).Ask(10.02, 60).Row();
  CHECK(day.Tick(200) == "110 fill #1 60 @ 10.02 leaves 40");
}

TEST_CASE("S3-C1.2: day orders expire at the close, others do not; before the open orders wait", "[venue]") {
  const double close = 390 * 60'000;
  VenueDay day;
  day.Session(1, SessionPhase::kPreMarket);
  Quote(day, 2);
  OrderTicket early = Limit(Buy(2, 10), 10.01);
  early.extended_hours = true;
  day.Place(10, Buy(1, 10));
  day.Place(11, early);
  CHECK(day.Tick(100) == "10 accepted #1, 11 accepted #2, 11 fill #2 10 @ 10.01");
  day.Session(150, SessionPhase::kRegular);
  day.Place(160, Limit(Buy(3, 10), 9.00));
  day.Place(161, Limit(Buy(4, 10), 9.00, TimeInForce::kGtc));
  OrderTicket late = Limit(Buy(5, 10), 9.00);
  late.extended_hours = true;
  day.Place(162, late);
  CHECK(day.Tick(200) == "150 fill #1 10 @ 10.01, 160 accepted #3, 161 accepted #4, 162 accepted #5");
  CHECK(day.Tick(close) == fmt::format("{:g} expired #3 day", close));
  day.Session(close + 1000, SessionPhase::kClosed);
  CHECK(day.Tick(close + 2000) == fmt::format("{:g} expired #5 day", close + 1000));
  day.Query(close + 3000, 4);
  CHECK(day.Tick(close + 4000) == fmt::format("{:g} status #4 ACCEPTED", close + 3000));
}

TEST_CASE("S3-C1.2: two day orders of yesterday are over when a new day begins", "[venue]") {
  VenueDay day;
  Quote(day);
  day.Place(10, Limit(Buy(1, 10), 9.00));
  day.Tick(100);
  const double next = 24 * 3'600'000;
  day.Session(next, SessionPhase::kRegular, 20250503);
  CHECK(day.Tick(next + 100) == fmt::format("{:g} expired #1 day", next));
}

TEST_CASE("C-30: fees are half of a round trip an order, its minimum charged once; rebates for what rested",
          "[venue]") {
  v1::SimulatedVenue settings = AtOnce();
  settings.mutable_fees()->set_per_share_e8(350'000);         // 0.0035
  settings.mutable_fees()->set_per_order_min_e8(35'000'000);  // 0.35
  settings.set_maker_rebate_per_share(0.002);
  VenueDay day(settings);
  Quote(day);
  day.Place(10, Buy(1, 310));
  day.Place(20, Limit(Sell(2, 100), 10.05));
  day.Tick(100);
  day.market.At(110).Trade(10.05, 100, Side::kBid).Row();
  day.Tick(200);
  std::vector<std::string> fees;
  for (const Event& event : day.all) {
    const auto* report = std::get_if<BrokerReport>(&event.body);
    if (report != nullptr && report->kind == BrokerReportKind::kFill) fees.push_back(report->fee.ToString());
  }
  // 300 shares: 1.05; ten more: 0.035. A hundred that rested: 0.35 less 0.20.
  CHECK(fees == std::vector<std::string>{"1.05", "0.035", "0.15"});

  v1::SimulatedVenue flat = AtOnce();
  flat.mutable_fees()->set_round_trip_e8(3'50000000);
  VenueDay other(flat);
  Quote(other);
  other.Place(10, Buy(1, 500));
  other.Tick(100);
  const BrokerSnapshot snapshot = other.Snapshot(101);
  CHECK(snapshot.executions.at(0).fee.ToString() == "1.75");
  CHECK(snapshot.executions.at(1).fee.ToString() == "0.00");
}

TEST_CASE("S3-C1.2: the snapshot: cash, equity at the exit side, settled cash, positions, executions since",
          "[venue]") {
  VenueDay day;
  Quote(day);
  day.Place(10, Buy(1, 400));
  day.Place(50, Sell(2, 100));
  day.Tick(100);
  BrokerSnapshot snapshot = day.Snapshot(110);
  CHECK(snapshot.broker == "simulated");
  CHECK(snapshot.account == "simulated");
  CHECK_FALSE(snapshot.live);
  CHECK(snapshot.as_of == VenueDay::At(110));
  CHECK(snapshot.cash.ToString() == "96995.00");  // 100,000 - 3,003 - 1,002 + 1,000
  CHECK(snapshot.settled_cash->ToString() == "95995.00");
  CHECK(snapshot.equity.ToString() == "99995.00");
  CHECK(snapshot.buying_power.ToString() == "96995.00");
  REQUIRE(snapshot.positions.size() == 1);
  CHECK(snapshot.positions[0].symbol == "ACME");
  CHECK(snapshot.positions[0].quantity == Quantity::Units(300));
  CHECK(snapshot.positions[0].average_price == Px(10.0125));
  CHECK(snapshot.executions.size() == 3);
  CHECK(day.Snapshot(120, VenueDay::At(50)).executions.size() == 1);
  // Short: the proceeds are cash, what is owed is marked at the offer.
  day.Place(150, Sell(3, 500));
  day.Tick(200);
  snapshot = day.Snapshot(210);
  CHECK(snapshot.positions.at(0).quantity == Quantity::Units(-200));
  CHECK(snapshot.cash.ToString() == "101994.00");  // 400 at 10.00 were left, 100 went at 9.99
}

TEST_CASE("C-48, S4-R9.1.1: without a book a market order fills at the open of the first bar a delay later",
          "[venue]") {
  VenueDay day(AtOnce(), /*begin=*/false);
  day.feed = 3;
  day.Send(day.Made(0, FeedCapabilities{.feed = 3, .name = "bars", .book_levels = 0}));
  day.Begin();
  day.market.At(1000).Trade(10.00, 50).Row();
  day.Place(30'000, Buy(1, 100));  // 09:30:30 + 60 s: the bar of 09:32
  day.market.At(119'999).Trade(10.10, 50).Row();
  day.market.At(120'500).Trade(10.20, 50).Row();
  day.market.At(120'600).Trade(10.30, 50).Row();
  CHECK(day.Tick(130'000) == "30000 accepted #1, 120500 fill #1 100 @ 10.20");
  // On the minute itself: exactly the delay later.
  day.Place(180'000, Sell(2, 100));
  day.market.At(240'000).Trade(10.40, 50).Row();
  CHECK(day.Tick(250'000) == "180000 accepted #2, 240000 fill #2 100 @ 10.40");
}

TEST_CASE("C-48, S4-R9.1.2: with no delay a signal at a bar's close fills at the next bar's open", "[venue]") {
  v1::SimulatedVenue settings = AtOnce();
  settings.set_bar_delay_ns(0);
  VenueDay day(settings, /*begin=*/false);
  day.Send(day.Made(0, FeedCapabilities{.feed = 1, .name = "bars", .book_levels = 0}));
  day.Begin();
  day.market.At(1000).Trade(10.00, 50).Row();
  day.Place(60'000, Buy(1, 100));
  day.Place(60'000, Limit(Buy(2, 100), 9.90));
  day.Place(60'000, Stop(Sell(3, 100), 9.85));
  day.Place(60'000, Limit(Buy(4, 100), 9.90, TimeInForce::kIoc));
  day.market.At(61'000).Trade(9.95, 50).Row();
  day.market.At(62'000).Trade(9.90, 50).Row();
  day.market.At(63'000).Trade(9.80, 50).Row();
  CHECK(day.Tick(70'000) ==
        "60000 accepted #1, 60000 accepted #2, 60000 accepted #3, 60000 accepted #4, 61000 fill #1 100 @ 9.95, "
        "61000 expired #4 ioc, 63000 fill #2 100 @ 9.90 maker, 63000 fill #3 100 @ 9.80");
}

TEST_CASE("S3-C1.2: what has no session trades round the clock", "[venue]") {
  VenueDay day(AtOnce(), /*begin=*/false);
  day.Begin(AssetClass::kCryptoPerpetual);
  day.Session(1, SessionPhase::kClosed);
  Quote(day, 2);
  day.Place(10, Buy(1, 10));
  CHECK(day.Tick(100) == "10 accepted #1, 10 fill #1 10 @ 10.01");
}

}  // namespace
}  // namespace spillway::test
