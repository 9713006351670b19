export function render(root, model, params, app) {
  root.append(app.h("h1", {}, "Overview"));
}
