// The application: the frame around the pages, and what pages may ask of it.

import { breakable, h, text } from "./dom.js";
import { bin, count, percent, plural, seconds } from "./format.js";
import { createKeys } from "./keys.js";
import { href, readHash } from "./router.js";
import { keep, recall } from "./storage.js";
import { createTheme } from "./theme.js";

const NAMES = { overview: "Overview", profiles: "Profiles", symbols: "Symbols", gaps: "Gaps", overlap: "Overlap", about: "About" };
const ABOVE = { profile: "profiles", symbol: "symbols" }; // the page of the list that a page's thing is in

// pages: {name: {render}}. Fills `main`, and the header before it.
export function createApp(model, pages, main) {
  const listeners = { baseline: new Set(), theme: new Set() };
  const status = h("p", { role: "status", class: "status" });
  const content = h("div", { class: "page" });
  const nav = h("nav", { "aria-label": "Pages" });
  let leave = null;
  let here = null;
  let theme = null;
  let wantsFilter = false;

  const app = {
    h, text, breakable, bin, percent, count, plural, seconds, href,
    baseline: recall("baseline") !== "shown",
    rows: null, // the grid that j and k move in: {move, open, leave}
    places: new Map(), // the row where a grid was left, by address and label
    address: () => href(here.page, here.arg, here.params),
    go: (hash) => {
      location.hash = hash;
    },
    setParams,
    announce: (words) => {
      status.textContent = words;
    },
    toggleBaseline() {
      app.baseline = !app.baseline;
      keep("baseline", app.baseline ? "hidden" : "shown");
      app.announce(app.baseline ? "Baseline symbols are hidden." : "Baseline symbols are shown.");
      listeners.baseline.forEach((listener) => listener(app.baseline));
    },
    onBaseline: (listener) => listen(listeners.baseline, listener),
    theme: () => theme.current(),
    onTheme: (listener) => listen(listeners.theme, listener),
    focusFilter() {
      const field = content.querySelector("input[type=search]");
      wantsFilter = field === null;
      if (wantsFilter) return app.go(href("symbols"));
      field.focus();
      field.select();
    },
    title: (words) => {
      document.title = `${words} · ${model.title}`;
    },
    notFound,
  };

  function setParams(params) {
    here = { ...here, params };
    const hash = href(here.page, here.arg, params);
    try {
      history.replaceState(null, "", hash);
    } catch {
      location.replace(hash); // a sandbox may refuse; the page is rendered again then
    }
  }

  function render() {
    const isFirst = here === null;
    leave?.();
    here = readHash(location.hash);
    Object.values(listeners).forEach((set) => set.clear());
    app.rows = null;
    status.textContent = "";
    content.replaceChildren();
    markPlace(nav, ABOVE[here.page] ?? here.page);
    const page = Object.hasOwn(pages, here.page) ? pages[here.page] : null;
    app.title(NAMES[here.page] ?? here.arg);
    leave = page ? page.render(content, model, { ...here.params, arg: here.arg }, app) : notFound(content, `There is no page “${here.page}”.`);
    if (typeof leave !== "function") leave = null;
    if (wantsFilter) app.focusFilter();
    if (!isFirst && !content.contains(document.activeElement)) {
      scrollTo(0, 0);
      focusQuietly(content.querySelector("h1"));
    }
  }

  theme = createTheme(() => listeners.theme.forEach((listener) => listener(app.theme())));
  const dialog = createKeys(app);
  const help = h("button", { type: "button", onclick: () => dialog.showModal() }, "Keys ", h("kbd", {}, "?"));
  nav.append(h("ul", {}, Object.entries(NAMES).map(([page, name]) => h("li", {}, h("a", { href: href(page), dataset: { page } }, name)))));
  document.querySelector("header").append(nav, h("div", { class: "tools" }, help, theme.button));
  document.querySelector("header").prepend(buildSkipLink(content));
  main.replaceChildren(content, status);
  addEventListener("hashchange", render);
  render();
  return app;
}

// -> a function that ends it; a page's listeners end with the page in any case.
function listen(set, listener) {
  set.add(listener);
  return () => set.delete(listener);
}

function markPlace(nav, page) {
  for (const link of nav.querySelectorAll("a")) {
    if (link.dataset.page === page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function notFound(root, sentence) {
  document.title = "Not found";
  root.append(
    h("h1", {}, "Not found"),
    h("p", {}, sentence),
    h("p", {}, h("a", { href: href("overview") }, "Overview"), " · ", h("a", { href: href("symbols") }, "All symbols"), " · ", h("a", { href: href("profiles") }, "All profiles")),
  );
}

function focusQuietly(heading) {
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

// A link within the page would be taken for a page's address, so that it moves the focus itself.
function buildSkipLink(content) {
  const skip = (event) => {
    event.preventDefault();
    focusQuietly(content.querySelector("h1"));
  };
  return h("a", { class: "skip", href: "#/", onclick: skip }, "Skip to the page");
}
