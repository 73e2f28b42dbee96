// The application, through what it shows and through `window.__vws`, which reads its replica.
import assert from "node:assert/strict";
import { saw } from "./api.mjs";
import { until } from "./until.mjs";

/** What the page's replica holds now. */
export const state = (page) =>
  page.evaluate(() => {
    const { status, epoch, seq, digest, objects, pending, selected, shown } = window.__vws ?? {};
    return { status, epoch, seq, digest, objects, pending, selected, shown };
  });

/** Opens the page of a session and waits until it follows the server. */
export async function openSession(browser, origin, id, options) {
  const page = await browser.open(`${origin}/s/${id}`, options);
  await live(page);
  return page;
}

/** Waits until the page has a state and a connection. */
export const live = (page) =>
  until(
    "the page is live",
    async () => (await state(page)).status === "live",
    async () => ({ ...(await state(page)), faults: page.faults }),
  );

/** Says who one is, with the fields that a person uses. */
export async function introduce(page, name, color) {
  await page.getByTestId("people-button").click();
  await page.getByTestId("your-name").fill(name);
  await page.getByTestId("your-name").press("Enter");
  await page.getByTestId("your-color").fill(color);
  await page.keyboard.press("Escape");
}

/** Makes a cube with the form. Returns when the server has confirmed it or, offline, when it is pending. */
export async function addWithForm(page, { name, x = 0, y = 0, z = 0 }) {
  await page.getByTestId("tab-add").click();
  await page.getByTestId("create-name").fill(name);
  for (const [axis, value] of Object.entries({ x, y, z })) {
    await page.getByTestId(`create-${axis}`).fill(String(value));
  }
  await page.getByTestId("create-submit").click();
  await until(`${name} is selected`, async () => (await state(page)).selected === name);
}

/**
 * Waits until every page has confirmed all that the server has, then compares: states byte for byte in
 * their canonical JSON, and digests. Returns the server's state.
 */
export async function converge(server, id, pages) {
  // What a page still has to say would come after the snapshot.
  for (const page of pages) {
    await until(
      "a page has an answer to all that it said",
      async () => (await state(page)).pending === 0,
      async () => ({ ...(await state(page)), faults: page.faults }),
    );
    saw(id, await state(page));
  }
  const { text, json } = await server.snapshot(id);
  for (const page of pages) {
    await until(
      `a page is at seq ${json.session.seq}`,
      async () => {
        const { seq, pending } = await state(page);
        return seq === json.session.seq && pending === 0;
      },
      async () => ({ ...(await state(page)), faults: page.faults }),
    );
    assert.equal(await page.evaluate(() => window.__vws.snapshot()), text);
  }
  const digests = new Set(await Promise.all(pages.map(async (page) => (await state(page)).digest)));
  assert.equal(digests.size, 1, "one state has one digest");
  return json;
}
