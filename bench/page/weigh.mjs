// The bytes that a visitor downloads before the page works, and those that come later.
import { readdirSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";

const KINDS = [
  ["program", /\.wasm\.br$/],
  ["scripts", /\.js\.br$/],
  ["styles", /\.css\.br$/],
];
/** What is downloaded only once it is used. */
const LAZY = `lazy${sep}`;

function* files(dir) {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield path;
  }
}

/** The brotli copies in a built page: in all and by kind before it works, and in all of what comes later. */
export function weigh(dir) {
  const all = [...files(dir)].map((path) => ({ path, size: statSync(path).size, isLazy: relative(dir, path).startsWith(LAZY) }));
  const sum = (some) => some.reduce((total, { size }) => total + size, 0);
  const first = all.filter(({ isLazy }) => !isLazy);
  const parts = KINDS.map(([what, pattern]) => ({ what, brotli: sum(first.filter(({ path }) => pattern.test(path))) }));
  const brotli = sum(parts.map((part) => ({ size: part.brotli })));
  if (parts.some((part) => part.brotli === 0)) throw new Error(`${dir} is no release build of the page`);
  return { brotli, parts, later: sum(all.filter(({ path, isLazy }) => isLazy && path.endsWith(".br"))) };
}
