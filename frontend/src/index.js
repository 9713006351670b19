// Begins: unpacks the data, decides that the page can be shown, and takes the place of the static part.

import { createApp } from "./app.js";
import { unpack } from "./data.js";
import { h } from "./dom.js";
import { decode } from "./model.js";
import * as about from "./pages/about.js";
import * as gaps from "./pages/gaps.js";
import * as overlap from "./pages/overlap.js";
import * as overview from "./pages/overview.js";
import * as profile from "./pages/profile.js";
import * as profiles from "./pages/profiles.js";
import * as symbol from "./pages/symbol.js";
import * as symbols from "./pages/symbols.js";

async function begin() {
  const fixed = document.getElementById("static");
  const main = document.getElementById("app");
  try {
    const model = decode(await unpack(document.getElementById("data").textContent));
    main.hidden = false;
    fixed.hidden = true;
    createApp(model, { overview, profiles, profile, symbols, symbol, gaps, overlap, about }, main);
    document.body.classList.remove("static");
  } catch (error) {
    main.hidden = true;
    fixed.hidden = false;
    fixed.prepend(h("p", { role: "alert", class: "alert" }, `The data of this page could not be read (${error.message}), so only this summary is shown.`));
    console.error(error);
    return;
  }
  requestAnimationFrame(() => {
    document.documentElement.dataset.ready = Math.round(performance.now());
  });
}

begin();
