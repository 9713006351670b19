// A canvas that is sharp on every screen, follows its box and the theme, and whose parts can be pointed at and walked with keys.

import { h } from "../dom.js";

const STEP = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * Put a canvas into `root`. `chart` has
 * - `label`, `kind`: what a screen reader says of it;
 * - `height(width)`: how high it wants to be; it fills its box where that is higher;
 * - `layout(width, height, context)` -> parts [{x, y, width, height, ...}]: what can be pointed at, and those `aside` are labels; called when the size changes;
 * - `draw(context, width, height, colour)`: paint it; `colour(name)` is a custom property of the theme;
 * - `describe(part)` -> text, or lines [text, text]; `open(part)`: what a click or Enter does.
 */
export function surface(root, app, chart) {
  const canvas = h("canvas", { tabindex: "0", role: "application", "aria-roledescription": chart.kind, "aria-label": chart.label });
  const tip = h("div", { class: "tip", "aria-hidden": "true", hidden: true });
  const mark = h("div", { class: "mark", "aria-hidden": "true", hidden: true });
  const box = h("div", { class: "surface" }, canvas, mark, tip);
  const state = { parts: [], current: null, width: 0, height: 0 };
  root.append(box);

  const paint = () => {
    const context = canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    const ratio = window.devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, state.width, state.height);
    chart.draw(context, state.width, state.height, (name) => style.getPropertyValue(`--${name}`).trim());
  };
  const fit = () => {
    const width = Math.floor(box.clientWidth);
    if (!width) return;
    box.style.minHeight = `${chart.height(width)}px`;
    const height = Math.floor(box.clientHeight);
    const ratio = window.devicePixelRatio || 1;
    if (width === state.width && height === state.height && canvas.width === Math.round(width * ratio)) return;
    Object.assign(state, { width, height });
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    arrange();
  };
  /** Lay the parts out anew: who pointed at one, or walked to it, is still there if the chart still has it. */
  const arrange = () => {
    const name = (part) => [].concat(chart.describe(part))[0];
    const here = state.current && name(state.current);
    state.parts = chart.layout(state.width, state.height, canvas.getContext("2d"));
    point((here && state.parts.find((part) => name(part) === here)) ?? null);
    paint();
  };
  const point = (part) => {
    state.current = part;
    tip.hidden = mark.hidden = !part;
    if (part) show(part, state, tip, mark, app, [].concat(chart.describe(part)));
  };
  const walk = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" && state.current) chart.open(state.current);
    else if (event.key === "Escape" && state.current) point(null);
    else if (STEP[event.key] || event.key === "Home") {
      const next = STEP[event.key] && state.current ? neighbour(state, STEP[event.key]) : largest(state.parts);
      if (next) {
        point(next);
        app.announce([].concat(chart.describe(next)).join(", "));
      }
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  listen(canvas, state, { point, walk, open: chart.open });
  const observer = new ResizeObserver(fit);
  observer.observe(box);
  const forget = app.onTheme(paint);
  fit();
  return {
    canvas,
    redraw: arrange,
    destroy() {
      observer.disconnect();
      if (typeof forget === "function") forget();
    },
  };
}

function listen(canvas, state, { point, walk, open }) {
  let touched = false;
  const at = (event) => {
    const { offsetX: x, offsetY: y } = event;
    return state.parts.find((part) => x >= part.x && x < part.x + part.width && y >= part.y && y < part.y + part.height) ?? null;
  };
  canvas.addEventListener("pointerdown", (event) => (touched = event.pointerType === "touch"));
  canvas.addEventListener("pointermove", (event) => {
    const part = at(event);
    if (event.pointerType !== "touch" && part !== state.current) point(part);
    canvas.style.cursor = part ? "pointer" : "";
  });
  canvas.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && point(null));
  canvas.addEventListener("click", (event) => {
    const part = at(event);
    // A finger cannot hover: its first touch shows what is there, its second opens it.
    if (part && touched && part !== state.current) point(part);
    else if (part) open(part);
  });
  canvas.addEventListener("keydown", walk);
  canvas.addEventListener("blur", () => point(null));
}

function show(part, state, tip, mark, app, lines) {
  tip.replaceChildren(...lines.map((line, n) => h(n ? "span" : "strong", {}, line)));
  Object.assign(mark.style, { left: `${part.x}px`, top: `${part.y}px`, width: `${part.width}px`, height: `${part.height}px` });
  const left = Math.max(0, Math.min(part.x + part.width / 2 - tip.offsetWidth / 2, state.width - tip.offsetWidth));
  const above = part.y - tip.offsetHeight - 6;
  const top = above >= -30 ? above : part.y + part.height + 6;
  Object.assign(tip.style, { left: `${left}px`, top: `${top}px` });
}

/** Return the nearest part in a direction: what lies straight ahead comes before what is off to the side. */
function neighbour({ parts, current }, [dx, dy]) {
  const middle = (part) => [part.x + part.width / 2, part.y + part.height / 2];
  const [x, y] = middle(current);
  let best = null;
  let least = Infinity;
  for (const part of parts) {
    const [px, py] = middle(part);
    const ahead = (px - x) * dx + (py - y) * dy;
    const aside = Math.abs((px - x) * dy) + Math.abs((py - y) * dx);
    if (part !== current && ahead > 0.5 && ahead + 3 * aside < least) [best, least] = [part, ahead + 3 * aside];
  }
  return best;
}

function largest(parts) {
  const inside = parts.filter((part) => !part.aside);
  return inside.reduce((best, part) => (!best || part.width * part.height > best.width * best.height ? part : best), null);
}
