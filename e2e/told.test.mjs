// What the page tells: how far it is, what waits, what was refused and what can be done about it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { addWithForm, converge, live, openSession, state } from "./lib/app.mjs";
import { screenshot } from "./lib/browser.mjs";
import { stage } from "./lib/stage.mjs";
import { PHONE, breakRandom, openTimeline } from "./lib/states.mjs";
import { until } from "./lib/until.mjs";
import { openWire } from "./lib/wire.mjs";

const here = stage();
const cube = (name, x = 0) => ({ name, type: "cube", x, y: 0, z: 0 });
const row = (page, name) => page.locator(`[data-testid=tree-row][data-name="${name}"]`);
const toast = (page, words) => page.getByTestId("toast").filter({ hasText: words });

/** Opens a session with a hand on its socket: `fromServer` and `fromPage` answer whether a message goes on. */
async function openHeld(id, { fromServer = () => true, fromPage = () => true }) {
  const page = await here.browser.open("about:blank");
  await page.routeWebSocket(/\/ws(\/|$|\?)/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => fromServer(message, socket) && socket.send(message));
    socket.onMessage((message) => fromPage(message, socket) && server.send(message));
  });
  await page.goto(`${here.server.origin}/s/${id}`);
  return page;
}

test("WEB65: a big session tells how much of it is there while it loads", async () => {
  const id = await here.api.session("Big");
  for (let start = 0; start < 3_000; start += 1_000) {
    const commands = Array.from({ length: 1_000 }, (_, n) => ({ type: "create_object", object: cube(`o${start + n}`) }));
    await here.api.command(id, { type: "batch", commands });
  }
  let held = [];
  let passed = 0;
  // Of the parts of the snapshot two go through at first.
  const page = await openHeld(id, {
    fromServer(message, socket) {
      if (held && message.length > 10_000 && (passed += 1) > 2) held.push(() => socket.send(message));
      else if (held?.length) held.push(() => socket.send(message));
      else return true;
      return false;
    },
  });
  const words = page.getByTestId("loading").locator("p");
  await words.filter({ hasText: /of 3,000 objects/ }).waitFor();
  const [, loaded] = /^([\d,]+) of 3,000 objects$/.exec(await words.textContent());
  const count = Number(loaded.replace(",", ""));
  assert.ok(count > 0 && count < 3_000, loaded);
  const bar = page.getByRole("progressbar", { name: "Loading objects" });
  assert.equal(await bar.evaluate((element) => element.value / element.max), count / 3_000);
  assert.equal((await state(page)).status, "loading");
  await screenshot(page, "loading");
  const waiting = held;
  held = undefined;
  for (const send of waiting) send();
  await live(page);
  await page.getByTestId("loading").waitFor({ state: "detached" });
  await converge(here.api, id, [page]);
});

test("WEB65: an empty place offers what to do next", async () => {
  const id = await here.api.session("Empty");
  const page = await openSession(here.browser, here.server.origin, id);
  await page.getByTestId("no-objects").getByRole("button", { name: "Add the first object" }).click();
  await page.getByTestId("create-form").waitFor();
  await page.getByTestId("tab-object").click();
  await page.getByTestId("nothing-selected").getByRole("button", { name: "Add an object" }).click();
  await page.getByTestId("create-form").waitFor();
  const list = await here.browser.open(here.server.origin);
  for (let n = 0; n < 6; n += 1) await here.api.session(`S${n}`);
  await list.getByTestId("session-search").fill("no such thing");
  await list.getByTestId("no-session-found").getByRole("button", { name: "Show all sessions" }).click();
  assert.ok((await list.getByTestId("session-row").count()) >= 6);
  assert.equal(await list.getByTestId("session-search").inputValue(), "");
});

test("WEB65: without its server a page says what becomes of changes, keeps them, and asks before it is left", async () => {
  const wire = await openWire(here.server.port);
  try {
    const id = await here.api.session("Cut off");
    const page = await openSession(here.browser, wire.origin, id);
    await addWithForm(page, { name: "before" });
    await converge(here.api, id, [page]);
    wire.cut();
    const note = page.getByTestId("offline-note");
    await note.filter({ hasText: "Not connected. What you change waits here and is sent when the server is back." }).waitFor();
    await addWithForm(page, { name: "one", x: 1 });
    await note.filter({ hasText: "Your change waits here" }).waitFor();
    await addWithForm(page, { name: "two", x: 2 });
    await note.filter({ hasText: "Your 2 changes wait here" }).waitFor();

    const asked = page.waitForEvent("dialog");
    const left = page.close({ runBeforeUnload: true });
    const question = await asked;
    assert.equal(question.type(), "beforeunload");
    await question.dismiss();
    await left;
    assert.equal((await state(page)).pending, 2, "the page is still there");

    wire.mend();
    await live(page);
    const { objects } = await converge(here.api, id, [page]);
    assert.deepEqual(objects.map(({ name }) => name), ["before", "one", "two"]);
    await note.waitFor({ state: "detached" });
    // Nothing waits: nothing is asked.
    await page.close({ runBeforeUnload: true });
    await until("the page is closed", () => page.isClosed());
  } finally {
    await wire.close();
  }
});

