// One HTTP request at a time over libcurl, for callers who must know whether a request may have reached the other side.
// A connection serves one request: on a kept one libcurl would silently send again what it got no answer to.
// Redirects are not followed. Proxies of the environment are not used. URLs may hold secrets: no text here has one.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/time.h"

namespace spillway::net {

struct HttpPart {
  std::string name;
  std::string file_name;  // empty: a plain field
  std::string content_type;
  std::string data;
};

struct HttpRequest {
  std::string method = "POST";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;             // with a Content-Type header of the caller's
  std::vector<HttpPart> parts;  // not empty: multipart/form-data instead of body
};

enum class HttpOutcome {
  kNotSent,     // nothing of the request left this machine
  kAnswerLost,  // it was sent, in part at least; no answer came
  kAnswered,
};

struct HttpResult {
  HttpOutcome outcome = HttpOutcome::kNotSent;
  int status = 0;                                            // kAnswered
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;                                          // at most kBodyBytesMax of it
  std::string error;                                         // else: why, without the URL

  // The first header of that name (in lower case); "" if there is none.
  std::string_view header(std::string_view name) const;
};

struct HttpOptions {
  Duration connect_timeout = std::chrono::seconds(3);
  Duration timeout = std::chrono::seconds(10);  // of all of it
  std::string ca_file;                          // trusted besides the system's authorities
  // False: hosts that resolve to a loopback, private, link-local or otherwise not public address are not called. The
  // address that was checked is the one that is called.
  bool allow_private_address = true;
};

// Whether the textual IPv4 or IPv6 address is one that anybody on the internet could have. False for what is no
// address.
bool IsPublicAddress(std::string_view address);

// For one thread.
class HttpClient {
 public:
  static constexpr size_t kBodyBytesMax = size_t{1} << 20;

  explicit HttpClient(HttpOptions options);
  ~HttpClient();

  // Blocks for at most the timeout. Once *cancelled is true it returns within a second.
  HttpResult Send(const HttpRequest& request, const std::atomic<bool>* cancelled = nullptr);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace spillway::net
