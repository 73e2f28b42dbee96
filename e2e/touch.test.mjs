// The page by fingers, on phones and at 200 %.
import assert from "node:assert/strict";
import { test } from "node:test";
import { addWithForm, converge, openSession, state } from "./lib/app.mjs";
import { screenshot } from "./lib/browser.mjs";
import { startLooker } from "./lib/pixels.mjs";
import { stage } from "./lib/stage.mjs";
import { PHONE, dialog, openTimeline } from "./lib/states.mjs";
import { until } from "./lib/until.mjs";

const here = stage();
const SMALL = { ...PHONE, width: 320, height: 568 };
/** 1280 × 800 at 200 %. */
const ZOOMED = { width: 640, height: 400, deviceScaleFactor: 2 };
const CLIPBOARD = { permissions: ["clipboard-read", "clipboard-write"] };
const LEAST = 44;

const row = (page, name) => page.locator(`[data-testid=tree-row][data-name="${name}"]`);
const selection = (page) => page.evaluate(() => window.__vws.selection.join());
const isSelected = (page, wanted) => until(`${wanted} is selected`, async () => (await selection(page)) === wanted, () => selection(page));

/** Fingers on a page. Each place is x, y in CSS pixels; what is not lifted stays down. */
async function fingers(page) {
  const session = await page.context().newCDPSession(page);
  const send = (type, places) =>
    session.send("Input.dispatchTouchEvent", { type, touchPoints: places.map(([x, y], id) => ({ x, y, id })) });
  return {
    down: (...places) => send("touchStart", places),
    lift: () => send("touchEnd", []),
    /** Puts fingers down, moves them in steps, and lifts them. */
    async drag(from, to, steps = 8) {
      await send("touchStart", from);
      for (let step = 1; step <= steps; step += 1) {
        const part = step / steps;
        await send("touchMove", from.map(([x, y], n) => [x + (to[n][0] - x) * part, y + (to[n][1] - y) * part]));
      }
      await send("touchEnd", []);
    },
  };
}

/** Where the person looks from and at: what a link to their view says. */
async function pose(page) {
  await page.evaluate(() => navigator.clipboard.writeText(""));
  await page.keyboard.press("Control+Shift+C");
  const link = await until("a link is on the clipboard", () => page.evaluate(() => navigator.clipboard.readText()));
  // A link says nothing of a view that is the shared one.
  const camera = new URLSearchParams(new URL(link).hash.slice(1)).get("camera") ?? (await page.evaluate(() => String(window.__vws.camera)));
  const numbers = camera.split(",").map(Number);
  return { at: numbers.slice(0, 3), to: numbers.slice(3) };
}
const apart = (a, b) => Math.hypot(...a.map((v, n) => v - b[n]));

/** Waits until the camera rests, and tells where. */
async function rest(page) {
  let last = await pose(page);
  return until("the camera rests", async () => {
    const now = await pose(page);
    const rests = apart(now.at, last.at) + apart(now.to, last.to) < 1e-6;
    last = now;
    return rests && now;
  });
}

test("WEB63: one finger turns the view, two pinch and shift it", async () => {
  const id = await here.api.session("Fingers");
  await here.api.create(id, { name: "ball", type: "sphere", x: 0, y: 0, z: 0, scale: 3 });
  const page = await openSession(here.browser, here.server.origin, id, { ...PHONE, ...CLIPBOARD });
  await until("there is an object", async () => (await state(page)).objects === 1);
  const { drag } = await fingers(page);
  const first = await rest(page);
  const far = apart(first.at, first.to);

  await drag([[200, 500]], [[290, 500]]);
  const turned = await rest(page);
  assert.ok(apart(turned.at, first.at) > 1, "it has turned");
  assert.ok(apart(turned.to, first.to) < 0.01, "around the same point");
  assert.ok(Math.abs(apart(turned.at, turned.to) - far) < 0.1, "as far away as before");

  await drag([[180, 450], [210, 450]], [[110, 450], [280, 450]]);
  const near = await rest(page);
  assert.ok(apart(near.at, near.to) < far * 0.7, "a pinch brings it nearer");

  await drag([[160, 400], [220, 400]], [[160, 560], [220, 560]]);
  const shifted = await rest(page);
  assert.ok(apart(shifted.to, near.to) > 0.02 * apart(near.at, near.to), "two fingers shift it");
  assert.equal(await selection(page), "", "no gesture is a tap");
  assert.deepEqual(page.faults, []);
});

