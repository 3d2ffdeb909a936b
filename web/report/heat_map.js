"use strict";
// The order book around one moment: price by time, colour by displayed size (blue bids, orange asks), with quotes,
// trades and the decision's own lines on top. `market` is a window of the report's JSON (docs/report.md).

const HEAT = {bids: [[16, 34, 52], [27, 88, 140], [86, 180, 233], [225, 244, 255]],
              asks: [[48, 34, 10], [133, 84, 8], [230, 159, 0], [255, 240, 205]],
              bidsLight: [[236, 244, 250], [166, 206, 233], [60, 140, 200], [0, 55, 110]],
              asksLight: [[251, 244, 230], [240, 205, 140], [214, 140, 20], [110, 62, 0]]};

const TRADES_SHOWN_MAX = 200;
const NAMES_MAX = 30;  // of marks at price levels; all have their shape

// What detectors say of a price level: a shape and a colour of its own for each, so that neither is needed alone.
const LEVEL_MARKS = {
  fake_wall: {label: "spoof", text: "wall pulled (spoof)", color: "--spoof", shape: "cross"},
  ask_replenishment: {label: "refills", text: "refilled after fills", color: "--vwap", shape: "ring"},
  bid_replenishment: {label: "refills", text: "refilled after fills", color: "--vwap", shape: "ring"},
  absorption: {label: "absorbed", text: "absorption: size traded, price held", color: "--good", shape: "diamond"},
  iceberg: {label: "iceberg", text: "iceberg: more traded than was shown", color: "--accent", shape: "triangle"},
};

// Marks as spans: from where a detector became active until it no longer was. Profiles with other parameters have
// detectors of their own of the same name and side: an end belongs to the one with its limit and price, else to the
// oldest. An end without a beginning began before the window, if nothing of its name was said before.
function detectorSpans(market) {
  const end = market.columns * market.column_ms;
  const known = new Map(), spans = [];
  for (const d of market.detectors) {
    const key = `${d.detector} ${d.side}`;
    const first = !known.has(key);
    if (first) known.set(key, []);
    const open = known.get(key);
    const like = (s) => s.limit === d.limit && s.price === d.price;
    const of = open.find(like) || (d.active ? null : open.find((s) => s.limit === d.limit) || open[0]);
    if (of) { of.to = d.t; open.splice(open.indexOf(of), 1); }
    if (d.active) {
      const span = {...d, from: d.t, to: end};
      open.push(span);
      spans.push(span);
    } else if (!of && first) {
      spans.push({...d, from: 0, to: d.t, began_before: true});
    }
  }
  return spans;
}

function heatColor(stops, part) {
  const at = Math.max(0, Math.min(1, part)) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(at));
  const mix = stops[i].map((c, k) => Math.round(c + (stops[i + 1][k] - c) * (at - i)));
  return `rgb(${mix[0]},${mix[1]},${mix[2]})`;
}

// Logarithmic between the sizes below which a twentieth, and above which a hundredth of all cells lie.
function heatScale(market) {
  const sizes = [];
  for (const row of market.rows) {
    for (let i = 0; i < row.changes.length; i += 2) {
      const end = i + 2 < row.changes.length ? row.changes[i + 2] : market.columns;
      const size = Math.abs(row.changes[i + 1]);
      if (size > 0) sizes.push([size, end - row.changes[i]]);
    }
  }
  sizes.sort((a, b) => a[0] - b[0]);
  const total = sizes.reduce((sum, s) => sum + s[1], 0);
  const quantile = (q) => {
    let below = 0;
    for (const [size, cells] of sizes) if ((below += cells) >= q * total) return size;
    return 1;
  };
  const low = quantile(0.05), high = Math.max(quantile(0.99), low * 2);
  return {low, high, part: (size) => Math.log(size / low) / Math.log(high / low)};
}

