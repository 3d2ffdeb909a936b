#include "tests/unit/service/http_get.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace spillway::test {
namespace {

int ConnectTo(int port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return descriptor;
  ::close(descriptor);
  return -1;
}

std::string Exchange(int descriptor, const std::string& request) {
  if (::send(descriptor, request.data(), request.size(), MSG_NOSIGNAL) < 0) return "";
  std::string all;
  char part[4096];
  for (ssize_t got; (got = ::recv(descriptor, part, sizeof(part), 0)) > 0;) all.append(part, static_cast<size_t>(got));
  return all;
}

}  // namespace

HttpAnswer HttpGet(int port, const std::string& path, const std::string& method) {
  const int descriptor = ConnectTo(port);
  if (descriptor < 0) return {};
  const std::string all = Exchange(descriptor, method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ::close(descriptor);
  const size_t end = all.find("\r\n\r\n");
  if (all.size() < 12 || end == std::string::npos) return {};
  return {.code = std::atoi(all.c_str() + 9), .head = all.substr(0, end), .body = all.substr(end + 4)};
}

}  // namespace spillway::test
