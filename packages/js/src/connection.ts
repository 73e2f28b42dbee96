// The connection of a session: it opens sockets, greets, asks for signs of life, and tries again. It knows
// nothing of the state.
import { delay } from "./backoff.js";

/** A message as it travels. */
export type Message = string | Uint8Array<ArrayBuffer>;

/** Why a connection is over: the name of a close code, and its words. */
export interface Ended {
  readonly code: string;
  readonly reason: string;
}

/** What a connection asks and tells its owner. */
export interface Hooks {
  /** The greeting for a socket that has just opened. */
  hello(): Message;
  /** Messages have come; throws where one of them is none of this protocol. */
  received(messages: Message[]): void;
  /** How many messages may wait until they are taken together: many, where taking them is dear. */
  patience(): boolean;
  /** The message that asks for a sign of life. */
  ping(t: number): Message;
  /** The socket is gone; the next one is opened after `wait` milliseconds. */
  lost(attempt: number, wait: number): void;
  /** The server says that trying again is of no use. */
  ended(why: Ended): void;
  /** What the number in a close frame means. */
  closeCode(code: number): { name: string; retry: boolean } | undefined;
}

/** How long a connection may take to be made. */
const CONNECT_MS = 10_000;
/** How often it is looked whether the server lives. */
const BEAT_MS = 1_000;
/** A server is asked for a sign of life this often, while it says nothing else … */
const PING_MS = 5_000;
/** … and counts as gone when nothing has followed such a question for this long. */
const DEAD_MS = 20_000;
/** How long a server has to answer a close frame. */
const CLOSE_MS = 1_000;
/** How long messages may wait to be taken together, and how many. */
const GATHER_MS = 4;
const GATHERED = 1_024;
/** With more than this on its way to the server, in bytes, what is about the moment is not said. */
const BUSY_BYTES = 64 * 1024;
/** Greetings in a row that may come too late, as those of a program that is busy for seconds do. */
const BAD_HELLOS = 3;
const BAD_HELLO = 4000;
const LOST = 1006;

type Socket = WebSocket & { terminate?(): void };

export class Connection {
  readonly #url: string;
  readonly #protocol: string;
  readonly #hooks: Hooks;
  readonly #class: typeof WebSocket;
  #socket: Socket | undefined;
  #welcomed = false;
  /** Failures since a state was last loaded. */
  #attempt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #beat: ReturnType<typeof setInterval> | undefined;
  #openedAt = 0;
  #asked: number | undefined;
  #pinged = 0;
  #over = false;
  /** At most GATHERED. */
  #gathered: Message[] = [];
  #gathering = false;

  constructor(url: string, protocol: string, socket: typeof WebSocket, hooks: Hooks) {
    this.#url = url;
    this.#protocol = protocol;
    this.#class = socket;
    this.#hooks = hooks;
  }

  /** Connects, and keeps connected until {@link close}. */
  open(): void {
    this.#beat = setInterval(() => this.#onBeat(), BEAT_MS);
    globalThis.addEventListener?.("online", this.#onOnline);
    this.#connect();
  }

  /** The server has welcomed this client: from now on it may speak. */
  welcomed(): void {
    this.#welcomed = true;
  }

  /** A state was loaded: waits begin small again. */
  settled(): void {
    this.#attempt = 0;
  }

  /** Sends a message, if there is a connection: what has to arrive is sent anew after the next welcome. */
  send(message: Message): void {
    if (this.#welcomed && this.#socket?.readyState === this.#class.OPEN) this.#socket.send(message);
  }

  /** Sends a message that is about the moment; not while much else is on its way. */
  sendLightly(message: Message): void {
    if ((this.#socket?.bufferedAmount ?? 0) <= BUSY_BYTES) this.send(message);
  }

  /** Gives the present socket up and connects anew. */
  reconnect(): void {
    if (!this.#over) this.#lost(LOST, "");
  }

  /** Ends the connection in order, and waits at most a second for the server's answer. */
  async close(): Promise<void> {
    const socket = this.#socket;
    this.#end();
    if (socket === undefined || socket.readyState === this.#class.CLOSED) return;
    await new Promise<void>((done) => {
      const timer = setTimeout(done, CLOSE_MS);
      socket.addEventListener("close", () => {
        clearTimeout(timer);
        done();
      });
      socket.close(1000);
    });
    socket.terminate?.();
  }

  #end(): void {
    this.#over = true;
    this.#socket = undefined;
    this.#gathered = [];
    clearTimeout(this.#retry);
    clearInterval(this.#beat);
    globalThis.removeEventListener?.("online", this.#onOnline);
  }

  #connect(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#welcomed = false;
    this.#asked = undefined;
    this.#pinged = 0;
    this.#openedAt = performance.now();
    const socket: Socket = new this.#class(this.#url, this.#protocol);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    const mine = () => this.#socket === socket;
    socket.addEventListener("open", () => {
      if (mine()) socket.send(this.#hooks.hello());
    });
    socket.addEventListener("message", ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (mine()) this.#heard(typeof data === "string" ? data : new Uint8Array(data));
    });
    socket.addEventListener("close", ({ code, reason }) => {
      if (!mine()) return;
      this.#take();
      // What was taken may have ended the socket.
      if (mine()) this.#lost(code, reason);
    });
    // A `close` follows, which says as much as a program may know.
    socket.addEventListener("error", () => {});
  }

  #heard(message: Message): void {
    this.#asked = undefined;
    this.#gathered.push(message);
    if (this.#gathered.length >= GATHERED) this.#take();
    if (this.#gathering || this.#gathered.length === 0) return;
    this.#gathering = true;
    const take = () => {
      this.#gathering = false;
      this.#take();
    };
    if (this.#hooks.patience()) setTimeout(take, GATHER_MS);
    else queueMicrotask(take);
  }

  #take(): void {
    if (this.#gathered.length === 0) return;
    const messages = this.#gathered;
    this.#gathered = [];
    try {
      this.#hooks.received(messages);
    } catch (error) {
      // Not of this protocol: the server is another one now, or broken. Both may pass.
      if (typeof error !== "string") throw error;
      this.reconnect();
    }
  }

  #lost(code: number, reason: string): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#welcomed = false;
    this.#gathered = [];
    if (socket !== undefined && socket.readyState !== this.#class.CLOSED) {
      if (socket.terminate) socket.terminate();
      else socket.close();
    }
    const known = this.#hooks.closeCode(code);
    const late = code === BAD_HELLO && this.#attempt < BAD_HELLOS;
    if (known !== undefined && !known.retry && !late) {
      this.#end();
      this.#hooks.ended({ code: known.name, reason: reason || known.name });
      return;
    }
    const wait = delay(this.#attempt);
    this.#attempt += 1;
    this.#retry = setTimeout(() => this.#connect(), wait);
    this.#hooks.lost(this.#attempt, wait);
  }

  /** The machine has a network again. */
  readonly #onOnline = (): void => {
    if (!this.#over && this.#socket === undefined) this.#connect();
  };

  #onBeat(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    const now = performance.now();
    if (!this.#welcomed) {
      if (now - this.#openedAt > CONNECT_MS) this.reconnect();
      return;
    }
    // Silence counts from a question that nothing has followed: the timers of a hidden page may rest for a
    // minute, and that is no sign of the server's death.
    if (this.#asked !== undefined && now - this.#asked > DEAD_MS) return this.reconnect();
    if (now - this.#pinged < PING_MS) return;
    this.#pinged = now;
    this.#asked ??= now;
    this.send(this.#hooks.ping(now));
  }
}
