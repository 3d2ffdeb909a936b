"use strict";
// What was traded: the account at the broker, how orders were executed, and each trade from its intent to its outcome.
// In the page only where the session has orders (docs/report.md).

const TRADES_AT_ONCE = 50;
const NOTICES_AT_ONCE = 12;
const money = (text, digits = 2) => text === null ? "-" : thousands((+text).toFixed(digits));
const gain = (text) => text === null ? "-" : el("span", {class: +text > 0 ? "good" : +text < 0 ? "bad" : null}, signed(money(text)));
const average = (text) => text === null ? "-" : (+text).toFixed(4).replace(/(\.\d\d\d*?)0+$/, "$1");
const percentOf = (part, whole) => whole > 0 ? 100 * part / whole : 0;

// ---------------------------------------------------------------- the account

const MARKS = [["kill_switch", "kill switch", "rectRot", "--bad"], ["flatten", "flatten", "rect", "--accent"], ["incident", "incident", "crossRot", "--spoof"], ["difference", "difference, unresolved", "star", "--vwap"], ["broker", "connection", "dash", "--dim"]];

function accountStrip(account, orders) {
  const canvas = el("canvas", {role: "img", "aria-label": "Equity at the broker, the day's drawdown, and what interrupted"});
  const {t, equity, day_drawdown} = account.points;
  // Risk hears of a fill a moment after it: a closed trade stands where the account stood then, all else on the line.
  const equityAt = (time, then) => { const k = t.findIndex((x) => x >= time); return equity[k < 0 ? t.length - 1 : then || t[k] === time ? k : Math.max(0, k - 1)]; };
  const of = (values) => t.map((x, k) => ({x, y: values[k]}));
  const marked = (list, text) => list.map((n) => ({x: ms(n.time), y: equityAt(ms(n.time), false), text: text(n)}));
  const closed = orders.trades.filter((trade) => trade.closed);
  const ends = (label, list, color, rotation) => ({label, type: "scatter", pointStyle: "triangle", rotation, pointRadius: 6, pointHoverRadius: 9, borderWidth: 2, borderColor: css(color), backgroundColor: rotation ? "transparent" : css(color),
    data: list.map((trade) => ({x: ms(trade.closed), y: equityAt(ms(trade.closed), true), text: `${trade.symbol} ${signed(money(trade.profit_net))} USD, ${trade.reason}`}))});
  chart(canvas, () => ({type: "line", data: {datasets: [
    ...MARKS.map(([kind, label, pointStyle, color]) => ({label, type: "scatter", pointStyle, pointRadius: 8, pointHoverRadius: 10, borderWidth: 2, borderColor: css(color), backgroundColor: css(color) + "66",
      data: marked(orders.notices.filter((n) => n.kind === kind && n.grave), (n) => `${n.symbol ? n.symbol + " " : ""}${n.text}`)})).filter((d) => d.data.length > 0),
    ...[ends("trade won", closed.filter((trade) => +trade.profit_net > 0), "--good", 0), ends("trade lost", closed.filter((trade) => +trade.profit_net <= 0), "--bad", 180)].filter((d) => d.data.length > 0),
    {label: "equity", data: of(equity), stepped: "before", borderColor: css("--bid"), backgroundColor: css("--bid"), borderWidth: 2, pointStyle: "line", pointRadius: 0, pointHitRadius: 4},
    {label: "day's drawdown", yAxisID: "down", data: of(day_drawdown.map(Math.abs)), stepped: "before", borderColor: css("--ask"), backgroundColor: css("--ask") + "33", fill: "origin", borderWidth: 1, borderDash: [4, 3], pointStyle: "line", pointRadius: 0}]},
    options: {parsing: false, interaction: {mode: "nearest", intersect: false}, scales: {x: timeAxis(), y: {title: {display: true, text: "equity, USD"}, grace: "6%"},
      down: {position: "right", reverse: true, min: 0, suggestedMax: 3 * Math.max(...day_drawdown.map(Math.abs), 1), grid: {display: false}, title: {display: true, text: "drawdown, USD"}}},
      plugins: {legend: {labels: {usePointStyle: true, boxHeight: 7}}, tooltip: {callbacks: {title: (c) => c.length ? clock(c[0].parsed.x, 0) : "", label: (c) => c.raw.text ? `${c.dataset.label}: ${c.raw.text}` : `${c.dataset.label}: ${thousands(c.parsed.y.toFixed(2))} USD`}}}}}));
  return el("div", {class: "chart small"}, canvas);
}

