/** The values of the protocol, under short names. schema.ts is generated from the types of vws-core. */
import type { components } from "./schema.js";

type Schemas = components["schemas"];

/** A wish to change a session, told apart by `type`. */
export type Command = Schemas["Command"];
/** Something that happened in a session, told apart by `type`. */
export type Event = Schemas["Event"];
/** An event with its place in the session's log, its time and its author. */
export type EventRecord = Schemas["EventRecord"];
/** A named thing in the world. World units; right-handed: x right, y up, z towards the viewer. */
export type WorldObject = Schemas["Object"];
/** An object as its creator writes it. */
export type ObjectDraft = Schemas["ObjectDraft"];
/** What to change of an object: absent leaves a field as it is, null gives it its default. */
export type ObjectPatch = Schemas["ObjectPatch"];
/** The world's configuration and its camera. */
export type World = Schemas["World"];
/** A world as a client writes it. */
export type WorldDraft = Schemas["WorldDraft"];
/** What to change of the world: absent leaves a field as it is, null gives it its default. */
export type WorldPatch = Schemas["WorldPatch"];
/** Another client, with what it shows. */
export type Peer = Schemas["Peer"];
/** What a client shows to its peers. */
export type PresenceDraft = Schemas["PresenceDraft"];
/** What lists tell of a session. */
export type SessionInfo = Schemas["SessionInfo"];
/** Why something was refused. */
export type Problem = Schemas["Problem"];
