/// <reference lib="esnext.disposable" preserve="true" />
import { Connection, type Ended, type Message } from "./connection.js";
import { Emitter } from "./emitter.js";
import { closed, refusal, VwsError, type ProblemLike } from "./error.js";
import { current, load } from "./platform.js";
import { address, request, type RestOptions } from "./rest.js";
import type { Ack, ConnectOptions, SessionEvents, Status, SubmitOptions } from "./session-types.js";
import { State, type Change } from "./state.js";
import type { Command, EventRecord, Peer, PresenceDraft } from "./types.js";
import type { Mirror } from "./wasm/vws.js";

interface Outcome {
  events: EventRecord[];
  verdicts: (Ack & { problem: ProblemLike | null })[];
  changed: Change | null;
  peers: boolean;
  welcomed: number | null;
  loading: { parts: number; of: number } | null;
  complaints: ProblemLike[];
  unusable: string | null;
  send: Message[];
}

/** A command that was taken by the mirror, and is to be sent. */
interface Sent {
  id: number;
  changed: Change;
  message: Message;
}

interface Waiting {
  resolve(ack: Ack): void;
  reject(error: VwsError): void;
}

/** With more commands than this under way, the server's messages are gathered a little and taken together. */
const MANY_PENDING = 32;

/**
 * Connects to a session, and resolves when its state is there. From then on the mirror follows the session, and
 * connects again by itself when the connection is lost.
 *
 * A server that does not answer is tried again until `signal` ends it (`AbortSignal.timeout(5_000)`).
 *
 * @param url the server, `http(s)://host[:port][/path]`
 * @throws {VwsError} `address_invalid`; `session_id_invalid`, `display_name_invalid`, `color_invalid` for the
 *   arguments; `no_such_session`, `unauthenticated`, `forbidden` … where the server says that trying again is of
 *   no use
 */
export async function connect(url: string | URL, sessionId: string, options: ConnectOptions = {}): Promise<Session> {
  const server = address(url);
  const { encoding = "msgpack" } = options;
  if (encoding !== "msgpack" && encoding !== "json") throw new TypeError(`encoding = ${encoding} is not msgpack or json`);
  options.signal?.throwIfAborted();
  const [wasm, socket] = await Promise.all([load(), current().socket()]);
  options.signal?.throwIfAborted();
  let session: Session;
  try {
    wasm.sessionId(sessionId);
    const mirror = new wasm.Mirror(clientId(), encoding);
    // Refuses now what the server would refuse.
    mirror.hello(options.name, options.color, options.token);
    session = new Session(START, mirror, server, sessionId, socket, wasm.closeCode, options);
  } catch (error) {
    throw refusal(error);
  }
  await session[START](options.signal);
  return session;
}

/** 122 bits of randomness and more; `crypto.randomUUID` is for pages over HTTPS only. */
function clientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const START: unique symbol = Symbol("start");

/** A live mirror of one session, as {@link connect} gives it. */
export class Session {
  /** What is shown: the confirmed state with one's own pending commands over it. Always the newest. */
  readonly state: State;
  readonly #mirror: Mirror;
  readonly #server: string;
  readonly #id: string;
  readonly #rest: RestOptions;
  readonly #connection: Connection;
  readonly #emitter = new Emitter<SessionEvents>();
  /** The verdicts of commands that are under way. */
  readonly #underWay = new Set<Promise<unknown>>();
  /** Steps are taken one after the other. */
  #line: Promise<unknown> = Promise.resolve();
  /** At most one for each pending command, and those are bounded (`too_many_pending`). */
  readonly #waiting = new Map<number, Waiting>();
  /** The session's last event when the server welcomed this client: a snapshot may be a little older. */
  #head = 0;
  #status: Status = { state: "connecting" };
  #peers: readonly Peer[] | undefined;
  /** What is shown to the peers, to be said anew on each connection. */
  #presence: PresenceDraft | undefined;

