// The built viewport in a real browser, under software WebGL: small views, low quality.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "./browser.mjs";

let browser;
before(async () => {
  browser = await start();
});
after(() => browser?.stop());

/** Runs `body` in a fresh page and checks that the page reported no error. */
async function inPage(body, arg, options) {
  const page = await browser.page(options);
  try {
    const result = await page.evaluate(body, arg);
    assert.deepEqual(page.errors, []);
    return { result, page };
  } finally {
    await page.close();
  }
}

const run = async (body, arg, options) => (await inPage(body, arg, options)).result;

test("an object's colour appears where it stands, moves with it, and goes with it", async () => {
  const seen = await run(async () => {
    vp.setWorld({ size: 25, transparency: 1 });
    vp.setCamera(0, 0, 10, 0, 0, 0, 60);
    await idle();
    const look = async () => {
      await idle();
      const s = await shot();
      return { middle: s.at(160, 120), right: s.at(264, 120) };
    };
    const steps = {};
    steps.empty = await look();
    put(rec(0, "cube", [0, 0, 0], { color: [1, 0, 0], scale: [2, 2, 2] }));
    steps.red = await look();
    put(rec(0, "cube", [5, 0, 0], { color: [0, 1, 0], scale: [2, 2, 2] }));
    steps.moved = await look();
    put(rec(0, "cube", [5, 0, 0], { color: [0, 1, 0], scale: [2, 2, 2], visible: 0 }));
    steps.hidden = await look();
    put(rec(0, "cube", [0, 0, 0], { color: [0, 0, 1], scale: [2, 2, 2], opacity: 0.5 }));
    steps.glass = await look();
    put(gone(0), gone(7));
    steps.removed = await look();
    return { steps, objects: vp.stats().objects };
  });
  const { empty, red, moved, hidden, glass, removed } = seen.steps;
  assert.ok(red.middle[0] > 120 && red.middle[1] < 70 && red.middle[2] < 70, `red at ${red.middle}`);
  assert.deepEqual(red.right, empty.right);
  assert.deepEqual(moved.middle, empty.middle);
  assert.ok(moved.right[1] > 120 && moved.right[0] < 70, `green at ${moved.right}`);
  assert.deepEqual(hidden, empty);
  assert.ok(glass.middle[2] > empty.middle[2] + 20 && glass.middle[2] < 200, `half blue at ${glass.middle}`);
  assert.deepEqual(removed, empty);
  assert.equal(seen.objects, 0);
});

test("every kind is drawn and can be picked at its middle", async () => {
  const kinds = ["cube", "sphere", "cylinder", "cone", "plane", "light", "text", "model", "custom"];
  const got = await run(async (kinds) => {
    vp.setWorld({ size: 25, transparency: 1 });
    vp.setCamera(0, 6, 6, 0, 0, 0, 40);
    await idle();
    const blank = await shot();
    const out = {};
    for (const kind of kinds) {
      put(rec(3, kind, [0, 0, 0], { color: [1, 0.2, 0], scale: [1.5, 1.5, 1.5] }));
      if (kind === "text") vp.setText(3, "HHHH");
      await idle();
      const now = await shot();
      let changed = 0;
      for (let i = 0; i < now.data.length; i += 4) if (Math.abs(now.data[i] - blank.data[i]) > 24) changed++;
      out[kind] = { changed, middle: vp.pick(0, 0), corner: vp.pick(0.95, 0.95) };
      put(gone(3));
    }
    put(rec(3, "torus", [0, 0, 0]));
    out.torus = { changed: 1000, middle: 3, corner: -1, hole: vp.pick(0, 0) };
    return out;
  }, kinds);
  for (const kind of kinds) {
    assert.ok(got[kind].changed > 150, `${kind} changed ${got[kind].changed} pixels`);
    assert.equal(got[kind].middle, 3, kind);
    assert.equal(got[kind].corner, -1, kind);
  }
  assert.equal(got.torus.hole, -1, "a ray through the hole of a torus meets nothing");
});

