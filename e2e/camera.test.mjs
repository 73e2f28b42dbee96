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

const distance = (page) =>
  page.evaluate(() => {
    const [x, y, z, ...target] = window.__vws.camera ?? [NaN, 0, 0, 0, 0, 0];
    return Math.hypot(x - target[0], y - target[1], z - target[2]);
  });

test("WEB110: while nobody has set the shared camera, who comes sees everything, and who makes the first object is taken near", async () => {
  const id = await here.api.session("Overview");
  const maker = await openSession(here.browser, here.server.origin, id);
  await until("the view of an empty world", async () => Math.abs((await distance(maker)) - Math.hypot(15, 15, 15)) < 0.01);
  await maker.getByTestId("add-object").click();
  await maker.getByTestId("create-name").fill("first");
  await maker.getByTestId("create-submit").click();
  // So far away that the least that is seen of the world is 3.6 units high.
  const near = 1.8 / Math.tan(Math.PI / 6);
  await until("the view is near", async () => Math.abs((await distance(maker)) - near) < 1e-3);
  await maker.getByTestId("create-name").fill("second");
  await maker.getByTestId("create-submit").click();
  await until("the second is there", () => maker.evaluate(() => window.__vws.objects === 2 && window.__vws.pending === 0));
  assert.ok(Math.abs((await distance(maker)) - near) < 1e-3, "it goes near once");

  await here.api.create(id, { name: "away", type: "cube", x: -9, y: 1, z: 3 });
  const guest = await openSession(here.browser, here.server.origin, id);
  await until("the guest sees all of it", async () => ((d) => d > 9 && d < 24)(await distance(guest)));
  assert.equal(await guest.getByTestId("shared-view").isDisabled(), true, "it is no view of their own");
  await here.api.command(id, { type: "move_camera", camera: FAR });
  for (const page of [guest, maker]) {
    await until("it stands where it was set", async () => Math.abs((await distance(page)) - Math.hypot(2, 60)) < 1e-3, () => distance(page));
    assert.deepEqual(page.faults, []);
  }
});
