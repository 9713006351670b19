// Light, dark, or what the system says.

import { h } from "./dom.js";
import { keep, recall } from "./storage.js";

const CHOICES = ["auto", "light", "dark"];

export function createTheme(changed) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const known = recall("theme");
  let choice = CHOICES.includes(known) ? known : "auto";
  const button = h("button", { type: "button", class: "theme", onclick: () => choose(CHOICES[(CHOICES.indexOf(choice) + 1) % 3]) });

  function choose(next) {
    choice = next;
    if (choice === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice;
    button.replaceChildren(`Theme: ${choice}`);
    keep("theme", choice);
    changed();
  }

  system.addEventListener("change", () => choice === "auto" && changed());
  choose(choice);
  return { button, current: () => (choice === "auto" ? (system.matches ? "dark" : "light") : choice) };
}
