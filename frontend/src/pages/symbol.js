// Is it safe to change: who runs one symbol, and how to run that again.

import { chip, card, command, copyButton, figures, firstOf, profileLink } from "./parts.js";

const MANY = 20;

export function render(root, model, params, app) {
  const { h, count } = app;
  const { symbols } = model;
  const i = model.findSymbol(params.arg);
  if (i < 0) return app.notFound(root, `There is no symbol “${params.arg}”; it may have been renamed or removed.`);
  app.title(params.arg);
  const module = model.modules[symbols.module(i)];
  const covering = model.profiles.filter((profile) => symbols.has(i, profile.index));
  const others = model.profiles.filter((profile) => !symbols.has(i, profile.index));
  const all = symbols.inner(i);
  const missed = symbols.innerMissed(i);
  root.append(
    h("p", { class: "crumbs" }, drawParents(model, i, app)),
    h("h1", {}, app.breakable(params.arg)),
    h("p", { class: "muted" }, symbols.kind(i), " · ", app.text(module.file), `, lines ${symbols.line(i)} to ${symbols.end(i)}`, model.isBaseline(i) && " · baseline: nearly all profiles reach it", covering.length === 1 && " · unique: only one profile reaches it", symbols.kind(i) === "module" && sayState(module, app), symbols.startup(i) && " · ran at start-up, or never", symbols.outside(i) && " · ran, but for no profile"),
    figures([
      [`${count(covering.length)} of ${count(model.profiles.length)}`, "profiles reach it"],
      all > 0 && [app.percent((all - missed) / all), "of its statements reached"],
      [count(all), symbols.callable(i) ? "statements" : "statements in functions and methods"],
      [count(missed), "missed by all profiles"],
    ]),
    h("div", { class: "columns" }, drawCovering(covering, sayWhyNone(model.symbols, i, all), app), drawOthers(others, app)),
    drawSiblings(model, i, app),
  );
  return null;
}

// What the gaps say of a module: where it may not have been imported, they count what its import would run, too.
function sayState({ state, missed }, app) {
  const said = { "never imported": "never imported", "not known": "never reached, and perhaps never imported" }[state];
  return said && missed ? ` · ${said}: ${app.plural(missed, "statement")} missed, with those that its import would run` : null;
}

function drawParents(model, i, app) {
  const trail = [];
  for (let parent = model.symbols.parent(i); parent >= 0; parent = model.symbols.parent(parent)) trail.unshift(parent);
  return trail.map((parent) => [app.h("a", { href: app.href("symbol", model.symbols.name(parent)) }, app.text(model.symbols.short(parent))), " › "]);
}

function sayWhyNone(symbols, i, statements) {
  if (!statements) return "It has no statement that could prove that it ran.";
  if (symbols.startup(i)) return "Only imports, application factories and entry points call it: start-up code belongs to no profile.";
  if (symbols.outside(i)) return "It ran, but for no profile: in a background thread, for untraced traffic, or at start-up.";
  return "No profile reaches it: a change here is not exercised by any scenario.";
}

function drawCovering(profiles, whyNone, app) {
  if (!profiles.length) return card("Profiles that reach it", "", app.h("p", { class: "muted" }, whyNone));
  const draw = (profile) => app.h("div", { class: "replay" }, app.h("span", {}, profileLink(app, profile), " ", profile.status === "complete" ? null : chip(profile.status)), command(app, profile.replay));
  const all = profiles.map((profile) => profile.replay).filter(Boolean).join("\n");
  const copyAll = all && profiles.length > 1 && app.h("p", {}, copyButton(app, all, "Copy all commands"));
  return card("Profiles that reach it", "replay them after a change", firstOf(profiles, MANY, draw), copyAll);
}

function drawOthers(profiles, app) {
  if (!profiles.length) return card("Profiles that do not", "", app.h("p", { class: "muted" }, "Every profile reaches it."));
  return card("Profiles that do not", app.count(profiles.length), firstOf(profiles, MANY, (profile) => profileLink(app, profile)));
}

function drawSiblings(model, i, app) {
  const { symbols } = model;
  const module = model.modules[symbols.module(i)];
  const parent = symbols.parent(i);
  const within = parent < 0 ? i : parent; // a module has no siblings: what is in it is listed
  const siblings = [];
  for (let other = module.first; other < module.last; other++) if (symbols.parent(other) === within && other !== i) siblings.push(other);
  if (!siblings.length) return "";
  const draw = (other) => [
    app.h("a", { href: app.href("symbol", symbols.name(other)) }, app.text(symbols.short(other))),
    app.h("span", { class: "muted" }, ` ${symbols.kind(other)} · ${symbols.inner(other) || symbols.count(other) ? app.plural(symbols.count(other), "profile") : "nothing to reach"}`),
  ];
  const title = parent < 0 ? "In this module" : `Beside it in ${symbols.short(parent)}`;
  return card(title, app.count(siblings.length), firstOf(siblings, MANY, draw));
}
