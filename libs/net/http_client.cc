#include "libs/net/http_client.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <mutex>

#include "fmt/format.h"

namespace spillway::net {
namespace {

struct Network {
  uint32_t address;
  int bits;
};
// IANA's special-purpose registry, as far as it is not globally reachable.
constexpr Network kNotPublic4[] = {
    {0x00000000, 8},  {0x0A000000, 8},  {0x64400000, 10}, {0x7F000000, 8},  {0xA9FE0000, 16},
    {0xAC100000, 12}, {0xC0000000, 24}, {0xC0000200, 24}, {0xC0A80000, 16}, {0xC6120000, 15},
    {0xC6336400, 24}, {0xCB007100, 24}, {0xE0000000, 4},  {0xF0000000, 4},
};

bool IsPublic4(uint32_t address) {
  return std::ranges::none_of(
      kNotPublic4, [&](const Network& network) { return (address ^ network.address) >> (32 - network.bits) == 0; });
}

uint32_t BigEndian(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

bool IsPublic6(const in6_addr& address) {
  const uint8_t* bytes = address.s6_addr;
  const bool zeros = std::all_of(bytes, bytes + 10, [](uint8_t byte) { return byte == 0; });
  if (zeros && ((bytes[10] == 0xFF && bytes[11] == 0xFF) || (bytes[10] == 0 && bytes[11] == 0))) {
    return IsPublic4(BigEndian(bytes + 12));  // an IPv4 address in IPv6's clothes; "::" and "::1" are in 0.0.0.0/8
  }
  constexpr uint8_t kNat64[12] = {0x00, 0x64, 0xFF, 0x9B};
  if (std::equal(kNat64, kNat64 + 12, bytes)) return IsPublic4(BigEndian(bytes + 12));
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return IsPublic4(BigEndian(bytes + 2));  // 6to4
  return (bytes[0] & 0xE0) == 0x20;  // 2000::/3 is all that is given out
}

bool IsPublicSocketAddress(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    return IsPublic4(ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr));
  }
  return address.sa_family == AF_INET6 && IsPublic6(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  return text;
}

long Milliseconds(Duration duration) {
  const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return static_cast<long>(std::max<int64_t>(1, count));
}

// What the callbacks of one transfer share.
struct Transfer {
  HttpResult result;
  const std::atomic<bool>* cancelled = nullptr;
  bool address_refused = false;
};

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  std::string& body = static_cast<Transfer*>(user)->result.body;
  const size_t bytes = size * count;
  body.append(data, std::min(bytes, HttpClient::kBodyBytesMax - body.size()));
  return bytes;  // what is beyond the bound is read and dropped
}

size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  auto& headers = static_cast<Transfer*>(user)->result.headers;
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) headers.clear();  // of the last answer only (there may be a 100 before it)
  const size_t colon = line.find(':');
  if (colon != std::string_view::npos && headers.size() < 200) {
    headers.emplace_back(Lower(line.substr(0, colon)), std::string(Trim(line.substr(colon + 1))));
  }
  return size * count;
}

int OnProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto* cancelled = static_cast<Transfer*>(user)->cancelled;
  return cancelled != nullptr && cancelled->load() ? 1 : 0;
}

curl_socket_t OnOpenSocket(void* user, curlsocktype, curl_sockaddr* address) {
  if (!IsPublicSocketAddress(address->addr)) {
    static_cast<Transfer*>(user)->address_refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void InitializeOnce() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

std::string_view HttpResult::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

bool IsPublicAddress(std::string_view address) {
  const std::string text(address);
  in_addr four = {};
  if (inet_pton(AF_INET, text.c_str(), &four) == 1) return IsPublic4(ntohl(four.s_addr));
  in6_addr six = {};
  return inet_pton(AF_INET6, text.c_str(), &six) == 1 && IsPublic6(six);
}

struct HttpClient::Impl {
  HttpOptions options;
  CURL* curl = nullptr;
};

HttpClient::HttpClient(HttpOptions options) : impl_(std::make_unique<Impl>()) {
  InitializeOnce();
  impl_->options = std::move(options);
  impl_->curl = curl_easy_init();
}

HttpClient::~HttpClient() {
  curl_easy_cleanup(impl_->curl);
}

HttpResult HttpClient::Send(const HttpRequest& request, const std::atomic<bool>* cancelled) {
  CURL* curl = impl_->curl;
  const HttpOptions& options = impl_->options;
  Transfer transfer;
  transfer.cancelled = cancelled;

  curl_easy_reset(curl);
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, Milliseconds(options.connect_timeout));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, Milliseconds(options.timeout));
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "Spillway/1");
  if (!options.ca_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, options.ca_file.c_str());
    curl_easy_setopt(curl, CURLOPT_CAPATH, "/etc/ssl/certs");
  }
  if (!options.allow_private_address) {
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, OnOpenSocket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &transfer);
  }
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, OnProgress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);

  curl_slist* headers = curl_slist_append(nullptr, "Expect:");  // no round trip before the body
  for (const auto& [name, value] : request.headers) {
    headers = curl_slist_append(headers, fmt::format("{}: {}", name, value).c_str());
  }
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_mime* mime = nullptr;
  if (!request.parts.empty()) {
    mime = curl_mime_init(curl);
    for (const HttpPart& part : request.parts) {
      curl_mimepart* out = curl_mime_addpart(mime);
      curl_mime_name(out, part.name.c_str());
      curl_mime_data(out, part.data.data(), part.data.size());
      if (!part.file_name.empty()) curl_mime_filename(out, part.file_name.c_str());
      if (!part.content_type.empty()) curl_mime_type(out, part.content_type.c_str());
    }
    curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime);
  } else if (request.method != "GET" && request.method != "DELETE") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
  }

  const CURLcode code = curl_easy_perform(curl);
  long status = 0;
  curl_off_t begun = 0;  // when the connection stood and the request could begin; 0: never
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &begun);
  curl_slist_free_all(headers);
  curl_mime_free(mime);

  HttpResult result = std::move(transfer.result);
  result.status = static_cast<int>(status);
  if (status >= 200) {  // the status was there: what is cut off of the body does not matter
    result.outcome = HttpOutcome::kAnswered;
    return result;
  }
  result.outcome = begun > 0 ? HttpOutcome::kAnswerLost : HttpOutcome::kNotSent;
  result.error = transfer.address_refused            ? "its address is not public (allow_private_address permits it)"
                 : code == CURLE_ABORTED_BY_CALLBACK ? "broken off: the process ends"
                                                     : curl_easy_strerror(code);
  return result;
}

}  // namespace spillway::net
