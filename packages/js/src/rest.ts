import { VwsError, type ProblemLike } from "./error.js";
import type { SessionInfo } from "./types.js";

/** What every request takes. */
export interface RestOptions {
  /** Shows one's rights, as `Authorization: Bearer …`. */
  readonly token?: string | undefined;
  /** Ends the request; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Sessions in one answer: the most that a server gives. */
const PAGE = 10_000;

/**
 * Makes a session.
 * @param url the server, `http(s)://host[:port][/path]`
 * @param options.name 1 to 64 characters; it need not be unique
 * @throws {VwsError} with the server's code
 */
export async function createSession(
  url: string | URL,
  { name, ...options }: RestOptions & { readonly name?: string | undefined } = {},
): Promise<SessionInfo> {
  const body = name === undefined ? {} : { name };
  return (await request(address(url), "POST", "/sessions", { ...options, body })).json() as Promise<SessionInfo>;
}

/**
 * The sessions of a server in the order of their making, asked for page by page while they are taken.
 * @throws {VwsError} with the server's code
 */
export async function* listSessions(url: string | URL, options: RestOptions = {}): AsyncGenerator<SessionInfo, void> {
  let after = "";
  for (;;) {
    const answer = await request(address(url), "GET", `/sessions?limit=${PAGE}${after}`, options);
    const page = (await answer.json()) as { sessions: SessionInfo[]; next: string | null };
    yield* page.sessions;
    if (page.next === null) return;
    after = `&after=${page.next}`;
  }
}

/**
 * Deletes a session with all that it holds, and ends the connections to it.
 * @throws {VwsError} with the server's code
 */
export async function deleteSession(url: string | URL, sessionId: string, options: RestOptions = {}): Promise<void> {
  await request(address(url), "DELETE", `/sessions/${encodeURIComponent(sessionId)}`, options);
}

/** The server's address without a slash at its end. */
export function address(url: string | URL): string {
  const parsed = URL.parse?.(String(url)) ?? parse(String(url));
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    const detail = `${JSON.stringify(String(url))} is not an address of the form http(s)://host[:port][/path]`;
    throw new VwsError({ code: "address_invalid", detail });
  }
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, "")}`;
}

function parse(url: string): URL | null {
  try {
    return new URL(url);
  } catch {
    return null;
  }
}

/** A request to `server`, an {@link address}. */
export async function request(
  server: string,
  method: string,
  path: string,
  { token, signal, body, seen }: RestOptions & { readonly body?: unknown; readonly seen?: string | undefined } = {},
): Promise<Response> {
  const headers: Record<string, string> = {};
  // Whichever server of a cluster answers, it answers of nothing older.
  if (seen !== undefined) headers["vws-seen"] = seen;
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  let answer: Response;
  try {
    const init: RequestInit = { method, headers, signal: signal ?? null };
    if (body !== undefined) init.body = JSON.stringify(body);
    answer = await fetch(`${server}/api${path}`, init);
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    throw new VwsError({ code: "unreachable", detail: `${server} does not answer` }, { cause });
  }
  if (!answer.ok) throw await refused(answer);
  return answer;
}

async function refused(answer: Response): Promise<VwsError> {
  if (answer.headers.get("content-type")?.startsWith("application/problem+json")) {
    return new VwsError((await answer.json()) as ProblemLike);
  }
  const detail = `${answer.url} answered ${answer.status} without a reason`;
  return new VwsError({ code: "unexpected_answer", detail, status: answer.status });
}
