import assert from "node:assert/strict";
import { test } from "node:test";
import { introduce, live, openSession } from "./lib/app.mjs";
import { screenshot } from "./lib/browser.mjs";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";
import { openWire } from "./lib/wire.mjs";

const here = stage();
const ADA = { name: "Ada", color: "#ff8800" };
const BOB = { name: "Bob", color: "#22aa66" };

/** Two poses from which each sees the other's camera. */
const FROM_LEFT = [-9, 4, 9, 0, 2, 0];
const FROM_RIGHT = [11, 5, -2, 0, 2, 0];

const camera = (page) => page.evaluate(() => window.__vws.camera);
const follows = (page) => page.evaluate(() => window.__vws.follows ?? null);
const client = (page) => page.evaluate(() => window.__vws.client);
const isNear = (a, b) => Boolean(a && b) && a.every((v, i) => Math.abs(v - b[i]) < 0.05);

/** The names that are shown over the view. */
const tags = (page) =>
  page.getByTestId("peer-tag").evaluateAll((all) => all.filter((tag) => tag.style.display !== "none").map((tag) => tag.textContent).sort());

/** Drags from the middle of the view, which turns the camera. */
async function drag(page, dx, dy) {
  const box = await page.getByTestId("viewport").boundingBox();
  const [x, y] = [box.x + box.width * 0.5, box.y + box.height * 0.55];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + dx, y + dy, { steps: 6 });
  await page.mouse.up();
  // A drag fades away over some frames, however long the machine takes for one.
  await rests(page);
}

/** Waits until the camera stands still. */
const rests = (page) =>
  until("the camera rests", () =>
    page.evaluate(async () => {
      const before = String(window.__vws.camera);
      for (let i = 0; i < 3; i++) await new Promise((done) => requestAnimationFrame(done));
      return String(window.__vws.camera) === before;
    }),
  );

let looks = 0;

/** The view from somewhere, by a link: what a person gets who opens one. */
async function look(page, pose) {
  // The same link again would lead nowhere: each differs by what nobody sees.
  const [x, ...rest] = pose;
  await page.evaluate((pose) => (location.hash = `camera=${pose}`), [x + 1e-4 * ++looks, ...rest].join(","));
  await until("the camera is there", async () => isNear(await camera(page), pose), () => camera(page));
  await rests(page);
}

/** Two people in one session, who look from different sides. */
async function two(name, options) {
  const id = await here.api.session(name);
  await here.api.create(id, { name: "cube1", type: "cube", color: "#8899aa", scale: 3, x: 0, y: 1.5, z: 0 });
  const ada = await openSession(here.browser, here.server.origin, id, options);
  const bob = await openSession(here.browser, here.server.origin, id, options);
  await introduce(ada, ADA.name, ADA.color);
  await introduce(bob, BOB.name, BOB.color);
  await live(ada);
  await live(bob);
  await look(ada, FROM_LEFT);
  await look(bob, FROM_RIGHT);
  return { id, ada, bob };
}

const row = (page, name) => page.getByTestId("peer").filter({ hasText: name });

/** Presses a button in somebody's row of the list of people. */
async function inList(page, name, button) {
  await page.getByTestId("people-button").click();
  await row(page, name).getByTestId(button).click();
  await page.keyboard.press("Escape");
}

test("WEB44: others' cameras stand in the view with their names, one's own does not, and they go with who leaves", async () => {
  const { ada, bob } = await two("Frusta");
  await until("Ada sees Bob", async () => JSON.stringify(await tags(ada)) === '["Bob"]', () => tags(ada));
  await until("Bob sees Ada", async () => JSON.stringify(await tags(bob)) === '["Ada"]', () => tags(bob));
  await bob.getByTestId("tree-row").click();
  await until("Ada sees what Bob has selected", async () => (await ada.getByTestId("tree-peer").count()) === 1);
  const box = await bob.getByTestId("viewport").boundingBox();
  await bob.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  const dots = (page) => page.getByTestId("peer-pointer").evaluateAll((all) => all.filter((dot) => dot.style.display !== "none").length);
  await until("Ada sees where Bob points", async () => (await dots(ada)) === 1);
  await screenshot(ada, "company-light");
  await ada.emulateMedia({ colorScheme: "dark" });
  await screenshot(ada, "company-dark");

  await bob.mouse.move(2, 2);
  await until("Bob points at nothing", async () => (await dots(ada)) === 0);
  await bob.close();
  await until("Bob is gone", async () => (await tags(ada)).length === 0, () => tags(ada));
  assert.deepEqual([ada.faults, bob.faults], [[], []]);
});

test("WEB6: what somebody has selected is told in the list, and selected from there", async () => {
  const { id, ada, bob } = await two("Chosen");
  await here.api.create(id, { name: "cube2", type: "cube", x: 3, y: 0, z: 0 });
  await bob.locator("[data-testid=tree-row][data-name=cube2]").waitFor();
  await bob.getByTestId("tree").focus();
  await bob.keyboard.press("Control+A");
  await ada.getByTestId("people-button").click();
  const chosen = row(ada, "Bob").getByTestId("peer-selected");
  await until("both are told", async () => /^cube[12] \+1$/.test(await chosen.textContent()), () => chosen.textContent());
  await chosen.click();
  const selection = () => ada.evaluate(() => [...window.__vws.selection].sort().join());
  await until("both are selected here too", async () => (await selection()) === "cube1,cube2", selection);
  await screenshot(ada, "chosen");
  assert.deepEqual([ada.faults, bob.faults], [[], []]);
});

