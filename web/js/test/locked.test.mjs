// What is locked is gone through.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "./browser.mjs";

let browser;
before(async () => (browser = await start()));
after(() => browser?.stop());

test("WEB26: presses, the pointer and rectangles go through what is locked", async () => {
  const page = await browser.page();
  const seen = await page.evaluate(async () => {
    vp.setCamera(0, 0, 12, 0, 0, 0, 50);
    put(rec(1, "cube", [0, 0, 4], { scale: [2, 2, 2] }), rec(2, "cube", [0, 0, 0], { scale: [2, 2, 2] }));
    await idle();
    const all = [vp.pick(0, 0)];
    vp.setLocked([1]);
    all.push(vp.pick(0, 0));
    vp.setLocked([1, 2]);
    all.push(vp.pick(0, 0));
    vp.setLocked([1]);
    return all;
  });
  assert.deepEqual(seen, [1, 2, -1]);
  await page.mouse.move(160, 120);
  await page.waitForFunction(() => calls.some(([name]) => name === "onHover"));
  await page.keyboard.down("Shift");
  await page.mouse.move(20, 20);
  await page.mouse.down();
  await page.mouse.move(300, 220, { steps: 3 });
  await page.mouse.up();
  await page.keyboard.up("Shift");
  const told = await page.evaluate(() => ({ hover: calls.find(([name]) => name === "onHover")[1], box: [...calls.find(([name]) => name === "onBox")[1]] }));
  assert.deepEqual(told, { hover: 2, box: [2] });
  await page.evaluate(() => vp.setLocked([]));
  assert.equal(await page.evaluate(() => vp.pick(0, 0)), 1);
  assert.deepEqual(page.errors, []);
  await page.close();
});
