// The timeline, and moments of the past that the page shows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { converge, introduce, openSession, state } from "./lib/app.mjs";
import { screenshot } from "./lib/browser.mjs";
import { stage } from "./lib/stage.mjs";
import { openTimeline as clickTimeline } from "./lib/states.mjs";
import { until } from "./lib/until.mjs";

const here = stage();

const cube = (name, x = 0) => ({ name, type: "cube", x, y: 0, z: 0 });

/** Opens the timeline and waits for its marks. */
async function openTimeline(page) {
  await clickTimeline(page);
  await until("the history is read", async () => /^(?!reading).*events$/.test(await shown(page)), () => shown(page));
}

const shown = (page) => page.getByTestId("timeline-shown").textContent();
const position = async (page) => (await page.getByTestId("timeline-position").textContent()).trim();
const at = (page, expected) => until(`the page is at ${expected}`, async () => (await position(page)) === expected, () => position(page));
const objects = (page, count) =>
  until(`${count} objects are shown`, async () => (await page.getByTestId("object-count").textContent()) === String(count), () => page.getByTestId("object-count").textContent());
const past = (page, seq) =>
  until(`seq ${seq} is shown`, async () => (await state(page)).shown === seq, async () => ({ ...(await state(page)), faults: page.faults }));

/** Clicks the timeline at a part of its length. */
async function clickAt(page, part) {
  const box = await page.getByTestId("track").boundingBox();
  await page.mouse.click(box.x + box.width * part, box.y + box.height / 2);
}

/** A session in which somebody without a name made ten cubes in a row. */
async function tenCubes() {
  const id = await here.api.session("Ten cubes");
  for (let n = 1; n <= 10; n += 1) await here.api.create(id, cube(`c${String(n).padStart(2, "0")}`, n - 5));
  return id;
}

test("WEB50: a click, a drag and the keys lead to a moment, and LIVE leads back to all that happened meanwhile", async () => {
  const id = await tenCubes();
  const page = await openSession(here.browser, here.server.origin, id);
  await openTimeline(page);
  assert.equal(await shown(page), "10 events");
  assert.equal(await page.getByTestId("live").getAttribute("aria-pressed"), "true");

  await clickAt(page, 0.4);
  await past(page, 4);
  await objects(page, 4);
  assert.equal(await page.getByTestId("tree-row").count(), 4);
  assert.match(await page.getByTestId("past-banner").textContent(), /You are looking at seq 4, /);

  const track = page.getByTestId("track");
  await track.focus();
  await track.press("ArrowRight");
  await past(page, 5);
  await track.press("Home");
  await past(page, 0);
  await objects(page, 0);
  await page.getByTestId("step-on").click();
  await past(page, 1);

  // Others go on.
  await here.api.create(id, cube("later", 6));
  await at(page, "1 / 11");
  assert.equal((await state(page)).shown, 1, "what is shown stays");
  await objects(page, 1);

  const box = await track.boundingBox();
  await page.mouse.move(box.x + box.width * 0.2, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 10, { steps: 5 });
  await page.mouse.move(box.x + (box.width * 8) / 11, box.y + 10, { steps: 5 });
  await page.mouse.up();
  await past(page, 8);
  await screenshot(page, "timeline-past");

  await page.getByTestId("live").click();
  await until("the page is live", async () => (await state(page)).shown === undefined || (await state(page)).shown === null);
  await objects(page, 11);
  assert.equal(await page.getByTestId("past-banner").count(), 0);
  await converge(here.api, id, [page]);
  assert.deepEqual(page.faults, []);
});

