import assert from "node:assert/strict";
import { test } from "node:test";
import { addWithForm, converge, openSession } from "./lib/app.mjs";
import { screenshot } from "./lib/browser.mjs";
import { stage } from "./lib/stage.mjs";

const here = stage();

test("WEB1: two pages and a script change one session and end equal to the server", async () => {
  const id = await here.api.session("Converge");
  const left = await openSession(here.browser, here.server.origin, id);
  const right = await openSession(here.browser, here.server.origin, id);

  const script = async () => {
    for (let part = 0; part < 5; part += 1) {
      const commands = Array.from({ length: 40 }, (_, i) => ({
        type: "create_object",
        object: { name: `box ${part}-${i}`, type: "cube", x: part - 2, y: (i % 8) - 4, z: Math.floor(i / 8) },
      }));
      await here.api.command(id, { type: "batch", commands });
      await here.api.command(id, { type: "update_object", name: `box ${part}-0`, patch: { x: 12, y: 0.1 } });
      await here.api.command(id, { type: "delete_object", name: `box ${part}-1` });
    }
  };
  const person = async (page, who, x) => {
    for (let i = 0; i < 4; i += 1) await addWithForm(page, { name: `${who} ${i}`, x, y: i, z: -3.25 });
  };
  await Promise.all([script(), person(left, "left", -6), person(right, "right", 6)]);

  const end = await converge(here.api, id, [left, right]);
  assert.equal(end.objects.length, 5 * 39 + 2 * 4);
  await screenshot(left, "converged-left");
  await screenshot(right, "converged-right");
  assert.deepEqual([left.faults, right.faults], [[], []]);
});

test("WEB1: what one page edits in its inspector, the other shows", async () => {
  const id = await here.api.session("Inspector");
  await here.api.create(id, { name: "cube1", type: "cube", x: 0, y: 0, z: 0 });
  const left = await openSession(here.browser, here.server.origin, id);
  const right = await openSession(here.browser, here.server.origin, id);
  for (const page of [left, right]) await page.locator('[data-testid=tree-row][data-name="cube1"]').click();

  await left.getByTestId("inspector-y").fill("7.5");
  await left.getByTestId("inspector-y").press("Enter");
  await right.waitForFunction(() => document.querySelector("[data-testid=inspector-y]")?.value === "7.5");

  const end = await converge(here.api, id, [left, right]);
  assert.equal(end.objects[0].y, 7.5);
  assert.deepEqual([left.faults, right.faults], [[], []]);
});