function accountPart(orders) {
  const a = orders.account, r = orders.reconciliation;
  if (!a) return [el("p", {class: "dim"}, "Risk told nothing of the account at the broker.")];
  const thinned = a.snapshots > a.points.t.length ? `${plural(a.points.t.length, "point")} of ${plural(a.snapshots, "change")} of the account; a point's drawdown is the deepest it stands for. ` : "";
  return [el("h3", {}, "Account at the broker"),
    facts([["equity", `${money(a.equity)} USD`], ["cash", `${money(a.cash)} USD`], ["day's result", [gain(a.day_profit), " USD"]], ["day's drawdown", `${money(a.day_drawdown)} USD`], ["month's drawdown", `${money(a.month_drawdown)} USD`],
      ["open positions", count(a.open_positions)], ["books compared", `${plural(r.comparisons, "time")}; ${r.differences === 0 ? "no difference" : plural(r.differences, "difference")}${r.unresolved > 0 ? `, ${count(r.unresolved)} unresolved` : ""}`], ["as of", at(a.time)]]),
    a.points.t.length > 1 && [accountStrip(a, orders), el("p", {class: "dim"}, thinned, "Equity is cash and positions at the side at which they could be closed.")]];
}

function noticesPart(orders) {
  if (orders.notices.length === 0) return [];
  const rows = (list) => table(["time", "what", "who", ""], list.map((n) => [at(n.time), n.grave ? el("b", {class: "bad"}, words(n.kind)) : words(n.kind), [n.symbol, n.instance && shown_name(n.instance)].filter(Boolean).join(", ") || "all", el("span", {class: "reference"}, n.text)]));
  const first = orders.notices.slice(0, NOTICES_AT_ONCE), rest = orders.notices.slice(NOTICES_AT_ONCE);
  return [el("h3", {}, "What interrupted, and what people commanded"), rows(first), rest.length > 0 && el("details", {}, el("summary", {class: "dim"}, `${count(rest.length)} more`), rows(rest)),
    orders.notices_left_out > 0 && el("p", {class: "dim"}, `${count(orders.notices_left_out)} further ones are not listed.`)];
}

// ---------------------------------------------------------------- execution

function executionPart() {
  const traded = report.scorecard ? report.scorecard.instances.filter((i) => i.execution) : [];
  if (traded.length === 0) return [];
  const few = (n, text) => greyIf(n < FEW, text);
  const estimate = (e, digits, unit) => e.n === 0 ? "-" : few(e.n, `${interval(e, digits, unit)} n ${count(e.n)}`);
  const rows = [["orders placed", (x) => count(x.orders)], ["rejected by the broker", (x) => count(x.rejected)], ["in doubt at some time", (x) => count(x.in_doubt), "nobody knew their state; their risk stayed reserved"], ["executions", (x) => count(x.executions)],
    ["entries filled", (x) => few(x.fill_rate.n, rate(x.fill_rate)), "to the last share, of the entries that are over; an entry and its chases are one"], ["orders cancelled", (x) => few(x.cancel_rate.n, rate(x.cancel_rate)), "of the orders that are over; one side of each stop and target pair is"],
    ["time to first fill, median", (x) => x.time_to_fill_median_s === null ? "-" : few(x.time_to_fill_s.n, `${duration(x.time_to_fill_median_s)} n ${count(x.time_to_fill_s.n)}`)],
    ["slippage from the decision", (x) => estimate(x.slippage_decision_bps, 2, " bps"), "an execution against the price that was wanted; more is worse"], ["slippage from the mid on arrival", (x) => estimate(x.slippage_arrival_bps, 2, " bps")],
    ["trades won", (x) => few(x.win_rate.n, rate(x.win_rate))], ["net, gross", (x) => `${signed(money(x.profit_net))} USD, ${signed(money(x.profit_gross))} USD`], ["fees", (x) => `${money(x.fees)} USD`]];
  return [el("h3", {}, "How orders were executed"), el("div", {class: "scroll"}, el("table", {class: "compare narrow", id: "execution"},
    el("thead", {}, el("tr", {}, el("th", {}, ""), traded.map((i) => el("th", {class: "num"}, profileSwatch(i.name), shown_name(i.name))))),
    el("tbody", {}, rows.map(([what, of, hint]) => el("tr", {}, el("td", {title: hint}, what), traded.map((i) => el("td", {class: "num"}, of(i.execution))))))))];
}

