// Everything in examples/, as the README says to run it. The pages are the package in a browser without a bundler.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { connect } from "@vws/client";
import { screenshot, startBrowser } from "../../../e2e/lib/browser.mjs";
import { startLooker } from "../../../e2e/lib/pixels.mjs";
import { serve } from "../examples/serve.mjs";
import { create, startWorld, until } from "./lib/world.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
let pages;
let world;
let browser;
before(async () => {
  pages = await serve();
  world = await startWorld({ args: ["--allow-origin", pages.origin] });
  browser = await startBrowser();
});
after(async () => {
  await browser?.stop();
  await world?.stop();
  pages?.server.close();
  pages?.server.closeAllConnections();
});

test("JS19: a program animates 100 objects", async () => {
  const id = await world.rest.session();
  const { stdout } = await promisify(execFile)(process.execPath, ["examples/animate.mjs", world.origin, id, "1"], { cwd: root });
  const { json } = await world.rest.snapshot(id);
  assert.equal(json.objects.length, 100);
  assert.ok(json.session.seq >= 300, `${json.session.seq} events`);
  assert.match(stdout, new RegExp(`/s/${id}\nat seq ${json.session.seq}, digest ${json.digest}\n$`));
});

test("JS19: the program ends in order when it is interrupted", async () => {
  const child = spawn(process.execPath, ["examples/animate.mjs", world.origin], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (said += text));
  await until("it is at work", () => said.includes("watch it at"));
  child.kill("SIGINT");
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
  assert.match(said, /at seq \d+/);
});

for (const name of ["three", "aframe"]) {
  test(`JS19: the page ${name}.html mirrors a session, in a browser without a bundler`, async (t) => {
    const id = await world.rest.session();
    const session = await connect(world.origin, id);
    t.after(() => session.close());
    await session.batch([
      { type: "update_world", patch: { camera_x: 0, camera_y: 0, camera_z: 15 } },
      create("left", { x: -6, color: "#ff00ff", scale: 3 }),
      create("ball", { type: "sphere", y: 3, color: "#ffcc00", scale: 2 }),
    ]);
    const page = await browser.open(`${pages.origin}/examples/${name}.html?session=${id}&server=${world.origin}`, { width: 800, height: 600 });
    const looker = await startLooker(browser);
    const shown = async () => (await looker.look(await screenshot(page, `example-${name}`))).magenta;
    await until("the cube is on the left", async () => {
      const { count, x } = await shown();
      return count > 100 && x < 400;
    });
    await session.submit({ type: "update_object", name: "left", patch: { x: 6 } });
    await until("the cube is on the right", async () => {
      const { count, x } = await shown();
      return count > 100 && x > 400;
    });
    await session.submit({ type: "delete_object", name: "left" });
    await until("the cube is gone", async () => (await shown()).count === 0);
    assert.deepEqual(page.faults, []);
  });
}
