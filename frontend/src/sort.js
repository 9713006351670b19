// How a table is sorted: "key", or "-key" for the other way round.

// -> [key, whether downwards]
export function readSort(sort) {
  return sort?.startsWith("-") ? [sort.slice(1), true] : [sort ?? "", false];
}

// Sort rows by what `value` says of each; those that are alike stay in their order. Missing values come last.
export function sortRows(rows, value, down) {
  const keys = Array.from(rows, value);
  const turn = down ? -1 : 1;
  const order = Uint32Array.from(keys.keys()).sort((one, other) => {
    const a = keys[one];
    const b = keys[other];
    if (a === b) return one - other;
    if (a === null || b === null) return a === null ? 1 : -1;
    return a < b ? -turn : turn;
  });
  return Array.from(order, (place) => rows[place]);
}