// ---------------------------------------------------------------- one trade, from intent to outcome

const cardOf = (trade) => [...report.alerts, ...report.refused].find((item) => item.intent_id !== null && (item.intent_id === trade.intent_id || item.intent_id === trade.parent_id)) || null;
const openCard = (card) => { explore(card); document.getElementById("moments").scrollIntoView(); };
const orderName = (order) => `${order.role}${order.attempt > 0 ? ` ${order.attempt + 1}` : ""}`;
const priceOf = (order) => [order.limit && `limit ${average(order.limit)}`, order.stop && `stop ${average(order.stop)}`].filter(Boolean).join(", ") || "at market";

function capsTable(caps) {
  if (!caps || caps.length === 0) return null;
  const unit = (c, x) => x === null ? "-" : `${thousands(short(x, 8))}${c.unit ? ` ${c.unit}` : ""}`;
  return el("div", {class: "caps"}, table(["limit of the size", "#would allow", "#used before", "#limit", ""], caps.map((c) => ({class: c.binding ? "binding" : null, cells: [c.binding ? el("b", {}, words(c.cap)) : words(c.cap), thousands(c.quantity), unit(c, c.used), unit(c, c.limit), c.binding ? el("b", {}, "◀ binds") : ""]}))));
}

// A line an order, from when it was placed to the last that was heard of it; what is held beneath.
const STEP_GLYPHS = {partial_fill: ["●", "good"], fill: ["●", "good"], canceled: ["✕", "dim"], rejected: ["✖", "bad"], refused: ["✖", "bad"], expired: ["◌", "dim"], replaced: ["↷", "dim"], no_answer: ["?", "bad"], not_found: ["?", "bad"]};
function gantt(trade) {
  const times = [...trade.steps.map((s) => ms(s.time)), ...trade.orders.flatMap((o) => [ms(o.placed), ms(o.last)])];
  const from = Math.min(...times), to = Math.max(...times), span = Math.max(to - from, 1);
  const place = (t) => Math.max(0, Math.min(100, percentOf(t - from, span)));
  const bar = (a, b, kind, title) => el("i", {class: `span ${kind}`, style: `left:${place(a)}%;width:${Math.max(0, place(b) - place(a))}%`, title});
  const rows = trade.orders.map((order, k) => el("div", {class: "row"}, el("span", {class: "label"}, `${orderName(order)} `, el("span", {class: order.side === "buy" ? "bid" : "ask"}, order.side === "buy" ? "▲" : "▼"), ` ${thousands(order.quantity)}`),
    el("span", {class: "track"}, bar(ms(order.placed), order.final ? ms(order.last) : to, order.final ? "" : "on", `${order.state}, ${at(order.placed)} to ${order.final ? at(order.last) : "the end"}`),
      trade.steps.filter((s) => s.o === k && STEP_GLYPHS[s.trigger]).map((s) => el("b", {class: `mark ${STEP_GLYPHS[s.trigger][1]}`, style: `left:${place(ms(s.time))}%`, title: `${at(s.time)} ${words(s.trigger)}${s.price ? ` ${thousands(s.quantity)} at ${s.price}` : ""}`}, STEP_GLYPHS[s.trigger][0])))));
  const held = trade.steps.filter((s) => s.position !== undefined);
  if (held.length > 0) {
    const most = Math.max(...held.map((s) => Math.abs(+s.position)), 1e-9);
    rows.push(el("div", {class: "row"}, el("span", {class: "label"}, "position"), el("span", {class: "track"}, held.map((s, k) => +s.position === 0 ? null
      : el("i", {class: "held", style: `left:${place(ms(s.time))}%;width:${Math.max(0.3, place(k + 1 < held.length ? ms(held[k + 1].time) : to) - place(ms(s.time)))}%;height:${Math.max(2, Math.round(14 * Math.abs(+s.position) / most))}px`, title: `${thousands(s.position)} held from ${at(s.time)}`})))));
  }
  return el("div", {class: "gantt"}, rows, el("div", {class: "row dim"}, el("span", {class: "label"}, ""), el("span", {class: "ends"}, el("span", {}, clock(from)), el("span", {}, `${duration(span / 1000)}`), el("span", {}, clock(to)))));
}

