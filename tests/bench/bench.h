// The registry of workloads that `spillway_bench` measures. A workload is one static registration:
//
//   const bench::Registration kReplay({.name = "book_replay", .unit = "event", .prepare = [] {
//     auto events = MakeEvents();
//     return bench::Prepared{.items = events.size(), .run = [events] { ... }};
//   }});
//
// `prepare` is not timed; `run` is called several times and must do the same work each time. Results that nobody reads
// are handed to Keep(), so that the work is not optimised away.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace spillway::bench {

struct Prepared {
  uint64_t items = 0;
  std::function<void()> run;
};

struct Workload {
  std::string name;
  std::string unit = "event";  // of one item
  // nullopt: it cannot run here (recorded data is missing); it says so itself.
  std::function<std::optional<Prepared>()> prepare;
};

std::vector<Workload>& Workloads();

class Registration {
 public:
  explicit Registration(Workload workload) { Workloads().push_back(std::move(workload)); }
};

// What happens while one lives is not counted in the run's time.
class Untimed {
 public:
  Untimed();
  ~Untimed();
  Untimed(const Untimed&) = delete;
  Untimed& operator=(const Untimed&) = delete;

 private:
  double start_;
};

template <class T>
void Keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

}  // namespace spillway::bench
