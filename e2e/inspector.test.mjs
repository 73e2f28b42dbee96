import assert from "node:assert/strict";
import { test } from "node:test";
import { converge, introduce, openSession, state } from "./lib/app.mjs";
import { screenshot } from "./lib/browser.mjs";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";

const here = stage();
const cube = (name, more = {}) => ({ name, type: "cube", x: 0, y: 0, z: 0, ...more });
const row = (page, name) => page.locator(`[data-testid=tree-row][data-name="${name}"]`);
const objects = async (id) => (await here.api.snapshot(id)).json.objects;
const object = async (id, name) => (await objects(id)).find((o) => o.name === name);
const seq = async (id) => (await here.api.snapshot(id)).json.session.seq;

/** Types a text into a field and presses Enter. */
async function type(page, field, text) {
  await page.getByTestId(field).fill(text);
  await page.getByTestId(field).press("Enter");
}

/** Presses the pointer on a field's letter and moves it so many pixels; answers how to let go. */
async function drag(page, field, pixels) {
  const { x, y, width, height } = await page.getByTestId(`${field}-scrub`).boundingBox();
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
  // The first pixels only tell a drag from a click.
  await page.mouse.move(x + width / 2 + 4, y + height / 2);
  await page.mouse.move(x + width / 2 + 4 + pixels, y + height / 2, { steps: 8 });
}

test("WEB28: a number is dragged by its letter, and the whole drag is one step back", async () => {
  const id = await here.api.session("Drag");
  await here.api.create(id, cube("a", { x: 1 }));
  const page = await openSession(here.browser, here.server.origin, id);
  await row(page, "a").click();
  await type(page, "inspector-y", "3");
  await drag(page, "inspector-x", 40);
  const x = page.getByTestId("inspector-x");
  await until("it follows", async () => (await x.inputValue()) === "3", () => x.inputValue());
  await page.mouse.up();
  await until("the server has it", async () => (await object(id, "a")).x === 3);
  await page.keyboard.press("Control+Z");
  await until("the whole of it is taken back", async () => (await object(id, "a")).x === 1, () => object(id, "a"));
  assert.equal((await object(id, "a")).y, 3);

  await page.keyboard.down("Shift");
  await drag(page, "inspector-x", 100);
  await page.mouse.up();
  await page.keyboard.up("Shift");
  await until("coarse, up to the bound", async () => (await object(id, "a")).x === 12, () => object(id, "a"));
  await page.keyboard.down("Alt");
  await drag(page, "inspector-y", -20);
  await page.mouse.up();
  await page.keyboard.up("Alt");
  await until("fine", async () => (await object(id, "a")).y === 2.9, () => object(id, "a"));
  await page.getByTestId("inspector-z-scrub").click();
  assert.ok(await page.getByTestId("inspector-z").evaluate((input) => input === document.activeElement), "a click leads to the field");
  await converge(here.api, id, [page]);
  assert.deepEqual(page.faults, []);
});

test("WEB28: Escape gives a drag up, and it stands in nobody's way", async () => {
  const id = await here.api.session("Given up");
  await here.api.create(id, cube("a"));
  const page = await openSession(here.browser, here.server.origin, id);
  await row(page, "a").click();
  await type(page, "inspector-x", "1");
  await drag(page, "inspector-x", 40);
  await until("it follows", async () => (await object(id, "a")).x === 3);
  await page.keyboard.press("Escape");
  await until("it is as it was", async () => (await object(id, "a")).x === 1);
  await page.mouse.move(10, 10);
  await page.mouse.up();
  assert.equal((await state(page)).selected, "a", "Escape meant the drag and nothing else");
  await page.getByTestId("tree").focus();
  await page.keyboard.press("Control+Z");
  await until("what came before it is taken back", async () => (await object(id, "a")).x === 0, () => object(id, "a"));
  await converge(here.api, id, [page]);
  assert.deepEqual(page.faults, []);
});

