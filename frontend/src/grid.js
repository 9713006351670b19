// A table of any length: only the rows and profile columns in sight are in the page. The table itself has the focus, and says by
// aria-activedescendant which row is meant, so that rows can come and go under the reader.

import { h } from "./dom.js";

export const LIMIT = 500_000; // rows; browsers cannot lay out a page that is much higher
const SPARE = 10; // rows kept above and below what is in sight
const SPARE_MARKS = 6; // and columns beside it
const NARROW = 22; // pixels of a column of `marks`
const ALL_MARKS = 60; // so many columns of marks are all kept in the page

const NOTHING = h("td", { class: "cell" });
const CHECK = h("td", { class: "cell on" }, h("span", {}, "✓"));

let grids = 0;

// options: {
//   label, rows (array of what `columns` take), tall (rows before it scrolls), high (letters of the longest header of `marks`),
//   columns: [{key, title, width, flex, number, hint, show(row) -> node or text, className(row)}],
//   marks: {count, header(place) -> node, show(row, place) -> what is said of a filled cell, or null},
//   open(row), sort: "key" or "-key", onSort(sort) }
// -> {element, update({rows, sort}), move, open, leave, destroy}
export function createGrid(app, options) {
  const { columns, marks = null, tall = 18 } = options;
  const id = `grid${++grids}`;
  let { rows, sort } = options;
  let active = -1;
  let rowHeight = 28;
  let drawn = null;
  let waiting = 0;

  const cols = columns.map((column) => h("col", { style: { width: `${column.width}px` } }));
  const before = h("col");
  const after = h("col");
  const markCols = h("colgroup");
  const head = h("thead");
  const above = spaceRow();
  const body = h("tbody");
  const below = spaceRow();
  const table = h(
    "table",
    { class: marks ? "sheet marked" : "sheet", role: "grid", tabindex: 0, "aria-label": options.label, "aria-colcount": columns.length + (marks?.count ?? 0) },
    h("colgroup", {}, cols),
    markCols,
    head,
    above.element,
    body,
    below.element,
  );
  const element = h("div", { class: "rows" }, table);
  if (marks) table.style.setProperty("--high", `${clamp(0.82 * options.high, 6, 22)}ch`);

  function limits() {
    const top = Math.floor(element.scrollTop / rowHeight);
    return { first: Math.max(0, top - SPARE), last: Math.min(rows.length, LIMIT, top + tall + 1 + SPARE), top };
  }

  function markLimits() {
    if (!marks || marks.count <= ALL_MARKS) return { left: 0, right: marks?.count ?? 0 };
    const start = columns.reduce((sum, column) => sum + column.width, 0);
    const left = Math.floor((element.scrollLeft - start) / NARROW);
    const right = Math.ceil((element.scrollLeft + (element.clientWidth || 1200) - start) / NARROW);
    return { left: clamp(left - SPARE_MARKS, 0, marks.count), right: clamp(right + SPARE_MARKS, 0, marks.count) };
  }

  // Draw again when what is in sight is not in the page any more, or in any case.
  function draw(always) {
    const { first, last, top } = limits();
    const { left, right } = markLimits();
    const hasColumns = drawn && !always && isMarked(drawn, left, right);
    if (hasColumns && top >= drawn.first && Math.min(top + tall + 1, rows.length, LIMIT) <= drawn.last) return;
    const old = hasColumns ? drawn : { first: 0, last: 0 };
    drawn = hasColumns ? { ...drawn, first, last } : { first, last, left, right };
    if (!hasColumns) drawColumns(left, right);
    above.resize(first * rowHeight);
    drawRows(old);
    below.resize((Math.min(rows.length, LIMIT) - last) * rowHeight);
    markActive();
  }

  function isMarked(old, left, right) {
    if (!marks || marks.count <= ALL_MARKS) return true;
    return Math.min(left + SPARE_MARKS, marks.count) >= old.left && Math.max(right - SPARE_MARKS, 0) <= old.right;
  }

  // Rows that are there already, of the same columns, stay.
  function drawRows(old) {
    const { first, last } = drawn;
    if (old.last <= first || old.first >= last) return body.replaceChildren(...range(first, last).map(drawRow));
    for (let place = old.first; place < first; place++) body.firstChild.remove();
    for (let place = last; place < old.last; place++) body.lastChild.remove();
    body.prepend(...range(first, Math.max(first, old.first)).map(drawRow));
    body.append(...range(Math.min(last, old.last), last).map(drawRow));
  }

  function drawColumns(left, right) {
    if (marks) {
      before.style.width = `${left * NARROW}px`;
      after.style.width = `${(marks.count - right) * NARROW}px`;
      markCols.replaceChildren(before, ...Array.from({ length: right - left }, () => h("col", { style: { width: `${NARROW}px` } })), after);
    }
    const fixed = columns.map((column, place) => drawHeader(column, place));
    const narrow = range(left, right).map((place) => h("th", { scope: "col", class: "cell", "aria-colindex": columns.length + place + 1 }, marks.header(place)));
    const focused = [...head.querySelectorAll("button")].indexOf(document.activeElement);
    head.replaceChildren(h("tr", { "aria-rowindex": 1 }, fixed, frame(narrow, "td")));
    if (focused >= 0) head.querySelectorAll("button")[focused].focus();
  }

  function drawHeader(column, place) {
    const [key, down] = readSort(sort);
    const isSorted = key === column.key;
    const turn = () => options.onSort(isSorted ? (down ? column.key : `-${column.key}`) : column.number ? `-${column.key}` : column.key);
    const arrow = h("span", { class: "arrow", "aria-hidden": "true" }, isSorted ? (down ? "▼" : "▲") : "");
    const title = options.onSort && !column.unsorted ? h("button", { type: "button", onclick: turn }, column.title, arrow) : column.title;
    return h(
      "th",
      { scope: "col", class: column.number ? "number" : null, title: column.hint, "aria-colindex": place + 1, "aria-sort": isSorted ? (down ? "descending" : "ascending") : null },
      title,
    );
  }

  // The columns of marks that are not in the page leave their room.
  function frame(cells, tag) {
    return marks ? [h(tag, { "aria-hidden": "true" }), cells, h(tag, { "aria-hidden": "true" })] : [];
  }

  function drawRow(place) {
    const row = rows[place];
    const cells = columns.map((column, index) => {
      const shown = column.show(row);
      const name = [column.number ? "number" : "", column.className?.(row) ?? ""].join(" ").trim();
      return h("td", { class: name || null, "aria-colindex": index + 1, title: typeof shown === "string" && !column.number ? shown : null }, shown);
    });
    const { left, right } = drawn;
    const narrow = range(left, right).map((mark) => drawMark(marks.show(row, mark), columns.length + mark + 1));
    const events = { onclick: () => activate(place), ondblclick: () => options.open?.(row) };
    return h("tr", { id: `${id}-${place}`, "aria-rowindex": place + 2, "aria-selected": "false", ...events }, cells, frame(narrow, "td"));
  }

  // There are thousands of these: copies are made faster than new ones.
  function drawMark(title, column) {
    const cell = (title === null ? NOTHING : CHECK).cloneNode(true);
    cell.setAttribute("aria-colindex", column);
    if (title !== null) cell.title = title;
    return cell;
  }

  function markActive() {
    for (const row of body.children) row.setAttribute("aria-selected", row.id === `${id}-${active}`);
    if (drawn && active >= drawn.first && active < drawn.last) table.setAttribute("aria-activedescendant", `${id}-${active}`);
    else table.removeAttribute("aria-activedescendant");
  }

  function activate(place) {
    active = place;
    markActive();
  }

  function move(step) {
    if (!rows.length) return;
    app.rows = grid;
    activate(clamp(active < 0 ? (step > 0 ? 0 : rows.length - 1) : active + step, 0, Math.min(rows.length, LIMIT) - 1));
    if (document.activeElement !== table) table.focus({ preventScroll: true });
    reveal();
  }

  // Scroll to the active row: within the grid, below its header, and then the page to it.
  function reveal() {
    const header = head.offsetHeight;
    const top = active * rowHeight;
    const room = element.clientHeight - header - rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top > element.scrollTop + room) element.scrollTop = top - room;
    draw(false);
    markActive();
    body.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }

  const STEPS = { ArrowDown: () => 1, ArrowUp: () => -1, PageDown: () => tall - 2, PageUp: () => 2 - tall, Home: () => -Infinity, End: () => Infinity };

  function onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.target !== table || !Object.hasOwn(STEPS, event.key)) return;
    event.preventDefault();
    const step = STEPS[event.key]();
    move(Number.isFinite(step) ? step : step * -1 === Infinity ? -rows.length : rows.length);
  }

  // The columns that flex share the room that is left; then rows are measured as the reader's fonts make them.
  function fit() {
    const least = columns.reduce((sum, column) => sum + column.width, marks ? marks.count * NARROW : 0);
    const more = Math.max(0, element.clientWidth - least) / columns.filter((column) => column.flex).length;
    columns.forEach((column, place) => (cols[place].style.width = `${column.width + (column.flex ? more : 0)}px`));
    table.style.width = `${Math.max(least, element.clientWidth)}px`;
    const height = body.firstElementChild?.getBoundingClientRect().height;
    if (height && Math.abs(height - rowHeight) > 0.1) rowHeight = height;
    element.style.maxHeight = `min(${head.offsetHeight + tall * rowHeight + 14}px, max(20rem, 100vh - 11rem))`;
  }

  function refresh() {
    if (!element.isConnected) return; // not yet: the page is being built
    draw(true);
    fit();
    draw(false);
  }

  function update(next) {
    ({ rows = rows, sort = sort } = next);
    active = -1;
    element.scrollTop = 0;
    table.setAttribute("aria-rowcount", rows.length + 1);
    refresh();
  }

  element.addEventListener("scroll", () => {
    if (!waiting) waiting = requestAnimationFrame(() => ((waiting = 0), draw(false)));
  });
  table.addEventListener("keydown", onKey);
  table.addEventListener("focus", () => {
    app.rows = grid;
  });

  const grid = {
    element,
    update,
    move,
    open: () => active >= 0 && options.open?.(rows[active]),
    leave: () => activate(-1),
    destroy() {
      observer.disconnect();
      cancelAnimationFrame(waiting);
      app.places.set(app.address() + options.label, active);
    },
  };
  const observer = new ResizeObserver(() => {
    if (!element.isConnected) return;
    fit();
    draw(false);
  });
  app.rows ??= grid;
  table.setAttribute("aria-rowcount", rows.length + 1);
  queueMicrotask(() => {
    refresh();
    observer.observe(element);
    const known = app.places.get(app.address() + options.label) ?? -1;
    if (known >= 0 && known < rows.length) activate(known), reveal();
  });
  return grid;
}

function spaceRow() {
  const cell = h("td");
  const element = h("tbody", { class: "space", "aria-hidden": "true", hidden: true }, h("tr", {}, cell));
  const resize = (height) => {
    cell.style.height = `${height}px`;
    element.hidden = height <= 0;
  };
  return { element, resize };
}

export function readSort(sort) {
  return sort?.startsWith("-") ? [sort.slice(1), true] : [sort ?? "", false];
}

// Sort rows by what `value` says of each; those that are alike stay in their order. Missing values come last.
export function sortRows(rows, value, down) {
  const keys = Array.from(rows, value);
  const turn = down ? -1 : 1;
  const order = Uint32Array.from(keys.keys()).sort((one, other) => {
    const a = keys[one];
    const b = keys[other];
    if (a === b) return one - other;
    if (a === null || b === null) return a === null ? 1 : -1;
    return a < b ? -turn : turn;
  });
  return Array.from(order, (place) => rows[place]);
}

const clamp = (value, least, most) => Math.max(least, Math.min(most, value));

const range = (first, last) => Array.from({ length: Math.max(0, last - first) }, (_, place) => first + place);
