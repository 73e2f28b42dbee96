// Other people in the view: the parts that need no browser, and the built viewport in a real one.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { arrange, takesDarkText } from "../tags.js";
import { DELAY_MS, Track } from "../tracks.js";
import { start } from "./browser.mjs";

let browser;
before(async () => (browser = await start()));
after(() => browser?.stop());

/** Runs `body` in a fresh page and checks that the page reported no error. */
async function run(body, arg, options) {
  const page = await browser.page(options);
  try {
    const result = await page.evaluate(body, arg);
    assert.deepEqual(page.errors, []);
    return result;
  } finally {
    await page.close();
  }
}

test("WEB44: what comes in steps is shown as one movement, a moment behind, and comes to rest", () => {
  const track = new Track([0]);
  assert.equal(track.moves(1000), false);
  // Ten steps a second, after a long rest.
  for (let now = 5000; now <= 6000; now += 100) track.push(now, [(now - 5000) / 100 + 1]);
  assert.deepEqual(track.newest, [11]);
  let [last] = track.at(6000);
  const shown = [];
  for (let now = 6000; track.moves(now); now += 16) {
    const [x] = track.at(now);
    assert.ok(x >= last && x - last < 0.2, `${last} became ${x}`);
    shown.push((last = x));
  }
  assert.ok(Math.abs(shown[0] - (11 - DELAY_MS / 100)) < 1e-9, `${shown[0]}`);
  assert.deepEqual(track.at(6000 + DELAY_MS), [11]);
  assert.equal(track.moves(6000 + DELAY_MS), false);
});

test("WEB44: after a rest a movement begins where it rested, not on the way since long ago", () => {
  const track = new Track([0]);
  track.push(1000, [1]);
  assert.deepEqual(track.at(1000 + DELAY_MS), [1]);
  track.push(60_000, [11]);
  assert.deepEqual(track.at(60_000), [1]);
  assert.ok(Math.abs(track.at(60_000 + DELAY_MS - 50)[0] - 6) < 1e-9);
  assert.deepEqual(track.at(90_000), [11]);
});

test("WEB44: a track keeps a bounded number of steps, whatever comes and however long nobody looks", () => {
  const track = new Track([0]);
  for (let i = 0; i < 10_000; i++) track.push(i, [i]);
  assert.ok(track.steps.length <= 8, `${track.steps.length} steps`);
  assert.deepEqual(track.at(1e9), [9999]);
});

test("WEB44: names that would cover each other are one, the nearest first, and never too many", () => {
  const spot = (id, x, y, depth) => ({ face: { id, name: id, color: [0, 0, 0] }, x, y, lift: 0, depth, opacity: 1 });
  const shown = arrange([spot("far", 102, 50, 9), spot("near", 100, 50, 3), spot("aside", 300, 50, 5)]);
  assert.deepEqual(shown.map(({ spot, more }) => [spot.face.id, more]), [["near", 1], ["aside", 0]]);
  const many = Array.from({ length: 200 }, (_, i) => spot(`p${i}`, (i % 20) * 100, Math.floor(i / 20) * 100, i));
  assert.equal(arrange(many).length, 24);
  assert.deepEqual([takesDarkText([1, 1, 1]), takesDarkText([0, 0, 0]), takesDarkText([0.16, 0.38, 0.83])], [true, false, false]);
});

