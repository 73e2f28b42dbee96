// What a page costs that follows others' changes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";

/** Sampling interval of the CPU profiler, in microseconds. */
const SAMPLE_US = 1_000;
/** How long the profiler looks, in seconds: its samples of minutes would fill memory. */
const PROFILE_S = 10;

/** Starts the program that sends `rate` changes a second over a WebSocket of its own. */
function drive(origin, session, rate, seconds) {
  const arguments_ = ["drive", origin, session, "--rate", rate, "--seconds", seconds].map(String);
  const child = spawn(process.env.VWS_BENCH, arguments_, { stdio: ["ignore", "inherit", "inherit"] });
  const ended = once(child, "exit").then(([code]) => {
    if (code !== 0) throw new Error(`the changes ended with ${code}`);
  });
  return { ended, stop: () => child.kill() };
}

/** The share of a profile's samples in which the drawing half ran, of those in which anything did. */
function drawn(profile) {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parent = new Map(profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id])));
  const isDrawing = (id) => {
    for (let at = id; at !== undefined; at = parent.get(at)) {
      const { url, functionName } = nodes.get(at).callFrame;
      // The time in which the drawing half is called by the program is the drawing's as well.
      if (/viewport.*\.js/.test(url) && functionName !== "") return true;
    }
    return false;
  };
  const microseconds = { drawing: 0, busy: 0 };
  profile.samples.forEach((id, i) => {
    const { functionName } = nodes.get(id).callFrame;
    if (functionName === "(idle)") return;
    microseconds.busy += profile.timeDeltas[i];
    if (isDrawing(id)) microseconds.drawing += profile.timeDeltas[i];
  });
  return microseconds;
}

async function metrics(session) {
  const answer = await session.send("Performance.getMetrics");
  return Object.fromEntries(answer.metrics.map(({ name, value }) => [name, value]));
}

/**
 * Shows the session `id` for some minutes while `rate` changes a second come from another client. Times are shares of
 * one core; memory is what is left after a collection, once a minute.
 */
export async function follow(browser, origin, id, { rate, minutes }) {
  const page = await browser.open("about:blank");
  const cdp = await page.context().newCDPSession(page);
  await page.addInitScript(() => {
    window.__tasks = [];
    new PerformanceObserver((list) => window.__tasks.push(...list.getEntries().map((e) => e.duration))).observe({ type: "longtask" });
    const { instantiateStreaming } = WebAssembly;
    WebAssembly.instantiateStreaming = async (...all) => {
      const made = await instantiateStreaming(...all);
      window.__memory = made.instance.exports.memory;
      return made;
    };
  });
  await page.goto(`${origin}/s/${id}`);
  await page.waitForFunction(() => window.__vws?.status === "live", undefined, { timeout: 120_000 });
  await cdp.send("Performance.enable");
  await cdp.send("Profiler.enable");
  await cdp.send("Profiler.setSamplingInterval", { interval: SAMPLE_US });
  await pause(3_000);
  await page.evaluate(() => (window.__tasks.length = 0));

  const seconds = minutes * 60;
  const changes = drive(origin, id, rate, seconds + 5);
  try {
    await pause(2_000);
    const before = { seq: await page.evaluate(() => window.__vws.seq), at: performance.now() };
    await cdp.send("Profiler.start");
    const start = await metrics(cdp);
    await pause(Math.min(PROFILE_S, seconds / 2) * 1_000);
    const end = await metrics(cdp);
    const { profile } = await cdp.send("Profiler.stop");
    const longest = await page.evaluate(() => window.__tasks.splice(0));
    const heap = [];
    const wasm = [];
    const samples = Math.max(2, Math.ceil(minutes));
    for (let i = 0; i < samples; i += 1) {
      await cdp.send("HeapProfiler.collectGarbage");
      heap.push((await metrics(cdp)).JSHeapUsedSize);
      wasm.push(await page.evaluate(() => window.__memory.buffer.byteLength));
      // A collection that was asked for is no task of the page's own.
      await page.evaluate(() => (window.__tasks.length = 0));
      await pause(((seconds - PROFILE_S) / samples) * 1_000);
      longest.push(...(await page.evaluate(() => window.__tasks)));
    }
    const after = { seq: await page.evaluate(() => window.__vws.seq), at: performance.now() };
    const elapsed = end.Timestamp - start.Timestamp;
    const main = end.TaskDuration - start.TaskDuration;
    const { drawing, busy } = drawn(profile);
    const percent = (part) => Number(((part / elapsed) * 100).toFixed(1));
    return {
      rate,
      minutes,
      received_a_second: Math.round(((after.seq - before.seq) / (after.at - before.at)) * 1_000),
      main_thread_percent: percent(main),
      outside_drawing_percent: percent(main - drawing / 1e6),
      profiled_percent: percent(busy / 1e6),
      longest_task_ms: Math.round(Math.max(0, ...longest)),
      long_tasks_over_100_ms: longest.filter((duration) => duration > 100).length,
      heap_bytes: heap,
      wasm_bytes: wasm,
    };
  } finally {
    changes.stop();
    await changes.ended.catch(() => {});
    await page.context().close();
  }
}
