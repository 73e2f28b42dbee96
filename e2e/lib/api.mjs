// The server's REST interface, as a script uses it.
import assert from "node:assert/strict";

/** How far each session has been seen by this process: any server then answers of a state at least as new. */
const seen = new Map();

/** Takes note of how far a session has been seen: `epoch` is the history that `seq` counts in. */
export function saw(id, { epoch, seq }) {
  const before = seen.get(id);
  if (before?.epoch !== epoch || before.seq < seq) seen.set(id, { epoch, seq });
}

/** Requests to one server. Each answers the parsed body, and fails unless the status is the expected one. */
export function api(origin) {
  async function request(method, path, body, expected) {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const id = /^\/sessions\/([^/]+)/.exec(path)?.[1];
    if (seen.has(id)) headers["vws-seen"] = `${seen.get(id).epoch}.${seen.get(id).seq}`;
    const response = await fetch(`${origin}/api${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    const known = /^(\d+)\.(\d+)$/.exec(response.headers.get("vws-seq") ?? "");
    if (id !== undefined && known) saw(id, { epoch: Number(known[1]), seq: Number(known[2]) });
    assert.equal(response.status, expected, `${method} ${path}: ${response.status} ${text}`);
    return { text, json: text === "" ? undefined : JSON.parse(text) };
  }
  return {
    /** Makes a session and returns its id. */
    async session(name) {
      const answer = await request("POST", "/sessions", name === undefined ? undefined : { name }, 201);
      return answer.json.session_id;
    },
    /** Deletes a session. */
    drop: async (id) => void (await request("DELETE", `/sessions/${id}`, undefined, 204)),
    /** Does one command or one batch. */
    command: async (id, command) => (await request("POST", `/sessions/${id}/commands`, command, 200)).json,
    /** Makes one object. */
    create: async (id, object) => (await request("POST", `/sessions/${id}/objects`, object, 201)).json,
    /** Tries to make one object that is refused, and returns the problem. */
    refused: async (id, object, status) => (await request("POST", `/sessions/${id}/objects`, object, status)).json,
    /** The whole state, as the exact text that the server sent and parsed. */
    snapshot: (id) => request("GET", `/sessions/${id}/snapshot`, undefined, 200),
  };
}