// The prices worth seeing: the quotes, the trade plan, and as much around them again as the book showed.
function priceRange(market, plan) {
  const seen = [...market.quotes.bid, ...market.quotes.ask, ...plan.map((p) => p.price)].filter((p) => p !== null);
  const rows = market.rows.map((r) => r.price);
  if (seen.length === 0) seen.push(...rows);
  let low = Math.min(...seen), high = Math.max(...seen);
  const pad = Math.max(8 * market.tick, 0.3 * (high - low));
  const bottom = rows.length ? Math.min(rows[0], low) : low, top = rows.length ? Math.max(rows[rows.length - 1], high) : high;
  return {low: Math.max(low - pad, bottom) - market.tick, high: Math.min(high + pad, top) + market.tick};
}

function niceStep(span, count, smallest) {
  const rough = Math.max(span / count, smallest);
  const power = Math.pow(10, Math.floor(Math.log10(rough)));
  return [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999) || rough;
}

class HeatMap {
  // plan: [{name, price, color, dash}], moments: [{name, t, color, dash}] with t in ms since market.from;
  // clock(t, decimals): New York time of t. readout: element that says what is under the pointer.
  // onDraw: called when what is on show changed.
  // zone: {from, to, entry, stop, target, short} in ms and prices, or null: where the plan wins and where it loses.
  constructor(holder, market, {plan, moments, zone, clock, readout, unit, onDraw}) {
    Object.assign(this, {holder, market, plan, moments, zone, clock, readout, unit, onDraw});
    this.scale = heatScale(market);
    this.spans = detectorSpans(market);
    this.level_spans = this.spans.filter((s) => s.price !== null && LEVEL_MARKS[s.detector]);
    this.prices = priceRange(market, plan);
    this.span = [0, market.columns * market.column_ms];
    this.base = document.createElement("canvas");
    this.overlay = document.createElement("canvas");
    this.overlay.className = "overlay";
    this.base.setAttribute("role", "img");
    this.base.setAttribute("aria-label", "Order book heat map with quotes and trades");
    holder.replaceChildren(this.base, this.overlay);
    this.overlay.addEventListener("mousemove", (e) => this.hover(e.offsetX, e.offsetY));
    this.overlay.addEventListener("mouseleave", () => this.hover(null));
    this.draw();
  }

  // Shows `seconds` on each side of the trigger; null: all.
  zoom(seconds) {
    const whole = this.market.columns * this.market.column_ms;
    const half = seconds === null ? whole : seconds * 1000;
    this.span = seconds === null ? [0, whole] : [Math.max(0, this.market.trigger - half), Math.min(whole, this.market.trigger + half)];
    this.draw();
  }

  layout() {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.max(280, this.holder.clientWidth);
    const strips = [...new Set(this.market.detectors.map((d) => d.detector))];
    const height = 426 + 14 * strips.length;
    for (const canvas of [this.base, this.overlay]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = width + "px";
      canvas.style.height = height + "px";
    }
    this.area = {left: 4, right: width - 96, top: 46, bottom: 426 - 24, width, height, strips, ratio};
  }
  x(t) {
    const {left, right} = this.area;
    return left + (t - this.span[0]) / (this.span[1] - this.span[0]) * (right - left);
  }
  y(price) {
    const {top, bottom} = this.area;
    return bottom - (price - this.prices.low) / (this.prices.high - this.prices.low) * (bottom - top);
  }
  css(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

  draw() {
    this.layout();
    const g = this.g = this.base.getContext("2d");
    const {left, right, top, bottom, width, height, ratio} = this.area;
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, width, height);
    g.fillStyle = this.css("--heat-bg");
    g.fillRect(left, top, right - left, bottom - top);
    g.save();
    g.beginPath();
    g.rect(left, top, right - left, bottom - top);
    g.clip();
    this.cells = this.drawBook(g);
    this.drawWalls(g);
    this.drawZone(g);
    this.drawQuotes(g);
    this.drawTrades(g);
    this.drawPlanted(g);
    this.drawLevelMarks(g);
    g.restore();
    this.drawAxes(g);
    this.drawPlan(g);
    this.drawMoments(g);
    this.drawArrow(g);
    this.drawDetectors(g);
    this.onDraw();
  }

