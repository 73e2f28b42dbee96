// What light makes of colours.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "./browser.mjs";

let browser;
before(async () => (browser = await start()));
after(() => browser?.stop());

const COLORS = { wood: [0x8b, 0x5a, 0x2b], red: [0xe5, 0x48, 0x4d], stone: [0x9a, 0xa7, 0xb4], sky: [0x5b, 0x8d, 0xef] };

/** Hue in degrees, saturation and lightness in 0..1. */
function hsl(color) {
  const [r, g, b] = color.map((v) => v / 255);
  const [most, least] = [Math.max(r, g, b), Math.min(r, g, b)];
  const d = most - least;
  const hue = most === r ? (g - b) / d : most === g ? 2 + (b - r) / d : 4 + (r - g) / d;
  return { hue: (hue * 60 + 360) % 360, saturation: d / (1 - Math.abs(most + least - 1)), lightness: (most + least) / 2 };
}

/** Degrees between two hues. */
const apart = (a, b) => Math.abs(((a - b + 540) % 360) - 180);

/** What is seen of the lit tops of cubes, from above, by the scale of a lamp over them; 0 = without one. */
async function tops(options, scales) {
  const page = await browser.page({ options });
  const seen = await page.evaluate(
    async ([colors, scales]) => {
      vp.setWorld({ size: 25, transparency: 1 });
      vp.setCamera(0, 8, 0.01, 0, 0, 0, 60);
      colors.forEach((color, i) => put(rec(i, "cube", [2 * i - 3, 0, 0], { color: color.map((v) => v / 255) })));
      const out = [];
      for (const scale of scales) {
        put(scale ? rec(9, "light", [0, 1.8, -1.2], { color: [1, 0.93, 0.72], scale: [scale, scale, scale] }) : gone(9));
        await idle();
        const s = await shot(false);
        out.push(colors.map((_, i) => s.at(160 + ((2 * i - 3) * 120) / Math.tan(Math.PI / 6) / 7.5, 120)));
      }
      return out;
    },
    [Object.values(COLORS), scales],
  );
  assert.deepEqual(page.errors, []);
  await page.close();
  return seen;
}

test("WEB104: a face in the light has the colour that the object was given", async () => {
  for (const dark of [true, false]) for (const quality of ["low", "high"]) {
    const [seen] = await tops({ dark, quality }, [0]);
    for (const [i, [name, color]] of Object.entries(COLORS).entries()) {
      const [want, is] = [hsl(color), hsl(seen[i])];
      const what = `${name}, ${quality}, ${dark ? "dark" : "light"}: ${seen[i]}`;
      assert.ok(Math.abs(is.lightness - want.lightness) < 0.1, what);
      assert.ok(apart(is.hue, want.hue) < 6, what);
      assert.ok(Math.abs(is.saturation - want.saturation) < 0.25, what);
    }
  }
});

test("WEB104: lamps of any brightness leave things their colour", async () => {
  for (const dark of [true, false]) {
    const [without, ...lit] = await tops({ dark }, [0, 1, 2, 5]);
    for (const seen of lit) {
      assert.ok(seen[0][0] > without[0][0], `wood becomes brighter: ${seen[0]}`);
      for (const i of [0, 1, 3]) {
        const [want, is] = [hsl(Object.values(COLORS)[i]), hsl(seen[i])];
        assert.ok(is.lightness < want.lightness + 0.2 && is.saturation > 0.3, `${Object.keys(COLORS)[i]}: ${seen[i]}`);
        assert.ok(apart(is.hue, want.hue) < 25, `${Object.keys(COLORS)[i]}: ${seen[i]}`);
      }
    }
  }
});

test("WEB105: a light's ball is as large at any brightness, is seen in either theme and picked where it is", async () => {
  for (const dark of [true, false]) {
    const page = await browser.page({ options: { dark } });
    const seen = await page.evaluate(async () => {
      vp.setWorld({ size: 25, transparency: 1 });
      vp.setCamera(0, 0, 4, 0, 0, 0, 60);
      await idle();
      const plain = await shot();
      const out = [];
      for (const scale of [0.2, 1, 5, 12]) {
        put(rec(0, "light", [0, 0, 0], { color: [1, 0.93, 0.72], scale: [scale, scale, scale] }));
        await idle();
        const balls = await shot(false);
        const marked = await shot();
        const row = Array.from({ length: 150 }, (_, i) => 160 + i);
        const ball = row.filter((x) => Math.hypot(...balls.at(x, 120).map((v, k) => v - [255, 237, 184][k])) < 12).length;
        const strong = row.map((x) => Math.max(...marked.at(x, 120).map((v, k) => Math.abs(v - plain.at(x, 120)[k]))));
        out.push({ ball, ring: Math.max(...strong.slice(ball + 3)), halo: strong.filter((v) => v > 12).length, picked: [3, 30].map((x) => vp.pick(x / 160, 0)) });
      }
      return out;
    });
    for (const { ball, ring, halo, picked } of seen) {
      assert.ok(ball >= 6 && ball <= 12, `${ball} pixels from the middle to its rim`);
      assert.ok(ring > 60, `the ring differs by ${ring}`);
      assert.ok(halo < 90, `${halo} pixels of halo`);
      assert.deepEqual(picked, [0, -1]);
    }
    assert.deepEqual(page.errors, []);
    await page.close();
  }
});
