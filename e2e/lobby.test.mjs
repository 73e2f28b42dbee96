import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";

const here = stage();

test("WEB7: the list of sessions follows what a script makes, renames and deletes", async () => {
  const first = await here.api.session("Harbour");
  const page = await here.browser.open(here.server.origin);
  const rows = page.getByTestId("session-row");
  const shows = (...names) =>
    until(
      `the list is ${names}`,
      async () => {
        const texts = await rows.allTextContents();
        return texts.length === names.length && names.every((name, i) => texts[i].includes(name));
      },
      () => rows.allTextContents(),
    );
  await shows("Harbour");
  // The page also asks for the whole list now and then. From here on it gets no answer, and cannot be loaded anew.
  await page.route(({ pathname }) => pathname !== "/api/events", () => {});

  const second = await here.api.session("Robot arm");
  await shows("Robot arm", "Harbour");
  await here.api.command(first, { type: "rename_session", name: "Old harbour" });
  await shows("Robot arm", "Old harbour");
  await here.api.drop(second);
  await shows("Old harbour");
  await here.api.command(first, { type: "rename_session", name: null });
  await until("the name is gone", async () => !(await rows.allTextContents()).join().includes("harbour"));
  await here.api.drop(first);
  await page.getByTestId("no-sessions").waitFor();
  assert.deepEqual(page.faults, []);
});

test("WEB84: the list says since when a session is there, and goes on saying it while time passes", async () => {
  const id = await here.api.session("Old enough");
  const page = await here.browser.open("about:blank");
  await page.clock.install();
  await page.goto(here.server.origin);
  const row = page.locator(`[data-session="${id}"]`);
  await row.getByText("created just now").waitFor();
  await page.clock.runFor(3 * 60_000);
  await row.getByText(/^created [34] minutes ago$/).waitFor();
  assert.deepEqual(page.faults, []);
});
