#include "tests/support/server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace spillway::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kPollPeriod(5);

std::filesystem::path FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* path = std::getenv("PATH");
  std::istringstream folders(std::string(path == nullptr ? "" : path) + ":/usr/sbin:/sbin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::filesystem::path program = std::filesystem::path(folder) / name;
    if (!folder.empty() && ::access(program.c_str(), X_OK) == 0) return program;
  }
  throw std::runtime_error("program " + name + " is neither in PATH nor in /usr/sbin: install it");
}

std::vector<std::string> Environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!added.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : added) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace

ServerProcess::ServerProcess(ProcessOptions options) : options_(std::move(options)) {
  Start();
}

ServerProcess::~ServerProcess() {
  if (running()) Kill9();
}

void ServerProcess::Start() {
  if (running()) Fail("is running already");
  const std::filesystem::path program = FindProgram(options_.argv.at(0));
  std::vector<char*> argv = Pointers(options_.argv);
  std::vector<std::string> variables = Environment(options_.env);
  std::vector<char*> env = Pointers(variables);
  const std::string log = options_.log_file.empty() ? "/dev/null" : options_.log_file.string();
  const std::string cwd = options_.cwd.string();
  const pid_t parent = ::getpid();

  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork: " + std::string(std::strerror(errno)));
  if (child == 0) {  // other threads exist: nothing here may allocate
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    const int in = ::open("/dev/null", O_RDONLY);
    if (out < 0 || in < 0 || (!cwd.empty() && ::chdir(cwd.c_str()) != 0)) ::_exit(126);
    ::dup2(in, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::close_range(3, ~0U, 0);  // no listening socket of the test may live on in a server
    ::execve(program.c_str(), argv.data(), env.data());
    ::_exit(127);
  }
  pid_ = child;
  exit_code_.reset();
}

void ServerProcess::Signal(int signal) {
  if (running()) ::kill(pid_, signal);
}

void ServerProcess::Reap(int status) {
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  pid_ = 0;
}

bool ServerProcess::running() {
  if (pid_ == 0) return false;
  int status = 0;
  const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
  if (ended == pid_) Reap(status);
  return pid_ != 0;
}

std::optional<int> ServerProcess::Wait(std::chrono::milliseconds timeout) {
  Eventually([&] { return !running(); }, timeout);
  return exit_code_;
}

int ServerProcess::Stop(std::chrono::milliseconds timeout) {
  Signal(SIGTERM);
  if (const std::optional<int> code = Wait(timeout)) return *code;
  Kill9();
  return exit_code_.value_or(-1);
}

void ServerProcess::Kill9() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  Reap(status);
}

void ServerProcess::WaitForPort(uint16_t port, std::chrono::milliseconds timeout) {
  const Clock::time_point deadline = Clock::now() + timeout;
  while (!IsListening(port)) {
    if (!running()) Fail("ended before it listened on port " + std::to_string(port));
    if (Clock::now() > deadline) Fail("does not listen on port " + std::to_string(port));
    std::this_thread::sleep_for(kPollPeriod);
  }
}

std::string ServerProcess::Log() const {
  std::ifstream file(options_.log_file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void ServerProcess::Fail(const std::string& what) const {
  constexpr size_t kShown = 4000;
  std::string log = Log();
  if (log.size() > kShown) log.erase(0, log.size() - kShown);
  std::string code = exit_code_ ? " (exit code " + std::to_string(*exit_code_) + ")" : "";
  throw std::runtime_error(options_.argv.at(0) + " " + what + code + "\n" + log);
}

uint16_t FreePort() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  const bool ok = listener >= 0 && ::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (listener >= 0) ::close(listener);
  if (!ok) throw std::runtime_error("no free port: " + std::string(std::strerror(errno)));
  return ntohs(address.sin_port);
}

bool IsListening(uint16_t port) {
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (client < 0) return false;
  const sockaddr_in address = Loopback(port);
  const bool connected = ::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(client);
  return connected;
}

bool Eventually(const std::function<bool()>& condition, std::chrono::milliseconds timeout) {
  const Clock::time_point deadline = Clock::now() + timeout;
  while (!condition()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(kPollPeriod);
  }
  return true;
}

std::vector<std::string> AsUser(const std::string& user, std::vector<std::string> argv) {
  if (::geteuid() != 0) return argv;
  // A change of user clears the signal that the parent's death sends: setpriv sets it again.
  std::vector<std::string> all = {"setpriv", "--reuid=" + user, "--regid=" + user, "--clear-groups",
                                  "--pdeathsig=KILL"};
  all.insert(all.end(), argv.begin(), argv.end());
  return all;
}

void GiveTo(const std::string& user, const std::filesystem::path& path) {
  if (::geteuid() != 0) return;
  const passwd* entry = ::getpwnam(user.c_str());
  if (entry == nullptr || ::chown(path.c_str(), entry->pw_uid, entry->pw_gid) != 0) {
    throw std::runtime_error("cannot give " + path.string() + " to user " + user);
  }
}

}  // namespace spillway::test
