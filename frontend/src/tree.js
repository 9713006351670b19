// A tree of packages and modules that opens where the reader asks; each with a bar, its share and its figures.

import { h, text } from "./dom.js";

// describe(node) -> {share, weight, figures, link, colour: "bin" or "heat"} for a node of model.packages(); nodes for which it gives null are left out.
export function createTree(app, root, describe, label) {
  const nodes = drawList(app, shorten(root).children, describe, 0);
  return h("div", { class: "tree", role: "group", "aria-label": label }, nodes);
}

// A tree that begins with packages of one package each begins below them.
function shorten(node) {
  return node.children?.length === 1 && node.children[0].children ? shorten(node.children[0]) : node;
}

function drawList(app, children, describe, depth) {
  const known = children.map((node) => [node, describe(node)]).filter(([, about]) => about);
  known.sort(([, one], [, other]) => other.weight - one.weight);
  return h("ul", {}, known.map(([node, about]) => h("li", {}, drawNode(app, node, about, describe, depth, known.length))));
}

function drawNode(app, node, about, describe, depth, siblings) {
  const bar = h("span", { class: "bar", "aria-hidden": "true" }, h("span", { class: `fill ${about.colour}-${app.bin(about.share)}`, style: { width: `${about.share * 100}%` } }));
  const figures = [bar, h("span", { class: "portion" }, app.percent(about.share)), h("span", { class: "note" }, about.figures)];
  const name = node.name === "__init__" ? "(its own)" : node.name;
  if (!node.children) return h("div", { class: "leaf" }, h("span", { class: "name", title: node.path }, h("a", { href: about.link }, text(name))), figures);
  const details = h("details", {}, h("summary", {}, h("span", { class: "name", title: node.path }, text(name)), figures));
  const fill = () => details.children.length < 2 && details.append(drawList(app, node.children, describe, depth + 1));
  if (depth === 0 && siblings <= 3) {
    details.open = true;
    fill();
  }
  details.addEventListener("toggle", fill);
  return details;
}
