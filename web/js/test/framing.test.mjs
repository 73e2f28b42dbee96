// Looking at something: as near as the view holds it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Framing, reachOf } from "../framing.js";
import { start } from "./browser.mjs";

let browser;
before(async () => (browser = await start()));
after(() => browser?.stop());

const NOTHING = { left: 0, right: 0, top: 0, bottom: 0 };
const AXES = [[1, 0, 0], [0, 1, 0], [0, 0, -1]];

/** Where points are in a view, −1..1 in both directions, from a pose that looks along −z. */
const seen = ([px, py, pz], points, fov, aspect) =>
  points.map(([x, y, z]) => {
    const tall = Math.tan((fov * Math.PI) / 360) * (pz - z);
    return [(x - px) / (tall * aspect), (y - py) / tall];
  });

test("WEB86: points fill the view from edge to edge in the direction in which they are larger", () => {
  const points = [[-5, 0, -5], [5, 0, -5], [-5, 0, 5], [5, 1, 5], [0, 3, 0]];
  for (const aspect of [0.45, 1, 1.6, 3.5]) {
    for (const covered of [NOTHING, { left: 0, right: 0.1, top: 0.05, bottom: 0.6 }]) {
      const framing = new Framing(AXES, reachOf(covered, 50, aspect, 0.9));
      for (const point of points) framing.add(...point);
      const pose = framing.pose(1, 300);
      const at = seen(pose, points, 50, aspect);
      const span = (k, low, high) => {
        const all = at.map((point) => point[k]);
        const [from, to] = [2 * low - 1, 1 - 2 * high];
        const middle = (from + to) / 2;
        const [a, b] = [(Math.min(...all) - middle) / (middle - from), (Math.max(...all) - middle) / (to - middle)];
        assert.ok(a >= -0.9 - 1e-9 && b <= 0.9 + 1e-9, `${a} to ${b}`);
        assert.ok(Math.abs(a + b) < 1e-9, "it is in the middle");
        return b;
      };
      const fills = [span(0, covered.left, covered.right), span(1, covered.bottom, covered.top)];
      assert.ok(Math.abs(Math.max(...fills) - 0.9) < 1e-9, `${fills} at ${aspect}`);
    }
  }
});

test("WEB86: what is small is not met with the nose, and nothing at all moves nothing", () => {
  const framing = new Framing(AXES, reachOf(NOTHING, 60, 1, 0.9));
  assert.equal(framing.pose(2, 300), null);
  framing.add(3, 4, 5);
  assert.deepEqual(framing.pose(2, 300), [3, 4, 7, 3, 4, 5]);
  framing.add(3, 1e6, 5);
  const [, , z, , , depth] = framing.pose(2, 300);
  assert.equal(z - depth, 300);
});

/** How much of the view, in parts of its width and height, things of one colour that nothing else has take. */
async function takes(page, act) {
  await page.evaluate(async () => {
    vp.setWorld({ size: 25, transparency: 1 });
    put(rec(0, "plane", [1, 0, -2], { scale: [10, 1, 10], color: [1, 0, 1] }), rec(1, "cube", [-1, 0.5, 0], { color: [1, 0, 1] }));
    await idle();
  });
  await page.evaluate(act);
  return page.evaluate(async () => {
    await idle();
    const { data, width, height } = await shot();
    const at = { x: [1, 0], y: [1, 0] };
    for (let i = 0; i < data.length; i += 4) {
      if (!(data[i] > 70 && data[i + 2] > 70 && data[i] > 2 * data[i + 1])) continue;
      const [x, y] = [((i / 4) % width) / width, Math.floor(i / 4 / width) / height];
      at.x = [Math.min(at.x[0], x), Math.max(at.x[1], x)];
      at.y = [Math.min(at.y[0], y), Math.max(at.y[1], y)];
    }
    return at;
  });
}