  // Whole device pixels, so that neighbours neither overlap nor leave a gap.
  drawBook(g) {
    const light = document.documentElement.dataset.theme === "light";
    const colors = light ? [HEAT.bidsLight, HEAT.asksLight] : [HEAT.bids, HEAT.asks];
    const snap = (v) => Math.round(v * this.area.ratio) / this.area.ratio;
    const {market} = this;
    const half = market.tick / 2;
    let cells = 0;
    for (const row of market.rows) {
      if (row.price < this.prices.low || row.price > this.prices.high) continue;
      const y0 = snap(this.y(row.price + half)), y1 = Math.max(snap(this.y(row.price - half)), y0 + 2);
      for (let i = 0; i < row.changes.length; i += 2) {
        const size = row.changes[i + 1];
        if (size === 0) continue;
        const begin = row.changes[i], end = i + 2 < row.changes.length ? row.changes[i + 2] : market.columns;
        const x0 = snap(this.x(begin * market.column_ms)), x1 = snap(this.x(end * market.column_ms));
        if (x1 < this.area.left || x0 > this.area.right) continue;
        g.fillStyle = heatColor(colors[size > 0 ? 0 : 1], this.scale.part(Math.abs(size)));
        g.fillRect(x0, y0, Math.max(x1 - x0, 1 / this.area.ratio), y1 - y0);
        cells += end - begin;
      }
    }
    return cells;
  }

  // The band of a price level, at least `least` pixels high.
  band(price, least) {
    const half = this.market.tick / 2;
    const y0 = this.y(price + half), y1 = this.y(price - half);
    const more = Math.max(0, least - (y1 - y0)) / 2;
    return [y0 - more, y1 - y0 + 2 * more];
  }

  // Outlines of levels that stood as walls.
  drawWalls(g) {
    g.strokeStyle = this.css("--text");
    g.lineWidth = 1.2;
    for (const w of this.market.walls) {
      const x0 = this.x(w.from * this.market.column_ms), x1 = this.x(w.to * this.market.column_ms);
      const [y, height] = this.band(w.price, 5);
      g.strokeRect(x0, y, Math.max(x1 - x0, 3), height);
    }
  }

  // Between entry and target, and between entry and stop: a short plan is the mirror image of a long one.
  drawZone(g) {
    if (!this.zone) return;
    const {from, to, entry, stop, target} = this.zone;
    const x0 = this.x(from), x1 = this.x(to);
    g.globalAlpha = 0.1;
    for (const [price, color] of [[target, "--good"], [stop, "--bad"]]) {
      g.fillStyle = this.css(color);
      g.fillRect(x0, Math.min(this.y(entry), this.y(price)), x1 - x0, Math.abs(this.y(entry) - this.y(price)));
    }
    g.globalAlpha = 1;
  }

  // What the simulator planted: dashed frames, at their price where they have one.
  drawPlanted(g) {
    const {top, bottom} = this.area;
    g.font = "italic 10px system-ui, sans-serif";
    g.strokeStyle = g.fillStyle = this.css("--planted");
    g.lineWidth = 1.4;
    g.setLineDash([3, 3]);
    this.market.planted.forEach((p, k) => {
      const x0 = this.x(p.from), x1 = this.x(p.to);
      if (x1 < this.area.left || x0 > this.area.right) return;
      const [y, height] = p.price === null ? [top + 2, bottom - top - 4] : this.band(p.price, 11);
      g.strokeRect(x0, y, Math.max(x1 - x0, 4), height);
      const text = `planted: ${p.kind.replaceAll("_", " ")}`;
      g.textBaseline = "bottom";
      const width = g.measureText(text).width, at = Math.max(this.area.left + 2, Math.min(x0 + 2, this.area.right - width));
      const base = p.price === null ? bottom - 6 - 12 * (k % 4) : y - 1;
      g.fillStyle = this.css("--heat-bg");
      g.globalAlpha = 0.75;
      g.fillRect(at - 1, base - 12, width + 2, 12);
      g.globalAlpha = 1;
      g.fillStyle = this.css("--planted");
      g.fillText(text, at, base);
    });
    g.setLineDash([]);
  }

