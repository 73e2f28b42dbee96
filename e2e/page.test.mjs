// The server's own page, as a browser loads it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { converge, live } from "./lib/app.mjs";
import { screenshot } from "./lib/browser.mjs";
import { stage } from "./lib/stage.mjs";

const here = stage();

test("HTTP6, WEB9: the page comes up under the server's own policy, without a fault", async () => {
  const page = await here.browser.open(here.server.origin);
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  assert.match(await page.title(), /VWS/);
  await screenshot(page, "start");
  assert.deepEqual(page.faults, []);
});

test("HTTP6: every part of the page arrives compressed, with a type and a caching rule", async () => {
  const page = await here.browser.open("about:blank");
  const answers = [];
  page.on("response", (response) => answers.push(response));
  await page.goto(here.server.origin);
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  const parts = answers.filter((answer) => /\.(js|wasm)$/.test(new URL(answer.url()).pathname));
  assert.ok(parts.length >= 2, "a page has a script and a program");
  for (const part of parts) {
    const headers = part.headers();
    const name = new URL(part.url()).pathname;
    assert.equal(part.status(), 200, name);
    assert.match(headers["content-encoding"] ?? "", /^(br|gzip)$/, name);
    assert.match(headers["content-type"], /^(text\/javascript|application\/wasm)/, name);
    assert.match(headers["cache-control"], name.startsWith("/snippets/") ? /no-cache/ : /immutable/, name);
  }
});

test("WEB9, WS1: a session's page speaks MessagePack with the server, and its console stays clean", async () => {
  const id = await here.api.session("MessagePack");
  const page = await here.browser.open("about:blank");
  const frames = [];
  page.on("websocket", (socket) => {
    for (const way of ["framesent", "framereceived"]) socket.on(way, ({ payload }) => frames.push(typeof payload));
  });
  await page.goto(`${here.server.origin}/s/${id}`);
  await live(page);
  await here.api.create(id, { name: "cube 1", type: "cube", x: 0.1, y: -0.2, z: 1e-7, properties: { whole: 3, part: 2.5 } });
  await converge(here.api, id, [page]);
  assert.ok(frames.length > 4, "greeting, welcome, snapshot, event");
  assert.ok(frames.every((kind) => kind !== "string"), "every message is a binary one");
  assert.deepEqual(page.faults, []);
});
