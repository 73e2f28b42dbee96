import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
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
  const programSays = async (...flags) => {
    // It ends by itself: nothing is left open.
    const options = { cwd: folder, timeout: 60_000 };
    return (await run(process.execPath, [...flags, "program.js", world.origin], options)).stdout;
  };
  assert.equal(await programSays(), "1 16\n");
  // With the WebSocket that newer versions have of their own, the package ws is not needed.
  await rm(join(folder, "node_modules/ws"), { recursive: true });
  const has = globalThis.WebSocket !== undefined;
  assert.equal(await programSays(...(has ? [] : ["--experimental-websocket"])), "1 16\n");
  if (!has) await assert.rejects(programSays(), /this Node\.js has no WebSocket: install the package ws/);
});

test("JS19: a bundle for browsers has nothing of Node.js, and finds the WebAssembly beside it", async () => {
  const { build } = createRequire(join(root, "../../web/package.json"))("esbuild");
  const contents = 'import { connect } from "@vws/client"; globalThis.connect = connect;';
  const stdin = { contents, resolveDir: root, sourcefile: "program.js" };
  const options = { bundle: true, format: "esm", platform: "browser", write: false, logLevel: "silent" };
  const { outputFiles, warnings } = await build({ stdin, ...options });
  assert.deepEqual(warnings, []);
  const [{ text: bundle }] = outputFiles;
  assert.doesNotMatch(bundle, /node:|import\("ws"\)/);
  assert.match(bundle, /new URL\("vws_bg\.wasm", import\.meta\.url\)/);
});
