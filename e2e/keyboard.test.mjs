// The page by the keyboard alone: not one click in this file.
import assert from "node:assert/strict";
import { test } from "node:test";
import { converge, live, openSession } from "./lib/app.mjs";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";

const here = stage();

/** What has the focus: its name, and whether a person sees that it has it. */
const focus = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return { on: "nothing", visible: false };
    // A switch and a link that fills its row show the ring at another place.
    const shown = [element, element.nextElementSibling].filter(Boolean).map((at) => getComputedStyle(at));
    const after = getComputedStyle(element, "::after");
    const ring = [...shown, after].some((style) => style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 2);
    const { width, height } = element.getBoundingClientRect();
    return {
      on: element.dataset.testid ?? element.id ?? element.tagName,
      name: element.ariaLabel ?? element.textContent?.slice(0, 40),
      visible: ring && width > 0 && height > 0,
    };
  });

/** Goes on with Tab until something has the focus; at every stop it must be seen. */
async function tabTo(page, testid, key = "Tab") {
  for (let stops = 0; stops < 80; stops += 1) {
    await page.keyboard.press(key);
    const at = await focus(page);
    // From the last stop the focus leaves the page, and comes back to it with the next.
    if (at.on === "nothing") continue;
    assert.ok(at.visible, `the focus is not seen: ${JSON.stringify(at)}`);
    if (at.on === testid) return;
  }
  assert.fail(`${testid} is not reached`);
}

const isOn = (page, testid) => until(`the focus is on ${testid}`, async () => (await focus(page)).on === testid, () => focus(page));
const objects = async (id) => (await here.api.snapshot(id)).json.objects;
const names = async (id) => (await objects(id)).map((object) => object.name).join();

test("WEB62: a world is built by the keyboard alone, from the list of sessions on", async () => {
  const page = await here.browser.open(here.server.origin);
  await page.getByTestId("no-sessions").waitFor();
  await tabTo(page, "session-name");
  await page.keyboard.type("By keys");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/s\//);
  await live(page);
  await page.getByTestId("no-objects").waitFor();
  const id = new URL(page.url()).pathname.split("/")[2];

  // Two objects, by the form.
  await tabTo(page, "add-object");
  await page.keyboard.press("Enter");
  for (const [name, x] of [["base", "1"], ["tower", "2"]]) {
    await page.getByTestId("create-form").waitFor();
    await until("its name has the focus", async () => (await focus(page)).on === "create-name", () => focus(page));
    await page.keyboard.press("Control+A");
    await page.keyboard.type(name);
    await tabTo(page, "create-x");
    await page.keyboard.press("Control+A");
    await page.keyboard.type(x);
    await page.keyboard.press("Enter");
    await until(`${name} is there`, async () => (await names(id)).includes(name), () => names(id));
  }

  // One is selected in the list, moved, and renamed; the focus comes back from the question.
  const bothListed = () => until("both are listed", async () => (await page.getByTestId("tree-row").count()) === 2);
  await bothListed();
  await tabTo(page, "tree", "Shift+Tab");
  await page.keyboard.press("Home");
  const shown = (name) => page.locator(`[data-testid=tree-row][data-name=${name}][aria-selected=true]`).waitFor();
  await shown("base");
  await page.keyboard.press("ArrowDown");
  await shown("tower");
  await page.getByTestId("inspector-y").waitFor();
  await tabTo(page, "inspector-y");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("3");
  await page.keyboard.press("Enter");
  await until("it has moved", async () => (await objects(id)).find(({ name }) => name === "tower").y === 3);
  await tabTo(page, "tree", "Shift+Tab");
  await page.keyboard.press("F2");
  await isOn(page, "tree-rename");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("spire");
  await page.keyboard.press("Enter");
  await until("it has another name", async () => (await names(id)) === "base,spire", () => names(id));
  await isOn(page, "tree");

  // Deleted, and taken back.
  await page.keyboard.press("Delete");
  await until("it is gone", async () => (await names(id)) === "base", () => names(id));
  await page.keyboard.press("Control+Z");
  await until("it is back", async () => (await names(id)) === "base,spire", () => names(id));
  await bothListed();
  await page.keyboard.press("Control+A");
  await until("both are selected", async () => (await page.evaluate(() => window.__vws.selection.length)) === 2);
  await page.keyboard.press("Delete");
  await until("all are gone", async () => (await names(id)) === "", () => names(id));
  // The list had the focus and is gone: what it was in has it.
  await until("the focus is not lost", async () => (await focus(page)).on !== "nothing", () => focus(page));
  await page.keyboard.press("Control+Z");
  await until("all are back", async () => (await names(id)) === "base,spire", () => names(id));
  await converge(here.api, id, [page]);
  assert.deepEqual(page.faults, []);
});

