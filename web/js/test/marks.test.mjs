// Labels and lights are read on any ground, from afar as well.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "./browser.mjs";

let browser;
before(async () => (browser = await start()));
after(() => browser?.stop());

test("WEB91: a light is seen and picked, whatever its colour, the theme and the distance", async () => {
  for (const dark of [true, false]) {
    const page = await browser.page({ options: { dark }, reducedMotion: "reduce" });
    const seen = await page.evaluate(async (dark) => {
      vp.setWorld({ size: 25, transparency: 1 });
      const out = [];
      for (const distance of [4, 40]) {
        vp.setCamera(0, 0, distance, 0, 0, 0, 60);
        await idle();
        const plain = await shot();
        // Of the colour of the ground behind it.
        put(rec(0, "light", [0, 0, 0], { color: dark ? [0.09, 0.11, 0.15] : [0.95, 0.96, 0.98] }));
        await idle();
        const now = await shot();
        let [changed, far] = [0, 0];
        for (let x = 100; x < 220; x++) for (let y = 60; y < 180; y++) {
          if (!now.at(x, y).some((v, k) => Math.abs(v - plain.at(x, y)[k]) > 60)) continue;
          changed++;
          far = Math.max(far, Math.hypot(x - 160, y - 120));
        }
        out.push({ changed, far, picked: vp.pick(5 / 160, 0), beside: vp.pick(0.4, 0) });
        put(gone(0));
      }
      return out;
    }, dark);
    for (const { changed, far, picked, beside } of seen) {
      assert.ok(changed > 30 && far >= 6, `${changed} pixels up to ${far} from the middle`);
      assert.deepEqual([picked, beside], [0, -1]);
    }
    assert.ok(seen[0].far > 1.5 * seen[1].far, "it is larger when it is near");
    assert.deepEqual(page.errors, []);
    await page.close();
  }
});

test("WEB91: the halo of a text is thinner than its strokes", async () => {
  for (const dark of [true, false]) {
    const page = await browser.page({ options: { dark } });
    const { stroke, halo } = await page.evaluate(async (dark) => {
      vp.setWorld({ size: 25, transparency: 1 });
      vp.setCamera(0, 0, 6, 0, 0, 0, 60);
      const tint = dark ? 0.5 : 0.45;
      put(rec(1, "cube", [0, 0, -3], { scale: [30, 30, 1], color: [tint, tint, tint] }), rec(2, "text", [0, 0, 0], { scale: [5, 5, 5], color: dark ? [1, 1, 1] : [0, 0, 0] }));
      vp.setText(2, "I");
      await idle();
      const s = await shot();
      const ground = s.at(20, 120)[0];
      const row = Array.from({ length: 200 }, (_, i) => s.at(60 + i, 120)[0] - ground);
      const sign = dark ? 1 : -1;
      return { stroke: row.filter((v) => v * sign > 30).length, halo: row.filter((v) => v * sign < -20).length };
    }, dark);
    assert.ok(stroke > 8 && halo > 1, `a stroke of ${stroke} pixels, a halo of ${halo}`);
    // Both sides of it.
    assert.ok(halo < 0.8 * stroke, `a stroke of ${stroke} pixels, a halo of ${halo}`);
    await page.close();
  }
});
