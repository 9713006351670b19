// The table that every chart has: the same figures, as text, for those who cannot or will not read the picture.

import { h } from "../dom.js";
import { count } from "../format.js";

const MOST = 500;

/**
 * Return a <details> with the chart's figures as a table; its rows are built when it is first opened.
 * `headers` are strings or nodes; a cell is a string, a number or a node, and the first of each row is its header.
 */
export function asTable(caption, headers, rows) {
  const box = h("details", { class: "as-table" }, h("summary", {}, "As a table"));
  box.addEventListener("toggle", () => {
    if (box.open && box.childElementCount === 1) fill(box, caption, headers, rows());
  });
  return box;
}

function fill(box, caption, headers, rows) {
  const shown = rows.slice(0, MOST);
  const note = rows.length > MOST ? h("p", { class: "muted" }, `The first ${count(MOST)} of ${count(rows.length)} rows.`) : null;
  const scroller = h("div", { class: "scroller", tabindex: "0", role: "group", "aria-label": caption }, grid(caption, headers, shown));
  box.append(...[scroller, note].filter(Boolean));
}

/** Return a <table class="grid">; numbers are set right. */
export function grid(caption, headers, rows, hideCaption = false) {
  const numeric = headers.map((_, n) => n > 0 && rows.length > 0 && rows.every((row) => isNumber(row[n])));
  const side = (n) => (numeric[n] ? { class: "number" } : {});
  const cell = (value) => (value instanceof Node ? value : typeof value === "number" ? count(value) : String(value));
  return h(
    "table",
    { class: "grid" },
    h("caption", hideCaption ? { class: "unseen" } : {}, caption),
    h("thead", {}, h("tr", {}, ...headers.map((text, n) => h("th", { scope: "col", ...side(n) }, text)))),
    h(
      "tbody",
      {},
      ...rows.map((row) =>
        h("tr", {}, ...row.map((value, n) => (n ? h("td", side(n), cell(value)) : h("th", { scope: "row" }, cell(value))))),
      ),
    ),
  );
}

function isNumber(value) {
  return typeof value === "number" || /^\+?[\d.,]+( %)?$/.test(value instanceof Node ? value.textContent : value);
}
