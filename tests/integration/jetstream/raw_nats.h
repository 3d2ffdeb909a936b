// NATS.c as it is, without what libs/log/jetstream adds: for intruders, deleted streams and comparisons.
#pragma once

#include <nats/nats.h>

#include <string>

#include "tests/catch.h"

namespace spillway::jetstream {

class RawNats {
 public:
  explicit RawNats(const std::string& url) {
    REQUIRE(natsConnection_ConnectTo(&connection_, url.c_str()) == NATS_OK);
    REQUIRE(natsConnection_JetStream(&jetstream_, connection_, nullptr) == NATS_OK);
  }
  ~RawNats() {
    jsCtx_Destroy(jetstream_);
    natsConnection_Destroy(connection_);
  }
  RawNats(const RawNats&) = delete;
  RawNats& operator=(const RawNats&) = delete;

  natsConnection* connection() const { return connection_; }
  jsCtx* jetstream() const { return jetstream_; }

  void Append(const std::string& subject, const std::string& bytes) const {
    const natsStatus status = js_Publish(nullptr, jetstream_, subject.c_str(), bytes.data(),
                                         static_cast<int>(bytes.size()), nullptr, nullptr);
    REQUIRE(status == NATS_OK);
  }
  void DeleteStream(const std::string& stream) const {
    REQUIRE(js_DeleteStream(jetstream_, stream.c_str(), nullptr, nullptr) == NATS_OK);
  }
  // The name of the server that leads the stream; empty: none now.
  std::string Leader(const std::string& stream) const {
    jsStreamInfo* info = nullptr;
    if (js_GetStreamInfo(&info, jetstream_, stream.c_str(), nullptr, nullptr) != NATS_OK) return "";
    std::string leader = info->Cluster != nullptr && info->Cluster->Leader != nullptr ? info->Cluster->Leader : "";
    jsStreamInfo_Destroy(info);
    return leader;
  }

 private:
  natsConnection* connection_ = nullptr;
  jsCtx* jetstream_ = nullptr;
};

}  // namespace spillway::jetstream
