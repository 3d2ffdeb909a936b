#include "libs/base/build_info.h"

namespace spillway {
std::string_view BuildVersion() {
  return SPILLWAY_VERSION;
}
std::string_view BuildId() {
  return "spillway " SPILLWAY_VERSION " (" SPILLWAY_REVISION ", g++ " __VERSION__ ")";
}
}  // namespace spillway
