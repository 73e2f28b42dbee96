// Real Chromium, without a window and with WebGL in software.
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const ARTIFACTS = fileURLToPath(new URL("../artifacts/", import.meta.url));
const PROGRAM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-gl=angle",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
];

/** What Chromium says of drawing in software and of pictures being taken, which no user's machine does. */
function isOfTheMachine(text) {
  return /GL Driver Message .*GPU stall due to ReadPixels|software WebGL/.test(text);
}

/** Starts a browser with a fresh profile. Each `open` is a person of their own: nothing is shared. */
export async function startBrowser() {
  const browser = await chromium.launch({
    executablePath: PROGRAM,
    args: FLAGS,
    ignoreDefaultArgs: ["--headless"],
  });
  return {
    version: `Chromium ${browser.version()}`,
    /**
     * Opens `url` in a context of its own. `page.faults` collects what a user's console would show in red or
     * yellow: uncaught errors, errors and warnings, failed requests for parts of the page. `prepare` runs in the
     * page before its own scripts.
     */
    async open(url, { width = 1280, height = 800, prepare, ...options } = {}) {
      const context = await browser.newContext({ viewport: { width, height }, ...options });
      const page = await context.newPage();
      if (prepare) await page.addInitScript(prepare);
      page.faults = [];
      page.on("pageerror", (error) => page.faults.push(String(error)));
      page.on("console", (message) => {
        if (["error", "warning"].includes(message.type()) && !isOfTheMachine(message.text())) {
          page.faults.push(message.text());
        }
      });
      await page.goto(url);
      return page;
    },
    stop: () => browser.close(),
  };
}

/** Saves what the page shows as e2e/artifacts/NAME.png, for people to look at, and returns the image. */
export async function screenshot(page, name) {
  await mkdir(ARTIFACTS, { recursive: true });
  return page.screenshot({ path: `${ARTIFACTS}${name}.png` });
}
