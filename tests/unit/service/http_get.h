// One HTTP request over a plain socket, as a watcher makes it.
#pragma once

#include <string>

namespace spillway::test {

struct HttpAnswer {
  int code = 0;  // 0: nobody answered
  std::string head;
  std::string body;
};
HttpAnswer HttpGet(int port, const std::string& path, const std::string& method = "GET");

}  // namespace spillway::test
