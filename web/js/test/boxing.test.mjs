// Selecting by a rectangle: what it covers, and a real mouse that draws it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { covers } from "../boxing.js";
import { start } from "./browser.mjs";

const rect = { x0: 10, y0: 10, x1: 20, y1: 20 };

test("WEB38: a rectangle covers what it shares a point with, and nothing else", () => {
  const square = (x, y, r) => [[x - r, y], [x, y - r], [x + r, y], [x, y + r]];
  assert.equal(covers(rect, square(15, 15, 2)), true, "inside");
  assert.equal(covers(rect, square(15, 15, 100)), true, "around");
  assert.equal(covers(rect, square(5, 15, 6)), true, "across an edge");
  assert.equal(covers(rect, square(5, 15, 4)), false, "beside");
  // A diamond whose box overlaps the rectangle's corner, and which passes it by.
  assert.equal(covers(rect, square(24, 24, 7)), false, "past a corner");
  assert.equal(covers(rect, square(24, 24, 8.5)), true, "over a corner");
  assert.equal(covers(rect, [[12, 0], [12, 30]]), true, "a line through it");
  assert.equal(covers(rect, [[0, 24], [24, 48]]), false, "a line past it");
  assert.equal(covers(rect, [[11, 11]]), true, "a point");
  assert.equal(covers(rect, [[9, 11]]), false);
  assert.equal(covers(rect, []), false);
  // Points inside the hull, twice and in line, change nothing.
  assert.equal(covers(rect, [...square(5, 15, 4), [5, 15], [5, 15], [3, 15], [1, 15]]), false);
});

let browser;
before(async () => (browser = await start()));
after(() => browser?.stop());

/** Pixels per world unit in the plane of the target: 240 px high, from 10 units away, at 60 degrees. */
const UNIT = 120 / Math.tan(Math.PI / 6) / 10;

async function scene() {
  const page = await browser.page();
  await page.evaluate(async () => {
    vp.setWorld({ size: 25, transparency: 1 });
    vp.setCamera(0, 0, 10, 0, 0, 0, 60);
    put(
      rec(0, "cube", [-4, 0, 0]),
      rec(1, "sphere", [0, 0, 0]),
      rec(2, "cube", [4, 0, 0]),
      rec(3, "cube", [0, 0, -20], { scale: [0.1, 0.1, 0.1] }),
      rec(4, "cube", [0, 0, 30]),
      rec(5, "cube", [0, 1, 0], { visible: 0 }),
      rec(6, "text", [0, -4, 0]),
    );
    vp.setText(6, "wide words");
    await idle();
    calls.splice(0);
  });
  return page;
}

const told = (page, name) => page.evaluate((name) => calls.filter(([n]) => n === name).map(([, slots, additive]) => [[...slots], additive]), name);

/** Draws from one point to another, in world units of the target's plane from the middle. */
async function draw(page, [x0, y0], [x1, y1], { up = true } = {}) {
  await page.mouse.move(160 + x0 * UNIT, 120 - y0 * UNIT);
  await page.mouse.down();
  for (const part of [0.3, 0.7, 1]) await page.mouse.move(160 + (x0 + (x1 - x0) * part) * UNIT, 120 - (y0 + (y1 - y0) * part) * UNIT);
  if (up) await page.mouse.up();
}

const frame = (page) => page.evaluate(() => {
  const { display, left, width } = document.querySelector("[data-marquee]").style;
  return display === "none" ? null : [Number.parseFloat(left), Number.parseFloat(width)].map(Math.round);
});

