// Makes docs/images/session.png anew: a harbour with every type of object, two people in it, one thing selected.
// Run by `cargo xtask screenshots`, which builds what this needs.
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import UPNG from "upng-js";
import { api } from "./lib/api.mjs";
import { introduce, openSession, state } from "./lib/app.mjs";
import { startBrowser } from "./lib/browser.mjs";
import { startServer } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";
import { OBJECTS, SELECTED, WORLD } from "./picture/harbour.mjs";

const IMAGES = fileURLToPath(new URL("../docs/images/", import.meta.url));
const SIZE = { width: 1600, height: 1000 };
/** README shows it to everyone who looks at the project. */
const MAX_BYTES = 400 * 1024;

const server = await startServer();
const browser = await startBrowser();
try {
  const script = api(server.origin);
  const id = await script.session("Port Ellen harbour");
  await script.command(id, { type: "initialize_world", world: WORLD });
  await script.command(id, { type: "batch", commands: OBJECTS.map((object) => ({ type: "create_object", object })) });

  // One after the other: each draws in software, which takes a processor whole.
  await visitor(id, "Grace", "#e5679d", "Albatross");
  await visitor(id, "Linus", "#47b39d", "crate 2");
  const page = await openSession(browser, server.origin, id, { ...SIZE, colorScheme: "dark", prepare: asWithGraphicsCard });
  await introduce(page, "Ada", "#f2a33a");
  await select(page, SELECTED);
  await until("all three are there", async () => (await page.getByTestId("tree-peer").count()) === 2);
  await page.getByTestId("your-name").waitFor({ state: "hidden" });
  await page.mouse.move(SIZE.width / 2, SIZE.height - 4);
  await rest(page);
  const image = smaller(await page.screenshot());
  await mkdir(IMAGES, { recursive: true });
  await writeFile(`${IMAGES}session.png`, image);
  console.log(`docs/images/session.png: ${image.length} bytes`);
  if (page.faults.length > 0) throw new Error(`the page has faults: ${page.faults.join("; ")}`);
  if (image.length > MAX_BYTES) throw new Error(`over its bound of ${MAX_BYTES} bytes`);
} finally {
  await browser.stop();
  await server.stop();
}

/** Somebody else in the session, with something selected. */
async function visitor(id, name, color, selected) {
  const page = await openSession(browser, server.origin, id, { width: 900, height: 600 });
  await introduce(page, name, color);
  await select(page, selected);
}

/** Selects an object in the list. */
async function select(page, name) {
  await page.locator(`[data-testid=tree-row][data-name="${name}"]`).click();
  await until(`${name} is selected`, async () => (await state(page)).selected === name);
}

/**
 * Runs in the page before its own scripts. The viewport draws without shadows, reflections and smooth edges where
 * WebGL runs in software, as it does here; a picture may take its time.
 */
function asWithGraphicsCard() {
  const { getParameter } = WebGL2RenderingContext.prototype;
  const UNMASKED_RENDERER_WEBGL = 0x9246;
  WebGL2RenderingContext.prototype.getParameter = function (name) {
    return name === UNMASKED_RENDERER_WEBGL ? "a graphics card" : getParameter.call(this, name);
  };
}

/** Waits until two pictures of the world in a row are the same: models are loaded and flights have ended. */
async function rest(page) {
  const world = page.getByTestId("viewport");
  let last = await world.screenshot();
  await until("the picture rests", async () => {
    const next = await world.screenshot();
    const rests = next.equals(last);
    last = next;
    return rests;
  });
}

/** The picture in 256 colours of its own, a third of its bytes. */
function smaller(png) {
  const image = UPNG.decode(png);
  return Buffer.from(UPNG.encode(UPNG.toRGBA8(image), image.width, image.height, 256));
}
