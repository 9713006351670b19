import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "../src/model.js";
import { readSignatures } from "../src/signatures.js";
import { makeData } from "./shop.js";

const model = decode(makeData());
const { symbols } = model;
const all = Array.from({ length: symbols.length }, (_, i) => i);

test("a symbol's whole name is its module's and its own", () => {
  assert.deepEqual([symbols.name(0), symbols.name(2)], ["shop.cart", "shop.cart:Cart.add"]);
  for (const i of all) assert.equal(model.findSymbol(symbols.name(i)), i);
  for (const name of ["", "shop", "shop.cart:", "shop.cart:Cart.ad", "nowhere:load"]) assert.equal(model.findSymbol(name), -1);
});

test("the statements of a class or module are those of the functions and methods in it", () => {
  assert.deepEqual(all.map(symbols.inner), [12, 8, 6, 2, 4, 8, 5, 3]);
  assert.deepEqual(all.map(symbols.innerMissed), [3, 3, 1, 2, 0, 3, 0, 3]);
  assert.deepEqual(all.map(symbols.parent), [-1, 0, 1, 1, 0, -1, 5, 6]);
  assert.deepEqual(model.modules.map((module) => [module.first, module.last, module.statements, module.missedBodies, module.callables]), [[0, 5, 12, 3, 3], [5, 8, 8, 3, 2]]);
});

test("profiles know what they reach, which lines and symbols they have alone, and which profile is most like them", () => {
  assert.deepEqual(model.profiles.map(({ symbols, uniqueSymbols, unique }) => [symbols, uniqueSymbols, unique]), [[4, 1, 5], [3, 0, 0], [3, 2, 6]]);
  assert.deepEqual(model.profiles.map(({ twin }) => twin), [{ index: 1, likeness: 7 / 12 }, { index: 0, likeness: 7 / 12 }, { index: 1, likeness: 3 / 13 }]);
});

test("what nearly all of three profiles reach is baseline; of two profiles nothing is", () => {
  assert.deepEqual(all.filter(model.isBaseline), [4]);
  const data = makeData();
  const two = decode({ ...data, profiles: data.profiles.slice(0, 2), sole: { symbol: [], profile: [], lines: [] } });
  assert.deepEqual(all.filter(two.isBaseline), []);
});

test("signatures have the bits that were packed, at any number of profiles", () => {
  for (const profiles of [1, 7, 8, 9, 24, 25, 200]) {
    const bytes = Uint8Array.from({ length: Math.ceil(profiles / 8) }, (_, place) => (place * 73 + 41) & 255);
    const signatures = readSignatures([Buffer.from(bytes).toString("base64")], profiles, [0], [1]);
    assert.deepEqual([...signatures.bits(0)], [...bytes]);
    const bits = Array.from({ length: bytes.length * 8 }, (_, bit) => bit).filter((bit) => (bytes[bit >> 3] >> (bit & 7)) & 1);
    assert.deepEqual(signatures.members(0), bits);
    assert.equal(signatures.size(0), bits.length);
  }
});

test("packages are a tree; a package's own code is a leaf of it", () => {
  const modules = ["a", "a.b", "a.b.c.d", "a.x", "z"].map((name, i) => ({ name, statements: 10 ** i, missedBodies: i }));
  const shape = (node) => (node.children ? { [node.path]: [node.statements, ...node.children.map(shape)] } : node.name);
  const decoded = (depth) => shape(decode({ ...makeData(), ...empty(modules) }).packages(depth));
  assert.deepEqual(Object.keys(decoded(Infinity)), [""]);
  assert.equal(JSON.stringify(decoded(Infinity)), '{"":[0,{"a":[0,"__init__",{"a.b":[0,"__init__",{"a.b.c":[0,"d"]}]},"x"]},"z"]}');
  assert.equal(JSON.stringify(decoded(1)), '{"":[0,{"a":[0,"__init__","b","b.c.d","x"]},"z"]}');
});

function empty(modules) {
  const symbols = { name: [], module: [], kind: [], line: [], end: [], statements: [], missed: [], signature: [] };
  return { modules: modules.map(({ name }) => ({ name, file: `${name}.py` })), symbols };
}
