// The overlap: which profiles run the same lines, what each alone runs, and how few would do.

import { curve } from "../charts/curve.js";
import { compare, soleLines } from "../charts/sets.js";
import { grid } from "../charts/table.js";
import { MOST_PROFILES, upset } from "../charts/upset.js";
import { h, text } from "../dom.js";
import { bin, count, percent, plural } from "../format.js";
import { afterPaint, slot } from "./overview.js";

const USUAL = 6;
const SOLE = 30;

export function render(root, model, params, app) {
  const curveSlot = slot("How few would do", "greedy cover of all lines that are run");
  const body = h("div", {});
  root.append(h("h1", {}, "Overlap"), body, curveSlot);
  let chosen = read(params.p, model);
  const draw = () => fill(body, model, chosen, choose, app);
  const choose = (profiles) => {
    chosen = profiles;
    app.setParams({ p: write(chosen, model) });
    app.announce(`${plural(chosen.length, "profile")} chosen`);
    draw();
  };
  draw();
  const forget = app.onBaseline(draw);
  const cancel = afterPaint([() => curve(curveSlot, model, {}, app)]);
  return () => {
    cancel();
    if (typeof forget === "function") forget();
  };
}

// A comma parts slugs, so one within a slug is escaped, and so is what would look like an escape.
function write(chosen, model) {
  return chosen.map((p) => model.profiles[p].slug.replace(/[%,]/g, encodeURIComponent)).join(",");
}

function read(value, model) {
  if (value === undefined || value === null || value === "") return mostUnique(model);
  const slugs = new Map(model.profiles.map(({ slug, index }) => [slug.replace(/[%,]/g, encodeURIComponent), index]));
  const known = value.split(",").map((slug) => slugs.get(slug)).filter((index) => index !== undefined);
  return [...new Set(known)].slice(0, MOST_PROFILES);
}

function mostUnique(model) {
  const ranks = [...model.profiles].sort((a, b) => b.unique - a.unique || b.lines - a.lines || a.index - b.index);
  return ranks.slice(0, USUAL).map(({ index }) => index);
}

function fill(body, model, chosen, choose, app) {
  const held = body.contains(document.activeElement) ? document.activeElement.id : "";
  const sets = slot("Intersections", "lines that exactly these of the chosen profiles run");
  body.replaceChildren(
    choice(model, chosen, choose),
    sets,
    h("div", { class: "columns" }, likeness(model, chosen, app), sole(model, chosen, app)),
  );
  if (chosen.length) upset(sets, model, { profiles: chosen }, app);
  else sets.append(h("p", { class: "muted" }, "No profile is chosen."));
  // The box is built anew: the focus goes back to where it was, or to the field.
  if (held) (document.getElementById(held) ?? document.getElementById("overlap-add")).focus();
}

function choice(model, chosen, choose) {
  const card = slot("Profiles", `${chosen.length} of at most ${MOST_PROFILES}`);
  const chips = chosen.map((p, place) => {
    const { slug } = model.profiles[p];
    const drop = () => choose(chosen.filter((each) => each !== p));
    return h("li", { class: "chip" }, text(slug), h("button", { id: `overlap-drop-${place}`, type: "button", "aria-label": `Remove ${slug}`, onclick: drop }, "×"));
  });
  const error = h("p", { class: "error", id: "overlap-error", role: "alert" });
  const field = h("input", { id: "overlap-add", list: "overlap-slugs", autocomplete: "off", spellcheck: "false", "aria-describedby": "overlap-error", disabled: chosen.length >= MOST_PROFILES });
  const add = (event) => {
    event.preventDefault();
    const found = model.profiles.find(({ slug }) => slug === field.value.trim());
    if (!found) error.textContent = `There is no profile “${field.value.trim()}”.`;
    else if (chosen.includes(found.index)) error.textContent = `${found.slug} is chosen already.`;
    else choose([...chosen, found.index]);
  };
  const others = model.profiles.filter(({ index }) => !chosen.includes(index));
  const form = h(
    "form",
    { class: "adding", onsubmit: add },
    h("label", { for: "overlap-add" }, "Add a profile"),
    field,
    h("datalist", { id: "overlap-slugs" }, ...others.map(({ slug }) => h("option", { value: slug }))),
    h("button", { type: "submit", disabled: chosen.length >= MOST_PROFILES }, "Add"),
    h("button", { type: "button", id: "overlap-reset", onclick: () => choose(mostUnique(model)) }, "Those with most unique lines"),
  );
  card.append(h("ul", { class: "chips", "aria-label": "Chosen profiles" }, ...chips), form, error);
  return card;
}

function likeness(model, chosen, app) {
  const card = slot("Likeness of each pair", "lines that both run, of those that either runs (Jaccard index)");
  if (chosen.length < 2) {
    card.append(h("p", { class: "muted" }, "Choose two profiles or more."));
    return card;
  }
  const names = chosen.map((p) => model.profiles[p].slug);
  const cell = (a, b) => {
    if (a === b) return h("span", { class: "muted" }, "–");
    const found = compare(model, a, b);
    const title = `${count(found.both)} of ${plural(found.either, "line")}`;
    return h("span", { class: `share heat-${bin(found.likeness)}`, title }, percent(found.likeness));
  };
  const rows = chosen.map((a, n) => [h("a", { href: app.href("profile", names[n]), title: names[n] }, names[n]), ...chosen.map((b) => cell(a, b))]);
  const table = grid("Likeness of each pair", ["profile", ...names.map((name) => h("span", { class: "upright", title: name }, name))], rows, true);
  card.append(h("div", { class: "scroller", tabindex: "0", role: "group", "aria-label": "Likeness of each pair" }, table));
  return card;
}

function sole(model, chosen, app) {
  const card = slot("Sole owners", "lines that no other profile of all runs");
  for (const p of chosen) {
    const { slug, unique } = model.profiles[p];
    const list = h("ul", { class: "names" });
    const box = h("details", { class: "sole" }, h("summary", {}, text(slug), " ", h("span", { class: "chip" }, count(unique))), list);
    const all = h("a", { href: app.href("profile", slug) }, `All ${count(unique)}`);
    const fillList = () => {
      if (!box.open || list.childElementCount) return;
      const found = soleLines(model, p);
      const show = ({ symbol, lines }) => h("li", {}, h("a", { href: app.href("symbol", model.symbols.name(symbol)) }, text(model.symbols.name(symbol))), h("span", { class: "muted" }, ` ${plural(lines, "line")}`));
      list.append(...found.slice(0, SOLE).map(show));
      if (found.length > SOLE) box.append(all);
      if (!unique) box.append(h("p", { class: "muted" }, model.profiles[p].lines ? "None: other profiles run every line that this one does." : "None: it runs no line."));
    };
    box.addEventListener("toggle", fillList);
    card.append(box);
  }
  if (!chosen.length) card.append(h("p", { class: "muted" }, "No profile is chosen."));
  return card;
}
