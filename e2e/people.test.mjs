import assert from "node:assert/strict";
import { test } from "node:test";
import { addWithForm, converge, introduce, openSession, state } from "./lib/app.mjs";
import { screenshot } from "./lib/browser.mjs";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";

const here = stage();

/** Whom a page shows beside oneself, by name, with colours. */
const peers = (page) =>
  page.getByTestId("peer").evaluateAll((rows) =>
    rows.map((row) => [row.querySelector("[data-testid=peer-name]").textContent, row.dataset.color]).sort(),
  );

test("WEB6: people have a name and a colour that others see at once and that outlast a visit", async () => {
  const id = await here.api.session("People");
  await here.api.create(id, { name: "cube1", type: "cube", x: 0, y: 0, z: 0 });
  const ada = await openSession(here.browser, here.server.origin, id);
  const bob = await openSession(here.browser, here.server.origin, id);
  await until("each sees a guest", async () => (await peers(ada)).length === 1 && (await peers(bob)).length === 1);
  assert.match((await peers(ada))[0][0], /^Guest [0-9a-f]{4}$/);

  await introduce(ada, "Ada", "#ff8800");
  await until("Bob sees Ada", async () => JSON.stringify(await peers(bob)) === '[["Ada","#ff8800"]]', () => peers(bob));
  await introduce(bob, "Bob", "#22aa66");
  await until("Ada sees Bob", async () => JSON.stringify(await peers(ada)) === '[["Bob","#22aa66"]]');

  await bob.getByTestId("tree-row").click();
  await until("Ada sees what Bob has selected", async () => (await ada.getByTestId("tree-peer").count()) === 1);
  await ada.getByTestId("people-button").click();
  await screenshot(ada, "people");

  await ada.reload();
  await until("Ada is back", async () => (await state(ada)).status === "live");
  await until("Bob sees Ada again", async () => JSON.stringify(await peers(bob)) === '[["Ada","#ff8800"]]', () => peers(bob));
  await converge(here.api, id, [ada, bob]);
  const people = async () => (await ada.getByTestId("people").textContent()).trim();
  await until("nobody is there twice", async () => (await people()) === "2", people);
  assert.deepEqual([ada.faults, bob.faults], [[], []]);
});

test("WEB6: a name that the rules refuse is refused while it is typed, and none is fine", async () => {
  const id = await here.api.session("Refused names");
  const page = await openSession(here.browser, here.server.origin, id);
  const other = await openSession(here.browser, here.server.origin, id);
  await page.getByTestId("people-button").click();
  await page.getByTestId("your-name").fill("x".repeat(65));
  assert.equal(await page.getByTestId("your-name-refusal").getAttribute("data-code"), "display_name_invalid");
  await page.getByTestId("your-name").fill("Eve");
  await page.getByTestId("your-name").press("Enter");
  await until("the other sees Eve", async () => (await peers(other))[0]?.[0] === "Eve");
  await page.getByTestId("your-name").fill("");
  await page.getByTestId("your-name").press("Enter");
  await until("the other sees a guest", async () => /^Guest /.test((await peers(other))[0]?.[0]), () => peers(other));
  await converge(here.api, id, [page, other]);
  assert.deepEqual(page.faults, []);
});

test("WEB51: what somebody did has their name of now, also when they have left", async () => {
  const id = await here.api.session("Left");
  const ada = await openSession(here.browser, here.server.origin, id);
  const bob = await openSession(here.browser, here.server.origin, id);
  await addWithForm(ada, { name: "hers" });
  await bob.locator('[data-testid=tree-row][data-name="hers"]').click();
  const by = async () => (await bob.getByTestId("last-change").textContent()) ?? "";
  await until("a guest did it", async () => /Guest [0-9a-f]{4}, /.test(await by()), by);
  await introduce(ada, "Ada", "#ff8800");
  await until("it was Ada", async () => (await by()).includes("Ada, "), by);
  await ada.context().close();
  await until("Bob is alone", async () => (await peers(bob)).length === 0);
  await bob.getByTestId("toggle-timeline").click();
  await until("her lane has her name", async () => (await bob.getByTestId("timeline").textContent()).includes("Ada"));
  assert.match(await by(), /Ada, /);
  assert.deepEqual(bob.faults, []);
});

test("WEB65: who is alone is offered the link for others to come by", async () => {
  const id = await here.api.session("Alone");
  const page = await openSession(here.browser, here.server.origin, id, { permissions: ["clipboard-read", "clipboard-write"] });
  await page.getByTestId("people-button").click();
  await page.getByTestId("invite").click();
  await page.getByTestId("toast").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `${here.server.origin}/s/${id}`);
  assert.deepEqual(page.faults, []);
});