function stepRow(trade, step) {
  if (step.position !== undefined) return {class: "held", cells: [at(step.time), "position", el("b", {}, `${thousands(step.position)} held`), "", "", "", `${thousands(step.protected)} protected${step.stop ? ` by a stop at ${average(step.stop)}` : ""}`]};
  const order = trade.orders[step.o];
  const bps = step.bps === undefined ? "" : `${short(step.bps, 3)} bps`;
  const words_of = [step.rule && el("b", {class: "bad"}, step.rule), step.reason, step.latency_ms !== undefined && `answered after ${short(step.latency_ms, 3)} ms`, step.maker && "maker"].filter(Boolean);
  return [at(step.time), order ? orderName(order) : el("span", {class: "dim"}, "an order not listed"), [el("span", {class: "whole"}, step.from === step.to || step.from === "UNSPECIFIED" ? step.to : `${step.from} → ${step.to}`), el("span", {class: "dim"}, ` ${words(step.trigger)}`)],
    step.price ? average(step.price) : step.trigger === "placed" && order ? el("span", {class: "dim"}, priceOf(order)) : "", step.quantity ? thousands(step.quantity) : step.trigger === "placed" && order ? el("span", {class: "dim"}, thousands(order.quantity)) : "", bps,
    el("span", {class: "reference"}, words_of.flatMap((w, k) => k > 0 ? ["; ", w] : [w]))];
}

