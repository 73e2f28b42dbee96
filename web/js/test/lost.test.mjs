// What the GPU took away comes back as it was: textures, shadows, outlines, texts, models, reflections.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "./browser.mjs";
import { greenQuad } from "./glb.mjs";

let browser;
before(async () => (browser = await start({ "/quad.glb": ["model/gltf-binary", greenQuad()] })));
after(() => browser?.stop());

for (const quality of ["low", "high"]) {
  test(`WEB41: after a lost context the picture is the one before, at ${quality} quality`, async () => {
    const page = await browser.page({ width: 200, height: 150, options: { quality } });
    const seen = await page.evaluate(async () => {
      vp.setCamera(6, 7, 9, 0, 1, 0, 50);
      const kinds = ["cube", "sphere", "cylinder", "cone", "plane", "torus", "light", "text", "model", "custom"];
      put(...kinds.map((kind, i) => rec(i, kind, [(i % 4) * 2 - 3, 1, Math.floor(i / 4) * 2 - 3], { color: [i / 9, 0.5, 1 - i / 9], opacity: i % 3 === 2 ? 0.6 : 1 })));
      vp.setText(7, "a text");
      vp.setText(0, "a label");
      vp.setModel(8, "/quad.glb");
      vp.select([0, 7, 8]);
      vp.setTool("translate");
      while (!performance.getEntriesByName(`${location.origin}/quad.glb`).length) await idle();
      await idle();
      await idle();
      const before = await shot();
      const lose = document.querySelector("canvas").getContext("webgl2").getExtension("WEBGL_lose_context");
      const until = async (lost) => {
        while (vp.stats().lost !== lost) await new Promise((done) => setTimeout(done, 10));
      };
      lose.loseContext();
      await until(true);
      // A view that is lost goes on taking what it is told.
      put(rec(10, "cube", [0, 4, 0]));
      vp.setText(10, "another");
      put(gone(10));
      const refused = await vp.screenshot().catch((error) => error.message);
      lose.restoreContext();
      await until(false);
      await idle();
      const after = await shot();
      let differ = 0;
      for (let i = 0; i < after.data.length; i++) if (Math.abs(after.data[i] - before.data[i]) > 2) differ++;
      const colours = new Set();
      for (let i = 0; i < before.data.length; i += 4) colours.add((before.data[i] << 16) | (before.data[i + 1] << 8) | before.data[i + 2]);
      return { differ, colours: colours.size, refused, events: calls.map(([name]) => name).filter((name) => name.startsWith("onContext")) };
    });
    assert.equal(seen.differ, 0);
    assert.ok(seen.colours > 300, `${seen.colours} colours`);
    assert.equal(seen.refused, "the view is lost with its WebGL context");
    assert.deepEqual(seen.events, ["onContextLost", "onContextRestored"]);
    assert.deepEqual(page.errors, []);
    await page.close();
  });
}

test("WEB40: a light lights what is near it in its colour, and less what is further away", async () => {
  const page = await browser.page();
  const seen = await page.evaluate(async () => {
    vp.setWorld({ size: 25, transparency: 1 });
    vp.setCamera(0, 0, 14, 0, 0, 0, 60);
    const white = { color: [0.6, 0.6, 0.6], scale: [2, 2, 2] };
    put(rec(0, "sphere", [-3, 0, 0], white), rec(1, "sphere", [5, 0, 0], white));
    await idle();
    const look = async () => {
      await idle();
      const s = await shot();
      const [a, b] = [vp.screenPosition(0), vp.screenPosition(1)];
      return [s.at(a.x + 8, a.y), s.at(b.x - 8, b.y)];
    };
    const dark = await look();
    put(rec(2, "light", [-1, 0, 2], { color: [1, 0, 0] }));
    const lit = await look();
    put(rec(2, "light", [-1, 0, 2], { color: [1, 0, 0], visible: 0 }));
    const off = await look();
    return { dark, lit, off };
  });
  const red = (before, after) => after[0] - before[0] - (after[2] - before[2]);
  const [near, far] = [0, 1].map((i) => red(seen.dark[i], seen.lit[i]));
  assert.ok(near > 30 && near > far * 2, `near ${near}, far ${far}`);
  assert.deepEqual(seen.off, seen.dark);
  await page.close();
});
