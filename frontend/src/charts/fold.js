// Folding many names into few groups by what their beginnings have in common, so that a chart's labels stay readable.

/**
 * Fold items into at most `most` groups by their paths (arrays of words): {path, items, kind}.
 * The group with the greatest weight is split while there is room, so that the groups come out about even. The order of the items is kept.
 * A group is not split into single items for the most part if there may be no `singles`: beside groups they would be taken for one.
 * Kinds: `whole` (all items that begin with the path), `own` (only those that end there), `rest` (those for which there was no room of their own).
 */
export function fold(items, pathOf, most, { weightOf = () => 1, singles = true } = {}) {
  let groups = [{ path: [], items, kind: "whole", weight: Infinity, closed: false }];
  for (;;) {
    const open = groups.filter((group) => !group.closed).sort((a, b) => b.weight - a.weight);
    if (!open.length) return groups;
    const parts = split(open[0], pathOf, weightOf);
    if (parts.length === 1 && !parts[0].closed) {
      groups = groups.map((group) => (group === open[0] ? parts[0] : group));
    } else if (parts.length === 1 || (groups.length > 1 && groups.length - 1 + parts.length > most) || (!singles && parts.length * 2 > open[0].items.length)) {
      open[0].closed = true;
    } else {
      const fitting = parts.length > most ? gather(parts, most, open[0].path) : parts;
      groups = groups.flatMap((group) => (group === open[0] ? fitting : [group]));
    }
  }
}

function split(group, pathOf, weightOf) {
  const depth = group.path.length;
  const parts = new Map();
  for (const item of group.items) {
    const path = pathOf(item);
    const ends = path.length <= depth;
    const key = ends ? "" : ` ${path[depth]}`;
    if (!parts.has(key)) parts.set(key, { path: path.slice(0, depth + 1), items: [], kind: "whole", weight: 0, closed: ends });
    const part = parts.get(key);
    part.items.push(item);
    part.weight += weightOf(item);
  }
  if (parts.size > 1 && parts.has("")) parts.get("").kind = "own";
  return [...parts.values()];
}

/** Keep the greatest parts, and put what is left into one. */
function gather(parts, most, path) {
  const kept = new Set([...parts].sort((a, b) => b.weight - a.weight).slice(0, most - 1));
  const items = parts.filter((part) => !kept.has(part)).flatMap((part) => part.items);
  return [...parts.filter((part) => kept.has(part)), { path, items, kind: "rest", weight: 0, closed: true }];
}

/** Cut a list into at most `most` runs of about equal length. */
export function runs(items, most) {
  const size = Math.ceil(items.length / most);
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size));
}