function tradeStory(trade) {
  const card = cardOf(trade), d = trade.decision, out = [];
  const measured = card && card.outcome;
  const outcome = {closed: () => [["net", [gain(trade.profit_net), " USD"]], ["gross", `${signed(money(trade.profit_gross))} USD`], ["fees", `${money(trade.fees)} USD`], ["R", short(trade.r_multiple, 3)], ["closed by", words(trade.reason || "-")], ["held for", trade.entered ? duration((ms(trade.closed) - ms(trade.entered)) / 1000) : "-"]],
    open: () => [["still held at the end", `${thousands(trade.quantity || "0")} at ${average(trade.entry_average)}`]], waiting: () => [["at the end", "its entry still works"]], unfilled: () => [["end", "its entry ended without a fill"]], refused: () => [["end", "oms refused it: nothing was sent"]]}[trade.end]();
  out.push(el("div", {class: "columns even"},
    el("div", {}, el("h3", {}, "1. Intent"), trade.plan ? facts([["side", trade.side === "sell" ? "short" : "long"], ["entry", trade.plan.entry], ["stop", trade.plan.stop], ["target", trade.plan.target], ["expires", at(trade.plan.expires)], card && ["score", `${short(card.score)} of ${short(card.threshold)} needed`],
      trade.confirmed && ["confirmed", `by ${trade.confirmed.by}, ${at(trade.confirmed.time)}`]]) : el("p", {class: "dim"}, "The lane does not have it."),
      card && el("p", {}, el("button", {type: "button", onclick: () => openCard(card)}, "open its setup card"))),
    el("div", {}, el("h3", {}, "2. Decision"), d ? [facts([["size", `${thousands(d.quantity)} shares`], ["limited by", words(d.binding_cap)], ["at risk", `${money(d.risk)} USD${d.risk_percent > 0 ? `, ${short(d.risk_percent, 3)} %` : ""}`], d.stop && ["stop instead", d.stop], d.stage && ["stage", d.stage], ["decided", at(d.time)]]),
      capsTable(d.caps), d.warnings.length > 0 && el("p", {class: "bad"}, d.warnings.join("; "))] : el("p", {class: "dim"}, "The lane does not have it."))));
  out.push(el("h3", {}, "3. Orders"), trade.orders.length > 0 && gantt(trade), el("p", {class: "dim legend"}, el("span", {}, "▲ buys, ▼ sells"), el("span", {}, "● filled"), el("span", {}, "✕ cancelled"), el("span", {}, "↷ replaced"), el("span", {}, "✖ rejected or refused"), el("span", {}, "? in doubt"), trade.orders_left_out > 0 && el("span", {}, `${plural(trade.orders_left_out, "order")} more, not shown`)),
    table(["order", "what", "#shares", "#filled", "state", "#fees", "placed", "last heard of", "broker's id"], trade.orders.map((o) => [orderName(o), `${o.side} ${words(o.type)}, ${o.time_in_force}, ${priceOf(o)}`, thousands(o.quantity), thousands(o.filled), o.state === "UNKNOWN" || o.state === "REJECTED" ? el("b", {class: "bad"}, o.state) : o.state, money(o.fees, 4), at(o.placed), at(o.last), el("code", {}, o.broker_order_id || "-")])),
    el("h3", {}, "4. Step by step"), el("div", {class: "steps"}, table(["time", "order", "step", "#price", "#shares", "#slippage", "reason"], trade.steps.map((s) => stepRow(trade, s)))),
    trade.steps_left_out > 0 && el("p", {class: "dim"}, `${plural(trade.steps_left_out, "later step")} are not part of the page: `, copyable(command("trace", trade.correlation_id))));
  out.push(el("h3", {}, "5. Outcome"), facts([...outcome, measured && measured.entered && ["as measured at the quotes", [tag(measured.label), `${short(measured.r_multiple, 3)} R`]]]), el("p", {}, copyable(command("trace", trade.correlation_id))));
  return out;
}

// ---------------------------------------------------------------- the trades

