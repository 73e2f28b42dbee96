// Trunk's pre_build hook: installs the JavaScript packages when package-lock.json has changed since
// they were last installed, then bundles the viewport. Never touches the network when nothing changed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const web = fileURLToPath(new URL("..", import.meta.url));
const stamp = join(web, "node_modules", ".vws-lock-hash");

/** Hash of what decides the contents of node_modules. */
function wanted() {
  return createHash("sha256")
    .update(readFileSync(join(web, "package.json")))
    .update(readFileSync(join(web, "package-lock.json")))
    .digest("hex");
}

/** The hash that node_modules was installed from, or an empty string. */
function installed() {
  try {
    return readFileSync(stamp, "utf8");
  } catch {
    return "";
  }
}

/** Runs npm in `web/` and ends this process when npm fails. */
function npm(...args) {
  const command = process.platform === "win32" ? "npm.cmd" : "npm";
  const { status, error } = spawnSync(command, args, { cwd: web, stdio: "inherit" });
  if (error) console.error(`cannot start npm: ${error.message}; install Node.js 20 or newer with npm`);
  if (status !== 0) process.exit(status ?? 1);
}

if (installed() !== wanted()) {
  npm("ci", "--no-audit", "--no-fund");
  writeFileSync(stamp, wanted());
}
npm("run", "--silent", "build");
