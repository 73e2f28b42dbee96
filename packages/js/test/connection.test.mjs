import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connect, VwsError } from "@vws/client";
import { create, cube, move, next, openWire, reaches, startWorld, until } from "./lib/world.mjs";

let world;
before(async () => (world = await startWorld()));
after(() => world?.stop());

const live = (session) => (session.status.state === "live" ? undefined : next(session, "status", ({ state }) => state === "live"));
const lost = (session) => next(session, "status", ({ state }) => state === "reconnecting");

/** A session over a wire that the test may cut. */
async function wired(t, options) {
  const id = await world.rest.session();
  const wire = await openWire(world.port);
  t.after(() => wire.close());
  const session = await connect(wire.origin, id, options);
  t.after(() => session.close());
  return { id, wire, session };
}

test("JS9: a lost connection is made again by itself, and misses and repeats no event", async (t) => {
  const { id, wire, session } = await wired(t);
  const seqs = [];
  const states = [];
  session.on("event", ({ seq }) => seqs.push(seq));
  session.on("status", ({ state }) => states.push(state));
  await session.submit(create("before"));
  const gone = lost(session);
  wire.cut();
  const { attempt, wait } = await gone;
  assert.equal(attempt, 1);
  assert.ok(wait >= 0 && wait <= 250, `${wait}`);
  for (let i = 0; i < 20; i += 1) await world.rest.create(id, cube(`meanwhile ${i}`));
  wire.mend();
  await live(session);
  await reaches(session, 21);
  assert.deepEqual(seqs, Array.from({ length: 21 }, (_, i) => i + 1));
  assert.equal(session.state.digest, (await world.rest.snapshot(id)).json.digest);
  assert.ok(states.includes("reconnecting"));
  assert.equal(states.at(-1), "live");
});

test("JS10: what is submitted without a connection shows, and has one effect when there is one again", async (t) => {
  const { id, wire, session } = await wired(t);
  const gone = lost(session);
  wire.cut();
  await gone;
  const verdicts = [session.submit(create("offline")), session.submit(move("offline", 2))];
  assert.equal(session.state.get("offline").x, 2);
  wire.mend();
  assert.deepEqual((await Promise.all(verdicts)).map(({ seq }) => seq), [1, 2]);
  assert.equal((await world.rest.snapshot(id)).json.session.seq, 2);
});

test("JS10: a command whose verdict was lost on its way is sent again under its number, and has one effect", async (t) => {
  const { id, wire, session } = await wired(t);
  for (let round = 0; round < 5; round += 1) {
    const before = session.state.seq;
    const verdict = session.submit({ type: "batch", commands: [create(`a${round}`), create(`b${round}`)] });
    // The server has it, or has not; what it says of it is lost in any case.
    await until("the server has it", async () => (await world.rest.snapshot(id)).json.session.seq > before);
    if (session.pending > 0) wire.cut();
    wire.mend();
    const { seq, events } = await verdict;
    assert.deepEqual([seq, events], [before + 2, 2]);
  }
  assert.equal((await world.rest.snapshot(id)).json.session.object_count, 10);
});

test("JS11: a session that is deleted ends it, with the name of the close code", async (t) => {
  const id = await world.rest.session();
  const session = await connect(world.origin, id);
  t.after(() => session.close());
  await session.submit(create("left"));
  const ended = next(session, "status", ({ state }) => state === "closed");
  await world.rest.drop(id);
  assert.deepEqual(await ended, { state: "closed", code: "no_such_session", reason: "no_such_session" });
  await assert.rejects(session.submit(create("late")), { code: "closed" });
  assert.equal(session.state.get("left").name, "left", "what was there can still be read");
});

test("JS11: what cannot become a session says why at once", async () => {
  const id = await world.rest.session();
  const none = "0190b5a0-0000-7000-8000-000000000001";
  for (const [url, session, options, code] of [
    ["ftp://127.0.0.1", id, {}, "address_invalid"],
    ["nonsense", id, {}, "address_invalid"],
    [world.origin, "nonsense", {}, "session_id_invalid"],
    [world.origin, id, { name: " " }, "display_name_invalid"],
    [world.origin, id, { color: "red" }, "color_invalid"],
    [world.origin, none, {}, "no_such_session"],
  ]) {
    await assert.rejects(connect(url, session, options), (error) => {
      assert.ok(error instanceof VwsError, String(error));
      assert.equal(error.code, code, error.message);
      return true;
    });
  }
});

test("JS12: a server that is not there is tried again until the signal ends it", async () => {
  const wire = await openWire(world.port);
  wire.cut();
  const id = await world.rest.session();
  const reason = new Error("enough");
  const controller = new AbortController();
  const connecting = connect(wire.origin, id, { signal: controller.signal });
  setTimeout(() => controller.abort(reason), 300);
  await assert.rejects(connecting, reason);
  await assert.rejects(connect(wire.origin, id, { signal: controller.signal }), reason, "from the start");
  wire.mend();
  const session = await connect(wire.origin, id, { signal: AbortSignal.timeout(30_000) });
  await session.close();
  await wire.close();
});

test("JS13: a session that is closed tells who waits, says nothing more, and lets the program end", async (t) => {
  const { id, wire, session } = await wired(t);
  const gone = lost(session);
  wire.cut();
  await gone;
  const told = [session.submit(create("never")), session.undo()].map((waits) => assert.rejects(waits, { code: "closed" }));
  await session.close();
  await Promise.all(told);
  assert.deepEqual(session.status, { state: "closed", code: "closed", reason: "closed by this program" });
  await session.close();
  assert.equal((await world.rest.snapshot(id)).json.session.seq, 0);
});
