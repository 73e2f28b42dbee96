// What axe-core finds wrong with any main state of the page, in both themes.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import { stage } from "./lib/stage.mjs";
import { phoneStates, wideStates } from "./lib/states.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SEVERE = new Set(["serious", "critical"]);

/** Everything severe that is wrong with what a page shows, a line each. */
async function faults(page) {
  // By the debugger, which the page's policy for scripts does not concern.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  const violations = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ["violations"] })).violations);
  return violations
    .filter(({ impact }) => SEVERE.has(impact))
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary}`));
}

for (const [width, states] of [["wide", wideStates], ["phone", phoneStates]]) {
  // A server of its own: one state is that of a list without sessions.
  const here = stage();
  test(`WEB61: no main state has a serious fault of accessibility (${width})`, async () => {
    const seen = [];
    for await (const { name, page } of states(here)) {
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        for (const fault of await faults(page)) seen.push(`${name}, ${colorScheme}: ${fault}`);
      }
    }
    assert.deepEqual(seen, []);
  });
}
