// The panel at the side, the tools over the view, and messages, as somebody new to them uses them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openSession, state } from "./lib/app.mjs";
import { screenshot } from "./lib/browser.mjs";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";

const here = stage();

const snapshot = async (id) => (await here.api.snapshot(id)).json;
const object = async (id, name) => (await snapshot(id)).objects.find((one) => one.name === name);
const field = (page, id) => page.getByTestId(id);
const says = (page, id) => field(page, id).inputValue();

/** What is selected of the field that has the focus. */
const selected = (page) =>
  page.evaluate(() => {
    const { id, value, selectionStart, selectionEnd } = document.activeElement;
    return [id, value?.slice(selectionStart, selectionEnd)];
  });

test("WEB99: the first press in a field selects all of it, the second places the caret", async () => {
  const id = await here.api.session("Presses");
  await here.api.create(id, { name: "a", type: "cube", x: 4, y: 0, z: 0 });
  const page = await openSession(here.browser, here.server.origin, id);
  await field(page, "tab-add").click();
  await field(page, "kind-plane").click();
  await until("the name is typed next", async () => (await selected(page)).join() === "create-name,plane-1", () => selected(page));
  await page.keyboard.type("ground");
  assert.equal(await says(page, "create-name"), "ground");

  await field(page, "create-scale-x").click();
  await page.keyboard.type("8");
  assert.equal(await says(page, "create-scale-x"), "8");
  // Its label is a way into it too.
  await page.locator("label[for=create-name]").click();
  assert.deepEqual(await selected(page), ["create-name", "ground"]);
  await field(page, "create-name").click();
  await field(page, "create-name").press("End");
  await page.keyboard.type("2");
  assert.equal(await says(page, "create-name"), "ground2");
  await field(page, "create-name").click();
  assert.deepEqual(await selected(page), ["create-name", ""]);

  // Keys that choose a type go on from there.
  await field(page, "kind-cone").focus();
  await page.keyboard.press("Enter");
  await until("it is a cone", async () => (await field(page, "kind-cone").getAttribute("aria-pressed")) === "true");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), "kind-cone");
  await field(page, "kind-other").click();
  await until("its type is typed next", async () => (await selected(page))[0] === "create-type");

  await page.locator('[data-testid=tree-row][data-name="a"]').click();
  await field(page, "inspector-x").click();
  assert.deepEqual(await selected(page), ["inspector-x", "4"]);
  await page.keyboard.type("-3");
  await page.keyboard.press("Enter");
  await until("it is there", async () => (await object(id, "a")).x === -3);
  assert.deepEqual(page.faults, []);
});

test("WEB98: a long number is shown short, and whole once one is in it", async () => {
  const id = await here.api.session("Digits");
  const [x, turn] = [1.5004321, 111.8376543];
  await here.api.create(id, { name: "a", type: "cube", x, y: 0.0004, z: 0, rotation: { x: 0, y: 0, z: turn } });
  const page = await openSession(here.browser, here.server.origin, id);
  await page.locator('[data-testid=tree-row][data-name="a"]').click();
  await until("it is shown", async () => (await says(page, "inspector-rotation-z")) === "111.84");
  assert.deepEqual([await says(page, "inspector-x"), await says(page, "inspector-y")], ["1.5", "0.0004"]);
  assert.equal(await field(page, "inspector-x").getAttribute("title"), String(x));
  await field(page, "inspector-x").click();
  await until("all of it, selected", async () => (await selected(page)).join() === `inspector-x,${x}`, () => selected(page));
  for (let presses = 0; presses < 12 && (await selected(page))[0] !== "inspector-rotation-z"; presses += 1) await page.keyboard.press("Tab");
  await until("by keys too", async () => (await selected(page)).join() === `inspector-rotation-z,${turn}`, () => selected(page));
  const { seq } = (await snapshot(id)).session;
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await until("it is short again", async () => (await says(page, "inspector-rotation-z")) === "111.84");
  await field(page, "inspector-x").press("ArrowUp");
  await until("a step goes on from all of it", async () => (await object(id, "a")).x === 2.0004321, () => object(id, "a"));
  assert.equal((await snapshot(id)).session.seq, seq + 1, "who looks changes nothing");
  assert.deepEqual(page.faults, []);
});

