#include <regex>
#include <set>

#include "nlohmann/json.hpp"
#include "services/journal/report/report_html.h"
#include "services/journal/report/report_json.h"
#include "tests/unit/report/browser.h"
#include "tests/unit/report/session_fixture.h"

namespace spillway::test {
namespace {

using Json = nlohmann::json;

std::string EmbeddedJson(const std::string& page) {
  return Between(page, R"(<script type="application/json" id="report-data">)", "</script>");
}

TEST_CASE("report: JSON gives the figures of the session, prices as decimals", "[report]") {
  const TemporaryFolder folder;
  const Json json = Json::parse(ToJson(Collected(OneAlert().Write(folder.path() / "one"))));
  CHECK(json["report_version"] == 1);
  CHECK(json["session"]["name"] == "one");
  CHECK(json["session"]["market_events"] == 121);
  CHECK(json["session"]["new_york_offset_minutes"] == -240);
  CHECK(json["session"]["digest"].get<std::string>().size() == 64);
  CHECK(json["counts"]["alerts"] == 1);
  const Json& alert = json["alerts"][0];
  CHECK(alert["symbol"] == "ACME");
  CHECK(alert["entry"] == "10.00");
  CHECK(alert["target"] == "10.08");
  CHECK(alert["decision"]["quantity"] == "2500");
  CHECK(alert["outcome"]["label"] == "TARGET");
  CHECK(alert["outcome"]["profit_net"] == "182.50");
  CHECK(alert["cancelled"].is_null());
  CHECK(alert["market"]["column_ms"] == 250);
  CHECK(alert["market"]["trigger"] == 60'000);
  CHECK(json["refused"][0]["decision"]["rule"] == "SAME_TICKER_COOLDOWN");
  CHECK(json["near_misses"][0]["score"] == 6);
  CHECK(json["near_misses"][0]["rules"][1]["failed"] == true);
  CHECK(json["symbols"][0]["trade_volume"] == "6000");
  CHECK(json["scorecard"]["instances"][0]["alerts"] == 1);
  CHECK(json["truth"].is_null());
  CHECK(json["profiles"][0]["yaml"].get<std::string>().find("threshold: 7.5") != std::string::npos);
}

TEST_CASE("report: the page carries the same JSON", "[report]") {
  const TemporaryFolder folder;
  const report::SessionReport collected = Collected(OneAlert().Write(folder.path() / "one"));
  CHECK(Json::parse(EmbeddedJson(ToHtml(collected))) == Json::parse(ToJson(collected)));
}

TEST_CASE("report: text from the data cannot become markup or script", "[report]") {
  const TemporaryFolder folder;
  const std::string symbol = "</script><script>document.title='owned'</script>";
  const std::string headline = "<!-- \xe2\x80\xa8 & \" ' <img src=x onerror=alert(1)>";
  const report::SessionReport collected = Collected(OneAlert(symbol, headline).Write(folder.path() / "<b>one"));
  const std::string page = ToHtml(collected);
  CHECK(page.find("owned'</script>") == std::string::npos);
  CHECK(page.find("<img src=x") == std::string::npos);
  CHECK(page.find("<b>one") == std::string::npos);
  CHECK(page.find("&lt;b&gt;one") != std::string::npos);
  const Json json = Json::parse(EmbeddedJson(page));
  CHECK(json["alerts"][0]["symbol"] == symbol);
  CHECK(json["notices"][0]["text"].get<std::string>().find("<img src=x onerror=alert(1)>") != std::string::npos);
}

TEST_CASE("report: JSON for a script element has no character that ends it, and means the same", "[report]") {
  const std::string json = R"({"a":"</script><!--&\u2028"})";
  const std::string safe = report::JsonForScript(json + "\xe2\x80\xa9");
  CHECK(safe.find_first_of("<>&") == std::string::npos);
  CHECK(safe.find("\xe2\x80\xa9") == std::string::npos);
  CHECK(Json::parse(report::JsonForScript(json)) == Json::parse(json));
  CHECK(report::EscapeHtml("<a b=\"c\" d='e'>&") == "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
}

TEST_CASE("report: the page asks for nothing from outside", "[report]") {
  const TemporaryFolder folder;
  std::string page = ToHtml(Collected(OneAlert().Write(folder.path() / "one")));
  CHECK(page.find("default-src 'none'") != std::string::npos);
  // The chart library names its authors in licence comments.
  const std::set<std::string> named = {"https://www.chartjs.org", "https://github.com/kurkle/color#readme"};
  const std::regex address(R"((https?:)?//[a-z0-9.-]+\.[a-z]{2,}[^\s"'<>)]*)");
  for (std::sregex_iterator match(page.begin(), page.end(), address), none; match != none; ++match) {
    INFO(match->str());
    CHECK(named.contains(match->str()));
  }
  CHECK_FALSE(std::regex_search(page, std::regex(R"(<(link|img|iframe|object|embed)\b|<script[^>]*\ssrc=)")));
}

// ---------------------------------------------------------------- in a real browser

TEST_CASE("report in a browser: it draws every cell of the heat map, and says what happened", "[report]") {
  const std::optional<std::string> browser = Chromium();
  if (!browser) return;
  const TemporaryFolder folder;
  const report::SessionReport collected = Collected(OneAlert().Write(folder.path() / "one"));
  const Loaded loaded = Load(*browser, folder.path(), ToHtml(collected));
  CheckQuiet(loaded);
  CHECK(loaded.document.find("data-ready=\"1\"") != std::string::npos);
  // Shown from 09:30:00 and 09:30:01 on, to the end of the data in column 360.
  const size_t expected = 2 * (361 - 120) + (361 - 124);
  CHECK(Between(loaded.document, "data-cells=\"", "\"") == std::to_string(expected));
  CHECK(loaded.document.find("There was 1 alert: 1 TARGET.") != std::string::npos);
  CHECK(loaded.document.find("+182.50 USD") != std::string::npos);
  CHECK(loaded.document.find("spillway replay") != std::string::npos);
}

TEST_CASE("report in a browser: the pointer reads the book, keys step through the moments", "[report]") {
  const std::optional<std::string> browser = Chromium();
  if (!browser) return;
  const TemporaryFolder folder;
  HandMadeSession session = OneAlert();
  std::erase_if(session.trading, [](const Event& event) {
    const auto* signal = std::get_if<Signal>(&event.body);
    return signal != nullptr && signal->accepted;
  });
  std::string page = ToHtml(Collected(session.Write(folder.path() / "s")));
  // At the ask of 10.00, five seconds before the moment of 09:30:25; then the next moment.
  page += R"(<script>
    {
      heat.hover(heat.x(heat.market.trigger - 5000), heat.y(10.00));
      document.body.dataset.read = document.querySelector(".readout").textContent;
      document.dispatchEvent(new KeyboardEvent("keydown", {key: "j"}));
      document.body.dataset.second = document.querySelector("#detail h3").textContent;
      document.dispatchEvent(new KeyboardEvent("keydown", {key: "t"}));
      document.body.dataset.wide = String(document.documentElement.scrollWidth > innerWidth);
    }
  </script>)";
  const Loaded loaded = Load(*browser, folder.path(), page);
  CheckQuiet(loaded);
  const std::string read = Between(loaded.document, "data-read=\"", "\"");
  CHECK(read.find("09:30:20.00") == 0);
  CHECK(read.find("10.00: ask 300 shares") != std::string::npos);
  CHECK(read.find("quote 9.99 / 10.00") != std::string::npos);
  CHECK(Between(loaded.document, "data-second=\"", "\"").find("09:30:20.000") != std::string::npos);
  CHECK(loaded.document.find("data-theme=\"light\"") != std::string::npos);
  CHECK(Between(loaded.document, "data-wide=\"", "\"") == "false");
}

TEST_CASE("report in a browser: without an alert the nearest miss is shown instead", "[report]") {
  const std::optional<std::string> browser = Chromium();
  if (!browser) return;
  const TemporaryFolder folder;
  HandMadeSession session = OneAlert();
  std::erase_if(session.trading, [](const Event& event) {
    const auto* signal = std::get_if<Signal>(&event.body);
    return (signal != nullptr && signal->accepted) || std::holds_alternative<TradeIntent>(event.body);
  });
  const Loaded loaded = Load(*browser, folder.path(), ToHtml(Collected(session.Write(folder.path() / "s"))));
  CheckQuiet(loaded);
  CHECK(loaded.document.find("There was no alert.") != std::string::npos);
  CHECK(loaded.document.find("Near miss: ACME") != std::string::npos);
  CHECK(Between(loaded.document, "data-cells=\"", "\"") != "0");
}

TEST_CASE(
    "report in a browser: signals can be filtered, a row opens its gate trace, a feature that the feed lacks says so",
    "[report]") {
  const std::optional<std::string> browser = Chromium();
  if (!browser) return;
  const TemporaryFolder folder;
  HandMadeSession session = OneAlert();
  session.lane.At("09:30:52");
  for (int i = 0; i < 60; ++i)
    session.trading.push_back(session.lane.Make(Rejected(4, 1 + i * 0.01), 1, StrategyInstanceIdOf("classic#1")));
  Signal blind = Rejected(3, std::nullopt);
  blind.side = Side::kAsk;
  blind.rules[1].not_ready = "not_carried";
  session.lane.At("09:30:53");
  session.trading.push_back(session.lane.Make(blind, 1, StrategyInstanceIdOf("classic#1")));
  std::string page = ToHtml(Collected(session.Write(folder.path() / "s")));
  page += R"(<script>
    {
      document.body.dataset.all = document.getElementById("signals-found").textContent;
      const side = document.querySelector('select[aria-label="side"]');
      side.value = "sell";
      side.dispatchEvent(new Event("change"));
      document.body.dataset.shorts = document.getElementById("signals-found").textContent;
      document.querySelector("tr.pick").click();
      document.body.dataset.trace = document.querySelector("tr.trace").textContent;
    }
  </script>)";
  const Loaded loaded = Load(*browser, folder.path(), page);
  CheckQuiet(loaded);
  CHECK(Between(loaded.document, "data-all=\"", "\"") == "65 signals");
  CHECK(Between(loaded.document, "data-shorts=\"", "\"") == "1 signal");
  const std::string trace = Between(loaded.document, "data-trace=\"", "\"");
  CHECK(trace.find("not carried by this feed") != std::string::npos);
  CHECK(trace.find("S0-3.2") != std::string::npos);
}

TEST_CASE("report in a browser: profiles stand side by side, spoofs and standing walls are marked on the heat map",
          "[report]") {
  const std::optional<std::string> browser = Chromium();
  if (!browser) return;
  const TemporaryFolder folder;
  HandMadeSession session = OneAlert();
  session.lane.At("09:30:51");
  session.trading.push_back(session.lane.Configure(ClassicProfile(), "second#1"));
  AccountSnapshot account{.kind = AccountKind::kPaper};
  account.equity = Money::FromE8(40'182'50000000);
  account.warnings = {"equity above the sizing ceiling"};
  for (int change = 0; change < 2; ++change)
    session.trading.push_back(session.lane.Make(account, 0, StrategyInstanceIdOf("classic#1"), Producer::kRisk));
  const auto fire = [&](std::string_view clock, DetectorKind kind, bool active) {
    session.lane.At(clock);
    session.features.push_back(session.lane.Make(
        DetectorFired{
            .detector = kind, .active = active, .side = Side::kBid, .price = Usd(9.98), .seen = 0.9, .limit = 0.8},
        1, 0, Producer::kMetrics));
  };
  fire("09:30:10", DetectorKind::kFakeWall, true);
  fire("09:30:11", DetectorKind::kFakeWall, false);
  fire("09:30:12", DetectorKind::kAbsorption, true);
  std::string page = ToHtml(Collected(session.Write(folder.path() / "s")));
  page += R"(<script>
    {
      document.body.dataset.spans = heat.level_spans.map((s) => `${s.detector} ${s.from} ${s.to}`).join(", ");
      heat.hover(heat.x(40500), heat.y(9.98));
      document.body.dataset.read = document.querySelector(".readout").textContent;
      document.body.dataset.compared = document.querySelector("table.compare").textContent;
    }
  </script>)";
  const Loaded loaded = Load(*browser, folder.path(), page);
  CheckQuiet(loaded);
  CHECK(Between(loaded.document, "data-spans=\"", "\"") == "fake_wall 40000 41000, absorption 42000 90250");
  CHECK(Between(loaded.document, "data-read=\"", "\"").find("wall pulled (spoof), bid 9.98, 1.00 s, 0.9 against 0.8") !=
        std::string::npos);
  CHECK(loaded.document.find("equity above the sizing ceiling") != std::string::npos);
  CHECK(loaded.document.find("40,182.50 USD") != std::string::npos);
  const std::string compared = Between(loaded.document, "data-compared=\"", "\"");
  CHECK(compared.find("classic") != std::string::npos);
  CHECK(compared.find("second") != std::string::npos);
  CHECK(compared.find("SAME_TICKER_COOLDOWN 1") != std::string::npos);
}

TEST_CASE("report in a browser: hostile text stays text, an empty session stays a page", "[report]") {
  const std::optional<std::string> browser = Chromium();
  if (!browser) return;
  const TemporaryFolder folder;
  const std::string symbol = "</script><img src=x onerror=\"document.body.dataset.owned=1\">";
  const Loaded hostile =
      Load(*browser, folder.path(), ToHtml(Collected(OneAlert(symbol, symbol).Write(folder.path() / "one"))));
  CheckQuiet(hostile);
  CHECK(hostile.document.find("data-owned") == std::string::npos);
  CHECK(hostile.document.find("data-ready=\"1\"") != std::string::npos);

  const TemporaryFolder empty;
  const Loaded loaded = Load(*browser, empty.path(), ToHtml(Collected(HandMadeSession().Write(empty.path() / "s"))));
  CheckQuiet(loaded);
  CHECK(loaded.document.find("data-ready=\"1\"") != std::string::npos);
  CHECK(loaded.document.find("No profile was in force.") != std::string::npos);
}

}  // namespace
}  // namespace spillway::test
