// The server's REST interface, as a script uses it.
import assert from "node:assert/strict";

/** Requests to one server. Each answers the parsed body, and fails unless the status is the expected one. */
export function api(origin) {
  async function request(method, path, body, expected) {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const response = await fetch(`${origin}/api${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
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
