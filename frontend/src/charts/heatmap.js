// The heatmap: profiles by packages, and how many of a package's functions and methods a profile reaches.

import { h } from "../dom.js";
import { bin, count, percent, plural, whole } from "../format.js";
import { fold, runs } from "./fold.js";
import { membersOf } from "./sets.js";
import { surface } from "./surface.js";
import { legend } from "./legend.js";
import { shorten } from "./svg.js";
import { asTable } from "./table.js";

const MOST_ROWS = 60;
const FEWEST_ROWS = 8; // fewer groups than these say too little
const MOST_COLUMNS = 40;
const MOST_COLUMNS_NARROW = 20;
const FONT = "11px system-ui, sans-serif";
const SLANT = -Math.PI / 3;
const FIGURE_FONT = { wide: "10px system-ui, sans-serif", narrow: "9px system-ui, sans-serif" };
const FIGURE_ROOM = { width: 18, height: 14 }; // a cell of this size has room for its number

/** Draw the heatmap; where there are more profiles or packages than can be labelled, they are in groups, and the note says so. */
export function heatmap(root, model, options, app) {
  const narrow = root.clientWidth > 0 && root.clientWidth < 480;
  const rows = groupProfiles(model);
  const columns = groupModules(model, narrow ? MOST_COLUMNS_NARROW : MOST_COLUMNS);
  if (!rows.length || !columns.length) {
    root.append(h("p", { class: "muted" }, rows.length ? "No module has a function or method with a statement." : "There is no profile."));
    return { destroy() {} };
  }
  let cells = tally(model, rows, columns, app.baseline);
  const note = h("p", { class: "muted note" });
  const say = () => (note.textContent = describeGroups(model, rows, columns, cells.hidden, app));
  root.append(legend("heat", "share of the functions and methods that a profile reaches"), note);
  say();
  const edges = { left: 0, bottom: 0 };
  const share = (row, column) => (cells.total[column] ? cells.reached[row * columns.length + column] / cells.total[column] : NaN); // all of it is baseline, and hidden
  const name = (row, column) => `${rows[row].label}, ${columns[column].label}`;
  const open = ({ row, column }) => app.go(column === undefined ? profileHref(rows[row], app) : hrefOf(rows[row], columns[column], app));
  const figures = (row, column) => {
    const total = cells.total[column];
    if (!total) return "nothing but baseline symbols, which are hidden";
    return `${percent(share(row, column))}: ${count(cells.reached[row * columns.length + column])} of ${count(total)} functions and methods`;
  };
  const drawn = surface(root, app, {
    kind: "heatmap",
    label: `Heatmap of ${rows.length} rows (profiles) by ${columns.length} columns (packages). Arrow keys walk, Enter opens. The same as a table is below.`,
    height: (width) => Math.max(12, Math.min(26, 420 / rows.length)) * rows.length + (width < 480 ? 80 : 120),
    layout(width, height, context) {
      context.font = FONT;
      const widest = (groups) => Math.max(0, ...groups.map(({ label, short = label }) => context.measureText(short).width));
      edges.left = Math.ceil(Math.min(widest(rows) + 8, width * 0.34, 230));
      edges.bottom = Math.ceil(Math.min(widest(columns) * Math.sin(-SLANT) + 14, width < 480 ? 80 : 120));
      edges.height = Math.min((height - edges.bottom) / rows.length, 56);
      edges.width = Math.min((width - edges.left - 1) / columns.length, 90);
      const { left, width: cell, height: tall } = edges;
      return rows.flatMap((_, row) => [
        { row, x: 0, y: row * tall, width: left - 2, height: tall, aside: true },
        ...columns.map((_, column) => ({ row, column, x: left + column * cell, y: row * tall, width: cell, height: tall })),
      ]);
    },
    draw(context, width, height, colour) {
      for (let row = 0; row < rows.length; row++) {
        for (let column = 0; column < columns.length; column++) {
          const x = edges.left + column * edges.width;
          context.fillStyle = colour(`heat-${bin(share(row, column))}`);
          context.fillRect(x, row * edges.height, edges.width - (edges.width > 5 ? 1 : 0), edges.height - (edges.height > 5 ? 1 : 0));
          writeFigure(context, share(row, column), x, row * edges.height, edges, colour);
        }
      }
      writeLabels(context, rows, columns, edges, colour("fg"));
    },
    describe: ({ row, column }) => (column === undefined ? describeRow(model, rows[row]) : [name(row, column), figures(row, column)]),
    open,
  });
  const tableOf = () =>
    asTable("Share of each package that each profile reaches", ["profile", ...columns.map(({ label }) => label)], () =>
      rows.map((row, r) => [linkOf(row, app), ...columns.map((_, c) => percent(share(r, c)))]),
    );
  let table = tableOf();
  root.append(table);
  const forget = app.onBaseline(() => {
    cells = tally(model, rows, columns, app.baseline);
    say();
    drawn.redraw();
    table.replaceWith((table = tableOf()));
  });
  return {
    destroy() {
      drawn.destroy();
      if (typeof forget === "function") forget();
    },
  };
}

