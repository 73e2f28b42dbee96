// What is highlighted: the selected objects, the one under the pointer, and guides to the floor.

import { Matrix4, Quaternion, Vector3 } from "three";
import { LineSet } from "./lines.js";
import { FIELD, STRIDE } from "./records.js";
import { NOWHERE } from "./store.js";

/** Guides are drawn for a selection up to this size; beyond it they would hide what they explain. */
const MAX_GUIDES = 16;
/** Objects that are outlined because others have selected them; more are not. */
const MAX_THEIRS = 512;

/** Pieces of objects that may hide what is outlined; with more, some hide nothing. */
const MAX_COVERS = 2000;

/** @typedef {{x: number, y: number, width: number, height: number, far: number}} Area CSS pixels from the lower left, not cut to the view; `far`: the depth of its last point */

/** The set of highlighted slots and what shows it. */
export class Selection {
  /**
   * @param {import("./store.js").Store} store
   * @param {import("./instances.js").Instances} instances
   * @param {import("./labels.js").LabelLayer} labels
   */
  constructor(store, instances, labels) {
    this.store = store;
    this.instances = instances;
    this.labels = labels;
    /** @type {Set<number>} */
    this.slots = new Set();
    /** @type {Map<number, number>} what others have selected, with the numbers of their colours */
    this.theirs = new Map();
    this.hovered = -1;
    this.dirty = true;
    /** Whether what stands before the highlight has to be found anew. */
    this.covering = true;
    /** Whether the highlight holds texts, which turn with the camera. */
    this.turns = false;
    this.guides = new LineSet(MAX_GUIDES * 3, 1.2);
    this.color = [1, 1, 1];
  }

  /** @param {Iterable<number>} slots */
  set(slots) {
    this.slots = new Set(slots);
    this.dirty = true;
  }

  /** @param {Map<number, number>} theirs what others have selected, with the numbers of their colours from 1 */
  setTheirs(theirs) {
    this.theirs = new Map([...theirs].slice(0, MAX_THEIRS));
    this.dirty = true;
  }

  /** @param {number} slot -1 = none */
  hover(slot) {
    this.hovered = slot;
    this.dirty = true;
  }

  /** @param {number} slot one that has changed */
  touch(slot) {
    if (slot === this.hovered || this.slots.has(slot) || this.theirs.has(slot)) this.dirty = true;
  }

  /** @param {number} slot one that has left */
  drop(slot) {
    // What others have selected is theirs to change: the slot may be another object's by the next frame.
    if (this.slots.delete(slot) || this.theirs.has(slot)) this.dirty = true;
    if (this.hovered === slot) this.hover(-1);
  }

  clear() {
    this.slots.clear();
    this.hover(-1);
  }

  /** @param {import("./theme.js").Theme} theme */
  setTheme(theme) {
    this.color = theme.accent;
    this.dirty = true;
  }

