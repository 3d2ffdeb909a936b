// The codec casts between the structs' enums and the schemas': every number must mean the same in both.
#include <cctype>
#include <string>

#include "google/protobuf/generated_enum_reflection.h"
#include "libs/base/ids.h"
#include "libs/events/event.h"
#include "spillway/v1/event.pb.h"
#include "tests/catch.h"

namespace spillway {
namespace {

std::string LowerCase(std::string_view text) {
  std::string lower;
  for (const char c : text) lower.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  return lower;
}

// Every value of the schema's enum but its zero has the name that `name_of` gives the struct's enum, and no other
// number has a name.
template <class Proto, class Cpp>
void CheckNames(std::string_view (*name_of)(Cpp), std::string_view no_name) {
  const google::protobuf::EnumDescriptor& type = *google::protobuf::GetEnumDescriptor<Proto>();
  const std::string zero = LowerCase(type.FindValueByNumber(0)->name());
  const std::string prefix = zero.substr(0, zero.size() - std::string_view("unspecified").size());
  for (int number = 1; number < 256; ++number) {
    CAPTURE(type.full_name(), number);
    const auto* value = type.FindValueByNumber(number);
    const std::string expected =
        value == nullptr ? std::string(no_name) : LowerCase(value->name()).substr(prefix.size());
    CHECK(LowerCase(name_of(static_cast<Cpp>(number))) == expected);
  }
  for (int i = 0; i < type.value_count(); ++i) CHECK(type.value(i)->number() < 256);  // the structs' enums are bytes
}

// For enums whose names no C++ function knows: the pairs are listed here, all of them.
struct Pairs {
  int checked = 1;  // the zero
  void Check(int cpp, int proto) {
    CHECK(cpp == proto);
    ++checked;
  }
  template <class Proto>
  void Complete() const {
    const google::protobuf::EnumDescriptor& type = *google::protobuf::GetEnumDescriptor<Proto>();
    CAPTURE(type.full_name());
    CHECK(checked == type.value_count());
  }
};

#define SPILLWAY_PAIR(Enum, value, PROTO) pairs.Check(static_cast<int>(Enum::value), v1::PROTO)

}  // namespace

TEST_CASE("enums: values with a name in text have it in the schema too", "[schemas]") {
  CheckNames<v1::Producer>(&ProducerName, ProducerName(static_cast<Producer>(255)));
  CheckNames<v1::SecurityType>(&SecurityTypeName, "unknown");
  CheckNames<v1::FeatureKind>(&FeatureKindName, "unknown");
  CheckNames<v1::NotReady>(&NotReadyName, "unknown");
  CheckNames<v1::DetectorKind>(&DetectorName, "unknown");
  CheckNames<v1::CancelRule>(&CancelRuleName, "unknown");
  CheckNames<v1::RefusalRule>(&RefusalRuleName, "unknown");
  CheckNames<v1::SizeCap>(&SizeCapName, "unknown");
  CheckNames<v1::OutcomeLabel>(&OutcomeLabelName, "unknown");
  CheckNames<v1::OrderRole>(&OrderRoleName, "?");
  CheckNames<v1::OrderType>(&OrderTypeName, "?");
  CheckNames<v1::TimeInForce>(&TimeInForceName, "?");
  CheckNames<v1::OrderState>(&OrderStateName, "?");
  CheckNames<v1::OrderTrigger>(&OrderTriggerName, "?");
  CheckNames<v1::OrderCommandKind>(&OrderCommandKindName, "?");
  CheckNames<v1::BrokerReportKind>(&BrokerReportKindName, "?");
  CheckNames<v1::IncidentKind>(&IncidentKindName, "?");
  CheckNames<v1::AdminCommandKind>(&AdminCommandKindName, "?");
  CheckNames<v1::FlattenStage>(&FlattenStageName, "?");
  CheckNames<v1::DifferenceKind>(&DifferenceKindName, "?");
  CheckNames<v1::Repair>(&RepairName, "?");
}

TEST_CASE("enums: instruments, sessions and feeds", "[schemas]") {
  {
    Pairs pairs;
    SPILLWAY_PAIR(AssetClass, kEquity, ASSET_CLASS_EQUITY);
    SPILLWAY_PAIR(AssetClass, kCryptoPerpetual, ASSET_CLASS_CRYPTO_PERPETUAL);
    SPILLWAY_PAIR(AssetClass, kCryptoSpot, ASSET_CLASS_CRYPTO_SPOT);
    SPILLWAY_PAIR(AssetClass, kFuture, ASSET_CLASS_FUTURE);
    SPILLWAY_PAIR(AssetClass, kOption, ASSET_CLASS_OPTION);
    pairs.Complete<v1::AssetClass>();
  }
  {
    Pairs pairs;
    SPILLWAY_PAIR(OptionRight, kCall, OPTION_RIGHT_CALL);
    SPILLWAY_PAIR(OptionRight, kPut, OPTION_RIGHT_PUT);
    pairs.Complete<v1::OptionRight>();
  }
  {
    Pairs pairs;
    SPILLWAY_PAIR(SessionPhase, kClosed, SESSION_PHASE_CLOSED);
    SPILLWAY_PAIR(SessionPhase, kPreMarket, SESSION_PHASE_PRE_MARKET);
    SPILLWAY_PAIR(SessionPhase, kRegular, SESSION_PHASE_REGULAR);
    SPILLWAY_PAIR(SessionPhase, kAfterHours, SESSION_PHASE_AFTER_HOURS);
    pairs.Complete<v1::SessionPhase>();
  }
  {
    Pairs pairs;
    SPILLWAY_PAIR(FeedState, kUp, FEED_STATE_UP);
    SPILLWAY_PAIR(FeedState, kStale, FEED_STATE_STALE);
    SPILLWAY_PAIR(FeedState, kLagging, FEED_STATE_LAGGING);
    SPILLWAY_PAIR(FeedState, kDown, FEED_STATE_DOWN);
    SPILLWAY_PAIR(FeedState, kEnded, FEED_STATE_ENDED);
    pairs.Complete<v1::FeedState>();
  }
  {
    Pairs pairs;
    SPILLWAY_PAIR(TradingStatus, kTrading, TRADING_STATUS_TRADING);
    SPILLWAY_PAIR(TradingStatus, kHalted, TRADING_STATUS_HALTED);
    SPILLWAY_PAIR(TradingStatus, kPaused, TRADING_STATUS_PAUSED);
    SPILLWAY_PAIR(TradingStatus, kQuotationOnly, TRADING_STATUS_QUOTATION_ONLY);
    pairs.Complete<v1::TradingStatus>();
  }
  {
    Pairs pairs;
    SPILLWAY_PAIR(ConfigurationKind, kProfile, CONFIGURATION_KIND_PROFILE);
    SPILLWAY_PAIR(ConfigurationKind, kStage, CONFIGURATION_KIND_STAGE);
    SPILLWAY_PAIR(ConfigurationKind, kAccount, CONFIGURATION_KIND_ACCOUNT);
    SPILLWAY_PAIR(ConfigurationKind, kRisk, CONFIGURATION_KIND_RISK);
    SPILLWAY_PAIR(ConfigurationKind, kVenue, CONFIGURATION_KIND_VENUE);
    pairs.Complete<v1::ConfigurationKind>();
  }
  {
    Pairs pairs;
    SPILLWAY_PAIR(InstanceMode, kShadow, INSTANCE_MODE_SHADOW);
    SPILLWAY_PAIR(InstanceMode, kRetired, INSTANCE_MODE_RETIRED);
    pairs.Complete<v1::InstanceMode>();
  }
  {
    Pairs pairs;
    SPILLWAY_PAIR(TickSource, kHost, TICK_SOURCE_HOST);
    pairs.Complete<v1::TickSource>();
  }
}

TEST_CASE("enums: what market events are made of", "[schemas]") {
  {
    Pairs pairs;
    SPILLWAY_PAIR(Side, kBid, SIDE_BID);
    SPILLWAY_PAIR(Side, kAsk, SIDE_ASK);
    pairs.Complete<v1::Side>();
  }
  {
    Pairs pairs;
    SPILLWAY_PAIR(MarketEventKind, kTick, MARKET_EVENT_KIND_TICK);
    SPILLWAY_PAIR(MarketEventKind, kLevel, MARKET_EVENT_KIND_LEVEL);
    SPILLWAY_PAIR(MarketEventKind, kTop, MARKET_EVENT_KIND_TOP);
    SPILLWAY_PAIR(MarketEventKind, kClear, MARKET_EVENT_KIND_CLEAR);
    SPILLWAY_PAIR(MarketEventKind, kTrade, MARKET_EVENT_KIND_TRADE);
    SPILLWAY_PAIR(MarketEventKind, kOrderAdd, MARKET_EVENT_KIND_ORDER_ADD);
    SPILLWAY_PAIR(MarketEventKind, kOrderCancel, MARKET_EVENT_KIND_ORDER_CANCEL);
    SPILLWAY_PAIR(MarketEventKind, kOrderModify, MARKET_EVENT_KIND_ORDER_MODIFY);
    SPILLWAY_PAIR(MarketEventKind, kOrderFill, MARKET_EVENT_KIND_ORDER_FILL);
    SPILLWAY_PAIR(MarketEventKind, kLevelInsert, MARKET_EVENT_KIND_LEVEL_INSERT);
    SPILLWAY_PAIR(MarketEventKind, kLevelUpdate, MARKET_EVENT_KIND_LEVEL_UPDATE);
    SPILLWAY_PAIR(MarketEventKind, kLevelDelete, MARKET_EVENT_KIND_LEVEL_DELETE);
    SPILLWAY_PAIR(MarketEventKind, kVenueVwap, MARKET_EVENT_KIND_VENUE_VWAP);
    pairs.Complete<v1::MarketEventKind>();
  }
  {
    Pairs pairs;
    SPILLWAY_PAIR(Cause, kAdd, CAUSE_ADD);
    SPILLWAY_PAIR(Cause, kCancel, CAUSE_CANCEL);
    SPILLWAY_PAIR(Cause, kExecute, CAUSE_EXECUTE);
    SPILLWAY_PAIR(Cause, kReplace, CAUSE_REPLACE);
    SPILLWAY_PAIR(Cause, kWindow, CAUSE_WINDOW);
    SPILLWAY_PAIR(Cause, kSnapshot, CAUSE_SNAPSHOT);
    pairs.Complete<v1::Cause>();
  }
  {  // the wire has them without row_start, which is bit 0
    using Flags = MarketEventFlags;
    Pairs pairs;
    pairs.Check(Flags::kEndOfEvent >> 1, v1::MARKET_EVENT_FLAG_END_OF_EVENT);
    pairs.Check(Flags::kUpdatesLast >> 1, v1::MARKET_EVENT_FLAG_UPDATES_LAST);
    pairs.Check(Flags::kUpdatesVolume >> 1, v1::MARKET_EVENT_FLAG_UPDATES_VOLUME);
    pairs.Check(Flags::kUpdatesHighLow >> 1, v1::MARKET_EVENT_FLAG_UPDATES_HIGH_LOW);
    pairs.Check(Flags::kHidden >> 1, v1::MARKET_EVENT_FLAG_HIDDEN);
    pairs.Check(Flags::kCross >> 1, v1::MARKET_EVENT_FLAG_CROSS);
    pairs.Check(Flags::kOddLot >> 1, v1::MARKET_EVENT_FLAG_ODD_LOT);
    pairs.Complete<v1::MarketEventFlag>();
  }
  {
    Pairs pairs;
    pairs.Check(BookCondition::kBidEmpty, v1::BOOK_CONDITION_BID_EMPTY);
    pairs.Check(BookCondition::kAskEmpty, v1::BOOK_CONDITION_ASK_EMPTY);
    pairs.Check(BookCondition::kCrossed, v1::BOOK_CONDITION_CROSSED);
    pairs.Check(BookCondition::kLocked, v1::BOOK_CONDITION_LOCKED);
    pairs.Check(BookCondition::kGap, v1::BOOK_CONDITION_GAP);
    pairs.Check(BookCondition::kStale, v1::BOOK_CONDITION_STALE);
    pairs.Check(BookCondition::kWide, v1::BOOK_CONDITION_WIDE);
    pairs.Check(BookCondition::kZero, v1::BOOK_CONDITION_ZERO);
    pairs.Complete<v1::BookCondition>();
  }
}

TEST_CASE("enums: signals, decisions and alerts", "[schemas]") {
  {
    Pairs pairs;
    SPILLWAY_PAIR(Comparison, kLessEqual, COMPARISON_LESS_EQUAL);
    SPILLWAY_PAIR(Comparison, kGreaterEqual, COMPARISON_GREATER_EQUAL);
    SPILLWAY_PAIR(Comparison, kLess, COMPARISON_LESS);
    SPILLWAY_PAIR(Comparison, kGreater, COMPARISON_GREATER);
    SPILLWAY_PAIR(Comparison, kIsTrue, COMPARISON_IS_TRUE);
    SPILLWAY_PAIR(Comparison, kIsFalse, COMPARISON_IS_FALSE);
    pairs.Complete<v1::Comparison>();
  }
  {
    Pairs pairs;
    SPILLWAY_PAIR(Route, kAlert, ROUTE_ALERT);
    SPILLWAY_PAIR(Route, kConfirm, ROUTE_CONFIRM);
    SPILLWAY_PAIR(Route, kAuto, ROUTE_AUTO);
    pairs.Complete<v1::Route>();
  }
  {
    Pairs pairs;
    SPILLWAY_PAIR(PauseScope, kSymbol, PAUSE_SCOPE_SYMBOL);
    SPILLWAY_PAIR(PauseScope, kGlobal, PAUSE_SCOPE_GLOBAL);
    pairs.Complete<v1::PauseScope>();
  }
  {
    Pairs pairs;
    SPILLWAY_PAIR(AlertUpdateKind, kCancelled, ALERT_UPDATE_KIND_CANCELLED);
    SPILLWAY_PAIR(AlertUpdateKind, kExpired, ALERT_UPDATE_KIND_EXPIRED);
    SPILLWAY_PAIR(AlertUpdateKind, kOutcome, ALERT_UPDATE_KIND_OUTCOME);
    pairs.Complete<v1::AlertUpdateKind>();
  }
  {
    Pairs pairs;
    SPILLWAY_PAIR(ReceiptState, kDelivered, RECEIPT_STATE_DELIVERED);
    SPILLWAY_PAIR(ReceiptState, kFailed, RECEIPT_STATE_FAILED);
    SPILLWAY_PAIR(ReceiptState, kSuppressed, RECEIPT_STATE_SUPPRESSED);
    SPILLWAY_PAIR(ReceiptState, kAttempted, RECEIPT_STATE_ATTEMPTED);
    SPILLWAY_PAIR(ReceiptState, kAnswerLost, RECEIPT_STATE_ANSWER_LOST);
    SPILLWAY_PAIR(ReceiptState, kNotAccepted, RECEIPT_STATE_NOT_ACCEPTED);
    pairs.Complete<v1::ReceiptState>();
  }
}

TEST_CASE("enums: an unspecified comparison has no symbol and never holds", "[schemas]") {
  CHECK_FALSE(ParseComparison(ComparisonSymbol(Comparison::kUnknown)).has_value());
  CHECK(ParseComparison("<=") == Comparison::kLessEqual);
  CHECK(ParseComparison("is false") == Comparison::kIsFalse);
  CHECK_FALSE(Compare(1, Comparison::kUnknown, 1));
}

}  // namespace spillway