  // Spans at their price: a bar, the detector's shape where it began, its name where there is room.
  drawLevelMarks(g) {
    g.font = "bold 10px system-ui, sans-serif";
    g.textBaseline = "middle";
    const named = [];  // frames of the names that are there
    for (const s of this.level_spans) {
      const style = LEVEL_MARKS[s.detector];
      const x0 = this.x(s.from), x1 = Math.max(this.x(s.to), x0 + 4);
      if (x1 < this.area.left || x0 > this.area.right) continue;
      const [y, height] = this.band(s.price, 3);
      const middle = y + height / 2;
      g.fillStyle = g.strokeStyle = this.css(style.color);
      g.globalAlpha = 0.55;
      g.fillRect(x0, middle - 1.5, x1 - x0, 3);
      g.globalAlpha = 1;
      levelShape(g, x0, middle, 4.5, style.shape);
      const width = g.measureText(style.label).width + 4;
      const at = Math.max(x0 + 7, this.area.left + 2);
      const crowded = named.some((n) => Math.abs(n.y - middle) < 14 && at < n.x + n.width + 24 && n.x < at + width + 24);
      if (crowded || named.length >= NAMES_MAX || at + width > this.area.right) continue;
      named.push({x: at, y: middle, width});
      g.fillStyle = this.css("--heat-bg");
      g.globalAlpha = 0.75;
      g.fillRect(at, middle - 6, width, 12);
      g.globalAlpha = 1;
      g.fillStyle = this.css(style.color);
      g.fillText(style.label, at + 2, middle);
    }
  }

  drawQuotes(g) {
    const {t, bid, ask} = this.market.quotes;
    const end = this.market.columns * this.market.column_ms;
    for (const [prices, color] of [[bid, this.css("--bid")], [ask, this.css("--ask")]]) {
      g.strokeStyle = color;
      g.lineWidth = 1.5;
      g.beginPath();
      for (let i = 0; i < t.length; ++i) {
        if (prices[i] === null) continue;
        const x0 = this.x(t[i]), x1 = this.x(i + 1 < t.length ? t[i + 1] : end), y = this.y(prices[i]);
        if (i > 0 && prices[i - 1] !== null) g.lineTo(x0, y); else g.moveTo(x0, y);
        g.lineTo(x1, y);
      }
      g.stroke();
    }
  }

  // Area by size; triangle up: the buyer crossed the spread, down: the seller did, circle: not known. The largest of
  // those in view, so that a busy market does not cover the book.
  drawTrades(g) {
    const {t, price, size, side} = this.market.trades;
    const view = t.map((_, i) => i).filter((i) => t[i] >= this.span[0] && t[i] < this.span[1]);
    const shown = view.length <= TRADES_SHOWN_MAX ? view : [...view].sort((a, b) => size[b] - size[a]).slice(0, TRADES_SHOWN_MAX);
    this.trades_drawn = shown.length;
    this.trades_hidden = view.length - shown.length;
    const large = shown.map((i) => size[i]).sort((a, b) => a - b)[Math.floor(0.98 * (shown.length - 1))] || 1;
    const colors = {1: this.css("--bid"), "-1": this.css("--ask"), 0: this.css("--dim")};
    g.strokeStyle = this.css("--text");
    g.lineWidth = 0.7;
    for (const i of shown.sort((a, b) => a - b)) {
      const r = 2.5 + 9 * Math.min(1.4, Math.sqrt(size[i] / large));
      tradeShape(g, this.x(t[i]), this.y(price[i]), r, side[i]);
      g.fillStyle = colors[side[i]];
      g.globalAlpha = 0.75;
      g.fill();
      g.globalAlpha = 1;
      g.stroke();
    }
  }