test("WEB43: a camera is told at most ten times a second, only while it changes, and never to the log", async () => {
  const id = await here.api.session("Pace");
  const page = await here.browser.open("about:blank");
  // By the page's own clock: what is seen from outside comes late while the page draws.
  await page.addInitScript(() => {
    window.__said = [];
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (data) {
      const text = typeof data === "string" ? data : new TextDecoder().decode(data);
      if (text.includes("presence")) window.__said.push(performance.now());
      return send.call(this, data);
    };
  });
  const said = () => page.evaluate(() => window.__said);
  await page.goto(`${here.server.origin}/s/${id}`);
  await live(page);
  await until("the first is told", async () => (await said()).length > 0);
  await drag(page, 120, 30);
  await until("the camera was told", async () => (await said()).length > 1);
  // What was dragged glides on for a while, and its last place is told after that.
  const pass = () => page.evaluate(() => new Promise((done) => setTimeout(done, 400)));
  let pose = await camera(page);
  await until("the camera rests", async () => {
    const before = pose;
    await pass();
    pose = await camera(page);
    return JSON.stringify(pose) === JSON.stringify(before);
  });
  const other = await openSession(here.browser, here.server.origin, id);
  await other.getByTestId("people-button").click();
  await until("it is there for who comes later", () => other.getByTestId("peer-look").isEnabled());
  // What was still to be told when the camera came to rest is late where the machine is.
  let length;
  await until("it is all told", async () => {
    ({ length } = await said());
    await pass();
    return (await said()).length === length;
  });
  await pass();
  const times = await said();
  assert.equal(times.length, length, "nothing is said while nothing changes");
  assert.ok(isNear(await camera(page), pose));
  // Messages leave a hundred milliseconds apart; what the machine adds to that is no reason to fail.
  for (let i = 10; i < times.length; i++) assert.ok(times[i] - times[i - 10] > 900, `${times[i] - times[i - 10]} ms for ten`);
  assert.equal((await here.api.snapshot(id)).json.session.seq, 0);
  assert.deepEqual(page.faults, []);
});

test("WEB46: a view goes along with somebody's until one drags, presses Escape or Stop, or they leave", async () => {
  const { ada, bob } = await two("Follow");
  await until("Bob's camera is there", async () => (await tags(ada)).length === 1);
  await inList(ada, "Bob", "peer-follow");
  const banner = ada.getByTestId("follow-banner");
  await banner.waitFor();
  assert.match(await banner.textContent(), /Following Bob/);
  await until("Ada looks from where Bob does", async () => isNear(await camera(ada), await camera(bob)));
  await drag(bob, 140, 40);
  await until("and goes along", async () => isNear(await camera(ada), await camera(bob)), async () => [await camera(ada), await camera(bob)]);
  await screenshot(ada, "following");
  assert.equal(await follows(ada), await client(bob));
  await bob.getByTestId("people-button").click();
  await until("Bob is told so", async () => (await row(bob, "Ada").getByTestId("peer-state").textContent()) === "follows you");
  assert.equal(await row(bob, "Ada").getByTestId("peer-follow").isDisabled(), true, "nobody follows who follows them");
  await screenshot(bob, "people-followed");
  await bob.keyboard.press("Escape");
  await until("who goes along is not in the way", async () => (await tags(bob)).length === 0, () => tags(bob));

  await drag(ada, -120, 0);
  await banner.waitFor({ state: "detached" });
  const own = await camera(ada);
  await drag(bob, 60, 0);
  assert.ok(isNear(await camera(ada), own), "Ada looks by herself");

  // By the name at the camera; Escape ends it before it touches the selection.
  await ada.getByTestId("tree-row").click();
  await look(ada, FROM_LEFT);
  await look(bob, FROM_RIGHT);
  await until("Bob's name is there", async () => (await tags(ada)).length === 1);
  await ada.getByTestId("peer-tag").click();
  await banner.waitFor();
  await ada.keyboard.press("Escape");
  await banner.waitFor({ state: "detached" });
  assert.equal(await ada.evaluate(() => window.__vws.selected), "cube1");

  await look(ada, FROM_LEFT);
  await inList(ada, "Bob", "peer-follow");
  await ada.getByTestId("follow-stop").click();
  await banner.waitFor({ state: "detached" });

  await inList(ada, "Bob", "peer-follow");
  await banner.waitFor();
  await bob.close();
  await until("Ada is told that Bob has left", async () => (await ada.getByTestId("toasts").textContent()).includes("Bob has left"));
  await banner.waitFor({ state: "detached" });
  assert.deepEqual([ada.faults, bob.faults], [[], []]);
});

