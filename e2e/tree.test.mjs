import assert from "node:assert/strict";
import { test } from "node:test";
import { converge, live, openSession, state } from "./lib/app.mjs";
import { screenshot } from "./lib/browser.mjs";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";
import { openWire } from "./lib/wire.mjs";

const here = stage();
const cube = (name, more = {}) => ({ name, type: "cube", x: 0, y: 0, z: 0, ...more });
const row = (page, name) => page.locator(`[data-testid=tree-row][data-name="${name}"]`);
const selection = (page) => page.evaluate(() => window.__vws.selection.join());
const selected = (page, names) => until(`${names} are selected`, async () => (await selection(page)) === names, () => selection(page));
const object = async (id, name) => (await here.api.snapshot(id)).json.objects.find((o) => o.name === name);
const names = async (id) => (await here.api.snapshot(id)).json.objects.map((o) => o.name).join(" ");

/** A session with objects of these names. */
async function session(title, list) {
  const id = await here.api.session(title);
  await here.api.command(id, { type: "batch", commands: list.map((name) => ({ type: "create_object", object: cube(name) })) });
  return id;
}

test("WEB25: the list is gone through and chosen in with the keyboard, and is one stop of the tab key", async () => {
  const many = Array.from({ length: 60 }, (_, i) => `o${String(i).padStart(2, "0")}`);
  const id = await session("Keyboard", [...many, "anna", "bert", "beth"]);
  const page = await openSession(here.browser, here.server.origin, id);
  await row(page, "anna").waitFor();
  await page.getByTestId("search-help-button").focus();
  await page.keyboard.press("Tab");
  const tree = page.getByTestId("tree");
  assert.ok(await tree.evaluate((list) => list === document.activeElement), "no button of a row is a stop");
  await page.keyboard.press("ArrowDown");
  await selected(page, "anna");
  await page.keyboard.press("Shift+ArrowDown");
  await selected(page, "anna,bert");
  await page.keyboard.press("Control+ArrowDown");
  await page.keyboard.press("Control+ArrowDown");
  await selected(page, "anna,bert");
  const active = () => tree.evaluate((list) => document.getElementById(list.getAttribute("aria-activedescendant"))?.dataset.name);
  await until("Ctrl has led on", async () => (await active()) === "o00", active);
  await page.keyboard.press("Space");
  await selected(page, "anna,bert,o00");
  await page.keyboard.press("Space");
  await selected(page, "anna,bert");
  assert.equal(await active(), "o00", "the keyboard stays where it is");
  await page.keyboard.press("End");
  await selected(page, "o59");
  await row(page, "o59").waitFor();
  await page.keyboard.press("PageUp");
  await until("a page up", async () => !["o59", ""].includes(await selection(page)), () => selection(page));
  await page.keyboard.press("Home");
  await selected(page, "anna");

  await page.keyboard.type("bet");
  await selected(page, "beth");
  assert.equal(await page.locator("dialog[open]").count(), 0);
  assert.deepEqual(page.faults, []);
});

test("WEB25: the list scrolls to what is selected elsewhere, and stays where it is when rows come", async () => {
  const many = Array.from({ length: 200 }, (_, i) => `o${String(i).padStart(3, "0")}`);
  const id = await session("Reveal", many);
  const page = await openSession(here.browser, here.server.origin, id);
  await row(page, "o000").click();
  const list = page.getByTestId("tree");
  const top = () => list.evaluate((element) => element.scrollTop);
  await page.goto(`${here.server.origin}/s/${id}#select=o150`);
  await page.reload();
  await live(page);
  await row(page, "o150").waitFor();
  await until("it is in view", async () => (await top()) > 0);
  await list.evaluate((element) => (element.scrollTop = 0));
  await row(page, "o000").waitFor();
  await here.api.create(id, cube("a first one"));
  await row(page, "a first one").waitFor();
  assert.equal(await top(), 0, "what others do moves nobody's list");
  assert.equal(await selection(page), "o150");
  assert.deepEqual(page.faults, []);
});

test("WEB26: the eye of a row hides and shows for everybody", async () => {
  const id = await session("Eye", ["a", "b"]);
  const page = await openSession(here.browser, here.server.origin, id);
  await row(page, "b").click();
  await row(page, "a").hover();
  await row(page, "a").getByTestId("row-eye").click();
  await until("it is hidden", async () => (await object(id, "a")).visible === false);
  await selected(page, "b");
  await page.keyboard.press("Shift+H");
  await until("all is shown", async () => (await object(id, "a")).visible);
  await converge(here.api, id, [page]);
  assert.deepEqual(page.faults, []);
});

test("WEB26: in the view a press goes through what is locked to what is behind it", async () => {
  const id = await here.api.session("Through");
  await here.api.create(id, { name: "pane", type: "cube", x: 4, y: 4, z: 4, scale: 3 });
  await here.api.create(id, { name: "behind", type: "cube", x: 0, y: 0, z: 0, scale: 3 });
  const page = await openSession(here.browser, here.server.origin, id);
  const view = page.getByTestId("viewport");
  // The shared camera looks through both.
  const { width, height } = await view.boundingBox();
  const press = () => view.click({ position: { x: width / 2, y: height / 2 } });
  await press();
  await selected(page, "pane");
  await row(page, "pane").hover();
  await row(page, "pane").getByTestId("row-lock").click();
  await page.locator("[data-name=pane][data-locked]").waitFor();
  await press();
  await selected(page, "behind");
  await page.getByTestId("unlock-all-button").click();
  await page.locator("[data-name=pane][data-locked]").waitFor({ state: "detached" });
  await press();
  await selected(page, "pane");
  assert.deepEqual(page.faults, []);
});

