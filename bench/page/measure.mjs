// What the page costs, in real Chromium against the real server: `cargo xtask bench page`.
//
// Started by xtask with VWS_BIN (the server), VWS_BENCH (the program that sends changes), VWS_PAGE (the built page) and
// CHROMIUM. Prints a table; with --json FILE keeps the figures too. Chromium has no graphics card here, so drawing is
// told apart from everything else: the CPU profiler says whose each sample is.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { api } from "../../e2e/lib/api.mjs";
import { startBrowser } from "../../e2e/lib/browser.mjs";
import { startServer } from "../../e2e/lib/server.mjs";
import { fill } from "./fill.mjs";
import { follow } from "./follow.mjs";
import { opened } from "./opened.mjs";
import { weigh } from "./weigh.mjs";

const { values: options } = parseArgs({
  options: { quick: { type: "boolean", default: false }, json: { type: "string" }, minutes: { type: "string" } },
});
const RUNS = options.quick ? 2 : 5;
/** How long the page follows 1,000 changes a second. */
const MINUTES = Number(options.minutes ?? (options.quick ? 0.25 : 10));
if (!(MINUTES > 0 && MINUTES <= 120)) throw new Error(`--minutes ${options.minutes} is outside (0, 120]`);

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const rounded = (value, digits = 0) => Number(value.toFixed(digits));

const server = await startServer();
const browser = await startBrowser();
const figures = { machine: `${cpus().length} cores of ${cpus()[0].model}`, chromium: browser.version };
try {
  const requests = api(server.origin);
  const few = await requests.session("Ten objects");
  await fill(requests, few, 10);
  const many = await requests.session("Ten thousand objects");
  await fill(requests, many, 10_000);

  figures.page = weigh(process.env.VWS_PAGE);
  const open = async (id, count) => {
    const runs = [];
    for (let i = 0; i < RUNS; i += 1) runs.push(await opened(browser, `${server.origin}/s/${id}`, count));
    const of = (key) => rounded(median(runs.map((run) => run[key])));
    const decoding_ms = rounded(median(runs.map((run) => run.decoding)), 1);
    return { runs: RUNS, shown_ms: of("shown"), answers_ms: of("answers"), decoding_ms, longest_task_after_ms: of("longestAfter") };
  };
  figures.ten_objects = await open(few, 10);
  figures.ten_thousand_objects = await open(many, 10_000);
  figures.following = await follow(browser, server.origin, many, { rate: 1_000, minutes: MINUTES });
} finally {
  await browser.stop();
  await server.stop();
}

const { page, ten_objects: ten, ten_thousand_objects: thousands, following: live } = figures;
const kib = (bytes) => `${rounded(bytes / 1024)} KiB`;
console.log(`\n${figures.machine}, ${figures.chromium}, drawing in software\n`);
for (const [what, value] of [
  ["program, scripts and styles, brotli", `${kib(page.brotli)} (${page.parts.map((part) => `${part.what} ${kib(part.brotli)}`).join(", ")})`],
  ["what comes later, brotli", kib(page.later)],
  ["10 objects: shown / answers input", `${ten.shown_ms} / ${ten.answers_ms} ms`],
  ["10,000 objects: shown / answers input", `${thousands.shown_ms} / ${thousands.answers_ms} ms`],
  ["10,000 objects: reading their MessagePack", `${thousands.decoding_ms} ms`],
  ["10,000 objects: longest task in the 2 s after that", `${thousands.longest_task_after_ms} ms`],
  [`${live.rate} changes a second for ${live.minutes} min, received`, `${live.received_a_second} a second`],
  ["  main thread, outside drawing", `${live.outside_drawing_percent} % of a core`],
  ["  main thread, all", `${live.main_thread_percent} % of a core`],
  ["  longest task", `${live.longest_task_ms} ms (${live.long_tasks_over_100_ms} over 100 ms)`],
  ["  JavaScript heap, first / last minute", `${kib(live.heap_bytes[0])} / ${kib(live.heap_bytes.at(-1))}`],
  ["  WebAssembly memory, first / last minute", `${kib(live.wasm_bytes[0])} / ${kib(live.wasm_bytes.at(-1))}`],
]) {
  console.log(`${what.padEnd(52)} ${value}`);
}
if (options.json) writeFileSync(options.json, `${JSON.stringify(figures, null, 2)}\n`);
