// What one profile runs.

import { createGrid } from "../grid.js";
import { readSort, sortRows } from "../sort.js";
import { createTree } from "../tree.js";
import { chip, card, command, figures, profileLink, symbolLink } from "./parts.js";

export function render(root, model, params, app) {
  const { h, count, percent } = app;
  const profile = model.profiles[model.findProfile(params.arg)];
  if (!profile) return app.notFound(root, `There is no profile “${params.arg}”.`);
  const { totals } = model;
  app.title(profile.slug);
  const twin = profile.twin && model.profiles[profile.twin.index];
  const files = [profile.html && h("a", { href: profile.html }, "Coverage HTML"), profile.json && h("a", { href: profile.json }, "Report as JSON"), h("a", { href: app.href("symbols", "", { q: `p:${quote(profile.slug)}` }) }, "Its symbols")];
  root.append(
    h("h1", {}, app.breakable(profile.slug), " ", chip(profile.status)),
    profile.reasons.length > 0 && h("ul", { class: "reasons" }, profile.reasons.map((reason) => h("li", {}, app.text(reason)))) || "",
    figures([
      [percent(profile.reached / totals.statements), "of statements reached", `${count(profile.reached)} of ${count(totals.statements)} statements of functions and methods`],
      [count(profile.lines), `lines in ${app.plural(profile.files, "file")}`],
      [count(profile.unique), "unique lines"],
      [count(profile.symbols), "symbols"],
      [count(profile.uniqueSymbols), "unique symbols"],
      profile.seconds !== null && [app.seconds(profile.seconds), profile.requests === null ? "duration" : `for ${app.plural(profile.requests, "request")}`],
      profile.jobs !== null && [count(profile.jobs), profile.failed_jobs ? `jobs, ${count(profile.failed_jobs)} failed` : "jobs"],
    ]),
    h("p", { class: "links" }, files.filter(Boolean)),
    command(app, profile.replay),
    profile.unknown_files > 0 ? h("p", { class: "muted" }, `${app.plural(profile.unknown_files, "file")} that it ran ${profile.unknown_files === 1 ? "is" : "are"} not in the inventory.`) : "",
    twin && profile.lines ? h("p", {}, "Nearest twin: ", profileLink(app, twin), ` (${percent(profile.twin.likeness)} of their lines are common) · `, h("a", { href: app.href("overlap", "", { p: `${profile.slug},${twin.slug}` }) }, "how they overlap")) : "",
    drawContexts(profile, app),
  );
  const unique = drawUnique(profile, model, app);
  root.append(h("div", { class: "columns" }, drawPackages(profile, model, app), unique.element));
  return unique.destroy;
}

const quote = (slug) => (/[\s"]/.test(slug) ? `"${slug}"` : slug);

// A line may run both in a request and in a job, so that the two bars may add up to more than all.
function drawContexts(profile, app) {
  if (profile.web_lines === null || profile.job_lines === null || !profile.lines) return "";
  const bar = (name, lines) =>
    app.h("div", { class: "context" }, app.h("span", { class: "name" }, name), app.h("span", { class: "bar", "aria-hidden": "true" }, app.h("span", { class: "fill accent", style: { width: `${(100 * lines) / profile.lines}%` } })), app.h("span", {}, `${app.count(lines)} lines · ${app.percent(lines / profile.lines)}`));
  return card("Where it runs", "a line may run in both", bar("web", profile.web_lines), bar("jobs", profile.job_lines));
}

function drawPackages(profile, model, app) {
  const covered = model.reachByModule(profile.index);
  const sums = new Map();
  const sum = (node) => {
    if (!sums.has(node)) sums.set(node, node.children ? node.children.map(sum).reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]) : [covered[node.module], model.modules[node.module].callables]);
    return sums.get(node);
  };
  const describe = (node) => {
    const [some, all] = sum(node);
    if (!all) return null;
    return { share: some / all, weight: some, figures: `${app.count(some)} of ${app.count(all)}`, link: app.href("symbols", "", { q: `p:${quote(profile.slug)} ${node.path}` }) };
  };
  return card("Packages", "functions and methods that it reaches", createTree(app, model.packages(Infinity), describe, { label: "Packages", colour: "heat" }));
}

function drawUnique(profile, model, app) {
  const { symbols } = model;
  const rows = profile.sole;
  if (!rows.length) {
    return { element: card("Unique lines", "", app.h("p", { class: "muted" }, profile.lines ? "Every line that it runs is run by another profile, too." : "It runs no line.")), destroy() {} };
  }
  const values = { name: (row) => symbols.name(row.symbol), kind: (row) => symbols.kind(row.symbol), lines: (row) => row.lines, statements: (row) => symbols.statements(row.symbol) };
  let sort = "-lines";
  const sorted = () => sortRows(rows, values[readSort(sort)[0]], readSort(sort)[1]);
  const grid = createGrid(app, {
    label: "Symbols with lines that only this profile runs",
    rows: sorted(),
    sort,
    tall: 14,
    columns: [
      { key: "name", title: "symbol", width: 200, flex: true, show: (row) => symbolLink(app, model, row.symbol) },
      { key: "kind", title: "kind", width: 86, show: values.kind },
      { key: "lines", title: "unique", width: 82, number: true, hint: "Lines of the symbol's own body that only this profile runs; those of no body are their module's", show: (row) => app.count(row.lines) },
      { key: "statements", title: "of", width: 70, number: true, hint: "Statements of the symbol's own body", show: (row) => app.count(values.statements(row)) },
    ],
    open: (row) => app.go(app.href("symbol", symbols.name(row.symbol))),
    onSort: (next) => grid.update({ rows: ((sort = next), sorted()), sort: next }),
  });
  return { element: card("Unique lines", `${app.count(profile.unique)} that no other profile runs`, grid.element), destroy: grid.destroy };
}
