#include "services/notifier/adapters/alert_chart.h"

#include <cairo.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include "fmt/format.h"
#include "services/notifier/adapters/card_text.h"

namespace spillway::notifier {
namespace {

struct Colour {
  double red, green, blue;
};
constexpr Colour kBackground = {0.10, 0.11, 0.13};
constexpr Colour kPlot = {0.06, 0.065, 0.08};
constexpr Colour kGrid = {0.20, 0.21, 0.24};
constexpr Colour kText = {0.72, 0.74, 0.78};
constexpr Colour kBright = {0.95, 0.96, 0.98};
constexpr Colour kBid = {0.20, 0.78, 0.45};
constexpr Colour kAsk = {0.93, 0.35, 0.35};
constexpr Colour kBestBid = {0.65, 1.00, 0.80};
constexpr Colour kBestAsk = {1.00, 0.75, 0.70};
constexpr Colour kLast = {0.95, 0.95, 0.95};
constexpr Colour kEntry = {0.30, 0.62, 1.00};
constexpr Colour kStop = {1.00, 0.36, 0.30};
constexpr Colour kTarget = {0.25, 0.90, 0.45};

constexpr double kLeft = 12, kRight = 132, kTop = 34, kBottom = 42;  // margins; the price axis is on the right
constexpr int64_t kRowsMax = 200;                                    // of the heat map
constexpr double kTriggerMargin = 0.04;                              // of the width, right of the trigger

// Where a price and a time are on the canvas.
struct Scale {
  Time from, to;
  double price_low = 0, price_high = 1;
  double X(Time time) const {
    const double part = static_cast<double>((time - from).count()) / static_cast<double>((to - from).count());
    return kLeft + part * (kChartWidth - kLeft - kRight);
  }
  double Y(double price) const {
    return kTop + (price_high - price) / (price_high - price_low) * (kChartHeight - kTop - kBottom);
  }
  double Y(Price price) const { return Y(price.ToDouble()); }
};

class Canvas {
 public:
  Canvas()
      : surface_(cairo_image_surface_create(CAIRO_FORMAT_RGB24, kChartWidth, kChartHeight), &cairo_surface_destroy),
        cairo_(cairo_create(surface_.get()), &cairo_destroy) {
    cairo_select_font_face(cairo_.get(), "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  }

  void Fill(double x, double y, double width, double height, const Colour& colour, double alpha = 1) {
    Use(colour, alpha);
    cairo_set_antialias(cairo_.get(), CAIRO_ANTIALIAS_NONE);  // cells meet without seams
    cairo_rectangle(cairo_.get(), x, y, width, height);
    cairo_fill(cairo_.get());
    cairo_set_antialias(cairo_.get(), CAIRO_ANTIALIAS_DEFAULT);
  }
  void Line(double x1, double y1, double x2, double y2, const Colour& colour, double width = 1, bool dashed = false) {
    Use(colour, 1);
    constexpr double kDash[] = {6, 4};
    cairo_set_dash(cairo_.get(), kDash, dashed ? 2 : 0, 0);
    cairo_set_line_width(cairo_.get(), width);
    cairo_move_to(cairo_.get(), x1, y1);
    cairo_line_to(cairo_.get(), x2, y2);
    cairo_stroke(cairo_.get());
  }
  void Dot(double x, double y, double radius, const Colour& colour) {
    Use(colour, 0.75);
    cairo_arc(cairo_.get(), x, y, radius, 0, 2 * M_PI);
    cairo_fill(cairo_.get());
  }
  // Steps through the points: a quote holds until it changes.
  void Steps(const std::vector<std::pair<double, double>>& points, double end, const Colour& colour, double width) {
    if (points.empty()) return;
    Use(colour, 1);
    cairo_set_dash(cairo_.get(), nullptr, 0, 0);
    cairo_set_line_width(cairo_.get(), width);
    cairo_move_to(cairo_.get(), points[0].first, points[0].second);
    for (size_t i = 1; i < points.size(); ++i) {
      cairo_line_to(cairo_.get(), points[i].first, points[i - 1].second);
      cairo_line_to(cairo_.get(), points[i].first, points[i].second);
    }
    cairo_line_to(cairo_.get(), end, points.back().second);
    cairo_stroke(cairo_.get());
  }
  double TextWidth(const std::string& text, double size) {
    cairo_set_font_size(cairo_.get(), size);
    cairo_text_extents_t extents;
    cairo_text_extents(cairo_.get(), text.c_str(), &extents);
    return extents.x_advance;
  }
  void Text(double x, double y, const std::string& text, const Colour& colour, double size) {
    cairo_set_font_size(cairo_.get(), size);
    Use(colour, 1);
    cairo_move_to(cairo_.get(), x, y);
    cairo_show_text(cairo_.get(), text.c_str());
  }
  void Clip(double x, double y, double width, double height) {
    cairo_save(cairo_.get());
    cairo_rectangle(cairo_.get(), x, y, width, height);
    cairo_clip(cairo_.get());
  }
  void Unclip() { cairo_restore(cairo_.get()); }

  std::string Png() {
    std::string png;
    const auto take = [](void* to, const unsigned char* data, unsigned int size) {
      static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(data), size);
      return CAIRO_STATUS_SUCCESS;
    };
    cairo_surface_flush(surface_.get());
    const cairo_status_t status = cairo_surface_write_to_png_stream(surface_.get(), take, &png);
    return status == CAIRO_STATUS_SUCCESS ? png : "";
  }

 private:
  void Use(const Colour& colour, double alpha) {
    cairo_set_source_rgba(cairo_.get(), colour.red, colour.green, colour.blue, alpha);
  }

  std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)> surface_;
  std::unique_ptr<cairo_t, decltype(&cairo_destroy)> cairo_;
};

// From the levels near the quotes and the plan's prices, with a little room.
std::optional<Scale> ScaleOf(const AlertCard& card, const MarketPicture& picture) {
  double low = INFINITY, high = -INFINITY;
  const auto include = [&](Price price) {
    low = std::min(low, price.ToDouble());
    high = std::max(high, price.ToDouble());
  };
  bool any = false;
  for (const PictureColumn& column : picture.columns) {
    constexpr size_t kShownLevels = 5;
    for (size_t i = 0; i < std::min(kShownLevels, column.bids.size()); ++i) include(column.bids[i].price), any = true;
    for (size_t i = 0; i < std::min(kShownLevels, column.asks.size()); ++i) include(column.asks[i].price), any = true;
    if (column.last) include(*column.last), any = true;
  }
  if (!any) return std::nullopt;
  // A stray quote far away must not flatten the picture: the plan's own span says what matters.
  const Alert& alert = card.alert;
  const double span = std::max(std::abs((alert.target - alert.stop).ToDouble()), 4 * picture.tick.ToDouble());
  low = std::max(low, std::min(alert.stop, alert.target).ToDouble() - span);
  high = std::min(high, std::max(alert.stop, alert.target).ToDouble() + span);
  for (const Price price : {alert.entry, alert.stop, alert.target}) include(price);
  const double room = std::max((high - low) * 0.05, picture.tick.ToDouble());
  Scale scale;
  scale.price_low = low - room;
  scale.price_high = high + room;
  scale.from = picture.columns.front().time;
  const Time end = std::max(alert.triggered, picture.columns.back().time + picture.column);
  scale.from = std::min(scale.from, end - std::chrono::seconds(5));
  const auto margin = static_cast<int64_t>(static_cast<double>((end - scale.from).count()) * kTriggerMargin);
  scale.to = end + Duration(margin);
  return scale;
}

// 1, 2, 2.5 or 5 times a power of ten, and at least `step`.
double NiceStep(double step) {
  const double power = std::pow(10, std::floor(std::log10(step)));
  for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
    if (factor * power >= step) return factor * power;
  }
  return 10 * power;
}

void DrawAxes(Canvas& canvas, const Scale& scale) {
  const double right = kChartWidth - kRight, bottom = kChartHeight - kBottom;
  const double step = NiceStep((scale.price_high - scale.price_low) / 7);
  const int decimals = step >= 0.01 && std::abs(std::round(step * 100) - step * 100) < 1e-9 ? 2 : 4;
  for (double price = std::ceil(scale.price_low / step) * step; price < scale.price_high; price += step) {
    canvas.Line(kLeft, scale.Y(price), right, scale.Y(price), kGrid);
    canvas.Text(right + 6, scale.Y(price) + 4, fmt::format("{:.{}f}", price, decimals), kText, 11);
  }
  const double seconds = std::chrono::duration<double>(scale.to - scale.from).count();
  const auto every = std::chrono::seconds(std::max<int64_t>(1, std::llround(NiceStep(seconds / 7))));
  for (Time time = FloorTo(scale.from, every) + every; time < scale.to; time += every) {
    canvas.Line(scale.X(time), kTop, scale.X(time), bottom, kGrid);
    const std::string label = Clock(time).substr(0, 8);
    canvas.Text(scale.X(time) - canvas.TextWidth(label, 11) / 2, bottom + 15, label, kText, 11);
  }
  canvas.Text(kLeft, kChartHeight - 8, "New York time; brighter: more size at the price", kText, 11);
}

// Size to brightness, against nearly the largest: walls stand out, and the rest stays visible.
void DrawHeatMap(Canvas& canvas, const Scale& scale, const MarketPicture& picture) {
  std::vector<double> sizes;
  for (const PictureColumn& column : picture.columns) {
    for (const PictureLevel& level : column.bids) sizes.push_back(level.size.ToDouble());
    for (const PictureLevel& level : column.asks) sizes.push_back(level.size.ToDouble());
  }
  if (sizes.empty()) return;
  const size_t top = sizes.size() * 99 / 100;
  std::nth_element(sizes.begin(), sizes.begin() + static_cast<ptrdiff_t>(top), sizes.end());
  const double full = std::max(sizes[top], 1e-9);
  const double pixels = kChartHeight - kTop - kBottom;
  const double rows = std::min<double>(kRowsMax, (scale.price_high - scale.price_low) / picture.tick.ToDouble());
  const double height = std::max(2.0, pixels / rows);
  for (size_t i = 0; i < picture.columns.size(); ++i) {
    const PictureColumn& column = picture.columns[i];
    const Time end = i + 1 < picture.columns.size() ? picture.columns[i + 1].time : column.time + picture.column;
    const double x = scale.X(column.time);
    const double width = scale.X(end) - x;
    const auto draw = [&](const std::vector<PictureLevel>& levels, const Colour& colour) {
      for (const PictureLevel& level : levels) {
        const double strength = std::min(1.0, level.size.ToDouble() / full);
        canvas.Fill(x, scale.Y(level.price) - height / 2, width, height, colour, 0.08 + 0.62 * strength);
      }
    };
    draw(column.bids, kBid);
    draw(column.asks, kAsk);
  }
}

void DrawLines(Canvas& canvas, const Scale& scale, const MarketPicture& picture) {
  std::vector<std::pair<double, double>> bids, asks, lasts;
  for (const PictureColumn& column : picture.columns) {
    const double x = scale.X(column.time);
    if (!column.bids.empty()) bids.emplace_back(x, scale.Y(column.bids[0].price));
    if (!column.asks.empty()) asks.emplace_back(x, scale.Y(column.asks[0].price));
    if (column.last) lasts.emplace_back(x, scale.Y(*column.last));
  }
  const double end = scale.X(picture.columns.back().time + picture.column);
  canvas.Steps(bids, end, kBestBid, 1.3);
  canvas.Steps(asks, end, kBestAsk, 1.3);
  canvas.Steps(lasts, end, kLast, 0.7);
  double largest = 1e-9;
  for (const PictureTrade& trade : picture.trades) largest = std::max(largest, trade.size.ToDouble());
  for (const PictureTrade& trade : picture.trades) {
    const Colour& colour = trade.aggressor == Side::kBid ? kBid : trade.aggressor == Side::kAsk ? kAsk : kLast;
    canvas.Dot(scale.X(trade.time), scale.Y(trade.price), 1.2 + 3.8 * std::sqrt(trade.size.ToDouble() / largest),
               colour);
  }
}

void DrawPlan(Canvas& canvas, const Scale& scale, const AlertCard& card) {
  const double right = kChartWidth - kRight;
  const double trigger = scale.X(card.alert.triggered);
  canvas.Line(trigger, kTop, trigger, kChartHeight - kBottom, kBright, 1, true);
  struct Mark {
    const char* name;
    Price price;
    Colour colour;
  };
  for (const Mark& mark : {Mark{"entry", card.alert.entry, kEntry}, Mark{"stop", card.alert.stop, kStop},
                           Mark{"target", card.alert.target, kTarget}}) {
    const double y = scale.Y(mark.price);
    canvas.Line(kLeft, y, right, y, mark.colour, 1.4, true);
    const std::string label = fmt::format("{} {}", mark.name, mark.price.ToString());
    canvas.Fill(right + 2, y - 8, canvas.TextWidth(label, 11) + 8, 16, kBackground);
    canvas.Text(right + 6, y + 4, label, mark.colour, 11);
  }
}

}  // namespace

