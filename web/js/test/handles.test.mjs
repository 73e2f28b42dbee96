// The handles: their arithmetic, and a real mouse on them in a real browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Quaternion, Vector3 } from "three";
import * as transforms from "../transforms.js";
import { start } from "./browser.mjs";

const pose = (at, rotation = [0, 0, 0], scale = [1, 1, 1]) => [...at, ...rotation, ...scale];
const near = (got, want, within = 1e-6) => {
  assert.equal(got.length, want.length);
  for (const [i, v] of [...got].entries()) assert.ok(Math.abs(v - want[i]) <= within, `${[...got]} is not ${want}`);
};
const about = (axis, degrees) => new Quaternion().setFromAxisAngle(new Vector3(...axis), (degrees * Math.PI) / 180);

test("WEB35: a move stops at the border, all objects as one", () => {
  const begin = new Float64Array([...pose([10, 0, 0]), ...pose([-3, 11, 0])]);
  near(transforms.fitMove(begin, new Vector3(5, 3, -20), false).toArray(), [2, 1, -12]);
  // Along turned axes the move stays on its line.
  near(transforms.fitMove(begin, new Vector3(4, 4, 0), true).toArray(), [1, 1, 0]);
  const out = begin.slice();
  transforms.move(begin, out, new Vector3(2, 1, 0));
  near(out, [...pose([12, 1, 0]), ...pose([-1, 12, 0])]);
  assert.deepEqual(transforms.reached(out), [false, true, false, true, false, false]);
  assert.equal(out[2], 0);
});

test("WEB35: Shift stands the object on half units, or moves it by half units along its own axes", () => {
  const anchor = new Vector3(0.3, 1.2, 0);
  near(transforms.snapMove(new Vector3(1.1, 0.4, 0), anchor, "X", null).toArray(), [1.2, 0.4, 0]);
  const turn = about([0, 0, 1], 90);
  near(transforms.snapMove(new Vector3(0, 0.7, 0), anchor, "X", turn).toArray(), [0, 0.5, 0]);
});

test("WEB35: turning takes objects about the middle, and angles stay near to what they were", () => {
  const begin = new Float64Array([...pose([1, 0, 0], [0, 80, 0]), ...pose([-1, 0, 0], [0, 350, 0])]);
  const out = begin.slice();
  transforms.rotate(begin, out, new Vector3(), about([0, 1, 0], 20));
  const [c, s] = [Math.cos(Math.PI / 9), Math.sin(Math.PI / 9)];
  near(out, [...pose([c, 0, -s], [0, 100, 0]), ...pose([-c, 0, s], [0, 370, 0])], 1e-4);
  near(transforms.nearestAngles(about([1, 0, 0], 10), [719, 0, 0]), [730, 0, 0], 1e-4);
  // 36,010 would be nearer, but the model ends at 36,000.
  near(transforms.nearestAngles(about([1, 0, 0], 10), [36_000, 0, 0]), [35_650, 0, 0], 1e-4);
});

test("WEB35: scaling grows objects and the room between them, never inside out", () => {
  const begin = new Float64Array([...pose([2, 0, 0], [0, 0, 0], [1, 2, 3]), ...pose([-2, 0, 0])]);
  const out = begin.slice();
  const factor = transforms.snapScale(new Vector3(1.52, 9, 9), new Vector3(1, 1, 1), "X", 0.1);
  near(factor.toArray(), [1.5, 1, 1]);
  transforms.scale(begin, out, new Vector3(), new Quaternion(), factor);
  near(out, [...pose([3, 0, 0], [0, 0, 0], [1.5, 2, 3]), ...pose([-3, 0, 0], [0, 0, 0], [1.5, 1, 1])]);
  transforms.scale(begin, out, new Vector3(), new Quaternion(), transforms.snapScale(new Vector3(-4, 1, 1), new Vector3(1, 1, 1), "X", 0));
  assert.equal(out[6], transforms.BOUNDS.scale.min);
  near(transforms.snapScale(new Vector3(1.26, 1.26, 1.26), new Vector3(3, 1, 2), "XYZ", 0.1).toArray(), [1.3, 1.3, 1.3]);
});

let browser;
before(async () => (browser = await start()));
after(() => browser?.stop());

/** Pixels per world unit in the plane of the target: 240 px high, from 10 units away, at 60 degrees. */
const UNIT = 120 / Math.tan(Math.PI / 6) / 10;
/** How far along its axis a handle is taken: the middle of its arrow. */
const GRIP = 0.3 * ((10 * 1.9 * Math.tan(Math.PI / 6)) / 4) * UNIT;

