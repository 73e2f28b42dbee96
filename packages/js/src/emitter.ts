/** Functions that wait for events by name. */
export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<(value: never) => void>>();

  /** Adds a listener; the answer removes it. The same function may be added more than once. */
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void {
    if (typeof listener !== "function") throw new TypeError(`on(${String(name)}): the listener is no function`);
    const call = (value: Events[Name]) => listener(value);
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(call));
    return () => void listeners.delete(call);
  }

  has(name: keyof Events): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }

  /** Calls each listener. What one throws is reported as uncaught, and keeps no other from being called. */
  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as (value: Events[Name]) => void)(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
