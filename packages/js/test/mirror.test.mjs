import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connect, VwsError } from "@vws/client";
import { create, cube, move, next, openWire, reaches, startWorld, until } from "./lib/world.mjs";

let world;
before(async () => (world = await startWorld()));
after(() => world?.stop());

/** A session that ends with the test. */
async function join(t, id, options) {
  const session = await connect(world.origin, id, options);
  t.after(() => session.close());
  return session;
}

test("JS1: two clients and the server end equal, by digest and by value, in either encoding", async (t) => {
  const id = await world.rest.session("Shared");
  const a = await join(t, id, { encoding: "json" });
  const b = await join(t, id);
  await Promise.all([a.submit(create("a")), b.submit(create("b", { rotation: { y: 45.5 }, properties: { n: 1.1, s: "é" } }))]);
  await reaches(a, 2);
  const { seq } = await a.batch([move("b", -3.3), { type: "update_world", patch: { camera_fov: 75 } }]);
  await Promise.all([reaches(a, seq), reaches(b, seq)]);
  const { json } = await world.rest.snapshot(id);
  for (const session of [a, b]) {
    const { state } = session;
    assert.deepEqual([state.seq, state.epoch, state.digest], [json.session.seq, json.session.epoch, json.digest]);
    assert.deepEqual([...state.objects.values()], json.objects);
    assert.deepEqual(state.world, json.world);
    assert.deepEqual([state.id, state.name], [id, "Shared"]);
  }
});

test("JS1: who connects has all that was there before", async (t) => {
  const id = await world.rest.session();
  // The server lets those who join at one moment share a snapshot, and what follows it comes as events.
  await join(t, id);
  for (let seq = 1; seq <= 20; seq += 1) {
    await world.rest.create(id, cube(`o${seq}`));
    const session = await join(t, id);
    assert.ok(session.state.seq >= seq, `${session.state.seq} of ${seq}`);
  }
});

test("JS2: a command shows at once, and is acknowledged with its seq", async (t) => {
  const id = await world.rest.session();
  const session = await join(t, id);
  const changes = [];
  session.on("change", (change) => changes.push(change));
  const verdict = session.submit(create("now", { x: 1 }));
  assert.equal(session.state.get("now").x, 1);
  assert.equal(session.pending, 1);
  assert.deepEqual(changes, [{ all: false, objects: ["now"], world: false, name: false }]);
  assert.deepEqual(await verdict, { id: 1, seq: 1, events: 1 });
  assert.equal(session.pending, 0);
  assert.deepEqual(await session.submit(move("now", 1)), { id: 2, seq: 1, events: 0 }, "all was as it wished");
});

test("JS3: what the server refuses is taken back, with the server's code and words", async (t) => {
  const id = await world.rest.session();
  const wire = await openWire(world.port);
  t.after(() => wire.close());
  const session = await connect(wire.origin, id);
  t.after(() => session.close());
  const gone = next(session, "status", ({ state }) => state === "reconnecting");
  wire.cut();
  await gone;
  // Right by what is known here, and wrong by what has happened meanwhile.
  await world.rest.create(id, cube("taken"));
  const verdict = session.submit(create("taken", { x: 5 }));
  const follows = session.submit({ type: "update_object", name: "taken", patch: { y: 5 } });
  assert.deepEqual([session.state.get("taken").x, session.state.get("taken").y], [5, 5]);
  wire.mend();
  await assert.rejects(verdict, { name: "VwsError", code: "object_exists", message: 'object "taken" exists already' });
  assert.equal((await follows).seq, 2, "what follows is judged by itself");
  assert.deepEqual([session.state.get("taken").x, session.state.get("taken").y], [0, 5]);
  assert.equal(session.pending, 0);
});

test("JS3: a version that has passed is refused", async (t) => {
  const id = await world.rest.session();
  await world.rest.create(id, cube("c"));
  const session = await join(t, id);
  await session.submit(move("c", 3), { expectVersion: 1 });
  await assert.rejects(session.submit(move("c", 5), { expectVersion: 1 }), { code: "version_mismatch" });
  await assert.rejects(session.submit(move("c", 5), { expectVersion: -1 }), RangeError);
  assert.equal(session.state.get("c").x, 3);
});

const BAD = [
  create("x", { x: 13 }),
  create("x", { x: 13, y: -12.5, color: "red", scale: { y: 0 } }),
  create("a/b"),
  create(""),
  create("x", { properties: { k: [1] } }),
  create("x", { nonsense: 1 }),
  create("x", { x: "1" }),
  { type: "create_object", object: { name: "x", type: "cube" } },
  { type: "create_object" },
  { type: "delete_object", name: "nobody" },
  { type: "destroy", name: "a/b~c" },
  { name: "x" },
  { type: "update_object", name: "there", patch: { x: null } },
  { type: "update_object", name: "there", patch: { rotation: { y: 1e9 } } },
  { type: "update_object", name: "there", patch: { "~/": 1 } },
  { type: "update_object", name: "there", patch: { opacity: -0.5 } },
  { type: "initialize_world", world: { size: 2.5 } },
  { type: "rename_session", name: " x" },
  { type: "expect_object", name: "there", version: 99 },
  { type: "batch", commands: [create("ok"), create("ok")] },
  { type: "batch", commands: [{ type: "batch", commands: [] }] },
  { type: "batch", commands: Array.from({ length: 1_001 }, (_, i) => create(`o${i}`)) },
  [1, 2],
  null,
  "create",
];

