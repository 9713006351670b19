// What each scenario buys.

import { heatmap } from "../charts/heatmap.js";
import { createGrid } from "../grid.js";
import { readSort, sortRows } from "../sort.js";
import { afterPaint } from "./overview.js";
import { card, chip, profileLink } from "./parts.js";

export function render(root, model, params, app) {
  const { h, count, percent, plural } = app;
  const { profiles, totals } = model;
  const number = (key, title, hint, width = 84) => ({ key, title, hint, width, number: true, show: (p) => (values[key](p) === null ? "–" : count(values[key](p))) });
  const values = {
    profile: (p) => p.slug.toLowerCase(),
    reach: (p) => (totals.statements ? p.reached / totals.statements : null),
    symbols: (p) => p.symbols,
    unique: (p) => p.unique,
    uniqueSymbols: (p) => p.uniqueSymbols,
    lines: (p) => p.lines,
    seconds: (p) => p.seconds,
    jobs: (p) => p.jobs,
    integrity: (p) => p.status,
    twin: (p) => (p.lines && p.twin?.likeness) ?? null,
  };
  const columns = [
    { key: "profile", title: "profile", width: 220, flex: true, show: (p) => profileLink(app, p), className: () => "sticky" },
    { key: "reach", title: "reach", width: 78, number: true, hint: "The share of the statements of functions and methods that it ran", show: (p) => percent(values.reach(p) ?? NaN), className: (p) => `heat-${app.bin(values.reach(p))}` },
    number("lines", "lines", "Statements that it ran, as coverage.py counts them"),
    number("unique", "unique lines", "Lines that only this profile runs", 126),
    number("symbols", "symbols", "Symbols that it reaches", 92),
    number("uniqueSymbols", "unique symbols", "Symbols that only this profile reaches", 156),
    { key: "seconds", title: "duration", width: 96, number: true, show: (p) => app.seconds(p.seconds) },
    { key: "jobs", title: "jobs", width: profiles.some((p) => p.failed_jobs) ? 118 : 66, number: true, show: (p) => (p.jobs === null ? "–" : p.failed_jobs ? `${count(p.failed_jobs)} of ${count(p.jobs)} failed` : count(p.jobs)) },
    { key: "integrity", title: "integrity", width: 106, hint: "Whether the artifact has all that ran", show: (p) => chip(p.status) },
    { key: "twin", title: "nearest twin", width: 150, hint: "The profile most like it: the share of their lines that both run", show: (p) => showTwin(p, model, app) },
  ];
  let sort = params.sort ?? "-reach";
  const sorted = () => {
    const [key, down] = readSort(sort);
    return Object.hasOwn(values, key) ? sortRows(profiles, values[key], down) : profiles;
  };
  const grid = createGrid(app, {
    label: "Profiles",
    rows: sorted(),
    columns: columns.filter(({ key }) => !["seconds", "jobs"].includes(key) || profiles.some((profile) => profile[key] !== null)), // not all are played
    sort,
    open: (p) => app.go(app.href("profile", p.slug)),
    onSort: (next) => {
      sort = next;
      app.setParams({ ...params, arg: undefined, sort });
      grid.update({ rows: sorted(), sort });
    },
  });
  const idle = profiles.filter((p) => p.unique === 0).length;
  const summary = `${plural(profiles.length, "profile")}${idle ? ` · ${plural(idle, "has", "have")} no unique line` : ""}`;
  const heat = card("Profiles by package", "");
  root.append(h("h1", {}, "Profiles"), h("p", { role: "status", class: "count" }, summary), grid.element, heat);
  let chart = null;
  const cancel = afterPaint([() => (chart = heatmap(heat, model, {}, app))]);
  return () => {
    cancel();
    chart?.destroy();
    grid.destroy();
  };
}

function showTwin(profile, model, app) {
  const { twin } = profile;
  if (!twin || !profile.lines) return "–";
  const other = model.profiles[twin.index];
  const pair = app.href("overlap", "", { p: `${profile.slug},${other.slug}` });
  return app.h("a", { href: pair, tabindex: -1, title: `${other.slug}: how they overlap` }, `${app.percent(twin.likeness)} `, app.text(other.slug));
}
