// Pieces that several pages are made of.

import { h, text } from "../dom.js";

export function figures(entries) {
  return h("dl", { class: "figures-row" }, entries.filter(Boolean).map(([value, name, hint]) => h("div", { class: "card figure", title: hint }, h("dt", {}, name), h("dd", {}, value))));
}

export function card(title, note, ...children) {
  return h("section", { class: "card" }, h("h2", {}, title, note && h("span", { class: "note" }, note)), children);
}

export function profileLink(app, profile) {
  return h("a", { href: app.href("profile", profile.slug), title: profile.slug }, text(profile.slug));
}

export function symbolLink(app, model, i, label = model.symbols.name(i)) {
  return h("a", { href: app.href("symbol", model.symbols.name(i)), title: model.symbols.name(i), tabindex: -1 }, text(label));
}

export function badge(status) {
  return h("span", { class: `badge ${status}` }, status);
}

// A command with a button that copies it.
export function command(app, line) {
  const code = h("code", {}, text(line));
  const copy = async () => {
    app.announce((await writeClipboard(line, code)) ? "Copied." : "The browser does not let this page copy; the command is selected.");
  };
  return h("div", { class: "command" }, code, h("button", { type: "button", onclick: copy, "aria-label": `Copy: ${line}` }, "Copy"));
}

async function writeClipboard(line, code) {
  try {
    await navigator.clipboard.writeText(line);
    return true;
  } catch {
    getSelection().selectAllChildren(code);
    return document.execCommand("copy");
  }
}

// The first of many children, and a button for the others.
export function firstOf(items, limit, draw) {
  const list = h("ul", { class: "plain" }, items.slice(0, limit).map((item) => h("li", {}, draw(item))));
  if (items.length <= limit) return list;
  const more = h("button", { type: "button", onclick: () => (list.append(...items.slice(limit).map((item) => h("li", {}, draw(item)))), more.remove()) }, `Show all ${items.length.toLocaleString("en")}`);
  return h("div", {}, list, more);
}
