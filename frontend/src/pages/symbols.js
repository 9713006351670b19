// Who runs X: every symbol beside every profile.

import { parse, select } from "../filter.js";
import { LIMIT, createGrid } from "../grid.js";
import { readSort, sortRows } from "../sort.js";
import { filterField, isNarrow, symbolLink } from "./parts.js";

const NARROW = ["name", "reach", "profiles", "missed", "statements", "kind", "module"]; // the order where there is little room

export function render(root, model, params, app) {
  const { h, count } = app;
  const { symbols, profiles, modules } = model;
  const toggle = h("button", { type: "button", hidden: profiles.length < 3, onclick: () => app.toggleBaseline() });
  let { q = "", sort = "" } = params;
  const filter = filterField(app, { label: "Filter symbols", placeholder: "Filter: cart kind:method is:uncovered p:checkout", value: q, changed, down: () => grid.move(1), tools: toggle });

  const values = {
    module: (i) => modules[symbols.module(i)].name,
    name: (i) => symbols.short(i).toLowerCase(),
    kind: (i) => symbols.kind(i),
    statements: (i) => symbols.inner(i),
    missed: (i) => symbols.innerMissed(i),
    reach: (i) => (symbols.inner(i) ? (symbols.inner(i) - symbols.innerMissed(i)) / symbols.inner(i) : null),
    profiles: (i) => symbols.count(i),
  };
  const columns = [
    { key: "module", title: "module", width: 180, flex: true, show: values.module },
    { key: "name", title: "name", width: 240, flex: true, show: (i) => symbolLink(app, model, i, symbols.short(i)), className: () => "sticky" },
    { key: "kind", title: "kind", width: 86, show: values.kind },
    { key: "statements", title: "stmts", width: 82, number: true, hint: "Statements of the functions and methods in it", show: (i) => count(values.statements(i)) },
    { key: "missed", title: "missed", width: 88, number: true, hint: "Those of them that no profile ran", show: (i) => count(values.missed(i)) },
    { key: "reach", title: "reach", width: 84, number: true, hint: "The share of them that a profile ran", show: (i) => app.percent(values.reach(i) ?? NaN), className: (i) => (values.reach(i) === null ? "" : `bin-${app.bin(values.reach(i))}`) },
    { key: "profiles", title: "# profiles", width: 112, number: true, hint: "How many profiles reach it", show: (i) => count(values.profiles(i)) },
  ];
  if (isNarrow()) columns.sort((one, other) => NARROW.indexOf(one.key) - NARROW.indexOf(other.key));
  const marks = {
    count: profiles.length,
    header: (p) => h("a", { href: app.href("profile", profiles[p].slug), title: profiles[p].slug, tabindex: -1 }, app.text(profiles[p].slug)),
    show: (i, p) => (symbols.has(i, p) ? profiles[p].slug : null),
  };
  const grid = createGrid(app, {
    label: "Symbols and the profiles that reach them",
    rows: [],
    columns,
    marks,
    tall: 22,
    high: Math.max(0, ...profiles.map(({ slug }) => slug.length)),
    sort,
    open: (i) => app.go(app.href("symbol", symbols.name(i))),
    onSort: (next) => {
      sort = next;
      app.setParams({ q, sort });
      refresh();
    },
  });

  function refresh() {
    const parsed = parse(q, model);
    const { rows, hidden } = select(parsed, model, app.baseline);
    const [key, down] = readSort(sort);
    grid.update({ rows: Object.hasOwn(values, key) ? sortRows(rows, values[key], down) : rows, sort });
    const said = [app.plural(rows.length, "symbol"), hidden && `${count(hidden)} baseline hidden`, rows.length > LIMIT && `the first ${count(LIMIT)} are listed`];
    filter.say(said.filter(Boolean).join(" · "), parsed.problems);
    toggle.textContent = app.baseline ? "Show baseline" : "Hide baseline";
  }

  function changed(words) {
    q = words;
    app.setParams({ q, sort });
    refresh();
  }

  app.onBaseline(refresh);
  root.append(h("h1", {}, "Symbols"), filter.element, grid.element);
  refresh();
  return grid.destroy;
}