test("JS4: what breaks a rule is refused on this side with exactly the server's codes, pointers and words", async (t) => {
  const id = await world.rest.session();
  await world.rest.create(id, cube("there"));
  const session = await join(t, id);
  for (const command of BAD) {
    const answer = await fetch(`${world.origin}/api/sessions/${id}/commands`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(command),
    });
    const theirs = await answer.json();
    assert.ok(answer.status >= 400, JSON.stringify(command));
    const mine = session.check(command);
    assert.ok(mine instanceof VwsError, JSON.stringify(command));
    assert.deepEqual([mine.code, mine.message, mine.errors], [theirs.code, theirs.detail, theirs.errors ?? []]);
    await assert.rejects(session.submit(command), { code: theirs.code, message: theirs.detail });
  }
  assert.equal(session.pending, 0);
  assert.equal(session.state.seq, 1);
});

test("JS4: what JSON cannot say is refused too, and undefined is as if left out", async (t) => {
  const id = await world.rest.session();
  const session = await join(t, id);
  const round = {};
  round.round = round;
  for (const [command, code, pointer] of [
    [create("x", { x: Number.NaN }), "number_not_finite", "/object/x"],
    [create("x", { y: -Infinity }), "number_not_finite", "/object/y"],
    [create("x", { x: 1n }), "type_mismatch", "/object/x"],
    [create("x", { text: () => "x" }), "type_mismatch", "/object/text"],
    [create("x", { properties: new Map() }), "type_mismatch", "/object/properties"],
    [create("\ud800"), "invalid_value", "/object/name"],
    [round, "too_deep", "/round".repeat(16)],
  ]) {
    const found = session.check(command);
    assert.deepEqual([found.code, found.errors[0].pointer], [code, pointer], found.message);
  }
  await session.submit(create("x", { x: -0, color: undefined, rotation: Object.assign(Object.create(null), { y: 5 }) }));
  const { x, color, rotation } = session.state.get("x");
  assert.ok(Object.is(x, 0));
  assert.deepEqual([color, rotation], ["#5b8def", { x: 0, y: 5, z: 0 }]);
});

test("JS5: an object is the same value until it changes, and nothing that is read can be written", async (t) => {
  const id = await world.rest.session();
  const session = await join(t, id);
  await session.batch([create("a"), create("b"), create("c")]);
  const { objects } = session.state;
  const [a, b, all] = [objects.get("a"), objects.get("b"), session.state.world];
  await session.submit(move("a", 2));
  assert.notEqual(objects.get("a"), a);
  assert.equal(objects.get("b"), b);
  assert.equal(session.state.world, all);
  assert.throws(() => (objects.get("b").x = 1), TypeError);
  assert.throws(() => (objects.get("b").rotation.x = 1), TypeError);
  const seen = [];
  for (const [name] of objects) {
    seen.push(name);
    if (name === "a") void session.submit({ type: "delete_object", name: "b" });
  }
  assert.deepEqual(seen, ["a", "c"], "what is deleted meanwhile is left out");
  assert.deepEqual([objects.size, objects.has("b"), objects.get("b")], [2, false, undefined]);
  await session.submit({ type: "clear_objects" });
  assert.deepEqual([objects.size, [...objects]], [0, []]);
});

test("JS6: events come once each, in the order of their seqs, with their author", async (t) => {
  const id = await world.rest.session();
  const session = await join(t, id);
  const other = await join(t, id);
  const seqs = [];
  const seen = [];
  const off = session.on("event", ({ seq, by, event }) => {
    seqs.push(seq);
    seen.push(`${event.type} ${by?.client_id === session.clientId ? "me" : "other"}`);
  });
  await session.submit(create("mine"));
  await reaches(other, 1);
  const { seq } = await other.batch([create("theirs"), { type: "rename_object", name: "mine", new_name: "ours" }]);
  await reaches(session, seq);
  assert.deepEqual(seqs, [1, 2, 3]);
  assert.deepEqual(seen, ["object_created me", "object_created other", "object_renamed other"]);
  off();
  await session.submit(create("unheard"));
  assert.equal(seqs.length, 3);
});

test("JS6: a listener that throws keeps no other from being called", async (t) => {
  const id = await world.rest.session();
  const session = await join(t, id);
  const uncaught = [];
  const own = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => uncaught.push(error.message));
  try {
    session.on("event", () => {
      throw new Error("of a listener");
    });
    const heard = next(session, "event");
    await session.submit(create("x"));
    await heard;
    await until("the error is told", () => uncaught.length > 0);
    assert.deepEqual(uncaught, ["of a listener"]);
  } finally {
    process.removeAllListeners("uncaughtException");
    for (const listener of own) process.on("uncaughtException", listener);
  }
});

test("JS7: a session of 10,000 objects is loaded, read and followed", async (t) => {
  const id = await world.rest.session();
  for (let part = 0; part < 10; part += 1) {
    const commands = Array.from({ length: 1_000 }, (_, i) => create(`o${part * 1_000 + i}`, { x: i / 100 }));
    await world.rest.command(id, { type: "batch", commands });
  }
  const session = await join(t, id);
  const { json } = await world.rest.snapshot(id);
  assert.equal(session.state.objects.size, 10_000);
  assert.equal(session.state.digest, json.digest);
  assert.deepEqual([...session.state.objects.values()], json.objects);
  // As many at once as may wait.
  const verdicts = Array.from({ length: 1_024 }, (_, i) => session.submit(move(`o${i}`, 7.5)));
  await assert.rejects(session.submit(move("o0", 8)), { code: "too_many_pending" });
  const acks = await Promise.all(verdicts);
  assert.deepEqual(new Set(acks.map(({ events }) => events)), new Set([0, 1]));
  assert.equal(session.state.digest, (await world.rest.snapshot(id)).json.digest);
});
