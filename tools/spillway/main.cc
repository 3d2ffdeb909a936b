// The command line: what it understands, and its help. Each command is in a file of its own (commands.h).
#include <functional>
#include <string>

#include "CLI/CLI.hpp"
#include "libs/base/build_info.h"
#include "services/ingest/source.h"
#include "tools/spillway/commands.h"

namespace spillway::cli {
namespace {

constexpr char kFirstSteps[] =
    "Examples:\n"
    "  spillway import databento-csv SOUN_mbp10.csv.zst --symbol SOUN --out soun\n"
    "  spillway run soun --profile examples/soun.yaml --out out\n"
    "  spillway report out\n"
    "\n";
constexpr char kExitCodes[] =
    "Exit codes: 0 done; 1 differs from what was recorded, or does not hold; 2 wrong use or configuration;\n"
    "3 input missing, malformed or damaged; 4 could not be done (no space, no permission, ...).\n";

// A sub-command with its examples, and what to run when it was given.
CLI::App* Command(CLI::App& app, const std::string& name, const std::string& description, const std::string& examples) {
  CLI::App* command = app.add_subcommand(name, description);
  command->footer("Examples:\n" + examples);
  return command;
}

std::string FormatsText() {
  std::string text = "\nFormats and their files:\n";
  for (const ingest::Format& format : ingest::Formats()) {
    text += "  " + format.name;
    for (const std::string& file : format.files) text += " <" + file + ">";
    text += "\n      " + format.help + "\n";
  }
  return text;
}

void AddImport(CLI::App& app, std::function<int()>& run) {
  static ImportArguments a;
  CLI::App* command =
      Command(app, "import", "Turn recorded market data into a session",
              "  spillway import databento-csv SOUN_mbp10.csv.zst --symbol SOUN --out soun\n"
              "  spillway import lobster AAPL_2012-06-21_message_10.csv AAPL_2012-06-21_orderbook_10.csv \\\n"
              "      --symbol AAPL --out aapl\n" +
                  FormatsText());
  command->add_option("format", a.format, "Format of the files")->required();
  command
      ->add_option("files", a.files, "The files, in the order that the format wants; .gz and .zst are read as they are")
      ->required();
  command->add_option("--symbol", a.symbol, "Symbol of the instrument")->required();
  command->add_option("--date", a.date, "Trading day (2012-06-21), where neither rows nor file names carry it");
  command->add_option("--out", a.out, "Session directory to write")->required();
  command->add_option("--reference", a.reference,
                      "CSV of reference data (security type, float, average volume by minute)");
  command
      ->add_option_function<std::string>(
          "--on-error", [](const std::string& value) { a.skip_errors = value == "skip"; },
          "stop (default): the first bad row ends the import; skip: leave bad rows out, count and list them")
      ->check(CLI::IsMember({"stop", "skip"}));
  command->add_flag("--replace", a.replace, "Replace an existing session");
  command->add_flag("--json", a.json, "Result as JSON");
  command->callback([&run] { run = [] { return Import(a); }; });
}

void AddSim(CLI::App& app, std::function<int()>& run) {
  static SimArguments a;
  CLI::App* command =
      Command(app, "sim", "Simulate a market with planted truth",
              "  spillway sim --out /tmp/sim --seed 7\n"
              "  spillway sim --scenario deploy/scenarios/stress.yaml --symbols 500 --out /tmp/stress\n");
  command->add_option(
      "--scenario", a.scenario,
      "Scenario: a shipped name (demo, detectors, stress) or a YAML file; without: eight stocks, 09:20 to 11:00");
  command->add_option("--seed", a.seed, "Seed, instead of the scenario's");
  command->add_option("--symbols", a.symbols, "Number of symbols, instead of the scenario's");
  command->add_option("--out", a.out, "Session directory to write; the truth goes to truth.jsonl in it")->required();
  command->add_flag("--replace", a.replace, "Replace an existing session");
  command->add_flag("--json", a.json, "Result as JSON");
  command->callback([&run] { run = [] { return Sim(a); }; });
}

void AddLog(CLI::App& app, std::function<int()>& run) {
  static LogArguments a;
  CLI::App* log =
      Command(app, "log", "Look into a session", "  spillway log info soun\n  spillway log cat out --lane trading\n");
  log->require_subcommand(1);
  CLI::App* info = Command(*log, "info", "What a session holds, symbol by symbol", "  spillway log info soun --json\n");
  CLI::App* cat = Command(*log, "cat", "Print the events of a lane, one a line",
                          "  spillway log cat out --lane trading | grep signal\n"
                          "  spillway log cat out --lane market.0 --from 2025-05-02T13:31:00Z --limit 20\n");
  CLI::App* verify = Command(*log, "verify", "Check checksums, hash chain, sequence and time of every lane",
                             "  spillway log verify out\n");
  for (CLI::App* command : {info, cat, verify}) {
    command->add_option("session", a.session, "Session directory")->required();
    command->add_flag("--json", a.json, "Result as JSON");
  }
  cat->add_option("--lane", a.lane, "Lane (default: all, one after the other)");
  cat->add_option("--from", a.from, "First time (UTC)");
  cat->add_option("--to", a.to, "Last time (UTC), exclusive");
  cat->add_option("--limit", a.limit, "At most this many events");
  info->callback([&run] { run = [] { return LogInfo(a); }; });
  cat->callback([&run] { run = [] { return LogCat(a); }; });
  verify->callback([&run] { run = [] { return LogVerify(a); }; });
}

void AddFeatures(CLI::App& app, std::function<int()>& run) {
  static FeaturesArguments a;
  CLI::App* command = Command(app, "features", "Print the order-flow features of a symbol over time",
                              "  spillway features soun --symbol SOUN --every 1s --csv > soun.csv\n");
  command->add_option("session", a.session, "Session directory")->required();
  command->add_option("--symbol", a.symbol, "Symbol")->required();
  command->add_option("--every", a.every, "Period of event time, a multiple of 250ms")->capture_default_str();
  command->add_option("--profile", a.profile, "Profile whose feature parameters are used")->capture_default_str();
  command->add_option("--side", a.side, "As a 'long' or a 'short' setup sees them")->capture_default_str();
  command->add_option("--from", a.from, "First time (UTC)");
  command->add_option("--to", a.to, "Last time (UTC), exclusive");
  CLI::Option* csv = command->add_flag("--csv", a.csv, "As CSV (default)");
  command->add_flag("--json", a.json, "As JSON lines")->excludes(csv);
  command->callback([&run] { run = [] { return Features(a); }; });
}

// How the first profile's trades become orders.
void AddTradingOptions(CLI::App& command, std::string& execution, std::string& risk_profile, std::string& venue) {
  command
      .add_option("--execution", execution,
                  "Execution mode of the first profile instead of its own: alert_only, confirm, auto")
      ->check(CLI::IsMember({"alert_only", "confirm", "auto"}));
  command.add_option("--risk-profile", risk_profile, "What the account may do: name@version or a YAML file");
  command.add_option("--venue", venue, "How the simulated venue trades: a name (simulated) or a YAML file");
}

void AddRun(CLI::App& app, std::function<int()>& run) {
  static RunArguments a;
  CLI::App* command = Command(app, "run", "Run the whole pipeline over a session",
                              "  spillway run soun --profile examples/soun.yaml --out out\n"
                              "  spillway run soun --profile ofi-classic@1 --profile examples/soun.yaml --out out\n"
                              "  spillway run tuesday --profile small-account@1 --account-from monday-out --out out\n"
                              "  spillway run tuesday --profile small-account@1 --execution auto --risk-profile "
                              "small-account-paper@1 --out out\n");
  command->add_option("session", a.session, "Session directory to read")->required();
  command
      ->add_option("--profile", a.profiles,
                   "Profile (name@version or a YAML file); the first is active, further ones "
                   "run in shadow")
      ->required();
  command->add_option("--out", a.out, "Session directory to write")->required();
  command->add_option("--reference", a.reference,
                      "CSV of reference data (security type, float, average volume by minute)");
  command->add_option("--account-from", a.account_from,
                      "Session directory of an earlier run: the paper account of each profile that ran there goes on "
                      "where it ended");
  AddTradingOptions(*command, a.execution, a.risk_profile, a.venue);
  command
      ->add_option("--broker", a.broker,
                   "sim: orders are worked by the simulated venue (default where the first profile trades); none: "
                   "nothing becomes an order")
      ->check(CLI::IsMember({"sim", "none"}));
  command->add_flag("--replace", a.replace, "Replace an existing session");
  command->add_flag("--quiet", a.quiet, "No alert cards");
  command->add_flag("--show-shadow", a.show_shadow, "Also print the cards of shadow profiles, marked SHADOW");
  command->add_flag("--json", a.json, "Result as JSON");
  command->callback([&run] { run = [] { return Run(a); }; });
}

void AddReplay(CLI::App& app, std::function<int()>& run) {
  static ReplayArguments a;
  CLI::App* command =
      Command(app, "replay", "Replay a recorded run: prove it, or ask what another profile would have done",
              "  spillway replay out --verify\n"
              "  spillway replay build/stack/golden --chain\n"
              "  spillway replay out --profile examples/soun.yaml --diff\n");
  command->add_option("session", a.session, "Session directory that `spillway run` wrote")->required();
  CLI::Option* verify = command->add_flag("--verify", a.verify,
                                          "Every processor, given its recorded input, must give its "
                                          "recorded output, bit for bit");
  command
      ->add_flag(
          "--chain", a.chain,
          "The embedded run over the recorded market lane must give the same features and, writer by writer, the "
          "same trading events: for sessions that services recorded")
      ->excludes(verify);
  command->add_option("--profile", a.profile, "Profile to replay with instead")->excludes(verify);
  command->add_flag("--diff", a.diff, "Alerts that only one of the two has, and why")->excludes(verify);
  command->add_flag("--json", a.json, "Result as JSON");
  command->callback([&run] { run = [] { return Replay(a); }; });
}

void AddTraceAndReport(CLI::App& app, std::function<int()>& run) {
  static TraceArguments trace_arguments;
  CLI::App* trace =
      Command(app, "trace", "The whole story of an alert or an order: from the market event to fill, fee and outcome",
              "  spillway trace out 4f1c09\n"
              "  spillway trace out sw-9c0d2f1e8a7b4c5d6e7f8091a2b3c4d5\n");
  trace->add_option("session", trace_arguments.session, "Session directory that `spillway run` wrote")->required();
  trace
      ->add_option("id", trace_arguments.id,
                   "Correlation id, event id or client order id; its first digits are enough if they are unique")
      ->required();
  trace->add_flag("--json", trace_arguments.json, "Result as JSON");
  trace->callback([&run] { run = [] { return Trace(trace_arguments); }; });

  static ReportArguments report_arguments;
  CLI::App* report = Command(app, "report", "What happened in a run, as text, a page, or JSON",
                             "  spillway report out --html out.html\n");
  report->add_option("session", report_arguments.session, "Session directory that `spillway run` wrote")->required();
  report->add_option("--html", report_arguments.html, "Write a self-contained page to this file");
  report->add_flag("--json", report_arguments.json, "Result as JSON");
  report->callback([&run] { run = [] { return Report(report_arguments); }; });
}

void AddScorecardAndExport(CLI::App& app, std::function<int()>& run) {
  static ScorecardArguments a;
  CLI::App* scorecard = Command(app, "scorecard", "What each profile version did, over one or more runs",
                                "  spillway scorecard out\n"
                                "  spillway scorecard monday tuesday wednesday --json\n");
  scorecard->add_option("sessions", a.sessions, "Session directories that `spillway run` wrote, one for each day")
      ->required();
  scorecard->add_flag("--json", a.json, "Result as JSON");
  scorecard->callback([&run] { run = [] { return ScorecardOf(a); }; });

  static ExportArguments e;
  CLI::App* exported = Command(app, "export", "What a run decided, in forms that other tools read",
                               "  spillway export signals out --csv --out signals.csv\n");
  exported->require_subcommand(1);
  CLI::App* signals =
      Command(*exported, "signals",
              "Every signal, accepted and rejected, one a line: what it was, why nothing was traded, how "
              "it ended or would have ended",
              "  spillway export signals out --jsonl > signals.jsonl\n"
              "  spillway export signals out --csv --out signals.csv\n"
              "  spillway export signals out --jsonl | jq 'select(.would_have == \"TARGET\")'\n");
  signals->add_option("session", e.session, "Session directory that `spillway run` wrote")->required();
  static bool jsonl = false;
  CLI::Option* csv = signals->add_flag("--csv", e.csv, "As CSV with a header");
  signals->add_flag("--jsonl,--json", jsonl, "As JSON lines (default)")->excludes(csv);
  signals->add_option("--out", e.out, "File to write, instead of stdout");
  signals->callback([&run] { run = [] { return ExportSignals(e); }; });
}

void AddNatsOptions(CLI::App& command, NatsArguments& a) {
  command.add_option("--nats", a.url, "Servers, comma-separated")->capture_default_str();
  command.add_option("--user", a.user, "User");
  command.add_option("--password-file", a.password_file, "File with the user's password");
  command.add_option("--nkey-file", a.nkey_file, "File with an nkey seed, instead of user and password");
  command.add_option("--tls-ca", a.tls_ca, "Certificates that the server's is checked against; TLS is then required");
  command.add_option("--tls-cert", a.tls_cert, "Our own certificate, where the server asks for one");
  command.add_option("--tls-key", a.tls_key, "Its key");
  command.add_option("--prefix", a.prefix, "Of streams and subjects")->capture_default_str();
  command.add_option("--market-lanes", a.market_lanes, "How many market lanes there are")->capture_default_str();
}

void AddProfileApply(CLI::App& profile, std::function<int()>& run) {
  static ProfileApplyArguments a;
  CLI::App* apply = Command(profile, "apply",
                            "Put profiles in force on a running stack: the first may reach people, the others run in "
                            "shadow; instances that are not named are retired",
                            "  spillway profile apply ofi-classic@1 examples/soun.yaml --nats nats://127.0.0.1:4222\n");
  apply->add_option("profiles", a.profiles, "name@version or YAML files")->required();
  apply->add_option("--at", a.at, "Time from which they are in force (UTC; default: the lane's last event)");
  AddTradingOptions(*apply, a.execution, a.risk_profile, a.venue);
  apply->add_flag("--json", a.json, "Result as JSON");
  AddNatsOptions(*apply, a.nats);
  apply->callback([&run] { run = [] { return ProfileApply(a); }; });
}

void AddProfilePromote(CLI::App& profile, std::function<int()>& run) {
  static ProfilePromoteArguments a;
  CLI::App* promote =
      Command(profile, "promote",
              "May a profile go on to its next stage? Each gate of the stage that it is in, from the runs "
              "given; exit code 1 names what is not met",
              "  spillway profile promote small-account@1 --to micro --session mon --session tue\n"
              "  spillway profile promote small-account@1 --to micro --session golden --nats "
              "nats://127.0.0.1:4222\n");
  promote->add_option("profile", a.profile, "name@version or a YAML file")->required();
  promote->add_option("--to", a.to, "Stage to promote to")->required();
  promote->add_option("--session", a.sessions, "Session that `spillway run` or the journal recorded; one for each day");
  promote->add_flag("--json", a.json, "Result as JSON");
  AddNatsOptions(*promote, a.nats);
  promote->callback([&run, promote] {
    a.apply = promote->count("--nats") > 0;
    run = [] { return ProfilePromote(a); };
  });
}

void AddProfile(CLI::App& app, std::function<int()>& run) {
  static ProfileArguments a;
  CLI::App* profile = Command(app, "profile", "Strategy profiles",
                              "  spillway profile list\n  spillway profile check examples/soun.yaml\n");
  profile->require_subcommand(1);
  CLI::App* list = Command(*profile, "list", "Shipped profiles", "  spillway profile list\n");
  CLI::App* show =
      Command(*profile, "show", "What a profile does, in sentences with the ids they come from; or its values",
              "  spillway profile show small-account@1\n  spillway profile show ofi-classic@1 --yaml\n");
  CLI::App* diff = Command(*profile, "diff", "Every value in which two profiles differ",
                           "  spillway profile diff ofi-classic@1 ofi-ram@1\n");
  CLI::App* check = Command(*profile, "check", "Check a profile; errors name file and line",
                            "  spillway profile check examples/soun.yaml\n");
  for (CLI::App* command : {show, diff, check})
    command->add_option("profile", a.profile, "name@version or a YAML file")->required();
  diff->add_option("other", a.other, "The profile to compare with")->required();
  for (CLI::App* command : {list, show, diff, check}) command->add_flag("--json", a.json, "Result as JSON");
  show->add_flag("--yaml", a.yaml, "All values in force, as a profile file");
  list->callback([&run] { run = [] { return ProfileList(a); }; });
  show->callback([&run] { run = [] { return ProfileShow(a); }; });
  diff->callback([&run] { run = [] { return ProfileDiff(a); }; });
  check->callback([&run] { run = [] { return ProfileCheck(a); }; });
  AddProfileApply(*profile, run);
  AddProfilePromote(*profile, run);
}

void AddRisk(CLI::App& app, std::function<int()>& run) {
  static RiskArguments a;
  CLI::App* risk = Command(app, "risk", "Risk profiles: what an account may do, whichever strategies trade it",
                           "  spillway risk list\n  spillway risk check my-account.yaml\n");
  risk->require_subcommand(1);
  CLI::App* list = Command(*risk, "list", "Shipped risk profiles", "  spillway risk list\n");
  CLI::App* show = Command(*risk, "show", "Its values, as a file", "  spillway risk show paper@1\n");
  CLI::App* check = Command(*risk, "check", "Check a risk profile, or a simulated venue; errors name file and line",
                            "  spillway risk check my-account.yaml\n  spillway risk check --venue my-venue.yaml\n");
  for (CLI::App* command : {show, check})
    command->add_option("profile", a.profile, "name@version or a YAML file")->required();
  check->add_flag("--venue", a.venue, "It says how the simulated venue trades");
  for (CLI::App* command : {list, show, check}) command->add_flag("--json", a.json, "Result as JSON");
  list->callback([&run] { run = [] { return RiskList(a); }; });
  show->callback([&run] { run = [] { return RiskShow(a); }; });
  check->callback([&run] { run = [] { return RiskCheck(a); }; });
}

void AddLanes(CLI::App& app, std::function<int()>& run) {
  static LanesArguments a;
  CLI::App* lanes = Command(app, "lanes", "The lanes of a running stack",
                            "  spillway lanes create --nats nats://127.0.0.1:4222\n  spillway lanes list\n");
  lanes->require_subcommand(1);
  CLI::App* create =
      Command(*lanes, "create", "Make the streams that are missing, set retention", "  spillway lanes create\n");
  CLI::App* list = Command(*lanes, "list", "What each lane holds", "  spillway lanes list --json\n");
  create->add_option("--replicas", a.replicas, "Servers that keep each stream")->capture_default_str();
  create->add_option("--retention-hours", a.retention_hours, "Age at which messages go")->capture_default_str();
  create->add_option("--retention-megabytes", a.retention_megabytes, "Size at which a lane's oldest messages go")
      ->capture_default_str();
  for (CLI::App* command : {create, list}) {
    command->add_flag("--json", a.json, "Result as JSON");
    AddNatsOptions(*command, a.nats);
  }
  create->callback([&run] { run = [] { return LanesCreate(a); }; });
  list->callback([&run] { run = [] { return LanesList(a); }; });
}

void AddAdmin(CLI::App& app, std::function<int()>& run) {
  static AdminArguments a;
  CLI::App* admin =
      Command(app, "admin", "What a person commands of a running stack; each command is on the log, with who and why",
              "  spillway admin confirm 4f1c09 --nats nats://127.0.0.1:4222 --user operator --password-file operator\n"
              "  spillway admin kill --flatten --reason 'the feed is wrong'\n"
              "  spillway admin enable --reason 'the feed is back'\n"
              "  spillway admin limits out\n");
  admin->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, const char* examples) {
    CLI::App* command = Command(*admin, name, what, examples);
    command->add_option("--by", a.by, "Who commands it; else the user's name")->envname("USER");
    command->add_option("--reason", a.reason, "Why");
    command->add_option("--timeout", a.timeout, "Seconds to wait for what follows")
        ->capture_default_str()
        ->check(CLI::Range(0.0, 3600.0));
    command->add_flag("--json", a.json, "Result as JSON");
    AddNatsOptions(*command, a.nats);
    command->callback([&run, name] {
      a.command = name;
      run = [] { return Admin(a); };
    });
    return command;
  };
  CLI::App* confirm =
      add("confirm", "Trade an intent that waits for a person: everything is checked again, at this moment",
          "  spillway admin confirm 4f1c09\n");
  CLI::App* reject =
      add("reject", "Do not trade an intent that waits for a person", "  spillway admin reject 4f1c09\n");
  for (CLI::App* command : {confirm, reject}) {
    command->add_option("intent", a.intent, "Its id, or that of its alert's story; the first digits are enough")
        ->required();
  }
  CLI::App* kill = add("kill", "Cancel every order that adds risk, refuse new ones, until a person enables",
                       "  spillway admin kill --reason 'the feed is wrong'\n"
                       "  spillway admin kill --flatten --reason 'the feed is wrong' --timeout 60\n");
  kill->add_flag("--flatten", a.flatten, "And close all positions");
  add("enable", "Trade again after a kill, or after a limit closed everything",
      "  spillway admin enable --reason 'the feed is back'\n");
  CLI::App* arm = add("arm", "Let a live account trade: its id says that you mean it",
                      "  spillway admin arm --account U1234567 --reason 'first live day'\n");
  arm->add_option("--account", a.account, "The account's id")->required();
  add("disarm", "No live orders any more", "  spillway admin disarm\n");
  CLI::App* flatten = add("flatten", "Close positions in stages: all, of one symbol, or of one strategy instance",
                          "  spillway admin flatten --symbol SOUN --reason 'going home' --timeout 60\n");
  flatten->add_option("--symbol", a.symbol, "Only this symbol");
  flatten->add_option("--instance", a.instance, "Only this instance: small-account@1#1");
  CLI::App* resume = add("resume", "Trade a symbol again that an incident or a difference paused",
                         "  spillway admin resume SOUN --reason 'the broker has mended it'\n");
  resume->add_option("symbol", a.symbol, "The symbol");
  resume->add_flag("--all", a.all, "Instead of a symbol: every pause, those of slippage and latency too");

