import assert from "node:assert/strict";
import { test } from "node:test";
import { openSession, state } from "./lib/app.mjs";
import { screenshot } from "./lib/browser.mjs";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";

const here = stage();
const cube = (name, more = {}) => ({ name, type: "cube", x: 0, y: 0, z: 0, ...more });
const rows = (page) => page.locator("[data-testid=tree-row]").evaluateAll((list) => list.map((row) => row.dataset.name).join(" "));
const listed = (page, names) => until(`${names} are listed`, async () => (await rows(page)) === names, () => rows(page));

test("WEB24: words and terms find objects, and what changes comes and goes with them", async () => {
  const id = await here.api.session("Search");
  await here.api.create(id, cube("crate 1", { x: 6, color: "#ff8800" }));
  await here.api.create(id, cube("crate 2", { x: 2, properties: { part: 7 } }));
  await here.api.create(id, cube("lamp", { type: "light", y: 5, visible: false }));
  const page = await openSession(here.browser, here.server.origin, id);
  const search = page.getByTestId("filter");
  await listed(page, "crate 1 crate 2 lamp");
  for (const [text, names] of [
    ["CRATE", "crate 1 crate 2"],
    ["crate -x>5", "crate 2"],
    ["\"crate 1\"", "crate 1"],
    ["type:light", "lamp"],
    ["x>5", "crate 1"],
    ["color:#ff8800", "crate 1"],
    ["hidden:yes", "lamp"],
    ["hidden:no x<=2", "crate 2"],
    ["prop:part", "crate 2"],
    ["prop:part=7", "crate 2"],
    ["-type:cube", "lamp"],
  ]) {
    await search.fill(text);
    await listed(page, names);
  }
  await search.fill("x>4");
  await listed(page, "crate 1");
  await here.api.command(id, { type: "update_object", name: "lamp", patch: { x: 9 } });
  await listed(page, "crate 1 lamp");
  await here.api.command(id, { type: "update_object", name: "crate 1", patch: { x: 0 } });
  await listed(page, "lamp");
  assert.equal(await page.getByTestId("tree-count").textContent(), "1 of 3");
  await search.press("Escape");
  await listed(page, "crate 1 crate 2 lamp");
  assert.equal(await search.inputValue(), "");
  assert.deepEqual(page.faults, []);
});

test("WEB24: a wrong term is told in words and takes nothing away; the forms are listed", async () => {
  const id = await here.api.session("Wrong");
  await here.api.create(id, cube("a", { x: 6 }));
  await here.api.create(id, cube("b"));
  const page = await openSession(here.browser, here.server.origin, id);
  const search = page.getByTestId("filter");
  await search.fill("x>5 y>abc");
  const refusal = page.getByTestId("filter-refusal");
  await refusal.getByText('y>abc: expected a number, found the string "abc"').waitFor();
  await listed(page, "a");
  assert.equal(await search.inputValue(), "x>5 y>abc");
  assert.equal(await search.getAttribute("aria-invalid"), "true");
  await screenshot(page, "search-wrong");
  await search.fill("x>5");
  await refusal.waitFor({ state: "detached" });
  await page.getByTestId("search-help-button").click();
  await page.getByRole("dialog", { name: "Search objects" }).getByText("prop:part=7").waitFor();
  await screenshot(page, "search-help");
  await page.keyboard.press("Escape");
  await search.fill("nobody");
  await page.getByTestId("nothing-found").waitFor();
  assert.equal((await state(page)).objects, 2);
  assert.deepEqual(page.faults, []);
});
