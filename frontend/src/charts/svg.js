// What the pictures in SVG share.

import { h } from "../dom.js";

/** Return an SVG element with attributes and children. */
export const s = (tag, attributes, ...children) => h(`svg:${tag}`, attributes, ...children);

/** Return a text cut to so many characters, with an ellipsis. */
export function shorten(text, most) {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : text;
}
