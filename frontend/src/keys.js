// The keys that work everywhere. None with a modifier, none while something is typed, none behind a dialog.

import { h } from "./dom.js";
import { keep, recall } from "./storage.js";

const PAGES = { o: "overview", p: "profiles", s: "symbols", g: "gaps", v: "overlap", a: "about" };
const PAUSE = 1500; // milliseconds within which a letter belongs to the `g` before it

export function createKeys(app) {
  let afterG = -Infinity;
  let on = recall("keys") !== "off";
  const dialog = buildHelp(
    () => on,
    (next) => {
      on = next;
      keep("keys", on ? "on" : "off");
    },
  );
  const actions = {
    "/": () => app.focusFilter(),
    "?": () => dialog.showModal(),
    b: () => app.toggleBaseline(),
    j: () => app.rows?.move(1),
    k: () => app.rows?.move(-1),
    Enter: () => app.rows?.open(),
    Escape: () => app.rows?.leave(),
  };

  document.addEventListener("keydown", (event) => {
    const { key, timeStamp } = event;
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || isBusy(event.target, key) || dialog.open) return;
    if (!on && key.length === 1) return;
    const page = timeStamp - afterG < PAUSE ? PAGES[key] : undefined;
    afterG = key === "g" && !page ? timeStamp : -Infinity;
    const action = page ? () => app.go(app.href(page)) : Object.hasOwn(actions, key) ? actions[key] : null;
    if (!action) return;
    event.preventDefault();
    action();
  });
  return dialog;
}

// Whether the key means something where the focus is: what is typed in a field, Enter on a link or a button.
function isBusy(target, key) {
  if (!(target instanceof Element)) return false;
  if (target.closest("input, textarea, select, [contenteditable]")) return true;
  return key === "Enter" && target.closest("a, button, summary") !== null;
}

const KEYS = [
  ["/", "go to the filter"],
  ["j  k", "next row, previous row"],
  ["Enter", "open the row"],
  ["Esc", "leave the filter, the row or this help"],
  ["b", "show or hide baseline symbols, which nearly all profiles reach"],
  ["g o", "overview"],
  ["g p", "profiles"],
  ["g s", "symbols"],
  ["g g", "gaps"],
  ["g v", "overlap"],
  ["g a", "about"],
  ["?", "this help"],
];

const TERMS = [
  ["cart", "the name or the file has this in it, in capitals or not"],
  ["-test", "the name and the file do not"],
  ['"two words"', "quotes keep spaces"],
  ["kind:class", "module, class, function or method"],
  ["is:uncovered", "uncovered, covered, unique (to one profile) or baseline"],
  ["p:checkout", "this profile reaches it"],
  ["!p:checkout", "this profile does not"],
];

function buildHelp(isOn, turn) {
  const list = (rows) => h("dl", { class: "keys" }, rows.map(([key, what]) => h("div", {}, h("dt", {}, key.split("  ").map((each) => h("kbd", {}, each))), h("dd", {}, what))));
  const box = h("input", { type: "checkbox", onchange: () => turn(box.checked) });
  box.checked = isOn();
  const dialog = h(
    "dialog",
    { class: "help", "aria-labelledby": "help-title" },
    h("div", { class: "title" }, h("h2", { id: "help-title" }, "Keys"), h("button", { type: "button", onclick: () => dialog.close() }, "Close")), // a form would need the right to be sent
    list(KEYS),
    h("h2", {}, "Filter"),
    list(TERMS),
    h("label", {}, box, " Keys of one letter are on"),
  );
  document.body.append(dialog);
  return dialog;
}
