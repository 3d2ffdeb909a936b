// 128-bit integers for products of prices and quantities.
#pragma once

namespace spillway {
__extension__ typedef __int128 Int128;
}  // namespace spillway
