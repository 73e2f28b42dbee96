import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connect } from "@vws/client";
import { create, cube, move, next, openWire, reaches, startWorld } from "./lib/world.mjs";

let world;
before(async () => (world = await startWorld()));
after(() => world?.stop());

async function join(t, id, options) {
  const session = await connect(world.origin, id, options);
  t.after(() => session.close());
  return session;
}

test("JS14: the state of the past is read like the present, and does not change", async (t) => {
  const id = await world.rest.session("Then and now");
  const session = await join(t, id);
  await session.submit(create("a", { x: 1 }));
  const then = session.state.digest;
  await session.batch([move("a", 2), create("b"), { type: "update_world", patch: { size: 30 } }]);
  const past = await session.at(1);
  assert.deepEqual([past.seq, past.digest, past.epoch, past.id], [1, then, session.state.epoch, id]);
  assert.deepEqual([...past.objects.keys()], ["a"]);
  assert.deepEqual([past.get("a").x, past.world.size, past.name], [1, 25, "Then and now"]);
  assert.equal((await session.at(0)).objects.size, 0);
  assert.equal((await session.at(new Date())).seq, 4);
  assert.equal(session.state.get("a").x, 2);
  await assert.rejects(session.at(99), { name: "VwsError", code: "moment_not_found", status: 404 });
});

test("JS15: one's own commands are taken back one after the other, and done again", async (t) => {
  const id = await world.rest.session();
  const session = await join(t, id);
  await session.submit(create("a", { x: 1 }));
  await session.batch([move("a", 2), create("b")]);
  await session.submit(move("a", 2));
  assert.deepEqual([session.canUndo, session.canRedo], [true, false]);
  const ack = await session.undo();
  assert.ok(ack.events >= 2);
  assert.deepEqual([...session.state.objects.values()].map(({ name, x }) => [name, x]), [["a", 1]]);
  await session.undo();
  assert.equal(session.state.objects.size, 0);
  assert.equal(await session.undo(), undefined);
  assert.deepEqual([session.canUndo, session.canRedo], [false, true]);
  await Promise.all([session.redo(), session.redo()]);
  assert.deepEqual([...session.state.objects.values()].map(({ name, x }) => [name, x]), [["a", 2], ["b", 0]]);
  await session.undo();
  await session.submit(create("c"));
  assert.equal(session.canRedo, false, "a new command forgets what was taken back");
  const { json } = await world.rest.snapshot(id);
  assert.equal(session.state.digest, json.digest);
});

test("JS15: taking back is a command of one's own, and waits for those under way", async (t) => {
  const id = await world.rest.session();
  const session = await join(t, id);
  const authors = [];
  session.on("event", ({ by }) => authors.push([by.client_id, by.command_id]));
  void session.submit(create("a"));
  await session.undo();
  await session.submit(create("b"));
  assert.deepEqual(authors, [1, 2, 3].map((id) => [session.clientId, id]));
  assert.deepEqual([...session.state.objects.keys()], ["b"]);
});

test("JS16: what others have changed since is not taken back", async (t) => {
  const id = await world.rest.session();
  const session = await join(t, id);
  const other = await join(t, id);
  await session.submit(create("mine"));
  await session.submit(create("shared"));
  await reaches(other, 2);
  const { seq } = await other.submit(move("shared", 4));
  await reaches(session, seq);
  await assert.rejects(session.undo(), { name: "VwsError", code: "version_mismatch" });
  assert.equal(session.state.get("shared").x, 4);
  await session.undo();
  assert.deepEqual([...session.state.objects.keys()], ["shared"], "the command before is taken back next");
});

test("JS16: taking back shows at once, also without a connection, and has one effect", async (t) => {
  const id = await world.rest.session();
  const wire = await openWire(world.port);
  t.after(() => wire.close());
  const session = await connect(wire.origin, id);
  t.after(() => session.close());
  await session.submit(create("a"));
  const gone = next(session, "status", ({ state }) => state === "reconnecting");
  wire.cut();
  await gone;
  const change = next(session, "change");
  const undoing = session.undo();
  await change;
  assert.equal(session.state.objects.size, 0);
  wire.mend();
  assert.deepEqual(await undoing, { id: 2, seq: 2, events: 1 });
  assert.equal((await world.rest.snapshot(id)).json.session.seq, 2);
});

test("JS15: what was done in one gesture is taken back at once", async (t) => {
  const id = await world.rest.session();
  const session = await join(t, id);
  await session.submit(create("a"));
  for (let x = 1; x <= 5; x += 1) await session.submit(move("a", x), { gesture: 7 });
  await session.submit(move("a", 6), { gesture: 8 });
  await session.undo();
  assert.equal(session.state.get("a").x, 5);
  await session.undo();
  assert.equal(session.state.get("a").x, 0);
  await session.redo();
  assert.equal(session.state.get("a").x, 5);
});

test("JS15: steps of many commands at once are taken back in their order", async (t) => {
  const id = await world.rest.session();
  const session = await join(t, id);
  await Promise.all(Array.from({ length: 100 }, (_, i) => session.submit(create(`o${i}`))));
  await Promise.all(Array.from({ length: 100 }, () => session.undo()));
  assert.deepEqual([session.state.objects.size, session.canUndo], [0, false]);
  assert.equal((await world.rest.snapshot(id)).json.digest, session.state.digest);
});

test("JS17: peers see each other's name, colour and presence, also after a reconnect, and that they leave", async (t) => {
  const id = await world.rest.session();
  const wire = await openWire(world.port);
  t.after(() => wire.close());
  const ada = await connect(wire.origin, id, { name: "Ada", color: "#ff0000" });
  t.after(() => ada.close());
  const bob = await join(t, id, { name: "Bob" });
  const shown = { camera: { position: { x: 1, y: 2, z: 3 }, target: { x: 0, y: 0, z: 0 } }, selection: ["a"] };
  ada.presence(shown);
  const seen = (peers) => peers.some(({ client_id, presence }) => client_id === ada.clientId && presence.selection?.[0] === "a");
  const [peer] = seen(bob.peers) ? bob.peers : await next(bob, "presence", seen);
  assert.deepEqual(peer, { client_id: ada.clientId, name: "Ada", color: "#ff0000", presence: shown });
  assert.throws(() => ada.presence({ pointer: { x: 2_000, y: 0, z: 0 } }), { code: "presence_out_of_range" });
  assert.throws(() => ada.presence({ selection: Array.from({ length: 65 }, (_, i) => `o${i}`) }), { code: "selection_too_large" });
  const left = next(bob, "presence", (peers) => peers.length === 0);
  wire.cut();
  await left;
  assert.deepEqual(ada.peers, [], "nobody is seen without a connection");
  wire.mend();
  if (!seen(bob.peers)) await next(bob, "presence", seen);
  const gone = next(bob, "presence", (peers) => peers.length === 0);
  await ada.close();
  await gone;
});
