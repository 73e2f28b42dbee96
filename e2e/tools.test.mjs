// The tools of the view: a person who drags, and another one who looks on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { converge, live, openSession, state } from "./lib/app.mjs";
import { screenshot } from "./lib/browser.mjs";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";
import { seenAt, shown, takeHandle } from "./lib/view.mjs";
import { openWire } from "./lib/wire.mjs";

const here = stage();
const cube = (name, x = 0, y = 0, z = 0) => ({ name, type: "cube", x, y, z });
const row = (page, name) => page.locator(`[data-testid=tree-row][data-name="${name}"]`);
const pressed = (page, id) => page.getByTestId(id).getAttribute("aria-pressed");
const onServer = async (id, name) => (await here.api.snapshot(id)).json.objects.find((object) => object.name === name);

async function select(page, ...names) {
  for (const [i, name] of names.entries()) await row(page, name).click({ modifiers: i > 0 ? ["Control"] : [] });
  await until("they are selected", async () => (await page.evaluate(() => window.__vws.selection.length)) === names.length);
}

async function tool(page, key, id) {
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press(key);
  await until(`${id} is in force`, async () => (await pressed(page, id)) === "true");
}

test("WEB36: what is dragged moves on every page, ends exactly where it was let go, and is one step", async () => {
  const id = await here.api.session("Drag");
  await here.api.create(id, { ...cube("a"), y: 0.123456 });
  await here.api.create(id, cube("b", 0, 0, 4));
  const page = await openSession(here.browser, here.server.origin, id);
  const other = await openSession(here.browser, here.server.origin, id);
  await select(page, "a");
  await tool(page, "w", "tool-move");
  const begun = (await state(page)).seq;
  const start = performance.now();
  const handle = await takeHandle(page, [0, 0.123456, 0], 0);
  await handle.to(1.5);
  await until("the other page sees it move", async () => (await shown(other, "a")).x > 0.5, () => shown(other, "a"));
  assert.equal((await shown(page, "a")).y, 0.123456);
  for (let i = 0; i < 12; i++) await handle.to(1.5 + (i % 2), 10);
  await handle.to(3);
  await screenshot(page, "tool-move-dragged");
  await handle.release();
  const seconds = (performance.now() - start) / 1000;
  const end = await until("it is where it was let go", async () => {
    const now = await onServer(id, "a");
    return Math.abs(now.x - 3) < 0.1 && (await state(page)).pending === 0 && now;
  });
  assert.equal(end.x, Math.round(end.x * 1e4) / 1e4, "four decimals");
  assert.deepEqual([end.y, end.z, end.rotation, end.scale], [0.123456, 0, { x: 0, y: 0, z: 0 }, { x: 1, y: 1, z: 1 }]);
  assert.equal((await shown(page, "a")).x, end.x);
  const events = (await converge(here.api, id, [page, other])).session.seq - begun;
  assert.ok(events >= 2 && events <= 15 * seconds + 2, `${events} events in ${seconds} s`);
  await page.keyboard.press("Control+z");
  await until("all of it is taken back", async () => (await onServer(id, "a")).x === 0, () => onServer(id, "a"));
  // The server has it before the page has heard of it.
  await until("nothing is left to undo", async () => (await page.evaluate(() => window.__vws.canUndo)) === false);
  await page.keyboard.press("Control+Shift+Z");
  await until("and done again", async () => (await onServer(id, "a")).x === end.x);
  await converge(here.api, id, [page, other]);
  assert.deepEqual([page.faults, other.faults], [[], []]);
});