test("WEB97: the camera saves a picture; a view that is shared is told and can be taken back", async () => {
  const id = await here.api.session("Views");
  await here.api.create(id, { name: "a", type: "cube", x: 0, y: 0, z: 0 });
  const page = await openSession(here.browser, here.server.origin, id, { width: 1440, height: 900 });
  const { seq, world } = await snapshot(id).then((all) => ({ seq: all.session.seq, world: all.world }));
  const saved = page.waitForEvent("download");
  await field(page, "save-picture").click();
  assert.match((await saved).suggestedFilename(), /\.png$/);
  const toast = (text) => field(page, "toast").filter({ hasText: text });
  await toast("Exported as").waitFor();
  assert.equal((await snapshot(id)).session.seq, seq, "a picture changes nothing");

  await field(page, "frame-all").click();
  await field(page, "use-my-view").click();
  await toast("everybody's shared view").waitFor();
  await until("it is shared", async () => (await snapshot(id)).world.version > world.version);
  await here.api.command(id, { type: "update_object", name: "a", patch: { x: 2 } });
  await toast("everybody's shared view").getByTestId("toast-remedy").click();
  const camera = ({ camera_x, camera_y, camera_z, camera_target, orbit }) => JSON.stringify([camera_x, camera_y, camera_z, camera_target, orbit]);
  await until("it is as it was", async () => camera((await snapshot(id)).world) === camera(world));
  assert.equal((await object(id, "a")).x, 2, "nothing else is taken back");
  assert.deepEqual(page.faults, []);
});

test("WEB83: a message covers no control of the panel", async () => {
  const id = await here.api.session("Covered");
  const options = { width: 1440, height: 900, reducedMotion: "reduce" };
  const page = await openSession(here.browser, here.server.origin, id, options);
  await field(page, "tab-add").click();
  await field(page, "create-submit").click();
  await field(page, "added-edit").waitFor();
  const saved = page.waitForEvent("download");
  await field(page, "save-picture").click();
  await saved;
  const toast = field(page, "toast").filter({ hasText: "Exported" });
  await toast.waitFor();
  const [message, panel] = [await toast.boundingBox(), await field(page, "side-panel").boundingBox()];
  assert.ok(message.x + message.width <= panel.x, `the message ends at ${message.x + message.width}, the panel begins at ${panel.x}`);
  await screenshot(page, "message-panel");
  assert.deepEqual(page.faults, []);
});

test("WEB96: people who meet have colours apart, unless they chose them", async () => {
  const id = await here.api.session("Colours");
  // Everybody is drawn the same colour.
  const prepare = () => { Math.random = () => 0.5; };
  const pages = [];
  const colors = (page) => field(page, "peer").evaluateAll((rows) => rows.map((row) => row.dataset.color).sort());
  for (let count = 0; count < 3; count += 1) pages.push(await openSession(here.browser, here.server.origin, id, { prepare }));
  const all = async () => (await Promise.all(pages.map(colors))).flat();
  await until("each sees two, three colours in all", async () => (await all()).length === 6 && new Set(await all()).size === 3, all);
  const [first] = pages;
  await field(first, "people-button").click();
  await screenshot(first, "colours");
  const [theirs] = await colors(first);
  await field(first, "your-color").fill(theirs);
  await first.keyboard.press("Escape");
  await first.reload();
  await until("it is back", async () => (await state(first)).status === "live");
  await until("a choice stays", async () => (await colors(pages[1])).concat(await colors(pages[2])).filter((color) => color === theirs).length >= 2, all);
  assert.deepEqual(pages.flatMap((page) => page.faults), []);
});

test("WEB100: where nothing can be added the form says why, and how it can", async () => {
  const id = await here.api.session("Then");
  for (const name of ["a", "b"]) await here.api.create(id, { name, type: "cube", x: 0, y: 0, z: 0 });
  const page = await openSession(here.browser, here.server.origin, id);
  await page.goto(`${here.server.origin}/s/${id}#at=1`);
  await field(page, "past-banner").waitFor();
  await field(page, "tab-add").click();
  assert.match(await field(page, "add-refused").textContent(), /you are looking at the past \(seq 1\)\. Go back to live/);
  await screenshot(page, "add-past");
  await field(page, "back-to-live").click();
  await field(page, "add-refused").waitFor({ state: "detached" });
  assert.ok(await field(page, "create-submit").isEnabled());
  assert.deepEqual(page.faults, []);
});

test("WEB74: a place that was typed is where the next one's form begins", async () => {
  const id = await here.api.session("Legs");
  const page = await openSession(here.browser, here.server.origin, id);
  await field(page, "tab-add").click();
  await field(page, "kind-cylinder").click();
  const place = async () => Promise.all(["x", "y", "z"].map((axis) => says(page, `create-${axis}`)));
  const legs = [["x", "1"], ["z", "1"], ["x", "-1"], ["z", "-1"]];
  for (const [index, [axis, to]] of legs.entries()) {
    await field(page, `create-${axis}`).click();
    await page.keyboard.type(to);
    const typed = await place();
    await field(page, "create-submit").click();
    await until(`${index + 1} legs`, async () => (await snapshot(id)).objects.length === index + 1);
    await until("a form for the next", async () => (await says(page, "create-name")) === `cylinder-${index + 2}`);
    assert.deepEqual(await place(), typed);
  }
  const places = (await snapshot(id)).objects.map(({ x, y, z }) => [x, y, z].join(" "));
  assert.deepEqual(places, ["1 0.5 0", "1 0.5 1", "-1 0.5 1", "-1 0.5 -1"]);
  assert.deepEqual(page.faults, []);
});
