import assert from "node:assert/strict";
import { test } from "node:test";
import { converge, openSession, state } from "./lib/app.mjs";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";

const here = stage();

const selection = (page) => page.evaluate(() => window.__vws.selection);
const x = async (id, name) => (await here.api.snapshot(id)).json.objects.find((o) => o.name === name)?.x;

/** Types a number into a field of the inspector and leaves it. */
async function type(page, field, value) {
  await page.getByTestId(`inspector-${field}`).fill(String(value));
  await page.getByTestId(`inspector-${field}`).press("Enter");
  await page.getByTestId("tree").focus();
}

test("WEB20: rows are chosen with Ctrl and Shift as everywhere", async () => {
  const id = await here.api.session("Several");
  for (const name of ["a", "b", "c", "d", "e"]) await here.api.create(id, { name, type: "cube", x: 0, y: 0, z: 0 });
  const page = await openSession(here.browser, here.server.origin, id);
  const row = (name) => page.locator(`[data-testid=tree-row][data-name="${name}"]`);
  await row("b").click();
  await row("d").click({ modifiers: ["Control"] });
  await until("two are selected", async () => (await selection(page)).join("") === "bd", () => selection(page));
  await row("e").click({ modifiers: ["Shift"] });
  await until("a range is selected", async () => (await selection(page)).join("") === "de", () => selection(page));
  await page.getByTestId("tree").focus();
  await page.keyboard.press("Shift+ArrowUp");
  await here.api.command(id, { type: "delete_object", name: "d" });
  await until("what is gone is not selected", async () => !(await selection(page)).includes("d"), () => selection(page));
  assert.deepEqual(page.faults, []);
});

test("WEB21, HIST7: changes are taken back and done again, and never somebody else's", async () => {
  const id = await here.api.session("Undo");
  await here.api.create(id, { name: "a", type: "cube", x: 0, y: 0, z: 0 });
  const page = await openSession(here.browser, here.server.origin, id);
  const other = await openSession(here.browser, here.server.origin, id);
  await page.getByTestId("tree-row").click();
  await type(page, "x", 1);
  await type(page, "x", 2);
  await until("both are there", async () => (await x(id, "a")) === 2);

  await page.keyboard.press("Control+z");
  await until("one is taken back", async () => (await x(id, "a")) === 1);
  await page.keyboard.press("Control+z");
  await until("both are", async () => (await x(id, "a")) === 0);
  await page.keyboard.press("Control+Shift+Z");
  await until("one is there again", async () => (await x(id, "a")) === 1);

  await other.getByTestId("tree-row").click();
  await type(other, "x", 9);
  await until("the other's change is here", async () => (await x(id, "a")) === 9 && (await state(page)).seq >= 6);
  await page.keyboard.press("Control+z");
  await page.getByText("Not undone: somebody else has changed it since").waitFor();
  assert.equal(await x(id, "a"), 9);
  await other.keyboard.press("Control+z");
  await until("they take back their own", async () => (await x(id, "a")) === 1);
  await converge(here.api, id, [page, other]);
  assert.deepEqual([page.faults, other.faults], [[], []]);
});
