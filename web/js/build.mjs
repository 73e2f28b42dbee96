// Bundles viewport.js and what it uses of three.js into one minified ES module, dist/viewport.js, and each part
// that few visitors need into a file of its own under dist/lazy/.
// One file on purpose: wasm-bindgen copies exactly the module that Rust names, never a chunk beside it. What is
// in dist/lazy/ is copied by Trunk (index.html) and fetched from /lazy/ at its first use.
import { createHash } from "node:crypto";
import { brotliCompressSync } from "node:zlib";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { exporterThree } from "./exporter_three.mjs";
import { slim } from "./slim.mjs";

/** Bounds in KiB after brotli; the page as a whole has its own in web/build/after.mjs. */
const MAX_BROTLI_KIB = { "viewport.js": 160, "exporter.js": 24 };
/** Digits of the hash in a name by which the server knows that the file never changes. */
const HASH_DIGITS = 16;

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const COMMON = { bundle: true, minify: true, target: "es2022", legalComments: "inline", logLevel: "warning" };

/** Tells a file's size, and ends this process when it is over its bound. */
function weigh(name, bytes) {
  const brotli = brotliCompressSync(bytes).length;
  console.log(`${name}: ${bytes.length} bytes, ${brotli} brotli`);
  if (brotli <= MAX_BROTLI_KIB[name] * 1024) return;
  console.error(`${name} is ${brotli} bytes after brotli, over its bound of ${MAX_BROTLI_KIB[name]} KiB`);
  process.exit(1);
}

/** three.js itself, and not what is under its name, is handed over. */
const handed = {
  name: "handed",
  setup(build) {
    build.onResolve({ filter: /^three$/ }, ({ path }) => ({ path, external: true }));
  },
};

/**
 * Builds lazy/NAME.js as an ES module whose default export is a function: given three.js it answers what the
 * source exports. Answers the address of the file.
 */
async function buildLazy(name) {
  const { outputFiles } = await build({
    ...COMMON,
    entryPoints: [at(`lazy/${name}`)],
    write: false,
    // The module system in which what is imported is a value that can be handed over.
    format: "cjs",
    plugins: [handed],
    banner: { js: "export default (three) => { const module = { exports: {} }; const require = () => three;" },
    footer: { js: "return module.exports; };" },
  });
  const bytes = outputFiles[0].contents;
  weigh(name, bytes);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, HASH_DIGITS);
  const file = name.replace(/\.js$/, `-${hash}.js`);
  writeFileSync(at(`dist/lazy/${file}`), bytes);
  return `/lazy/${file}`;
}

rmSync(at("dist/lazy"), { recursive: true, force: true });
mkdirSync(at("dist/lazy"), { recursive: true });
const exporter = await buildLazy("exporter.js");
const outfile = at("dist/viewport.js");
await build({
  ...COMMON,
  entryPoints: [at("viewport.js")],
  outfile,
  format: "esm",
  define: { VWS_EXPORTER: JSON.stringify(exporter) },
  plugins: [slim, exporterThree],
});
weigh("viewport.js", readFileSync(outfile));
