// The key of the six colours.

import { h } from "../dom.js";

const BINS = ["0 %", "1–25 %", "26–50 %", "51–75 %", "76–99 %", "100 %"];

/** Return the key of `bin` (is it reached?) or `heat` (how much of it?). */
export function legend(scale, meaning) {
  return h(
    "ul",
    { class: "legend", "aria-label": `Colours: ${meaning}` },
    BINS.map((text, bin) => h("li", {}, h("span", { class: `swatch ${scale}-${bin}`, "aria-hidden": "true" }), text)),
  );
}
