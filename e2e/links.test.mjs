// Links into a session: to a selection, a view, a moment.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openSession, state } from "./lib/app.mjs";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";

const here = stage();

const cube = (name, x = 0) => ({ name, type: "cube", x, y: 0, z: 0 });

async function session() {
  const id = await here.api.session("Links");
  for (const name of ["a", "größe & co #1", "c"]) await here.api.create(id, cube(name));
  return id;
}

const CLIPBOARD = { permissions: ["clipboard-read", "clipboard-write"] };

/** The link that a press puts on the clipboard. */
async function copiedBy(page, press) {
  await page.evaluate(() => navigator.clipboard.writeText(""));
  await press();
  return until("a link is on the clipboard", () => page.evaluate(() => navigator.clipboard.readText()));
}

/** The link that the page puts on the clipboard. */
const copied = (page) => copiedBy(page, () => page.getByTestId("copy-link").click());

/** The same, from the menu that offers the selection, too. */
const copiedSelecting = (page) =>
  copiedBy(page, async () => {
    await page.getByTestId("files-button").click();
    await page.getByTestId("menu-copy-selecting-link").click();
  });

test("WEB80: a link says what its sharer has selected only where that is asked for", async () => {
  const id = await session();
  const page = await openSession(here.browser, here.server.origin, id, CLIPBOARD);
  await page.getByTestId("files-button").click();
  assert.ok(await page.getByTestId("menu-copy-selecting-link").isDisabled(), "nothing is selected");
  await page.keyboard.press("Escape");
  await page.getByText("größe & co #1").first().click();
  await until("it is selected", async () => (await state(page)).selected === "größe & co #1");
  assert.equal(await copied(page), `${here.server.origin}/s/${id}`);
  // The message offers the other one.
  const again = await copiedBy(page, () => page.getByTestId("toast-remedy").last().click());
  assert.match(again, /#select=gr%C3%B6%C3%9Fe%20%26%20co%20%231$/);
  await page.getByText("on the clipboard, with the selected object.").waitFor();
  assert.deepEqual(page.faults, []);
});

test("WEB57: a copied link opens the selection and the moment on another machine", async () => {
  const id = await session();
  const page = await openSession(here.browser, here.server.origin, id, CLIPBOARD);
  assert.equal(await copied(page), `${here.server.origin}/s/${id}`);

  await page.getByText("größe & co #1").first().click();
  await until("it is selected", async () => (await state(page)).selected === "größe & co #1");
  const link = await copiedSelecting(page);
  assert.equal(link, `${here.server.origin}/s/${id}#select=gr%C3%B6%C3%9Fe%20%26%20co%20%231`);
  const other = await here.browser.open(link);
  await until("the other has it selected", async () => (await state(other)).selected === "größe & co #1");

  await page.goto(`${here.server.origin}/s/${id}#at=2`);
  await until("seq 2 is shown", async () => (await state(page)).shown === 2);
  assert.match(await page.getByTestId("past-banner").textContent(), /You are looking at seq 2, /);
  assert.match(await copied(page), /#at=2$/);
  assert.deepEqual([page.faults, other.faults], [[], []]);
});

test("WEB57: a link with a view opens with it, and gives it on", async () => {
  const id = await session();
  const camera = "10,5.5,-7.25,1,0,2";
  const page = await openSession(here.browser, here.server.origin, `${id}#camera=${camera}`, CLIPBOARD);
  await until("the view is one's own", () => page.getByTestId("shared-view").isEnabled());
  // The camera flies there.
  await until("the view is that of the link", async () => (await copied(page)).endsWith(`/s/${id}#camera=${camera}`), () => copied(page));
  assert.deepEqual(page.faults, []);
});

test("WEB57: what a link says wrong is told part by part, and the rest is used", async () => {
  const id = await session();
  const bad = "#select=a&select=gone&camera=1,2,300,0,0,0&at=9000&colour=red";
  const page = await openSession(here.browser, here.server.origin, `${id}${bad}`);
  const toasts = page.getByTestId("toast");
  await until("each is told", async () => (await toasts.count()) === 4, () => toasts.allTextContents());
  const told = (await toasts.allTextContents()).join("\n");
  assert.match(told, /camera_z = 300 is outside \[-100, 100\]/);
  assert.match(told, /The link selects gone, which is not in this session/, "nothing is there later either: that moment never came");
  assert.match(told, /"colour": a link has select, camera and at/);
  assert.match(told, /The link leads to seq 9,000, which is yet to come: the last one is 3/);
  await until("what is right is used", async () => (await state(page)).selected === "a");

  await page.evaluate(() => (location.hash = "#select=nobody"));
  await page.getByText("The link selects nobody, which is not in this session.").waitFor();
  assert.deepEqual(page.faults, []);
});
