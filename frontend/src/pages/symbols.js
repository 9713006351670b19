// Who runs X: every symbol beside every profile.

import { parse, select } from "../filter.js";
import { LIMIT, createGrid, readSort, sortRows } from "../grid.js";
import { symbolLink } from "./parts.js";

export function render(root, model, params, app) {
  const { h, count, plural } = app;
  const { symbols, profiles, modules } = model;
  const field = h("input", { type: "search", "aria-label": "Filter symbols", placeholder: "cart kind:method is:uncovered p:checkout", autocomplete: "off", spellcheck: "false", "aria-describedby": "problems" });
  const total = h("span", { role: "status", class: "count" });
  const problems = h("p", { id: "problems", class: "problems", role: "alert" });
  const toggle = h("button", { type: "button", onclick: () => app.toggleBaseline() });
  let { q = "", sort = "" } = params;
  field.value = q;

  const values = {
    module: (i) => modules[symbols.module(i)].name,
    name: (i) => symbols.short(i).toLowerCase(),
    kind: (i) => symbols.kind(i),
    statements: (i) => symbols.inner(i),
    missed: (i) => symbols.innerMissed(i),
    reach: (i) => (symbols.inner(i) ? 1 - symbols.innerMissed(i) / symbols.inner(i) : null),
    profiles: (i) => symbols.count(i),
  };
  const columns = [
    { key: "module", title: "module", width: 200, show: values.module },
    { key: "name", title: "name", width: 240, flex: true, show: (i) => symbolLink(app, model, i, symbols.short(i)), className: () => "sticky" },
    { key: "kind", title: "kind", width: 76, show: values.kind },
    { key: "statements", title: "stmts", width: 70, number: true, hint: "Statements of the functions and methods in it", show: (i) => count(values.statements(i)) },
    { key: "missed", title: "missed", width: 78, number: true, hint: "Those of them that no profile ran", show: (i) => count(values.missed(i)) },
    { key: "reach", title: "reach", width: 76, number: true, hint: "The share of them that a profile ran", show: (i) => app.percent(values.reach(i) ?? NaN), className: (i) => (values.reach(i) === null ? "" : `bin-${app.bin(values.reach(i))}`) },
    { key: "profiles", title: "# profiles", width: 90, number: true, hint: "How many profiles reach it", show: (i) => count(values.profiles(i)) },
  ];
  const marks = {
    count: profiles.length,
    header: (p) => h("a", { href: app.href("profile", profiles[p].slug), title: profiles[p].slug, tabindex: -1 }, app.text(profiles[p].slug)),
    show: (i, p) => (symbols.has(i, p) ? { className: "on", title: profiles[p].slug } : null),
  };
  const grid = createGrid(app, {
    label: "Symbols and the profiles that reach them",
    key: location.hash,
    rows: [],
    columns,
    marks,
    tall: 22,
    sort,
    open: (i) => app.go(app.href("symbol", symbols.name(i))),
    onSort: (next) => {
      sort = next;
      app.setParams({ q, sort });
      refresh();
    },
  });

  function refresh() {
    const filter = parse(q, model);
    const { rows, hidden } = select(filter, model, app.baseline);
    const [key, down] = readSort(sort);
    grid.update({ rows: Object.hasOwn(values, key) ? sortRows(rows, values[key], down) : rows, sort });
    problems.textContent = filter.problems.join(" ");
    problems.hidden = filter.problems.length === 0;
    total.textContent = [plural(rows.length, "symbol"), hidden && `${count(hidden)} baseline hidden`, rows.length > LIMIT && `the first ${count(LIMIT)} are listed`].filter(Boolean).join(" · ");
    toggle.textContent = app.baseline ? "Show baseline" : "Hide baseline";
  }

  field.addEventListener("input", () => {
    q = field.value;
    app.setParams({ q, sort });
    refresh();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "ArrowDown") grid.move(1);
    else if (event.key === "Escape" && field.value === "") grid.element.firstElementChild.focus();
    else if (event.key === "Escape") (field.value = ""), field.dispatchEvent(new Event("input"));
    else return;
    event.preventDefault();
  });
  app.onBaseline(refresh);
  root.append(h("h1", {}, "Symbols"), h("div", { class: "bar-of-tools", role: "search" }, field, total, toggle), problems, grid.element);
  refresh();
  return grid.destroy;
}
