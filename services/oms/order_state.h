// The states of an order and what moves it from one to the next (S3-B2.1, C-27): one table. docs/orders.md shows it.
//
// Read a cell as: the state that the trigger leads to. The state itself: absorbed, as brokers say things late and more
// than once. --: the broker contradicts itself or us; nothing changes, an OrderIncident tells.
//
// Two things the table leaves to what was filled: ACCEPTED with fills is PARTIAL, and REJECTED of an order that the
// broker had accepted or filled is CANCELED.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "libs/events/order_events.h"

namespace spillway::oms {

inline constexpr size_t kOrderStates = 13;
inline constexpr size_t kOrderTriggers = 17;

namespace order_state_table {
inline constexpr OrderState __ = OrderState::kNone;  // no trigger leads there: illegal
inline constexpr OrderState NEW = OrderState::kNew;
inline constexpr OrderState SUB = OrderState::kSubmitted;
inline constexpr OrderState ACC = OrderState::kAccepted;
inline constexpr OrderState PAR = OrderState::kPartial;
inline constexpr OrderState FIL = OrderState::kFilled;
inline constexpr OrderState CAN = OrderState::kCanceled;
inline constexpr OrderState REJ = OrderState::kRejected;
inline constexpr OrderState EXP = OrderState::kExpired;
inline constexpr OrderState RPL = OrderState::kReplaced;
inline constexpr OrderState PCN = OrderState::kPendingCancel;
inline constexpr OrderState PRP = OrderState::kPendingReplace;
inline constexpr OrderState UNK = OrderState::kUnknown;

// clang-format off
inline constexpr std::array<std::array<OrderState, kOrderTriggers>, kOrderStates> kNext = {{
  //                                  cancel          cancel replace         replace               no     not
  //     placed sent accept part fill asked  canceled denied asked  replaced denied  reject expire answer found  refused
  {{ __, NEW,   __,  __,    __,  __,  __,    __,      __,    __,    __,      __,     __,    __,    __,    __,    REJ }},  // (none)
  {{ __, __,    SUB, ACC,   PAR, FIL, PCN,   CAN,     __,    __,    __,      __,     REJ,   EXP,   UNK,   REJ,   __  }},  // NEW
  {{ __, __,    SUB, ACC,   PAR, FIL, PCN,   CAN,     __,    __,    __,      __,     REJ,   EXP,   UNK,   REJ,   __  }},  // SUBMITTED
  {{ __, __,    ACC, ACC,   PAR, FIL, PCN,   CAN,     ACC,   PRP,   RPL,     ACC,    REJ,   EXP,   UNK,   CAN,   __  }},  // ACCEPTED
  {{ __, __,    PAR, PAR,   PAR, FIL, PCN,   CAN,     PAR,   PRP,   RPL,     PAR,    REJ,   EXP,   UNK,   CAN,   __  }},  // PARTIAL
  {{ __, __,    FIL, FIL,   __,  __,  __,    FIL,     FIL,   __,    __,      FIL,    __,    __,    __,    FIL,   __  }},  // FILLED
  {{ __, __,    CAN, CAN,   __,  __,  __,    CAN,     CAN,   __,    __,      CAN,    CAN,   CAN,   __,    CAN,   __  }},  // CANCELED
  {{ __, __,    REJ, __,    __,  __,  __,    REJ,     REJ,   __,    __,      REJ,    REJ,   __,    __,    REJ,   __  }},  // REJECTED
  {{ __, __,    EXP, EXP,   __,  __,  __,    EXP,     EXP,   __,    __,      EXP,    __,    EXP,   __,    EXP,   __  }},  // EXPIRED
  {{ __, __,    RPL, RPL,   __,  __,  __,    RPL,     RPL,   __,    RPL,     __,     __,    __,    __,    RPL,   __  }},  // REPLACED
  {{ __, __,    PCN, PCN,   PCN, FIL, PCN,   CAN,     ACC,   __,    RPL,     PCN,    REJ,   EXP,   UNK,   CAN,   __  }},  // PENDING_CANCEL
  {{ __, __,    PRP, PRP,   PRP, FIL, PCN,   CAN,     PRP,   __,    RPL,     ACC,    REJ,   EXP,   UNK,   CAN,   __  }},  // PENDING_REPLACE
  {{ __, __,    UNK, ACC,   PAR, FIL, UNK,   CAN,     ACC,   __,    RPL,     ACC,    REJ,   EXP,   UNK,   REJ,   __  }},  // UNKNOWN
}};
// clang-format on
}  // namespace order_state_table

// nullopt: the state does not allow it.
constexpr std::optional<OrderState> NextOrderState(OrderState state, OrderTrigger trigger) {
  const OrderState next = order_state_table::kNext[static_cast<size_t>(state)][static_cast<size_t>(trigger)];
  if (next == OrderState::kNone) return std::nullopt;
  return next;
}

// The broker has it, as far as anybody knows, and may fill it.
constexpr bool IsWorking(OrderState state) {
  return state != OrderState::kNone && !IsFinal(state);
}

}  // namespace spillway::oms