test("a click selects what is nearest, a drag selects nothing, the background deselects", async () => {
  const page = await browser.page();
  await page.evaluate(async () => {
    put(rec(4, "cube", [0, 0, 0]), rec(9, "sphere", [0, 0, 3]), rec(2, "cube", [-4, 0, 0]));
    vp.setCamera(0, 0, 12, 0, 0, 0, 50);
    await idle();
  });
  const at = await page.evaluate(() => [9, 2].map((slot) => vp.screenPosition(slot)));
  const selected = () => page.evaluate(() => calls.splice(0).filter(([name]) => name === "onSelect"));
  await selected();
  await page.mouse.click(at[0].x, at[0].y);
  assert.deepEqual(await selected(), [["onSelect", 9, false]]);
  await page.keyboard.down("Shift");
  await page.mouse.click(at[1].x, at[1].y);
  await page.keyboard.up("Shift");
  assert.deepEqual(await selected(), [["onSelect", 2, true]]);
  await page.mouse.click(10, 10);
  assert.deepEqual(await selected(), [["onSelect", -1, false]]);
  await page.mouse.move(at[0].x, at[0].y);
  await page.mouse.down();
  await page.mouse.move(at[0].x + 40, at[0].y, { steps: 4 });
  await page.mouse.up();
  assert.deepEqual(await selected(), []);
  await page.close();
});

test("a drag, the wheel and the keys turn the view and say so; flights are not the user's", async () => {
  const page = await browser.page();
  const poses = () => page.evaluate(async () => (await idle(), calls.splice(0).filter(([name]) => name === "onCamera").map(([, ...a]) => a)));
  await page.evaluate(() => vp.setCamera(0, 0, 10, 0, 0, 0, 50));
  const flight = await poses();
  assert.deepEqual(flight.at(-1).map((v) => (typeof v === "number" ? Math.round(v * 1e9) / 1e9 + 0 : v)), [0, 0, 10, 0, 0, 0, false]);
  await page.mouse.move(100, 100);
  await page.mouse.down();
  await page.mouse.move(150, 100, { steps: 3 });
  await page.mouse.up();
  const dragged = await poses();
  assert.ok(dragged.at(-1)[0] < -0.5 && dragged.at(-1)[6] === true, `${dragged.at(-1)}`);
  await page.mouse.wheel(0, 300);
  const zoomed = await poses();
  assert.ok(Math.hypot(...zoomed.at(-1).slice(0, 3)) > 10.3, `${zoomed.at(-1)}`);
  await page.evaluate(() => document.querySelector("canvas").focus());
  await page.keyboard.press("ArrowUp");
  const turned = await poses();
  assert.ok(turned.at(-1)[1] > 0.5 && turned.at(-1)[6] === true, `${turned.at(-1)}`);
  await page.keyboard.press("+");
  const nearer = await poses();
  assert.ok(Math.hypot(...nearer.at(-1).slice(0, 3)) < Math.hypot(...turned.at(-1).slice(0, 3)) - 0.5);
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("ArrowUp");
  assert.deepEqual(await poses(), [], "no key is taken while the view has no focus");
  await page.close();
});

test("following a pose ends with the user's own movement", async () => {
  const page = await browser.page();
  const asked = await page.evaluate(async () => {
    let asked = 0;
    vp.follow((now) => (asked++, [10 * Math.cos(now / 500), 3, 10 * Math.sin(now / 500), 0, 0, 0]));
    while (asked < 5) await new Promise((done) => requestAnimationFrame(done));
    return calls.splice(0).filter(([name]) => name === "onCamera");
  });
  assert.ok(asked.length >= 4 && asked.every((call) => call[7] === false));
  await page.mouse.move(100, 100);
  await page.mouse.wheel(0, 100);
  const last = await page.evaluate(async () => (await idle(), calls.filter(([name]) => name === "onCamera").at(-1)));
  assert.equal(last[7], true);
  await page.close();
});

