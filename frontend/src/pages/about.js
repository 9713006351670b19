// Can I trust this: where the figures are from, and what is missing in them.

import { chip, card, profileLink } from "./parts.js";

export function render(root, model, params, app) {
  const { h } = app;
  const doubtful = model.profiles.filter((profile) => profile.status !== "complete" || profile.unknown_files > 0);
  root.append(
    h("h1", {}, "About"),
    card("Where this is from", "", h("dl", { class: "facts" }, model.about.map(([title, words]) => h("div", {}, h("dt", {}, title), h("dd", {}, app.text(words)))))),
    drawIntegrity(doubtful, model, app),
    card("Left out", "", model.truncated.length ? h("ul", {}, model.truncated.map((sentence) => h("li", {}, app.text(sentence)))) : h("p", {}, "Nothing was left out.")),
    card(
      "How to read it",
      "",
      h(
        "ul",
        {},
        h("li", {}, "Statements and shares are those of functions and methods; of a class or module, those of all in it."),
        h("li", {}, "Baseline symbols are those that 90 % of the profiles or more reach. They are hidden by default, because they do not distinguish profiles."),
        h("li", {}, "Likeness is the share of the lines of two profiles that both run (Jaccard)."),
      ),
    ),
  );
  return null;
}

function drawIntegrity(doubtful, model, app) {
  const { h } = app;
  if (!doubtful.length) return card("Integrity", "", h("p", {}, model.profiles.length === 1 ? "The artifact is complete." : `All ${app.count(model.profiles.length)} artifacts are complete.`));
  const row = (profile) => {
    const unknown = profile.unknown_files ? [`${app.plural(profile.unknown_files, "file")} not in the inventory`] : [];
    return h("tr", {}, h("th", { scope: "row" }, profileLink(app, profile)), h("td", {}, chip(profile.status)), h("td", {}, app.text([...profile.reasons, ...unknown].join("; ") || "–")));
  };
  const head = h("tr", {}, ["profile", "integrity", "why"].map((title) => h("th", { scope: "col" }, title)));
  const table = h("table", { class: "grid" }, h("caption", {}, `${app.count(doubtful.length)} of ${app.plural(model.profiles.length, "profile")}${doubtful.length < model.profiles.length ? "; the others are complete" : ""}`), h("thead", {}, head), h("tbody", {}, doubtful.map(row)));
  return card("Integrity", "", h("div", { class: "scroller", tabindex: 0, role: "group", "aria-label": "Integrity" }, table));
}
