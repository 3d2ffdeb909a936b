// A server (or any program) as a child process of a test: started on a port of its own, stopped by its pid, and gone
// when the object goes, or the test program dies.
//
//   const uint16_t port = FreePort();
//   ServerProcess redis({.argv = {"/usr/bin/redis-server", "--port", std::to_string(port)}, .log_file = folder /
//   "log"}); redis.WaitForPort(port); redis.Kill9(); redis.Start();
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace spillway::test {

struct ProcessOptions {
  std::vector<std::string> argv;           // argv[0] is the program: a path, or found in PATH and /usr/sbin
  std::map<std::string, std::string> env;  // added to this process's own
  std::filesystem::path cwd;               // empty: as this process
  std::filesystem::path log_file;          // stdout and stderr, appended; empty: thrown away
};

// What goes wrong is thrown as std::runtime_error, with the end of the log. For one thread, which must outlive the
// process: the kernel kills it when that thread ends.
class ServerProcess {
 public:
  explicit ServerProcess(ProcessOptions options);  // starts it
  ~ServerProcess();                                // SIGKILL, and waits
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Starts it again (after Stop, Kill9 or its own end).
  void Start();
  void Signal(int signal);
  // Its exit code (128 + signal where a signal ended it); nullopt: still running then.
  std::optional<int> Wait(std::chrono::milliseconds timeout);
  // SIGTERM, and SIGKILL after the timeout. Returns the exit code.
  int Stop(std::chrono::milliseconds timeout = std::chrono::seconds(10));
  void Kill9();
  // Until somebody listens on 127.0.0.1:port. Throws where the process ends first, or at the timeout.
  void WaitForPort(uint16_t port, std::chrono::milliseconds timeout = std::chrono::seconds(20));

  bool running();
  pid_t pid() const { return pid_; }
  std::string Log() const;  // all of log_file

 private:
  void Reap(int status);
  [[noreturn]] void Fail(const std::string& what) const;

  ProcessOptions options_;
  pid_t pid_ = 0;  // 0: not running
  std::optional<int> exit_code_;
};

// A TCP port of 127.0.0.1 nobody listens on now.
uint16_t FreePort();
bool IsListening(uint16_t port);

// Polls until it is true; false at the deadline. For results of other processes and threads.
bool Eventually(const std::function<bool()>& condition, std::chrono::milliseconds timeout = std::chrono::seconds(20));

// The command run as another user where this process is root (PostgreSQL refuses root), else unchanged. What it is to
// read and write must belong to that user: see GiveTo.
std::vector<std::string> AsUser(const std::string& user, std::vector<std::string> argv);
void GiveTo(const std::string& user, const std::filesystem::path& path);  // chown, where this process is root

}  // namespace spillway::test
