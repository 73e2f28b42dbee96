// How soon a page is there.

/** Runs in the page, before its own scripts: notes when it shows all, when it answers, and its long tasks. */
function watch(count) {
  const seen = { tasks: [], decoding: 0 };
  window.__bench = seen;
  // A message is read as soon as it comes, and applied later.
  const { addEventListener } = EventTarget.prototype;
  WebSocket.prototype.addEventListener = function (type, listener, options) {
    const timed = (event) => {
      const began = performance.now();
      listener.call(this, event);
      if (!seen.shown) seen.decoding += performance.now() - began;
    };
    return addEventListener.call(this, type, type === "message" ? timed : listener, options);
  };
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
 * and the page answers input; those of them in which the messages of the snapshot were read; the longest task in the two
 * seconds after that.
 */
export async function opened(browser, url, count) {
  const page = await browser.open("about:blank");
  await page.addInitScript(watch, count);
  await page.goto(url);
  await page.waitForFunction(() => window.__bench?.settled, undefined, { timeout: 120_000 });
  const seen = await page.evaluate(() => window.__bench);
  const after = seen.tasks.filter((task) => task.startTime > seen.shown).map((task) => task.duration);
  await page.context().close();
  return { shown: seen.shown, answers: seen.answers, decoding: seen.decoding, longestAfter: Math.max(0, ...after) };
}
