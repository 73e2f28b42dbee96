// The outline of what is selected: beside the object, of one width, faint behind others.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "./browser.mjs";

let browser;
before(async () => (browser = await start()));
after(() => browser?.stop());

test("WEB87: an outline is two pixels beside the object, whose own colours stay what they are", async () => {
  const page = await browser.page();
  const seen = await page.evaluate(async () => {
    vp.setWorld({ size: 25, transparency: 1 });
    vp.setCamera(0, 0, 10, 0, 0, 0, 50);
    put(rec(1, "cube", [0, 0, 0], { color: [0.2, 0.4, 0.6], scale: [3, 3, 3] }), rec(2, "cube", [1.5, 1.5, -3], { color: [0.2, 0.4, 0.6], scale: [3, 3, 3] }));
    await idle();
    const plain = await shot();
    const accented = (s) => {
      let n = 0;
      for (let i = 0; i < s.data.length; i += 4) if (s.data[i] > 190 && s.data[i + 2] < 110) n++;
      return n;
    };
    const row = (s) => Array.from({ length: 160 }, (_, x) => s.at(160 + x, 120));
    vp.select([1]);
    await idle();
    const one = await shot();
    const before = row(plain);
    const changed = row(one).map((p, x) => (p.some((v, k) => Math.abs(v - before[x][k]) > 24) ? x : -1)).filter((x) => x >= 0);
    vp.select([1, 2]);
    await idle();
    return { middle: [plain.at(160, 120), one.at(160, 120)], at: [plain.at(160, 140), one.at(160, 140)], changed, one: accented(one), both: accented(await shot()) };
  });
  assert.deepEqual(seen.middle[1], seen.middle[0], "no tint");
  assert.deepEqual(seen.at[1], seen.at[0]);
  assert.ok(seen.changed.length >= 2 && seen.changed.length <= 3, `at ${seen.changed}`);
  assert.equal(seen.changed.at(-1) - seen.changed[0], seen.changed.length - 1, "in one line");
  // Two that are selected have a line between them, too.
  assert.ok(seen.both > 1.25 * seen.one, `${seen.one} and ${seen.both} pixels`);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("WEB87: behind something nearer an outline is faint, also when that comes and goes", async () => {
  const page = await browser.page({ reducedMotion: "reduce" });
  const edge = () =>
    page.evaluate(async () => {
      await idle();
      const s = await shot();
      const row = Array.from({ length: 100 }, (_, x) => s.at(170 + x, 120));
      return Math.max(...row.map(([r, , b]) => r - b));
    });
  await page.evaluate(() => {
    vp.setWorld({ size: 25, transparency: 1 });
    vp.setCamera(0, 0, 12, 0, 0, 0, 50);
    put(rec(1, "sphere", [0, 0, 0], { color: [0.4, 0.4, 0.4], scale: [3, 3, 3] }));
    vp.select([1]);
  });
  const free = await edge();
  // It stands beside the line of sight and hides the right edge alone.
  const wall = (at, options = {}) => page.evaluate(([at, options]) => put(rec(2, "cube", at, { color: [0.4, 0.4, 0.4], scale: [1, 4, 0.2], ...options })), [at, options]);
  await wall([1.2, 0, 3]);
  const hidden = await edge();
  assert.ok(free > 150 && hidden > 20 && hidden < 0.5 * free, `${free} and ${hidden}`);
  await wall([1.2, 0, -3]);
  assert.equal(await edge(), free, "what is behind hides nothing");
  await wall([1.2, 0, 3], { opacity: 0.2 });
  assert.ok((await edge()) > 0.8 * free, "nor does glass");
  await wall([1.2, 0, 3]);
  assert.equal(await edge(), hidden);
  await page.evaluate(() => vp.setCamera(0, 0, 2.2, 0, 0, 0, 100));
  assert.ok((await edge()) > 0.8 * free, "the camera has gone past it");
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("WEB87: 10,000 selected objects are outlined in a handful of draw calls", async () => {
  const page = await browser.page();
  const seen = await page.evaluate(async () => {
    const n = 10_000;
    const all = Array.from({ length: n }, (_, i) => rec(i, ["cube", "sphere"][i % 2], [(i % 25) - 12, (Math.floor(i / 25) % 25) - 12, Math.floor(i / 625) - 8], { scale: [0.4, 0.4, 0.4] }));
    put(...all);
    await idle();
    const plain = vp.stats().drawCalls;
    const from = performance.now();
    vp.select(Uint32Array.from({ length: n }, (_, i) => i));
    await idle();
    const took = performance.now() - from;
    const calls = vp.stats().drawCalls - plain;
    vp.select([0, 1, 2]);
    await idle();
    return { took, calls, few: vp.stats().drawCalls - plain };
  });
  console.log(`10,000 selected: ${seen.took.toFixed(0)} ms until it is drawn`);
  assert.ok(seen.calls <= 3, `${seen.calls} more draw calls`);
  assert.ok(seen.few <= 6, `${seen.few} more for three, and what may stand before them`);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("WEB107: an object that one person has selected before another's has an outline in its own person's colour", async () => {
  for (const [front, back] of [["ada", "bob"], ["bob", "ada"]]) {
    const page = await browser.page({ reducedMotion: "reduce" });
    const seen = await page.evaluate(
      async ([front, back]) => {
        vp.setWorld({ size: 25, transparency: 1 });
        vp.setCamera(0, 0, 10, 0, 0, 0, 50);
        put(rec(1, "sphere", [0, 0, 1], { color: [0.4, 0.4, 0.4], scale: [2, 2, 2] }), rec(2, "cube", [0, 0, -2], { color: [0.4, 0.4, 0.4], scale: [7, 7, 1] }));
        vp.setPeer("ada", { name: "Ada", color: [1, 0, 1] });
        vp.setPeer("bob", { name: "Bob", color: [0, 1, 1] });
        vp.setPeerSelection(front, [1]);
        vp.setPeerSelection(back, [2]);
        const rows = [];
        for (const own of [[], [2], [1]]) {
          vp.select(own);
          await idle();
          const s = await shot();
          const row = Array.from({ length: 150 }, (_, x) => s.at(160 + x, 120));
          const found = (/** @type {(p: number[]) => number} */ how) => row.map((p, x) => (how(p) > 90 ? x : -1)).filter((x) => x >= 0);
          rows.push({ ada: found(([r, g, b]) => Math.min(r, b) - g), bob: found(([r, g, b]) => Math.min(g, b) - r), own: found(([r, , b]) => r - b) });
        }
        return rows;
      },
      [front, back],
    );
    const [theirs, behind, before] = seen;
    const near = (found) => found.filter((x) => x < 60).length;
    const far = (found) => found.filter((x) => x >= 60).length;
    const told = JSON.stringify(seen);
    assert.deepEqual([near(theirs[front]) > 0, near(theirs[back]), far(theirs[front]), far(theirs[back]) > 0], [true, 0, 0, true], told);
    assert.deepEqual([near(behind[front]) > 0, far(behind.own) > 0, far(behind[back])], [true, true, 0], told);
    assert.deepEqual([near(before.own) > 0, near(before[front]), far(before[back]) > 0], [true, 0, true], told);
    assert.deepEqual(page.errors, []);
    await page.close();
  }
});
