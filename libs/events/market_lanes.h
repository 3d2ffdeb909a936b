// Which market lane carries an instrument, where there are several.
#pragma once

#include <cstdint>
#include <string_view>

#include "libs/events/event.h"

namespace spillway {

// In [0, lanes): XXH3-64 of the symbol, modulo `lanes`. The same in every process and every run.
uint32_t MarketLaneOf(std::string_view symbol, uint32_t lanes);

// Whether the event is about its header's instrument, and so belongs to that instrument's lane. What is about the feed,
// the session or the whole market (instrument 0) goes to all lanes, whatever instrument its header names.
bool IsInstrumentEvent(const Event& event);

}  // namespace spillway
