import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, cover, intersect, membersOf, soleLines } from "../src/charts/sets.js";
import { decode } from "../src/model.js";
import { makeData } from "./shop.js";

const model = decode(makeData());
const [a, b, c] = [0, 1, 2];

test("the members of a signature are its profiles, whatever their number", () => {
  const data = makeData();
  data.profiles = Array.from({ length: 20 }, (_, place) => ({ slug: `p${place}` }));
  data.signatures = [[], [0, 7, 8, 19], [16], [3], [4], [5]].slice(0, data.signatures.length).map((set) => {
    const bits = Buffer.alloc(3);
    for (const place of set) bits[place >> 3] |= 1 << (place & 7);
    return bits.toString("base64");
  });
  const { start, list } = membersOf(decode(data));
  assert.deepEqual([...list.slice(start[0], start[1])], []);
  assert.deepEqual([...list.slice(start[1], start[2])], [0, 7, 8, 19]);
  assert.deepEqual([...list.slice(start[2], start[3])], [16]);
});

test("an intersection is the lines that exactly its profiles run, of those that are chosen, with the symbols that just these reach", () => {
  assert.deepEqual(intersect(model, [a, b], false), [{ lines: 7, symbols: 3, profiles: [a, b] }, { lines: 5, symbols: 1, profiles: [a] }]);
  assert.deepEqual(intersect(model, [a, b], true), [{ lines: 5, symbols: 1, profiles: [a] }, { lines: 4, symbols: 2, profiles: [a, b] }]);
  assert.deepEqual(intersect(model, [], false), []);
});

test("likeness is the share of the lines that both run", () => {
  assert.deepEqual(compare(model, a, b), { both: 7, either: 12, likeness: 7 / 12 });
  assert.deepEqual(compare(model, b, c), { both: 3, either: 13, likeness: 3 / 13 });
});

test("greedy cover takes what adds most lines, and counts none twice", () => {
  assert.deepEqual(cover(model), [{ profile: a, adds: 12, total: 12 }, { profile: c, adds: 6, total: 18 }, { profile: b, adds: 0, total: 18 }]);
});

test("a branch of its own makes a profile needed, though it has no symbol of its own", () => {
  const data = makeData();
  data.signatures.push(Buffer.from([2]).toString("base64"));
  data.lines.push(1);
  const branch = decode(data);
  assert.deepEqual([branch.profiles[b].unique, branch.profiles[b].uniqueSymbols], [1, 0]);
  assert.deepEqual(cover(branch).at(-1), { profile: b, adds: 1, total: 19 });
});

test("sole lines are those that only this profile runs, by symbol", () => {
  const names = (profile) => soleLines(model, profile).map(({ symbol, lines }) => [model.symbols.name(symbol), lines]);
  assert.deepEqual([a, b, c].map(names), [[["shop.cart:Cart.add", 5]], [], [["shop.mail.out:send", 6]]]);
});
