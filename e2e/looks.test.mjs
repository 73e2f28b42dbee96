// Themes, and what a person's system wishes of pages.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openSession, state } from "./lib/app.mjs";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";

const here = stage();
const SURFACE = { light: "rgb(255, 255, 255)", dark: "rgb(21, 26, 33)" };

/** How the page looks: the bar's ground, the choice in force, and what browsers colour their own bars with. */
const look = (page) =>
  page.evaluate(() => {
    const bars = [...document.querySelectorAll("meta[name=theme-color]")].filter((meta) => matchMedia(meta.media).matches);
    return {
      ground: getComputedStyle(document.querySelector(".page-bar")).backgroundColor,
      choice: document.documentElement.dataset.theme,
      bars: bars.map((meta) => meta.dataset.theme).join(),
    };
  });
const looks = (page, choice, theme) => {
  const wanted = JSON.stringify({ ground: SURFACE[theme], choice, bars: theme });
  return until(`the page is ${theme} by ${choice}`, async () => JSON.stringify(await look(page)) === wanted, () => look(page));
};

test("WEB60: the theme is the system's and follows it, or the person's and is kept", async () => {
  const page = await here.browser.open(here.server.origin, { colorScheme: "light" });
  await page.getByTestId("theme").waitFor();
  await looks(page, "system", "light");
  await page.emulateMedia({ colorScheme: "dark" });
  await looks(page, "system", "dark");
  await page.getByTestId("theme").click();
  await looks(page, "light", "light");
  await page.getByTestId("theme").click();
  await looks(page, "dark", "dark");
  await page.emulateMedia({ colorScheme: "light" });
  await looks(page, "dark", "dark");
  await page.emulateMedia({ colorScheme: "dark" });

  // Another window of the same browser has the same choice, and changes it for both.
  const other = await page.context().newPage();
  await other.emulateMedia({ colorScheme: "dark" });
  await other.goto(here.server.origin);
  await other.getByTestId("theme").waitFor();
  await looks(other, "dark", "dark");
  await other.getByTestId("theme").click();
  await looks(other, "system", "dark");
  await looks(page, "system", "dark");
  assert.deepEqual(page.faults, []);
});

test("WEB81: the first press on the theme's switch shows another theme, and it says which comes next", async () => {
  for (const [system, other] of [["light", "dark"], ["dark", "light"]]) {
    const page = await here.browser.open(here.server.origin, { colorScheme: system });
    const button = page.getByTestId("theme");
    assert.equal(await button.getAttribute("aria-label"), `Theme: as the system has it (${system}). Next: ${other}`);
    await button.click();
    await looks(page, other, other);
    await button.click();
    await looks(page, system, system);
    assert.equal(await button.getAttribute("title"), `Theme: ${system}. Next: as the system has it (${system})`);
    await button.click();
    await looks(page, "system", system);
  }
});

test("WEB60: a chosen theme is there from the first picture on", async () => {
  const page = await here.browser.open(here.server.origin, { colorScheme: "light" });
  await page.getByTestId("theme").click();
  await looks(page, "dark", "dark");
  // What is painted before the program is there: its file is held back.
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route("**/*.wasm", async (route) => {
    await held;
    await route.continue();
  });
  await page.reload({ waitUntil: "commit" });
  await page.locator(".boot").waitFor();
  const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(ground, "rgb(13, 16, 21)");
  release();
  await page.getByTestId("theme").waitFor();
  await looks(page, "dark", "dark");
});

test("WEB68: who wishes for little motion gets none", async () => {
  const id = await here.api.session("Still");
  await here.api.create(id, { name: "a", type: "cube", x: 0, y: 0, z: 0 });
  const longest = (page) =>
    page.evaluate(() => {
      const seconds = (text) => Math.max(...text.split(",").map((part) => Number.parseFloat(part) * (part.includes("ms") ? 0.001 : 1)));
      const all = [...document.querySelectorAll("*")].map((element) => getComputedStyle(element));
      return Math.max(...all.map((style) => Math.max(seconds(style.transitionDuration), seconds(style.animationDuration))));
    });
  const page = await openSession(here.browser, here.server.origin, id, { reducedMotion: "reduce" });
  await page.getByTestId("tree-row").waitFor();
  assert.ok((await longest(page)) <= 0.001, `${await longest(page)} s`);
  await page.emulateMedia({ reducedMotion: "no-preference" });
  assert.ok((await longest(page)) > 0.05, "others have some");
});

test("WEB68: with the system's own few colours, what is chosen still differs from what is not", async () => {
  const id = await here.api.session("Few colours");
  for (const name of ["a", "b"]) await here.api.create(id, { name, type: "cube", x: 0, y: 0, z: 0, color: "#ff8800" });
  const page = await openSession(here.browser, here.server.origin, id, { forcedColors: "active" });
  const row = (name) => page.locator(`[data-testid=tree-row][data-name="${name}"]`);
  await row("a").click();
  await until("it is selected", async () => (await state(page)).selected === "a");
  const ground = (locator) => locator.evaluate((element) => getComputedStyle(element).backgroundColor);
  assert.notEqual(await ground(row("a")), await ground(row("b")));
  assert.notEqual(await ground(page.getByTestId("tab-object")), await ground(page.getByTestId("tab-add")));
  assert.notEqual(await ground(page.getByTestId("toggle-tree")), await ground(page.getByTestId("copy-link")));
  // A colour that is content stays what it is.
  assert.equal(await row("a").locator(".tree-dot").evaluate((dot) => getComputedStyle(dot).backgroundColor), "rgb(255, 136, 0)");
  const border = await page.getByTestId("add-object").evaluate((button) => getComputedStyle(button).borderTopWidth);
  assert.equal(border, "1px", "a button has an edge");
});

test("WEB69: nothing jumps while the page of a session loads", async () => {
  const id = await here.api.session("Steady");
  const commands = Array.from({ length: 100 }, (_, n) => ({
    type: "create_object",
    object: { name: `object ${n}`, type: "cube", x: (n % 10) - 5, y: 0, z: Math.floor(n / 10) - 5 },
  }));
  await here.api.command(id, { type: "batch", commands });
  for (const size of [{ width: 1280, height: 800 }, { width: 390, height: 844, hasTouch: true, isMobile: true }]) {
    const page = await here.browser.open("about:blank", { ...size, prepare: watchShifts });
    await page.goto(`${here.server.origin}/s/${id}`);
    await until("all is there", async () => (await state(page)).objects === 100);
    await page.getByTestId("view").locator("canvas").first().waitFor();
    // The last shift is told with the picture that it is in.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const shifts = await page.evaluate(() => window.shifts);
    const sum = shifts.reduce((total, { value }) => total + value, 0);
    assert.ok(sum <= 0.02, JSON.stringify(shifts));
  }
});

/** Runs in the page before its own scripts. */
function watchShifts() {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries()) {
      window.shifts.push({ value, of: sources.map(({ node }) => node?.className ?? node?.nodeName) });
    }
  }).observe({ type: "layout-shift", buffered: true });
}
