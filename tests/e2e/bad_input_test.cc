// What is wrong with an input is said with file, place, what was seen and what was expected; nothing half-written
// stays.
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "tests/catch.h"
#include "tests/e2e/child_process.h"
#include "tests/e2e/sessions.h"

namespace spillway::e2e {
namespace {

constexpr int kUsage = 2, kBadInput = 3, kFailed = 4;

// Twenty rows of a trades file; every second one trades 10.00 + its number in cents.
std::string TradesCsv() {
  std::string text =
      "ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,depth,price,size,flags,ts_in_delta,sequence,"
      "symbol\n";
  for (int i = 0; i < 20; ++i) {
    const std::string time = "2025-05-02T13:30:" + std::to_string(10 + i) + ".000000000Z";
    text += time + "," + time + ",0,2,77,T,B,0,10." + std::to_string(10 + i) + ",100,128,0," +
            std::to_string(1000 + i) + ",ACME\n";
  }
  return text;
}

// The text with one field of one line (from 1) replaced.
std::string WithField(const std::string& text, size_t line, size_t field, const std::string& value) {
  std::string out;
  size_t number = 0;
  for (const std::string& row : SplitLines(text)) {
    if (++number != line) {
      out += row + "\n";
      continue;
    }
    size_t begin = 0;
    for (size_t i = 0; i < field; ++i) begin = row.find(',', begin) + 1;
    const size_t end = row.find(',', begin);
    out += row.substr(0, begin) + value + (end == std::string::npos ? "" : row.substr(end)) + "\n";
  }
  return out;
}

std::string Gzipped(const std::string& text) {
  std::string packed(compressBound(text.size()) + 64, '\0');
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string Zstandard(const std::string& text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  const size_t size = ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3);
  REQUIRE_FALSE(ZSTD_isError(size));
  packed.resize(size);
  return packed;
}

// Runs a command that must fail with this code and say all of this on stderr, and nothing on stdout.
void CheckRefused(const std::vector<std::string>& arguments, int exit_code, const std::vector<std::string>& said) {
  const ProgramResult result = Spillway(arguments);
  INFO(Describe(arguments, result));
  CHECK(result.exit_code == exit_code);
  CHECK(result.out.empty());
  CHECK(result.err.rfind("spillway: ", 0) == 0);
  for (const std::string& part : said) {
    INFO(part);
    CHECK(result.err.find(part) != std::string::npos);
  }
}

// An import of this file that must fail, and leave nothing but the file.
void CheckImportRefused(const std::string& format, const std::string& name, const std::string& bytes,
                        const std::vector<std::string>& said, const std::string& symbol = "ACME") {
  const Workspace workspace;
  const std::string file = workspace / name;
  WriteText(file, bytes);
  std::vector<std::string> all = said;
  all.push_back(file);
  CheckRefused({"import", format, file, "--symbol", symbol, "--out", workspace / "out"}, kBadInput, all);
  CHECK(workspace.Names() == std::vector<std::string>{name});
}

}  // namespace

TEST_CASE("bad input: files that end early name the byte or the line", "[bad_input]") {
  const std::string csv = TradesCsv();
  CheckImportRefused("databento-csv", "empty.csv", "", {"empty", "expected a header"});
  const std::string gz = Gzipped(csv), zst = Zstandard(csv);
  CheckImportRefused("databento-csv", "cut.csv.gz", gz.substr(0, gz.size() - 30), {"byte ", "ends early"});
  CheckImportRefused("databento-csv", "cut.csv.zst", zst.substr(0, zst.size() - 30), {"byte ", "ends early"});
  CheckImportRefused("databento-csv", "cut.csv", csv.substr(0, csv.size() - 15), {":21: ", "11 fields", "expected 14"});
}

TEST_CASE("bad input: rows that are not what the format says name line, seen and expected", "[bad_input]") {
  const std::string csv = TradesCsv();
  CheckImportRefused("databento-csv", "column.csv", WithField(csv, 1, 8, "cost"), {":1: ", "price", "expected"});
  CheckImportRefused("databento-csv", "size.csv", WithField(csv, 7, 9, "-5"), {":7: ", "size", "'-5'", "expected"});
  CheckImportRefused("databento-csv", "time.csv", WithField(csv, 9, 1, "2025-05-02T13:30:01.000000000Z"),
                     {":9: ", "time goes back", "13:30:01", "13:30:16"});
  CheckImportRefused("databento-csv", "symbol.csv", csv, {":2: ", "'ACME'", "expected 'SOUN'"}, "SOUN");
  CheckImportRefused("dbn", "version.dbn", std::string("DBN\x09\x10\x00\x00\x00", 8) + std::string(100, '\0'),
                     {"byte 0", "version is 9", "expected 1, 2 or 3"});
}

TEST_CASE("bad input: wrong use of import is told from bad files", "[bad_input]") {
  const Workspace workspace;
  const std::string csv = workspace / "trades.csv";
  WriteText(csv, TradesCsv());
  const std::string out = workspace / "out";
  const auto check = [&](const std::vector<std::string>& arguments, int exit_code,
                         const std::vector<std::string>& said) {
    std::vector<std::string> all = {"import"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    all.insert(all.end(), {"--symbol", "ACME", "--out", out});
    CheckRefused(all, exit_code, said);
    CHECK_FALSE(fs::exists(out));
  };
  check({"csv", csv}, kUsage, {"unknown format 'csv'", "databento-csv", "lobster"});
  check({"lobster", csv}, kUsage, {"lobster", "<message> <orderbook>", "1 given"});
  check({"databento-csv", csv, csv}, kUsage, {"databento-csv", "2 given"});
  check({"databento-csv", workspace / "none.csv"}, kBadInput, {"none.csv", "No such file"});
  check({"databento-csv", csv, "--reference", workspace / "none.csv"}, kBadInput, {"none.csv", "cannot be read"});
  const std::string reference = workspace / "reference.csv";
  WriteText(reference, "symbol,security_type\nACME,stock\n");
  check({"databento-csv", csv, "--reference", reference}, kBadInput, {"reference.csv:2", "stock"});
  CHECK(workspace.Names() == std::vector<std::string>{"reference.csv", "trades.csv"});
}

TEST_CASE("bad input: what is there already is replaced only when asked, and only if it is a session", "[bad_input]") {
  const Workspace workspace;
  const std::string csv = workspace / "trades.csv", out = workspace / "out";
  WriteText(csv, TradesCsv());
  const std::vector<std::string> import = {"import", "databento-csv", csv, "--symbol", "ACME", "--out", out};
  std::vector<std::string> replace = import;
  replace.emplace_back("--replace");
  SpillwayOk(import);
  const std::string digest = SpillwayOk({"log", "info", out, "--json"}).Json().at("digest");
  CheckRefused(import, kUsage, {out, "already", "--replace"});
  SpillwayOk(replace);
  CHECK(SpillwayOk({"log", "info", out, "--json"}).Json().at("digest") == digest);

  // A replacement that fails leaves what was there.
  WriteText(csv, WithField(TradesCsv(), 7, 9, "-5"));
  CheckRefused(replace, kBadInput, {":7: "});
  CHECK(SpillwayOk({"log", "info", out, "--json"}).Json().at("digest") == digest);
  CHECK(workspace.Names() == std::vector<std::string>{"out", "trades.csv"});

  fs::create_directory(workspace / "photos");
  WriteText(workspace / "photos/one.jpg", "x");
  replace.back() = workspace / "photos";
  replace[replace.size() - 2] = "--out";
  CheckRefused({"import", "databento-csv", csv, "--symbol", "ACME", "--replace", "--out", workspace / "photos"}, kUsage,
               {"photos", "no session", "left alone"});
  CHECK(ReadText(workspace / "photos/one.jpg") == "x");
}

TEST_CASE("bad input: an output that cannot be written is no fault of the input", "[bad_input]") {
  const Workspace workspace;
  const std::string csv = workspace / "trades.csv";
  WriteText(csv, TradesCsv());
  CheckRefused({"import", "databento-csv", csv, "--symbol", "ACME", "--out", csv + "/out"}, kFailed,
               {"trades.csv", "Not a directory"});
  if (::geteuid() == 0) return;  // root may write everywhere
  fs::create_directory(workspace / "locked");
  fs::permissions(workspace / "locked", fs::perms::owner_read | fs::perms::owner_exec);
  CheckRefused({"import", "databento-csv", csv, "--symbol", "ACME", "--out", workspace / "locked/out"}, kFailed,
               {"locked/out", "Permission denied"});
}

TEST_CASE("bad input: --on-error skip leaves bad rows out, counts and lists them", "[bad_input]") {
  const Workspace workspace;
  const std::string csv = workspace / "trades.csv";
  WriteText(csv, WithField(WithField(TradesCsv(), 7, 9, "-5"), 12, 8, "ten"));
  const std::vector<std::string> import = {"import", "databento-csv", csv, "--symbol", "ACME", "--on-error", "skip"};
  std::vector<std::string> text = import, json = import;
  text.insert(text.end(), {"--out", workspace / "text"});
  json.insert(json.end(), {"--out", workspace / "json", "--json"});
  const ProgramResult said = SpillwayOk(text);
  CHECK(said.out.find("18 rows") != std::string::npos);
  CHECK(said.out.find("2 rows skipped") != std::string::npos);
  CHECK(said.err.find("trades.csv:7: ") != std::string::npos);
  CHECK(said.err.find("trades.csv:12: ") != std::string::npos);
  const nlohmann::json result = SpillwayOk(json).Json();
  CHECK(result.at("skipped") == 2);
  CHECK(result.at("skipped_listed").size() == 2);
  CHECK(SpillwayOk({"log", "info", workspace / "json", "--json"}).Json().at("symbols").at(0).at("trades") == 18);
}

TEST_CASE("bad input: a profile's mistakes name file and line", "[bad_input]") {
  const Workspace workspace;
  const std::string csv = workspace / "trades.csv", session = workspace / "session", out = workspace / "out";
  WriteText(csv, TradesCsv());
  SpillwayOk({"import", "databento-csv", csv, "--symbol", "ACME", "--out", session});
  const std::string profile = WriteProfile(
      workspace, "wrong.yaml", "name: wrong\nversion: 1\nbase: ofi-classic@1\nuniverse:\n  price_minimum: 2\n");
  const std::vector<std::string> said = {"wrong.yaml:5", "price_minimum", "unknown key"};
  CheckRefused({"run", session, "--profile", profile, "--out", out}, kUsage, said);
  CheckRefused({"replay", session, "--profile", profile, "--diff"}, kUsage, said);
  CheckRefused({"features", session, "--symbol", "ACME", "--profile", profile}, kUsage, said);
  CheckRefused({"profile", "show", profile}, kUsage, said);
  CheckRefused({"profile", "check", profile}, 1, said);
  CheckRefused({"run", session, "--profile", "nope@7", "--out", out}, kUsage, {"nope@7", "ofi-classic@1"});
  CHECK_FALSE(fs::exists(out));
}

TEST_CASE("bad input: sessions that are missing, none, or not what a command takes", "[bad_input]") {
  const Workspace workspace;
  const std::string csv = workspace / "trades.csv", market = workspace / "market", folder = workspace / "folder";
  WriteText(csv, TradesCsv());
  SpillwayOk({"import", "databento-csv", csv, "--symbol", "ACME", "--out", market});
  fs::create_directory(folder);
  const std::vector<std::vector<std::string>> commands = {
      {"log", "info", ""},
      {"log", "cat", ""},
      {"features", "", "--symbol", "ACME"},
      {"run", "", "--profile", "ofi-classic@1", "--out", workspace / "out"},
      {"replay", "", "--verify"},
      {"replay", "", "--profile", "ofi-classic@1", "--diff"},
      {"trace", "", "abcdef"},
      {"report", ""},
      {"report", "", "--json"},
  };
  for (std::vector<std::string> command : commands) {
    std::string& session = *std::find(command.begin(), command.end(), "");
    session = workspace / "nothing";
    CheckRefused(command, kBadInput, {"nothing", "session"});
    *std::find(command.begin(), command.end(), workspace / "nothing") = folder;
    CheckRefused(command, kBadInput, {"folder", "no session"});
  }
  for (const std::vector<std::string>& command : {std::vector<std::string>{"replay", market, "--verify"},
                                                  {"replay", market, "--profile", "ofi-classic@1", "--diff"},
                                                  {"trace", market, "abcdef"},
                                                  {"report", market},
                                                  {"report", market, "--json"}}) {
    CheckRefused(command, kUsage, {"market", "spillway run"});
  }
  for (const std::string& none : {workspace / "nothing", folder}) {
    const ProgramResult result = Spillway({"log", "verify", none});
    INFO(Describe({"log", "verify", none}, result));
    CHECK(result.exit_code == kBadInput);
  }
  CHECK_FALSE(fs::exists(workspace / "out"));
}

TEST_CASE("bad input: options that cannot be read are named", "[bad_input]") {
  const Workspace workspace;
  const std::string csv = workspace / "trades.csv", market = workspace / "market";
  WriteText(csv, TradesCsv());
  SpillwayOk({"import", "databento-csv", csv, "--symbol", "ACME", "--out", market});
  CheckRefused({"features", market, "--symbol", "NONE"}, kBadInput, {"'NONE'", "ACME"});
  CheckRefused({"features", market, "--symbol", "ACME", "--every", "300ms"}, kUsage, {"--every", "300ms", "250ms"});
  CheckRefused({"features", market, "--symbol", "ACME", "--every", "0s"}, kUsage, {"--every", "250ms"});
  CheckRefused({"features", market, "--symbol", "ACME", "--every", "soon"}, kUsage, {"--every", "'soon'"});
  CheckRefused({"features", market, "--symbol", "ACME", "--from", "noon"}, kUsage, {"--from", "'noon'"});
  CheckRefused({"log", "cat", market, "--to", "noon"}, kUsage, {"--to", "'noon'"});
  CheckRefused({"log", "cat", market, "--lane", "nope"}, kBadInput, {"'nope'"});
  CheckRefused({"replay", market}, kUsage, {"--verify", "--profile"});
  CheckRefused({"sim", "--scenario", "nope", "--out", workspace / "sim"}, kBadInput, {"'nope'", "demo"});
  CHECK_FALSE(fs::exists(workspace / "sim"));
}

}  // namespace spillway::e2e