test("WEB36: several are turned and scaled together, by the world's axes or their own, and stop at the border", async () => {
  const id = await here.api.session("Together");
  await here.api.create(id, { ...cube("a", 10, 0, 0), rotation: { x: 0, y: 90, z: 0 } });
  await here.api.create(id, cube("b", 10, 0, -4));
  const page = await openSession(here.browser, here.server.origin, id);
  await select(page, "b", "a");
  await tool(page, "w", "tool-move");
  const handle = await takeHandle(page, [10, 0, -2], 0);
  await handle.to(6);
  await screenshot(page, "tool-move-border");
  await handle.release();
  await until("they stand at the border", async () => (await onServer(id, "a")).x === 12 && (await onServer(id, "b")).x === 12);
  await page.keyboard.press("Control+z");
  await until("they are back", async () => (await onServer(id, "a")).x === 10 && (await onServer(id, "b")).x === 10);
  await tool(page, "r", "tool-scale");
  await tool(page, "x", "tool-space");
  const size = await takeHandle(page, [10, 0, -2], 1);
  await size.to(2);
  await size.release();
  const both = await until("both have grown, by as much", async () => {
    // Two requests: between them another change of the drag may come.
    const scales = [await onServer(id, "a"), await onServer(id, "b")].map((object) => object.scale);
    return scales[0].y > 1.2 && scales[0].y === scales[1].y && scales;
  });
  assert.deepEqual([both[0].x, both[0].z], [1, 1]);
  assert.equal(await pressed(page, "tool-move"), "false");
  assert.deepEqual(page.faults, []);
});

test("WEB37: Esc puts everything back for everybody, and leaves nothing to undo", async () => {
  const id = await here.api.session("Esc");
  await here.api.create(id, cube("a"));
  const page = await openSession(here.browser, here.server.origin, id);
  const other = await openSession(here.browser, here.server.origin, id);
  await select(page, "a");
  await tool(page, "w", "tool-move");
  const handle = await takeHandle(page, [0, 0, 0], 0);
  await handle.to(4);
  await until("the other page sees it move", async () => (await shown(other, "a")).x > 2);
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Escape");
  await until("it is back", async () => (await shown(other, "a")).x === 0, () => shown(other, "a"));
  await handle.to(6);
  await handle.release();
  const { objects } = await converge(here.api, id, [page, other]);
  assert.equal(objects[0].x, 0);
  assert.deepEqual(await page.evaluate(() => [window.__vws.canUndo, window.__vws.canRedo]), [false, false]);
  assert.equal((await state(page)).selected, "a", "Esc was for the drag");
  assert.deepEqual([page.faults, other.faults], [[], []]);
});

test("WEB37: what others delete or change meanwhile breaks no drag", async () => {
  const id = await here.api.session("Meanwhile");
  for (const [name, z] of [["a", -2], ["b", 2], ["c", 0]]) await here.api.create(id, cube(name, 0, 0, z));
  const page = await openSession(here.browser, here.server.origin, id);
  await select(page, "a", "b", "c");
  await tool(page, "w", "tool-move");
  const handle = await takeHandle(page, [0, 0, 0], 0);
  await handle.to(1);
  await here.api.command(id, { type: "delete_object", name: "b" });
  await here.api.command(id, { type: "update_object", name: "a", patch: { x: -9, color: "#ff0000" } });
  await handle.to(3);
  await handle.release();
  await until("the others are where they were let go", async () => {
    const [a, c] = [await onServer(id, "a"), await onServer(id, "c")];
    return Math.abs(a.x - 3) < 0.1 && a.x === c.x && a.color === "#ff0000";
  }, async () => [await onServer(id, "a"), await onServer(id, "c")]);
  assert.equal(await onServer(id, "b"), undefined);
  await converge(here.api, id, [page]);
  assert.deepEqual(page.faults, []);
});