function describeRow(model, row) {
  const [profile] = row.profiles.map((index) => model.profiles[index]);
  return [row.label, row.profiles.length === 1 ? plural(profile.symbols, "symbol") : plural(row.profiles.length, "profile")];
}

function profileHref(row, app) {
  return row.profiles.length === 1 ? app.href("profile", row.label) : app.href("profiles");
}

function linkOf(row, app) {
  return h("a", { href: profileHref(row, app) }, row.label);
}

function hrefOf(row, column, app) {
  const profile = row.profiles.length === 1 ? `p:${row.label} ` : "";
  return app.href("symbols", null, { q: `${profile}${column.path}` });
}

/** Return the rows: each profile, or, past 60, groups of profiles whose slugs begin alike, or else that follow each other. */
function groupProfiles(model) {
  const { profiles } = model;
  if (profiles.length <= MOST_ROWS) return profiles.map(({ slug, index }) => ({ label: slug, profiles: [index] }));
  const sorted = [...profiles].sort((a, b) => (a.slug < b.slug ? -1 : 1));
  const groups = fold(sorted, ({ slug }) => slug.split(/(?<=[-_.])/), MOST_ROWS, { singles: false });
  const alike = groups.length >= FEWEST_ROWS && groups.every(({ kind }) => kind !== "rest");
  const found = alike ? groups.map(labelPrefix) : runs(sorted, MOST_ROWS).map(labelRun);
  return found.map(({ label, items }) => ({ label, profiles: items.map(({ index }) => index) }));
}

function labelPrefix({ path, items }) {
  return { items, label: items.length === 1 ? items[0].slug : `${path.join("")}… (${items.length})` };
}

function labelRun(items) {
  return { items, label: `${items[0].slug} to ${items.at(-1).slug} (${items.length})` };
}

/** Return the columns: modules in as small groups as there is room for, by package. */
function groupModules(model, most) {
  const modules = model.modules.map((module, index) => ({ ...module, index })).filter(({ statements }) => statements);
  const groups = fold(modules, ({ name }) => name.split("."), most, { weightOf: ({ statements }) => statements });
  const within = commonPackage(groups.filter(({ kind }) => kind === "whole").map(({ path }) => path));
  const said = { whole: "", own: " (itself)", rest: " (others)" };
  return groups.map(({ path, items, kind }) => ({
    path: path.join("."),
    label: `${path.join(".")}${said[kind]}`,
    short: `${path.slice(within).join(".")}${said[kind]}`.trim(),
    modules: items.map(({ index }) => index),
  }));
}

/** Return how many words all paths have in common, and need not be repeated in each label. */
function commonPackage(paths) {
  let length = 0;
  while (paths.length > 1 && paths.every((path) => path.length > length + 1 && path[length] === paths[0][length])) length += 1;
  return length;
}

