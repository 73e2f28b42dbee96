import assert from "node:assert/strict";
import { test } from "node:test";
import { openSession, state } from "./lib/app.mjs";
import { screenshot } from "./lib/browser.mjs";
import { startLooker } from "./lib/pixels.mjs";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";

const here = stage();
const BALL = { name: "ball", type: "sphere", color: "#ff00ff", scale: 4, x: 0, y: 0, z: 0 };

test("WEB4: the viewport shows the objects of the session, and a click selects one", async () => {
  const id = await here.api.session("Viewport");
  const looker = await startLooker(here.browser);
  const page = await openSession(here.browser, here.server.origin, id);
  const viewport = page.getByTestId("viewport");
  const look = async () => looker.look(await viewport.screenshot());

  const empty = await until("the empty world is drawn", async () => {
    const seen = await look();
    return seen.colours > 8 && seen;
  });
  assert.equal(empty.magenta.count, 0);
  await screenshot(page, "world-empty");

  await here.api.create(id, BALL);
  const shown = await until("the sphere is drawn", async () => {
    const seen = await look();
    return seen.magenta.count > 400 && seen;
  });
  await screenshot(page, "world-sphere");

  await viewport.click({ position: { x: Math.round(shown.magenta.x), y: Math.round(shown.magenta.y) } });
  await until("the sphere is selected", async () => (await state(page)).selected === BALL.name);
  await page.getByTestId("inspector").waitFor();
  await screenshot(page, "world-selected");

  await here.api.command(id, { type: "delete_object", name: BALL.name });
  await until("the sphere is gone", async () => (await look()).magenta.count === 0);
  assert.deepEqual(page.faults, []);
});

test("WEB4: every type of object is drawn", async () => {
  const id = await here.api.session("Every type");
  const types = ["cube", "sphere", "cylinder", "cone", "plane", "torus", "light", "text", "custom"];
  const colors = ["#ff00ff", "#f2a33a", "#f2d94a", "#6cc04a", "#35b6a6", "#3f8ae0", "#ffffff", "#9a5fe0", "#e05fae"];
  const commands = types.map((type, i) => ({
    type: "create_object",
    object: {
      name: type,
      type: type === "custom" ? "drone" : type,
      color: colors[i],
      text: type === "text" ? "a label" : undefined,
      scale: 2.5,
      x: (i % 3) * 5 - 5,
      y: 1.5,
      z: Math.floor(i / 3) * 5 - 5,
    },
  }));
  await here.api.command(id, { type: "batch", commands });
  const looker = await startLooker(here.browser);
  const page = await openSession(here.browser, here.server.origin, id);
  await until("the objects are drawn", async () => {
    const seen = await looker.look(await page.getByTestId("viewport").screenshot());
    return seen.magenta.count > 50 && seen.colours > 200;
  });
  await screenshot(page, "every-type");
  assert.deepEqual(page.faults, []);
});