test("WEB63: a tap selects, a long press selects one more: in the world and in the list", async () => {
  const id = await here.api.session("Long press");
  await here.api.command(id, { type: "initialize_world", world: { transparency: 1, camera_x: 0, camera_y: 0, camera_z: 20 } });
  await here.api.create(id, { name: "a", type: "sphere", x: -2, y: 0, z: 0, scale: 2, color: "#3f8ae0" });
  await here.api.create(id, { name: "b", type: "sphere", x: 2, y: 0, z: 0, scale: 2, color: "#ff00ff" });
  const looker = await startLooker(here.browser);
  const page = await openSession(here.browser, here.server.origin, id, { ...PHONE, deviceScaleFactor: 1 });
  const { down, lift } = await fingers(page);
  const viewport = page.getByTestId("viewport");
  const { magenta } = await until("b is drawn", async () => {
    const seen = await looker.look(await viewport.screenshot());
    return seen.magenta.count > 100 && seen;
  });
  const box = await viewport.boundingBox();
  const b = [box.x + magenta.x, box.y + magenta.y];
  // The camera looks at the middle between the two.
  const a = [2 * (box.x + box.width / 2) - b[0], b[1]];

  await page.touchscreen.tap(...a);
  await isSelected(page, "a");
  await down(b);
  await isSelected(page, "a,b");
  await lift();
  await page.touchscreen.tap(...a);
  await isSelected(page, "a");

  await page.getByTestId("dock-objects").click();
  await row(page, "b").waitFor();
  const place = await row(page, "b").boundingBox();
  const onB = [place.x + place.width / 2, place.y + place.height / 2];
  await down(onB);
  await isSelected(page, "a,b");
  await lift();
  await isSelected(page, "a,b");
  await page.touchscreen.tap(...onB);
  await isSelected(page, "b");
  assert.deepEqual(page.faults, []);
});

test("WEB63: panels come up as sheets that a finger pulls up, down and away", async () => {
  const id = await here.api.session("Sheets");
  await here.api.create(id, { name: "a", type: "cube", x: 0, y: 0, z: 0 });
  const page = await openSession(here.browser, here.server.origin, id, PHONE);
  const { drag } = await fingers(page);
  assert.equal(await page.getByTestId("sheet").count(), 0, "the world is what one sees first");
  await page.getByTestId("dock-objects").click();
  await row(page, "a").waitFor();
  const sheet = page.getByTestId("sheet");
  const height = async () => (await sheet.boundingBox()).height;
  const workbench = (await page.getByRole("main").boundingBox()).height;
  const half = await until("it is up", async () => (await height()) > 200 && (await height()));
  assert.ok(half < workbench * 0.75, `${half} of ${workbench}`);

  const grip = async () => {
    const { x, y, width, height } = await page.getByTestId("sheet-grip").boundingBox();
    return [x + width / 2, y + height / 2];
  };
  const [x, y] = await grip();
  await drag([[x, y]], [[x, y - 200]]);
  await until("it is over all", async () => (await height()) > workbench * 0.9, height);
  const top = await grip();
  await drag([top], [[top[0], top[1] + workbench * 0.3]]);
  await until("it is as it was", async () => Math.abs((await height()) - half) < 2, height);
  const again = await grip();
  await drag([again], [[again[0], again[1] + 300]]);
  await sheet.waitFor({ state: "detached" });

  // No pull is needed, and one takes the other's place.
  await page.getByTestId("dock-objects").click();
  await page.getByTestId("dock-inspector").click();
  await page.getByTestId("side-panel").waitFor();
  assert.equal(await sheet.count(), 1);
  await page.getByTestId("dock-timeline").click();
  await page.getByTestId("timeline").waitFor();
  await sheet.waitFor({ state: "detached" });
  await page.getByTestId("dock-inspector").click();
  await page.getByTestId("side-panel").waitFor();
  await page.getByTestId("timeline").waitFor({ state: "detached" });
  await page.getByTestId("dock-inspector").click();
  await sheet.waitFor({ state: "detached" });
  assert.deepEqual(page.faults, []);
});

for (const [name, size] of [["phone", PHONE], ["small", SMALL]]) {
  test(`WEB85: above an open sheet the tools are in reach (${name})`, async () => {
    const id = await here.api.session("Tools");
    await here.api.create(id, { name: "a", type: "cube", x: 0, y: 0.5, z: 0 });
    const page = await openSession(here.browser, here.server.origin, id, { ...size, reducedMotion: "reduce" });
    for (const panel of ["dock-objects", "dock-inspector"]) {
      await page.getByTestId(panel).click();
      const sheet = await page.getByTestId("sheet").boundingBox();
      const world = await page.getByTestId("view").boundingBox();
      assert.ok(sheet.height <= Math.max(world.height * 0.55, 280) + 1, `a sheet of ${sheet.height} in ${world.height}`);
      for (const tool of ["tool-move", "tool-scale", "tool-select"]) {
        const { y, height } = await page.getByTestId(tool).boundingBox();
        assert.ok(y + height <= sheet.y, `${tool} ends at ${y + height}, the sheet begins at ${sheet.y}`);
        await page.getByTestId(tool).tap();
        await until(`${tool} is chosen`, async () => (await page.getByTestId(tool).getAttribute("aria-pressed")) === "true");
      }
      await screenshot(page, `sheet-tools-${name}-${panel}`);
    }
    assert.deepEqual(page.faults, []);
  });
}

