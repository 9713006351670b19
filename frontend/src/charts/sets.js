// Set arithmetic over signatures: what profiles share, and what each adds. Symbols are never walked where signatures do.

const members = new WeakMap();

/** Return {start, list}: the profiles of signature s are list[start[s]] up to list[start[s + 1]], ascending. */
export function membersOf(model) {
  if (!members.has(model)) members.set(model, unpack(model));
  return members.get(model);
}

function unpack(model) {
  const { signatures, profiles } = model;
  const start = new Uint32Array(signatures.count + 1);
  for (let s = 0; s < signatures.count; s++) start[s + 1] = start[s] + signatures.size(s);
  const list = new Uint16Array(start[signatures.count]);
  let at = 0;
  for (let s = 0; s < signatures.count; s++) {
    const bits = signatures.bits(s);
    for (let p = 0; p < profiles.length; p += 8) {
      for (let byte = bits[p >> 3]; byte; byte &= byte - 1) list[at++] = p + 31 - Math.clz32(byte & -byte);
    }
  }
  return { start, list };
}

/** Return the exclusive intersections of the chosen profiles, greatest first: [{profiles, lines, symbols}]; what none of them runs is none. */
export function intersect(model, chosen, hideBaseline) {
  const lines = new Uint32Array(1 << chosen.length);
  const symbols = new Uint32Array(1 << chosen.length);
  for (let s = 1; s < model.signatures.count; s++) {
    if (hideBaseline && model.isBaselineSet(s)) continue;
    let mask = 0;
    chosen.forEach((p, place) => (mask |= model.signatures.has(s, p) << place));
    lines[mask] += model.signatures.lines(s);
    symbols[mask] += model.signatures.symbols(s);
  }
  return [...lines]
    .map((count, mask) => ({ lines: count, symbols: symbols[mask], profiles: chosen.filter((_, place) => (mask >> place) & 1) }))
    .filter(({ lines, profiles }) => lines && profiles.length)
    .sort((a, b) => b.lines - a.lines || a.profiles.length - b.profiles.length);
}

/** Return {both, either, likeness} of two profiles; likeness is the Jaccard index of their lines, and 1 where neither runs any. */
export function compare(model, a, b) {
  let both = 0;
  let either = 0;
  for (let s = 1; s < model.signatures.count; s++) {
    const inA = model.signatures.has(s, a);
    const inB = model.signatures.has(s, b);
    if (inA || inB) either += model.signatures.lines(s);
    if (inA && inB) both += model.signatures.lines(s);
  }
  return { both, either, likeness: either ? both / either : 1 };
}

/** Return the profiles in the order of greedy set cover of lines: [{profile, adds, total}]; those that add nothing come last, as they are. */
export function cover(model) {
  const { start, list } = membersOf(model);
  const { profiles, signatures } = model;
  const gain = new Float64Array(profiles.length);
  const holders = invert(start, list, profiles.length);
  for (let s = 1; s < signatures.count; s++) for (let at = start[s]; at < start[s + 1]; at++) gain[list[at]] += signatures.lines(s);
  const taken = new Uint8Array(profiles.length);
  const covered = new Uint8Array(signatures.count);
  const order = [];
  let total = 0;
  for (let round = 0; round < profiles.length; round++) {
    const best = greatest(gain, taken);
    const adds = gain[best];
    taken[best] = 1;
    total += adds;
    order.push({ profile: best, adds, total });
    if (!adds) continue;
    for (let at = holders.start[best]; at < holders.start[best + 1]; at++) {
      const s = holders.list[at];
      if (covered[s]) continue;
      covered[s] = 1;
      for (let m = start[s]; m < start[s + 1]; m++) gain[list[m]] -= signatures.lines(s);
    }
  }
  return order;
}

function greatest(gain, taken) {
  let best = -1;
  for (let p = 0; p < gain.length; p++) if (!taken[p] && (best < 0 || gain[p] > gain[best])) best = p;
  return best;
}

function invert(start, list, profiles) {
  const first = new Uint32Array(profiles + 1);
  for (const p of list) first[p + 1]++;
  for (let p = 0; p < profiles; p++) first[p + 1] += first[p];
  const next = first.slice();
  const holders = new Uint32Array(list.length);
  for (let s = 0; s + 1 < start.length; s++) for (let at = start[s]; at < start[s + 1]; at++) holders[next[list[at]]++] = s;
  return { start: first, list: holders };
}

/** Return where lines are that only this profile runs, most first: [{symbol, lines}]. */
export function soleLines(model, profile) {
  return [...model.profiles[profile].sole].sort((a, b) => b.lines - a.lines || a.symbol - b.symbol);
}