test("WEB62: a dialog keeps the focus inside, and gives it back to what opened it", async () => {
  const id = await here.api.session("Dialogs");
  await here.api.create(id, { name: "a", type: "cube", x: 0, y: 0, z: 0 });
  const page = await openSession(here.browser, here.server.origin, id);
  await page.getByTestId("tree-row").waitFor();
  for (const [opener, dialog] of [
    ["rename-session", "prompt"],
    ["palette", "palette"],
    ["shortcuts", "shortcuts"],
  ]) {
    await tabTo(page, opener);
    await page.keyboard.press("Enter");
    const open = page.locator(`dialog[data-testid=${dialog}]`);
    await open.waitFor();
    for (let stops = 0; stops < 6; stops += 1) {
      await page.keyboard.press("Tab");
      const inside = await open.evaluate((element) => element.contains(document.activeElement) || document.activeElement === document.body);
      assert.ok(inside, `${dialog}: ${JSON.stringify(await focus(page))}`);
    }
    await page.keyboard.press("Escape");
    await open.waitFor({ state: "detached" });
    await isOn(page, opener);
  }
  for (const [opener, popover] of [["files-button", "files-menu"], ["people-button", "people-panel"]]) {
    await tabTo(page, opener);
    await page.keyboard.press("Enter");
    await page.getByTestId(popover).waitFor();
    await page.keyboard.press("Tab");
    assert.ok(await page.getByTestId(popover).evaluate((element) => element.contains(document.activeElement)), popover);
    await page.keyboard.press("Escape");
    await page.getByTestId(popover).waitFor({ state: "hidden" });
    await isOn(page, opener);
  }
});

test("WEB62: the first Tab leads past the bar, and what goes away leaves the focus near", async () => {
  await here.api.session("One");
  const other = await here.api.session("Two");
  const page = await here.browser.open(here.server.origin);
  await page.getByTestId("session-row").nth(1).waitFor();
  await page.keyboard.press("Tab");
  await isOn(page, "skip-link");
  assert.ok((await focus(page)).visible);
  await page.keyboard.press("Enter");
  await isOn(page, "main");
  assert.equal(new URL(page.url()).hash, "", "the address stays");
  await page.keyboard.press("Tab");
  await isOn(page, "session-name");

  // A session is deleted: its row goes with the button that had the focus.
  const rows = await page.getByTestId("session-row").count();
  await page.locator(`[data-session="${other}"]`).getByTestId("session-delete").focus();
  await page.keyboard.press("Enter");
  await tabTo(page, "confirm-yes");
  await page.keyboard.press("Enter");
  await until("it is gone", async () => (await page.getByTestId("session-row").count()) === rows - 1);
  await isOn(page, "main");

  // So does a page that leads to another one.
  await page.getByTestId("session-open").first().focus();
  await page.keyboard.press("Enter");
  await live(page);
  await until("something has the focus", async () => (await focus(page)).on !== "nothing", () => focus(page));
});

test("WEB62: every page has its landmarks and one heading of the first rank", async () => {
  const id = await here.api.session("Landmarks");
  for (const path of ["", `s/${id}`, "s/nowhere"]) {
    const page = await here.browser.open(`${here.server.origin}/${path}`);
    await page.getByRole("main").waitFor();
    assert.equal(await page.getByRole("banner").count(), 1, path);
    assert.equal(await page.getByRole("main").count(), 1, path);
    assert.equal(await page.getByRole("heading", { level: 1 }).count(), 1, path);
  }
});