/** `rejected` in MessagePack, of which everything is shorter than 256 bytes. */
function rejected(id, code, detail) {
  const text = (value) => [0xd9, Buffer.byteLength(value), ...Buffer.from(value)];
  const problem = [0x82, ...text("code"), ...text(code), ...text("detail"), ...text(detail)];
  return Buffer.from([0x83, ...text("type"), ...text("rejected"), ...text("id"), id, ...text("problem"), ...problem]);
}

/** The number of the command in a message of the page; nothing where it is another one. */
function commandId(message) {
  const bytes = Buffer.from(message);
  const at = bytes.indexOf(Buffer.from([0xa2, ...Buffer.from("id")]));
  return bytes.includes("command") && at >= 0 && bytes[at + 3] < 0x80 ? bytes[at + 3] : undefined;
}

test("WEB66: what was refused for a reason that passes can be tried again with one press", async () => {
  const id = await here.api.session("A full disk");
  let refuse = true;
  const page = await openHeld(id, {
    fromPage(message, socket) {
      const command = commandId(message);
      if (!refuse || command === undefined) return true;
      refuse = false;
      socket.send(rejected(command, "log_unavailable", "the log cannot be written now: no space left on device"));
      return false;
    },
  });
  await live(page);
  await page.getByTestId("tab-add").click();
  await page.getByTestId("create-name").fill("late");
  await page.getByTestId("create-submit").click();
  const told = toast(page, "Not changed: the log cannot be written now: no space left on device");
  await told.waitFor();
  await until("it is taken back", async () => (await state(page)).objects === 0);
  await screenshot(page, "toast-retry");
  await told.getByRole("button", { name: "Try again" }).click();
  await until("it is there", async () => (await here.api.snapshot(id)).json.objects.map(({ name }) => name).join() === "late");
  await told.waitFor({ state: "detached" });
  await converge(here.api, id, [page]);
});

test("WEB66: a message says why, takes no focus, waits for who points at it, and goes when it is dismissed", async () => {
  const id = await here.api.session("Messages");
  await here.api.create(id, cube("a", 12));
  const page = await openSession(here.browser, here.server.origin, id);
  await row(page, "a").click();
  await page.getByTestId("tree").focus();
  await page.evaluate(() => document.activeElement.blur());
  await page.getByTestId("toggle-tree").focus();
  await page.clock.install();
  await page.keyboard.press("ArrowRight");
  const told = toast(page, "Refused: x = 12.5 is outside [-12, 12]");
  await told.waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), "toggle-tree");
  assert.equal(await page.getByRole("log", { name: "Messages" }).getAttribute("aria-live"), "polite");
  await told.hover();
  await page.clock.runFor(60_000);
  assert.equal(await told.count(), 1, "somebody reads it");
  await told.getByRole("button", { name: "Dismiss" }).click();
  await told.waitFor({ state: "detached" });
  await page.getByTestId("toggle-tree").focus();
  await page.mouse.move(400, 400);
  await page.keyboard.press("ArrowRight");
  await told.waitFor();
  await page.clock.runFor(13_000);
  await told.waitFor({ state: "detached" });
});

test("WEB67: a fault of the page itself shows a text to report, a way to copy it, and the way back", async () => {
  const id = await here.api.session("Broken");
  const options = { permissions: ["clipboard-read", "clipboard-write"], prepare: breakRandom };
  const page = await here.browser.open(`${here.server.origin}/s/${id}`, options);
  const overlay = page.getByRole("alertdialog", { name: "This page has stopped" });
  await overlay.waitFor();
  const text = await overlay.locator("pre").textContent();
  assert.match(text, /^VWS \d+\.\d+\.\d+, page \/s\/[0-9a-f-]+\nMozilla\/5\.0[^\n]*Chrome[^\n]*\n\npanicked at /);
  assert.match(text, /no random bytes here/);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Load again", "the keyboard is there");
  await overlay.getByRole("button", { name: "Copy the text" }).click();
  await overlay.getByRole("button", { name: "Copied" }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
  assert.equal(await page.locator("#app").getAttribute("inert"), "");
  await screenshot(page, "stopped");
  assert.equal(await overlay.getByRole("link", { name: "Load again" }).getAttribute("href"), `/s/${id}`);
});

for (const [name, options] of [["wide", {}], ["phone", PHONE]]) {
  test(`WEB83: messages leave the timeline's buttons in reach (${name})`, async () => {
    const id = await here.api.session("Messages");
    const page = await openSession(here.browser, here.server.origin, id, { ...options, reducedMotion: "reduce" });
    await here.api.create(id, { name: "a", type: "cube", x: 0, y: 0, z: 0 });
    await openTimeline(page);
    await page.getByTestId("live").waitFor();
    await page.getByTestId("files-button").click();
    const saved = page.waitForEvent("download");
    await page.getByTestId("export-png").click();
    await saved;
    const toast = page.getByTestId("toast").filter({ hasText: "Exported" });
    await toast.waitFor();
    const [above, below] = [await toast.boundingBox(), await page.getByTestId("timeline").boundingBox()];
    assert.ok(above.y + above.height <= below.y, `the message ends at ${above.y + above.height}, the timeline begins at ${below.y}`);
    await screenshot(page, `message-timeline-${name}`);
    assert.deepEqual(page.faults, []);
  });
}
