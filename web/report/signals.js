"use strict";
// Every recorded signal in one list that can be searched; a row opens its gate trace. Alerts, refusals and near misses are
// in the report in full, the others come from the list's own short form (docs/report.md).

const ROWS_AT_ONCE = 100;

// The short form as an item like those of near_misses.
function unpack(row, list) {
  const rules = row.trace.map(([place, passed, points, value]) => {
    const rule = {...list.rules[place], passed: passed === 1, points, value: typeof value === "string" ? null : value, not_ready: typeof value === "string" ? value : ""};
    rule.failed = rule.gate ? !rule.passed : rule.points_max > 0 ? points < rule.points_max : points < 0;
    rule.shortfall = rule.failed && rule.value !== null && !yesNo(rule) ? Math.abs(rule.value - rule.limit) : null;
    return rule;
  });
  const [bid, bid_size, ask, ask_size] = row.quote;
  const [entry, stop, target] = row.plan || [];
  return {kind: "listed", instance: list.instances[row.i], symbol: list.symbols[row.s], side: row.side < 0 ? "sell" : "buy", time: row.time, signal_id: row.id, correlation_id: row.correlation_id || row.id,
    score: row.score, threshold: row.threshold, preview: row.preview === true, quote: {bid, bid_size, ask, ask_size}, rules, entry, stop, target,
    would_have: row.would_have ? {label: row.would_have[0], r_multiple: row.would_have[1]} : null};
}
function allSignals() {
  return report.signals.list.map((row) => Array.isArray(row) ? report[row[0]][row[1]] : unpack(row, report.signals));
}
const STATES = {alert: "alert", refused: "refused by risk", rejected: "rejected", preview: "preview"};
const stateOf = (item) => item.kind === "alert" || item.kind === "refused" ? item.kind : item.preview ? "preview" : "rejected";
const timeOf = (item) => item.triggered || item.time;

// Rule by rule and gate by gate, what was decided and how it ended or would have.
function trace(item) {
  return el("div", {class: "columns"}, el("div", {}, scoreTable(item)), el("div", {}, el("p", {class: "dim"}, `bid ${item.quote.bid} × ${thousands(item.quote.bid_size)} / ask ${item.quote.ask} × ${thousands(item.quote.ask_size)}`), decisionFacts(item),
    item.market && el("p", {}, el("button", {type: "button", onclick: () => { explore(item); document.getElementById("moments").scrollIntoView(); }}, "show the book around it")),
    el("p", {}, copyable(command("trace", item.correlation_id)))));
}

function signalRow(item) {
  const failed = item.rules.filter((r) => r.failed && (r.gate || item.kind === "near" || item.kind === "listed"));
  const end = item.outcome ? [verdict(item), item.outcome.entered ? ` ${short(item.outcome.r_multiple, 3)} R` : ""] : item.would_have ? [tag(item.would_have.label, {TARGET: "good", STOP: "bad"}[item.would_have.label]), ` would have ${short(item.would_have.r_multiple, 3)} R`] : "";
  const row = el("tr", {class: "pick", tabindex: "0", "aria-expanded": "false"}, [at(timeOf(item)), shown_name(item.instance), item.symbol, item.side === "sell" ? "short" : "long",
    `${short(item.score)} / ${short(item.threshold)}`, item.kind === "refused" && item.decision ? el("span", {class: "bad"}, `refused: ${item.decision.rule}`) : STATES[stateOf(item)],
    el("span", {class: "dim reference"}, failed.map((r) => r.rule).join(", ")), end].map((c) => el("td", {}, c)));
  let open = null;
  const toggle = () => {
    if (open) { open.remove(); open = null; } else { row.after(open = el("tr", {class: "trace"}, el("td", {colspan: "8"}, trace(item)))); }
    row.setAttribute("aria-expanded", String(open !== null));
  };
  row.addEventListener("click", toggle);
  row.addEventListener("keydown", (e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); toggle(); } });
  return row;
}

function signalsSection() {
  const panel = el("div", {class: "panel"});
  section("signals", "Signals", "All signals and their gates", panel);
  const all = allSignals();
  const recorded = report.counts.alerts + report.counts.refused + report.counts.rejected + report.counts.signals_left_out;
  panel.append(el("p", {class: "dim"}, `${count(all.length)} of ${plural(recorded, "recorded signal")}: those accepted, and of each profile the rejected ones that came nearest. A row opens its trace: every rule and gate, what was seen, what was wanted.`));
  if (all.length === 0) return;
  const choice = (label, values) => el("label", {}, label, " ", el("select", {"aria-label": label, onchange: () => show()}, el("option", {value: ""}, "all"), values.map(([value, text]) => el("option", {value}, text))));
  const profile = choice("profile", report.instances.map((i) => [i.instance, shown_name(i.instance)]));
  const state = choice("what", Object.entries(STATES).filter(([key]) => all.some((item) => stateOf(item) === key)));
  const side = choice("side", [["buy", "long"], ["sell", "short"]]);
  const search = el("input", {type: "search", placeholder: "symbol, rule, id", "aria-label": "symbol, rule or id", oninput: () => show()});
  const from = el("input", {size: "8", placeholder: "09:30", "aria-label": "from, New York time", oninput: () => show()});
  const to = el("input", {size: "8", placeholder: "16:00", "aria-label": "to, New York time", oninput: () => show()});
  const body = el("tbody", {}), found = el("span", {class: "dim", id: "signals-found"}), more = el("button", {type: "button", onclick: () => show(shown_rows + ROWS_AT_ONCE)}, "show more");
  let shown_rows = ROWS_AT_ONCE;
  const text_of = new Map(all.map((item) => [item, [item.symbol, item.signal_id, item.correlation_id, item.decision && item.decision.rule, ...item.rules.filter((r) => r.failed).map((r) => r.rule)].join(" ").toLowerCase()]));
  const chosen = (label) => label.querySelector("select").value;
  function show(rows = ROWS_AT_ONCE) {
    shown_rows = rows;
    const words_wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = all.filter((item) => (!chosen(profile) || item.instance === chosen(profile)) && (!chosen(state) || stateOf(item) === chosen(state)) && (!chosen(side) || item.side === chosen(side))
      && (!from.value || at(timeOf(item), 0) >= from.value) && (!to.value || at(timeOf(item), 0) <= to.value + "~") && words_wanted.every((word) => text_of.get(item).includes(word)));
    body.replaceChildren(...fits.slice(0, rows).map(signalRow));
    found.textContent = fits.length > rows ? `${count(rows)} of ${count(fits.length)} shown` : plural(fits.length, "signal");
    more.hidden = fits.length <= rows;
  }
  panel.append(el("div", {class: "tools"}, profile, state, side, el("label", {}, "from ", from), el("label", {}, "to ", to), search, found),
    el("div", {class: "scroll tall"}, el("table", {class: "signals"}, el("thead", {}, el("tr", {}, ["time", "profile", "symbol", "side", "score", "what", "failed", "end"].map((h) => el("th", {}, h)))), body)), more);
  show();
}
