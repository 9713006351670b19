// A tree of packages and modules that opens where the reader asks; each with a bar, its share and its figures.

import { h, text } from "./dom.js";

const FEW = 3; // so many packages at the top are open from the beginning

// describe(node) -> {share, weight, figures, link} for a node of model.packages(), or null to leave it out; the heaviest come first.
// `colour` is the scale of the bars, "bin" or "heat".
export function createTree(app, root, describe, { label, colour }) {
  function drawList(children, isTop) {
    const known = children.map((node) => [node, describe(node)]).filter(([, about]) => about);
    known.sort(([, one], [, other]) => other.weight - one.weight);
    return h("ul", {}, known.map(([node, about]) => h("li", {}, node.children ? drawPackage(node, about, isTop && known.length <= FEW) : drawModule(node, about))));
  }

  function drawModule(node, about) {
    const name = node.name === "__init__" ? "(its own)" : node.name;
    return h("div", { class: "leaf" }, h("span", { class: "name", title: node.path }, h("a", { href: about.link }, text(name))), drawFigures(about));
  }

  function drawPackage(node, about, isOpen) {
    const details = h("details", {}, h("summary", {}, h("span", { class: "name", title: node.path }, text(node.name)), drawFigures(about)));
    const fill = () => details.children.length < 2 && details.append(drawList(node.children, false));
    details.addEventListener("toggle", fill);
    details.open = isOpen;
    return details;
  }

  function drawFigures({ share, figures }) {
    const fill = h("span", { class: `fill ${colour}-${app.bin(share)}`, style: { width: `${share * 100}%` } });
    return [h("span", { class: "bar", "aria-hidden": "true" }, fill), h("span", { class: "portion" }, app.percent(share)), h("span", { class: "note" }, figures)];
  }

  const list = drawList(shorten(root).children, true);
  if (!list.hasChildNodes()) return h("p", { class: "muted" }, "There is nothing to show.");
  return h("div", { class: `tree ${colour}`, role: "group", "aria-label": label }, list);
}

// A tree that begins with packages of one package each begins below them.
function shorten(node) {
  return node.children.length === 1 && node.children[0].children ? shorten(node.children[0]) : node;
}
