// Real light from the few light objects nearest to the camera, and a halo and a mark for more. Every light has its
// ball besides, drawn with the other instances.

import { Group, PointLight } from "three";
import { Glow, MAX_GLOWS } from "./glow.js";
import { FIELD, STRIDE, toLinear } from "./records.js";

/** Each light is paid for by every pixel, so that only this many shine. */
export const MAX_LAMPS = 4;
/** Candela at scale 1 and opacity 1; a lamp of four times the scale shines twice as bright. */
const POWER = 6;
/** Radius of a halo at scale 1, and the scales between which it grows. */
const HALO = 1.1;
const GROWS = Object.freeze([0.7, 1.5]);

/** A fixed pool of point lights; added to the scene when the first light object comes. */
export class Lamps {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    this.root = new Group();
    this.bulbs = new Group();
    this.glow = new Glow();
    this.root.add(this.bulbs, this.glow.mesh);
    /** @type {Set<number>} slots of kind light */
    this.slots = new Set();
    this.dirty = false;
  }

  /** @param {number} slot a light that has come or changed */
  put(slot) {
    this.slots.add(slot);
    this.dirty = true;
  }

  /** @param {number} slot that is no light any more */
  drop(slot) {
    if (this.slots.delete(slot)) this.dirty = true;
  }

  clear() {
    this.slots.clear();
    this.dirty = true;
  }

  /** @param {import("./theme.js").Theme} theme */
  setTheme(theme) {
    this.glow.setTheme(theme);
  }

  /** @param {number} height of the view in CSS pixels */
  resize(height) {
    this.glow.resize(height);
  }

  /** @param {boolean} shown whether lights have their marks */
  setMarked(shown) {
    this.glow.uniforms.marks.value = shown ? 1 : 0;
  }

  dispose() {
    this.glow.dispose();
  }

  /**
   * Gives the pool to the lights nearest to a point.
   * @param {import("three").Vector3} eye
   * @param {boolean} moved whether `eye` has moved
   */
  sync(eye, moved) {
    const mayReorder = moved && this.slots.size > MAX_LAMPS;
    if (!this.dirty && !mayReorder) return;
    this.dirty = false;
    if (this.slots.size > 0 && this.bulbs.children.length === 0) {
      for (let i = 0; i < MAX_LAMPS; i++) this.bulbs.add(new PointLight(0xffffff, 0, 0, 2));
    }
    const nearest = this.#nearest(eye);
    for (const [i, child] of this.bulbs.children.entries()) this.#assign(/** @type {PointLight} */ (child), nearest[i]);
    this.glow.set(nearest.map((slot) => this.#halo(slot)));
  }

  /** @param {import("three").Vector3} eye */
  #nearest(eye) {
    const { records } = this.store;
    const far = (/** @type {number} */ slot) => {
      const at = slot * STRIDE;
      return (records[at + 2] - eye.x) ** 2 + (records[at + 3] - eye.y) ** 2 + (records[at + 4] - eye.z) ** 2;
    };
    return [...this.slots]
      .filter((slot) => this.store.shown(slot))
      .map((slot) => ({ slot, d: far(slot) }))
      .sort((a, b) => a.d - b.d)
      .slice(0, MAX_GLOWS)
      .map(({ slot }) => slot);
  }

  /**
   * @param {PointLight} lamp
   * @param {number | undefined} slot
   */
  #assign(lamp, slot) {
    if (slot === undefined) lamp.intensity = 0;
    else {
      const at = slot * STRIDE;
      shine(lamp, this.store.records, at);
      lamp.position.fromArray(this.store.records, at + FIELD.x);
    }
  }

  /** @param {number} slot */
  #halo(slot) {
    const r = this.store.records;
    const at = slot * STRIDE;
    const [x, y, z] = r.subarray(at + FIELD.x, at + FIELD.z + 1);
    const color = [...r.subarray(at + FIELD.r, at + FIELD.b + 1)];
    return { x, y, z, radius: HALO * Math.min(GROWS[1], Math.max(GROWS[0], size(r, at))), color, strength: r[at + FIELD.opacity] };
  }
}

/**
 * Gives a lamp the colour and power of the light whose record is at `at`.
 * @param {PointLight} lamp
 * @param {Float32Array} r records
 * @param {number} at
 */
export function shine(lamp, r, at) {
  lamp.color.setRGB(toLinear(r[at + FIELD.r]), toLinear(r[at + FIELD.g]), toLinear(r[at + FIELD.b]));
  lamp.intensity = POWER * Math.sqrt(size(r, at)) * r[at + FIELD.opacity];
}

/**
 * One factor for the three of a scale.
 * @param {Float32Array} r records
 * @param {number} at
 */
function size(r, at) {
  return Math.cbrt(r[at + FIELD.scaleX] * r[at + FIELD.scaleY] * r[at + FIELD.scaleZ]);
}
