// Data for tests, small enough to count by hand. Profiles: a, b, c; bits are those of their places.

export function makeData() {
  const rows = [
    ["", 0, 0, 1, 40, 4, 0, 3],
    ["Cart", 0, 1, 3, 20, 2, 0, 3],
    ["Cart.add", 0, 3, 5, 9, 6, 1, 1],
    ["Cart.clear", 0, 3, 11, 14, 2, 2, 0],
    ["load", 0, 2, 22, 30, 4, 0, 7],
    ["", 1, 0, 1, 12, 1, 0, 4],
    ["send", 1, 2, 3, 12, 5, 0, 4],
    ["send.<locals>.retry", 1, 2, 5, 8, 3, 3, 0],
  ];
  const sets = [...new Set([0, ...rows.map((row) => row[7])])];
  const column = (place) => rows.map((row) => row[place]);
  return {
    version: 1,
    title: "shop",
    profiles: ["a", "b", "c"].map((slug) => ({ slug })),
    modules: [{ name: "shop.cart", file: "shop/cart.py" }, { name: "shop.mail.out", file: "src/Mail.py" }],
    symbols: {
      name: column(0),
      module: column(1),
      kind: column(2),
      line: column(3),
      end: column(4),
      statements: column(5),
      missed: column(6),
      signature: column(7).map((set) => sets.indexOf(set)),
    },
    kinds: ["module", "class", "function", "method"],
    signatures: sets.map((set) => Buffer.from([set]).toString("base64")),
    lines: sets.map((set) => ({ 0: 0, 1: 5, 3: 4, 4: 6, 7: 3 })[set]),
    sole: { symbol: [2, 6], profile: [0, 2], lines: [5, 6] },
    totals: { statements: 20, reached: 14 },
    changes: null,
    about: [],
    truncated: [],
  };
}
