import assert from "node:assert/strict";
import { test } from "node:test";
import { openSession, state } from "./lib/app.mjs";
import { screenshot } from "./lib/browser.mjs";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";

const here = stage();

test("WEB3: a coordinate outside is refused while it is typed, unsent, in the server's words", async () => {
  const id = await here.api.session("Refusals");
  const sent = [];
  const page = await here.browser.open("about:blank");
  page.on("request", (request) => request.method() !== "GET" && sent.push(request.url()));
  page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(String(payload))));
  await page.goto(`${here.server.origin}/s/${id}`);
  await page.getByTestId("tab-add").click();
  await page.getByTestId("create-name").fill("outside");
  await page.getByTestId("create-x").fill("12.0000001");

  const refusal = page.getByTestId("create-x-refusal");
  await refusal.waitFor();
  const problem = await here.api.refused(id, { name: "outside", type: "cube", x: 12.0000001, y: 0, z: 0 }, 422);
  assert.equal(await refusal.getAttribute("data-code"), problem.code);
  assert.equal(problem.code, "coordinate_out_of_bounds");
  assert.equal((await refusal.textContent()).trim(), problem.errors[0].detail);
  assert.ok(await page.getByTestId("create-submit").isDisabled(), "what is refused cannot be sent");
  await page.getByTestId("create-name").press("Enter");
  await screenshot(page, "refused");

  await page.getByTestId("create-x").fill("12");
  await refusal.waitFor({ state: "detached" });
  const { seq, objects, pending } = await state(page);
  assert.deepEqual({ objects, pending }, { objects: 0, pending: 0 });
  assert.equal((await here.api.snapshot(id)).json.session.seq, seq);
  assert.ok(!sent.some((message) => message.includes("create_object")), "no command was sent");
  assert.deepEqual(page.faults, []);
});

test("WEB3: a name that is taken is refused while it is typed", async () => {
  const id = await here.api.session("Names");
  await here.api.create(id, { name: "cube1", type: "cube", x: 0, y: 0, z: 0 });
  const page = await openSession(here.browser, here.server.origin, id);
  await page.getByTestId("tab-add").click();
  await page.getByTestId("create-name").fill("cube1");
  const problem = await here.api.refused(id, { name: "cube1", type: "cube", x: 0, y: 0, z: 0 }, 409);
  const refusal = page.getByTestId("create-name-refusal");
  await refusal.waitFor();
  assert.equal(await refusal.getAttribute("data-code"), problem.code);
});

const objects = async (id) => (await here.api.snapshot(id)).json.objects;
const value = (page, field) => page.getByTestId(`create-${field}`).inputValue();
const hasFocus = (page, testid) =>
  until(`${testid} has the focus`, () => page.getByTestId(testid).evaluate((element) => element === document.activeElement));

/** Presses the button of the form, and waits until the server has so many objects. */
async function add(page, id, count) {
  await page.getByTestId("create-submit").click();
  await until(`${count} objects`, async () => (await objects(id)).length === count);
}

test("WEB76: a type begins with its own name, size and colour; a text is never the next one's", async () => {
  const id = await here.api.session("Types");
  const page = await openSession(here.browser, here.server.origin, id);
  await page.getByTestId("tab-add").click();
  await page.getByTestId("kind-text").click();
  // The text is what a text is about: one types it at once, right below the name.
  await hasFocus(page, "create-text");
  const [name, text, place] = await Promise.all(
    ["create-name", "create-text", "create-x"].map(async (field) => (await page.getByTestId(field).boundingBox()).y),
  );
  assert.ok(name < text && text < place, "the text is between the name and the place");
  await page.keyboard.type("Welcome");
  await page.getByTestId("create-color").fill("#ff0000");
  await screenshot(page, "add-text");
  await add(page, id, 1);

  assert.deepEqual([await value(page, "name"), await value(page, "text"), await value(page, "color")], ["text-2", "", "#ff0000"]);
  await page.getByTestId("kind-light").click();
  assert.deepEqual([await value(page, "name"), await value(page, "text"), await value(page, "color")], ["light-1", "", "#fff1c0"]);
  // A light has one size, which is how strongly it shines, and no turn.
  assert.equal(await page.getByTestId("create-scale-x").count() + (await page.getByTestId("create-rotation-x").count()), 0);
  await page.getByTestId("create-brightness").fill("2");
  await screenshot(page, "add-light");
  await add(page, id, 2);
  await page.getByTestId("kind-cube").click();
  assert.deepEqual([await value(page, "name"), await value(page, "scale-y"), await value(page, "color")], ["cube-1", "1", "#5b8def"]);

  // What was typed into this very form stays.
  await page.getByTestId("create-name").fill("tower");
  await page.getByTestId("create-scale-y").fill("3");
  await page.getByTestId("kind-cone").click();
  assert.deepEqual([await value(page, "name"), await value(page, "scale-y")], ["tower", "3"]);
  await add(page, id, 3);
  const made = await objects(id);
  assert.deepEqual(made.map(({ name, type, text }) => [name, type, text]), [["light-1", "light", ""], ["text-1", "text", "Welcome"], ["tower", "cone", ""]]);
  assert.deepEqual(made[0].scale, { x: 2, y: 2, z: 2 });

  // The inspector has the same one number.
  await page.getByTestId("tree-row").first().click();
  assert.equal(await page.getByTestId("inspector-brightness").inputValue(), "2");
  await page.getByTestId("inspector-brightness").fill("+=1");
  await page.getByTestId("inspector-brightness").press("Enter");
  await until("it shines more", async () => Object.values((await objects(id))[0].scale).join() === "3,3,3");
  assert.deepEqual(page.faults, []);
});