  drawAxes(g) {
    const {left, right, top, bottom} = this.area;
    g.font = "11px system-ui, sans-serif";
    g.fillStyle = g.strokeStyle = this.css("--dim");
    g.lineWidth = 1;
    const step = niceStep(this.prices.high - this.prices.low, 9, this.market.tick);
    this.decimals = Math.max(2, Math.min(8, Math.ceil(-Math.log10(this.market.tick) - 1e-9)));
    g.textBaseline = "middle";
    for (let p = Math.ceil(this.prices.low / step) * step; p <= this.prices.high + step / 1e6; p += step) {
      const y = Math.round(this.y(p)) + 0.5;
      if (y < top || y > bottom) continue;
      g.globalAlpha = 0.18;
      line(g, left, y, right, y);
      g.globalAlpha = 1;
      g.fillText(p.toFixed(this.decimals), right + 5, y);
    }
    g.textBaseline = "top";
    g.textAlign = "center";
    const seconds = (this.span[1] - this.span[0]) / 1000;
    const every = [1, 2, 5, 10, 15, 30, 60, 120, 300].find((s) => seconds / s <= (right - left) / 90) || 600;
    const first = -(this.clock.offset(this.span[0]) % (every * 1000));
    for (let t = this.span[0] + first; t <= this.span[1]; t += every * 1000) {
      if (t < this.span[0]) continue;
      const x = Math.round(this.x(t)) + 0.5;
      line(g, x, bottom, x, bottom + 4);
      if (x > left + 24 && x < right - 20) g.fillText(this.clock(t, 0), x, bottom + 6);
    }
    g.textAlign = "left";
  }

  drawPlan(g) {
    const {right, top, bottom} = this.area;
    g.textBaseline = "middle";
    const labels = this.plan.map((p) => ({...p, y: this.y(p.price)})).filter((p) => p.y >= top && p.y <= bottom);
    for (const p of labels) {
      g.strokeStyle = this.css(p.color);
      g.lineWidth = 1.5;
      g.setLineDash(p.dash);
      line(g, Math.max(this.area.left, this.x(this.market.trigger)), p.y, right, p.y);
      g.setLineDash([]);
      g.fillStyle = this.css("--panel");
      g.fillRect(right + 2, p.y - 8, 94, 16);
      g.fillStyle = this.css(p.color);
      g.font = "bold 11px system-ui, sans-serif";
      g.fillText(`${p.price.toFixed(this.decimals)} ${p.name}`, right + 5, p.y);
    }
  }

  // Which way the plan goes, at its entry.
  drawArrow(g) {
    if (!this.zone) return;
    const x = this.x(this.zone.from), y = this.y(this.zone.entry);
    if (x < this.area.left || x > this.area.right || y < this.area.top || y > this.area.bottom) return;
    const way = this.zone.short ? 1 : -1;
    g.fillStyle = this.css(this.zone.short ? "--ask" : "--bid");
    g.strokeStyle = this.css("--text");
    g.lineWidth = 1.2;
    g.beginPath();
    g.moveTo(x, y + way * 4);
    for (const [dx, dy] of [[-7, -10], [-3, -10], [-3, -22], [3, -22], [3, -10], [7, -10]]) g.lineTo(x + dx, y + way * (4 + dy));
    g.closePath();
    g.fill();
    g.stroke();
  }

