// How soon a page is there.

/** Runs in the page, before its own scripts: notes when it shows all, when it answers, and its long tasks. */
function watch(count) {
  const seen = { tasks: [] };
  window.__bench = seen;
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) seen.tasks.push({ startTime, duration });
  }).observe({ type: "longtask", buffered: true });
  const look = () => {
    const page = window.__vws;
    const canvas = document.querySelector("[data-testid=viewport] canvas");
    const listed = document.querySelector("[data-testid=tree-row]");
    if (!(page?.status === "live" && page.objects === count && canvas && listed)) return requestAnimationFrame(look);
    // Two frames later what was asked for has been drawn, and a click has come back.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        seen.shown = performance.now();
        document.addEventListener("pointermove", () => (seen.answers = performance.now()), { once: true });
        document.dispatchEvent(new PointerEvent("pointermove"));
        setTimeout(() => (seen.settled = true), 2_000);
      }),
    );
  };
  requestAnimationFrame(look);
}

/**
 * Opens `url` in a profile without a cache. Milliseconds from the navigation's start until `count` objects are shown
 * and the page answers input; the longest task in the two seconds after that.
 */
export async function opened(browser, url, count) {
  const page = await browser.open("about:blank");
  await page.addInitScript(watch, count);
  await page.goto(url);
  await page.waitForFunction(() => window.__bench?.settled, undefined, { timeout: 120_000 });
  const seen = await page.evaluate(() => window.__bench);
  const after = seen.tasks.filter((task) => task.startTime > seen.shown).map((task) => task.duration);
  await page.context().close();
  return { shown: seen.shown, answers: seen.answers, longestAfter: Math.max(0, ...after) };
}