test("WEB26: what is locked is not changed from here, says so, and stays locked under another name", async () => {
  const id = await session("Locks", ["a", "b"]);
  const page = await openSession(here.browser, here.server.origin, id);
  await row(page, "a").hover();
  await row(page, "a").getByTestId("row-lock").click();
  await page.locator("[data-name=a][data-locked]").waitFor();
  assert.equal(await selection(page), "", "the button chooses nothing");
  await row(page, "a").click();
  await page.getByTestId("inspector-locked").waitFor();
  assert.ok(await page.getByTestId("inspector-x").isDisabled());
  await page.keyboard.press("Control+A");
  await selected(page, "a,b");
  for (const key of ["Delete", "ArrowRight", "H"]) {
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press(key);
  }
  await page.getByText("Not changed: a is locked in this browser. Unlock it first.").first().waitFor();
  await screenshot(page, "locked");
  const { json } = await here.api.snapshot(id);
  assert.equal(json.session.seq, 2, "nothing was sent: all or none");

  await here.api.command(id, { type: "rename_object", name: "a", new_name: "c" });
  await page.locator("[data-name=c][data-locked]").waitFor();
  await page.reload();
  await live(page);
  await page.locator("[data-name=c][data-locked]").waitFor();
  const other = await openSession(here.browser, here.server.origin, id);
  await row(other, "c").click();
  assert.equal(await other.getByTestId("inspector-locked").count(), 0, "it is of this browser alone");

  await page.getByTestId("unlock-all-button").click();
  await row(page, "c").click();
  await page.keyboard.press("Shift+L");
  await page.locator("[data-name=c][data-locked]").waitFor();
  await page.getByTestId("inspector-unlock").click();
  await page.getByTestId("inspector-locked").waitFor({ state: "detached" });
  await page.getByTestId("tree").focus();
  await page.keyboard.press("Delete");
  await until("it is gone", async () => (await names(id)) === "b");
  assert.deepEqual([page.faults, other.faults], [[], []]);
});

test("WEB27: an object is renamed in its row, and a name that cannot be is refused while it is typed", async () => {
  const id = await session("Names", ["a", "b", "c"]);
  const page = await openSession(here.browser, here.server.origin, id);
  const field = page.getByTestId("tree-rename");
  await row(page, "b").dblclick();
  await field.waitFor();
  assert.equal(await field.inputValue(), "b");
  await field.fill("c");
  const refusal = page.getByTestId("tree-rename-refusal");
  await refusal.waitFor();
  const problem = await here.api.refused(id, cube("c"), 409);
  assert.equal((await refusal.textContent()).trim(), problem.errors[0].detail);
  await screenshot(page, "rename");
  await field.press("Enter");
  assert.equal(await field.inputValue(), "c", "it stays with its refusal");
  await field.press("Escape");
  await field.waitFor({ state: "detached" });
  assert.equal(await names(id), "a b c");

  await until("the list has the focus", () => page.getByTestId("tree").evaluate((list) => list === document.activeElement));
  // As quick as a key can be: the next name is begun the moment the list has the focus back.
  await page.keyboard.press("F2");
  await field.waitFor();
  await page.getByTestId("tree").evaluate((list) => {
    const press = (on, key) => on.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    list.addEventListener("focusin", () => press(list, "F2"), { once: true });
    press(document.activeElement, "Escape");
  });
  await until("another field has come", () => page.evaluate(() => document.activeElement?.dataset.testid === "tree-rename"));
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
  await field.fill("zebra");
  await field.press("Enter");
  await until("it has another name", async () => (await names(id)) === "a c zebra");
  await selected(page, "zebra");
  await page.keyboard.press("F2");
  await field.fill("yak");
  await page.getByTestId("filter").click();
  await until("leaving the field settles it", async () => (await names(id)) === "a c yak");

  await page.getByTestId("filter").fill("nobody");
  await page.getByTestId("nothing-found").waitFor();
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("F2");
  await until("its name in the inspector has the focus", () => page.getByTestId("inspector-name").evaluate((input) => input === document.activeElement));
  await converge(here.api, id, [page]);
  assert.deepEqual(page.faults, []);
});

test("WEB33: what the server has not answered is marked, and goes back with the reason when it refuses", async () => {
  const id = await session("Pending", ["a", "b"]);
  const wire = await openWire(here.server.port);
  const page = await openSession(here.browser, wire.origin, id);
  await row(page, "a").click();
  wire.cut();
  await until("it is cut off", async () => (await state(page)).status !== "live");
  await page.getByTestId("inspector-x").fill("5");
  await page.getByTestId("inspector-x").press("Enter");
  await page.locator("[data-name=a][data-pending]").waitFor();
  await page.locator(".field-pending [data-testid=inspector-x]").waitFor();
  assert.equal(await page.locator(".field-pending [data-testid=inspector-y]").count(), 0, "only what changed is marked");
  assert.equal(await page.locator("[data-name=b][data-pending]").count(), 0);
  await screenshot(page, "pending");
  await here.api.command(id, { type: "delete_object", name: "a" });
  wire.mend();
  await page.getByText('Refused: object "a" does not exist').waitFor();
  await row(page, "a").waitFor({ state: "detached" });
  await until("nothing waits", async () => (await state(page)).pending === 0);
  assert.equal(await page.locator("[data-pending]").count(), 0);
  await converge(here.api, id, [page]);
  await wire.close();
});
