// `import` and `log info` against what independent readers found in the same files.
#include <fmt/format.h>

#include <cmath>

#include "tests/catch.h"
#include "tests/e2e/child_process.h"
#include "tests/e2e/oracles.h"
#include "tests/e2e/raw_market.h"
#include "tests/e2e/sessions.h"

namespace spillway::e2e {
namespace {

// New York's midnight, daylight saving time.
int64_t SummerMidnight(const std::string& date) {
  return EpochNanos(date + "T04:00:00Z");
}

void CheckTrades(const nlohmann::json& symbol, uint64_t trades, int64_t volume, double vwap) {
  CHECK(symbol["trades"] == trades);
  CHECK(symbol["trade_volume"] == std::to_string(volume));
  CheckVwap(symbol, vwap);
}

void CheckQuote(const nlohmann::json& symbol, const char* which, const nlohmann::json& oracle) {
  const std::string prefix(which);
  CHECK(Nanos(symbol[prefix + "_bid"].get<std::string>()) == std::llround(oracle["bid"].get<double>() * 1e9));
  CHECK(Nanos(symbol[prefix + "_ask"].get<std::string>()) == std::llround(oracle["ask"].get<double>() * 1e9));
}

}  // namespace

void CheckVwap(const nlohmann::json& symbol, double oracle) {
  const std::string text = symbol["trade_vwap"];
  REQUIRE(text.find('.') != std::string::npos);
  CHECK(text.size() - text.find('.') - 1 >= 6);
  CHECK(fmt::format("{:.6f}", std::stod(text)) == fmt::format("{:.6f}", oracle));
}

void CheckFigures(const nlohmann::json& symbol, const Figures& figures) {
  CHECK(symbol["market_events"] == figures.rows);
  CHECK(symbol["trades"] == figures.trades);
  CHECK(symbol["trade_volume"] == std::to_string(figures.volume));
  CheckVwap(symbol, static_cast<double>(figures.value / static_cast<long double>(figures.volume)));
  CHECK(EpochNanos(symbol["first_time"].get<std::string>()) == figures.first_time);
  CHECK(EpochNanos(symbol["last_time"].get<std::string>()) == figures.last_time);
  REQUIRE(figures.first_quote);
  CHECK(Nanos(symbol["first_bid"].get<std::string>()) == figures.first_quote->first);
  CHECK(Nanos(symbol["first_ask"].get<std::string>()) == figures.first_quote->second);
  CHECK(Nanos(symbol["last_bid"].get<std::string>()) == figures.last_quote->first);
  CHECK(Nanos(symbol["last_ask"].get<std::string>()) == figures.last_quote->second);
  CHECK(symbol["crossed"] == figures.crossed);
  CHECK(symbol["locked"] == figures.locked);
  CHECK(symbol["gaps"] == 0);
}

nlohmann::json ImportedSymbol(const std::vector<std::string>& arguments) {
  const Workspace workspace;
  std::vector<std::string> import = {"import"};
  import.insert(import.end(), arguments.begin(), arguments.end());
  import.insert(import.end(), {"--out", workspace / "session"});
  SpillwayOk(import);
  const nlohmann::json info = SpillwayOk({"log", "info", workspace / "session", "--json"}).Json();
  REQUIRE(info["symbols"].size() == 1);
  CHECK(info["events"] == info["symbols"][0]["market_events"]);
  CHECK(info["digest"].get<std::string>().size() == 64);
  return info["symbols"][0];
}

nlohmann::json Oracle(const std::string& file) {
  const std::optional<fs::path> path = test::RecordedData("data/oracles.json");
  if (!path) return nullptr;
  static const nlohmann::json oracles = nlohmann::json::parse(ReadText(*path));
  return oracles["files"].at(file);
}

TEST_CASE("log info: ten-level sessions agree with their oracles to the digit", "[oracles]") {
  const auto [file, symbol_name] = GENERATE(table<const char*, const char*>(
      {{"SOUN_2025-05-02_xnas_mbp10.csv.zst", "SOUN"}, {"AAPL_2024-10-21_xnas_mbp10_premarket.csv.zst", "AAPL"}}));
  const std::string name = std::string("equities/mbp10/") + file;
  const auto recorded = test::RecordedData("data/" + name);
  if (!recorded) return;
  INFO(name);
  const nlohmann::json oracle = Oracle(name);
  const nlohmann::json symbol = ImportedSymbol({"databento-csv", recorded->string(), "--symbol", symbol_name});
  CHECK(symbol["symbol"] == symbol_name);
  CHECK(symbol["market_events"] == oracle["rows"]);
  CheckTrades(symbol, oracle["trades"]["count"], oracle["trades"]["volume"], oracle["trades"]["vwap"]);
  CHECK(EpochNanos(symbol["first_time"].get<std::string>()) == EpochNanos(oracle["first_ts_event"].get<std::string>()));
  CHECK(EpochNanos(symbol["last_time"].get<std::string>()) == EpochNanos(oracle["last_ts_event"].get<std::string>()));
  CheckQuote(symbol, "first", oracle["first_bbo"]);
  CheckQuote(symbol, "last", oracle["last_bbo"]);
  CHECK(symbol["crossed"] == oracle["crossed_rows"]);
  CHECK(symbol["locked"] == oracle["locked_rows"]);
  CHECK(symbol["gaps"] == 0);
}

TEST_CASE("log info: LOBSTER pairs of ten levels and of one agree with their oracles", "[oracles]") {
  const auto [symbol_name, messages, books] = GENERATE(
      table<const char*, const char*, const char*>({{"AAPL", "AAPL_2012-06-21_34200000_34249086_message_10.csv",
                                                     "AAPL_2012-06-21_34200000_34249086_orderbook_10.csv"},
                                                    {"AMZN", "AMZN_2012-06-21_34200000_46800000_message_1.csv.zst",
                                                     "AMZN_2012-06-21_34200000_46800000_orderbook_1.csv.zst"}}));
  const std::string folder = "equities/lobster/";
  const auto message_file = test::RecordedData("data/" + folder + messages);
  const auto book_file = test::RecordedData("data/" + folder + books);
  if (!message_file || !book_file) return;
  INFO(messages);
  const nlohmann::json oracle = Oracle(folder + messages);
  const int64_t midnight = SummerMidnight("2012-06-21");
  // The day is in the files' names.
  const nlohmann::json symbol =
      ImportedSymbol({"lobster", message_file->string(), book_file->string(), "--symbol", symbol_name});
  const auto& visible = oracle["visible_executions"];
  const auto& hidden = oracle["hidden_executions"];
  CheckTrades(symbol, visible["count"].get<uint64_t>() + hidden["count"].get<uint64_t>(),
              visible["volume"].get<int64_t>() + hidden["volume"].get<int64_t>(), oracle["all_executions_vwap"]);
  CHECK(symbol["market_events"] == oracle["rows"]);
  CHECK(EpochNanos(symbol["first_time"].get<std::string>()) ==
        midnight + Nanos(oracle["first_time"].get<std::string>()));
  CHECK(EpochNanos(symbol["last_time"].get<std::string>()) == midnight + Nanos(oracle["last_time"].get<std::string>()));
  CheckQuote(symbol, "first", oracle["first_bbo"]);
  CheckQuote(symbol, "last", oracle["last_bbo"]);
  CHECK(symbol["crossed"].get<int>() + symbol["locked"].get<int>() == oracle["crossed_or_locked_rows"]);
  CheckFigures(symbol, LobsterFigures(*message_file, *book_file, midnight));
}

TEST_CASE("log info: a market by order gives the book and the trades of its oracle", "[oracles]") {
  const std::string name = "equities/mbo/ARL_2025-07-17_xnas_mbo.csv.zst";
  const auto recorded = test::RecordedData("data/" + name);
  if (!recorded) return;
  const nlohmann::json oracle = Oracle(name);
  const nlohmann::json symbol = ImportedSymbol({"databento-csv", recorded->string(), "--symbol", "ARL"});
  CHECK(symbol["market_events"] == oracle["rows"]);
  CheckTrades(symbol, oracle["trades"]["count"], oracle["trades"]["volume"], oracle["trades"]["vwap"]);
  CHECK(EpochNanos(symbol["first_time"].get<std::string>()) == EpochNanos(oracle["first_ts_event"].get<std::string>()));
  CHECK(EpochNanos(symbol["last_time"].get<std::string>()) == EpochNanos(oracle["last_ts_event"].get<std::string>()));
  CHECK(Nanos(symbol["last_bid"].get<std::string>()) ==
        std::llround(oracle["final_top3_bids"][0][0].get<double>() * 1e9));
  CHECK(Nanos(symbol["last_ask"].get<std::string>()) ==
        std::llround(oracle["final_top3_asks"][0][0].get<double>() * 1e9));
  CheckFigures(symbol, MboCsvFigures(*recorded));
}

TEST_CASE("log info: a DBN market by order of a future gives the book and the trades of its oracle", "[oracles]") {
  const std::string name = "dbn/esh4_glbx_2023-12-25.mbo.dbn.zst";
  const auto recorded = test::RecordedData("data/" + name);
  if (!recorded) return;
  const nlohmann::json oracle = Oracle(name);
  const nlohmann::json symbol = ImportedSymbol({"dbn", recorded->string(), "--symbol", "ESH4"});
  CHECK(symbol["market_events"] == oracle["records"]);
  CheckTrades(symbol, oracle["trades"]["count"], oracle["trades"]["volume"], oracle["trades"]["vwap"]);
  CHECK(Nanos(symbol["last_bid"].get<std::string>()) == std::llround(oracle["final_best_bid"][0].get<double>() * 1e9));
  CHECK(Nanos(symbol["last_ask"].get<std::string>()) == std::llround(oracle["final_best_ask"][0].get<double>() * 1e9));
  CheckFigures(symbol, MboDbnFigures(*recorded));
}

}  // namespace spillway::e2e
