// Sessions as files: out of the page, and into it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { openSession, state } from "./lib/app.mjs";
import { screenshot } from "./lib/browser.mjs";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";

const here = stage();

const cube = (name, x = 0) => ({ name, type: "cube", x, y: 0, z: 0 });

async function harbour() {
  const id = await here.api.session("Harbour");
  for (let n = 0; n < 5; n += 1) await here.api.create(id, cube(`c${n}`, n));
  return id;
}

/** What an export of the page saves. */
async function exported(page, testid) {
  await page.getByTestId("files-button").click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByTestId(testid).click()]);
  return { name: download.suggestedFilename(), content: await readFile(await download.path()) };
}

const file = (name, content) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.from(content) });

/** Drops a file onto the page, as a person would. */
async function drop(page, { name, buffer }) {
  const data = await page.evaluateHandle(
    ([name, text]) => {
      const data = new DataTransfer();
      data.items.add(new File([text], name));
      return data;
    },
    [name, buffer.toString()],
  );
  await page.dispatchEvent("body", "dragenter", { dataTransfer: data });
  await page.getByTestId("drop-cover").waitFor();
  await page.dispatchEvent("body", "drop", { dataTransfer: data });
}

test("WEB55: a state and a log are exported as the server writes them, under its names", async () => {
  const id = await harbour();
  const page = await openSession(here.browser, here.server.origin, id);
  for (const [testid, format, ending] of [
    ["export-state", "json", "vws.json"],
    ["export-log", "log", "vwslog"],
  ]) {
    const { name, content } = await exported(page, testid);
    assert.equal(name, `Harbour-5.${ending}`);
    const served = await fetch(`${here.server.origin}/api/sessions/${id}/export?format=${format}`);
    assert.equal(content.toString(), await served.text());
    await page.getByText(`Exported as ${name}.`).waitFor();
  }
  assert.deepEqual(page.faults, []);
});

test("WEB55: in the past the exported state is that of the moment", async () => {
  const id = await harbour();
  const page = await openSession(here.browser, `${here.server.origin}`, `${id}#at=2`);
  await until("seq 2 is shown", async () => (await state(page)).shown === 2);
  const { name, content } = await exported(page, "export-state");
  assert.equal(name, "Harbour-2.vws.json");
  assert.equal(JSON.parse(content).objects.length, 2);
  assert.deepEqual(page.faults, []);
});

test("WEB56: a log that is dropped on the list of sessions is checked, imported and opened, its past with it", async () => {
  const id = await harbour();
  const log = await (await fetch(`${here.server.origin}/api/sessions/${id}/export?format=log`)).text();
  const page = await here.browser.open(here.server.origin);
  await page.getByTestId("create-session").waitFor();
  await drop(page, file("harbour.vwslog", log));
  await page.getByTestId("import-fine").waitFor();
  assert.match(await page.getByTestId("import-fine").textContent(), /A log: the session has its past, 5 events/);
  await screenshot(page, "import-fine");
  await page.getByTestId("import-now").click();
  await page.waitForURL(/\/s\//);
  await until("it is open", async () => (await state(page)).status === "live" && (await state(page)).objects === 5);
  await until("it has its name", async () => (await page.getByTestId("session-title").textContent()) === "Harbour");
  await page.getByTestId("toggle-timeline").click();
  await until("it has its past", async () => (await page.getByTestId("timeline-shown").textContent()) === "5 events");
  assert.deepEqual(page.faults, []);
});

test("WEB56: a file with faults makes no session, and each fault is told with its line in the server's words", async () => {
  const id = await harbour();
  const good = await (await fetch(`${here.server.origin}/api/sessions/${id}/export`)).text();
  const bad = good.replace('"x":3', '"x":13').replace('"x":4', '"x":400');
  assert.notEqual(bad, good);
  const count = async () => (await (await fetch(`${here.server.origin}/api/sessions`)).json()).sessions.length;
  const before = await count();
  const page = await openSession(here.browser, here.server.origin, id);
  await page.getByTestId("files-button").click();
  await page.getByTestId("import-file").setInputFiles(file("bad.vws.json", bad));
  await page.getByTestId("import-wrong").waitFor();
  const faults = await page.getByTestId("import-fault").allTextContents();
  assert.ok(faults.length >= 2, JSON.stringify(faults));
  assert.ok(faults.some((text) => /^line \d+.*\/objects\/3\/x.*x = 13 is outside \[-12, 12\]$/.test(text)), JSON.stringify(faults));
  assert.ok(faults.some((text) => text.includes("x = 400 is outside [-12, 12]")));
  assert.equal(await page.getByTestId("import-now").count(), 0, "there is nothing to import");
  await screenshot(page, "import-wrong");
  await page.getByTestId("import-cancel").click();
  await until("the dialog is gone", async () => (await page.getByTestId("import").count()) === 0);
  assert.equal(await count(), before);
  assert.equal((await state(page)).status, "live");
  assert.deepEqual(page.faults, []);
});

test("WEB56: what is no session file at all is told as that; a cancelled import makes nothing", async () => {
  const page = await here.browser.open(here.server.origin);
  await page.getByTestId("create-session").waitFor();
  await page.getByTestId("import-file").setInputFiles(file("noise.json", "not a file of ours"));
  await page.getByTestId("import-wrong").waitFor();
  assert.ok((await page.getByTestId("import-fault").count()) >= 1);
  await page.keyboard.press("Escape");
  await until("the dialog is gone", async () => (await page.getByTestId("import").count()) === 0);

  const id = await harbour();
  const good = await (await fetch(`${here.server.origin}/api/sessions/${id}/export`)).text();
  await page.getByTestId("import-file").setInputFiles(file("good.vws.json", good));
  await page.getByTestId("import-fine").waitFor();
  await page.getByTestId("import-cancel").click();
  await until("the dialog is gone", async () => (await page.getByTestId("import").count()) === 0);
  const { sessions } = await (await fetch(`${here.server.origin}/api/sessions`)).json();
  assert.ok(!sessions.some((session) => session.origin?.session_id === id), "no session was made of it");
  assert.deepEqual(page.faults, []);
});

for (const [name, options] of [
  ["light", { colorScheme: "light" }],
  ["phone", { colorScheme: "dark", width: 390, height: 844, hasTouch: true }],
]) {
  test(`WEB55: the menu of files (${name})`, async () => {
    const page = await openSession(here.browser, here.server.origin, await harbour(), options);
    await page.getByTestId("files-button").click();
    await page.getByTestId("files-menu").waitFor();
    await screenshot(page, `files-menu-${name}`);
    assert.deepEqual(page.faults, []);
  });
}