test("WEB50: each moment is the server's state of that moment, byte for byte", async () => {
  const id = await tenCubes();
  await here.api.command(id, { type: "update_object", name: "c01", patch: { x: 3.25, color: "#ff0000" } });
  await here.api.command(id, { type: "rename_object", name: "c02", new_name: "renamed" });
  await here.api.command(id, { type: "clear_objects" });
  const page = await openSession(here.browser, here.server.origin, id);
  await openTimeline(page);
  const track = page.getByTestId("track");
  await track.focus();
  for (let seq = 12; seq >= 0; seq -= 1) {
    await track.press("ArrowLeft");
    await past(page, seq);
    const then = await fetch(`${here.server.origin}/api/sessions/${id}/snapshot?at=${seq}`);
    assert.equal(await page.evaluate(() => window.__vws.shownSnapshot()), await then.text());
  }
  assert.deepEqual(page.faults, []);
});

test("WEB50: in the past nothing can be changed, and the page says why", async () => {
  const id = await tenCubes();
  const page = await openSession(here.browser, here.server.origin, id);
  await openTimeline(page);
  await clickAt(page, 0.5);
  await past(page, 5);
  await page.getByTestId("tree-row").first().click();
  await until("it is selected", async () => (await state(page)).selected === "c01");
  const field = page.getByTestId("inspector-x");
  assert.ok(await field.isDisabled());
  assert.ok(await page.getByTestId("delete-object").isDisabled());
  assert.ok(await page.getByTestId("rename-session").isDisabled());
  await page.getByTestId("tree-row").first().press("Delete");
  await page.getByText("Not changed: you are looking at the past").waitFor();
  await page.getByTestId("back-to-live").click();
  await until("the field takes text again", () => field.isEnabled());
  const { json } = await here.api.snapshot(id);
  assert.equal(json.session.seq, 10, "nothing was sent");
  assert.deepEqual(page.faults, []);
});

test("WEB51: each author has a lane in their colour, and the pointer tells who, when and what", async () => {
  const id = await here.api.session("Authors");
  const ada = await openSession(here.browser, here.server.origin, id);
  await introduce(ada, "Ada", "#ff8800");
  await ada.getByTestId("tab-add").click();
  await ada.getByTestId("create-submit").click();
  await until("it is there", async () => (await state(ada)).seq === 1);
  await here.api.create(id, cube("from-a-script"));
  await openTimeline(ada);
  const lanes = ada.getByTestId("lane");
  await until("two lanes", async () => (await lanes.count()) === 2);
  assert.deepEqual((await lanes.allTextContents()).sort(), ["Ada", "Unnamed requests"]);
  const box = await ada.getByTestId("track").boundingBox();
  await ada.mouse.move(box.x + box.width / 2, box.y + 8);
  assert.match(await ada.getByTestId("track-tip").textContent(), /seq 1 · .*Ada added cube-1 \(cube\)/);
  await screenshot(ada, "timeline-authors");

  // Who left is known by name to those who met them.
  await ada.reload();
  await until("she is back", async () => (await state(ada)).status === "live");
  await openTimeline(ada);
  await until("Ada's earlier self is Ada", async () => (await lanes.allTextContents()).includes("Ada"), () => lanes.allTextContents());
  assert.deepEqual(ada.faults, []);
});

test("WEB51: of a long history the marks are a sample, and the page says so; any moment can be reached", async () => {
  const id = await here.api.session("Long");
  await here.api.create(id, cube("a"));
  for (let batch = 0; batch < 6; batch += 1) {
    const commands = Array.from({ length: 1_000 }, (_, n) => ({ type: "update_object", name: "a", patch: { x: ((batch * 1_000 + n) % 100) / 10 } }));
    await here.api.command(id, { type: "batch", commands });
  }
  const page = await openSession(here.browser, here.server.origin, id);
  const requests = [];
  page.on("request", (request) => requests.push(request.url()));
  await openTimeline(page);
  const { json } = await here.api.snapshot(id);
  assert.match(await shown(page), /^a sample of 3,[0-9]{3} of [56],[0-9]{3} events$/);
  assert.ok(requests.filter((url) => url.includes("/events?")).length <= 80, "so many requests, however long it is");
  await clickAt(page, 0.5);
  await until("a moment in the middle", async () => (await state(page)).shown > 0);
  const { shown: seq } = await state(page);
  assert.ok(Math.abs(seq - json.session.seq / 2) < 100, `${seq}`);
  await page.getByTestId("step-back").click();
  await past(page, seq - 1);
  await screenshot(page, "timeline-long");
  assert.deepEqual(page.faults, []);
});

