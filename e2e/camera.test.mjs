import assert from "node:assert/strict";
import { test } from "node:test";
import { openSession } from "./lib/app.mjs";
import { startLooker } from "./lib/pixels.mjs";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";

const here = stage();
const NEAR = { x: 0, y: 2, z: 8 };
const FAR = { x: 0, y: 2, z: 60 };

test("WEB5: the view stands where the shared camera stands, from the first picture on", async () => {
  const id = await here.api.session("Camera");
  await here.api.command(id, { type: "initialize_world", world: { transparency: 1, camera_x: NEAR.x, camera_y: NEAR.y, camera_z: NEAR.z } });
  await here.api.create(id, { name: "ball", type: "sphere", color: "#ff00ff", scale: 3, x: 0, y: 0, z: 0 });
  const looker = await startLooker(here.browser);
  const page = await openSession(here.browser, here.server.origin, id);
  const size = async () => (await looker.look(await page.getByTestId("viewport").screenshot())).magenta.count;
  const rest = async () => {
    let last = -1;
    return until("the ball's size rests", async () => {
      const now = await size();
      const rests = now > 0 && now === last;
      last = now;
      return rests && now;
    });
  };

  const first = await rest();
  await here.api.command(id, { type: "move_camera", camera: FAR });
  await until("the ball is far away", async () => (await size()) < first / 20);
  await here.api.command(id, { type: "move_camera", camera: NEAR });
  await until("the ball is near again", async () => (await size()) > first * 0.98);
  assert.ok(Math.abs((await rest()) - first) < first * 0.02, "the first picture was as the one after a flight");
  assert.deepEqual(page.faults, []);
});
