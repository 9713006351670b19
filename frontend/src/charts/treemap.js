// The treemap: each module a rectangle, its area the statements in its functions and methods, its colour how many of them are reached.

import { hierarchy, treemap as tile } from "d3-hierarchy";
import { h } from "../dom.js";
import { bin, count, percent } from "../format.js";
import { legend } from "./legend.js";
import { surface } from "./surface.js";
import { asTable } from "./table.js";

const ON_BIN = ["#ffffff", "#1f2328", "#1f2328", "#1f2328", "#1f2328", "#ffffff"];
const HEAD = 15;
const FONT = "11px system-ui, sans-serif";

/** Draw the treemap of `options.under` (a package's path), or of all packages. */
export function treemap(root, model, options, app) {
  const tree = hierarchy(join(model.packages()), (node) => node.children)
    .sum((node) => (node.children ? 0 : node.statements))
    .sort((a, b) => b.value - a.value);
  const modules = tree.leaves().filter((leaf) => leaf.value);
  const share = ({ data }) => (data.statements - data.missed) / data.statements;
  if (!modules.length) {
    root.append(h("p", { class: "muted" }, "No module has a function or method with a statement."));
    return { destroy() {} };
  }
  root.append(legend("bin", "share of the statements that are reached"));
  const drawn = surface(root, app, {
    kind: "treemap",
    label: `Treemap of ${count(modules.length)} modules. Arrow keys walk, Enter opens. The same as a table is below.`,
    height: (width) => Math.max(300, Math.min(options.height ?? 560, width * 0.72)),
    layout(width, height) {
      place(tree, width, height);
      return modules.map((leaf) => ({ leaf, x: leaf.x0, y: leaf.y0, width: leaf.x1 - leaf.x0, height: leaf.y1 - leaf.y0 })).filter(isVisible);
    },
    draw(context, width, height, colour) {
      paintPackages(context, tree, colour);
      const hatch = hatching(context, colour);
      for (const leaf of modules) paintModule(context, leaf, bin(share(leaf)), colour, hatch);
    },
    describe: ({ leaf }) => [leaf.data.path, `${percent(share(leaf))} of ${count(leaf.value)} statements reached`],
    open: ({ leaf }) => app.go(hrefOf(leaf, app)),
  });
  root.append(
    asTable("Modules by statements", ["module", "reached", "statements", "missed"], () =>
      [...modules]
        .sort((a, b) => b.value - a.value)
        .map((leaf) => [
          h("a", { href: hrefOf(leaf, app) }, leaf.data.path),
          percent(share(leaf)),
          leaf.data.statements,
          leaf.data.missed,
        ]),
    ),
  );
  return drawn;
}

function hrefOf({ data }, app) {
  return app.href(data.missed === data.statements ? "gaps" : "symbols", null, { q: data.path });
}

/** Join a package that has one child only with that child: `a` and `a.b` become `a.b`. */
function join(node, above = "") {
  if (!node.children) return { ...node, label: node.name };
  if (node.children.length === 1) return join(node.children[0], above);
  const path = node.path ?? "";
  return { ...node, label: path.slice(above.length).replace(/^\./, ""), children: node.children.map((child) => join(child, path)) };
}

function place(tree, width, height) {
  const headed = (node) => node.depth > 0 && node.x1 - node.x0 > 36 && node.y1 - node.y0 > 34;
  tile()
    .size([width, height])
    .paddingInner(1)
    .paddingOuter((node) => (headed(node) ? 2 : 0))
    .paddingTop((node) => (headed(node) ? HEAD : 0))(tree);
  tree.each((node) => (node.headed = Boolean(node.children) && headed(node)));
}

function isVisible(part) {
  return part.width > 1 && part.height > 1;
}

function paintPackages(context, tree, colour) {
  context.font = FONT;
  context.textBaseline = "middle";
  tree.each((node) => {
    if (!node.headed) return;
    context.fillStyle = colour(node.depth % 2 ? "package" : "package-within");
    context.fillRect(node.x0, node.y0, node.x1 - node.x0, node.y1 - node.y0);
    context.fillStyle = colour("fg");
    write(context, node.data.label, node.x0 + 4, node.y0 + HEAD / 2 + 1, node.x1 - node.x0 - 8);
  });
}

function paintModule(context, leaf, bin, colour, hatch) {
  const [x, y, width, height] = [leaf.x0, leaf.y0, leaf.x1 - leaf.x0, leaf.y1 - leaf.y0];
  context.fillStyle = colour(`bin-${bin}`);
  context.fillRect(x, y, width, height);
  if (bin === 0) {
    context.fillStyle = hatch;
    context.fillRect(x, y, width, height);
  }
  if (width < 34 || height < 16) return;
  if (bin === 0) {
    const room = Math.min(context.measureText(leaf.data.label).width, width - 8);
    context.fillStyle = colour("bin-0");
    context.fillRect(x + 2, y + 2, room + 4, 13);
  }
  context.fillStyle = ON_BIN[bin];
  write(context, leaf.data.label, x + 4, y + 9, width - 8);
}

/** Write a text in so much room: whole, or cut with an ellipsis, or not at all where hardly a letter would be left. */
function write(context, text, x, y, room) {
  let shown = text;
  for (let length = text.length; context.measureText(shown).width > room; ) {
    length = Math.min(length - 1, Math.floor((length * room) / context.measureText(shown).width));
    if (length < 4) return;
    shown = `${text.slice(0, length)}…`;
  }
  context.fillText(shown, x, y);
}

function hatching(context, colour) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const pen = tile.getContext("2d");
  pen.strokeStyle = colour("hatch");
  pen.lineWidth = 1.5;
  for (const shift of [-6, 0, 6]) {
    pen.moveTo(shift, 6);
    pen.lineTo(shift + 6, 0);
  }
  pen.stroke();
  return context.createPattern(tile, "repeat");
}
