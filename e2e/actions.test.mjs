import assert from "node:assert/strict";
import { test } from "node:test";
import { converge, openSession, state } from "./lib/app.mjs";
import { screenshot } from "./lib/browser.mjs";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";

const here = stage();
const CLIPBOARD = { permissions: ["clipboard-read", "clipboard-write"] };

const objects = async (id) => (await here.api.snapshot(id)).json.objects;
const names = async (id) => (await objects(id)).map((object) => object.name).join(" ");
const row = (page, name) => page.locator(`[data-testid=tree-row][data-name="${name}"]`);
const cube = (name, x = 0) => ({ name, type: "cube", x, y: 0, z: 0 });

test("WEB22: Escape closes what is open before it lets go of the selection", async () => {
  const id = await here.api.session("Escape");
  await here.api.create(id, cube("a"));
  const page = await openSession(here.browser, here.server.origin, id);
  for (const [button, panel] of [["people-button", "people-panel"], ["files-button", "files-menu"], ["search-help-button", "search-help"]]) {
    await row(page, "a").click();
    await until("a is selected", async () => (await state(page)).selected === "a");
    await page.getByTestId(button).click();
    await page.getByTestId(panel).waitFor();
    // Wherever the focus is: a click leaves it at the button.
    await page.getByTestId(button).focus();
    await page.keyboard.press("Escape");
    await page.getByTestId(panel).waitFor({ state: "hidden" });
    assert.equal((await state(page)).selected, "a", panel);
    await page.keyboard.press("Escape");
    await until("nothing is selected", async () => (await state(page)).selected === undefined, () => state(page));
  }
  assert.deepEqual(page.faults, []);
});

test("WEB22: a world is made with the keyboard alone", async () => {
  const id = await here.api.session("Keys");
  const page = await openSession(here.browser, here.server.origin, id);
  await page.keyboard.press("Shift+A");
  await page.getByTestId("create-name").focus();
  await page.keyboard.press("Control+A");
  await page.keyboard.type("tower z?");
  await page.keyboard.press("Enter");
  await until("it is there", async () => (await names(id)) === "tower z?", () => names(id));
  // What was typed into the field was text, and no shortcut.
  assert.equal(await page.locator("dialog[open]").count(), 0);
  await page.getByTestId("tree").focus();
  await page.keyboard.press("Home");
  await page.getByTestId("view").focus().catch(() => {});
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("PageUp");
  await page.keyboard.press("Shift+ArrowUp");
  await until(
    "it has moved",
    async () => {
      const [{ x, y, z }] = await objects(id);
      return x === 1 && y === 1 && z === -0.1;
    },
    () => objects(id),
  );
  await page.keyboard.press("Control+D");
  await until("there are two", async () => (await objects(id)).length === 2);
  await page.keyboard.press("F2");
  await page.getByTestId("tree-rename").fill("twin");
  await page.keyboard.press("Enter");
  await until("it has another name", async () => (await names(id)).includes("twin"));
  await row(page, "twin").waitFor();
  await page.getByTestId("tree-rename").waitFor({ state: "detached" });
  await page.keyboard.press("Control+A");
  await until("both are selected", async () => (await page.evaluate(() => window.__vws.selection.length)) === 2);
  await page.keyboard.press("F2");
  await page.getByText("Rename: several objects are selected").waitFor();
  await page.keyboard.press("Delete");
  await until("all are gone", async () => (await objects(id)).length === 0);
  await page.keyboard.press("Control+Z");
  await until("all are back", async () => (await objects(id)).length === 2);
  await converge(here.api, id, [page]);
  assert.deepEqual(page.faults, []);
});

test("WEB22: the palette finds every action and says why one cannot be done", async () => {
  const id = await here.api.session("Palette");
  await here.api.create(id, cube("a"));
  const page = await openSession(here.browser, here.server.origin, id);
  await row(page, "a").waitFor();
  await page.keyboard.press("Control+K");
  await page.getByTestId("palette-search").waitFor();
  const undo = page.getByTestId("action-undo");
  assert.match(await undo.textContent(), /there is nothing to undo/);
  await screenshot(page, "palette");
  await page.keyboard.type("select al");
  await until("one is found", async () => (await page.locator(".palette-row").count()) === 1);
  await page.keyboard.press("Enter");
  await until("it is done", async () => (await state(page)).selected === "a");
  assert.equal(await page.locator("dialog[open]").count(), 0);
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  assert.match(await page.getByRole("dialog", { name: "Keyboard shortcuts" }).textContent(), /Ctrl\+Shift\+Z/);
  await screenshot(page, "shortcuts");
  await page.keyboard.press("Delete");
  await page.keyboard.press("Escape");
  assert.equal(await names(id), "a", "a key in a dialog is not for the world");
  assert.deepEqual(page.faults, []);
});

test("WEB23: objects travel between sessions on the clipboard", async () => {
  const [from, to] = [await here.api.session("From"), await here.api.session("To")];
  await here.api.create(from, { ...cube("a", 3), color: "#ff0000", properties: { part: 7 } });
  await here.api.create(from, cube("b"));
  await here.api.create(to, cube("b", 5));
  const page = await openSession(here.browser, here.server.origin, from, CLIPBOARD);
  await row(page, "a").click();
  await row(page, "b").click({ modifiers: ["Control"] });
  await page.keyboard.press("Control+C");
  await page.getByText("2 objects on the clipboard.").waitFor();

  await page.goto(`${here.server.origin}/s/${to}`);
  await until("the other session is there", async () => (await state(page)).status === "live");
  await page.keyboard.press("Control+V");
  await until("they are here", async () => (await names(to)) === "a b b-1", () => names(to));
  const a = (await objects(to)).find((object) => object.name === "a");
  assert.deepEqual([a.color, a.properties.part], ["#ff0000", 7]);
  const selection = () => page.evaluate(() => window.__vws.selection.join());
  await until("they are selected", async () => (await selection()) === "a,b-1", selection);

  await page.evaluate(() => navigator.clipboard.writeText('{"format":"vws.objects","version":1,"objects":[{"name":"c","type":"cube","x":13,"y":0,"z":0},{"name":"d","type":"cube","x":0,"y":0,"z":0}]}'));
  await page.keyboard.press("Control+V");
  await page.getByText("x = 13 is outside [-12, 12]").waitFor();
  assert.equal(await names(to), "a b b-1", "all or none");
  await page.evaluate(() => navigator.clipboard.writeText("a poem"));
  await page.keyboard.press("Control+V");
  await page.getByText("Not pasted: the clipboard holds no objects.").waitFor();
  await converge(here.api, to, [page]);
  assert.deepEqual(page.faults, []);
});

test("WEB23: several are moved together, or none", async () => {
  const id = await here.api.session("Together");
  await here.api.create(id, cube("a", 11.8));
  await here.api.create(id, cube("b", 0));
  const page = await openSession(here.browser, here.server.origin, id);
  await row(page, "b").waitFor();
  await page.keyboard.press("Control+A");
  await page.keyboard.press("ArrowRight");
  await page.getByText("x = 12.3 is outside [-12, 12]").waitFor();
  await page.keyboard.press("ArrowLeft");
  await until("both have moved", async () => (await objects(id)).map((o) => o.x).join() === "11.3,-0.5", () => objects(id));
  await page.keyboard.press("Control+Z");
  await until("both are back", async () => (await objects(id)).map((o) => o.x).join() === "11.8,0", () => objects(id));
  await converge(here.api, id, [page]);
  assert.deepEqual(page.faults, []);
});
