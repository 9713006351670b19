// The headers and cells of a grid.

import { h } from "../dom.js";
import { readSort } from "../sort.js";

const NOTHING = h("td", { class: "cell" });
const CHECK = h("td", { class: "cell on" }, h("span", {}, "✓"));

// The header of a column; the one that is sorted by has an arrow, and a click turns it.
export function drawHeader(column, number, sort, onSort) {
  const [key, down] = readSort(sort);
  const isSorted = key === column.key;
  const arrow = h("span", { class: "arrow", "aria-hidden": "true" }, isSorted ? (down ? "▼" : "▲") : "");
  const turn = () => onSort(isSorted ? (down ? column.key : `-${column.key}`) : column.number ? `-${column.key}` : column.key);
  const title = onSort && !column.unsorted ? h("button", { type: "button", onclick: turn }, column.title, arrow) : column.title;
  const order = isSorted ? (down ? "descending" : "ascending") : null;
  return h("th", { scope: "col", class: column.number ? "number" : null, title: column.hint, "aria-colindex": number, "aria-sort": order }, title);
}

export function drawCell(column, row, number) {
  const shown = column.show(row);
  const name = [column.number ? "number" : "", column.className?.(row) ?? ""].join(" ").trim();
  return h("td", { class: name || null, "aria-colindex": number, title: typeof shown === "string" && !column.number ? shown : null }, shown);
}

// There are thousands of these: copies are made faster than new ones.
export function drawMark(title, number) {
  const cell = (title === null ? NOTHING : CHECK).cloneNode(true);
  cell.setAttribute("aria-colindex", number);
  if (title !== null) cell.title = title;
  return cell;
}

// Room in the place of rows that are not in the page.
export function createSpace() {
  const cell = h("td");
  const element = h("tbody", { class: "space", "aria-hidden": "true", hidden: true }, h("tr", {}, cell));
  const resize = (height) => {
    cell.style.height = `${height}px`;
    element.hidden = height <= 0;
  };
  return { element, resize };
}
