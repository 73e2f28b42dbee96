// A server of its own for each test file, and what tests of the package share.
import { startServer } from "../../../../e2e/lib/server.mjs";
import { api } from "../../../../e2e/lib/api.mjs";

export { openWire } from "../../../../e2e/lib/wire.mjs";
export { until } from "../../../../e2e/lib/until.mjs";

/** The server, its REST interface, and how to end both. */
export async function startWorld(options) {
  const server = await startServer({ page: null, ...options });
  return { ...server, rest: api(server.origin) };
}

export const cube = (name, more = {}) => ({ name, type: "cube", x: 0, y: 0, z: 0, ...more });
export const create = (name, more) => ({ type: "create_object", object: cube(name, more) });
export const move = (name, x) => ({ type: "update_object", name, patch: { x } });

/** Resolves with what an event of a session brings, once it is what is asked for. */
export function next(session, name, wanted = () => true) {
  return new Promise((resolve) => {
    const off = session.on(name, (value) => {
      if (!wanted(value)) return;
      off();
      resolve(value);
    });
  });
}

/** Waits until the mirror has the event `seq`. */
export async function reaches(session, seq) {
  while (session.state.seq < seq) await next(session, "change");
}
