// A signature is a set of profiles, as bits: symbols that the same profiles cover share one, and lines that the same profiles run.
// `lines` has for each how many statements exactly its profiles run.

const DIGITS = new Uint8Array(128);
[..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].forEach((digit, value) => {
  DIGITS[digit.charCodeAt(0)] = value;
});

const ONES = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll("0", "").length);

export function readSignatures(encoded, profiles, signatureOfSymbols, lines) {
  const width = Math.ceil(profiles / 8);
  const bytes = new Uint8Array(encoded.length * width);
  const sizes = new Int32Array(encoded.length);
  encoded.forEach((text, s) => {
    readBase64(text, bytes, s * width, width);
    for (let place = s * width; place < (s + 1) * width; place++) sizes[s] += ONES[bytes[place]];
  });
  const counts = new Int32Array(encoded.length);
  for (const s of signatureOfSymbols) counts[s]++;

  const has = (s, profile) => ((bytes[s * width + (profile >> 3)] >> (profile & 7)) & 1) === 1;
  const members = (s) => listBits(bytes, s * width, width);
  return {
    count: encoded.length,
    sizes,
    has,
    members,
    bits: (s) => bytes.subarray(s * width, (s + 1) * width),
    size: (s) => sizes[s],
    symbols: (s) => counts[s],
    lines: (s) => lines[s],
    countSymbols: () => countByProfile(profiles, sizes, counts, members),
    countLines: () => countByProfile(profiles, sizes, lines, members),
    nearestTwin: (profile, totals) => nearestTwin(profile, totals, lines, members, has),
  };
}

function readBase64(text, bytes, start, width) {
  for (let place = 0; place < width; place++) {
    const digit = Math.floor((place * 8) / 6);
    const pair = (DIGITS[text.charCodeAt(digit)] << 6) | DIGITS[text.charCodeAt(digit + 1)];
    bytes[start + place] = pair >> (4 - 2 * (place % 3));
  }
}

function listBits(bytes, start, width) {
  const found = [];
  for (let place = 0; place < width; place++) {
    for (let byte = bytes[start + place]; byte; byte &= byte - 1) found.push(place * 8 + 31 - Math.clz32(byte & -byte));
  }
  return found;
}

// How many symbols, or lines, each profile has, and how many it alone.
function countByProfile(profiles, sizes, counts, members) {
  const all = new Int32Array(profiles);
  const unique = new Int32Array(profiles);
  for (let s = 0; s < counts.length; s++) {
    if (!counts[s]) continue;
    for (const profile of members(s)) {
      all[profile] += counts[s];
      if (sizes[s] === 1) unique[profile] += counts[s];
    }
  }
  return { all, unique };
}

// The profile that is most like another, by the Jaccard index of their lines; the first of several. Two without a line are alike.
function nearestTwin(profile, totals, counts, members, has) {
  const common = new Int32Array(totals.length);
  for (let s = 0; s < counts.length; s++) {
    if (counts[s] && has(s, profile)) for (const other of members(s)) common[other] += counts[s];
  }
  let best = null;
  for (let other = 0; other < totals.length; other++) {
    const either = totals[profile] + totals[other] - common[other];
    const likeness = either ? common[other] / either : 1;
    if (other !== profile && (best === null || likeness > best.likeness)) best = { index: other, likeness };
  }
  return best;
}
