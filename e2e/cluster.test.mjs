import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addWithForm, converge, live, openSession, state } from "./lib/app.mjs";
import { api } from "./lib/api.mjs";
import { screenshot, startBrowser } from "./lib/browser.mjs";
import { startCluster } from "./lib/cluster.mjs";
import { until } from "./lib/until.mjs";
import { openWire } from "./lib/wire.mjs";

let browser, cluster;
before(async () => {
  cluster = await startCluster();
  browser = await startBrowser();
});
after(async () => {
  await browser?.stop();
  await cluster?.stop();
});

const portOf = (origin) => Number(new URL(origin).port);

test("CLU30: pages on different nodes change one session while a node and a NATS server are killed and come back", async () => {
  const [first, second, third] = cluster.origins;
  // As a balancer does, a wire leads a page to a node, and to another one when that is gone.
  const wire = await openWire(portOf(first));
  try {
    const [a, b] = [api(second), api(third)];
    const id = await a.session("Three nodes");
    const left = await openSession(browser, wire.origin, id);
    const right = await openSession(browser, second, id);

    const sees = (page, count) => () => page.evaluate((n) => window.__vws.peers === n, count);
    await until("each sees the other", async () => (await sees(left, 1)()) && (await sees(right, 1)()));

    const script = async (node, who, count) => {
      for (let i = 0; i < count; i += 1) {
        await node.create(id, { name: `${who} ${i}`, type: "sphere", x: (i % 20) - 10, y: 0, z: i / 20 });
      }
    };
    const person = async (page, who, x, from, to) => {
      for (let i = from; i < to; i += 1) await addWithForm(page, { name: `${who} ${i}`, x, y: i, z: -3.25 });
    };
    await Promise.all([script(b, "script", 40), person(left, "left", -6, 0, 2), person(right, "right", 6, 0, 2)]);
    await converge(b, id, [left, right]);

    // A node dies, with the page's connection; a NATS server dies with it. What the page does meanwhile waits.
    await Promise.all([cluster.kill("node1"), cluster.kill("nats1")]);
    await until("the page has seen its node go", async () => (await state(left)).status !== "live");
    await addWithForm(left, { name: "meanwhile", x: -6, y: 9, z: -3.25 });
    wire.lead(portOf(third));
    await live(left);
    await until("and does again", async () => (await sees(left, 1)()) && (await sees(right, 1)()));
    await Promise.all([script(b, "after", 20), person(left, "left", -6, 2, 4), person(right, "right", 6, 2, 4)]);
    let end = await converge(a, id, [left, right]);
    const names = (who, count) => Array.from({ length: count }, (_, i) => `${who} ${i}`);
    const all = [...names("script", 40), ...names("after", 20), ...names("left", 4), ...names("right", 4), "meanwhile"];
    assert.deepEqual(end.objects.map(({ name }) => name).toSorted(), all.toSorted(), "nothing is lost and nothing doubled");

    await cluster.mend();
    await script(api(first), "again", 5);
    end = await converge(api(first), id, [left, right]);
    assert.equal(end.objects.length, 74, "the node that comes back has all that happened without it");
    const digests = await Promise.all([first, second, third].map(async (origin) => (await api(origin).snapshot(id)).json.digest));
    assert.deepEqual(new Set(digests).size, 1, "every node has the same state");
    await screenshot(left, "three-nodes");
    assert.deepEqual([left.faults.filter(isNews), right.faults.filter(isNews)], [[], []]);
  } finally {
    await wire.close();
    await cluster.mend();
  }
});

/** A connection that was refused while a node was away is what the test is about. */
const isNews = (fault) => !/WebSocket|net::ERR|Failed to load/.test(JSON.stringify(fault));

test("CLU30: a page in the middle of a drag moves to another node and nothing jumps", async () => {
  const [first, second] = cluster.origins;
  const wire = await openWire(portOf(first));
  try {
    const script = api(second);
    const id = await script.session("Mid-drag");
    await script.create(id, { name: "box", type: "cube", x: 0, y: 0, z: 0 });
    const page = await openSession(browser, wire.origin, id);
    const other = await openSession(browser, second, id);
    await page.locator('[data-testid=tree-row][data-name="box"]').click();
    const shown = async () => Number(await page.getByTestId("inspector-x").inputValue());
    const { x, y, width, height } = await page.getByTestId("inspector-x-scrub").boundingBox();
    const [fromX, fromY] = [x + width / 2, y + height / 2];
    await page.mouse.move(fromX, fromY);
    await page.mouse.down();
    const seen = [];
    for (let step = 1; step <= 24; step += 1) {
      // The node goes in the middle of the drag, and the page comes to another one before its end.
      if (step === 8) wire.cut();
      if (step === 12) {
        wire.lead(portOf(second));
        wire.mend();
      }
      if (step === 18) await live(page);
      await page.mouse.move(fromX + 3 * step, fromY);
      seen.push(await shown());
    }
    await page.mouse.up();
    const end = await converge(script, id, [page, other]);
    assert.deepEqual(seen, seen.toSorted((a, b) => a - b), "it never goes back");
    assert.ok(seen.at(-1) > seen[4] && seen[4] > 0, `it follows the hand: ${seen}`);
    assert.equal(end.objects[0].x, seen.at(-1), "where its person has left it");
  } finally {
    await wire.close();
  }
});
