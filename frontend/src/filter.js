// The filter of symbols: `word -word "two words" kind:class is:uncovered p:slug !p:slug`. All must hold; - and ! turn a term round.

export const STATES = {
  uncovered: "no profile reaches it",
  covered: "a profile reaches it",
  unique: "only one profile reaches it",
  baseline: "nearly all profiles reach it",
};

const TERM = /([-!]?)(?:([a-z]+):)?(?:"([^"]*)"?|([^\s"]\S*))?/giy;

// -> {terms: [{not, key, value}], problems: [sentences]}. A term that says nothing yet (`p:`, `-`) is a problem, and no term.
export function parse(query, model) {
  const terms = [];
  const problems = [];
  for (const [written, sign, key, quoted, bare] of split(query)) {
    const value = quoted ?? bare ?? "";
    const not = sign !== "";
    if (key === undefined || isModule(model, key, value)) {
      const word = key === undefined ? value : `${key}:${value}`;
      if (word) terms.push({ not, key: "word", value: word.toLowerCase() });
      else if (sign) problems.push(`“${written}” needs a word after it.`);
      continue;
    }
    const problem = judge(key.toLowerCase(), value, model);
    if (problem) problems.push(problem);
    else terms.push({ not, key: key.toLowerCase(), value });
  }
  return { terms, problems };
}

function* split(query) {
  let place = 0;
  while (place < query.length) {
    TERM.lastIndex = place;
    const found = TERM.exec(query);
    if (found === null || found[0] === "") {
      place++; // a space
      continue;
    }
    place = TERM.lastIndex;
    yield found;
  }
}

// `cart:Order` may be a part of a symbol's name: it is, where a module ends so.
function isModule(model, key, value) {
  return value !== "" && !["kind", "is", "p"].includes(key.toLowerCase()) && model.modules.some(({ name }) => name === key || name.endsWith(`.${key}`));
}

function judge(key, value, model) {
  const known = { kind: model.kinds, is: Object.keys(STATES) }[key];
  if (known && !known.includes(value)) return `${key}: takes ${known.slice(0, -1).join(", ")} or ${known.at(-1)}${value && `, and not “${value}”`}.`;
  if (key === "p" && model.findProfile(value) < 0) return value ? `No profile is named “${value}”.` : "p: needs the name of a profile.";
  if (!known && key !== "p") return `“${key}:” is no operator; quote it to look for the text: "${key}:${value}".`;
  return null;
}

// -> {rows: places of the symbols, hidden: how many more would be there if baseline symbols were not left out}.
export function select({ terms }, model, hideBaseline) {
  const holds = matcher(terms, model);
  const leaveOut = hideBaseline && !terms.some((term) => term.key === "is" && term.value === "baseline");
  const rows = [];
  let hidden = 0;
  for (let i = 0; i < model.symbols.length; i++) {
    if (!holds(i)) continue;
    if (leaveOut && model.isBaseline(i)) hidden++;
    else rows.push(i);
  }
  return { rows: Int32Array.from(rows), hidden };
}

// -> whether all terms hold for a symbol.
export function matcher(terms, model) {
  const tests = terms.map((term) => [compile(term, model), term.not]);
  return (i) => tests.every(([test, not]) => test(i) !== not);
}

function compile({ key, value }, model) {
  const { symbols, signatures } = model;
  if (key === "word") {
    const lower = symbols.lower();
    const inFile = model.modules.map((module) => module.file.toLowerCase().includes(value));
    return (i) => inFile[symbols.module(i)] || lower[i].includes(value);
  }
  if (key === "kind") return (i) => symbols.kind(i) === value;
  if (key === "p") {
    const profile = model.findProfile(value);
    const covers = Array.from({ length: signatures.count }, (_, s) => signatures.has(s, profile));
    return (i) => covers[model.signatureOf(i)];
  }
  return {
    uncovered: (i) => symbols.count(i) === 0 && symbols.inner(i) > 0,
    covered: (i) => symbols.count(i) > 0,
    unique: (i) => symbols.count(i) === 1,
    baseline: (i) => model.isBaseline(i),
  }[value];
}
