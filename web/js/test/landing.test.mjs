// What is dragged over the view, and pictures of it larger than it is.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "./browser.mjs";

let harness;
before(async () => (harness = await start()));
after(() => harness.stop());

test("WEB71: a mark on the floor shows where it would land, until it is taken away", async () => {
  const page = await harness.page();
  const seen = await page.evaluate(async () => {
    vp.setCamera(0, 20, 0.1, 0, 0, 0, 60);
    await idle();
    const plain = await shot();
    const differ = (other) => other.data.filter((v, i) => v !== plain.data[i]).length;
    const middle = vp.landing(0, 0);
    await idle();
    const marked = await shot();
    const corner = vp.landing(1, 1);
    vp.endLanding();
    await idle();
    return { middle, corner, marked: differ(marked), after: differ(await shot()), at: marked.at(160, 120), was: plain.at(160, 120) };
  });
  assert.ok(Math.hypot(...seen.middle) < 0.2, `${seen.middle}`);
  assert.ok(seen.corner[0] > 11 && seen.corner[1] === 0 && seen.corner[2] < -9, `${seen.corner}`);
  assert.ok(seen.corner.every((v) => Math.abs(v) <= 12), `${seen.corner}`);
  assert.ok(seen.marked > 300, `${seen.marked} bytes of the picture have changed`);
  assert.notDeepEqual(seen.at, seen.was);
  assert.equal(seen.after, 0);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("WEB59: a picture is had twice as large as the view, which stays as it is", async () => {
  const page = await harness.page();
  const seen = await page.evaluate(async () => {
    put(rec(1, "cube", [0, 0, 0], { scale: [6, 6, 6], color: [1, 0, 1] }));
    await idle();
    const before = await shot();
    const size = async (times) => {
      const { width, height } = await createImageBitmap(await vp.screenshot(times));
      return [width, height];
    };
    const sizes = [await size(1), await size(2)];
    await idle();
    const canvas = document.querySelector("#view canvas");
    const refused = await vp.screenshot(1000).catch((error) => error.message);
    const differ = (await shot()).data.filter((v, i) => v !== before.data[i]).length;
    return { sizes, told: [vp.pictureSize(1), vp.pictureSize(2), vp.pictureSize(1000)], refused, canvas: [canvas.width, canvas.height], differ };
  });
  assert.deepEqual(seen.sizes, [[320, 240], [640, 480]]);
  assert.deepEqual(seen.told, [[320, 240], [640, 480], null]);
  assert.equal(seen.refused, "the graphics card draws no picture of 1000 times the view");
  assert.deepEqual([seen.canvas, seen.differ], [[320, 240], 0]);
  assert.deepEqual(page.errors, []);
  await page.close();
});
