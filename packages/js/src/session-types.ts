/** What goes into a session and comes out of it. */
import type { VwsError } from "./error.js";
import type { Change } from "./state.js";
import type { EventRecord, Peer } from "./types.js";

/** How to connect. */
export interface ConnectOptions {
  /** What peers are shown: 1 to 64 characters. */
  readonly name?: string | undefined;
  /** The colour that peers see this client in, `#rrggbb`. */
  readonly color?: string | undefined;
  /** Shows one's rights to the server. */
  readonly token?: string | undefined;
  /** Ends the connecting, whose promise then rejects with the signal's reason; not the session. */
  readonly signal?: AbortSignal | undefined;
  /** How messages are written; default `msgpack`. */
  readonly encoding?: "json" | "msgpack" | undefined;
}

/** How a command took effect. */
export interface Ack {
  /** Its number among those of this client. */
  readonly id: number;
  /** Its last event; of the state that it changed nothing of when it has none. */
  readonly seq: number;
  /** How many events it has; 0 when all was already as it wished. */
  readonly events: number;
}

/** How the connection stands. */
export type Status =
  /** The first connection, or the state, is on its way: so many parts of it have come, of how many. */
  | { readonly state: "connecting"; readonly parts?: number; readonly of?: number }
  /** The mirror follows the session. */
  | { readonly state: "live" }
  /** The connection was lost; what is shown is as of then. The try `attempt` (1, 2 …) comes in `wait` ms. */
  | { readonly state: "reconnecting"; readonly attempt: number; readonly wait: number }
  /** Ended: by this program (`closed`), or by the server for good (`no_such_session`, `forbidden` …). */
  | { readonly state: "closed"; readonly code: string; readonly reason: string };

/** What a session tells, by the name that `on` takes. */
export interface SessionEvents {
  /** Something happened in the session, confirmed by the server: each event once, in the order of their seqs. */
  event: EventRecord;
  /** What is shown has changed, by anybody's events or by one's own commands. */
  change: Change;
  /** The other clients and what they show now. */
  presence: readonly Peer[];
  /** How the connection stands. */
  status: Status;
  /** The server complains about something other than a command: a presence, the rate. */
  problem: VwsError;
}

/** What a command may be given. */
export interface SubmitOptions {
  /** Refuse the command (`version_mismatch`) unless what it is about still has this version. */
  readonly expectVersion?: number | undefined;
  /** Commands that follow one another with the same number here, as those of one drag, are one step to take back. */
  readonly gesture?: number | undefined;
}