test("WEB46: two who follow each other at the same moment end with one who leads", async () => {
  const { ada, bob } = await two("Circle");
  await until("both are there", async () => (await tags(ada)).length === 1 && (await tags(bob)).length === 1);
  const press = (page) => page.getByTestId("peer-tag").evaluate((tag) => tag.click());
  await Promise.all([press(ada), press(bob)]);
  await until(
    "at most one follows, and both look from one place",
    async () => {
      const both = [await follows(ada), await follows(bob)];
      return both.filter(Boolean).length < 2 && isNear(await camera(ada), await camera(bob));
    },
    async () => [await follows(ada), await follows(bob), await camera(ada), await camera(bob)],
  );
  // The way there is glided to its end.
  await until("nothing goes to and fro", async () => {
    const before = await camera(ada);
    await ada.evaluate(() => new Promise((done) => setTimeout(done, 300)));
    return JSON.stringify(await camera(ada)) === JSON.stringify(before);
  });
  assert.deepEqual([ada.faults, bob.faults], [[], []]);
});

test("WEB47: who is asked to look goes when they agree, and not before", async () => {
  const { id, ada, bob } = await two("Calls");
  await until("they see each other", async () => (await tags(ada)).length === 1 && (await tags(bob)).length === 1);
  const before = await camera(bob);
  const bring = async () => {
    await ada.getByTestId("people-button").click();
    await ada.getByTestId("bring-to-me").click();
    await ada.keyboard.press("Escape");
  };
  await bring();
  const call = bob.getByTestId("call");
  await call.waitFor();
  assert.match(await call.textContent(), /Ada asks you to look here/);
  await screenshot(bob, "call");
  assert.deepEqual(await camera(bob), before, "nobody is moved");
  await bob.getByTestId("call-go").click();
  await until("Bob looks from where Ada does", async () => isNear(await camera(bob), await camera(ada)));
  assert.equal(await follows(bob), null, "once, not all along");
  assert.equal(await call.count(), 0);

  const late = await openSession(here.browser, here.server.origin, id);
  await look(bob, FROM_RIGHT);
  await until("everybody is there", async () => (await ada.evaluate(() => window.__vws.peers)) === 2);
  assert.equal(await late.getByTestId("call").count(), 0, "who was not here was not asked");
  await look(ada, [0, 9, 10, 0, 0, 0]);
  await bring();
  await call.waitFor();
  await late.getByTestId("call").waitFor();
  await bob.getByTestId("call-not-now").click();
  await call.waitFor({ state: "detached" });
  assert.ok(isNear(await camera(bob), FROM_RIGHT), "and stays");
  assert.deepEqual([ada.faults, bob.faults, late.faults], [[], [], []]);
});

test("WEB48: the list tells who follows whom and who is away, and leads to somebody's view once", async () => {
  const { ada, bob } = await two("List");
  await until("Bob's camera is there", async () => (await tags(ada)).length === 1);
  await inList(ada, "Bob", "peer-look");
  await until("Ada looks from where Bob does", async () => isNear(await camera(ada), await camera(bob)));
  assert.equal(await follows(ada), null);
  const away = (page, hidden) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, "visibilityState", { value: hidden ? "hidden" : "visible", configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await away(bob, true);
  await ada.getByTestId("people-button").click();
  await until("Bob is away", async () => (await row(ada, "Bob").getByTestId("peer-state").allTextContents()).join() === "away");
  await away(bob, false);
  await until("Bob is back", async () => (await row(ada, "Bob").getByTestId("peer-state").count()) === 0);
  assert.deepEqual([ada.faults, bob.faults], [[], []]);
});

test("WEB49: nobody is in the view of the past, nor without a connection", async () => {
  const id = await here.api.session("Nobody");
  await here.api.create(id, { name: "cube1", type: "cube", x: 0, y: 0, z: 0 });
  const wire = await openWire(here.server.port);
  const ada = await openSession(here.browser, wire.origin, id);
  const bob = await openSession(here.browser, here.server.origin, id);
  await introduce(bob, BOB.name, BOB.color);
  await look(ada, FROM_LEFT);
  await look(bob, FROM_RIGHT);
  const sees = (what, names) => until(what, async () => JSON.stringify(await tags(ada)) === JSON.stringify(names), () => tags(ada));
  await sees("Bob is there", ["Bob"]);
  await inList(ada, "Bob", "peer-follow");
  await ada.getByTestId("follow-banner").waitFor();
  await ada.evaluate(() => (location.hash = "at=0"));
  await ada.getByTestId("past-banner").waitFor();
  await sees("nobody is in the past", []);
  assert.equal(await follows(ada), null);
  await ada.getByTestId("back-to-live").click();
  await look(ada, FROM_LEFT);
  await sees("Bob is there again", ["Bob"]);

  await inList(ada, "Bob", "peer-follow");
  await ada.getByTestId("follow-banner").waitFor();
  wire.cut();
  await sees("without a connection nobody is there", []);
  await until("following has ended, and why is told", async () => /no longer follow Bob/.test(await ada.getByTestId("toasts").textContent()));
  wire.mend();
  await look(ada, FROM_LEFT);
  await sees("Bob is there once more", ["Bob"]);
  await wire.close();
  assert.deepEqual(bob.faults, []);
});
