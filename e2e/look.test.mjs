// Looking: at the selection and at everything, whatever has the focus; and after the graphics card has left.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openSession } from "./lib/app.mjs";
import { screenshot } from "./lib/browser.mjs";
import { startLooker } from "./lib/pixels.mjs";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";

const here = stage();

test("WEB40: F looks at the selection and Home at everything, wherever the focus is but in a text field", async () => {
  const id = await here.api.session("Look");
  await here.api.create(id, { name: "ball", type: "sphere", color: "#ff00ff", scale: 2, x: 9, y: 0, z: -9 });
  await here.api.create(id, { name: "far", type: "cube", x: -9, y: 0, z: 9 });
  const looker = await startLooker(here.browser);
  const page = await openSession(here.browser, here.server.origin, id);
  const viewport = page.getByTestId("viewport");
  await page.locator('[data-testid=tree-row][data-name="ball"]').click();
  const { width } = await viewport.boundingBox();
  const at = async () => (await looker.look(await viewport.screenshot())).magenta;
  const inTheMiddle = async () => {
    const { count, x } = await at();
    // The middle of what the tools at the left leave free.
    return count > 400 && x > width / 2 && x < width / 2 + 40;
  };
  const aside = async () => {
    const { count, x } = await at();
    return count > 20 && Math.abs(x - width / 2) > 60;
  };
  await until("everything is seen", aside, at);
  const places = [
    ["the view", () => page.locator(".view-canvas canvas").focus()],
    ["nothing", () => page.evaluate(() => document.activeElement.blur())],
    ["a button", () => page.getByTestId("tool-select").focus()],
    ["the inspector", () => page.getByTestId("tab-world").focus()],
  ];
  for (const [what, focus] of places) {
    await focus();
    await page.keyboard.press("f");
    await until(`F looks at the ball from ${what}`, inTheMiddle, at);
    await page.keyboard.press("Home");
    await until(`Home looks at everything from ${what}`, aside, at);
  }
  // In the list of objects Home is the first of them, as in every list.
  await page.getByTestId("tree").focus();
  await page.keyboard.press("f");
  await until("F looks at the ball from the tree", inTheMiddle, at);
  await page.keyboard.press("/");
  await page.keyboard.type("f");
  await page.keyboard.press("Home");
  assert.equal(await page.evaluate(() => document.activeElement.value), "f");
  assert.ok(await inTheMiddle(), "a text field keeps its keys");
  assert.deepEqual(page.faults, []);
});

test("WEB41: a page whose graphics card has left shows the same picture when it is back", async () => {
  const id = await here.api.session("Lost");
  const types = ["cube", "sphere", "cylinder", "cone", "plane", "torus", "light", "text", "custom"];
  for (const [i, type] of types.entries()) {
    await here.api.create(id, { name: type, type: type === "custom" ? "drone" : type, color: "#3f8ae0", text: type, scale: 2, x: (i % 3) * 5 - 5, y: 1, z: Math.floor(i / 3) * 5 - 5 });
  }
  const looker = await startLooker(here.browser);
  const page = await openSession(here.browser, here.server.origin, id);
  await page.locator('[data-testid=tree-row][data-name="torus"]').click();
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("e");
  const viewport = page.getByTestId("viewport");
  // The same twice in a row: nothing moves any more.
  let last = Buffer.alloc(0);
  const before = await until("the picture stands still", async () => {
    const now = await viewport.screenshot();
    const same = now.equals(last) && (await looker.look(now)).colours > 200;
    last = now;
    return same && now;
  });
  await page.evaluate(() => {
    window.lose = document.querySelector(".view-canvas canvas").getContext("webgl2").getExtension("WEBGL_lose_context");
    window.lose.loseContext();
  });
  await page.getByText("The graphics card has paused the view.").waitFor();
  await screenshot(page, "context-lost");
  await page.evaluate(() => window.lose.restoreContext());
  await page.getByText("The graphics card has paused the view.").waitFor({ state: "detached" });
  await until("the picture is the one before", async () => (await viewport.screenshot()).equals(before), () => screenshot(page, "context-restored").then(() => "see artifacts"));
});

test("WEB42: what writes a glTF file is part of the page, and is loaded when it is used", async () => {
  const id = await here.api.session("Export");
  const page = await openSession(here.browser, here.server.origin, id);
  const seen = await page.evaluate(async () => {
    const paths = () => performance.getEntriesByType("resource").map((entry) => new URL(entry.name).pathname);
    const [module] = paths().filter((path) => path.endsWith("/viewport.js"));
    const { Viewport, STRIDE } = await import(module);
    const box = document.createElement("div");
    const view = new Viewport(box);
    const record = new Float32Array(STRIDE).fill(1);
    record[0] = 0;
    view.apply(record);
    const early = paths().filter((path) => path.startsWith("/lazy/"));
    const bytes = new Uint8Array(await (await view.glb(["ball"])).arrayBuffer());
    view.dispose();
    const [late] = paths().filter((path) => path.startsWith("/lazy/"));
    const { headers } = await fetch(late);
    return { early, magic: String.fromCharCode(...bytes.slice(0, 4)), named: new TextDecoder().decode(bytes).includes('"name":"ball"'), cache: headers.get("cache-control") };
  });
  assert.deepEqual(seen, { early: [], magic: "glTF", named: true, cache: "public, max-age=31536000, immutable" });
  assert.deepEqual(page.faults, []);
});
