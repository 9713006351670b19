// Bundles src/index.js and the styles into src/profcov/reading/report/static, which is committed: whoever uses profcov needs no Node.
// `node build.mjs` writes; `node build.mjs --check` tests, and fails when what is committed differs from what it would write.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const STATIC = join(HERE, "..", "src", "profcov", "reading", "report", "static");
const STYLES = ["report.css", "tables.css"];
const TARGET = ["es2022", "chrome110", "firefox115", "safari16.4"];
const LIMIT = 80_000; // bytes of the script, minified and not compressed

async function bundle() {
  const result = await build({
    absWorkingDir: HERE,
    entryPoints: ["src/index.js"],
    bundle: true,
    minify: true,
    format: "iife",
    target: TARGET,
    charset: "ascii",
    legalComments: "none",
    metafile: true,
    write: false,
  });
  const licenses = describeLicenses(Object.keys(result.metafile.inputs));
  const comment = licenses && `/*!\n${licenses.replaceAll("*/", "* /")}*/\n`;
  // In HTML, a script ends where it says so, even within a string.
  const script = comment + result.outputFiles[0].text.replaceAll(/<(?=\/script|!--)/gi, "\\x3C");
  return { script, licenses };
}

// The packages of which something is in the bundle, with the text of each licence.
function describeLicenses(inputs) {
  const names = new Set(inputs.map((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]).filter(Boolean));
  return [...names]
    .sort()
    .map((name) => {
      const folder = join(HERE, "node_modules", name);
      const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      const file = readdirSync(folder).find((each) => /^licen[sc]e/i.test(each));
      return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
    })
    .join("\n---\n\n");
}

async function styles() {
  const source = STYLES.map((name) => join(HERE, name))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, "utf8"))
    .join("\n");
  return (await transform(source, { loader: "css", minify: true, target: TARGET.slice(1), charset: "ascii" })).code;
}

function runTests() {
  const folder = join(HERE, "test");
  const files = readdirSync(folder).filter((name) => name.endsWith(".test.js")).map((name) => join(folder, name));
  const { status, stdout } = spawnSync(process.execPath, ["--test", ...files], { encoding: "utf8" });
  if (status !== 0) console.error(stdout);
  return status === 0;
}

const { script, licenses } = await bundle();
const files = { "report.min.js": script, "report.css": await styles(), "LICENSES.txt": licenses || "Nothing of others is in the script.\n" };
let failed = false;

if (process.argv.includes("--check")) {
  failed = !runTests();
  for (const [name, text] of Object.entries(files)) {
    const path = join(STATIC, name);
    if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
      console.error(`src/profcov/reading/report/static/${name} is not what frontend/ builds: run \`make frontend\` and commit it`);
      failed = true;
    }
  }
} else {
  mkdirSync(STATIC, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(STATIC, name), text);
}

const size = Buffer.byteLength(script);
console.log(`report.min.js ${size.toLocaleString("en")} bytes of at most ${LIMIT.toLocaleString("en")}; report.css ${files["report.css"].length.toLocaleString("en")}`);
if (size > LIMIT) {
  console.error(`report.min.js is ${(size - LIMIT).toLocaleString("en")} bytes too large`);
  failed = true;
}
process.exit(failed ? 1 : 0);
