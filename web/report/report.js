"use strict";
// Draws the report from its JSON (docs/report.md). Text from the data reaches the page as text nodes only.

const report = JSON.parse(document.getElementById("report-data").textContent);
const OFFSET = report.session.new_york_offset_minutes * 60000;
const charts = [];  // each {make, chart}: made again when the theme changes
let heat = null;    // the heat map on show
let draw_later = null;

// ---------------------------------------------------------------- small things

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(9).filter((c) => c !== null && c !== undefined && c !== false).map((c) => c instanceof Node ? c : String(c)));
  return node;
}
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const ms = (iso) => Date.parse(iso.replace(/(\.\d{3})\d*/, "$1"));
const count = (n) => n.toLocaleString("en-US");
const plural = (n, one, many) => `${count(n)} ${n === 1 ? one : many || one + "s"}`;
const short = (x, digits = 4) => x === null || x === undefined ? "-" : String(+Number(x).toPrecision(digits));
const thousands = (text) => text === null ? "-" : text.replace(/^-?\d+/, (d) => d.replace(/\B(?=(\d{3})+$)/g, ","));
const signed = (text) => text.startsWith("-") ? text : "+" + text;
const words = (name) => name.replaceAll("_", " ");

function clock(epoch_ms, decimals = 3) {
  const text = new Date(epoch_ms + OFFSET).toISOString().slice(11, 23);
  return decimals === 0 ? text.slice(0, 8) : text.slice(0, 9 + decimals);
}
const at = (iso, decimals = 3) => iso === null ? "-" : clock(ms(iso), decimals);
function duration(seconds) {
  if (seconds < 60) return `${short(seconds, 3)} s`;
  const s = Math.round(seconds);
  return s < 3600 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
}
function bytes(n) {
  return n < 1e3 ? `${n} B` : n < 1e6 ? `${short(n / 1e3, 3)} kB` : n < 1e9 ? `${short(n / 1e6, 3)} MB` : `${short(n / 1e9, 3)} GB`;
}

