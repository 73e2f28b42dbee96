// Who may do what, as a person meets it: links that let in, pages that only look, links for others.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { live, openSession, state } from "./lib/app.mjs";
import { stage } from "./lib/stage.mjs";
import { until } from "./lib/until.mjs";

const folder = mkdtempSync(join(tmpdir(), "vws-access-"));
after(() => rmSync(folder, { recursive: true }));
const secret = join(folder, "secret");
writeFileSync(secret, "0123456789abcdef0123456789abcdef");
const here = stage({ args: ["--auth-secret-file", secret] });

/** A token as the operator makes it. */
function token(role, session = "*", more = []) {
  const all = ["token", "create", `${role}@example.org`, "--role", role, "--session", session, "--secret-file", secret, ...more];
  return execFileSync(process.env.VWS_BIN, all, { encoding: "utf8" }).trim();
}

async function ask(method, path, as, body) {
  const headers = { authorization: `Bearer ${as}`, ...(body && { "content-type": "application/json" }) };
  const response = await fetch(`${here.server.origin}/api${path}`, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(response.ok, `${method} ${path}: ${response.status}`);
  return response.status === 204 ? undefined : response.json();
}

async function session() {
  const admin = token("admin");
  const { session_id: id } = await ask("POST", "/sessions", admin, { name: "Guarded" });
  await ask("POST", `/sessions/${id}/objects`, admin, { name: "a", type: "cube", x: 0, y: 0, z: 0 });
  return id;
}

const CLIPBOARD = { permissions: ["clipboard-read", "clipboard-write"] };

test("AUTH15: a link's token lets the page in, leaves the address and lasts as long as the tab", async () => {
  const id = await session();
  const as = token("edit", id);
  const page = await here.browser.open("about:blank");
  const asked = [];
  page.on("request", (request) => asked.push(request));
  page.on("websocket", (socket) => asked.push({ url: () => socket.url() }));
  await page.goto(`${here.server.origin}/s/${id}#select=a&token=${as}`);
  await live(page);
  assert.equal(page.url(), `${here.server.origin}/s/${id}#select=a`);
  await until("the rest of the link is used", async () => (await state(page)).selected === "a");
  assert.ok(asked.length > 3 && asked.every((request) => !request.url().includes(as)), "no address carries it");

  await page.reload();
  await live(page);
  const other = await here.browser.open(`${here.server.origin}/s/${id}`);
  await other.getByTestId("session-shut-out").waitFor();
  assert.deepEqual(page.faults, []);
});

test("AUTH16: who may only look is told so, and finds nothing to change with", async () => {
  const id = await session();
  const page = await openSession(here.browser, here.server.origin, `${id}#token=${token("view", id)}`);
  await until("it says so", async () => /View only/.test(await page.locator(".session-bar").textContent()));
  assert.equal(await page.getByTestId("rename-session").isDisabled(), true);
  await page.getByText("a", { exact: true }).first().click();
  await until("it is selected", async () => (await state(page)).selected === "a");
  await page.keyboard.press("Delete");
  await page.getByText(/your link lets you look/i).first().waitFor();
  await page.getByTestId("tab-add").click();
  assert.equal(await page.getByTestId("create-submit").isDisabled(), true);
  const { seq, objects, pending } = await state(page);
  assert.deepEqual([seq, objects, pending], [1, 1, 0]);
  // It follows all the same.
  await ask("PATCH", `/sessions/${id}/objects/a`, token("edit", id), { x: 5 });
  await until("the change has come", async () => (await state(page)).seq === 2);
  await page.getByTestId("people-button").click();
  assert.equal(await page.getByTestId("share").count(), 0, "a viewer lets nobody in");
  assert.deepEqual(page.faults, []);
});

test("AUTH16: a page whose link has ended, was taken back or is none says what to do", async () => {
  const id = await session();
  for (const [link, words] of [
    ["", /You need a link that lets you in/],
    [`#token=${token("view", id).slice(0, -4)}AAAA`, /Your link does not let you in/],
    [`#token=${token("view", "01890a5d-ac96-774b-bcce-b302099a8058")}`, /Your link is for something else/],
  ]) {
    const page = await here.browser.open(`${here.server.origin}/s/${id}${link}`);
    await page.getByTestId("session-shut-out").getByText(words).waitFor();
  }
  const page = await openSession(here.browser, here.server.origin, `${id}#token=${token("view", id, ["--expires-in", "3s"])}`);
  await page.getByTestId("session-shut-out").getByText("Your link has ended").waitFor();
  await page.getByTestId("without-link").click();
  await page.getByTestId("session-shut-out").getByText("You need a link that lets you in").waitFor();
});

test("AUTH17: an owner makes a link that lets others in, and takes it back", async () => {
  const id = await session();
  const page = await openSession(here.browser, here.server.origin, `${id}#token=${token("own", id, ["--expires-in", "48h"])}`, CLIPBOARD);
  await page.getByTestId("people-button").click();
  await page.getByTestId("share").click();
  await page.getByTestId("share-role").selectOption("edit");
  await page.getByTestId("share-span").selectOption("3600");
  await page.getByTestId("make-link").click();
  const link = await page.getByTestId("share-link").inputValue();
  assert.ok(link.startsWith(`${here.server.origin}/s/${id}#token=`), link);
  await page.getByTestId("copy-made").click();
  await page.getByText("on the clipboard").first().waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), link);

  const guest = await here.browser.open(link);
  await live(guest);
  assert.equal(guest.url(), `${here.server.origin}/s/${id}`);
  await ask("POST", `/sessions/${id}/objects`, link.split("#token=")[1], { name: "b", type: "cube", x: 1, y: 0, z: 0 });
  await until("the guest's change shows", async () => (await state(page)).objects === 2);

  await page.getByTestId("take-back").click();
  await guest.getByTestId("session-shut-out").getByText("Your link was taken back").waitFor();
  assert.deepEqual(page.faults, []);
});