test("WEB52: the past is played in its own time, faster when asked to, and ends in the present", async () => {
  const id = await tenCubes();
  const page = await openSession(here.browser, here.server.origin, id);
  await openTimeline(page);
  await page.getByTestId("speed").selectOption("16");
  await page.getByTestId("play").click();
  await until("it has come back to the present", async () => {
    const { shown: seq } = await state(page);
    return (seq === undefined || seq === null) && (await page.getByTestId("live").getAttribute("aria-pressed")) === "true";
  });
  await objects(page, 10);
  assert.deepEqual(page.faults, []);
});

test("WEB53: a fork from a moment is a session of its own that begins with it", async () => {
  const id = await tenCubes();
  const page = await openSession(here.browser, here.server.origin, id);
  await openTimeline(page);
  await clickAt(page, 0.3);
  await past(page, 3);
  await page.getByTestId("fork").click();
  await page.waitForURL((url) => url.pathname.startsWith("/s/") && !url.pathname.endsWith(id));
  await until("the fork is there", async () => (await state(page)).status === "live" && (await state(page)).objects === 3);
  await page.getByTestId("session-title").filter({ hasText: "Ten cubes (from seq 3)" }).waitFor();
  await openTimeline(page);
  await page.getByTestId("timeline-empty").waitFor();
  await page.getByTestId("toast-remedy").click();
  await page.waitForURL((url) => url.pathname.endsWith(id));
  await objects(page, 10);
  assert.deepEqual(page.faults, []);
});

test("WEB54: an object's history tells who changed what from what to what, and leads to each moment", async () => {
  const id = await here.api.session("History of one");
  const page = await openSession(here.browser, here.server.origin, id);
  await here.api.create(id, cube("a", 1));
  await here.api.create(id, cube("other"));
  await here.api.command(id, { type: "update_object", name: "a", patch: { x: 5, text: "hi" } });
  await until("it is there", async () => (await state(page)).seq === 3);
  await page.getByTestId("tree-row").first().click();
  const rows = page.getByTestId("history-row");
  await until("two events", async () => (await rows.count()) === 2, () => rows.allTextContents());
  assert.match(await rows.first().textContent(), /Unnamed requests.*changed text, x of a.*textempty → hi.*x1 → 5/);
  assert.match(await rows.last().textContent(), /added a \(cube\)/);

  // What happens next comes in by itself.
  await page.getByTestId("inspector-y").fill("2");
  await page.getByTestId("inspector-y").press("Enter");
  await until("three events", async () => (await rows.count()) === 3, () => rows.allTextContents());
  assert.match(await rows.first().textContent(), /moved a.*y0 → 2/);
  await rows.last().scrollIntoViewIfNeeded();
  await screenshot(page, "object-history");

  await rows.last().click();
  await past(page, 1);
  await until("its history ends there", async () => (await rows.count()) === 1);
  assert.equal(await page.getByTestId("inspector-x").inputValue(), "1");
  assert.ok(await rows.first().isEnabled(), "the way to other moments stays");
  await page.getByTestId("back-to-live").click();
  await until("all of it again", async () => (await rows.count()) === 3);
  assert.deepEqual(page.faults, []);
});

