// Bundles viewport.js and what it uses of three.js into one minified ES module, dist/viewport.js.
// One file on purpose: wasm-bindgen copies exactly the module that Rust names, never a chunk beside it.
import { brotliCompressSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { slim } from "./slim.mjs";

/** The bundle's bound in KiB after brotli; the page as a whole has its own in web/build/after.mjs. */
const MAX_BROTLI_KIB = 160;

const outfile = fileURLToPath(new URL("dist/viewport.js", import.meta.url));

await build({
  entryPoints: [fileURLToPath(new URL("viewport.js", import.meta.url))],
  outfile,
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  legalComments: "inline",
  logLevel: "warning",
  plugins: [slim],
});

const bytes = readFileSync(outfile);
const brotli = brotliCompressSync(bytes).length;
console.log(`viewport.js: ${bytes.length} bytes, ${brotli} brotli`);
if (brotli > MAX_BROTLI_KIB * 1024) {
  console.error(`viewport.js is ${brotli} bytes after brotli, over its bound of ${MAX_BROTLI_KIB} KiB`);
  process.exit(1);
}
