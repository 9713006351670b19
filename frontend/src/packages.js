// Modules as a tree of packages.

// Nodes are {name, path, statements, missed} and `children`, or `module` (its place) for a leaf. Below `depth` packages are not split:
// their modules are leaves with dotted names. A package's own code (its __init__) is a leaf of it.
export function buildPackages(modules, depth = Infinity) {
  const root = makeNode("", "");
  const packages = namePackages(modules);
  modules.forEach((module, place) => {
    const parts = module.name.split(".");
    const own = packages.has(module.name);
    const folders = (own ? parts : parts.slice(0, -1)).slice(0, depth);
    let node = root;
    addTo(node, module);
    for (let level = 0; level < folders.length; level++) {
      node = enter(node, folders[level], parts.slice(0, level + 1).join("."));
      addTo(node, module);
    }
    const rest = parts.slice(folders.length).join(".");
    const leaf = { name: rest || "__init__", path: module.name, module: place, statements: module.statements, missed: module.missedBodies };
    node.children.push(leaf);
  });
  return strip(root);
}

function namePackages(modules) {
  const names = new Set();
  for (const { name } of modules) {
    for (let dot = name.lastIndexOf("."); dot > 0 && !names.has(name.slice(0, dot)); dot = name.lastIndexOf(".", dot - 1)) {
      names.add(name.slice(0, dot));
    }
  }
  return names;
}

function makeNode(name, path) {
  return { name, path, children: [], statements: 0, missed: 0, known: new Map() };
}

function addTo(node, module) {
  node.statements += module.statements;
  node.missed += module.missedBodies;
}

function enter(node, name, path) {
  if (!node.known.has(name)) {
    const child = makeNode(name, path);
    node.known.set(name, child);
    node.children.push(child);
  }
  return node.known.get(name);
}

function strip(node) {
  delete node.known;
  node.children?.forEach(strip);
  return node;
}