test("WEB38: a drag with Shift selects what it covers, also in part and behind others; Ctrl adds", async () => {
  const page = await scene();
  await page.keyboard.down("Shift");
  await draw(page, [-0.8, 0.8], [3.7, -0.8], { up: false });
  assert.deepEqual(await frame(page), [Math.round(160 - 0.8 * UNIT), Math.round(4.5 * UNIT)]);
  await page.mouse.up();
  assert.equal(await frame(page), null);
  await page.keyboard.down("Control");
  await draw(page, [-3.1, -0.2], [-3.25, -2]);
  await draw(page, [-1.5, -3.6], [-1.2, -4.4]);
  await page.keyboard.up("Control");
  // Between the sphere and its bounding box.
  await draw(page, [0.45, 0.45], [0.9, 0.9]);
  assert.deepEqual(await told(page, "onBox"), [[[1, 2, 3], false], [[], true], [[6], true], [[], false]]);
  const others = await page.evaluate(() => calls.map(([name]) => name).filter((name) => name === "onCamera" || name === "onSelect"));
  assert.deepEqual(others, [], "the camera stands still");
  await page.mouse.click(160, 120);
  assert.deepEqual(await told(page, "onBox").then((all) => all.length), 4, "a click is no rectangle");
  assert.deepEqual(await page.evaluate(() => calls.find(([name]) => name === "onSelect")), ["onSelect", 1, true]);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("WEB38: once armed a drag selects wherever it begins, on a handle too; Esc ends it", async () => {
  const page = await scene();
  await page.evaluate(async () => (vp.setTool("translate"), vp.select([1]), vp.armBox(true), await idle()));
  await draw(page, [0, 0], [4.2, -0.3]);
  assert.deepEqual(await told(page, "onBox"), [[[1, 2, 3], false]]);
  assert.deepEqual(await page.evaluate(() => calls.filter(([n]) => n === "onBoxArmed").map(([, on]) => on)), [true, false]);
  assert.deepEqual(await told(page, "onTransform"), []);
  // Only the next one.
  await page.evaluate(() => vp.armBox(true));
  await draw(page, [-5, 2], [5, -2], { up: false });
  await page.keyboard.press("Escape");
  assert.equal(await frame(page), null);
  await page.mouse.up();
  await page.evaluate(() => (vp.setTool("select"), calls.splice(0)));
  await draw(page, [-5, 2], [5, -2]);
  assert.deepEqual(await told(page, "onBox"), [], "the drag after it turns the view again");
  assert.ok((await page.evaluate(() => (idle(), calls.filter(([name]) => name === "onCamera").length))) > 0);
  await page.evaluate(() => vp.armBox(true));
  await page.keyboard.press("Escape");
  assert.deepEqual(await page.evaluate(() => calls.filter(([n]) => n === "onBoxArmed").map(([, on]) => on)), [true, false]);
  await page.close();
});

test("WEB38: of 10,000 objects a rectangle finds those it covers, as a look at each one would", async () => {
  const page = await browser.page();
  const seen = await page.evaluate(async () => {
    vp.setWorld({ size: 25, transparency: 1 });
    vp.setCamera(14, 12, 20, 0, 0, 0, 60);
    let seed = 5;
    const next = () => (seed = (seed * 1664525 + 1013904223) % 4294967296) / 4294967296;
    const kinds = ["cube", "sphere", "cylinder", "cone", "plane", "torus", "custom"];
    const n = 10_000;
    put(...Array.from({ length: n }, (_, i) => rec(i, kinds[i % kinds.length], [next() * 24 - 12, next() * 24 - 12, next() * 24 - 12], { scale: [0.2, 0.6, 0.2], rotation: [next() * 360, next() * 360, 0] })));
    await idle();
    const canvas = document.querySelector("canvas");
    const event = (type, x, y) => canvas.dispatchEvent(new PointerEvent(type, { pointerId: 1, button: 0, buttons: 1, shiftKey: true, clientX: x, clientY: y, bubbles: true }));
    canvas.setPointerCapture = () => {};
    event("pointerdown", 80, 60);
    event("pointermove", 200, 150);
    const from = performance.now();
    event("pointerup", 200, 150);
    const took = performance.now() - from;
    const [, slots] = calls.find(([name]) => name === "onBox");
    const found = new Set(slots);
    let centres = 0, missed = 0, far = 0;
    for (let slot = 0; slot < n; slot++) {
      const p = vp.screenPosition(slot);
      const inside = p && p.x >= 80 && p.x <= 200 && p.y >= 60 && p.y <= 150;
      if (inside) centres++;
      if (inside && !found.has(slot)) missed++;
      // No object is larger than 20 pixels here.
      if (found.has(slot) && (p.x < 60 || p.x > 220 || p.y < 40 || p.y > 170)) far++;
    }
    return { took, centres, missed, far, found: found.size };
  });
  console.log(`10,000 objects: a rectangle over ${seen.found} of them took ${seen.took.toFixed(1)} ms`);
  assert.deepEqual([seen.missed, seen.far], [0, 0]);
  assert.ok(seen.centres > 500 && seen.found > seen.centres, JSON.stringify(seen));
  assert.ok(seen.took < 250, `${seen.took} ms`);
  await page.close();
});
