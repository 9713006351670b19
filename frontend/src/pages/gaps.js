// What no profile reaches.

import { matcher, parse } from "../filter.js";
import { createGrid } from "../grid.js";
import { readSort, sortRows } from "../sort.js";
import { createTree } from "../tree.js";
import { card, figures, filterField, isNarrow, symbolLink } from "./parts.js";

const STATES = {
  "never imported": ["Never imported", "no process that worked for a profile loaded them"],
  "never called": ["Imported, never called", "loaded, but no profile ran a statement in them"],
  "not known": ["Not reached", "whether they were imported is not known of all profiles"],
};

const APART = {
  startup: ["Ran at start-up, or never", "no alarm: only imports, application factories and entry points call them"],
  outside: ["Ran, but for no profile", "in a background thread, for untraced traffic, at start-up; as far as the engine has seen it"],
};

export function render(root, model, params, app) {
  const { h, count } = app;
  const { totals } = model;
  const modules = model.modules.filter((module) => Object.hasOwn(STATES, module.state) && module.missed > 0);
  const missing = listMissing(model);
  const states = Object.keys(STATES).map((state) => [state, modules.filter((module) => module.state === state)]).filter(([, found]) => found.length);
  const lists = states.map(([state, found]) => listOf(STATES[state], found, (module) => module.first, moduleColumns(model, app), app));
  const last = listOf(["Missed in modules that are reached", "functions and methods that no profile enters"], missing, (i) => i, symbolColumns(model, app), app);
  const apart = Object.entries(APART).map(([key, title]) => listOf(title, listApart(model, key), (i) => i, symbolColumns(model, app), app)).filter((list) => list.total);
  const filter = filterField(app, { label: "Filter gaps", placeholder: "Filter: billing -test kind:method", value: params.q, changed: refresh, down: () => app.rows?.move(1) });

  function refresh(q = "", typed = true) {
    const { terms, problems } = parse(q, model);
    const holds = matcher(terms, model);
    const found = [...lists, last].map((list) => list.show(holds)).reduce((sum, some) => sum + some, 0);
    apart.forEach((list) => list.show(holds));
    filter.say(`${count(found)} of ${app.plural(modules.length + missing.length, "gap")}`, problems);
    if (typed) app.setParams({ q });
  }

  root.append(
    h("h1", {}, "Gaps"),
    figures([
      [totals.statements ? app.percent((totals.statements - totals.reached) / totals.statements) : "–", "of statements missed", `${count(totals.statements - totals.reached)} of ${count(totals.statements)} statements of functions and methods`],
      ...states.map(([state, found]) => [count(found.length), `${found.length === 1 ? "module" : "modules"} ${state === "not known" ? "not reached" : state}`]),
      [count(missing.length), `${missing.length === 1 ? "function or method" : "functions and methods"} missed in other modules`],
    ]),
  );
  if (modules.length + missing.length === 0) root.append(h("p", {}, "None: the profiles enter every function and method."));
  else root.append(filter.element, h("div", { class: "columns" }, lists.map((list) => list.element)), missing.length ? last.element : "");
  root.append(...apart.map((list) => list.element));
  root.append(card("By package", "the share of the statements of functions and methods that are reached, and how many are missed", createTree(app, model.packages(Infinity), (node) => describe(node, app), { label: "Gaps by package", colour: "bin" })));
  refresh(params.q, false);
  return () => [...lists, last, ...apart].forEach((list) => list.destroy());
}

// A card with a grid of gaps. `show` keeps those whose symbol fits the filter, and tells how many these are.
function listOf([title, note], all, symbolOf, columns, app) {
  const values = Object.fromEntries(columns.map((column) => [column.key, column.value]));
  let rows = all;
  let sort = "-missed";
  const update = () => grid.update({ rows: sortRows(rows, values[readSort(sort)[0]], readSort(sort)[1]), sort });
  const onSort = (next) => {
    sort = next;
    update();
  };
  const grid = createGrid(app, { label: title, rows: [], sort, tall: 12, columns, open: columns[0].open, onSort });
  const number = app.h("span", {});
  const show = (holds) => {
    rows = all.filter((row) => holds(symbolOf(row)));
    number.textContent = app.count(rows.length);
    update();
    return rows.length;
  };
  return { element: card(title, [number, ` · ${note}`], grid.element), show, total: all.length, destroy: grid.destroy };
}

function moduleColumns(model, app) {
  return [
    { key: "name", title: "module", width: 180, flex: true, value: (m) => m.name, show: (m) => symbolLink(app, model, m.first, m.name), open: (m) => app.go(app.href("symbol", m.name)) },
    { key: "missed", title: "missed", width: 84, number: true, value: (m) => m.missed, show: (m) => app.count(m.missed) },
  ];
}

function symbolColumns(model, app) {
  const { symbols, modules } = model;
  const file = (i) => `${modules[symbols.module(i)].file}:${symbols.line(i)}`;
  const columns = [
    { key: "name", title: "function or method", width: 220, flex: true, value: (i) => symbols.name(i), show: (i) => symbolLink(app, model, i), open: (i) => app.go(app.href("symbol", symbols.name(i))) },
    { key: "file", title: "file", width: 320, value: (i) => modules[symbols.module(i)].file, show: file },
    { key: "missed", title: "missed", width: 84, number: true, value: (i) => symbols.missed(i), show: (i) => app.count(symbols.missed(i)) },
  ];
  return isNarrow() ? [columns[0], columns[2], columns[1]] : columns;
}

// As gaps.json has them: functions and methods of which no statement ran, in modules of which some did.
function listMissing({ symbols, modules }) {
  const found = [];
  for (const module of modules) {
    if (module.state !== "reached") continue;
    for (let i = module.first; i < module.last; i++) if (symbols.callable(i) && symbols.statements(i) && symbols.missed(i) === symbols.statements(i) && !symbols.apart(i)) found.push(i);
  }
  return found;
}

function listApart({ symbols }, key) {
  return Array.from({ length: symbols.length }, (_, i) => i).filter((i) => symbols[key](i));
}

function describe(node, app) {
  if (!node.missed) return null;
  const share = (node.statements - node.missed) / node.statements;
  return { share, weight: node.missed, figures: `${app.count(node.missed)} missed of ${app.count(node.statements)}`, link: app.href("symbols", "", { q: `is:uncovered ${node.path}`, sort: "-missed" }) };
}
