import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { text } from "../build/types.mjs";
import { startWorld } from "./lib/world.mjs";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const tsc = join(root, "node_modules/typescript/bin/tsc");

test("JS8: the types are those of the schemas, which are those of the core", async () => {
  const kept = await readFile(join(root, "src/schema.ts"), "utf8");
  assert.ok(kept === (await text()), "src/schema.ts is not current: `npm run types` makes it anew");
});

test("JS8: programs that are right compile, and those that are wrong do not", async () => {
  await run(process.execPath, [tsc, "-p", "test/types"], { cwd: root }).catch(({ stdout }) => assert.fail(stdout));
});

test("JS19: the tarball holds what is needed and nothing else, and works where it is installed", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "vws-client-"));
  t.after(() => rm(folder, { recursive: true }));
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: root });
  const [{ filename, files }] = JSON.parse(stdout);
  const names = files.map(({ path }) => path);
  for (const name of ["package.json", "README.md", "LICENSE-MIT", "LICENSE-APACHE", "dist/index.js", "dist/index.d.ts", "dist/node.js", "dist/wasm/vws_bg.wasm"]) {
    assert.ok(names.includes(name), `${name} is not in the tarball`);
  }
  for (const name of names) assert.match(name, /^(dist\/|package\.json$|README\.md$|LICENSE-)/);

  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", join(folder, filename)], { cwd: folder });
  const program = `
    import { connect, createSession } from "@vws/client";
    const { session_id } = await createSession(process.argv[2]);
    const session = await connect(process.argv[2], session_id);
    await session.submit({ type: "create_object", object: { name: "a", type: "cube", x: 0, y: 0, z: 0 } });
    console.log(session.state.objects.size, session.state.digest.length);
    await session.close();
  `;
  await writeFile(join(folder, "program.js"), program);
  const world = await startWorld();
  t.after(() => world.stop());
  // It ends by itself: nothing is left open.
  const said = await run(process.execPath, ["program.js", world.origin], { cwd: folder, timeout: 60_000 });
  assert.equal(said.stdout, "1 16\n");
});
