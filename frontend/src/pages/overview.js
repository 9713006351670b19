// The overview: are we fine, and what has changed.

import { heatmap } from "../charts/heatmap.js";
import { grid } from "../charts/table.js";
import { treemap } from "../charts/treemap.js";
import { breakable, h, text } from "../dom.js";
import { count, percent, plural } from "../format.js";

const TOP = 10;

export function render(root, model, params, app) {
  const [map, heat] = [slot("Reach by module", "area = statements"), slot("Profiles by package", "colour = share of functions and methods reached")];
  root.append(
    h("h1", { class: "unseen" }, "Overview"),
    figures(model, app),
    h("div", { class: "columns wide" }, map, heat),
    h("div", { class: "columns" }, topModules(model, app), topSymbols(model, app), changes(model, app)),
  );
  const charts = [];
  const cancel = afterPaint([
    () => charts.push(treemap(map, model, {}, app)),
    () => charts.push(heatmap(heat, model, {}, app)),
  ]);
  return () => {
    cancel();
    charts.forEach((chart) => chart.destroy());
  };
}

/** Do each step when the browser has painted what was there before it. */
export function afterPaint(steps) {
  let live = true;
  const next = () => {
    if (!live) return;
    steps.shift()?.();
    if (steps.length) later();
  };
  const later = () => requestAnimationFrame(() => setTimeout(next));
  later();
  return () => (live = false);
}

export function slot(title, detail) {
  return h("section", { class: "card", "aria-label": title }, h("h2", {}, title, detail ? h("small", {}, ` ${detail}`) : null));
}

function figures(model, app) {
  const { symbols, modules, profiles, totals } = model;
  let reached = 0;
  for (let s = 1; s < model.signatures.count; s++) reached += model.signatures.symbols(s);
  const never = modules.filter(isNeverReached).length;
  const known = modules.filter(({ state }) => state !== "empty").length;
  const idle = profiles.filter(({ unique }) => !unique).length;
  const partial = profiles.filter(({ status }) => status !== "complete").length;
  return h(
    "dl",
    { class: "figures" },
    figure("statements reached", percent(totals.reached / totals.statements), app.href("gaps"), { share: totals.reached / totals.statements }),
    figure("symbols reached", ratio(reached, symbols.length), app.href("symbols"), { share: reached / symbols.length }),
    figure("modules never reached", ratio(never, known), app.href("gaps"), { share: never / known, warn: never > 0 }),
    figure("profiles", count(profiles.length), app.href("profiles")),
    figure("profiles with no unique line", count(idle), app.href("profiles")),
    figure("artifacts not known to be complete", count(partial), app.href("about"), { warn: partial > 0 }),
  );
}

function figure(name, value, href, { share, warn } = {}) {
  const meter = share > 0 ? h("div", { class: "meter", "aria-hidden": "true" }, h("span", { style: { width: `${100 * share}%` } })) : null;
  return h("div", warn ? { class: "warn" } : {}, h("dt", {}, name), h("dd", {}, h("a", { href }, value)), meter);
}

function ratio(part, whole) {
  return [count(part), h("small", {}, ` / ${count(whole)}`)];
}

function isNeverReached({ state }) {
  return !["reached", "apart", "empty"].includes(state);
}

function topModules(model, app) {
  const found = model.modules.filter(isNeverReached).sort((a, b) => b.missed - a.missed);
  const card = slot("Modules never reached", describe(found));
  const rows = found.slice(0, TOP).map(({ name, state, missed }) => [
    h("a", { href: app.href("gaps", null, { q: name }) }, breakable(name)),
    h("span", { class: `chip ${state.replaceAll(" ", "-")}` }, state),
    missed,
  ]);
  card.append(found.length ? scroll("Modules never reached", ["module", "state", "missed"], rows) : nothing(model.modules.some(({ state }) => state === "reached") ? "Every module is reached." : "No module has a statement to reach."));
  return card;
}

function describe(found) {
  if (!found.length) return "";
  return found.length > TOP ? `the first ${TOP} of ${count(found.length)}, by missed statements` : "by missed statements";
}

function topSymbols(model, app) {
  const { symbols, modules } = model;
  const found = [];
  for (let i = 0; i < symbols.length; i++) {
    if (!symbols.count(i) && symbols.callable(i) && symbols.missed(i) && !symbols.apart(i) && modules[symbols.module(i)].state === "reached") found.push(i);
  }
  found.sort((a, b) => symbols.missed(b) - symbols.missed(a) || a - b);
  const card = slot("Never called in reached modules", describe(found));
  const rows = found.slice(0, TOP).map((i) => [h("a", { href: app.href("symbol", symbols.name(i)) }, breakable(symbols.name(i))), symbols.missed(i)]);
  const title = "Functions and methods never called in reached modules";
  card.append(found.length ? scroll(title, ["symbol", "missed"], rows) : nothing(modules.some(({ state }) => state === "reached") ? "Every function and method of the reached modules is called." : "No module is reached."));
  return card;
}

function changes(model, app) {
  const card = slot("Since last time", model.changes ? model.changes.since : "");
  card.classList.add("changes");
  const { changes: found } = model;
  if (!found) {
    card.append(nothing("Nothing to compare with: ", h("code", {}, "profcov dashboard --since DIR"), ", with the directory of an earlier matrix, lists here what was gained and lost."));
    return card;
  }
  const { gained, lost, new_profiles: added, gone_profiles: gone, counts, partial } = found;
  const left = counts.gained + counts.lost - gained.length - lost.length;
  if (counts.gained + counts.lost === 0) card.append(nothing("No symbol was gained or lost."));
  else card.append(h("p", {}, `${plural(counts.lost, "symbol")} lost, ${count(counts.gained)} gained.`, left ? ` Those of the most profiles are listed, without the other ${count(left)}.` : ""));
  const rows = [...lost.map((each) => ["lost", ...each]), ...gained.map((each) => ["gained", ...each])].map(([what, name, slugs]) => [
    h("a", { href: app.href("symbol", name) }, breakable(name)),
    h("span", { class: `chip ${what}` }, what),
    text(slugs.join(", ")),
  ]);
  if (rows.length) card.append(scroll("Symbols gained and lost", ["symbol", "change", "profiles"], rows));
  if (partial.length) card.append(h("p", {}, "Partial now or before, so they may differ only in what was recorded: ", text(partial.join(", "))));
  if (added.length) card.append(h("p", {}, "New profiles: ", text(added.join(", "))));
  if (gone.length) card.append(h("p", {}, "Profiles no longer there: ", text(gone.join(", "))));
  return card;
}

function scroll(caption, headers, rows) {
  return h("div", { class: "scroller", tabindex: "0", role: "group", "aria-label": caption }, grid(caption, headers, rows, true));
}

function nothing(...sentence) {
  return h("p", { class: "muted" }, sentence);
}
