// What the compiler says of programs that use the package. Only compiled, never run.
import {
  connect,
  createSession,
  listSessions,
  VwsError,
  type Command,
  type EventRecord,
  type Objects,
  type Session,
  type State,
  type WorldObject,
} from "@vws/client";

declare const session: Session;
declare const command: Command;
declare const record: EventRecord;

/** Compiles only where both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<_T extends true>(): void {}

export async function right(signal: AbortSignal): Promise<void> {
  await using made = await connect("http://127.0.0.1:8080", "id", { name: "Ada", color: "#ff0000", signal, encoding: "json" });
  const { seq, events } = await made.submit({ type: "create_object", object: { name: "a", type: "cube", x: 0, y: 1, z: 2 } });
  same<Same<typeof seq, number>>();
  same<Same<typeof events, number>>();
  await made.submit({ type: "update_object", name: "a", patch: { x: 1, color: null, rotation: { y: 45 }, properties: { gone: null } } });
  await made.submit({ type: "update_object", name: "a", patch: { scale: 2 } }, { expectVersion: 1 });
  await made.submit({ type: "start_orbit", orbit: { radius: 10 } });
  await made.submit({ type: "rename_session", name: null });
  await made.batch([{ type: "clear_objects" }, { type: "stop_orbit" }, { type: "initialize_world", world: {} }]);
  const off = made.on("event", ({ seq, event }) => {
    if (event.type === "object_created") same<Same<typeof event.object, WorldObject>>();
    if (event.type === "object_renamed") same<Same<typeof event.new_name, string>>();
    same<Same<typeof seq, number>>();
  });
  off();
  made.on("status", (status) => {
    if (status.state === "reconnecting") same<Same<typeof status.wait, number>>();
  });
  made.on("presence", ([peer]) => void peer?.presence?.camera?.position.x);
  made.on("change", ({ all, objects }) => void (all || objects.length));
  made.presence({ selection: ["a"] });
  const past: State = await made.at(new Date());
  const objects: Objects = past.objects;
  const map: ReadonlyMap<string, WorldObject> = objects;
  same<Same<ReturnType<typeof map.get>, WorldObject | undefined>>();
  for await (const { session_id, name } of listSessions("http://127.0.0.1:8080")) void [session_id, name];
  const problem = made.check(command);
  same<Same<typeof problem, VwsError | undefined>>();
}

export function wrong(): void {
  // @ts-expect-error: there is no such command
  void session.submit({ type: "destroy" });
  // @ts-expect-error: an object has a place
  void session.submit({ type: "create_object", object: { name: "a", type: "cube" } });
  // @ts-expect-error: a patch has no such field
  void session.submit({ type: "update_object", name: "a", patch: { size: 1 } });
  // @ts-expect-error: the type of an object has no default
  void session.submit({ type: "update_object", name: "a", patch: { type: null } });
  // @ts-expect-error: properties are scalars
  void session.submit({ type: "update_object", name: "a", patch: { properties: { k: [1] } } });
  // @ts-expect-error: what is read cannot be written
  session.state.world.size = 1;
  // @ts-expect-error: nor can an object
  session.state.get("a")!.x = 1;
  // @ts-expect-error: an object may not be there
  void session.state.get("a").x;
  // @ts-expect-error: there is no such event
  session.on("message", () => {});
  // @ts-expect-error: only one kind of event has an object
  void record.event.object;
  // @ts-expect-error: a name is a text
  void createSession("http://127.0.0.1:8080", { name: 1 });
  // @ts-expect-error: there are two encodings
  void connect("http://127.0.0.1:8080", "id", { encoding: "xml" });
}