/** Runs in the page: what can be pressed and is smaller than a finger. */
function tooSmall(least) {
  const inView = ({ left, right, top, bottom }) => right > 0 && bottom > 0 && left < innerWidth && top < innerHeight;
  const targets = [...document.querySelectorAll("button, a[href], input:not([type=file]), select, textarea, [role=treeitem], [role=option], [role=slider]")];
  return targets
    .map((target) => target.closest("label") ?? target)
    .filter((target) => getComputedStyle(target).pointerEvents !== "none")
    .filter((target) => target.checkVisibility({ visibilityProperty: true }) && inView(target.getBoundingClientRect()))
    .map((target) => ({ target, box: target.getBoundingClientRect() }))
    .filter(({ box }) => box.width < least - 0.5 || box.height < least - 0.5)
    .map(({ target, box }) => `${target.dataset.testid ?? target.className}: ${Math.round(box.width)} × ${Math.round(box.height)}`);
}

/** What is wider than the window, and the page that would have to be scrolled sideways for it. */
const overflow = (page) =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const bar = document.querySelector("header");
    const out = [...(bar?.querySelectorAll("button, a, h1") ?? [])].filter((element) => {
      const { left, right, width } = element.getBoundingClientRect();
      return width > 0 && (left < -0.5 || right > innerWidth + 0.5) && !element.matches(".skip-link");
    });
    // A sheet and the world behind it end where their place does.
    const place = document.querySelector("main").getBoundingClientRect();
    const long = [...document.querySelectorAll(".sheet, .view")].filter((part) => part.getBoundingClientRect().bottom > place.bottom + 0.5);
    return { over: scrollWidth - clientWidth, out: [...out, ...long].map((element) => element.dataset.testid ?? element.className) };
  });

async function fits(page, what, least) {
  assert.deepEqual(await overflow(page), { over: 0, out: [] }, what);
  if (least) assert.deepEqual(await page.evaluate(tooSmall, least), [], what);
}

// Without motion: what is on its way is measured where it is not going to be.
const STILL = { reducedMotion: "reduce" };
for (const [name, size, least] of [["phone", PHONE, LEAST], ["small", SMALL, LEAST], ["zoomed", ZOOMED, 0]]) {
  const options = { ...size, ...STILL };
  test(`WEB64: everything is in reach, and nothing scrolls sideways (${name})`, async () => {
    const id = await here.api.session(`In reach, with a rather long name (${name})`);
    const list = await here.browser.open(here.server.origin, options);
    await list.getByTestId("session-row").first().waitFor();
    await fits(list, "the list", least);
    await list.getByTestId("session-delete").first().click();
    await list.getByTestId("confirm").waitFor();
    await fits(list, "a question", least);
    await list.context().close();

    const page = await openSession(here.browser, here.server.origin, id, options);
    await page.getByTestId("empty-world").waitFor();
    await fits(page, "an empty session", least);
    await page.getByTestId("empty-world").getByRole("button").click();
    await page.getByTestId("create-form").waitFor();
    await fits(page, "the form", least);
    await addWithForm(page, { name: "first", x: 1 });
    await page.getByTestId("tab-object").click();
    await page.getByTestId("inspector").waitFor();
    await fits(page, "the inspector", least);
    await page.getByTestId("tab-world").click();
    await page.getByTestId("world-form").waitFor();
    await fits(page, "the world", least);
    await page.getByTestId("dock-objects").click();
    await row(page, "first").waitFor();
    await fits(page, "the objects", least);
    await page.getByTestId("dock-world").click();
    await page.getByTestId("files-button").click();
    await page.getByTestId("files-menu").waitFor();
    await fits(page, "the menu of files", least);
    await page.keyboard.press("Escape");
    await page.getByTestId("people-button").click();
    await page.getByTestId("your-name").waitFor();
    await fits(page, "the people", least);
    await page.keyboard.press("Escape");
    await page.getByTestId("dock-actions").click();
    await dialog(page, "palette").waitFor();
    await fits(page, "the actions", least);
    await page.keyboard.press("Escape");
    await dialog(page, "palette").waitFor({ state: "detached" });
    await openTimeline(page);
    await page.getByTestId("track").waitFor();
    await fits(page, "the timeline", least);
    await converge(here.api, id, [page]);
    assert.deepEqual(page.faults, []);
  });
}

test("WEB64: nothing that can be pressed is under a phone's own bars", async () => {
  const id = await here.api.session("Safe areas");
  const page = await openSession(here.browser, here.server.origin, id, PHONE);
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setSafeAreaInsetsOverride", { insets: { top: 47, bottom: 34 } });
  await page.getByTestId("dock-objects").waitFor();
  const inside = () =>
    page.evaluate(() => {
      const boxes = [...document.querySelectorAll("header button, header a, nav button")].map((element) => element.getBoundingClientRect());
      return boxes.filter(({ width }) => width > 0).every(({ top, bottom }) => top >= 47 && bottom <= innerHeight - 34);
    });
  await until("the bars are inside", inside);
});
