// Flying, panning and orbiting with a real mouse and real keys.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "./browser.mjs";

let browser;
before(async () => (browser = await start()));
after(() => browser?.stop());

async function open(at = [0, 0, 10]) {
  const page = await browser.page();
  await page.evaluate(async (at) => {
    vp.setCamera(...at, at[0], at[1], at[2] - 10, 60);
    await idle();
    calls.splice(0);
  }, at);
  await page.mouse.move(160, 120);
  return page;
}

/** Where the camera stands and looks, as it was told last. */
const pose = (page) => page.evaluate(() => calls.filter(([name]) => name === "onCamera").at(-1)?.slice(1) ?? null);
const speeds = (page) => page.evaluate(() => calls.filter(([name]) => name === "onFly").map(([, speed]) => speed));
const near = (got, want, within = 0.02) => assert.ok(got.length === want.length && got.every((v, i) => Math.abs(v - want[i]) <= within), `${got} is not ${want}`);

/** Holds a key until the camera has moved beyond `bound` along an axis, in the direction of `sign`. */
async function hold(page, key, axis, sign, bound) {
  await page.keyboard.down(key);
  const beyond = ([axis, sign, bound]) => {
    const at = calls.filter(([name]) => name === "onCamera").at(-1);
    return at && (at[1 + axis] - bound) * sign > 0;
  };
  await page.waitForFunction(beyond, [axis, sign, bound]);
  await page.keyboard.up(key);
}

