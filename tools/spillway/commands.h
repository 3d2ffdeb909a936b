// The commands of the `spillway` program: what the command line asks for, as plain structs, and what does it.
// Exit codes are part of the interface (kExit*); `spillway --help` lists them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace spillway::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitDiffers = 1;  // verify: it is not what was recorded; diff: the runs differ; check: not valid;
                                        // status: not ready; promote: a gate is not met
inline constexpr int kExitUsage = 2;    // the command line or a configuration is wrong
inline constexpr int kExitBadInput = 3;  // a file or session is missing, malformed or damaged
inline constexpr int kExitFailed = 4;    // anything else: no space, no permission, ...

struct ImportArguments {
  std::string format;
  std::vector<std::string> files;
  std::string symbol, date, out, reference;
  bool skip_errors = false, replace = false, json = false;
};
int Import(const ImportArguments& arguments);

struct SimArguments {
  std::string scenario, out;
  uint64_t seed = 0;     // 0: the scenario's
  uint32_t symbols = 0;  // 0: the scenario's
  bool replace = false, json = false;
};
int Sim(const SimArguments& arguments);

struct LogArguments {
  std::string session, lane, from, to;
  uint64_t limit = 0;  // 0: all
  bool json = false;
};
int LogInfo(const LogArguments& arguments);
int LogCat(const LogArguments& arguments);
int LogVerify(const LogArguments& arguments);

struct FeaturesArguments {
  std::string session, symbol, profile = "ofi-classic@1", every = "1s", side = "long", from, to;
  bool csv = false, json = false;
};
int Features(const FeaturesArguments& arguments);

struct RunArguments {
  std::string session, out, reference, account_from;
  std::string execution;     // of the first profile; empty: the profile's
  std::string broker;        // "sim", "none"; empty: sim where the first profile trades
  std::string risk_profile;  // empty: paper@1 where orders are worked
  std::string venue;         // empty: simulated
  std::vector<std::string> profiles;
  bool replace = false, json = false, quiet = false, show_shadow = false;
};
int Run(const RunArguments& arguments);

struct ReplayArguments {
  std::string session, profile;
  bool verify = false, chain = false, diff = false, json = false;
};
int Replay(const ReplayArguments& arguments);

struct TraceArguments {
  std::string session, id;
  bool json = false;
};
int Trace(const TraceArguments& arguments);

struct ReportArguments {
  std::string session, html;
  bool json = false;
};
int Report(const ReportArguments& arguments);

struct ScorecardArguments {
  std::vector<std::string> sessions;
  bool json = false;
};
int ScorecardOf(const ScorecardArguments& arguments);

struct ExportArguments {
  std::string session, out;  // out: stdout when empty
  bool csv = false;          // else JSON lines
};
int ExportSignals(const ExportArguments& arguments);

struct ProfileArguments {
  std::string profile, other;
  bool json = false, yaml = false;
};
int ProfileList(const ProfileArguments& arguments);
int ProfileShow(const ProfileArguments& arguments);
int ProfileDiff(const ProfileArguments& arguments);
int ProfileCheck(const ProfileArguments& arguments);

struct RiskArguments {
  std::string profile;
  bool venue = false;  // it is a simulated venue
  bool json = false;
};
int RiskList(const RiskArguments& arguments);
int RiskShow(const RiskArguments& arguments);
int RiskCheck(const RiskArguments& arguments);

struct ProjectArguments {
  std::string session, host = "127.0.0.1", database = "spillway", user = "spillway", password_file, schema = "public";
  uint16_t port = 5432;
  bool rebuild = false, dump = false, json = false;
};
int Project(const ProjectArguments& arguments);

// How commands reach a running stack.
struct NatsArguments {
  std::string url = "nats://127.0.0.1:4222", user, password_file, nkey_file, tls_ca, tls_cert, tls_key,
              prefix = "spillway";
  uint32_t market_lanes = 1;
};
struct ProfileApplyArguments {
  NatsArguments nats;
  std::vector<std::string> profiles;
  std::string at;
  std::string execution;     // of the first profile; empty: the profile's
  std::string risk_profile;  // empty: what is in force stays
  std::string venue;         // empty: what is in force stays
  bool json = false;
};
int ProfileApply(const ProfileApplyArguments& arguments);

struct ProfilePromoteArguments {
  NatsArguments nats;
  bool apply = false;  // on the running stack
  std::string profile, to;
  std::vector<std::string> sessions;
  bool json = false;
};
int ProfilePromote(const ProfilePromoteArguments& arguments);  // kExitDiffers: it may not

// One AdminCommand on the trading lane of a running stack.
struct AdminArguments {
  NatsArguments nats;
  std::string command;  // "confirm", "reject", "kill", "enable", "arm", "disarm", "flatten", "resume"
  std::string intent;   // an id, or its first digits
  std::string symbol, instance, account;
  std::string by, reason;
  bool flatten = false;
  bool all = false;     // resume: every pause
  double timeout = 10;  // seconds to wait for what follows
  bool json = false;
};
int Admin(
    const AdminArguments& arguments);  // kExitDiffers: refused, too late, not finished in time, or nobody answered

// What would stop a trade now: of a recorded session, or of the running risk service.
struct AdminLimitsArguments {
  std::string session, ports_dir, url;
  std::string symbol, instance;  // only theirs
  bool json = false;
};
int AdminLimits(const AdminLimitsArguments& arguments);

struct LanesArguments {
  NatsArguments nats;
  uint32_t replicas = 1, retention_hours = 48, retention_megabytes = 8192;
  bool json = false;
};
int LanesCreate(const LanesArguments& arguments);
int LanesList(const LanesArguments& arguments);

struct DemoArguments {
  std::string out, scenario = "demo";
  bool json = false;
};
int Demo(const DemoArguments& arguments);

struct StatusArguments {
  std::string ports_dir;          // with the services' port files
  std::vector<std::string> urls;  // of services besides: "127.0.0.1:8080"
  bool json = false;
};
int Status(const StatusArguments& arguments);  // kExitDiffers: some service is not ready

}  // namespace spillway::cli
