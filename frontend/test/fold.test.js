import assert from "node:assert/strict";
import { test } from "node:test";
import { fold, runs } from "../src/charts/fold.js";
import { shorten } from "../src/charts/svg.js";

const words = (name) => name.split(".");
const show = (groups) => groups.map(({ path, items, kind }) => `${path.join(".")} ${kind} ${items.length}`);

test("what fits has a group of its own", () => {
  assert.deepEqual(show(fold(["a.b", "a.c.d", "e"], words, 9)), ["a.b whole 1", "a.c.d whole 1", "e whole 1"]);
  assert.deepEqual(fold([], words, 9).flatMap(({ items }) => items), []);
});

test("the greatest group is split first, and those for which there is no room stay together", () => {
  const names = ["a.x.1", "a.x.2", "a.y.1", "a.y.2", "a.y.3", "b.1", "b.2"];
  assert.deepEqual(show(fold(names, words, 3)), ["a.x whole 2", "a.y whole 3", "b whole 2"]);
  const weightOf = (name) => (name.startsWith("b") ? 9 : 1);
  assert.deepEqual(show(fold(names, words, 3, { weightOf })), ["a whole 5", "b.1 whole 1", "b.2 whole 1"]);
});

test("a package's own module is told apart from the package", () => {
  assert.deepEqual(show(fold(["a", "a.b", "a.c"], words, 9)), ["a own 1", "a.b whole 1", "a.c whole 1"]);
});

test("where not even the first words fit, the least are the rest", () => {
  const names = ["a.1", "b.1", "b.2", "c.1", "d.1", "d.2"];
  assert.deepEqual(show(fold(names, words, 3)), ["b whole 2", "d whole 2", " rest 2"]);
});

test("groups are not split into single items where these would be taken for groups", () => {
  const names = ["a.1", "a.2", "a.3", "b.1.x", "b.1.y", "b.2.x", "b.2.y"];
  assert.deepEqual(show(fold(names, words, 6, { singles: false })), ["a whole 3", "b.1 whole 2", "b.2 whole 2"]);
});

test("runs are about as long, and no more than there may be", () => {
  assert.deepEqual(runs([1, 2, 3, 4, 5], 2), [[1, 2, 3], [4, 5]]);
  assert.equal(runs(Array.from({ length: 61 }), 60).length, 31);
});

test("a long text keeps its beginning and its end", () => {
  assert.equal(shorten("us-small-topaz-storm", 11), "us-s…-storm");
  assert.equal(shorten("short", 5), "short");
});