/** Count, for each row and column, the functions and methods reached: {reached, total (by column), hidden (baseline symbols)}. */
function tally(model, rows, columns, hideBaseline) {
  const { symbols } = model;
  const columnOf = new Int32Array(model.modules.length).fill(-1);
  columns.forEach(({ modules }, column) => modules.forEach((module) => (columnOf[module] = column)));
  const rowOf = new Uint16Array(model.profiles.length);
  rows.forEach(({ profiles }, row) => profiles.forEach((profile) => (rowOf[profile] = row)));
  const total = new Uint32Array(columns.length);
  const weights = new Map();
  let hidden = 0;
  for (let i = 0; i < symbols.length; i++) {
    const column = columnOf[symbols.module(i)];
    if (column < 0 || !symbols.callable(i) || !symbols.statements(i)) continue;
    if (hideBaseline && model.isBaseline(i)) {
      hidden += 1;
      continue;
    }
    total[column] += 1;
    const key = model.signatureOf(i) * columns.length + column;
    weights.set(key, (weights.get(key) ?? 0) + 1);
  }
  return { reached: spread(model, weights, rowOf, rows.length, columns.length), total, hidden };
}

function spread(model, weights, rowOf, rows, columns) {
  const { start, list } = membersOf(model);
  const reached = new Uint32Array(rows * columns);
  const seen = new Int32Array(rows).fill(-1);
  let turn = 0;
  for (const [key, weight] of weights) {
    const signature = Math.floor(key / columns);
    const column = key % columns;
    turn += 1;
    for (let at = start[signature]; at < start[signature + 1]; at++) {
      const row = rowOf[list[at]];
      if (seen[row] === turn) continue;
      seen[row] = turn;
      reached[row * columns + column] += weight;
    }
  }
  return reached;
}

function describeGroups(model, rows, columns, hidden, app) {
  const said = [];
  if (rows.length < model.profiles.length)
    said.push(`${count(model.profiles.length)} profiles in ${rows.length} groups, by how their slugs begin; a group reaches what any of its profiles reaches.`);
  if (columns.some(({ modules }) => modules.length > 1)) said.push(`${count(model.modules.length)} modules in ${plural(columns.length, "group")}, by package.`);
  if (hidden) said.push(`${plural(hidden, "baseline symbol")} (reached by 90 % of profiles or more) ${hidden > 1 ? "are" : "is"} hidden.`);
  return said.join(" ");
}

function writeFigure(context, share, x, y, edges, colour) {
  if (edges.width < FIGURE_ROOM.width || edges.height < FIGURE_ROOM.height) return;
  const shade = bin(share);
  context.font = edges.width < 22 ? FIGURE_FONT.narrow : FIGURE_FONT.wide;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = colour(shade === 0 ? "muted" : shade < 4 ? "heat-low" : "heat-high");
  context.fillText(whole(share), x + (edges.width - 1) / 2, y + (edges.height - 1) / 2);
}

function writeLabels(context, rows, columns, edges, colour) {
  context.font = FONT;
  context.fillStyle = colour;
  context.textBaseline = "middle";
  context.textAlign = "right";
  rows.forEach(({ label }, row) => {
    context.fillText(cut(context, label, edges.left - 6), edges.left - 6, (row + 0.5) * edges.height);
  });
  const room = (edges.bottom - 12) / Math.sin(-SLANT);
  const every = Math.ceil(11 / edges.width);
  columns.forEach(({ short }, column) => {
    if (column % every) return;
    context.save();
    context.translate(edges.left + (column + 0.5) * edges.width + 3, rows.length * edges.height + 6);
    context.rotate(SLANT);
    context.fillText(cut(context, short, room, true), 0, 0);
    context.restore();
  });
  context.textAlign = "left";
}

/** Cut a text to the room with an ellipsis, in its middle or (a dotted name, whose end says most) at its beginning. */
function cut(context, text, room, atStart = false) {
  let shown = text;
  for (let length = text.length; length > 2 && context.measureText(shown).width > room; length--) {
    shown = atStart ? `…${text.slice(1 - length)}` : shorten(text, length);
  }
  return shown;
}
