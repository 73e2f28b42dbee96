import type { World, WorldObject } from "./types.js";

/** Where a state is read from: the mirror of a session, or a moment of its past. */
export interface Source {
  readonly id: string;
  readonly name?: string | undefined;
  readonly seq: number;
  readonly epoch: number;
  readonly digest: string;
  readonly size: number;
  readonly world: unknown;
  object(name: string): unknown;
  names(): string[];
  objects(names: string[]): string;
}

/**
 * What may look different than before; read the rest from the state. It may name what looks the same, and never
 * leaves out what does not.
 */
export interface Change {
  /** Any object, also those that are not named: after a snapshot, or when all were deleted. */
  readonly all: boolean;
  /** Names of objects that came, changed or went. */
  readonly objects: readonly string[];
  /** The world or its camera. */
  readonly world: boolean;
  /** The session's name. */
  readonly name: boolean;
}

/** Objects that are brought over from the WebAssembly at once while all of them are read. */
const CHUNK = 1_000;

/**
 * The objects of a state by name, in the order of their names' bytes. An object is brought over when it is first
 * asked for, frozen, and kept until it changes: `get` costs microseconds, however many objects there are. The
 * same object is the same value (`===`) until it changes.
 *
 * An iteration goes over the names that were there when it began; what is deleted meanwhile is left out.
 */
export class Objects implements ReadonlyMap<string, WorldObject> {
  readonly #source: Source;
  /** At most those that there are: what goes is forgotten. */
  readonly #known = new Map<string, WorldObject>();

  /** @internal */
  constructor(source: Source) {
    this.#source = source;
  }

  /** How many there are. */
  get size(): number {
    return this.#source.size;
  }

  /** The object of that name. */
  get(name: string): WorldObject | undefined {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const found = this.#source.object(name) as WorldObject | undefined;
    return found === undefined ? undefined : this.#keep(found);
  }

  /** Whether there is an object of that name. */
  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  *entries(): MapIterator<[string, WorldObject]> {
    const names = this.#source.names();
    for (let start = 0; start < names.length; start += CHUNK) {
      const chunk = names.slice(start, start + CHUNK);
      const unknown = chunk.filter((name) => !this.#known.has(name));
      if (unknown.length > 0) {
        for (const object of JSON.parse(this.#source.objects(unknown)) as (WorldObject | null)[]) {
          if (object !== null) this.#keep(object);
        }
      }
      for (const name of chunk) {
        // Anything may have happened since the last one was taken.
        const object = this.get(name);
        if (object !== undefined) yield [name, object];
      }
    }
  }

  *keys(): MapIterator<string> {
    yield* this.#source.names();
  }

  *values(): MapIterator<WorldObject> {
    for (const [, object] of this.entries()) yield object;
  }

  forEach(each: (object: WorldObject, name: string, all: ReadonlyMap<string, WorldObject>) => void): void {
    for (const [name, object] of this.entries()) each(object, name, this);
  }

  [Symbol.iterator](): MapIterator<[string, WorldObject]> {
    return this.entries();
  }

  #keep(object: WorldObject): WorldObject {
    frozen(object);
    this.#known.set(object.name, object);
    return object;
  }

  /** @internal Forgets what changed. */
  forget(changed: Change): void {
    if (changed.all) this.#known.clear();
    else for (const name of changed.objects) this.#known.delete(name);
  }
}

/** A session's state, to read: the live one, or that of a moment. Nothing that is read from it can be written. */
export class State {
  readonly #source: Source;
  #world: World | undefined;
  /** The objects by name. */
  readonly objects: Objects;

  /** @internal */
  constructor(source: Source) {
    this.#source = source;
    this.objects = new Objects(source);
  }

  /** The session's id. */
  get id(): string {
    return this.#source.id;
  }

  /** The session's name, if it has one. */
  get name(): string | undefined {
    return this.#source.name;
  }

  /** The seq of the last confirmed event: 1 for a session's first. */
  get seq(): number {
    return this.#source.seq;
  }

  /** Which history the seq is of: it changes when the server lost a part of the history. */
  get epoch(): number {
    return this.#source.epoch;
  }

  /**
   * The digest of the confirmed state at {@link seq}, 16 hexadecimal digits: equal to that of the server's state
   * at the same seq. One's own commands that have no verdict yet are not in it, though they show.
   */
  get digest(): string {
    return this.#source.digest;
  }

  /** The world's configuration and its camera. */
  get world(): World {
    this.#world ??= frozen(this.#source.world as World);
    return this.#world;
  }

  /** The object of that name: short for `objects.get(name)`. */
  get(name: string): WorldObject | undefined {
    return this.objects.get(name);
  }

  /** @internal Forgets what changed. */
  forget(changed: Change): void {
    this.objects.forget(changed);
    if (changed.world) this.#world = undefined;
  }
}

/** The value, frozen with all that it holds. */
function frozen<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === "object" && part !== null) Object.freeze(part);
  return Object.freeze(value);
}
