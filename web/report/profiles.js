"use strict";
// The profiles of a run side by side: what each said and how it ended, equity curves, calibration, time of day, success
// criteria and accounts. Figures come from the scorecard and the instances of the report's JSON; here they are only drawn.

const FEW = 20;  // FX-17: fewer trades say nothing
// Okabe and Ito's palette again, a dash pattern with each colour.
const PROFILE_STYLES = [["#56b4e9", "#0072b2", []], ["#e69f00", "#b06f00", [7, 3]], ["#2bbf93", "#00795a", [2, 3]], ["#cc79a7", "#a8508a", [9, 3, 2, 3]],
  ["#f0e442", "#6a5d00", [4, 4]], ["#ee7733", "#c04d00", [1, 3]], ["#b8c4d4", "#4a5666", [12, 4]]];
function profileStyle(name) {
  const index = Math.max(0, report.instances.findIndex((i) => i.instance === name));
  const [dark, light, dash] = PROFILE_STYLES[index % PROFILE_STYLES.length];
  return {color: document.documentElement.dataset.theme === "light" ? light : dark, dash};
}
const shown_name = (name) => name.replace(/#1$/, "");

// ---------------------------------------------------------------- estimates in words

function interval(e, digits, unit, key = "mean", factor = 1) {
  if (!e || e[key] === null || e[key] === undefined) return "-";
  const show = (x) => `${+(factor * x).toFixed(digits)}`;
  return `${show(e[key])}${unit}${e.low === null || e.low === undefined ? "" : ` [${show(e.low)}, ${show(e.high)}]`}`;
}
const rate = (p) => !p || p.n === 0 ? "-" : `${interval(p, 0, " %", "value", 100)} of ${p.n}`;
const greyIf = (few, text) => few ? el("span", {class: "dim"}, text) : text;

// Whiskers from `low` to `high` of each point, and n above them: `data` items carry {low, high, n}.
const whiskers = {
  id: "whiskers",
  afterDatasetsDraw(drawn) {
    const g = drawn.ctx;
    drawn.data.datasets.forEach((set, k) => {
      if (!set.whiskers || !drawn.isDatasetVisible(k)) return;
      const scale = drawn.scales[set.yAxisID || "y"];
      drawn.getDatasetMeta(k).data.forEach((point, i) => {
        const item = set.data[i];
        if (!item || item.y === null || item.y === undefined) return;
        g.save();
        g.strokeStyle = g.fillStyle = css("--text");
        g.lineWidth = 1.3;
        let top = point.y;
        if (item.low !== null && item.low !== undefined) {
          const ends = [item.low, item.high].map((v) => Math.min(scale.bottom, Math.max(scale.top, scale.getPixelForValue(v))));
          line(g, point.x, ends[0], point.x, ends[1]);
          [item.low, item.high].forEach((v, end) => {  // an arrow where it goes on outside
            const back = v < scale.min ? -5 : v > scale.max ? 5 : 0;
            line(g, point.x - 4, ends[end] + back, point.x, ends[end]);
            line(g, point.x, ends[end], point.x + 4, ends[end] + back);
          });
          top = Math.min(top, ends[1]);
        }
        if (set.counts) {
          g.font = "10px system-ui, sans-serif";
          g.textAlign = "center";
          g.textBaseline = "bottom";
          g.fillStyle = css("--dim");
          g.fillText(`n ${item.n}`, point.x, top - 3);
        }
        g.restore();
      });
    });
  },
};

// Bars with whiskers: `rows` are {label, value, low, high, n, few}.
function estimateChart(rows, {title, unit, min, max, color, zero}) {
  // An interval of two trades must not flatten all others: it is cut, with an arrow.
  const values = rows.map((r) => r.value).filter((v) => v !== null);
  const reach = Math.max(2, 3 * Math.max(...values.map(Math.abs)));
  const ends = rows.flatMap((r) => [r.low, r.high]).filter((v) => v !== null && v !== undefined).map((v) => Math.max(-reach, Math.min(reach, v)));
  const range = min !== undefined ? {min, max} : {suggestedMin: Math.min(0, ...values, ...ends), suggestedMax: Math.max(0, ...values, ...ends)};
  return () => ({
    type: "bar",
    data: {labels: rows.map((r) => r.label), datasets: [{label: title, whiskers: true, counts: true, maxBarThickness: 34,
      data: rows.map((r) => ({x: r.label, y: r.value, low: r.low, high: r.high, n: r.n})),
      backgroundColor: rows.map((r) => r.few ? css("--dim") + "55" : color() + "aa"), borderColor: rows.map((r) => r.few ? css("--dim") : color()), borderWidth: 1}]},
    options: {layout: {padding: {top: 16}}, scales: {x: {grid: {display: false}}, y: {...range, title: {display: true, text: unit}, grid: {color: zero ? zeroLine : css("--line")}}},
      plugins: {legend: {display: false}, tooltip: {callbacks: {label: (c) => `${short(c.raw.y, 3)} ${unit}${c.raw.low === null || c.raw.low === undefined ? "" : ` [${short(c.raw.low, 3)}, ${short(c.raw.high, 3)}]`}, n ${c.raw.n}${c.raw.n < FEW ? ": too few to say anything" : ""}`}}}},
    plugins: [whiskers],
  });
}
const percentRow = (label, p) => ({label, value: p.n === 0 ? null : 100 * p.value, low: p.low === null || p.low === undefined ? null : 100 * p.low, high: p.low === null || p.low === undefined ? null : 100 * p.high, n: p.n, few: p.n < FEW});
const meanRow = (label, e) => ({label, value: e.n === 0 ? null : e.mean, low: e.low, high: e.high, n: e.n, few: e.n < FEW});

// ---------------------------------------------------------------- side by side

// [what, of each profile's scorecard, a hint]. A row that no profile has anything for is left out.
const REFUSED = (s) => Object.entries(s.refusals);
const ROWS = [
  ["mode", (s) => (report.profiles.filter((p) => p.instance === s.name).pop() || {mode: "-"}).mode],
  ["signals accepted", (s) => count(s.signals.accepted)],
  ["alerts", (s) => count(s.alerts), "accepted signals that risk approved"],
  ["refused by risk", (s) => [count(REFUSED(s).reduce((sum, [, n]) => sum + n, 0)), ...REFUSED(s).map(([rule, n]) => el("div", {class: "dim reference"}, `${rule} ${count(n)}`))]],
  ["cancelled after the signal", (s) => count(s.signals.cancelled)],
  ["rejected", (s) => [count(s.signals.rejected), s.signals.repeated > 0 ? el("div", {class: "dim reference"}, `and ${plural(s.signals.repeated, "repeat")}, only counted`) : ""], "signals near the threshold that did not pass"],
  ["previews", (s) => s.signals.preview > 0 ? count(s.signals.preview) : null, "below the threshold, for tuning; never traded"],
  ["closed trades", (s) => count(s.win_rate.n), "entered, and ended at target, stop or time"],
  ["win rate", (s) => greyIf(s.win_rate.n < FEW, rate(s.win_rate)), "of the closed trades, with its 95 % interval"],
  ["hit rate", (s) => greyIf(s.hit_rate.n < FEW, rate(s.hit_rate)), "closed trades that ended at the target"],
  ["expectancy", (s) => s.win_rate.n === 0 ? "-" : greyIf(s.win_rate.n < FEW, `${interval(s.expectancy_r, 2, " R")} n ${count(s.win_rate.n)}`), "mean R of the closed trades, net"],
  ["average win", (s) => s.gain.money.n === 0 ? "-" : greyIf(s.gain.money.n < FEW, `${interval(s.gain.money, 2, " USD")} n ${count(s.gain.money.n)}`)],
  ["average loss", (s) => s.loss.money.n === 0 ? "-" : greyIf(s.loss.money.n < FEW, `${interval(s.loss.money, 2, " USD")} n ${count(s.loss.money.n)}`)],
  ["net profit", (s) => `${thousands(s.profit_net)} USD`],
  ["profit factor", (s) => s.profit_factor === null ? "-" : greyIf(s.win_rate.n < FEW, `${short(s.profit_factor, 3)} n ${count(s.win_rate.n)}`), "what the wins earned by what the others lost, net"],
  ["maximum drawdown", (s) => s.win_rate.n === 0 ? "-" : `${short(s.drawdown.amount, 6)} USD${s.drawdown.percent === null ? "" : `, ${short(s.drawdown.percent, 3)} %`}`, "of the closed trades in the order in which they closed"],
  ["near misses measured", (s) => count(s.would_have.all.measured), "rejected signals, as they would have ended; one at a time of a symbol and side"],
  ["would have won", (s) => greyIf(s.would_have.all.win_rate.n < FEW, rate(s.would_have.all.win_rate)), "of those that would have been entered, before costs"],
  ["would have made", (s) => { const e = s.would_have.all.expectancy_r_before_costs; return e.n === 0 ? "-" : greyIf(e.n < FEW, `${interval(e, 2, " R")} n ${count(e.n)}`); }, "mean R before costs"],
];

function comparisonTable(scores) {
  const rows = ROWS.map(([what, of, hint]) => ({what, hint, cells: scores.map(of)})).filter((r) => r.cells.some((c) => c !== null));
  return el("div", {class: "scroll"}, el("table", {class: "compare"},
    el("thead", {}, el("tr", {}, el("th", {}, ""), scores.map((s) => el("th", {class: "num"}, profileSwatch(s.name), shown_name(s.name))))),
    el("tbody", {}, rows.map((r) => el("tr", {}, el("td", {title: r.hint}, r.what), r.cells.map((c) => el("td", {class: "num"}, c === null ? "-" : c)))))));
}
function profileSwatch(name) {
  const swatch = el("i", {class: "line", "data-profile": name});
  paintSwatch(swatch);
  return swatch;
}
function paintSwatch(swatch) {
  swatch.style.borderTopColor = profileStyle(swatch.dataset.profile).color;
  swatch.style.borderTopStyle = profileStyle(swatch.dataset.profile).dash.length === 0 ? "solid" : "dashed";
}

// Steps: the sum of what the closed trades made, from the session's first moment on.
function equityCurve(score, key) {
  let sum = 0;
  const points = score.trades.map((t) => ({x: ms(t.exited), y: sum += +t[key], trade: t}));
  const first = ms(report.session.first_time), last = ms(report.session.last_time);
  return [{x: first, y: 0}, ...points, {x: Math.max(last, points.length ? points[points.length - 1].x : last), y: sum}];
}
function equityChart(scores, key, unit) {
  return {
    type: "line",
    data: {datasets: scores.map((s) => {
      const {color, dash} = profileStyle(s.name);
      return {label: `${shown_name(s.name)}, n ${count(s.trades.length)}`, data: equityCurve(s, key), stepped: "before", borderColor: color, backgroundColor: color, borderDash: dash, borderWidth: 2,
        pointRadius: (c) => c.raw && c.raw.trade ? 2.5 : 0, pointHitRadius: 6};
    })},
    options: {parsing: false, interaction: {mode: "nearest", intersect: false},
      scales: {x: timeAxis({min: ms(report.session.first_time), max: ms(report.session.last_time)}), y: {title: {display: true, text: unit}, grid: {color: zeroLine}}},
      plugins: {legend: {labels: {usePointStyle: true, pointStyle: "line"}}, tooltip: {callbacks: {title: (c) => c.length ? clock(c[0].parsed.x, 0) : "",
        label: (c) => `${c.dataset.label}: ${short(c.parsed.y, 5)} ${unit}${c.raw.trade ? ` (${c.raw.trade.symbol} ${c.raw.trade.outcome} ${short(+c.raw.trade[key], 4)})` : ""}`}}}},
  };
}
const zeroLine = (c) => c.tick.value === 0 ? css("--text") : css("--line");
const timeAxis = (more) => ({type: "linear", ticks: {callback: (t) => clock(t, 0).slice(0, 5), maxRotation: 0}, afterBuildTicks: (axis) => { axis.ticks = wholeTicks(axis.min, axis.max, timeStep(axis.max - axis.min)); }, title: {display: true, text: "New York time"}, ...more});

function profilesSection() {
  const scores = (report.scorecard && report.scorecard.instances) || [];
  if (scores.length === 0) return;
  const panel = el("div", {class: "panel"});
  section("profiles", "Profiles", scores.length === 1 ? "The profile" : "Profiles side by side", panel);
  const figures = el("div", {});
  panel.append(el("div", {class: scores.length > 3 ? null : "columns even"},
    el("div", {}, comparisonTable(scores), el("p", {class: "dim"}, `In brackets: 95 % intervals, which assume independent trades. Grey: under ${FEW} trades, too few to say anything.`)), figures));
  const closed = scores.filter((s) => s.win_rate.n > 0);
  if (closed.length === 0) { figures.append(el("h3", {}, "Equity"), el("p", {class: "dim"}, "No trade closed, so that there is no equity curve and no rate to compare.")); return; }

  const canvas = el("canvas", {role: "img", "aria-label": "Cumulative net result of closed trades, by profile"});
  const units = {profit_net: "USD, net", r: "R, net"};
  let key = "profit_net";
  const entry = {};
  const buttons = Object.entries(units).map(([k, label]) => el("button", {type: "button", "aria-pressed": String(k === key), onclick: (e) => {
    key = k;
    for (const b of buttons) b.setAttribute("aria-pressed", String(b === e.currentTarget));
    entry.chart.chart.destroy();
    entry.chart.chart = entry.chart.make();
  }}, label));
  figures.append(el("div", {class: "tools"}, el("b", {}, "Equity: closed trades, summed"), buttons), el("div", {class: "chart small"}, canvas));
  entry.chart = chart(canvas, () => equityChart(closed, key, units[key]));
  if (closed.length < 2) return;
  const pair = el("div", {class: "figures"});
  figures.append(pair);
  const compare = (title, rows, options) => {
    const holder = el("canvas", {role: "img", "aria-label": `${title} by profile, with 95 % intervals`});
    pair.append(el("figure", {}, el("figcaption", {}, title), el("div", {class: "chart small"}, holder)));
    chart(holder, estimateChart(rows, options));
  };
  compare("Win rate", closed.map((s) => percentRow(shown_name(s.name), s.win_rate)), {title: "win rate", unit: "% won", min: 0, max: 100, color: () => css("--bid")});
  compare("Expectancy, R a trade", closed.map((s) => meanRow(shown_name(s.name), {...s.expectancy_r, n: s.win_rate.n})), {title: "expectancy", unit: "R", color: () => css("--bid"), zero: true});
}

// ---------------------------------------------------------------- scorecard: calibration, time of day, criteria

function rankText(c, of) {
  if (c.n === 0 || c.rho === null) return null;
  return el("p", {class: c.n < FEW ? "dim" : null}, `Rank correlation of score and R (Spearman), ${of}: ${interval(c, 2, "", "rho")}, n ${c.n}${c.n < FEW ? ": too few to say anything" : ""}.`);
}

function histogram(s, make) {
  if (!s.r_histogram.some((r) => r.n > 0)) return null;
  const rows = [];  // those between that are empty stand in their place
  for (const r of s.r_histogram) {
    const before = rows[rows.length - 1];
    for (let low = before ? before.high : null; low !== null && r.low !== null && low < r.low - 0.25; low += 0.5) rows.push({low, high: low + 0.5, n: 0});
    rows.push(r);
  }
  const canvas = el("canvas", {role: "img", "aria-label": "Closed trades by R"});
  const label = (r) => r.low === null ? `< ${short(r.high)}` : r.high === null ? `>= ${short(r.low)}` : short(r.low);
  make.push(() => chart(canvas, () => ({type: "bar", data: {labels: rows.map(label), datasets: [{label: "trades", data: rows.map((r) => r.n),
    backgroundColor: rows.map((r) => css(r.low === null || r.low < 0 ? "--bad" : "--good") + "aa")}]},
    options: {scales: {x: {title: {display: true, text: "R, from"}}, y: {ticks: {precision: 0}, title: {display: true, text: "trades"}}}, plugins: {legend: {display: false}}}})));
  return el("figure", {}, el("figcaption", {}, `R multiples, n ${count(s.win_rate.n)}`), el("div", {class: "chart small"}, canvas));
}

function scorecardCharts(s) {
  const make = [];
  const figure = (title, label, rows, options) => {
    const canvas = el("canvas", {role: "img", "aria-label": label});
    make.push(() => chart(canvas, estimateChart(rows, options)));
    return el("figure", {}, el("figcaption", {}, title), el("div", {class: "chart small"}, canvas));
  };
  const percent = {unit: "% won", min: 0, max: 100, color: () => css("--bid")};
  const bands = [...s.calibration].reverse();
  const figures = el("div", {class: "figures"},
    bands.length > 0 && figure("Calibration: win rate by score band", "Win rate by score band", bands.map((b) => percentRow(`${short(b.low)} to <${short(b.high)}`, b.win_rate)), {...percent, title: "win rate"}),
    s.by_time_of_day.length > 0 && figure("Win rate by half hour (New York)", "Win rate by half hour", s.by_time_of_day.map((r) => percentRow(r.start, r.win_rate)), {...percent, title: "win rate"}),
    s.by_time_of_day.length > 0 && figure("Expectancy by half hour, R", "Expectancy by half hour", s.by_time_of_day.map((r) => meanRow(r.start, {...r.expectancy_r, n: r.win_rate.n})), {unit: "R", title: "expectancy", color: () => css("--bid"), zero: true}),
    histogram(s, make));
  return {figures, draw: () => make.forEach((f) => f())};
}

function criteriaTable(s) {
  if (s.criteria.length === 0) return null;
  const unit = (c) => c.unit ? ` ${c.unit}` : "";
  const target = (c) => [c.at_least !== null && `at least ${short(c.at_least)}${unit(c)}`, c.at_most !== null && `at most ${short(c.at_most)}${unit(c)}`].filter(Boolean).join(", ") || "-";
  const act = (c) => !c.consequence ? "" : c.acts ? el("b", {class: "bad"}, `${c.consequence}: ${c.then}`)
    : el("span", {class: "dim"}, `${c.act_below !== null ? `below ${short(c.act_below)}` : `above ${short(c.act_above)}`}${unit(c)}: ${c.consequence}`);
  return [el("h3", {}, "Success criteria"), table(["id", "what", "target", "#measured", "#of", "", "what follows"], s.criteria.map((c) => ({class: c.verdict === "too_few" ? "grey" : null, cells: [
    c.id, words(c.measure), target(c), c.measured === null ? "-" : interval(c, 2, unit(c), "measured"), plural(c.n, c.of.replace(/s$/, ""), c.of),
    tag(words(c.verdict), {met: "good", missed: "bad"}[c.verdict]), act(c)]}))), el("p", {class: "dim"}, "What follows is a recommendation; what acts by itself is a limit of the account.")];
}

// The rest of the card, folded away: by symbol and side, excursions, halted minutes, near misses by the rule in their way.
function scorecardTables(s) {
  const grey = (list, cells) => list.map((r) => ({class: r.win_rate.n < FEW ? "grey" : null, cells: cells(r)}));
  const estimates = (r) => [rate(r.win_rate), interval(r.expectancy_r, 2, " R")];
  const e = s.excursions;
  const excursion = (name, x) => x.n === 0 ? null : [name, `${interval(x, 2, " R")}, n ${x.n}`];
  return el("details", {}, el("summary", {class: "dim"}, "by score, half hour, symbol and side, excursions, halts, near misses by rule"),
    el("h3", {}, "By score"), table(["score", "win rate", "expectancy"], grey(s.by_score, (r) => [short(r.score), ...estimates(r)])),
    el("h3", {}, "By half hour (New York)"), table(["from", "win rate", "expectancy"], grey(s.by_time_of_day, (r) => [r.start, ...estimates(r)])),
    el("h3", {}, "By symbol"), table(["symbol", "win rate", "expectancy", "#net, USD"], grey(s.by_symbol, (r) => [r.symbol, ...estimates(r), thousands(r.profit_net)])),
    s.by_side.length > 0 && [el("h3", {}, "By side"), table(["side", "win rate", "expectancy", "#net, USD"], grey(s.by_side, (r) => [r.side, ...estimates(r), thousands(r.profit_net)]))],
    s.win_rate.n > 0 && [el("h3", {}, "Worst and best excursion, in distances from entry to stop"), facts([excursion("MAE", e.mae_r), excursion("MAE of wins", e.mae_r_of_wins), excursion("MFE", e.mfe_r), excursion("MFE of losses", e.mfe_r_of_losses)])],
    s.halted.length > 0 && [el("h3", {}, "Minutes halted"), table(["scope", "#pauses", "#minutes", "#a day"], s.halted.map((h) => [h.scope, count(h.pauses), short(h.minutes, 3), h.minutes_per_day === null ? "-" : short(h.minutes_per_day, 3)]))],
    el("h3", {}, "Near misses by the rule that failed first: how they would have ended"),
    table(["rule", "#measured", "would have won", "R before costs"], grey(s.would_have.by_rule, (r) => [r.rule, count(r.measured), rate(r.win_rate), interval(r.expectancy_r_before_costs, 2, " R")]), {empty: "None was measured."}));
}

function scorecardSection() {
  if (!report.scorecard) return;
  const panel = el("div", {class: "panel"}, el("p", {class: "dim"}, `Measured at bid and ask on the market that followed, net of the profile's costs. In brackets and as whiskers: 95 % intervals, which assume independent trades. A trade is an alert that was entered and ended at TARGET, STOP or TIME. Grey: under ${FEW} trades, too few to say anything.`));
  section("scorecard", "Scorecard", "Scorecard", panel);
  for (const i of report.scorecard.instances) {
    panel.append(el("h3", {}, profileSwatch(i.name), shown_name(i.name), " ", i.shadow ? tag("SHADOW") : ""),
      facts([["alerts", count(i.alerts)], ["outcomes", Object.entries(i.outcomes).filter(([, n]) => n > 0).map(([l, n]) => `${l} ${n}`).join(", ") || "none"],
        ["win rate", rate(i.win_rate)], ["hit rate", rate(i.hit_rate)], ["closure rate", rate(i.closure_rate)], ["average gain", interval(i.gain.percent, 3, " %")], ["average loss", interval(i.loss.percent, 3, " %")],
        ["expectancy", interval(i.expectancy_r, 2, " R")], ["net result", `${thousands(i.profit_net)} USD`]]));
    panel.append(...i.warnings.map((text) => el("p", {class: "bad"}, text)), ...[criteriaTable(i)].flat().filter(Boolean));
    if (i.win_rate.n === 0) panel.append(el("p", {class: "dim"}, "No trade closed: nothing to draw by score or by time of day."));
    const {figures, draw} = scorecardCharts(i);
    panel.append(figures, ...[rankText(i.rank_correlation.closed, "closed trades"), rankText(i.rank_correlation.with_near_misses, "near misses among them, whose R is before costs")].filter(Boolean), scorecardTables(i));
    draw();
  }
}

// ---------------------------------------------------------------- accounts

function accountsSection() {
  const with_account = report.instances.filter((i) => i.account);
  if (with_account.length === 0) return;
  const panel = el("div", {class: "panel"}, el("p", {class: "dim"}, "A paper account takes every approved plan at bid and ask with the profile's costs; loss limits, stages and sizes act on it. It sees quotes at clock ticks, the outcomes above every one: the two may differ by a little.", report.orders ? " That of a profile whose intents become orders goes by the fills of its orders instead." : ""));
  section("accounts", "Accounts", "Accounts", panel);
  for (const i of with_account) {
    const a = i.account;
    panel.append(el("h3", {}, profileSwatch(i.instance), `${shown_name(i.instance)}: ${a.kind} account`, a.stage ? [" ", tag(`stage ${a.stage}`), a.stage_aborted ? tag("aborted", "bad") : ""] : ""),
      facts([["equity", `${thousands(a.equity)} USD`], ["day's result", `${signed(thousands(a.day_profit))} USD`], ["day's drawdown", `${thousands(a.day_drawdown)} USD`], ["week, gross", `${signed(thousands(a.week_profit_gross))} USD`],
        ["month's drawdown", `${thousands(a.month_drawdown)} USD`], ["settled cash", `${thousands(a.settled_cash)} USD`], ["risk in force", `${short(a.risk_percent)} %`], ["trades today", count(a.trades_today)],
        ["open positions", count(a.open_positions)], ["record", a.record.trades === 0 ? "no trade closed" : `${a.record.wins} of ${plural(a.record.trades, "trade")} won, ${short(a.record.sum_r / a.record.trades, 2)} R each`], a.stage && ["in this stage", a.stage_record.trades === 0 ? "no trade closed" : `${a.stage_record.wins} of ${plural(a.stage_record.trades, "trade")} won`], ["as of", at(a.time)]]),
      ...a.warnings.map((w) => el("p", {class: "bad"}, `${at(w.time, 0)}: ${w.text}`)));
    if (a.points.t.length < 2) continue;
    const canvas = el("canvas", {role: "img", "aria-label": `Equity of the account of ${i.instance}`});
    panel.append(el("div", {class: "chart small"}, canvas), a.points_left_out > 0 ? el("p", {class: "dim"}, `${count(a.points_left_out)} later changes are not drawn.`) : "");
    const of = (values) => a.points.t.map((t, k) => ({x: t, y: values[k]}));
    chart(canvas, () => ({type: "line", data: {datasets: [
      {label: "equity, USD", data: of(a.points.equity), stepped: "before", borderColor: profileStyle(i.instance).color, backgroundColor: profileStyle(i.instance).color, borderWidth: 2, pointRadius: 2},
      {label: "day's drawdown, USD", yAxisID: "down", data: of(a.points.day_drawdown.map(Math.abs)), stepped: "before", borderColor: css("--bad"), backgroundColor: css("--bad") + "22", fill: "origin", borderWidth: 1, pointRadius: 0}]},
      options: {parsing: false, scales: {x: timeAxis(),
        y: {title: {display: true, text: "equity, USD"}}, down: {position: "right", reverse: true, min: 0, suggestedMax: 3 * Math.max(...a.points.day_drawdown.map(Math.abs), 1), grid: {display: false}, title: {display: true, text: "drawdown, USD"}}},
        plugins: {tooltip: {callbacks: {title: (c) => c.length ? clock(c[0].parsed.x, 0) : ""}}}}}));
  }
}
