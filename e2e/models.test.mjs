// Models out of files: dropped on the world, chosen in the form, brought along, and what the view shows as files.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { greenQuad } from "../web/js/test/glb.mjs";
import { converge, openSession, state } from "./lib/app.mjs";
import { screenshot } from "./lib/browser.mjs";
import { startLooker } from "./lib/pixels.mjs";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";
import { openWire } from "./lib/wire.mjs";

const MAX_BYTES = 4096;
const here = stage({ args: ["--max-asset", `${MAX_BYTES}B`] });
const CLIPBOARD = { permissions: ["clipboard-read", "clipboard-write"] };

const QUAD = greenQuad();
const QUAD_ID = createHash("sha256").update(QUAD).digest("hex");
const QUAD_URL = `asset:${QUAD_ID}`;

const objects = async (id) => (await here.api.snapshot(id)).json.objects;
const assets = async (id) => (await (await fetch(`${here.server.origin}/api/sessions/${id}/assets`)).json()).assets;
const file = (name, buffer) => ({ name, mimeType: "application/octet-stream", buffer });

/** Files on their way over the page, as a person drags them. */
async function drag(page, files) {
  const data = await page.evaluateHandle(
    (files) => {
      const data = new DataTransfer();
      for (const { name, base64, type } of files) {
        data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name, { type }));
      }
      return data;
    },
    files.map(({ name, buffer, type = "" }) => ({ name, base64: buffer.toString("base64"), type })),
  );
  const view = await page.getByTestId("viewport").boundingBox();
  /** An event at a point of the view, 0 to 1 from left to right and from top to bottom. */
  const at = (x, y) => ({ dataTransfer: data, clientX: view.x + x * view.width, clientY: view.y + y * view.height });
  const send = (type, x, y) => page.dispatchEvent("[data-testid=viewport]", type, at(x, y));
  return {
    async over(x, y) {
      await send("dragenter", x, y);
      await send("dragover", x, y);
    },
    leave: () => send("dragleave", 0, 0),
    async drop(x, y) {
      await send("dragenter", x, y);
      await send("dragover", x, y);
      await send("drop", x, y);
    },
  };
}

const note = (page) => page.getByTestId("landing");

let looker;

/** What is in a picture. */
async function look(png) {
  looker ??= await startLooker(here.browser);
  return looker.look(png);
}

/** How many pixels of the view are of the quad's green. */
const green = async (page) => (await look(await page.getByTestId("viewport").screenshot())).green;

test("WEB58 WEB71: a model that is dropped on the world lands under the pointer, and everybody sees it", async () => {
  const id = await here.api.session("Dropped");
  const pages = [await openSession(here.browser, here.server.origin, id), await openSession(here.browser, here.server.origin, id)];
  const [page, other] = pages;
  assert.equal(await green(other), 0);
  const dragged = await drag(page, [file("quad.glb", QUAD)]);
  await dragged.over(0.5, 0.6);
  await note(page).waitFor();
  const [, x, z] = /x (-?[\d.]+), z (-?[\d.]+)/.exec(await note(page).textContent());
  assert.equal(await page.getByTestId("drop-cover").count(), 0, "it is not for the page");
  await screenshot(page, "model-over");
  await dragged.leave();
  await until("the mark is gone", async () => (await note(page).count()) === 0);
  await dragged.drop(0.5, 0.6);
  await until("it is selected", async () => (await state(page)).selected === "quad", () => state(page));
  const [object] = await objects(id);
  assert.deepEqual([object.name, object.type, object.properties.url], ["quad", "model", QUAD_URL]);
  assert.deepEqual([object.x, object.y, object.z], [Number(x), 0, Number(z)]);
  assert.deepEqual(await assets(id), [{ asset: QUAD_ID, bytes: QUAD.length, type: "model/gltf-binary" }]);
  for (const page of pages) await until("it is drawn", async () => (await green(page)) > 40, () => green(page));
  await screenshot(page, "model-dropped");

  // The same once more, and one beside it: one file for all.
  const both = await drag(page, [file("quad.glb", QUAD), file("other.glb", QUAD)]);
  await both.drop(0.5, 0.3);
  await until("there are three", async () => (await objects(id)).length === 3);
  assert.deepEqual((await objects(id)).map((o) => o.name), ["other", "quad", "quad-1"]);
  assert.equal((await assets(id)).length, 1);
  await converge(here.api, id, pages);
  for (const page of pages) assert.deepEqual(page.faults, []);
});

test("WEB71: wherever the pointer is, what is dropped lands within the world", async () => {
  const id = await here.api.session("Corners");
  const page = await openSession(here.browser, here.server.origin, id);
  const dragged = await drag(page, [file("quad.glb", QUAD)]);
  for (const [x, y] of [[0.02, 0.02], [0.98, 0.02], [0.5, 0.01], [0.02, 0.98]]) {
    const count = (await objects(id)).length;
    await dragged.drop(x, y);
    await until("one more is there", async () => (await objects(id)).length === count + 1);
  }
  for (const { x, y, z } of await objects(id)) {
    assert.ok(Math.abs(x) <= 12 && y === 0 && Math.abs(z) <= 12, `${x}, ${y}, ${z}`);
  }
  assert.deepEqual(page.faults, []);
});