test("WEB44: somebody's camera is a frustum in their colour with their name, and goes when they leave", async () => {
  const seen = await run(async () => {
    vp.setWorld({ size: 25, transparency: 1 });
    vp.setCamera(0, 0, 12, 0, 0, 0, 50);
    await idle();
    const green = async () => {
      await idle();
      const canvas = document.querySelector("canvas");
      const copy = new OffscreenCanvas(canvas.width, canvas.height);
      // In the very frame that drew, before the browser may clear the buffer.
      vp.setTheme({ dark: true });
      await new Promise((done) => requestAnimationFrame(done));
      const context = copy.getContext("2d");
      context.drawImage(canvas, 0, 0);
      const { data } = context.getImageData(0, 0, copy.width, copy.height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) if (data[i + 1] > 110 && data[i + 1] > 1.6 * data[i] && data[i + 1] > 1.6 * data[i + 2]) count++;
      return count;
    };
    const face = { name: "Ada", color: [0, 1, 0], camera: [0, 0, 3, 8, 0, 0], fov: 60 };
    const before = await green();
    const objects = vp.stats().drawCalls;
    vp.setPeer("ada", face);
    const there = await green();
    const calls = vp.stats().drawCalls - objects;
    const tag = document.querySelector("[data-testid=peer-tag]");
    const told = [tag.textContent, tag.title, tag.style.display];
    const at = tag.getBoundingClientRect();
    tag.click();
    vp.setPeer("ada", { ...face, camera: [0, 0, 11.5, 8, 0, 0] });
    await idle();
    const close = [await green(), tag.style.display];
    vp.setPeer("ada", { ...face, frustum: false });
    await idle();
    const hidden = [await green(), tag.style.display];
    vp.setPeer("ada", face);
    await idle();
    const shot = await window.shot();
    let inShot = 0;
    for (let i = 0; i < shot.data.length; i += 4) if (shot.data[i + 1] > 110 && shot.data[i + 1] > 1.6 * shot.data[i]) inShot++;
    vp.setPeer("ada", null);
    const gone = [await green(), document.querySelector("[data-testid=peer-tag]")];
    return { before, there, calls, told, at: [at.x + at.width / 2, at.bottom], close, hidden, inShot, gone, pressed: window.calls.filter(([name]) => name === "onPeer") };
  });
  assert.equal(seen.before, 0);
  assert.ok(seen.there > 30, `${seen.there} green pixels`);
  assert.equal(seen.calls, 2, "draw calls for all frusta");
  assert.deepEqual(seen.told, ["Ada", "Follow Ada", ""]);
  assert.ok(Math.abs(seen.at[0] - 160) < 2 && seen.at[1] < 120, `the name is above: ${seen.at}`);
  assert.deepEqual(seen.pressed, [["onPeer", "ada"]]);
  assert.deepEqual(seen.close, [0, "none"], "a camera at one's own is not seen");
  assert.deepEqual(seen.hidden, [0, "none"]);
  assert.equal(seen.inShot, 0, "a screenshot has no people in it");
  assert.deepEqual(seen.gone, [0, null]);
});

