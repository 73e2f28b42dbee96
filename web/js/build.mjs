// Bundles viewport.js and what it uses of three.js into one minified ES module, dist/viewport.js, and each part
// that few visitors need into a file of its own under dist/lazy/, which Trunk copies (index.html) and the viewport
// fetches from /lazy/ at its first use: see parts.mjs.
import { createHash } from "node:crypto";
import { brotliCompressSync } from "node:zlib";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildParts } from "./parts.mjs";

/** Bounds in KiB after brotli; the page as a whole has its own in web/build/after.mjs. */
const MAX_BROTLI_KIB = { viewport: 130, exporter: 13, loader: 24 };
/** Digits of the hash in a name by which the server knows that the file never changes. */
const HASH_DIGITS = 16;

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Tells a file's size, and ends this process when it is over its bound. */
function weigh(name, bytes) {
  const brotli = brotliCompressSync(bytes).length;
  console.log(`${name}.js: ${bytes.length} bytes, ${brotli} brotli`);
  if (brotli <= MAX_BROTLI_KIB[name] * 1024) return;
  console.error(`${name}.js is ${brotli} bytes after brotli, over its bound of ${MAX_BROTLI_KIB[name]} KiB`);
  process.exit(1);
}

rmSync(at("dist/lazy"), { recursive: true, force: true });
mkdirSync(at("dist/lazy"), { recursive: true });
const parts = { exporter: at("lazy/exporter.js"), loader: at("lazy/loader.js") };
const viewport = await buildParts(at("viewport.js"), parts, (name, contents) => {
  weigh(name, contents);
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, HASH_DIGITS);
  const file = `lazy/${name}-${hash}.js`;
  writeFileSync(at(`dist/${file}`), contents);
  return `/${file}`;
});
weigh("viewport", viewport);
writeFileSync(at("dist/viewport.js"), viewport);
