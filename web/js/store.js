// What the viewport knows about each slot: its last record, where it is drawn, its bounding sphere. Pure.

import { grown } from "./pool.js";
import { FIELD, STRIDE } from "./records.js";

/** In `batch`: the slot is not drawn by any batch. */
export const NOWHERE = -1;

/** Per-slot columns, grown by doubling. A slot is present when its `kind` is not -1. */
export class Store {
  /** @param {number} [capacity] slots to begin with */
  constructor(capacity = 1024) {
    this.capacity = capacity;
    /** Slots at or above this have never been used since the last clear. */
    this.end = 0;
    /** Present objects, the invisible ones included. */
    this.live = 0;
    this.kind = new Int8Array(capacity).fill(-1);
    this.records = new Float32Array(capacity * STRIDE);
    this.batch = new Int32Array(capacity).fill(NOWHERE);
    this.index = new Int32Array(capacity);
    /** x, y, z, radius in world units; a radius of 0 means that it cannot be picked. */
    this.spheres = new Float32Array(capacity * 4);
  }

  /** @param {number} slot */
  has(slot) {
    return slot < this.end && this.kind[slot] !== -1;
  }

  /**
   * Keeps the record at `at` as the slot's own.
   * @param {Float32Array} records
   * @param {number} at
   * @returns {number} the slot
   */
  put(records, at) {
    const slot = records[at + FIELD.slot];
    if (slot >= this.capacity) this.#grow(slot + 1);
    if (slot >= this.end) this.end = slot + 1;
    if (this.kind[slot] === -1) this.live++;
    this.kind[slot] = records[at + FIELD.kind];
    const to = slot * STRIDE;
    for (let i = 0; i < STRIDE; i++) this.records[to + i] = records[at + i];
    return slot;
  }

  /** @param {number} slot a present slot that no batch draws any more */
  drop(slot) {
    this.kind[slot] = -1;
    this.spheres[slot * 4 + 3] = 0;
    this.live--;
    while (this.end > 0 && this.kind[this.end - 1] === -1) this.end--;
  }

  clear() {
    this.kind.fill(-1, 0, this.end);
    this.batch.fill(NOWHERE, 0, this.end);
    this.spheres.fill(0, 0, this.end * 4);
    this.end = 0;
    this.live = 0;
  }

  /**
   * Whether the slot's record asks to be seen at all.
   * @param {number} slot
   */
  shown(slot) {
    const at = slot * STRIDE;
    return this.records[at + FIELD.visible] !== 0 && this.records[at + FIELD.opacity] > 0;
  }

  /** @param {number} needed */
  #grow(needed) {
    const old = this.capacity;
    let capacity = old;
    while (capacity < needed) capacity *= 2;
    this.capacity = capacity;
    this.kind = grown(this.kind, capacity).fill(-1, old);
    this.records = grown(this.records, capacity * STRIDE);
    this.batch = grown(this.batch, capacity).fill(NOWHERE, old);
    this.index = grown(this.index, capacity);
    this.spheres = grown(this.spheres, capacity * 4);
  }
}