test("WEB108: somebody's camera is small at any distance, and fades where it is near", async () => {
  const page = await browser.page({ width: 640, height: 480, reducedMotion: "reduce" });
  const seen = await page.evaluate(async () => {
    vp.setWorld({ size: 25, transparency: 1 });
    vp.setCamera(0, 0, 10, 0, 0, 0, 60);
    await idle();
    const look = async () => {
      await idle();
      const canvas = document.querySelector("canvas");
      const copy = new OffscreenCanvas(canvas.width, canvas.height);
      // In the very frame that drew, before the browser may clear the buffer.
      vp.setTheme({ dark: true });
      await new Promise((done) => requestAnimationFrame(done));
      const context = copy.getContext("2d");
      context.drawImage(canvas, 0, 0);
      return context.getImageData(0, 0, copy.width, copy.height).data;
    };
    const plain = await look();
    const out = [];
    for (const away of [1.5, 3, 7, 30]) {
      vp.setPeer("ada", { name: "Ada", color: [1, 0, 1], camera: [0, 0, 10 - away, 0.3, 0.2, -100], fov: 75 });
      const now = await look();
      let [count, most] = [0, 0];
      for (let i = 0; i < now.length; i += 4) {
        const d = Math.max(...[0, 1, 2].map((k) => Math.abs(now[i + k] - plain[i + k])));
        if (d > 12) count++;
        most = Math.max(most, d);
      }
      out.push({ away, part: count / (now.length / 4), most });
    }
    return out;
  });
  for (const { away, part } of seen) assert.ok(part < 0.01, `${part} of the view at ${away}`);
  const [touching, near, whole, far] = seen.map(({ most }) => most);
  assert.ok(touching < 12 && near > 12 && near < 0.7 * whole && far > 90, JSON.stringify(seen));
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("WEB44: 200 people cost two draw calls, move for as long as they move, and no longer", async () => {
  const seen = await run(async () => {
    vp.setCamera(20, 20, 20, 0, 0, 0, 60);
    await idle();
    const alone = vp.stats().drawCalls;
    const at = (i, turn) => [12 * Math.cos(i + turn), (i % 10) - 5, 12 * Math.sin(i + turn), 0, 0, 0];
    const put = (turn) => {
      for (let i = 0; i < 220; i++) vp.setPeer(`p${i}`, { name: `P ${i}`, color: [1, 0.5, 0], camera: at(i, turn), pointer: [i % 10, 0, 0] });
    };
    put(0);
    await idle();
    const calls = vp.stats().drawCalls - alone;
    const tags = [...document.querySelectorAll("[data-testid=peer-tag]")].filter((tag) => tag.style.display !== "none");
    const dots = document.querySelectorAll("[data-testid=peer-pointer]").length;
    const still = vp.stats().frames;
    await new Promise((done) => setTimeout(done, 200));
    const rested = vp.stats().frames - still;
    put(0.2);
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    await idle();
    const moved = vp.stats().frames - still;
    await new Promise((done) => setTimeout(done, 200));
    return { calls, tags: tags.length, dots, rested, moved, after: vp.stats().frames - still - moved };
  });
  assert.equal(seen.calls, 2);
  assert.ok(seen.tags > 3 && seen.tags <= 24, `${seen.tags} names`);
  assert.equal(seen.dots, 200, "more than the bound are not drawn");
  assert.equal(seen.rested, 0, "nothing runs while nobody moves");
  assert.ok(seen.moved > 0, "they moved");
  assert.equal(seen.after, 0, "and came to rest");
});

test("WEB45: what others have selected is outlined in their colour; one's own outline goes first", async () => {
  const page = await browser.page();
  const edge = () =>
    page.evaluate(async () => {
      await idle();
      const s = await shot();
      // The cube's right edge is somewhere right of the middle: the strongest pixel on the way out.
      const row = Array.from({ length: 140 }, (_, i) => s.at(165 + i, 120));
      const most = (of) => row.reduce((best, p) => Math.max(best, of(p)), -255);
      return { magenta: most(([r, g, b]) => Math.min(r, b) - g), accent: most(([r, , b]) => r - b) };
    });
  await page.evaluate(async () => {
    vp.setWorld({ size: 25, transparency: 1 });
    vp.setCamera(0, 0, 10, 0, 0, 0, 50);
    put(rec(4, "cube", [0, 0, 0], { color: [0.4, 0.4, 0.4], scale: [3, 3, 3] }));
    vp.setPeer("ada", { name: "Ada", color: [1, 0, 1] });
    vp.setPeer("bob", { name: "Bob", color: [0, 1, 1] });
    await idle();
  });
  const plain = await edge();
  assert.ok(plain.magenta < 40 && plain.accent < 60, JSON.stringify(plain));
  await page.evaluate(() => (vp.setPeerSelection("ada", [4, 9]), vp.setPeerSelection("bob", [4])));
  const theirs = await edge();
  assert.ok(theirs.magenta > 120, JSON.stringify(theirs));
  await page.evaluate(() => vp.select([4]));
  const own = await edge();
  assert.ok(own.accent > 120 && own.magenta < 60, JSON.stringify(own));
  await page.evaluate(() => vp.select([]));
  assert.ok((await edge()).magenta > 120);

  await page.mouse.move(160, 120);
  await page.waitForFunction(() => document.querySelector("[data-testid=peer-selecting]").style.display === "flex");
  assert.deepEqual(await page.locator("[data-testid=peer-selecting] > *").allTextContents(), ["Ada", "Bob"]);
  await page.mouse.move(5, 5);
  await page.waitForFunction(() => document.querySelector("[data-testid=peer-selecting]").style.display === "none");
  // Its slot goes, and comes back as another object that they still have selected.
  await page.evaluate(() => put(gone(4)));
  assert.ok((await edge()).magenta < 40);
  await page.evaluate(() => put(rec(4, "cube", [0, 0, 0], { color: [0.4, 0.4, 0.4], scale: [3, 3, 3] })));
  assert.ok((await edge()).magenta > 120);
  await page.evaluate(() => vp.setPeer("ada", null));
  assert.ok((await edge()).magenta < 40, "Bob's is another colour");
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("WEB46: following goes to the other's camera and along with it, and ends with one's own drag", async () => {
  const page = await browser.page();
  const seen = await page.evaluate(async () => {
    vp.setCamera(0, 0, 12, 0, 0, 0, 60);
    await idle();
    vp.setPeer("ada", { name: "Ada", color: [1, 0, 0], camera: [10, 2, 0, 0, 1, 0] });
    vp.followPeer("ada");
    await idle();
    const first = [...vp.pose()];
    const frames = vp.stats().frames;
    await new Promise((done) => setTimeout(done, 200));
    const rested = vp.stats().frames - frames;
    vp.setPeer("ada", { name: "Ada", color: [1, 0, 0], camera: [0, 5, -9, 1, 0, 0] });
    await idle();
    const second = [...vp.pose()];
    const byUser = calls.filter(([name]) => name === "onCamera").some((call) => call[7]);
    vp.setPeer("ada", null);
    await idle();
    return { first, second, rested, byUser, left: [...vp.pose()] };
  });
  const near = (a, b) => a.every((v, i) => Math.abs(v - b[i]) < 1e-3);
  assert.ok(near(seen.first, [10, 2, 0, 0, 1, 0]), `${seen.first}`);
  assert.ok(near(seen.second, [0, 5, -9, 1, 0, 0]), `${seen.second}`);
  assert.equal(seen.rested, 0, "nothing runs while neither moves");
  assert.equal(seen.byUser, false);
  assert.ok(near(seen.left, seen.second), "the view stays where it is");

  await page.evaluate(async () => {
    vp.setPeer("ada", { name: "Ada", color: [1, 0, 0], camera: [10, 2, 0, 0, 1, 0] });
    vp.followPeer("ada");
    await idle();
    calls.length = 0;
  });
  await page.mouse.move(160, 120);
  await page.mouse.down();
  await page.mouse.move(200, 120, { steps: 4 });
  await page.mouse.up();
  const after = await page.evaluate(async () => {
    await idle();
    const own = [...vp.pose()];
    vp.setPeer("ada", { name: "Ada", color: [1, 0, 0], camera: [0, 9, 9, 0, 0, 0] });
    await idle();
    return { own, now: [...vp.pose()], byUser: calls.filter(([name]) => name === "onCamera").at(-1)[7] };
  });
  // What is left of a drag fades away over a while.
  assert.ok(after.now.every((v, i) => Math.abs(v - after.own[i]) < 0.2), `it follows no more: ${after.now}`);
  assert.equal(after.byUser, true);
  await page.close();
});

test("WEB46: where the user prefers reduced motion nothing glides, and following goes to where they rest", async () => {
  const seen = await run(
    async () => {
      vp.setCamera(0, 0, 12, 0, 0, 0, 60);
      await idle();
      vp.setPeer("ada", { name: "Ada", color: [1, 0, 0], camera: [10, 2, 0, 0, 1, 0] });
      vp.followPeer("ada");
      await idle();
      calls.length = 0;
      vp.setPeer("ada", { name: "Ada", color: [1, 0, 0], camera: [0, 5, -9, 1, 0, 0] });
      await idle();
      return { poses: calls.filter(([name]) => name === "onCamera").map((call) => call.slice(1, 7)), now: [...vp.pose()] };
    },
    null,
    { reducedMotion: "reduce" },
  );
  assert.equal(seen.poses.length, 1, JSON.stringify(seen.poses));
  assert.ok(seen.now.every((v, i) => Math.abs(v - [0, 5, -9, 1, 0, 0][i]) < 1e-9), `${seen.now}`);
});

test("WEB43: a mouse tells what it points at: an object, the floor, or nothing", async () => {
  const page = await browser.page();
  await page.evaluate(async () => {
    put(rec(4, "cube", [0, 1, 0], { scale: [2, 2, 2] }));
    vp.setCamera(0, 10, 0.001, 0, 0, 0, 60);
    await idle();
    calls.length = 0;
  });
  const points = async (x, y) => {
    await page.mouse.move(x, y);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    return (await page.evaluate(() => calls.splice(0).filter(([name]) => name === "onPoint"))).at(-1).slice(1);
  };
  const [x, y, z] = await points(160, 120);
  assert.ok(Math.abs(x) < 0.1 && Math.abs(y - 2) < 1e-3 && Math.abs(z) < 0.1, `on top of the cube: ${[x, y, z]}`);
  const floor = await points(260, 120);
  assert.ok(floor[0] > 3 && floor[0] < 7 && floor[1] === 0, `${floor}`);
  await page.evaluate(async () => (vp.setCamera(0, 2, 30, 0, 40, 0, 60), await idle()));
  assert.ok((await points(170, 60)).every(Number.isNaN), "the sky is nothing of the world");
  await page.close();
});