test("WEB37: in the past and offline nothing is dragged, and the page says why", async () => {
  const id = await here.api.session("Not now");
  await here.api.create(id, cube("a", -1));
  await here.api.command(id, { type: "update_object", name: "a", patch: { x: 0 } });
  const wire = await openWire(here.server.port);
  const page = await openSession(here.browser, wire.origin, id);
  await select(page, "a");
  await tool(page, "w", "tool-move");
  const note = page.getByTestId("no-handles");
  assert.equal(await note.count(), 0);
  await page.keyboard.press(",");
  await page.getByTestId("past-banner").filter({ hasText: "The past cannot be changed." }).waitFor();
  assert.equal(await note.count(), 0, "it is said once");
  assert.ok(await page.getByTestId("add-object").isDisabled(), "nothing is added to the past");
  await page.keyboard.press("l");
  await page.getByTestId("past-banner").waitFor({ state: "detached" });

  const handle = await takeHandle(page, [0, 0, 0], 0);
  await handle.to(3);
  await until("it is under way", async () => (await onServer(id, "a")).x > 1);
  wire.cut();
  await note.waitFor();
  assert.equal(await note.textContent(), "There is no connection: nothing can be moved until it is back.");
  await screenshot(page, "tool-offline");
  await handle.to(5);
  await handle.release();
  wire.mend();
  await live(page);
  await until("what was under way is put back", async () => (await onServer(id, "a")).x === 0, () => onServer(id, "a"));
  await note.waitFor({ state: "detached" });
  await converge(here.api, id, [page]);
  await page.context().close();
  await wire.close();
});

test("WEB38: objects are selected by a rectangle, with Shift or after B, and nothing is moved", async () => {
  const id = await here.api.session("Rectangle");
  for (const [name, x] of [["a", -6], ["b", 0], ["c", 6]]) await here.api.create(id, cube(name, x, 0, -x));
  const page = await openSession(here.browser, here.server.origin, id);
  await row(page, "a").waitFor();
  const selection = () => page.evaluate(() => window.__vws.selection.join());
  const around = async (name, x) => {
    const { x: px, y: py } = await seenAt(page, [x, 0, -x]);
    return [[px - 50, py - 50], [px + 50, py + 50], name];
  };
  const draw = async ([from, to], release = true) => {
    await page.mouse.move(...from);
    await page.mouse.down();
    await page.mouse.move(...to, { steps: 5 });
    if (release) await page.mouse.up();
  };
  await page.keyboard.down("Shift");
  await draw(await around("a", -6), false);
  await screenshot(page, "rectangle");
  await page.mouse.up();
  await page.keyboard.up("Shift");
  await until("a is selected", async () => (await selection()) === "a", selection);
  await page.keyboard.press("b");
  await page.getByTestId("boxing").waitFor();
  const inForce = page.locator("[data-testid=tools] [data-testid^=tool-][aria-pressed=true]");
  assert.deepEqual(await inForce.evaluateAll((tools) => tools.map((tool) => tool.dataset.testid)), ["tool-box"], "one tool is in force");
  await page.keyboard.down("Control");
  await draw(await around("c", 6));
  await page.keyboard.up("Control");
  await until("c is selected too", async () => (await selection()) === "a,c", selection);
  await page.getByTestId("boxing").waitFor({ state: "detached" });
  await page.getByTestId("tool-box").click();
  await draw([(await around("a", -6))[0], (await around("c", 6))[1]], false);
  await page.keyboard.press("Escape");
  await page.mouse.up();
  assert.equal(await selection(), "a,c", "Esc was for the rectangle");
  assert.equal(await page.getByTestId("shared-view").isDisabled(), true, "the camera has stood still");
  assert.deepEqual(page.faults, []);
});

test("WEB39: a flight keeps the tool, and says how it is done", async () => {
  const id = await here.api.session("Fly");
  const page = await openSession(here.browser, here.server.origin, id);
  await tool(page, "q", "tool-select");
  const { x, y } = await seenAt(page, [0, 0, 0]);
  await page.mouse.move(x, y);
  await page.mouse.down({ button: "right" });
  await page.getByTestId("flying").waitFor();
  await page.keyboard.down("w");
  await until("the view is one's own", async () => !(await page.getByTestId("shared-view").isDisabled()));
  await page.mouse.wheel(0, -100);
  await until("it is faster", async () => (await page.getByTestId("flying").textContent()).includes("7.5 units/s"));
  await screenshot(page, "flying");
  await page.keyboard.up("w");
  await page.mouse.up({ button: "right" });
  await page.getByTestId("flying").waitFor({ state: "detached" });
  assert.equal(await pressed(page, "tool-select"), "true");
  await tool(page, "w", "tool-move");
  assert.deepEqual(page.faults, []);
});