test("WEB58: what is not taken is told, in the server's words, and makes nothing", async () => {
  const id = await here.api.session("Refused");
  const page = await openSession(here.browser, here.server.origin, id);
  for (const [name, buffer, words] of [
    ["noise.glb", Buffer.from("not a model"), "noise.glb was not added: the file is no model that can be kept: it does not begin with the header of a GLB"],
    ["far.gltf", Buffer.from('{"asset":{"version":"2.0"},"buffers":[{"uri":"far.bin"}]}'), '/buffers/0/uri is "far.bin"'],
    ["large.glb", Buffer.alloc(MAX_BYTES + 1), `large.glb was not added: it has ${MAX_BYTES + 1} bytes, more than ${MAX_BYTES}.`],
    ["cat.jpg", Buffer.from("meow"), "cat.jpg is no model (.glb, .gltf) and no session file."],
  ]) {
    await (await drag(page, [file(name, buffer)])).drop(0.5, 0.5);
    await page.getByText(words).waitFor();
    await until("the mark is gone", async () => (await note(page).count()) === 0);
  }
  await screenshot(page, "model-refused");
  assert.deepEqual([await objects(id), await assets(id)], [[], []]);
  // The browser itself tells of what a server refuses.
  assert.deepEqual(page.faults.filter((fault) => !fault.includes("status of 422")), []);
});

test("WEB58: an upload shows how far it is, and ends with all that waits when the person says so", async () => {
  const id = await here.api.session("Cancelled");
  const page = await openSession(here.browser, here.server.origin, id);
  let held;
  const path = `**/api/sessions/${id}/assets`;
  await page.route(path, (route) => void (held = route));
  await (await drag(page, [file("quad.glb", QUAD), file("other.glb", QUAD)])).drop(0.5, 0.5);
  await until("it is on its way", () => held);
  assert.match(await page.getByTestId("upload-progress").textContent(), /^Adding quad\.glb/);
  await screenshot(page, "model-progress");
  await page.getByTestId("upload-cancel").click();
  await until("nothing is on its way", async () => (await page.getByTestId("upload-progress").count()) === 0);
  // The page has ended it already.
  await held.abort().catch(() => {});
  await page.unroute(path);
  assert.deepEqual([await objects(id), await assets(id)], [[], []]);
  await (await drag(page, [file("quad.glb", QUAD)])).drop(0.5, 0.5);
  await until("the next one is taken", async () => (await objects(id)).length === 1);
  assert.deepEqual(page.faults, []);
});

test("WEB58: in the past and without a connection nothing is sent", async () => {
  const id = await here.api.session("Never");
  for (const name of ["a", "b"]) await here.api.create(id, { name, type: "cube", x: 0, y: 0, z: 0 });
  const past = await openSession(here.browser, here.server.origin, `${id}#at=1`);
  await until("seq 1 is shown", async () => (await state(past)).shown === 1);
  const dragged = await drag(past, [file("quad.glb", QUAD)]);
  await dragged.over(0.5, 0.5);
  await note(past).getByText("No model can be added: you are looking at the past").waitFor();
  await dragged.drop(0.5, 0.5);
  await past.getByText("quad.glb was not added: you are looking at the past").waitFor();

  const wire = await openWire(here.server.port);
  const page = await openSession(here.browser, wire.origin, id);
  wire.cut();
  await until("the page is cut off", async () => (await state(page)).status !== "live");
  await (await drag(page, [file("quad.glb", QUAD)])).drop(0.5, 0.5);
  await page.getByText("quad.glb was not added: the page has no connection to the server.").waitFor();
  await wire.close();
  assert.deepEqual([(await objects(id)).length, await assets(id)], [2, []]);
  assert.deepEqual(past.faults, []);
});

test("WEB58: a model is chosen in the form", async () => {
  const id = await here.api.session("Chosen");
  const page = await openSession(here.browser, here.server.origin, id);
  await page.getByTestId("tab-add").click();
  await page.getByTestId("kind-model").click();
  await page.getByTestId("model-file").setInputFiles(file("Green quad.glb", QUAD));
  await until("the form is filled in", async () => (await page.getByTestId("create-name").inputValue()) === "Green quad");
  await page.getByTestId("create-y").fill("3");
  await screenshot(page, "model-chosen");
  await page.getByTestId("create-submit").click();
  await until("it is there", async () => (await objects(id)).length === 1);
  const [{ name, y, properties }] = await objects(id);
  assert.deepEqual([name, y, properties.url], ["Green quad", 3, QUAD_URL]);
  await until("it is drawn", async () => (await green(page)) > 40);
  assert.deepEqual(page.faults, []);
});

