// Dense instance storage: what one InstancedMesh draws, with O(1) add and remove. Pure.

import { packRed, toLinear } from "./records.js";

const MATRIX = 16;
const TINT = 3;
const BUCKETS = 4096;

/**
 * A dense array of instances. Removing moves the last instance into the hole, so indices change;
 * `slots` says which object each index belongs to. Capacity doubles and never shrinks.
 */
export class Pool {
  /** @param {number} [capacity] instances to begin with */
  constructor(capacity = 64) {
    /** Live instances; entries at or above it are garbage. */
    this.count = 0;
    this.capacity = capacity;
    this.matrices = new Float32Array(capacity * MATRIX);
    this.tints = new Float32Array(capacity * TINT);
    this.slots = new Uint32Array(capacity);
    /** Changes whenever the arrays were replaced by larger ones. */
    this.generation = 0;
    /** The range of instances changed since `clean()`; empty when from >= to. */
    this.dirtyFrom = Infinity;
    this.dirtyTo = 0;
  }

  /**
   * Appends an instance for `slot`; its matrix and tint must be written next.
   * @param {number} slot
   * @returns {number} its index
   */
  add(slot) {
    if (this.count === this.capacity) this.#grow();
    const index = this.count++;
    this.slots[index] = slot;
    this.touch(index);
    return index;
  }

  /**
   * Removes the instance at `index`.
   * @param {number} index
   * @returns {number} the slot that now lives at `index`, or -1 when none was moved
   */
  removeAt(index) {
    const last = --this.count;
    if (index === last) return -1;
    this.matrices.copyWithin(index * MATRIX, last * MATRIX, (last + 1) * MATRIX);
    this.tints.copyWithin(index * TINT, last * TINT, (last + 1) * TINT);
    this.slots[index] = this.slots[last];
    this.touch(index);
    return this.slots[index];
  }

  /**
   * @param {number} index
   * @param {number} r sRGB 0..1
   * @param {number} g sRGB 0..1
   * @param {number} b sRGB 0..1
   * @param {number | null} opacity packed beside red when given; null for an opaque pool
   */
  setTint(index, r, g, b, opacity) {
    const at = index * TINT;
    const red = toLinear(r);
    this.tints[at] = opacity === null ? red : packRed(red, opacity);
    this.tints[at + 1] = toLinear(g);
    this.tints[at + 2] = toLinear(b);
  }

  /** @param {number} index an instance whose data changed */
  touch(index) {
    if (index < this.dirtyFrom) this.dirtyFrom = index;
    if (index >= this.dirtyTo) this.dirtyTo = index + 1;
  }

  /** Forgets the dirty range, once it has been handed to the GPU. */
  clean() {
    this.dirtyFrom = Infinity;
    this.dirtyTo = 0;
  }

  clear() {
    this.count = 0;
    this.clean();
  }

  /**
   * Orders the instances by falling depth along a view direction, for blending. Linear time: depths are
   * sorted into 4,096 buckets, and instances in one bucket keep their order.
   * @param {number} dx view direction
   * @param {number} dy
   * @param {number} dz
   * @returns {boolean} whether the order changed; then every index in `slots` must be read again
   */
  sortBackToFront(dx, dy, dz) {
    const n = this.count;
    if (n < 2) return false;
    const m = this.matrices;
    const depth = new Float32Array(n);
    let min = Infinity;
    let max = -Infinity;
    let ordered = true;
    for (let i = 0; i < n; i++) {
      const at = i * MATRIX + 12;
      const d = m[at] * dx + m[at + 1] * dy + m[at + 2] * dz;
      if (i > 0 && d > depth[i - 1]) ordered = false;
      depth[i] = d;
      if (d < min) min = d;
      if (d > max) max = d;
    }
    if (ordered || max === min) return false;
    this.#permute(countingOrder(depth, min, max));
    return true;
  }

  /** @param {Uint32Array} order order[new index] = old index */
  #permute(order) {
    const n = this.count;
    const matrices = this.matrices.slice(0, n * MATRIX);
    const tints = this.tints.slice(0, n * TINT);
    const slots = this.slots.slice(0, n);
    for (let i = 0; i < n; i++) {
      const from = order[i];
      for (let k = 0; k < MATRIX; k++) this.matrices[i * MATRIX + k] = matrices[from * MATRIX + k];
      for (let k = 0; k < TINT; k++) this.tints[i * TINT + k] = tints[from * TINT + k];
      this.slots[i] = slots[from];
    }
    this.dirtyFrom = 0;
    this.dirtyTo = n;
  }

  #grow() {
    this.capacity *= 2;
    this.matrices = grown(this.matrices, this.capacity * MATRIX);
    this.tints = grown(this.tints, this.capacity * TINT);
    this.slots = grown(this.slots, this.capacity);
    this.generation++;
  }
}

/**
 * @param {Float32Array} depth
 * @param {number} min
 * @param {number} max above `min`
 * @returns {Uint32Array} indices by falling depth, stable within a bucket
 */
function countingOrder(depth, min, max) {
  const scale = (BUCKETS - 1) / (max - min);
  const bucketOf = (/** @type {number} */ d) => BUCKETS - 1 - Math.floor((d - min) * scale);
  const starts = new Uint32Array(BUCKETS + 1);
  for (const d of depth) starts[bucketOf(d) + 1]++;
  for (let b = 0; b < BUCKETS; b++) starts[b + 1] += starts[b];
  const order = new Uint32Array(depth.length);
  for (let i = 0; i < depth.length; i++) order[starts[bucketOf(depth[i])]++] = i;
  return order;
}

/**
 * A larger copy of a typed array.
 * @template {Float32Array | Uint32Array | Int32Array | Int8Array | Int16Array | Uint8Array} T
 * @param {T} array
 * @param {number} length
 * @returns {T}
 */
export function grown(array, length) {
  const larger = new /** @type {any} */ (array.constructor)(length);
  larger.set(array);
  return larger;
}