  static AdminLimitsArguments l;
  CLI::App* limits = Command(*admin, "limits", "What would stop a trade now: every rule with its distance to the limit",
                             "  spillway admin limits out\n"
                             "  spillway admin limits --ports-dir build/stack/run/ports --symbol SOUN\n");
  limits->add_option("session", l.session, "Session directory: as it was at its end");
  limits->add_option("--ports-dir", l.ports_dir, "Directory of the running services' port files")
      ->envname("SPILLWAY_PORTS_DIR");
  limits->add_option("--url", l.url, "HTTP address of the running risk service");
  limits->add_option("--symbol", l.symbol, "Only this symbol");
  limits->add_option("--instance", l.instance, "Only this instance: small-account@1#1");
  limits->add_flag("--json", l.json, "Result as JSON");
  limits->callback([&run] { run = [] { return AdminLimits(l); }; });
}

void AddProject(CLI::App& app, std::function<int()>& run) {
  static ProjectArguments a;
  CLI::App* command =
      Command(app, "project", "Write what a recorded run decided and told into PostgreSQL tables",
              "  spillway project out --postgres-host 127.0.0.1 --user spillway --password-file postgres.password\n"
              "  spillway project golden --rebuild --password-file postgres.password\n");
  command->add_option("session", a.session, "Session directory: of `spillway run`, or the journal's record")
      ->required();
  command->add_option("--postgres-host", a.host, "Name, address, or directory of the socket; default 127.0.0.1");
  command->add_option("--port", a.port, "Default 5432");
  command->add_option("--database", a.database, "Default spillway");
  command->add_option("--user", a.user, "Default spillway");
  command->add_option("--password-file", a.password_file, "File that holds the password");
  command->add_option("--schema", a.schema, "Schema of the tables, made if it is missing; default public");
  command->add_flag("--rebuild", a.rebuild, "Empty the tables first; otherwise only what is missing is added");
  command->add_flag("--dump", a.dump, "Then print all rows in one order, for comparison");
  command->add_flag("--json", a.json, "Result as JSON");
  command->callback([&run] { run = [] { return Project(a); }; });
}

void AddDemo(CLI::App& app, std::function<int()>& run) {
  static DemoArguments a;
  CLI::App* command = Command(app, "demo", "Simulate, run, verify and report, with nothing but this program",
                              "  spillway demo --out /tmp/demo\n");
  command->add_option("--out", a.out, "Directory for the session and the report")->required();
  command->add_option("--scenario", a.scenario, "Scenario instead of the demo's");
  command->add_flag("--json", a.json, "Result as JSON");
  command->callback([&run] { run = [] { return Demo(a); }; });
}

void AddStatus(CLI::App& app, std::function<int()>& run) {
  static StatusArguments a;
  CLI::App* command = Command(app, "status", "What the running services say of themselves",
                              "  spillway status --ports-dir build/stack/run/ports\n"
                              "  spillway status --url 127.0.0.1:9101 --url 127.0.0.1:9102 --json\n");
  CLI::Option_group* where = command->add_option_group("where", "Where the services are");
  where->add_option("--ports-dir", a.ports_dir, "Directory of their port files (service.port_file)")
      ->envname("SPILLWAY_PORTS_DIR");
  where->add_option("--url", a.urls, "HTTP address of a service; may be given again");
  where->require_option(1, 0);
  command->add_flag("--json", a.json, "Result as JSON");
  command->callback([&run] { run = [] { return Status(a); }; });
}

int Main(int argc, char** argv) {
  CLI::App app("Spillway watches order flow, finds the moments where liquidity fails, and explains them.", "spillway");
  app.set_version_flag("--version", std::string(BuildId()));
  app.require_subcommand(1);
  app.footer(std::string(kFirstSteps) + kExitCodes);
  std::function<int()> run;
  AddImport(app, run);
  AddSim(app, run);
  AddLog(app, run);
  AddFeatures(app, run);
  AddRun(app, run);
  AddReplay(app, run);
  AddTraceAndReport(app, run);
  AddScorecardAndExport(app, run);
  AddProfile(app, run);
  AddRisk(app, run);
  AddAdmin(app, run);
  AddProject(app, run);
  AddDemo(app, run);
  AddLanes(app, run);
  AddStatus(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return run ? run() : kExitUsage;
}

}  // namespace
}  // namespace spillway::cli

int main(int argc, char** argv) {
  return spillway::cli::Main(argc, argv);
}
