#include "services/journal/report/report_html.h"

#include "services/journal/report/page_sources.h"
#include "services/journal/report/report_json.h"

namespace spillway::journal::report {

std::string JsonForScript(std::string_view json) {
  std::string safe;
  safe.reserve(json.size());
  for (size_t i = 0; i < json.size(); ++i) {
    const std::string_view rest = json.substr(i, 3);
    if (json[i] == '<') {
      safe += "\\u003c";
    } else if (json[i] == '>') {
      safe += "\\u003e";
    } else if (json[i] == '&') {
      safe += "\\u0026";
    } else if (rest == "\xe2\x80\xa8" || rest == "\xe2\x80\xa9") {
      safe += rest == "\xe2\x80\xa8" ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      safe += json[i];
    }
  }
  return safe;
}

std::string EscapeHtml(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '&':
        safe += "&amp;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string ToHtml(const SessionReport& report) {
  std::string page;
  std::string_view rest = page_sources::kTemplate;
  while (true) {
    const size_t begin = rest.find("{{");
    page += rest.substr(0, begin);
    if (begin == std::string_view::npos) return page;
    const size_t end = rest.find("}}", begin);
    const std::string_view name = rest.substr(begin + 2, end - begin - 2);
    if (name == "title") page += EscapeHtml(report.name);
    if (name == "style") page += page_sources::kStyle;
    if (name == "chart_library") page += page_sources::kChartLibrary;
    if (name == "heat_map_script") page += page_sources::kHeatMapScript;
    if (name == "profiles_script") page += page_sources::kProfilesScript;
    if (name == "orders_script" && report.orders) page += page_sources::kOrdersScript;
    if (name == "signals_script") page += page_sources::kSignalsScript;
    if (name == "script") page += page_sources::kScript;
    if (name == "data") page += JsonForScript(ToJson(report, -1));
    rest = rest.substr(end + 2);
  }
}

}  // namespace spillway::journal::report
