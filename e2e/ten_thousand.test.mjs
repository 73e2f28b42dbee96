import assert from "node:assert/strict";
import { test } from "node:test";
import { converge, openSession, state } from "./lib/app.mjs";
import { screenshot } from "./lib/browser.mjs";
import { startLooker } from "./lib/pixels.mjs";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";

const here = stage();
const COUNT = 10_000;
const TYPES = ["cube", "sphere", "cylinder", "cone", "torus"];

/** A block of 22 × 22 × 21 objects; magenta is nothing in it. */
async function fill(id) {
  for (let start = 0; start < COUNT; start += 1_000) {
    const commands = Array.from({ length: 1_000 }, (_, i) => {
      const n = start + i;
      const [x, y, z] = [n % 22, Math.floor(n / 22) % 22, Math.floor(n / 484)].map((v) => v - 10.5);
      const color = `#30${(60 + 8 * (n % 22)).toString(16)}a0`;
      return { type: "create_object", object: { name: `o${String(n).padStart(5, "0")}`, type: TYPES[n % 5], x, y, z, scale: 0.5, color } };
    });
    await here.api.command(id, { type: "batch", commands });
  }
}

test("WEB8: a session of 10,000 objects is loaded, listed, selected in and followed", async () => {
  const id = await here.api.session("Ten thousand");
  await fill(id);
  const looker = await startLooker(here.browser);
  const page = await openSession(here.browser, here.server.origin, id);
  const viewport = page.getByTestId("viewport");
  const listed = async () => Number((await page.getByTestId("tree-count").textContent()).replace(/\D/g, ""));
  await until("all are listed", async () => (await listed()) === COUNT, listed);
  await until("the objects are drawn", async () => (await looker.look(await viewport.screenshot())).colours > 500);
  await screenshot(page, "ten-thousand");

  // The list draws what is in sight and no more, at its end as well.
  await page.getByTestId("tree").focus();
  await page.keyboard.press("End");
  await until("the last is selected", async () => (await state(page)).selected === "o09999");
  await page.getByTestId("tree-row").filter({ hasText: "o09999" }).waitFor();
  assert.ok((await page.getByTestId("tree-row").count()) < 100);

  const { width, height } = await viewport.boundingBox();
  await viewport.click({ position: { x: width / 2, y: height / 2 } });
  await until("a click selects another", async () => !["o09999", undefined].includes((await state(page)).selected));

  const { selected } = await state(page);
  await here.api.command(id, { type: "update_object", name: selected, patch: { x: 0, y: 11.5, z: 0, scale: 4, color: "#ff00ff" } });
  await until("a script's change is drawn", async () => (await looker.look(await viewport.screenshot())).magenta.count > 100);
  assert.equal(await page.getByTestId("inspector-x").inputValue(), "0");
  await here.api.command(id, { type: "delete_object", name: selected });
  await until("what is deleted is no longer listed", async () => (await listed()) === COUNT - 1, listed);
  await converge(here.api, id, [page]);
  assert.deepEqual(page.faults, []);
});
