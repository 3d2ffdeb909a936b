// Which build this is: named by manifests and checkpoints, so that a replay can say whose outputs it compares with.
#pragma once

#include <string_view>

namespace spillway {
std::string_view BuildVersion();  // "0.1.0"
std::string_view BuildId();       // "spillway 0.1.0 (1fff39e, g++ 12.2.0)"
}  // namespace spillway
