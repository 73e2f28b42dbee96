// Animates 100 objects. node examples/animate.mjs [SERVER [SESSION [SECONDS]]]; without a session it makes one.
import { connect, createSession } from "@vws/client";

const [server = "http://127.0.0.1:8080", id, seconds = "Infinity"] = process.argv.slice(2);
const COUNT = 100;
const EVERY_MS = 50;

const session = await connect(server, id ?? (await createSession(server, { name: "A ring that turns" })).session_id, { name: "animate.mjs" });
console.log(`watch it at ${server}/s/${session.state.id}`);
let asked = false;
process.once("SIGINT", () => (asked = true));

/** Where object `i` is after `t` seconds: on a ring that turns, and waves. */
const place = (i, t) => {
  const angle = (i / COUNT) * 2 * Math.PI + t / 2;
  return { x: 9 * Math.cos(angle), y: 2 * Math.sin(3 * angle + 2 * t), z: 9 * Math.sin(angle) };
};
const color = (i) => `#${Math.round(0x40 + (0xbf * i) / COUNT).toString(16).padStart(2, "0")}80ff`;
const names = Array.from({ length: COUNT }, (_, i) => `ring ${i}`);
const missing = names.map((name, i) => [name, i]).filter(([name]) => !session.state.objects.has(name));
await session.batch(missing.map(([name, i]) => ({
  type: "create_object",
  object: { name, type: "sphere", ...place(i, 0), scale: 0.5, color: color(i) },
})));

const start = performance.now();
for (let frames = 1; !asked; frames += 1) {
  const t = (performance.now() - start) / 1_000;
  if (t > Number(seconds)) break;
  // One batch a frame: it takes effect whole, and the next one waits until this one has.
  await session.batch(names.map((name, i) => ({ type: "update_object", name, patch: place(i, t) })));
  await new Promise((done) => setTimeout(done, Math.max(0, start + frames * EVERY_MS - performance.now())));
}
console.log(`at seq ${session.state.seq}, digest ${session.state.digest}`);
await session.close();