test("WEB79: changes that follow each other closely are one line and one mark, and each moment of them is there", async () => {
  const id = await here.api.session("Run");
  await here.api.create(id, cube("a", 0));
  const page = await openSession(here.browser, here.server.origin, id);
  await introduce(page, "Ada", "#ff8800");
  await page.getByTestId("tree-row").click();
  await until("it is selected", async () => (await state(page)).selected === "a");
  // A key that is held: eight changes without a pause. In the list the keys are the list's.
  await page.evaluate(() => document.activeElement.blur());
  for (let n = 0; n < 8; n += 1) await page.keyboard.press("Shift+PageUp");
  await until("the server has them", async () => (await here.api.snapshot(id)).json.session.seq === 9);
  const rows = page.getByTestId("history-row");
  await until("they are one line", async () => /Ada.*moved a, 8 changes.*y0 → 0\.8/.test((await rows.allTextContents())[0]), () => rows.allTextContents());
  assert.equal(await rows.count(), 2);

  await openTimeline(page);
  await until("the history is read", async () => (await page.getByTestId("timeline-shown").textContent()) === "9 events");
  assert.deepEqual(await page.locator("[data-marks]").evaluateAll((paths) => paths.map((path) => path.dataset.marks)), ["1", "1"]);
  const box = await page.getByTestId("track").boundingBox();
  await page.mouse.move(box.x + box.width * (5 / 9), box.y + 8);
  assert.match(await page.getByTestId("track-tip").textContent(), /seq 5 · .*Ada moved a, 8 changes/);
  await screenshot(page, "timeline-run");
  await page.getByTestId("track").focus();
  for (const seq of [8, 7, 6]) {
    await page.keyboard.press("ArrowLeft");
    await past(page, seq);
    const told = () => page.getByTestId("track").getAttribute("aria-valuetext");
    await until("it is told which of them", async () => new RegExp(`^seq ${seq}, .*moved a, change ${seq - 1} of 8$`).test(await told()), told);
  }
  assert.deepEqual(page.faults, []);
});

test("WEB54: two moments are compared in words, and the present is made as the first was", async () => {
  const id = await tenCubes();
  await here.api.command(id, { type: "update_object", name: "c01", patch: { x: 3, color: "#ff0000" } });
  await here.api.command(id, { type: "delete_object", name: "c02" });
  await here.api.create(id, cube("new", 7));
  const page = await openSession(here.browser, here.server.origin, id);
  await openTimeline(page);
  await page.getByTestId("compare").click();
  await page.getByTestId("compare-from").fill("99");
  await page.getByTestId("compare-from-refusal").waitFor();
  assert.ok(await page.getByTestId("compare-now").isDisabled());
  await page.getByTestId("compare-from").fill("10");
  await page.getByTestId("compare-now").click();
  const differences = page.getByTestId("difference");
  await until("what differs is told", async () => (await differences.count()) === 3);
  const told = await differences.allTextContents();
  assert.match(told[0], /^delete c02$/);
  assert.match(told[1], /^change c01.*color#5b8def → #ff0000.*x-4 → 3/);
  assert.match(told[2], /^add new \(cube\) at 7, 0, 0$/);
  await screenshot(page, "compare");

  await page.getByTestId("bring-back").click();
  await page.getByText("The world is as it was at seq 10.").waitFor();
  await converge(here.api, id, [page]);
  const { json } = await here.api.snapshot(id);
  assert.deepEqual(json.objects.map((object) => object.name), Array.from({ length: 10 }, (_, n) => `c${String(n + 1).padStart(2, "0")}`));
  assert.equal(json.objects[0].x, -4);
  assert.equal(json.session.seq, 16, "the history stays");
  assert.deepEqual(page.faults, []);
});

for (const [name, options] of [
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["phone", { colorScheme: "dark", width: 390, height: 844, hasTouch: true }],
]) {
  test(`WEB50: the past looks like the past (${name})`, async () => {
    const id = await tenCubes();
    const page = await openSession(here.browser, here.server.origin, id, options);
    await openTimeline(page);
    await screenshot(page, `timeline-live-${name}`);
    await clickAt(page, 0.6);
    await past(page, 6);
    await page.getByTestId("past-banner").waitFor();
    await screenshot(page, `timeline-past-${name}`);
    assert.deepEqual(page.faults, []);
  });
}
