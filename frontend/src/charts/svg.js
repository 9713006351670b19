// What the pictures in SVG share.

import { h } from "../dom.js";

/** Return an SVG element with attributes and children. */
export const s = (tag, attributes, ...children) => h(`svg:${tag}`, attributes, ...children);

/** Return a text cut to so many characters, with an ellipsis in its middle: slugs often begin alike, and differ at their ends. */
export function shorten(text, most) {
  const characters = [...text];
  if (characters.length <= most) return text;
  const before = Math.floor((most - 1) * 0.4);
  return `${characters.slice(0, before).join("")}…${characters.slice(characters.length - (most - 1 - before)).join("")}`;
}
