// The cover curve: how many lines the first, the first two, ... profiles run, when each next one is the one that adds most.

import { h } from "../dom.js";
import { count, percent, plural } from "../format.js";
import { cover } from "./sets.js";
import { s, shorten } from "./svg.js";
import { asTable, grid } from "./table.js";

const HEIGHT = 260;
const WIDTH = { least: 300, most: 900 };
const BESIDE = 0.56; // its part of the width, where the list of the first profiles is beside it
const EDGE = { left: 52, right: 14, top: 12, bottom: 34 };
const FIRST = 10;
const MARKS = [0.5, 0.8, 0.95, 1];

/** Draw the greedy cover curve of all profiles, with its order beside it. */
export function curve(root, model, options, app) {
  const order = cover(model);
  const all = order.at(-1)?.total ?? 0;
  if (!all) {
    root.append(h("p", { class: "muted" }, "No profile runs a line."));
    return { destroy() {} };
  }
  const adding = order.filter(({ adds }) => adds).length;
  const idle = order.length - adding;
  root.append(
    h(
      "p",
      { class: "muted note" },
      `${count(adding)} of ${plural(order.length, "profile")} ${adding === 1 ? "runs" : "run"} every line that all of them run: greedy, not proven minimal.` +
        (idle ? ` After these, ${idle === 1 ? "the other one adds" : `the other ${count(idle)} add`} no line; their answers may differ all the same.` : ""),
    ),
    h("div", { class: "beside" }, h("div", {}, picture(model, order, all, choose(root.clientWidth))), firstProfiles(model, order, all, app)),
    asTable("Profiles in the order of greedy set cover", ["place", "profile", "adds", "lines so far", "share"], () =>
      order.map(({ profile, adds, total }, n) => [String(n + 1), linkOf(model, profile, app), adds, total, percent(total / all)]),
    ),
  );
  return { destroy() {} };
}

function choose(room) {
  const width = room < 780 ? room - 30 : room * BESIDE;
  return { width: Math.round(Math.max(WIDTH.least, Math.min(WIDTH.most, width))), height: HEIGHT };
}

function linkOf(model, profile, app) {
  const { slug } = model.profiles[profile];
  return h("a", { href: app.href("profile", slug), title: slug }, slug);
}

function firstProfiles(model, order, all, app) {
  const rows = order
    .slice(0, FIRST)
    .map(({ profile, adds, total }) => [linkOf(model, profile, app), adds ? `+${count(adds)}` : "0", percent(total / all)]);
  const table = grid(order.length > FIRST ? `The first ${FIRST}` : "In this order", ["profile", "adds", "so far"], rows);
  return h("div", { class: "scroller", tabindex: "0", role: "group", "aria-label": "The first profiles of the cover curve" }, table);
}

function picture(model, order, all, { width, height }) {
  const x = (n) => EDGE.left + (n / order.length) * (width - EDGE.left - EDGE.right);
  const y = (total) => height - EDGE.bottom - (total / all) * (height - EDGE.top - EDGE.bottom);
  const line = order.map(({ total }, n) => `L${x(n + 1).toFixed(1)} ${y(total).toFixed(1)}`).join("");
  const marks = MARKS.map((share) => ({ share, n: order.findIndex(({ total }) => total >= share * all) + 1 }));
  const said = marks.map(({ share, n }) => `${count(n)} for ${percent(share)}`).join(", ");
  return s(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, class: "curve", role: "img", "aria-label": `Greedy cover curve. Profiles needed: ${said}.` },
    ...[0, 0.25, 0.5, 0.75, 1].map((share) => level(share, y(share * all), width)),
    s("path", { d: `M${x(0)} ${y(0)}${line}L${x(order.length)} ${y(0)}Z`, class: "under" }),
    s("path", { d: `M${x(0)} ${y(0)}${line}`, class: "line" }),
    ...order.slice(0, 200).map((step, n) => dot(model, step, x(n + 1), y(step.total), order.length > 60)),
    ...ticks(order.length).map((n) => s("text", { x: x(n), y: height - EDGE.bottom + 16, class: "tick middle" }, count(n))),
    s("text", { x: (width + EDGE.left) / 2, y: height - 3, class: "tick middle" }, "profiles"),
  );
}

function level(share, y, width) {
  return s(
    "g",
    {},
    s("line", { x1: EDGE.left, x2: width - EDGE.right, y1: y, y2: y, class: "rule" }),
    s("text", { x: EDGE.left - 8, y: y + 4, class: "tick end" }, `${100 * share} %`),
  );
}

function dot(model, { profile, adds, total }, x, y, small) {
  const { slug } = model.profiles[profile];
  const text = `${shorten(slug, 60)}: +${count(adds)}, ${count(total)} so far`;
  return s("circle", { cx: x, cy: y, r: small ? 2 : 4, class: "point" }, s("title", {}, text));
}

function ticks(most) {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => most / size <= 8) ?? 1000;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, n) => n * step);
}
