// Every main state of the page, one after the other: for whoever looks at all of them, be it a person or a program.
import { OBJECTS, WORLD } from "../picture/harbour.mjs";
import { addWithForm, live, openSession, state } from "./app.mjs";
import { until } from "./until.mjs";
import { openWire } from "./wire.mjs";

export const PHONE = Object.freeze({ width: 390, height: 844, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });

const file = (name, content) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.from(content) });
const gone = (page, testid) => dialog(page, testid).waitFor({ state: "detached" });
/** A dialog; the button that opens it may have the same name. */
export const dialog = (page, testid) => page.locator(`dialog[data-testid=${testid}]`);
const click = (page, testid) => page.getByTestId(testid).click();
const row = (page, name) => page.locator(`[data-testid=tree-row][data-name="${name}"]`);
const selected = (page, name) => until(`${name} is selected`, async () => (await state(page)).selected === name);

/** Opens the timeline, on a page of any width. */
export const openTimeline = (page) =>
  page.locator("[data-testid=toggle-timeline]:visible, [data-testid=dock-timeline]:visible").click();

/** A session with the harbour of README's picture in it. */
async function harbour(api) {
  const id = await api.session("Port Ellen harbour");
  await api.command(id, { type: "initialize_world", world: WORLD });
  await api.command(id, { type: "batch", commands: OBJECTS.map((object) => ({ type: "create_object", object })) });
  return id;
}

/** Somebody else who is in a session: without a 3D view, which would take a processor. */
async function visitor({ browser, server }, id, name, color, selection) {
  const page = await browser.open(`${server.origin}/s/nobody`);
  await page.evaluate(
    ([id, name, color, selection]) => {
      const socket = new WebSocket(`${location.origin.replace("http", "ws")}/api/sessions/${id}/ws`, "vws.v1.json");
      const say = (message) => socket.send(JSON.stringify(message));
      socket.onopen = () => say({ type: "hello", protocol: 1, client_id: crypto.randomUUID(), name, color });
      socket.onmessage = ({ data }) => {
        const { type, nonce } = JSON.parse(data);
        if (type === "welcome") say({ type: "presence", selection });
        if (type === "ping") say({ type: "pong", nonce });
      };
    },
    [id, name, color, selection],
  );
  return page;
}

/** The pages beside a session's. The server must be new: one state is that of a list without sessions. */
async function* lists({ browser, server, api }, options) {
  const page = await browser.open(server.origin, options);
  await page.getByTestId("no-sessions").waitFor();
  yield { name: "sessions-empty", page };

  const names = ["Harbour, floor 2", "Robot arm", "A session with a name that is as long as names can be at all", undefined, "Wind park", "Stage"];
  for (const name of names) await api.session(name);
  await until("all are listed", async () => (await page.getByTestId("session-row").count()) === names.length);
  yield { name: "sessions", page };
  await page.getByTestId("session-search").fill("nothing has this name");
  await page.getByTestId("no-session-found").waitFor();
  yield { name: "sessions-none-found", page };
  await page.getByTestId("session-search").fill("");
  await page.getByTestId("session-delete").first().click();
  await page.getByTestId("confirm").waitFor();
  yield { name: "sessions-delete", page };
  await click(page, "confirm-cancel");
  await gone(page, "confirm");
  await page.getByTestId("import-file").setInputFiles(file("noise.json", "not a file of ours"));
  await page.getByTestId("import-wrong").waitFor();
  yield { name: "import-report", page };
  await page.keyboard.press("Escape");
  await gone(page, "import");
  await page.goto(`${server.origin}/s/nowhere`);
  await page.getByTestId("not-found").waitFor();
  yield { name: "not-found", page };
  await page.context().close();
}

/** A session without objects, and then with many: what is selected, made and asked for. */
async function* editing({ browser, server, api }, id, options) {
  const empty = await openSession(browser, server.origin, await api.session("Empty"), options);
  await empty.getByTestId("no-objects").waitFor();
  yield { name: "session-empty", page: empty };
  await empty.context().close();

  const page = await openSession(browser, server.origin, id, options);
  await row(page, "crate 2").waitFor();
  yield { name: "session", page };
  await row(page, "crate 2").click();
  await selected(page, "crate 2");
  yield { name: "session-selected", page };
  await row(page, "crate 1").click({ modifiers: ["Control"] });
  await selected(page, "crate 1");
  yield { name: "session-two-selected", page };
  await click(page, "tab-add");
  await page.getByTestId("create-x").fill("13");
  await page.getByTestId("create-x-refusal").waitFor();
  yield { name: "session-add-refused", page };
  await click(page, "tab-world");
  await page.getByTestId("world-form").waitFor();
  yield { name: "session-world", page };
  for (const [key, testid, name] of [["Control+K", "palette", "palette"], ["?", "shortcuts", "shortcuts"]]) {
    await page.evaluate(() => document.activeElement?.blur());
    await page.keyboard.press(key);
    await dialog(page, testid).waitFor();
    yield { name, page };
    await page.keyboard.press("Escape");
    await gone(page, testid);
  }
  await click(page, "files-button");
  await page.getByTestId("files-menu").waitFor();
  yield { name: "files-menu", page };
  await page.keyboard.press("Escape");
  const others = await visitor({ browser, server }, id, "Grace", "#e5679d", ["Albatross"]);
  await click(page, "people-button");
  await page.getByTestId("peer").waitFor();
  yield { name: "people", page };
  await page.keyboard.press("Escape");
  await others.context().close();
  await page.context().close();
}