/** A page that looks along −z at cubes in slots 0.., all selected. */
async function scene(tool, positions, options = {}) {
  const page = await browser.page();
  await page.evaluate(
    async ([tool, positions, options]) => {
      vp.setWorld({ size: 25, transparency: 1 });
      vp.setCamera(0, 0, 10, 0, 0, 0, 60);
      put(...positions.map((at, slot) => rec(slot, "cube", at, options)));
      vp.select(positions.map((_, slot) => slot));
      vp.setTool(tool);
      await idle();
    },
    [tool, positions, options],
  );
  return page;
}

const told = (page) =>
  page.evaluate(() => calls.filter(([n]) => n === "onTransform").map(([, phase, changes]) => [phase, [...changes]]));
const settle = (page) => page.evaluate(() => idle());

/** Takes the mouse from one point to another, both from the middle of the view. */
async function drag(page, from, to, { up = true } = {}) {
  // A little beside the axis: a ray within an edge of the handle's own shape may miss it.
  await page.mouse.move(160 + from[0], 122 + from[1]);
  await page.mouse.down();
  for (const part of [0.25, 0.5, 0.75, 1]) {
    await page.mouse.move(160 + from[0] + (to[0] - from[0]) * part, 122 + from[1] + (to[1] - from[1]) * part);
  }
  await settle(page);
  if (up) {
    await page.mouse.up();
    await settle(page);
  }
}

