// Makes pictures of the page. docs/images/ anew: a harbour with every type of object, two people in it and one thing
// selected; and its past. And every main state of the page in both themes, into e2e/artifacts/looks/, for people to look at.
// Run by `cargo xtask screenshots`, which builds what this needs. With `docs` or `looks` as argument: only these.
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import UPNG from "upng-js";
import { api } from "./lib/api.mjs";
import { introduce, live, openSession, state } from "./lib/app.mjs";
import { startBrowser } from "./lib/browser.mjs";
import { startServer } from "./lib/server.mjs";
import { openTimeline, phoneStates, wideStates } from "./lib/states.mjs";
import { until } from "./lib/until.mjs";
import { OBJECTS, SELECTED, STEPS, WORLD } from "./picture/harbour.mjs";

const IMAGES = fileURLToPath(new URL("../docs/images/", import.meta.url));
const LOOKS = fileURLToPath(new URL("artifacts/looks/", import.meta.url));
const SIZE = { width: 1600, height: 1000 };
/** README shows it to everyone who looks at the project. */
const MAX_BYTES = 400 * 1024;
/** Where Grace looks from: her camera is in the picture, with what it sees. */
const GRACES_VIEW = "-8.5,7.6,3.5,-2,2.5,-3";

const [only] = process.argv.slice(2);
if (only !== "looks") await withBoth(picturesOfReadme);
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

/** The picture of the beginning of README, in the dark, and the one of its history, in the light. */
async function picturesOfReadme({ server, browser, api }) {
  const id = await api.session("Port Ellen harbour");
  await api.command(id, { type: "initialize_world", world: WORLD });
  await api.command(id, { type: "batch", commands: OBJECTS.map((object) => ({ type: "create_object", object })) });

  // One after the other: each draws in software, which takes a processor whole.
  const here = { server, browser, id };
  const grace = await visitor(here, "Grace", "#e5679d", { selected: "Albatross", view: GRACES_VIEW });
  const page = await openSession(browser, server.origin, id, { ...SIZE, colorScheme: "dark", prepare: asWithGraphicsCard });
  await introduce(page, "Ada", "#47b39d");
  await select(page, SELECTED);
  await until("Grace is there", async () => (await page.getByTestId("tree-peer").count()) === 1);
  await page.getByTestId("your-name").waitFor({ state: "hidden" });
  await page.getByTestId("tool-move").click();
  await save(page, "session.png");

  await changes(page, grace);
  await page.emulateMedia({ colorScheme: "light" });
  await openTimeline(page);
  await until("the history is read", async () => /^\d+ events$/.test(await page.getByTestId("timeline-shown").textContent()));
  const { width, height } = await page.getByTestId("track").boundingBox();
  await page.getByTestId("track").click({ position: { x: width * 0.87, y: height / 2 } });
  await page.getByTestId("past-banner").waitFor();
  await save(page, "timeline.png");
}

/** Somebody else in the session, with something selected and a view of their own. */
async function visitor({ server, browser, id }, name, color, { selected, view }) {
  const page = await browser.open(`${server.origin}/s/${id}#camera=${view}`, { width: 900, height: 600 });
  await live(page);
  await introduce(page, name, color);
  await select(page, selected);
  return page;
}

/** What both of them do to the harbour, so that it has a history. */
async function changes(page, grace) {
  const both = [page, grace];
  for (const [step, [who, name, key]] of STEPS.entries()) {
    const at = both[who];
    await select(at, name);
    await at.evaluate(() => document.activeElement?.blur());
    await at.keyboard.press(key);
    await until(`step ${step} is there`, async () => (await state(page)).seq === (await state(grace)).seq && (await state(at)).pending === 0);
  }
}

/** Saves what the page shows now as a picture of the documents. */
async function save(page, name) {
  await page.mouse.move(SIZE.width / 2, SIZE.height - 4);
  await rest(page);
  const image = smaller(await page.screenshot());
  await mkdir(IMAGES, { recursive: true });
  await writeFile(`${IMAGES}${name}`, image);
  console.log(`docs/images/${name}: ${image.length} bytes`);
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

/** Selects an object as a link does: its row may be far down in the list. */
async function select(page, name) {
  await page.evaluate((name) => (location.hash = `select=${encodeURIComponent(name)}`), name);
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