test("WEB28: sums are taken where numbers are, and refused in the server's words", async () => {
  const id = await here.api.session("Sums");
  await here.api.create(id, cube("a"));
  const page = await openSession(here.browser, here.server.origin, id);
  await row(page, "a").click();
  await type(page, "inspector-x", "3+0.5");
  await type(page, "inspector-y", "12/5");
  await type(page, "inspector-z", "-=2");
  await until("they are there", async () => {
    const { x, y, z } = await object(id, "a");
    return x === 3.5 && y === 2.4 && z === -2;
  });
  await page.getByTestId("inspector-x").fill("10+3");
  await page.getByTestId("inspector-x-refusal").getByText("x = 13 is outside [-12, 12]").waitFor();
  await page.getByTestId("inspector-x").fill("1/0");
  await page.getByTestId("inspector-x-refusal").getByText("1/0 is not a finite number").waitFor();
  assert.deepEqual(page.faults, []);
});

test("WEB29: several objects show what they share, and are changed together or not at all", async () => {
  const id = await here.api.session("Several");
  await here.api.create(id, cube("a", { x: 1, y: 2, color: "#ff0000", properties: { part: 1, own: "x" } }));
  await here.api.create(id, cube("b", { x: 5, y: 2, color: "#00ff00", properties: { part: 1 } }));
  await here.api.create(id, cube("c", { x: 9, y: 2, type: "sphere" }));
  const page = await openSession(here.browser, here.server.origin, id);
  await row(page, "a").click();
  await row(page, "c").click({ modifiers: ["Shift"] });
  await page.getByTestId("inspector-count").getByText("3 objects").waitFor();
  const x = page.getByTestId("inspector-x");
  assert.deepEqual([await x.inputValue(), await x.getAttribute("placeholder")], ["", "mixed"]);
  assert.equal(await page.getByTestId("inspector-y").inputValue(), "2");
  await screenshot(page, "several");
  const before = await seq(id);
  await type(page, "inspector-y", "4");
  await until("all have it", async () => (await objects(id)).every((o) => o.y === 4));
  await type(page, "inspector-x", "+=1");
  const xs = async () => (await objects(id)).map((o) => o.x).join();
  await until("each goes on from its own", async () => (await xs()) === "2,6,10", xs);
  assert.equal(await seq(id), before + 6);

  await x.fill("+=3");
  await page.getByTestId("inspector-x-refusal").getByText("c: x = 13 is outside [-12, 12]").waitFor();
  await x.press("Enter");
  await x.press("Escape");
  assert.equal(await xs(), "2,6,10", "one refusal refuses all");
  await drag(page, "inspector-x", 200);
  await page.mouse.up();
  await until("a drag ends at the first bound", async () => (await xs()) === "4,8,12", xs);
  await page.keyboard.press("Control+Z");
  await until("all are taken back as one", async () => (await xs()) === "2,6,10", xs);

  await page.getByTestId("inspector-color").fill("#123456");
  await page.getByTestId("inspector-color").press("Enter");
  await until("all have the colour", async () => (await objects(id)).every((o) => o.color === "#123456"));
  await converge(here.api, id, [page]);
  assert.deepEqual(page.faults, []);
});

test("WEB30: a field that was changed is given its default back", async () => {
  const id = await here.api.session("Reset");
  await here.api.create(id, cube("a", { color: "#ff0000", opacity: 0.5, text: "hi", rotation: { y: 90 }, scale: 2 }));
  const page = await openSession(here.browser, here.server.origin, id);
  await row(page, "a").click();
  for (const field of ["rotation", "scale", "color", "opacity", "text"]) {
    const button = page.getByTestId(`inspector-${field}-reset`);
    await button.click();
    await button.waitFor({ state: "detached" });
  }
  assert.equal(await page.getByTestId("inspector-position-reset").count(), 0, "a place has no default");
  await until("it is as one that was just made", async () => {
    const { color, opacity, text, rotation, scale } = await object(id, "a");
    return [color, opacity, text, rotation.y, scale.x, scale.z].join() === "#5b8def,1,,0,1,1";
  }, () => object(id, "a"));
  await converge(here.api, id, [page]);
  assert.deepEqual(page.faults, []);
});