  /**
   * Before a frame.
   * @param {import("./outline.js").Outline} outline
   * @param {import("three").Camera} camera
   * @param {boolean} moved whether the camera has
   */
  sync(outline, camera, moved) {
    if (!this.dirty && !(this.turns && moved)) return;
    this.dirty = false;
    this.turns = false;
    this.covering = true;
    const pieces = [];
    for (const slot of this.#all()) pieces.push(...this.#pieces(slot, outline, camera));
    outline.set(pieces);
    this.guides.set(this.slots.size <= MAX_GUIDES ? [...this.slots].flatMap((slot) => this.#guide(slot)) : []);
  }

  /**
   * The part of the view that holds everything highlighted.
   * @param {import("three").PerspectiveCamera} camera
   * @param {number} width of the view in CSS pixels
   * @param {number} height
   * @returns {Area | null} null when it may be all of it
   */
  area(camera, width, height) {
    const [lo, hi] = [
      [Infinity, Infinity],
      [-Infinity, -Infinity],
    ];
    let far = 0;
    const circle = circles(this.store.spheres, camera, width, height);
    for (const slot of this.#all()) {
      if (!this.store.has(slot) || this.store.spheres[slot * 4 + 3] === 0) continue;
      const { x, y, reach, depth, radius } = circle(slot);
      if (reach === Infinity) return null;
      lo[0] = Math.min(lo[0], x - reach);
      lo[1] = Math.min(lo[1], y - reach);
      hi[0] = Math.max(hi[0], x + reach);
      hi[1] = Math.max(hi[1], y + reach);
      far = Math.max(far, depth + radius);
    }
    return lo[0] === Infinity ? null : { x: lo[0], y: lo[1], width: hi[0] - lo[0], height: hi[1] - lo[1], far };
  }

  /**
   * Tells the outline what may stand before what is highlighted.
   * @param {import("./outline.js").Outline} outline
   * @param {import("three").PerspectiveCamera} camera
   * @param {number} width of the view in CSS pixels
   * @param {number} height
   * @param {Area | null} area
   * @param {boolean} changed whether the camera or any object has
   */
  cover(outline, camera, width, height, area, changed) {
    if (outline.empty || !(changed || this.covering)) return;
    this.covering = false;
    const { store } = this;
    const all = this.#all();
    const circle = circles(store.spheres, camera, width, height);
    const rect = area ?? { x: 0, y: 0, width, height, far: Infinity };
    const covers = [];
    for (let slot = 0; slot < store.end && covers.length < MAX_COVERS; slot++) {
      if (store.spheres[slot * 4 + 3] === 0 || store.batch[slot] === NOWHERE || store.records[slot * STRIDE + FIELD.opacity] < 1) continue;
      const { x, y, reach, depth, radius } = circle(slot);
      if (depth + radius < camera.near || depth - radius > rect.far) continue;
      if (x + reach < rect.x || x - reach > rect.x + rect.width || y + reach < rect.y || y - reach > rect.y + rect.height) continue;
      if (all.has(slot)) continue;
      const found = this.instances.instance(slot);
      for (const { geometry } of found?.batch.meshes ?? []) covers.push({ geometry, matrix: /** @type {Matrix4} */ (found?.matrix) });
    }
    outline.setCovers(covers);
  }

  dispose() {
    this.guides.dispose();
  }

  /** Every slot that is highlighted in any way, once. */
  #all() {
    return new Set(this.hovered >= 0 ? [...this.slots, ...this.theirs.keys(), this.hovered] : [...this.slots, ...this.theirs.keys()]);
  }

  /**
   * @param {number} slot
   * @param {import("./outline.js").Outline} outline
   * @param {import("three").Camera} camera
   * @returns {import("./outline.js").Piece[]}
   */
  #pieces(slot, outline, camera) {
    if (!this.store.has(slot)) return [];
    const selected = this.slots.has(slot);
    const how = { selected, hovered: !selected && slot === this.hovered, theirs: selected ? 0 : (this.theirs.get(slot) ?? 0) };
    const found = this.instances.instance(slot);
    if (found) return found.batch.meshes.map(({ geometry }) => ({ geometry, matrix: found.matrix, ...how }));
    const extent = this.labels.extent(slot);
    if (!extent) return [];
    this.turns = true;
    const { label, width, height } = extent;
    const turn = new Quaternion().setFromAxisAngle(new Vector3(0, 0, 1), label.roll).premultiply(camera.quaternion);
    const matrix = new Matrix4().compose(new Vector3(label.x, label.y, label.z), turn, new Vector3(width, height, 1));
    return [{ geometry: outline.flat, matrix, ...how }];
  }

  /**
   * A plumb line to the floor and a small cross where it ends.
   * @param {number} slot
   * @returns {import("./lines.js").Line[]}
   */
  #guide(slot) {
    if (!this.store.has(slot) || !this.store.shown(slot)) return [];
    const [x, y, z] = this.store.records.subarray(slot * STRIDE + FIELD.x, slot * STRIDE + FIELD.z + 1);
    if (Math.abs(y) < 0.05) return [];
    const { color } = this;
    const arm = 0.25;
    return [
      { from: [x, y, z], to: [x, 0, z], color, alpha: 0.8, dash: 0.16 },
      { from: [x - arm, 0, z], to: [x + arm, 0, z], color, alpha: 0.8 },
      { from: [x, 0, z - arm], to: [x, 0, z + arm], color, alpha: 0.8 },
    ];
  }
}

/**
 * The circles that hold objects on screen, given CSS pixels from the lower left.
 * @param {Float32Array} spheres as a store has them
 * @param {import("three").PerspectiveCamera} camera
 * @param {number} width
 * @param {number} height
 */
function circles(spheres, camera, width, height) {
  const scale = height / 2 / Math.tan((camera.fov * Math.PI) / 360);
  const at = new Vector3();
  return (/** @type {number} */ slot) => {
    const radius = spheres[slot * 4 + 3];
    at.fromArray(spheres, slot * 4).applyMatrix4(camera.matrixWorldInverse);
    const depth = -at.z;
    // Distance to the sphere's nearest point bounds its size on screen from above.
    const near = depth - radius;
    const reach = near < camera.near ? Infinity : (radius * scale * (1 + Math.hypot(at.x, at.y) / depth)) / near;
    return { x: width / 2 + (at.x * scale) / depth, y: height / 2 + (at.y * scale) / depth, reach, depth, radius };
  };
}
