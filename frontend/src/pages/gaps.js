// What no profile reaches.

import { createGrid, readSort, sortRows } from "../grid.js";
import { createTree } from "../tree.js";
import { card, figures, symbolLink } from "./parts.js";

const STATES = {
  "never imported": ["Never imported", "no process that worked for a profile loaded them"],
  "never called": ["Imported, never called", "loaded, but no statement within ran for a profile"],
  "not known": ["Not reached", "whether they were imported is not known for all profiles"],
};

export function render(root, model, params, app) {
  const { h, count } = app;
  const { symbols, totals } = model;
  const grids = [];
  const inState = (state) => model.modules.filter((module) => module.state === state && module.missed > 0);
  const reached = model.modules.filter((module) => module.state === "reached");
  const missing = reached.flatMap((module) => listMissing(module, symbols));
  const states = Object.keys(STATES).map((state) => [state, inState(state)]).filter(([, modules]) => modules.length);

  const list = (title, note, rows, columns) => {
    const values = Object.fromEntries(columns.map((column) => [column.key, column.value]));
    let sort = "-missed";
    const sorted = () => sortRows(rows, values[readSort(sort)[0]], readSort(sort)[1]);
    const grid = createGrid(app, { label: title, key: `${location.hash} ${title}`, rows: sorted(), sort, tall: 12, columns, open: columns[0].open, onSort: (next) => grid.update({ rows: ((sort = next), sorted()), sort: next }) });
    grids.push(grid);
    return card(title, `${count(rows.length)} · ${note}`, grid.element);
  };
  const moduleColumns = [
    { key: "name", title: "module", width: 180, flex: true, value: (m) => m.name, show: (m) => symbolLink(app, model, m.first, m.name), open: (m) => app.go(app.href("symbol", m.name)) },
    { key: "missed", title: "missed", width: 84, number: true, value: (m) => m.missed, show: (m) => count(m.missed) },
  ];
  const symbolColumns = [
    { key: "name", title: "function or method", width: 220, flex: true, value: (i) => symbols.name(i), show: (i) => symbolLink(app, model, i), open: (i) => app.go(app.href("symbol", symbols.name(i))) },
    { key: "file", title: "file", width: 240, value: (i) => model.modules[symbols.module(i)].file, show: (i) => app.text(`${model.modules[symbols.module(i)].file}:${symbols.line(i)}`) },
    { key: "missed", title: "missed", width: 84, number: true, value: (i) => symbols.missed(i), show: (i) => count(symbols.missed(i)) },
  ];
  root.append(
    h("h1", {}, "Gaps"),
    figures([
      [app.percent(1 - totals.reached / totals.statements), "of statements missed", `${count(totals.statements - totals.reached)} of ${count(totals.statements)} statements of functions and methods`],
      ...states.map(([state, modules]) => [count(modules.length), `modules ${state === "not known" ? "not reached" : state}`]),
      [count(missing.length), "functions and methods missed in other modules"],
    ]),
  );
  if (!states.length && !missing.length) root.append(h("p", {}, "Nothing: profiles reach every function and method."));
  if (states.length) root.append(h("div", { class: "columns" }, states.map(([state, modules]) => list(STATES[state][0], STATES[state][1], modules, moduleColumns))));
  if (missing.length) root.append(list("Missed in modules that are reached", "no profile enters them", missing, symbolColumns));
  root.append(card("By package", "missed statements of functions and methods", createTree(app, model.packages(Infinity), (node) => describe(node, app), "Gaps by package")));
  return () => grids.forEach((grid) => grid.destroy());
}

function listMissing(module, symbols) {
  const found = [];
  for (let i = module.first; i < module.last; i++) if (symbols.callable(i) && symbols.statements(i) && symbols.missed(i) === symbols.statements(i)) found.push(i);
  return found;
}

function describe(node, app) {
  if (!node.missed) return null;
  const share = 1 - node.missed / node.statements;
  return { share, weight: node.missed, figures: `${app.count(node.missed)} missed of ${app.count(node.statements)}`, link: app.href("symbols", "", { q: `is:uncovered ${node.path}`, sort: "-missed" }) };
}
