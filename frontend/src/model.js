// What the pages know: the data of the page as typed arrays, and the questions they can answer.

import { readSignatures } from "./signatures.js";
import { buildPackages } from "./packages.js";

const BASELINE = 0.9; // a symbol or line that so many of the profiles reach tells nothing about any of them
const FEW = 3; // with fewer profiles, nothing is baseline

export function decode(data) {
  const signatures = readSignatures(data.signatures, data.profiles.length, data.symbols.signature, data.lines);
  const symbols = readSymbols(data, signatures);
  const modules = readModules(data, symbols);
  const model = {
    title: data.title,
    generated: data.generated,
    totals: data.totals,
    changes: data.changes,
    about: data.about,
    truncated: data.truncated,
    kinds: data.kinds,
    signatures,
    symbols,
    modules,
    profiles: readProfiles(data, signatures),
    signatureOf: (i) => symbols.signature[i],
    isBaseline: (i) => baseline[symbols.signature[i]] === 1,
    isBaselineSet: (s) => baseline[s] === 1,
    packages: once((depth) => buildPackages(modules, depth)),
    findModule: (name) => places().get(name) ?? -1,
    findSymbol: (name) => findSymbol(model, name),
    findProfile: (slug) => slugs.get(slug) ?? -1,
    reachByModule: once((profile) => reachByModule(model, profile)),
  };
  const baseline = markBaseline(signatures, data.profiles.length);
  const places = once(() => new Map(modules.map((module, place) => [module.name, place])));
  const slugs = new Map(data.profiles.map((profile, place) => [profile.slug, place]));
  return model;
}

// Compute at the first call with an argument, and remember.
function once(compute) {
  const known = new Map();
  return (key) => {
    if (!known.has(key)) known.set(key, compute(key));
    return known.get(key);
  };
}

// Methods take a symbol's place in the inventory. `inner` and `innerMissed` count the statements of the functions and methods of a
// symbol: those of a function are its own, those of a class or module those of all in it; what runs at import is nobody's.
function readSymbols(data, signatures) {
  const { name, module, kind, line, end, statements, missed, signature } = data.symbols;
  const names = data.modules.map((each) => each.name);
  const callables = Uint8Array.from(data.kinds, (each) => (each === "function" || each === "method" ? 1 : 0));
  const arrays = {
    module: Int32Array.from(module),
    kind: Uint8Array.from(kind),
    line: Int32Array.from(line),
    end: Int32Array.from(end),
    statements: Int32Array.from(statements),
    missed: Int32Array.from(missed),
  };
  const startup = new Set(data.startup);
  const outside = new Set(data.outside);
  const inner = once(() => sumInner(arrays, callables));
  const whole = (i) => (name[i] ? `${names[module[i]]}:${name[i]}` : names[module[i]]);
  return {
    length: name.length,
    signature: Int32Array.from(signature),
    name: whole,
    short: (i) => name[i] || names[module[i]],
    module: (i) => arrays.module[i],
    kind: (i) => data.kinds[arrays.kind[i]],
    line: (i) => arrays.line[i],
    end: (i) => arrays.end[i],
    statements: (i) => arrays.statements[i],
    missed: (i) => arrays.missed[i],
    apart: (i) => startup.has(i) || outside.has(i), // no alarm: it ran at start-up, or never; or it ran, but for no profile
    startup: (i) => startup.has(i),
    outside: (i) => outside.has(i),
    callable: (i) => callables[arrays.kind[i]] === 1,
    inner: (i) => inner().statements[i],
    innerMissed: (i) => inner().missed[i],
    parent: (i) => inner().parent[i],
    count: (i) => signatures.sizes[signature[i]],
    has: (i, profile) => signatures.has(signature[i], profile),
    lower: once(() => name.map((_, i) => whole(i).toLowerCase())),
  };
}

// Symbols are in the order of their first lines, so that one pass with the open ones on a stack finds what each is in.
function sumInner(arrays, callables) {
  const { module, kind, line, end } = arrays;
  const statements = new Int32Array(module.length);
  const missed = new Int32Array(module.length);
  const parent = new Int32Array(module.length).fill(-1);
  const open = [];
  for (let i = 0; i < module.length; i++) {
    // A module's span may be empty: it is around all that follows until the next module.
    while (open.length && (module[open.at(-1)] !== module[i] || (open.length > 1 && end[open.at(-1)] < line[i]))) open.pop();
    parent[i] = open.length ? open.at(-1) : -1;
    if (callables[kind[i]]) {
      statements[i] += arrays.statements[i];
      missed[i] += arrays.missed[i];
      for (const around of open) {
        if (callables[kind[around]]) continue;
        statements[around] += arrays.statements[i];
        missed[around] += arrays.missed[i];
      }
    }
    open.push(i);
  }
  return { statements, missed, parent };
}

// `statements` and `missedBodies` are those of a module's functions and methods; `callables` are these that have a statement.
function readModules(data, symbols) {
  const modules = data.modules.map((module, index) => {
    const dot = module.name.lastIndexOf(".");
    const name = dot < 0 ? module.name : module.name.slice(0, dot);
    return { ...module, index, package: name, first: 0, last: 0, statements: 0, missedBodies: 0, callables: 0 };
  });
  for (let i = 0; i < symbols.length; i++) {
    const module = modules[symbols.module(i)];
    if (module.last === 0) module.first = i;
    module.last = i + 1;
    if (!symbols.callable(i)) continue;
    module.statements += symbols.statements(i);
    module.missedBodies += symbols.missed(i);
    if (symbols.statements(i)) module.callables++;
  }
  return modules;
}

// `unique` are the lines that only a profile runs, and `sole` where they are: symbols, and how many lines of each.
function readProfiles({ profiles, sole }, signatures) {
  const symbols = signatures.countSymbols();
  const lines = signatures.countLines();
  const twin = once((index) => signatures.nearestTwin(index, lines.all));
  const soles = profiles.map(() => []);
  sole.profile.forEach((profile, n) => soles[profile].push({ symbol: sole.symbol[n], lines: sole.lines[n] }));
  return profiles.map((profile, index) => ({
    ...profile,
    index,
    symbols: symbols.all[index],
    uniqueSymbols: symbols.unique[index],
    unique: lines.unique[index],
    sole: soles[index],
    get twin() {
      return twin(index);
    },
  }));
}

function markBaseline(signatures, profiles) {
  return Uint8Array.from(signatures.sizes, (size) => (profiles >= FEW && size >= BASELINE * profiles ? 1 : 0));
}

function findSymbol(model, name) {
  const colon = name.indexOf(":");
  const module = model.modules[model.findModule(colon < 0 ? name : name.slice(0, colon))];
  if (module === undefined) return -1;
  for (let i = module.first; i < module.last; i++) if (model.symbols.name(i) === name) return i;
  return -1;
}

// How many of each module's functions and methods a profile covers.
function reachByModule(model, profile) {
  const { symbols } = model;
  const covered = new Int32Array(model.modules.length);
  for (let i = 0; i < symbols.length; i++) {
    if (symbols.callable(i) && symbols.statements(i) && symbols.has(i, profile)) covered[symbols.module(i)]++;
  }
  return covered;
}
