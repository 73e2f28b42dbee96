import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addWithForm, converge, live, openSession, state } from "./lib/app.mjs";
import { api } from "./lib/api.mjs";
import { screenshot, startBrowser } from "./lib/browser.mjs";
import { startServer } from "./lib/server.mjs";
import { openWire } from "./lib/wire.mjs";

let browser;
before(async () => (browser = await startBrowser()));
after(() => browser?.stop());

/** Waits until the page tells its person that it is cut off, and when it will try again. */
async function saysCutOff(page) {
  await page.getByTestId("standing").filter({ hasText: /Reconnecting in \d+ s/ }).waitFor();
}

test("WEB2: a page that is cut off says so, comes back by itself and loses nothing", async () => {
  const server = await startServer();
  const wire = await openWire(server.port);
  try {
    const script = api(server.origin);
    const id = await script.session("Cut off");
    const page = await openSession(browser, wire.origin, id);
    await addWithForm(page, { name: "before", x: 1 });
    await converge(script, id, [page]);

    wire.cut();
    await saysCutOff(page);
    for (let i = 0; i < 20; i += 1) await script.create(id, { name: `meanwhile ${i}`, type: "sphere", x: i / 2, y: 0, z: 0 });
    await addWithForm(page, { name: "offline", x: 2 });
    assert.equal((await state(page)).pending, 1, "what is done offline is shown and waits");
    await screenshot(page, "cut-off");

    wire.mend();
    await live(page);
    const end = await converge(script, id, [page]);
    assert.deepEqual(
      end.objects.filter(({ name }) => !name.startsWith("meanwhile")).map(({ name }) => name),
      ["before", "offline"],
    );
    assert.equal(end.objects.length, 22);
  } finally {
    await wire.close();
    await server.stop();
  }
});

test("WEB2: pages find a server that was killed and started again", async () => {
  let server = await startServer();
  const { port } = server;
  try {
    const id = await api(server.origin).session("Gone with its server");
    const session = await openSession(browser, server.origin, id);
    const list = await browser.open(server.origin);
    await list.getByTestId("session-row").first().waitFor();

    await server.kill();
    await saysCutOff(session);

    server = await startServer({ port });
    // This server keeps its sessions in memory, so the new one does not know the session.
    await session.getByTestId("session-gone").waitFor();
    await screenshot(session, "session-gone");
    await api(server.origin).session("After the restart");
    await list.getByText("After the restart").waitFor();
    assert.equal(await list.getByTestId("session-row").count(), 1);
  } finally {
    await server.stop();
  }
});
