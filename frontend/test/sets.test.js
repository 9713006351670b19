import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, cover, intersect, membersOf, soleSymbols } from "../src/charts/sets.js";
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

test("an intersection is what exactly its profiles reach, of those that are chosen", () => {
  assert.deepEqual(intersect(model, [a, b], false), [{ symbols: 3, profiles: [a, b] }, { symbols: 1, profiles: [a] }]);
  assert.deepEqual(intersect(model, [a, b], true), [{ symbols: 2, profiles: [a, b] }, { symbols: 1, profiles: [a] }]);
  assert.deepEqual(intersect(model, [], false), []);
});

test("likeness is the share of what both reach", () => {
  assert.deepEqual(compare(model, a, b), { both: 3, either: 4, likeness: 0.75 });
  assert.deepEqual(compare(model, b, c), { both: 1, either: 5, likeness: 0.2 });
});

test("greedy cover takes what adds most, and counts nothing twice", () => {
  assert.deepEqual(cover(model), [{ profile: a, adds: 4, total: 4 }, { profile: c, adds: 2, total: 6 }, { profile: b, adds: 0, total: 6 }]);
});

test("sole symbols are those that only this profile reaches", () => {
  assert.deepEqual([a, b, c].map((profile) => soleSymbols(model, profile, 9).map(model.symbols.name)), [["shop.cart:Cart.add"], [], ["shop.mail.out", "shop.mail.out:send"]]);
  assert.equal(soleSymbols(model, c, 1).length, 1);
});