test("selecting changes pixels around the object, and deselecting brings them back", async () => {
  const counts = await run(async () => {
    put(rec(1, "cube", [0, 0, 0], { scale: [3, 3, 3] }), rec(2, "text", [4, 0, 0]));
    vp.setText(2, "label");
    await idle();
    const difference = async (before) => {
      await idle();
      const now = await shot();
      let n = 0;
      for (let i = 0; i < now.data.length; i += 4) if (Math.abs(now.data[i] - before.data[i]) > 20) n++;
      return n;
    };
    const before = await shot();
    vp.select(new Uint32Array([1]));
    const one = await difference(before);
    vp.select(new Uint32Array([1, 2, 77]));
    const two = await difference(before);
    vp.select(new Uint32Array([]));
    return { one, two, none: await difference(before) };
  });
  assert.ok(counts.one > 60, `${counts.one} pixels`);
  assert.ok(counts.two > counts.one, `${counts.two} pixels`);
  assert.equal(counts.none, 0);
});

test("the grid is drawn at any size and gone at transparency 1", async () => {
  const edges = await run(async () => {
    // Steps between neighbouring pixels: lines make them, the background does not.
    const count = async () => {
      await idle();
      const { data } = await shot();
      let n = 0;
      for (let i = 4; i < data.length; i += 4) if (Math.abs(data[i] - data[i - 4]) > 6) n++;
      return n;
    };
    const out = {};
    for (const size of [1, 2, 25, 200, 1000]) {
      vp.setWorld({ size, transparency: 0 });
      out[size] = await count();
    }
    vp.setWorld({ size: 25, transparency: 0.8 });
    out.faint = await count();
    vp.setWorld({ size: 25, transparency: 1 });
    out.none = await count();
    return out;
  });
  for (const size of [1, 2, 25, 200, 1000]) assert.ok(edges[size] > 400, `size ${size}: ${edges[size]} edges`);
  assert.ok(edges[25] > edges.faint * 1.5, `${edges[25]} and ${edges.faint}`);
  assert.equal(edges.none, 0);
});

test("the themes differ, and the view says what it is", async () => {
  const { dark, light, role, label } = await run(async () => {
    const dark = (await shot()).at(5, 5);
    vp.setTheme({ dark: false });
    await idle();
    const canvas = document.querySelector("canvas");
    return { dark, light: (await shot()).at(5, 5), role: canvas.getAttribute("role"), label: canvas.ariaLabel };
  });
  assert.ok(Math.max(...dark) < 70 && Math.min(...light) > 200, `${dark} and ${light}`);
  assert.deepEqual([role, label], ["img", "3D view of the world"]);
});

test("10,000 instances are applied and picked in milliseconds, and growth keeps each in its place", async () => {
  const cost = await run(async () => {
    vp.setWorld({ size: 25, transparency: 1 });
    const n = 10_000;
    const all = [];
    for (let i = 0; i < n; i++) {
      const at = [(i % 25) - 12, (Math.floor(i / 25) % 25) - 12, Math.floor(i / 625) - 12];
      all.push(rec(i, "cube", at, { scale: [0.2, 0.2, 0.2] }));
    }
    const records = new Float32Array(all.flat());
    const time = (body) => {
      const from = performance.now();
      body();
      return performance.now() - from;
    };
    const first = time(() => vp.apply(records));
    const again = Math.min(...[0, 1, 2].map(() => time(() => vp.apply(records))));
    const drawn = time(() => vp.select(Uint32Array.from({ length: n }, (_, i) => i)));
    vp.setCamera(0, 0, 30, 0, 0, 0, 60);
    await idle();
    const picks = [];
    const pick = time(() => {
      for (let i = 0; i < 100; i++) picks.push(vp.pick(Math.sin(i) * 0.6, Math.cos(i) * 0.6));
    });
    // What stands in front on the middle of the view is the last layer's (12, 12): x = 0, y = 0.
    const front = vp.pick(0, 0);
    const stats = vp.stats();
    put(...Array.from({ length: 9_990 }, (_, i) => gone(i)));
    return { first, again, drawn, pick: pick / 100, hits: picks.filter((s) => s >= 0).length, front, stats, left: vp.stats().objects };
  });
  console.log(
    `10,000 objects: first apply ${cost.first.toFixed(1)} ms, again ${cost.again.toFixed(1)} ms, ` +
      `pick ${cost.pick.toFixed(2)} ms, ${cost.stats.drawCalls} draw calls, ${cost.stats.triangles} triangles`,
  );
  assert.equal(cost.stats.objects, 10_000);
  assert.equal(cost.left, 10);
  assert.equal(cost.front, 15 * 625 + 12 * 25 + 12);
  assert.ok(cost.hits > 20, `${cost.hits} of 100 picks met something`);
  assert.ok(cost.again < 100 && cost.pick < 30, JSON.stringify(cost));
});

