/** What the package exports. */
export { VwsError } from "./error.js";
export type { ProblemField } from "./error.js";
export { createSession, deleteSession, listSessions } from "./rest.js";
export type { RestOptions } from "./rest.js";
export { connect } from "./session.js";
export type { Session } from "./session.js";
export type { Ack, ConnectOptions, SessionEvents, Status, SubmitOptions } from "./session-types.js";
export type { Change, Objects, State } from "./state.js";
export type {
  Command,
  Event,
  EventRecord,
  ObjectDraft,
  ObjectPatch,
  Peer,
  PresenceDraft,
  SessionInfo,
  World,
  WorldDraft,
  WorldObject,
  WorldPatch,
} from "./types.js";
