// The table of a grid, of which only some rows and columns of marks are in the page; the others leave their room.

import { h } from "../dom.js";
import { createSpace, drawCell, drawHeader, drawMark } from "./cells.js";
import { LIMIT, NARROW, clamp } from "./sight.js";

// `options` are the grid's; `events(place, row)` are those of a row.
// -> {table, head, body, drawn(), draw(sight, isKept, rows, sort, rowHeight), fit(width), mark(active)}
export function createSheet(id, options, events) {
  const { columns, marks = null } = options;
  const cols = columns.map((column) => h("col", { style: { width: `${column.width}px` } }));
  const markCols = createMarkCols(marks);
  const head = h("thead");
  const body = h("tbody");
  const [above, below] = [createSpace(), createSpace()];
  const count = columns.length + (marks?.count ?? 0);
  const table = h(
    "table",
    { class: marks ? "sheet marked" : "sheet", role: "grid", tabindex: 0, "aria-label": options.label, "aria-colcount": count },
    h("colgroup", {}, cols),
    markCols.element,
    head,
    above.element,
    body,
    below.element,
  );
  if (marks) table.style.setProperty("--high", `${clamp(0.82 * options.high, 6, 22)}ch`);
  let drawn = null;

  // Draw what is to be in the page; if `isKept`, the columns and the rows that are there already stay.
  function draw({ first, last, left, right }, isKept, rows, sort, rowHeight) {
    const old = isKept ? drawn : { first: 0, last: 0 };
    drawn = isKept ? { ...drawn, first, last } : { first, last, left, right };
    if (!isKept) drawHead(sort);
    above.resize(first * rowHeight);
    replaceRows(body, old, drawn, (place) => drawRow(rows[place], place));
    below.resize((Math.min(rows.length, LIMIT) - last) * rowHeight);
  }

  function drawHead(sort) {
    const { left, right } = drawn;
    markCols.resize(left, right);
    const fixed = columns.map((column, place) => drawHeader(column, place + 1, sort, options.onSort));
    const narrow = range(left, right).map((place) => h("th", { scope: "col", class: "cell", "aria-colindex": columns.length + place + 1 }, marks.header(place)));
    const focused = [...head.querySelectorAll("button")].indexOf(document.activeElement);
    head.replaceChildren(h("tr", { "aria-rowindex": 1 }, fixed, frame(narrow)));
    if (focused >= 0) head.querySelectorAll("button")[focused].focus();
  }

  function drawRow(row, place) {
    const cells = columns.map((column, index) => drawCell(column, row, index + 1));
    const narrow = range(drawn.left, drawn.right).map((mark) => drawMark(marks.show(row, mark), columns.length + mark + 1));
    return h("tr", { id: `${id}-${place}`, "aria-rowindex": place + 2, "aria-selected": "false", ...events(place, row) }, cells, frame(narrow));
  }

  // The columns of marks that are not in the page leave their room.
  const frame = (cells) => (marks ? [h("td", { "aria-hidden": "true" }), cells, h("td", { "aria-hidden": "true" })] : []);

  // The columns that flex share the room that is left.
  function fit(width) {
    const least = columns.reduce((sum, column) => sum + column.width, marks ? marks.count * NARROW : 0);
    const more = Math.max(0, width - least) / columns.filter((column) => column.flex).length;
    columns.forEach((column, place) => (cols[place].style.width = `${column.width + (column.flex ? more : 0)}px`));
    table.style.width = `${Math.max(least, width)}px`;
  }

  function mark(active) {
    for (const row of body.children) row.setAttribute("aria-selected", row.id === `${id}-${active}`);
    if (drawn && active >= drawn.first && active < drawn.last) table.setAttribute("aria-activedescendant", `${id}-${active}`);
    else table.removeAttribute("aria-activedescendant");
  }

  return { table, head, body, drawn: () => drawn, draw, fit, mark };
}

// Rows that are there already stay.
function replaceRows(body, old, { first, last }, drawRow) {
  if (old.last <= first || old.first >= last) return body.replaceChildren(...range(first, last).map(drawRow));
  for (let place = old.first; place < first; place++) body.firstChild.remove();
  for (let place = last; place < old.last; place++) body.lastChild.remove();
  body.prepend(...range(first, Math.max(first, old.first)).map(drawRow));
  body.append(...range(Math.min(last, old.last), last).map(drawRow));
}

function createMarkCols(marks) {
  const element = h("colgroup");
  const [before, after] = [h("col"), h("col")];
  const resize = (left, right) => {
    if (!marks) return;
    before.style.width = `${left * NARROW}px`;
    after.style.width = `${(marks.count - right) * NARROW}px`;
    element.replaceChildren(before, ...range(left, right).map(() => h("col", { style: { width: `${NARROW}px` } })), after);
  };
  return { element, resize };
}

const range = (first, last) => Array.from({ length: Math.max(0, last - first) }, (_, place) => first + place);