std::string DrawAlertChart(const AlertCard& card, const MarketPicture& picture) {
  if (picture.columns.empty()) return "";
  const std::optional<Scale> scale = ScaleOf(card, picture);
  if (!scale) return "";
  Canvas canvas;
  canvas.Fill(0, 0, kChartWidth, kChartHeight, kBackground);
  const double width = kChartWidth - kLeft - kRight, height = kChartHeight - kTop - kBottom;
  canvas.Fill(kLeft, kTop, width, height, kPlot);
  DrawAxes(canvas, *scale);
  canvas.Clip(kLeft, kTop, width, height);
  DrawHeatMap(canvas, *scale, picture);
  DrawLines(canvas, *scale, picture);
  canvas.Unclip();
  DrawPlan(canvas, *scale, card);
  const std::string title =
      fmt::format("{} {}   score {:g}/{:g}", ValidUtf8(card.symbol), card.alert.side == Side::kAsk ? "SHORT" : "LONG",
                  card.alert.score, PointsMax(card.alert));
  canvas.Text(kLeft, 22, title, kBright, 15);
  const std::string legend = "bid / ask, last, trades; trigger at " + Clock(card.alert.triggered);
  canvas.Text(kChartWidth - kRight - canvas.TextWidth(legend, 11), 22, legend, kText, 11);
  return canvas.Png();
}

}  // namespace spillway::notifier
