// The UpSet: how many lines exactly these of the chosen profiles run, for each combination that occurs.

import { h } from "../dom.js";
import { count, plural } from "../format.js";
import { intersect } from "./sets.js";
import { s, shorten } from "./svg.js";
import { asTable } from "./table.js";

export const MOST_PROFILES = 8;
const MOST_BARS = 24;
const MOST_LETTERS = 34;
const BAR = { least: 28, most: 46 };
const ROW = 22;
const TALL = 150;
const ABOVE = 22;

/** Draw the UpSet of `options.profiles`, indices of at most eight profiles; a bar leads to the symbols that just these reach, if there are any. */
export function upset(root, model, options, app) {
  const chosen = options.profiles;
  const found = intersect(model, chosen, app.baseline);
  const shown = found.slice(0, MOST_BARS);
  root.append(h("p", { class: "muted note" }, describe(found, shown, app)));
  if (!shown.length) return { destroy() {} };
  const labels = Math.min(240, 16 + 6.6 * Math.max(...chosen.map((p) => Math.min(MOST_LETTERS, model.profiles[p].slug.length))));
  const pitch = Math.max(BAR.least, Math.min(BAR.most, (root.clientWidth - labels - 40) / shown.length));
  const width = labels + shown.length * pitch + 8;
  const height = ABOVE + TALL + 12 + chosen.length * ROW;
  const picture = s(
    "svg",
    { width, height, viewBox: `0 0 ${width} ${height}`, class: "upset", role: "group", "aria-label": "UpSet of the chosen profiles" },
    ...chosen.map((p, row) => profileRow(model.profiles[p].slug, row, labels, width)),
    ...shown.map((intersection, n) => column(model, chosen, intersection, { n, labels, pitch, height, most: shown[0].lines }, app)),
  );
  root.append(h("div", { class: "scroller", tabindex: "0", role: "group", "aria-label": "UpSet" }, picture));
  root.append(
    asTable("Lines that exactly these of the chosen profiles run", ["profiles", "number of profiles", "lines", "symbols"], () =>
      found.map(({ profiles, lines, symbols }) => [profiles.map((p) => model.profiles[p].slug).join(" + "), profiles.length, lines, symbols]),
    ),
  );
  return { destroy() {} };
}

function describe(found, shown, app) {
  const rest = found.length - shown.length;
  return [
    "Lines that exactly the marked ones of the chosen profiles run, whatever others do; a bar leads to the symbols that just these reach.",
    app.baseline ? "Baseline lines are hidden." : "",
    rest ? `The ${shown.length} greatest of ${found.length} combinations; the table has all.` : "",
    found.length ? "" : "There is nothing to show.",
  ]
    .filter(Boolean)
    .join(" ");
}

function profileRow(slug, row, labels, width) {
  const y = ABOVE + TALL + 12 + row * ROW;
  return s(
    "g",
    {},
    s("title", {}, slug),
    row % 2 ? null : s("rect", { x: 0, y, width, height: ROW, class: "stripe" }),
    s("text", { x: labels - 10, y: y + ROW / 2, class: "slug" }, shorten(slug, MOST_LETTERS)),
  );
}

function column(model, chosen, { profiles, lines, symbols }, { n, labels, pitch, height, most }, app) {
  const x = labels + (n + 0.5) * pitch;
  const tall = Math.max(1, (lines / most) * TALL);
  const inside = chosen.map((p, row) => (profiles.includes(p) ? row : -1)).filter((row) => row >= 0);
  const y = (row) => ABOVE + TALL + 12 + (row + 0.5) * ROW;
  const label = `${plural(lines, "line")}, ${plural(symbols, "symbol")}: exactly ${profiles.map((p) => model.profiles[p].slug).join(" + ")}`;
  const filter = chosen.map((p) => `${profiles.includes(p) ? "" : "!"}p:${model.profiles[p].slug}`).join(" ");
  return s(
    symbols ? "a" : "g",
    symbols ? { href: app.href("symbols", null, { q: filter }), "aria-label": label } : { role: "img", "aria-label": label },
    s("title", {}, label),
    s("rect", { x: x - pitch / 2, y: 0, width: pitch, height, class: "hit" }),
    s("rect", { x: x - pitch * 0.32, y: ABOVE + TALL - tall, width: pitch * 0.64, height: tall, class: "column" }),
    s("text", { x, y: ABOVE + TALL - tall - 6, class: "value" }, count(lines)),
    ...chosen.map((_, row) => s("circle", { cx: x, cy: y(row), r: 5.5, class: inside.includes(row) ? "dot in" : "dot" })),
    inside.length > 1 ? s("line", { x1: x, x2: x, y1: y(inside[0]), y2: y(inside.at(-1)), class: "join" }) : null,
  );
}