test("WEB86: a wide flat plane fills the view, on a phone and on a very wide screen as well", async () => {
  for (const [width, height] of [[400, 300], [180, 390], [800, 230]]) {
    const page = await browser.page({ width, height, reducedMotion: "reduce" });
    const { x, y } = await takes(page, () => vp.frameAll());
    const fills = [x[1] - x[0], y[1] - y[0]];
    assert.ok(Math.max(...fills) > 0.84 && Math.max(...fills) < 0.92, `${fills} of ${width} × ${height}`);
    for (const [from, to] of [x, y]) assert.ok(from > 0.03 && to < 0.97 && Math.abs(from + to - 1) < 0.04, `from ${from} to ${to}`);
    assert.deepEqual(page.errors, []);
    await page.close();
  }
});

test("WEB86: what the page has laid over the view hides nothing that is looked at", async () => {
  const page = await browser.page({ width: 300, height: 400, reducedMotion: "reduce" });
  const { x, y } = await takes(page, () => {
    const sheet = document.createElement("div");
    sheet.style.cssText = "position:absolute;left:0;right:0;bottom:0;height:50%;background:gray;z-index:9";
    document.body.append(sheet);
    vp.frameAll();
  });
  assert.ok(y[1] < 0.5 && y[0] > 0.01, `from ${y}`);
  assert.ok(x[1] - x[0] > 0.84 || y[1] - y[0] > 0.42, `${x} and ${y}`);
  // A bar that floats over the left.
  const beside = await takes(page, () => {
    document.body.lastChild.style.cssText = "position:absolute;left:12px;width:48px;top:80px;height:240px;background:gray;z-index:9";
    vp.frameAll();
  });
  assert.ok(beside.x[0] > 0.2 && beside.x[1] < 0.99, `${beside.x}`);
  // What hides everything is left out of account.
  const all = await takes(page, () => {
    document.body.lastChild.style.cssText = "position:absolute;inset:0;background:gray;z-index:9";
    vp.frameAll();
  });
  assert.ok(all.x[1] - all.x[0] > 0.84, `${all.x}`);
  await page.close();
});

test("WEB110: an overview has the direction it is given and holds everything; where there is nothing it is exactly that", async () => {
  const page = await browser.page({ width: 400, height: 300, reducedMotion: "reduce" });
  const seen = await page.evaluate(async () => {
    vp.setOverview(15, 15, 15, 0, 0, 0, 60, false);
    await idle();
    const empty = [...vp.pose()];
    put(rec(0, "cube", [4, 0.5, 2]));
    vp.setOverview(15, 15, 15, 0, 0, 0, 60, false);
    await idle();
    const one = [...vp.pose()];
    const size = (() => {
      put(rec(1, "cube", [4, 0, 2], { visible: 0 }), rec(2, "cube", [4, 1, 2], { visible: 0 }));
      return vp.screenPosition(1).y - vp.screenPosition(2).y;
    })();
    put(rec(3, "cube", [-10, 0.5, 2]));
    vp.setOverview(15, 15, 15, 0, 0, 0, 60, true);
    await idle();
    const ends = [0, 3].map((slot) => vp.screenPosition(slot));
    return { empty, one, size, ends, byUser: calls.filter(([name, ...told]) => name === "onCamera" && told[6]).length };
  });
  assert.deepEqual(seen.empty.map((v) => Math.round(v * 1e6) / 1e6), [15, 15, 15, 0, 0, 0]);
  const way = [0, 1, 2].map((k) => seen.one[k] - seen.one[k + 3]);
  for (const v of way) assert.ok(Math.abs(v / Math.hypot(...way) - 1 / Math.sqrt(3)) < 1e-3, `${way}`);
  assert.ok(seen.size > 300 / 7 && seen.size < 300 / 2, `a cube of ${seen.size} pixels`);
  for (const { x, y } of seen.ends) assert.ok(x > 20 && x < 380 && y > 20 && y < 280, JSON.stringify(seen.ends));
  assert.ok(Math.abs(seen.ends[0].x - seen.ends[1].x) > 150, JSON.stringify(seen.ends));
  assert.equal(seen.byUser, 0);
  assert.deepEqual(page.errors, []);
  await page.close();
});