test("WEB71 WEB56: a session file that is dropped on the world is imported; over it the page says so", async () => {
  const id = await here.api.session("Both");
  const text = await (await fetch(`${here.server.origin}/api/sessions/${id}/export`)).text();
  const page = await openSession(here.browser, here.server.origin, id);
  const dragged = await drag(page, [{ ...file("both.vws.json", Buffer.from(text)), type: "application/json" }]);
  await dragged.over(0.5, 0.5);
  await page.getByTestId("drop-cover").waitFor();
  assert.equal(await note(page).count(), 0);
  await dragged.drop(0.5, 0.5);
  await page.getByTestId("import-fine").waitFor();
  assert.deepEqual(await objects(id), []);
  assert.deepEqual(page.faults, []);
});

test("WEB70: objects that are pasted into another session bring their models, or say what is missing", async () => {
  const [from, to, late] = [await here.api.session("From"), await here.api.session("To"), await here.api.session("Late")];
  await fetch(`${here.server.origin}/api/sessions/${from}/assets`, {
    method: "POST",
    headers: { "content-type": "model/gltf-binary" },
    body: QUAD,
  });
  await here.api.create(from, { name: "ship", type: "model", x: 0, y: 0, z: 0, properties: { url: QUAD_URL } });
  const page = await openSession(here.browser, here.server.origin, from, CLIPBOARD);
  await page.locator("[data-testid=tree-row][data-name=ship]").click();
  await page.keyboard.press("Control+C");
  await page.getByText("1 object on the clipboard.").waitFor();

  await page.goto(`${here.server.origin}/s/${to}`);
  await until("the other session is there", async () => (await state(page)).status === "live");
  await page.keyboard.press("Control+V");
  await until("it is here", async () => (await objects(to)).length === 1);
  assert.deepEqual((await assets(to)).map(({ asset }) => asset), [QUAD_ID]);
  await until("it is drawn", async () => (await green(page)) > 40);

  // Another browser, which has not seen the model either.
  const clip = await page.evaluate(() => navigator.clipboard.readText());
  await here.api.drop(from);
  const fresh = await openSession(here.browser, here.server.origin, late, CLIPBOARD);
  await fresh.evaluate((clip) => navigator.clipboard.writeText(clip), clip);
  await fresh.keyboard.press("Control+V");
  await fresh.getByText(`The model of ship is missing here: session ${from} does not exist.`).waitFor();
  await until("the object is here all the same", async () => (await objects(late)).length === 1);
  await fresh.getByText("The model of ship cannot be shown: this session has no such file").waitFor();
  await screenshot(fresh, "model-missing");
  assert.deepEqual(page.faults, []);
  // The browser itself tells of what is not there.
  assert.deepEqual(fresh.faults.filter((fault) => !fault.includes("status of 404")), []);
});

/** What a choice of the menu saves. */
async function exported(page, testid) {
  await page.getByTestId("files-button").click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByTestId(testid).click()]);
  return { name: download.suggestedFilename(), content: await readFile(await download.path()) };
}

test("WEB59: the scene is exported as glTF, and the view as pictures", async () => {
  const id = await here.api.session("a stage");
  await here.api.create(id, { name: "cube 1", type: "cube", x: 1, y: 2, z: 3, color: "#ff00ff", scale: 4 });
  const page = await openSession(here.browser, here.server.origin, id);
  const scene = await exported(page, "export-glb");
  assert.equal(scene.name, "a-stage-1.glb");
  assert.equal(scene.content.toString("latin1", 0, 4), "glTF");
  assert.equal(scene.content.readUInt32LE(8), scene.content.length);
  const json = JSON.parse(scene.content.toString("utf8", 20, 20 + scene.content.readUInt32LE(12)));
  const node = json.nodes.find(({ name }) => name === "cube 1");
  assert.deepEqual(node.translation, [1, 2, 3]);
  await page.getByText(/Exported as a-stage-1\.glb, \d+ kB\./).waitFor();

  const box = await page.getByTestId("viewport").boundingBox();
  for (const [testid, name, times] of [["export-png", "a-stage-1.png", 1], ["export-png-2x", "a-stage-1@2x.png", 2]]) {
    await page.getByTestId("files-button").click();
    const size = [Math.floor(box.width) * times, Math.floor(box.height) * times];
    await page.getByTestId(testid).getByText(`PNG, ${size[0]} × ${size[1]} pixels`).waitFor();
    if (times === 1) await screenshot(page, "export-view");
    await page.keyboard.press("Escape");
    const picture = await exported(page, testid);
    // A browser may put another character in the place of one that it does not take.
    assert.equal(picture.name.replace("_", "@"), name);
    assert.equal(picture.content.toString("latin1", 1, 4), "PNG");
    assert.deepEqual([picture.content.readUInt32BE(16), picture.content.readUInt32BE(20)], size);
    const seen = await look(picture.content);
    assert.ok(seen.magenta.count > 500 * times * times, `the cube is in it: ${JSON.stringify(seen)}`);
  }
  assert.deepEqual(page.faults, []);
});