const TRADE_HEAD = ["opened", "profile", "symbol", "side", "#shares", "#entry", "#exit", "#net, USD", "#R", "ended", "#fees, USD", "#slippage, bps", ""];
function tradeRow(trade) {
  const card = cardOf(trade);
  const ended = trade.end === "closed" ? words(trade.reason || "closed") : tag({waiting: "entry works", open: "open", unfilled: "not filled", refused: "refused by oms"}[trade.end], trade.end === "refused" ? "bad" : "dim");
  const opened = trade.entered || (trade.orders.length > 0 ? trade.orders[0].placed : trade.steps.length > 0 ? trade.steps[0].time : null);
  const link = card ? el("button", {type: "button", title: "open its setup card", onclick: (e) => { e.stopPropagation(); openCard(card); }}, "card") : "";
  const cells = [at(opened), shown_name(trade.instance), trade.symbol, trade.side === "sell" ? "short" : trade.side === "buy" ? "long" : "-", trade.quantity === null ? trade.decision ? el("span", {class: "dim"}, `0 of ${thousands(trade.decision.quantity)}`) : "-" : thousands(trade.quantity), average(trade.entry_average), average(trade.exit_average),
    gain(trade.profit_net), trade.r_multiple === null ? "-" : short(trade.r_multiple, 3), ended, money(trade.fees), trade.slippage_bps === null ? "-" : short(trade.slippage_bps, 3), link];
  const row = el("tr", {class: "pick", tabindex: "0", "aria-expanded": "false"}, cells.map((c, k) => el("td", {class: TRADE_HEAD[k].startsWith("#") ? "num" : null}, c)));
  let open = null;
  const toggle = () => {
    if (open) { open.remove(); open = null; } else { row.after(open = el("tr", {class: "trace"}, el("td", {colspan: String(TRADE_HEAD.length)}, el("div", {class: "story"}, tradeStory(trade))))); }
    row.setAttribute("aria-expanded", String(open !== null));
  };
  row.addEventListener("click", toggle);
  row.addEventListener("keydown", (e) => { if (e.target === row && (e.key === "Enter" || e.key === " ")) { e.preventDefault(); toggle(); } });
  return row;
}
function tradeTable(trades, id) {
  const body = el("tbody", {});
  let shown_rows = 0;
  const more = el("button", {type: "button", onclick: () => show()}, "show more");
  const show = () => { body.append(...trades.slice(shown_rows, shown_rows += TRADES_AT_ONCE).map(tradeRow)); more.hidden = shown_rows >= trades.length; };
  show();
  return [el("div", {class: "scroll"}, el("table", {class: "trades", id}, el("thead", {}, el("tr", {}, TRADE_HEAD.map((h) => el("th", {class: h.startsWith("#") ? "num" : null}, h.replace(/^#/, ""))))), body)), more];
}

function tradesPart(orders) {
  const t = orders.totals;
  const closed = orders.trades.filter((trade) => trade.end === "closed"), others = orders.trades.filter((trade) => trade.end !== "closed");
  return [el("h3", {}, `Closed trades (${count(t.closed)})`),
    closed.length === 0 ? el("p", {class: "dim"}, t.closed === 0 ? "None was closed." : "None of those shown one by one.") : [el("p", {class: "dim"}, "A row opens the trade: intent, decision with every limit of its size, orders, fills, position, outcome. Averages over its fills; slippage by quantity against the prices that were wanted, more is worse."), tradeTable(closed, "closed-trades")],
    t.closed_left_out > 0 && el("p", {class: "dim"}, `${plural(t.closed_left_out, "more closed trade")}, net ${signed(money(t.profit_net_left_out))} USD, not shown one by one; the sums have them.`),
    others.length > 0 && el("details", {open: closed.length === 0}, el("summary", {}, `Not closed (${count(others.length)}): still held, working, not filled, refused`), tradeTable(others, "other-trades")),
    t.trades_left_out > t.closed_left_out && el("p", {class: "dim"}, `${plural(t.trades_left_out - t.closed_left_out, "more intent")} without a closed trade, not shown one by one.`)];
}

function settingsPart(orders) {
  if (orders.settings.length === 0) return [];
  return [el("h3", {}, "Traded under"), orders.settings.map((s) => el("details", {}, el("summary", {}, `${{risk: "risk profile", venue: "simulated venue"}[s.kind]} ${s.name}`), s.yaml ? el("pre", {}, s.yaml) : el("p", {class: "bad"}, "the document does not parse")))];
}

function ordersSection() {
  const orders = report.orders, t = orders.totals;
  const ends = [t.open > 0 && `${count(t.open)} still held`, t.waiting > 0 && `${count(t.waiting)} waiting`, t.unfilled > 0 && `${count(t.unfilled)} not filled`, t.refused > 0 && `${count(t.refused)} refused by oms`].filter(Boolean).join(", ");
  const said = t.intents === 0 ? "Nothing was ordered." : [`${plural(t.intents, "intent")} became ${plural(t.orders, "order")} with ${plural(t.fills, "fill")}. `, t.closed === 0 ? "No trade was closed" : [`${plural(t.closed, "trade")} closed, ${count(t.wins)} won: net `, gain(t.profit_net), ` USD, gross ${signed(money(t.profit_gross))} USD`], `; fees ${money(t.fees)} USD${ends ? `; ${ends}` : ""}.`];
  const panel = el("div", {class: "panel"}, el("p", {class: "lead"}, said));
  section("orders", "Orders", "Orders and trades", panel);
  panel.append(...[accountPart(orders), tradesPart(orders), executionPart(), noticesPart(orders), settingsPart(orders)].flat(9).filter(Boolean));
}