  drawMoments(g) {
    const {left, right, top, bottom} = this.area;
    g.font = "11px system-ui, sans-serif";
    g.textBaseline = "bottom";
    const free = [-Infinity, -Infinity, -Infinity];  // of the rows of names
    for (const m of [...this.moments].sort((a, b) => a.t - b.t)) {
      const x = this.x(m.t);
      if (x < left || x > right) continue;
      g.strokeStyle = g.fillStyle = this.css(m.color);
      g.lineWidth = 1.5;
      g.setLineDash(m.dash);
      line(g, x, top, x, bottom);
      g.setLineDash([]);
      const width = g.measureText(m.name).width;
      const at = Math.min(x + 3, right - width);
      const row = free.findIndex((f) => at > f);
      if (row < 0) continue;
      g.fillText(m.name, at, top - 3 - 14 * row);
      free[row] = at + width + 6;
    }
  }

  // A strip for each detector that spoke: bars while it was on.
  drawDetectors(g) {
    const {left, right, strips} = this.area;
    g.textBaseline = "middle";
    g.font = "10px system-ui, sans-serif";
    strips.forEach((name, k) => {
      const y = 426 + 14 * k;
      g.fillStyle = this.css("--panel-2");
      g.fillRect(left, y, right - left, 11);
      g.fillStyle = this.css(LEVEL_MARKS[name] ? LEVEL_MARKS[name].color : "--vwap");
      for (const s of this.spans) {
        if (s.detector !== name) continue;
        const x0 = Math.max(left, this.x(s.from)), x1 = Math.min(right, Math.max(this.x(s.to), this.x(s.from) + 2));
        if (x1 > x0) g.fillRect(x0, y, x1 - x0, 11);
      }
      g.fillStyle = this.css("--dim");
      g.fillText(name.replaceAll("_", " "), right + 5, y + 6);
    });
  }

  hover(px, py) {
    const g = this.overlay.getContext("2d");
    const {left, right, top, bottom, width, height, ratio} = this.area;
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, width, height);
    if (px === null || px < left || px > right || py < top) { this.readout.textContent = "Point at the map for time, price and size."; return; }
    g.strokeStyle = this.css("--text");
    g.globalAlpha = 0.5;
    line(g, px, top, px, bottom);
    if (py <= bottom) line(g, left, py, right, py);
    g.globalAlpha = 1;
    const t = this.span[0] + (px - left) / (right - left) * (this.span[1] - this.span[0]);
    this.readout.textContent = this.describe(t, this.prices.low + (bottom - py) / (bottom - top) * (this.prices.high - this.prices.low), py <= bottom);
  }

  describe(t, price, on_map) {
    const parts = [this.clock(t, 2)];
    const column = Math.floor(t / this.market.column_ms);
    if (on_map) {
      let row = null;
      for (const r of this.market.rows) if (row === null || Math.abs(r.price - price) < Math.abs(row.price - price)) row = r;
      if (row && Math.abs(row.price - price) <= this.market.tick * 0.75) {
        const size = sizeAt(row, column);
        const side = size > 0 ? "bid" : size < 0 ? "ask" : "";
        parts.push(`${row.price.toFixed(this.decimals)}: ${size === 0 ? "nothing shown" : `${side} ${Math.abs(size).toLocaleString("en-US")} ${this.unit}`}`);
      } else {
        parts.push(price.toFixed(this.decimals));
      }
    }
    const i = lastAtOrBefore(this.market.quotes.t, t);
    if (i >= 0) {
      const show = (p) => p === null ? "none" : p.toFixed(this.decimals);
      parts.push(`quote ${show(this.market.quotes.bid[i])} / ${show(this.market.quotes.ask[i])}`);
    }
    const {near, on} = this.at(t, on_map ? price : null);
    for (const w of near.walls) parts.push(`standing ${w.side} wall of ${w.size.toLocaleString("en-US")} ${this.unit} for ${((w.to - w.from) * this.market.column_ms / 1000).toFixed(2)} s`);
    for (const s of near.marks) parts.push(`${LEVEL_MARKS[s.detector].text}, ${s.side} ${s.price.toFixed(this.decimals)}, ${spanText(s)}`);
    for (const p of near.planted) parts.push(`planted: ${p.kind.replaceAll("_", " ")}${p.price === null ? "" : ` at ${p.price.toFixed(this.decimals)}`}`);
    for (const s of on) parts.push(`${s.detector.replaceAll("_", " ")} on${s.price === null ? "" : ` at ${s.price.toFixed(this.decimals)}`} (${spanText(s)})`);
    return parts.join("   ·   ");
  }

  // What was on at `t`, and what of it stands at `price`.
  at(t, price) {
    const slack = 4 / (this.area.right - this.area.left) * (this.span[1] - this.span[0]);
    const during = (from, to) => from - slack <= t && t <= to + slack;
    const level = (p) => price !== null && Math.abs(p - price) <= Math.max(this.market.tick * 0.75, 5 / (this.area.bottom - this.area.top) * (this.prices.high - this.prices.low));
    const c = this.market.column_ms;
    const marks = this.level_spans.filter((s) => during(s.from, s.to) && level(s.price));
    return {near: {marks, walls: this.market.walls.filter((w) => during(w.from * c, w.to * c) && level(w.price)),
      planted: this.market.planted.filter((p) => during(p.from, p.to) && (p.price === null || level(p.price)))},
      on: this.spans.filter((s) => s.from <= t && t <= s.to && !marks.includes(s))};
  }

  drawLegend(canvas) {
    const light = document.documentElement.dataset.theme === "light";
    const g = canvas.getContext("2d");
    [light ? HEAT.bidsLight : HEAT.bids, light ? HEAT.asksLight : HEAT.asks].forEach((stops, k) => {
      for (let x = 0; x < canvas.width; ++x) {
        g.fillStyle = heatColor(stops, x / (canvas.width - 1));
        g.fillRect(x, k * canvas.height / 2, 1, canvas.height / 2);
      }
    });
  }
}

