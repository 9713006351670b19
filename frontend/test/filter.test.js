import assert from "node:assert/strict";
import { test } from "node:test";
import { parse, select } from "../src/filter.js";
import { decode } from "../src/model.js";
import { makeData } from "./shop.js";

const model = decode(makeData());
const found = (query, hideBaseline = false) => [...select(parse(query, model), model, hideBaseline).rows];

test("words are found anywhere in the whole name or the file, in capitals or not", () => {
  assert.deepEqual(found("CART"), [0, 1, 2, 3, 4]);
  assert.deepEqual(found("cart:cart.A"), [2]);
  assert.deepEqual(found("mail.py"), [5, 6, 7]);
  assert.deepEqual(found("cart clear"), [3]);
  assert.deepEqual(found("  "), [0, 1, 2, 3, 4, 5, 6, 7]);
});

test("a term with - or ! before it must not hold", () => {
  assert.deepEqual(found("-cart -retry"), [5, 6]);
  assert.deepEqual(found("kind:method !p:a"), [3]);
  assert.deepEqual(found("-kind:module -kind:function -is:covered"), [3]);
});

test("operators look at the kind, the state and the profiles", () => {
  assert.deepEqual(found("kind:class"), [1]);
  assert.deepEqual(found("p:b"), [0, 1, 4]);
  assert.deepEqual(found("p:b p:c"), [4]);
  assert.deepEqual(found("is:unique"), [2, 5, 6]);
  assert.deepEqual(found("is:uncovered"), [3, 7]);
  assert.deepEqual(found("is:baseline"), [4]);
});

test("baseline symbols are left out and counted, unless they are asked for", () => {
  assert.deepEqual(select(parse("load", model), model, true), { rows: Int32Array.of(), hidden: 1 });
  assert.deepEqual(found("is:baseline", true), [4]);
});

test("quotes keep spaces, and what they have is no operator", () => {
  assert.deepEqual(parse('"two words" -"is:unique" p:"a"', model).terms, [
    { not: false, key: "word", value: "two words" },
    { not: true, key: "word", value: "is:unique" },
    { not: false, key: "p", value: "a" },
  ]);
  assert.deepEqual(parse('"half', model).terms, [{ not: false, key: "word", value: "half" }]);
  assert.deepEqual(parse('a"b', model).terms, [{ not: false, key: "word", value: 'a"b' }]);
});

test("what is no operator or no value of one is said, and not taken for a word", () => {
  for (const query of ["foo:bar", "kind:thing", "is:", "p:nobody", "p:", "-"]) {
    const { terms, problems } = parse(query, model);
    assert.deepEqual([terms, problems.length], [[], 1], query);
  }
  assert.match(parse("kind:thing", model).problems[0], /module, class, function or method/);
});

test("a part of a symbol's name may have a colon", () => {
  assert.deepEqual(found("cart:load"), [4]);
  assert.deepEqual(found("out:send.<locals>"), [7]);
});
