// What ends a connection, by a server that only pretends: the real one closes for reasons that a client of this
// package does not give it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { connect } from "@vws/client";
import { WebSocketServer } from "ws";
import { delay } from "../dist/backoff.js";
import { until } from "./lib/world.mjs";

const ID = "0190b5a0-0000-7000-8000-000000000001";

/** A server that calls `act` with each connection's socket and number: 1, 2 …. */
async function pretend(t, act) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  let count = 0;
  server.on("connection", (socket) => socket.once("message", () => act(socket, (count += 1))));
  t.after(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  return { origin: `http://127.0.0.1:${server.address().port}`, connections: () => count };
}

const WELCOME = {
  type: "welcome",
  protocol: 1,
  session: ID,
  epoch: 1,
  head_seq: 0,
  mode: "snapshot",
  peers: [],
  limits: { objects_per_session: 10, commands_per_batch: 10 },
};

for (const [code, name] of [
  [1009, "too_big"],
  [4001, "unauthenticated"],
  [4003, "forbidden"],
  [4004, "no_such_session"],
  [4009, "protocol_violation"],
  [4010, "superseded"],
]) {
  test(`JS11: the close code ${code} is for good, and told by its name`, async (t) => {
    const server = await pretend(t, (socket) => socket.close(code, name));
    await assert.rejects(connect(server.origin, ID), { name: "VwsError", code: name });
    assert.equal(server.connections(), 1);
  });
}

test("JS9: other close codes, and none, are tried again", async (t) => {
  const codes = [1001, 4008, 4029, 1011, 4999];
  const server = await pretend(t, (socket, count) => {
    if (count <= codes.length) socket.close(codes[count - 1]);
    else if (count === codes.length + 1) socket.terminate();
    else socket.close(4003);
  });
  await assert.rejects(connect(server.origin, ID), { code: "forbidden" });
  assert.equal(server.connections(), codes.length + 2);
});

test("JS11: a greeting that is not taken is said again three times, since it may have come late", async (t) => {
  const server = await pretend(t, (socket) => socket.close(4000, "bad_hello"));
  await assert.rejects(connect(server.origin, ID), { code: "bad_hello" });
  assert.equal(server.connections(), 4);
});

test("JS9: what is no message of the protocol ends the connection, and not the session", async (t) => {
  const garbage = ["{", '{"type":"unheard_of"}', Buffer.from([0xc1]), JSON.stringify({ ...WELCOME, epoch: -1 })];
  const server = await pretend(t, (socket, count) => {
    if (count <= garbage.length) socket.send(garbage[count - 1]);
    else socket.close(4003);
  });
  await assert.rejects(connect(server.origin, ID, { encoding: "json" }), { code: "forbidden" });
  assert.equal(server.connections(), garbage.length + 1);
});

test("JS9: nothing but the greeting is said before the welcome", async (t) => {
  const said = [];
  const server = await pretend(t, (socket, count) => {
    socket.on("message", (data) => said.push(String(data)));
    if (count > 1) return void socket.close(4003);
    socket.send(JSON.stringify(WELCOME));
    setTimeout(() => socket.close(1001), 100);
  });
  await assert.rejects(connect(server.origin, ID, { encoding: "json" }), { code: "forbidden" });
  // The pretender gives no state, and is not asked for anything but a sign of life.
  assert.deepEqual(said.filter((text) => JSON.parse(text).type !== "ping"), []);
});

test("JS9: a server that says nothing is asked for a sign of life, and then left and connected to anew", async (t) => {
  let passed = 0;
  const now = performance.now.bind(performance);
  t.mock.method(performance, "now", () => now() + passed);
  t.mock.timers.enable({ apis: ["setInterval"] });
  const pass = (ms) => {
    passed += ms;
    t.mock.timers.tick(1_000);
  };
  const pinged = deferred();
  const server = await pretend(t, (socket, count) => {
    if (count === 2) socket.send(JSON.stringify(WELCOME));
    if (count === 3) socket.close(4003);
    socket.once("message", (data) => pinged.resolve(JSON.parse(String(data)).type));
  });
  const told = assert.rejects(connect(server.origin, ID, { encoding: "json" }), { code: "forbidden" });
  await until("the first connection is there", () => server.connections() === 1);
  pass(9_000);
  assert.equal(server.connections(), 1);
  pass(1_001);
  await until("the next one is there", () => server.connections() === 2);
  // The welcome is there when a ping goes out.
  while ((await Promise.race([pinged.promise, new Promise((done) => setTimeout(done, 20))])) !== "ping") pass(0);
  pass(19_000);
  assert.equal(server.connections(), 2);
  pass(1_001);
  await told;
  assert.equal(server.connections(), 3);
});

/** A promise with what settles it. */
function deferred() {
  let resolve;
  const promise = new Promise((settle) => (resolve = settle));
  return { promise, resolve };
}

test("JS9: waits are drawn below a bound that doubles up to ten seconds", () => {
  const bounds = [0, 1, 2, 3, 4, 5, 6, 40, 5_000].map((attempt) => delay(attempt, 1));
  assert.deepEqual(bounds, [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
  assert.equal(delay(3, 0), 0);
  for (let i = 0; i < 1_000; i += 1) assert.ok(delay(2) < 1_000);
});
