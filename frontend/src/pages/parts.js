// Pieces that several pages are made of.

import { h, text } from "../dom.js";

export function figures(entries) {
  return h("dl", { class: "figures" }, entries.filter(Boolean).map(([value, name, hint]) => h("div", { title: hint }, h("dt", {}, name), h("dd", {}, value))));
}

export function card(title, note, ...children) {
  return h("section", { class: "card" }, h("h2", {}, title, note && h("small", {}, " ", note)), children);
}

// A filter with what it finds beside it, and below it what cannot be understood. changed(text) after each letter, down() to the rows.
export function filterField(app, { label, placeholder, value, changed, down, tools }) {
  const field = h("input", { type: "search", "aria-label": label, placeholder, autocomplete: "off", spellcheck: "false", autocapitalize: "none" });
  const total = h("p", { role: "status", class: "count" });
  const problems = h("p", { class: "error", role: "alert" });
  field.value = value ?? "";
  field.addEventListener("input", () => changed(field.value));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && field.value) changed((field.value = ""));
    else if (event.key === "Escape") field.blur();
    else if (event.key === "Enter" || event.key === "ArrowDown") down();
    else return;
    event.preventDefault();
  });
  const say = (words, sentences) => {
    total.textContent = words;
    problems.textContent = sentences.join(" ");
  };
  return { element: h("search", {}, h("div", { class: "filter" }, field, total, tools), problems), say };
}

export const isNarrow = () => matchMedia("(max-width: 699px)").matches;

export function profileLink(app, profile) {
  return h("a", { href: app.href("profile", profile.slug), title: profile.slug }, text(profile.slug));
}

export function symbolLink(app, model, i, label = model.symbols.name(i)) {
  return h("a", { href: app.href("symbol", model.symbols.name(i)), title: model.symbols.name(i), tabindex: -1 }, text(label));
}

export function chip(status) {
  return h("span", { class: `chip ${status}` }, status);
}

// A command with a button that copies it.
export function command(app, line) {
  if (!line) return ""; // nobody has said where the profiles are
  const code = h("code", {}, text(line));
  return h("div", { class: "command" }, code, copyButton(app, line, "Copy", code));
}

// What it says is what happened: a page from disk may not be let copy. `source` is selected then, for the reader to copy.
export function copyButton(app, words, title, source = null) {
  const button = h("button", { type: "button", "aria-label": source && `${title} ${words}`, onclick: copy }, title);
  async function copy() {
    const done = await writeClipboard(words, source);
    button.textContent = done ? "Copied" : "Not allowed";
    app.announce(done ? "Copied." : "The browser does not let this page copy.");
    setTimeout(() => (button.textContent = title), 1500);
  }
  return button;
}

async function writeClipboard(words, source) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    if (!source) return false;
    getSelection().selectAllChildren(source);
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
