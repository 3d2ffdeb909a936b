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
const scoreOf = (name) => ((report.scorecard && report.scorecard.instances) || []).find((i) => i.name === name);

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
    options: {layout: {padding: {top: 16}}, scales: {x: {grid: {display: false}}, y: {...range, title: {display: true, text: unit}, grid: {color: (c) => zero && c.tick.value === 0 ? css("--text") : css("--line")}}},
      plugins: {legend: {display: false}, tooltip: {callbacks: {label: (c) => `${short(c.raw.y, 3)} ${unit}${c.raw.low === null || c.raw.low === undefined ? "" : ` [${short(c.raw.low, 3)}, ${short(c.raw.high, 3)}]`}, n ${c.raw.n}${c.raw.n < FEW ? ": too few to say anything" : ""}`}}}},
    plugins: [whiskers],
  });
}
const percentRow = (label, p) => ({label, value: p.n === 0 ? null : 100 * p.value, low: p.low === null || p.low === undefined ? null : 100 * p.low, high: p.low === null || p.low === undefined ? null : 100 * p.high, n: p.n, few: p.n < FEW});
const meanRow = (label, e) => ({label, value: e.n === 0 ? null : e.mean, low: e.low, high: e.high, n: e.n, few: e.n < FEW});

// ---------------------------------------------------------------- side by side

// [what, of each instance, a hint]. A row that no instance has anything for is left out.
function comparisonRows() {
  const refusals = (i) => report.refusals.filter((r) => r.instance === i.instance);
  const nearOf = (i) => { const s = scoreOf(i.instance); return s && s.near_miss_outcomes; };
  return [
    ["mode", (i) => (report.profiles.filter((p) => p.instance === i.instance).pop() || {mode: "-"}).mode],
    ["signals accepted", (i) => count(i.accepted)],
    ["alerts", (i, s) => s ? count(s.alerts) : "-", "accepted signals that risk approved"],
    ["refused by risk", (i) => { const n = refusals(i); return n.length === 0 ? "0" : [count(n.reduce((sum, r) => sum + r.count, 0)), ...n.map((r) => el("div", {class: "dim reference"}, `${r.rule} ${count(r.count)}`))]; }],
    ["cancelled after the signal", (i, s) => s ? count(s.signals.cancelled) : "-"],
    ["rejected", (i) => [count(i.rejected), i.repeats > 0 ? el("div", {class: "dim reference"}, `and ${count(i.repeats)} repeats, summed up`) : ""], "signals near the threshold that did not pass"],
    ["previews", (i) => i.previews > 0 ? count(i.previews) : null, "below the threshold, for tuning; never traded"],
    ["closed trades", (i, s) => s ? count(s.win_rate.n) : "-", "entered, and ended at target, stop or time"],
    ["win rate", (i, s) => s ? greyIf(s.win_rate.n < FEW, rate(s.win_rate)) : "-", "of the closed trades, with its 95 % interval"],
    ["expectancy", (i, s) => s && s.win_rate.n > 0 ? greyIf(s.win_rate.n < FEW, [interval(s.expectancy_r, 2, " R"), el("span", {class: "dim"}, ` n ${count(s.win_rate.n)}`)]) : "-", "mean R of the closed trades, net"],
    ["net profit", (i, s) => s ? `${thousands(s.profit_net)} USD` : "-"],
    ["profit factor", (i, s) => s && s.profit_factor !== undefined ? factorText(s) : null, "gains / losses"],
    ["maximum drawdown", (i, s) => s && s.drawdown ? drawdownText(s) : null, "of the sequence of closed trades"],
    ["near misses measured", (i) => { const n = nearOf(i); return n ? count(n.n) : null; }, "how rejected signals would have ended, measured one at a time"],
    ["would have won", (i) => { const n = nearOf(i); return n && n.win_rate ? greyIf(n.win_rate.n < FEW, rate(n.win_rate)) : null; }],
    ["would have made", (i) => { const n = nearOf(i); return n && n.expectancy_r ? greyIf(n.expectancy_r.n < FEW, interval(n.expectancy_r, 2, " R")) : null; }],
  ];
}
const factorText = (s) => s.profit_factor === null ? "-" : greyIf(s.win_rate.n < FEW, short(s.profit_factor, 3));
const drawdownText = (s) => `${thousands(String(s.drawdown.money))} USD${s.drawdown.percent === null || s.drawdown.percent === undefined ? "" : `, ${short(s.drawdown.percent, 3)} %`}`;

