// A table of any length: only the rows and profile columns in sight are in the page. The table itself has the focus, and says by
// aria-activedescendant which row is meant, so that rows can come and go under the reader.

import { createPane } from "./grid/pane.js";
import { createSheet } from "./grid/sheet.js";
import { LIMIT, clamp } from "./grid/sight.js";

export { LIMIT };

let grids = 0;

// options: {
//   label, rows (array of what `columns` take), tall (rows before it scrolls), high (letters of the longest header of `marks`),
//   columns: [{key, title, width, flex, number, hint, show(row) -> node or text, className(row)}],
//   marks: {count, header(place) -> node, show(row, place) -> what is said of a filled cell, or null},
//   open(row), sort: "key" or "-key", onSort(sort) }
// -> {element, update({rows, sort}), move, open, leave, destroy}
export function createGrid(app, options) {
  const { tall = 18 } = options;
  const state = { rows: options.rows, sort: options.sort, active: -1 };
  const sheet = createSheet(`grid${++grids}`, options, (place, row) => ({ onclick: () => activate(place), ondblclick: () => options.open?.(row) }));
  const pane = createPane(sheet, { ...options, tall }, state);
  const { table } = sheet;
  const key = () => app.address() + options.label;
  const last = () => Math.min(state.rows.length, LIMIT) - 1;

  function activate(place) {
    state.active = place;
    sheet.mark(place);
  }

  function go(place) {
    if (!state.rows.length) return;
    app.rows = grid;
    activate(clamp(place, 0, last()));
    if (document.activeElement !== table) table.focus({ preventScroll: true });
    pane.reveal();
  }

  const move = (step) => go(state.active >= 0 ? state.active + step : step > 0 ? 0 : last());

  function update(next) {
    Object.assign(state, next, { active: -1 });
    pane.element.scrollTop = 0;
    table.setAttribute("aria-rowcount", state.rows.length + 1);
    pane.refresh();
  }

  function restore() {
    pane.refresh();
    pane.watch();
    const known = app.places.get(key()) ?? -1;
    if (known >= 0 && known < state.rows.length) activate(known), pane.reveal();
  }

  const grid = {
    element: pane.element,
    update,
    move,
    open: () => state.active >= 0 && options.open?.(state.rows[state.active]),
    leave: () => activate(-1),
    destroy: () => (pane.destroy(), app.places.set(key(), state.active)),
  };
  const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: tall - 2, PageUp: 2 - tall };
  listen(table, { ...map(steps, (step) => () => move(step)), Home: () => go(0), End: () => go(last()) });
  table.addEventListener("focus", () => (app.rows = grid));
  app.rows ??= grid;
  table.setAttribute("aria-rowcount", state.rows.length + 1);
  queueMicrotask(restore);
  return grid;
}

// Call what belongs to a key that is pressed on the table itself, without a modifier.
function listen(table, actions) {
  table.addEventListener("keydown", (event) => {
    const isOurs = event.target === table && Object.hasOwn(actions, event.key);
    if (!isOurs || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    actions[event.key]();
  });
}

const map = (object, change) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