test("WEB35: a handle that is dragged moves the object along its axis and the camera not at all", async () => {
  const page = await scene("translate", [[0, 0, 0]]);
  await page.evaluate(() => calls.splice(0));
  await drag(page, [GRIP, 0], [GRIP + 2 * UNIT, 30]);
  const all = await told(page);
  assert.equal(all[0][0], "begin");
  near(all[0][1], [0, ...pose([0, 0, 0])]);
  assert.ok(all.slice(1, -1).length >= 1 && all.slice(1, -1).every(([phase]) => phase === "move"));
  const [phase, last] = all.at(-1);
  assert.equal(phase, "end");
  near([last[1]], [2], 0.06);
  near([...last.slice(2)], pose([0, 0, 0]).slice(1));
  const seen = await page.evaluate(() => ({
    at: vp.screenPosition(0),
    picked: vp.pick((2 * 2 * 120) / Math.tan(Math.PI / 6) / 10 / 320, 0),
    others: calls.map(([name]) => name).filter((name) => name === "onCamera" || name === "onSelect"),
  }));
  near([seen.at.x, seen.at.y], [160 + last[1] * UNIT, 120], 0.01);
  assert.equal(seen.picked, 0);
  assert.deepEqual(seen.others, []);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("WEB35: Esc puts everything back, and the mouse that is still down turns nothing", async () => {
  const page = await scene("translate", [[-1, 0, 0], [1, 0, 0]]);
  await page.evaluate(() => calls.splice(0));
  await drag(page, [GRIP, 0], [GRIP + 3 * UNIT, 0], { up: false });
  await page.keyboard.press("Escape");
  await page.mouse.move(40, 30);
  await page.mouse.up();
  await settle(page);
  const all = await told(page);
  const [phase, last] = all.at(-1);
  assert.equal(phase, "cancel");
  near(last, [0, ...pose([-1, 0, 0]), 1, ...pose([1, 0, 0])]);
  assert.equal(all.filter(([p]) => p === "end").length, 0);
  const seen = await page.evaluate(() => [vp.screenPosition(0).x, calls.filter(([n]) => n === "onCamera" || n === "onSelect").length]);
  near(seen, [160 - UNIT, 0], 0.01);
  await page.close();
});

test("WEB35: no drag leaves the world, and its border shows while it is reached", async () => {
  const page = await scene("translate", [[10.5, 0, 0]]);
  await page.evaluate(async () => (vp.setCamera(10.5, 0, 10, 10.5, 0, 0, 60), await idle()));
  const image = () => page.evaluate(async () => (await shot()).at(160 + 1.5 * 20.78 - 1, 20));
  const before = await image();
  await drag(page, [GRIP, 0], [GRIP + 5 * UNIT, 0], { up: false });
  const during = await image();
  await page.mouse.up();
  await settle(page);
  const [, last] = (await told(page)).at(-1);
  assert.equal(last[1], 12);
  assert.notDeepEqual(during, before);
  assert.deepEqual(await image(), before);
  await page.close();
});

test("WEB35: Shift takes half units and fifteen degrees", async () => {
  const page = await scene("translate", [[0.2, 0, 0]]);
  await page.keyboard.down("Shift");
  await drag(page, [GRIP + 0.2 * UNIT, 0], [GRIP + 1.4 * UNIT, 0]);
  const [, moved] = (await told(page)).at(-1);
  near([moved[1]], [1.5]);
  await page.evaluate(async () => (put(rec(0, "cube", [0, 0, 0])), vp.setTool("rotate"), calls.splice(0), await idle()));
  // The ring about z faces the camera; between the axes no other one lies over it.
  const ring = (0.5 * (GRIP / 0.3)) / Math.SQRT2;
  await drag(page, [ring, -ring], [ring, ring]);
  await page.keyboard.up("Shift");
  const [phase, turned] = (await told(page)).at(-1);
  assert.equal(phase, "end");
  near(turned, [0, ...pose([0, 0, 0], [0, 0, -90])], 1e-4);
  await page.close();
});

test("WEB35: while it is dragged an object stays where the mouse has it, whatever records say", async () => {
  const page = await scene("translate", [[0, 0, 0], [0, 2, 0]]);
  await drag(page, [GRIP, -UNIT], [GRIP + 2 * UNIT, -UNIT], { up: false });
  const x = () => page.evaluate(async () => (await idle(), vp.screenPosition(0)?.x ?? null));
  const held = await x();
  await page.evaluate(() => put(rec(0, "cube", [-4, 0, 0], { color: [0, 0, 1] })));
  assert.equal(await x(), held);
  // One that is removed leaves the drag.
  await page.evaluate(() => put(gone(0)));
  await page.mouse.up();
  await settle(page);
  const [phase, last] = (await told(page)).at(-1);
  assert.equal(phase, "end");
  assert.equal(last.length, 10);
  assert.equal(last[0], 1);
  await page.evaluate(() => put(rec(1, "cube", [-4, 2, 0])));
  near([await page.evaluate(() => vp.screenPosition(1).x)], [160 - 4 * UNIT], 0.01);
  await page.close();
});

test("WEB35: a tool that there is not is refused by name", async () => {
  const page = await scene("select", [[0, 0, 0]]);
  const errors = await page.evaluate(() =>
    ["setTool", "setSpace"].map((name) => {
      try {
        vp[name]("shear");
      } catch (error) {
        return error.message;
      }
    }),
  );
  assert.deepEqual(errors, ["tool shear is not one of select, translate, rotate, scale", "space shear is not one of world, local"]);
  await drag(page, [GRIP, 0], [GRIP + 20, 0]);
  assert.deepEqual(await told(page), []);
  await page.close();
});

test("WEB106: a press on a handle without a drag moves nothing and selects what is behind it", async () => {
  const page = await scene("translate", [[0, 0, 0]], { scale: [0.2, 0.2, 0.2] });
  // In the middle of the handle of the plane x, y.
  const at = [160 + GRIP / 2, 120 - GRIP / 2];
  const click = async (jitter) => {
    await page.evaluate(() => calls.splice(0));
    await page.mouse.move(...at);
    await settle(page);
    await page.mouse.down();
    await page.mouse.move(at[0] + jitter, at[1]);
    await page.mouse.up();
    await settle(page);
    return page.evaluate(() => ({
      cursor: document.querySelector("canvas").style.cursor,
      selected: calls.filter(([name]) => name === "onSelect").map(([, slot]) => slot),
      moved: calls.filter(([name]) => name === "onTransform").flatMap(([, , changes]) => [...changes].slice(1, 4)),
    }));
  };
  // Nothing is behind it: what is selected stays so.
  const alone = await click(3);
  assert.equal(alone.cursor, "grab");
  assert.deepEqual(alone.selected, []);
  const side = ((GRIP / 2 / UNIT) * 13) / 10;
  await page.evaluate(async (side) => (put(rec(1, "cube", [side, side, -3])), await idle()), side);
  for (const { selected, moved } of [await click(0), await click(3)]) {
    assert.deepEqual(selected, [1]);
    assert.ok(moved.length > 0 && moved.every((v) => v === 0), `${moved}`);
  }
  const dragged = await click(9);
  assert.deepEqual(dragged.selected, []);
  assert.ok(Math.abs(dragged.moved.at(-3) - 9 / UNIT) < 0.06, `${dragged.moved}`);
  assert.deepEqual(page.errors, []);
  await page.close();
});
