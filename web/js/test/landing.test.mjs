// What is dragged over the view.

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
