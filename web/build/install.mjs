// Installs a folder's JavaScript packages when what decides them has changed since they were installed;
// otherwise touches neither the disk nor the network. Also a program: node web/build/install.mjs FOLDER
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";

/** Runs npm in `folder` and ends this process when npm fails. */
export function npm(folder, ...args) {
  const { status, error } = spawnSync("npm", args, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  if (error) console.error(`cannot start npm: ${error.message}; install Node.js 20 or newer with npm`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Makes `folder`/node_modules what package-lock.json says. */
export function install(folder) {
  const stamp = join(folder, "node_modules", ".vws-installed");
  const wanted = createHash("sha256");
  for (const name of ["package.json", "package-lock.json"]) wanted.update(readFileSync(join(folder, name)));
  const hash = wanted.digest("hex");
  if (read(stamp) === hash) return;
  npm(folder, "ci", "--no-audit", "--no-fund");
  writeFileSync(stamp, hash);
}

/** The file's text, or nothing when it is not there. */
function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  if (argv.length !== 3) {
    console.error("usage: node web/build/install.mjs FOLDER");
    process.exit(2);
  }
  install(resolve(argv[2]));
}
