#include "services/oms/order_state.h"

#include <string>

#include "fmt/format.h"
#include "tests/catch.h"

namespace spillway::oms {
namespace {

constexpr OrderState StateAt(size_t i) {
  return static_cast<OrderState>(i);
}
constexpr OrderTrigger TriggerAt(size_t i) {
  return static_cast<OrderTrigger>(i);
}

// Written apart from the table: "FROM trigger TO", absorbed ones left out.
constexpr std::string_view kMoves = R"(
NONE placed NEW
NONE refused REJECTED
NEW sent SUBMITTED
NEW accepted ACCEPTED
NEW partial_fill PARTIAL
NEW fill FILLED
NEW cancel_requested PENDING_CANCEL
NEW canceled CANCELED
NEW rejected REJECTED
NEW expired EXPIRED
NEW no_answer UNKNOWN
NEW not_found REJECTED
SUBMITTED accepted ACCEPTED
SUBMITTED partial_fill PARTIAL
SUBMITTED fill FILLED
SUBMITTED cancel_requested PENDING_CANCEL
SUBMITTED canceled CANCELED
SUBMITTED rejected REJECTED
SUBMITTED expired EXPIRED
SUBMITTED no_answer UNKNOWN
SUBMITTED not_found REJECTED
ACCEPTED partial_fill PARTIAL
ACCEPTED fill FILLED
ACCEPTED cancel_requested PENDING_CANCEL
ACCEPTED canceled CANCELED
ACCEPTED replace_requested PENDING_REPLACE
ACCEPTED replaced REPLACED
ACCEPTED rejected REJECTED
ACCEPTED expired EXPIRED
ACCEPTED no_answer UNKNOWN
ACCEPTED not_found CANCELED
PARTIAL fill FILLED
PARTIAL cancel_requested PENDING_CANCEL
PARTIAL canceled CANCELED
PARTIAL replace_requested PENDING_REPLACE
PARTIAL replaced REPLACED
PARTIAL rejected REJECTED
PARTIAL expired EXPIRED
PARTIAL no_answer UNKNOWN
PARTIAL not_found CANCELED
PENDING_CANCEL fill FILLED
PENDING_CANCEL canceled CANCELED
PENDING_CANCEL cancel_rejected ACCEPTED
PENDING_CANCEL replaced REPLACED
PENDING_CANCEL rejected REJECTED
PENDING_CANCEL expired EXPIRED
PENDING_CANCEL no_answer UNKNOWN
PENDING_CANCEL not_found CANCELED
PENDING_REPLACE fill FILLED
PENDING_REPLACE cancel_requested PENDING_CANCEL
PENDING_REPLACE canceled CANCELED
PENDING_REPLACE replaced REPLACED
PENDING_REPLACE replace_rejected ACCEPTED
PENDING_REPLACE rejected REJECTED
PENDING_REPLACE expired EXPIRED
PENDING_REPLACE no_answer UNKNOWN
PENDING_REPLACE not_found CANCELED
UNKNOWN accepted ACCEPTED
UNKNOWN partial_fill PARTIAL
UNKNOWN fill FILLED
UNKNOWN canceled CANCELED
UNKNOWN cancel_rejected ACCEPTED
UNKNOWN replaced REPLACED
UNKNOWN replace_rejected ACCEPTED
UNKNOWN rejected REJECTED
UNKNOWN expired EXPIRED
UNKNOWN not_found REJECTED
)";

// What brokers say late or twice: "STATE: triggers" that change nothing.
constexpr std::string_view kAbsorbed = R"(
SUBMITTED: sent
ACCEPTED: sent accepted cancel_rejected replace_rejected
PARTIAL: sent accepted partial_fill cancel_rejected replace_rejected
FILLED: sent accepted canceled cancel_rejected replace_rejected not_found
CANCELED: sent accepted canceled cancel_rejected replace_rejected rejected expired not_found
REJECTED: sent canceled cancel_rejected replace_rejected rejected not_found
EXPIRED: sent accepted canceled cancel_rejected replace_rejected expired not_found
REPLACED: sent accepted canceled cancel_rejected replaced not_found
PENDING_CANCEL: sent accepted partial_fill cancel_requested replace_rejected
PENDING_REPLACE: sent accepted partial_fill cancel_rejected
UNKNOWN: sent cancel_requested no_answer
)";

}  // namespace

TEST_CASE("C-27, S3-B2.1: every pair of state and trigger is a move, absorbed, or illegal", "[oms]") {
  std::string moves = "\n", absorbed = "\n";
  size_t illegal = 0;
  for (size_t from = 0; from < kOrderStates; ++from) {
    std::string same;
    for (size_t trigger = 0; trigger < kOrderTriggers; ++trigger) {
      const std::optional<OrderState> next = NextOrderState(StateAt(from), TriggerAt(trigger));
      if (!next) {
        ++illegal;
      } else if (*next == StateAt(from)) {
        same += fmt::format(" {}", OrderTriggerName(TriggerAt(trigger)));
      } else {
        moves += fmt::format("{} {} {}\n", from == 0 ? "NONE" : OrderStateName(StateAt(from)),
                             OrderTriggerName(TriggerAt(trigger)), OrderStateName(*next));
      }
    }
    if (!same.empty()) absorbed += fmt::format("{}:{}\n", OrderStateName(StateAt(from)), same);
  }
  CHECK(moves == kMoves);
  CHECK(absorbed == kAbsorbed);
  CHECK(illegal == 99);
}

TEST_CASE("C-27, S3-B2.1: the seed's states are there by their names, with the three it needs beside", "[oms]") {
  std::string names;
  for (size_t i = 1; i < kOrderStates; ++i) names += fmt::format(" {}", OrderStateName(StateAt(i)));
  CHECK(names ==
        " NEW SUBMITTED ACCEPTED PARTIAL FILLED CANCELED REJECTED EXPIRED REPLACED PENDING_CANCEL PENDING_REPLACE"
        " UNKNOWN");
}

TEST_CASE("S3-B2.1: what is final stays final", "[oms]") {
  for (size_t from = 1; from < kOrderStates; ++from) {
    if (!IsFinal(StateAt(from))) continue;
    for (size_t trigger = 0; trigger < kOrderTriggers; ++trigger) {
      const std::optional<OrderState> next = NextOrderState(StateAt(from), TriggerAt(trigger));
      CHECK((!next || *next == StateAt(from)));
    }
  }
}

TEST_CASE("S3-B2.1, FX-77: from every state that works a final one can be reached, and UNKNOWN", "[oms]") {
  for (size_t from = 1; from < kOrderStates; ++from) {
    if (!IsWorking(StateAt(from))) continue;
    CHECK(NextOrderState(StateAt(from), OrderTrigger::kFill) == OrderState::kFilled);
    CHECK(NextOrderState(StateAt(from), OrderTrigger::kCanceled) == OrderState::kCanceled);
    CHECK(NextOrderState(StateAt(from), OrderTrigger::kNoAnswer) == OrderState::kUnknown);
  }
}

}  // namespace spillway::oms