test("a lost context is reported and drawn again when it comes back", async () => {
  const seen = await run(async () => {
    vp.setWorld({ size: 25, transparency: 1 });
    vp.setCamera(0, 0, 10, 0, 0, 0, 60);
    put(rec(0, "cube", [0, 0, 0], { scale: [2, 2, 2] }), rec(1, "text", [3, 0, 0]));
    vp.setText(1, "text");
    vp.select(new Uint32Array([0]));
    await idle();
    const before = await shot();
    const lose = document.querySelector("canvas").getContext("webgl2").getExtension("WEBGL_lose_context");
    const happened = (name) =>
      new Promise((done) => {
        const look = () => (calls.some(([n]) => n === name) ? done() : setTimeout(look, 10));
        look();
      });
    lose.loseContext();
    await happened("onContextLost");
    const lost = vp.stats().lost;
    put(rec(2, "cube", [0, 3, 0], { color: [0, 1, 0] }));
    lose.restoreContext();
    await happened("onContextRestored");
    await idle();
    const after = await shot();
    let differ = 0;
    for (let i = 0; i < after.data.length; i += 4) if (Math.abs(after.data[i] - before.data[i]) > 8) differ++;
    return { lost, middle: [before.at(160, 120), after.at(160, 120)], added: after.at(160, 57), differ, stats: vp.stats() };
  });
  assert.equal(seen.lost, true);
  assert.equal(seen.stats.lost, false);
  assert.deepEqual(seen.middle[1], seen.middle[0]);
  assert.ok(seen.added[1] > 100 && seen.added[0] < 70, `green at ${seen.added}`);
  assert.ok(seen.differ < 1200, `${seen.differ} pixels differ`);
});

test("without WebGL the constructor says so and leaves nothing behind", async () => {
  const seen = await run(() => {
    const real = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
      return kind === "webgl2" ? null : real.call(this, kind, ...rest);
    };
    const box = document.createElement("div");
    try {
      new module.Viewport(box);
    } catch (error) {
      return { code: error.code, message: error.message, children: box.childElementCount };
    } finally {
      HTMLCanvasElement.prototype.getContext = real;
    }
  });
  assert.deepEqual(seen, {
    code: "webgl_unavailable",
    message: "3D view unavailable: the browser could not start WebGL 2",
    children: 0,
  });
});

test("nothing is drawn while nothing changes, and dispose gives everything back", async () => {
  const seen = await run(async () => {
    await idle();
    const before = vp.stats().frames;
    for (let i = 0; i < 10; i++) await new Promise((done) => requestAnimationFrame(done));
    const after = vp.stats().frames;
    vp.dispose();
    return { drawn: after - before, canvases: document.querySelectorAll("canvas").length };
  });
  assert.deepEqual(seen, { drawn: 0, canvases: 0 });
});

test("a malformed batch is refused whole", async () => {
  const seen = await run(() => {
    const errors = [];
    for (const bad of [[1, 2, 3], [...rec(0, "cube", [0, 0, 0]), ...gone(1.5)]]) {
      try {
        vp.apply(new Float32Array(bad));
      } catch (error) {
        errors.push(error.name);
      }
    }
    return { errors, objects: vp.stats().objects };
  });
  assert.deepEqual(seen, { errors: ["RangeError", "RangeError"], objects: 0 });
});