function table(head, rows, {pick, empty} = {}) {
  if (rows.length === 0) return el("p", {class: "dim"}, empty || "None.");
  const numeric = head.map((h) => h.startsWith("#"));
  return el("div", {class: "scroll"}, el("table", {},
    el("thead", {}, el("tr", {}, head.map((h, i) => el("th", {class: numeric[i] ? "num" : null}, h.replace(/^#/, ""))))),
    el("tbody", {}, rows.map((row, k) => el("tr", {class: [row.class, pick ? "pick" : null].filter(Boolean).join(" ") || null, onclick: pick ? () => pick(k) : null},
      (row.cells || row).map((c, i) => el("td", {class: numeric[i] ? "num" : null}, c)))))));
}
function facts(pairs) {
  return el("dl", {class: "facts"}, pairs.filter(Boolean).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}
function section(id, link, title, ...content) {
  const node = el("section", {id}, el("h2", {}, title), ...content);
  document.getElementById("main").append(node);
  document.getElementById("nav").append(el("a", {href: "#" + id}, link));
  return node;
}
function copyable(text) {
  const button = el("button", {type: "button", class: "copy", onclick: async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "copied";
    } catch (refused) {  // a browser may refuse it to a file: the text is selected instead
      getSelection().selectAllChildren(code);
      button.textContent = "selected";
    }
  }}, "copy");
  const code = el("code", {}, text);
  return el("span", {}, code, " ", button);
}
const quoted = (path) => /^[\w./@:+-]+$/.test(path) ? path : "'" + path.replaceAll("'", "'\\''") + "'";
const command = (verb, ...more) => ["spillway", verb, quoted(report.session.directory), ...more].join(" ");

// What the features are, and in what unit.
const FEATURES = {
  spread: ["spread", "USD"], spread_change: ["spread change", "USD"], spread_below_for: ["spread unbroken below", "s"],
  bid_ask_ratio: ["bid size / ask size", ""], tape_velocity: ["trades a second", "trades/s"], vwap: ["session VWAP", "USD"],
  vwap_reclaim: ["VWAP reclaim holds", ""], bid_size_over_ask: ["best bid size - best ask size", "shares"],
  bid_wall_age: ["age of the oldest bid wall", "s"], fake_wall: ["bid wall pulled", ""],
  ask_replenishment: ["ask refill / fills", ""], liquidity_collapse: ["liquidity collapse", ""], tape_stall: ["since the last print", "s"],
  depth_bid: ["bid depth", "shares"], depth_ask: ["ask depth", "shares"], queue_imbalance: ["queue imbalance", ""],
  ask_bid_ratio: ["ask size / bid size", ""], vwap_loss: ["VWAP loss holds", ""], ask_size_over_bid: ["best ask size - best bid size", "shares"],
  ask_wall_age: ["age of the oldest ask wall", "s"], fake_ask_wall: ["ask wall pulled", ""], bid_replenishment: ["bid refill / fills", ""],
  queue_imbalance_short: ["queue imbalance, ask side", ""], order_flow_imbalance_short: ["order-flow imbalance, ask side", "shares"],
  ask_absorption: ["part of the ask executed, not cancelled", ""], bid_absorption: ["part of the bid executed, not cancelled", ""],
  tape_acceleration: ["tape velocity / that before", ""], ask_wall_depletion: ["executed part of the largest ask wall", ""], bid_wall_depletion: ["executed part of the largest bid wall", ""],
  bid_spoof_score: ["spoof score of the bids", ""], ask_spoof_score: ["spoof score of the asks", ""], bid_cancel_burst: ["bids cancelled in a burst", ""], ask_cancel_burst: ["asks cancelled in a burst", ""],
  ask_refills: ["refills at one ask price", ""], bid_refills: ["refills at one bid price", ""],
  bid_add_rate: ["bids added", "1/s"], ask_add_rate: ["asks added", "1/s"], bid_cancel_rate: ["bids cancelled", "1/s"], ask_cancel_rate: ["asks cancelled", "1/s"],
  bid_update_rate: ["bids changed", "1/s"], ask_update_rate: ["asks changed", "1/s"], ask_refill_without_print: ["ask refills without a print", ""], bid_refill_without_print: ["bid refills without a print", ""],
  ask_passive_absorption: ["executed at the ask / shown, price unmoved", ""], bid_passive_absorption: ["executed at the bid / shown, price unmoved", ""],
  bid_support: ["best bid size / its mean", ""], ask_support: ["best ask size / its mean", ""], vwap_distance: ["distance from VWAP", "USD"], book_valid_for: ["book valid for", "s"],
  tape_freeze: ["quotes move, nothing prints", "s"], buy_velocity: ["buyers' trades a second", "trades/s"], sell_velocity: ["sellers' trades a second", "trades/s"],
  ask_executed: ["left the asks by execution", "shares"], bid_executed: ["left the bids by execution", "shares"], ask_cancelled: ["left the asks by cancellation", "shares"], bid_cancelled: ["left the bids by cancellation", "shares"],
  order_flow_imbalance: ["order-flow imbalance", "shares"], microprice: ["microprice", "USD"], mid: ["mid", "USD"],
  in_universe: ["in the universe", ""], book_condition: ["book crossed, locked, stale or one-sided", ""], halt_status: ["halted", ""], feed_suspension: ["feed suspended", ""],
};
function featureText(feature) {
  const [, kind, parameters] = feature.match(/^([^(]*)(?:\((.*)\))?$/) || [null, feature, ""];
  const known = FEATURES[kind];
  return [known ? known[0] : words(kind), parameters ? el("span", {class: "dim"}, ` (${parameters.replaceAll(",", ", ")})`) : ""];
}
const unitOf = (feature) => (FEATURES[feature.replace(/\(.*/, "")] || ["", ""])[1];
const yesNo = (rule) => rule.comparison === "is true" || rule.comparison === "is false";
function valueText(rule, value) {
  if (value === null) return !rule.not_ready ? "-" : rule.not_ready.startsWith("not_carried") ? "not carried by this feed" : `not ready: ${words(rule.not_ready)}`;
  if (yesNo(rule)) return value === 0 ? "no" : value === 1 ? "yes" : short(value);
  return `${short(value, 5)} ${unitOf(rule.feature)}`.trim();
}
const wanted = (rule) => yesNo(rule) ? (rule.comparison === "is true" ? "yes" : "no") : `${rule.comparison} ${short(rule.limit, 6)}`;

// ---------------------------------------------------------------- charts

function chart(canvas, make) {
  const entry = {make: () => new Chart(canvas, make()), chart: null};
  entry.chart = entry.make();
  charts.push(entry);
  return entry;
}
function chartDefaults() {
  Chart.defaults.animation = false;
  Chart.defaults.maintainAspectRatio = false;
  Chart.defaults.font.family = "system-ui, 'DejaVu Sans', sans-serif";
  Chart.defaults.font.size = 11;
  Chart.defaults.color = css("--dim");
  Chart.defaults.borderColor = css("--line");
}
const symbolOf = (item) => report.symbols.find((s) => s.symbol === item.symbol);
const pairs = (ts, ys) => ts.map((t, i) => ({x: t, y: ys[i]}));

function markers(symbol) {
  const mine = (list) => list.filter((i) => i.symbol === symbol);
  const point = (item) => ({x: ms(item.triggered || item.time), y: +(item.entry || item.quote.ask), item});
  const set = (label, list, color, pointStyle, pointRadius) => ({label, type: "scatter", data: mine(list).map(point),
    pointStyle, pointRadius, rotation: mine(list).map((i) => pointStyle === "triangle" && i.side === "sell" ? 180 : 0), pointHoverRadius: pointRadius + 3, borderColor: css(color), backgroundColor: css(color), borderWidth: 2});
  const ended = (...labels) => report.alerts.filter((a) => labels.includes(a.outcome ? a.outcome.label : "OPEN"));
  return [set("alert: TARGET", ended("TARGET"), "--good", "triangle", 9),
    {...set("alert: STOP", ended("STOP"), "--bad", "triangle", 9), backgroundColor: "transparent"},
    set("alert: other end", ended("TIME", "MISS", "CANCELLED", "UNKNOWN", "OPEN"), "--text", "triangle", 9),
    set("refused by risk", report.refused, "--accent", "rectRot", 6),
    set("near miss", report.near_misses, "--price", "cross", 5)].filter((d) => d.data.length > 0);
}

function sessionChart(symbol) {
  const {points, minutes} = symbol.line;
  const first = points.t[0], last = points.t[points.t.length - 1];
  const line = (label, data, color, more) => ({label, type: "line", data, borderColor: css(color), borderWidth: 1.3, pointStyle: "line", pointRadius: 0, pointHitRadius: 0, ...more});
  const most = Math.max(...minutes.volume, 1);
  return {
    data: {datasets: [
      ...markers(symbol.symbol),
      line("last trade", pairs(points.t, points.last), "--price", {stepped: true, pointHitRadius: 4}),
      line("session VWAP", pairs(points.t, points.vwap), "--vwap", {borderDash: [6, 3]}),
      line("low to high", pairs(points.t, points.high), "--line", {borderWidth: 0, fill: "+1", backgroundColor: css("--line")}),
      line("low", pairs(points.t, points.low), "--line", {borderWidth: 0}),
      {label: "volume a minute", type: "bar", yAxisID: "volume", data: pairs(minutes.t.map((t) => t + 30000), minutes.volume),
        backgroundColor: css("--dim") + "66", barThickness: "flex"},
    ]},
    options: {
      parsing: false, interaction: {mode: "nearest", intersect: false, axis: "xy"},
      scales: {
        x: {type: "linear", min: first, max: last, offset: false, grid: {offset: false}, ticks: {callback: (t) => clock(t, 0).slice(0, 5), maxRotation: 0, stepSize: timeStep(last - first)},
          afterBuildTicks: (axis) => { axis.ticks = wholeTicks(axis.min, axis.max, timeStep(last - first)); }, title: {display: true, text: "New York time"}},
        y: {position: "right", title: {display: true, text: symbol.currency}, ticks: {callback: (p) => p.toFixed(2)}, grace: "8%"},
        volume: {position: "left", min: 0, max: most * 4, grid: {display: false}, title: {display: true, text: "shares a minute", align: "start"},
          ticks: {callback: (v) => v <= most * 1.05 ? count(v) : ""}},
      },
      plugins: {
        legend: {labels: {usePointStyle: true, boxHeight: 7, filter: (l) => !l.text.startsWith("low")}},
        tooltip: {callbacks: {title: (c) => c.length ? clock(c[0].parsed.x, c[0].raw.item ? 3 : 0) : "",
          label: (c) => c.raw.item ? `${c.dataset.label}: score ${short(c.raw.item.score)} of ${short(c.raw.item.threshold)}, quote ${c.raw.item.quote.bid} / ${c.raw.item.quote.ask}`
            : `${c.dataset.label}: ${c.dataset.yAxisID === "volume" ? count(c.parsed.y) : short(c.parsed.y, 7)}`}},
      },
      onClick: (event, hits) => { for (const hit of hits) { const {item} = hit.element.$context.raw; if (item) { explore(item); document.getElementById("moments").scrollIntoView(); return; } } },
    },
  };
}
function timeStep(span) {
  const steps = [10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200].map((s) => s * 1000);
  return steps.find((s) => span / s <= 14) || 14400000;
}
function wholeTicks(min, max, step) {
  const ticks = [];
  for (let t = Math.ceil((min + OFFSET) / step) * step - OFFSET; t <= max; t += step) ticks.push({value: t});
  return ticks;
}

// ---------------------------------------------------------------- one decision in detail

const shortTag = (item) => item.side === "sell" ? tag("SHORT", "ask") : "";
const tag = (text, kind) => el("span", {class: "tag " + (kind || "dim")}, text);
function verdict(item) {
  if (item.kind === "near" || item.kind === "listed") {
    const w = item.would_have;
    return [tag(item.preview ? "PREVIEW" : "rejected"), w ? tag(`would have: ${w.label}`, {TARGET: "good", STOP: "bad"}[w.label]) : ""];
  }
  if (item.kind === "refused") return tag(item.decision ? item.decision.rule : "undecided", "bad");
  if (!item.outcome) return tag(item.cancelled ? "CANCELLED" : "open at the end", item.cancelled ? "bad" : "dim");
  const ended = tag(item.outcome.label, {TARGET: "good", STOP: "bad", CANCELLED: "bad"}[item.outcome.label]);
  return item.cancelled && item.outcome.label !== "CANCELLED" ? [ended, tag("after cancel", "bad")] : ended;
}

function scoreTable(item) {
  const rows = item.rules.map((rule) => ({
    class: rule.failed ? "failed" : null,
    cells: [rule.failed ? el("span", {class: "bad", title: "failed"}, "✗") : rule.gate || rule.points_max > 0 ? el("span", {class: "good", title: "held"}, "✓") : "·",
      rule.rule, featureText(rule.feature), valueText(rule, rule.value), rule.comparison ? el("span", {class: "whole"}, wanted(rule)) : "",
      rule.failed && rule.shortfall !== null ? short(rule.shortfall, 4) : "",
      rule.gate ? el("span", {class: "dim"}, rule.failed ? "gate: stops it" : "gate: open") : `${short(rule.points)} / ${short(rule.points_max)}`]}));
  rows.push({cells: ["", "", el("b", {}, "score"), "", "", "", el("b", {}, `${short(item.score)} / ${short(item.threshold)} needed`)]});
  return el("div", {class: "score"}, table(["", "rule", "what", "#value", "wanted", "#short by", "#points"], rows));
}

function decisionFacts(item) {
  const d = item.decision, o = item.outcome, c = item.cancelled;
  const out = [];
  if (item.entry) {
    out.push(el("h3", {}, item.decision || item.intent_id ? "Plan" : "What would have been traded"), facts([
      ["side", item.side === "sell" ? "short: sell, stop above, target below" : "long: buy, stop below, target above"],
      ["entry", `${item.entry} USD`], ["stop", `${item.stop} USD`], ["target", `${item.target} USD`], item.spread && ["spread at trigger", `${item.spread} USD`],
      item.expires && ["expires", at(item.expires)]]));
  }
  if (d) {
    out.push(el("h3", {}, "Risk's decision"), d.approved
      ? facts([["size", `${thousands(d.quantity)} shares`], ["limited by", words(d.binding_cap)], ["at risk", `${thousands(d.risk)} USD${d.risk_percent > 0 ? `, ${short(d.risk_percent, 3)} %` : ""}`],
        item.alert && ["reward at target, net", `${thousands(item.alert.reward_net)} USD`], item.alert && ["reward / risk, net", short(item.alert.reward_to_risk_net, 3)],
        d.low_confidence && ["confidence", "low"], d.stage && ["stage", d.stage],
        d.record && d.record.trades > 0 && ["this setup before it", `${d.record.wins} of ${plural(d.record.trades, "trade")} won, ${short(d.record.sum_r / d.record.trades, 2)} R each`], d.warnings.length > 0 && ["warnings", el("span", {class: "bad"}, d.warnings.join("; "))]])
      : el("p", {}, el("b", {class: "bad"}, d.rule), d.detail ? ` (${d.detail})` : "", `: seen ${short(d.seen)} ${d.unit}, limit ${short(d.limit)} ${d.unit}`));
    if (d.caps) out.push(capsTable(d.caps));
  }
  if (c && o && o.entered && ms(o.entered) <= ms(c.time)) out.push(el("p", {class: "dim"}, "The trade had been entered before the signal was cancelled; its outcome is what a person who stayed in would have had."));
  if (c) out.push(el("h3", {}, "Cancelled"), el("p", {}, el("b", {class: "bad"}, c.condition ? `condition ${c.condition}` : words(c.rule)), ` at ${at(c.time)}, ${duration((ms(c.time) - ms(item.triggered)) / 1000)} after the trigger: seen ${short(c.seen)}, limit ${short(c.limit)}`));
  const w = item.would_have;
  if (w) {
    out.push(el("h3", {}, "How it would have ended"), facts([["label", tag(w.label, {TARGET: "good", STOP: "bad"}[w.label])], w.entered && ["entered", `${at(w.entered)} at ${w.entry_price}`], w.exited && ["exited", `${at(w.exited)} at ${w.exit_price}`],
      (w.exited || item.kind === "listed") && ["R, before costs", short(w.r_multiple, 3)], w.mae && ["worst / best excursion", `${w.mae} / ${w.mfe} USD`]]),
      el("p", {class: "dim"}, "One share at bid and ask, by the plan above, before costs. Of the same profile, symbol and side one is measured at a time."));
  } else if (item.measured_instead) {
    const m = item.measured_instead;
    out.push(el("h3", {}, "How it would have ended"), el("p", {}, `Not measured itself: the one of ${at(m.time)}, of the same profile, symbol and side, was open. That one would have ended `, tag(m.would_have.label, {TARGET: "good", STOP: "bad"}[m.would_have.label]),
      m.would_have.exited ? `at ${short(m.would_have.r_multiple, 3)} R before costs.` : "and never been entered."));
  } else if (item.kind === "near" || item.kind === "listed") {
    out.push(el("p", {class: "dim"}, "How it would have ended is not known: another one of the same profile, symbol and side was measured, or the data ended."));
  }
  if (o) {
    out.push(el("h3", {}, "Outcome"), facts([["label", verdict(item)],
      o.entered && ["entered", `${at(o.entered)} at ${o.entry_price}`], o.exited && ["exited", `${at(o.exited)} at ${o.exit_price}`],
      o.entered && ["result, net", `${signed(thousands(o.profit_net))} USD`], o.entered && ["R", short(o.r_multiple, 3)], o.entered && ["return, net", `${short(o.return_net_percent, 3)} %`],
      o.mae !== null && ["worst / best excursion", `${o.mae} / ${o.mfe} USD`]]));
  }
  for (const r of item.receipts || []) out.push(el("p", {class: "dim"}, `${r.channel || "channel"}: ${r.state} at ${at(r.time)}${r.detail ? ", " + r.detail : ""}`));
  return out;
}

function planOf(item) {
  if (!item.entry) return [];
  return [{name: "entry", price: +item.entry, color: "--text", dash: []}, {name: "stop", price: +item.stop, color: "--bad", dash: [6, 4]},
    {name: "target", price: +item.target, color: "--good", dash: [6, 4]}];
}
// From the trigger until it ended, was cancelled or expired.
function zoneOf(item, from) {
  if (!item.entry) return null;
  const o = item.outcome || item.would_have;
  const end = o && o.exited || item.cancelled && item.cancelled.time || item.expires;
  return {from: ms(item.triggered || item.time) - from, to: ms(end) - from, entry: +item.entry, stop: +item.stop, target: +item.target, short: item.side === "sell"};
}
// Shapes of the legend, in their colours.
function markLegend(market) {
  const seen = new Set(heat.level_spans.map((s) => s.detector));
  const glyphs = {cross: "✕", ring: "○", diamond: "◆", triangle: "▲"};
  const said = Object.entries(LEVEL_MARKS).filter(([name]) => seen.has(name))
    .map(([name, style]) => el("span", {}, el("b", {style: `color:var(${style.color})`}, glyphs[style.shape], " ", style.label), `: ${style.text}, ${name.startsWith("bid") ? "bid" : name.startsWith("ask") ? "ask" : ""} (${heat.level_spans.filter((s) => s.detector === name).length})`.replace(",  (", " (")));
  return [...said, market.walls.length > 0 && el("span", {}, el("b", {}, "▭"), ` standing wall, a second or longer (${market.walls.length})`),
    market.planted.length > 0 && el("span", {}, el("b", {style: "color:var(--planted)"}, "┄"), ` planted by the simulator (${market.planted.length})`)];
}
function momentsOf(item, from) {
  const moment = (name, iso, color, dash) => iso ? [{name, t: ms(iso) - from, color, dash}] : [];
  const o = item.outcome || item.would_have;
  return [...moment(item.kind === "near" ? "evaluated" : "trigger", item.triggered || item.time, "--accent", []),
    ...moment("cancelled", item.cancelled && item.cancelled.time, "--bad", [2, 3]), ...moment("entered", o && o.entered, "--text", [2, 3]),
    ...moment(o ? o.label : "", o && (o.exited || o.time), o && o.label === "TARGET" ? "--good" : "--bad", [4, 3]),
    ...moment("expires", item.expires, "--dim", [1, 4])];
}

function heatPanel(item) {
  if (!item.market) return el("p", {class: "dim"}, "The market around this one is not part of the report (too many); ", copyable(command("trace", item.correlation_id)), " shows its events.");
  if (item.market.columns === 0 || item.market.rows.length === 0) return el("p", {class: "dim"}, "No book was shown around this moment.");
  const from = ms(item.market.from);
  const window_clock = (t, decimals) => clock(from + t, decimals);
  window_clock.offset = (t) => from + t + OFFSET;
  const readout = el("div", {class: "readout"}, "Point at the map for time, price and size.");
  const holder = el("div", {class: "heat"});
  const legend = el("canvas", {width: 120, height: 14});
  const zooms = [[null, "whole window"], [60, "60 s"], [20, "20 s"], [5, "5 s"]].map(([seconds, label]) =>
    el("button", {type: "button", "aria-pressed": String(seconds === null), onclick: (e) => {
      heat.zoom(seconds);
      zooms.forEach((z) => z.setAttribute("aria-pressed", String(z === e.currentTarget)));
    }}, label));
  const m = item.market;
  const panel = el("div", {}, el("div", {class: "tools"}, el("span", {class: "dim"}, "around the trigger:"), zooms), holder, readout);
  draw_later = () => {  // once it has its place in the page, and so its width
    const drawn = el("span", {});
    heat = new HeatMap(holder, m, {zone: zoneOf(item, from), onDraw: () => { if (heat) drawn.textContent = heat.trades_hidden > 0 ? `the ${count(heat.trades_drawn)} largest of ${count(heat.trades_drawn + heat.trades_hidden)} trades in view; closer in shows all` : ""; },
      plan: planOf(item), moments: momentsOf(item, from), clock: window_clock, readout, unit: "shares"});
    heat.drawLegend(legend);
    panel.append(el("div", {class: "legend"},
      el("span", {}, `size shown, bids and asks: ${count(Math.round(heat.scale.low))} `, legend, ` ${count(Math.round(heat.scale.high))} shares or more (logarithmic)`),
      el("span", {}, el("span", {class: "bid"}, "▲"), " buyer crossed the spread, ", el("span", {class: "ask"}, "▼"), " seller did, ● not known; area by the size traded in 250 ms"),
      markLegend(m), drawn, el("span", {}, "lines: best bid and ask; best 10 levels, every 250 ms"),
      m.trades_left_out + m.rows_left_out + m.detectors_left_out + m.walls_left_out > 0 && el("span", {}, `left out: ${plural(m.trades_left_out, "trade")}, ${plural(m.rows_left_out, "far price level")}, ${plural(m.detectors_left_out, "detector mark")}, ${plural(m.walls_left_out, "wall")}`)));
    heat.onDraw();
    document.body.dataset.cells = String(heat.cells);
  };
  return panel;
}

function detail(item) {
  const what = {alert: item.shadow ? "Shadow alert" : "Alert", refused: "Refused", near: item.preview ? "Preview" : "Near miss"}[item.kind];
  return [el("h3", {}, `${what}: ${item.symbol} `, shortTag(item), verdict(item), item.alert && item.alert.low_confidence ? tag("low confidence") : "",
      el("span", {class: "dim"}, ` ${at(item.triggered || item.time)} New York · ${item.instance} · bid ${item.quote.bid} × ${thousands(item.quote.bid_size)} / ask ${item.quote.ask} × ${thousands(item.quote.ask_size)}`)),
    heatPanel(item),
    el("div", {class: "columns"}, el("div", {}, el("h3", {}, "Score, rule by rule"), scoreTable(item)), el("div", {}, decisionFacts(item),
      el("h3", {}, "The whole story"), el("p", {}, copyable(command("trace", item.correlation_id))),
      el("details", {}, el("summary", {class: "dim"}, "ids"), facts([["correlation", item.correlation_id], ["signal", item.signal_id], ["intent", item.intent_id],
        ["decision", item.decision && item.decision.id], ["alert", item.alert && item.alert.id], ["outcome", item.outcome && item.outcome.id]].filter(([, id]) => id).map(([n, id]) => [n, el("code", {}, id)])))))];
}

// ---------------------------------------------------------------- the explorer: list and detail

const groups = {alert: report.alerts, refused: report.refused, near: report.near_misses};
for (const [kind, list] of Object.entries(groups)) for (const item of list) item.kind = kind;
let shown = null;

function itemButton(item) {
  const missing = item.rules.filter((r) => r.failed).map((r) => r.rule);
  const button = el("button", {type: "button", class: "item", "aria-pressed": "false", onclick: () => explore(item)},
    el("b", {}, item.symbol), ` ${at(item.triggered || item.time)} `, shortTag(item), verdict(item), item.shadow ? tag("SHADOW") : "",
    el("small", {}, `score ${short(item.score)}, needed ${short(item.threshold)}`, item.kind === "near" ? `; failed ${missing.slice(0, 3).join(", ")}${missing.length > 3 ? ` and ${missing.length - 3} more` : ""}` : item.outcome && item.outcome.entered ? `; ${short(item.outcome.r_multiple, 3)} R` : ""));
  item.button = button;
  return button;
}

function explore(item) {
  if (shown) shown.button.setAttribute("aria-pressed", "false");
  if (!item.button || !item.button.isConnected) showGroup(item.kind, false);
  shown = item;
  item.button.setAttribute("aria-pressed", "true");
  const list = document.getElementById("items"), {offsetTop, offsetHeight} = item.button;  // the list scrolls, never the page
  if (offsetTop < list.scrollTop) list.scrollTop = offsetTop;
  if (offsetTop + offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = offsetTop + offsetHeight - list.clientHeight;
  heat = null;
  draw_later = null;
  document.getElementById("detail").replaceChildren(...detail(item).flat(9));
  if (draw_later) draw_later();
}

function showGroup(kind, first = true) {
  const items = document.getElementById("items");
  const instances = [...new Set(groups[kind].map((item) => item.instance))];
  items.replaceChildren(...instances.flatMap((instance) => {
    const mine = groups[kind].filter((item) => item.instance === instance);
    return [instances.length > 1 && el("div", {class: "group"}, instance, el("span", {class: "dim"}, ` ${count(mine.length)}`)), ...mine.map(itemButton)].filter(Boolean);
  }));
  for (const tab of document.querySelectorAll("[data-group]")) tab.setAttribute("aria-pressed", String(tab.dataset.group === kind));
  if (first && groups[kind].length > 0) explore(groups[kind][0]);
}

function move(step) {
  if (!shown) return;
  const list = [...document.querySelectorAll("#items .item")].map((button) => groups[shown.kind].find((item) => item.button === button));
  const next = list[list.indexOf(shown) + step];
  if (next) explore(next);
}

function momentsSection() {
  const tabs = [["alert", "alerts"], ["refused", "refused by risk"], ["near", "near misses"]].map(([kind, label]) =>
    el("button", {type: "button", "data-group": kind, disabled: groups[kind].length === 0, onclick: () => showGroup(kind)}, `${label} (${groups[kind].length})`));
  section("moments", "Moments", "Moment by moment",
    groups.alert.length === 0 && el("p", {}, "There was no alert. ", groups.near.length > 0 ? "The signals that came nearest, best first:" : "And no signal came near enough to be recorded."),
    el("div", {class: "tools"}, tabs, el("span", {class: "dim"}, "j / k: next, previous")),
    el("div", {class: "explorer"}, el("div", {id: "items", class: "items"}), el("div", {id: "detail", class: "detail panel"}, el("p", {class: "dim"}, "Nothing to show."))));
  const kind = ["alert", "near", "refused"].find((k) => groups[k].length > 0);
  if (kind) showGroup(kind);
}

// ---------------------------------------------------------------- the other sections

function happenedSection() {
  const s = report.session;
  document.getElementById("subtitle").textContent = s.first_time === null ? "" :
    `${new Date(ms(s.first_time) + OFFSET).toISOString().slice(0, 10)}, ${at(s.first_time, 0)} to ${at(s.last_time, 0)} New York`;
  section("happened", "Summary", "What happened", el("div", {class: "panel"},
    el("ul", {class: "sentences"}, report.summary.map((text) => el("li", {}, text))),
    el("h3", {}, "Session"), facts([["symbols", count(s.symbols)], ["market events", count(s.market_events)], ["trades", count(s.trades)],
      s.first_time && ["span", duration((ms(s.last_time) - ms(s.first_time)) / 1000)],
      ["signals accepted", count(report.alerts.length + report.refused.length + report.counts.signals_left_out)], ["signals rejected", count(report.counts.rejected)]])));
}

function chartSection() {
  const drawn = report.symbols.filter((s) => s.line && s.line.points.t.length > 0);
  if (drawn.length === 0) return;
  const canvas = el("canvas", {role: "img", "aria-label": "Price, VWAP and volume over the session, with alerts"});
  let symbol = drawn.find((s) => s.symbol === ((report.alerts[0] || report.near_misses[0] || {}).symbol)) || drawn[0];
  const entry = {};
  const note = el("p", {class: "dim"});
  const explain = () => { note.textContent = `Each point is ${plural(symbol.line.bucket_seconds, "second")} of trades, the band from their lowest to their highest. VWAP: eligible prints of the regular session. Click a mark for its details.`; };
  const buttons = drawn.length > 1 ? drawn.map((s) => el("button", {type: "button", "aria-pressed": String(s === symbol), onclick: (e) => {
    symbol = s;
    for (const b of e.currentTarget.parentNode.children) b.setAttribute("aria-pressed", String(b === e.currentTarget));
    entry.chart.chart.destroy();
    entry.chart.chart = entry.chart.make();
    explain();
  }}, s.symbol)) : [];
  section("chart", "Chart", "Session", el("div", {class: "panel"}, el("div", {class: "tools"}, buttons), el("div", {class: "chart"}, canvas), note));
  entry.chart = chart(canvas, () => sessionChart(symbol));
  explain();
}

function nearMissSection() {
  const near = report.profiles.map((p) => `${p.instance}: an alert needs ${short(p.threshold)} points; a rejection is recorded from ${short(p.near_miss)} on`);
  const best = Math.max(...report.rejections.map((r) => r.count), 1);
  // "S0-3.2 bid_ask_ratio(levels=10)": the parameters stand in the table of the rules.
  const reason = (text) => {
    const [rule, feature] = text.split(" ");
    return !feature || feature === "in_universe" ? words(rule) : `${rule} ${(FEATURES[feature.replace(/\(.*/, "")] || [words(feature)])[0]}`;
  };
  const full = (instance) => Math.max(...report.profiles.filter((p) => p.instance === instance).map((p) => p.threshold), ...report.rejections.filter((r) => r.instance === instance).map((r) => r.best_score), 1e-9);
  const groups_of = (instance) => table(["best score", "failed", "#times", "", "best one"], report.rejections.filter((r) => r.instance === instance).map((r) => [
    [el("span", {class: "meter"}, el("i", {style: `width:${Math.max(0, Math.min(100, 100 * r.best_score / full(instance)))}%`})), ` ${short(r.best_score)}`],
    r.failed.map(reason).join("; "), count(r.count), el("span", {class: "meter"}, el("i", {style: `width:${100 * r.count / best}%`})), `${r.best_symbol} ${at(r.best_time)}`]));
  const rejecting = [...new Set(report.rejections.map((r) => r.instance))];
  const held = (r) => r.snapshots === 0 ? "-" : [el("span", {class: "meter"}, el("i", {style: `width:${100 * r.held / r.snapshots}%`})), ` ${count(r.held)} of ${count(r.snapshots)}`];
  const statistics = (instance) => report.rules.filter((r) => sided(r) === instance).map((r) => ({class: r.held === 0 && r.ready > 0 && !r.gate ? "failed" : null, cells: [
    r.rule, featureText(r.feature), el("span", {class: "whole"}, wanted(r)), r.gate ? el("span", {class: "dim"}, "gate") : short(r.points), held(r),
    r.best === null ? "never ready" : [valueText(r, r.best), el("span", {class: "dim"}, ` ${r.best_symbol} ${at(r.best_time)}`)],
    Object.entries(r.not_ready).map(([why, n]) => `${why === "not_carried" ? "not carried by this feed" : words(why)} ${count(n)}`).join(", ") + (r.passes_not_ready ? " (lets pass)" : "")]}));
  const sided = (r) => r.instance + (report.rules.some((other) => other.instance === r.instance && other.side === "sell") ? r.side === "sell" ? ", short side" : ", long side" : "");
  const instances = [...new Set(report.rules.map(sided))];
  section("near", "Near misses", "Near misses", el("div", {class: "panel"},
    el("p", {class: "dim"}, near.join("; "), near.length ? ". The same rejection of the same symbol is recorded once in ten seconds unless the profile says otherwise." : ""),
    el("h3", {}, "What failed together"),
    rejecting.length === 0 ? el("p", {class: "dim"}, "No rejected signal was recorded.") : rejecting.map((instance) => [rejecting.length > 1 && el("p", {}, el("b", {}, instance)), groups_of(instance)]),
    el("h3", {}, "How often each rule held"),
    el("p", {class: "dim"}, "Of the snapshots at 250 ms boundaries, of all symbols, members of the universe or not. Best: the value nearest to the limit, or farthest beyond it."),
    instances.map((instance) => [instances.length > 1 && el("p", {}, el("b", {}, instance)),
      table(["rule", "what", "wanted", "#points", "held", "best", "not ready"], statistics(instance))])));
}

function universeSection() {
  const rows = report.universe.map((u) => [u.instance, u.symbol, u.included ? el("span", {class: "good"}, "in") : el("span", {class: "bad"}, "out"),
    u.first_included ? `${duration(u.included_seconds)}, first ${at(u.first_included, 0)}` : "never",
    u.exclusions.map((x) => el("div", {class: u.excluded_by.includes(x.rule) ? null : "dim"}, el("b", {}, x.rule), `: seen ${x.seen || "-"}${x.limit ? `, limit ${x.limit}` : ""}`,
      el("span", {class: "dim"}, ` (${plural(x.times, "time")}, ${at(x.first, 0)}${x.last === x.first ? "" : ` to ${at(x.last, 0)}`})`)))]);
  section("universe", "Universe", "Universe", el("div", {class: "panel"}, el("p", {class: "dim"}, "Every rule that excluded a symbol at some time, with what was seen last; grey where it no longer did at the end."),
    table(["profile", "symbol", "at the end", "member for", "excluded by"], rows, {empty: "The universe was never decided: no inputs, or no profile."})));
}

// The last of those that are shown one by one.
function lastRefused(refusal) {
  const last = report.refused.filter((i) => i.instance === refusal.instance && i.decision && i.decision.rule === refusal.rule).pop();
  if (!last) return "";
  const d = last.decision, of = (x) => `${thousands(short(x, 6))}${d.unit ? ` ${d.unit}` : ""}`;
  return el("span", {class: "reference"}, `${last.symbol} ${at(last.triggered)}: ${d.detail ? `${d.detail}, ` : ""}seen ${of(d.seen)}, limit ${of(d.limit)}`);
}

function riskSection() {
  section("risk", "Risk", "Risk and interruptions", el("div", {class: "panel"},
    el("h3", {}, "Refusals"), table(["profile", "rule", "#signals", "the last one"], report.refusals.map((r) => [r.instance, r.rule, count(r.count), lastRefused(r)]), {empty: "Risk refused nothing."}),
    el("h3", {}, "Pauses, halts, headlines, feed"),
    table(["time", "what", "who", ""], report.notices.map((n) => [at(n.time), n.kind, n.symbol || n.instance || "all", n.text]), {empty: "None."}),
    report.counts.notices_left_out > 0 && el("p", {class: "dim"}, `${count(report.counts.notices_left_out)} more are left out.`)));
}

const half = (minute) => `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
function timeSection() {
  const buckets = report.time_of_day;
  const panel = el("div", {class: "panel"});
  section("time", "Time of day", "Time of day", panel);
  if (buckets.length === 0) { panel.append(el("p", {class: "dim"}, "No signal was recorded.")); return; }
  const canvas = el("canvas", {role: "img", "aria-label": "Signals by half hour"});
  panel.append(el("p", {class: "dim"}, "Signals of all profiles by half hour of New York time. How they ended, by half hour, stands in the scorecard."), el("div", {class: "chart small"}, canvas));
  const minutes = [];
  for (let m = buckets[0].minute; m <= buckets[buckets.length - 1].minute; m += 30) minutes.push(m);
  const of = (key) => minutes.map((m) => (buckets.find((b) => b.minute === m) || {[key]: 0})[key]);
  const set = (label, key, color) => ({label, data: of(key), backgroundColor: css(color)});
  chart(canvas, () => ({type: "bar", data: {labels: minutes.map(half), datasets: [set("alerts", "alerts", "--good"), set("shadow alerts", "shadow_alerts", "--dim"),
    set("refused by risk", "refused", "--accent"), set("rejected", "rejected", "--vwap")].filter((d) => d.data.some((n) => n > 0))},
    options: {scales: {x: {stacked: true}, y: {stacked: true, ticks: {precision: 0}, title: {display: true, text: "signals"}}}}}));
}

function truthSection() {
  if (!report.truth) return;
  const kinds = Object.entries(report.truth).filter(([, k]) => k.planted + k.detected + k.false_alarms > 0);
  const share = (p, hits, of) => of === 0 ? "-" : [el("span", {class: "meter"}, el("i", {style: `width:${100 * p.value}%`})), ` ${(100 * p.value).toFixed(0)} % [${(100 * p.low).toFixed(0)}, ${(100 * p.high).toFixed(0)}]`];
  section("truth", "Truth", "Against the planted truth", el("div", {class: "panel"},
    el("p", {class: "dim"}, "The session is simulated; the episodes were planted and never shown to the processors. Recall: planted episodes that were detected. Precision: of what was reported, the part that was planted. In brackets: 95 % intervals."),
    table(["episode", "#planted", "#detected", "recall", "#false alarms", "precision", "#median delay"], kinds.map(([name, k]) => [words(name), count(k.planted), count(k.detected),
      share(k.recall, k.detected, k.planted), count(k.false_alarms), share(k.precision, k.detected, k.detected + k.false_alarms), k.delay_median_ms === null ? "-" : `${short(k.delay_median_ms, 3)} ms`]))));
}

function dataSection() {
  const carry = {book_levels: "book levels", book_full_depth: "full depth", orders: "single orders", trades: "trades", aggressor_side: "aggressor of trades", change_causes: "causes of book changes",
    trade_conditions: "trade conditions", receive_times: "receive times", status: "halts and session states", news: "news"};
  const panel = el("div", {class: "panel"});
  section("data", "Data", "Data", panel);
  for (const f of report.feeds) {
    const lacks = Object.entries(f.carries).filter(([, v]) => v === false).map(([k]) => carry[k]);
    panel.append(el("h3", {}, `Feed ${f.feed}: ${f.name}`), facts([["book levels", f.carries.book_full_depth ? "all" : count(f.carries.book_levels)], ["gaps", count(f.gaps)],
      ["stale / lagging / down", `${duration(f.stale_seconds)} / ${duration(f.lagging_seconds)} / ${duration(f.down_seconds)}`],
      ["receive - event time", f.lag_median_ms === null ? "not carried" : `median ${short(f.lag_median_ms, 3)}, 99% ${short(f.lag_p99_ms, 3)}, most ${short(f.lag_max_ms, 3)} ms`],
      ["not carried by this feed", lacks.join(", ") || "nothing lacks"]]));
  }
  panel.append(el("h3", {}, "Symbols"), table(["symbol", "#events", "#trades", "#volume", "#VWAP", "low to high", "first and last quote", "#crossed, locked, gaps"], report.symbols.map((s) => [
    [el("b", {}, s.symbol), el("div", {class: "dim reference"}, `${s.security_type === "unknown" ? "type unknown" : s.security_type}, float ${s.float === null ? "unknown" : thousands(s.float)}, ${s.volume_profile_sessions ? plural(s.volume_profile_sessions, "session") + " of volume" : "no volume history"}${s.halted_seconds > 0 ? `; halted for ${duration(s.halted_seconds)}` : ""}${s.trade_busts + s.trade_corrections > 0 ? `; ${plural(s.trade_busts + s.trade_corrections, "trade")} busted or corrected` : ""}`)],
    count(s.market_events), count(s.trades), thousands(s.trade_volume), s.trade_vwap === null ? "-" : s.trade_vwap.toFixed(6), s.low === null ? "-" : [el("span", {class: "whole"}, `${s.low} to`), ` ${s.high}`],
    s.first_quote ? [el("div", {class: "whole"}, `${s.first_quote.bid} / ${s.first_quote.ask}`), el("div", {class: "whole"}, `${s.last_quote.bid} / ${s.last_quote.ask}`)] : "none",
    `${count(s.crossed)}, ${count(s.locked)}, ${count(s.gaps)}`])),
    el("p", {class: "dim"}, "Events are rows of the source. Trades and volume: all prints of all sessions, hidden and cross prints included, before busts. Crossed, locked: rows after which the book was so; no decision is made on such a book."));
}

function madeSection() {
  const s = report.session;
  section("made", "How made", "How it was made", el("div", {class: "panel"},
    facts([["written by", s.build || "-"], ["computed by", s.builds.join(", ") || "-"], ["created", s.created || "-"], ["session", el("code", {}, s.directory)], ["digest", el("code", {}, s.digest)]]),
    el("h3", {}, "Verify"), el("p", {}, copyable(command("replay", "--verify"))), el("p", {}, copyable(command("log verify"))),
    el("h3", {}, "Lanes"), table(["lane", "#messages", "#rows", "#on disk", "#uncompressed", "whole", "last hash of its chain"], s.lanes.map((l) => [l.lane, count(l.messages), count(l.rows), bytes(l.bytes), bytes(l.raw_bytes),
      l.whole ? "yes" : el("b", {class: "bad"}, "no: cut, pruned or not closed"), el("code", {}, l.last_hash.slice(0, 16))])),
    report.profiles.map((p) => el("details", {}, el("summary", {}, `${p.instance} (${p.mode}, in force from ${at(p.effective)})`), p.problem ? el("p", {class: "bad"}, p.problem) : el("pre", {}, p.yaml)))));
}

// ---------------------------------------------------------------- themes, keys, start

function setTheme(theme, remember = true) {
  document.documentElement.dataset.theme = theme;
  document.getElementById("theme").textContent = theme === "dark" ? "light" : "dark";
  chartDefaults();
  for (const entry of charts) { entry.chart.destroy(); entry.chart = entry.make(); }
  for (const swatch of document.querySelectorAll("[data-profile]")) paintSwatch(swatch);
  if (heat) { heat.draw(); const legend = document.querySelector(".legend canvas"); if (legend) heat.drawLegend(legend); }
  if (remember) try { localStorage.setItem("spillway-theme", theme); } catch (refused) { /* a file may have no storage */ }
}
const toggled = () => document.documentElement.dataset.theme === "dark" ? "light" : "dark";

function start() {
  let theme = "dark";
  try { theme = localStorage.getItem("spillway-theme") || theme; } catch (refused) { /* as above */ }
  if (/[?&]theme=light/.test(location.search)) theme = "light";
  setTheme(theme, false);
  happenedSection();
  if (report.orders) ordersSection();
  profilesSection();
  chartSection();
  momentsSection();
  nearMissSection();
  universeSection();
  riskSection();
  signalsSection();
  timeSection();
  scorecardSection();
  accountsSection();
  truthSection();
  dataSection();
  madeSection();
  document.getElementById("theme").addEventListener("click", () => setTheme(toggled()));
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.key === "j") move(1);
    if (e.key === "k") move(-1);
    if (e.key === "t") setTheme(toggled());
  });
  let waiting = 0;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(() => { if (heat) heat.draw(); }, 100); });
  let before_print = null;  // the theme; paper is light
  addEventListener("beforeprint", () => { before_print = document.documentElement.dataset.theme; setTheme("light", false); });
  addEventListener("afterprint", () => setTheme(before_print || "dark", false));
  document.body.dataset.ready = "1";
}
start();