function line(g, x0, y0, x1, y1) {
  g.beginPath();
  g.moveTo(x0, y0);
  g.lineTo(x1, y1);
  g.stroke();
}

function tradeShape(g, x, y, r, side) {
  g.beginPath();
  if (side === 0) { g.arc(x, y, r * 0.8, 0, 2 * Math.PI); return; }
  const up = side > 0 ? -1 : 1;
  g.moveTo(x, y + up * r);
  g.lineTo(x - r * 0.87, y - up * r * 0.5);
  g.lineTo(x + r * 0.87, y - up * r * 0.5);
  g.closePath();
}

function spanText(s) {
  const seconds = ((s.to - s.from) / 1000).toFixed(2);
  return `${s.began_before ? "since before the window" : `${seconds} s`}, ${+s.seen.toPrecision(4)} against ${+s.limit.toPrecision(4)}`;
}

function levelShape(g, x, y, r, shape) {
  g.lineWidth = 2;
  g.beginPath();
  if (shape === "cross") {
    g.moveTo(x - r, y - r); g.lineTo(x + r, y + r); g.moveTo(x - r, y + r); g.lineTo(x + r, y - r);
  } else if (shape === "ring") {
    g.arc(x, y, r * 0.85, 0, 2 * Math.PI);
  } else if (shape === "diamond") {
    g.moveTo(x, y - r); g.lineTo(x + r, y); g.lineTo(x, y + r); g.lineTo(x - r, y); g.closePath(); g.fill();
  } else {
    g.moveTo(x, y - r); g.lineTo(x + r, y + r * 0.8); g.lineTo(x - r, y + r * 0.8); g.closePath(); g.fill();
  }
  g.stroke();
}

function sizeAt(row, column) {
  let size = 0;
  for (let i = 0; i < row.changes.length && row.changes[i] <= column; i += 2) size = row.changes[i + 1];
  return size;
}

function lastAtOrBefore(times, t) {
  let low = 0, high = times.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (times[mid] <= t) low = mid + 1; else high = mid;
  }
  return low - 1;
}
