// Makes pictures of the page. docs/images/session.png anew: a harbour with every type of object, two people in it, one
// thing selected. And every main state of the page in both themes, into e2e/artifacts/looks/, for people to look at.
// Run by `cargo xtask screenshots`, which builds what this needs. With `docs` or `looks` as argument: only these.
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import UPNG from "upng-js";
import { api } from "./lib/api.mjs";
import { introduce, openSession, state } from "./lib/app.mjs";
import { startBrowser } from "./lib/browser.mjs";
import { startServer } from "./lib/server.mjs";
import { phoneStates, wideStates } from "./lib/states.mjs";
import { until } from "./lib/until.mjs";
import { OBJECTS, SELECTED, WORLD } from "./picture/harbour.mjs";

const IMAGES = fileURLToPath(new URL("../docs/images/", import.meta.url));
const LOOKS = fileURLToPath(new URL("artifacts/looks/", import.meta.url));
const SIZE = { width: 1600, height: 1000 };
/** README shows it to everyone who looks at the project. */
const MAX_BYTES = 400 * 1024;

const [only] = process.argv.slice(2);
if (only !== "looks") await withBoth(pictureOfReadme);
if (only !== "docs") for (const states of [wideStates, phoneStates]) await withBoth((here) => picturesOf(states(here)));

/** Does something with a new server and a new browser. */
async function withBoth(act) {
  const server = await startServer();
  const browser = await startBrowser();
  try {
    await act({ server, browser, api: api(server.origin) });
  } finally {
    await browser.stop();
    await server.stop();
  }
}

async function pictureOfReadme({ server, browser, api }) {
  const id = await api.session("Port Ellen harbour");
  await api.command(id, { type: "initialize_world", world: WORLD });
  await api.command(id, { type: "batch", commands: OBJECTS.map((object) => ({ type: "create_object", object })) });

  // One after the other: each draws in software, which takes a processor whole.
  const here = { server, browser, id };
  await visitor(here, "Grace", "#e5679d", "Albatross");
  await visitor(here, "Linus", "#47b39d", "crate 2");
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
}

/** A picture of each state in each theme. */
async function picturesOf(states) {
  await mkdir(LOOKS, { recursive: true });
  for await (const { name, page } of states) {
    for (const colorScheme of ["light", "dark"]) {
      // Without motion: a picture of colours on their way is one of no theme.
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      // The next picture but one is of the theme in any case.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      if ((await page.getByTestId("viewport").count()) > 0) await rest(page);
      await page.screenshot({ path: `${LOOKS}${name}-${colorScheme}.png` });
    }
    console.log(`e2e/artifacts/looks/${name}`);
  }
}

/** Somebody else in the session, with something selected. */
async function visitor({ server, browser, id }, name, color, selected) {
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
