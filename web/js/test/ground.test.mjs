// What objects are read against: the ground, and how far the world goes.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "./browser.mjs";

let browser;
before(async () => (browser = await start()));
after(() => browser?.stop());

/** How much a line at x stands out from the ground beside it, seen from above at z = 2.5: the most of any channel. */
const lines = (page, xs) =>
  page.evaluate(async (xs) => {
    vp.setWorld({ size: 25, transparency: 0.2 });
    vp.setCamera(0, 24, 0.001, 0, 0, 0, 60);
    await idle();
    const s = await shot();
    const seen = (x, z) => {
      put(rec(0, "cube", [x, 0, z], { visible: 0 }));
      return vp.screenPosition(0);
    };
    const contrast = (x, z, [dx, dz]) => {
      const { x: px, y: py } = seen(x, z);
      const beside = seen(x + 0.5 * dx, z + 0.5 * dz);
      const ground = s.at(beside.x, beside.y);
      let most = [0, 0, 0];
      for (let i = -1; i <= 1; i++) for (let j = -1; j <= 1; j++) most = s.at(px + i, py + j).map((v, k) => (Math.abs(v - ground[k]) > Math.abs(most[k]) ? v - ground[k] : most[k]));
      return most;
    };
    const most = (rgb) => Math.max(...rgb.map(Math.abs));
    return { at: xs.map((x) => most(contrast(x, 2.5, [1, 0]))), x: contrast(6.5, 0, [0, 1]), z: contrast(0, 6.5, [1, 0]) };
  }, xs);

test("WEB88: an empty world has a ground at y = 0 with a line at each unit, stronger ones, and the axes in it", async () => {
  for (const dark of [true, false]) {
    const page = await browser.page({ width: 640, height: 640, options: { dark } });
    const { at, x, z } = await lines(page, [3, 4, -5, -8, 12]);
    const [one, four, minor, major, border] = at;
    assert.ok(Math.min(one, minor) > 6, `lines stand out by ${at}`);
    assert.ok(Math.min(four, major, border) > 1.5 * Math.max(one, minor), `lines stand out by ${at}`);
    // Red against the others along x, blue along z.
    assert.ok(x[0] - x[1] > 50 && x[0] - x[2] > 30, `the x axis by ${x}`);
    assert.ok(z[2] - z[0] > 50, `the z axis by ${z}`);
    assert.deepEqual(page.errors, []);
    await page.close();
  }
});

test("WEB88: the edges of the world are faint, and there is no second floor below the ground", async () => {
  const page = await browser.page({ width: 640, height: 480 });
  const seen = await page.evaluate(async () => {
    const look = async (transparency) => {
      vp.setWorld({ size: 25, transparency });
      await idle();
      return shot();
    };
    vp.setCamera(15, 9, 15, 0, -3, 0, 75);
    const [none, all] = [await look(1), await look(0)];
    // How many pixels a square around a point of the world has that the grid has changed by more than a little.
    const changed = (at, by) => {
      put(rec(0, "cube", at, { visible: 0 }));
      const p = vp.screenPosition(0);
      let n = 0;
      for (let x = -6; x <= 6; x++) for (let y = -6; y <= 6; y++) if (all.at(p.x + x, p.y + y).some((v, k) => Math.abs(v - none.at(p.x + x, p.y + y)[k]) > by)) n++;
      return n;
    };
    return { edge: changed([-12, 8, 12], 8), strong: changed([-12, 8, 12], 90), wall: changed([-12, 6, -6], 3), below: changed([10, -12, 6], 3), ground: changed([4, 0, 4], 8) };
  });
  assert.ok(seen.edge > 5 && seen.strong === 0, JSON.stringify(seen));
  assert.ok(seen.ground > 10 && seen.wall === 0 && seen.below === 0, JSON.stringify(seen));
  await page.close();
});

test("WEB88: no number stands at the middle of the world, from wherever one looks", async () => {
  const page = await browser.page({ width: 640, height: 480 });
  for (const eye of [[15, 15, 15], [-15, 15, 15], [-15, 15, -15], [15, 15, -15], [15, -15, 15], [0.1, 10, 20]]) {
    const bright = await page.evaluate(async (eye) => {
      vp.setCamera(...eye, 0, 0, 0, 60);
      await idle();
      const s = await shot();
      let n = 0;
      for (let x = 290; x <= 350; x++) for (let y = 150; y <= 330; y++) if (Math.min(...s.at(x, y)) > 125) n++;
      return n;
    }, eye);
    // A pixel of an axis may be that bright; a digit has more than ten.
    assert.ok(bright < 5, `${bright} pixels from ${eye}`);
  }
  await page.close();
});

test("WEB88: what lies on the ground covers its lines", async () => {
  const page = await browser.page({ width: 320, height: 240 });
  const spread = await page.evaluate(async () => {
    vp.setCamera(9, 5, 11, 0, 0, 0, 50);
    put(rec(0, "plane", [0, 0, 0], { scale: [24, 1, 24], color: [0.5, 0.5, 0.5] }));
    await idle();
    const s = await shot();
    const row = Array.from({ length: 81 }, (_, i) => s.at(120 + i, 150));
    return [0, 1, 2].map((k) => Math.max(...row.map((p) => p[k])) - Math.min(...row.map((p) => p[k])));
  });
  assert.ok(Math.max(...spread) < 6, `colours differ by ${spread}`);
  await page.close();
});

test("WEB109: the letters of the axes are whole in the view that a new world has", async () => {
  for (const [width, height] of [[830, 795], [390, 500]]) {
    const page = await browser.page({ width, height });
    const rows = await page.evaluate(async () => {
      vp.setWorld({ size: 25, transparency: 0.2 });
      vp.setCamera(15, 15, 15, 0, 0, 0, 60);
      await idle();
      const s = await shot();
      const green = (x, y) => ((p) => p[1] - Math.max(p[0], p[2]) > 30)(s.at(x, y));
      return Array.from({ length: 24 }, (_, y) => Array.from({ length: 40 }, (_, x) => green(s.width / 2 - 20 + x, y)).filter(Boolean).length);
    });
    const drawn = rows.flatMap((n, y) => (n > 1 ? [y] : []));
    // As high as the letter is, with its halo above it.
    assert.ok(drawn[0] >= 1 && drawn.length >= 9, `green in the rows ${drawn}`);
    assert.deepEqual(page.errors, []);
    await page.close();
  }
});
