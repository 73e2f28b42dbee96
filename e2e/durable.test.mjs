import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { addWithForm, converge, live, openSession, state } from "./lib/app.mjs";
import { api } from "./lib/api.mjs";
import { screenshot, startBrowser } from "./lib/browser.mjs";
import { startServer } from "./lib/server.mjs";

/** How often the server is killed. */
const KILLS = 3;

let browser, folder;
before(async () => {
  browser = await startBrowser();
  folder = await mkdtemp(join(tmpdir(), "vws-e2e-"));
});
after(async () => {
  await browser?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Makes objects one after the other until the server is gone, and returns the names that it confirmed. */
async function writeUntilGone(script, id, prefix) {
  const confirmed = [];
  for (let n = 0; ; n += 1) {
    const name = `${prefix} ${n}`;
    try {
      await script.create(id, { name, type: "sphere", x: (n % 24) - 12, y: 0, z: 0 });
    } catch (error) {
      // The connection is gone; an answer that is no success fails the test.
      if (error instanceof assert.AssertionError) throw error;
      return confirmed;
    }
    confirmed.push(name);
  }
}

test("WEB2 LAW5 LAW8: a server that is killed in mid-edit loses nothing that anybody was told of", async () => {
  let server = await startServer({ data: join(folder, "data") });
  const { port, origin } = server;
  const id = await api(origin).session("Survives");
  const pages = [await openSession(browser, origin, id), await openSession(browser, origin, id)];
  const [page] = pages;
  const expected = [];
  try {
    for (let kill = 0; kill < KILLS; kill += 1) {
      await addWithForm(page, { name: `before ${kill}`, x: kill });
      // Half of an edit: a form that is filled in and not sent.
      await page.getByTestId("create-name").fill(`during ${kill}`);
      const writing = writeUntilGone(api(origin), id, `script ${kill}`);
      const seen = (await state(page)).seq + 20;
      await page.waitForFunction((seq) => window.__vws.seq > seq, seen);
      // One edit is on its way when the server goes.
      const sending = page.getByTestId("create-submit").click();
      await server.kill();
      await sending;
      const confirmed = await writing;
      assert.ok(confirmed.length >= 20, "the script was confirmed");
      await page.getByTestId("standing").filter({ hasText: /Reconnecting/ }).waitFor();
      await addWithForm(page, { name: `offline ${kill}`, x: -kill });
      if (kill === 0) await screenshot(page, "killed");

      server = await startServer({ port, data: join(folder, "data") });
      await Promise.all(pages.map(live));
      expected.push(`before ${kill}`, `during ${kill}`, `offline ${kill}`, ...confirmed);
      const { objects } = await converge(api(origin), id, pages);
      const names = new Set(objects.map(({ name }) => name));
      assert.deepEqual(expected.filter((name) => !names.has(name)), [], "nothing confirmed is lost");
      // What was being written when the server went may be there, and nothing else.
      const others = [...names].filter((name) => !expected.includes(name));
      assert.ok(others.length <= kill + 1 && others.every((name) => name.startsWith("script")), `${others}`);
    }
    // In the end the list knows the session by what it has.
    const list = await browser.open(origin);
    await list.getByTestId("session-row").filter({ hasText: "Survives" }).waitFor();
  } finally {
    await server.stop();
  }
});