test("WEB39: with the right button held the mouse looks around, and afterwards the view turns about a point ahead", async () => {
  const page = await open();
  await page.mouse.down({ button: "right" });
  await page.mouse.move(160 + 100, 120);
  await page.evaluate(() => idle());
  const looked = await pose(page);
  near(looked.slice(0, 3), [0, 0, 10]);
  // A hundred pixels are 0.4 radians to the right; the point ahead is as far away as the target was.
  near(looked.slice(3, 6), [10 * Math.sin(0.4), 0, 10 - 10 * Math.cos(0.4)]);
  assert.equal(looked[6], true, "it is the user's own view");
  await page.mouse.up({ button: "right" });
  assert.deepEqual(await speeds(page), [6, 0]);
  await page.mouse.move(160, 120);
  await page.mouse.down();
  await page.mouse.move(200, 120);
  await page.mouse.up();
  await page.evaluate(() => idle());
  const turned = await pose(page);
  near(turned.slice(3, 6), looked.slice(3, 6));
  assert.ok(Math.hypot(turned[0] - looked[0], turned[2] - looked[2]) > 1);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("WEB39: W A S D E Q move where one looks, Shift faster, the wheel sets the speed; no key reaches the page", async () => {
  const page = await open();
  await page.evaluate(() => {
    window.keys = [];
    document.addEventListener("keydown", (event) => keys.push(event.code));
  });
  await page.mouse.down({ button: "right" });
  await hold(page, "w", 2, -1, 7);
  await hold(page, "d", 0, 1, 3);
  await hold(page, "e", 1, 1, 2);
  await hold(page, "q", 1, -1, 0);
  await hold(page, "a", 0, -1, 0);
  await hold(page, "s", 2, 1, 9);
  await page.keyboard.press("r");
  await page.keyboard.press("Delete");
  const [x, y, z, tx, ty, tz] = await pose(page);
  near([tx - x, ty - y, tz - z], [0, 0, -10]);
  await page.mouse.wheel(0, -100);
  await page.mouse.wheel(0, -100);
  await page.mouse.wheel(0, 100);
  await page.evaluate(() => idle());
  const before = await pose(page);
  near(before.slice(0, 3), [x, y, z]);
  const seconds = async (keys) => {
    for (const key of keys) await page.keyboard.down(key);
    const way = await page.evaluate(async () => {
      const step = () => new Promise((done) => requestAnimationFrame(done));
      const at = () => calls.filter(([name]) => name === "onCamera").at(-1);
      await step();
      await step();
      const [from, start] = [at(), performance.now()];
      for (let i = 0; i < 20; i++) await step();
      return Math.abs(at()[3] - from[3]) / ((performance.now() - start) / 1000);
    });
    for (const key of keys.reverse()) await page.keyboard.up(key);
    return way;
  };
  const [slow, fast] = [await seconds(["w"]), await seconds(["Shift", "w"])];
  assert.ok(fast > slow * 1.8, `${slow} and with Shift ${fast} units a second`);
  await page.mouse.up({ button: "right" });
  assert.deepEqual(await speeds(page), [6, 7.5, 9.4, 7.5, 0]);
  assert.deepEqual(await page.evaluate(() => keys), []);
  await page.keyboard.press("w");
  assert.deepEqual(await page.evaluate(() => keys), ["KeyW"], "afterwards they do");
  await page.close();
});

test("WEB39: no flight leaves the camera's bounds, and one ends with the window's focus", async () => {
  const page = await open([0, 0, -99]);
  await page.mouse.down({ button: "right" });
  await page.mouse.wheel(0, -100);
  await page.keyboard.down("w");
  await page.waitForFunction(() => calls.some(([name, , , z]) => name === "onCamera" && z === -100));
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  assert.equal((await pose(page))[2], -100);
  await page.evaluate(() => dispatchEvent(new Event("blur")));
  await page.evaluate(() => idle());
  assert.equal((await speeds(page)).at(-1), 0);
  await page.keyboard.up("w");
  await page.mouse.up({ button: "right" });
  await page.close();
});

test("WEB39: the middle button, and Shift with the right one, move the view without turning it", async () => {
  for (const [button, shift] of [["middle", false], ["middle", true], ["right", true]]) {
    const page = await open();
    if (shift) await page.keyboard.down("Shift");
    await page.mouse.down({ button });
    await page.mouse.move(120, 150, { steps: 4 });
    await page.mouse.up({ button });
    if (shift) await page.keyboard.up("Shift");
    await page.evaluate(() => idle());
    const [x, y, z, tx, ty, tz] = await pose(page);
    assert.ok(x > 1 && y > 1, `${button}: ${x}, ${y}`);
    near([tx - x, ty - y, tz - z], [0, 0, -10], 1e-3);
    assert.deepEqual(await speeds(page), []);
    await page.close();
  }
});

test("WEB39: two fingers move and zoom the view, one turns it", async () => {
  const page = await browser.page({ hasTouch: true });
  const seen = await page.evaluate(async () => {
    vp.setCamera(0, 0, 10, 0, 0, 0, 60);
    await idle();
    calls.splice(0);
    const canvas = document.querySelector("canvas");
    canvas.setPointerCapture = () => {};
    const touch = (type, pointerId, x, y) =>
      (type === "pointerdown" ? canvas : document).dispatchEvent(
        new PointerEvent(type, { pointerId, pointerType: "touch", isPrimary: pointerId === 1, button: type === "pointermove" ? -1 : 0, buttons: 1, clientX: x, clientY: y, pageX: x, pageY: y, bubbles: true, cancelable: true }),
      );
    const at = () => calls.filter(([name]) => name === "onCamera").at(-1)?.slice(1, 7);
    touch("pointerdown", 1, 140, 120);
    touch("pointerdown", 2, 180, 120);
    for (let i = 1; i <= 5; i++) {
      touch("pointermove", 1, 140 - 8 * i, 120);
      touch("pointermove", 2, 180 - 8 * i, 120);
      await idle();
    }
    touch("pointerup", 1, 100, 120);
    touch("pointerup", 2, 140, 120);
    await idle();
    return at();
  });
  const [x, , z, tx, , tz] = seen;
  assert.ok(x > 1, `${seen}`);
  near([tx - x, tz - z], [0, -10], 0.2);
  await page.close();
});
