// Where things of the world are on a page, as its camera shows them.
import { until } from "./until.mjs";

const HALF_FOV = Math.tan(Math.PI / 6);

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const unit = (a) => a.map((v) => v / Math.hypot(...a));

/** Where a page's camera stands and what it looks at, once it rests. */
async function cameraOf(page) {
  let last = "";
  const pose = await until("the camera rests", async () => {
    const now = await page.evaluate(async () => {
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      return window.__vws.camera;
    });
    const rests = now && String(now) === last;
    last = String(now);
    return rests && now;
  });
  return { at: pose.slice(0, 3), target: pose.slice(3) };
}

/** The pixel of the page at which a point of the world is seen. */
export async function seenAt(page, point) {
  const { at, target } = await cameraOf(page);
  const box = await page.getByTestId("viewport").boundingBox();
  const front = unit(target.map((v, k) => v - at[k]));
  const right = unit(cross(front, [0, 1, 0]));
  const up = cross(right, front);
  const way = point.map((v, k) => v - at[k]);
  const depth = dot(way, front);
  const scale = box.height / 2 / HALF_FOV / depth;
  return { x: box.x + box.width / 2 + dot(way, right) * scale, y: box.y + box.height / 2 - dot(way, up) * scale };
}

/** Where a handle along an axis is taken, as a point of the world: the middle of its arrow. */
async function grip(page, at, axis) {
  const camera = await cameraOf(page);
  const distance = Math.hypot(...at.map((v, k) => v - camera.at[k]));
  const reach = (0.3 * distance * 1.9 * HALF_FOV) / 4;
  return at.map((v, k) => (k === axis ? v + reach : v));
}

/** An object as a page shows it. */
export const shown = (page, name) =>
  page.evaluate((name) => JSON.parse(window.__vws.snapshot()).objects.find((object) => object.name === name), name);

/** Presses the mouse on a handle of an object at `at`, along x, y or z. Returns how to drag it. */
export async function takeHandle(page, at, axis) {
  const from = await grip(page, at, axis);
  const { x, y } = await seenAt(page, from);
  await until("the handle is there", async () => {
    // A move that is none is no event.
    await page.mouse.move(x - 2, y);
    await page.mouse.move(x, y);
    return (await page.locator(".view-canvas canvas").evaluate((canvas) => canvas.style.cursor)) === "grab";
  });
  await page.mouse.down();
  return {
    /** Moves the mouse to where the handle is once the object has moved so far. */
    async to(by, steps = 8) {
      const target = await seenAt(page, from.map((v, k) => (k === axis ? v + by : v)));
      await page.mouse.move(target.x, target.y, { steps });
    },
    release: () => page.mouse.up(),
  };
}
