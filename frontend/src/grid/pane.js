// What a sheet is scrolled in: it has the sheet draw what comes into sight, and gives rows and columns their sizes.

import { h } from "../dom.js";
import { findMarks, findRows, holdsMarks, holdsRows } from "./sight.js";

// `state` is the grid's: {rows, sort, active}. -> {element, refresh, reveal, watch, destroy}
export function createPane(sheet, { columns, marks = null, tall }, state) {
  const element = h("div", { class: "rows" }, sheet.table);
  const start = columns.reduce((sum, column) => sum + column.width, 0);
  const count = marks?.count ?? 0;
  let rowHeight = 28;
  let waiting = 0;

  // Draw again when what is in sight is not in the page any more, or in any case.
  function draw(always) {
    const rows = findRows(element.scrollTop, rowHeight, tall, state.rows.length);
    const sight = { ...rows, ...findMarks(element.scrollLeft - start, element.clientWidth || 1200, count) };
    const drawn = sheet.drawn();
    const isKept = drawn !== null && !always && holdsMarks(drawn, sight, count);
    if (isKept && holdsRows(drawn, sight)) return;
    sheet.draw(sight, isKept, state.rows, state.sort, rowHeight);
    sheet.mark(state.active);
  }

  // Rows are measured as the reader's fonts make them.
  function fit() {
    sheet.fit(element.clientWidth);
    const height = sheet.body.firstElementChild?.getBoundingClientRect().height;
    if (height && Math.abs(height - rowHeight) > 0.1) rowHeight = height;
    element.style.maxHeight = `min(${sheet.head.offsetHeight + tall * rowHeight + 14}px, max(20rem, 100vh - 11rem))`;
  }

  function refresh() {
    if (!element.isConnected) return; // not yet: the page is being built
    draw(true);
    fit();
    draw(false);
  }

  // Scroll to the active row: within the grid, below its header, and then the page to it.
  function reveal() {
    const top = state.active * rowHeight;
    const room = element.clientHeight - sheet.head.offsetHeight - rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top > element.scrollTop + room) element.scrollTop = top - room;
    draw(false);
    sheet.mark(state.active);
    sheet.body.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }

  const observer = new ResizeObserver(() => {
    if (!element.isConnected) return;
    fit();
    draw(false);
  });
  element.addEventListener("scroll", () => {
    if (!waiting) waiting = requestAnimationFrame(() => ((waiting = 0), draw(false)));
  });
  const watch = () => observer.observe(element);
  const destroy = () => (observer.disconnect(), cancelAnimationFrame(waiting));
  return { element, refresh, reveal, watch, destroy };
}
