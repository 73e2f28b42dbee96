// The bytes that a visitor downloads before the page works.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const KINDS = [
  ["program", /\.wasm\.br$/],
  ["scripts", /\.js\.br$/],
  ["styles", /\.css\.br$/],
];

function* files(dir) {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield path;
  }
}

/** The brotli copies in a built page, in all and by kind. */
export function weigh(dir) {
  const all = [...files(dir)];
  const parts = KINDS.map(([what, pattern]) => ({
    what,
    brotli: all.filter((path) => pattern.test(path)).reduce((sum, path) => sum + statSync(path).size, 0),
  }));
  const brotli = parts.reduce((sum, part) => sum + part.brotli, 0);
  if (parts.some((part) => part.brotli === 0)) throw new Error(`${dir} is no release build of the page`);
  return { brotli, parts };
}
