// Trunk's post_build hook. Takes a hash out of the page that browsers ignore and warn of. In a release build, joins
// small files, and writes a .br and a .gz beside every file that gets smaller by it: the server sends these as they are,
// and never compresses the page itself.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { joinFiles } from "./joined.mjs";

/** Below this many bytes a compressed copy saves no packet. */
const MIN_BYTES = 256;
/** What a visitor downloads before the page works, in KiB after brotli. A page over it is not built. */
const MAX_BROTLI_KIB = 652;
/** What is downloaded only when it is used, and has bounds of its own in web/js/build.mjs. */
const LAZY = join(process.env.TRUNK_STAGING_DIR, "lazy");
const COMPRESSIBLE = /\.(css|html|js|json|map|svg|txt|wasm|webmanifest)$/;

/** Every file under `dir`, as full paths. */
function* files(dir) {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield path;
  }
}

/** Writes `path` + `suffix` unless that would not be smaller than the file itself. */
function write(path, suffix, original, compressed) {
  if (compressed.length < original.length) writeFileSync(path + suffix, compressed);
}

/**
 * Browsers check the hash of a preloaded script or style, not that of a preloaded `fetch`: Chromium ignores it, and
 * says so in everybody's console. The program's own request would have to carry the hash, and then no longer takes
 * what was preloaded.
 */
function dropIgnoredHash(path) {
  const html = readFileSync(path, "utf8");
  const preload = /<link rel="preload"[^>]* as="fetch"[^>]*>/;
  if (!preload.test(html)) throw new Error(`${path} preloads no program: trunk writes it in another way now`);
  writeFileSync(path, html.replace(preload, (link) => link.replace(/ integrity="[^"]*"/, "")));
}

dropIgnoredHash(join(process.env.TRUNK_STAGING_DIR, "index.html"));

if (process.env.TRUNK_PROFILE === "release") {
  joinFiles(process.env.TRUNK_STAGING_DIR);
  const sizes = { raw: 0, br: 0 };
  for (const path of [...files(process.env.TRUNK_STAGING_DIR)]) {
    const bytes = readFileSync(path);
    if (!COMPRESSIBLE.test(path) || bytes.length < MIN_BYTES) continue;
    const br = brotliCompressSync(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    });
    write(path, ".br", bytes, br);
    write(path, ".gz", bytes, gzipSync(bytes, { level: 9 }));
    if (path.startsWith(LAZY)) continue;
    sizes.raw += bytes.length;
    sizes.br += Math.min(br.length, bytes.length);
  }
  console.log(`page: ${sizes.raw} bytes, ${sizes.br} with brotli`);
  if (sizes.br > MAX_BROTLI_KIB * 1024) {
    throw new Error(`the page is ${sizes.br} bytes after brotli, over its bound of ${MAX_BROTLI_KIB} KiB`);
  }
}
