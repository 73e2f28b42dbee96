// The server's WebSocket, as libraries that know nothing of VWS see it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import WebSocket from "ws";
import { api } from "./lib/api.mjs";
import { startServer } from "./lib/server.mjs";

/** Objects whose snapshot takes frames of every kind of length. */
const OBJECTS = 700;
const LIMIT_MS = 20_000;

let server, script, id;
before(async () => {
  server = await startServer({ page: null });
  script = api(server.origin);
  id = await script.session("Standard");
  const named = (n) => ({ type: "create_object", object: { name: `object ${n}`, type: "cube", x: n % 12, y: 0, z: 0 } });
  await script.command(id, { type: "batch", commands: Array.from({ length: OBJECTS }, (_, n) => named(n)) });
});
after(() => server?.stop());

/** A connection of `ws`, and what it hears, in order. */
async function connect(protocol) {
  const socket = new WebSocket(`${server.origin.replace("http", "ws")}/api/sessions/${id}/ws`, protocol);
  const heard = [];
  let wake = () => {};
  socket.on("message", (data, isBinary) => {
    heard.push({ data, isBinary });
    wake();
  });
  const signal = AbortSignal.timeout(LIMIT_MS);
  await once(socket, "open", { signal });
  /** The next message. */
  const next = async () => {
    while (heard.length === 0) {
      await new Promise((resolve, reject) => {
        wake = resolve;
        signal.addEventListener("abort", () => reject(new Error("nothing more is heard")), { once: true });
        socket.once("close", (code) => reject(new Error(`closed with ${code}`)));
      });
    }
    return heard.shift();
  };
  return { socket, next, signal };
}

const hello = (client_id) => ({ type: "hello", protocol: 1, client_id, name: client_id });

/** MessagePack of short texts, small numbers and maps of them. */
function pack(value) {
  if (typeof value === "number") return [value];
  if (typeof value === "string") return [0xa0 | value.length, ...Buffer.from(value)];
  const entries = Object.entries(value);
  return [0x80 | entries.length, ...entries.flatMap(([name, inner]) => [...pack(name), ...pack(inner)])];
}

test("FEED12: the library `ws` is served in JSON, whatever it offers and however it sends", async () => {
  const { socket, next, signal } = await connect("vws.v1.json");
  assert.equal(socket.protocol, "vws.v1.json");
  assert.equal(socket.extensions, "", "it offers compression, which is not taken up");
  socket.send(JSON.stringify(hello("a")));
  const told = async () => {
    const { data, isBinary } = await next();
    assert.equal(isBinary, false);
    return JSON.parse(data);
  };
  const welcome = await told();
  assert.deepEqual([welcome.type, welcome.head_seq], ["welcome", OBJECTS]);
  let objects = 0;
  for (let part; objects < OBJECTS; objects += part.objects.length) {
    part = await told();
    assert.equal(part.type, "snapshot");
  }
  // A command in fragments, a ping between them.
  const command = JSON.stringify({ type: "command", id: 1, command: { type: "delete_object", name: "object 0" } });
  socket.send(command.slice(0, 20), { fin: false });
  socket.ping("still there?");
  const [payload] = await once(socket, "pong", { signal });
  assert.equal(String(payload), "still there?");
  socket.send(command.slice(20), { fin: true });
  const event = await told();
  assert.deepEqual([event.type, event.seq, event.by], ["event", OBJECTS + 1, { client_id: "a", command_id: 1 }]);
  socket.close(1000, "done");
  const [code] = await once(socket, "close", { signal });
  assert.equal(code, 1000);
});

test("FEED12: the library `ws` is served in MessagePack", async () => {
  const { socket, next, signal } = await connect("vws.v1.msgpack");
  assert.equal(socket.protocol, "vws.v1.msgpack");
  socket.send(Buffer.from(pack(hello("b"))));
  const first = await next();
  assert.ok(first.isBinary && first.data.includes("welcome"));
  const second = await next();
  assert.ok(second.isBinary && second.data.includes("object 1"));
  // What is no MessagePack ends the connection, with a close frame that says why.
  socket.send("no binary");
  const [code, reason] = await once(socket, "close", { signal });
  assert.deepEqual([code, String(reason)], [4009, "protocol_violation"]);
});