test("WEB77: what is added by the button alone stands on the ground, and in nothing that is there", async () => {
  const id = await here.api.session("Room");
  await here.api.create(id, { name: "origin", type: "cube", x: 0, y: 0.5, z: 0, scale: 2 });
  const page = await openSession(here.browser, here.server.origin, id);
  await page.getByTestId("tab-add").click();
  const kinds = ["cube", "sphere", "cylinder", "torus"];
  for (const [index, kind] of kinds.entries()) {
    await page.getByTestId(`kind-${kind}`).click();
    await add(page, id, index + 2);
  }
  await page.getByTestId("create-scale-y").fill("4");
  assert.equal(await value(page, "y"), "0.6", "a torus that is four times as high");
  const made = await objects(id);
  const half = (object) => [0.5, object.type === "torus" ? 0.15 : 0.5, 0.5].map((v) => v * object.scale.x);
  for (const one of made) {
    if (one.name !== "origin") assert.equal(one.y, half(one)[1], `${one.name} stands on the ground`);
    for (const other of made.filter((object) => object !== one)) {
      const apart = ["x", "y", "z"].some((axis, k) => Math.abs(one[axis] - other[axis]) >= half(one)[k] + half(other)[k]);
      assert.ok(apart, `${one.name} and ${other.name} are not in each other`);
    }
  }
  await screenshot(page, "add-room");
  assert.deepEqual(page.faults, []);
});

test("WEB78: what was added is told with the way to its fields, and Enter adds one after the other", async () => {
  const id = await here.api.session("Loop");
  const page = await openSession(here.browser, here.server.origin, id);
  await page.getByTestId("tab-add").click();
  for (const name of ["one", "two"]) {
    await hasFocus(page, "create-name");
    await page.keyboard.press("Control+A");
    await page.keyboard.type(name);
    await page.keyboard.press("Enter");
    await page.getByTestId("added").filter({ hasText: `Added ${name}` }).waitFor();
  }
  // What is typed takes the place of the name that is offered.
  await hasFocus(page, "create-name");
  await page.keyboard.type("three");
  assert.equal(await value(page, "name"), "three");
  await page.keyboard.press("Enter");
  await page.getByTestId("added").filter({ hasText: "Added three" }).waitFor();
  await screenshot(page, "added");

  // In a text Enter is a new line.
  await page.getByTestId("create-text").fill("two");
  await page.getByTestId("create-text").press("Enter");
  await page.keyboard.type("lines");
  await page.keyboard.press("Control+Enter");
  await hasFocus(page, "create-name");
  await until("it has both lines", async () => (await objects(id)).some(({ text }) => text === "two\nlines"));
  await here.api.command(id, { type: "delete_object", name: "three-1" });
  await page.getByTestId("added-edit").waitFor({ state: "detached" });
  await page.getByTestId("create-name").fill("four");
  await page.keyboard.press("Enter");
  await page.getByTestId("added").filter({ hasText: "Added four" }).waitFor();

  // A key leads to the fields of the last one, a press does as well.
  await page.keyboard.press("Escape");
  await hasFocus(page, "inspector-x");
  assert.equal((await state(page)).selected, "four");
  await page.getByTestId("tab-add").click();
  await page.getByTestId("create-submit").click();
  await page.getByTestId("added-edit").click();
  assert.equal(await page.getByTestId("inspector-name").inputValue(), "cube-1");
  await until("all are there", async () => (await objects(id)).length === 5);

  // What is gone is not offered.
  await page.getByTestId("tab-add").click();
  await add(page, id, 6);
  await here.api.command(id, { type: "delete_object", name: "cube-2" });
  await page.getByTestId("added-edit").waitFor({ state: "detached" });
  assert.deepEqual(page.faults, []);
});

test("WEB82: a colour that is being typed is no fault, and the picker keeps the last one that was whole", async () => {
  const id = await here.api.session("Colours");
  await here.api.create(id, { name: "a", type: "cube", x: 0, y: 0.5, z: 0 });
  const page = await openSession(here.browser, here.server.origin, id);
  await page.getByTestId("tab-add").click();
  const field = page.getByTestId("create-color");
  await field.fill("#00ff00");
  await until("the picker shows it", async () => (await value(page, "swatch")) === "#00ff00");
  await field.fill("");
  for (const [typed, shown] of [["#f", "#00ff00"], ["f8", "#00ff00"], ["800", "#ff8800"], ["0", "#ff8800"]]) {
    await field.pressSequentially(typed);
    await until(`the picker shows ${shown}`, async () => (await value(page, "swatch")) === shown, () => value(page, "swatch"));
  }
  await page.getByTestId("create-color-refusal").waitFor();
  assert.deepEqual(page.faults, []);
});
