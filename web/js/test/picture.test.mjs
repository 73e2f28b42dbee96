// A picture of the view is of the objects.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "./browser.mjs";

let browser;
before(async () => (browser = await start()));
after(() => browser?.stop());

test("WEB90: a picture has the objects alone, and the view is as before after it", async () => {
  const page = await browser.page({ reducedMotion: "reduce" });
  const seen = await page.evaluate(async () => {
    const differ = (a, b) => a.data.reduce((n, v, i) => n + (Math.abs(v - b.data[i]) > 3 ? 1 : 0), 0);
    vp.setCamera(9, 7, 11, 0, 0, 0, 50);
    put(rec(1, "cube", [0, 2, 0], { color: [0.2, 0.4, 0.6], scale: [3, 3, 3] }), rec(2, "light", [3, 1, 0]));
    vp.setWorld({ size: 25, transparency: 1 });
    await idle();
    const bare = await shot(false);
    vp.setWorld({ size: 25, transparency: 0 });
    vp.select([1]);
    vp.setTool("translate");
    vp.setPeer("ada", { name: "Ada", color: [0, 1, 0], camera: [4, 4, 4, 0, 0, 0] });
    vp.setPeerSelection("ada", [2]);
    vp.landing(0.5, -0.5);
    await idle();
    const screen = async () => {
      const bitmap = await createImageBitmap(document.querySelector("canvas"));
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
      context.drawImage(bitmap, 0, 0);
      return context.getImageData(0, 0, bitmap.width, bitmap.height);
    };
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const marked = await shot(true);
    const picture = await shot(false);
    // What the screen shows after it, read in the task of a frame.
    vp.setWorld({ size: 25, transparency: 0 });
    await frame();
    const after = await screen();
    vp.setWorld({ size: 25, transparency: 0 });
    await frame();
    const again = await screen();
    const large = await createImageBitmap(await vp.screenshot(2));
    return { picture: differ(picture, bare), marked: differ(marked, bare), handles: differ(after, marked), rests: differ(again, after), large: [large.width, large.height] };
  });
  assert.equal(seen.picture, 0, `${seen.picture} values differ`);
  assert.ok(seen.marked > 5000, `${seen.marked}`);
  assert.ok(seen.handles > 300, "the screen has handles and people besides");
  assert.equal(seen.rests, 0);
  assert.deepEqual(seen.large, [640, 480]);
  assert.deepEqual(page.errors, []);
  await page.close();
});