function comparisonTable() {
  const rows = comparisonRows().map(([what, of, hint]) => ({what, hint, cells: report.instances.map((i) => of(i, scoreOf(i.instance)))}))
    .filter((r) => r.cells.some((c) => c !== null && c !== undefined));
  return el("div", {class: "scroll"}, el("table", {class: "compare"},
    el("thead", {}, el("tr", {}, el("th", {}, ""), report.instances.map((i) => el("th", {class: "num"}, profileSwatch(i.instance), shown_name(i.instance))))),
    el("tbody", {}, rows.map((r) => el("tr", {}, el("td", {title: r.hint}, r.what), r.cells.map((c) => el("td", {class: "num"}, c === null || c === undefined ? "-" : c)))))));
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
function equityCurve(instance, key) {
  const {t, [key]: made} = instance.closed;
  let sum = 0;
  const order = t.map((_, i) => i).sort((a, b) => t[a] - t[b]);
  const points = order.map((i) => ({x: t[i], y: sum += +made[i], made: +made[i]}));
  const first = ms(report.session.first_time), last = ms(report.session.last_time);
  return [{x: first, y: 0}, ...points, {x: Math.max(last, points.length ? points[points.length - 1].x : last), y: sum}];
}
function equityChart(key, unit) {
  const first = ms(report.session.first_time), last = ms(report.session.last_time);
  return {
    type: "line",
    data: {datasets: report.instances.filter((i) => i.closed.t.length > 0).map((i) => {
      const {color, dash} = profileStyle(i.instance);
      return {label: `${shown_name(i.instance)}, n ${count(i.closed.t.length)}`, data: equityCurve(i, key), stepped: "before", borderColor: color, backgroundColor: color, borderDash: dash, borderWidth: 2,
        pointRadius: (c) => c.raw && c.raw.made !== undefined ? 2.5 : 0, pointHitRadius: 6};
    })},
    options: {parsing: false, interaction: {mode: "nearest", intersect: false},
      scales: {x: {type: "linear", min: first, max: last, ticks: {callback: (t) => clock(t, 0).slice(0, 5), maxRotation: 0}, afterBuildTicks: (axis) => { axis.ticks = wholeTicks(axis.min, axis.max, timeStep(axis.max - axis.min)); }, title: {display: true, text: "New York time"}},
        y: {title: {display: true, text: unit}, grid: {color: (c) => c.tick.value === 0 ? css("--text") : css("--line")}}},
      plugins: {legend: {labels: {usePointStyle: false, boxWidth: 26, boxHeight: 0}}, tooltip: {callbacks: {title: (c) => c.length ? clock(c[0].parsed.x, 0) : "",
        label: (c) => `${c.dataset.label}: ${short(c.parsed.y, 5)} ${unit}${c.raw.made === undefined ? "" : ` (this trade ${short(c.raw.made, 4)})`}`}}}},
  };
}

function profilesSection() {
  if (report.instances.length === 0) return;
  const panel = el("div", {class: "panel"});
  section("profiles", "Profiles", report.instances.length === 1 ? "The profile" : "Profiles side by side", panel);
  const table_holder = el("div", {}, comparisonTable(), el("p", {class: "dim"}, `In brackets: 95 % intervals, which assume independent trades. Grey: under ${FEW} trades, too few to say anything.`));
  const charts_holder = el("div", {});
  panel.append(report.instances.length > 3 ? el("div", {}, table_holder, charts_holder) : el("div", {class: "columns even"}, table_holder, charts_holder));

  const rates = report.instances.map((i) => [i, scoreOf(i.instance)]).filter(([, s]) => s && s.win_rate.n > 0);
  if (rates.length === 0) { charts_holder.append(el("h3", {}, "Equity"), el("p", {class: "dim"}, "No trade closed, so that there is no equity curve and no rate to compare.")); return; }
  const equity = el("canvas", {role: "img", "aria-label": "Cumulative net result of closed trades, by profile"});
  let key = "profit_net";
  const entry = {};
  const units = {profit_net: "USD, net", r: "R, net"};
  const buttons = Object.entries(units).map(([k, label]) => el("button", {type: "button", "aria-pressed": String(k === key), onclick: (e) => {
    key = k;
    for (const b of buttons) b.setAttribute("aria-pressed", String(b === e.currentTarget));
    entry.chart.chart.destroy();
    entry.chart.chart = entry.chart.make();
  }}, label));
  const cut = report.instances.reduce((sum, i) => sum + i.closed_left_out, 0);
  charts_holder.append(el("div", {class: "tools"}, el("b", {}, "Equity: closed trades, summed"), buttons), el("div", {class: "chart small"}, equity),
    cut > 0 && el("p", {class: "dim"}, `${plural(cut, "trade")} beyond the report's bound are not drawn.`) || "");
  entry.chart = chart(equity, () => equityChart(key, units[key]));
  if (rates.length < 2) return;
  const canvas = el("canvas", {role: "img", "aria-label": "Expectancy by profile, with 95 % intervals"});
  charts_holder.append(el("h3", {}, "Expectancy, R a trade"), el("div", {class: "chart small"}, canvas));
  chart(canvas, () => estimateChart(rates.map(([i, s]) => ({...meanRow(shown_name(i.instance), {...s.expectancy_r, n: s.win_rate.n})})), {title: "expectancy", unit: "R", color: () => css("--bid"), zero: true})());
}

// ---------------------------------------------------------------- scorecard: calibration, time of day, criteria

// Bands where the scorecard has them, else each score that occurred.
function calibrationOf(s) {
  const bands = s.calibration && s.calibration.bands;
  if (bands) return bands.map((b) => percentRow(b.label || `${short(b.from)} to ${short(b.to)}`, b.win_rate));
  return [...s.by_score].reverse().map((r) => percentRow(short(r.score), r.win_rate));
}
function rankText(s) {
  const c = s.calibration && s.calibration.rank_correlation || s.rank_correlation;
  if (!c || c.n === undefined) return null;
  if (c.value === null || c.value === undefined) return `Rank correlation of score and R: none to give, n ${c.n}.`;
  return `Rank correlation of score and R (Spearman): ${interval(c, 2, "", "value")}${c.p_value === undefined || c.p_value === null ? "" : `, p ${short(c.p_value, 2)}`}, n ${c.n}${c.n < FEW ? ": too few to say anything" : ""}.`;
}

function scorecardCharts(s) {
  const make = [];
  const figure = (title, label, rows, options) => {
    const canvas = el("canvas", {role: "img", "aria-label": label});
    make.push(() => chart(canvas, estimateChart(rows, options)));
    return el("figure", {}, el("figcaption", {}, title), el("div", {class: "chart small"}, canvas));
  };
  const percent = {unit: "% won", min: 0, max: 100, color: () => css("--bid")};
  const calibration = calibrationOf(s);
  const figures = el("div", {class: "figures"},
    calibration.length > 0 && figure("Calibration: win rate by score", "Win rate by score", calibration, {...percent, title: "win rate"}),
    s.by_time_of_day.length > 0 && figure("Win rate by half hour (New York)", "Win rate by half hour", s.by_time_of_day.map((r) => percentRow(r.start, r.win_rate)), {...percent, title: "win rate"}),
    s.by_time_of_day.length > 0 && figure("Expectancy by half hour, R", "Expectancy by half hour", s.by_time_of_day.map((r) => meanRow(r.start, {...r.expectancy_r, n: r.win_rate.n})), {unit: "R", title: "expectancy", color: () => css("--bid"), zero: true}));
  return {figures, draw: () => make.forEach((f) => f())};
}

function criteriaTable(s) {
  const criteria = s.criteria || [];
  if (criteria.length === 0) return null;
  const unit = (text) => text === null || text === undefined ? "-" : typeof text === "number" ? short(text, 4) : text;
  return [el("h3", {}, "Success criteria"), table(["id", "what", "#target", "#measured", "#n", "", "what follows"], criteria.map((c) => [
    c.id, words(c.measure), unit(c.target), interval(c.measured && typeof c.measured === "object" ? c.measured : {mean: c.measured, low: c.low, high: c.high}, 2, ""), unit(c.n !== undefined ? c.n : c.measured && c.measured.n),
    tag(words(c.verdict || c.state || "-"), {met: "good", missed: "bad"}[c.verdict || c.state]), c.consequence ? `${c.consequence}${c.then ? ": " + c.then : ""}` : ""]))];
}

function scorecardSection() {
  if (!report.scorecard) return;
  const panel = el("div", {class: "panel"}, el("p", {class: "dim"}, `Measured at bid and ask on the market that followed, net of the profile's costs. In brackets and as whiskers: 95 % intervals, which assume independent trades. A trade is an alert that was entered and ended at TARGET, STOP or TIME. Grey: under ${FEW} trades, too few to say anything.`));
  section("scorecard", "Scorecard", "Scorecard", panel);
  for (const i of report.scorecard.instances) {
    panel.append(el("h3", {}, profileSwatch(i.name), shown_name(i.name), " ", i.shadow ? tag("SHADOW") : ""),
      facts([["alerts", count(i.alerts)], ["outcomes", Object.entries(i.outcomes).filter(([, n]) => n > 0).map(([l, n]) => `${l} ${n}`).join(", ") || "none"],
        ["win rate", rate(i.win_rate)], ["closure rate", rate(i.closure_rate)], ["average gain", interval(i.gain.percent, 3, " %")], ["average loss", interval(i.loss.percent, 3, " %")],
        ["expectancy", interval(i.expectancy_r, 2, " R")], ["net result", `${thousands(i.profit_net)} USD`]]));
    panel.append(...[criteriaTable(i)].flat().filter(Boolean));
    if (i.win_rate.n === 0) { panel.append(el("p", {class: "dim"}, "No trade closed: nothing to draw by score or by time of day.")); continue; }
    const {figures, draw} = scorecardCharts(i);
    panel.append(figures, ...[rankText(i)].filter(Boolean).map((text) => el("p", {}, text)));
    draw();
    const rows = (list, name) => list.map((r) => ({class: r.win_rate.n < FEW ? "grey" : null, cells: [r[name], rate(r.win_rate), interval(r.expectancy_r, 2, " R"), r.win_rate.n < FEW ? "too few to say anything" : ""]}));
    panel.append(el("details", {}, el("summary", {class: "dim"}, "the same as tables"),
      el("h3", {}, "Score against outcome"), table(["score", "win rate", "expectancy", ""], rows(i.by_score, "score")),
      el("h3", {}, "By half hour (New York)"), table(["from", "win rate", "expectancy", ""], rows(i.by_time_of_day, "start"))));
  }
}

// ---------------------------------------------------------------- accounts

function accountsSection() {
  const with_account = report.instances.filter((i) => i.account);
  if (with_account.length === 0) return;
  const panel = el("div", {class: "panel"}, el("p", {class: "dim"}, "A paper account takes every approved plan at bid and ask with the profile's costs; loss limits, stages and sizes act on it. It sees quotes at clock ticks, the outcomes above every one: the two may differ by a little."));
  section("accounts", "Accounts", "Accounts", panel);
  for (const i of with_account) {
    const a = i.account;
    panel.append(el("h3", {}, profileSwatch(i.instance), `${shown_name(i.instance)}: ${a.kind} account`, a.stage ? [" ", tag(`stage ${a.stage}`)] : ""),
      facts([["equity", `${thousands(a.equity)} USD`], ["day's result", `${signed(thousands(a.day_profit))} USD`], ["day's drawdown", `${thousands(a.day_drawdown)} USD`], ["week, gross", `${signed(thousands(a.week_profit_gross))} USD`],
        ["month's drawdown", `${thousands(a.month_drawdown)} USD`], ["settled cash", `${thousands(a.settled_cash)} USD`], ["risk in force", `${short(a.risk_percent)} %`], ["trades today", count(a.trades_today)],
        ["open positions", count(a.open_positions)], ["record", a.record.trades === 0 ? "no trade closed" : `${a.record.wins} of ${plural(a.record.trades, "trade")} won, ${short(a.record.sum_r / a.record.trades, 2)} R each`], ["as of", at(a.time)]]),
      ...a.warnings.map((w) => el("p", {class: "bad"}, `${at(w.time, 0)}: ${w.text}`)));
    if (a.points.t.length < 2) continue;
    const canvas = el("canvas", {role: "img", "aria-label": `Equity of the account of ${i.instance}`});
    panel.append(el("div", {class: "chart small"}, canvas), a.points_left_out > 0 ? el("p", {class: "dim"}, `${count(a.points_left_out)} later changes are not drawn.`) : "");
    const of = (values) => a.points.t.map((t, k) => ({x: t, y: values[k]}));
    chart(canvas, () => ({type: "line", data: {datasets: [
      {label: "equity, USD", data: of(a.points.equity), stepped: "before", borderColor: profileStyle(i.instance).color, backgroundColor: profileStyle(i.instance).color, borderWidth: 2, pointRadius: 2},
      {label: "day's drawdown, USD", yAxisID: "down", data: of(a.points.day_drawdown), stepped: "before", borderColor: css("--bad"), backgroundColor: css("--bad") + "22", fill: "origin", borderWidth: 1, pointRadius: 0}]},
      options: {parsing: false, scales: {x: {type: "linear", ticks: {callback: (t) => clock(t, 0).slice(0, 5), maxRotation: 0}, afterBuildTicks: (axis) => { axis.ticks = wholeTicks(axis.min, axis.max, timeStep(axis.max - axis.min)); }},
        y: {title: {display: true, text: "equity, USD"}}, down: {position: "right", reverse: true, min: 0, suggestedMax: 3 * Math.max(...a.points.day_drawdown, 1), grid: {display: false}, title: {display: true, text: "drawdown, USD"}}},
        plugins: {tooltip: {callbacks: {title: (c) => c.length ? clock(c[0].parsed.x, 0) : ""}}}}}));
  }
}
