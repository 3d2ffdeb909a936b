#include "services/oms/position_book.h"

#include "fmt/format.h"
#include "libs/base/random.h"
#include "libs/runtime/persist.h"
#include "tests/catch.h"

namespace spillway::oms {
namespace {

constexpr StrategyInstanceId kClassic = 11;
constexpr StrategyInstanceId kMomentum = 12;

Price Usd(std::string_view text) {
  return *Price::Parse(text);
}
Money Dollars(std::string_view text) {
  return *Money::Parse(text);
}
Time At(int64_t seconds) {
  return TimeFromNanos(seconds * 1'000'000'000);
}

Execution Fill(std::string_view id, Side side, std::string_view price, int64_t units, std::string_view fee = "0") {
  return {.execution_id = std::string(id),
          .instance = kClassic,
          .instrument = 1,
          .side = side,
          .price = Usd(price),
          .quantity = Quantity::Units(units),
          .fee = Dollars(fee),
          .terms = {},
          .time = At(100)};
}

std::string StateOf(const PositionBook& book) {
  runtime::StateWriter writer;
  writer(book);
  return writer.Take();
}

Execution RandomFill(Random& random, int number) {
  Execution fill;
  fill.execution_id = fmt::format("E{}", number);
  fill.instance = random.Below(3);
  fill.instrument = static_cast<InstrumentId>(1 + random.Below(3));
  fill.side = random.Chance(0.5) ? Side::kBid : Side::kAsk;
  fill.price = Price::FromNanos(random.Between(1'000'000, 90'000'000'000));
  fill.quantity =
      fill.instrument == 1 ? Quantity::Units(random.Between(1, 500)) : Quantity::FromE8(random.Between(1, 900'000'000));
  fill.fee = Money::FromE8(random.Between(-1000, 5'000'000));
  if (fill.instrument == 2) fill.terms.multiplier = Quantity::Units(50);
  if (fill.instrument == 3) fill.terms = {.multiplier = Quantity::Units(100), .inverse = true};
  fill.time = At(100 + number);
  return fill;
}

}  // namespace

TEST_CASE("S3-B2.3: an execution counts once, whichever way it is heard of", "[oms]") {
  PositionBook book;
  CHECK(book.Apply(Fill("E1", Side::kBid, "10", 100), At(1)) == Applied::kApplied);
  CHECK(book.Apply(Fill("E1", Side::kBid, "10", 100), At(2)) == Applied::kRepeated);
  CHECK(book.Apply(Fill("E1", Side::kBid, "10.01", 100), At(3)) == Applied::kDiffers);
  CHECK(book.Of({1, kClassic}).quantity() == Quantity::Units(100));
  CHECK(book.Seen("E1"));
  CHECK_FALSE(book.Seen("E2"));
  CHECK(book.Find("E1")->price == Usd("10"));
  CHECK(book.changed(1) == At(1));
}

TEST_CASE("S3-B2.3: the account's position is the sum over all instances and what was traded by hand", "[oms]") {
  PositionBook book;
  book.Apply(Fill("E1", Side::kBid, "10", 100), At(1));
  Execution other = Fill("E2", Side::kAsk, "11", 30, "0.50");
  other.instance = kMomentum;
  book.Apply(other, At(1));
  Execution manual = Fill("E3", Side::kBid, "12", 5);
  manual.instance = 0;
  book.Apply(manual, At(1));

  CHECK(book.account_quantity(1) == Quantity::Units(75));
  CHECK(book.account_cash_flow() == Dollars("-730.50"));
  CHECK(book.Open() == std::vector<PositionBook::Key>{{1, 0}, {1, kClassic}, {1, kMomentum}});
  const PositionSnapshot snapshot = book.Snapshot({1, kMomentum});
  CHECK(snapshot.quantity == Quantity::Units(-30));
  CHECK(snapshot.cost == Dollars("330"));
  CHECK(snapshot.fees == Dollars("0.50"));
  CHECK(snapshot.cash_flow == Dollars("329.50"));
  CHECK(snapshot.account_quantity == Quantity::Units(75));
  CHECK(snapshot.account_cash_flow == Dollars("-730.50"));
}

TEST_CASE("S3-B2.3: an execution that is busted is undone, and its repetition is no news", "[oms]") {
  PositionBook book;
  book.Apply(Fill("E1", Side::kBid, "10", 100, "1"), At(1));
  book.Apply(Fill("E2", Side::kBid, "20", 100, "1"), At(2));
  book.Apply(Fill("E3", Side::kAsk, "30", 100, "1"), At(3));
  CHECK(book.Of({1, kClassic}).realized_gross() == Dollars("2000"));

  CHECK(book.Bust("E1", At(4)) == Applied::kApplied);
  CHECK(book.Of({1, kClassic}).realized_gross() == Dollars("1000"));  // now E3 closed E2
  CHECK(book.Of({1, kClassic}).quantity() == Quantity());
  CHECK(book.Of({1, kClassic}).fees() == Dollars("2"));
  CHECK(book.Bust("E1", At(5)) == Applied::kRepeated);
  CHECK(book.Apply(Fill("E1", Side::kBid, "10", 100, "1"), At(6)) == Applied::kRepeated);
  CHECK(book.Bust("E9", At(7)) == Applied::kUnknown);
}

TEST_CASE("C-30: a fee that is said later, twice or before its execution is charged once", "[oms]") {
  PositionBook book;
  CHECK(book.SetFee("E1", Dollars("0.35"), At(1)) == Applied::kUnknown);
  book.Apply(Fill("E1", Side::kBid, "10", 100), At(2));
  CHECK(book.Of({1, kClassic}).fees() == Dollars("0.35"));
  CHECK(book.SetFee("E1", Dollars("0.40"), At(3)) == Applied::kApplied);
  CHECK(book.SetFee("E1", Dollars("0.40"), At(4)) == Applied::kRepeated);
  CHECK(book.Of({1, kClassic}).fees() == Dollars("0.40"));
  CHECK(book.Of({1, kClassic}).cash_flow() == Dollars("-1000.40"));
  CHECK(book.account_cash_flow() == Dollars("-1000.40"));
}

TEST_CASE("S3-B2.3: executions are kept for two days and while the position is open", "[oms]") {
  PositionBook book;
  book.BeginDay(20250501);
  book.Apply(Fill("E1", Side::kBid, "10", 100), At(1));
  book.Apply(Fill("E2", Side::kAsk, "11", 100), At(2));  // flat again
  book.Apply(Fill("E3", Side::kBid, "12", 100), At(3));  // still open
  book.BeginDay(20250502);
  CHECK(book.Seen("E1"));
  book.BeginDay(20250505);
  CHECK_FALSE(book.Seen("E1"));
  CHECK_FALSE(book.Seen("E2"));
  CHECK(book.Seen("E3"));
  CHECK(book.Of({1, kClassic}).realized_gross() == Dollars("100"));
  CHECK(book.Of({1, kClassic}).quantity() == Quantity::Units(100));
  // What is as old as what was folded is not counted again.
  CHECK(book.Apply(Fill("E1", Side::kBid, "10", 100), At(4)) == Applied::kForgotten);
  CHECK(book.Bust("E3", At(5)) == Applied::kApplied);
  CHECK(book.Of({1, kClassic}).quantity() == Quantity());
}

TEST_CASE("S3-B2.3: an execution without sense changes nothing", "[oms]") {
  PositionBook book;
  Execution fill = Fill("E1", Side::kBid, "10", 0);
  CHECK(book.Apply(fill, At(1)) == Applied::kInvalid);
  fill = Fill("", Side::kBid, "10", 1);
  CHECK(book.Apply(fill, At(1)) == Applied::kInvalid);
  fill = Fill("E1", Side::kNone, "10", 1);
  CHECK(book.Apply(fill, At(1)) == Applied::kInvalid);
  fill = Fill("E1", Side::kBid, "0", 1);
  fill.terms.inverse = true;
  CHECK(book.Apply(fill, At(1)) == Applied::kInvalid);
  fill = Fill("E1", Side::kBid, "9000000000", 90'000'000'000);
  CHECK(book.Apply(fill, At(1)) == Applied::kInvalid);
  CHECK(book.SetFee("E1", Dollars("5000000000"), At(1)) == Applied::kInvalid);
  CHECK(book.Open().empty());
  CHECK(book.account_cash_flow() == Money());
}

TEST_CASE("C-30, money is conserved to the last unit: positions, account, busts, fees and restored books", "[oms]") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    PositionBook book;
    std::map<std::string, Execution> alive;
    int32_t day = 20250501;
    for (int i = 0; i < 300; ++i) {
      const Time now = At(100 + i);
      const double kind = random.Uniform();
      if (kind < 0.8 || alive.empty()) {
        const Execution fill = RandomFill(random, i);
        REQUIRE(book.Apply(fill, now) == Applied::kApplied);
        alive[fill.execution_id] = fill;
        if (random.Chance(0.2)) REQUIRE(book.Apply(fill, now) == Applied::kRepeated);
      } else {
        auto any = alive.begin();
        std::advance(any, static_cast<std::ptrdiff_t>(random.Below(alive.size())));
        if (kind < 0.9) {
          if (book.Bust(any->first, now) == Applied::kApplied) alive.erase(any);
        } else if (kind < 0.98) {
          const Money fee = Money::FromE8(random.Between(0, 1'000'000));
          if (book.SetFee(any->first, fee, now) == Applied::kApplied) any->second.fee = fee;
        } else {
          book.BeginDay(++day);
        }
      }

      // Against the plain sums over what happened.
      std::map<PositionBook::Key, Quantity> quantities;
      std::map<PositionBook::Key, Money> cash;
      Money account;
      for (const auto& [id, fill] : alive) {
        const PositionBook::Key key{fill.instrument, fill.instance};
        const Money value = Notional(fill.terms, fill.price, fill.quantity);
        const Money flow = (CashSign(fill.side, fill.terms.inverse) < 0 ? -value : value) - fill.fee;
        quantities[key] += fill.side == Side::kBid ? fill.quantity : Quantity() - fill.quantity;
        cash[key] = cash[key] + flow;
        account = account + flow;
      }
      REQUIRE(book.account_cash_flow() == account);
      for (const auto& [key, quantity] : quantities) {
        const Lots& lots = book.Of(key);
        REQUIRE(lots.quantity() == quantity);
        REQUIRE(lots.cash_flow() == cash[key]);
        const bool pays = (quantity > Quantity()) != (key.instrument == 3);
        REQUIRE(lots.cash_flow() == lots.realized_gross() - (pays ? lots.cost() : -lots.cost()) - lots.fees());
      }
    }
    const std::string state = StateOf(book);
    PositionBook restored;
    runtime::StateReader reader(state);
    reader(restored);
    REQUIRE(reader.Finish().ok());
    CHECK(StateOf(restored) == state);
    CHECK(restored.account_cash_flow() == book.account_cash_flow());
    CHECK(restored.Open() == book.Open());
    for (const PositionBook::Key& key : book.Open()) {
      CHECK(restored.Of(key).cost() == book.Of(key).cost());
      CHECK(restored.account_quantity(key.instrument) == book.account_quantity(key.instrument));
    }
  }
}

TEST_CASE("money is conserved to the last unit: what is open is worth what closing it at the mark realises", "[oms]") {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    PositionBook book;
    for (int i = 0; i < 20; ++i) book.Apply(RandomFill(random, i), At(1));
    for (const PositionBook::Key& key : book.Open()) {
      Execution closing = RandomFill(random, 1000);
      closing.execution_id = fmt::format("C{}-{}", key.instrument, key.instance);
      closing.instrument = key.instrument;
      closing.instance = key.instance;
      closing.terms = key.instrument == 1   ? ContractTerms{}
                      : key.instrument == 2 ? ContractTerms{.multiplier = Quantity::Units(50)}
                                            : ContractTerms{.multiplier = Quantity::Units(100), .inverse = true};
      const Quantity held = book.Of(key).quantity();
      closing.side = held > Quantity() ? Side::kAsk : Side::kBid;
      closing.quantity = held > Quantity() ? held : Quantity() - held;
      const std::optional<Money> unrealized = book.Unrealized(key, closing.price);
      const Money realized = book.Of(key).realized_gross();
      REQUIRE(unrealized);
      REQUIRE(book.Apply(closing, At(2)) == Applied::kApplied);
      CHECK(book.Of(key).realized_gross() == realized + *unrealized);
      CHECK(book.Of(key).cost() == Money());
    }
  }
}

}  // namespace spillway::oms
