import assert from "node:assert/strict";
import { test } from "node:test";
import { bin, percent } from "../src/format.js";
import { href, readHash } from "../src/router.js";

test("what is written into an address is read from it", () => {
  for (const name of ["pkg.mod:Class.m", "</script>", "a/b?c#d%e&f=g", "שלום \u202e", "100%", "a+b c"]) {
    assert.deepEqual(readHash(href("symbol", name, { q: name, sort: "" })), { page: "symbol", arg: name, params: { q: name } });
  }
});

test("an address that was cut or mistyped is read as far as it goes", () => {
  assert.deepEqual(readHash(""), { page: "overview", arg: "", params: {} });
  assert.deepEqual(readHash("#symbol/a%E0%A4"), { page: "symbol", arg: "a%E0%A4", params: {} });
});

test("shares have six colours, and only all is 100 %", () => {
  assert.deepEqual([0, 0.001, 0.25, 0.251, 0.5, 0.75, 0.76, 0.999, 1].map(bin), [0, 1, 1, 2, 2, 3, 4, 4, 5]);
  assert.deepEqual([0, 0.00001, 0.231, 0.99999, 1, NaN].map(percent), ["0 %", "0.1 %", "23.1 %", "99.9 %", "100 %", "–"]);
});