test("WEB31: the inspector tells who changed an object last, as it happens", async () => {
  const id = await here.api.session("Last");
  await here.api.create(id, cube("a"));
  const page = await openSession(here.browser, here.server.origin, id);
  const ada = await openSession(here.browser, here.server.origin, id);
  await introduce(ada, "Ada", "#ff8800");
  await row(page, "a").click();
  const line = page.getByTestId("last-change");
  await line.getByText("Unnamed requests").waitFor();
  assert.equal(await line.getAttribute("data-seq"), "1");
  await row(ada, "a").click();
  await type(ada, "inspector-x", "4");
  await line.getByText("Ada").waitFor();
  assert.match(await line.textContent(), /Last change: Ada, just now, seq 2/);
  assert.deepEqual([page.faults, ada.faults], [[], []]);
});

test("WEB32: properties have keys and typed values that are added, changed and removed", async () => {
  const id = await here.api.session("Properties");
  await here.api.create(id, cube("a"));
  const page = await openSession(here.browser, here.server.origin, id);
  await row(page, "a").click();
  const properties = async () => JSON.stringify((await object(id, "a")).properties);
  const are = (json) => until(`they are ${json}`, async () => (await properties()) === json, properties);
  await page.getByTestId("new-property-key").fill("part");
  await page.getByTestId("new-property-value").fill("7");
  await page.getByTestId("add-property").click();
  await are('{"part":"7"}');
  await page.getByTestId("property-type-part").selectOption("number");
  await are('{"part":7}');
  // The server may be quicker than the page's next picture, with which the field becomes one of numbers.
  await page.locator("[data-testid=property-part][inputmode=decimal]").waitFor();
  await type(page, "property-part", "+=2");
  await are('{"part":9}');
  await page.getByTestId("property-part").fill("nine");
  await page.getByTestId("property-part-refusal").getByText('expected a number, found the string "nine"').waitFor();
  await screenshot(page, "property-refused");
  await page.getByTestId("property-part").press("Escape");
  await page.getByTestId("new-property-type").selectOption("yes/no");
  await page.getByTestId("new-property-key").fill("sold");
  await page.getByTestId("new-property-value").selectOption("true");
  await page.getByTestId("add-property").click();
  await are('{"part":9,"sold":true}');
  await page.getByTestId("property-sold").selectOption("false");
  await are('{"part":9,"sold":false}');
  await type(page, "property-key-part", "number");
  await are('{"number":9,"sold":false}');
  await page.getByTestId("property-key-number").fill("sold");
  await page.getByTestId("property-key-number-refusal").getByText('the key "sold" is given twice').waitFor();
  await page.getByTestId("property-key-number").press("Escape");
  await page.getByTestId("property-remove-sold").click();
  await are('{"number":9}');

  await page.getByTestId("new-property-type").selectOption("text");
  await page.getByTestId("new-property-key").fill("long");
  await page.getByTestId("new-property-value").fill("x".repeat(5_000));
  await page.getByTestId("new-property-refusal").getByText("more than 4096").waitFor();
  assert.ok(await page.getByTestId("add-property").isDisabled());
  await converge(here.api, id, [page]);
  assert.deepEqual(page.faults, []);
});

test("WEB75: a tab begins at its top, and below its last section there is nothing", async () => {
  const id = await here.api.session("Tabs");
  await here.api.create(id, cube("a"));
  const page = await openSession(here.browser, here.server.origin, id, { height: 500 });
  await row(page, "a").click();
  await page.getByTestId("history-row").waitFor();
  const body = page.locator("#side-body");
  const left = await body.evaluate((body) => {
    body.scrollTop = body.scrollHeight;
    const last = [...body.querySelectorAll(".section")].at(-1);
    return body.getBoundingClientRect().bottom - last.getBoundingClientRect().bottom;
  });
  assert.ok(left < 8, `${left} px are empty at the end`);
  for (const tab of ["world", "add", "object"]) {
    await page.getByTestId(`tab-${tab}`).click();
    await until(`${tab} is shown`, async () => (await page.getByTestId(`tab-${tab}`).getAttribute("aria-selected")) === "true");
    assert.equal(await body.evaluate((body) => body.scrollTop), 0, tab);
    await body.evaluate((body) => (body.scrollTop = body.scrollHeight));
  }
  assert.deepEqual(page.faults, []);
});
