// Ids in hash tables. Only where no order of the table reaches an output.
#pragma once

#include <cstddef>

#include "libs/base/ids.h"

namespace spillway {

// An id is a digest already.
struct IdHash {
  size_t operator()(const EventId& id) const { return static_cast<size_t>(id.high ^ id.low); }
};
struct IdEqual {
  bool operator()(const EventId& a, const EventId& b) const { return a.high == b.high && a.low == b.low; }
};

}  // namespace spillway
