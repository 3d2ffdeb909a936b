// docs/pictures/order-states.svg is drawn from the table of states. SPILLWAY_WRITE_PICTURES=1 writes it anew.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "fmt/format.h"
#include "services/oms/order_state.h"
#include "tests/catch.h"

namespace spillway::oms {
namespace {

struct Box {
  OrderState state;
  int x, y;
};
constexpr int kWidth = 118, kHeight = 34;
constexpr std::array kBoxes = {
    Box{OrderState::kNew, 20, 44},
    Box{OrderState::kSubmitted, 202, 44},
    Box{OrderState::kAccepted, 390, 44},
    Box{OrderState::kPartial, 590, 44},
    Box{OrderState::kFilled, 770, 44},
    Box{OrderState::kPendingReplace, 390, 144},
    Box{OrderState::kPendingCancel, 590, 144},
    Box{OrderState::kCanceled, 770, 144},
    Box{OrderState::kRejected, 20, 244},
    Box{OrderState::kUnknown, 202, 244},
    Box{OrderState::kReplaced, 390, 244},
    Box{OrderState::kExpired, 590, 244},
};
// The moves that most orders take; `dx` shifts the arrow, so that two between the same boxes do not lie on each other.
struct Arrow {
  OrderState from;
  OrderTrigger trigger;
  OrderState to;
  int dx = 0;
};
constexpr std::array kArrows = {
    Arrow{OrderState::kNew, OrderTrigger::kSent, OrderState::kSubmitted},
    Arrow{OrderState::kSubmitted, OrderTrigger::kAccepted, OrderState::kAccepted},
    Arrow{OrderState::kAccepted, OrderTrigger::kPartialFill, OrderState::kPartial},
    Arrow{OrderState::kPartial, OrderTrigger::kFill, OrderState::kFilled},
    Arrow{OrderState::kAccepted, OrderTrigger::kReplaceRequested, OrderState::kPendingReplace, -48},
    Arrow{OrderState::kPendingReplace, OrderTrigger::kReplaceRejected, OrderState::kAccepted, 52},
    Arrow{OrderState::kPendingReplace, OrderTrigger::kReplaced, OrderState::kReplaced, -48},
    Arrow{OrderState::kPartial, OrderTrigger::kCancelRequested, OrderState::kPendingCancel, -48},
    Arrow{OrderState::kPendingCancel, OrderTrigger::kCanceled, OrderState::kCanceled},
    Arrow{OrderState::kPendingCancel, OrderTrigger::kExpired, OrderState::kExpired, -48},
    Arrow{OrderState::kNew, OrderTrigger::kRejected, OrderState::kRejected, -48},
    Arrow{OrderState::kSubmitted, OrderTrigger::kNoAnswer, OrderState::kUnknown, -48},
    Arrow{OrderState::kUnknown, OrderTrigger::kNotFound, OrderState::kRejected},
};

const Box& BoxOf(OrderState state) {
  return *std::find_if(kBoxes.begin(), kBoxes.end(), [&](const Box& box) { return box.state == state; });
}

std::string DrawBox(const Box& box) {
  const char* kind = IsFinal(box.state) ? "n" : box.state == OrderState::kUnknown ? "a" : "b";
  return fmt::format(R"(<rect x="{}" y="{}" width="{}" height="{}" rx="6" class="{} o"/>)"
                     "\n"
                     R"(<text x="{}" y="{}" class="{}" text-anchor="middle">{}</text>)"
                     "\n",
                     box.x, box.y, kWidth, kHeight, kind, box.x + kWidth / 2, box.y + 22, kind,
                     OrderStateName(box.state));
}

std::string DrawArrow(const Arrow& arrow) {
  const Box &from = BoxOf(arrow.from), &to = BoxOf(arrow.to);
  const std::string_view name = OrderTriggerName(arrow.trigger);
  if (from.y == to.y) {
    const bool right = to.x > from.x;
    const int y = from.y + kHeight / 2, x1 = right ? from.x + kWidth : from.x, x2 = right ? to.x : to.x + kWidth;
    const int tip = right ? -7 : 7;
    return fmt::format(R"(<line x1="{}" y1="{}" x2="{}" y2="{}" class="f ts"/><polygon points="{},{} {},{} {},{}"/>)"
                       R"(<text x="{}" y="{}" class="s" text-anchor="middle">{}</text>)"
                       "\n",
                       x1, y, x2, y, x2, y, x2 + tip, y - 3, x2 + tip, y + 3, (x1 + x2) / 2, y - 6, name);
  }
  const bool down = to.y > from.y;
  const int x = from.x + kWidth / 2 + arrow.dx, y1 = down ? from.y + kHeight : from.y;
  const int y2 = down ? to.y : to.y + kHeight, tip = down ? -7 : 7;
  return fmt::format(R"(<line x1="{}" y1="{}" x2="{}" y2="{}" class="f ts"/><polygon points="{},{} {},{} {},{}"/>)"
                     R"(<text x="{}" y="{}" class="s">{}</text>)"
                     "\n",
                     x, y1, x, y2, x, y2, x - 3, y2 + tip, x + 3, y2 + tip, x + 6, (y1 + y2) / 2 + (down ? -6 : 12),
                     name);
}

// Every state and trigger: where it leads, "=" where it changes nothing.
std::string DrawTable(int top) {
  std::string svg;
  for (size_t trigger = 1; trigger < kOrderTriggers; ++trigger) {
    const auto x = 150 + static_cast<int>(trigger - 1) * 47;
    svg += fmt::format(R"~(<text x="{}" y="{}" class="s" transform="rotate(-40 {} {})">{}</text>)~"
                       "\n",
                       x, top, x, top, OrderTriggerName(static_cast<OrderTrigger>(trigger)));
  }
  for (size_t from = 0; from < kOrderStates; ++from) {
    const auto y = top + 22 + static_cast<int>(from) * 17;
    const auto state = static_cast<OrderState>(from);
    svg += fmt::format(R"(<text x="20" y="{}" class="s">{}</text>)", y, from == 0 ? "(none)" : OrderStateName(state));
    for (size_t trigger = 1; trigger < kOrderTriggers; ++trigger) {
      const std::optional<OrderState> next = NextOrderState(state, static_cast<OrderTrigger>(trigger));
      if (!next) continue;
      std::string name = *next == state ? "=" : std::string(OrderStateName(*next));
      if (name == "SUBMITTED") name = "SUBMIT";
      if (name == "PENDING_CANCEL") name = "P_CANCEL";
      if (name == "PENDING_REPLACE") name = "P_REPL";
      svg += fmt::format(R"(<text x="{}" y="{}" class="t {}" text-anchor="middle">{}</text>)",
                         155 + static_cast<int>(trigger - 1) * 47, y, *next == state ? "n" : "b", name);
    }
    svg += "\n";
  }
  return svg;
}

std::string Picture() {
  std::string svg =
      R"(<svg xmlns="http://www.w3.org/2000/svg" width="910" height="630" viewBox="0 0 910 630" role="img">
<title>The states of an order: the usual moves, and the whole table</title>
<style>text{font:12px system-ui,sans-serif;fill:#111827}.s{font-size:11px}.t{font-size:8.5px}.h{font-size:13px;font-weight:600}.b{fill:#2563eb}.a{fill:#dc2626}.n{fill:#6b7280}.f{fill:none;stroke-width:1}.ts{stroke:#111827}.o{fill-opacity:.15}</style>
<rect width="910" height="630" rx="8" fill="#fff"/>
<text x="20" y="26" class="h">The usual moves; grey states are final</text>
)";
  for (const Box& box : kBoxes) svg += DrawBox(box);
  for (const Arrow& arrow : kArrows) svg += DrawArrow(arrow);
  svg += R"(<text x="20" y="316" class="h">All of them; = changes nothing, empty: an incident</text>
)";
  return svg + DrawTable(384) + "</svg>\n";
}

}  // namespace

TEST_CASE("C-27, S3-B2.1: docs/pictures/order-states.svg shows the table", "[oms]") {
  for (const Arrow& arrow : kArrows) CHECK(NextOrderState(arrow.from, arrow.trigger) == arrow.to);
  const char* source = std::getenv("SPILLWAY_SOURCE");
  REQUIRE(source != nullptr);
  const std::string path = std::string(source) + "/docs/pictures/order-states.svg";
  if (std::getenv("SPILLWAY_WRITE_PICTURES") != nullptr) std::ofstream(path) << Picture();
  std::ostringstream written;
  written << std::ifstream(path).rdbuf();
  INFO("SPILLWAY_WRITE_PICTURES=1 build/release/bin/oms_test \"*order-states*\" draws it anew");
  CHECK(written.str() == Picture());
}

}  // namespace spillway::oms
