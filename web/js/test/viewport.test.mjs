// The built viewport in a real browser, under software WebGL: small views, low quality.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "./browser.mjs";
import { greenQuad } from "./glb.mjs";

let browser;
before(async () => {
  browser = await start({
    "/quad.glb": ["model/gltf-binary", greenQuad()],
    "/empty.gltf": ["model/gltf+json", '{"asset":{"version":"2.0"},"scenes":[{"nodes":[]}],"scene":0}'],
  });
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
  assert.deepEqual([role, label], ["application", "3D view of the world"]);
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

test("a model replaces its placeholder, keeps its colours, and can be picked, faded and removed", async () => {
  const seen = await run(async () => {
    vp.setWorld({ size: 25, transparency: 1 });
    vp.setCamera(0, 0, 10, 0, 0, 0, 40);
    await idle();
    const look = async () => (await idle(), (await shot()).at(160, 120));
    const steps = { empty: await look() };
    put(rec(5, "model", [0, 0, 0], { color: [1, 0, 0] }));
    steps.waiting = await look();
    // Of a frame in which nothing has changed: no shadow is drawn anew in it.
    const triangles = async () => (vp.setWorld({ size: 25, transparency: 1 }), await idle(), vp.stats().triangles);
    // The placeholder has 12 triangles, the quad 2.
    const box = await triangles();
    vp.setModel(5, "/quad.glb");
    while ((await triangles()) !== box - 10) await new Promise((done) => setTimeout(done, 10));
    steps.shown = await look();
    put(rec(5, "model", [0, 0, 0], { opacity: 0.4 }));
    steps.faded = await look();
    put(rec(6, "model", [0, 3, 0], {}));
    vp.setModel(6, "/quad.glb");
    await idle();
    const second = vp.pick(0, 0.8);
    put(gone(5), gone(6));
    steps.removed = await look();
    return { steps, second, errors: calls.filter(([name]) => name === "onModelError") };
  });
  const { empty, waiting, shown, faded, removed } = seen.steps;
  assert.notDeepEqual(waiting, empty);
  assert.ok(shown[1] > 120 && shown[0] < 60, `green at ${shown}`);
  assert.ok(faded[1] > empty[1] + 20 && faded[1] < shown[1] - 20, `pale green at ${faded}`);
  assert.equal(seen.second, 6);
  assert.deepEqual(removed, empty);
  assert.deepEqual(seen.errors, []);
});

test("a model that cannot be shown keeps its placeholder and is reported for each object", async () => {
  const page = await browser.page();
  const seen = await page.evaluate(async () => {
    vp.setWorld({ size: 25, transparency: 1 });
    vp.setCamera(0, 0, 10, 0, 0, 0, 40);
    put(rec(0, "model", [0, 0, 0]), rec(1, "model", [2, 0, 0]), rec(2, "model", [-2, 0, 0]), rec(3, "model", [0, 2, 0]));
    vp.setModel(0, "/nowhere.glb");
    vp.setModel(1, "/nowhere.glb");
    vp.setModel(2, "/empty.gltf");
    vp.setModel(3, "ftp://example.org/a.glb");
    const errors = () => calls.filter(([name]) => name === "onModelError");
    while (errors().length < 4) await new Promise((done) => setTimeout(done, 20));
    await idle();
    return { errors: errors().map(([, slot, message]) => [slot, message]).sort(), picked: vp.pick(0, 0) };
  });
  await page.close();
  assert.deepEqual(seen.errors, [
    [0, "model /nowhere.glb: the server answered 404"],
    [1, "model /nowhere.glb: the server answered 404"],
    [2, "model /empty.gltf: it holds no mesh"],
    [3, "model ftp://example.org/a.glb: ftp: addresses are not loaded, only https, data, blob and this origin"],
  ]);
  assert.equal(seen.picked, 0);
});

for (const quality of ["high", "low"]) test(`WEB89: at ${quality} quality objects cast shadows on the ground, and a lost context brings them back`, async () => {
  const seen = await run(
    async () => {
      vp.setWorld({ size: 25, transparency: 1 });
      vp.setCamera(0, 20, 0.1, 0, 0, 0, 40);
      put(rec(1, "light", [9, 1, 9], { scale: [0.1, 0.1, 0.1] }));
      await idle();
      const mean = async () => {
        await idle();
        const s = await shot();
        let sum = 0;
        for (let x = -4; x <= 4; x++) sum += s.at(80 + x, 60)[0];
        return sum / 9;
      };
      const lit = await mean();
      // The sun stands towards (7, 20, 10): a box 8 units up throws its shadow 2.8 to the left and 4 back.
      put(rec(0, "cube", [2.8, 8, 4], { scale: [2, 2, 2] }));
      const shaded = await mean();
      const lose = document.querySelector("canvas").getContext("webgl2").getExtension("WEBGL_lose_context");
      lose.loseContext();
      while (!vp.stats().lost) await new Promise((done) => setTimeout(done, 10));
      lose.restoreContext();
      while (vp.stats().lost) await new Promise((done) => setTimeout(done, 10));
      return { lit, shaded, again: await mean(), quality: vp.stats().quality };
    },
    null,
    { width: 160, height: 120, options: { dark: false, quality } },
  );
  assert.equal(seen.quality, quality);
  const { lit, shaded, again } = seen;
  assert.ok(shaded < lit - 10, `${lit} became ${shaded}`);
  assert.ok(Math.abs(again - shaded) < 3, `${shaded} became ${again}`);
});

test("WEB89: a lit plane has no shadow of itself, and more objects than are afforded have none at all", async () => {
  const { spread, few, many } = await run(
    async () => {
      vp.setWorld({ size: 25, transparency: 1 });
      vp.setCamera(0, 9, 6, 0, 0, 0, 40);
      put(rec(0, "plane", [0, 0, 0], { scale: [20, 1, 20], color: [0.8, 0.8, 0.8] }));
      await idle();
      const s = await shot();
      // Each pixel beside its neighbour: a plane's light changes slowly.
      let spread = 0;
      for (let y = 40; y < 80; y++) for (let x = 40; x < 120; x++) spread = Math.max(spread, Math.abs(s.at(x, y)[0] - s.at(x + 1, y)[0]));
      const few = vp.stats().shadows;
      put(...Array.from({ length: 300 }, (_, i) => rec(i, "cube", [(i % 20) - 10, 1, Math.floor(i / 20) - 7])));
      await idle();
      return { spread, few, many: vp.stats().shadows };
    },
    null,
    { width: 160, height: 120, options: { dark: false, quality: "low" } },
  );
  assert.ok(spread <= 2, `neighbours differ by ${spread}`);
  assert.deepEqual([few, many], [true, false]);
});

test("framing brings an object, the selection or everything into the middle of the view", async () => {
  const seen = await run(
    async () => {
      put(rec(0, "cube", [-10, 4, 3]), rec(1, "text", [8, -5, -9]), rec(2, "sphere", [8, -5, -3]));
      const at = async (slot) => (await idle(), vp.screenPosition(slot));
      vp.frame(0);
      const one = await at(0);
      vp.select([1, 2]);
      vp.frame();
      const two = [await at(1), await at(2)];
      vp.frameAll();
      const all = [await at(0), await at(1), await at(2)];
      vp.clear();
      vp.frame();
      return { one, two, all, gone: await at(0), byUser: calls.filter(([n]) => n === "onCamera").every((c) => c[7]) };
    },
    null,
    { reducedMotion: "reduce" },
  );
  // The middle of what is seen of a cube is near to the cube's own middle.
  assert.ok(Math.abs(seen.one.x - 160) < 20 && Math.abs(seen.one.y - 120) < 20, JSON.stringify(seen.one));
  for (const { x, y } of [...seen.two, ...seen.all]) assert.ok(x > 0 && x < 320 && y > 0 && y < 240, `${x}, ${y}`);
  assert.equal(seen.gone, null);
  assert.equal(seen.byUser, true);
});

test("where the user prefers reduced motion the camera jumps and does not follow", async () => {
  const seen = await run(
    async () => {
      vp.setCamera(0, 0, 10, 0, 0, 0, 60);
      await idle();
      const jumps = calls.splice(0).filter(([name]) => name === "onCamera").length;
      let asked = 0;
      vp.follow(() => (asked++, [asked, 0, 10, 0, 0, 0]));
      await idle();
      return { jumps, asked };
    },
    null,
    { reducedMotion: "reduce" },
  );
  assert.deepEqual(seen, { jumps: 1, asked: 1 });
});

test("the pointer's object is reported once as it changes", async () => {
  const page = await browser.page();
  await page.evaluate(async () => {
    put(rec(4, "cube", [0, 0, 0], { scale: [4, 4, 4] }));
    vp.setCamera(0, 0, 12, 0, 0, 0, 50);
    await idle();
  });
  for (const [x, y] of [[160, 120], [165, 122], [5, 5], [8, 8]]) {
    await page.mouse.move(x, y);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }
  const hovered = await page.evaluate(() => calls.filter(([name]) => name === "onHover").map(([, slot]) => slot));
  assert.deepEqual(hovered, [4, -1]);
  await page.close();
});

test("the compass looks along an axis and is reached by keyboard", async () => {
  const page = await browser.page({ reducedMotion: "reduce" });
  await page.getByRole("button", { name: "Look from X" }).press("Enter");
  const [, x, y, z] = await page.evaluate(async () => (await idle(), calls.filter(([name]) => name === "onCamera").at(-1)));
  assert.ok(Math.abs(x - Math.sqrt(3 * 225)) < 1e-6 && Math.abs(y) < 1e-6 && Math.abs(z) < 1e-6, `${x}, ${y}, ${z}`);
  await page.close();
});

test("the view follows its container's size", async () => {
  const seen = await run(async () => {
    const box = document.getElementById("view");
    Object.assign(box.style, { inset: "auto", width: "200px", height: "100px" });
    const canvas = document.querySelector("canvas");
    while (canvas.width !== 200) await new Promise((done) => requestAnimationFrame(done));
    await idle();
    const { width, height } = await shot();
    box.style.display = "none";
    put(rec(0, "cube", [0, 0, 0]));
    await idle();
    box.style.display = "block";
    await idle();
    return { width, height, after: canvas.width };
  });
  assert.deepEqual(seen, { width: 200, height: 100, after: 200 });
});

test("100,000 objects and thousands of texts stay within their bounds", async () => {
  const seen = await run(async () => {
    const n = 100_000;
    const records = new Float32Array(n * module.STRIDE);
    for (let i = 0; i < n; i++) {
      records.set(rec(i, ["cube", "plane"][i % 2], [(i % 47) / 2 - 12, (Math.floor(i / 47) % 47) / 2 - 12, i / 4200 - 12], { scale: [0.1, 0.1, 0.1] }), i * module.STRIDE);
    }
    const from = performance.now();
    vp.apply(records);
    const applied = performance.now() - from;
    const start = performance.now();
    for (let i = 0; i < 20; i++) vp.pick(i / 20, 0);
    const picked = (performance.now() - start) / 20;
    vp.clear();
    put(...Array.from({ length: 9000 }, (_, i) => rec(i, "text", [(i % 24) - 12, 0, i / 400 - 12])));
    for (let i = 0; i < 9000; i++) vp.setText(i, `a label of some length, ${i}`);
    vp.pick(0, 0);
    return { applied, picked, objects: vp.stats().objects };
  });
  console.log(`100,000 objects: apply ${seen.applied.toFixed(0)} ms, pick ${seen.picked.toFixed(1)} ms`);
  assert.equal(seen.objects, 9000);
});

test("after any history of changes the view equals one that was only given the end", async () => {
  const seen = await run(async () => {
    vp.setWorld({ size: 25, transparency: 1 });
    vp.setCamera(0, 0, 22, 0, 0, 0, 60);
    let seed = 42;
    const next = (n) => ((seed = (seed * 1664525 + 1013904223) % 4294967296), Math.floor((seed / 4294967296) * n));
    const kinds = ["cube", "sphere", "cone", "torus", "text", "light", "custom"];
    const live = new Map();
    for (let i = 0; i < 3000; i++) {
      const slot = next(90);
      if (next(3) === 0) {
        put(gone(slot));
        live.delete(slot);
        continue;
      }
      // No two share a plane: which of two equal depths wins is nobody's promise.
      const at = [next(21) - 10, next(17) - 8, next(7) - 3].map((v) => v + slot * 0.0137);
      const record = rec(slot, kinds[next(kinds.length)], at, {
        color: [next(2), next(2), 1],
        opacity: next(4) === 0 ? 0.5 : 1,
        visible: next(6) === 0 ? 0 : 1,
      });
      put(record);
      live.set(slot, record);
      if (i % 500 === 0) await idle();
    }
    const look = async () => {
      await idle();
      const picks = [];
      for (let y = -0.9; y < 1; y += 0.05) for (let x = -0.9; x < 1; x += 0.05) picks.push(vp.pick(x, y));
      return { picks, image: await shot(), objects: vp.stats().objects };
    };
    const after = await look();
    vp.clear();
    await idle();
    put(...[...live.values()]);
    const fresh = await look();
    let differ = 0;
    for (let i = 0; i < fresh.image.data.length; i++) if (Math.abs(fresh.image.data[i] - after.image.data[i]) > 3) differ++;
    return {
      live: live.size,
      objects: [after.objects, fresh.objects],
      differ,
      picks: after.picks.filter((slot, i) => slot !== fresh.picks[i]).length,
      hits: new Set(after.picks).size,
    };
  });
  assert.deepEqual(seen.objects, [seen.live, seen.live]);
  assert.equal(seen.differ, 0);
  assert.equal(seen.picks, 0);
  assert.ok(seen.hits > 20, `${seen.hits} different objects were met`);
});

test("a removed object takes its selection and its text with it, whoever gets its slot", async () => {
  const differ = await run(async () => {
    put(rec(1, "cube", [0, 0, 0], { scale: [3, 3, 3] }));
    await idle();
    const plain = await shot();
    vp.select([1]);
    vp.setText(1, "a label");
    await idle();
    put(gone(1));
    put(rec(1, "cube", [0, 0, 0], { scale: [3, 3, 3] }));
    await idle();
    const again = await shot();
    return again.data.filter((v, i) => v !== plain.data[i]).length;
  });
  assert.equal(differ, 0);
});