/** The past, and messages. */
async function* history({ browser, server, api }, id, options) {
  await api.command(id, { type: "update_object", name: "crate 2", patch: { y: 1, color: "#ff8800" } });
  const page = await openSession(browser, server.origin, id, options);
  await openTimeline(page);
  await page.getByTestId("track").waitFor();
  await until("the history is read", async () => /^\d+ events$/.test(await page.getByTestId("timeline-shown").textContent()));
  yield { name: "timeline", page };
  await click(page, "compare");
  await click(page, "compare-now");
  await page.getByTestId("compare-found").waitFor();
  yield { name: "compare", page };
  await click(page, "compare-close");
  await gone(page, "compare-dialog");
  const { width, height } = await page.getByTestId("track").boundingBox();
  await page.getByTestId("track").click({ position: { x: width / 2, y: height / 2 } });
  await page.getByTestId("past-banner").waitFor();
  yield { name: "past", page };
  await click(page, "back-to-live");
  await page.getByTestId("past-banner").waitFor({ state: "detached" });
  await click(page, "timeline-close");
  await row(page, "crate 2").click();
  await page.getByTestId("inspector-x").fill("13");
  await page.getByTestId("inspector-x").press("Escape");
  // Two messages: one that is good, one that is not.
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("Control+Shift+C");
  await page.keyboard.press("Control+K");
  await page.getByTestId("palette-search").fill("redo");
  await page.keyboard.press("Enter");
  await until("two messages are shown", async () => (await page.getByTestId("toast").count()) >= 2);
  yield { name: "toasts", page };
  await page.context().close();
}

/** A page without its server, without its session, and without its program. */
async function* ends({ browser, server, api }, options) {
  const wire = await openWire(server.port);
  try {
    const id = await harbour(api);
    const page = await openSession(browser, wire.origin, id, options);
    wire.cut();
    await page.getByTestId("offline-note").waitFor();
    yield { name: "reconnecting", page };
    wire.mend();
    await live(page);
    await api.drop(id);
    await page.getByTestId("session-gone").waitFor();
    yield { name: "gone", page };
    await page.context().close();
  } finally {
    await wire.close();
  }
  const page = await browser.open("about:blank", { ...options, prepare: breakRandom });
  await page.goto(`${server.origin}/s/${await api.session("Broken")}`);
  await page.getByTestId("panic").waitFor();
  // Who looks at the page may need some.
  await page.evaluate(() => delete crypto.getRandomValues);
  yield { name: "stopped", page };
  await page.context().close();
}

/** Runs in the page before its own scripts: a browser that breaks its word stops the program. */
export function breakRandom() {
  crypto.getRandomValues = () => {
    throw new Error("no random bytes here");
  };
}

/** What differs on a phone: panels come up as sheets. */
async function* onPhone({ browser, server, api }, id, options) {
  const empty = await openSession(browser, server.origin, await api.session("Empty"), options);
  await empty.getByTestId("empty-world").waitFor();
  yield { name: "phone-session-empty", page: empty };
  await addFromPhone(empty);
  yield { name: "phone-session-add", page: empty };
  await empty.context().close();
  const page = await openSession(browser, server.origin, id, options);
  yield { name: "phone-session", page };
  await click(page, "dock-objects");
  await row(page, "crate 2").click();
  await selected(page, "crate 2");
  yield { name: "phone-objects", page };
  await click(page, "dock-inspector");
  await page.getByTestId("inspector").waitFor();
  yield { name: "phone-inspector", page };
  await click(page, "dock-world");
  await openTimeline(page);
  await page.getByTestId("track").waitFor();
  yield { name: "phone-timeline", page };
  await openTimeline(page);
  await click(page, "dock-actions");
  await dialog(page, "palette").waitFor();
  yield { name: "phone-actions", page };
  await page.keyboard.press("Escape");
  await gone(page, "palette");
  await click(page, "people-button");
  await page.getByTestId("your-name").waitFor();
  yield { name: "phone-people", page };
  await page.context().close();
}

async function addFromPhone(page) {
  await page.getByTestId("empty-world").getByRole("button").click();
  await addWithForm(page, { name: "first" });
}

/** Every main state of a wide page. */
export async function* wideStates(here, options) {
  yield* lists(here, options);
  const id = await harbour(here.api);
  yield* editing(here, id, options);
  yield* history(here, id, options);
  yield* ends(here, options);
}

/** Every main state of a phone's page. */
export async function* phoneStates(here, options = {}) {
  const phone = { ...PHONE, ...options };
  for await (const { name, page } of lists(here, phone)) yield { name: `phone-${name}`, page };
  yield* onPhone(here, await harbour(here.api), phone);
  for await (const { name, page } of ends(here, phone)) yield { name: `phone-${name}`, page };
}
