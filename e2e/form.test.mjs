import assert from "node:assert/strict";
import { test } from "node:test";
import { openSession, state } from "./lib/app.mjs";
import { screenshot } from "./lib/browser.mjs";
import { stage } from "./lib/stage.mjs";

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
