import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMIT, findMarks, findRows, holdsMarks, holdsRows } from "../src/grid/sight.js";
import { readSort, sortRows } from "../src/sort.js";

test("the rows in sight are in the page, and ten more on each side", () => {
  assert.deepEqual(findRows(0, 20, 18, 5), { top: 0, bottom: 5, first: 0, last: 5 });
  assert.deepEqual(findRows(2010, 20, 18, 1000), { top: 100, bottom: 119, first: 90, last: 129 });
  assert.equal(findRows(LIMIT * 20, 20, 18, 2 * LIMIT).last, LIMIT);
});

test("rows are drawn again when one in sight is not in the page", () => {
  const drawn = findRows(2000, 20, 18, 1000);
  assert.deepEqual([80, 90, 100, 110, 111].map((top) => holdsRows(drawn, findRows(top * 20, 20, 18, 1000))), [false, true, true, true, false]);
});

test("few columns are all in the page, and of many those in sight with six on each side", () => {
  assert.deepEqual(findMarks(-500, 900, 60), { left: 0, right: 60 });
  const drawn = findMarks(2200, 220, 1000);
  assert.deepEqual(drawn, { left: 94, right: 116 });
  const moved = [0, 132, 154].map((more) => findMarks(2200 + more, 220, 1000));
  assert.deepEqual(moved.map((sight) => holdsMarks(drawn, sight, 1000)), [true, true, false]);
  assert.deepEqual(findMarks(-1000, 300, 1000), { left: 0, right: 0 });
});

test("rows that are alike stay in their order, and what is missing comes last, whichever way they are sorted", () => {
  const rows = [["a", 2], ["b", null], ["c", 1], ["d", 2]];
  const names = (down) => sortRows(rows, (row) => row[1], down).map(([name]) => name).join("");
  assert.deepEqual([names(false), names(true)], ["cadb", "adcb"]);
  assert.deepEqual([readSort("-lines"), readSort("name"), readSort(undefined)], [["lines", true], ["name", false], ["", false]]);
});
