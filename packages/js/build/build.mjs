// Makes dist/: the WebAssembly with its glue, and the compiled TypeScript. `cargo xtask package` calls it with
// VWS_JS_WASM, where cargo has put the compiled core, and with the tools on PATH.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { install } from "../../../web/build/install.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const at = (...path) => join(root, ...path);
/** What a page downloads at most for the package's WebAssembly, in KiB after brotli. */
const MAX_BROTLI_KIB = 230;
/** What compilers of today write and browsers of the last years read. */
const FEATURES = ["bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals", "reference-types", "multivalue"];

function run(program, ...args) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) throw error ?? new Error(`${program} ${args.join(" ")} ended with ${status}`);
}

const compiled = process.env.VWS_JS_WASM;
if (compiled === undefined) throw new Error("VWS_JS_WASM is not set: use `cargo xtask package`");
install(root);
const wasm = at("src/wasm/vws_bg.wasm");
makeGlue();
rmSync(at("dist"), { recursive: true, force: true });
run(process.execPath, at("node_modules/typescript/bin/tsc"), "-p", root);
mkdirSync(at("dist/wasm"), { recursive: true });
for (const name of ["vws.js", "vws.d.ts", "vws_bg.wasm", "vws_bg.wasm.d.ts"]) cpSync(at("src/wasm", name), at("dist/wasm", name));
for (const name of ["LICENSE-MIT", "LICENSE-APACHE"]) cpSync(join(root, "../..", name), at(name));

const bytes = readFileSync(wasm);
const brotli = brotliCompressSync(bytes).length;
console.log(`packages/js: ${bytes.length} bytes of WebAssembly, ${brotli} with brotli`);
if (brotli > MAX_BROTLI_KIB * 1024) throw new Error(`that is over the bound of ${MAX_BROTLI_KIB} KiB`);

/** Makes src/wasm, which takes half a minute, unless it was made of what is there now. */
function makeGlue() {
  const stamp = at("src/wasm/.made");
  const made = createHash("sha256");
  for (const file of [compiled, fileURLToPath(import.meta.url)]) made.update(readFileSync(file));
  const hash = made.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return;
  rmSync(at("src/wasm"), { recursive: true, force: true });
  run("wasm-bindgen", "--target", "web", "--out-dir", at("src/wasm"), "--out-name", "vws", "--no-demangle", "--remove-name-section", "--remove-producers-section", compiled);
  run("wasm-opt", "-Os", ...FEATURES.map((feature) => `--enable-${feature}`), wasm, "-o", wasm);
  writeFileSync(stamp, hash);
}
