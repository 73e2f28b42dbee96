// The viewport as one file, and each part that few visitors need as a file of its own.
//
// One file on purpose: wasm-bindgen copies exactly the module that Rust names, never a chunk beside it. So no part can
// import from it. It is handed what it needs of the viewport, file by file of the sources: what is there for the
// viewport anyway is handed over, and nothing is there twice; what is needed by the part alone is in the part alone.

import { readFile } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { dropMethods } from "./methods.mjs";
import { THREE, isReplaced, slim } from "./slim.mjs";

const WEB = fileURLToPath(new URL("..", import.meta.url));
const COMMON = { absWorkingDir: WEB, bundle: true, target: "es2022", legalComments: "inline", logLevel: "warning", write: false };
/** Values without identity: every file has those that it needs. */
const COPIED = /[\\/]three[\\/]src[\\/](constants|utils)\.js$/;
/** What the viewport hands over settles after as many rounds as files lead to files that way. */
const MAX_ROUNDS = 8;

/**
 * @typedef {Map<string, Set<string>>} Names what is imported of each file, by path
 * @typedef {{path: string, contents: Uint8Array}} Built
 */

/** The files that a bundle has something of. */
function inputs({ metafile }) {
  return Object.values(metafile.outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([path, { bytesInOutput }]) => bytesInOutput > 0 && !path.includes(":"))
    .map(([path]) => resolve(WEB, path));
}

/** Leaves files that the viewport has out of a part: imports of them become imports of `handed:PATH`. */
const handing = (/** @type {Set<string>} */ viewport) => ({
  name: "handing",
  setup(build) {
    build.onResolve({ filter: /^\.|^\// }, async ({ path, pluginData, ...args }) => {
      if (pluginData === "resolved" || args.kind === "entry-point") return;
      const found = await build.resolve(path, { ...args, pluginData: "resolved" });
      if (found.errors.length > 0 || !viewport.has(found.path) || COPIED.test(found.path)) return found;
      return { path: `handed:${relative(WEB, found.path)}`, external: true, sideEffects: false };
    });
  },
});

/** The module `handed`: what the parts take of the viewport, under its own name. */
const handed = (/** @type {Names} */ names) => ({
  name: "handed",
  setup(build) {
    build.onResolve({ filter: /^handed$/ }, () => ({ path: "handed", namespace: "handed" }));
    build.onLoad({ filter: /.*/, namespace: "handed" }, () => ({
      contents: [...names].map(([path, of]) => `export { ${[...of].join(", ")} } from ${JSON.stringify(resolve(WEB, path))};`).join("\n"),
      resolveDir: WEB,
    }));
  },
});

/** Takes methods that nobody calls out of three.js. */
const dropping = (/** @type {Map<string, string>} */ files) => ({
  name: "dropping",
  setup(build) {
    build.onLoad({ filter: /[\\/]three[\\/]src[\\/]/ }, ({ path }) => {
      const contents = files.get(path);
      return contents === undefined ? undefined : { contents, loader: "js" };
    });
  },
});

/** What a part, bundled but not minified, imports of the viewport. */
function importedOf(text) {
  /** @type {Names} */
  const names = new Map();
  for (const [, list, path] of text.matchAll(/^import \{([^}]*)\} from "handed:([^"]*)";$/gm)) {
    const of = list.split(",").map((name) => name.trim().split(" as ")[0]).filter(Boolean);
    names.set(path, new Set([...(names.get(path) ?? []), ...of]));
  }
  const others = text.match(/^import (?!\{[^}]*\} from "handed:).*$/m);
  if (others) throw new Error(`a part has ${others[0]}: only names can be handed over`);
  return names;
}

/** @param {Names[]} all */
function union(all) {
  /** @type {Names} */
  const names = new Map();
  const paths = new Map();
  for (const [path, of] of all.flatMap((one) => [...one])) {
    names.set(path, new Set([...(names.get(path) ?? []), ...of]));
    for (const name of of) {
      if ((paths.get(name) ?? path) !== path) throw new Error(`${name} is in ${path} and in ${paths.get(name)}`);
      paths.set(name, path);
    }
  }
  return names;
}

/**
 * Bundles `entry` and the parts.
 * @param {string} entry
 * @param {Record<string, string>} sources of the parts, by name
 * @param {(name: string, contents: Uint8Array) => string} address writes a part and answers where it is loaded from
 * @returns {Promise<Uint8Array>} what `entry` becomes, with the addresses for VWS_PARTS
 */
export async function buildParts(entry, sources, address) {
  const viewport = (plugins, names, addresses = {}, minify = true) =>
    build({
      ...COMMON,
      minify,
      metafile: true,
      entryPoints: [entry],
      format: "esm",
      define: { VWS_PARTS: JSON.stringify(addresses) },
      plugins: [...plugins, handed(names), slim],
    });
  const part = (plugins, source, options) =>
    build({ ...COMMON, metafile: true, entryPoints: [source], plugins: [...plugins, slim], ...options });

  const { names, has, all } = await settle(viewport, part, Object.values(sources));
  const drop = dropping(await withoutIdleMethods(all));
  const addresses = {};
  for (const [name, source] of Object.entries(sources)) {
    const { outputFiles } = await part([drop, handing(has)], source, {
      minify: true,
      // The module system in which what is imported is a value that can be handed over.
      format: "cjs",
      banner: { js: "export default (handed) => { const module = { exports: {} }; const require = () => handed;" },
      footer: { js: "return module.exports; };" },
    });
    addresses[name] = address(name, outputFiles[0].contents);
  }
  const { outputFiles } = await viewport([drop], names, addresses);
  return outputFiles[0].contents;
}

/** What is handed over, which files the viewport has then, and all files that there are. */
async function settle(viewport, part, sources) {
  let names = new Map();
  let before = new Set();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const has = new Set(inputs(await viewport([], names)));
    const parts = await Promise.all(sources.map((source) => part([handing(has)], source, { format: "esm" })));
    const next = union(parts.map(({ outputFiles }) => importedOf(outputFiles[0].text)));
    if (has.size === before.size && same(names, next)) return { names, has, all: new Set([...has, ...parts.flatMap(inputs)]) };
    names = next;
    before = has;
  }
  throw new Error(`what is handed over does not settle in ${MAX_ROUNDS} rounds`);
}

/** @param {Names} a @param {Names} b */
function same(a, b) {
  const text = (/** @type {Names} */ names) => [...names].map(([path, of]) => `${path}:${[...of].sort()}`).sort().join("\n");
  return text(a) === text(b);
}

/** The classes of three.js in `paths`, without methods that nothing in `paths` calls. */
async function withoutIdleMethods(/** @type {Set<string>} */ paths) {
  const files = new Map();
  const others = [];
  for (const path of paths) {
    const text = await readFile(path, "utf8");
    if (path.startsWith(THREE) && !path.endsWith(".glsl.js") && !isReplaced(path)) files.set(path, text);
    else others.push(text);
  }
  return dropMethods(files, others);
}