  /** @internal */
  constructor(
    key: typeof START,
    mirror: Mirror,
    server: string,
    id: string,
    socket: typeof WebSocket,
    closeCode: (code: number) => { name: string; retry: boolean } | undefined,
    { name, color, token }: ConnectOptions,
  ) {
    if (key !== START) throw new TypeError("a session is made by connect()");
    this.#mirror = mirror;
    this.#server = server;
    this.#id = id;
    this.#rest = { token };
    this.state = new State(mirror);
    const url = `${server.replace(/^http/, "ws")}/api/sessions/${id}/ws`;
    this.#connection = new Connection(url, mirror.subprotocol, socket, {
      hello: () => mirror.hello(name, color, token) as Message,
      received: (messages) => this.#receive(messages),
      patience: () => mirror.pending > MANY_PENDING,
      ping: (t) => mirror.ping(t) as Message,
      lost: (attempt, wait) => {
        mirror.disconnected();
        this.#peersChanged();
        this.#setStatus({ state: "reconnecting", attempt, wait });
      },
      ended: (why) => this.#ended(why),
      closeCode,
    });
  }

  /** @internal Connects, and waits for the state. */
  async [START](signal: AbortSignal | undefined): Promise<void> {
    const loaded = new Promise<void>((resolve, reject) => {
      const abort = () => {
        reject(signal?.reason);
        void this.close();
      };
      signal?.addEventListener("abort", abort, { once: true });
      const off = this.on("status", (status) => {
        if (status.state === "live") resolve();
        else if (status.state === "closed") {
          reject(new VwsError({ code: status.code, detail: `the server closed the connection: ${status.reason}` }));
        } else return;
        off();
        signal?.removeEventListener("abort", abort);
      });
    });
    this.#connection.open();
    await loaded;
  }

  /** Who this client is, in the author of its events. Drawn anew for each `connect`. */
  get clientId(): string {
    return this.#mirror.clientId;
  }

  /** How the connection stands. */
  get status(): Status {
    return this.#status;
  }

  /** How many commands wait for the server's verdict. */
  get pending(): number {
    return this.#mirror.pending;
  }

  /** The other clients and what they show; empty while there is no connection. */
  get peers(): readonly Peer[] {
    this.#peers ??= Object.freeze(this.#mirror.peers() as Peer[]);
    return this.#peers;
  }

  /** Calls `listener` at each event of that name from now on. The answer ends that. */
  on<Name extends keyof SessionEvents>(name: Name, listener: (value: SessionEvents[Name]) => void): () => void {
    return this.#emitter.on(name, listener);
  }

  /**
   * Judges a command as the server would, against what is shown; when it stands, shows it at once and sends it.
   * The promise is settled by the server: with its last seq, or with the reason, and then what it showed is taken
   * back. Without a connection it waits for the next.
   *
   * @throws {VwsError} (the promise is rejected) with the server's code and words; `too_many_pending` when 1,024
   *   commands wait; `command_id_expired` when the server no longer knows what became of it; `closed`
   */
  submit(command: Command, { expectVersion, gesture }: SubmitOptions = {}): Promise<Ack> {
    for (const [name, value] of Object.entries({ expectVersion, gesture })) {
      if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) continue;
      return Promise.reject(new RangeError(`${name} = ${value} is not a whole number of 0 or more`));
    }
    if (this.#status.state === "closed") return Promise.reject(closed());
    try {
      return this.#sent(this.#mirror.submit(command, expectVersion, gesture, Date.now()) as Sent);
    } catch (error) {
      return Promise.reject(refusal(error));
    }
  }

  /** Does all of these commands in order, or none: 1,000 at most, where the server has no other bound. */
  batch(commands: readonly Command[], options?: SubmitOptions): Promise<Ack> {
    return this.submit({ type: "batch", commands: [...commands] }, options);
  }

  /** What `submit` would be refused with on this side, and nothing is done. For forms, while their user types. */
  check(command: Command, { expectVersion }: SubmitOptions = {}): VwsError | undefined {
    try {
      this.#mirror.judge(command, expectVersion, Date.now());
      return undefined;
    } catch (error) {
      const found = refusal(error);
      if (found instanceof VwsError) return found;
      throw error;
    }
  }

  /**
   * Shows something to the peers in place of what was shown before: a camera, a pointer, selected objects (64 at
   * most). It is about the moment: never in the log, and passed on at most 15 times a second.
   *
   * @throws {VwsError} `presence_out_of_range`, `selection_too_large` …
   */
  presence(draft: PresenceDraft): void {
    let message: Message;
    try {
      message = this.#mirror.presence(draft) as Message;
    } catch (error) {
      throw refusal(error);
    }
    this.#presence = structuredClone(draft);
    this.#connection.sendLightly(message);
  }

  /**
   * The state of the past, to read: after the event `moment`, or as it was at a time.
   *
   * @throws {VwsError} with the server's code: that moment is not yet, or no longer kept (410)
   */
  async at(moment: number | Date, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<State> {
    const text = moment instanceof Date ? moment.toISOString() : String(moment);
    const path = `/sessions/${this.#id}/snapshot?at=${encodeURIComponent(text)}`;
    const { epoch, seq } = this.#mirror;
    const seen = epoch > 0 ? `${epoch}.${seq}` : undefined;
    const answer = await request(this.#server, "GET", path, { ...this.#rest, signal, seen });
    const { Past } = await load();
    try {
      return new State(new Past(new Uint8Array(await answer.arrayBuffer())));
    } catch (cause) {
      if (typeof cause !== "string") throw cause;
      throw new VwsError({ code: "unexpected_answer", detail: cause });
    }
  }

  /** Whether there is a step of one's own to take back: of the last 200, with 20,000 commands in all. */
  get canUndo(): boolean {
    return this.#mirror.hasStep(false);
  }

  /** Whether there is a step to do again. */
  get canRedo(): boolean {
    return this.#mirror.hasStep(true);
  }

  /**
   * Takes back one's own last command, whole, by a command of one's own: it shows at once, and is in the log like
   * any other. Waits for the verdicts of commands that are under way. Resolves with nothing when there is nothing
   * to take back.
   *
   * @throws {VwsError} where others have changed the same since: `version_mismatch`, `object_not_found`,
   *   `object_exists`. Then nothing changed, and the next call takes back the command before.
   */
  undo(): Promise<Ack | undefined> {
    return this.#step(false);
  }

  /** Does again what {@link undo} took back last; a command of one's own in between forgets it. */
  redo(): Promise<Ack | undefined> {
    return this.#step(true);
  }

  /**
   * Ends the session's connection in order. Whose command has no verdict is told `closed`. The state can still be
   * read, as of now.
   */
  async close(): Promise<void> {
    if (this.#status.state === "closed") return;
    this.#ended({ code: "closed", reason: "closed by this program" });
    await this.#connection.close();
  }

  /** {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Sends a command that the mirror has taken, and waits for its verdict. */
  #sent({ id, message, changed }: Sent): Promise<Ack> {
    const verdict = new Promise<Ack>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#underWay.add(verdict);
    const told = () => void this.#underWay.delete(verdict);
    verdict.then(told, told);
    this.#connection.send(message);
    this.#changed(changed);
    return verdict;
  }

  /** Takes a step back or does it again, once what is under way has its verdict. */
  #step(redo: boolean): Promise<Ack | undefined> {
    const step = this.#line.then(async () => {
      await Promise.allSettled([...this.#underWay]);
      if (this.#status.state === "closed") throw closed();
      try {
        const sent = this.#mirror.step(redo, Date.now()) as Sent | undefined;
        return sent && (await this.#sent(sent));
      } catch (error) {
        throw refusal(error);
      }
    });
    this.#line = step.catch(() => {});
    return step;
  }

  #receive(messages: Message[]): void {
    const outcome = this.#mirror.receive(messages, this.#emitter.has("event")) as Outcome;
    if (outcome.welcomed !== null) {
      this.#head = outcome.welcomed;
      this.#connection.welcomed();
    }
    for (const message of outcome.send) this.#connection.send(message);
    if (outcome.welcomed !== null && this.#presence !== undefined) this.presence(this.#presence);
    if (outcome.changed !== null) this.state.forget(outcome.changed);
    for (const { problem, ...ack } of outcome.verdicts) this.#tell(ack, problem);
    for (const event of outcome.events) this.#emitter.emit("event", event);
    if (outcome.changed !== null) this.#emitter.emit("change", outcome.changed);
    if (outcome.peers) this.#peersChanged();
    for (const problem of outcome.complaints) this.#emitter.emit("problem", new VwsError(problem));
    // A listener may have closed the session.
    if (this.#status.state === "closed") return;
    if (outcome.unusable !== null) this.#connection.reconnect();
    else if (this.#mirror.live && this.#mirror.seq >= this.#head) this.#live();
    else if (outcome.loading !== null && this.#status.state === "connecting") {
      this.#setStatus({ state: "connecting", ...outcome.loading });
    }
  }

  #live(): void {
    this.#connection.settled();
    if (this.#status.state !== "live") this.#setStatus({ state: "live" });
  }

  #tell(ack: Ack, problem: ProblemLike | null): void {
    const waiting = this.#waiting.get(ack.id);
    this.#waiting.delete(ack.id);
    if (problem !== null) waiting?.reject(new VwsError(problem));
    else waiting?.resolve(ack);
  }

  #changed(changed: Change): void {
    this.state.forget(changed);
    if (changed.all || changed.world || changed.name || changed.objects.length > 0) {
      this.#emitter.emit("change", changed);
    }
  }

  #peersChanged(): void {
    this.#peers = undefined;
    if (this.#emitter.has("presence")) this.#emitter.emit("presence", this.peers);
  }

  #setStatus(status: Status): void {
    this.#status = Object.freeze(status);
    this.#emitter.emit("status", status);
  }

  /** The end for good: nobody waits any longer. */
  #ended({ code, reason }: Ended): void {
    this.#mirror.disconnected();
    this.#peersChanged();
    const error = closed();
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
    this.#setStatus({ state: "closed", code, reason });
    this.#emitter.clear();
  }
}
