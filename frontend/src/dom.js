// Nodes are built here and nowhere from markup: what comes from data is text, whatever characters it has.

const SVG = "http://www.w3.org/2000/svg";

// h("a", {href, class, onclick, style: {width: "3px"}, dataset: {…}}, "text", node, [nodes], null) -> element; "svg:rect" makes SVG.
export function h(tag, props, ...children) {
  const element = tag.startsWith("svg:") ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2).toLowerCase(), value);
    else if (key === "style") Object.entries(value).forEach(([name, each]) => element.style.setProperty(name, each));
    else if (key === "dataset") Object.assign(element.dataset, value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

// A name from the data: whatever its direction, it does not turn what stands beside it.
export function text(value, props) {
  return h("bdi", props, value);
}

// "a.b.c" with a place to break after each dot, for names that are read and not cut.
export function breakable(value) {
  const node = h("bdi");
  for (const part of value.split(/(?<=[.:/_])/)) node.append(part, h("wbr"));
  return node;
}
