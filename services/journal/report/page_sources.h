// The files of web/report/ and the chart library, as they were when the program was built (cmake/embed_files.cmake).
#pragma once

#include <string_view>

namespace spillway::journal::report::page_sources {

extern const std::string_view kTemplate;        // report.html
extern const std::string_view kStyle;           // report.css
extern const std::string_view kHeatMapScript;   // heat_map.js
extern const std::string_view kProfilesScript;  // profiles.js
extern const std::string_view kOrdersScript;    // orders.js
extern const std::string_view kSignalsScript;   // signals.js
extern const std::string_view kScript;          // report.js
extern const std::string_view kChartLibrary;    // Chart.js 3, MIT licence

}  // namespace spillway::journal::report::page_sources
