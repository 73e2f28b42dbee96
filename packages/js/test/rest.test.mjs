import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connect, createSession, deleteSession, listSessions, VwsError } from "@vws/client";
import { openWire, startWorld } from "./lib/world.mjs";

let world;
before(async () => (world = await startWorld()));
after(() => world?.stop());

test("JS18: sessions are made, listed and deleted", async () => {
  const { session_id: id, name, seq } = await createSession(world.origin, { name: "Made" });
  assert.deepEqual([name, seq], ["Made", 0]);
  const unnamed = await createSession(`${world.origin}/`);
  const listed = [];
  for await (const session of listSessions(world.origin)) listed.push(session);
  assert.deepEqual(listed.map(({ session_id }) => session_id), [id, unnamed.session_id]);
  const session = await connect(new URL(world.origin), id);
  assert.equal(session.state.name, "Made");
  await session.close();
  await deleteSession(world.origin, id);
  await assert.rejects(connect(world.origin, id), { code: "no_such_session" });
});

test("JS18: a refusal has the server's code, words, fields, status and request id", async () => {
  await assert.rejects(createSession(world.origin, { name: " x" }), (error) => {
    assert.ok(error instanceof VwsError);
    assert.deepEqual([error.code, error.status], ["display_name_invalid", 422]);
    assert.deepEqual(error.errors.map(({ pointer }) => pointer), ["/name"]);
    assert.match(error.requestId, /^[A-Za-z0-9._:-]+$/);
    return true;
  });
  await assert.rejects(deleteSession(world.origin, "../x"), { name: "VwsError" });
  const wire = await openWire(world.port);
  await wire.close();
  await assert.rejects(createSession(wire.origin), { code: "unreachable" });
  const reason = new Error("enough");
  await assert.rejects(createSession(world.origin, { signal: AbortSignal.abort(reason) }), reason);
});
