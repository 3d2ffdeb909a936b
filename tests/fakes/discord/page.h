// The page a person looks at: what was accepted, as cards, newest first.
#pragma once

#include <string>

#include "nlohmann/json.hpp"

namespace spillway::fake {

struct CardView {
  std::string time;
  std::string target;
  std::string picture;  // its address; empty: none
  size_t edits = 0;
  nlohmann::ordered_json json;
};

std::string Card(const CardView& view);
std::string PageOf(size_t messages, const std::string& cards);

}  // namespace spillway::fake
