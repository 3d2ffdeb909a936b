// What ingest watches on the side, each with a thread of its own: whether it is the one that acts, and how far the
// readers of its lanes are.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "libs/log/jetstream/connection.h"
#include "libs/log/jetstream/lease.h"

namespace spillway::ingest {

// Calls `work` every `period`, from its start on, until it goes.
class Periodically {
 public:
  Periodically(Duration period, std::function<void()> work);
  ~Periodically();

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

// Holds a lease while it can: takes it, renews it, gives it back at the end.
class LeaseKeeper {
 public:
  LeaseKeeper(std::shared_ptr<jetstream::Connection> connection, std::string name, std::string holder);
  bool held() const { return lease_.held(); }
  // Who else holds it; "": nobody that is known.
  std::string other() const;

 private:
  const std::string self_;
  jetstream::Lease lease_;
  Periodically renewal_;
};

// How many messages of a lane its slowest live reader has yet to handle, by what readers say of themselves.
class ReaderLag {
 public:
  ReaderLag(std::shared_ptr<jetstream::Connection> connection, std::vector<std::string> lanes);
  // What was appended last; any thread.
  void Appended(size_t lane, uint64_t sequence) { lanes_[lane].end = sequence; }
  // Of the lane that is furthest behind; 0 where no reader is known.
  uint64_t Worst() const;

 private:
  struct Lane {
    std::atomic<uint64_t> end{0};
    std::atomic<uint64_t> slowest{UINT64_MAX};  // none
  };
  void Look();

  const std::shared_ptr<jetstream::Connection> connection_;
  const std::vector<std::string> names_;
  std::vector<Lane> lanes_;
  Periodically looks_;
};

}  // namespace spillway::ingest
